//! Sync: headers of frames, messages, and whole sessions as bytes in both directions.

use nanduti_protocol::{
    cbor as strict,
    frontier::{ForkMark, Position, Prefix},
    hash::Hash,
    key::PublicKey,
    limits,
    roster::Roster,
    sync::{
        Compare, FrameHeader, FrameType, HeldForm, Hello, Message, PapersForm, Part, PeerFault, Pull, body_frame,
        message_frame, split_body, split_segment,
    },
};
use serde_json::{Value, json};

use super::{cbor, gossip, hex, made, records, refused, sessions};

pub(super) fn vectors() -> Value {
    json!({
        "about": "Sync (docs/spec/sync.md). In `says`, byte strings are {\"bytes\": hex} and large numbers {\"integer\": text}; digests of prefixes are in frontiers.json.",
        "network": made::network().to_hex(),
        // The charter of these sessions is of another network: nothing in them depends on it.
        "founders": hex(strict::encode(&Roster::founding(&made::charter()))),
        "headers": headers(),
        "refused_headers": refused_headers(),
        "bodies": bodies(),
        "refused_segments": refused_segments(),
        "messages": messages(),
        "refused_messages": refused_messages(),
        "sessions": sessions::all(),
    })
}

fn headers() -> Vec<Value> {
    let cases = [
        (FrameType::Message, "message", [1, 262_144]),
        (FrameType::Segment, "segment", [5, 4_259_840]),
        (FrameType::Body, "body", [40, 1_048_616]),
    ];
    let vector = |(frame_type, name, lengths): (FrameType, &str, [usize; 2])| {
        lengths.map(|len| {
            let bytes = FrameHeader { frame_type, len }.encode();
            assert_eq!(FrameHeader::decode(bytes), Ok(FrameHeader { frame_type, len }));
            json!({"bytes": hex(bytes), "type": name, "length": len})
        })
    };
    cases.into_iter().flat_map(vector).collect()
}

fn refused_headers() -> Vec<Value> {
    let cases = [
        ("an unknown type", "frame-type", [3, 0, 0, 1]),
        ("a message of no bytes", "frame-length", [0, 0, 0, 0]),
        ("a message of 262,145 bytes", "frame-length", [0, 4, 0, 1]),
        ("a segment of 4 bytes", "frame-length", [1, 0, 0, 4]),
        ("a segment of 4,259,841 bytes", "frame-length", [1, 0x41, 0, 1]),
        ("a body of 39 bytes", "frame-length", [2, 0, 0, 39]),
        ("a body of 1,048,617 bytes", "frame-length", [2, 0x10, 0, 41]),
    ];
    let judge = |bytes| FrameHeader::decode(bytes).err().map(|fault| fault.name());
    cases.iter().map(|(name, why, bytes)| refused(name, why, judge(*bytes), json!({"bytes": hex(bytes)}))).collect()
}

/// Whole frames that carry a body.
fn bodies() -> Vec<Value> {
    let vector = |body: &&[u8]| {
        let frame = body_frame(&made::public(1), 7, body).expect("in bounds");
        assert_eq!(split_body(&frame[4..]), Ok((made::public(1), 7, *body)));
        json!({"bytes": hex(&frame), "log": made::public(1).to_hex(), "seq": 7, "body": hex(body)})
    };
    [&b"one"[..], b""].iter().map(vector).collect()
}

/// The content of frames whose run has a length that none may have.
fn refused_segments() -> Vec<Value> {
    let cases = [("a run of no bytes", [0, 0, 0, 0, 0]), ("a run of 4,194,305 bytes", [0, 0x40, 0, 1, 0])];
    let judge = |content: &[u8]| split_segment(content).err().map(|fault| fault.name());
    cases.iter().map(|(name, bytes)| refused(name, "malformed", judge(bytes), json!({"content": hex(bytes)}))).collect()
}

fn hash(byte: u8) -> Hash {
    Hash::from_bytes([byte; 32])
}

fn log(byte: u8) -> PublicKey {
    PublicKey::from_bytes([byte; 32])
}

fn position(next: u64) -> Position {
    Position { next, head: hash(0xee), fork: None }
}

fn forked(next: u64) -> Position {
    let fork = Some(ForkMark { seq: next, low: hash(1), high: hash(2) });
    Position { fork, ..position(next) }
}

fn prefix(byte: u8, nibbles: u8) -> Prefix {
    Prefix::of(&log(byte), nibbles)
}

