//! The library in memory: every series that counts, folded from the facts that the index keeps.
//!
//! Most series are a single revision of which nothing else has been said. Of those only the place is kept here, in some fifty
//! bytes, and what it says is read from the index when somebody asks; the others are kept whole. The writer changes the
//! library, readers look at it between its batches.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use nanduti_protocol::{
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::Audience,
    library::{Fact, Series, Standing, Withdrawal},
};

use super::snapshot::DiskHistory;
use crate::store::{Located, StoreError};

/// A series is kept for each member: its hash, then the member's id.
pub(crate) type SeriesKey = (Hash, MemberId);

/// Every series that counts.
#[derive(Debug, Default)]
pub(crate) struct Library {
    /// Logs that begin a series kept in `singles`, and the members for whom they speak.
    voices: Vec<(PublicKey, MemberId)>,
    numbers: BTreeMap<PublicKey, u32>,
    /// By the hash of their only revision: number of its log, and its place there.
    singles: BTreeMap<Hash, (u32, u32)>,
    others: BTreeMap<SeriesKey, Series>,
    /// Series that are shown, by member.
    shown: BTreeMap<MemberId, u64>,
    /// Those of them that are for members only. None of these is kept in `singles`.
    for_members: BTreeMap<MemberId, u64>,
}

impl Library {
    /// Practices that are shown, by member.
    pub(crate) fn shown(&self) -> &BTreeMap<MemberId, u64> {
        &self.shown
    }

    /// Those of them that are for members only.
    pub(crate) fn for_members(&self) -> &BTreeMap<MemberId, u64> {
        &self.for_members
    }

    /// Takes in what an entry of a member says of a series.
    pub(super) fn add(
        &mut self,
        disk: &DiskHistory,
        member: &MemberId,
        hash: Hash,
        (name, fact): (Hash, Fact),
    ) -> Result<(), StoreError> {
        let single = self.single(&name);
        if single.is_none()
            && let Fact::Revision(revision) = &fact
            && name == hash
            && revision.audience == Audience::Public
            && !self.others.contains_key(&(name, member.clone()))
        {
            let (log, seq) = (revision.origin.log, revision.origin.seq);
            let number = self.number_of(&log, member);
            self.singles.insert(hash, (number, u32::try_from(seq).unwrap_or(u32::MAX)));
            *self.shown.entry(member.clone()).or_default() += 1;
            return Ok(());
        }
        if name == hash && single.is_some() {
            return Ok(());
        }
        let place = single.filter(|(_, owner)| *owner == member).map(|(place, _)| place);
        let began = place.map(|place| single_series(disk, &name, &place)).transpose()?;
        if let Some(began) = began {
            self.singles.remove(&name);
            self.others.insert((name, member.clone()), began);
        }
        self.change(name, member, |series| series.add(hash, fact));
        Ok(())
    }

    /// Takes back what an entry of a member said of a series.
    pub(super) fn remove(&mut self, member: &MemberId, hash: &Hash, name: Hash) {
        if name == *hash && self.singles.remove(hash).is_some() {
            let shown = self.shown.entry(member.clone()).or_default();
            *shown = shown.saturating_sub(1);
        } else if self.others.contains_key(&(name, member.clone())) {
            self.change(name, member, |series| series.remove(hash));
        }
    }

    fn change(&mut self, name: Hash, member: &MemberId, change: impl FnOnce(&mut Series) -> bool) {
        let key = (name, member.clone());
        let series = self.others.entry(key.clone()).or_default();
        let before = shown_to(series, &name);
        change(series);
        let after = shown_to(series, &name);
        if series.is_empty() {
            self.others.remove(&key);
        }
        count(&mut self.shown, &key.1, before.is_some(), after.is_some());
        let closed = |shown: Option<Audience>| shown == Some(Audience::Members);
        count(&mut self.for_members, &key.1, closed(before), closed(after));
    }

    fn is_single(&self, name: &Hash, fact: &Fact) -> bool {
        matches!(fact, Fact::Revision(revision) if revision.revises.is_empty()) && self.singles.contains_key(name)
    }

    fn single(&self, name: &Hash) -> Option<(Located, &MemberId)> {
        let (number, seq) = self.singles.get(name)?;
        let (log, member) = self.voices.get(*number as usize)?;
        Some((Located { log: *log, seq: u64::from(*seq) }, member))
    }

    fn number_of(&mut self, log: &PublicKey, member: &MemberId) -> u32 {
        if let Some(number) = self.numbers.get(log) {
            return *number;
        }
        let number = u32::try_from(self.voices.len()).unwrap_or(u32::MAX);
        self.voices.push((*log, member.clone()));
        self.numbers.insert(*log, number);
        number
    }
}

