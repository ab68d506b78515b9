//! What several files of vectors share: keys from one byte, a network, entries.

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    charter::{Bounds, Charter, Member, Quorum, RULES},
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::{Audience, Kind},
    run::push_item,
};

/// The key whose secret (RFC 8032, section 5.1.5) is 32 times this byte.
pub(super) fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

/// Its public half.
pub(super) fn public(byte: u8) -> PublicKey {
    PublicKey::from(&key(byte))
}

/// The network in which the signatures of the vectors are made, where no charter is needed.
pub(super) fn network() -> Hash {
    Hash::of(b"nanduti vectors")
}

/// An id of a member.
pub(super) fn member(id: &str) -> MemberId {
    MemberId::parse(id).expect("an id")
}

/// A statement of the key 1.
pub(super) fn statement(seq: u64, prev: Hash, body: &[u8]) -> Statement {
    Statement {
        log: public(1),
        seq,
        body: BodyRef::to(body),
        kind: Kind::Practice,
        prev,
        time: 1_767_225_600_000,
        audience: Audience::Public,
    }
}

/// The entry and its body as items of a segment, each with its entry's bytes.
pub(super) fn log(bodies: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut prev = network();
    let mut items = Vec::new();
    for (seq, body) in (0..).zip(bodies) {
        let entry = statement(seq, prev, body).sign(&network(), &key(1));
        prev = Hash::of(&entry);
        let mut item = Vec::new();
        push_item(&mut item, &entry, Some(body));
        items.push((entry, item));
    }
    items
}

/// A charter of two members.
pub(super) fn charter() -> Charter {
    let founder = |id: &str, byte: u8, governance: Option<PublicKey>| Member {
        id: member(id),
        name: format!("Mechanism of {id}"),
        role: "mechanism".into(),
        root: public(byte),
        spare: None,
        governance,
    };
    Charter {
        name: "Red de ejemplo · Ñandutí".into(),
        salt: [0x5a; 16],
        roles: Charter::usual_roles(),
        rules: RULES,
        bounds: Bounds::default(),
        former: Vec::new(),
        quorum: Quorum(2, 3),
        members: vec![founder("MAR", 0x11, None), founder("PRY", 0x12, Some(public(0x13)))],
        purpose: "To share practices.".into(),
    }
}
