//! Joining the blocks of a segment file once it is full.
//!
//! The index is made anew for the file in a few large blocks, as if it had been read at start. A crash in between leaves blocks
//! that do not follow one another, which is seen at start: then the log is read again.

use nanduti_protocol::key::PublicKey;

use super::{facts::Facts, writer::Writer};
use crate::store::StoreError;

/// Blocks that a full file may have before they are joined.
const BLOCKS_OF_A_FILE: usize = 64;

impl Writer {
    /// A log that grows by an entry at a time has a block for each. Once a file is full, its blocks are joined into a few.
    pub(super) fn join_blocks(&mut self, log: &PublicKey, next_file: u64) -> Result<(), StoreError> {
        let index = &self.disk.index;
        let Some(last) = next_file.checked_sub(1).and_then(|last| index.block_at(log, last).transpose()).transpose()?
        else {
            return Ok(());
        };
        if index.count_blocks(log, last.file(), next_file)? > BLOCKS_OF_A_FILE {
            let scan = self.scan(log).read_only();
            let scanned = scan.read_file_alone(last.file(), &mut |_, _| Ok(()))?;
            // Of a damaged file only a part would be joined, and what the blocks say of the rest would be gone.
            if !scanned.repairs.is_empty() {
                self.damaged.insert(*log);
                return Ok(());
            }
            // Read once more, for all of a file unpacked may be much.
            scan.read_file_alone(last.file(), &mut |run, placement| {
                index.insert_run(&run, &placement, Facts::of(&run).encoded())
            })?;
        }
        Ok(())
    }
}
