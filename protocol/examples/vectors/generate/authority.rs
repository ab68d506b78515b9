//! What says who may speak: charters, keyrings, openings, node keys; and tickets.

use nanduti_protocol::{
    charter::{Charter, CharterError, Quorum, TermsError},
    former::FormerError,
    hash::Hash,
    keyring::{KeyLine, KeyState, KeyUse, Keyring, KeyringError, Opening, Place, sign_key_proof},
    kind::Kind,
    limits,
    roster::Roster,
    ticket::{RosterRef, Ticket, TicketError},
};
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use super::{cbor, hex, made, refused};

pub(super) fn charters() -> Value {
    let charter = made::charter();
    let bytes = charter.encode();
    assert_eq!(Charter::decode(&bytes), Ok(charter.clone()));
    let quorums: Vec<Value> =
        [(1, 2, 3), (3, 2, 3), (4, 2, 3), (7, 2, 3), (40, 2, 3), (193, 2, 3), (10, 3, 4), (4, 999, 1000)]
            .iter()
            .map(|&(voters, a, b)| json!({"voters": voters, "a": a, "b": b, "quorum": Quorum(a, b).of(voters)}))
            .collect();
    json!({
        "about": "The charter, the network id, the founders' roster (docs/spec/authority.md)",
        "valid": [{
            "name": "two members", "bytes": hex(&bytes), "network": charter.network().to_hex(),
            "members": charter.members.iter().map(|member| json!({"id": member.id.as_str(), "root": member.root.to_hex()})).collect::<Vec<_>>(),
            "roster": hex(nanduti_protocol::cbor::encode(&Roster::founding(&charter))),
            "roster_hash": Roster::founding(&charter).hash().to_hex(),
        }],
        "quorums": quorums,
        "refused": refused_charters(&charter),
    })
}

pub(super) fn judge_charter(bytes: &[u8]) -> Option<&'static str> {
    Charter::decode(bytes).err().map(|error| match error {
        CharterError::Encoding(_) => "encoding",
        CharterError::Rules(_) => "rules",
        CharterError::Oversized => "oversized",
        CharterError::Terms(error) => judge_terms(&error),
        CharterError::Former(error) => judge_former(&error),
    })
}

fn judge_terms(error: &TermsError) -> &'static str {
    match error {
        TermsError::Text { .. } => "text",
        TermsError::Members => "members",
        TermsError::KeyTwice(_) => "key-twice",
        TermsError::UnknownRole { .. } => "unknown-role",
        TermsError::Role(_) => "role",
        TermsError::Quorum(..) => "quorum",
        TermsError::Bounds => "bounds",
        TermsError::NoVoter => "no-voter",
    }
}

fn judge_former(error: &FormerError) -> &'static str {
    match error {
        FormerError::Networks => "former-networks",
        FormerError::Terms(error) => judge_terms(error),
        FormerError::Rules(_) => "former-rules",
        FormerError::Logs => "carried-logs",
        FormerError::Place(_) => "carried-place",
        FormerError::NoMember { .. } => "carried-member",
        FormerError::KeyTwice(_) => "key-twice",
        FormerError::Consents => "consents",
        FormerError::Consent { .. } => "consent",
    }
}

