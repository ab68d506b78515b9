//! Runs that the ledger has taken in and that are not on the disk yet: nobody sees them but the ledger.

use std::sync::Arc;

use nanduti_protocol::{
    hash::Hash,
    key::PublicKey,
    ledger::{AdmittedRun, History},
    run::{Item, VerifiedRun},
};

use super::{Admitted, Authored, CoreError, command::Reply, facts::Facts, snapshot::DiskHistory, writer::Writer};
use crate::store::Piece;

/// A run on its way to the disk, and who waits for it.
pub(super) struct Pending {
    pub(super) run: AdmittedRun,
    pub(super) facts: Facts,
    /// The run as it is appended, if that was made already.
    pub(super) piece: Option<Piece>,
    /// The run as it is announced with its body, if it is.
    pub(super) segment: Option<Arc<[u8]>>,
    pub(super) waiting: Waiting,
}

/// Who waits for a run.
pub(super) enum Waiting {
    Admit(Reply<Admitted>),
    Author(Reply<Authored>),
}

impl Waiting {
    pub(super) fn send(self, run: &VerifiedRun) {
        match self {
            Self::Admit(reply) => {
                let appended = run.items().len() as u64;
                let _ = reply.send(Ok(Admitted { appended, ..Admitted::default() }));
            }
            Self::Author(reply) => {
                let _ = reply.send(Ok(Authored { hash: run.head(), log: run.log(), seq: run.first_seq() }));
            }
        }
    }

    pub(super) fn send_error(self, error: CoreError) {
        match self {
            Self::Admit(reply) => drop(reply.send(Err(error))),
            Self::Author(reply) => drop(reply.send(Err(error))),
        }
    }
}

impl Writer {
    /// A batch was not written, or not indexed: what the disk holds of it is acknowledged all the same, since it will be shown.
    pub(super) fn settle_failure(&mut self, pending: Vec<Pending>, error: CoreError) -> CoreError {
        self.block(&error);
        self.restore();
        let holds = |run: &VerifiedRun| {
            run.next_seq().checked_sub(1).and_then(|last| self.disk.hash_at(&run.log(), last)) == Some(run.head())
        };
        let (held, lost): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|pending| !self.unsound && holds(pending.run.run()));
        let logs = held.iter().map(|pending| pending.run.run().log()).collect();
        self.announce(&held, &logs, held.iter().any(|pending| pending.run.authority_changed()));
        held.into_iter().for_each(|Pending { run, waiting, .. }| waiting.send(run.run()));
        lost.into_iter().for_each(|Pending { waiting, .. }| waiting.send_error(error.clone()));
        error
    }
}

/// What is on the disk, and in front of it what this batch is about to add.
pub(super) struct WithPending<'a> {
    pub(super) disk: &'a DiskHistory,
    pub(super) pending: &'a [Pending],
}

impl WithPending<'_> {
    fn find(&self, log: &PublicKey, seq: u64) -> Option<(&VerifiedRun, &Item)> {
        let runs = self.pending.iter().map(|pending| pending.run.run()).filter(|run| run.log() == *log);
        runs.into_iter().find_map(|run| run.item_at(seq).map(|item| (run, item)))
    }
}

impl History for WithPending<'_> {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.find(log, seq).map(|(_, item)| item.hash).or_else(|| self.disk.hash_at(log, seq))
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.find(log, seq).map(|(run, item)| run.entry_bytes(item).to_vec()).or_else(|| self.disk.entry_at(log, seq))
    }
}
