//! The library of a node: the fold of what counts. A small model of `core/fold.rs` of the node, over the protocol's own series:
//! for each log it knows how many entries it has taken in, takes more in when more count, and takes back when fewer do.

use std::collections::BTreeMap;

use nanduti_protocol::{
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::{Audience, Kind},
    ledger::Ledger,
    library::{Fact, Origin, Series, Standing},
};

use super::disk::{Disk, Held};

/// What a node shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Library {
    series: BTreeMap<(Hash, MemberId), Series>,
    folded: BTreeMap<PublicKey, u64>,
}

impl Library {
    /// Brings the library up to what counts of a log.
    pub(super) fn bring_up(&mut self, ledger: &Ledger, disk: &Disk, log: &PublicKey, counted: u64) {
        let folded = self.folded.get(log).copied().unwrap_or(0);
        for seq in folded.min(counted)..folded.max(counted) {
            self.apply(ledger, disk, log, seq, counted > folded);
        }
        self.folded.insert(*log, counted);
    }

    /// A log is about to be cut back: what it said from a place on is taken back while it can still be read.
    pub(super) fn take_back(&mut self, ledger: &Ledger, disk: &Disk, log: &PublicKey, from: u64) {
        let folded = self.folded.get(log).copied().unwrap_or(0);
        self.bring_up(ledger, disk, log, folded.min(from));
    }

    /// A body has come late.
    pub(super) fn filled(&mut self, ledger: &Ledger, disk: &Disk, log: &PublicKey, seq: u64) {
        if self.folded.get(log).is_some_and(|folded| seq < *folded) {
            self.apply(ledger, disk, log, seq, true);
        }
    }

    /// Everything that is shown.
    pub(super) fn shown(&self) -> BTreeMap<&(Hash, MemberId), &Series> {
        self.series.iter().filter(|(key, series)| series.standing(&key.0) != Standing::Unrooted).collect()
    }

    /// The series that everybody may read, each as it is shown.
    pub(super) fn public(&self) -> BTreeMap<&(Hash, MemberId), (Standing, Vec<Hash>)> {
        let public = self.shown().into_iter().filter(|(_, series)| series.audience() == Some(Audience::Public));
        let seen = |series: &Series| series.history().into_iter().map(|(hash, _)| hash).collect();
        public.map(|(key, series)| (key, (series.standing(&key.0), seen(series)))).collect()
    }

    /// Is this entry a revision in a series of the library?
    pub(super) fn holds(&self, hash: &Hash) -> bool {
        self.series.values().any(|series| series.revision(hash).is_some())
    }

    fn apply(&mut self, ledger: &Ledger, disk: &Disk, log: &PublicKey, seq: u64, add: bool) {
        let (Some(authority), Some(held)) = (ledger.authority(), disk.at(log, seq)) else { return };
        let allowed = || authority.standing(log).is_some_and(|standing| authority.allows(&standing, seq, &held.kind));
        let Some(member) = authority.claimed_member(log).filter(|_| !add || allowed()).cloned() else { return };
        let Some((name, fact)) = fact_of(held, Origin { log: *log, seq, time: held.time }) else { return };
        let key = (name, member);
        let series = self.series.entry(key.clone()).or_default();
        if add {
            series.add(held.hash, fact);
        } else {
            series.remove(&held.hash);
        }
        if series.is_empty() {
            self.series.remove(&key);
        }
    }
}

fn fact_of(held: &Held, origin: Origin) -> Option<(Hash, Fact)> {
    match (&held.kind, &held.body) {
        (Kind::Practice, Some(body)) => Fact::practice(held.hash, origin, held.audience, body),
        (Kind::Withdrawal, Some(body)) => Fact::withdrawal(origin, body),
        _ => None,
    }
}