fn refused_charters(good: &Charter) -> Vec<Value> {
    type Change = fn(&mut Charter);
    let changes: [(&str, &str, Change); 22] = [
        ("rules of a later version", "rules", |c| c.rules = 2),
        ("an empty name", "text", |c| c.name = String::new()),
        ("a name of white space", "text", |c| c.name = " \u{a0}".into()),
        ("a name with a control character", "text", |c| c.name = "a\u{7}".into()),
        ("a name that is too long", "text", |c| c.name = "n".repeat(limits::NAME_MAX + 1)),
        ("a purpose that is too long", "text", |c| c.purpose = "n".repeat(limits::PURPOSE_MAX + 1)),
        ("a member without a name", "text", |c| c.members[0].name = String::new()),
        ("no members", "members", |c| c.members.clear()),
        ("members not sorted by id", "members", |c| c.members.reverse()),
        ("a member twice", "members", |c| c.members[1] = c.members[0].clone()),
        ("a root key of two members", "key-twice", |c| c.members[1].root = c.members[0].root),
        ("a governance key that is a root key", "key-twice", |c| c.members[1].governance = Some(c.members[0].root)),
        ("a spare that is a root key", "key-twice", |c| c.members[1].spare = Some(c.members[1].root)),
        ("a role that is not defined", "unknown-role", |c| c.members[0].role = "king".into()),
        ("a role that writes keyrings", "role", |c| {
            c.roles.values_mut().for_each(|role| role.kinds = vec![Kind::Keyring])
        }),
        ("kinds not sorted", "role", |c| c.roles.values_mut().for_each(|role| role.kinds.reverse())),
        ("a role without a name", "role", |c| drop(c.roles.insert(String::new(), c.roles["state"].clone()))),
        ("a quorum of half", "quorum", |c| c.quorum = Quorum(1, 2)),
        ("a quorum of all", "quorum", |c| c.quorum = Quorum(3, 3)),
        ("a bound of nothing", "bounds", |c| c.bounds.log_entries = 0),
        ("more lines of a keyring than the format allows", "bounds", |c| c.bounds.keys = 257),
        ("nobody votes", "no-voter", |c| c.members.iter_mut().for_each(|member| member.role = "partner".into())),
    ];
    let mut cases: Vec<(&str, &str, Vec<u8>)> = changes
        .iter()
        .map(|(name, reason, change)| {
            let mut charter = good.clone();
            change(&mut charter);
            (*name, *reason, charter.encode())
        })
        .collect();
    let bytes = good.encode();
    // The first pair is the name; an unknown field goes before it, where its three letters belong.
    let unknown = [&[bytes[0] + 1], cbor::text("abc").as_slice(), &[0xf6], &bytes[1..]].concat();
    let null = {
        let mut charter = good.clone();
        charter.members.truncate(1);
        let text = charter.encode();
        let id = cbor::text("id");
        let place = text.windows(id.len()).position(|window| window == id).expect("a member") - 1;
        // A member with `governance: null` instead of no governance at all.
        let end = [cbor::text("root"), cbor::bytes(charter.members[0].root.as_bytes())].concat();
        let stop = text.windows(end.len()).position(|window| window == end).expect("its root") + end.len();
        [&text[..place], &[text[place] + 1], &text[place + 1..stop], &cbor::text("governance"), &[0xf6], &text[stop..]]
            .concat()
    };
    cases.extend([
        ("an unknown field", "encoding", unknown),
        ("an absent field written as null", "encoding", null),
        ("a byte after the end", "encoding", [bytes.as_slice(), &[0]].concat()),
        ("cut off", "encoding", bytes[..bytes.len() - 1].to_vec()),
    ]);
    cases
        .iter()
        .map(|(name, reason, bytes)| refused(name, reason, judge_charter(bytes), json!({"bytes": hex(bytes)})))
        .collect()
}

fn at(seq: u64) -> Place {
    Place { seq, hash: Hash::of(&seq.to_be_bytes()) }
}

fn publish(byte: u8, state: KeyState) -> KeyLine {
    KeyLine::sign(KeyUse::Publish, &made::network(), &made::member("PRY"), &made::key(byte), state)
}

fn node(byte: u8) -> KeyLine {
    KeyLine::sign(KeyUse::Node, &made::network(), &made::member("PRY"), &made::key(byte), KeyState::Live(None))
}

fn ring(mut keys: Vec<KeyLine>) -> Keyring {
    keys.sort_by_key(|line| line.key);
    Keyring { keys, salt: [0x21; 16] }
}

pub(super) fn keyrings() -> Value {
    let (network, pry) = (made::network(), made::member("PRY"));
    let full = ring(vec![
        publish(1, KeyState::Live(Some(at(3)))),
        publish(2, KeyState::Ended(Some(at(9)))),
        publish(3, KeyState::Ended(None)),
        node(5),
    ]);
    let proof = |name, key_use| {
        let bytes = sign_key_proof(key_use, &network, &pry, &made::key(5));
        json!({"purpose": name, "secret": hex([5; 32]), "public": made::public(5).to_hex(), "bytes": hex(bytes)})
    };
    let valid = [("no keys", ring(vec![])), ("a key of every state", full.clone())];
    let valid: Vec<Value> = valid
        .iter()
        .map(|(name, keyring)| {
            assert_eq!(Keyring::decode(&keyring.encode(), &network, &pry, None).as_ref(), Ok(keyring));
            json!({"name": name, "bytes": hex(keyring.encode()), "lines": keyring.keys.len()})
        })
        .collect();
    let opening = Opening { key_use: KeyUse::Publish, salt: [0x22; 16], member: pry.clone() };
    assert_eq!(Opening::decode(&opening.encode()).as_ref(), Ok(&opening));
    let of_node = Opening { key_use: KeyUse::Node, ..opening.clone() };
    let openings = [
        ("of a node key", of_node.encode()),
        ("without a salt", cbor::map(&[("use", cbor::text("publish")), ("member", cbor::text("PRY"))])),
        ("a member id that has not the form", {
            cbor::map(&[("use", cbor::text("publish")), ("salt", cbor::bytes(&[0; 16])), ("member", cbor::text("pry"))])
        }),
    ];
    let refuse_opening = |(name, bytes): &(&str, Vec<u8>)| {
        refused(name, "encoding", Opening::decode(bytes).err().map(|_| "encoding"), json!({"bytes": hex(bytes)}))
    };
    json!({
        "about": "Openings and keyrings of the member PRY (docs/spec/authority.md)",
        "network": network.to_hex(),
        "member": "PRY",
        "valid": valid,
        "proofs": [proof("nanduti/publish-key/1", KeyUse::Publish), proof("nanduti/node-key/1", KeyUse::Node)],
        "opening": {"bytes": hex(opening.encode()), "member": "PRY"},
        "refused": refused_keyrings(&full),
        "refused_openings": openings.iter().map(refuse_opening).collect::<Vec<_>>(),
        "follows": follows(),
    })
}

