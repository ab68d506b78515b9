//! Gossip: what is heard is judged before it is passed on, and what became durable is announced.
//!
//! | heard | answer |
//! | --- | --- |
//! | malformed, a bad signature, another network's | rejected, and the sender is blamed |
//! | more than the rates allow, known already, a key that is unknown here or past its end | ignored |
//! | an entry above what is held, of a known key, signed by it | passed on, and pulled from whom it was heard |
//! | an entry that contradicts what is held | ignored; the proof of the fork goes out instead |
//! | a fork or a node record that is new | passed on |
//!
//! The cheapest checks come first: rate (how much reaches this at all is for [`gate`](super::gate)), size, form, what is known of the log, and only then the signature. An entry above a
//! gap is passed on as well: the key's signature makes it the key's word, and if that was a lie, it proves a fork.
//!
//! What goes out is the last entry of each log that grew, at most so many a second; each stands for all below it. Correctness
//! never depends on any of this.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use libp2p::gossipsub::MessageAcceptance;
use libp2p::{Multiaddr, PeerId};
use nanduti_protocol::announce::{Announcement, BallotPlace, Place, judge_entry, judge_statement};
use nanduti_protocol::ballot::{Papers, Statement};
use nanduti_protocol::chain::{Chain, ChainError};
use nanduti_protocol::entry::{Entry, EntryError};
use nanduti_protocol::envelope::EnvelopeError;
use nanduti_protocol::fork::{ForkError, ForkProof};
use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::ledger::{History, Ledger};
use nanduti_protocol::limits::GOSSIP_MAX;
use nanduti_protocol::networks::NetworkOf;
use tokio::time::Instant;

use super::blame::Fault;
use super::limits;
use super::rate::{Bucket, Buckets};
use super::records::{Learnt, Records};

/// What a message says that is worth acting on.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// A log has grown.
    Entry(PublicKey),
    /// Somebody speaks who is unknown here; perhaps a keyring has not arrived yet.
    Unplaced,
    /// A fork.
    Fork(Box<ForkProof>),
    /// Where a node can be reached.
    Node(PeerId, Vec<Multiaddr>),
    /// Something was said in a ballot.
    Ballot,
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
}

impl Judgement {
    fn accept(heard: Heard) -> Self {
        Self { acceptance: MessageAcceptance::Accept, fault: None, note: None, heard: Some(heard) }
    }

