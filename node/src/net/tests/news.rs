//! An entry that is announced with its body is taken in without asking for it.

use nanduti_protocol::announce::Announcement;
use nanduti_protocol::run::push_item;
use nanduti_protocol::sync::segment_head;

use super::fixture::{Setup, TestNode, World, all_equal, publish_key, run_bytes};
use super::raw::Raw;
use crate::core::Author;

/// The message that announces a run.
fn announce(run: &[u8]) -> Vec<u8> {
    let frame = zstd::bulk::compress(run, 1).expect("memory");
    let head = segment_head(run.len()).expect("small");
    Announcement::segment(&[&head[..], &frame].concat()).encode()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_somebody_who_serves_nothing() {
    let world = World::new();
    let node = TestNode::start(&world, 0, &Setup::tcp());
    let mut tips = node.found(&world).await;
    let peer = Raw::connect(&world, &node.net.addresses()[0]).await;
    for next in 2..5 {
        let item = world.next(1, tips.get_mut(&1).unwrap(), 3000);
        peer.publish(announce(&run_bytes(&[item]))).await;
        node.holds(&publish_key(1), next).await;
    }
    node.net.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spoilt_is_refused_and_what_is_sound_is_taken_in_after_it() {
    let world = World::new();
    let node = TestNode::start(&world, 0, &Setup::tcp());
    let mut tips = node.found(&world).await;
    let (entry, body) = world.next(1, tips.get_mut(&1).unwrap(), 500);
    let mut bare = Vec::new();
    push_item(&mut bare, &entry, None);
    let other = run_bytes(&[(entry.clone(), vec![7; 500])]);
    let mut forged = run_bytes(&[(entry.clone(), body.clone())]);
    // The last byte of the signature: before the head of the body and the body.
    let place = forged.len() - body.len() - 3 - 1;
    forged[place] ^= 1;
    let sound = announce(&run_bytes(&[(entry, body)]));
    let cut = {
        let Ok(Announcement::Segment(content)) = Announcement::decode(&sound) else { panic!("a segment") };
        Announcement::segment(&content[..content.len() - 1]).encode()
    };
    let spoilt = [
        (announce(&bare), "bad-gossip"),
        (announce(&other), "bad-gossip"),
        (cut, "bad-compression"),
        (announce(&forged), "bad-signature"),
    ];
    for (message, name) in spoilt {
        let before = node.refused(name).await;
        let peer = Raw::connect(&world, &node.net.addresses()[0]).await;
        peer.publish(message).await;
        super::fixture::patiently(async {
            while node.refused(name).await == before {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    let log = nanduti_protocol::key::PublicKey::from(&publish_key(1));
    assert_eq!(node.core.snapshot().ledger.extent(&log).unwrap().next, 1);
    // It stays until it has been heard.
    let peer = Raw::connect(&world, &node.net.addresses()[0]).await;
    peer.publish(sound).await;
    node.holds(&publish_key(1), 2).await;
    drop(peer);
    node.net.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn above_a_gap_the_log_is_pulled() {
    let world = World::new();
    let one = TestNode::start(&world, 0, &Setup::quic());
    one.found(&world).await;
    let two = TestNode::start(&world, 1, &Setup::quic().to(&one));
    all_equal(&[&one, &two], &publish_key(0), 1).await;
    // Several at once become one batch, of which only the last is announced.
    let member = world.charter.members[0].id.clone();
    one.core.speak_with(Author::new(publish_key(0), member)).await.unwrap();
    let write = |number: u8| {
        let audience = nanduti_protocol::kind::Audience::Public;
        one.core.author(super::fixture::adoption(), audience, 1, vec![number; 2000])
    };
    futures::future::try_join_all((0..20).map(write)).await.unwrap();
    all_equal(&[&one, &two], &publish_key(0), 21).await;
    one.net.stop().await;
    two.net.stop().await;
}
