//! The operator's door: the calls of the API over a Unix socket that only the owner of the home can open.
//!
//! `POST /v1/<call>` with the call as JSON; the reply as JSON, or an error with the status of its kind. There is no token: who
//! can open the socket can read the keys as well.

mod client;
mod server;

pub(crate) use client::call_over_socket;
pub(crate) use server::serve;
