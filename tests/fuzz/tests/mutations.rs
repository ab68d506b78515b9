//! No change of anything signed gives something else that is signed: whatever byte is changed, left out, put in or cut off, the
//! bytes are refused, or their signature is.
//!
//! One entry is changed at every byte to every other value; the other forms at every bit. A change that gave a second valid
//! entry would be a forgery, or two hashes for one statement, and the second hash at one place looks like a fork.

use std::thread;

use ed25519_dalek::SigningKey;
use nanduti_fuzz::NODE;
use nanduti_node::fuzzing;
use nanduti_protocol::{
    ballot::{Statement, request, rules::Step},
    cbor,
    chain::Chain,
    entry::Entry,
    fork::ForkProof,
    former::{check_consent, sign_consent},
    hash::Hash,
    key::PublicKey,
    keyring::Keyring,
    kind::Kind,
    node_record::{NodeRecord, SealedNodeRecord},
    run::ReceivedRun,
    testing::{Actor, Founding, LogWriter, live, ring},
};

/// Does a decoder take these bytes, and does their signature hold?
type Judge = dyn Fn(&[u8]) -> bool + Sync;

/// Something signed, and whether bytes are accepted in its place.
struct Signed {
    name: &'static str,
    bytes: Vec<u8>,
    accepts: Box<Judge>,
}

struct World {
    founding: Founding,
    root: LogWriter,
    publish: LogWriter,
}

fn world() -> World {
    let founding = Founding::new(3, 2);
    let actor = &founding.actors[0];
    let mut publish = founding.publish_log(&actor.id, &actor.publish[0]);
    publish.push(Kind::Practice, b"a practice");
    publish.push(Kind::Withdrawal, b"a withdrawal");
    let mut root = founding.root_log(actor);
    let line = live(&publish, publish.place(0).expect("written"));
    root.push(Kind::Keyring, &ring(&[line, actor.node_line(&founding.network)]));
    World { founding, root, publish }
}

fn accepts_entry(network: Hash) -> impl Fn(&[u8]) -> bool + Sync {
    move |bytes| Entry::decode(bytes).is_ok_and(|entry| entry.verify(&network).is_ok())
}

fn accepts_item(network: Hash) -> impl Fn(&[u8]) -> bool + Sync {
    move |bytes| ReceivedRun::receive(bytes.to_vec()).and_then(|run| run.verify(&network)).is_ok()
}

/// Everything that carries a signature.
fn signed() -> Vec<Signed> {
    let World { founding, root, publish } = world();
    let network = founding.network;
    let actor = founding.actors[0].clone();
    let item = |name, log: &LogWriter, seq| Signed {
        name,
        bytes: log.segment(seq..seq + 1),
        accepts: Box::new(accepts_item(network)),
    };
    let mut all = vec![
        item("a charter and its entry", &root, 0),
        item("a keyring and its entry", &root, 1),
        item("an opening and its entry", &publish, 0),
        item("a practice and its entry", &publish, 1),
        item("a withdrawal and its entry", &publish, 2),
    ];
    let record =
        NodeRecord { key: PublicKey::from(&actor.node), counter: 7, addresses: vec!["/ip4/192.0.2.7/tcp/1".into()] };
    all.push(Signed {
        name: "a node record",
        bytes: record.sign(&network, &actor.node),
        accepts: Box::new(move |bytes| SealedNodeRecord::decode(bytes).is_ok_and(|read| read.verify(&network).is_ok())),
    });
    for (name, line) in [
        ("a node key's consent", actor.node_line(&network)),
        ("a publishing key's consent", live(&publish, publish.place(0).expect("written"))),
    ] {
        let member = actor.id.clone();
        all.push(Signed {
            name,
            bytes: line.proof.clone().into_vec(),
            accepts: Box::new(move |bytes| {
                let mut line = line.clone();
                line.proof = bytes.to_vec().into();
                Keyring::decode(&ring(&[line]), &network, &member, None).is_ok()
            }),
        });
    }
    let mut other = publish.back_to(1);
    other.push(Kind::Practice, b"something else");
    let chain = |log: &LogWriter| {
        let entries = vec![log.entry(1).expect("written").to_vec()];
        Chain::new(&network, entries).expect("it is signed")
    };
    all.push(Signed {
        name: "a fork proof",
        bytes: ForkProof::new(1, chain(&publish), chain(&other)).expect("they contradict each other").encode(),
        accepts: Box::new(move |bytes| ForkProof::decode(&network, bytes).is_ok()),
    });
    all.push(card());
    all.push(consent(network, &actor));
    all.extend(ballots(network, &actor));
    all
}

/// A request to be on the roster, and a statement of a ballot.
fn ballots(network: Hash, actor: &Actor) -> [Signed; 2] {
    let line = actor.member("mechanism");
    let (roster, proposal) = (Hash::of(b"roster"), Hash::of(b"proposal"));
    let statement =
        Statement { step: Step::Endorse, cites: Some(1), round: 2, member: line.id.clone(), roster, proposal };
    [
        Signed {
            name: "a request",
            bytes: request::sign(&network, &line, &actor.root),
            accepts: Box::new(move |bytes| request::open(bytes, &network).is_ok()),
        },
        Signed {
            name: "a statement of a ballot",
            bytes: statement.sign(&network, &actor.root),
            accepts: Box::new(move |bytes| {
                Statement::decode(bytes).is_ok() && Statement::signer(bytes, &network, &line).is_ok()
            }),
        },
    ]
}

