//! Reading segment files. What is read is checked against the hash that the index keeps of it, so that nothing damaged is
//! ever shown or served.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    os::unix::fs::FileExt,
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
        let mut bytes = Vec::new();
        self.open(log, block.file())?.append_block(block, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads some bytes of a segment file.
    ///
    /// # Errors
    /// If the file is gone or too short, which is damage, or cannot be read.
    pub(crate) fn read_span(&self, log: &PublicKey, file: u64, offset: u64, len: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.open(log, file)?.append(offset, len, &mut bytes)?;
        Ok(bytes)
    }

    /// Opens a segment file, to read several blocks of it.
    ///
    /// # Errors
    /// If the file is gone, which is damage, or cannot be opened.
    pub(crate) fn open(&self, log: &PublicKey, file: u64) -> Result<OpenSegment, StoreError> {
        let path = self.home.segment_file(log.as_bytes(), file);
        let relative = self.relative(log, file);
        match File::open(&path) {
            Ok(open) => Ok(OpenSegment { open, path, relative, file }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Damage { file: relative, offset: 0, what: "the file is gone".into() }.into())
            }
            Err(error) => Err(StoreError::io("open", &path)(error)),
        }
    }

    /// The path of a segment file, relative to the home.
    pub(crate) fn relative(&self, log: &PublicKey, file: u64) -> PathBuf {
        let path = self.home.segment_file(log.as_bytes(), file);
        path.strip_prefix(self.home.path()).map(PathBuf::from).unwrap_or(path)
    }
}

/// A segment file that is being read.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    open: File,
    path: PathBuf,
    relative: PathBuf,
    file: u64,
}

impl OpenSegment {
    /// First place of the file.
    pub(crate) fn file(&self) -> u64 {
        self.file
    }

    /// Appends the bytes of a block, checked to be what was written.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged there; nothing is appended then.
    pub(crate) fn append_block(&self, block: &Block, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let before = out.len();
        self.append(block.offset(), block.len(), out)?;
        if Hash::of(out.get(before..).unwrap_or_default()) == block.digest() {
            return Ok(());
        }
        out.truncate(before);
        Err(self.damage(block.offset(), "the bytes are not those that were written").into())
    }

    fn append(&self, offset: u64, len: u64, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let before = out.len();
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(limits::SEGMENT_MAX);
        out.resize(before + len, 0);
        let read = self.open.read_exact_at(out.get_mut(before..).unwrap_or_default(), offset);
        read.map_err(|error| {
            out.truncate(before);
            match error.kind() {
                ErrorKind::UnexpectedEof => self.damage(offset, "the file is shorter than it was").into(),
                _ => StoreError::io("read", &self.path)(error),
            }
        })
    }

    fn damage(&self, offset: u64, what: &str) -> Damage {
        Damage { file: self.relative.clone(), offset, what: what.into() }
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
