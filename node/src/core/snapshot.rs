//! What readers see: the state after the last batch that became durable. It never changes; a newer one takes its place.

use std::{collections::BTreeMap, sync::Arc};

use nanduti_protocol::{
    entry::Entry,
    frontier::Frontier,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Opening,
    kind::Audience,
    ledger::{History, Ledger},
    run::split_item,
};

use super::facts::{self, NamedFact};
use crate::{
    restored::Restored,
    store::{Block, Index, Reader, StoreError},
};

/// The state after a batch.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What is held, and who may speak.
    pub ledger: Ledger,
    /// How far every log counts.
    pub frontier: Arc<Frontier>,
    /// Digest of the frontier.
    pub digest: Hash,
    /// How much there is.
    pub counts: Counts,
    /// Why nothing can be written at present, if so.
    pub blocked: Option<Arc<str>>,
    /// A node that was restored from a backup and waits to be told where its own log stands.
    pub(crate) restored: Option<Arc<Restored>>,
    pub(crate) history: DiskHistory,
}

/// How much there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Practices that are not withdrawn, by member.
    pub practices: BTreeMap<MemberId, u64>,
    /// Those of them that are for members only.
    pub for_members: BTreeMap<MemberId, u64>,
    /// Public bodies wanted.
    pub wanted: u64,
    /// Bodies for members only that are not here. They are wanted only where they may be read.
    pub withheld: u64,
}

impl Counts {
    /// What is counted of the index; the library is counted when it is folded.
    pub(super) fn of(disk: &DiskHistory) -> Self {
        let (wanted, withheld) = disk.index.count_wants();
        Self { wanted, withheld, ..Self::default() }
    }

    /// How many bodies for these readers are not here.
    pub(super) fn missing(&mut self, audience: Audience) -> &mut u64 {
        match audience {
            Audience::Public => &mut self.wanted,
            Audience::Members => &mut self.withheld,
        }
    }
}

impl History for Snapshot {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.history.hash_at(log, seq)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.history.entry_at(log, seq)
    }
}

/// Answers from the index and the segment files.
#[derive(Debug, Clone)]
pub(crate) struct DiskHistory {
    pub(crate) index: Index,
    pub(crate) reader: Reader,
}

impl DiskHistory {
    /// Can the block that holds a place be read?
    pub(super) fn check(&self, log: &PublicKey, seq: u64) -> Result<(), StoreError> {
        self.index.blocks_from(log, seq).take(2).try_for_each(|block| self.reader.read_block(log, &block?).map(drop))
    }

    /// Can all blocks of a log be read?
    pub(super) fn check_all(&self, log: &PublicKey) -> Result<(), StoreError> {
        self.index.blocks_from(log, 0).try_for_each(|block| self.reader.read_block(log, &block?).map(drop))
    }

    /// What the entries of a block say to the library.
    pub(super) fn facts(&self, log: &PublicKey, block: &Block) -> Result<Vec<Option<NamedFact>>, StoreError> {
        let stored =
            self.index.facts(log, block.first_seq())?.ok_or(StoreError::IndexContent("a block without facts"))?;
        facts::decode(&stored, log, block.first_seq(), |seq| block.hash_at(seq))
    }

    /// For whom a log speaks, if the index knows that.
    pub(super) fn opening_of(&self, log: &PublicKey) -> Option<Opening> {
        let block = self.index.block_at(log, 0).ok().flatten()?;
        let item = self.index.opening(log).ok().flatten()?;
        let (entry, body, _) = split_item(&item)?;
        let body_ref = Entry::decode(entry).ok()?.statement.body;
        let sound = block.hash_at(0) == Some(Hash::of(entry));
        Opening::decode(body.filter(|body| sound && body_ref.is_of(body))?).ok()
    }
}

impl History for DiskHistory {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.index.block_at(log, seq).ok().flatten()?.hash_at(seq)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        let block = self.index.block_at(log, seq).ok().flatten()?;
        let item = self.reader.read_item(log, &block, seq).ok()??;
        let (entry, ..) = split_item(&item)?;
        (Some(Hash::of(entry)) == block.hash_at(seq)).then(|| entry.to_vec())
    }
}
