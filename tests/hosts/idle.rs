//! What a node costs while nothing happens. A measurement, which takes as many seconds as `NANDUTI_TEST_IDLE_S` says, and is
//! left out without it.

use std::time::{Duration, Instant};

use nanduti_tests::{until, until_within};

use crate::scene::{Scene, publish};

/// What eight peers may cost in a day, both directions together, as the kernel counts it.
const A_DAY: f64 = 10e6;

#[test]
fn an_idle_node_with_eight_peers_costs_less_than_ten_megabytes_a_day() {
    let Some(seconds) = std::env::var("NANDUTI_TEST_IDLE_S").ok().and_then(|text| text.parse().ok()) else { return };
    let Some(mut scene) = Scene::found(&["PRY", "MAR", "PRT", "KEN", "WSM", "ARG", "BOL", "CHL", "DEU"]) else {
        return;
    };
    // As an operator would have it.
    let usual = "network.sync_interval_s=60";
    scene.start(&[usual]);
    let peer = scene.peer(0);
    for _ in 0..8 {
        scene.start(&[usual, &peer]);
    }
    publish(&scene.nodes[0], "Something to agree on");
    until("all hold it", || scene.all_hold(1));
    until("all are connected", || scene.nodes.iter().all(|node| node.status().peers_connected == 8));
    let wait = |time: Duration| {
        let began = Instant::now();
        until_within(time * 2, "the time is over", || began.elapsed() >= time);
    };
    // What was new becomes old first: the timers slow down.
    wait(Duration::from_secs(seconds) / 2);
    let before = scene.hosts[0].traffic();
    wait(Duration::from_secs(seconds));
    let after = scene.hosts[0].traffic();
    let bytes = (after.received - before.received + after.sent - before.sent) as f64;
    let a_day = bytes * 86_400.0 / seconds as f64;
    println!("{bytes} bytes in {seconds} s: {:.1} MB a day", a_day / 1e6);
    assert!(a_day < A_DAY, "{a_day} bytes a day");
}
