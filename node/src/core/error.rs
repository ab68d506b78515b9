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
    CannotSign(&'static str),
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