fn hello(pull: Vec<Pull>) -> Message {
    let ballots = Some((0, hash(4)));
    Message::Hello(Hello { network: made::network(), digest: hash(3), ballots, wants: 2, pull })
}

/// The form of papers is checked; what they hold is not.
fn papers(statements: usize) -> Message {
    let statements = vec![b"statement".to_vec().into(); statements];
    Message::Papers(PapersForm { roster: hash(4), proposal: b"proposal".to_vec().into(), statements })
}

fn turn(more: bool, parts: Vec<Part>) -> Message {
    Message::Compare(Compare { more, parts })
}

fn messages() -> Vec<Value> {
    let Message::Hello(full) = hello(Vec::new()) else { unreachable!("made so") };
    let probe = Part::Probe { log: log(0x2a), low: 3, hash: hash(9), high: 8 };
    let heads = Part::Heads { logs: vec![(log(0x11), position(4)), (log(0x12), forked(0))], prefix: prefix(0x11, 1) };
    let answer = Part::Answer(vec![(log(0x2a), Position { next: 0, head: made::network(), fork: None })]);
    let entry = made::log(&[b"one"])[0].0.clone();
    let cases = [
        ("hello", hello(Vec::new())),
        ("hello before the charter is known", Message::Hello(Hello { ballots: None, ..full })),
        ("hello of a quick pull", hello(vec![Pull(log(0x11), 0, made::network()), Pull(log(0x2a), 3, hash(9))])),
        ("a turn that says nothing", turn(false, Vec::new())),
        ("digests", turn(true, vec![Part::Digests { hashes: vec![hash(7); 16], prefix: prefix(0xab, 3) }])),
        ("heads, one of a log of which nothing counts", turn(false, vec![heads])),
        ("heads of nothing", turn(false, vec![Part::Heads { logs: Vec::new(), prefix: Prefix::ROOT }])),
        ("an answer and a probe", turn(false, vec![answer, probe])),
        ("nothing wanted", Message::Want(Vec::new())),
        ("bodies wanted", Message::Want(vec![(log(1), 3), (log(1), 4), (log(2), 0)])),
        ("nothing held of ballots", Message::Ballots(Vec::new())),
        ("what is held of two polls, the names of one left out", {
            Message::Ballots(vec![HeldForm(hash(4), u64::MAX, Vec::new()), HeldForm(hash(3), 7, vec![0, 24, u64::MAX])])
        }),
        ("papers of a ballot", papers(2)),
        ("a fork proof", Message::Fork(gossip::fork().encode().into())),
        ("evidence", Message::Evidence(vec![entry.into()])),
        ("end", Message::End),
    ];
    cases
        .iter()
        .map(|(name, message)| {
            let bytes = message.encode();
            assert_eq!(Message::decode(&bytes).as_ref(), Ok(message), "{name}");
            let says = records::shown(&strict::decode(&bytes).expect("DAG-CBOR"));
            json!({"name": name, "frame": hex(message_frame(message)), "says": says})
        })
        .collect()
}

