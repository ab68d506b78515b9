//! The container: a tar in which each file has one possible form.
//!
//! A header is read by making the header that this program would write for that name and length, and comparing all of it. So no
//! field has to be judged: links, devices, extensions, owners and other spellings of a number are all just another header.

use std::io::{self, Read, Write};

use pkcs8::der::zeroize::Zeroizing;

use super::{
    FILE_MAX, FILES_MAX, MANIFEST_MAX, TOTAL_MAX,
    error::FormError,
    place::{FORMAT, MANIFEST, PATH_MAX},
};

/// A tar is made of blocks.
const BLOCK: usize = 512;
/// How far back the compression may refer: bounds what unpacking takes in memory.
const WINDOW_LOG_MAX: u32 = 23;
/// What the first file says.
const FORMAT_TEXT: &str = "nanduti backup 2\n";
/// How it begins whatever the form.
const FORMAT_START: &str = "nanduti backup ";

/// A file in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Its path.
    pub(super) path: String,
    /// Its content, which may be a key.
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// Writes a container.
pub(super) struct FormWriter<W> {
    inner: W,
}

impl<W: Write> FormWriter<W> {
    /// Begins a container.
    pub(super) fn new(inner: W) -> io::Result<Self> {
        let mut writer = Self { inner };
        writer.add(FORMAT, FORMAT_TEXT.as_bytes())?;
        Ok(writer)
    }

    /// Adds a file. The caller keeps to the paths and the bounds.
    pub(super) fn add(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "the path is too long for a backup");
        let header = header(path, bytes.len() as u64).ok_or_else(too_long)?;
        self.inner.write_all(&header)?;
        self.inner.write_all(bytes)?;
        self.inner.write_all(&[0; BLOCK][..padding(bytes.len())])
    }

    /// Ends the container.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.inner.write_all(&[0; 2 * BLOCK])?;
        Ok(self.inner)
    }
}

/// Reads a container, a file at a time.
pub(super) struct FormReader<R> {
    inner: R,
    files: usize,
    total: u64,
    ended: bool,
}

impl<R: Read> FormReader<R> {
    /// Begins to read.
    pub(super) fn new(inner: R) -> Result<Self, FormError> {
        let mut reader = Self { inner, files: 0, total: 0, ended: false };
        let first = reader.next()?.filter(|item| item.path == FORMAT).ok_or(FormError::Foreign)?;
        let said = std::str::from_utf8(&first.bytes).map_err(|_| FormError::Foreign)?;
        if said == FORMAT_TEXT {
            return Ok(reader);
        }
        let later = said.strip_prefix(FORMAT_START).and_then(|form| form.trim_end().parse().ok());
        Err(later.map_or(FormError::Foreign, FormError::OtherForm))
    }

    /// The next file; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Item>, FormError> {
        if self.ended {
            return Ok(None);
        }
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        if block == [0; BLOCK] {
            return self.end();
        }
        let (path, len) = read_header(&block)?;
        let max = if path == MANIFEST { MANIFEST_MAX } else { FILE_MAX };
        let len = usize::try_from(len).ok().filter(|len| *len <= max).ok_or(FormError::Large("a file may have"))?;
        self.files += 1;
        self.total += len as u64;
        // The form and the manifest are files of the backup and not of the home.
        if self.files > FILES_MAX + 2 || self.total > TOTAL_MAX + MANIFEST_MAX as u64 {
            return Err(FormError::Large("a backup may have"));
        }
        let mut bytes = Zeroizing::new(Vec::new());
        bytes.try_reserve_exact(len).map_err(|_| FormError::Large("this machine has memory for"))?;
        bytes.resize(len, 0);
        self.fill(&mut bytes)?;
        let mut rest = [0; BLOCK];
        let rest = rest.get_mut(..padding(len)).unwrap_or_default();
        self.fill(rest)?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(FormError::Shape("the space behind a file"));
        }
        Ok(Some(Item { path, bytes }))
    }

    fn end(&mut self) -> Result<Option<Item>, FormError> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        let mut more = [0; 1];
        if block != [0; BLOCK] || self.inner.read(&mut more).map_err(|_| FormError::Compression)? != 0 {
            return Err(FormError::Shape("its end"));
        }
        self.ended = true;
        Ok(None)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), FormError> {
        self.inner.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => FormError::Shape("its end"),
            _ => FormError::Compression,
        })
    }
}

/// Unpacks what is sealed.
pub(super) fn unpacked<'a, R: Read + 'a>(sealed: R) -> Result<impl Read + 'a, FormError> {
    let mut decoder = zstd::stream::read::Decoder::new(sealed)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    Ok(decoder)
}

fn padding(len: usize) -> usize {
    len.next_multiple_of(BLOCK) - len
}

/// The name and the length of a file, from a header that is exactly the one that they have.
fn read_header(block: &[u8; BLOCK]) -> Result<(String, u64), FormError> {
    let shape = || FormError::Shape("the header of a file");
    let name = block.get(..PATH_MAX).unwrap_or_default();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let path = std::str::from_utf8(name).map_err(|_| shape())?;
    let size = block.get(124..135).and_then(|size| std::str::from_utf8(size).ok()).ok_or_else(shape)?;
    let len = u64::from_str_radix(size, 8).map_err(|_| shape())?;
    if header(path, len).as_ref() == Some(block) { Ok((path.to_owned(), len)) } else { Err(shape()) }
}

/// The one header of a file.
fn header(path: &str, len: u64) -> Option<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    if path.is_empty() || path.len() > PATH_MAX || len >= 1 << 33 {
        return None;
    }
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(field) = block.get_mut(at..at + bytes.len()) {
            field.copy_from_slice(bytes);
        }
    };
    put(0, path.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{len:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    // The sum is taken with spaces in its own place.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    if let Some(field) = block.get_mut(148..156) {
        field.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    Some(block)
}
