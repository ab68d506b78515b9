//! Honest nodes end with the same library, by gossip and without.

use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::run::{ReceivedRun, push_item};

use super::fixture::{OBSERVER, Setup, TestNode, World, all_equal, patiently, publish_key};
use crate::net::SyncTarget;

async fn two_converge(setup: Setup) {
    let world = World::new();
    let one = TestNode::start(&world, 0, &setup);
    let mut tips = one.found(&world).await;
    one.core.admit(world.more(0, tips.get_mut(&0).unwrap(), 500, 2000)).await.unwrap();
    let two = TestNode::start(&world, 1, &setup.clone().to(&one));
    all_equal(&[&one, &two], &publish_key(0), 501).await;
    // And back: what the second one writes reaches the first.
    two.core.admit(world.more(1, tips.get_mut(&1).unwrap(), 50, 2000)).await.unwrap();
    all_equal(&[&one, &two], &publish_key(1), 51).await;
    one.net.stop().await;
    two.net.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_converge_over_quic_by_sync_alone() {
    two_converge(Setup::quic().silent()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_converge_over_tcp_by_sync_alone() {
    two_converge(Setup::tcp().silent()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_converge_over_quic_by_gossip() {
    two_converge(Setup::quic()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_converge_over_tcp_by_gossip() {
    two_converge(Setup::tcp()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_nodes_on_a_chain_of_introductions_converge_and_a_late_one_catches_up() {
    let world = World::new();
    let setup = Setup::quic();
    let first = TestNode::start(&world, 0, &setup);
    let mut tips = first.found(&world).await;
    let mut nodes = vec![first];
    for member in 1..4 {
        let node = TestNode::start(&world, member, &setup.clone().to(nodes.last().unwrap()));
        nodes.push(node);
    }
    for (member, node) in nodes.iter().enumerate() {
        node.holds(&publish_key(member), 1).await;
        let run = world.more(member, tips.get_mut(&member).unwrap(), 20, 500);
        node.core.admit(run).await.unwrap();
    }
    for member in 0..4 {
        all_equal(&nodes.iter().collect::<Vec<_>>(), &publish_key(member), 21).await;
    }
    // Each knew one address; by the node records everybody finds everybody.
    for node in &nodes {
        node.connected(3).await;
    }
    let late = TestNode::start(&world, 4, &setup.to(&nodes[3]));
    nodes.push(late);
    for member in 0..4 {
        all_equal(&nodes.iter().collect::<Vec<_>>(), &publish_key(member), 21).await;
    }
    nodes[4].core.admit(world.more(4, tips.get_mut(&4).unwrap(), 1, 500)).await.unwrap();
    all_equal(&nodes.iter().collect::<Vec<_>>(), &publish_key(4), 2).await;
    for node in &nodes {
        node.net.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_directions_stream_at_once_and_much_arrives() {
    let world = World::new();
    let setup = Setup::quic().silent();
    let one = TestNode::start(&world, 0, &setup);
    let two = TestNode::start(&world, 1, &setup);
    let mut tips = one.found(&world).await;
    two.found(&world).await;
    for _ in 0..10 {
        one.core.admit(world.more(0, tips.get_mut(&0).unwrap(), 300, 10_000)).await.unwrap();
        two.core.admit(world.more(1, tips.get_mut(&1).unwrap(), 300, 10_000)).await.unwrap();
    }
    let outcomes = patiently(two.net.sync_now(Some(SyncTarget::Address(one.net.addresses().remove(0))))).await.unwrap();
    let [outcome] = outcomes.as_slice() else { panic!("one peer") };
    assert_eq!(outcome.error, None);
    assert!(outcome.equal, "{outcome:?}");
    assert_eq!((outcome.received, outcome.sent), (3000, 3000), "{outcome:?}");
    assert_eq!(outcome.member.as_deref(), Some("KEN"));
    assert_eq!(one.core.snapshot().digest, two.core.snapshot().digest);
    let peers = two.net.peers().await.unwrap();
    assert!(
        peers.iter().any(|peer| peer.connected && peer.equal == Some(true) && peer.last_sync.is_some()),
        "{peers:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_compressed_once_is_served_and_kept_as_it_is() {
    let world = World::new();
    let setup = Setup::quic().silent();
    let one = TestNode::start(&world, 0, &setup);
    let two = TestNode::start(&world, 1, &setup);
    let mut tips = one.found(&world).await;
    let log = PublicKey::from(&publish_key(0));
    for _ in 0..3 {
        one.core.admit(world.more(0, tips.get_mut(&0).unwrap(), 100, 10_000)).await.unwrap();
    }
    patiently(two.net.sync_now(Some(SyncTarget::Address(one.net.addresses().remove(0))))).await.unwrap();
    assert_eq!(one.core.snapshot().digest, two.core.snapshot().digest);
    let pieces = |node: &TestNode| {
        let read = |seq| node.core.read_frame(&log, seq, seq + 100, 0).unwrap();
        [101, 201].map(|seq| read(seq).map(|framed| Hash::of(&framed.frame)))
    };
    assert!(pieces(&one).iter().all(Option::is_some));
    assert_eq!(pieces(&two), pieces(&one));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_down_knows_its_peers_again() {
    let world = World::new();
    let setup = Setup::tcp();
    let one = TestNode::start(&world, 0, &setup);
    let mut tips = one.found(&world).await;
    let two = TestNode::start(&world, 1, &setup);
    two.net.add_peer(one.net.addresses().remove(0)).await.unwrap();
    two.holds(&publish_key(0), 1).await;
    one.connected(1).await;
    let restarting = two.restart(&world, &setup);
    one.core.admit(world.more(0, tips.get_mut(&0).unwrap(), 10, 500)).await.unwrap();
    let two = restarting.await;
    all_equal(&[&one, &two], &publish_key(0), 11).await;
    // A blocked peer is let in again only when it is allowed.
    one.net.block(two.net.peer_id(), true).await.unwrap();
    one.connected(0).await;
    one.core.admit(world.more(0, tips.get_mut(&0).unwrap(), 10, 500)).await.unwrap();
    one.net.block(two.net.peer_id(), false).await.unwrap();
    all_equal(&[&one, &two], &publish_key(0), 21).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_to_synchronise_with_is_said() {
    let world = World::new();
    let node = TestNode::start(&world, 0, &Setup::quic());
    assert!(node.net.sync_now(None).await.is_err());
    let own = node.net.addresses().remove(0);
    assert!(node.net.sync_now(Some(SyncTarget::Address(own))).await.is_err());
    let other = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN".parse().unwrap();
    let outcomes = patiently(node.net.sync_now(Some(SyncTarget::Address(other)))).await.unwrap();
    assert!(outcomes[0].error.is_some());
    node.net.stop().await;
    assert!(node.net.peers().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_for_members_stays_with_members() {
    let world = World::new();
    let setup = Setup::quic();
    let one = TestNode::start(&world, 0, &setup);
    let mut tips = one.found(&world).await;
    let tip = tips.get_mut(&0).unwrap();
    one.core.admit(world.more(0, tip, 1, 100)).await.unwrap();
    one.core.admit(world.confidential(0, tip)).await.unwrap();
    one.core.admit(world.more(0, tip, 1, 100)).await.unwrap();
    let member = TestNode::start(&world, 1, &setup.clone().to(&one));
    let observer = TestNode::start(&world, OBSERVER, &setup.to(&one));
    all_equal(&[&one, &member, &observer], &publish_key(0), 4).await;
    let log = PublicKey::from(&publish_key(0));
    let held = |node: &TestNode| (1..4).map(|seq| node.core.body(&log, seq).unwrap().is_some()).collect::<Vec<_>>();
    assert_eq!(held(&member), [true, true, true]);
    assert_eq!(held(&observer), [true, false, true]);
    // It is known why it is not here: nothing is wanted, and nothing asked for.
    let counts = observer.core.snapshot().counts.clone();
    assert_eq!((counts.wanted, counts.withheld, observer.core.wants(9, false)), (0, 1, Vec::new()));
    assert_eq!(observer.core.wants(9, true), [(log, 2)]);
    let outcomes = patiently(observer.net.sync_now(None)).await.unwrap();
    assert!(outcomes.iter().any(|outcome| outcome.equal && outcome.error.is_none()), "{outcomes:?}");
    let outcomes = patiently(observer.net.sync_now(None)).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.bytes_in + outcome.bytes_out <= 256), "{outcomes:?}");
    assert_eq!(held(&observer), [true, false, true]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_another_branch_is_not_blamed_for_its_body() {
    let world = World::new();
    let setup = Setup::quic().silent();
    let (one, other) = (TestNode::start(&world, 0, &setup), TestNode::start(&world, 1, &setup));
    let tips = one.found(&world).await;
    other.found(&world).await;
    // One of them holds an entry without its body, the other another entry at that place.
    let (mut tip, mut others_tip) = (tips[&2], tips[&2]);
    let mut bare = Vec::new();
    push_item(&mut bare, &world.next(2, &mut tip, 100).0, None);
    let bare = ReceivedRun::receive(bare).and_then(|run| run.verify(&world.network)).unwrap();
    one.core.admit(bare).await.unwrap();
    other.core.admit(world.more(2, &mut others_tip, 1, 200)).await.unwrap();
    let address = other.net.addresses().remove(0);
    let outcomes = patiently(one.net.sync_now(Some(SyncTarget::Address(address)))).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.error.is_none()), "{outcomes:?}");
    assert!(one.refused("other-body").await > 0, "it was offered one");
    assert_eq!(one.refused("bad-body").await, 0);
    assert!(one.core.body(&PublicKey::from(&publish_key(2)), 1).unwrap().is_none());
}
