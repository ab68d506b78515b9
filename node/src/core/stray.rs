//! Leaving a branch: what is held of a log turned out not to be the branch that its member's keyring names.
//!
//! The entries from a place on are cut off the segment files, from the last file backwards, so that a crash in between leaves a
//! log that is merely shorter. The ledger chooses the place: below the first entry that strays, and above an anchor. The proof of the
//! fork stays beside the log. The right branch comes with the next synchronisation, since the frontier now ends below it.

use nanduti_protocol::key::PublicKey;

use super::{CoreError, writer::Writer};
use crate::{
    PRIVATE_FILE,
    disk::{self, DiskFile},
    store::{Block, LogScan, StoreError, carve},
    sync_dir, write_file_durably,
};

impl Writer {
    /// Cuts a log back so that it ends before `from`, and brings everything derived from it up to that.
    pub(super) fn cut_back(&mut self, log: &PublicKey, from: u64) -> Result<(), CoreError> {
        let Some(block) = self.disk.index.block_at(log, from)? else { return Ok(()) };
        // Of the block that holds the place, what is below is written anew: on the disk it is compressed as a whole.
        let kept = self.below(log, &block, from)?;
        let scan = self.scan(log);
        tracing::warn!(%log, from, "the entries held are not on the branch that the keyring names, and are cut off");
        // Of its own log a node remembers how far it reached, so that it never signs there again.
        if self.options.author.as_ref().is_none_or(|author| author.log() != *log) {
            super::read::forget_arrivals(&self.shared.local, log, from)?;
        }
        self.rewrite(log, |writer| writer.cut_files(log, &scan, &block, &kept))?;
        self.read_again(log)
    }

    /// What a block holds below a place, in the form in which it is appended; nothing, if that does not end at an anchor.
    fn below(&mut self, log: &PublicKey, block: &Block, from: u64) -> Result<Vec<u8>, CoreError> {
        let mut run = self.disk.reader.read_block(log, block)?;
        run.truncate(block.span(from).map_or(0, |(before, _)| before as usize));
        let mut kept = Vec::new();
        let networks = self.ledger.networks().clone();
        for run in carve(&networks, &run).unwrap_or_default() {
            kept.extend_from_slice(self.segments.pack(&run)?.bytes());
        }
        Ok(kept)
    }

    /// Cuts a file off before a block, of which a part is kept, and removes the files behind it.
    fn cut_files(&self, log: &PublicKey, scan: &LogScan, block: &Block, kept: &[u8]) -> Result<(), CoreError> {
        let (last, end) = (block.file(), block.offset());
        let path = |file: u64| self.home.segment_file(log.as_bytes(), file);
        let gone = |file: &u64| *file > last || (*file == last && end == 0 && kept.is_empty());
        for file in scan.files()?.into_iter().rev().filter(gone) {
            disk::remove_file(&path(file)).map_err(StoreError::io("remove", path(file)))?;
        }
        // Flushed before the cut: a file that came back behind it would leave a gap, which is damage.
        let folder = self.home.log_dir(log.as_bytes());
        sync_dir(&folder).map_err(StoreError::io("flush", &folder))?;
        let path = path(last);
        if !kept.is_empty() {
            let before = std::fs::read(&path).map_err(StoreError::io("read", &path))?;
            let whole = [before.get(..end as usize).unwrap_or_default(), kept].concat();
            write_file_durably(&path, &whole, PRIVATE_FILE).map_err(StoreError::io("write", &path))?;
        } else if end > 0 {
            let open = DiskFile::existing(&path).map_err(StoreError::io("cut", &path))?;
            open.set_len(end).and_then(|()| open.sync()).map_err(StoreError::io("cut", &path))?;
        }
        Ok(())
    }
}
