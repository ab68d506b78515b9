//! Bytes: what comparisons cost, and the form of frames and messages.

use alloc::{vec, vec::Vec};

use proptest::prelude::*;
use serde_bytes::ByteBuf;

use super::{pair::sync, world::World};
use crate::{
    cbor,
    frontier::{Position, Prefix},
    hash::Hash,
    key::PublicKey,
    limits,
    sync::{
        Compare, FrameHeader, FrameType, Hello, Message, Part, PeerFault, body_frame, message_frame, segment_head,
        split_body, split_segment,
    },
};

#[test]
fn one_entry_among_a_thousand_logs_is_found_cheaply() {
    let mut world = World::new(20, 50);
    let mut behind = world.full();
    world.logs[321].1.grow(2, "news");
    let mut ahead = world.full();
    for (one, other) in [(&mut ahead.clone(), &mut behind.clone()), (&mut behind, &mut ahead)] {
        let traffic = sync(one, other);
        assert_eq!(one.frontier(), other.frontier());
        assert_eq!(traffic.runs.len(), 1);
        assert!(traffic.narrowing <= 8 * 1024, "{} bytes", traffic.narrowing);
        assert!(traffic.outcomes.iter().all(|outcome| outcome.turns <= 5), "{:?}", traffic.outcomes);
    }
}

#[test]
fn a_thousand_logs_that_all_differ_take_few_turns() {
    let mut world = World::new(20, 50);
    let mut behind = world.full();
    for (_, chain) in &mut world.logs {
        chain.grow(2, "news");
    }
    let mut ahead = world.full();
    let traffic = sync(&mut ahead, &mut behind);
    assert_eq!(ahead.frontier(), behind.frontier());
    assert!(traffic.outcomes.iter().all(|outcome| outcome.turns <= 6), "{:?}", traffic.outcomes);
}

#[test]
fn headers_hold_their_bounds() {
    for (frame_type, least, most) in [
        (FrameType::Message, 1, limits::SYNC_MESSAGE_MAX),
        (FrameType::Segment, 5, limits::SYNC_SEGMENT_MAX),
        (FrameType::Body, 40, limits::SYNC_BODY_MAX),
    ] {
        for len in [least, most] {
            let header = FrameHeader::new(frame_type, len).expect("within");
            assert_eq!(FrameHeader::decode(header.encode()), Ok(header));
        }
        for len in [least - 1, most + 1] {
            assert_eq!(FrameHeader::new(frame_type, len), None);
            let bytes = FrameHeader { frame_type, len }.encode();
            assert_eq!(FrameHeader::decode(bytes), Err(PeerFault::FrameLength { len }));
        }
    }
    assert_eq!(FrameHeader::decode([3, 0, 0, 9]), Err(PeerFault::FrameType(3)));
    assert_eq!(message_frame(&Message::End), [0, 0, 0, 4, 0x63, b'e', b'n', b'd']);
}

#[test]
fn segments_and_bodies_come_apart_as_they_were_put_together() {
    let head = segment_head(70_000).expect("within");
    assert_eq!(split_segment(&[head.as_slice(), b"zstd"].concat()), Ok((70_000, b"zstd".as_slice())));
    assert_eq!(segment_head(0), None);
    assert_eq!(segment_head(limits::SEGMENT_MAX + 1), None);
    assert!(split_segment(&[0, 0, 0]).is_err());
    assert!(split_segment(&[0xff; 9]).is_err());
    let log = PublicKey::from_bytes([7; 32]);
    let frame = body_frame(&log, 300, b"body").expect("within");
    assert_eq!(split_body(&frame[4..]), Ok((log, 300, b"body".as_slice())));
    assert!(split_body(&frame[4..43]).is_err());
    assert_eq!(body_frame(&log, 0, &vec![0; limits::BODY_MAX + 1]), None);
}

fn samples() -> Vec<Message> {
    let hash = Hash::of(b"hash");
    let log = PublicKey::from_bytes([7; 32]);
    let position = Position { next: 3, head: hash, fork: None };
    let hello = Hello { network: hash, digest: hash, ballots: None, wants: 0, pull: vec![] };
    vec![
        Message::Hello(Hello { ballots: Some((2, hash)), ..hello.clone() }),
        Message::Hello(hello),
        Message::Compare(Compare {
            more: true,
            parts: vec![
                Part::Digests { hashes: vec![hash; 16], prefix: Prefix::ROOT },
                Part::Heads { logs: vec![(log, position)], prefix: Prefix::of(&log, 2) },
                Part::Answer(vec![(log, position)]),
                Part::Probe { log, low: 2, hash, high: 9 },
            ],
        }),
        Message::Want(vec![(log, 1), (log, 4)]),
        Message::Fork(ByteBuf::from(vec![1; 10])),
        Message::Evidence(vec![ByteBuf::from(vec![1; 10]), ByteBuf::from(vec![2; 10])]),
        Message::End,
    ]
}

#[test]
fn messages_survive_encoding_and_have_one_spelling() {
    for message in samples() {
        let bytes = message.encode();
        assert_eq!(Message::decode(&bytes), Ok(message));
        for place in 0..bytes.len() {
            assert!(Message::decode(&bytes[..place]).is_err(), "cut off");
        }
        assert!(Message::decode(&[bytes, vec![0]].concat()).is_err(), "trailing");
    }
    assert!(Message::decode(&cbor::encode(&(1, 2))).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Message::decode(&bytes);
    }

    #[test]
    fn what_decodes_is_spelt_as_it_was(sample in 0_usize..7, place: prop::sample::Index, byte: u8) {
        let mut bytes = samples()[sample].encode();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }
}
