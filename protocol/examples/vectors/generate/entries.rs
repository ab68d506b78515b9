//! Entries: the payload of an envelope.

use nanduti_protocol::{
    entry::{BodyRef, Entry, EntryError, Statement},
    envelope::{Purpose, seal},
    hash::Hash,
    kind::{Audience, Kind},
    limits,
};
use serde_json::{Value, json};

use super::{cbor, hex, made, refused};

pub(super) fn vectors() -> Value {
    let base = made::statement(0, made::network(), b"body");
    let valid = [
        ("a practice, entry 0", base.clone()),
        ("the last place of a log", Statement { seq: limits::LOG_ENTRIES_MAX - 1, ..base.clone() }),
        ("for members", Statement { audience: Audience::Members, seq: 24, ..base.clone() }),
        ("a kind of a later version", Statement { kind: Kind::Other("adoption".into()), seq: 256, ..base.clone() }),
        ("no time", Statement { time: 0, seq: 65_536, ..base.clone() }),
        ("the latest time", Statement { time: limits::TIME_MAX_MS, ..base.clone() }),
        (
            "a body as large as one may be",
            Statement { body: BodyRef { hash: Hash::of(b"x"), size: limits::BODY_MAX as u64 }, ..base.clone() },
        ),
        ("an empty body", Statement { body: BodyRef::to(b""), ..base.clone() }),
    ];
    let valid: Vec<Value> = valid.into_iter().map(|(name, statement)| valid_entry(name, &statement)).collect();
    let mut refused = payloads(&base);
    refused.extend(meanings(&base));
    json!({
        "about": "Entries (docs/spec/entries.md). All are signed by the secret key 01…01 for the network given.",
        "network": made::network().to_hex(),
        "secret": hex([1; 32]),
        "valid": valid,
        "refused": refused,
    })
}

fn valid_entry(name: &str, statement: &Statement) -> Value {
    let bytes = statement.sign(&made::network(), &made::key(1));
    let entry = Entry::decode(&bytes).expect("valid");
    assert_eq!(&entry.statement, statement);
    entry.verify(&made::network()).expect("signed");
    json!({
        "name": name,
        "statement": {
            "log": statement.log.to_hex(), "seq": statement.seq.to_string(), "prev": statement.prev.to_hex(),
            "time": statement.time, "kind": statement.kind.name(),
            "audience": if statement.audience == Audience::Public { "public" } else { "members" },
            "body": {"hash": statement.body.hash.to_hex(), "size": statement.body.size},
        },
        "bytes": hex(&bytes),
        "hash": entry.hash.to_hex(),
        "cid": entry.hash.to_cid(),
        "short": entry.hash.short(),
    })
}

fn judge(bytes: &[u8]) -> Option<&'static str> {
    let entry = match Entry::decode(bytes) {
        Ok(entry) => entry,
        Err(error) => {
            return Some(match error {
                EntryError::Envelope(_) => "envelope",
                EntryError::Payload(_) => "payload",
                EntryError::BodySize(_) => "body-size",
                EntryError::Place(_) => "place",
                EntryError::Time(_) => "time",
                EntryError::Audience(_) => "audience",
            });
        }
    };
    entry.verify(&made::network()).is_err().then_some("signature")
}

fn refuse(name: &str, reason: &str, payload: &[u8]) -> Value {
    let bytes = seal(Purpose::Entry, &made::network(), &made::key(1), payload);
    refused(name, reason, judge(&bytes), json!({"bytes": hex(&bytes)}))
}

/// The pairs of a good payload, in their order.
fn pairs(statement: &Statement) -> Vec<(&'static str, Vec<u8>)> {
    let body =
        cbor::map(&[("hash", cbor::bytes(statement.body.hash.as_bytes())), ("size", cbor::uint(statement.body.size))]);
    vec![
        ("log", cbor::bytes(statement.log.as_bytes())),
        ("seq", cbor::uint(statement.seq)),
        ("body", body),
        ("kind", cbor::text(statement.kind.name())),
        ("prev", cbor::bytes(statement.prev.as_bytes())),
        ("time", cbor::uint(statement.time)),
        ("audience", cbor::text("public")),
    ]
}

