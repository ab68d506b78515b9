//! Bringing the library up to what counts.
//!
//! For each log the index knows how many entries the library has taken in. When more count, they are taken in; when fewer count
//! (a cut-off, a fork), they are taken back. Both are the same fold on the series of a record, in any order.

use std::collections::BTreeMap;

use nanduti_protocol::{
    cbor,
    entry::Entry,
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::Kind,
    ledger::Ledger,
    library::{Fact, Origin, Series, Standing},
    run::{VerifiedRun, split_item},
};

use super::snapshot::DiskHistory;
use crate::store::StoreError;

/// A series is kept for each member: its hash, then the member's id.
pub(crate) type SeriesKey = (Hash, MemberId);

/// In the index a series is preceded by one byte that says whether it is shown, so that counting reads no more.
const SHOWN: u8 = 1;
const NOT_SHOWN: u8 = 0;

/// A batch of changes to the library.
pub(crate) struct Fold<'a> {
    disk: &'a DiskHistory,
    series: BTreeMap<SeriesKey, Touched>,
    practices: &'a mut BTreeMap<MemberId, u64>,
}

/// One entry on its way into or out of the library.
struct Item {
    hash: Hash,
    kind: Kind,
    origin: Origin,
    fact: Option<(Hash, Fact)>,
}

/// What the entries of a run say to the library, read before the run is the writer's, since it takes as long as all the
/// rest that has to be done for an entry.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    first_seq: u64,
    facts: Vec<Option<(Hash, Fact)>>,
}

impl Facts {
    /// What a run says.
    pub(crate) fn of(run: &VerifiedRun) -> Self {
        let first_seq = run.first_seq();
        let facts = (first_seq..run.next_seq()).map_while(|seq| {
            let item = run.item_at(seq)?;
            let origin = Origin { log: run.log(), seq, time: item.time };
            Some(fact_of(&item.kind, item.hash, origin, run.body_bytes(item)))
        });
        Self { first_seq, facts: facts.collect() }
    }

    /// What the entry at a place says; `None` if it was not read.
    fn take(&mut self, seq: u64) -> Option<Option<(Hash, Fact)>> {
        let index = usize::try_from(seq.checked_sub(self.first_seq)?).ok()?;
        self.facts.get_mut(index).map(Option::take)
    }
}

fn fact_of(kind: &Kind, hash: Hash, origin: Origin, body: Option<&[u8]>) -> Option<(Hash, Fact)> {
    match (kind, body) {
        (Kind::Practice, Some(body)) => Fact::practice(hash, origin, body),
        (Kind::Withdrawal, Some(body)) => Fact::withdrawal(origin, body),
        _ => None,
    }
}

/// A series that a batch looks at.
struct Touched {
    series: Series,
    was_shown: bool,
    changed: bool,
}

impl<'a> Fold<'a> {
    /// A batch of changes; `practices` counts those that are shown, by member.
    pub(crate) fn new(disk: &'a DiskHistory, practices: &'a mut BTreeMap<MemberId, u64>) -> Self {
        Self { disk, series: BTreeMap::new(), practices }
    }

    /// Takes entries in that are at hand.
    pub(crate) fn take_run(
        &mut self,
        ledger: &Ledger,
        run: &VerifiedRun,
        facts: &mut Facts,
        to: u64,
    ) -> Result<(), StoreError> {
        for seq in run.first_seq()..to {
            let Some(item) = run.item_at(seq) else { continue };
            let origin = Origin { log: run.log(), seq, time: item.time };
            let read = || fact_of(&item.kind, item.hash, origin, run.body_bytes(item));
            let fact = facts.take(seq).unwrap_or_else(read);
            self.apply(ledger, Item { hash: item.hash, kind: item.kind.clone(), origin, fact }, true)?;
        }
        Ok(())
    }

    /// Takes entries in, or back, that are on the disk.
    pub(crate) fn take_stored(
        &mut self,
        ledger: &Ledger,
        log: &PublicKey,
        from: u64,
        to: u64,
        add: bool,
    ) -> Result<(), StoreError> {
        for block in self.disk.index.blocks_from(log, from) {
            let block = block?;
            if block.first_seq() >= to {
                break;
            }
            let bytes = self.disk.reader.read_block(log, &block)?;
            let mut rest = bytes.as_slice();
            for seq in block.first_seq()..block.next_seq() {
                let (entry_bytes, body, len) =
                    split_item(rest).ok_or(StoreError::IndexContent("a block that is not a run"))?;
                rest = rest.get(len..).unwrap_or_default();
                if !(from..to).contains(&seq) {
                    continue;
                }
                let entry =
                    Entry::decode(entry_bytes).map_err(|_| StoreError::IndexContent("a block that is not a run"))?;
                let origin = Origin { log: *log, seq, time: entry.statement.time };
                let kind = entry.statement.kind;
                let fact = fact_of(&kind, entry.hash, origin, body);
                self.apply(ledger, Item { hash: entry.hash, kind, origin, fact }, add)?;
            }
        }
        Ok(())
    }

