//! Nodes that are far from each other, over lines that lose.

use std::time::Duration;

use nanduti_tests::{hosts::Line, until};

use crate::scene::{QUIC, Scene, TCP, lists, publish};

/// Half of the way between any two: 300 ms, give or take 100, and one frame in twenty lost.
const FAR: Line =
    Line { delay: Duration::from_millis(150), jitter: Duration::from_millis(50), loss: 0.0253, rate: None };

fn far_apart(listen: &str, peer: impl Fn(&Scene, usize) -> String) {
    let Some(mut scene) = Scene::found(&["PRY", "MAR", "PRT", "KEN", "WSM"]) else { return };
    for host in &scene.hosts {
        scene.internet.set_line(host, FAR);
    }
    scene.start(&[listen]);
    for before in 0..4 {
        let peer = peer(&scene, before);
        scene.start(&[listen, &peer]);
    }
    for (at, node) in scene.nodes.iter().enumerate() {
        publish(node, &format!("Practice {at}"));
    }
    until("all hold the five practices", || scene.all_hold(5));
    publish(&scene.nodes[2], "One more");
    until("all can read one more", || scene.nodes.iter().all(|node| lists(node, "One more")));
    until("all are equal", || scene.all_hold(6));
}

#[test]
fn nodes_far_apart_on_lines_that_lose_come_to_one_library_over_quic() {
    far_apart(QUIC, Scene::peer);
}

#[test]
fn nodes_far_apart_on_lines_that_lose_come_to_one_library_over_tcp() {
    far_apart(TCP, Scene::tcp_peer);
}
