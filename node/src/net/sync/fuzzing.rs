//! Doors for fuzz targets: the frames of a stream, and compressed segments.

use futures::{executor::block_on, io::Cursor};
use nanduti_protocol::sync::split_segment;

use super::super::compression::Unpacker;
use super::wire::{FrameReader, Meter};

/// The contents of all whole frames at the front of a stream.
pub fn frames(stream: &[u8]) -> Vec<Vec<u8>> {
    let meter = Meter::default();
    let mut reader = FrameReader::new(Cursor::new(stream));
    let next = || block_on(reader.next(&meter)).ok().flatten().map(|(_, content)| content);
    std::iter::from_fn(next).collect()
}

/// The run in the content of a segment frame, and the length that it announces.
pub fn segment(content: &[u8]) -> Option<(usize, Vec<u8>)> {
    let (len, compressed) = split_segment(content).ok()?;
    Some((len, Unpacker::default().unpack(compressed, len).ok()?))
}
