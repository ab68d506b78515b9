//! Gossip: what is heard is judged before it is passed on, and what became durable is announced.
//!
//! | heard | answer |
//! | --- | --- |
//! | malformed, a bad signature, another network's | rejected, and the sender is blamed |
//! | more than the rates allow, known already, a key that is unknown here or past its end | ignored |
//! | an entry above what is held, of a known key, signed by it | passed on, and pulled from whom it was heard, unless it is the next of its log and its body came along |
//! | an entry that contradicts what is held | ignored; the proof of the fork goes out instead |
//! | a fork or a node record that is new | passed on |
//!
//! The cheapest checks come first ([`judging`]): rate (how much reaches this at all is for [`gate`](super::gate)), size, form, what is
//! known of the log, and only then the signature. An entry above a gap is passed on as well: the key's signature makes it the
//! key's word, and if that was a lie, it proves a fork.
//!
//! What goes out is the last entry of each log that grew, at most so many a second; each stands for all below it. Only the node
//! that wrote it says it with its body, if that is small and for everybody. Correctness never depends on any of this.

mod judging;
mod recent;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use libp2p::gossipsub::MessageAcceptance;
use libp2p::{Multiaddr, PeerId};
use nanduti_protocol::announce::Announcement;
use nanduti_protocol::ballot::Papers;
use nanduti_protocol::fork::ForkProof;
use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::limits::GOSSIP_MAX;
use nanduti_protocol::run::VerifiedRun;
use tokio::time::Instant;

use super::blame::Fault;
use super::compression::Unpacker;
use super::limits;
use super::rate::{Bucket, Buckets};
use recent::Recent;

/// What a message says that is worth acting on.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// A log has grown.
    Entry(PublicKey),
    /// A log has grown by this.
    News(Box<News>),
    /// Somebody speaks who is unknown here; perhaps a keyring has not arrived yet.
    Unplaced,
    /// A fork.
    Fork(Box<ForkProof>),
    /// Where a node can be reached.
    Node(PeerId, Vec<Multiaddr>),
    /// Something was said in a ballot.
    Ballot,
}

/// The next entry of a log with its body.
#[derive(Debug, PartialEq)]
pub(super) struct News {
    pub(super) run: VerifiedRun,
    /// The zstd frame in which it came.
    pub(super) frame: Vec<u8>,
}

/// What to do with a message.
#[derive(Debug)]
pub(super) struct Judgement {
    /// What gossipsub is told.
    pub(super) acceptance: MessageAcceptance,
    /// What the sender did wrong.
    pub(super) fault: Option<Fault>,
    /// What to count, without blame.
    pub(super) note: Option<&'static str>,
    /// What to act on.
    pub(super) heard: Option<Heard>,
    /// The hash of what is passed on, in whatever form it came: this node need not announce it.
    about: Option<Hash>,
}

impl Judgement {
    fn accept(about: Hash, heard: Heard) -> Self {
        let acceptance = MessageAcceptance::Accept;
        Self { acceptance, fault: None, note: None, heard: Some(heard), about: Some(about) }
    }

    fn ignore() -> Self {
        Self { acceptance: MessageAcceptance::Ignore, fault: None, note: None, heard: None, about: None }
    }

    fn reject(fault: Fault) -> Self {
        Self { acceptance: MessageAcceptance::Reject, fault: Some(fault), ..Self::ignore() }
    }
}

/// Who sent a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender {
    pub(super) peer: PeerId,
    /// Connected over this machine's loopback?
    pub(super) local: bool,
}

/// What gossip remembers.
#[derive(Debug)]
pub(super) struct Gossip {
    peers: Buckets<PeerId>,
    logs: Buckets<PublicKey>,
    all: Bucket,
    nodes: Bucket,
    forks: Bucket,
    ballots: Bucket,
    seen: Recent,
    announce: Bucket,
    waiting: BTreeMap<PublicKey, Grown>,
    urgent: VecDeque<(Hash, Vec<u8>)>,
    unpacker: Unpacker,
}

