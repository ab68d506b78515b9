//! What no honest peer sends is refused, and the peer is blamed; what the host does wrong is not the peer's fault.

use alloc::{vec, vec::Vec};

use serde_bytes::ByteBuf;

use super::{node::Snapshot, world::World};
use crate::{
    frontier::{Frontier, Position, Prefix},
    hash::Hash,
    key::PublicKey,
    limits,
    sync::{
        Compare, Hello, HostMisuse, Input, Message, Output, Part, PeerFault, Pull, Serve, Session, SyncError, View,
    },
};

fn world(logs: usize) -> World {
    let mut world = World::new(2, logs);
    for (_, chain) in &mut world.logs {
        chain.grow(8, "practice");
    }
    world
}

fn hello(world: &World) -> Hello {
    Hello { network: world.network, digest: Hash::of(b"another"), ballots: None, wants: 0, pull: vec![] }
}

fn drain(session: &mut Session<Snapshot>) -> Vec<Output> {
    core::iter::from_fn(|| session.poll_output()).collect()
}

fn tell(session: &mut Session<Snapshot>, message: Message) -> Result<Vec<Output>, SyncError> {
    session.handle(Input::Message(message))?;
    Ok(drain(session))
}

fn compare(parts: Vec<Part>) -> Message {
    Message::Compare(Compare { more: false, parts })
}

/// A session that has spoken its first comparison.
fn responder(world: &World) -> Session<Snapshot> {
    let mut session = Session::responder(world.full().view());
    let outputs = tell(&mut session, Message::Hello(hello(world))).expect("in order");
    assert_eq!(outputs.len(), 2, "hello and a comparison");
    session
}

fn fault(session: &mut Session<Snapshot>, message: Message) -> PeerFault {
    match tell(session, message) {
        Err(SyncError::Peer(fault)) => {
            assert!(session.is_over());
            assert_eq!(session.poll_output(), None);
            assert_eq!(session.next_to_serve(), None);
            fault
        }
        other => panic!("{other:?}"),
    }
}

fn position(next: u64) -> Position {
    Position { next, head: Hash::of(b"head"), fork: None }
}

#[test]
fn messages_come_in_their_order() {
    let world = world(2);
    let fresh = || Session::responder(world.full().view());
    for message in [Message::End, Message::Want(vec![]), compare(vec![]), Message::Fork(ByteBuf::new())] {
        assert_eq!(fault(&mut fresh(), message.clone()), PeerFault::Unexpected(message.name()));
        let expected = if matches!(message, Message::Compare(_)) { None } else { Some(message.name()) };
        if let Some(name) = expected {
            assert_eq!(fault(&mut responder(&world), message), PeerFault::Unexpected(name));
        }
    }
    assert_eq!(fault(&mut responder(&world), Message::Hello(hello(&world))), PeerFault::Unexpected("hello"));
    let other = Hello { network: Hash::of(b"elsewhere"), ..hello(&world) };
    let error = tell(&mut fresh(), Message::Hello(other)).expect_err("another network");
    assert_eq!(error, SyncError::OtherNetwork);
    assert!(!error.blames_peer());
    let mut initiator = Session::initiator(world.full().view());
    drain(&mut initiator);
    let pull = Hello { pull: vec![Pull(world.roots[0].log(), 0, world.network)], ..hello(&world) };
    assert_eq!(fault(&mut initiator, Message::Hello(pull)), PeerFault::Unexpected("a pull"));
}

#[test]
fn only_what_was_asked_is_described_and_once() {
    let world = world(20);
    let frontier: Frontier = world.full().view().frontier().clone();
    let log = world.logs[0].1.log();
    let child = Prefix::of(&log, 1);
    let heads = |prefix| Part::Heads { logs: vec![], prefix };
    assert_eq!(fault(&mut responder(&world), compare(vec![heads(Prefix::of(&log, 2))])), PeerFault::Unasked);
    assert_eq!(fault(&mut responder(&world), compare(vec![heads(child), heads(child)])), PeerFault::Unasked);
    assert_eq!(fault(&mut responder(&world), compare(vec![heads(child), heads(Prefix::ROOT)])), PeerFault::Unasked);
    assert!(tell(&mut responder(&world), compare(vec![heads(Prefix::ROOT)])).is_ok(), "all children at once");
    let digests = Part::Digests { hashes: frontier.children(child), prefix: child };
    assert_eq!(fault(&mut responder(&world), compare(vec![digests])), PeerFault::NoDifference);
    let same = frontier.below(child).map(|(log, position)| (*log, *position)).collect();
    let same = Part::Heads { logs: same, prefix: child };
    assert_eq!(fault(&mut responder(&world), compare(vec![same])), PeerFault::NoDifference);
}

