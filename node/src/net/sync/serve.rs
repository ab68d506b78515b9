//! Serving: segments are read from the disk, stripped of what the peer may not read, off the async threads.
//!
//! What lies on the disk as one large piece is sent in the frame in which it lies there, unless something in it is for members only and
//! the peer is none. Small pieces are compressed anew, all together, which makes them smaller; and so is what is stripped.

use nanduti_protocol::key::PublicKey;
use nanduti_protocol::limits::{SEGMENT_MAX, SEGMENT_TARGET};
use nanduti_protocol::sync::{FrameHeader, FrameType, body_frame, segment_head};
use zstd::bulk::Compressor;

use crate::core::{Core, CoreError, Leaving, Recipient, compressor};

/// Bytes of a run from which on the frame on the disk is sent, though more could be sent with it.
const LARGE: u64 = (SEGMENT_TARGET / 4) as u64;

/// Reads and compresses for one session.
pub(super) struct Server {
    core: Core,
    /// The peer's key, by which a member may know it for its own.
    peer: Option<PublicKey>,
    /// Made when it is needed first: most sessions send nothing that they compress.
    compressor: Option<Compressor<'static>>,
}

/// What was read of a run.
pub(super) struct Served {
    /// The entries in the frame.
    pub(super) count: u64,
    /// The place after the last entry.
    pub(super) next: u64,
    /// The frame, unless nothing could be read.
    pub(super) frame: Option<Vec<u8>>,
}

impl Server {
    /// A server for a peer.
    pub(super) fn new(core: Core, peer: Option<PublicKey>) -> Self {
        Self { core, peer, compressor: None }
    }

    /// Reads one segment of a run and makes a frame of it. Blocks on the disk.
    pub(super) fn run(&mut self, log: &PublicKey, from: u64, to: u64) -> Result<Served, CoreError> {
        if let Some(framed) = self.core.read_frame(log, from, to, LARGE)?
            && (!framed.for_members || self.recipient() == Recipient::Member)
            && let Some(frame) = segment_frame(framed.len, &framed.frame)
        {
            return Ok(Served { count: framed.count, next: from + framed.count, frame: Some(frame) });
        }
        let run = self.core.read_run(log, from, to, SEGMENT_TARGET)?;
        debug_assert!(run.len() <= SEGMENT_MAX, "read_run keeps to the bound");
        let Leaving { bytes: run, entries: count, .. } = self.recipient().segment(run);
        let compressed = if count == 0 { None } else { self.compress(&run).ok() };
        let frame = compressed.and_then(|compressed| segment_frame(run.len(), &compressed));
        // What cannot be framed cannot be served; the log is given up for this session.
        let count = if frame.is_some() { count } else { 0 };
        Ok(Served { count, next: from + count, frame })
    }

    /// Reads a body and makes a frame of it, if the peer may have it. Blocks on the disk.
    pub(super) fn body(&self, log: &PublicKey, seq: u64) -> Result<Option<Vec<u8>>, CoreError> {
        let Some(found) = self.core.read_at(log, seq)? else { return Ok(None) };
        let allowed = self.recipient().may_read(found.statement.audience);
        Ok(found.body.filter(|_| allowed).and_then(|body| body_frame(log, seq, &body)))
    }

    fn compress(&mut self, run: &[u8]) -> std::io::Result<Vec<u8>> {
        let compressor = self.compressor.take().map_or_else(compressor, Ok)?;
        self.compressor.insert(compressor).compress(run)
    }

    /// What the peer is at this moment: it may have become a member's node since the session began, or ceased to be one.
    fn recipient(&self) -> Recipient {
        Recipient::of_node(&self.core.snapshot(), self.peer.as_ref())
    }
}

fn segment_frame(len: usize, compressed: &[u8]) -> Option<Vec<u8>> {
    let head = segment_head(len)?;
    let header = FrameHeader::new(FrameType::Segment, head.len() + compressed.len())?;
    Some([header.encode().as_slice(), &head, compressed].concat())
}
