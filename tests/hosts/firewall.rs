//! A node that can call out and that nobody can call.

use std::time::Duration;

use nanduti_tests::until;

use crate::scene::{Scene, lists, publish};

#[test]
fn a_node_behind_a_firewall_that_lets_nobody_in_publishes_and_receives() {
    let Some(mut scene) = Scene::found(&["PRY", "MAR", "KEN", "WSM"]) else { return };
    scene.start(&[]);
    let peer = scene.peer(0);
    scene.start(&[&peer]);
    scene.start(&[&peer]);
    scene.hosts[3].let_nobody_in();
    scene.start(&[&peer]);
    assert!(scene.hosts[3].reaches(&scene.hosts[1], Duration::from_secs(10)), "it can call out");
    assert!(!scene.hosts[1].reaches(&scene.hosts[3], Duration::from_secs(1)), "nobody can call it");
    publish(&scene.nodes[3], "From behind the wall");
    until("all can read what it says", || scene.nodes.iter().all(|node| lists(node, "From behind the wall")));
    publish(&scene.nodes[2], "From outside");
    until("it can read what others say", || lists(&scene.nodes[3], "From outside"));
    until("all are equal", || scene.all_hold(2));
    // It dials those of whom it hears, so that it does not depend on the one whom it was told.
    until("it is connected to all", || scene.nodes[3].status().peers_connected == 3);
}
