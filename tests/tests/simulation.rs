//! A fixed set of simulated networks, small enough for every change; thousands are run by the command `simulate`.
//!
//! Each bug that the simulation has found leaves its seed in [`FOUND`].

use nanduti_tests::simulation::{BREAKS, Break, Options, run, usual_size};

/// Seeds that once failed, with the size of their network, and what was wrong.
const FOUND: [(u64, usize, &str); 0] = [];

fn options(nodes: usize) -> Options {
    Options { nodes, minutes: 15, broken: None }
}

#[track_caller]
fn holds(seed: u64, options: &Options) {
    let outcome = run(seed, options);
    assert!(outcome.violation.is_none(), "{}", outcome.report(options).unwrap_or_default());
}

#[test]
fn small_networks_become_one_again() {
    for seed in 1..=12 {
        holds(seed, &options(usual_size(seed).min(16)));
    }
}

#[test]
fn a_network_of_more_than_a_hundred_nodes_becomes_one_again() {
    holds(10, &Options { minutes: 4, ..options(110) });
}

#[test]
fn what_was_found_stays_mended() {
    for (seed, nodes, what) in FOUND {
        println!("seed {seed}: {what}");
        holds(seed, &options(nodes));
    }
}

#[test]
fn a_seed_gives_the_same_run() {
    let (one, other) = (run(5, &options(9)), run(5, &options(9)));
    assert_eq!((one.digest, one.events, one.counters), (other.digest, other.events, other.counters));
    assert_ne!(one.digest, run(6, &options(9)).digest);
}

/// The same network with a rule broken: some seed of a few must notice.
#[track_caller]
fn is_caught(broken: Break, seeds: std::ops::RangeInclusive<u64>) {
    let options = Options { broken: Some(broken), ..options(10) };
    let caught = seeds.clone().find(|seed| run(*seed, &options).violation.is_some());
    assert!(caught.is_some(), "{broken:?} was not noticed in the seeds {seeds:?}");
}

#[test]
fn every_broken_rule_is_caught() {
    for (_, broken) in BREAKS {
        is_caught(broken, 1..=8);
    }
}
