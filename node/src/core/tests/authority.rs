//! What counts, in whatever order it arrives.

use nanduti_protocol::{kind::Kind, ledger::Refusal, library::Standing};

use super::bench::{Bench, assert_served};
use crate::{
    core::CoreError,
    store::tests::chains::{World, ended, live, member, practice, revision, withdrawal},
};

#[test]
fn what_was_admitted_is_there_after_a_restart() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let log = log.practices(3);
    let mut bench = Bench::new(&world);
    assert_eq!(bench.admit(root.all()).unwrap().appended, 2);
    assert_eq!(bench.admit(log.run(0, 2)).unwrap().appended, 2);
    assert_eq!(bench.admit(log.run(1, 4)).unwrap().appended, 2, "an overlap is cut off");
    assert!(bench.admit(log.run(0, 4)).unwrap().known);
    let before = bench.seen();
    assert_eq!(before.practices[&member(0)], 3);
    for _ in 0..3 {
        bench.restart();
        assert_eq!(bench.seen(), before);
        assert_served(bench.core(), &log, 4);
        assert_served(bench.core(), &root, 2);
    }
    assert!(bench.core().warnings().is_empty());
    assert_eq!(bench.crashed().seen(), before);
}

#[test]
fn nothing_is_taken_in_without_the_charter_or_a_keyring() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let bench = Bench::new(&world);
    assert!(matches!(bench.admit(log.all()), Err(CoreError::Refused(Refusal::NoCharter))));
    bench.admit(root.run(0, 1)).unwrap();
    assert!(matches!(bench.admit(log.all()), Err(CoreError::Refused(Refusal::UnknownKey))));
    bench.admit(root.run(1, 2)).unwrap();
    bench.admit(log.all()).unwrap();
    assert!(matches!(bench.admit(world.log(0, 9).all()), Err(CoreError::Refused(Refusal::UnknownKey))));
    assert_eq!(bench.seen().heads.len(), 2);
}

#[test]
fn revisions_and_withdrawals_in_any_order_give_the_same_library() {
    let world = World::new();
    // Two logs of one member, so that the order of arrival is free.
    let (mut one, mut other) = (world.log(0, 1), world.log(0, 2));
    let first = one.practice("first");
    let second = other.push(Kind::Practice, &revision(first, &[first], "second"));
    let third = other.push(Kind::Practice, &revision(first, &[first], "third"));
    let joined = {
        let mut both = [second, third];
        both.sort_unstable();
        one.push(Kind::Practice, &revision(first, &both, "joined"))
    };
    let gone = one.practice("gone");
    other.push(Kind::Withdrawal, &withdrawal(gone, &[gone]));
    let mut root = world.root(0);
    root.keyring(&[live(&one, 0), live(&other, 0)]);
    let mut seen = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let mut bench = Bench::new(&world);
        bench.admit_all([&root]);
        for chain in order {
            bench.admit_all([[&one, &other][chain]]);
        }
        assert_eq!(bench.standing(first, &member(0)), Some(Standing::Current));
        assert_eq!(bench.standing(gone, &member(0)), Some(Standing::Withdrawn));
        let series = &bench.seen().series[&(first, member(0))];
        assert_eq!(series.newest()[0].0, joined);
        seen.push(bench.seen());
        bench.restart();
        seen.push(bench.seen());
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_stranger_cannot_revise_or_withdraw() {
    let world = World::new();
    let (root, mut log) = world.voice(0, 1);
    let first = log.practice("mine");
    let (other_root, mut other) = world.voice(1, 2);
    other.push(Kind::Withdrawal, &withdrawal(first, &[first]));
    other.push(Kind::Practice, &revision(first, &[first], "theirs"));
    let bench = Bench::new(&world);
    bench.admit_all([&other_root, &other, &root, &log]);
    assert_eq!(bench.standing(first, &member(0)), Some(Standing::Current));
    assert_eq!(bench.seen().practices.len(), 1);
}

#[test]
fn a_cut_off_takes_practices_back_whenever_it_arrives() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let log = log.practices(5);
    let mut cut = root.clone();
    cut.keyring(&[ended(&log, Some(2))]);
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &log]);
    assert_eq!(bench.seen().practices[&member(0)], 5);
    bench.restart();
    bench.admit(cut.all()).unwrap();
    let seen = bench.seen();
    assert_eq!(seen.practices[&member(0)], 2);
    assert_eq!(bench.core().snapshot().frontier.position(&log.id()).unwrap().next, 3);
    assert_eq!(bench.crashed().seen(), seen);
    bench.restart();
    assert_eq!(bench.seen(), seen);
    RUNTIME.block_on(bench.core().reindex()).unwrap();
    assert_eq!(bench.seen(), seen);

    let early = Bench::new(&world);
    early.admit_all([&cut]);
    // Entries behind the end that come along are carried and do not count; past it nothing more is taken.
    early.admit(log.run(0, 5)).unwrap();
    assert!(matches!(early.admit(log.run(5, 6)), Err(CoreError::Refused(Refusal::PastEnd))));
    assert_eq!((early.seen().series, early.seen().digest), (seen.series, seen.digest));
}

#[test]
fn a_key_that_is_ended_altogether_says_nothing() {
    let world = World::new();
    let (mut root, log) = world.voice(0, 1);
    let log = log.practices(2);
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &log]);
    root.keyring(&[ended(&log, None)]);
    bench.admit_all([&root]);
    assert!(bench.seen().series.is_empty());
    bench.restart();
    assert!(bench.seen().series.is_empty());
}

