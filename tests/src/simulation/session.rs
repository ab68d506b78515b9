//! One side of a session: the protocol's machine, the frames around it, and the rules of the node (`net/sync/session.rs`,
//! `net/sync/intake.rs`): what may be under way to the writer, when a session ends early, and who is blamed for it.
//!
//! Segments are framed as on the wire but not compressed: compression is the host's affair and has its own tests.

use std::{collections::VecDeque, fmt, rc::Rc};

use nanduti_protocol::{
    ballot::Succession,
    fork::ForkProof,
    frontier::Frontier,
    hash::Hash,
    key::PublicKey,
    ledger::{History, Ledger},
    networks::Networks,
    sync::{
        FRAME_HEADER_LEN, FrameHeader, FrameType, Input, Message, PeerFault, Session, SyncError, View, segment_head,
        split_body, split_segment,
    },
};

use super::{clock::NodeId, disk::Shelf, schedule::Job};

/// Runs of one session that may be with the writer.
pub(super) const RUNS: usize = 32;
/// Runs in a row without anything new, after which a session ends.
const IDLE_RUNS: usize = 64;
/// Runs refused without blame, after which a session ends.
const REFUSED_RUNS: usize = 1024;
/// Forks of keys that are not known yet, kept until the end of the session.
pub(super) const DEFERRED_FORKS: usize = 64;

/// What a session sees of its node: the state when it began, and the disk as it is.
pub(super) struct Seen {
    pub(super) ledger: Rc<Ledger>,
    pub(super) frontier: Rc<Frontier>,
    pub(super) shelf: Shelf,
    pub(super) wanted: Vec<(PublicKey, u64)>,
}

/// Short, since the length of a session's debug text measures what the session itself holds.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seen")
    }
}

impl History for Seen {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.shelf.hash_at(log, seq)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.shelf.entry_at(log, seq)
    }
}

impl View for Seen {
    fn network(&self) -> Hash {
        self.ledger.network()
    }

    fn networks(&self) -> Networks {
        self.ledger.networks().clone()
    }

    fn succession(&self) -> Option<&Succession> {
        self.ledger.succession()
    }

    fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    fn is_root(&self, log: &PublicKey) -> bool {
        self.ledger.authority().is_some_and(|authority| authority.member_by_root(log).is_some())
    }

    fn fork_proof(&self, log: &PublicKey) -> Option<Vec<u8>> {
        self.ledger.fork(log).map(ForkProof::encode)
    }

    fn wanted(&self) -> Vec<(PublicKey, u64)> {
        self.wanted.clone()
    }
}

/// Which side began.
#[derive(Debug, Clone)]
pub(super) enum Role {
    Initiator(Job),
    Responder,
}

/// Why a session ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The peer did something wrong.
    Fault(&'static str),
    /// The peer closed the stream before it said anything.
    Busy,
    /// The stream ended too early.
    Cut,
    /// The peer sends on and on what is held already.
    NothingNew,
    /// Too little moved for too long.
    Stalled,
    /// A mistake of this node.
    Own(&'static str),
}

/// What became of something that a session gave to the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// So many entries are new.
    Done(u64),
    /// Refused, without blame.
    Refused(&'static str),
    /// Refused, and the peer could have known.
    Blamed(&'static str),
}

/// One side.
pub(super) struct Side {
    pub(super) session: Session<Seen>,
    pub(super) peer: NodeId,
    pub(super) role: Role,
    pub(super) to_member: bool,
    /// Frames that wait for room.
    pub(super) outbox: VecDeque<Vec<u8>>,
    /// Bytes that have come and are no whole frame yet, or wait for the writer.
    pub(super) inbox: Vec<u8>,
    /// What is with the writer.
    pub(super) writing: usize,
    pub(super) forks: Vec<ForkProof>,
    pub(super) finished: bool,
    pub(super) equal: bool,
    /// The peer will send no more.
    pub(super) ended: bool,
    pub(super) received: u64,
    pub(super) sent: u64,
    /// Bytes both ways.
    pub(super) moved: u64,
    pub(super) failed: Option<Why>,
    idle_runs: usize,
    refused_runs: usize,
}

impl Side {
    pub(super) fn new(session: Session<Seen>, peer: NodeId, role: Role, to_member: bool) -> Self {
        Self {
            session,
            peer,
            role,
            to_member,
            outbox: VecDeque::new(),
            inbox: Vec::new(),
            writing: 0,
            forks: Vec::new(),
            finished: false,
            equal: false,
            ended: false,
            received: 0,
            sent: 0,
            moved: 0,
            failed: None,
            idle_runs: 0,
            refused_runs: 0,
        }
    }

    /// Was everything compared, and not just what was asked for?
    pub(super) fn is_whole(&self) -> bool {
        self.finished && self.session.peer().is_some_and(|hello| hello.pull.is_empty())
    }

    /// Takes note of what the writer said.
    pub(super) fn reply(&mut self, reply: Reply) {
        self.writing = self.writing.saturating_sub(1);
        match reply {
            Reply::Done(0) => self.idle_runs += 1,
            Reply::Done(entries) => {
                self.received += entries;
                self.idle_runs = 0;
            }
            Reply::Refused(_) => self.refused_runs += 1,
            Reply::Blamed(name) => self.failed = Some(Why::Fault(name)),
        }
        if self.idle_runs > IDLE_RUNS || self.refused_runs > REFUSED_RUNS {
            self.failed = self.failed.or(Some(Why::NothingNew));
        }
    }

    /// The next whole frame that has come, and its length.
    pub(super) fn next_frame(&mut self) -> Result<Option<(Input, &'static str, usize)>, Why> {
        let Some((header, rest)) = self.inbox.split_first_chunk::<FRAME_HEADER_LEN>() else { return Ok(None) };
        let header = FrameHeader::decode(*header).map_err(Why::from)?;
        let Some(content) = rest.get(..header.len) else { return Ok(None) };
        let (input, name) = match header.frame_type {
            FrameType::Message => {
                let message = Message::decode(content).map_err(Why::from)?;
                let name = message.name();
                (Input::Message(message), name)
            }
            FrameType::Segment => {
                let (len, run) = split_segment(content).map_err(Why::from)?;
                if len != run.len() {
                    return Err(Why::Fault("bad-compression"));
                }
                (Input::Segment(run.to_vec()), "segment")
            }
            FrameType::Body => {
                let (log, seq, bytes) = split_body(content).map_err(Why::from)?;
                (Input::Body { log, seq, bytes: bytes.to_vec() }, "body")
            }
        };
        let len = FRAME_HEADER_LEN + header.len;
        self.inbox.drain(..len);
        Ok(Some((input, name, len)))
    }
}

/// The frame of a segment.
pub(super) fn segment_frame(run: &[u8]) -> Option<Vec<u8>> {
    let head = segment_head(run.len())?;
    let header = FrameHeader::new(FrameType::Segment, head.len() + run.len())?;
    Some([header.encode().as_slice(), &head, run].concat())
}

impl From<PeerFault> for Why {
    fn from(fault: PeerFault) -> Self {
        Self::Fault(fault.name())
    }
}

impl From<SyncError> for Why {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Peer(fault) => fault.into(),
            SyncError::OtherNetwork => Self::Fault("other-network"),
            SyncError::Host(_) => Self::Own("host-misuse"),
        }
    }
}
