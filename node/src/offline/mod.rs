//! What a root key is asked to sign, as a file that can be carried to a machine without a network and back.
//!
//! ```text
//! node             prepare   a request: the very bytes to be signed, and what is needed to explain them    Request
//! any machine      sign      explains it in plain words, asks, signs                                       Request with a signature
//! node             submit    checks it against what is held, takes it in
//! ```
//!
//! A root key signs in no other way, also where it lies beside the node: so there is one path, and the key and its passphrase
//! never pass through the node's API.
//!
//! Invariants: what is shown is computed from the bytes that would be signed, never from words in the file; what cannot be known
//! without the network is said to be so; one root key does not sign two statements for one place, as far as the machine that has it can
//! remember.
//!
//! Absent: the charter, which founders sign in a flow of its own (`founding`).

mod check;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod journal;
mod offer;
mod opening;
mod request;
mod sign;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use check::Checked;
pub(crate) use offer::Offer;
pub(crate) use opening::opening_run;
pub(crate) use request::{Act, KeyringAct};
pub use request::{Request, RequestError};
pub use sign::{SignedAt, SigningRoot};
pub(crate) use words::{fingerprint, place, role, time_text, view};
