//! The bounds that a charter sets.

use super::refusals::host_with;
use crate::{
    charter::Bounds,
    kind::Kind,
    ledger::{Admission, Refusal},
    limits,
    testing::{Founding, LogWriter, live, ring},
};

fn network(bounds: Bounds, entries: u64) -> (Founding, LogWriter, LogWriter) {
    let founding = Founding::with(11, 1, |charter| charter.bounds = bounds);
    let actor = &founding.actors[0];
    let mut log = founding.publish_log(&actor.id, &actor.publish[0]);
    for _ in 1..entries {
        log.push(Kind::Practice, &[7; 100]);
    }
    let mut root = founding.root_log(actor);
    root.push(Kind::Keyring, &ring(&[live(&log, log.place(0).expect("written"))]));
    (founding, root, log)
}

/// Offers the log whole to one node and entry by entry to another; both have to end at the same place.
fn ends(founding: &Founding, root: &LogWriter, log: &LogWriter) -> u64 {
    let mut at_once = host_with(founding, &[root]);
    assert!(matches!(at_once.deliver(&log.whole()), Ok(Admission::Appended(_))), "the front of it");
    let mut singly = host_with(founding, &[root]);
    for seq in 0..log.len() {
        let _ = singly.deliver(&log.run(seq..seq + 1));
    }
    assert_eq!(at_once.frontier(), singly.frontier());
    assert_eq!(at_once.ledger.extent(&log.log()), singly.ledger.extent(&log.log()));
    assert_eq!(singly.deliver(&log.whole()), Err(Refusal::Bounds));
    at_once.ledger.counted(&log.log(), &at_once.store)
}

#[test]
fn a_log_has_so_many_entries() {
    let (founding, root, log) = network(Bounds { log_entries: 5, ..Bounds::default() }, 9);
    assert_eq!(ends(&founding, &root, &log), 5);
}

#[test]
fn a_log_has_so_many_bytes() {
    let (founding, root, log) = network(Bounds::default(), 9);
    let six: u64 = log.segment(0..6).len() as u64;
    for (bytes, end) in [(six, 6), (six - 1, 5), (six + 1, 6)] {
        let bounds = Bounds { log_bytes: bytes, ..Bounds::default() };
        // The charter with the other bound is another network.
        let (founding, root, log) = network(bounds, 9);
        assert_eq!(ends(&founding, &root, &log), end, "{bytes}");
    }
    assert!(host_with(&founding, &[&root]).deliver(&log.whole()).is_ok());
}

#[test]
fn a_keyring_has_so_many_lines() {
    let (founding, mut root, log) = network(Bounds { keys: 1, ..Bounds::default() }, 2);
    let node = founding.actors[0].node_line(&founding.network);
    root.push(Kind::Keyring, &ring(&[live(&log, log.place(1).expect("written")), node]));
    let host = host_with(&founding, &[&root]);
    let authority = host.ledger.authority().expect("adopted");
    assert_eq!(authority.keyring(&founding.actors[0].id).map(|(seq, _)| seq), Some(1), "the keyring before it stands");
}

#[test]
fn a_root_log_has_bounds_of_its_own() {
    let (founding, mut root, log) = network(Bounds::default(), 1);
    let node = founding.actors[0].node_line(&founding.network);
    let body = ring(&[live(&log, log.place(0).expect("written")), node]);
    while root.len() < limits::ROOT_LOG_ENTRIES_MAX + 1 {
        root.push(Kind::Keyring, &body);
    }
    let mut host = host_with(&founding, &[]);
    for from in (0..root.len()).step_by(1000) {
        let _ = host.deliver(&root.run(from..root.len().min(from + 1000)));
    }
    let last = limits::ROOT_LOG_ENTRIES_MAX - 1;
    assert_eq!(host.ledger.extent(&root.log()).map(|extent| extent.next), Some(last + 1));
    let authority = host.ledger.authority().expect("adopted");
    assert_eq!(authority.keyring(&founding.actors[0].id).map(|(seq, _)| seq), Some(last));
    assert_eq!(host.deliver(&root.run(last + 1..last + 2)), Err(Refusal::Bounds));
}

#[test]
fn a_root_log_has_fewer_bytes_than_others() {
    let (founding, mut root, _) = network(Bounds::default(), 1);
    let large = alloc::vec![0; limits::BODY_MAX];
    for _ in 0..17 {
        root.push(Kind::parse("later").expect("a name"), &large);
    }
    let mut host = host_with(&founding, &[]);
    for seq in 0..root.len() {
        let _ = host.deliver(&root.run(seq..seq + 1));
    }
    let extent = host.ledger.extent(&root.log()).expect("held");
    assert!(extent.next < root.len() && extent.bytes <= limits::ROOT_LOG_BYTES_MAX, "{extent:?}");
}
