//! The index: where every entry stands, and what it says to the library. Derived, rebuildable, in sled.
//!
//! | tree | key | value |
//! | --- | --- | --- |
//! | `blocks` | log, first place (u64 big-endian) | [`Block`] |
//! | `heads` | log | [`Head`]: the watermark |
//! | `facts` | as in `blocks` | what the entries of the block say to the library (see `core::facts`) |
//! | `wants` | log, place | nothing: the body is not here |
//! | `members` | log, place | the kind of an entry that is for members only |
//! | `openings` | log | its first item, if that says for whom it speaks: at start no file is read for it |
//!
//! Watermarks are written only after a flush of everything below them, since sled does not promise an order between its trees
//! after a crash. Bringing the index up to date again from an old watermark changes nothing.

use std::{
    collections::BTreeMap,
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use nanduti_protocol::{
    cbor,
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    run::VerifiedRun,
};
use serde::{Deserialize, Serialize};

use super::{Block, Placement, StoreError, ids::Ids};
use crate::disk;

/// Changed whenever the content of a tree changes its form.
const VERSION: &[u8] = b"nanduti-index-5";

/// The watermark of a log: how far the index has followed the segment files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Entries indexed.
    pub(crate) next: u64,
    /// Hash of the last one.
    pub(crate) head: Hash,
    /// Bytes of all of them.
    pub(crate) bytes: u64,
    /// First place of the last segment file.
    pub(crate) file: u64,
    /// How much of that file is indexed.
    pub(crate) file_len: u64,
    /// How many segment files there are.
    pub(crate) files: u64,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Located {
    /// The log.
    pub(crate) log: PublicKey,
    /// Place in it.
    pub(crate) seq: u64,
}

/// The index of a home.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    folder: Arc<Path>,
    db: sled::Db,
    blocks: sled::Tree,
    facts: sled::Tree,
    heads: sled::Tree,
    wants: sled::Tree,
    /// The last of the wanted bodies that were asked for.
    asked: Arc<Mutex<[u8; 40]>>,
    members: sled::Tree,
    openings: sled::Tree,
    ids: Arc<RwLock<Ids>>,
}

