//! Forks: how they are found, what stands, and how a keyring settles them.

use super::refusals::{host_with, one_log};
use crate::{
    fork::ForkProof,
    kind::Kind,
    ledger::{Admission, Refusal},
    limits,
    testing::{Host, LogWriter, live, ring},
};

/// The log, and another branch of it from a place on with as many more entries.
fn branch(log: &LogWriter, from: u64, bodies: &[&[u8]]) -> LogWriter {
    let mut branch = log.back_to(from);
    for body in bodies {
        branch.push(Kind::Practice, body);
    }
    branch
}

fn forked_at(host: &mut Host, run: &crate::run::VerifiedRun) -> u64 {
    let outcome = host.deliver(run);
    let Ok(Admission::Forked(proof)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(proof.log(), run.log());
    proof.mark().seq
}

#[test]
fn two_entries_at_one_place() {
    let (founding, root, log) = one_log();
    let mut host = host_with(&founding, &[&root, &log]);
    let other = branch(&log, 2, &[b"other", b"more"]);
    assert_eq!(forked_at(&mut host, &other.whole()), 2);
    let position = *host.frontier().position(&log.log()).expect("shown");
    assert_eq!((position.next, position.head), (2, log.place(1).expect("written").hash));
    let mark = position.fork.expect("open");
    let mut hashes = [log.place(2).expect("written").hash, other.place(2).expect("written").hash];
    hashes.sort();
    assert_eq!((mark.seq, [mark.low, mark.high]), (2, hashes));
    assert_eq!(host.ledger.counted(&log.log(), &host.store), 2, "what stood below stands");
}

#[test]
fn an_entry_that_does_not_link() {
    let (founding, root, log) = one_log();
    let mut host = host_with(&founding, &[&root, &log]);
    let other = branch(&log, 2, &[b"other", b"more"]);
    assert_eq!(forked_at(&mut host, &other.run(3..4)), 2, "its `prev` is the witness");
    let mut shown = host_with(&founding, &[&root, &log]);
    assert!(shown.show(other.entry(3).expect("written")), "an entry alone, as gossip carries it");
    assert!(!shown.show(other.entry(3).expect("written")), "known by now");
    assert_eq!(shown.frontier(), host.frontier());
}

#[test]
fn branches_that_stand_by_their_chains_alone() {
    let (founding, root, log) = one_log();
    // Up to the spacing nothing but what has to be is signed; the fork lies in the middle of that.
    let spacing = limits::ANCHOR_SPACING;
    let grow = |log: &LogWriter, to: u64, word: &[u8]| {
        let mut log = log.clone();
        while log.len() < to {
            let statement = log.next_statement(Kind::Practice, word);
            if log.len() + 1 == to || (log.len() + 1).is_multiple_of(spacing) {
                log.push_statement(&statement, Some(word));
            } else {
                log.push_unsigned(&statement, Some(word));
            }
        }
        log
    };
    for place in [3, 4, spacing - 2, spacing - 1, spacing, spacing + 1] {
        let common = grow(&log, 2 * spacing + 2, b"common").back_to(place);
        let one = grow(&common, 2 * spacing + 1, b"one");
        let other = grow(&common, 3 * spacing, b"other");
        let mut first = host_with(&founding, &[&root, &one]);
        assert_eq!(forked_at(&mut first, &other.whole()), place);
        let mut second = host_with(&founding, &[&root, &other]);
        let proof = first.ledger.fork(&log.log()).cloned().expect("proven");
        let carried = ForkProof::decode(&founding.network, &proof.encode()).expect("sound");
        assert!(second.ledger.learn_fork(&carried));
        assert_eq!(first.frontier(), second.frontier());
        let position = *first.frontier().position(&log.log()).expect("shown");
        assert_eq!((position.next, position.fork.map(|mark| mark.seq)), (place, Some(place)));
        // A run that begins right above the fork shows it by what its first entry commits to.
        let mut above = host_with(&founding, &[&root, &one]);
        assert_eq!(forked_at(&mut above, &other.run(place + 1..3 * spacing)), place);
        assert_eq!(above.frontier(), first.frontier());
    }
}

#[test]
fn a_branch_that_a_keyring_names_and_nobody_has_keeps_no_nodes_apart() {
    let (founding, root, log) = one_log();
    let mut held = log.clone();
    for number in 3..12 {
        let body = [number];
        let statement = held.next_statement(Kind::Practice, &body);
        if matches!(number, 3 | 9 | 11) {
            held.push_statement(&statement, Some(&body));
        } else {
            held.push_unsigned(&statement, Some(&body));
        }
    }
    for place in 3..12 {
        let named = crate::keyring::Place { seq: place, hash: crate::hash::Hash::of(b"nobody has this") };
        let mut keyring = root.clone();
        keyring.push(Kind::Keyring, &ring(&[live(&log, named), founding.actors[0].node_line(&founding.network)]));
        let early = host_with(&founding, &[&root, &held, &keyring]);
        let mut late = host_with(&founding, &[&keyring]);
        let mut piecewise = host_with(&founding, &[&keyring]);
        for _ in 0..2 {
            let _ = late.deliver(&held.whole());
            for places in [0..3, 3..4, 4..10, 10..12] {
                let _ = piecewise.deliver(&held.run(places));
            }
        }
        let position = early.frontier().position(&log.log()).map(|position| (position.next, position.head));
        assert_eq!(position, Some((place, held.place(place - 1).expect("written").hash)));
        assert_eq!(late.frontier(), early.frontier(), "the keyring came first; it names {place}");
        assert_eq!(piecewise.frontier(), early.frontier(), "in pieces; it names {place}");
    }
}

#[test]
fn the_proof_that_is_shown_is_that_of_the_mark() {
    let (founding, root, log) = one_log();
    let held = branch(&log, 3, &[b"three", b"four", b"five"]);
    let mut host = host_with(&founding, &[&root, &held]);
    assert_eq!(forked_at(&mut host, &branch(&held, 4, &[b"high"]).whole()), 4);
    assert_eq!(forked_at(&mut host, &branch(&held, 1, &[b"low"]).whole()), 1);
    let node = founding.actors[0].node_line(&founding.network);
    // A place between the two forks: first one that nobody has, then the one held.
    let elsewhere = crate::keyring::Place { seq: 2, hash: crate::hash::Hash::of(b"nobody has this") };
    let mut stuck = host.clone();
    for (host, place, open) in [(&mut stuck, elsewhere, 1), (&mut host, held.place(2).expect("written"), 4)] {
        let mut keyring = root.clone();
        keyring.push(Kind::Keyring, &ring(&[live(&log, place), node.clone()]));
        assert!(host.deliver(&keyring.whole()).is_ok());
        for body in [b"a".as_slice(), b"b"] {
            let _ = host.deliver(&branch(&held, 4, &[body]).whole());
        }
        let marked = host.frontier().position(&log.log()).and_then(|position| position.fork);
        let shown = host.ledger.fork_to_show(&log.log(), &host.store).map(ForkProof::mark);
        assert_eq!((marked, shown.map(|mark| mark.seq)), (shown, Some(open)));
    }
    assert_eq!(stuck.ledger.forks_of(&log.log()).count(), 2, "both are kept: which is open may change");
}

#[test]
fn nothing_is_taken_in_above_a_fork() {
    let (founding, root, log) = one_log();
    let mut host = host_with(&founding, &[&root, &log]);
    let other = branch(&log, 2, &[b"other"]);
    forked_at(&mut host, &other.whole());
    let more = branch(&log, 3, &[b"four"]);
    assert_eq!(host.deliver(&more.whole()), Err(Refusal::AboveFork));
}

#[test]
fn what_lies_below_a_fork_is_still_taken_in() {
    let (founding, root, log) = one_log();
    let other = branch(&log, 2, &[b"other"]);
    let mut knows = host_with(&founding, &[&root, &log]);
    forked_at(&mut knows, &other.whole());
    let proof = knows.ledger.fork(&log.log()).cloned().expect("proven");
    let mut late = host_with(&founding, &[&root]);
    assert!(late.deliver(&log.run(0..1)).is_ok());
    assert!(late.ledger.learn_fork(&proof));
    assert!(!late.ledger.learn_fork(&proof), "known by now");
    assert!(matches!(late.deliver(&log.run(0..2)), Ok(Admission::Appended(_))));
    assert_eq!(late.frontier(), knows.frontier());
}

#[test]
fn of_several_forks_the_lowest_and_its_smallest_hashes_are_marked() {
    let (founding, root, log) = one_log();
    let branches =
        [branch(&log, 2, &[b"a"]), branch(&log, 2, &[b"b"]), branch(&log, 2, &[b"c"]), branch(&log, 1, &[b"d"])];
    let ends: alloc::vec::Vec<_> = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]]
        .iter()
        .map(|order| {
            let mut host = host_with(&founding, &[&root, &log]);
            for index in order {
                let _ = host.deliver(&branches[*index].whole());
            }
            host.frontier()
        })
        .collect();
    assert_eq!(ends[0].position(&log.log()).and_then(|position| position.fork).map(|mark| mark.seq), Some(1));
    assert!(ends.iter().all(|end| end.digest() == ends[0].digest()));
}

