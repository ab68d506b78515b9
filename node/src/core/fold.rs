//! Bringing the library up to what counts.
//!
//! For each log the writer knows how many entries the library has taken in. When more count, they are taken in; when fewer count
//! (a cut-off, a fork), they are taken back. Both are the same fold on the series of a record, in any order.

use nanduti_protocol::{hash::Hash, key::PublicKey, ledger::Ledger, run::VerifiedRun};

use super::{
    facts::{Facts, NamedFact},
    library::Library,
    snapshot::DiskHistory,
};
use crate::store::StoreError;

/// A batch of changes to the library.
pub(crate) struct Fold<'a> {
    disk: &'a DiskHistory,
    ledger: &'a Ledger,
    library: &'a mut Library,
}

impl<'a> Fold<'a> {
    /// A batch of changes, by what the ledger says of who may speak.
    pub(crate) fn new(disk: &'a DiskHistory, ledger: &'a Ledger, library: &'a mut Library) -> Self {
        Self { disk, ledger, library }
    }

    /// Takes the entries of a run in, below a place. The index has the run already.
    pub(crate) fn take_run(&mut self, run: &VerifiedRun, facts: Facts, to: u64) -> Result<(), StoreError> {
        let log = run.log();
        for ((seq, fact), item) in facts.into_places().zip(run.items()).take_while(|((seq, _), _)| *seq < to) {
            let allowed = self.allows(&log, seq, &item.kind);
            self.apply(&log, item.hash, fact.filter(|_| allowed), true)?;
        }
        Ok(())
    }

    /// Takes entries in, or back, that the index has.
    pub(crate) fn take_stored(&mut self, log: &PublicKey, from: u64, to: u64, add: bool) -> Result<(), StoreError> {
        for block in self.disk.index.blocks_from(log, from) {
            let block = block?;
            if block.first_seq() >= to {
                break;
            }
            for (seq, fact) in (block.first_seq()..).zip(self.disk.facts(log, &block)?) {
                let Some(hash) = block.hash_at(seq).filter(|_| (from..to).contains(&seq)) else { continue };
                let allowed = !add || fact.as_ref().is_some_and(|(_, fact)| self.allows(log, seq, &fact.kind()));
                self.apply(log, hash, fact.filter(|_| allowed), add)?;
            }
        }
        Ok(())
    }

    fn allows(&self, log: &PublicKey, seq: u64, kind: &nanduti_protocol::kind::Kind) -> bool {
        let authority = self.ledger.authority();
        authority.is_some_and(|authority| {
            authority.standing(log).is_some_and(|standing| authority.allows(&standing, seq, kind))
        })
    }

    fn apply(&mut self, log: &PublicKey, hash: Hash, fact: Option<NamedFact>, add: bool) -> Result<(), StoreError> {
        let member = self.ledger.authority().and_then(|authority| authority.claimed_member(log));
        let (Some(member), Some(fact)) = (member, fact) else { return Ok(()) };
        if add {
            self.library.add(self.disk, member, hash, fact)
        } else {
            self.library.remove(member, &hash, fact.0);
            Ok(())
        }
    }
}
