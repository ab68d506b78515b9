//! Whatever two nodes hold, they end equal.

use alloc::{collections::BTreeSet, vec, vec::Vec};

use proptest::prelude::*;

use super::{
    pair::{Drive, run, sync, until_equal},
    world::World,
};
use crate::{keyring::KeyState, limits, sync::Outcome};

/// A network of a few members whose logs are eight entries long.
fn world(members: usize, logs: usize) -> World {
    let mut world = World::new(members, logs);
    for (_, chain) in &mut world.logs {
        chain.grow(8, "practice");
    }
    world
}

/// Which root logs a node holds, and how much of each of eighteen logs.
fn part() -> impl Strategy<Value = (Vec<bool>, Vec<usize>)> {
    (proptest::collection::vec(any::<bool>(), 3), proptest::collection::vec(0_usize..=8, 18))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_two_nodes_end_with_what_either_held(a in part(), b in part(), seed: u64, target in 1_usize..5_000) {
        let world = world(3, 6);
        let (mut one, mut other) = (world.part(&a.0, &a.1), world.part(&b.0, &b.1));
        let both: Vec<usize> = world
            .logs
            .iter()
            .zip(a.1.iter().zip(&b.1))
            .map(|((member, _), (x, y))| {
                let (x, y) = (if a.0[*member] { *x } else { 0 }, if b.0[*member] { *y } else { 0 });
                x.max(y)
            })
            .collect();
        let roots: Vec<bool> = a.0.iter().zip(&b.0).map(|(x, y)| *x || *y).collect();
        let union = world.part(&roots, &both);
        run(&mut one, &mut other, None, Drive { seed, target, ..Drive::default() }).expect("both are honest");
        prop_assert_eq!(one.frontier(), union.frontier());
        prop_assert_eq!(other.frontier(), union.frontier());
        prop_assert!(one.refusals.is_empty() && other.refusals.is_empty());
    }

    #[test]
    fn a_log_with_two_branches_ends_with_one_mark(place in 1_usize..8, one in 1_usize..9, other in 1_usize..9, seed: u64) {
        let world = world(2, 9);
        let mut branch = world.logs[4].1.clone();
        branch.items.truncate(place);
        branch.grow(place + other, "another branch");
        let lens: Vec<usize> = (0..18).map(|log| if log == 4 { 0 } else { 8 }).collect();
        let mut a = world.part(&[true, true], &lens);
        let mut b = a.clone();
        let mut longer = world.logs[4].1.clone();
        longer.grow(place + one, "practice");
        longer.items.truncate(place + one);
        a.take(&longer.items);
        b.take(&branch.items);
        run(&mut a, &mut b, None, Drive { seed, ..Drive::default() }).expect("both are honest");
        prop_assert_eq!(a.frontier(), b.frontier());
        let frontier = a.frontier();
        let position = frontier.position(&branch.log()).expect("held");
        let mark = position.fork.expect("a fork");
        prop_assert_eq!((mark.seq, position.next), (place as u64, place as u64));
        prop_assert_eq!(until_equal(&mut a, &mut b), 1);
    }

    #[test]
    fn two_branches_that_stand_by_their_chains_end_with_one_mark(
        place in 1_usize..130,
        one in 1_usize..130,
        other in 1_usize..130,
        common in any::<bool>(),
        seed: u64,
    ) {
        let world = world(2, 2);
        let mut longer = world.logs[1].1.clone();
        longer.items.truncate(1);
        if common {
            longer.grow(place, "practice");
        } else {
            longer.grow_unsigned(place + 3, "practice");
            longer.items.truncate(place);
        }
        let mut branch = longer.clone();
        longer.grow_unsigned(place + one, "one branch");
        branch.grow_unsigned(place + other, "another branch");
        let mut a = world.part(&[true, true], &[8, 0, 8, 8]);
        let mut b = a.clone();
        a.take(&longer.items);
        b.take(&branch.items);
        run(&mut a, &mut b, None, Drive { seed, ..Drive::default() }).expect("both are honest");
        prop_assert_eq!(a.frontier(), b.frontier());
        let frontier = a.frontier();
        let position = frontier.position(&branch.log()).expect("held");
        let mark = position.fork.expect("a fork");
        prop_assert_eq!((mark.seq, position.next), (place as u64, place as u64));
        prop_assert_eq!(until_equal(&mut a, &mut b), 1);
        let mut c = world.part(&[true, true], &[8, 0, 8, 8]);
        until_equal(&mut c, &mut a);
        until_equal(&mut b, &mut c);
    }

    #[test]
    fn a_session_that_breaks_off_loses_nothing(cut in 0_usize..60, seed: u64) {
        let world = world(3, 6);
        let (mut a, mut b) = (world.part(&[true, false, true], &[8; 18]), world.part(&[false, true, true], &[3; 18]));
        let _ = run(&mut a, &mut b, None, Drive { seed, cut, target: 700 }).expect("both are honest");
        until_equal(&mut a, &mut b);
        let lens: Vec<usize> = world.logs.iter().map(|(member, _)| if *member == 1 { 3 } else { 8 }).collect();
        prop_assert_eq!(a.frontier(), world.part(&[true; 3], &lens).frontier());
    }
}

