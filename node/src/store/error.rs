//! What can go wrong with the disk.

use std::{io, path::PathBuf};

/// A place in a segment file that does not hold what it held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is damaged at byte {offset}: {what}", file.display())]
pub struct Damage {
    /// The file, relative to the home.
    pub file: PathBuf,
    /// The first byte that is wrong, as far as can be told.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}

/// The disk failed, is full, or is damaged.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No room left, or less than the configured reserve.
    #[error("the disk is full")]
    Full,
    /// A file could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The index failed.
    #[error(
        "the index failed: nothing acknowledged is lost; the node has to be started again once the disk works and has room"
    )]
    Index(#[from] sled::Error),
    /// The index holds something that is not ours.
    #[error("the index holds something that this version cannot read: {0}")]
    IndexContent(&'static str),
    /// A segment file of an earlier version, from before the formats were final.
    #[error("{} was written by an earlier version, whose files this one cannot read", .0.display())]
    EarlierForm(PathBuf),
    /// A segment file is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
}

impl StoreError {
    /// Makes an error of an I/O error: a disk without room has its own.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io { action, path, source },
        }
    }
}
