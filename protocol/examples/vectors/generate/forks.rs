//! Fork proofs: two chains that show two hashes at one place.

use nanduti_protocol::{
    chain::{Chain, ChainError},
    entry::Statement,
    fork::{ForkError, ForkProof},
    hash::Hash,
    limits,
};
use serde_json::{Value, json};

use super::{cbor, hex, made, refused};

pub(super) fn vectors() -> Value {
    let p = Hash::of(b"before");
    let (a, b, c) = (entry(4, p, b"a"), entry(4, p, b"b"), entry(4, p, b"c"));
    let above = entry(5, Hash::of(b"elsewhere"), b"d");
    let longer = by_chain(4, p, 3);
    let proof =
        |seq: u64, one: &[Vec<u8>], other: &[Vec<u8>]| ForkProof::new(seq, chain(one), chain(other)).expect("a fork");
    let (a, b, c) = ([a], [b], [c]);
    let proofs = [
        ("two entries at one place", proof(4, &a, &b)),
        ("two others there", proof(4, &b, &c)),
        ("an entry, and one above it that does not link", proof(4, &a, &[above])),
        ("two entries at a lower place", proof(2, &[entry(2, p, b"x")], &[entry(2, p, b"y")])),
        ("an entry, and a chain of which only the last is signed", proof(4, &a, &longer)),
        ("the same, shown from one place above", proof(4, &a, &longer[1..])),
        ("a chain as long as one may be", proof(4, &a, &by_chain(4, p, limits::ANCHOR_SPACING))),
    ];
    let merges: Vec<Value> = [(0, 1), (0, 2), (1, 3), (0, 0), (4, 5), (4, 1)]
        .iter()
        .map(|&(one, other)| {
            let (one, other) = (&proofs[one].1, &proofs[other].1);
            let merged = one.merge(other);
            assert_eq!(merged, other.merge(one));
            json!({"one": hex(one.encode()), "other": hex(other.encode()), "carried": hex(merged.encode())})
        })
        .collect();
    json!({
        "about": "Fork proofs (docs/spec/frontier.md)",
        "network": made::network().to_hex(),
        "valid": proofs.iter().map(|(name, proof)| shown(name, proof)).collect::<Vec<_>>(),
        "merges": merges,
        "refused": refusals(&a, &b, &longer),
    })
}

fn entry(seq: u64, prev: Hash, body: &[u8]) -> Vec<u8> {
    made::statement(seq, prev, body).sign(&made::network(), &made::key(1))
}

/// Entries of which only the last carries a valid signature.
fn by_chain(from: u64, prev: Hash, len: u64) -> Vec<Vec<u8>> {
    let mut prev = prev;
    let mut one = |seq: u64| {
        let mut entry = entry(seq, prev, b"by its chain");
        if seq + 1 < from + len {
            *entry.last_mut().expect("not empty") ^= 1;
        }
        prev = Hash::of(&entry);
        entry
    };
    (from..from + len).map(&mut one).collect()
}

fn chain(entries: &[Vec<u8>]) -> Chain {
    Chain::new(&made::network(), entries.to_vec()).expect("a chain")
}

fn shown(name: &str, proof: &ForkProof) -> Value {
    assert_eq!(ForkProof::decode(&made::network(), &proof.encode()).as_ref(), Ok(proof), "{name}");
    let mark = proof.mark();
    json!({"name": name, "bytes": hex(proof.encode()), "log": proof.log().to_hex(), "seq": mark.seq,
           "low": mark.low.to_hex(), "high": mark.high.to_hex()})
}

fn judge(bytes: &[u8]) -> Option<&'static str> {
    ForkProof::decode(&made::network(), bytes).err().map(|error| match error {
        ForkError::Oversized => "oversized",
        ForkError::Encoding(_) => "encoding",
        ForkError::Chain(ChainError::Length) => "length",
        ForkError::Chain(ChainError::Entry(_)) => "entry",
        ForkError::Chain(ChainError::Link) => "link",
        ForkError::Chain(ChainError::Signature(_)) => "signature",
        ForkError::NoContradiction => "no-contradiction",
    })
}

fn refusals(a: &[Vec<u8>], b: &[Vec<u8>], longer: &[Vec<u8>]) -> Vec<Value> {
    let list = |entries: &[Vec<u8>]| {
        let head = cbor::head(4, entries.len() as u64);
        [vec![head], entries.iter().map(|entry| cbor::bytes(entry)).collect()].concat().concat()
    };
    let carried = |seq: u64, one: &[Vec<u8>], other: &[Vec<u8>]| {
        [&[0x83], cbor::uint(seq).as_slice(), &list(one), &list(other)].concat()
    };
    let p = Hash::of(b"before");
    let (low, high) = if Hash::of(&a[0]) < Hash::of(&b[0]) { (a, b) } else { (b, a) };
    let good = carried(4, low, high);
    assert_eq!(judge(&good), None);
    let foreign = Statement { log: made::public(2), ..made::statement(4, p, b"a") };
    let foreign = foreign.sign(&made::network(), &made::key(2));
    let forged = made::statement(4, p, b"f").sign(&made::network(), &made::key(2));
    let next = entry(5, Hash::of(&a[0]), b"next");
    let two_entries = [&[0x83], cbor::uint(4).as_slice(), &cbor::bytes(&low[0]), &cbor::bytes(&high[0])].concat();
    let gap = [longer[0].clone(), longer[2].clone()];
    let elsewhere = [longer[0].clone(), longer[1].clone(), entry(6, Hash::of(b"elsewhere"), b"x")];
    let too_long = by_chain(4, p, limits::ANCHOR_SPACING + 1);
    let cases = [
        ("the larger hash first", "encoding", carried(4, high, low)),
        ("a byte after the end", "encoding", [good.as_slice(), &[0]].concat()),
        ("entries instead of lists of them", "encoding", two_entries),
        ("no entries on one side", "length", carried(4, &[], a)),
        ("sixty-five entries on one side", "length", carried(4, a, &too_long)),
        ("something that is not an entry", "entry", carried(4, &[b"x".to_vec()], a)),
        ("a chain with a place left out", "link", carried(4, a, &gap)),
        ("a chain that does not link", "link", carried(4, a, &elsewhere)),
        ("a chain whose last entry is not signed", "signature", carried(4, a, &longer[..2])),
        ("an entry that the key did not sign", "signature", carried(4, a, &[forged])),
        ("one entry twice", "no-contradiction", carried(4, a, a)),
        ("an entry and the one that follows it", "no-contradiction", carried(4, a, &[next])),
        ("entries of two logs", "no-contradiction", carried(4, a, &[foreign])),
        ("entries of other places", "no-contradiction", carried(7, low, high)),
    ];
    cases
        .iter()
        .map(|(name, reason, bytes)| refused(name, reason, judge(bytes), json!({"bytes": hex(bytes)})))
        .collect()
}