fn payloads(base: &Statement) -> Vec<Value> {
    let good = pairs(base);
    let with = |place: usize, value: Vec<u8>| {
        let mut pairs = good.clone();
        pairs[place].1 = value;
        cbor::map(&pairs)
    };
    assert_eq!(judge(&seal(Purpose::Entry, &made::network(), &made::key(1), &cbor::map(&good))), None);
    let mut swapped = good.clone();
    swapped.swap(0, 1);
    let mut alphabetic = good.clone();
    alphabetic.sort_by_key(|pair| pair.0);
    let mut unknown = good.clone();
    unknown.insert(6, ("note", cbor::text("x")));
    unknown.sort_by_key(|pair| (pair.0.len(), pair.0));
    let mut twice = good.clone();
    twice.insert(1, good[0].clone());
    let missing = &good[..6];
    let body_unknown = cbor::map(&[
        ("hash", cbor::bytes(base.body.hash.as_bytes())),
        ("size", cbor::uint(4)),
        ("type", cbor::uint(1)),
    ]);
    let content = cbor::map(&good);
    let indefinite = [&[0xbf], &content[1..], &[0xff]].concat();
    let link = [&[0xd8, 0x2a], cbor::bytes(&[&[0], base.prev.as_bytes().as_slice()].concat()).as_slice()].concat();
    let cases = [
        ("an empty payload", Vec::new()),
        ("not a map", cbor::uint(1)),
        ("keys not sorted", cbor::map(&swapped)),
        ("keys sorted by bytes alone, not by length first", cbor::map(&alphabetic)),
        ("a key twice", cbor::map(&twice)),
        ("an unknown field", cbor::map(&unknown)),
        ("a field missing", cbor::map(missing)),
        ("an unknown field in the body's reference", with(2, body_unknown)),
        ("a map of indefinite length", indefinite),
        ("a byte after the payload's map", [content.as_slice(), &[0]].concat()),
        ("an integer longer than it need be", with(1, cbor::long_head(0, 0))),
        ("a length longer than it need be", with(0, [&[0x59, 0, 32], base.log.as_bytes().as_slice()].concat())),
        ("a negative place", with(1, vec![0x20])),
        ("a place as a float", with(1, vec![0xfb, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("a place as null", with(1, vec![0xf6])),
        ("a key of 31 bytes", with(0, cbor::bytes(&base.log.as_bytes()[..31]))),
        ("a hash of 33 bytes", with(4, cbor::bytes(&[0; 33]))),
        ("a hash as text", with(4, cbor::text(&base.prev.to_hex()))),
        ("a hash as a link (tag 42)", with(4, link)),
        ("a kind with capital letters", with(3, cbor::text("Practice"))),
        ("a kind of 33 characters", with(3, cbor::text("a-kind-of-thirty-three-characters"))),
        ("an unknown audience", with(6, cbor::text("friends"))),
        (
            "an audience as the key of a map that has no value",
            with(6, [&[0xa1], cbor::text("public").as_slice()].concat()),
        ),
        ("text that is not UTF-8", with(6, vec![0x62, 0xc3, 0x28])),
    ];
    cases.iter().map(|(name, payload)| refuse(name, "payload", payload)).collect()
}

fn meanings(base: &Statement) -> Vec<Value> {
    let sign = |statement: Statement| statement.sign(&made::network(), &made::key(1));
    let large = BodyRef { hash: Hash::of(b"x"), size: limits::BODY_MAX as u64 + 1 };
    let mut cases = vec![
        ("a body larger than one may be", "body-size", sign(Statement { body: large, ..base.clone() })),
        ("a place that no log reaches", "place", sign(Statement { seq: limits::LOG_ENTRIES_MAX, ..base.clone() })),
        ("the highest number as a place", "place", sign(Statement { seq: u64::MAX, ..base.clone() })),
        ("a time past the year 9999", "time", sign(Statement { time: limits::TIME_MAX_MS + 1, ..base.clone() })),
        ("signed by another key", "signature", base.sign(&made::network(), &made::key(2))),
        ("signed for another network", "signature", base.sign(&Hash::of(b"other"), &made::key(1))),
        ("tagged with 18", "envelope", [&[0xd2], sign(base.clone()).as_slice()].concat()),
        ("larger than an entry may be", "envelope", seal(Purpose::Entry, &made::network(), &made::key(1), &[0; 5000])),
    ];
    for kind in [Kind::Charter, Kind::Log, Kind::Keyring, Kind::Withdrawal] {
        cases.push((
            "a kind that has to be public, for members",
            "audience",
            sign(Statement { kind, audience: Audience::Members, ..base.clone() }),
        ));
    }
    cases
        .iter()
        .map(|(name, reason, bytes)| refused(name, reason, judge(bytes), json!({"bytes": hex(bytes)})))
        .collect()
}
