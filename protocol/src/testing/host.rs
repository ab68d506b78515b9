//! A node in memory: a ledger and what it holds.

use alloc::{collections::BTreeMap, vec, vec::Vec};

use crate::{
    ballot::{Papers, PapersError, Succession, Taken},
    chain::Chain,
    frontier::Frontier,
    hash::Hash,
    key::PublicKey,
    keyring::Opening,
    kind::Kind,
    ledger::{Admission, Extent, History, Ledger, Refusal},
    run::{ReceivedRun, VerifiedRun, push_item},
    ticket::RosterRef,
};

/// An entry that is held.
#[derive(Debug, Clone)]
struct Held {
    hash: Hash,
    kind: Kind,
    entry: Vec<u8>,
    body: Option<Vec<u8>>,
    whole_len: u64,
    ends_run: bool,
}

/// What a node in memory holds of every log.
#[derive(Debug, Clone, Default)]
pub struct Store(BTreeMap<PublicKey, Vec<Held>>);

/// What became of a run.
pub type Delivery = Result<Admission, Refusal>;

/// A node in memory.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its ledger.
    pub ledger: Ledger,
    /// What it holds.
    pub store: Store,
}

impl History for Store {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.held(log, seq).map(|held| held.hash)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.held(log, seq).map(|held| held.entry.clone())
    }
}

impl Store {
    fn held(&self, log: &PublicKey, seq: u64) -> Option<&Held> {
        self.0.get(log)?.get(usize::try_from(seq).ok()?)
    }

    /// The entries held of a log: kind and body, by place.
    pub fn entries(&self, log: &PublicKey) -> impl Iterator<Item = (&Kind, Option<&[u8]>)> {
        self.0.get(log).into_iter().flatten().map(|held| (&held.kind, held.body.as_deref()))
    }

    fn append(&mut self, run: &VerifiedRun) {
        let held = self.0.entry(run.log()).or_default();
        let last = run.items().len().saturating_sub(1);
        for (number, item) in run.items().iter().enumerate() {
            held.push(Held {
                hash: item.hash,
                kind: item.kind.clone(),
                entry: run.entry_bytes(item).to_vec(),
                body: run.body_bytes(item).map(<[u8]>::to_vec),
                whole_len: item.whole_len(),
                ends_run: number == last,
            });
        }
    }

    fn cut(&mut self, log: &PublicKey, from: u64) -> Option<Extent> {
        let held = self.0.get_mut(log)?;
        held.truncate(usize::try_from(from).unwrap_or(usize::MAX));
        let last = held.last_mut()?;
        last.ends_run = true;
        let head = last.hash;
        Some(Extent { next: held.len() as u64, head, bytes: held.iter().map(|held| held.whole_len).sum() })
    }
}

impl Host {
    /// A node that knows nothing but the network's id.
    pub fn new(network: Hash) -> Self {
        Self { ledger: Ledger::new(network), store: Store::default() }
    }

    /// Offers a run, and stores it if it is admitted. What is held of a branch that turns out to be the wrong one is dropped.
    ///
    /// # Errors
    /// As [`Ledger::admit`].
    pub fn deliver(&mut self, run: &VerifiedRun) -> Delivery {
        loop {
            let outcome = self.ledger.admit(run.clone(), &self.store);
            if let Ok(Admission::Appended(admitted)) = &outcome {
                self.store.append(admitted.run());
            }
            let Some(from) = self.ledger.stray(&run.log()) else { return outcome };
            let extent = self.store.cut(&run.log(), from);
            self.ledger.cut_back(&run.log(), extent);
        }
    }

    /// Takes in papers of a ballot.
    ///
    /// # Errors
    /// As [`Ledger::take_papers`].
    pub fn take(&mut self, papers: &Papers) -> Result<Taken, PapersError> {
        self.ledger.take_papers(papers, &self.store)
    }

    /// The version of the roster in force, and the digest of what is held of ballots; none as long as the charter is unknown.
    pub fn ballots(&self) -> Option<(u64, Hash)> {
        self.ledger.succession().map(|succession| (succession.roster().version, succession.digest()))
    }

    /// The same node after a start: its ledger is made anew from what it holds, as a node makes it.
    ///
    /// # Errors
    /// If a root log that it holds is not admitted again.
    pub fn reopened(&self, charter: &[u8], pinned: Option<RosterRef>) -> Result<Self, Refusal> {
        let mut host = Self::new(self.ledger.network());
        host.ledger.pin(pinned);
        if self.ledger.authority().is_some() {
            drop(host.ledger.adopt_charter(charter));
        }
        for papers in self.ledger.succession().map(Succession::all_papers).unwrap_or_default() {
            drop(host.take(&papers));
        }
        let is_root = |log: &PublicKey, host: &Self| {
            host.ledger.authority().is_some_and(|authority| authority.member_by_root(log).is_some())
        };
        // The disk is there before anything is read from it.
        host.store = self.store.clone();
        for (log, held) in self.store.0.iter().filter(|(_, held)| !held.is_empty()) {
            let opening = held.first().and_then(|first| Opening::decode(first.body.as_deref()?).ok());
            if is_root(log, &host) && opening.is_none() {
                for run in blocks(held, &self.ledger.network()) {
                    host.ledger.restore_root(&run, &host.store)?;
                }
            } else if let (Some(extent), Some(opening)) = (self.ledger.extent(log), opening) {
                host.ledger.restore(*log, extent, opening);
            }
        }
        host.ledger.restore_forks(&self.ledger.forks().map(|(_, proof)| proof.clone()).collect::<Vec<_>>());
        Ok(host)
    }

    /// The frontier.
    pub fn frontier(&self) -> Frontier {
        self.ledger.frontier(&self.store)
    }

    /// Everything that counts: log, place and hash.
    pub fn counted(&self) -> Vec<(PublicKey, u64, Hash)> {
        let mut counted = Vec::new();
        for (log, entries) in &self.store.0 {
            for (seq, held) in (0..).zip(entries) {
                if self.ledger.counts(log, seq, &held.kind, &self.store) {
                    counted.push((*log, seq, held.hash));
                }
            }
        }
        counted
    }

    /// Shows an entry alone, as gossip does; a fork that it proves is taken note of.
    pub fn show(&mut self, bytes: &[u8]) -> bool {
        let Ok(chain) = Chain::new(self.ledger.networks(), vec![bytes.to_vec()]) else { return false };
        let proof = self.ledger.contradicts(&chain, &self.store);
        proof.is_some_and(|proof| self.ledger.learn_fork(&proof))
    }
}

/// What is held of a log, in the runs in which it came.
fn blocks(held: &[Held], network: &Hash) -> Vec<VerifiedRun> {
    let runs = held.split_inclusive(|held| held.ends_run);
    let run = |held: &[Held]| {
        let mut bytes = Vec::new();
        held.iter().for_each(|held| push_item(&mut bytes, &held.entry, held.body.as_deref()));
        ReceivedRun::receive(bytes).ok()?.verify(network).ok()
    };
    runs.filter_map(run).collect()
}
