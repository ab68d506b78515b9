//! What tests of real processes ask about ballots: has a node heard the votes, which roster does it follow.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use crate::{World, until};

/// Waits until a home's node knows that so many have `endorsed`, or `ratified`, a proposal in a round; by its short id.
pub fn heard(world: &World, home: &str, what: &str, proposal: &str, number: usize) {
    until("the node has heard the statements", || {
        let shown = world.json(home, &["ballot", "show"]);
        let found = shown["proposals"].as_array().unwrap().iter().find(|found| found["short"] == proposal).cloned();
        let rounds = found.map(|found| found["rounds"].as_array().unwrap().clone()).unwrap_or_default();
        rounds.iter().any(|round| round[what].as_array().unwrap().len() >= number)
    });
}

/// The version of the roster that a home follows.
pub fn roster(world: &World, home: &str) -> u64 {
    world.json(home, &["member", "list"])["version"].as_u64().unwrap()
}
