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
//! A founder whose root key lies in the home signs the charter by `founding` at once: the same statements, made by the same function.

mod ballot;
mod begin;
mod check;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod journal;
mod keyring;
mod offer;
mod prepare;
mod request;
mod sign;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use ballot::{CheckedVote, VoteAct};
pub(crate) use check::{Checked, Says};
pub(crate) use keyring::{CheckedKeyring, KeyringAct};
pub(crate) use offer::Offer;
pub use prepare::{HandedIn, adoption, hand_in, prepare_admission, prepare_charter};
pub(crate) use request::Act;
pub use request::{Request, RequestError};
pub use sign::{KeyFile, SignedAt};
pub(crate) use words::{fingerprint, place, role, time_text, view};
