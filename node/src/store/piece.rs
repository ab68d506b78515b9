//! A piece: what was appended to a segment file at once, compressed.
//!
//! ```text
//! file   piece*                            zstd -d makes the segment of it: a CBOR Sequence of [entry, body | null]
//! piece  head, frame                       head: a skippable frame (RFC 8878, section 3.1.2), which zstd passes over
//! head   50 2A 4D 18, 24 00 00 00,         frame: one zstd frame of a run that ends at an anchor
//!        first u64, count u32, content u32, frame u32, digest 8 bytes, check 8 bytes       integers big-endian
//! ```
//!
//! The head tells an unfinished write from damage: what it says of the frame's length is believed only if its check fits, so
//! that a flipped bit cannot make what was acknowledged look as if it had never been finished. The digest is the beginning of
//! the BLAKE3 hash of the frame, the check that of the head before it.
//!
//! A frame comes from the wire as it is, if a peer made it well ([`Piece::of_frame`]), and goes to the wire as it is: what is
//! compressed once is stored and served by everybody without compressing it again. Made well is what every decoder reads, however it
//! goes about it: one that unpacks a run at once does not look at the window that a frame names, and one that reads it part by part refuses
//! a window that is too large, and references beyond one that is too small. So the window holds the whole run, and not much more.

use std::io;

use nanduti_protocol::{hash::Hash, limits, run::VerifiedRun};
use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe::{self, CParameter},
};

/// Bytes of a head.
pub(crate) const HEAD: usize = 44;
/// How each head begins.
pub(super) const HEAD_START: [u8; 8] = [0x50, 0x2A, 0x4D, 0x18, 0x24, 0, 0, 0];
/// How each zstd frame begins.
pub(super) const FRAME_START: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// zstd's level: the fastest of the ordinary ones. It is paid once, by whoever publishes.
const LEVEL: i32 = 1;
/// No frame is longer: a run that cannot be compressed grows by three bytes in 128 KiB and a head.
const FRAME_MAX: usize = limits::SEGMENT_MAX + limits::SEGMENT_MAX / 256 + 64;

/// The window that any run has room in, as a power of two.
const WINDOW_LOG: u32 = limits::SEGMENT_MAX.ilog2();
/// The largest window that a frame may name: what every decoder should have room for (RFC 8878, section 3.1.1.1.2).
const WINDOW_MAX: u64 = 8 * 1024 * 1024;

/// What makes frames that others keep as they are.
///
/// # Errors
/// If there is no memory for it.
pub(crate) fn compressor() -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
    Ok(compressor)
}

/// What a head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Place of the first entry.
    pub(super) first: u64,
    /// How many entries there are.
    pub(super) count: u32,
    /// Bytes of the run.
    content: u32,
    /// Bytes of the frame.
    frame: u32,
    digest: [u8; 8],
}

/// A run in the form in which it is appended.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    first: u64,
    count: usize,
    content: usize,
    bytes: Vec<u8>,
}

/// What stands at the front of some bytes of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Front<'a> {
    /// A whole piece, its frame as it was written.
    Whole(Head, &'a [u8]),
    /// The beginning of a piece that reaches past the end of the bytes.
    Unfinished,
    /// Something else.
    Damaged,
}

/// Makes pieces of runs.
pub(crate) struct Packer(Compressor<'static>);

impl Packer {
    /// A packer.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(compressor()?))
    }

    /// The piece of a run.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub(crate) fn pack(&mut self, run: &VerifiedRun) -> io::Result<Piece> {
        Piece::new(run.first_seq(), run.items().len(), run.bytes().len(), &self.0.compress(run.bytes())?)
            .ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Packer")
    }
}

impl Piece {
    /// The piece of a run that came in this frame. `None` if the frame is not to be kept: if it saves nothing, or is not one frame,
    /// since a peer can make frames that hold little and are long; or if its window is not one in which every decoder reads it.
    pub(crate) fn of_frame(run: &VerifiedRun, frame: &[u8]) -> Option<Self> {
        let is_one = frame.starts_with(&FRAME_START)
            && zstd_safe::find_frame_compressed_size(frame).is_ok_and(|len| len == frame.len());
        let is_shorter = frame.len() < run.bytes().len();
        let piece = || Self::new(run.first_seq(), run.items().len(), run.bytes().len(), frame);
        let is_wide = (run.bytes().len() as u64..=WINDOW_MAX).contains(&window(frame)?);
        (is_one && is_shorter && is_wide).then(piece)?
    }

    fn new(first: u64, count: usize, content: usize, frame: &[u8]) -> Option<Self> {
        let head = Head {
            first,
            count: u32::try_from(count).ok()?,
            content: u32::try_from(content).ok()?,
            frame: u32::try_from(frame.len()).ok()?,
            digest: start_of_hash(frame),
        };
        let bytes = [&head.encode(), frame].concat();
        Some(Self { first, count, content, bytes })
    }