/// A keyring of which the only line has no proof.
fn unproven() -> Vec<u8> {
    let mut bytes = ring(vec![node(5)]).encode();
    let place = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).position(|window| window == part);
    let proof = [cbor::text("proof"), cbor::bytes(&node(5).proof)].concat();
    let start = place(&bytes, &proof).expect("a proof");
    bytes.drain(start..start + proof.len());
    let line = place(&bytes, &[&[0xa4], cbor::text("key").as_slice()].concat()).expect("a line of four fields");
    bytes[line] = 0xa3;
    bytes
}

fn refused_keyrings(full: &Keyring) -> Vec<Value> {
    let (network, pry) = (made::network(), made::member("PRY"));
    let mut unsorted = full.clone();
    unsorted.keys.reverse();
    let twice = ring(vec![publish(1, KeyState::Live(Some(at(0)))), publish(1, KeyState::Live(Some(at(1))))]);
    // Nobody reads so far as their proofs.
    let ended = publish(1, KeyState::Ended(None));
    let many = (0..=limits::KEYRING_LINES_MAX).map(|index| {
        let mut line = ended.clone();
        line.key = nanduti_protocol::key::PublicKey::from_bytes(*Hash::of(&index.to_be_bytes()).as_bytes());
        line
    });
    let with_checkpoint = KeyLine { state: KeyState::Live(Some(at(1))), ..node(5) };
    let live = KeyState::Live(Some(at(1)));
    let proven = |line: KeyLine, proof: Vec<u8>| ring(vec![KeyLine { proof: ByteBuf::from(proof), ..line }]).encode();
    let proof = |key_use, network: &Hash, member, byte| {
        sign_key_proof(key_use, network, &made::member(member), &made::key(byte))
    };
    let cases = [
        ("lines not sorted by key", "lines", unsorted.encode()),
        ("a key twice", "lines", twice.encode()),
        ("more lines than the format allows", "lines", ring(many.collect()).encode()),
        ("a live publishing key without a checkpoint", "line", ring(vec![publish(1, KeyState::Live(None))]).encode()),
        ("a node key with a checkpoint", "line", ring(vec![with_checkpoint]).encode()),
        ("a line without a proof", "encoding", unproven()),
        ("a node key that agreed to speak for another", "proof", {
            proven(node(5), proof(KeyUse::Node, &network, "KEN", 5))
        }),
        ("a node key that agreed in another network", "proof", {
            proven(node(5), proof(KeyUse::Node, &Hash::of(b"other"), "PRY", 5))
        }),
        ("another node key's proof", "proof", proven(node(6), proof(KeyUse::Node, &network, "PRY", 5))),
        ("a node key that agreed to publish", "proof", proven(node(5), proof(KeyUse::Publish, &network, "PRY", 5))),
        ("a publishing key that agreed to speak for another", "proof", {
            proven(publish(5, live), proof(KeyUse::Publish, &network, "KEN", 5))
        }),
        ("a publishing key that agreed in another network", "proof", {
            proven(publish(5, live), proof(KeyUse::Publish, &Hash::of(b"other"), "PRY", 5))
        }),
        ("another publishing key's proof", "proof", {
            proven(publish(6, KeyState::Ended(None)), proof(KeyUse::Publish, &network, "PRY", 5))
        }),
        ("a publishing key that agreed to be a node", "proof", {
            proven(publish(5, live), proof(KeyUse::Node, &network, "PRY", 5))
        }),
        ("a proof cut off", "proof", { proven(node(5), proof(KeyUse::Node, &network, "PRY", 5)[..100].to_vec()) }),
        ("a byte after the end", "encoding", [full.encode().as_slice(), &[0]].concat()),
        ("no salt", "encoding", cbor::map(&[("keys", vec![0x80])])),
    ];
    let judge = |bytes: &[u8]| {
        Keyring::decode(bytes, &network, &pry, None).err().map(|error| match error {
            KeyringError::Encoding(_) => "encoding",
            KeyringError::Lines => "lines",
            KeyringError::Line(_) => "line",
            KeyringError::Proof(_) => "proof",
            KeyringError::Reversal(_) => "reversal",
        })
    };
    cases
        .iter()
        .map(|(name, reason, bytes)| refused(name, reason, judge(bytes), json!({"bytes": hex(bytes)})))
        .collect()
}

