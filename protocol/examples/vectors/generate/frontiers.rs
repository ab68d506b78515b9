//! Frontiers, their digests, and prefixes of keys.

use nanduti_protocol::{
    frontier::{ForkMark, Frontier, Position, Prefix},
    hash::Hash,
    key::PublicKey,
};
use serde_json::{Value, json};

use super::made;

pub(super) fn vectors() -> Value {
    let mark = ForkMark { seq: 3, low: Hash::of(b"low"), high: Hash::of(b"the higher") };
    let mark = if mark.low < mark.high { mark } else { ForkMark { low: mark.high, high: mark.low, ..mark } };
    let position = |next: u64, fork| Position { next, head: Hash::of(&next.to_be_bytes()), fork };
    let near = |last: u8| {
        let mut bytes = [0x12; 32];
        bytes[31] = last;
        PublicKey::from_bytes(bytes)
    };
    let sets: [(&str, Vec<(PublicKey, Position)>); 4] = [
        ("nothing", vec![]),
        ("one log", vec![(made::public(1), position(5, None))]),
        (
            "a forked log of which nothing counts",
            vec![(
                made::public(2),
                Position { next: 0, head: made::network(), fork: Some(ForkMark { seq: 0, ..mark }) },
            )],
        ),
        (
            "several logs",
            vec![
                (made::public(1), position(1, None)),
                (made::public(2), position(300, Some(mark))),
                (made::public(3), position(u64::MAX, None)),
                (near(0x12), position(4, None)),
                (near(0x1f), position(6, None)),
                (near(0x21), position(7, None)),
            ],
        ),
    ];
    let frontiers: Vec<Value> = sets.iter().map(|(name, logs)| frontier(name, logs)).collect();
    json!({
        "about": "Frontiers: digests of the whole, of prefixes and of a prefix's sixteen children (docs/spec/frontier.md)",
        "frontiers": frontiers,
    })
}

fn frontier(name: &str, logs: &[(PublicKey, Position)]) -> Value {
    let mut frontier = Frontier::default();
    for (log, position) in logs {
        frontier.set(*log, *position);
    }
    let listed: Vec<Value> = frontier
        .iter()
        .map(|(log, position)| {
            let fork = position.fork.map(|mark| json!({"seq": mark.seq, "low": mark.low.to_hex(), "high": mark.high.to_hex()}));
            json!({"log": log.to_hex(), "next": position.next.to_string(), "head": position.head.to_hex(), "fork": fork})
        })
        .collect();
    let mut prefixes = vec![Prefix::ROOT];
    for (log, _) in logs {
        prefixes.extend([1, 2, 63, 64].map(|nibbles| Prefix::of(log, nibbles)));
    }
    prefixes.sort();
    prefixes.dedup();
    let prefixes: Vec<Value> = prefixes
        .iter()
        .map(|prefix| {
            let text = serde_json::to_value(prefix).expect("text");
            let children: Vec<String> = frontier.children(*prefix).into_iter().map(Hash::to_hex).collect();
            let children = (prefix.nibbles() <= 1).then_some(children);
            json!({"prefix": text, "digest": frontier.digest_of(*prefix).to_hex(), "children": children})
        })
        .collect();
    json!({"name": name, "logs": listed, "digest": frontier.digest().to_hex(), "prefixes": prefixes})
}
