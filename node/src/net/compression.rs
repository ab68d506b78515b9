//! Decompressing what a peer sent.

use std::io;

use zstd::bulk::Decompressor;

/// Why nothing was decompressed.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    /// It is not compressed, or of another length than announced: the peer could have checked.
    #[error("what was sent does not decompress to its length")]
    Content,
    /// This machine has no memory for it.
    #[error("nothing can be decompressed: {0}")]
    Memory(io::Error),
}

/// Decompresses. What it needs for that is made when it is needed first: most sessions never do.
#[derive(Default)]
pub(super) struct Unpacker(Option<Decompressor<'static>>);

impl Unpacker {
    /// Decompresses a run to exactly the length that it announces.
    ///
    /// # Errors
    /// If that cannot be done, see [`UnpackError`].
    pub(super) fn unpack(&mut self, compressed: &[u8], len: usize) -> Result<Vec<u8>, UnpackError> {
        let decompressor = self.0.take().map_or_else(Decompressor::new, Ok).map_err(UnpackError::Memory)?;
        let run = self.0.insert(decompressor).decompress(compressed, len).map_err(|_| UnpackError::Content)?;
        if run.len() == len { Ok(run) } else { Err(UnpackError::Content) }
    }
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unpacker")
    }
}
