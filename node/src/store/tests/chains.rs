//! Small networks for tests: members with their root logs, and logs of practices, all from fixed keys.

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    charter::{Bounds, Charter, Member, Quorum, RULES},
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Opening, Place},
    kind::{Audience, Kind},
    record::{Record, RecordBody, Value, WithdrawalBody},
    run::{ReceivedRun, VerifiedRun, push_item, split_item},
};

use crate::store::Piece;

/// The members of a test network.
const MEMBERS: [&str; 3] = ["KEN", "MAR", "PRY"];

/// A network of three members.
pub(crate) struct World {
    pub(crate) charter: Vec<u8>,
    pub(crate) network: Hash,
}

/// A log, as its author has it.
#[derive(Clone)]
pub(crate) struct Chain {
    key: SigningKey,
    network: Hash,
    prev: Hash,
    items: Vec<Vec<u8>>,
    pub(crate) hashes: Vec<Hash>,
}

/// A key from a number.
pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// The id of a member.
pub(crate) fn member(index: usize) -> MemberId {
    MemberId::parse(MEMBERS[index]).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let founder = |index: usize| Member {
            id: member(index),
            name: MEMBERS[index].into(),
            role: "mechanism".into(),
            root: PublicKey::from(&key(100 + index as u8)),
            spare: None,
            governance: None,
        };
        let charter = Charter {
            name: "Network".into(),
            salt: [1; 16],
            roles: Charter::usual_roles(),
            rules: RULES,
            bounds: Bounds::default(),
            former: Vec::new(),
            quorum: Quorum(2, 3),
            members: (0..MEMBERS.len()).map(founder).collect(),
            purpose: "To share practices.".into(),
        };
        let charter = charter.encode();
        Self { network: Hash::of(&charter), charter }
    }

    /// The root log of a member, with the charter.
    pub(crate) fn root(&self, index: usize) -> Chain {
        let mut chain = Chain::new(key(100 + index as u8), self.network);
        chain.push(Kind::Charter, &self.charter);
        chain
    }

    /// A publishing log of a member, with its opening.
    pub(crate) fn log(&self, index: usize, number: u8) -> Chain {
        let mut chain = Chain::new(key(number), self.network);
        let opening = Opening { key_use: KeyUse::Publish, salt: [2; 16], member: member(index) };
        chain.push(Kind::Log, &opening.encode());
        chain
    }

    /// A root log with one keyring that lists these logs as live from their opening on, and the logs.
    pub(crate) fn voice(&self, index: usize, number: u8) -> (Chain, Chain) {
        let log = self.log(index, number);
        let mut root = self.root(index);
        root.keyring(&[live(&log, 0)]);
        (root, log)
    }
}

/// The line of a keyring that lists a log as live.
pub(crate) fn live(log: &Chain, checkpoint: u64) -> KeyLine {
    line(log, KeyState::Live(Some(log.place(checkpoint))))
}

/// The line of a keyring that ends a log at a place, or altogether.
pub(crate) fn ended(log: &Chain, last: Option<u64>) -> KeyLine {
    line(log, KeyState::Ended(last.map(|seq| log.place(seq))))
}

fn line(log: &Chain, state: KeyState) -> KeyLine {
    let (_, opening, _) = split_item(&log.items[0]).unwrap();
    let member = Opening::decode(opening.unwrap()).unwrap().member;
    KeyLine::sign(KeyUse::Publish, &log.network, &member, &log.key, state)
}

/// The body of the first revision of a practice, about as long as `size`.
pub(crate) fn practice(title: &str, size: usize) -> Vec<u8> {
    RecordBody::first([3; 16], record(title, size)).encode().unwrap()
}

/// The body of a later revision.
pub(crate) fn revision(series: Hash, revises: &[Hash], title: &str) -> Vec<u8> {
    RecordBody::revision([4; 16], series, revises.to_vec(), record(title, 0)).encode().unwrap()
}

/// The body of a withdrawal.
pub(crate) fn withdrawal(series: Hash, versions: &[Hash]) -> Vec<u8> {
    let mut versions = versions.to_vec();
    versions.sort_unstable();
    WithdrawalBody { salt: [5; 16], series, versions, reason: "error".into(), note: None }.encode().unwrap()
}

fn record(title: &str, size: usize) -> Record {
    let mut record = Record::new();
    record.set("title", Value::String(title.into()));
    record.set("source_language", Value::String("en".into()));
    record.set("summary", Value::String(noise(title, size)));
    record
}

/// Text that hardly gets shorter when it is compressed.
fn noise(seed: &str, size: usize) -> String {
    let mut state = Hash::of(seed.as_bytes())
        .as_bytes()
        .iter()
        .fold(1, |state: u64, byte| state << 7 ^ u64::from(*byte) ^ state >> 57);
    let mut next = || {
        for shift in [13, -7, 17_i32] {
            state ^= if shift > 0 { state << shift } else { state >> -shift };
        }
        char::from(b' ' + (state >> 32) as u8 % 95)
    };
    (0..size).map(|_| next()).collect()
}