#[test]
fn lists_are_bounded_sorted_and_within_their_prefix() {
    let world = world(20);
    let key = |byte: u8| PublicKey::from_bytes([byte; 32]);
    let heads = |logs| compare(vec![Part::Heads { logs, prefix: Prefix::ROOT }]);
    let many = (0..17).map(|byte| (key(byte), position(1))).collect();
    assert!(matches!(fault(&mut responder(&world), heads(many)), PeerFault::TooMany { .. }));
    let unsorted = vec![(key(2), position(1)), (key(1), position(1))];
    assert!(matches!(fault(&mut responder(&world), heads(unsorted)), PeerFault::Order { .. }));
    let twice = vec![(key(2), position(1)), (key(2), position(1))];
    assert!(matches!(fault(&mut responder(&world), heads(twice)), PeerFault::Order { .. }));
    assert!(matches!(fault(&mut responder(&world), heads(vec![(key(2), position(0))])), PeerFault::Malformed(_)));
    let outside = compare(vec![Part::Heads { logs: vec![(key(2), position(1))], prefix: Prefix::of(&key(0xff), 1) }]);
    assert_eq!(fault(&mut responder(&world), outside), PeerFault::Outside(key(2)));
    let short = compare(vec![Part::Digests { hashes: vec![Hash::default(); 15], prefix: Prefix::ROOT }]);
    assert!(matches!(fault(&mut responder(&world), short), PeerFault::Malformed(_)));
    let leaf = compare(vec![Part::Digests { hashes: vec![Hash::default(); 16], prefix: Prefix::of(&key(1), 64) }]);
    assert!(matches!(fault(&mut responder(&world), leaf), PeerFault::Malformed(_)));
    let promise = Message::Compare(Compare { more: true, parts: vec![] });
    assert!(matches!(fault(&mut responder(&world), promise), PeerFault::Malformed(_)));
    let pulls = (0..65).map(|byte| Pull(key(byte), 0, world.network)).collect();
    let mut fresh = Session::responder(world.full().view());
    let pulls = Message::Hello(Hello { pull: pulls, ..hello(&world) });
    assert!(matches!(fault(&mut fresh, pulls), PeerFault::TooMany { .. }));
    let wants = Message::Want((0..=limits::SYNC_WANT_MAX as u64).map(|seq| (key(1), seq)).collect());
    assert!(matches!(fault(&mut responder(&world), wants), PeerFault::TooMany { .. }));
}

#[test]
fn answers_and_probes_follow_from_what_was_shown() {
    let world = world(4);
    let (log, chain) = (world.logs[0].1.log(), &world.logs[0].1);
    let stranger = PublicKey::from_bytes([9; 32]);
    let answer = |log, next, head| compare(vec![Part::Answer(vec![(log, Position { next, head, fork: None })])]);
    let probe = |low, high, hash| compare(vec![Part::Probe { log, low, hash, high }]);
    let other = Hash::of(b"other");
    assert_eq!(fault(&mut responder(&world), answer(stranger, 1, other)), PeerFault::Unsolicited(stranger));
    assert_eq!(fault(&mut responder(&world), answer(log, 8, other)), PeerFault::Unsolicited(log), "not behind");
    assert!(matches!(fault(&mut responder(&world), answer(log, 0, other)), PeerFault::Malformed(_)));
    let mut session = responder(&world);
    tell(&mut session, answer(log, 3, chain.place(2).hash)).expect("behind us");
    assert_eq!(fault(&mut responder(&world), probe(0, 8, other)), PeerFault::Probe(log), "above what we hold");
    assert_eq!(fault(&mut responder(&world), probe(1, 7, other)), PeerFault::Probe(log), "not from the bottom");
    assert!(matches!(fault(&mut responder(&world), probe(3, 2, other)), PeerFault::Malformed(_)));
    let mut session = responder(&world);
    let said = tell(&mut session, probe(0, 7, chain.place(3).hash)).expect("a search");
    let expected = Part::Probe { log, low: 4, hash: chain.place(5).hash, high: 7 };
    assert_eq!(said, [Output::Send(compare(vec![expected]))]);
    assert_eq!(fault(&mut session.clone(), probe(0, 7, other)), PeerFault::Probe(log), "no step");
    tell(&mut session, probe(4, 5, other)).expect("a step");
    assert_eq!(fault(&mut session, probe(4, 4, other)), PeerFault::Probe(log), "we have closed the search");
    let mut session = responder(&world);
    tell(&mut session, probe(0, 5, chain.place(2).hash)).expect("a search");
    assert!(tell(&mut session.clone(), probe(5, 5, other)).is_ok());
    assert!(tell(&mut session, probe(5, 5, chain.place(5).hash)).is_ok(), "the peer may have left a branch meanwhile");
}

