//! Announcements and node records.

use nanduti_protocol::{
    announce::{Announcement, NewEntry},
    ballot::{Statement as BallotStatement, rules::Step},
    chain::{Chain, ChainError},
    entry::{Entry, Statement},
    envelope::{self, EnvelopeError, Purpose},
    fork::{ForkError, ForkProof},
    hash::Hash,
    kind::Audience,
    limits,
    node_record::{NodeRecord, NodeRecordError, SealedNodeRecord},
    run::push_item,
    sync::segment_head,
};
use serde_json::{Value, json};

use super::{cbor, hex, made, refused, sessions::stored};

const ADDRESS: &str = "/ip4/192.0.2.7/udp/4001/quic-v1";

pub(super) fn vectors() -> Value {
    json!({
        "about": "Announcements, which a receiver judges before it passes them on, and node records (docs/spec/gossip.md)",
        "network": made::network().to_hex(),
        "announcements": announcements(),
        "rejected": rejected(),
        "node_records": node_records(),
        "refused_node_records": refused_node_records(),
    })
}

fn record(counter: u64, addresses: &[&str]) -> NodeRecord {
    let addresses = addresses.iter().map(|&address| address.to_owned()).collect();
    NodeRecord { key: made::public(5), counter, addresses }
}

fn sign(record: &NodeRecord) -> Vec<u8> {
    record.sign(&made::network(), &made::key(5))
}

fn entry(statement: &Statement, key: u8) -> Vec<u8> {
    statement.sign(&made::network(), &made::key(key))
}

pub(super) fn fork() -> ForkProof {
    let prev = Hash::of(b"before");
    let [one, other] = [b"a", b"b"].map(|body| {
        Chain::new(&made::network(), vec![entry(&made::statement(4, prev, body), 1)]).expect("signed by itself")
    });
    ForkProof::new(4, one, other).expect("a fork")
}

fn ballot(step: Step, cites: Option<u32>) -> Vec<u8> {
    let (roster, proposal) = (Hash::of(b"roster"), Hash::of(b"proposal"));
    let statement = BallotStatement { step, cites, round: 2, member: made::member("PRY"), roster, proposal };
    statement.sign(&made::network(), &made::key(0x12))
}

/// What of the judging depends on the message and the network alone: the reasons to reject.
fn judge(bytes: &[u8]) -> Option<&'static str> {
    let network = made::network();
    match Announcement::decode(bytes) {
        Err(_) => Some("form"),
        Ok(Announcement::Entry(bytes)) => match Entry::decode(bytes) {
            Err(_) => Some("form"),
            Ok(entry) if entry.statement.seq == 0 && entry.statement.prev != network => Some("other-network"),
            Ok(entry) => entry.verify(&network).is_err().then_some("signature"),
        },
        Ok(Announcement::Segment(bytes)) => judge_segment(bytes),
        Ok(Announcement::Fork(bytes)) => match ForkProof::decode(&network, bytes) {
            Err(ForkError::Chain(ChainError::Signature(_))) => Some("signature"),
            Err(_) => Some("form"),
            Ok(_) => None,
        },
        Ok(Announcement::Ballot(bytes)) => match BallotStatement::decode(bytes) {
            Err(_) => Some("form"),
            Ok(_) => None,
        },
        Ok(Announcement::Node(bytes)) => match SealedNodeRecord::decode(bytes) {
            Err(_) => Some("form"),
            Ok(record) => record.verify(&network).is_err().then_some("signature"),
        },
    }
}

fn judge_segment(bytes: &[u8]) -> Option<&'static str> {
    let network = made::network();
    let read = NewEntry::split(bytes).ok().and_then(|(len, frame)| {
        let run = frame.strip_prefix(&stored(&[0; 256])[..5])?.get(5..)?;
        NewEntry::read((run.len() == len).then(|| run.to_vec())?).ok()
    });
    let Some(new) = read else { return Some("form") };
    let statement = new.entry().expect("it was read").statement;
    if statement.seq == 0 && statement.prev != network {
        return Some("other-network");
    }
    new.verify(&network).is_err().then_some("signature")
}

/// The content of a segment frame of this run, which says that it has so many bytes.
fn segment(run: &[u8], len: usize) -> Vec<u8> {
    [&segment_head(len).expect("in bounds")[..], &stored(run)].concat()
}

/// An entry with its body.
fn item(statement: &Statement, key: u8, body: Option<&[u8]>) -> Vec<u8> {
    let mut run = Vec::new();
    push_item(&mut run, &entry(statement, key), body);
    run
}

