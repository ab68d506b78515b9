//! Charters of networks that are founded anew: what they claim of former networks and carry over, and consents.

use nanduti_protocol::{
    charter::Charter,
    envelope::EnvelopeError,
    former::{Carried, Consent, Former, check_consent, sign_consent},
    hash::Hash,
    key::PublicKey,
    keyring::Place,
    limits,
    networks::NetworkOf,
    roster::{End, Roster, Turn},
};
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use super::{authority::judge_charter, hex, made, refused};

/// The root keys that the founders have now: 0x21 and 0x22.
const NEW_ROOTS: [u8; 2] = [0x21, 0x22];

pub(super) fn refounding() -> Value {
    let charter = charter();
    let bytes = charter.encode();
    assert_eq!(Charter::decode(&bytes), Ok(charter.clone()));
    let networks = charter.networks();
    let bound = |log: &PublicKey| json!({"log": log.to_hex(), "network": networks.network_of(log).to_hex()});
    let logs = charter.former.iter().flat_map(|former| former.logs.iter().map(|carried| carried.log));
    json!({
        "about": "Networks that are founded anew (docs/spec/refounding.md)",
        "valid": [{
            "name": "two founders, one by consent, and two former networks",
            "bytes": hex(&bytes),
            "network": charter.network().to_hex(),
            "networks": logs.chain([charter.members[0].root]).map(|log| bound(&log)).collect::<Vec<_>>(),
            "former": charter.former.iter().map(|former| claimed(former, &charter)).collect::<Vec<_>>(),
        }],
        "refused": refused_charters(&charter),
        "consents": consents(),
    })
}

/// A charter that was founded anew for the second time.
fn charter() -> Charter {
    let old = made::charter();
    let carried = |byte: u8, member: &str, seq: u64| Carried {
        log: made::public(byte),
        last: Place { seq, hash: Hash::of(&[byte]) },
        member: made::member(member),
    };
    let ids: Vec<String> = old.members.iter().map(|member| member.id.to_string()).collect();
    let (first, second) = (ids[0].as_str(), ids[1].as_str());
    let mut roster = Roster::founding(&old);
    roster.version = 1;
    roster.suspended = vec![made::member(second)];
    roster.turns = vec![Turn {
        ends: vec![End { log: made::public(0x32), last: Some(Place { seq: 4, hash: Hash::of(b"end") }) }],
        role: Some(roster.members[1].role.clone()),
        root: None,
        member: made::member(second),
        version: 1,
    }];
    let proof = sign_consent(&roster.network, &made::member(first), &root_key(&old, 0), &made::public(NEW_ROOTS[0]));
    let mut older = Roster::founding(&old);
    older.network = Hash::of(b"the first of three");
    for (member, byte) in older.members.iter_mut().zip([0x41, 0x42]) {
        member.root = made::public(byte);
    }
    let former = |name: &str, roster: Roster, mut logs: Vec<Carried>, consents: Vec<Consent>| {
        logs.sort_by_key(|carried| carried.log);
        Former { logs, name: name.into(), reason: "Root keys were lost.".into(), roster, consents }
    };
    let mut charter = old.clone();
    charter.name = "Founded anew".into();
    for (member, byte) in charter.members.iter_mut().zip(NEW_ROOTS) {
        (member.root, member.governance) = (made::public(byte), None);
    }
    let consent = Consent { proof: ByteBuf::from(proof), member: made::member(first) };
    charter.former = vec![
        former(&old.name, roster, vec![carried(0x31, first, 7), carried(0x32, second, 4)], vec![consent]),
        former("The first of three", older, vec![carried(0x33, first, 0)], Vec::new()),
    ];
    charter
}

/// The secret root key of a member of the charter of the vectors: one of those made of a byte.
fn root_key(charter: &Charter, index: usize) -> ed25519_dalek::SigningKey {
    let root = charter.members[index].root;
    (0..=u8::MAX).map(made::key).find(|key| PublicKey::from(key) == root).expect("made of one byte")
}

fn claimed(former: &Former, charter: &Charter) -> Value {
    let here = |id: &str| charter.members.iter().any(|member| member.id.as_str() == id);
    let voters: Vec<&str> = former.roster.voters().map(|voter| voter.id.as_str()).collect();
    let proven = |id: &&str| former.consents.iter().any(|consent| consent.member.as_str() == *id);
    json!({
        "network": former.network().to_hex(),
        "roster_hash": former.roster.hash().to_hex(),
        "voters": voters.len(),
        "here": voters.iter().filter(|id| here(id)).count(),
        "proven": voters.iter().filter(|id| proven(id)).count(),
    })
}

