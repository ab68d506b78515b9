//! Leaving a branch: what is held of a log turned out not to be the branch that its member's keyring names.
//!
//! The entries from a place on are cut off the segment files, from the last file backwards, so that a crash in between leaves a
//! log that is merely shorter. The ledger chooses the place: below the first entry that strays, and above an anchor. The proof of the fork stays beside the log. The right branch comes with the next
//! synchronisation, since the frontier now ends below it.

use std::fs::{self, OpenOptions};

use nanduti_protocol::key::PublicKey;

use super::{CoreError, writer::Writer};
use crate::{
    store::{LogScan, StoreError},
    sync_dir,
};

impl Writer {
    /// Cuts a log back so that it ends before `from`, and brings everything derived from it up to that.
    pub(super) fn cut_back(&mut self, log: &PublicKey, from: u64) -> Result<(), CoreError> {
        let Some(block) = self.disk.index.block_at(log, from)? else { return Ok(()) };
        let end = block.span(from).map_or(0, |(before, _)| block.offset() + before);
        let scan = LogScan::new(self.home.clone(), self.options.network, *log);
        tracing::warn!(%log, from, "the entries held are not on the branch that the keyring names, and are cut off");
        // If a crash comes now, the log is read again in full at the next start.
        self.disk.index.forget_head(log)?;
        for file in scan.files()?.into_iter().rev().filter(|file| *file >= block.file()) {
            let path = self.home.segment_file(log.as_bytes(), file);
            if file > block.file() || end == 0 {
                fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            } else {
                let open = OpenOptions::new().write(true).open(&path).map_err(StoreError::io("cut", &path))?;
                open.set_len(end).and_then(|()| open.sync_all()).map_err(StoreError::io("cut", &path))?;
            }
        }
        let folder = self.home.log_dir(log.as_bytes());
        sync_dir(&folder).map_err(StoreError::io("flush", &folder))?;
        self.read_again(log)
    }
}