/// The library as readers see it. No lock is held while the disk is read, so that a long list does not hold up the writer.
#[derive(Debug, Default)]
pub(crate) struct SharedLibrary(RwLock<Library>);

impl SharedLibrary {
    /// Lets the writer change the library.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Library) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// A series of a member.
    pub(super) fn series(
        &self,
        disk: &DiskHistory,
        name: &Hash,
        member: &MemberId,
    ) -> Result<Option<Series>, StoreError> {
        let single = {
            let library = self.read();
            match library.single(name).filter(|(_, owner)| *owner == member) {
                Some((place, _)) => place,
                None => return Ok(library.others.get(&(*name, member.clone())).cloned()),
            }
        };
        single_series(disk, name, &single).map(Some)
    }

    /// Every series that has its first entry, those of one member or of all: what `pick` makes of them.
    ///
    /// Single ones are read in the order of their logs, so that each block is read once.
    pub(super) fn pick<T>(
        &self,
        disk: &DiskHistory,
        member: Option<&MemberId>,
        mut pick: impl FnMut(SeriesKey, Series) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        let wanted = |owner: &MemberId| member.is_none_or(|member| member == owner);
        let mut picked = Vec::new();
        let voices: Vec<_> = self.read().voices.iter().filter(|(_, owner)| wanted(owner)).cloned().collect();
        for (log, owner) in voices {
            for block in disk.index.blocks_from(&log, 0) {
                let mut facts = disk.facts(&log, &block?)?;
                let library = self.read();
                facts.retain(|fact| fact.as_ref().is_some_and(|(name, fact)| library.is_single(name, fact)));
                drop(library);
                for (name, fact) in facts.into_iter().flatten() {
                    picked.extend(pick((name, owner.clone()), series_of(name, fact)));
                }
            }
        }
        let rooted =
            |(key, series): &(&SeriesKey, &Series)| wanted(&key.1) && series.standing(&key.0) != Standing::Unrooted;
        let others: Vec<(SeriesKey, Series)> =
            self.read().others.iter().filter(rooted).map(|(key, series)| (key.clone(), series.clone())).collect();
        picked.extend(others.into_iter().filter_map(|(key, series)| pick(key, series)));
        Ok(picked)
    }

    /// What was withdrawn, also where only the withdrawal can be read here: each series and each revision that a withdrawal of its
    /// member names. Of several withdrawals the one with the smallest hash.
    pub(super) fn withdrawn(&self) -> BTreeMap<(MemberId, Hash), (Hash, Withdrawal)> {
        let mut withdrawn: BTreeMap<_, (Hash, Withdrawal)> = BTreeMap::new();
        for ((name, member), series) in &self.read().others {
            for (hash, withdrawal) in series.withdrawals() {
                for named in withdrawal.versions.iter().chain([name]) {
                    let known =
                        withdrawn.entry((member.clone(), *named)).or_insert_with(|| (*hash, withdrawal.clone()));
                    if *hash < known.0 {
                        *known = (*hash, withdrawal.clone());
                    }
                }
            }
        }
        withdrawn
    }

    fn read(&self) -> RwLockReadGuard<'_, Library> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn single_series(disk: &DiskHistory, name: &Hash, place: &Located) -> Result<Series, StoreError> {
    let broken = || StoreError::IndexContent("the place of a series");
    let block = disk.index.block_at(&place.log, place.seq)?.ok_or_else(broken)?;
    let number = usize::try_from(place.seq - block.first_seq()).unwrap_or(usize::MAX);
    let fact = disk.facts(&place.log, &block)?.into_iter().nth(number).flatten();
    let (_, fact) = fact.filter(|(found, _)| found == name).ok_or_else(broken)?;
    Ok(series_of(*name, fact))
}

fn series_of(name: Hash, fact: Fact) -> Series {
    let mut series = Series::default();
    series.add(name, fact);
    series
}

/// To whom a series is shown, if it is.
fn shown_to(series: &Series, name: &Hash) -> Option<Audience> {
    let stands = matches!(series.standing(name), Standing::Current | Standing::Concurrent);
    series.audience().filter(|_| stands)
}

fn count(counts: &mut BTreeMap<MemberId, u64>, member: &MemberId, before: bool, after: bool) {
    if before != after {
        let count = counts.entry(member.clone()).or_default();
        *count = count.saturating_add_signed(i64::from(after) - i64::from(before));
    }
}
