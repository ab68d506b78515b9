//! Why the core did not do what it was asked.

use nanduti_protocol::{ballot::PapersError, ledger::Refusal};

use crate::{restored::Hindrance, store::StoreError};

/// Why the core did not do what it was asked. Cloneable, since one failure answers a whole batch.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CoreError {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The papers of a ballot are not right.
    #[error(transparent)]
    Papers(#[from] PapersError),
    /// No room on the disk.
    #[error("the disk is full: nothing was written and nothing is lost")]
    Full,
    /// The disk failed or is damaged.
    #[error(transparent)]
    Store(std::sync::Arc<StoreError>),
    /// This node has no key that may sign.
    #[error("this node does not sign: {0}")]
    CannotSign(Unable),
    /// This node was restored from a backup, and does not know yet where its log stands.
    #[error("this node does not sign: {0}")]
    Restored(Box<Hindrance>),
    /// This node's own log is forked.
    #[error("this node does not sign: its own log is forked")]
    Forked,
    /// The node is stopping.
    #[error("the node is stopping")]
    Closed,
}

/// Why a node may not sign on behalf of its member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unable {
    /// It is an observer's.
    #[error("it has no member's key")]
    NoKey,
    /// Nothing can be judged.
    #[error("the charter has not arrived yet")]
    NoCharter,
    /// The roster does not name its member.
    #[error("its member is not on the roster")]
    NoMember,
    /// A key has one use.
    #[error("its publishing key is on the list of members as a root key, which publishes nothing")]
    IsRoot,
    /// No member's keyring lists the key.
    #[error("no keyring lists its publishing key")]
    NotListed,
    /// The first entry of its log is not here.
    #[error("its own log has not arrived yet")]
    NotArrived,
    /// It would sign below what it signed before.
    #[error("a part of its own log was damaged and has not come back from peers yet")]
    Damaged,
    /// A ballot silenced its member.
    #[error("its member is suspended")]
    Suspended,
    /// A keyring, or a ballot, ended the key.
    #[error("its publishing key has ended")]
    Ended,
    /// The role of its member has no right to records of that kind.
    #[error("its member's role may not write records of this kind")]
    Role,
    /// What it signs now contradicts what is held.
    #[error("its own log contradicts itself")]
    Contradicts,
    /// What it was to sign is larger than an entry may be.
    #[error("the entry would be out of bounds")]
    OutOfBounds,
}

impl From<StoreError> for CoreError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            error => Self::Store(std::sync::Arc::new(error)),
        }
    }
}

impl From<sled::Error> for CoreError {
    fn from(error: sled::Error) -> Self {
        StoreError::Index(error).into()
    }
}
