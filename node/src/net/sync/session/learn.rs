//! What a peer shows in a session besides segments and bodies: papers of ballots, forks, and chains that may prove one.

use std::sync::Arc;

use nanduti_protocol::ballot::Papers;
use nanduti_protocol::chain::Chain;
use nanduti_protocol::fork::ForkProof;

use super::{DEFERRED_FORKS, Driver, SessionError};
use crate::core::CoreError;
use crate::net::blame::Fault;

impl Driver {
    pub(super) async fn take_papers(&mut self, papers: Papers) -> Result<(), SessionError> {
        match self.core.take_papers(papers).await {
            Ok(taken) => {
                self.intake.received += u64::from(taken.changed);
                Ok(())
            }
            Err(CoreError::Papers(error)) if error.blames_peer() => {
                Err(SessionError::Fault(Fault::BALLOT, format!("the peer sent papers of a ballot: {error}")))
            }
            Err(CoreError::Papers(_)) => {
                self.intake.notes.push("unknown-roster");
                Ok(())
            }
            Err(error) => Err(SessionError::Local(error)),
        }
    }

    /// Only forks of keys that stand somewhere are worth remembering: anybody can fork a log of his own making.
    pub(super) async fn take_fork(&mut self, proof: ForkProof) -> Result<(), SessionError> {
        let snapshot = self.core.snapshot();
        let known = snapshot.ledger.authority().is_some_and(|authority| authority.standing(&proof.log()).is_some());
        if known {
            return self.core.learn_fork(proof).await.map(|_| ()).map_err(SessionError::Local);
        }
        if self.forks.len() < DEFERRED_FORKS {
            self.forks.push(proof);
        }
        Ok(())
    }

    pub(super) async fn learn_deferred_forks(&mut self) -> Result<(), SessionError> {
        let snapshot = self.core.snapshot();
        let Some(authority) = snapshot.ledger.authority() else { return Ok(()) };
        for proof in std::mem::take(&mut self.forks) {
            if authority.standing(&proof.log()).is_some() {
                self.core.learn_fork(proof).await.map_err(SessionError::Local)?;
            }
        }
        Ok(())
    }

    pub(super) async fn take_evidence(&mut self, chain: Chain) -> Result<(), SessionError> {
        let snapshot = Arc::clone(&self.snapshot);
        let proof = self.bounds.work(move || snapshot.ledger.contradicts(&chain, &*snapshot)).await?;
        match proof {
            Some(proof) => self.core.learn_fork(proof).await.map(|_| ()).map_err(SessionError::Local),
            None => Ok(()),
        }
    }
}
