//! Gossip of one node: a model of `net/gossip.rs` of the node over the protocol's own judgement of announcements. What is heard is
//! judged before it is passed on; what became durable is announced; everything is bounded by rates, and nothing depends on it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::ControlFlow::{self, Break, Continue},
    rc::Rc,
};

use nanduti_protocol::{
    announce::{Announcement, BallotPlace, NewEntry, Place, judge_entry, judge_statement},
    chain::{Chain, ChainError},
    entry::Entry,
    fork::{ForkError, ForkProof},
    hash::Hash,
    key::PublicKey,
    ledger::{History, Ledger},
    networks::NetworkOf,
    run::VerifiedRun,
    sync::segment_head,
};

use super::clock::{NodeId, SECOND, Time};

/// Messages remembered, so that nothing is handled twice.
const RECENT: usize = 2048;
/// Peers and logs for which a rate is remembered.
const RATES: usize = 1024;

/// A message, and its hash.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    hash: Hash,
}

impl Message {
    pub(super) fn new(bytes: Vec<u8>) -> Rc<Self> {
        let hash = Hash::of(&bytes);
        Rc::new(Self { bytes, hash })
    }
}

/// What follows from a message.
#[derive(Debug)]
pub(super) enum Heard {
    /// Nothing.
    Nothing,
    /// It is passed on, and the log is pulled from whom it came.
    Entry(PublicKey),
    /// It is passed on, and taken in: the next entry of a log, with its body.
    Whole(Box<VerifiedRun>),
    /// The log is pulled, but the message is not passed on: there is too much of it.
    News(PublicKey),
    /// Somebody speaks who is unknown here.
    Unplaced,
    /// It is passed on, and the fork is learnt.
    Fork(ForkProof),
    /// What it says contradicts what is held: the fork is learnt.
    Contradiction(ForkProof),
    /// It is passed on, and the ballots are compared with whom it came from.
    Ballot,
    /// The sender did something wrong.
    Fault(&'static str),
}

/// What gossip remembers.
#[derive(Debug, Default)]
pub(super) struct Gossip {
    seen: BTreeSet<Hash>,
    order: VecDeque<Hash>,
    peers: BTreeMap<NodeId, Bucket>,
    floods: BTreeMap<NodeId, Bucket>,
    logs: BTreeMap<PublicKey, Bucket>,
}

impl Gossip {
    /// Takes note of a message; false if it is known already.
    pub(super) fn is_new(&mut self, message: &Message) -> bool {
        if !self.seen.insert(message.hash) {
            return false;
        }
        self.order.push_back(message.hash);
        if self.order.len() > RECENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }

    /// Judges a message that is new.
    pub(super) fn judge(
        &mut self,
        from: NodeId,
        message: &Message,
        (ledger, history): (&Ledger, &impl History),
        now: Time,
    ) -> Heard {
        if !take(&mut self.floods, from, now, (1000, 10_000)) {
            return Heard::Fault("gossip-flood");
        }
        if !take(&mut self.peers, from, now, (100, 400)) {
            return Heard::Nothing;
        }
        match Announcement::decode(&message.bytes) {
            Err(_) => Heard::Fault("bad-gossip"),
            Ok(Announcement::Node(_)) => Heard::Nothing,
            Ok(Announcement::Entry(bytes)) => self.judge_entry(bytes, ledger, history, now),
            Ok(Announcement::Segment(bytes)) => self.judge_segment(bytes, ledger, history, now),
            Ok(Announcement::Fork(bytes)) => judge_fork(bytes, ledger),
            Ok(Announcement::Ballot(bytes)) => match judge_statement(ledger, bytes) {
                Ok(BallotPlace::Known) => Heard::Nothing,
                Ok(BallotPlace::News) => Heard::Ballot,
                Ok(BallotPlace::Unplaced) => Heard::Unplaced,
                Err(_) => Heard::Fault("bad-ballot"),
            },
        }
    }

    /// How much is remembered.
    pub(super) fn size(&self) -> usize {
        self.order.len().max(self.seen.len()).max(self.peers.len()).max(self.floods.len()).max(self.logs.len())
    }

    fn judge_entry(&mut self, bytes: &[u8], ledger: &Ledger, history: &impl History, now: Time) -> Heard {
        let Ok(entry) = Entry::decode(bytes) else { return Heard::Fault("bad-gossip") };
        let log = entry.statement.log;
        let place = match self.place(&entry, ledger, history, now) {
            Continue(place) => place,
            Break(heard) => return heard,
        };
        if entry.verify(&ledger.networks().network_of(&log)).is_err() {
            return Heard::Fault("bad-signature");
        }
        match place {
            Place::Contradicts => contradiction(bytes, ledger, history),
            _ => Heard::Entry(log),
        }
    }

