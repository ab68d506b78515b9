//! A network with real keys and signatures: members, their root logs, and publishing logs of any length.

use alloc::{format, vec, vec::Vec};

use ed25519_dalek::SigningKey;

use super::node::{Held, Node};
use crate::{
    charter::{Bounds, Charter, Member, Quorum, RULES},
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Opening, Place},
    kind::{Audience, Kind},
    limits::ANCHOR_SPACING,
};

/// A log while it is written.
#[derive(Clone)]
pub(super) struct Chain {
    key: SigningKey,
    network: Hash,
    pub(super) items: Vec<Held>,
}

impl Chain {
    pub(super) fn new(name: &str, network: Hash) -> Self {
        Self { key: key(name), network, items: Vec::new() }
    }

    pub(super) fn log(&self) -> PublicKey {
        PublicKey::from(&self.key)
    }

    pub(super) fn push(&mut self, kind: Kind, body: Vec<u8>) {
        self.push_signed(kind, body, true);
    }

    /// Appends an entry with or without a valid signature of its own.
    fn push_signed(&mut self, kind: Kind, body: Vec<u8>, signed: bool) {
        let statement = Statement {
            log: self.log(),
            seq: self.items.len() as u64,
            body: BodyRef::to(&body),
            kind,
            prev: self.items.last().map_or(self.network, |last| Hash::of(&last.entry)),
            time: 1,
            audience: Audience::Public,
        };
        let mut entry = statement.sign(&self.network, &self.key);
        if !signed {
            *entry.last_mut().expect("not empty") ^= 1;
        }
        self.items.push(Held::new(entry, Some(body)));
    }

    /// Writes practices until the log has this many entries, of which only the last and those that have to are signed.
    pub(super) fn grow_unsigned(&mut self, len: usize, word: &str) {
        while self.items.len() < len {
            let next = self.items.len() + 1;
            let body = format!("{word} {next}").into_bytes();
            self.push_signed(Kind::Practice, body, next == len || (next as u64).is_multiple_of(ANCHOR_SPACING));
        }
    }

    /// Writes practices until the log has this many entries. The same word gives the same entries.
    pub(super) fn grow(&mut self, len: usize, word: &str) {
        while self.items.len() < len {
            let body = format!("{word} {}", self.items.len()).into_bytes();
            self.push(Kind::Practice, body);
        }
    }

    pub(super) fn place(&self, seq: u64) -> Place {
        let held = &self.items[usize::try_from(seq).expect("small")];
        Place { seq, hash: Hash::of(&held.entry) }
    }
}

/// A network.
#[derive(Clone)]
pub(super) struct World {
    pub(super) network: Hash,
    pub(super) charter: Charter,
    pub(super) roots: Vec<Chain>,
    /// Publishing logs, and the place of their member among the roots.
    pub(super) logs: Vec<(usize, Chain)>,
}

pub(super) fn key(name: &str) -> SigningKey {
    SigningKey::from_bytes(Hash::of(name.as_bytes()).as_bytes())
}

pub(super) fn member_id(index: usize) -> MemberId {
    MemberId::parse(&format!("AAA-{:03}", index)).expect("an id")
}

impl World {
    pub(super) fn new(members: usize, logs_each: usize) -> Self {
        let charter = Charter {
            name: "Network".into(),
            salt: [1; 16],
            roles: Charter::usual_roles(),
            rules: RULES,
            bounds: Bounds::default(),
            former: Vec::new(),
            quorum: Quorum(2, 3),
            members: (0..members)
                .map(|index| Member {
                    id: member_id(index),
                    name: "Institution".into(),
                    role: "mechanism".into(),
                    root: PublicKey::from(&key(&format!("root {index}"))),
                    spare: None,
                    governance: None,
                })
                .collect(),
            purpose: "To share practices.".into(),
        };
        let network = charter.network();
        let mut world = Self { network, charter, roots: Vec::new(), logs: Vec::new() };
        for index in 0..members {
            let mut root = Chain::new(&format!("root {index}"), network);
            root.push(Kind::Charter, world.charter.encode());
            world.roots.push(root);
            for log in 0..logs_each {
                let mut chain = Chain::new(&format!("publish {index} {log}"), network);
                let opening = Opening { key_use: KeyUse::Publish, salt: [2; 16], member: member_id(index) };
                chain.push(Kind::Log, opening.encode());
                world.logs.push((index, chain));
            }
            world.push_keyring(index, &|chain| KeyState::Live(Some(chain.place(0))));
        }
        world
    }

    /// A further keyring of a member.
    pub(super) fn push_keyring(&mut self, member: usize, state: &dyn Fn(&Chain) -> KeyState) {
        let mut keys: Vec<KeyLine> = self
            .logs
            .iter()
            .filter(|(owner, _)| *owner == member)
            .map(|(_, log)| KeyLine::sign(KeyUse::Publish, &self.network, &member_id(member), &log.key, state(log)))
            .collect();
        keys.sort_by_key(|line| line.key);
        self.roots[member].push(Kind::Keyring, Keyring { keys, salt: [3; 16] }.encode());
    }

    /// A node that knows nothing but the network's id.
    pub(super) fn empty(&self) -> Node {
        Node::new(self.network)
    }

    /// A node that holds everything.
    pub(super) fn full(&self) -> Node {
        let lens = vec![usize::MAX; self.logs.len()];
        self.part(&vec![true; self.roots.len()], &lens)
    }

    /// A node that holds some root logs, and these beginnings of their members' logs.
    pub(super) fn part(&self, roots: &[bool], lens: &[usize]) -> Node {
        let mut node = self.empty();
        for (root, _) in self.roots.iter().zip(roots).filter(|(_, held)| **held) {
            node.take(&root.items);
        }
        for ((member, chain), len) in self.logs.iter().zip(lens).filter(|((member, _), _)| roots[*member]) {
            debug_assert!(*member < self.roots.len());
            node.take(&chain.items[..chain.items.len().min(*len)]);
        }
        node
    }
}