/// The word of a former root key for a new one.
fn consent(network: Hash, actor: &Actor) -> Signed {
    let (member, former) = (actor.id.clone(), PublicKey::from(&actor.root));
    let root = PublicKey::from_bytes([5; 32]);
    Signed {
        name: "a consent",
        bytes: sign_consent(&network, &member, &actor.root, &root),
        accepts: Box::new(move |bytes| check_consent(bytes, &network, &member, &former, &root).is_ok()),
    }
}

fn card() -> Signed {
    #[derive(serde::Serialize)]
    struct Card {
        id: &'static str,
        name: &'static str,
        role: &'static str,
        root: PublicKey,
    }
    let key = SigningKey::from_bytes(&[4; 32]);
    let payload = cbor::encode(&Card { id: "PRY", name: "A ministry", role: "mechanism", root: PublicKey::from(&key) });
    let sealed =
        nanduti_protocol::envelope::seal(nanduti_protocol::envelope::Purpose::Card, &Hash::default(), &key, &payload);
    // Behind a checksum that fits: the checksum is no signature.
    Signed {
        name: "a card",
        bytes: sealed,
        accepts: Box::new(|bytes| fuzzing::card(&fuzzing::card_text(bytes.to_vec())).is_some()),
    }
}

/// Every change of these bytes at these places, with so many other values of each byte.
fn changes(bytes: &[u8], places: std::ops::Range<usize>, values: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    places.flat_map(move |at| {
        let changed = values.iter().filter(|value| **value != 0).map(move |value| {
            let mut changed = bytes.to_vec();
            changed[at] ^= value;
            changed
        });
        let mut others = vec![bytes[..at].to_vec()];
        let mut without = bytes.to_vec();
        without.remove(at);
        others.push(without);
        for value in [0x00, 0xff, bytes[at], 0xa1, 0xf6] {
            let mut with = bytes.to_vec();
            with.insert(at, value);
            others.push(with);
        }
        changed.chain(others)
    })
}

fn refuse_all(signed: &Signed, values: &[u8]) {
    let Signed { name, bytes, accepts } = signed;
    assert!(accepts(bytes), "{name} itself");
    let half = bytes.len() / 2;
    thread::scope(|scope| {
        for places in [0..half, half..bytes.len()] {
            scope.spawn(move || {
                for changed in changes(bytes, places, values).filter(|changed| changed != bytes) {
                    assert!(!accepts(&changed), "{name}: a second valid form: {changed:02x?}");
                }
            });
        }
    });
    for longer in [&[0][..], &[0x82], &[0xf6], &[0; 64], bytes] {
        assert!(!accepts(&[bytes.as_slice(), longer].concat()), "{name}: longer by {longer:02x?}");
    }
}

#[test]
fn no_byte_of_an_entry_can_be_another() {
    let World { founding, publish, .. } = world();
    let all: Vec<u8> = (1..=255).collect();
    let bytes = publish.entry(1).expect("written").to_vec();
    refuse_all(&Signed { name: "an entry", bytes, accepts: Box::new(accepts_entry(founding.network)) }, &all);
}

#[test]
fn no_bit_of_anything_signed_can_be_another() {
    let bits: Vec<u8> = (0..8).map(|bit| 1 << bit).collect();
    for signed in signed() {
        refuse_all(&signed, &bits);
    }
    assert!(NODE.iter().any(|target| target.name == "card"), "cards are fuzzed as well");
}

/// Ed25519 has a second signature for each, unless the upper half is required to be below the order of the group.
#[test]
fn the_other_signature_of_the_same_statement_is_refused() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let World { founding, publish, .. } = world();
    let accepts = accepts_entry(founding.network);
    let bytes = publish.entry(1).expect("written");
    let mut other = bytes.to_vec();
    let from = other.len() - 32;
    let mut carry = 0_u16;
    for (byte, order) in other[from..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        [*byte, _] = carry.to_le_bytes();
        carry >>= 8;
    }
    assert_eq!(carry, 0);
    assert!(Entry::decode(&other).is_ok(), "the form is sound");
    assert!(accepts(bytes) && !accepts(&other));
}

/// A statement that is signed again is the same bytes; any other statement has another hash.
#[test]
fn one_statement_has_one_hash() {
    let World { founding, publish, .. } = world();
    let bytes = publish.entry(1).expect("written");
    let statement = Entry::decode(bytes).expect("ours").statement;
    let again = statement.sign(&founding.network, &founding.actors[0].publish[0]);
    assert_eq!(again, bytes);
    let mut hashes: Vec<Hash> =
        changes(bytes, 0..bytes.len(), &[1]).filter_map(|b| Entry::decode(&b).ok().map(|e| e.hash)).collect();
    let count = hashes.len();
    hashes.sort();
    hashes.dedup();
    assert!(count > 100 && hashes.len() == count && !hashes.contains(&Hash::of(bytes)));
}