#[test]
fn nothing_comes_that_was_not_asked_for() {
    let world = world(2);
    let streaming = || {
        let mut session = responder(&world);
        tell(&mut session, compare(vec![])).expect("nothing to compare");
        session
    };
    assert_eq!(fault(&mut streaming(), Message::End), PeerFault::Unexpected("end"), "before the wants");
    let wanted = || {
        let mut session = streaming();
        tell(&mut session, Message::Want(vec![])).expect("in order");
        session
    };
    assert_eq!(fault(&mut wanted(), Message::Want(vec![])), PeerFault::Unexpected("want"));
    let entry = world.logs[0].1.items[3].entry.clone();
    let evidence = |entries: &[Vec<u8>]| Message::Evidence(entries.iter().cloned().map(ByteBuf::from).collect());
    assert_eq!(fault(&mut wanted(), evidence(core::slice::from_ref(&entry))), PeerFault::Unexpected("evidence"));
    assert!(matches!(fault(&mut wanted(), evidence(&[vec![1]])), PeerFault::Evidence(_)));
    assert!(matches!(fault(&mut wanted(), evidence(&[entry.clone(), entry.clone()])), PeerFault::Evidence(_)));
    assert!(matches!(fault(&mut wanted(), evidence(&[])), PeerFault::Malformed(_)));
    assert!(matches!(fault(&mut wanted(), evidence(&vec![entry; 65])), PeerFault::Malformed(_)));
    let large = Message::Fork(ByteBuf::from(vec![0; limits::FORK_PROOF_MAX + 1]));
    assert!(matches!(fault(&mut wanted(), large), PeerFault::Malformed(_)));
    assert!(matches!(fault(&mut wanted(), Message::Fork(ByteBuf::from(vec![1]))), PeerFault::Fork(_)));
    let body = Input::Body { log: world.logs[0].1.log(), seq: 1, bytes: vec![] };
    assert_eq!(wanted().handle(body), Err(PeerFault::Unexpected("a body").into()));
    assert!(wanted().handle(Input::Segment(vec![])).is_err());
    assert!(wanted().handle(Input::Segment(vec![0; limits::SEGMENT_MAX + 1])).is_err());
    assert!(streaming().handle(Input::Segment(vec![1])).is_err(), "before the wants");
    let mut session = wanted();
    tell(&mut session, Message::End).expect("in order");
    assert!(session.clone().handle(Input::Segment(vec![1])).is_err(), "after the end");
    assert!(matches!(fault(&mut session.clone(), Message::End), PeerFault::Unexpected(_)));
    assert_eq!(session.next_to_serve(), Some(Serve::Send(Message::End)));
    assert!(matches!(drain(&mut session).as_slice(), [Output::Finished(_)]));
    assert_eq!(session.handle(Input::Segment(vec![1])), Err(HostMisuse::Over.into()));
}

#[test]
fn comparing_has_an_end() {
    // Somebody answers for one log a turn, and promises more each time.
    let world = world(40);
    let frontier = world.full().view().frontier().clone();
    let mut session = responder(&world);
    let all = |nibble| Prefix::ROOT.child(nibble).expect("a child");
    for nibble in 0..15 {
        let parts = vec![Part::Heads { logs: vec![], prefix: all(nibble) }];
        let differs = frontier.below(all(nibble)).next().is_some();
        let said = tell(&mut session, Message::Compare(Compare { more: true, parts }));
        assert_eq!(said.is_ok(), differs);
    }
    let over = (0..limits::SYNC_TURNS_MAX).find_map(|_| {
        let parts = vec![Part::Heads { logs: vec![], prefix: all(15) }];
        tell(&mut session, Message::Compare(Compare { more: true, parts })).err()
    });
    assert_eq!(over, Some(PeerFault::Unasked.into()), "nothing new is left to say");
}

#[test]
fn the_hosts_mistakes_are_its_own() {
    let world = world(2);
    let mut session = Session::initiator(world.full().view());
    assert_eq!(session.handle(Input::Message(Message::End)), Err(HostMisuse::Undrained.into()));
    assert_eq!(session.handle(Input::Message(Message::End)), Err(HostMisuse::Over.into()));
    let mut session = Session::initiator(world.full().view());
    drain(&mut session);
    let error = session.handle(Input::Served { next: 3 }).expect_err("nothing was served");
    assert_eq!(error, HostMisuse::Served.into());
    assert!(!error.blames_peer());
    let mut session = Session::responder(world.full().view());
    let all =
        Message::Compare(Compare { more: false, parts: vec![Part::Heads { logs: vec![], prefix: Prefix::ROOT }] });
    let empty = || Message::Hello(hello(&world));
    tell(&mut session, empty()).expect("in order");
    assert_eq!(fault(&mut session.clone(), all), PeerFault::Unasked, "few logs were described by their heads");
    // An empty node answers for each of them. Then nothing is left to compare.
    let nothing = Position { next: 0, head: world.network, fork: None };
    let frontier = world.full().view().frontier().clone();
    let answers = frontier.iter().map(|(log, _)| (*log, nothing)).collect();
    let said = tell(&mut session, compare(vec![Part::Answer(answers)])).expect("answers");
    assert_eq!(said, [Output::Send(compare(vec![])), Output::Send(Message::Want(vec![]))]);
    let Some(Serve::Run { from, to, .. }) = session.next_to_serve() else { panic!("a run") };
    assert_eq!((from, session.next_to_serve()), (0, None), "one at a time");
    assert_eq!(session.clone().handle(Input::Served { next: to + 1 }), Ok(()), "up to the next anchor");
    if let Some(before) = from.checked_sub(1) {
        assert_eq!(session.clone().handle(Input::Served { next: before }), Err(HostMisuse::Served.into()));
    }
    session.handle(Input::Served { next: from }).expect("it could not be read");
    assert!(session.next_to_serve().is_some(), "the others go on");
}
