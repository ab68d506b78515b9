//! Beginning to speak: once the members have admitted the institution of this home, what it signed when it asked is taken in; and once
//! a keyring lists the fresh key of this home, the key takes over.

use tokio::sync::broadcast::error::RecvError;

use super::Engine;
use crate::{api::ApiError, core::CoreEvent, founding::first_words};

impl Engine {
    /// Takes in what this home's institution says first, if the roster in force has its root key and it has said nothing yet.
    /// Returns whether it has begun now.
    pub(super) async fn begin_if_admitted(&self) -> Result<bool, ApiError> {
        let snapshot = self.core.snapshot();
        let Some(authority) = snapshot.ledger.authority() else { return Ok(false) };
        let runs = first_words(&self.home, &self.info.network)?;
        let Some(root) = runs.first().map(|run| run.log()) else { return Ok(false) };
        if authority.member_by_root(&root).is_none() || snapshot.ledger.extent(&root).is_some() {
            return Ok(false);
        }
        for run in runs {
            self.core.admit(run).await?;
        }
        tracing::info!(member = ?self.member, "this institution was admitted, and its node begins to speak");
        Ok(true)
    }

    /// Waits for the admission of this home's institution, and for keyrings that list its fresh key, as long as the node runs.
    pub(crate) async fn await_admission(&self) {
        let mut events = self.core.subscribe();
        loop {
            if let Err(error) = self.begin_if_admitted().await {
                tracing::warn!(%error, "what was signed with the request to join cannot be taken in");
            }
            if let Err(error) = self.take_over_alone().await {
                tracing::warn!(%error, "the fresh publishing key cannot take over");
            }
            loop {
                match events.recv().await {
                    Ok(CoreEvent::RosterChanged | CoreEvent::AuthorityChanged) | Err(RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        }
    }
}
