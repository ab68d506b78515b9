//! The seal at the end of a backup: BLAKE3 of everything before it, in a frame that zstd passes over.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::error::FormError;

/// One of the sixteen beginnings that mark a frame to be passed over (RFC 8878, 3.1.2), and the length of what follows.
const HEAD: [u8; 8] = [0x5b, 0x2a, 0x4d, 0x18, 32, 0, 0, 0];
/// Length of the seal.
pub(super) const SEAL_LEN: u64 = 40;
/// What every zstd frame begins with.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Passes bytes on and hashes them.
pub(super) struct Sealing<W> {
    inner: W,
    hasher: blake3::Hasher,
    len: u64,
}

impl<W: Write> Sealing<W> {
    /// In front of this.
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hasher: blake3::Hasher::new(), len: 0 }
    }

    /// Writes the seal; returns what lies behind, and how long all of it is.
    pub(super) fn seal(mut self) -> io::Result<(W, u64)> {
        let hash = self.hasher.finalize();
        self.inner.write_all(&HEAD)?;
        self.inner.write_all(hash.as_bytes())?;
        Ok((self.inner, self.len + SEAL_LEN))
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Checks the seal of a whole backup, and goes back to its beginning; returns the length of what is sealed.
pub(super) fn check_seal<R: Read + Seek>(file: &mut R, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, FormError> {
    let len = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let sealed = len.checked_sub(SEAL_LEN).ok_or(FormError::Foreign)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 128 * 1024];
    let mut done = 0;
    while done < sealed {
        let most = usize::try_from(sealed - done).unwrap_or(usize::MAX).min(buffer.len());
        let part = buffer.get_mut(..most).unwrap_or_default();
        let read = file.read(part)?;
        let part = part.get(..read).filter(|part| !part.is_empty()).ok_or(FormError::Seal)?;
        if done == 0 && !part.starts_with(&ZSTD) {
            return Err(FormError::Foreign);
        }
        hasher.update(part);
        done += read as u64;
        progress(done, sealed);
    }
    let mut seal = [0; SEAL_LEN as usize];
    file.read_exact(&mut seal)?;
    let holds = seal.starts_with(&HEAD) && seal.get(HEAD.len()..) == Some(hasher.finalize().as_bytes());
    file.seek(SeekFrom::Start(0))?;
    if holds { Ok(sealed) } else { Err(FormError::Seal) }
}