fn refused_charters(good: &Charter) -> Vec<Value> {
    type Change = fn(&mut Charter);
    let changes: [(&str, &str, Change); 19] = [
        ("a former network twice", "former-networks", |c| {
            c.former[1].roster.network = c.former[0].roster.network;
        }),
        ("more former networks than there may be", "former-networks", |c| {
            let older = c.former[1].clone();
            c.former.extend((0..limits::FORMER_MAX as u8).map(|number| {
                let mut again = older.clone();
                again.roster.network = Hash::of(&[number]);
                again.logs.clear();
                again
            }));
        }),
        ("a former network without a name", "text", |c| c.former[0].name.clear()),
        ("no reason", "text", |c| c.former[0].reason = " ".into()),
        ("a reason that is too long", "text", |c| c.former[0].reason = "n".repeat(limits::REASON_MAX + 1)),
        ("a former roster of later rules", "former-rules", |c| c.former[0].roster.rules = 2),
        ("a former roster without order", "members", |c| c.former[0].roster.members.reverse()),
        ("a suspended stranger", "members", |c| c.former[0].roster.suspended = vec![made::member("ZZZ")]),
        ("a former quorum of half", "quorum", |c| c.former[0].roster.quorum.0 = 1),
        ("logs not sorted by key", "carried-logs", |c| c.former[0].logs.reverse()),
        ("a log twice", "carried-logs", |c| c.former[0].logs[1] = c.former[0].logs[0].clone()),
        ("a log of a stranger", "carried-member", |c| c.former[0].logs[0].member = made::member("ZZZ")),
        ("a place after the member was suspended", "carried-place", |c| {
            let suspended = c.former[0].roster.suspended[0].clone();
            let logs = &mut c.former[0].logs;
            logs.iter_mut().filter(|carried| carried.member == suspended).for_each(|carried| carried.last.seq = 5);
        }),
        ("a place beyond the former bounds", "carried-place", |c| {
            c.former[1].logs[0].last.seq = c.former[1].roster.bounds.log_entries;
        }),
        ("a founder with its former root key", "key-twice", |c| c.members[0].root = c.former[0].roster.members[0].root),
        ("a carried log that is a founder's root", "key-twice", |c| c.former[1].logs[0].log = c.members[0].root),
        ("a log of two former networks", "key-twice", |c| c.former[1].logs[0].log = c.former[0].logs[0].log),
        ("a consent for a network that was left before", "consents", |c| {
            c.former[1].consents = c.former[0].consents.clone();
        }),
        ("a consent to another key", "consent", |c| c.members[0].root = made::public(0x23)),
    ];
    let case = |(name, reason, change): &(&str, &str, Change)| {
        let mut charter = good.clone();
        change(&mut charter);
        let bytes = charter.encode();
        refused(name, reason, judge_charter(&bytes), json!({"bytes": hex(bytes)}))
    };
    changes.iter().map(case).collect()
}

fn consents() -> Value {
    let (network, member) = (made::network(), made::member("PRY"));
    let (former, root) = (made::public(1), made::public(2));
    let proof = sign_consent(&network, &member, &made::key(1), &root);
    assert_eq!(check_consent(&proof, &network, &member, &former, &root), Ok(()));
    let case = |name: &str, network: Hash, member: &str, former: PublicKey, root: PublicKey| {
        let judged = check_consent(&proof, &network, &made::member(member), &former, &root);
        let reason = match judged {
            Err(EnvelopeError::Oversized) => Some("oversized"),
            Err(EnvelopeError::Form) => Some("form"),
            Err(EnvelopeError::Signature) => Some("signature"),
            Ok(()) => None,
        };
        let more = json!({
            "network": network.to_hex(), "member": member, "former_root": former.to_hex(), "root": root.to_hex(),
            "proof": hex(&proof),
        });
        (name.to_owned(), reason, more)
    };
    let cases = [
        case("another network", Hash::of(b"another"), "PRY", former, root),
        case("another member", network, "MAR", former, root),
        case("another new key", network, "PRY", former, made::public(3)),
        case("another former key", network, "PRY", made::public(3), root),
    ];
    let refusals = cases.map(|(name, reason, more)| refused(&name, reason.expect("refused"), reason, more));
    json!({
        "valid": [{
            "name": "a consent", "network": network.to_hex(), "member": "PRY", "former_root": former.to_hex(),
            "root": root.to_hex(), "proof": hex(&proof),
        }],
        "refused": refusals,
    })
}