    fn ignore() -> Self {
        Self { acceptance: MessageAcceptance::Ignore, fault: None, note: None, heard: None }
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
    waiting: BTreeMap<PublicKey, Arc<[u8]>>,
    urgent: VecDeque<Vec<u8>>,
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
        }
    }

    /// Judges a message.
    pub(super) fn judge<S>(
        &mut self,
        data: &[u8],
        from: Sender,
        state: (&Ledger, &S),
        records: &mut Records,
        now: Instant,
    ) -> Judgement
    where
        S: History,
    {
        if !self.peers.take(&from.peer, now) || !self.all.take(now) {
            return Judgement { note: Some("gossip-rate"), ..Judgement::ignore() };
        }
        let judgement = match Announcement::decode(data) {
            Err(_) => Judgement::reject(Fault::GOSSIP),
            Ok(Announcement::Entry(bytes)) => self.judge_entry(bytes, state, now),
            Ok(Announcement::Fork(bytes)) => judge_fork(bytes, state.0, || self.forks.take(now)),
            Ok(Announcement::Node(_)) if !self.nodes.take(now) => {
                Judgement { note: Some("gossip-rate"), ..Judgement::ignore() }
            }
            Ok(Announcement::Node(bytes)) => judge_record(bytes, from, state.0, records),
            Ok(Announcement::Ballot(_)) if !self.ballots.take(now) => {
                Judgement { note: Some("gossip-rate"), ..Judgement::ignore() }
            }
            Ok(Announcement::Ballot(bytes)) => judge_ballot(bytes, state.0),
        };
        if judgement.acceptance == MessageAcceptance::Accept {
            self.seen.insert(Hash::of(data));
        }
        judgement
    }

    fn judge_entry<S: History>(&mut self, bytes: &[u8], (ledger, history): (&Ledger, &S), now: Instant) -> Judgement {
        let entry = match Entry::decode(bytes) {
            Ok(entry) => entry,
            Err(EntryError::Envelope(EnvelopeError::Oversized)) => return Judgement::reject(Fault::OVERSIZED),
            Err(_) => return Judgement::reject(Fault::GOSSIP),
        };
        let place = judge_entry(ledger, history, &entry.statement, &entry.hash);
        match place {
            Place::Known => return Judgement::ignore(),
            Place::OtherNetwork => return Judgement::reject(Fault::OTHER_NETWORK),
            Place::Unplaced => {
                return Judgement {
                    note: Some("gossip-unplaced"),
                    heard: Some(Heard::Unplaced),
                    ..Judgement::ignore()
                };
            }
            Place::Ahead { .. } | Place::Contradicts => {}
        }
        let log = entry.statement.log;
        if !self.logs.take(&log, now) {
            // It is news all the same, only not worth a signature: the pull will see.
            let heard = matches!(place, Place::Ahead { .. }).then_some(Heard::Entry(log));
            return Judgement { note: Some("gossip-rate"), heard, ..Judgement::ignore() };
        }
        if entry.verify(&ledger.networks().network_of(&log)).is_err() {
            return Judgement::reject(Fault::SIGNATURE);
        }
        match place {
            Place::Contradicts => {
                // Above an open fork there is nothing more to prove.
                let open = ledger.open_fork(&log, history).map(|known| known.mark().seq);
                if open.is_some_and(|fork| fork < entry.statement.seq) || !self.forks.take(now) {
                    return Judgement { note: Some("gossip-contradiction"), ..Judgement::ignore() };
                }
                // Signed by itself, it is a chain of one.
                let chain = Chain::new(ledger.networks(), vec![bytes.to_vec()]).ok();
                let proof = chain.and_then(|chain| ledger.contradicts(&chain, history));
                let new = proof.filter(|proof| ledger.is_new_fork(proof));
                let heard = new.map(|proof| Heard::Fork(Box::new(proof)));
                Judgement { note: Some("gossip-contradiction"), heard, ..Judgement::ignore() }
            }
            _ => Judgement::accept(Heard::Entry(log)),
        }
    }

    /// A log has grown: its last entry is to be announced.
    pub(super) fn announce_entry(&mut self, log: PublicKey, entry: Arc<[u8]>) {
        if self.waiting.len() < limits::ANNOUNCE_QUEUE || self.waiting.contains_key(&log) {
            self.waiting.insert(log, entry);
        }
    }

    /// A fork is to be announced, if its proof fits into a message. A larger one is brought by sync, like everything else.
    pub(super) fn announce_fork(&mut self, proof: &ForkProof) {
        let message = Announcement::fork(&proof.encode()).encode();
        if message.len() <= GOSSIP_MAX {
            self.push_urgent(message);
        }
    }

    /// What was said in a ballot is to be announced: the first of it, which stands for the rest.
    pub(super) fn announce_ballot(&mut self, papers: &Papers) {
        if let Some(statement) = papers.statements.first() {
            self.push_urgent(Announcement::ballot(statement).encode());
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
        self.push_urgent(Announcement::node(record).encode());
    }

    /// The next message to publish, if the rate allows one now.
    pub(super) fn next_message(&mut self, now: Instant) -> Option<Vec<u8>> {
        while !self.urgent.is_empty() || !self.waiting.is_empty() {
            if self.announce.wait(now) > std::time::Duration::ZERO {
                return None;
            }
            let message = match self.urgent.pop_front() {
                Some(message) => message,
                None => self.waiting.pop_first().map(|(_, entry)| Announcement::entry(&entry).encode())?,
            };
            // What was heard and passed on, or said before, is not said again.
            if self.seen.insert(Hash::of(&message)) {
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

    fn push_urgent(&mut self, message: Vec<u8>) {
        if self.urgent.len() < limits::RATES {
            self.urgent.push_back(message);
        }
    }
}

fn judge_fork(bytes: &[u8], ledger: &Ledger, within_rate: impl FnOnce() -> bool) -> Judgement {
    let proof = match ForkProof::decode(ledger.networks(), bytes) {
        Ok(proof) => proof,
        // Without the charter nobody knows which logs it carries over from another network.
        Err(ForkError::Chain(ChainError::Signature(_))) if ledger.authority().is_none() => {
            return Judgement { note: Some("gossip-unplaced"), ..Judgement::ignore() };
        }
        Err(ForkError::Chain(ChainError::Signature(_))) => return Judgement::reject(Fault::SIGNATURE),
        Err(_) => return Judgement::reject(Fault::FORK_PROOF),
    };
    let log = proof.log();
    // Anybody can fork a log of his own making; only what stands in a keyring is worth remembering.
    if ledger.authority().and_then(|authority| authority.standing(&log)).is_none() {
        return Judgement { note: Some("gossip-unplaced"), ..Judgement::ignore() };
    }
    if !ledger.is_new_fork(&proof) {
        Judgement::ignore()
    } else if within_rate() {
        Judgement::accept(Heard::Fork(Box::new(proof)))
    } else {
        Judgement { note: Some("gossip-rate"), ..Judgement::ignore() }
    }
}

fn judge_record(bytes: &[u8], from: Sender, ledger: &Ledger, records: &mut Records) -> Judgement {
    let is_member =
        |key: &PublicKey| ledger.authority().is_some_and(|authority| authority.member_of_node(key).is_some());
    match records.learn(bytes, (from.peer, from.local), is_member) {
        Ok(Learnt::New(peer, addresses)) => Judgement::accept(Heard::Node(peer, addresses)),
        Ok(Learnt::Nothing) => Judgement::ignore(),
        Err(fault) => Judgement::reject(fault),
    }
}

fn judge_ballot(bytes: &[u8], ledger: &Ledger) -> Judgement {
    match judge_statement(ledger, bytes) {
        Ok(BallotPlace::Known) => Judgement::ignore(),
        Ok(BallotPlace::News) => Judgement::accept(Heard::Ballot),
        Ok(BallotPlace::Unplaced) => {
            Judgement { note: Some("gossip-unplaced"), heard: Some(Heard::Unplaced), ..Judgement::ignore() }
        }
        Err(_) if Statement::decode(bytes).is_err() => Judgement::reject(Fault::GOSSIP),
        Err(_) => Judgement::reject(Fault::BALLOT),
    }
}

/// The last messages, by their hash.
#[derive(Debug, Default)]
struct Recent {
    order: VecDeque<Hash>,
    held: HashSet<Hash>,
}

impl Recent {
    /// Adds one; false if it is there.
    fn insert(&mut self, hash: Hash) -> bool {
        if !self.held.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > limits::RECENT_MESSAGES
            && let Some(oldest) = self.order.pop_front()
        {
            self.held.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use nanduti_protocol::entry::{BodyRef, Statement};
    use nanduti_protocol::kind::{Audience, Kind};

    use super::*;

    struct Nothing;

    impl History for Nothing {
        fn hash_at(&self, _: &PublicKey, _: u64) -> Option<Hash> {
            None
        }

        fn entry_at(&self, _: &PublicKey, _: u64) -> Option<Vec<u8>> {
            None
        }
    }

    struct Scene {
        gossip: Gossip,
        ledger: Ledger,
        records: Records,
        now: Instant,
        from: Sender,
    }

    impl Scene {
        fn new() -> Self {
            let (network, now) = (Hash::of(b"network"), Instant::now());
            let records = Records::new(network, PublicKey::from_bytes([0; 32]));
            let from = Sender { peer: PeerId::random(), local: false };
            Self { gossip: Gossip::new(now), ledger: Ledger::new(network), records, now, from }
        }

        fn judge(&mut self, data: &[u8]) -> Judgement {
            self.gossip.judge(data, self.from, (&self.ledger, &Nothing), &mut self.records, self.now)
        }
    }

    fn entry(seq: u64, prev: Hash) -> Vec<u8> {
        let key = SigningKey::from_bytes(&[1; 32]);
        Statement {
            log: PublicKey::from(&key),
            seq,
            body: BodyRef::to(b"body"),
            kind: Kind::Practice,
            prev,
            time: 0,
            audience: Audience::Public,
        }
        .sign(&Hash::of(b"network"), &key)
    }

    #[test]
    fn what_cannot_be_placed_is_ignored_and_garbage_is_blamed() {
        let mut scene = Scene::new();
        let unplaced = scene.judge(&Announcement::entry(&entry(3, Hash::of(b"p"))).encode());
        assert_eq!(unplaced.acceptance, MessageAcceptance::Ignore);
        assert_eq!((unplaced.fault, unplaced.heard), (None, Some(Heard::Unplaced)));
        for garbage in
            [b"".to_vec(), b"garbage".to_vec(), Announcement::entry(b"e").encode(), Announcement::fork(b"f").encode()]
        {
            let judgement = scene.judge(&garbage);
            assert_eq!(judgement.acceptance, MessageAcceptance::Reject);
            assert!(judgement.fault.is_some());
        }
        // Without the charter nobody knows of which networks it carries logs over.
        let elsewhere = Announcement::entry(&entry(0, Hash::of(b"p"))).encode();
        assert_eq!(scene.judge(&elsewhere).heard, Some(Heard::Unplaced));
        let world = crate::store::tests::chains::World::new();
        scene.ledger = Ledger::new(world.network);
        scene.ledger.adopt_charter(&world.charter).unwrap();
        assert_eq!(scene.judge(&elsewhere).fault, Some(Fault::OTHER_NETWORK));
    }

    #[test]
    fn more_than_the_rate_is_passed_over_without_blame() {
        let mut scene = Scene::new();
        let message = Announcement::entry(&entry(3, Hash::of(b"p"))).encode();
        let judged: Vec<Judgement> = (0..1000).map(|_| scene.judge(&message)).collect();
        let looked_at = judged.iter().filter(|judgement| judgement.heard.is_some()).count();
        assert_eq!(looked_at as f64, limits::GOSSIP_PEER_RATE.1);
        assert!(judged.iter().all(|judgement| judgement.fault.is_none()));
        scene.from.peer = PeerId::random();
        assert!(scene.judge(&message).heard.is_some(), "others are heard");
    }

    #[test]
    fn a_proof_that_is_too_large_for_a_message_is_left_to_sync() {
        // One side of the fork stands by its chain alone for `len` entries.
        let proof = |len: u64| {
            let mut prev = Hash::of(b"below");
            let entries = (4..4 + len).map(|seq| {
                let mut bytes = entry(seq, prev);
                if seq + 1 < 4 + len {
                    *bytes.last_mut().unwrap() ^= 1;
                }
                prev = Hash::of(&bytes);
                bytes
            });
            let network = Hash::of(b"network");
            let side = Chain::new(&network, entries.collect()).unwrap();
            ForkProof::new(4, side, Chain::new(&network, vec![entry(4, Hash::of(b"elsewhere"))]).unwrap()).unwrap()
        };
        for (len, announced) in [(2, true), (20, true), (64, false)] {
            let mut gossip = Gossip::new(Instant::now());
            gossip.announce_fork(&proof(len));
            let message = gossip.next_message(Instant::now());
            assert_eq!(message.is_some(), announced, "{len} entries");
            assert!(message.is_none_or(|message| Announcement::decode(&message).is_ok()));
        }
    }

    #[test]
    fn of_a_log_that_grows_fast_the_last_entry_is_announced_and_nothing_twice() {
        let mut gossip = Gossip::new(Instant::now());
        let now = Instant::now();
        let log = PublicKey::from_bytes([1; 32]);
        for byte in 0..10 {
            gossip.announce_entry(log, Arc::from([byte].as_slice()));
        }
        assert_eq!(gossip.next_message(now), Some(Announcement::entry(&[9]).encode()));
        assert_eq!(gossip.next_message(now), None);
        gossip.announce_entry(log, Arc::from([9].as_slice()));
        assert_eq!(gossip.next_message(now), None, "said before");
        for byte in 0..250 {
            gossip.announce_entry(PublicKey::from_bytes([byte; 32]), Arc::from([1, byte].as_slice()));
        }
        let (_, at_once) = limits::ANNOUNCE_RATE;
        assert_eq!(std::iter::from_fn(|| gossip.next_message(now)).count() as f64, at_once - 1.0);
        assert!(gossip.next_due(now).is_some_and(|due| due > now));
    }
}
