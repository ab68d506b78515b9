//! The truth: who owns which key, what was signed with it, and what an author was told is safe. The nodes of a run do not see it; the
//! checks compare them with it. It computes nothing by the rules of the protocol, so that a mistake there does not hide itself here.

use std::collections::{BTreeMap, BTreeSet};

use nanduti_protocol::{
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Place,
    kind::Audience,
};

/// Who a key belongs to.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) member: MemberId,
    /// Is it the key that speaks for the institution?
    pub(super) is_root: bool,
    /// Does its owner keep to the rules?
    pub(super) honest: bool,
    /// Kinds that its log may hold after the first entry, by name.
    pub(super) kinds: BTreeSet<String>,
}

/// An entry of which its author was told that it is safe.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    pub(super) place: Place,
    pub(super) log: PublicKey,
    pub(super) audience: Audience,
    pub(super) is_practice: bool,
}

/// What really happened.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) owners: BTreeMap<PublicKey, Owner>,
    /// Every entry that somebody with the key has signed, by log and place.
    made: BTreeMap<(PublicKey, u64), BTreeSet<Hash>>,
    /// What a crash took from its author before anybody was told.
    lost: BTreeSet<Hash>,
    /// Keys that somebody else has too.
    pub(super) stolen: BTreeSet<PublicKey>,
    /// What somebody else signed with a member's key, or a member when it was to be heard no more.
    pub(super) forged: BTreeSet<Hash>,
    /// Keys that somebody else says are its own.
    pub(super) claimed: BTreeSet<PublicKey>,
    /// Where the charter ends the logs that it carries over from a former network.
    pub(super) carried: BTreeMap<PublicKey, Place>,
    /// Members whose rights a roster changes in the course of the run: what may count of theirs is the plot's affair.
    pub(super) turned: BTreeSet<MemberId>,
    /// Where the last entry that counts stands, of keys that their owner has ended.
    pub(super) ended: BTreeMap<PublicKey, Option<Place>>,
    /// Where the owner has last fixed the branch of a key.
    pub(super) fixed: BTreeMap<PublicKey, Place>,
    pub(super) acknowledged: Vec<Acknowledged>,
    /// The roster of each version that an honest node has followed.
    pub(super) rosters: BTreeMap<u64, Hash>,
}

impl Truth {
    /// An entry was signed with the key of the log.
    pub(super) fn sign(&mut self, log: PublicKey, place: Place) {
        self.lost.remove(&place.hash);
        self.made.entry((log, place.seq)).or_default().insert(place.hash);
    }

    /// An entry was lost before anybody was told of it.
    pub(super) fn lose(&mut self, hash: Hash) {
        self.lost.insert(hash);
    }

    /// Why an entry may not be on an honest node, if it may not.
    pub(super) fn objection(&self, log: &PublicKey, seq: u64, hash: &Hash) -> Option<&'static str> {
        if !self.owners.contains_key(log) {
            return Some("an entry of a key that nobody gave any right");
        }
        if !self.made.get(&(*log, seq)).is_some_and(|hashes| hashes.contains(hash)) {
            return Some("an entry that its key never signed");
        }
        self.lost.contains(hash).then_some("an entry that its author lost before it was durable")
    }

    /// Is this log that of an honest owner, whose key nobody else has?
    pub(super) fn is_sound(&self, log: &PublicKey) -> bool {
        self.owners.get(log).is_some_and(|owner| owner.honest)
            && !self.stolen.contains(log)
            && !self.claimed.contains(log)
    }

    /// Does this acknowledged entry have to count everywhere in the end?
    pub(super) fn has_to_count(&self, entry: &Acknowledged) -> bool {
        if !self.owners.get(&entry.log).is_some_and(|owner| owner.honest) {
            return false;
        }
        match (self.ended.get(&entry.log), self.fixed.get(&entry.log)) {
            (Some(None), _) => false,
            (Some(Some(last)), _) => entry.place.seq <= last.seq,
            (None, Some(fixed)) => !self.stolen.contains(&entry.log) || entry.place.seq <= fixed.seq,
            (None, None) => !self.stolen.contains(&entry.log),
        }
    }
}
