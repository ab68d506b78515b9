//! Forks and branches: which fork of a log is open, and which branch of it the member's keyring has fixed.
//!
//! A keyring fixes a branch by one place, the checkpoint of a live key or the last entry of an ended one. What is held below it
//! may turn out to be another branch, and the right one may arrive in several runs, the upper before the lower. So the ledger
//! remembers the places that it learns to be on the fixed branch: a run that holds one of them vouches for the place before its
//! first entry. Nothing of this outlives the moment when the fixed place itself is held.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Extent, History, Ledger};
use crate::{
    authority::{Authority, Fixed},
    fork::ForkProof,
    hash::Hash,
    key::PublicKey,
    keyring::Place,
    run::VerifiedRun,
};

/// Places remembered of one fixed branch: one a segment, so that this is enough for any log that a charter allows.
const PLACES_MAX: usize = 4096;

/// What is known of the branch that a keyring has fixed.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    fixed: Place,
    places: BTreeMap<u64, Hash>,
    stray: Option<u64>,
}

/// What a run is to the fixed branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bearing {
    /// The highest place of the run that is known to be on the branch.
    pub(super) right: Option<u64>,
    /// The lowest place of the run that is known not to be.
    pub(super) wrong: Option<u64>,
}

impl Branch {
    fn new(fixed: Place) -> Self {
        Self { fixed, places: BTreeMap::from([(fixed.seq, fixed.hash)]), stray: None }
    }

    /// Takes note of a place on the branch. Knowledge grows from the fixed place down, and its lower end is what the next run hangs on:
    /// so if there is no room, the highest below the fixed place makes some, however many a peer has shown there.
    fn remember(&mut self, seq: u64, hash: Hash) {
        self.places.insert(seq, hash);
        if self.places.len() > PLACES_MAX
            && let Some(highest) = self.places.range(..self.fixed.seq).next_back().map(|(highest, _)| *highest)
        {
            self.places.remove(&highest);
        }
    }
}

impl Ledger {
    /// All forks that are remembered, by log and place: of each log the lowest, and the lowest above what its member's keyring
    /// has fixed.
    pub fn forks(&self) -> impl Iterator<Item = (&PublicKey, &ForkProof)> {
        self.forks.iter().flat_map(|(log, forks)| forks.values().map(move |proof| (log, proof)))
    }

    /// The forks that are remembered of one log, the lower first: at most two.
    pub fn forks_of(&self, log: &PublicKey) -> impl Iterator<Item = &ForkProof> {
        self.forks.get(log).into_iter().flat_map(BTreeMap::values)
    }

    /// The proof to show to others: of the fork that the log's position names, if it names one.
    pub fn fork_to_show(&self, log: &PublicKey, history: &impl History) -> Option<&ForkProof> {
        self.open_fork(log, history).or_else(|| self.fork(log))
    }

    /// The proof that a log is forked: the lowest that its member's keyring has not settled; if all are, the lowest.
    pub fn fork(&self, log: &PublicKey) -> Option<&ForkProof> {
        let forks = self.forks.get(log)?;
        let above = self.fixed(log).and_then(|place| forks.range(place.seq.checked_add(1)?..).next());
        above.or_else(|| forks.iter().next()).map(|(_, proof)| proof)
    }

    /// Would a proof add anything to what is remembered?
    pub fn is_new_fork(&self, proof: &ForkProof) -> bool {
        self.forks.get(&proof.log()) != Some(&self.forks_with(proof))
    }

    /// Takes note of a fork. Returns whether that was new.
    pub fn learn_fork(&mut self, proof: &ForkProof) -> bool {
        if !self.is_new_fork(proof) {
            return false;
        }
        let log = proof.log();
        let forks = self.forks_with(proof);
        let places = forks.keys().copied().collect();
        self.forks.insert(log, forks);
        if let Some(authority) = &mut self.authority
            && authority.member_by_root(&log).is_some()
        {
            authority.learn_root_forks(&log, places);
        }
        true
    }

    /// Takes note of all forks that the host finds on its disk at start. Those of root logs come first: by them it is known which
    /// keyrings count, and so which forks of other logs have to be remembered.
    pub fn restore_forks(&mut self, proofs: &[ForkProof]) {
        let is_root = |proof: &ForkProof, authority: &Authority| authority.member_by_root(&proof.log()).is_some();
        let (roots, others): (Vec<_>, Vec<_>) =
            proofs.iter().partition(|proof| self.authority.as_ref().is_some_and(|authority| is_root(proof, authority)));
        for proof in roots.into_iter().chain(others) {
            self.learn_fork(proof);
        }
    }

    /// What is remembered of a log's forks once this one is known.
    fn forks_with(&self, proof: &ForkProof) -> BTreeMap<u64, ForkProof> {
        let log = proof.log();
        let mut forks = self.forks.get(&log).cloned().unwrap_or_default();
        let seq = proof.mark().seq;
        let merged = forks.get(&seq).map_or_else(|| proof.clone(), |known| known.merge(proof));
        // Other chains that show the same make no difference, and their author can make any number of them.
        if forks.get(&seq).is_none_or(|known| known.mark() != merged.mark()) {
            forks.insert(seq, merged);
        }
        let lowest = forks.keys().next().copied();
        let above = self.fixed(&log).and_then(|place| forks.range(place.seq.checked_add(1)?..).next());
        let above = above.map(|(seq, _)| *seq);
        forks.retain(|seq, _| Some(*seq) == lowest || Some(*seq) == above);
        forks
    }

