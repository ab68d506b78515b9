//! After damage: making the index anew, setting a damaged log aside, and filling in a body that arrived late.

use std::collections::BTreeSet;

use nanduti_protocol::{
    key::PublicKey,
    run::{push_item, split_item},
};

use super::{CoreError, open, writer::Writer};
use crate::{
    PRIVATE_FILE,
    store::StoreError,
    write_file_durably,
};

/// In `local/`: how far a log reached before damage cut it back.
const REACHED: &str = "reached-before-damage";

/// Remembers how far a log reached before damage, so that its own author does not sign below that.
pub(super) fn note_reached(local: &sled::Db, log: &PublicKey, reached: u64) -> Result<(), CoreError> {
    let tree = local.open_tree(REACHED)?;
    let before = tree.get(log.as_bytes())?.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes);
    tree.insert(log.as_bytes(), &reached.max(before).to_be_bytes())?;
    local.flush()?;
    Ok(())
}

impl Writer {
    /// How far a log reached before damage cut it back; 0 if it never was.
    pub(super) fn reached_before(&self, log: &PublicKey) -> Result<u64, CoreError> {
        let found = self.shared.local.open_tree(REACHED)?.get(log.as_bytes())?;
        Ok(found.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes))
    }

    /// Makes the index anew from the segment files, beside the one in use, and takes it into use.
    pub(super) fn reindex(&mut self) -> Result<(), CoreError> {
        for log in self.heads.keys().copied().collect::<Vec<_>>() {
            self.disk.index.forget_from(&log, 0)?;
        }
        self.disk.index.series().clear().map_err(StoreError::from)?;
        self.reopen()
    }

    /// Reads a log again; what is damaged in it is set aside.
    pub(super) fn repair(&mut self, log: &PublicKey) -> Result<(), CoreError> {
        if let Some(head) = self.heads.get(log) {
            note_reached(&self.shared.local, log, head.next)?;
        }
        self.unfold(log);
        self.disk.index.forget_from(log, 0)?;
        self.heads.remove(log);
        self.reopen()
    }

    /// After a failed write: what the disk holds is the truth.
    pub(super) fn restore(&mut self) {
        self.checkpoint();
        if let Err(error) = self.reopen() {
            tracing::error!(%error, "cannot restore the state from the disk");
            self.warn(format!("the state could not be restored from the disk: {error}; restart the node"));
        }
        self.publish_snapshot();
    }

    fn reopen(&mut self) -> Result<(), CoreError> {
        self.checkpoint();
        let mut warnings = Vec::new();
        let index = self.disk.index.clone();
        let opened = open::open(&self.home, &self.options, &index, &self.shared.local, false, &mut warnings)?;
        for warning in warnings {
            self.warn(warning);
        }
        self.adopt(opened);
        self.checkpoint();
        Ok(())
    }

    /// Takes everything of a log out of the library; what is sound in it is taken in again afterwards.
    fn unfold(&mut self, log: &PublicKey) {
        if let Err(error) = super::fold::forget_log(self.disk.index.series(), log, &mut self.counts.practices) {
            tracing::warn!(%error, "cannot take a log out of the library");
        }
    }

    /// Puts a body where one is missing: the segment file is written anew beside the old one and takes its name.
    pub(super) fn fill_body(&mut self, log: &PublicKey, seq: u64, body: &[u8]) -> Result<bool, CoreError> {
        let Some(block) = self.disk.index.block_at(log, seq)? else { return Ok(false) };
        let path = self.home.segment_file(log.as_bytes(), block.file());
        let bytes = std::fs::read(&path).map_err(StoreError::io("read", &path))?;
        let mut place = block.file();
        let mut rest = bytes.as_slice();
        let mut filled = Vec::with_capacity(bytes.len() + body.len());
        let mut done = false;
        while let Some((entry, held, len)) = split_item(rest) {
            let wanted = place == seq && held.is_none();
            let fits = || nanduti_protocol::entry::Entry::decode(entry).is_ok_and(|entry| entry.statement.body.is_of(body));
            if wanted && fits() {
                push_item(&mut filled, entry, Some(body));
                done = true;
            } else {
                filled.extend_from_slice(rest.get(..len).unwrap_or_default());
            }
            place += 1;
            rest = rest.get(len..).unwrap_or_default();
        }
        if !done {
            return Ok(false);
        }
        write_file_durably(&path, &filled, PRIVATE_FILE).map_err(StoreError::io("write", &path))?;
        self.disk.index.satisfied(log, seq)?;
        self.unfold(log);
        self.disk.index.forget_from(log, 0)?;
        self.heads.remove(log);
        self.reopen()?;
        self.refresh(&BTreeSet::from([*log]), false);
        Ok(true)
    }
}