fn announcements() -> Vec<Value> {
    let first = entry(&made::statement(0, made::network(), b"one"), 1);
    let above = entry(&made::statement(9, Hash::of(b"the one below"), b"ten"), 1);
    let body = [b'b'; 200];
    let whole = item(&made::statement(9, Hash::of(b"the one below"), &body), 1, Some(&body));
    let whole = segment(&whole, whole.len());
    let (fork, node, ballot) = (fork().encode(), sign(&record(7, &[ADDRESS])), ballot(Step::Endorse, Some(1)));
    let cases = [
        ("the first entry of a log", Announcement::entry(&first), &first),
        ("an entry above others", Announcement::entry(&above), &above),
        ("an entry with its body", Announcement::segment(&whole), &whole),
        ("a fork proof", Announcement::fork(&fork), &fork),
        ("a node record", Announcement::node(&node), &node),
        ("a statement of a ballot", Announcement::ballot(&ballot), &ballot),
    ];
    cases
        .iter()
        .map(|(name, announcement, carried)| {
            let bytes = announcement.encode();
            assert_eq!((Announcement::decode(&bytes), judge(&bytes)), (Ok(*announcement), None), "{name}");
            let pair = match announcement {
                Announcement::Entry(_) => "entry",
                Announcement::Segment(_) => "segment",
                Announcement::Fork(_) => "fork",
                Announcement::Node(_) => "node",
                Announcement::Ballot(_) => "ballot",
            };
            let id = Hash::of(&bytes).to_hex();
            json!({"name": name, "bytes": hex(&bytes), "pair": pair, "carries": hex(carried), "message_id": id})
        })
        .collect()
}

fn rejected() -> Vec<Value> {
    let network = made::network();
    let good = entry(&made::statement(3, Hash::of(b"below"), b"four"), 1);
    let elsewhere = entry(&made::statement(0, Hash::of(b"another network"), b"one"), 1);
    let forged = entry(&made::statement(3, Hash::of(b"below"), b"four"), 2);
    let abroad = made::statement(3, Hash::of(b"below"), b"four").sign(&Hash::of(b"another network"), &made::key(1));
    let side = [cbor::head(4, 1), cbor::bytes(&good)].concat();
    let no_fork = [cbor::head(4, 3), cbor::uint(3), side.clone(), side].concat();
    let stolen = record(7, &[ADDRESS]).sign(&network, &made::key(6));
    let pair = |key: &str, value: Vec<u8>| cbor::map(&[(key, value)]);
    let long = [&[0x59, 0, 1][..], b"e"].concat();
    let two = [("fork", cbor::bytes(b"f")), ("entry", cbor::bytes(&good))];
    let body = [b'b'; 200];
    let four = made::statement(3, Hash::of(b"below"), &body);
    let whole = |statement: &Statement, key, body| {
        let run = item(statement, key, body);
        pair("segment", cbor::bytes(&segment(&run, run.len())))
    };
    let closed = Statement { audience: Audience::Members, ..four.clone() };
    let (one, five) = (item(&four, 1, Some(&body)), made::statement(4, Hash::of(&entry(&four, 1)), &body));
    let several = [one.clone(), item(&five, 1, Some(&body))].concat();
    let away = made::statement(0, Hash::of(b"another network"), &body);
    let cases = [
        ("nothing", "form", Vec::new()),
        ("an empty map", "form", vec![0xa0]),
        ("null instead of bytes", "form", pair("entry", vec![0xf6])),
        ("a key and its value without their map", "form", [cbor::text("entry"), cbor::bytes(&good)].concat()),
        ("another pair", "form", pair("other", cbor::bytes(&good))),
        ("two pairs", "form", cbor::map(&two)),
        ("a length longer than it need be", "form", pair("entry", long)),
        ("a byte after the end", "form", [Announcement::entry(&good).encode(), vec![0]].concat()),
        ("something that is not an entry", "form", pair("entry", cbor::bytes(b"entry"))),
        ("an entry with its body", "form", pair("entry", made::log(&[b"one"])[0].1.clone())),
        ("a segment without the body", "form", whole(&four, 1, None)),
        ("a segment with another body", "form", whole(&four, 1, Some(&[b'c'; 200]))),
        ("a segment whose body is for members", "form", whole(&closed, 1, Some(&body))),
        ("a segment of two entries", "form", pair("segment", cbor::bytes(&segment(&several, several.len())))),
        ("a segment that is longer than it announces", "form", pair("segment", cbor::bytes(&segment(&one, 256)))),
        (
            "a segment that announces 32,769 bytes",
            "form",
            pair("segment", cbor::bytes(&segment(&one, limits::GOSSIP_RUN_MAX + 1))),
        ),
        ("a segment that is cut off", "form", pair("segment", cbor::bytes(&[0, 0, 1]))),
        ("a segment of another network at place 0", "other-network", whole(&away, 1, Some(&body))),
        ("a segment signed by another key", "signature", whole(&four, 2, Some(&body))),
        ("a fork proof that proves nothing", "form", pair("fork", cbor::bytes(&no_fork))),
        ("a record with nine addresses", "form", pair("node", cbor::bytes(&sign(&record(7, &[ADDRESS; 9]))))),
        ("a ratification that cites", "form", pair("ballot", cbor::bytes(&ballot(Step::Ratify, Some(1))))),
        ("a statement that is longer than any", "form", pair("ballot", cbor::bytes(&[0; limits::STATEMENT_MAX + 1]))),
        ("an entry of another network at place 0", "other-network", pair("entry", cbor::bytes(&elsewhere))),
        ("an entry signed by another key", "signature", pair("entry", cbor::bytes(&forged))),
        ("an entry signed for another network", "signature", pair("entry", cbor::bytes(&abroad))),
        ("a record signed by another key", "signature", pair("node", cbor::bytes(&stolen))),
    ];
    cases.iter().map(|(name, why, bytes)| refused(name, why, judge(bytes), json!({"bytes": hex(bytes)}))).collect()
}

