//! Logs of a former network: they are compared and served like others, also to a node that does not know the charter yet.

use super::{
    node::{Held, Node},
    pair::{sync, until_equal},
};
use crate::{
    fork::ForkProof,
    kind::Kind,
    testing::{LogWriter, Refounding},
};

/// The first places of a log, as they are held.
fn items(log: &LogWriter, count: u64) -> alloc::vec::Vec<Held> {
    let run = log.run(0..count);
    let item = |item| Held::new(run.entry_bytes(item).to_vec(), run.body_bytes(item).map(<[u8]>::to_vec));
    run.items().iter().map(item).collect()
}

/// A node that holds a founder's root log, and so the charter.
fn founder(again: &Refounding) -> Node {
    let mut node = Node::new(again.founding.network);
    node.take(&items(&again.founding.root_log(&again.founding.actors[0]), 1));
    node
}

#[test]
fn who_knows_only_the_network_gets_the_old_library_as_well() {
    let again = Refounding::new(8);
    let mut full = founder(&again);
    again.logs.iter().for_each(|log| full.take(&items(log, log.len())));
    let mut new = Node::new(again.founding.network);
    let traffic = sync(&mut new, &mut full);
    assert_eq!(traffic.runs.len(), 5, "one session brings the charter and all four logs");
    assert_eq!(new.frontier(), full.frontier());
    assert_eq!(new.refusals, []);
    // Two who each hold a part.
    let (mut one, mut other) = (founder(&again), founder(&again));
    one.take(&items(&again.logs[0], 3));
    one.take(&items(&again.logs[1], 1));
    other.take(&items(&again.logs[1], 2));
    other.take(&items(&again.logs[2], 2));
    until_equal(&mut one, &mut other);
    assert_eq!(one.frontier().iter().map(|(_, position)| position.next).sum::<u64>(), 1 + 3 + 2 + 2);
}

#[test]
fn a_proof_that_cannot_be_checked_before_the_charter_is_no_fault() {
    let again = Refounding::new(8);
    let log = &again.logs[1];
    let mut branch = log.back_to(1);
    branch.push(Kind::Practice, b"two tongues");
    let networks = again.founding.charter.networks();
    let chain = |log: &LogWriter| log.run(1..2).chain_from(1, &networks).expect("signed");
    let proof = ForkProof::new(1, chain(log), chain(&branch)).expect("a fork");
    let mut full = founder(&again);
    // The place that settles it is not held yet, so that the fork is open and is shown.
    full.take(&items(log, 2));
    full.fork(&proof);
    assert!(full.frontier().position(&log.log()).is_some_and(|position| position.fork.is_some()));
    let mut new = Node::new(again.founding.network);
    sync(&mut new, &mut full);
    until_equal(&mut new, &mut full);
    assert_eq!(new.ledger.fork(&log.log()).map(ForkProof::mark), Some(proof.mark()));
}