/// How a log has grown.
#[derive(Debug)]
struct Grown {
    entry: Arc<[u8]>,
    /// With its body.
    segment: Option<Arc<[u8]>>,
}

impl Grown {
    fn message(&self) -> (Hash, Vec<u8>) {
        let message = match &self.segment {
            Some(segment) => Announcement::segment(segment),
            None => Announcement::entry(&self.entry),
        };
        (Hash::of(&self.entry), message.encode())
    }
}

impl Gossip {
    /// Nothing heard or said yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            peers: Buckets::new(limits::GOSSIP_PEER_RATE, limits::RATES),
            logs: Buckets::new(limits::GOSSIP_LOG_RATE, limits::RATES),
            all: Bucket::new(limits::GOSSIP_ALL_RATE, now),
            nodes: Bucket::new(limits::GOSSIP_NODE_RATE, now),
            forks: Bucket::new(limits::GOSSIP_FORK_RATE, now),
            ballots: Bucket::new(limits::GOSSIP_BALLOT_RATE, now),
            seen: Recent::default(),
            announce: Bucket::new(limits::ANNOUNCE_RATE, now),
            waiting: BTreeMap::new(),
            urgent: VecDeque::new(),
            unpacker: Unpacker::default(),
        }
    }

    /// A log has grown: its last entry is to be announced, with its body if that is given.
    pub(super) fn announce_entry(&mut self, log: PublicKey, entry: Arc<[u8]>, segment: Option<Arc<[u8]>>) {
        if self.waiting.len() < limits::ANNOUNCE_QUEUE || self.waiting.contains_key(&log) {
            self.waiting.insert(log, Grown { entry, segment });
        }
    }

    /// A fork is to be announced, if its proof fits into a message. A larger one is brought by sync, like everything else.
    pub(super) fn announce_fork(&mut self, proof: &ForkProof) {
        let proof = proof.encode();
        let message = Announcement::fork(&proof).encode();
        if message.len() <= GOSSIP_MAX {
            self.push_urgent(&proof, message);
        }
    }

    /// What was said in a ballot is to be announced: the first of it, which stands for the rest.
    pub(super) fn announce_ballot(&mut self, papers: &Papers) {
        if let Some(statement) = papers.statements.first() {
            self.push_urgent(statement, Announcement::ballot(statement).encode());
        }
    }

    /// The record of a peer is to be announced, as one among many that strangers can bring.
    pub(super) fn tell_of_node(&mut self, record: &[u8], now: Instant) {
        if self.nodes.take(now) {
            self.announce_node(record);
        }
    }

    /// Our own node record is to be announced.
    pub(super) fn announce_node(&mut self, record: &[u8]) {
        self.push_urgent(record, Announcement::node(record).encode());
    }

    /// The next message to publish, if the rate allows one now.
    pub(super) fn next_message(&mut self, now: Instant) -> Option<Vec<u8>> {
        while !self.urgent.is_empty() || !self.waiting.is_empty() {
            if self.announce.wait(now) > std::time::Duration::ZERO {
                return None;
            }
            let (about, message) = match self.urgent.pop_front() {
                Some(message) => message,
                None => self.waiting.pop_first().map(|(_, grown)| grown.message())?,
            };
            // What was heard and passed on, or said before, is not said again.
            if self.seen.insert(about) {
                self.announce.take(now);
                return Some(message);
            }
        }
        None
    }

    /// When the next message may be published, if one waits.
    pub(super) fn next_due(&mut self, now: Instant) -> Option<Instant> {
        (!self.urgent.is_empty() || !self.waiting.is_empty()).then(|| now + self.announce.wait(now))
    }

    fn push_urgent(&mut self, about: &[u8], message: Vec<u8>) {
        if self.urgent.len() < limits::RATES {
            self.urgent.push_back((Hash::of(about), message));
        }
    }
}
