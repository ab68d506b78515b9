//! Reading what is durable: runs to serve, bodies, places, arrival times. All of it blocks on the disk.

use nanduti_protocol::{
    entry::{Entry, Statement},
    hash::Hash,
    key::PublicKey,
    run::split_item,
};

use super::{Core, CoreError};
use crate::store::{Index, Located, Reader, StoreError};

/// An entry with its body, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct BodyAt {
    /// Hash of the entry.
    pub(crate) hash: Hash,
    /// What the entry states.
    pub(crate) statement: Statement,
    /// The body, if it is held.
    pub(crate) body: Option<Vec<u8>>,
    /// Segment file, relative to the home.
    pub(crate) segment: String,
    /// Where the item begins in the file.
    pub(crate) offset: u64,
}

/// Notes when entries arrived, from a place on.
pub(super) fn note_arrival(tree: &sled::Tree, log: &PublicKey, seq: u64, now_ms: u64) -> Result<(), StoreError> {
    let key = [log.as_bytes().as_slice(), &seq.to_be_bytes()].concat();
    tree.insert(key, &now_ms.to_be_bytes())?;
    Ok(())
}

impl Core {
    /// Reads entries to serve: they begin at `from`, end at an anchor at or below `to`, and take about `target` bytes.
    ///
    /// # Errors
    /// If the disk fails or is damaged there.
    pub fn read_run(&self, log: &PublicKey, from: u64, to: u64, target: usize) -> Result<Vec<u8>, CoreError> {
        let mut out = Vec::new();
        for block in self.index().blocks_from(log, from) {
            let block = block?;
            if block.next_seq() <= from {
                continue;
            }
            let first = block.first_seq().max(from);
            if first >= to || block.first_seq() > from && out.is_empty() {
                break;
            }
            if !out.is_empty() && out.len() as u64 + block.len() > target as u64 {
                break;
            }
            let bytes = self.reader().read_block(log, &block)?;
            let skip = block.span(first).map_or(0, |(before, _)| before);
            let wanted = block.next_seq().min(to);
            // Half a block ends at no anchor unless that entry's own signature verifies, which honest ones do.
            let keep = block.span(wanted - 1).map_or(0, |(before, len)| before + u64::from(len));
            out.extend_from_slice(bytes.get(skip as usize..keep as usize).unwrap_or_default());
            if wanted == to {
                break;
            }
        }
        Ok(out)
    }

    /// The body of an entry, if it is held.
    ///
    /// # Errors
    /// If the disk fails or is damaged there.
    pub fn body(&self, log: &PublicKey, seq: u64) -> Result<Option<Vec<u8>>, CoreError> {
        Ok(self.read_at(log, seq)?.and_then(|found| found.body))
    }

    /// Places of bodies that are wanted.
    pub fn wants(&self, limit: usize) -> Vec<(PublicKey, u64)> {
        let wanted = self.index().wants(limit).unwrap_or_default();
        wanted.into_iter().map(|Located { log, seq }| (log, seq)).collect()
    }

    /// An entry with its body.
    pub(crate) fn read_at(&self, log: &PublicKey, seq: u64) -> Result<Option<BodyAt>, CoreError> {
        let Some(block) = self.index().block_at(log, seq)? else { return Ok(None) };
        let Some((before, len)) = block.span(seq) else { return Ok(None) };
        let offset = block.offset() + before;
        let file = self.reader().relative(log, block.file());
        let bytes = self.reader().read_span(log, block.file(), offset, u64::from(len))?;
        let damaged = |what: &str| StoreError::from(crate::store::Damage { file: file.clone(), offset, what: what.into() });
        let (entry, body, _) = split_item(&bytes).ok_or_else(|| damaged("not an entry"))?;
        let entry = Entry::decode(entry).map_err(|error| damaged(&error.to_string()))?;
        if Some(entry.hash) != block.hash_at(seq) || body.is_some_and(|body| !entry.statement.body.is_of(body)) {
            return Err(damaged("the bytes are not those that were written").into());
        }
        let segment = file.display().to_string();
        Ok(Some(BodyAt { hash: entry.hash, statement: entry.statement, body: body.map(<[u8]>::to_vec), segment, offset }))
    }

    /// When the entry at a place became durable here, in milliseconds since 1970.
    pub(crate) fn arrival(&self, log: &PublicKey, seq: u64) -> Option<u64> {
        let tree = self.local().open_tree("arrivals").ok()?;
        let key = |seq: u64| [log.as_bytes().as_slice(), &seq.to_be_bytes()].concat();
        let (_, value) = tree.range(key(0)..=key(seq)).next_back()?.ok()?;
        Some(u64::from_be_bytes(value.as_ref().try_into().ok()?))
    }

    pub(crate) fn index(&self) -> &Index {
        &self.shared.index
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.shared.reader
    }
}
