//! Leaving a branch: what is held of a log turned out not to be the branch that its member's keyring names.
//!
//! The entries from a place on are cut off the segment files, from the last file backwards, so that a crash in between leaves a
//! log that is merely shorter. The ledger chooses the place: below the first entry that strays, and above an anchor. The proof of the
//! fork stays beside the log. The right branch comes with the next synchronisation, since the frontier now ends below it.

use nanduti_protocol::key::PublicKey;

use super::{CoreError, writer::Writer};
use crate::{
    disk::{self, DiskFile},
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
        // Of its own log a node remembers how far it reached, so that it never signs there again.
        if self.options.author.as_ref().is_none_or(|author| author.log() != *log) {
            super::read::forget_arrivals(&self.shared.local, log, from)?;
        }
        self.rewrite(log, |writer| writer.cut_files(log, &scan, block.file(), end))?;
        self.read_again(log)
    }
    /// Cuts a file off at `end`, and removes those behind it.
    fn cut_files(&self, log: &PublicKey, scan: &LogScan, last: u64, end: u64) -> Result<(), CoreError> {
        let path = |file: u64| self.home.segment_file(log.as_bytes(), file);
        let gone = |file: &u64| *file > last || (*file == last && end == 0);
        for file in scan.files()?.into_iter().rev().filter(gone) {
            disk::remove_file(&path(file)).map_err(StoreError::io("remove", path(file)))?;
        }
        // Flushed before the cut: a file that came back behind it would leave a gap, which is damage.
        let folder = self.home.log_dir(log.as_bytes());
        sync_dir(&folder).map_err(StoreError::io("flush", &folder))?;
        if end > 0 {
            let path = path(last);
            let open = DiskFile::existing(&path).map_err(StoreError::io("cut", &path))?;
            open.set_len(end).and_then(|()| open.sync()).map_err(StoreError::io("cut", &path))?;
        }
        Ok(())
    }
}
