//! An internet that falls into two parts and comes together again, and hosts that go without a word.

use std::time::{Duration, Instant};

use nanduti_tests::{Running, until, until_within};

use crate::scene::{Scene, TCP, hold, publish};

/// What `Host::start` sets, and the node's own time for a handshake.
const SYNC_INTERVAL: Duration = Duration::from_secs(5);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// For how long a node bears silence behind a TCP connection.
const SILENCE: Duration = Duration::from_secs(60);

#[test]
fn two_parts_of_the_internet_go_on_alone_and_are_one_library_soon_after_they_meet_again() {
    let Some(mut scene) = Scene::found(&["PRY", "MAR", "PRT", "KEN", "WSM", "ARG"]) else { return };
    scene.start(&[]);
    for before in 0..5 {
        let peer = scene.peer(before);
        scene.start(&[&peer]);
    }
    publish(&scene.nodes[0], "Before");
    until("all hold what was before", || scene.all_hold(1));
    until("all are connected to all", || scene.nodes.iter().all(|node| node.status().peers_connected == 5));

    let (left, right) = scene.hosts.split_at(3);
    scene.internet.part(&[&left.iter().collect::<Vec<_>>(), &right.iter().collect::<Vec<_>>()]);
    let sides: [Vec<&Running>; 2] = [scene.nodes[..3].iter().collect(), scene.nodes[3..].iter().collect()];
    publish(sides[0][1], "On the left");
    publish(sides[1][0], "On the right");
    publish(sides[1][2], "On the right as well");
    until("the left goes on", || hold(&sides[0], 2));
    until("the right goes on", || hold(&sides[1], 3));
    until("each notices whom it lost", || scene.nodes.iter().all(|node| node.status().peers_connected == 2));
    let lost = Instant::now();
    until_within(2 * HANDSHAKE, "some dials have failed", || lost.elapsed() > HANDSHAKE);
    assert!(hold(&sides[0], 2) && hold(&sides[1], 3), "nothing crosses");

    scene.internet.part(&[&scene.hosts.iter().collect::<Vec<_>>()]);
    // A dial waits at most as long again as the dials before it took together, and the one under way has to fail first.
    let bound = lost.elapsed() + HANDSHAKE + 2 * SYNC_INTERVAL;
    let took = until_within(bound, "all are equal by themselves", || scene.all_hold(4));
    println!("equal {took:?} after the two parts met, bound {bound:?}");
}

#[test]
fn a_host_that_goes_without_a_word_counts_as_gone_soon_and_is_found_when_it_is_back() {
    let Some(mut scene) = Scene::found(&["PRY", "MAR"]) else { return };
    // TCP itself would hope for a quarter of an hour.
    scene.start(&[TCP]);
    let peer = scene.tcp_peer(0);
    scene.start(&[TCP, &peer]);
    until("they are connected", || scene.nodes.iter().all(|node| node.status().peers_connected == 1));
    scene.internet.part(&[&[&scene.hosts[0]], &[&scene.hosts[1]]]);
    publish(&scene.nodes[0], "Said to nobody");
    // It begins with the next session; the one that finds it too long has to fail first.
    let bound = SYNC_INTERVAL + SILENCE + 3 * HANDSHAKE;
    until_within(bound, "each notices", || scene.nodes.iter().all(|node| node.status().peers_connected == 0));
    scene.internet.part(&[&[&scene.hosts[0], &scene.hosts[1]]]);
    until("it arrives after all", || scene.all_hold(1));
}
