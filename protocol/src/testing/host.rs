//! A node in memory: a ledger and what it holds.

use alloc::{collections::BTreeMap, vec, vec::Vec};

use crate::{
    chain::Chain,
    frontier::Frontier,
    hash::Hash,
    key::PublicKey,
    kind::Kind,
    ledger::{Admission, Extent, History, Ledger, Refusal},
    run::VerifiedRun,
};

/// An entry that is held.
#[derive(Debug, Clone)]
struct Held {
    hash: Hash,
    kind: Kind,
    entry: Vec<u8>,
    body: Option<Vec<u8>>,
    whole_len: u64,
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
        for item in run.items() {
            held.push(Held {
                hash: item.hash,
                kind: item.kind.clone(),
                entry: run.entry_bytes(item).to_vec(),
                body: run.body_bytes(item).map(<[u8]>::to_vec),
                whole_len: item.whole_len(),
            });
        }
    }

    fn cut(&mut self, log: &PublicKey, from: u64) -> Option<Extent> {
        let held = self.0.get_mut(log)?;
        held.truncate(usize::try_from(from).unwrap_or(usize::MAX));
        let head = held.last()?.hash;
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
