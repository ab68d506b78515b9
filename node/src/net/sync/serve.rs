//! Serving: segments are read from the disk, stripped of what the peer may not read, and compressed, off the async threads.

use nanduti_protocol::entry::Entry;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::kind::Audience;
use nanduti_protocol::limits::{SEGMENT_MAX, SEGMENT_TARGET};
use nanduti_protocol::run::{push_item, split_item};
use nanduti_protocol::sync::{FrameHeader, FrameType, body_frame, segment_head};
use zstd::bulk::Compressor;

use crate::core::{Core, CoreError};

/// zstd's level: the fastest of the ordinary ones. The wire is seldom so thin that more pays, and the disk's form is not
/// compressed at all.
const LEVEL: i32 = 1;

/// Reads and compresses for one session.
pub(super) struct Server {
    core: Core,
    /// May the peer read what is for members only?
    to_member: bool,
    compressor: Compressor<'static>,
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
    pub(super) fn new(core: Core, to_member: bool) -> std::io::Result<Self> {
        Ok(Self { core, to_member, compressor: Compressor::new(LEVEL)? })
    }

    /// Reads one segment of a run and makes a frame of it. Blocks on the disk.
    pub(super) fn run(&mut self, log: &PublicKey, from: u64, to: u64) -> Result<Served, CoreError> {
        let run = self.core.read_run(log, from, to, SEGMENT_TARGET)?;
        let (count, run) = self.for_peer(run);
        let frame = if count == 0 { None } else { self.segment_frame(&run) };
        // What cannot be framed cannot be served; the log is given up for this session.
        let count = if frame.is_some() { count } else { 0 };
        Ok(Served { count, next: from + count, frame })
    }

    /// Reads a body and makes a frame of it, if the peer may have it. Blocks on the disk.
    pub(super) fn body(&self, log: &PublicKey, seq: u64) -> Result<Option<Vec<u8>>, CoreError> {
        let Some(found) = self.core.read_at(log, seq)? else { return Ok(None) };
        let allowed = self.to_member || found.statement.audience == Audience::Public;
        Ok(found.body.filter(|_| allowed).and_then(|body| body_frame(log, seq, &body)))
    }

    /// Counts the items, and leaves bodies out that the peer may not read.
    fn for_peer(&self, run: Vec<u8>) -> (u64, Vec<u8>) {
        let (mut count, mut rest) = (0, run.as_slice());
        let mut withheld: Option<Vec<u8>> = None;
        while let Some((entry, body, len)) = split_item(rest) {
            let withhold = !self.to_member
                && body.is_some()
                && Entry::decode(entry).is_ok_and(|entry| entry.statement.audience != Audience::Public);
            if withhold && withheld.is_none() {
                let done = run.len() - rest.len();
                withheld = Some(run.get(..done).unwrap_or_default().to_vec());
            }
            if let Some(stripped) = &mut withheld {
                push_item(stripped, entry, body.filter(|_| !withhold));
            }
            count += 1;
            rest = rest.get(len..).unwrap_or_default();
        }
        (count, withheld.unwrap_or(run))
    }

    fn segment_frame(&mut self, run: &[u8]) -> Option<Vec<u8>> {
        debug_assert!(run.len() <= SEGMENT_MAX, "read_run keeps to the bound");
        let head = segment_head(run.len())?;
        let compressed = self.compressor.compress(run).ok()?;
        let header = FrameHeader::new(FrameType::Segment, head.len() + compressed.len())?;
        Some([header.encode().as_slice(), &head, &compressed].concat())
    }
}
