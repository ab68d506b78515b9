//! After damage: making the index anew, setting a damaged log aside, and filling in a body that arrived late.

use std::collections::BTreeSet;

use nanduti_protocol::{
    entry::Entry,
    key::PublicKey,
    kind::Audience,
    networks::NetworkOf,
    run::{item_len, push_item, split_item},
};

use super::{CoreError, facts::Facts, local::flush_local, open, writer::Writer};
use crate::{
    Home, PRIVATE_FILE,
    store::{Head, LogScan, Repair, StoreError, Tail, carve},
    write_file_durably,
};

/// In `local/`: how far a log reached before damage cut it back.
const REACHED: &str = "reached-before-damage";

/// Remembers how far a log reached before damage, so that its own author does not sign below that.
pub(super) fn note_reached(home: &Home, local: &sled::Db, log: &PublicKey, reached: u64) -> Result<(), CoreError> {
    let tree = local.open_tree(REACHED)?;
    let before =
        tree.get(log.as_bytes())?.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes);
    tree.insert(log.as_bytes(), &reached.max(before).to_be_bytes())?;
    Ok(flush_local(home, local)?)
}

/// How far a log reached before damage cut it back; 0 if it never was.
pub(super) fn reached_before(local: &sled::Db, log: &PublicKey) -> Result<u64, CoreError> {
    let found = local.open_tree(REACHED)?.get(log.as_bytes())?;
    Ok(found.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes))
}

/// How far each log reached that damage ever cut back.
pub(super) fn all_reached_before(local: &sled::Db) -> Result<Vec<(PublicKey, u64)>, CoreError> {
    let mut all = Vec::new();
    for pair in &local.open_tree(REACHED)? {
        let (log, _) = pair?;
        let Ok(log) = log.as_ref().try_into().map(PublicKey::from_bytes) else { continue };
        all.push((log, reached_before(local, &log)?));
    }
    Ok(all)
}

impl Writer {
    /// Makes the index anew from the segment files. Readers find it emptier than it was until it is done.
    pub(super) fn reindex(&mut self) -> Result<(), CoreError> {
        self.unsound = true;
        self.heads.clear();
        self.dirty.clear();
        self.disk.index.clear()?;
        self.reopen()
    }

    /// Reads a log again if anything in it is damaged; the damage is set aside.
    pub(super) fn repair(&mut self, log: &PublicKey) -> Result<(), CoreError> {
        match self.disk.check_all(log) {
            Ok(()) => return Ok(()),
            Err(StoreError::Damaged(damage)) => tracing::warn!(%damage, "a log is read again"),
            Err(error) => return Err(error.into()),
        }
        if let Some(head) = self.heads.get(log) {
            note_reached(&self.home, &self.shared.local, log, head.next)?;
        }
        self.read_again(log)
    }

    /// Forgets all that is derived from a log, and reads it from its files.
    pub(super) fn read_again(&mut self, log: &PublicKey) -> Result<(), CoreError> {
        self.checkpoint();
        self.unsound = true;
        self.disk.index.forget(log)?;
        self.heads.remove(log);
        self.dirty.remove(log);
        self.reopen()
    }

    /// After a failed write: what the disk holds is the truth. Watermarks stay where they were.
    pub(super) fn restore(&mut self) {
        self.dirty.clear();
        if let Err(error) = self.reopen() {
            tracing::error!(%error, "cannot restore the state from the disk");
        }
        self.publish_blocked();
    }

    /// Reads the state from the disk. If that fails nothing more is taken in until it succeeds.
    pub(super) fn reopen(&mut self) -> Result<(), CoreError> {
        self.unsound = true;
        self.aside = None;
        self.checkpoint();
        let mut warnings = Vec::new();
        let index = self.disk.index.clone();
        let opened = open::open(&self.home, &self.options, &index, &self.shared.local, false, &mut warnings)?;
        for warning in warnings {
            self.warn(warning);
        }
        self.unsound = false;
        self.adopt(opened);
        self.checkpoint();
        Ok(())
    }