fn read(bytes: &[u8]) -> Option<&'static str> {
    let outcome = SealedNodeRecord::decode(bytes).and_then(|record| record.verify(&made::network()));
    outcome.err().map(|error| match error {
        NodeRecordError::Envelope(EnvelopeError::Oversized) => "oversized",
        NodeRecordError::Envelope(EnvelopeError::Form) => "form",
        NodeRecordError::Envelope(EnvelopeError::Signature) => "signature",
        NodeRecordError::Payload(_) => "payload",
        NodeRecordError::Addresses => "addresses",
    })
}

fn longest() -> String {
    format!("/{}", "a".repeat(limits::ADDRESS_MAX - 1))
}

fn node_records() -> Vec<Value> {
    let longest = longest();
    let cases = [
        ("one address", record(7, &[ADDRESS])),
        ("no address", record(0, &[])),
        ("the largest record", record(u64::MAX, &[longest.as_str(); 8])),
    ];
    cases
        .iter()
        .map(|(name, record)| {
            let bytes = sign(record);
            assert_eq!(read(&bytes), None, "{name}");
            assert_eq!(SealedNodeRecord::decode(&bytes).map(|sealed| sealed.record).as_ref(), Ok(record), "{name}");
            json!({"name": name, "secret": hex([5; 32]), "bytes": hex(bytes), "key": record.key.to_hex(),
                   "counter": record.counter.to_string(), "addresses": record.addresses})
        })
        .collect()
}

fn refused_node_records() -> Vec<Value> {
    let good = record(7, &[ADDRESS]);
    let raw = |payload: &[u8]| envelope::seal(Purpose::NodeRecord, &made::network(), &made::key(5), payload);
    let key = || cbor::bytes(made::public(5).as_bytes());
    let one = || [cbor::head(4, 1), cbor::text(ADDRESS)].concat();
    let fields = |fields: &[(&str, Vec<u8>)]| raw(&cbor::map(fields));
    let longer = longest() + "a";
    let payload = nanduti_protocol::cbor::encode(&good);
    let cases = [
        ("2,329 bytes", "oversized", vec![0; limits::NODE_RECORD_MAX + 1]),
        ("the payload alone", "form", payload.clone()),
        ("no addresses at all", "payload", fields(&[("key", key()), ("counter", cbor::uint(7))])),
        ("keys out of order", "payload", fields(&[("counter", cbor::uint(7)), ("key", key()), ("addresses", one())])),
        (
            "an unknown field",
            "payload",
            fields(&[("key", key()), ("name", cbor::text("n")), ("counter", cbor::uint(7)), ("addresses", one())]),
        ),
        ("a counter below zero", "payload", fields(&[("key", key()), ("counter", vec![0x20]), ("addresses", one())])),
        (
            "a key of 31 bytes",
            "payload",
            fields(&[("key", cbor::bytes(&[1; 31])), ("counter", cbor::uint(7)), ("addresses", one())]),
        ),
        ("nine addresses", "addresses", sign(&record(7, &[ADDRESS; 9]))),
        ("an address of 257 bytes", "addresses", sign(&record(7, &[&longer]))),
        ("an address that does not begin with /", "addresses", sign(&record(7, &["ip4"]))),
        ("a line feed in an address", "addresses", sign(&record(7, &["/ip4/\n"]))),
        ("a letter outside ASCII in an address", "addresses", sign(&record(7, &["/dns/ñ"]))),
        ("signed by another key", "signature", good.sign(&made::network(), &made::key(6))),
        ("signed for another network", "signature", good.sign(&Hash::of(b"another network"), &made::key(5))),
        (
            "signed for another purpose",
            "signature",
            envelope::seal(Purpose::Entry, &made::network(), &made::key(5), &payload),
        ),
    ];
    cases.iter().map(|(name, why, bytes)| refused(name, why, read(bytes), json!({"bytes": hex(bytes)}))).collect()
}
