//! Fifty nodes on one machine, each a process of its own that was told of two others.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use nanduti_tests::{Running, World, until_within};

use crate::scene::{PROGRAM, publish};

const NODES: usize = 50;
/// The first of them are members' nodes, the others observers'.
const MEMBERS: [&str; 8] = ["PRY", "MAR", "PRT", "KEN", "WSM", "ARG", "BOL", "CHL"];
/// What one node may take at the most, in KiB.
const MEMORY: u64 = 100 * 1024;

/// The most memory that a process has taken so far, in KiB.
fn peak(node: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Homes of observers, made beside each other: each is two programs.
fn observers(world: &World) -> Vec<String> {
    let names: Vec<String> = (MEMBERS.len()..NODES).map(|at| format!("reader{at}")).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    world.run(&["init", "--observer", "--home", name]).good();
                    world.run(&["join", "founding.nanduti", "--home", name]).good();
                }
            });
        }
    });
    names
}

#[test]
fn fifty_nodes_on_one_machine_come_to_one_library() {
    let world = World::new(PROGRAM);
    world.found(&MEMBERS);
    let homes: Vec<String> = MEMBERS.iter().map(|member| (*member).to_owned()).chain(observers(&world)).collect();
    let began = Instant::now();
    let mut nodes: Vec<Running> = Vec::new();
    for (at, home) in homes.iter().enumerate() {
        // The one before and one from the first half: a long line with short cuts.
        let known = [at.checked_sub(1), (at > 1).then_some(at / 2)];
        let peers: Vec<String> = known.iter().flatten().flat_map(|known| nodes[*known].addresses()).collect();
        let peers = format!("network.peers={}", peers.join(","));
        nodes.push(world.start(home, &[peers, "network.sync_interval_s=10".to_owned()]));
    }
    let started = began.elapsed();
    for (node, member) in nodes.iter().zip(MEMBERS) {
        publish(node, &format!("Practice of {member}"));
    }
    let mut behind: Vec<&Running> = nodes.iter().collect();
    let took = until_within(Duration::from_secs(90), "all hold all", || {
        behind.retain(|node| node.status().practices < MEMBERS.len() as u64);
        behind.is_empty()
    });
    let digest = nodes[0].status().digest;
    assert!(nodes.iter().all(|node| node.status().digest == digest));
    let mut peaks: Vec<u64> = nodes.iter().map(peak).collect();
    peaks.sort_unstable();
    let (median, most) = (peaks[NODES / 2], peaks[NODES - 1]);
    println!(
        "{NODES} nodes: started in {started:?}, equal {took:?} after; memory of each {median} KiB, at most {most} KiB"
    );
    assert!(most < MEMORY, "a node took {most} KiB");
}