impl Chain {
    pub(crate) fn new(key: SigningKey, network: Hash) -> Self {
        Self { key, network, prev: network, items: Vec::new(), hashes: Vec::new() }
    }

    pub(crate) fn id(&self) -> PublicKey {
        PublicKey::from(&self.key)
    }

    pub(crate) fn key(&self) -> SigningKey {
        self.key.clone()
    }

    pub(crate) fn len(&self) -> u64 {
        self.items.len() as u64
    }

    pub(crate) fn place(&self, seq: u64) -> Place {
        Place { seq, hash: self.hashes[seq as usize] }
    }

    /// The log of the same key that these bytes hold.
    pub(crate) fn from_bytes(like: &Self, mut bytes: &[u8]) -> Self {
        let mut chain = Self::new(like.key.clone(), like.network);
        while let Some((entry, body, len)) = split_item(bytes) {
            chain.take(entry, body);
            bytes = &bytes[len..];
        }
        chain
    }

    /// Signs one more entry.
    pub(crate) fn push(&mut self, kind: Kind, body: &[u8]) -> Hash {
        let entry = self.sign(kind, body);
        self.take(&entry, Some(body))
    }

    /// Signs one more entry of which the body is not there.
    pub(crate) fn push_bare(&mut self, kind: Kind, body: &[u8]) -> Hash {
        let entry = self.sign(kind, body);
        self.take(&entry, None)
    }

    /// One more entry whose own signature is void: it stands by the chain alone.
    pub(crate) fn push_unsigned(&mut self, kind: Kind, body: &[u8]) -> Hash {
        let mut entry = self.sign(kind, body);
        *entry.last_mut().unwrap() ^= 1;
        self.take(&entry, Some(body))
    }

    pub(crate) fn keyring(&mut self, lines: &[KeyLine]) -> Hash {
        let mut keys = lines.to_vec();
        keys.sort_by_key(|line| line.key);
        self.push(Kind::Keyring, &Keyring { keys, salt: [6; 16] }.encode())
    }

    pub(crate) fn practice(&mut self, title: &str) -> Hash {
        self.push(Kind::Practice, &practice(title, 200))
    }

    /// So many practices more.
    pub(crate) fn practices(mut self, count: usize) -> Self {
        for number in 0..count {
            self.practice(&format!("practice {number}"));
        }
        self
    }

    fn sign(&self, kind: Kind, body: &[u8]) -> Vec<u8> {
        let statement = Statement {
            log: self.id(),
            seq: self.len(),
            body: BodyRef::to(body),
            kind,
            prev: self.prev,
            time: 1_700_000_000_000 + self.len(),
            audience: Audience::Public,
        };
        statement.sign(&self.network, &self.key)
    }

    fn take(&mut self, entry: &[u8], body: Option<&[u8]>) -> Hash {
        let mut item = Vec::new();
        push_item(&mut item, entry, body);
        self.items.push(item);
        self.prev = Hash::of(entry);
        self.hashes.push(self.prev);
        self.prev
    }

    /// The bytes of some items.
    pub(crate) fn bytes(&self, from: u64, to: u64) -> Vec<u8> {
        self.items[from as usize..to as usize].concat()
    }

    /// Some items as they are appended at once.
    pub(crate) fn piece(&self, from: u64, to: u64) -> Vec<u8> {
        Piece::of_anything(from, (to - from) as usize, &self.bytes(from, to)).bytes().to_vec()
    }

    /// Some items as they are appended one after the other.
    pub(crate) fn pieces(&self, from: u64, to: u64) -> Vec<u8> {
        (from..to).flat_map(|seq| self.piece(seq, seq + 1)).collect()
    }

    /// Some items as a run.
    pub(crate) fn run(&self, from: u64, to: u64) -> VerifiedRun {
        ReceivedRun::receive(self.bytes(from, to)).unwrap().verify(&self.network).unwrap()
    }

    /// The whole log as a run.
    pub(crate) fn all(&self) -> VerifiedRun {
        self.run(0, self.len())
    }

    /// The whole log as runs of at most three megabytes.
    pub(crate) fn runs(&self) -> Vec<VerifiedRun> {
        let mut runs = Vec::new();
        let (mut from, mut bytes) = (0, 0);
        for (seq, item) in (0..).zip(&self.items) {
            if bytes + item.len() > 3 << 20 {
                runs.push(self.run(from, seq));
                (from, bytes) = (seq, 0);
            }
            bytes += item.len();
        }
        runs.push(self.run(from, self.len()));
        runs
    }

    /// Where each item ends if they are appended one after the other, and the log is in one file.
    pub(crate) fn ends(&self) -> Vec<usize> {
        let mut end = 0;
        let mut ends = |seq| {
            end += self.piece(seq, seq + 1).len();
            end
        };
        (0..self.len()).map(&mut ends).collect()
    }
}
