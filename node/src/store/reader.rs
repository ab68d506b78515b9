//! Reading segment files. What is read is checked against the hash that the index keeps of it, so that nothing damaged is
//! ever shown or served.

use std::{
    fs::File,
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use nanduti_protocol::{entry::Entry, hash::Hash, key::PublicKey, kind::Kind, limits, run::split_item};

use super::{Block, Damage, StoreError};
use crate::Home;

/// Reads the segment files of a home.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    home: Home,
}

impl Reader {
    /// A reader of this home.
    pub(crate) fn new(home: Home) -> Self {
        Self { home }
    }

    /// Reads the bytes of a block and checks that they are what was written.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged there.
    pub(crate) fn read_block(&self, log: &PublicKey, block: &Block) -> Result<Vec<u8>, StoreError> {
        let bytes = self.read_span(log, block.file(), block.offset(), block.len())?;
        if Hash::of(&bytes) == block.digest() {
            return Ok(bytes);
        }
        let what = "the bytes are not those that were written".into();
        Err(Damage { file: self.relative(log, block.file()), offset: block.offset(), what }.into())
    }

    /// Reads some bytes of a segment file.
    ///
    /// # Errors
    /// If the file is gone or too short, which is damage, or cannot be read.
    pub(crate) fn read_span(&self, log: &PublicKey, file: u64, offset: u64, len: u64) -> Result<Vec<u8>, StoreError> {
        let path = self.home.segment_file(log.as_bytes(), file);
        let damaged = |what: &str| Damage { file: self.relative(log, file), offset, what: what.into() };
        let mut open = match File::open(&path) {
            Ok(open) => open,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(damaged("the file is gone").into()),
            Err(error) => return Err(StoreError::io("open", &path)(error)),
        };
        open.seek(SeekFrom::Start(offset)).map_err(StoreError::io("read", &path))?;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX).min(limits::SEGMENT_MAX)];
        match open.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(damaged("the file is shorter than it was").into())
            }
            Err(error) => Err(StoreError::io("read", &path)(error)),
        }
    }

    /// The path of a segment file, relative to the home.
    pub(crate) fn relative(&self, log: &PublicKey, file: u64) -> PathBuf {
        let path = self.home.segment_file(log.as_bytes(), file);
        path.strip_prefix(self.home.path()).map(PathBuf::from).unwrap_or(path)
    }
}

/// The kind and the body of the first entry of a segment file, if there is one with a body. Nothing is checked but its form.
pub(crate) fn first_item(path: &Path) -> Result<Option<(Kind, Vec<u8>)>, StoreError> {
    let open = match File::open(path) {
        Ok(open) => open,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path)(error)),
    };
    let mut bytes = Vec::new();
    let most = limits::ENTRY_MAX + limits::BODY_MAX + 64;
    open.take(most as u64).read_to_end(&mut bytes).map_err(StoreError::io("read", path))?;
    Ok(split_item(&bytes)
        .and_then(|(entry, body, _)| Some((Entry::decode(entry).ok()?.statement.kind, body?.to_vec()))))
}
