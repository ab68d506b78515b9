//! The writer signs on behalf of this node's member, and knows when it must not.
//!
//! A node that was restored from a backup does not sign before enough members have told it where its own log stands (the rule is in
//! [`crate::restored`]). What keeps it from signing goes away on the disk first: after a crash in between it waits once more.

use std::sync::Arc;

use nanduti_protocol::{
    announce::NewEntry,
    key::{MemberId, PublicKey},
    kind::Kind,
    ledger::Admission,
};

use super::{
    Author, Core, CoreError, Snapshot, Unable,
    author::hindrance,
    command::Command,
    facts::Facts,
    pending::{Pending, Waiting, WithPending},
    repair::reached_before,
    writer::Writer,
};
use crate::{restored::Marker, store::StoreError};

impl Core {
    /// Why this node may not sign a practice for its member now, if it may not. Asked to be told; the writer asks again before it signs.
    pub(crate) fn hindrance(
        &self,
        (log, member): (&PublicKey, &MemberId),
        snapshot: &Snapshot,
    ) -> Result<Option<CoreError>, CoreError> {
        let reached = reached_before(self.local(), log)?;
        Ok(hindrance((log, member), &snapshot.ledger, snapshot, &Kind::Practice, reached))
    }
}

impl Writer {
    pub(super) fn author(&mut self, command: Command, pending: &mut Vec<Pending>) {
        let Command::Author { kind, audience, time, body, reply } = command else { return };
        let signed = self.may_sign(&kind).and_then(|author| author.sign(&self.ledger, kind, audience, time, &body));
        let admitted = signed.and_then(|run| {
            let outcome = self.ledger.admit(run, &WithPending { disk: &self.disk, pending })?;
            match outcome {
                Admission::Appended(run) => Ok(run),
                Admission::Known | Admission::Forked(_) => Err(CoreError::CannotSign(Unable::Contradicts)),
            }
        });
        match admitted {
            Ok(run) => {
                // If it cannot be compressed now, it cannot when it is appended either, and the failure is told there.
                let piece = self.segments.pack(run.run()).ok();
                let segment = piece.as_ref().and_then(|piece| NewEntry::announced(run.run(), piece.frame()));
                let (facts, segment) = (Facts::default(), segment.map(Into::into));
                pending.push(Pending { run, facts, piece, segment, waiting: Waiting::Author(reply) });
            }
            Err(error) => {
                let _ = reply.send(Err(error));
            }
        }
    }

    fn may_sign(&self, kind: &Kind) -> Result<Author, CoreError> {
        let author = self.options.author.clone().ok_or(CoreError::CannotSign(Unable::NoKey))?;
        if let Some(restored) = &self.restored
            && let Some(hindrance) = restored.hindrance(&author.log(), author.member(), self.ledger.authority())
        {
            return Err(CoreError::Restored(Box::new(hindrance)));
        }
        let reached = reached_before(&self.shared.local, &author.log())?;
        match hindrance((&author.log(), author.member()), &self.ledger, &self.disk, kind, reached) {
            Some(hindrance) => Err(hindrance),
            None => Ok(author),
        }
    }

    /// A node has told where the own log stands: what it held of it is held here now.
    pub(super) fn hear(&mut self, node: PublicKey) -> Result<(), CoreError> {
        let (Some(restored), Some(author)) = (&mut self.restored, &self.options.author) else { return Ok(()) };
        let authority = self.ledger.authority();
        let new = Arc::make_mut(restored).hear(node, authority);
        let tally = restored.tally(author.member(), authority);
        if tally.is_enough() {
            Marker::remove(&self.home).map_err(StoreError::io("remove", self.home.restored_file()))?;
            tracing::info!("{tally}: this restored node signs again");
            self.restored = None;
        } else if new {
            tracing::info!("{tally}: this restored node does not sign yet");
        }
        self.publish_snapshot();
        Ok(())
    }
}