fn refused_messages() -> Vec<Value> {
    let mut cases = misspelt();
    let both = |one: u8, other: u8| vec![(log(one), position(4)), (log(other), position(4))];
    let heads = |logs, prefix| turn(false, vec![Part::Heads { logs, prefix }]);
    let digests = |count, nibbles| {
        turn(false, vec![Part::Digests { hashes: vec![hash(7); count], prefix: prefix(0xab, nibbles) }])
    };
    let pulls = |bytes: &[u8]| hello(bytes.iter().map(|&byte| Pull(log(byte), 1, hash(9))).collect());
    let all: Vec<u8> = (0..65).collect();
    let many = (0..17).map(|byte| (log(byte), position(1))).collect();
    let wrong = [
        ("pulled logs out of order", "order", pulls(&[2, 1])),
        ("65 pulled logs", "too-many", pulls(&all)),
        ("nothing said, and more promised", "malformed", turn(true, Vec::new())),
        ("fifteen digests", "malformed", digests(15, 3)),
        ("digests below a whole key", "malformed", digests(16, 64)),
        ("heads out of order", "order", heads(both(2, 1), Prefix::ROOT)),
        ("a head twice", "order", heads(both(1, 1), Prefix::ROOT)),
        ("seventeen heads", "too-many", heads(many, Prefix::ROOT)),
        ("a head outside the prefix", "outside", heads(both(0x11, 0x2a), prefix(0x11, 1))),
        ("a head of nothing", "malformed", heads(vec![(log(1), position(0))], Prefix::ROOT)),
        ("an empty answer", "malformed", turn(false, vec![Part::Answer(Vec::new())])),
        ("an answer out of order", "order", turn(false, vec![Part::Answer(both(2, 1))])),
        (
            "a probe between no places",
            "malformed",
            turn(false, vec![Part::Probe { log: log(1), low: 2, hash: hash(9), high: 1 }]),
        ),
        ("wanted bodies out of order", "order", Message::Want(vec![(log(1), 4), (log(1), 3)])),
        ("a body wanted twice", "order", Message::Want(vec![(log(1), 4), (log(1), 4)])),
        ("names of statements out of order", "order", Message::Ballots(vec![HeldForm(hash(4), 7, vec![2, 1])])),
        ("a statement named twice", "order", Message::Ballots(vec![HeldForm(hash(4), 7, vec![2, 2])])),
        ("257 polls", "too-many", {
            Message::Ballots(vec![HeldForm(hash(4), 7, Vec::new()); limits::SYNC_POLLS_MAX + 1])
        }),
        ("papers without a statement", "malformed", papers(0)),
        ("papers of 257 statements", "malformed", papers(limits::PAPERS_STATEMENTS_MAX + 1)),
        ("evidence of no entries", "malformed", Message::Evidence(Vec::new())),
        ("evidence of 65 entries", "malformed", Message::Evidence(vec![b"e".to_vec().into(); 65])),
    ];
    cases.extend(wrong.map(|(name, why, message)| (name, why, message.encode())));
    let judge = |bytes: &[u8]| Message::decode(bytes).err().map(|fault: PeerFault| fault.name());
    cases.iter().map(|(name, why, bytes)| refused(name, why, judge(bytes), json!({"content": hex(bytes)}))).collect()
}

/// Messages that are not in their one form.
fn misspelt() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let compare = |parts: Vec<u8>| cbor::map(&[("compare", cbor::map(&[("more", vec![0xf4]), ("parts", parts)]))]);
    let one = |part: Vec<u8>| compare([cbor::head(4, 1), part].concat());
    let null_fork = [("fork", vec![0xf6]), ("head", cbor::bytes(&[9; 32])), ("next", vec![4])];
    let null_fork = [cbor::head(4, 1), cbor::head(4, 2), cbor::bytes(&[1; 32]), cbor::map(&null_fork)].concat();
    let capitals = [("logs", vec![0x80]), ("prefix", cbor::text("A"))];
    let more = cbor::map(&[("more", vec![0xf4]), ("less", vec![0xf4]), ("parts", vec![0x80])]);
    let long_place = [cbor::head(4, 1), cbor::head(4, 2), cbor::bytes(&[1; 32]), cbor::long_head(0, 3)].concat();
    let short_log = [cbor::head(4, 1), cbor::head(4, 2), cbor::bytes(&[1; 31]), cbor::uint(3)].concat();
    let end = Message::End.encode();
    assert!(Message::decode(&compare(vec![0x80])).is_ok());
    vec![
        ("an unknown message", "encoding", cbor::map(&[("bye", vec![0x80])])),
        ("two messages in one", "encoding", cbor::map(&[("want", vec![0x80]), ("evidence", cbor::bytes(b"e"))])),
        ("a byte after the end", "encoding", [end.as_slice(), &[0]].concat()),
        ("a list of indefinite length", "encoding", cbor::map(&[("want", vec![0x9f, 0xff])])),
        ("what is held, without names", "encoding", {
            let held = [cbor::head(4, 2), cbor::bytes(&[4; 32]), cbor::uint(7)].concat();
            cbor::map(&[("ballots", [cbor::head(4, 1), held].concat())])
        }),
        ("papers in another order", "encoding", {
            let list = [("proposal", cbor::bytes(b"p")), ("roster", cbor::bytes(&[4; 32])), ("statements", vec![0x80])];
            cbor::map(&[("papers", cbor::map(&list))])
        }),
        ("a hello of four", "encoding", cbor::map(&[("hello", cbor::head(4, 4))])),
        ("an unknown field", "encoding", cbor::map(&[("compare", more)])),
        ("a fork that is null", "encoding", one(cbor::map(&[("answer", null_fork)]))),
        ("a prefix in capitals", "encoding", one(cbor::map(&[("heads", cbor::map(&capitals))]))),
        ("a place longer than it need be", "encoding", cbor::map(&[("want", long_place)])),
        ("a log of 31 bytes", "encoding", cbor::map(&[("want", short_log)])),
    ]
}
