//! What is wrong with a backup, and whose fault that is.

use std::{io, path::PathBuf};

use crate::api::{ApiError, ErrorKind};

/// What is wrong with the file of a backup.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormError {
    /// The file cannot be read.
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    /// Something else.
    #[error("it is no backup of this program")]
    Foreign,
    /// It ends too early, or something in it is not as it was written.
    #[error("it is damaged, or its end is missing: the seal at its end is not that of what stands before it")]
    Seal,
    /// What is compressed cannot be had back.
    #[error("what is compressed in it cannot be unpacked")]
    Compression,
    /// A header, or the space behind a file, has another form.
    #[error("{0} is not as this program writes it")]
    Shape(&'static str),
    /// A path that no home has.
    #[error("it holds `{0}`, which is no file of a home")]
    Path(String),
    /// Two files of one name.
    #[error("it holds {0} twice")]
    Twice(String),
    /// More than any backup holds.
    #[error("it holds more than {0}")]
    Large(&'static str),
    /// Made by another version.
    #[error("it was made by another version of this program, in form {0}")]
    OtherForm(u32),
    /// The manifest says something else than what is there.
    #[error("{0}")]
    Manifest(String),
    /// Something is wrong with a part of `local/`.
    #[error("{0} does not hold what this node alone knows")]
    Local(String),
}

/// Why a backup was not restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// Something is wrong with the file.
    #[error("{} is not a backup that can be restored", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What.
        source: FormError,
    },
    /// There is no such file.
    #[error("there is no file {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The home holds something already.
    #[error("{} holds something already", home.display())]
    Occupied {
        /// The home.
        home: PathBuf,
    },
    /// The disk has no room.
    #[error("there is no room for {needed} bytes in {}", folder.display())]
    Room {
        /// Where.
        folder: PathBuf,
        /// How much is needed.
        needed: u64,
    },
    /// The machine failed.
    #[error("{what} {}", path.display())]
    Disk {
        /// What could not be done.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What the backup holds is whole, and does not hold together.
    #[error("what {} holds does not hold together", path.display())]
    Content {
        /// The backup.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl RestoreError {
    /// Something could not be done with a file or a folder.
    pub(super) fn disk(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { what, path, source }
    }
}

impl From<RestoreError> for ApiError {
    fn from(error: RestoreError) -> Self {
        let kind = match &error {
            RestoreError::Form { source: FormError::Foreign, .. } | RestoreError::Occupied { .. } => ErrorKind::Usage,
            RestoreError::Missing { .. } => ErrorKind::NotFound,
            RestoreError::Form { source: FormError::Io(_), .. }
            | RestoreError::Room { .. }
            | RestoreError::Disk { .. } => ErrorKind::Failed,
            RestoreError::Form { .. } | RestoreError::Content { .. } => ErrorKind::Store,
        };
        let hint = match &error {
            RestoreError::Form { source: FormError::Foreign, .. } => {
                "`nanduti backup FILE` writes one; a bundle is for `nanduti bundle import`, a founding file for `nanduti join`"
            }
            RestoreError::Form { source: FormError::OtherForm(_), .. } => "restore it with that version",
            RestoreError::Form { source: FormError::Io(_), .. } => "nothing was written",
            RestoreError::Form { .. } | RestoreError::Content { .. } => {
                "nothing was written. Fetch the file again from where it is kept, or take an older backup"
            }
            RestoreError::Missing { .. } => "nothing was written",
            RestoreError::Occupied { .. } => {
                "a backup is restored into a folder that is empty or not there: name one with --home, or move that one away"
            }
            RestoreError::Room { .. } => "make room, or name a home on another disk with --home",
            RestoreError::Disk { .. } => "nothing was left behind; try again once the disk works",
        };
        let told = Self::new(kind, error.to_string()).hint(hint);
        match &error {
            RestoreError::Content { why, .. } => Self { causes: vec![why.clone()], ..told },
            error => match std::error::Error::source(error) {
                Some(source) => told.because(source),
                None => told,
            },
        }
    }
}
