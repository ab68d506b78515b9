//! Founding a network, and joining one: what happens once, mostly on paper and by mail, before any node runs.
//!
//! ```text
//! each founder   init   keys, and a card to send              PRY.card
//! one of them    draft  the charter, from all cards           draft.nanduti
//! each founder   show, sign   adopts these very bytes         PRY.signed
//! one of them    seal   all signatures together, the ticket   founding.nanduti
//! everyone       join   with the bundle, or with the ticket
//! ```
//!
//! Where a network cannot go on, its members found another one that carries its library over: `former`.
//!
//! Invariants: every file that comes from somebody else is bounded, has one form and is verified in full before anything is
//! done with it; nothing gets into the store but through [`crate::Core::admit`]; a home never signs two different entries
//! for one place, since what was signed is on its disk before anyone sees it.
//!
//! Absent: how these things look on a terminal, and how a roster changes later: that takes ballots ([`crate::governance`]).

mod card;
mod consent;
pub(crate) mod disk;
mod document;
mod draft;
pub(crate) mod failure;
mod former;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod identity;
mod init;
mod join;
mod opening;
mod request;
mod seal;
mod sealed;
mod show;
mod sign;
mod types;
mod verify;

pub use crate::keys::Passphrase;
pub use consent::{Consenting, consenting};
pub use draft::draft;
pub(crate) use former::former_views;
pub use former::{Claims, RefoundOptions, Refounding, claims_of, refound};
pub use identity::{NetworkInfo, author_of, network_of};
pub(crate) use identity::{charter_bytes_of, member_of, networks_of};
pub use init::init;
pub use join::join;
pub(crate) use opening::opening_run;
pub use request::request;
pub(crate) use request::{Asked, first_words};
pub use seal::seal;
pub use sealed::{SealedKey, make_sealed_key};
pub use show::show;
pub(crate) use sign::{RootLog, adopt, first_keyring, has_adopted, now_ms, read_draft, root_log};
pub use sign::{sign, sign_with};
pub use types::{
    CharterKind, CharterView, DraftOptions, DraftReply, FounderView, InitOptions, InitReply, JoinReply, RequestOptions,
    RequestReply, SealReply, SealedKeyReply, SignReply,
};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
