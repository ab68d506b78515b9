//! Sync: how two nodes become equal over one stream (`/nanduti/sync/1`, `docs/spec/sync.md`).
//!
//! The course: both say hello with the digest of their frontier. If the digests are equal, that was it. Otherwise they narrow
//! down, in strict turns, by prefixes of the log keys until each knows what the other lacks; then both stream at once.
//!
//! [`Session`] is the machine of one side. It reads no clock and does no input or output; time limits, compression, reading
//! from the disk, verifying and admitting are the host's. It never trusts the peer with more than bounded memory: its state
//! is a few words for each log that this node holds, and the last message.
//!
//! # The contract of polling
//!
//! ```text
//! make a session
//! loop:
//!     poll_output until None                 write Send at once, in order; act on the rest
//!     while there is room in the stream:
//!         next_to_serve                      Send: write it.  Body: write it if it is held, else pass over it.
//!                                            Run: read one segment from `from` on, ending at an anchor at or before `to`, or
//!                                            at the first after it if there is none;
//!                                            handle Served { next: the place after it } as soon as it is read; write it.
//!                                            None: nothing for now.
//!         poll_output until None
//!     handle the next input from the peer
//! until Finished, or handle returns an error, or the host's patience ends
//! ```
//!
//! Everything is written in the order in which it was handed out. Every input demands that the outputs have been taken
//! before; so nothing piles up here, and a host that stops reading from the peer while its own queues are full has bounded
//! everything.
//!
//! What is absent: judging. A segment that arrives is handed to the host as it is; a fork proof has been checked, and so has
//! evidence, but not what it contradicts.

mod error;
mod frame;
mod message;
mod narrowing;
mod plan;
mod session;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

pub use error::{HostMisuse, PeerFault, SyncError};
pub use frame::{
    FRAME_HEADER_LEN, FrameHeader, FrameType, SEGMENT_HEAD_LEN, body_frame, message_frame, segment_head, split_body,
    split_segment,
};
pub use message::{Compare, HeldForm, Hello, Message, PapersForm, Part, Pull};
pub use session::Session;

use crate::{
    ballot::{Papers, Succession},
    chain::Chain,
    fork::ForkProof,
    frontier::Frontier,
    hash::Hash,
    key::PublicKey,
    ledger::History,
    networks::Networks,
};

/// What a session sees of the node: a snapshot taken when the session begins. Entries that arrive meanwhile wait for the
/// next session; what the frontier says is held has to stay readable. Only where the node leaves a branch of a log meanwhile may
/// other entries stand in its place, or none.
pub trait View: History {
    /// The network.
    fn network(&self) -> Hash;
    /// To which network the entries of each log are bound: see [`Ledger::networks`](crate::ledger::Ledger::networks).
    fn networks(&self) -> Networks;
    /// The rosters so far and what was said of them, once the charter is known.
    fn succession(&self) -> Option<&Succession>;
    /// The frontier.
    fn frontier(&self) -> &Frontier;
    /// Is this the log of a member's root key? Those go first.
    fn is_root(&self, log: &PublicKey) -> bool;
    /// The fork proof held for a log, settled or not.
    fn fork_proof(&self, log: &PublicKey) -> Option<Vec<u8>>;
    /// The places whose bodies are missing and may be asked of this peer, the most urgent first. No more than
    /// [`SYNC_WANT_MAX`](crate::limits::SYNC_WANT_MAX) of them are asked for.
    fn wanted(&self) -> Vec<(PublicKey, u64)>;
}

/// What the host gives to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A message of the peer.
    Message(Message),
    /// A segment of the peer, decompressed.
    Segment(Vec<u8>),
    /// A body of the peer.
    Body {
        /// The log.
        log: PublicKey,
        /// The place.
        seq: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The host has read a segment of the run that it was asked to serve.
    Served {
        /// The place after the last entry of the segment. If it is where the run began, nothing could be read, and the log is
        /// given up for this session.
        next: u64,
    },
}

/// What a session gives to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To be written.
    Send(Message),
    /// A segment arrived: to be received, verified and admitted, in the order of arrival.
    Segment(Vec<u8>),
    /// A body that was asked for arrived: to be checked against its entry.
    Body {
        /// The log.
        log: PublicKey,
        /// The place.
        seq: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Papers of a ballot arrived: to be taken in before what comes after them is admitted.
    Papers(Papers),
    /// A fork proof arrived; its signatures have been checked.
    Fork(ForkProof),
    /// A chain of the peer from the place at which it differs from ours; its signature has been checked. For
    /// [`Ledger::contradicts`](crate::ledger::Ledger::contradicts).
    Evidence(Chain),
    /// The session is over. The stream can be closed once everything is written.
    Finished(Outcome),
}

/// Something to be sent in bulk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serve {
    /// A message to be written as it is.
    Send(Message),
    /// One segment of this run, as large as the sender likes.
    Run {
        /// The log.
        log: PublicKey,
        /// The first place.
        from: u64,
        /// The place after the last one.
        to: u64,
    },
    /// A body, if it is held and this peer may have it.
    Body {
        /// The log.
        log: PublicKey,
        /// The place.
        seq: u64,
    },
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Were the digests equal at its beginning?
    pub equal: bool,
    /// Messages of comparison, both sides together.
    pub turns: u32,
    /// Bodies asked for that did not come.
    pub missing: usize,
}