    /// The fork at which a log stops counting. While the place that the keyring fixes is held, forks up to there are settled,
    /// and it is the lowest above; while it is not held, it is the lowest below: at the place itself the log stops in any case, if
    /// another entry is held there. A fork past the last entry that counts is nobody's concern.
    pub fn open_fork(&self, log: &PublicKey, history: &impl History) -> Option<&ForkProof> {
        let forks = self.forks.get(log)?;
        let standing = self.authority.as_ref()?.standing(log)?;
        let (from, below) = match standing.fixed {
            None => (0, u64::MAX),
            Some(place) if history.hash_at(log, place.seq) == Some(place.hash) => (place.seq.checked_add(1)?, u64::MAX),
            Some(place) => (0, place.seq),
        };
        let (seq, proof) = forks.range(from..below).next()?;
        let past_end = standing.ends.is_some_and(|ends| *seq >= ends);
        if past_end { None } else { Some(proof) }
    }

    /// From which place on the host has to cut off what is held of a log, since it strays from the branch that the keyring has
    /// fixed: the place after the last anchor below the first entry that does.
    pub fn stray(&self, log: &PublicKey) -> Option<u64> {
        if self.displaced.contains(log) {
            return Some(0);
        }
        let branch = self.branches.get(log)?;
        branch.stray.filter(|_| self.fixed(log) == Some(branch.fixed))
    }

    /// Takes note that the host has cut a log back: this is what it holds now. `None`: nothing.
    pub fn cut_back(&mut self, log: &PublicKey, extent: Option<Extent>) {
        let extent = extent.filter(|extent| extent.next > 0);
        self.displaced.remove(log);
        if let Some(authority) = &mut self.authority
            && authority.member_by_root(log).is_some()
        {
            authority.forget_keyrings(log, extent.map_or(0, |extent| extent.next));
            authority.learn_root_fixed(log, Fixed::Open);
        }
        match extent {
            Some(extent) => self.logs.insert(*log, extent),
            None => {
                if let Some(authority) = &mut self.authority {
                    authority.forget_opening(log);
                }
                self.logs.remove(log)
            }
        };
        if let Some(branch) = self.branches.get_mut(log) {
            branch.stray = None;
        }
    }

    /// Compares a run with the branch that is fixed, and learns from it what stands below.
    pub(super) fn bearing(&mut self, run: &VerifiedRun, fixed: Option<Place>, history: &impl History) -> Bearing {
        let log = run.log();
        let Some(fixed) = fixed else {
            self.branches.remove(&log);
            return Bearing::default();
        };
        if history.hash_at(&log, fixed.seq) == Some(fixed.hash) {
            self.branches.remove(&log);
            let same = run.hash_at(fixed.seq).map(|hash| hash == fixed.hash);
            let place = Some(fixed.seq);
            return Bearing {
                right: place.filter(|_| same == Some(true)),
                wrong: place.filter(|_| same == Some(false)),
            };
        }
        let branch = self.branches.entry(log).or_insert_with(|| Branch::new(fixed));
        if branch.fixed != fixed {
            *branch = Branch::new(fixed);
        }
        let mut bearing = Bearing::default();
        for (seq, hash) in branch.places.range(run.first_seq().saturating_sub(1)..run.next_seq()) {
            if run.hash_at(*seq) == Some(*hash) {
                bearing.right = Some(*seq);
            } else {
                bearing.wrong = bearing.wrong.or(Some(*seq));
            }
        }
        if bearing.right.is_some()
            && let Some(before) = run.first_seq().checked_sub(1)
        {
            branch.remember(before, run.prev());
        }
        bearing
    }

    /// Takes note that what is held strays from the fixed branch.
    pub(super) fn note_stray(&mut self, log: &PublicKey, from: u64) {
        if let Some(branch) = self.branches.get_mut(log) {
            branch.stray = Some(from);
        }
    }

    /// Is what is held known to be on the fixed branch, above this place?
    pub(super) fn on_branch(&self, log: &PublicKey, above: u64, held: &Extent, history: &impl History) -> bool {
        let known = self.branches.get(log).and_then(|branch| branch.places.range(..held.next).next_back());
        known.is_some_and(|(seq, hash)| *seq >= above && history.hash_at(log, *seq) == Some(*hash))
    }

    fn fixed(&self, log: &PublicKey) -> Option<Place> {
        self.authority.as_ref()?.standing(log)?.fixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_lowest_of_a_branch_is_never_forgotten() {
        let hash = |seq: u64| Hash::of(&seq.to_be_bytes());
        let fixed = Place { seq: 10_000, hash: hash(10_000) };
        let mut branch = Branch::new(fixed);
        for seq in (0..10_000).rev() {
            branch.remember(seq, hash(seq));
            assert!(branch.places.len() <= PLACES_MAX);
            assert_eq!(branch.places.first_key_value(), Some((&seq, &hash(seq))));
            assert_eq!(branch.places.last_key_value(), Some((&10_000, &fixed.hash)));
        }
    }
}
