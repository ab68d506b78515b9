//! Looking after the store: verify, reindex.

use std::time::Instant;

use super::{Engine, Handle, ids::find};
use crate::api::{ApiError, DamageView, Reindex, ReindexReply, Verify, VerifyReply};

impl Handle<Reindex> for Engine {
    async fn handle(&self, _: Reindex) -> Result<ReindexReply, ApiError> {
        let started = Instant::now();
        self.core.reindex().await?;
        let snapshot = self.core.snapshot();
        Ok(ReindexReply {
            logs: snapshot.ledger.logs().count() as u64,
            entries: snapshot.ledger.logs().map(|(_, extent)| extent.next).sum(),
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }
}