/// Which keyring may stand after which.
fn follows() -> Vec<Value> {
    let live = |seq| Some(KeyState::Live(Some(at(seq))));
    let ended = |seq| Some(KeyState::Ended(Some(at(seq))));
    let other = Some(KeyState::Live(Some(Place { seq: 3, hash: Hash::of(b"other") })));
    let cases = [
        ("a checkpoint moves on", live(3), live(5), true),
        ("a checkpoint stays", live(3), live(3), true),
        ("a checkpoint goes back", live(3), live(2), false),
        ("a checkpoint names another entry at its place", live(3), other, false),
        ("a key ends", live(3), ended(7), true),
        ("a key ends below its checkpoint: it was stolen earlier", live(3), ended(2), true),
        ("a key ends at once and for all", live(3), Some(KeyState::Ended(None)), true),
        ("an ended key lives again", ended(3), live(5), false),
        ("an ended key is cut earlier", ended(3), ended(2), true),
        ("an ended key is cut later", ended(3), ended(4), false),
        ("a key of which nothing counts counts again", Some(KeyState::Ended(None)), ended(0), false),
        ("a line is new", None, live(3), true),
        ("a line is gone", live(3), None, false),
    ];
    let keyring = |state: Option<KeyState>| ring(state.map(|state| publish(1, state)).into_iter().collect());
    cases
        .iter()
        .map(|(name, before, after, holds)| {
            let (before, after) = (keyring(*before), keyring(*after));
            assert_eq!(after.follows(&before).is_ok(), *holds, "{name}");
            json!({"name": name, "before": hex(before.encode()), "after": hex(after.encode()), "follows": holds})
        })
        .collect()
}

pub(super) fn tickets() -> Value {
    let ticket = |addresses: Vec<String>| Ticket {
        roster: RosterRef { hash: Hash::of(b"roster"), version: 0 },
        network: made::network(),
        addresses,
    };
    let address = "/dns/nmirf.example/udp/4001/quic-v1/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
    let valid = [("one address", ticket(vec![address.into()])), ("no address", ticket(vec![]))];
    let valid: Vec<Value> = valid
        .iter()
        .map(|(name, ticket)| {
            let text = ticket.to_text();
            assert_eq!(Ticket::parse(&text).as_ref(), Ok(ticket));
            json!({"name": name, "text": text, "network": ticket.network.to_hex(), "addresses": ticket.addresses,
                   "roster_hash": ticket.roster.hash.to_hex(), "roster_version": ticket.roster.version})
        })
        .collect();
    let text = ticket(vec![]).to_text();
    let written = |bytes: &[u8]| {
        let sum = Hash::of(bytes);
        let all = [bytes, &sum.as_bytes()[..4]].concat();
        format!("nanduti:{}", data_encoding::BASE32_NOPAD.encode(&all).to_lowercase())
    };
    let mut changed = text.clone();
    let other = if &changed[20..21] == "a" { "b" } else { "a" };
    changed.replace_range(20..21, other);
    let cases = [
        ("another scheme", "scheme", text.replace("nanduti:", "https:")),
        ("a character outside base32", "text", text.replacen("nanduti:", "nanduti:1", 1)),
        ("too short for a checksum", "text", "nanduti:aa".into()),
        ("one character changed", "checksum", changed),
        ("content that is not a ticket", "content", written(&[0xa0])),
        ("more addresses than allowed", "addresses", ticket(vec!["/a".into(); 9]).to_text()),
        ("an address that is too long", "addresses", ticket(vec!["a".repeat(limits::ADDRESS_MAX + 1)]).to_text()),
    ];
    let judge = |text: &str| {
        Ticket::parse(text).err().map(|error| match error {
            TicketError::Scheme => "scheme",
            TicketError::Text => "text",
            TicketError::Checksum => "checksum",
            TicketError::Content(_) => "content",
            TicketError::Addresses => "addresses",
        })
    };
    let refused: Vec<Value> =
        cases.iter().map(|(name, reason, text)| refused(name, reason, judge(text), json!({"text": text}))).collect();
    json!({"about": "Tickets (docs/spec/tickets.md)", "valid": valid, "refused": refused})
}