    /// Writes the changed series into the index.
    pub(crate) fn finish(self) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for ((hash, member), Touched { series, was_shown, .. }) in self.series.into_iter().filter(|(_, it)| it.changed)
        {
            let is_shown = is_shown(&series, &hash);
            let count = self.practices.entry(member.clone()).or_default();
            *count = count.saturating_add_signed(i64::from(is_shown) - i64::from(was_shown));
            let key = series_key(&hash, &member);
            if series.is_empty() {
                batch.remove(key);
            } else {
                batch.insert(key, encode_series(&series, is_shown));
            }
        }
        self.disk.index.series().apply_batch(batch)?;
        Ok(())
    }

    fn apply(&mut self, ledger: &Ledger, item: Item, add: bool) -> Result<(), StoreError> {
        let Some(authority) = ledger.authority() else { return Ok(()) };
        let log = &item.origin.log;
        let allowed =
            || authority.standing(log).is_some_and(|standing| authority.allows(&standing, item.origin.seq, &item.kind));
        let Some(member) = authority.claimed_member(log).filter(|_| !add || allowed()).cloned() else { return Ok(()) };
        let Some((name, fact)) = item.fact else { return Ok(()) };
        let key = (name, member);
        if !self.series.contains_key(&key) {
            let series = read_series(self.disk.index.series(), &key.0, &key.1)?.unwrap_or_default();
            let was_shown = is_shown(&series, &key.0);
            self.series.insert(key.clone(), Touched { series, was_shown, changed: false });
        }
        if let Some(touched) = self.series.get_mut(&key) {
            touched.changed |=
                if add { touched.series.add(item.hash, fact) } else { touched.series.remove(&item.hash) };
        }
        Ok(())
    }
}

/// Reads a series from the index.
pub(crate) fn read_series(tree: &sled::Tree, name: &Hash, member: &MemberId) -> Result<Option<Series>, StoreError> {
    tree.get(series_key(name, member))?.map(|value| decode_series(&value)).transpose()
}

/// Reads every series of the index that has its first entry.
pub(crate) fn all_series(tree: &sled::Tree) -> impl Iterator<Item = Result<(SeriesKey, Series), StoreError>> + use<> {
    series_where(tree, |_| true)
}

/// Reads every series of a member that has its first entry. Those of others are passed over without being read.
pub(crate) fn series_of(
    tree: &sled::Tree,
    member: MemberId,
) -> impl Iterator<Item = Result<(SeriesKey, Series), StoreError>> + use<> {
    series_where(tree, move |owner| *owner == member)
}

fn series_where<F: Fn(&MemberId) -> bool>(
    tree: &sled::Tree,
    wanted: F,
) -> impl Iterator<Item = Result<(SeriesKey, Series), StoreError>> + use<F> {
    tree.iter().filter_map(move |entry| {
        let read = || {
            let (key, value) = entry?;
            let key = split_series_key(&key)?;
            let series = if wanted(&key.1) { Some(decode_series(&value)?) } else { None };
            Ok(series.filter(|series| series.standing(&key.0) != Standing::Unrooted).map(|series| (key, series)))
        };
        read().transpose()
    })
}

/// Takes everything that a log says out of the library, without reading the log.
pub(crate) fn forget_log(
    tree: &sled::Tree,
    log: &PublicKey,
    practices: &mut BTreeMap<MemberId, u64>,
) -> Result<(), StoreError> {
    for entry in tree {
        let (key, value) = entry?;
        let (name, member) = split_series_key(&key)?;
        let mut series = decode_series(&value)?;
        let was_shown = is_shown(&series, &name);
        series.forget(log);
        let now_shown = is_shown(&series, &name);
        let count = practices.entry(member).or_default();
        *count = count.saturating_add_signed(i64::from(now_shown) - i64::from(was_shown));
        write_series(tree, &key, &series, now_shown)?;
    }
    Ok(())
}

fn write_series(tree: &sled::Tree, key: &[u8], series: &Series, shown: bool) -> Result<(), StoreError> {
    if series.is_empty() {
        tree.remove(key)?;
    } else {
        tree.insert(key, encode_series(series, shown))?;
    }
    Ok(())
}

fn encode_series(series: &Series, shown: bool) -> Vec<u8> {
    let mut value = vec![if shown { SHOWN } else { NOT_SHOWN }];
    value.extend(cbor::encode(series));
    value
}

/// Counts the practices shown, by member, without reading them.
pub(crate) fn count_practices(tree: &sled::Tree) -> Result<BTreeMap<MemberId, u64>, StoreError> {
    let mut practices = BTreeMap::new();
    for entry in tree {
        let (key, value) = entry?;
        if value.first() == Some(&SHOWN) {
            let (_, member) = split_series_key(&key)?;
            *practices.entry(member).or_default() += 1;
        }
    }
    Ok(practices)
}

fn is_shown(series: &Series, name: &Hash) -> bool {
    matches!(series.standing(name), Standing::Current | Standing::Concurrent)
}

fn decode_series(value: &[u8]) -> Result<Series, StoreError> {
    let content = value.get(1..).unwrap_or_default();
    cbor::decode(content).map_err(|_| StoreError::IndexContent("a series"))
}

fn series_key(name: &Hash, member: &MemberId) -> Vec<u8> {
    [name.as_bytes().as_slice(), member.as_str().as_bytes()].concat()
}

fn split_series_key(key: &[u8]) -> Result<SeriesKey, StoreError> {
    let read = || {
        let (name, member) = key.split_first_chunk::<32>()?;
        let member = MemberId::parse(std::str::from_utf8(member).ok()?).ok()?;
        Some((Hash::from_bytes(*name), member))
    };
    read().ok_or(StoreError::IndexContent("the key of a series"))
}