#[test]
fn a_keyring_settles_a_fork_for_the_branch_that_it_names() {
    let (founding, root, log) = one_log();
    let actor = &founding.actors[0];
    let other = branch(&log, 2, &[b"other", b"more", b"and more"]);
    let mut keyring = root.clone();
    let named = other.place(3).expect("written");
    keyring.push(Kind::Keyring, &ring(&[live(&log, named), actor.node_line(&founding.network)]));
    let mut wrong = host_with(&founding, &[&root, &log]);
    forked_at(&mut wrong, &other.whole());
    let mut right = host_with(&founding, &[&root, &other]);
    forked_at(&mut right, &log.whole());
    assert_eq!(wrong.frontier(), right.frontier());
    let mut late = host_with(&founding, &[&keyring]);
    assert!(late.deliver(&other.whole()).is_ok());
    for host in [&mut wrong, &mut right] {
        assert!(host.deliver(&keyring.whole()).is_ok());
    }
    let settled = late.frontier();
    assert_eq!(settled.position(&log.log()).map(|position| (position.next, position.fork)), Some((5, None)));
    assert_eq!(right.frontier(), settled, "the branch held is the one named: it counts again at once");
    assert_eq!(wrong.frontier().position(&log.log()).map(|position| position.next), Some(2));
    assert!(matches!(wrong.deliver(&other.whole()), Ok(Admission::Appended(_))), "the branch held is exchanged");
    assert_eq!(wrong.frontier(), settled);
    assert_eq!(wrong.deliver(&log.whole()), Err(Refusal::FixedBranch));
    assert_eq!(wrong.ledger.stray(&log.log()), None);
}

