//! What the writer keeps beside the segment files, each in a small file of its own: the charter, and the proofs of forks; and
//! what it tells the operator.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

use nanduti_protocol::{fork::ForkProof, run::VerifiedRun};

use super::{CoreError, CoreEvent, warning::Warning, writer::Writer};
use crate::{PRIVATE_FILE, store::StoreError, write_file_durably};

impl Writer {
    /// The charter is written down before the first log that brings it: without it nothing on the disk can be judged.
    pub(super) fn keep_charter(&mut self, runs: &[&VerifiedRun]) -> Result<(), StoreError> {
        let file = super::open::charter_file(&self.home);
        if self.charter_kept || file.exists() {
            self.charter_kept = true;
            return Ok(());
        }
        let brings = |run: &&VerifiedRun| {
            let first = run.items().first().filter(|item| item.body.hash == self.ledger.network())?;
            run.body_bytes(first).map(<[u8]>::to_vec)
        };
        if let Some(charter) = runs.iter().find_map(brings) {
            write_file_durably(&file, &charter, PRIVATE_FILE).map_err(StoreError::io("write", &file))?;
            self.charter_kept = true;
        }
        Ok(())
    }

    pub(super) fn learn_fork(&mut self, proof: &ForkProof) -> Result<bool, CoreError> {
        if !self.ledger.learn_fork(proof) {
            return Ok(false);
        }
        self.keep_fork(proof)?;
        Ok(true)
    }

    /// Writes a fork that the ledger knows down, and tells everybody.
    pub(super) fn keep_fork(&mut self, proof: &ForkProof) -> Result<(), CoreError> {
        let log = proof.log();
        let Some(known) = self.ledger.fork_to_show(&log, &self.disk).cloned() else { return Ok(()) };
        // A fork that could not be written down is forgotten again with all the rest that is not on the disk.
        super::open::write_forks(&self.home, &log, self.ledger.forks_of(&log)).inspect_err(|_| self.unsound = true)?;
        tracing::warn!(%log, seq = known.mark().seq, "a log is forked: its key signed two entries for one place");
        self.refresh(&BTreeSet::from([log]), true);
        self.send(CoreEvent::Forked(Arc::new(known)));
        Ok(())
    }

    /// What needs the operator's eye. Said once.
    pub(super) fn warn(&self, warning: impl Into<Warning>) {
        let warning = warning.into();
        let mut warnings = self.shared.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if warnings.len() < 100 && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}
