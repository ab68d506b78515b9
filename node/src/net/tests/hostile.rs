//! Peers that mean harm: refused, counted, and the honest go on undisturbed.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use libp2p::Multiaddr;
use nanduti_protocol::announce::Announcement;
use nanduti_protocol::chain::Chain;
use nanduti_protocol::fork::ForkProof;
use nanduti_protocol::frontier::Frontier;
use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::sync::{Hello, Message, message_frame};

use super::fixture::{Setup, TestNode, Tip, World, adoption, all_equal, patiently, publish_key, run_bytes};
use super::raw::{Lies, Raw, segment_frame};
use crate::net::SyncTarget;

/// A node that is attacked, and an honest one beside it.
struct Scene {
    world: World,
    victim: TestNode,
    friend: TestNode,
    tips: BTreeMap<usize, Tip>,
    address: Multiaddr,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new();
        let victim = TestNode::start(&world, 0, &Setup::quic());
        let tips = victim.found(&world).await;
        let friend = TestNode::start(&world, 1, &Setup::quic().to(&victim));
        all_equal(&[&victim, &friend], &publish_key(0), 1).await;
        let address = victim.net.addresses().remove(0);
        Self { world, victim, friend, tips, address }
    }

    async fn attacker(&self) -> Raw {
        Raw::connect(&self.world, &self.address).await
    }

    fn lies(&self, next: u64) -> (Lies, PublicKey) {
        let log = PublicKey::from(&publish_key(2));
        let frontier: Frontier = (*self.victim.core.snapshot().frontier).clone();
        (Lies::more(self.world.network, &frontier, log, next), log)
    }

    /// The fault has been counted, and honest traffic still flows both ways.
    async fn holds_out(mut self, refused: &str) {
        patiently(async {
            // Reports come a moment after the stream is closed; each question lets the node's task have a turn.
            while self.victim.refused(refused).await == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let run = self.world.more(0, self.tips.get_mut(&0).unwrap(), 5, 100);
        self.victim.core.admit(run).await.unwrap();
        let run = self.world.more(1, self.tips.get_mut(&1).unwrap(), 5, 100);
        self.friend.core.admit(run).await.unwrap();
        all_equal(&[&self.victim, &self.friend], &publish_key(0), 6).await;
        all_equal(&[&self.victim, &self.friend], &publish_key(1), 6).await;
    }
}

fn hello(network: Hash) -> Vec<u8> {
    let hello = Hello { network, digest: Hash::of(b"other"), ballots: None, wants: 0, pull: Vec::new() };
    message_frame(&Message::Hello(hello))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_with_a_bad_signature() {
    let scene = Scene::new().await;
    let mut attacker = scene.attacker().await;
    let (lies, _) = scene.lies(4);
    let mut tip = scene.tips[&2];
    let mut items: Vec<_> = (0..3).map(|_| scene.world.next(2, &mut tip, 100)).collect();
    *items[2].0.last_mut().unwrap() ^= 1;
    let frame = {
        let run = run_bytes(&items);
        segment_frame(&run, run.len())
    };
    attacker.session(lies, |_, _, _| frame.clone()).await;
    assert_eq!(scene.victim.core.snapshot().ledger.extent(&PublicKey::from(&publish_key(2))).unwrap().next, 1);
    // Again, and it is out. It may find the victim busy in between.
    patiently(async {
        while attacker.is_up() {
            let (lies, _) = scene.lies(4);
            attacker.session(lies, |_, _, _| frame.clone()).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    scene.holds_out("bad-signature").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_whose_entries_do_not_link() {
    let scene = Scene::new().await;
    let mut attacker = scene.attacker().await;
    let (lies, _) = scene.lies(4);
    let mut tip = scene.tips[&2];
    let mut items = vec![scene.world.next(2, &mut tip, 100)];
    tip.prev = Hash::of(b"elsewhere");
    items.push(scene.world.next(2, &mut tip, 100));
    let run = run_bytes(&items);
    attacker.session(lies, |_, _, _| segment_frame(&run, run.len())).await;
    scene.holds_out("bad-segment").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_another() {
    let scene = Scene::new().await;
    let mut attacker = scene.attacker().await;
    let (lies, _) = scene.lies(2);
    let mut tip = scene.tips[&2];
    let (entry, _) = scene.world.next(2, &mut tip, 100);
    let run = run_bytes(&[(entry, b"something else".to_vec())]);
    attacker.session(lies, |_, _, _| segment_frame(&run, run.len())).await;
    scene.holds_out("bad-body").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_is_a_bomb() {
    let scene = Scene::new().await;
    let mut attacker = scene.attacker().await;
    let (lies, _) = scene.lies(4);
    let bomb = segment_frame(&vec![0; 256 << 20], 1000);
    attacker.session(lies, |_, _, _| bomb.clone()).await;
    scene.holds_out("bad-compression").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_of_another_network() {
    let scene = Scene::new().await;
    let mut attacker = scene.attacker().await;
    attacker.write_to_session(&hello(Hash::of(b"other"))).await;
    attacker.is_connected(false).await;
    scene.holds_out("other-network").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_are_too_long_unknown_or_cut_off() {
    let scene = Scene::new().await;
    scene.attacker().await.write_to_session(&[0, 0xff, 0xff, 0xff]).await;
    scene.attacker().await.write_to_session(&[77, 0, 0, 1, 0]).await;
    let mut cut = hello(scene.world.network);
    cut.truncate(20);
    {
        let mut attacker = scene.attacker().await;
        let mut stream = attacker.open("/nanduti/sync/1").await;
        futures::AsyncWriteExt::write_all(&mut stream, &cut).await.unwrap();
        futures::AsyncWriteExt::close(&mut stream).await.unwrap();
    }
    scene.attacker().await.write_to_session(&message_frame(&Message::End)).await;
    let garbage = [[0, 0, 0, 9].as_slice(), b"not cbor!"].concat();
    scene.attacker().await.write_to_session(&garbage).await;
    for name in ["frame-length", "frame-type", "unexpected", "encoding"] {
        patiently(async {
            while scene.victim.refused(name).await == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    scene.holds_out("frame-length").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_end() {
    let scene = Scene::new().await;
    let mut attacker = scene.attacker().await;
    let turn = Message::Compare(nanduti_protocol::sync::Compare { more: true, parts: Vec::new() });
    let mut bytes = hello(scene.world.network);
    for _ in 0..10_000 {
        bytes.extend(message_frame(&turn));
    }
    attacker.write_to_session(&bytes).await;
    scene.holds_out("malformed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_already_sent_again_and_again() {
    let scene = Scene::new().await;
    let mut attacker = scene.attacker().await;
    let (lies, log) = scene.lies(4);
    let known = scene.victim.core.read_run(&log, 0, 1, 1000).unwrap();
    let frames = segment_frame(&known, known.len()).repeat(10_000);
    attacker.session(lies, |_, _, _| frames.clone()).await;
    scene.holds_out("nothing-new").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_without_end_of_a_key_that_nobody_knows() {
    let scene = Scene::new().await;
    let mut attacker = scene.attacker().await;
    let (lies, _) = scene.lies(4);
    let (stranger, tip) = (SigningKey::from_bytes(&[0x99; 32]), Tip { seq: 5, prev: Hash::of(b"somewhere") });
    let entry = scene.world.entry(&stranger, tip, adoption(), b"body");
    let run = run_bytes(&[(entry, b"body".to_vec())]);
    let frames = segment_frame(&run, run.len()).repeat(10_000);
    attacker.session(lies, |_, _, _| frames.clone()).await;
    scene.holds_out("nothing-new").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fork_told_in_ever_new_words() {
    let scene = Scene::new().await;
    let attacker = scene.attacker().await;
    let tip = scene.tips[&2];
    let said = |number: u8| scene.world.entry(&publish_key(2), tip, adoption(), &[number]);
    let mut entries: Vec<Vec<u8>> = (0..150).map(said).collect();
    // From the largest hash down, so that each proof is lower than all before it.
    entries.sort_by_key(|entry| std::cmp::Reverse(Hash::of(entry)));
    for pair in entries.windows(2) {
        let side = |entry: &Vec<u8>| Chain::new(&scene.world.network, vec![entry.clone()]).unwrap();
        let proof = ForkProof::new(tip.seq, side(&pair[0]), side(&pair[1])).unwrap();
        attacker.publish(Announcement::fork(&proof.encode()).encode()).await;
    }
    scene.holds_out("gossip-rate").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gossip_that_is_garbage() {
    let scene = Scene::new().await;
    let attacker = scene.attacker().await;
    for byte in 0..20 {
        attacker.publish(vec![byte; 100]).await;
    }
    attacker.is_connected(false).await;
    scene.holds_out("bad-gossip").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gossip_with_a_bad_signature_or_of_another_network() {
    let scene = Scene::new().await;
    let mut tip = scene.tips[&2];
    for (spoil, name) in [(true, "bad-signature"), (false, "other-network")] {
        let attacker = scene.attacker().await;
        let (mut entry, _) = match spoil {
            true => scene.world.next(2, &mut tip, 100),
            false => {
                let mut elsewhere = Tip { seq: 0, prev: Hash::of(b"elsewhere") };
                scene.world.next(2, &mut elsewhere, 100)
            }
        };
        if spoil {
            *entry.last_mut().unwrap() ^= 1;
        }
        attacker.publish(Announcement::entry(&entry).encode()).await;
        patiently(async {
            while scene.victim.refused(name).await == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(scene.friend.refused("bad-signature").await, 0, "it was not passed on");
    scene.holds_out("bad-signature").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_list_that_is_none() {
    let scene = Scene::new().await;
    let mut attacker = scene.attacker().await;
    let mut stream = attacker.open("/nanduti/peers/1").await;
    futures::AsyncWriteExt::write_all(&mut stream, &[0xff; 64]).await.unwrap();
    futures::AsyncWriteExt::flush(&mut stream).await.unwrap();
    scene.holds_out("oversized").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_who_hold_sessions_take_no_place_of_a_member() {
    let scene = Scene::new().await;
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut attacker = scene.attacker().await;
        let mut stream = attacker.open("/nanduti/sync/1").await;
        // Whoever finds no place is cut off at once.
        drop(futures::AsyncWriteExt::write_all(&mut stream, &hello(scene.world.network)).await);
        drop(futures::AsyncWriteExt::flush(&mut stream).await);
        held.push((attacker, stream));
    }
    patiently(async {
        while scene.victim.refused("busy").await == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let target = Some(SyncTarget::Peer(scene.victim.net.peer_id()));
    let outcome = scene.friend.net.sync_now(target).await.unwrap();
    assert_eq!(outcome[0].error, None);
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_who_asks_for_what_is_for_members_is_given_none_of_it() {
    let mut scene = Scene::new().await;
    let log = PublicKey::from(&publish_key(0));
    let secret = scene.world.confidential(0, scene.tips.get_mut(&0).unwrap());
    scene.victim.core.admit(secret).await.unwrap();
    let run = scene.world.more(0, scene.tips.get_mut(&0).unwrap(), 1, 100);
    scene.victim.core.admit(run).await.unwrap();
    let mut attacker = scene.attacker().await;
    let frontier: Frontier = (*scene.victim.core.snapshot().frontier).clone();
    let network = scene.world.network;
    let wanted = vec![(log, 1), (log, 2)];
    // Once as somebody who holds nothing and is sent segments, once as somebody who lacks nothing but bodies.
    for frontier in [Frontier::default(), frontier] {
        let lies = Lies { network, frontier, hashes: BTreeMap::new(), wanted: wanted.clone() };
        attacker.session(lies, |_, _, _| Vec::new()).await;
    }
    let heard = attacker.heard.concat();
    let holds = |bytes: &[u8]| heard.windows(bytes.len()).any(|found| found == bytes);
    assert!(holds(&[b'x'; 50]), "a body that is public was sent");
    assert!(!holds(b"for members"), "and none of what is not");
    let friend = &scene.friend;
    friend.holds(&publish_key(0), 3).await;
    assert_eq!(friend.core.body(&log, 1).unwrap().as_deref(), Some(b"for members".as_slice()), "a member has it");
}