#[test]
fn a_fork_ends_what_counts_and_its_mark_stays() {
    let world = World::new();
    let (mut root, log) = world.voice(0, 1);
    let (mut held, mut other) = (log.clone().practices(2), log.practices(2));
    held.practice("one branch");
    other.push(Kind::Practice, &practice("another branch", 0));
    held.practice("more of it");
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &held]);
    assert!(bench.admit(other.all()).unwrap().fork);
    let seen = bench.seen();
    let position = *bench.core().snapshot().frontier.position(&held.id()).unwrap();
    assert_eq!((position.next, position.fork.unwrap().seq), (3, 3));
    assert_eq!(seen.practices[&member(0)], 2);
    bench.restart();
    assert_eq!(bench.seen(), seen);
    assert_eq!(*bench.core().snapshot().frontier.position(&held.id()).unwrap(), position);
    assert!(matches!(bench.admit(held.run(4, 5)), Ok(admitted) if admitted.known));
    held.practice("above the fork");
    assert!(matches!(bench.admit(held.run(5, 6)), Err(CoreError::Refused(Refusal::AboveFork))));
    // The keyring names the branch: all of it counts again.
    root.keyring(&[live(&held, 4)]);
    bench.admit_all([&root]);
    assert_eq!(bench.seen().practices[&member(0)], 4);
    bench.restart();
    assert_eq!(bench.seen().practices[&member(0)], 4);
}

#[test]
fn the_branch_that_the_keyring_names_takes_the_place_of_the_one_held() {
    let world = World::new();
    let (mut root, log) = world.voice(0, 1);
    let (mut held, mut named) = (log.clone().practices(2), log.practices(2));
    held.practice("one branch");
    held.practice("more of it");
    named.push(Kind::Practice, &practice("another branch", 0));
    named.practice("the right one goes on");
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &held]);
    assert!(bench.admit(named.all()).unwrap().fork);
    root.keyring(&[live(&named, 4)]);
    bench.admit_all([&root]);
    // What is held goes as soon as the right branch shows that it strays; the next synchronisation brings the rest.
    assert!(bench.admit(named.all()).unwrap().fork);
    let position = *bench.core().snapshot().frontier.position(&held.id()).unwrap();
    assert_eq!(position.next, 3);
    bench.admit(named.run(position.next, 5)).unwrap();
    let expected = *bench.core().snapshot().frontier.position(&named.id()).unwrap();
    assert_eq!((expected.next, expected.fork), (5, None));
    assert_served(bench.core(), &named, 5);
    assert_eq!(bench.seen().practices[&member(0)], 4);
    bench.restart();
    assert_eq!(*bench.core().snapshot().frontier.position(&named.id()).unwrap(), expected);
    assert_eq!(bench.seen().practices[&member(0)], 4);
}

#[test]
fn branches_that_stand_by_their_chains_are_proven_kept_and_left_at_an_anchor() {
    let world = World::new();
    let (mut root, log) = world.voice(0, 1);
    // Entries 3 to 5 are common ground without a signature of their own; the fork is at 6.
    let mut common = log.practices(2);
    for body in [b"three", b"four.", b"five."] {
        common.push_unsigned(Kind::Practice, body);
    }
    let (mut held, mut named) = (common.clone(), common);
    held.push_unsigned(Kind::Practice, b"one branch");
    held.practice("which is signed here");
    named.push_unsigned(Kind::Practice, b"another branch");
    named.push_unsigned(Kind::Practice, b"goes on");
    named.practice("and is signed here");
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &held]);
    assert!(bench.admit(named.all()).unwrap().fork);
    let position = |bench: &Bench| *bench.core().snapshot().frontier.position(&held.id()).unwrap();
    let forked = position(&bench);
    assert_eq!((forked.next, forked.fork.unwrap().seq), (6, 6));
    bench.restart();
    assert_eq!(position(&bench), forked, "the proof is on the disk");
    root.keyring(&[live(&named, 8)]);
    bench.admit_all([&root]);
    assert!(bench.admit(named.all()).unwrap().fork);
    assert_eq!(position(&bench).next, 3, "cut back to the last entry that carries its own signature");
    bench.restart();
    assert_eq!(position(&bench).next, 3, "nothing of what is held is damaged");
    bench.admit(named.run(3, 9)).unwrap();
    assert_eq!((position(&bench).next, position(&bench).fork), (9, None));
}

#[test]
fn a_node_publishes_once_its_keyring_lists_it() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let mut bench = Bench::with_author(&world, &log, member(0));
    let refused = |bench: &Bench| matches!(bench.publish(&practice("early", 0)), Err(CoreError::CannotSign(_)));
    assert!(refused(&bench));
    bench.admit_all([&root]);
    assert!(refused(&bench), "its own log has to be opened first");
    bench.admit_all([&log]);
    let authored = bench.publish(&practice("mine", 0)).unwrap();
    assert_eq!((authored.seq, authored.log), (1, log.id()));
    bench.restart();
    assert_eq!(bench.core().snapshot().frontier.position(&log.id()).unwrap().head, authored.hash);
    assert_eq!(bench.publish(&practice("next", 0)).unwrap().seq, 2);
    assert_eq!(bench.seen().practices[&member(0)], 2);
}

use super::bench::RUNTIME;
