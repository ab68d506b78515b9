//! What is heard is judged as it must be, and what is said keeps to the rates.

use ed25519_dalek::SigningKey;
use nanduti_protocol::announce::Announcement;
use nanduti_protocol::chain::Chain;
use nanduti_protocol::entry::{BodyRef, Statement};
use nanduti_protocol::kind::{Audience, Kind};
use nanduti_protocol::ledger::{History, Ledger};

use super::super::records::Records;
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
        gossip.announce_entry(log, Arc::from([byte].as_slice()), None);
    }
    assert_eq!(gossip.next_message(now), Some(Announcement::entry(&[9]).encode()));
    assert_eq!(gossip.next_message(now), None);
    gossip.announce_entry(log, Arc::from([9].as_slice()), None);
    assert_eq!(gossip.next_message(now), None, "said before");
    for byte in 0..250 {
        gossip.announce_entry(PublicKey::from_bytes([byte; 32]), Arc::from([1, byte].as_slice()), None);
    }
    let (_, at_once) = limits::ANNOUNCE_RATE;
    assert_eq!(std::iter::from_fn(|| gossip.next_message(now)).count() as f64, at_once - 1.0);
    assert!(gossip.next_due(now).is_some_and(|due| due > now));
}
