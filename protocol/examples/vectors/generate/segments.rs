//! Segments: entries with their bodies.

use nanduti_protocol::{
    entry::Statement,
    hash::Hash,
    kind::Kind,
    run::{ReceivedRun, RunError, push_item, split_item},
};
use serde_json::{Value, json};

use super::{hex, made, refused};

pub(super) fn vectors() -> Value {
    let log = made::log(&[b"one", b"two", &[7; 300]]);
    let items: Vec<&[u8]> = log.iter().map(|(_, item)| item.as_slice()).collect();
    let mut withheld = Vec::new();
    push_item(&mut withheld, &log[0].0, None);
    withheld.extend_from_slice(items[1]);
    let mut forged = log[0].0.clone();
    *forged.last_mut().expect("not empty") ^= 1;
    let valid = [
        ("three entries", items.concat()),
        ("one entry", items[0].to_vec()),
        ("the upper part of a log", items[1..].concat()),
        ("a body withheld", withheld),
        ("only the last entry's own signature verifies", by_chain(&forged)),
        ("of three entries around place 63 that one and the last are signed", around_63(&[63, 64])),
    ];
    let valid: Vec<Value> = valid.iter().map(|(name, bytes)| valid_segment(name, bytes)).collect();
    json!({
        "about": "Segments (docs/spec/segments.md)",
        "network": made::network().to_hex(),
        "valid": valid,
        "refused": refusals(&log),
    })
}

/// A segment whose first entry's own signature does not verify; the second vouches for it.
fn by_chain(first: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_item(&mut bytes, first, Some(b"one"));
    let second = made::statement(1, Hash::of(first), b"two").sign(&made::network(), &made::key(1));
    push_item(&mut bytes, &second, Some(b"two"));
    bytes
}

/// The entries at places 62 to 64, of which those at these places carry a valid signature of their own.
fn around_63(signed: &[u64]) -> Vec<u8> {
    let (mut bytes, mut prev) = (Vec::new(), Hash::of(b"the one below"));
    for seq in 62..65 {
        let mut entry = made::statement(seq, prev, b"body").sign(&made::network(), &made::key(1));
        if !signed.contains(&seq) {
            *entry.last_mut().expect("not empty") ^= 1;
        }
        prev = Hash::of(&entry);
        push_item(&mut bytes, &entry, Some(b"body"));
    }
    bytes
}

fn valid_segment(name: &str, bytes: &[u8]) -> Value {
    let run = ReceivedRun::receive(bytes.to_vec()).and_then(|run| run.verify(&made::network())).expect("valid");
    let items: Vec<Value> = (run.first_seq()..)
        .zip(run.items())
        .map(|(seq, item)| json!({"seq": seq, "hash": item.hash.to_hex(), "offset": item.offset, "body": run.body_bytes(item).map(hex)}))
        .collect();
    json!({"name": name, "bytes": hex(bytes), "log": run.log().to_hex(), "first": run.first_seq(), "next": run.next_seq(),
           "prev": run.prev().to_hex(), "head": run.head().to_hex(), "items": items})
}

fn judge(bytes: &[u8]) -> Option<&'static str> {
    let outcome = ReceivedRun::receive(bytes.to_vec()).and_then(|run| run.verify(&made::network()));
    outcome.err().map(|error| match error {
        RunError::Empty => "empty",
        RunError::Oversized(_) => "oversized",
        RunError::Form { .. } => "form",
        RunError::Entry { .. } => "entry",
        RunError::Sequence { .. } => "sequence",
        RunError::Link { .. } => "link",
        RunError::Body { .. } => "body",
        RunError::BodyMissing { .. } => "body-missing",
        RunError::Spacing { .. } => "spacing",
        RunError::Anchor(_) => "anchor",
    })
}

fn refusals(log: &[(Vec<u8>, Vec<u8>)]) -> Vec<Value> {
    let items: Vec<&[u8]> = log.iter().map(|(_, item)| item.as_slice()).collect();
    let item = |entry: &[u8], body: Option<&[u8]>| {
        let mut item = Vec::new();
        push_item(&mut item, entry, body);
        item
    };
    let signed = |statement: &Statement, key: u8| statement.sign(&made::network(), &made::key(key));
    let stray = signed(&made::statement(1, Hash::of(b"elsewhere"), b"two"), 1);
    let other_log = signed(&Statement { log: made::public(2), ..made::statement(1, Hash::of(&log[0].0), b"two") }, 2);
    let mut forged = log[2].0.clone();
    *forged.last_mut().expect("not empty") ^= 1;
    let keyring = signed(&Statement { kind: Kind::Keyring, ..made::statement(0, made::network(), b"x") }, 1);
    let (_, body, len) = split_item(items[0]).expect("an item");
    let body = body.expect("held");
    let long_body = [&items[0][..len - body.len() - 1], &[0x58, 3], body].concat();
    let cases = [
        ("nothing", "empty", Vec::new()),
        ("cut off in the middle of an item", "form", items.concat()[..items.concat().len() - 1].to_vec()),
        ("one byte after the last item", "form", [items[0], &[0]].concat()),
        ("an item of three", "form", [&[0x83], &items[0][1..], &[0xf6]].concat()),
        ("an item of indefinite length", "form", [&[0x9f], &items[0][1..], &[0xff]].concat()),
        ("a body that is undefined instead of null", "form", [&items[0][..len - body.len() - 1], &[0xf7]].concat()),
        ("the length of a body longer than it need be", "form", long_body),
        ("something that is not an entry", "entry", item(b"entry", None)),
        ("a place left out", "sequence", [items[0], items[2]].concat()),
        ("two places exchanged", "sequence", [items[1], items[0]].concat()),
        ("an entry twice", "sequence", [items[0], items[0]].concat()),
        ("an entry of another log", "sequence", [items[0], &item(&other_log, Some(b"two"))].concat()),
        ("an entry that does not link", "link", [items[0], &item(&stray, Some(b"two"))].concat()),
        ("another body", "body", item(&log[0].0, Some(b"six"))),
        ("an empty body in the place of a withheld one", "body", item(&log[0].0, Some(b""))),
        ("a keyring without its body", "body-missing", item(&keyring, None)),
        ("the signature of the entry at place 63 does not verify", "spacing", around_63(&[62, 64])),
        (
            "the last entry's signature does not verify",
            "anchor",
            [items[0], items[1], &item(&forged, Some(&[7; 300]))].concat(),
        ),
    ];
    cases
        .iter()
        .map(|(name, reason, bytes)| refused(name, reason, judge(bytes), json!({"bytes": hex(bytes)})))
        .collect()
}
