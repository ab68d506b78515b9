//! Real nodes under attack: each way to attack for a moment, and the victim stays within its bounds.
//!
//! The long form, with a table of what each attack costs: `cargo run --release -p nanduti-tests --bin hostile -- --all`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::process::Command;

use nanduti_tests::hostile::{ATTACKS, arena::Arena, attack_as_told};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");
/// What a process that attacks is told, as one text.
const TOLD: &str = "NANDUTI_HOSTILE_ATTACKER";
/// How long each attack lasts at least.
const SECONDS: f64 = 1.0;

/// Not a test: the process of an attacker, when it is started by one.
#[test]
#[ignore = "is started by the test, as a process of its own"]
fn attacker() {
    // Started by hand, it has nothing to do.
    let Ok(told) = std::env::var(TOLD) else { return };
    let [name, target] = serde_json::from_str::<[String; 2]>(&told).unwrap();
    println!("{}", attack_as_told(&name, &target).unwrap());
}

fn attacker_process(told: [&str; 2]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "attacker", "--ignored", "--nocapture"]);
    command.env(TOLD, serde_json::to_string(&told).unwrap());
    command
}

/// How long the honest wait is measured by the command `hostile`, with optimised programs on a quiet machine. Here the question is
/// whether they are served at all; memory, files and what is refused have their full bounds.
const PATIENCE: f64 = 4.0;

#[test]
fn a_node_stays_within_its_bounds_whatever_comes() {
    let mut arena = Arena::new(PROGRAM);
    let mut beyond = Vec::new();
    // One attack alone, by its name: for looking into a failure.
    let only = std::env::var("NANDUTI_HOSTILE").ok();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    for attack in ATTACKS.iter().filter(|attack| wanted(attack.name)) {
        let figures = arena.endure(attack, SECONDS, attacker_process);
        beyond.extend(figures.verdict(PATIENCE).0.into_iter().map(|what| format!("{}: {what}", attack.name)));
    }
    arena.recovers();
    assert!(beyond.is_empty(), "{}", beyond.join("\n"));
}