impl Index {
    /// Opens the index. One that cannot be read, or is of another version, is thrown away: `true` says so, and that all has to
    /// be read again.
    pub(crate) fn open(folder: &Path, cache_bytes: u64) -> Result<(Self, bool), StoreError> {
        // sled panics on some damage; the index can always be made anew, so that is a reason to do so, not to stop.
        match catch_unwind(AssertUnwindSafe(|| Self::open_sound(folder, cache_bytes))) {
            Ok(Ok(Some(index))) => return Ok((index, false)),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the index cannot be read and is made anew"),
            Err(_) => tracing::warn!("the index is damaged and is made anew"),
        }
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", folder)(error));
            }
            _ => {}
        }
        let index = Self::open_trees(folder, cache_bytes)?;
        index.db.insert("version", VERSION)?;
        index.flush()?;
        Ok((index, true))
    }

    fn open_sound(folder: &Path, cache_bytes: u64) -> Result<Option<Self>, StoreError> {
        if !folder.join("db").exists() && !folder.join("conf").exists() {
            return Ok(None);
        }
        let index = Self::open_trees(folder, cache_bytes)?;
        let version = index.db.get("version")?;
        if version.as_deref() != Some(VERSION) {
            return Ok(None);
        }
        for entry in &index.heads {
            let (_, value) = entry?;
            cbor::decode::<Head>(&value).map_err(|_| StoreError::IndexContent("a watermark"))?;
        }
        // sled finds damage only when it reads a page, and then it is too late to do without the index.
        for tree in [&index.facts, &index.wants, &index.members, &index.openings] {
            tree.iter().keys().try_for_each(|key| key.map(drop))?;
        }
        index.read_ids()?;
        Ok(Some(index))
    }

    fn open_trees(folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let db = sled::Config::new().path(folder).cache_capacity(cache_bytes).flush_every_ms(None).open()?;
        Ok(Self {
            folder: folder.into(),
            blocks: db.open_tree("blocks")?,
            facts: db.open_tree("facts")?,
            heads: db.open_tree("heads")?,
            wants: db.open_tree("wants")?,
            asked: Arc::new(Mutex::new([0; 40])),
            members: db.open_tree("members")?,
            openings: db.open_tree("openings")?,
            ids: Arc::default(),
            db,
        })
    }

    /// Reads all hashes from the blocks.
    fn read_ids(&self) -> Result<(), StoreError> {
        let mut ids = self.ids.write().unwrap_or_else(PoisonError::into_inner);
        for entry in &self.blocks {
            let (key, value) = entry?;
            let Located { log, seq } = located(&key)?;
            let block = Block::decode(seq, value)?;
            (seq..block.next_seq()).filter_map(|seq| Some((seq, block.hash_at(seq)?))).for_each(|(seq, hash)| {
                ids.insert(&log, seq, &hash);
            });
        }
        Ok(())
    }

    #[cfg_attr(test, track_caller)]
    fn flush(&self) -> Result<(), StoreError> {
        disk::flush(&self.db, &self.folder).map_err(StoreError::from)
    }

    /// The watermarks of all logs.
    pub(crate) fn heads(&self) -> Result<BTreeMap<PublicKey, Head>, StoreError> {
        let mut heads = BTreeMap::new();
        for entry in &self.heads {
            let (key, value) = entry?;
            let log = log_of(&key)?;
            let head = cbor::decode(&value).map_err(|_| StoreError::IndexContent("a watermark"))?;
            heads.insert(log, head);
        }
        Ok(heads)
    }

    /// Flushes what was put in, and then moves the watermarks.
    pub(crate) fn checkpoint(&self, heads: &BTreeMap<PublicKey, Head>) -> Result<(), StoreError> {
        self.flush()?;
        for (log, head) in heads {
            self.heads.insert(log.as_bytes(), cbor::encode(head))?;
        }
        self.flush()?;
        Ok(())
    }

    /// Takes a run in that stands at a place on the disk, with what it says to the library.
    pub(crate) fn insert_run(&self, run: &VerifiedRun, placement: &Placement, facts: &[u8]) -> Result<(), StoreError> {
        disk::before_index(&self.folder).map_err(StoreError::io("write to", &*self.folder))?;
        let log = run.log();
        self.facts.insert(place_key(&log, run.first_seq()), facts)?;
        self.blocks.insert(place_key(&log, run.first_seq()), Block::encode(run, placement))?;
        if run.item_at(0).is_some_and(|first| first.kind == Kind::Log) {
            let end = run.item_at(1).map_or(run.bytes().len(), |second| second.offset as usize);
            self.openings.insert(log.as_bytes(), run.bytes().get(..end).unwrap_or_default())?;
        }
        // What was indexed above a watermark that a crash left behind may be cut into other blocks: they would hide this one. They
        // go after it has come, so that no reader finds a hole.
        for hidden in self.blocks.range(place_key(&log, run.first_seq() + 1)..place_key(&log, run.next_seq())).keys() {
            let hidden = hidden?;
            self.blocks.remove(&hidden)?;
            self.facts.remove(hidden)?;
        }
        for (seq, item) in (run.first_seq()..).zip(run.items()) {
            if !item.held {
                self.wants.insert(place_key(&log, seq), &[])?;
            }
            if item.audience == Audience::Members {
                self.members.insert(place_key(&log, seq), item.kind.name())?;
            }
        }
        let mut ids = self.ids.write().unwrap_or_else(PoisonError::into_inner);
        for (seq, item) in (run.first_seq()..).zip(run.items()) {
            ids.insert(&log, seq, &item.hash);
        }
        Ok(())
    }

    /// Forgets how far a log is indexed, durably: whatever happens from now on, it is read again in full at the next start.
    pub(crate) fn forget_head(&self, log: &PublicKey) -> Result<(), StoreError> {
        if self.heads.remove(log.as_bytes())?.is_some() {
            self.flush()?;
        }
        Ok(())
    }

    /// Forgets a log. Its watermark goes first, so that a crash in between leaves nothing behind that passes for whole.
    pub(crate) fn forget(&self, log: &PublicKey) -> Result<(), StoreError> {
        self.forget_head(log)?;
        self.openings.remove(log.as_bytes())?;
        let range = place_key(log, 0)..=place_key(log, u64::MAX);
        for entry in self.blocks.range(range.clone()) {
            let (key, value) = entry?;
            let block = Block::decode(located(&key)?.seq, value)?;
            let mut ids = self.ids.write().unwrap_or_else(PoisonError::into_inner);
            for seq in block.first_seq()..block.next_seq() {
                if let Some(hash) = block.hash_at(seq) {
                    ids.remove(log, seq, &hash);
                }
            }
            drop(ids);
            self.blocks.remove(&key)?;
            self.facts.remove(key)?;
        }
        for tree in [&self.wants, &self.members] {
            tree.range(range.clone()).keys().try_for_each(|key| tree.remove(key?).map(drop))?;
        }
        Ok(())
    }

    /// Forgets everything, watermarks first.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        self.heads.clear()?;
        self.flush()?;
        for tree in [&self.blocks, &self.facts, &self.wants, &self.members, &self.openings] {
            tree.clear()?;
        }
        self.ids.write().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// The blocks of a log below a place: do they follow one another without a gap, and do the files end where they do?
    /// `file_len` tells the length of a file.
    pub(crate) fn fits_files(
        &self,
        log: &PublicKey,
        next: u64,
        files: &[u64],
        file_len: impl Fn(u64) -> Option<u64>,
    ) -> Result<bool, StoreError> {
        let mut reached = 0;
        let mut ends: BTreeMap<u64, u64> = BTreeMap::new();
        for entry in self.blocks.range(place_key(log, 0)..place_key(log, next)) {
            let (key, value) = entry?;
            let block = Block::decode(located(&key)?.seq, value)?;
            if block.first_seq() > reached {
                return Ok(false);
            }
            reached = reached.max(block.next_seq());
            let end = ends.entry(block.file()).or_default();
            *end = (block.offset() + u64::from(block.stored_len())).max(*end);
        }
        let same_files = ends.len() == files.len() && files.iter().all(|file| ends.contains_key(file));
        Ok(reached == next && same_files && ends.into_iter().all(|(file, end)| file_len(file) == Some(end)))
    }

    /// A body is wanted no more.
    pub(crate) fn satisfied(&self, log: &PublicKey, seq: u64) -> Result<(), StoreError> {
        self.wants.remove(place_key(log, seq))?;
        Ok(())
    }

    /// The block that holds a place of a log.
    pub(crate) fn block_at(&self, log: &PublicKey, seq: u64) -> Result<Option<Block>, StoreError> {
        let Some(found) = self.blocks.range(place_key(log, 0)..=place_key(log, seq)).next_back() else {
            return Ok(None);
        };
        let (key, value) = found?;
        let block = Block::decode(located(&key)?.seq, value)?;
        Ok((seq < block.next_seq()).then_some(block))
    }

    /// The blocks of a log from the one that holds a place on.
    pub(crate) fn blocks_from(&self, log: &PublicKey, seq: u64) -> impl Iterator<Item = Result<Block, StoreError>> {
        let first = self.block_at(log, seq).ok().flatten().map_or(seq, |block| block.first_seq());
        self.blocks.range(place_key(log, first)..=place_key(log, u64::MAX)).map(|entry| {
            let (key, value) = entry?;
            Block::decode(located(&key)?.seq, value)
        })
    }

    /// How many blocks of a log begin at these places, the last one excluded.
    pub(crate) fn count_blocks(&self, log: &PublicKey, from: u64, to: u64) -> Result<usize, StoreError> {
        let keys = self.blocks.range(place_key(log, from)..place_key(log, to)).keys();
        keys.map(|key| key.map(drop).map_err(StoreError::from)).try_fold(0, |count, key| key.map(|()| count + 1))
    }

    /// The first item of a log that does not begin with a charter.
    pub(crate) fn opening(&self, log: &PublicKey) -> Result<Option<sled::IVec>, StoreError> {
        Ok(self.openings.get(log.as_bytes())?)
    }

    /// What the entries of a block say to the library, in the form in which it was put in.
    pub(crate) fn facts(&self, log: &PublicKey, first_seq: u64) -> Result<Option<sled::IVec>, StoreError> {
        Ok(self.facts.get(place_key(log, first_seq))?)
    }

    /// Where entries stand whose hashes begin with these bytes, of which the first eight are looked at; at most `most`.
    pub(crate) fn find(&self, hash_start: &[u8], most: usize) -> Vec<Located> {
        self.ids.read().unwrap_or_else(PoisonError::into_inner).find(hash_start, most)
    }

    /// Bodies that are not here, sorted; those for members only are left out unless they are asked for too. If there are more, the
    /// next call goes on behind these, so that what nobody sends does not keep the rest from being asked for.
    pub(crate) fn wants(&self, most: usize, for_members: bool) -> Result<Vec<Located>, StoreError> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = self.wants.range::<&[u8], _>((Bound::Excluded(&asked[..]), Bound::Unbounded)).keys();
        let round = behind.chain(self.wants.range(..=*asked).keys());
        let keys = round.filter(|key| for_members || !self.is_for_members_key(key));
        let mut found = keys.take(most).map(|key| located(&key?)).collect::<Result<Vec<Located>, _>>()?;
        if let Some(last) = found.last().filter(|_| found.len() == most) {
            *asked = place_key(&last.log, last.seq);
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Which bodies of a log are not here, from a place to before another.
    pub(crate) fn wants_in(&self, log: &PublicKey, from: u64, to: u64) -> Result<Vec<u64>, StoreError> {
        self.wants.range(place_key(log, from)..place_key(log, to)).keys().map(|key| Ok(located(&key?)?.seq)).collect()
    }

    /// How many bodies are not here: public ones, and those for members only. Counts them one by one.
    pub(crate) fn count_wants(&self) -> (u64, u64) {
        let for_members = self.wants.iter().keys().filter(|key| self.is_for_members_key(key)).count() as u64;
        (self.wants.len() as u64 - for_members, for_members)
    }

    /// Is the entry at a place for members only?
    pub(crate) fn is_for_members(&self, log: &PublicKey, seq: u64) -> Result<bool, StoreError> {
        Ok(self.members.contains_key(place_key(log, seq))?)
    }

    /// Where entries for members only stand, their kinds, and whether their bodies are here.
    pub(crate) fn for_members(&self) -> impl Iterator<Item = Result<(Located, Kind, bool), StoreError>> {
        self.members.iter().map(|entry| {
            let (key, kind) = entry?;
            let kind = std::str::from_utf8(&kind).ok().and_then(Kind::parse);
            let kind = kind.ok_or(StoreError::IndexContent("the kind of an entry"))?;
            Ok((located(&key)?, kind, !self.wants.contains_key(&key)?))
        })
    }

    fn is_for_members_key(&self, key: &sled::Result<sled::IVec>) -> bool {
        key.as_ref().is_ok_and(|key| self.members.contains_key(key).unwrap_or(true))
    }
}

fn place_key(log: &PublicKey, seq: u64) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(log.as_bytes());
    key[32..].copy_from_slice(&seq.to_be_bytes());
    key
}

fn log_of(key: &[u8]) -> Result<PublicKey, StoreError> {
    let bytes = key.get(..32).and_then(|part| part.try_into().ok());
    bytes.map(PublicKey::from_bytes).ok_or(StoreError::IndexContent("a key that is too short"))
}

fn located(key: &[u8]) -> Result<Located, StoreError> {
    let seq = key.get(32..40).and_then(|part| part.try_into().ok()).map(u64::from_be_bytes);
    Ok(Located { log: log_of(key)?, seq: seq.ok_or(StoreError::IndexContent("a place that is too short"))? })
}