    /// A piece of anything, as nothing but a test makes it.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn of_anything(first: u64, count: usize, content: &[u8]) -> Self {
        let frame = zstd::bulk::compress(content, LEVEL).expect("memory is there");
        Self::new(first, count, content.len(), &frame).expect("tests are small")
    }

    /// Is it the piece of this run, and not of a longer one of which a part was known already?
    pub(super) fn is_of(&self, run: &VerifiedRun) -> bool {
        (self.first, self.count, self.content) == (run.first_seq(), run.items().len(), run.bytes().len())
    }

    /// The zstd frame of the run.
    pub(crate) fn frame(&self) -> &[u8] {
        self.bytes.get(HEAD..).unwrap_or_default()
    }

    /// What is appended.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Head {
    fn encode(&self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        let parts: [&[u8]; 6] = [
            &HEAD_START,
            &self.first.to_be_bytes(),
            &self.count.to_be_bytes(),
            &self.content.to_be_bytes(),
            &self.frame.to_be_bytes(),
            &self.digest,
        ];
        let (fields, check) = bytes.split_at_mut(HEAD - 8);
        fields.copy_from_slice(&parts.concat());
        check.copy_from_slice(&start_of_hash(fields));
        bytes
    }

    /// Reads a head of which all bytes are there.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (fields, check) = bytes.get(..HEAD)?.split_at_checked(HEAD - 8)?;
        if !fields.starts_with(&HEAD_START) || check != start_of_hash(fields) {
            return None;
        }
        let number = |at: usize| fields.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        let head = Self {
            first: u64::from_be_bytes(fields.get(8..16)?.try_into().ok()?),
            count: number(16)?,
            content: number(20)?,
            frame: number(24)?,
            digest: fields.get(28..36)?.try_into().ok()?,
        };
        let bounded = head.content as usize <= limits::SEGMENT_MAX && head.frame as usize <= FRAME_MAX;
        bounded.then_some(head)
    }

    /// Bytes of the run.
    pub(super) fn content(&self) -> usize {
        self.content as usize
    }

    /// Bytes of the whole piece.
    pub(super) fn whole(&self) -> usize {
        HEAD + self.frame as usize
    }
}

/// What stands at the front of these bytes.
pub(super) fn front(bytes: &[u8]) -> Front<'_> {
    // Zeros are what a file system shows of a block that it allocated and did not write before the power went.
    if bytes.iter().all(|byte| *byte == 0) {
        return Front::Unfinished;
    }
    if bytes.len() < HEAD {
        let start = bytes.len().min(HEAD_START.len());
        return if bytes.get(..start) == HEAD_START.get(..start) { Front::Unfinished } else { Front::Damaged };
    }
    let Some(head) = Head::read(bytes) else { return Front::Damaged };
    match bytes.get(HEAD..head.whole()) {
        Some(frame) if start_of_hash(frame) == head.digest => Front::Whole(head, frame),
        Some(_) => Front::Damaged,
        None => Front::Unfinished,
    }
}

/// Makes runs of frames again.
pub(super) struct Unpacker(Decompressor<'static>);

impl Unpacker {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Decompressor::new()?))
    }

    /// Appends the run in a frame, which has just this length; `false` if it has not.
    pub(super) fn append(&mut self, frame: &[u8], content: usize, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        out.resize(before + content, 0);
        let unpacked = self.0.decompress_to_buffer(frame, out.get_mut(before..).unwrap_or_default());
        let fits = unpacked.is_ok_and(|len| len == content);
        if !fits {
            out.truncate(before);
        }
        fits
    }
}

/// The run in a frame of which nothing is known; `None` if it is none, or longer than a run may be.
pub(super) fn unpack_unknown(frame: &[u8]) -> Option<Vec<u8>> {
    Decompressor::new().ok()?.decompress(frame, limits::SEGMENT_MAX).ok()
}

/// How long the frame at the front of these bytes is.
pub(super) fn frame_len(bytes: &[u8]) -> Option<usize> {
    zstd_safe::find_frame_compressed_size(bytes).ok().filter(|len| (1..=FRAME_MAX).contains(len))
}

/// The window of a frame: how far back it may refer.
fn window(frame: &[u8]) -> Option<u64> {
    let (descriptor, window) = (*frame.get(4)?, u64::from(*frame.get(5)?));
    if descriptor & 0x20 != 0 {
        // A single segment: the window is its content, which is a run.
        return Some(limits::SEGMENT_MAX as u64);
    }
    let base = 1 << (10 + (window >> 3));
    Some(base + base / 8 * (window & 7))
}

fn start_of_hash(bytes: &[u8]) -> [u8; 8] {
    let hash = Hash::of(bytes);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}
