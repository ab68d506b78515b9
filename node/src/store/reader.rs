//! Reading segment files. What is read is checked against the hash that the index keeps of it, so that nothing damaged is
//! ever shown or served.
//!
//! Whoever reads one entry often reads the next, so the run that was unpacked last is kept: at most [`limits::SEGMENT_MAX`] bytes.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use nanduti_protocol::{entry::Entry, hash::Hash, key::PublicKey, kind::Kind, limits, run::split_item};

use super::{
    Block, Damage, StoreError,
    piece::{Front, HEAD, Head, Unpacker, front, unpack_unknown},
};
use crate::Home;

/// Reads the segment files of a home.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    home: Home,
    /// The run that was unpacked last, by the hash of its bytes on the disk.
    last: Arc<Mutex<Option<Unpacked>>>,
}

/// A run, and the hash of its bytes on the disk.
type Unpacked = (Hash, Arc<Vec<u8>>);

impl Reader {
    /// A reader of this home.
    pub(crate) fn new(home: Home) -> Self {
        Self { home, last: Arc::default() }
    }

    /// Reads the run of a block and checks that it is what was written.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged there.
    pub(crate) fn read_block(&self, log: &PublicKey, block: &Block) -> Result<Vec<u8>, StoreError> {
        let mut run = Vec::new();
        self.open(log, block.file())?.append_block(block, &mut run)?;
        Ok(run)
    }

    /// Reads one item of a block; `None` if the block does not hold that place.
    ///
    /// # Errors
    /// As [`Reader::read_block`].
    pub(crate) fn read_item(&self, log: &PublicKey, block: &Block, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((before, len)) = block.span(seq) else { return Ok(None) };
        let run = self.kept(log, block)?;
        Ok(run.get(before as usize..).and_then(|rest| rest.get(..len as usize)).map(<[u8]>::to_vec))
    }

    fn kept(&self, log: &PublicKey, block: &Block) -> Result<Arc<Vec<u8>>, StoreError> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, run)) = last().as_ref().filter(|(digest, _)| *digest == block.digest()) {
            return Ok(Arc::clone(run));
        }
        let run = Arc::new(self.read_block(log, block)?);
        *last() = Some((block.digest(), Arc::clone(&run)));
        Ok(run)
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

    /// Appends the run of a block, checked to be what was written.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged there; nothing is appended then.
    pub(crate) fn append_block(&self, block: &Block, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let stored = self.stored(block)?;
        let before = out.len();
        let unpacked = unpack(&stored, block.run_len(), out);
        // The hash was right, so that this is what was written: no such block is ever made.
        unpacked.ok_or_else(|| {
            out.truncate(before);
            self.damage(block.offset(), "what does not decompress").into()
        })
    }

    /// The frame of a block, if it is one piece; checked to be what was written.
    ///
    /// # Errors
    /// If the file cannot be read, or is damaged there.
    pub(crate) fn frame(&self, block: &Block) -> Result<Option<Vec<u8>>, StoreError> {
        let mut stored = self.stored(block)?;
        let is_one = Head::read(&stored).is_some_and(|head| head.whole() == stored.len());
        Ok(is_one.then(|| stored.split_off(HEAD)))
    }

    /// The bytes of a block as they are on the disk.
    fn stored(&self, block: &Block) -> Result<Vec<u8>, StoreError> {
        // The index is derived: what it says is not believed before the hash fits, so it cannot take more memory than the file has.
        let len = self.open.metadata().map_err(StoreError::io("look at", &self.path))?.len();
        let wanted = u64::from(block.stored_len());
        if block.offset().saturating_add(wanted) > len {
            return Err(self.damage(block.offset(), "the file is shorter than it was").into());
        }
        let mut stored = vec![0; wanted as usize];
        let read = self.open.read_exact_at(&mut stored, block.offset());
        read.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => self.damage(block.offset(), "the file is shorter than it was").into(),
            _ => StoreError::io("read", &self.path)(error),
        })?;
        if Hash::of(&stored) == block.digest() {
            return Ok(stored);
        }
        Err(self.damage(block.offset(), "the bytes are not those that were written").into())
    }

    fn damage(&self, offset: u64, what: &str) -> Damage {
        Damage { file: self.relative.clone(), offset, what: what.into() }
    }
}

/// Appends the runs in pieces that stand in a row, which are so long together.
fn unpack(mut pieces: &[u8], run_len: u64, out: &mut Vec<u8>) -> Option<()> {
    let before = out.len();
    let mut unpacker = Unpacker::new().ok()?;
    while let Some(head) = Head::read(pieces) {
        let (piece, rest) = pieces.split_at_checked(head.whole())?;
        unpacker.append(piece.get(HEAD..)?, head.content(), out).then_some(())?;
        pieces = rest;
    }
    (pieces.is_empty() && (out.len() - before) as u64 == run_len).then_some(())
}

/// The kind and the body of the first entry of a segment file, if there is one with a body. Nothing is checked but its form.
pub(crate) fn first_item(path: &Path) -> Result<Option<(Kind, Vec<u8>)>, StoreError> {
    let open = match File::open(path) {
        Ok(open) => open,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path)(error)),
    };
    let mut bytes = Vec::new();
    let most = 2 * limits::SEGMENT_MAX;
    open.take(most as u64).read_to_end(&mut bytes).map_err(StoreError::io("read", path))?;
    let Front::Whole(_, frame) = front(&bytes) else { return Ok(None) };
    let run = unpack_unknown(frame).unwrap_or_default();
    Ok(split_item(&run).and_then(|(entry, body, _)| Some((Entry::decode(entry).ok()?.statement.kind, body?.to_vec()))))
}
