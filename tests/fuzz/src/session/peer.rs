//! A peer without a conscience: it knows all names, places, hashes and entries of the network, and says what the script says.
//!
//! So much of what it sends passes the first checks, and the machine gets far before something is wrong. It has no key of a
//! member: whatever it sends that is signed, a member signed.

use nanduti_protocol::{
    ballot::short_id,
    cbor,
    frontier::{Position, Prefix},
    hash::Hash,
    key::PublicKey,
    sync::{self, Compare, FrameHeader, FrameType, HeldForm, Hello, Message, PapersForm, Part, Pull},
};

use super::world::World;
use crate::script::Script;

/// What the peer sends next: one frame. `heard` is what it heard last.
pub(crate) fn frame(world: &World, ours: Hash, heard: &[u8], script: &mut Script<'_>) -> Vec<u8> {
    let what = script.byte();
    let mut content = match what % 12 {
        _ if what >= 0xf8 => cbor::encode(&ballots(world, script)),
        _ if what >= 0xf0 => cbor::encode(&papers(world, script)),
        0 => return wrap(FrameType::Message, script.bytes(255).to_vec()),
        1 | 2 => cbor::encode(&hello(world, ours, script)),
        3..=5 => cbor::encode(&compare(world, script)),
        6 => {
            let mut places: Vec<_> =
                (0..script.below(5)).map(|_| (position(world, script).0, script.below(9) as u64)).collect();
            places.sort_unstable();
            places.dedup();
            cbor::encode(&Message::Want(places))
        }
        7 => cbor::encode(&Message::Fork(world.proof.encode().into())),
        8 => cbor::encode(&Message::Evidence(vec![entry(world, script).into()])),
        9 => cbor::encode(&Message::End),
        10 => return segment(world, script),
        _ => return if script.below(2) == 0 { body(world, script) } else { heard.to_vec() },
    };
    if script.below(8) == 1 {
        change(&mut content, script);
    }
    wrap(FrameType::Message, content)
}

/// Changes bytes: one is flipped, taken away or put in.
pub(crate) fn change(bytes: &mut Vec<u8>, script: &mut Script<'_>) {
    let at = script.below(bytes.len().min(1 << 15));
    match script.below(4) {
        0 | 1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= script.byte().max(1);
            }
        }
        2 => bytes.truncate(at),
        _ => bytes.insert(at, script.byte()),
    }
}

fn wrap(frame_type: FrameType, content: Vec<u8>) -> Vec<u8> {
    match FrameHeader::new(frame_type, content.len()) {
        Some(header) => [&header.encode()[..], &content].concat(),
        None => content,
    }
}

fn position(world: &World, script: &mut Script<'_>) -> (PublicKey, Position) {
    let (log, position) = world.position(script);
    match script.below(12) {
        1 => (world.strangers[script.below(2)].log(), position),
        _ => (log, position),
    }
}

fn positions(world: &World, script: &mut Script<'_>) -> Vec<(PublicKey, Position)> {
    let mut positions: Vec<_> = (0..script.below(11)).map(|_| position(world, script)).collect();
    positions.sort_by_key(|(log, _)| *log);
    positions.dedup_by_key(|(log, _)| *log);
    positions
}

fn hello(world: &World, ours: Hash, script: &mut Script<'_>) -> Message {
    let network = if script.below(16) == 1 { Hash::of(b"another") } else { world.network };
    let digest = if script.below(4) == 1 { ours } else { Hash::of(b"another digest") };
    let mut pull: Vec<Pull> = Vec::new();
    if script.below(3) == 1 {
        pull.extend(positions(world, script).into_iter().map(|(log, held)| Pull(log, held.next, held.head)));
    }
    let wants = script.byte();
    let ballots = (wants >= 0x80).then_some((0, Hash::of(b"other ballots")));
    Message::Hello(Hello { network, digest, ballots, wants: u64::from(wants % 3), pull })
}

/// What it says that it holds of ballots: some of what there is, or nothing, or what there is not.
fn ballots(world: &World, script: &mut Script<'_>) -> Message {
    let held = world.papers.iter().filter_map(|papers| {
        let mut ids: Vec<_> = papers.statements.iter().map(|bytes| short_id(bytes)).collect();
        ids.sort_unstable();
        let digest = u64::from(script.byte());
        (digest % 3 == 1).then_some(HeldForm(papers.roster, digest, ids))
    });
    Message::Ballots(held.collect())
}

fn papers(world: &World, script: &mut Script<'_>) -> Message {
    let mut papers = script.pick(&world.papers).expect("there are some").clone();
    match script.below(12) {
        1 => papers.roster = Hash::of(b"another roster"),
        2 => change(&mut papers.proposal, script),
        3 => papers.statements.iter_mut().for_each(|bytes| change(bytes, script)),
        4 => papers.statements.clear(),
        5 => {
            papers.statements.extend(script.pick(&world.papers).into_iter().flat_map(|other| other.statements.clone()))
        }
        _ => {}
    }
    Message::Papers(PapersForm::from(papers))
}

fn compare(world: &World, script: &mut Script<'_>) -> Message {
    let parts: Vec<Part> = (0..script.below(4)).map(|_| part(world, script)).collect();
    Message::Compare(Compare { more: script.below(3) == 1, parts })
}

fn part(world: &World, script: &mut Script<'_>) -> Part {
    let nibbles = [0, 0, 0, 1, 1, 2, 64].get(script.below(7)).copied().unwrap_or(0);
    match script.below(4) {
        0 => {
            let prefix = Prefix::of(&position(world, script).0, nibbles);
            let hashes = (0..16).map(|_| Hash::of(&[script.byte() % 3])).collect();
            Part::Digests { hashes, prefix }
        }
        1 => {
            let mut logs = positions(world, script);
            let prefix = logs.first().map_or(Prefix::ROOT, |(log, _)| Prefix::of(log, nibbles));
            logs.retain(|(log, _)| Prefix::of(log, nibbles) == prefix);
            Part::Heads { logs, prefix }
        }
        2 => Part::Answer(positions(world, script)),
        _ => {
            let (log, position) = position(world, script);
            let low = script.below(6) as u64;
            Part::Probe { log, low, hash: position.head, high: low + script.below(5) as u64 }
        }
    }
}

fn entry(world: &World, script: &mut Script<'_>) -> Vec<u8> {
    let log = match script.below(8) {
        1 => script.pick(&world.strangers).expect("there are some"),
        _ => &script.pick(&world.branches).expect("there are some").log,
    };
    log.entry(script.below(8) as u64).unwrap_or_default().to_vec()
}

fn segment(world: &World, script: &mut Script<'_>) -> Vec<u8> {
    let from = script.below(7) as u64;
    let places = from..from + 1 + script.below(7) as u64;
    let mut bytes = match script.below(8) {
        1 => script.pick(&world.strangers).expect("there are some").segment(places),
        _ => script.pick(&world.branches).expect("there are some").segment(places),
    };
    if script.below(4) == 1 {
        change(&mut bytes, script);
    }
    let head = sync::segment_head(bytes.len()).unwrap_or_default();
    wrap(FrameType::Segment, [&head[..], &bytes].concat())
}

fn body(world: &World, script: &mut Script<'_>) -> Vec<u8> {
    let (log, position) = position(world, script);
    let number = script.byte() % 5;
    sync::body_frame(&log, position.next, &[number; 40]).unwrap_or_default()
}