#[test]
fn an_empty_node_catches_up_with_a_full_one_from_either_end() {
    let world = world(4, 10);
    let (mut full, mut empty) = (world.full(), world.empty());
    sync(&mut empty, &mut full);
    assert_eq!(empty.frontier(), full.frontier());
    let mut empty = world.empty();
    let traffic = sync(&mut full, &mut empty);
    assert_eq!(empty.frontier(), full.frontier());
    assert!(empty.refusals.is_empty(), "root logs came first");
    let roots: BTreeSet<_> = world.roots.iter().map(super::world::Chain::log).collect();
    let first: BTreeSet<_> = traffic.runs.iter().take(roots.len()).map(|(_, log)| *log).collect();
    assert_eq!(first, roots);
}

#[test]
fn logs_are_served_in_turn() {
    let mut world = World::new(1, 3);
    for (_, chain) in &mut world.logs {
        chain.grow(30, "practice");
    }
    let (mut full, mut empty) = (world.full(), world.empty());
    let drive = Drive { target: 1500, ..Drive::default() };
    let traffic = run(&mut empty, &mut full, None, drive).expect("both are honest");
    let runs: Vec<_> = traffic.runs.iter().map(|(_, log)| *log).filter(|log| *log != world.roots[0].log()).collect();
    let turns: Vec<BTreeSet<_>> = runs.chunks(3).map(|turn| turn.iter().copied().collect()).collect();
    assert!(turns.len() > 3, "the logs took several segments each");
    assert!(turns.iter().all(|turn| turn.len() == 3), "each had one in every turn");
}

#[test]
fn news_travels_along_a_line() {
    let mut world = world(3, 2);
    let (mut a, mut b, mut c) = (world.full(), world.empty(), world.empty());
    until_equal(&mut a, &mut b);
    until_equal(&mut b, &mut c);
    assert_eq!(a.frontier(), c.frontier());
    let mut branch = world.logs[0].1.clone();
    world.logs[0].1.grow(9, "practice");
    branch.grow(9, "another branch");
    a.take(&world.logs[0].1.items);
    c.take(&branch.items);
    until_equal(&mut a, &mut b);
    until_equal(&mut b, &mut c);
    until_equal(&mut a, &mut b);
    assert_eq!(a.frontier(), c.frontier());
    let frontier = a.frontier();
    assert_eq!(frontier.position(&branch.log()).and_then(|position| position.fork).map(|mark| mark.seq), Some(8));
}

#[test]
fn a_fork_that_only_one_side_knows_reaches_the_other() {
    let world = world(1, 2);
    let mut branch = world.logs[1].1.clone();
    branch.items.truncate(5);
    branch.grow(7, "another branch");
    let (mut a, mut b, mut c) = (world.full(), world.full(), world.full());
    b.take(&branch.items);
    assert!(b.ledger.fork(&branch.log()).is_some());
    until_equal(&mut a, &mut b);
    until_equal(&mut b, &mut c);
    assert_eq!(c.frontier().position(&branch.log()).map(|position| position.next), Some(5));
}