    /// Puts a body where one is missing: the segment file is written anew beside the old one and takes its name. It differs in the
    /// pieces of one block.
    pub(super) fn fill_body(&mut self, log: &PublicKey, seq: u64, body: &[u8]) -> Result<bool, CoreError> {
        let (Some(head), Some(extent)) = (self.heads.get(log).copied(), self.ledger.extent(log)) else {
            return Ok(false);
        };
        let (Some(block), Some(opening)) = (self.disk.index.block_at(log, seq)?, self.disk.opening_of(log)) else {
            return Ok(false);
        };
        let run = self.disk.reader.read_block(log, &block)?;
        let filled = with_body(&run, seq - block.first_seq(), body);
        let Some(runs) = filled.and_then(|filled| carve(self.ledger.networks(), &filled)) else { return Ok(false) };
        let path = self.home.segment_file(log.as_bytes(), block.file());
        let bytes = std::fs::read(&path).map_err(StoreError::io("read", &path))?;
        let (from, to) = (block.offset() as usize, block.offset() as usize + block.stored_len() as usize);
        let mut filled = bytes.get(..from).unwrap_or_default().to_vec();
        for run in &runs {
            filled.extend_from_slice(self.segments.pack(run)?.bytes());
        }
        filled.extend_from_slice(bytes.get(to..).unwrap_or_default());
        self.segments.check_room(filled.len() as u64)?;
        self.rewrite(log, |writer| {
            write_file_durably(&path, &filled, PRIVATE_FILE).map_err(StoreError::io("write", &path))?;
            writer.index_file_again(log, block.file())?;
            Ok(writer.disk.index.satisfied(log, seq)?)
        })?;
        // The log's bytes are counted as if every body were here, so they stay what they were.
        let file_len = if block.file() == head.file { filled.len() as u64 } else { head.file_len };
        let head = Head { file_len, ..head };
        self.heads.insert(*log, head);
        self.dirty.insert(*log);
        self.segments.set_tail(*log, Tail { file: head.file, len: head.file_len, files: head.files });
        self.ledger.restore(*log, extent, opening);
        let for_members = self.disk.index.is_for_members(log, seq)?;
        let missing = self.counts.missing(if for_members { Audience::Members } else { Audience::Public });
        *missing = missing.saturating_sub(1);
        if seq < self.folded.get(log).copied().unwrap_or(0) {
            let folded = self.change_library(|mut fold| fold.take_stored(log, seq, seq + 1, true));
            folded.inspect_err(|_| self.unsound = true)?;
            self.count_shown();
        }
        self.refresh(&BTreeSet::from([*log]), false);
        Ok(true)
    }

    /// Changes files of a log otherwise than by appending. Its watermark is forgotten first, so that after a crash the log is read
    /// again in full; and after a failure everything is, before anything else happens, since nobody knows how far the change got.
    pub(super) fn rewrite<T>(
        &mut self,
        log: &PublicKey,
        change: impl FnOnce(&mut Self) -> Result<T, CoreError>,
    ) -> Result<T, CoreError> {
        self.disk.index.forget_head(log)?;
        self.heads.remove(log);
        self.dirty.remove(log);
        let done = change(self);
        self.unsound |= done.is_err();
        done
    }

    /// Reads the files of a log.
    pub(super) fn scan(&self, log: &PublicKey) -> LogScan {
        LogScan::new(self.home.clone(), self.ledger.networks().network_of(log), *log)
    }

    fn index_file_again(&mut self, log: &PublicKey, file: u64) -> Result<(), CoreError> {
        let index = self.disk.index.clone();
        let scan = self.scan(log).read_only();
        let scanned = scan.read_file_alone(file, &mut |run, placement| {
            index.insert_run(&run, &placement, Facts::of(&run).encoded())
        })?;
        match scanned.repairs.into_iter().next() {
            // Something else in the file is damaged.
            Some(Repair::SetAside { damage, .. }) => Err(StoreError::from(damage).into()),
            Some(Repair::Cut { .. }) | None => Ok(()),
        }
    }
}

/// A run with a body at the item with this number, if one is missing there and this is the right one.
fn with_body(bytes: &[u8], number: u64, body: &[u8]) -> Option<Vec<u8>> {
    let mut at = 0;
    for _ in 0..number {
        at += item_len(bytes.get(at..)?)?;
    }
    let (entry, held, len) = split_item(bytes.get(at..)?)?;
    let fits = held.is_none() && Entry::decode(entry).is_ok_and(|entry| entry.statement.body.is_of(body));
    let mut filled = Vec::with_capacity(bytes.len() + body.len() + 8);
    filled.extend_from_slice(bytes.get(..at)?);
    push_item(&mut filled, entry, Some(body));
    filled.extend_from_slice(bytes.get(at + len..)?);
    fits.then_some(filled)
}
