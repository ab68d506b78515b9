//! The ledger: what this node holds of every log, and what may be added to it.
//!
//! One writer owns it. [`Ledger::admit`] is the last of the doors (received, verified, admitted): it lets pass what extends a
//! known log by a key that authority knows, within bounds; it recognises what is held already, and it turns a contradiction
//! into a fork proof. The ledger keeps no bytes: what it has to look up in the past it asks of [`History`].
//!
//! A key that said two things is judged by the lowest fork that its member's keyring has not settled. If the branch held turns
//! out not to be the one that the keyring names, [`Ledger::stray`] says from where it has to go. The host cuts back to there what
//! it holds; then it makes its ledger anew from that, or says so by [`Ledger::cut_back`] and may offer the run again at once.
//!
//! The ledger changes before the disk does. If the disk then fails, the host throws the ledger away and restores it from what
//! the disk holds; nothing has been acknowledged by then.

mod admit;
mod branch;
mod prove;
#[cfg(test)]
mod tests;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

pub use admit::{Admission, AdmittedRun, Refusal};
use branch::Branch;
pub use prove::chain_held;

use crate::{
    authority::{Authority, Fixed},
    ballot::{Papers, PapersError, Succession, Taken},
    charter::{Charter, CharterError},
    fork::ForkProof,
    frontier::{Frontier, Position},
    hash::Hash,
    key::PublicKey,
    keyring::Opening,
    kind::Kind,
    networks::Networks,
    roster::Roster,
    ticket::RosterRef,
};

/// What the ledger asks about the entries that are held. The host answers from its disk or its memory.
pub trait History {
    /// Hash of the entry at a place that is held.
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash>;
    /// Bytes of the entry at a place that is held.
    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>>;
}

/// What is held of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The next place: the number of entries held.
    pub next: u64,
    /// Hash of the last entry held.
    pub head: Hash,
    /// Bytes held, bodies included.
    pub bytes: u64,
}

/// What is held of every log, and what counts.
#[derive(Debug, Clone)]
pub struct Ledger {
    network: Hash,
    /// To which network each log is bound; until the charter is known, all to this one.
    networks: Networks,
    authority: Option<Authority>,
    /// Known together with the authority.
    succession: Option<Succession>,
    /// The roster that a ticket names.
    pinned: Option<RosterRef>,
    logs: BTreeMap<PublicKey, Extent>,
    /// By log and place: the lowest fork, and the lowest above what the keyring has fixed.
    forks: BTreeMap<PublicKey, BTreeMap<u64, ForkProof>>,
    /// What is known of fixed branches that are not held yet.
    branches: BTreeMap<PublicKey, Branch>,
    /// Logs that are to make room for what the same key wrote for the member that has it.
    displaced: BTreeSet<PublicKey>,
}

impl Ledger {
    /// The ledger of a network of which nothing is known but its id.
    pub fn new(network: Hash) -> Self {
        Self {
            network,
            networks: network.into(),
            authority: None,
            succession: None,
            pinned: None,
            logs: BTreeMap::new(),
            forks: BTreeMap::new(),
            branches: BTreeMap::new(),
            displaced: BTreeSet::new(),
        }
    }

    /// The network.
    pub fn network(&self) -> Hash {
        self.network
    }

    /// To which network the entries of each log are bound. Until the charter is known, what it carries over is not.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// Who may speak; unknown until the charter is.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// Takes in the charter, which names the network by its hash.
    ///
    /// # Errors
    /// If it is not the network's, or makes no sense.
    pub fn adopt_charter(&mut self, bytes: &[u8]) -> Result<(), AdoptError> {
        if Hash::of(bytes) != self.network {
            return Err(AdoptError::OtherNetwork);
        }
        if self.authority.is_none() {
            let charter = Charter::decode(bytes)?;
            let mut authority = Authority::new(&charter);
            for (log, forks) in &self.forks {
                if authority.member_by_root(log).is_some() {
                    authority.learn_root_forks(log, forks.keys().copied().collect());
                }
            }
            self.networks = authority.networks().clone();
            self.authority = Some(authority);
            let mut succession = Succession::new(Roster::founding(&charter));
            succession.pin(self.pinned);
            self.succession = Some(succession);
        }
        Ok(())
    }

    /// The rosters so far and what was said of them; unknown until the charter is.
    pub fn succession(&self) -> Option<&Succession> {
        self.succession.as_ref()
    }

    /// Binds the succession to the roster that a ticket names: another one of that version is not followed.
    pub fn pin(&mut self, roster: Option<RosterRef>) {
        self.pinned = roster;
        if let Some(succession) = &mut self.succession {
            succession.pin(roster);
        }
    }

