//! Members and ballots between the protocol and people: what a proposal says in words, how a request looks as a line of text, what
//! somebody wants changed as a proposal, and where a ballot stands.
//!
//! All of it is a function of the ledger. Signing needs the root key, which a running node never has: a statement is only drafted here,
//! and becomes a request to whoever holds the key.

mod apart;
mod draft;
mod text;
mod view;
mod wanted;
mod words;

pub(crate) use apart::keys_are_apart;
pub(crate) use draft::{Draft, Drafted, draft, find};
pub use text::{RequestText, RequestTextError};
pub(crate) use view::{Next, ballots, later_rules, members, next_of, obstacle};
pub(crate) use wanted::proposal;
pub use words::changes;