#[test]
fn a_cut_off_reaches_who_holds_more() {
    let mut world = world(2, 2);
    let mut b = world.full();
    world.push_keyring(0, &|chain| KeyState::Ended(Some(chain.place(3))));
    let mut a = world.part(&[true, true], &[4; 4]);
    let sessions = until_equal(&mut a, &mut b);
    assert!(sessions <= 3, "{sessions}");
    let frontier = b.frontier();
    assert_eq!(frontier.position(&world.logs[0].1.log()).map(|position| position.next), Some(4));
    assert_eq!(frontier.position(&world.logs[3].1.log()).map(|position| position.next), Some(8));
}

#[test]
fn missing_bodies_are_asked_for_though_the_frontiers_are_equal() {
    let world = world(2, 2);
    let (mut a, mut b) = (world.full(), world.full());
    let log = world.logs[1].1.log();
    for seq in [2, 5, 7] {
        a.lose_body(&log, seq);
    }
    b.lose_body(&log, 5);
    b.lose_body(&log, 6);
    let traffic = sync(&mut a, &mut b);
    assert_eq!(traffic.outcomes.iter().map(|outcome| outcome.missing).sum::<usize>(), 2, "place 5 is lost on both");
    assert_eq!(a.missing(), BTreeSet::from([(log, 5)]));
    assert_eq!(b.missing(), BTreeSet::from([(log, 5)]));
}

#[test]
fn a_pull_brings_the_entry_in_one_round_trip() {
    let mut world = world(2, 20);
    let mut a = world.full();
    world.logs[7].1.grow(9, "practice");
    let mut b = world.full();
    let log = world.logs[7].1.log();
    let drive = Drive::default();
    let traffic = run(&mut a, &mut b, Some(&BTreeSet::from([log])), drive).expect("both are honest");
    let theirs: Vec<_> = traffic.trace.iter().filter(|(sign, _)| *sign == '<').map(|(_, name)| *name).collect();
    let ours: Vec<_> = traffic.trace.iter().filter(|(sign, _)| *sign == '>').map(|(_, name)| *name).collect();
    assert_eq!((ours, theirs), (vec!["hello", "end"], vec!["hello", "segment", "end"]));
    assert_eq!(a.frontier(), b.frontier());
}

#[test]
fn a_pull_of_what_is_unknown_forked_or_another_branch_ends_in_order() {
    let world = world(2, 3);
    let mut branch = world.logs[0].1.clone();
    branch.items.truncate(4);
    branch.grow(6, "another branch");
    let mut a = world.part(&[true, true], &[0, 8, 8, 8, 8, 8]);
    a.take(&branch.items);
    let (mut b, mut empty) = (world.full(), world.empty());
    let logs: BTreeSet<_> = world.logs.iter().map(|(_, chain)| chain.log()).collect();
    assert!(logs.len() < limits::SYNC_PULL_MAX);
    for (one, other) in [(&mut a.clone(), &mut empty), (&mut a.clone(), &mut b.clone())] {
        let traffic = run(one, other, Some(&logs), Drive::default()).expect("both are honest");
        assert!(traffic.runs.is_empty());
        assert_eq!(traffic.outcomes.len(), 2);
    }
    // Once b knows of the fork, a pull is told of it.
    b.take(&branch.items);
    run(&mut a, &mut b, Some(&logs), Drive::default()).expect("both are honest");
    assert!(a.ledger.fork(&branch.log()).is_some());
}

#[test]
fn equal_nodes_are_done_at_once() {
    let world = world(2, 3);
    let traffic = sync(&mut world.full(), &mut world.full());
    assert_eq!(traffic.trace, [('>', "hello"), ('<', "hello")]);
    assert_eq!(traffic.outcomes, [Outcome { equal: true, turns: 0, missing: 0 }; 2]);
    assert!(traffic.bytes <= 256, "{} bytes", traffic.bytes);
    assert_eq!(traffic.bytes, 236);
}
