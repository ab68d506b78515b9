//! Every bound of the public pages, with what happens at it.

use std::time::Duration;

/// Connections at a time; further ones wait in the system's queue.
pub(crate) const CONNECTIONS_MAX: usize = 256;

/// Connections at a time from one address (one /64 of IPv6); further ones are closed. Loopback is exempt, since a proxy
/// before the node brings everybody from there.
pub(crate) const CONNECTIONS_PER_ADDRESS_MAX: usize = 48;

/// How long a connection may take to send the head of a request, and how long it may idle between two requests.
pub(crate) const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a connection lives. Afterwards it is closed once its answer is out, so that a reader who takes bytes one by
/// one cannot stay.
pub(crate) const CONNECTION_LIFETIME: Duration = Duration::from_secs(120);

/// How long a connection at the end of its life may go on with its last answer before it is cut.
pub(crate) const CONNECTION_GRACE: Duration = Duration::from_secs(10);

/// The same when the node shuts down.
pub(crate) const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Bytes of the head of a request; beyond it the answer is 431.
pub(crate) const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Header lines of a request; beyond it the answer is 431.
pub(crate) const HEADER_LINES_MAX: usize = 64;

/// Requests being answered at a time; beyond it the answer is 503 with `Retry-After`.
pub(crate) const REQUESTS_MAX: usize = 64;

/// Seconds after which a turned-away reader is asked to come again.
pub(crate) const RETRY_AFTER_S: u64 = 5;

/// How long one request may take; beyond it the answer is 503 with `Retry-After`.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of the path of an address; beyond it the answer is 414.
pub(crate) const PATH_BYTES_MAX: usize = 512;

/// Bytes of the query of an address; beyond it the answer is 414.
pub(crate) const QUERY_BYTES_MAX: usize = 2048;

/// Bytes of one value in a query; beyond it the answer is 400.
pub(crate) const QUERY_VALUE_BYTES_MAX: usize = 100;

/// Bytes of an id in an address; beyond it the answer is 404.
pub(crate) const ID_BYTES_MAX: usize = 100;

/// Rows on one page of the library, unless asked otherwise.
pub(crate) const ROWS_DEFAULT: u64 = 50;

/// Rows on one page of the library at most; beyond it the answer is 400.
pub(crate) const ROWS_MAX: u64 = 200;

/// Rows to pass over at most; beyond it the answer is 400.
pub(crate) const OFFSET_MAX: u64 = 10_000_000;

/// Bytes of Markdown that are rendered; a longer text is shown as it is written.
pub(crate) const MARKDOWN_BYTES_MAX: usize = 64 * 1024;

/// How deep the blocks of a Markdown text may nest; a deeper text is shown as it is written.
pub(crate) const MARKDOWN_DEPTH_MAX: usize = 24;
