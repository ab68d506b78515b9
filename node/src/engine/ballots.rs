//! Members and ballots.

use data_encoding::HEXLOWER;
use nanduti_protocol::ballot::{Papers, Proposal, Statement};

use super::{
    Engine, Handle,
    failure::{failed, refused, restored, usage},
};
use crate::{
    api::{ApiError, BallotReply, Ballots, Cast, Members, MembersReply, Propose, Speak, StatementDraft},
    core::Snapshot,
    governance::{self, Draft},
};

impl Handle<Members> for Engine {
    async fn handle(&self, _: Members) -> Result<MembersReply, ApiError> {
        let snapshot = self.core.snapshot();
        let authority = snapshot.ledger.authority().ok_or_else(no_charter)?;
        Ok(governance::members(authority))
    }
}

impl Handle<Ballots> for Engine {
    async fn handle(&self, call: Ballots) -> Result<BallotReply, ApiError> {
        let snapshot = self.core.snapshot();
        let succession = snapshot.ledger.succession().ok_or_else(no_charter)?;
        let only = call.proposal.map(|id| governance::find(succession.poll(), &id).map(Proposal::hash)).transpose()?;
        Ok(governance::ballots(succession, self.member.as_ref(), only.as_ref()))
    }
}

impl Handle<Propose> for Engine {
    async fn handle(&self, call: Propose) -> Result<StatementDraft, ApiError> {
        let snapshot = self.core.snapshot();
        let proposal = self
            .blocking(move |_| governance::proposal(&snapshot.ledger, &*snapshot, &call.changes, &call.last))
            .await?;
        self.draft(&self.core.snapshot(), &proposal, crate::api::BallotStep::Endorse, None)
    }
}

impl Handle<Speak> for Engine {
    async fn handle(&self, call: Speak) -> Result<StatementDraft, ApiError> {
        let snapshot = self.core.snapshot();
        let succession = snapshot.ledger.succession().ok_or_else(no_charter)?;
        let proposal = governance::find(succession.poll(), &call.proposal)?.clone();
        self.draft(&snapshot, &proposal, call.step, call.round)
    }
}

impl Handle<Cast> for Engine {
    async fn handle(&self, call: Cast) -> Result<BallotReply, ApiError> {
        let bytes = |hex: &str| {
            HEXLOWER.decode(hex.trim().as_bytes()).map_err(|_| usage("a statement is handed in as hexadecimal"))
        };
        let (proposal, statement) = (bytes(&call.proposal)?, bytes(&call.statement)?);
        let read = Statement::decode(&statement)
            .map_err(|error| failed("this is not a statement of a ballot").because(&error))?;
        self.would_contradict(&read)?;
        let papers = Papers { roster: read.roster, proposal, statements: vec![statement] };
        self.core.take_papers(papers).await?;
        self.handle(Ballots::default()).await
    }
}

impl Engine {
    fn draft(
        &self,
        snapshot: &Snapshot,
        proposal: &Proposal,
        step: crate::api::BallotStep,
        round: Option<u32>,
    ) -> Result<StatementDraft, ApiError> {
        let succession = snapshot.ledger.succession().ok_or_else(no_charter)?;
        self.knows_what_it_said(snapshot)?;
        let member = self.member.as_ref().ok_or_else(|| {
            refused("this node is an observer's: it has no vote")
                .hint("ballots are for members; `nanduti member request` asks to become one")
        })?;
        let name = snapshot.ledger.authority().map(|authority| authority.network_name()).unwrap_or_default();
        governance::draft(succession, name, &Draft { member, step, proposal, round })
    }

    /// A node that was restored from a backup may have forgotten what its member said in a ballot, and would contradict it.
    fn knows_what_it_said(&self, snapshot: &Snapshot) -> Result<(), ApiError> {
        self.restored(snapshot).map_or(Ok(()), |hindrance| Err(restored(&hindrance)))
    }

    /// What was drafted a while ago may not be said any more. Of other members anything is carried.
    fn would_contradict(&self, statement: &Statement) -> Result<(), ApiError> {
        let snapshot = self.core.snapshot();
        let Some(succession) = snapshot.ledger.succession() else { return Err(no_charter()) };
        if Some(&statement.member) != self.member.as_ref() || statement.roster != succession.poll().hash() {
            return Ok(());
        }
        self.knows_what_it_said(&snapshot)?;
        match succession.poll().would_contradict(statement) {
            true => Err(refused("this statement contradicts another one of yours; nothing was handed in")
                .hint("`nanduti ballot show` says what you said; to contradict yourself is held against you for ever")),
            false => Ok(()),
        }
    }
}

fn no_charter() -> ApiError {
    failed("the charter of this network has not arrived yet")
        .hint("`nanduti sync` brings it; `nanduti status` says whether a peer can be reached")
}
