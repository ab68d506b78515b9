//! What an attacker sends: entries, runs, frames and gossip, right or wrong as it likes.

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    cbor,
    entry::{BodyRef, Statement},
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    limits::ANCHOR_SPACING,
    node_record::NodeRecord,
    run::push_item,
    sync::{FrameHeader, FrameType, Hello, Message, message_frame, segment_head},
};

/// The place in a log where the next entry goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tip {
    /// Place in the log.
    pub(super) seq: u64,
    /// Hash of the entry before.
    pub(super) prev: Hash,
}

/// A kind that a mechanism may write and that no node looks into.
///
/// # Panics
/// Never: it is the name of a kind.
pub(super) fn adoption() -> Kind {
    Kind::parse("adoption").expect("the name of a kind")
}

/// A key that nobody knows.
pub(super) fn stranger(number: u64) -> SigningKey {
    SigningKey::from_bytes(Hash::of(&[b"stranger".as_slice(), &number.to_be_bytes()].concat()).as_bytes())
}

/// The entry at a place, signed.
pub(super) fn entry(network: &Hash, key: &SigningKey, tip: Tip, kind: Kind, body: &[u8]) -> Vec<u8> {
    statement(key, tip, kind, body).sign(network, key)
}

/// A run of so many entries with this body, which moves the tip on. Only those are signed
/// that have to be: the chain vouches for the others, so that a million of them cost an attacker next to nothing.
pub(super) fn run(network: &Hash, key: &SigningKey, tip: &mut Tip, count: u64, kind: &Kind, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 1..=count {
        let statement = statement(key, *tip, kind.clone(), body);
        let anchor = number == count || (tip.seq + 1).is_multiple_of(ANCHOR_SPACING);
        let made = if anchor { statement.sign(network, key) } else { unsigned(&statement) };
        push_item(&mut bytes, &made, Some(body));
        *tip = Tip { seq: tip.seq + 1, prev: Hash::of(&made) };
    }
    bytes
}

fn statement(key: &SigningKey, Tip { seq, prev }: Tip, kind: Kind, body: &[u8]) -> Statement {
    let log = PublicKey::from(key);
    Statement { log, seq, body: BodyRef::to(body), kind, prev, time: 1, audience: Audience::Public }
}

/// An envelope with a signature that is none.
fn unsigned(statement: &Statement) -> Vec<u8> {
    let payload = cbor::encode(statement);
    let len = u8::try_from(payload.len()).expect("a statement is short");
    [[0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0, 0x58, len].as_slice(), &payload, &[0x58, 64], &[7; 64]].concat()
}

/// A segment as a frame that says it holds so many bytes.
///
/// # Panics
/// If it is larger than a frame can be.
pub(super) fn segment_frame(run: &[u8], claimed: usize) -> Vec<u8> {
    frame(FrameType::Segment, &segment(run, claimed))
}

/// The content of such a frame.
///
/// # Panics
/// If it says more than a header can say.
pub(super) fn segment(run: &[u8], claimed: usize) -> Vec<u8> {
    let compressed = zstd::bulk::compress(run, 1).expect("memory can be compressed");
    let head = segment_head(claimed).expect("attackers keep to the bounds that only a header has");
    [head.as_slice(), &compressed].concat()
}

/// A frame of a type.
///
/// # Panics
/// If it is larger than a frame can be.
pub(super) fn frame(frame_type: FrameType, content: &[u8]) -> Vec<u8> {
    let header =
        FrameHeader::new(frame_type, content.len()).expect("attackers keep to the bounds that only a header has");
    [header.encode().as_slice(), content].concat()
}

/// A hello that says the digest is another.
pub(super) fn hello(network: Hash) -> Vec<u8> {
    let hello = Hello { network, digest: Hash::of(b"another"), ballots: None, wants: 0, pull: Vec::new() };
    message_frame(&Message::Hello(hello))
}

/// A node record, signed.
pub(super) fn node_record(network: &Hash, key: &SigningKey, counter: u64, addresses: Vec<String>) -> Vec<u8> {
    NodeRecord { key: PublicKey::from(key), counter, addresses }.sign(network, key)
}

/// A message of gossipsub that publishes these on a topic, as one frame of `/meshsub/1.1.0`.
pub(super) fn publish(topic: &str, messages: &[Vec<u8>]) -> Vec<u8> {
    let published = messages.iter().flat_map(|data| field(2, &[field(2, data), field(4, topic.as_bytes())].concat()));
    delimited(&published.collect::<Vec<u8>>())
}

/// A frame that subscribes to a topic.
pub(super) fn subscribe(topic: &str) -> Vec<u8> {
    delimited(&field(1, &[[0x08, 1].as_slice(), &field(2, topic.as_bytes())].concat()))
}

/// Frames full of control messages: offers of messages that there are not, wishes for messages, grafts and prunes.
pub(super) fn control(topic: &str, number: u64) -> Vec<u8> {
    let ids = |from: u64| {
        (from..from + 40).flat_map(|n| field(2, Hash::of(&n.to_be_bytes()).as_bytes())).collect::<Vec<u8>>()
    };
    let offer = field(1, &[field(1, topic.as_bytes()), ids(number * 40)].concat());
    let wishes = (number * 40..number * 40 + 40).flat_map(|n| field(1, Hash::of(&n.to_be_bytes()).as_bytes()));
    let wish = field(2, &wishes.collect::<Vec<u8>>());
    let graft = field(3, &field(1, topic.as_bytes())).repeat(20);
    let prune = field(4, &field(1, topic.as_bytes())).repeat(20);
    delimited(&field(3, &[offer, wish, graft, prune].concat()))
}

fn delimited(rpc: &[u8]) -> Vec<u8> {
    [varint(rpc.len()), rpc.to_vec()].concat()
}

/// A field of Protocol Buffers that holds bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2], varint(bytes.len()).as_slice(), bytes].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
