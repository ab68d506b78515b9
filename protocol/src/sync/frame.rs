//! Frames: how messages, segments and bodies lie in the stream.
//!
//! ```text
//! type (1 byte)  length (3 bytes, big-endian)  content (length bytes)
//!
//! 0  message    strict DAG-CBOR
//! 1  segment    length of the run (4 bytes, big-endian), then the run as one zstd frame
//! 2  body       log (32 bytes), place (8 bytes, big-endian), then the body's bytes
//! ```
//!
//! The bound of each type is checked on the header, before a byte of the content is read. Compression is the host's; it
//! never decompresses more than the length that the segment announces, and that is bounded as well.

use alloc::vec::Vec;

use super::{Message, PeerFault};
use crate::{key::PublicKey, limits};

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameType {
    /// A message.
    Message,
    /// A compressed run.
    Segment,
    /// A body that was asked for.
    Body,
}

/// The first bytes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What it carries.
    pub frame_type: FrameType,
    /// The bytes of its content.
    pub len: usize,
}

/// The bytes of a header.
pub const FRAME_HEADER_LEN: usize = 4;
/// The bytes before the zstd frame of a segment.
pub const SEGMENT_HEAD_LEN: usize = 4;
/// The bytes before a body.
const BODY_HEAD_LEN: usize = 40;

impl FrameType {
    /// The least and the most bytes of content.
    fn bounds(self) -> (usize, usize) {
        match self {
            Self::Message => (1, limits::SYNC_MESSAGE_MAX),
            Self::Segment => (SEGMENT_HEAD_LEN + 1, limits::SYNC_SEGMENT_MAX),
            Self::Body => (BODY_HEAD_LEN, limits::SYNC_BODY_MAX),
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Message => 0,
            Self::Segment => 1,
            Self::Body => 2,
        }
    }

    fn of_number(number: u8) -> Option<Self> {
        [Self::Message, Self::Segment, Self::Body].into_iter().find(|frame_type| frame_type.number() == number)
    }
}

impl FrameHeader {
    /// The header of a frame with this content; `None` if it would break its bound.
    pub fn new(frame_type: FrameType, len: usize) -> Option<Self> {
        let (least, most) = frame_type.bounds();
        (least..=most).contains(&len).then_some(Self { frame_type, len })
    }

    /// The bytes of the header.
    pub fn encode(self) -> [u8; FRAME_HEADER_LEN] {
        let [_, high, middle, low] = u32::try_from(self.len).unwrap_or(u32::MAX).to_be_bytes();
        [self.frame_type.number(), high, middle, low]
    }

    /// Reads a header.
    ///
    /// # Errors
    /// If the type is unknown or the length breaks its bound. The rest of the stream cannot be read then.
    pub fn decode(bytes: [u8; FRAME_HEADER_LEN]) -> Result<Self, PeerFault> {
        let [number, high, middle, low] = bytes;
        let frame_type = FrameType::of_number(number).ok_or(PeerFault::FrameType(number))?;
        let len = u32::from_be_bytes([0, high, middle, low]) as usize;
        Self::new(frame_type, len).ok_or(PeerFault::FrameLength { len })
    }
}

/// A whole frame with a message.
pub fn message_frame(message: &Message) -> Vec<u8> {
    let content = message.encode();
    let header = FrameHeader { frame_type: FrameType::Message, len: content.len() };
    let mut frame = Vec::with_capacity(FRAME_HEADER_LEN + content.len());
    frame.extend_from_slice(&header.encode());
    frame.extend_from_slice(&content);
    frame
}

/// What stands before the zstd frame of a run of this length; `None` if it is longer than a segment may be.
pub fn segment_head(run_len: usize) -> Option<[u8; SEGMENT_HEAD_LEN]> {
    if run_len == 0 || run_len > limits::SEGMENT_MAX { None } else { u32::try_from(run_len).ok().map(u32::to_be_bytes) }
}

/// Splits the content of a segment frame: the length of the run, and its zstd frame.
///
/// # Errors
/// If it is cut off, or announces a run longer than one may be.
pub fn split_segment(content: &[u8]) -> Result<(usize, &[u8]), PeerFault> {
    let short = PeerFault::FrameLength { len: content.len() };
    let (head, compressed) = content.split_first_chunk::<SEGMENT_HEAD_LEN>().ok_or(short)?;
    let len = u32::from_be_bytes(*head) as usize;
    if segment_head(len).is_none() {
        return Err(PeerFault::Malformed("a segment of a length that none may have"));
    }
    Ok((len, compressed))
}

/// A whole frame with a body; `None` if it is larger than any may be.
pub fn body_frame(log: &PublicKey, seq: u64, body: &[u8]) -> Option<Vec<u8>> {
    let header = FrameHeader::new(FrameType::Body, BODY_HEAD_LEN + body.len())?;
    let mut frame = Vec::with_capacity(FRAME_HEADER_LEN + header.len);
    frame.extend_from_slice(&header.encode());
    frame.extend_from_slice(log.as_bytes());
    frame.extend_from_slice(&seq.to_be_bytes());
    frame.extend_from_slice(body);
    Some(frame)
}

/// Splits the content of a body frame: its log, its place and its bytes.
///
/// # Errors
/// If it is cut off.
pub fn split_body(content: &[u8]) -> Result<(PublicKey, u64, &[u8]), PeerFault> {
    let short = PeerFault::FrameLength { len: content.len() };
    let (log, rest) = content.split_first_chunk::<32>().ok_or(short.clone())?;
    let (seq, body) = rest.split_first_chunk::<8>().ok_or(short)?;
    Ok((PublicKey::from_bytes(*log), u64::from_be_bytes(*seq), body))
}
