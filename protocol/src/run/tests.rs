//! Runs: what passes, what is refused and why.

use alloc::{vec, vec::Vec};

use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use super::*;
use crate::entry::Statement;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn network() -> Hash {
    Hash::of(b"network")
}

/// A valid log of practices with these bodies.
fn log_of(bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut prev = network();
    for (seq, body) in bodies.iter().enumerate() {
        let statement = Statement {
            log: PublicKey::from(&key()),
            seq: seq as u64,
            body: BodyRef::to(body),
            kind: Kind::Practice,
            prev,
            time: 1,
            audience: Audience::Public,
        };
        let entry = statement.sign(&network(), &key());
        prev = Hash::of(&entry);
        push_item(&mut out, &entry, Some(body));
    }
    out
}

fn items(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = bytes;
    let mut items = Vec::new();
    while let Some(len) = item_len(rest) {
        items.push(rest[..len].to_vec());
        rest = &rest[len..];
    }
    items
}

#[test]
fn a_valid_run_passes_and_keeps_its_bytes() {
    let bodies = vec![vec![1; 10], vec![], vec![3; 70_000]];
    let bytes = log_of(&bodies);
    let run = ReceivedRun::receive(bytes.clone()).and_then(|run| run.verify(&network())).expect("valid");
    assert_eq!((run.first_seq(), run.next_seq()), (0, 3));
    assert_eq!(run.bytes(), bytes);
    for (item, body) in run.items().iter().zip(&bodies) {
        assert_eq!(run.body_bytes(item), Some(body.as_slice()));
        assert_eq!(Hash::of(run.entry_bytes(item)), item.hash);
    }
    let tail = run.clone().starting_at(2).expect("within");
    assert_eq!(tail.bytes(), items(&bytes)[2]);
    assert_eq!(tail.prev(), run.items()[1].hash);
    assert_eq!(tail.body_bytes(&tail.items()[0]), Some(bodies[2].as_slice()));
    assert_eq!(run.starting_at(3), None);
}

#[test]
fn gaps_swaps_and_repeats_are_refused() {
    let all = items(&log_of(&[vec![1], vec![2], vec![3]]));
    for order in [[0, 2].as_slice(), &[1, 0], &[0, 0], &[2, 1]] {
        let bytes: Vec<u8> = order.iter().flat_map(|&place: &usize| all[place].clone()).collect();
        assert!(matches!(ReceivedRun::receive(bytes), Err(RunError::Sequence { .. })), "{order:?}");
    }
    assert_eq!(ReceivedRun::receive(Vec::new()), Err(RunError::Empty));
}

#[test]
fn a_body_may_be_withheld_but_not_exchanged() {
    let bytes = log_of(&[vec![1; 5]]);
    let (entry, _, _) = split_item(&bytes).expect("an item");
    let mut withheld = Vec::new();
    push_item(&mut withheld, entry, None);
    let run = ReceivedRun::receive(withheld).and_then(|run| run.verify(&network())).expect("valid");
    assert_eq!(run.body_bytes(&run.items()[0]), None);
    let mut exchanged = Vec::new();
    push_item(&mut exchanged, entry, Some(&[2; 5]));
    assert_eq!(ReceivedRun::receive(exchanged), Err(RunError::Body { offset: 0 }));
}

#[test]
fn the_tail_is_cut_back_to_the_last_entry_that_is_signed() {
    let mut all = items(&log_of(&[vec![1], vec![2]]));
    let (entry, body, _) = split_item(&all[1]).expect("an item");
    let mut forged = entry.to_vec();
    *forged.last_mut().expect("not empty") ^= 1;
    let mut item = Vec::new();
    push_item(&mut item, &forged, body);
    all[1] = item;
    let run = ReceivedRun::receive(all.concat()).expect("the structure is sound");
    assert_eq!(run.anchored_len(&network()), 1);
    assert!(matches!(run.verify(&network()), Err(RunError::Anchor(_))));
}

