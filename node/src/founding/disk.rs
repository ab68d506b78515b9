//! Reading files that strangers may have sent, and writing files that others will be sent.
//!
//! Invariants: what is read is a file and bounded; what is written is whole, and never replaces something else.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::durable::create_file_durably;

/// The mode of what is meant to be sent to others.
pub(crate) const PUBLIC_FILE: u32 = 0o644;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiskError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// Longer than anything of its kind.
    #[error("{} is longer than {max} bytes, so it is not what was expected", path.display())]
    Long { path: PathBuf, max: u64 },
    /// A folder, a pipe or the like.
    #[error("{} is not a file", path.display())]
    NoFile { path: PathBuf },
    /// It cannot be written.
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// Something else has that name.
    #[error("{} exists and holds something else", path.display())]
    Exists { path: PathBuf },
}

impl DiskError {
    /// Is there simply no such file?
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// The content of a file of at most `max` bytes.
pub(crate) fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>, DiskError> {
    let failed = |source| DiskError::Read { path: path.to_path_buf(), source };
    // Opened without waiting: a pipe with that name would otherwise hold us up for ever.
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let file = OpenOptions::new().read(true).custom_flags(flags as i32).open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(DiskError::NoFile { path: path.to_path_buf() });
    }
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > max { Err(DiskError::Long { path: path.to_path_buf(), max }) } else { Ok(bytes) }
}

/// The same; `None` if there is no such file.
pub(crate) fn read_if_there(path: &Path, max: u64) -> Result<Option<Vec<u8>>, DiskError> {
    match read_bounded(path, max) {
        Err(error) if error.is_missing() => Ok(None),
        read => read.map(Some),
    }
}

/// Writes a file under a name that is free, or that holds these bytes already.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    match create_file_durably(path, bytes, mode) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let same = read_bounded(path, bytes.len() as u64).is_ok_and(|there| there == bytes);
            if same { Ok(()) } else { Err(DiskError::Exists { path: path.to_path_buf() }) }
        }
        Err(source) => Err(DiskError::Write { path: path.to_path_buf(), source }),
    }
}