    /// Takes in papers of a ballot, and follows what comes into force: then who may speak has to be judged again.
    ///
    /// # Errors
    /// If anything is wrong with them, or nothing is known of the network yet. The ledger is unchanged then.
    pub fn take_papers(&mut self, papers: &Papers, history: &impl History) -> Result<Taken, PapersError> {
        let succession = self.succession.as_mut().ok_or(PapersError::UnknownRoster)?;
        let taken = succession.take(papers)?;
        if taken.roster
            && let Some(authority) = &mut self.authority
        {
            authority.follow(succession.roster().clone());
            for (log, forks) in &self.forks {
                if authority.member_by_root(log).is_some() {
                    authority.learn_root_forks(log, forks.keys().copied().collect());
                }
            }
            let roots: Vec<PublicKey> =
                self.logs.keys().filter(|log| authority.member_by_root(log).is_some()).copied().collect();
            roots.iter().for_each(|root| self.settle_root(root, history));
        }
        Ok(taken)
    }

    /// Tells the authority whether the branch of a root log that is held is the one that the roster has fixed.
    fn settle_root(&mut self, root: &PublicKey, history: &impl History) {
        let Some(authority) = &mut self.authority else { return };
        let fixed = authority.standing(root).filter(|standing| standing.is_root).and_then(|standing| standing.fixed);
        let fixed = match fixed.map(|place| history.hash_at(root, place.seq).map(|held| held == place.hash)) {
            Some(Some(true)) => Fixed::Held,
            Some(Some(false)) => Fixed::Other,
            _ => Fixed::Open,
        };
        authority.learn_root_fixed(root, fixed);
    }

    /// What is held of a log.
    pub fn extent(&self, log: &PublicKey) -> Option<Extent> {
        self.logs.get(log).copied()
    }

    /// All logs held, by key.
    pub fn logs(&self) -> impl Iterator<Item = (&PublicKey, &Extent)> {
        self.logs.iter()
    }

    /// Takes note of a publishing log that the host finds on its disk at start. Root logs are read again instead
    /// ([`Ledger::restore_root`]), since authority is made of what they say.
    pub fn restore(&mut self, log: PublicKey, extent: Extent, opening: Opening) {
        if let Some(authority) = &mut self.authority {
            authority.learn_opening(log, opening);
        }
        self.logs.insert(log, extent);
    }

    /// Where a log stops counting: at its end, at a cut-off or at a fork, whichever comes first. 0 if it does not count at all.
    pub fn counted(&self, log: &PublicKey, history: &impl History) -> u64 {
        let Some(extent) = self.logs.get(log) else { return 0 };
        let Some(standing) = self.authority.as_ref().and_then(|authority| authority.standing(log)) else { return 0 };
        let mut counted = extent.next.min(standing.ends.unwrap_or(u64::MAX));
        if let Some(fork) = self.open_fork(log, history) {
            counted = counted.min(fork.mark().seq);
        }
        if let Some(place) = standing.fixed
            && history.hash_at(log, place.seq).is_some_and(|held| held != place.hash)
        {
            counted = counted.min(place.seq);
        }
        counted
    }

    /// Does this entry count: is it in the part that counts, and of a kind that the key may write?
    pub fn counts(&self, log: &PublicKey, seq: u64, kind: &Kind, history: &impl History) -> bool {
        let Some(authority) = &self.authority else { return false };
        let Some(standing) = authority.standing(log) else { return false };
        authority.allows(&standing, seq, kind) && seq < self.counted(log, history)
    }

    /// The position of a log in the frontier.
    pub fn position(&self, log: &PublicKey, history: &impl History) -> Option<Position> {
        let extent = self.logs.get(log)?;
        let next = self.counted(log, history);
        let head = match next {
            0 => self.network,
            next if next == extent.next => extent.head,
            next => history.hash_at(log, next - 1)?,
        };
        Some(Position { next, head, fork: self.open_fork(log, history).map(ForkProof::mark) })
    }

    /// The whole frontier.
    pub fn frontier(&self, history: &impl History) -> Frontier {
        let mut frontier = Frontier::default();
        for log in self.logs.keys() {
            if let Some(position) = self.position(log, history) {
                frontier.set(*log, position);
            }
        }
        frontier
    }
}

/// Why a charter was not adopted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdoptError {
    /// Its hash is not the network id.
    #[error("the charter is that of another network")]
    OtherNetwork,
    /// It makes no sense.
    #[error(transparent)]
    Charter(#[from] CharterError),
}