#[test]
fn a_branch_that_arrives_in_pieces_is_exchanged_from_above() {
    let (founding, root, log) = one_log();
    let log = branch(&log, 3, &[b"w3", b"w4", b"w5"]);
    let other = branch(&log, 2, &[b"r2", b"r3", b"r4", b"r5", b"r6"]);
    let mut keyring = root.clone();
    let named = other.place(6).expect("written");
    keyring.push(Kind::Keyring, &ring(&[live(&log, named), founding.actors[0].node_line(&founding.network)]));
    let mut host = host_with(&founding, &[&keyring, &log.back_to(4)]);
    for _ in 0..4 {
        for places in [0..3, 3..5, 5..7] {
            let _ = host.deliver(&other.run(places));
        }
        let _ = host.deliver(&log.run(4..6));
    }
    assert_eq!(host.frontier().position(&log.log()).map(|position| (position.next, position.fork)), Some((7, None)));
}

#[test]
fn a_settled_fork_does_not_hide_a_later_one() {
    let (founding, root, log) = one_log();
    let log = branch(&log, 3, &[b"three", b"four"]);
    let mut keyring = root.clone();
    let named = log.place(3).expect("written");
    keyring.push(Kind::Keyring, &ring(&[live(&log, named), founding.actors[0].node_line(&founding.network)]));
    let low = branch(&log, 2, &[b"low"]);
    let high = branch(&log, 4, &[b"high"]);
    let mut host = host_with(&founding, &[&root, &log]);
    assert_eq!(forked_at(&mut host, &low.whole()), 2);
    assert!(host.deliver(&keyring.whole()).is_ok());
    assert_eq!(host.ledger.counted(&log.log(), &host.store), 5);
    assert_eq!(forked_at(&mut host, &high.whole()), 4);
    assert_eq!(host.ledger.counted(&log.log(), &host.store), 4);
    let mut never_saw_low = host_with(&founding, &[&keyring, &log]);
    forked_at(&mut never_saw_low, &high.whole());
    assert_eq!(never_saw_low.frontier(), host.frontier());
}

#[test]
fn a_forked_root_log_counts_up_to_the_fork() {
    let (founding, root, log) = one_log();
    let node = founding.actors[0].node_line(&founding.network);
    let mut one = root.clone();
    one.push(Kind::Keyring, &ring(&[live(&log, log.place(1).expect("written")), node.clone()]));
    let mut two = root.clone();
    two.push(Kind::Keyring, &ring(&[crate::testing::ended(&log, None), node]));
    let mut first = host_with(&founding, &[&two]);
    assert_eq!(first.deliver(&log.whole()), Err(Refusal::PastEnd));
    assert_eq!(forked_at(&mut first, &one.whole()), 2);
    assert!(first.deliver(&log.whole()).is_ok(), "the keyring below the fork is in force again");
    let mut second = host_with(&founding, &[&one, &log]);
    assert_eq!(forked_at(&mut second, &two.whole()), 2);
    assert_eq!(first.frontier().digest(), second.frontier().digest());
    assert_eq!(first.counted(), second.counted());
    let mut early = Host::new(founding.network);
    let proof = second.ledger.fork(&root.log()).cloned().expect("proven");
    assert!(early.ledger.learn_fork(&proof), "before the charter");
    for run in [one.whole(), log.whole()] {
        assert!(early.deliver(&run).is_ok());
    }
    assert_eq!(early.frontier().digest(), second.frontier().digest());
}
