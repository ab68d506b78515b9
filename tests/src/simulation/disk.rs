//! The disk of a node, as far as a simulation needs one: what is on it survives a crash, and nothing else does.
//!
//! Entries stand in blocks, one for each run that was appended, and a block ends at an anchor: so that what is served can end at
//! one too, as in the node (`core/read.rs`). A snapshot of a node reads the disk as it is now, not as it was: as in the node.

use std::{
    cell::{Ref, RefCell, RefMut},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use nanduti_protocol::{
    ballot::Papers,
    entry::{BodyRef, Entry},
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    ledger::{Extent, History},
    run::{ReceivedRun, VerifiedRun, push_item},
};

/// An entry that is on the disk.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) hash: Hash,
    pub(super) kind: Kind,
    pub(super) audience: Audience,
    pub(super) time: u64,
    pub(super) entry: Vec<u8>,
    pub(super) body: Option<Vec<u8>>,
    body_ref: BodyRef,
    whole_len: u64,
    ends_block: bool,
}

/// All that is durable on one node.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    pub(super) logs: BTreeMap<PublicKey, Vec<Held>>,
    /// Papers of ballots, in an order that makes the same rosters again.
    pub(super) ballots: Vec<Papers>,
    /// Proofs of forks, as bytes: of each log one or two.
    pub(super) forks: BTreeMap<PublicKey, Vec<Vec<u8>>>,
    pub(super) charter: Option<Vec<u8>>,
    /// Places whose bodies are missing.
    pub(super) wants: BTreeSet<(PublicKey, u64)>,
}

/// A disk that several parts of a node look at.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf(Rc<RefCell<Disk>>);

impl Shelf {
    pub(super) fn of(disk: Disk) -> Self {
        Self(Rc::new(RefCell::new(disk)))
    }

    pub(super) fn look(&self) -> Ref<'_, Disk> {
        self.0.borrow()
    }

    pub(super) fn change(&self) -> RefMut<'_, Disk> {
        self.0.borrow_mut()
    }
}

impl History for Shelf {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.look().at(log, seq).map(|held| held.hash)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.look().at(log, seq).map(|held| held.entry.clone())
    }
}

impl Disk {
    /// The entry at a place.
    pub(super) fn at(&self, log: &PublicKey, seq: u64) -> Option<&Held> {
        self.logs.get(log)?.get(usize::try_from(seq).ok()?)
    }

    /// What is held of a log.
    pub(super) fn extent(&self, log: &PublicKey) -> Option<Extent> {
        let held = self.logs.get(log)?;
        let head = held.last()?.hash;
        Some(Extent { next: held.len() as u64, head, bytes: held.iter().map(|held| held.whole_len).sum() })
    }

    /// Appends a run as one block.
    pub(super) fn append(&mut self, run: &VerifiedRun) {
        let log = run.log();
        let held = self.logs.entry(log).or_default();
        let last = run.items().len().saturating_sub(1);
        for (number, item) in run.items().iter().enumerate() {
            let body = run.body_bytes(item).map(<[u8]>::to_vec);
            if body.is_none() {
                self.wants.insert((log, held.len() as u64));
            }
            held.push(Held {
                hash: item.hash,
                kind: item.kind.clone(),
                audience: item.audience,
                time: item.time,
                entry: run.entry_bytes(item).to_vec(),
                body,
                body_ref: item.body,
                whole_len: item.whole_len(),
                ends_block: number == last,
            });
        }
    }

    /// Cuts a log back so that it ends before a place.
    pub(super) fn cut(&mut self, log: &PublicKey, from: u64) {
        if let Some(held) = self.logs.get_mut(log) {
            held.truncate(usize::try_from(from).unwrap_or(usize::MAX));
            if let Some(last) = held.last_mut() {
                last.ends_block = true;
            } else {
                self.logs.remove(log);
            }
        }
        self.wants.retain(|(wanted, seq)| wanted != log || *seq < from);
    }

