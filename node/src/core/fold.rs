//! Bringing the library up to what counts.
//!
//! For each log the writer knows how many entries the library has taken in. When more count, they are taken in; when fewer count
//! (a cut-off, a fork), they are taken back. Both are the same fold on the series of a record, in any order.

use nanduti_protocol::{
    authority::{Authority, Standing},
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::Kind,
    ledger::Ledger,
    run::VerifiedRun,
};

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
        let Some(voice) = self.voice(&run.log()) else { return Ok(()) };
        for ((seq, fact), item) in facts.into_places().zip(run.items()).take_while(|((seq, _), _)| *seq < to) {
            let allowed = voice.allows(seq, &item.kind);
            self.apply(&voice, item.hash, fact.filter(|_| allowed), true)?;
        }
        Ok(())
    }

    /// Takes entries in, or back, that the index has.
    pub(crate) fn take_stored(&mut self, log: &PublicKey, from: u64, to: u64, add: bool) -> Result<(), StoreError> {
        let Some(voice) = self.voice(log) else { return Ok(()) };
        for block in self.disk.index.blocks_from(log, from) {
            let block = block?;
            if block.first_seq() >= to {
                break;
            }
            for (seq, fact) in (block.first_seq()..).zip(self.disk.facts(log, &block)?) {
                let Some(hash) = block.hash_at(seq).filter(|_| (from..to).contains(&seq)) else { continue };
                let allowed = !add || fact.as_ref().is_some_and(|(_, fact)| voice.allows(seq, &fact.kind()));
                self.apply(&voice, hash, fact.filter(|_| allowed), add)?;
            }
        }
        Ok(())
    }

    /// For whom a log speaks: the same for all its entries, so it is asked once.
    fn voice(&self, log: &PublicKey) -> Option<Voice<'a>> {
        let authority = self.ledger.authority()?;
        let member = authority.claimed_member(log)?;
        Some(Voice { member, authority, standing: authority.standing(log) })
    }

    fn apply(&mut self, voice: &Voice<'_>, hash: Hash, fact: Option<NamedFact>, add: bool) -> Result<(), StoreError> {
        let Some(fact) = fact else { return Ok(()) };
        if add {
            self.library.add(self.disk, voice.member, hash, fact)
        } else {
            self.library.remove(voice.member, &hash, fact.0);
            Ok(())
        }
    }
}

/// What a log may say, and for whom.
struct Voice<'a> {
    member: &'a MemberId,
    authority: &'a Authority,
    standing: Option<Standing<'a>>,
}

impl Voice<'_> {
    fn allows(&self, seq: u64, kind: &Kind) -> bool {
        self.standing.as_ref().is_some_and(|standing| self.authority.allows(standing, seq, kind))
    }
}
