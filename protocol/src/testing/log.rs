//! A log while it is written, with all its keys at hand; branches are made by going back.

use alloc::vec::Vec;
use core::ops::Range;

use ed25519_dalek::SigningKey;

use crate::{
    entry::{BodyRef, Entry, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Opening, Place},
    kind::{Audience, Kind},
    run::{ReceivedRun, VerifiedRun, push_item, split_item},
};

/// A log and the key that writes it.
#[derive(Debug, Clone)]
pub struct LogWriter {
    network: Hash,
    key: SigningKey,
    items: Vec<Vec<u8>>,
    hashes: Vec<Hash>,
    /// Does the entry carry its own valid signature?
    anchors: Vec<bool>,
}

impl LogWriter {
    /// A log without entries.
    pub fn new(network: Hash, key: &SigningKey) -> Self {
        Self { network, key: key.clone(), items: Vec::new(), hashes: Vec::new(), anchors: Vec::new() }
    }

    /// The name of the log.
    pub fn log(&self) -> PublicKey {
        PublicKey::from(&self.key)
    }

    /// The member for whom a publishing log says in its entry 0 that it speaks.
    pub fn member(&self) -> MemberId {
        let opening = self.items.first().and_then(|item| split_item(item)).and_then(|(_, body, _)| body);
        Opening::decode(opening.expect("a log with a body in entry 0")).expect("a publishing log").member
    }

    /// The line of this log in a member's keyring: its key agrees to speak for that member.
    pub fn line(&self, member: &MemberId, state: KeyState) -> KeyLine {
        KeyLine::sign(KeyUse::Publish, &self.network, member, &self.key, state)
    }

    /// The same in another network than its own, where the key claims to speak as well.
    pub fn line_in(&self, network: &Hash, member: &MemberId, state: KeyState) -> KeyLine {
        KeyLine::sign(KeyUse::Publish, network, member, &self.key, state)
    }

    /// The number of entries.
    pub fn len(&self) -> u64 {
        self.items.len() as u64
    }

    /// No entries?
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What the next entry states.
    pub fn next_statement(&self, kind: Kind, body: &[u8]) -> Statement {
        Statement {
            log: self.log(),
            seq: self.len(),
            body: BodyRef::to(body),
            kind,
            prev: self.hashes.last().copied().unwrap_or(self.network),
            time: 1_750_000_000_000 + self.len(),
            audience: Audience::Public,
        }
    }

    /// Signs a public entry.
    pub fn push(&mut self, kind: Kind, body: &[u8]) -> Place {
        let statement = self.next_statement(kind, body);
        self.push_statement(&statement, Some(body))
    }

    /// Signs a statement as it is.
    pub fn push_statement(&mut self, statement: &Statement, body: Option<&[u8]>) -> Place {
        let entry = statement.sign(&self.network, &self.key);
        self.push_entry(&entry, body)
    }

    /// Appends a statement without a valid signature of its own: what comes above it has to vouch for it.
    pub fn push_unsigned(&mut self, statement: &Statement, body: Option<&[u8]>) -> Place {
        let mut entry = statement.sign(&self.network, &self.key);
        if let Some(last) = entry.last_mut() {
            *last ^= 1;
        }
        self.push_entry(&entry, body)
    }

    /// Appends the bytes of an entry as they are.
    pub fn push_entry(&mut self, entry: &[u8], body: Option<&[u8]>) -> Place {
        let signed = Entry::decode(entry).is_ok_and(|entry| entry.verify(&self.network).is_ok());
        self.anchors.push(signed);
        let mut item = Vec::new();
        push_item(&mut item, entry, body);
        let place = Place { seq: self.len(), hash: Hash::of(entry) };
        self.items.push(item);
        self.hashes.push(place.hash);
        place
    }

    /// The same log without the entries from `seq` on: where another branch begins.
    #[must_use]
    pub fn back_to(&self, seq: u64) -> Self {
        let keep = usize::try_from(seq).unwrap_or(usize::MAX);
        let mut log = self.clone();
        log.items.truncate(keep);
        log.hashes.truncate(keep);
        log.anchors.truncate(keep);
        log
    }

    /// Does the entry at a place carry its own valid signature?
    pub fn is_anchor(&self, seq: u64) -> bool {
        usize::try_from(seq).is_ok_and(|index| self.anchors.get(index) == Some(&true))
    }

    /// The entry at a place, by its hash.
    pub fn place(&self, seq: u64) -> Option<Place> {
        let hash = *self.hashes.get(usize::try_from(seq).ok()?)?;
        Some(Place { seq, hash })
    }

    /// The bytes of the entry at a place.
    pub fn entry(&self, seq: u64) -> Option<&[u8]> {
        let item = self.items.get(usize::try_from(seq).ok()?)?;
        split_item(item).map(|(entry, _, _)| entry)
    }

    /// The bytes of a segment of these places.
    pub fn segment(&self, places: Range<u64>) -> Vec<u8> {
        let index = |seq: u64| usize::try_from(seq).unwrap_or(usize::MAX).min(self.items.len());
        self.items.get(index(places.start)..index(places.end)).unwrap_or_default().concat()
    }

    /// A run of these places.
    pub fn run(&self, places: Range<u64>) -> VerifiedRun {
        let received = ReceivedRun::receive(self.segment(places)).expect("the test made a sound segment");
        received.verify(&self.network).expect("the test signed its last entry")
    }

    /// A run of everything.
    pub fn whole(&self) -> VerifiedRun {
        self.run(0..self.len())
    }
}