/// A log whose entries carry their own signature only where `signed` says so, from the places on.
fn log_signed(places: core::ops::Range<u64>, signed: impl Fn(u64) -> bool) -> Vec<u8> {
    let (mut out, mut prev) = (Vec::new(), network());
    for seq in places {
        let (log, body) = (PublicKey::from(&key()), BodyRef::to(b"body"));
        let (kind, audience) = (Kind::Practice, Audience::Public);
        let mut entry = Statement { log, seq, body, kind, prev, time: 1, audience }.sign(&network(), &key());
        if !signed(seq) {
            *entry.last_mut().expect("not empty") ^= 1;
        }
        prev = Hash::of(&entry);
        push_item(&mut out, &entry, Some(b"body"));
    }
    out
}

#[test]
fn the_entry_before_each_multiple_of_the_spacing_has_to_be_signed() {
    let spacing = limits::ANCHOR_SPACING;
    let needed = |seq: u64| (seq + 1).is_multiple_of(spacing);
    for places in [0..200, 3..150, 63..130, 64..130, 64..100, 62..64, 127..129] {
        let last = places.end - 1;
        let read =
            |signed: &dyn Fn(u64) -> bool| ReceivedRun::receive(log_signed(places.clone(), signed)).expect("sound");
        let sparse = |seq: u64| needed(seq) || seq == last;
        let run = read(&sparse);
        assert_eq!(run.anchored_len(&network()) as u64, places.end - places.start);
        let run = run.verify(&network()).expect("signed where it has to be");
        for seq in places.clone() {
            let chain = run.chain_from(seq, &network()).expect("there is one from every place");
            let end = (seq..).find(|seq| sparse(*seq)).expect("the last is signed");
            assert_eq!(chain.entries().len() as u64, end + 1 - seq);
        }
        for gap in places.clone().filter(|seq| needed(*seq) && *seq != last) {
            let run = read(&|seq| seq != gap);
            assert_eq!(run.anchored_len(&network()) as u64, gap - places.start, "what lies below it may stay");
            assert!(matches!(run.verify(&network()), Err(RunError::Spacing { .. })), "{places:?} {gap}");
        }
    }
}

#[test]
fn a_run_is_cut_to_one_that_would_pass_again() {
    let run = ReceivedRun::receive(log_signed(10..200, |seq| seq % 64 == 63 || seq == 70 || seq == 199));
    let run = run.and_then(|run| run.verify(&network())).expect("signed where it has to be");
    for (before, ends) in [(200, 200), (199, 192), (192, 192), (191, 128), (100, 71), (71, 71), (70, 64)] {
        let cut = run.clone().ending_before(before, &network()).expect("something is left");
        assert_eq!(cut.next_seq(), ends);
        assert!(ReceivedRun::receive(cut.bytes().to_vec()).and_then(|run| run.verify(&network())).is_ok());
    }
    assert_eq!(run.clone().ending_before(63, &network()), None);
    for (above, ends) in [(10, 64), (63, 64), (64, 71), (70, 71), (71, 128), (190, 192), (199, 200)] {
        let cut = run.clone().ending_above(above, &network()).expect("the last is signed");
        assert_eq!(cut.next_seq(), ends);
        assert!(ReceivedRun::receive(cut.bytes().to_vec()).and_then(|run| run.verify(&network())).is_ok());
    }
    assert_eq!(run.clone().ending_above(200, &network()), None);
    assert_eq!(run.clone().ending_above(9, &network()), None);
    for from in [10, 63, 64, 100, 199] {
        let rest = run.clone().starting_at(from).expect("within");
        assert!(ReceivedRun::receive(rest.bytes().to_vec()).and_then(|run| run.verify(&network())).is_ok());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = ReceivedRun::receive(bytes);
    }

    #[test]
    fn every_cut_is_refused(cut in 1_usize..700) {
        let bytes = log_of(&[vec![1; 20], vec![2; 30]]);
        let whole = item_len(&bytes).expect("an item");
        prop_assume!(cut < bytes.len() && cut != whole);
        prop_assert!(ReceivedRun::receive(bytes[..cut].to_vec()).is_err());
    }

    #[test]
    fn no_changed_bit_is_valid(place in 0_usize..700, bit in 0..8) {
        let mut bytes = log_of(&[vec![1; 20], vec![2; 30]]);
        prop_assume!(place < bytes.len());
        bytes[place] ^= 1_u8 << bit;
        let run = ReceivedRun::receive(bytes).and_then(|run| run.verify(&network()));
        prop_assert!(run.is_err());
    }
}