    /// Puts a body where it is missing; false if it is not wanted there or not the right one.
    pub(super) fn fill(&mut self, log: &PublicKey, seq: u64, body: &[u8]) -> bool {
        let place = usize::try_from(seq).unwrap_or(usize::MAX);
        let Some(held) = self.logs.get_mut(log).and_then(|held| held.get_mut(place)) else { return false };
        let fits = held.body.is_none() && held.body_ref.is_of(body);
        if fits {
            held.body = Some(body.to_vec());
            self.wants.remove(&(*log, seq));
        }
        fits
    }

    /// Is this the body that the entry there commits to? True if there is no entry.
    pub(super) fn fits(&self, log: &PublicKey, seq: u64, body: &[u8]) -> bool {
        self.at(log, seq).is_none_or(|held| held.body_ref.is_of(body))
    }

    /// A body, if it is held and this peer may have it.
    pub(super) fn body_for(&self, log: &PublicKey, seq: u64, to_member: bool) -> Option<Vec<u8>> {
        let held = self.at(log, seq)?;
        held.body.clone().filter(|_| to_member || held.audience == Audience::Public)
    }

    /// The blocks of a log as runs, for judging them again.
    pub(super) fn runs(&self, log: &PublicKey, network: &Hash) -> Option<Vec<VerifiedRun>> {
        let mut runs = Vec::new();
        let mut bytes = Vec::new();
        for held in self.logs.get(log)? {
            push_item(&mut bytes, &held.entry, held.body.as_deref());
            if held.ends_block {
                let run = ReceivedRun::receive(std::mem::take(&mut bytes)).ok()?;
                runs.push(run.verify(network).ok()?);
            }
        }
        Some(runs)
    }

    /// Entries to serve: they begin at `from`, take about `target` bytes, and end at an anchor: the last one at or below `to`, or,
    /// where there is none, the next one above. Returns their bytes and the place after them. Bodies for members only are left out
    /// where the peer is none.
    pub(super) fn serve(
        &self,
        log: &PublicKey,
        (from, to): (u64, u64),
        target: usize,
        (network, to_member): (&Hash, bool),
    ) -> (Vec<u8>, u64) {
        let mut out = Vec::new();
        let mut next = from;
        while next < to {
            let Some(block_end) = self.block_end(log, next) else { break };
            let last = block_end.min(to);
            let anchored = if last == block_end { last } else { self.last_anchor(log, next..last, network) };
            let until = if anchored == next && out.is_empty() { block_end } else { anchored };
            let items = self.items(log, next..until, to_member);
            if items.is_empty() || (!out.is_empty() && out.len() + items.len() > target) {
                break;
            }
            out.extend(items);
            next = until;
            if anchored != last {
                break;
            }
        }
        (out, next)
    }

    fn block_end(&self, log: &PublicKey, from: u64) -> Option<u64> {
        (from..)
            .map_while(|seq| Some((seq, self.at(log, seq)?)))
            .find(|(_, held)| held.ends_block)
            .map(|(seq, _)| seq + 1)
    }

    /// The place after the last entry of these whose own signature verifies; the first place if there is none.
    fn last_anchor(&self, log: &PublicKey, places: std::ops::Range<u64>, network: &Hash) -> u64 {
        let anchored = |seq: &u64| {
            let entry = self.at(log, *seq).and_then(|held| Entry::decode(&held.entry).ok());
            entry.is_some_and(|entry| entry.verify(network).is_ok())
        };
        places.clone().rev().find(anchored).map_or(places.start, |seq| seq + 1)
    }

    fn items(&self, log: &PublicKey, places: std::ops::Range<u64>, to_member: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for held in places.filter_map(|seq| self.at(log, seq)) {
            let allowed = to_member || held.audience == Audience::Public;
            push_item(&mut out, &held.entry, held.body.as_deref().filter(|_| allowed));
        }
        out
    }
}