    fn judge_segment(&mut self, content: &[u8], ledger: &Ledger, history: &impl History, now: Time) -> Heard {
        let Some(new) = unpack(content) else { return Heard::Fault("bad-gossip") };
        let Ok(entry) = new.entry() else { return Heard::Fault("bad-gossip") };
        let place = match self.place(&entry, ledger, history, now) {
            Continue(place) => place,
            Break(heard) => return heard,
        };
        let Ok(run) = new.verify(ledger.networks()) else { return Heard::Fault("bad-signature") };
        match place {
            Place::Contradicts => contradiction(run.entry_bytes(&run.items()[0]), ledger, history),
            Place::Ahead { next: true } => Heard::Whole(Box::new(run)),
            _ => Heard::Entry(run.log()),
        }
    }

    /// What an entry is to this node, if it is worth a signature.
    fn place(
        &mut self,
        entry: &Entry<'_>,
        ledger: &Ledger,
        history: &impl History,
        now: Time,
    ) -> ControlFlow<Heard, Place> {
        let log = entry.statement.log;
        let place = judge_entry(ledger, history, &entry.statement, &entry.hash);
        match place {
            Place::Known => return Break(Heard::Nothing),
            Place::OtherNetwork => return Break(Heard::Fault("other-network")),
            Place::Unplaced => return Break(Heard::Unplaced),
            Place::Ahead { .. } | Place::Contradicts => {}
        }
        if take(&mut self.logs, log, now, (10, 100)) {
            return Continue(place);
        }
        Break(if matches!(place, Place::Ahead { .. }) { Heard::News(log) } else { Heard::Nothing })
    }
}

/// An entry with its body as it is announced, if it is.
pub(super) fn with_body(run: &VerifiedRun) -> Option<Rc<Message>> {
    let frame = zstd::bulk::compress(run.bytes(), 1).ok()?;
    let content = NewEntry::announced(run, &frame)?;
    Some(Message::new(Announcement::segment(&content).encode()))
}

/// Any bytes as if they were an entry with its body.
pub(super) fn as_segment(run: &[u8]) -> Option<Rc<Message>> {
    let frame = zstd::bulk::compress(run, 1).ok()?;
    Some(Message::new(Announcement::segment(&[&segment_head(run.len())?[..], &frame].concat()).encode()))
}

fn unpack(content: &[u8]) -> Option<NewEntry> {
    let (len, frame) = NewEntry::split(content).ok()?;
    let run = zstd::bulk::decompress(frame, len).ok().filter(|run| run.len() == len)?;
    NewEntry::read(run).ok()
}

fn contradiction(entry: &[u8], ledger: &Ledger, history: &impl History) -> Heard {
    let chain = Chain::new(ledger.networks(), vec![entry.to_vec()]).ok();
    let proof = chain.and_then(|chain| ledger.contradicts(&chain, history));
    proof.map_or(Heard::Nothing, Heard::Contradiction)
}

fn judge_fork(bytes: &[u8], ledger: &Ledger) -> Heard {
    let proof = match ForkProof::decode(ledger.networks(), bytes) {
        Ok(proof) => proof,
        // Without the charter nobody knows which logs it carries over from another network.
        Err(ForkError::Chain(ChainError::Signature(_))) if ledger.authority().is_none() => return Heard::Nothing,
        Err(_) => return Heard::Fault("bad-fork-proof"),
    };
    let log = proof.log();
    if ledger.authority().and_then(|authority| authority.standing(&log)).is_none() {
        return Heard::Nothing;
    }
    match ledger.fork(&log) {
        Some(known) if known.merge(&proof) == *known => Heard::Nothing,
        _ => Heard::Fork(proof),
    }
}

/// A bucket of tokens, in millionths of one.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: u64,
    at: Time,
}

/// Takes a token of a rate a second, with so many at once. If too many rates are remembered, the oldest is forgotten.
fn take<K: Ord + Copy>(buckets: &mut BTreeMap<K, Bucket>, key: K, now: Time, (rate, burst): (u64, u64)) -> bool {
    if buckets.len() >= RATES && !buckets.contains_key(&key) {
        let oldest = buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(key, _)| *key);
        oldest.map(|oldest| buckets.remove(&oldest));
    }
    let bucket = buckets.entry(key).or_insert(Bucket { tokens: burst * SECOND, at: now });
    bucket.tokens = (bucket.tokens + (now - bucket.at) * rate).min(burst * SECOND);
    bucket.at = now;
    let has = bucket.tokens >= SECOND;
    bucket.tokens -= if has { SECOND } else { 0 };
    has
}
