//! Members and ballots.

use nanduti_protocol::ballot::{Papers, Proposal, Statement};

use super::{
    Engine, Handle,
    failure::{failed, refused, restored},
};
use crate::{
    api::{ApiError, BallotReply, BallotStep, Ballots, Members, MembersReply, PreparedReply, Propose, Speak},
    core::Snapshot,
    founding::charter_bytes_of,
    governance::{self, Draft, Drafted},
    offline::{Act, Checked, CheckedVote, Request, VoteAct},
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
    async fn handle(&self, call: Propose) -> Result<PreparedReply, ApiError> {
        let snapshot = self.core.snapshot();
        let proposal = self
            .blocking(move |_| governance::proposal(&snapshot.ledger, &*snapshot, &call.changes, &call.last))
            .await?;
        self.draft(&self.core.snapshot(), &proposal, BallotStep::Endorse, None)
    }
}

impl Handle<Speak> for Engine {
    async fn handle(&self, call: Speak) -> Result<PreparedReply, ApiError> {
        let snapshot = self.core.snapshot();
        let succession = snapshot.ledger.succession().ok_or_else(no_charter)?;
        let proposal = governance::find(succession.poll(), &call.proposal)?.clone();
        self.draft(&snapshot, &proposal, call.step, call.round)
    }
}

impl Engine {
    /// What a key of this node's member is to sign, with what follows from it.
    pub(super) fn draft(
        &self,
        snapshot: &Snapshot,
        proposal: &Proposal,
        step: BallotStep,
        round: Option<u32>,
    ) -> Result<PreparedReply, ApiError> {
        let succession = snapshot.ledger.succession().ok_or_else(no_charter)?;
        self.knows_what_it_said(snapshot)?;
        self.knows_the_rules(snapshot)?;
        governance::keys_are_apart(snapshot.ledger.authority().ok_or_else(no_charter)?, proposal)?;
        let member = self.member.as_ref().ok_or_else(|| {
            refused("this node is an observer's: it has no vote")
                .hint("ballots are for members; `nanduti member request` asks to become one")
        })?;
        let Drafted { statement, follows } = governance::draft(succession, &Draft { member, step, proposal, round })?;
        let charter = charter_bytes_of(&self.home)?.ok_or_else(no_charter)?;
        let request = Request::new(Act::Vote(VoteAct::new(succession.roster(), proposal, &statement)), charter);
        // What is handed out must pass the doors that it will meet elsewhere.
        let checked = Checked::of(&request).map_err(|error| failed("the statement cannot be made").because(&error))?;
        Ok(PreparedReply {
            file: data_encoding::BASE64.encode(&request.encode()),
            request: crate::offline::view(&checked),
            follows,
            ..PreparedReply::default()
        })
    }

    /// Takes in a statement of a ballot, or only checks it. Of other members anything is carried.
    pub(in crate::engine) async fn take_vote(&self, vote: CheckedVote, check: bool) -> Result<bool, ApiError> {
        let CheckedVote { proposal, statement, signed, .. } = vote;
        let (bytes, _) = signed.ok_or_else(|| failed("nobody has signed this statement"))?;
        let snapshot = self.core.snapshot();
        let succession = snapshot.ledger.succession().ok_or_else(no_charter)?;
        let known = succession.polls().any(|(poll, _)| poll.hash() == statement.roster && poll.holds(&bytes));
        if !known {
            self.would_contradict(&snapshot, &statement)?;
        }
        if !known && !check {
            let papers = Papers { roster: statement.roster, proposal: proposal.encode(), statements: vec![bytes] };
            self.core.take_papers(papers).await?;
        }
        Ok(known)
    }

    /// A node that was restored from a backup may have forgotten what its member said in a ballot, and would contradict it.
    fn knows_what_it_said(&self, snapshot: &Snapshot) -> Result<(), ApiError> {
        self.restored(snapshot).map_or(Ok(()), |hindrance| Err(restored(&hindrance)))
    }

    /// What was drafted a while ago may not be said any more.
    fn would_contradict(&self, snapshot: &Snapshot, statement: &Statement) -> Result<(), ApiError> {
        let Some(succession) = snapshot.ledger.succession() else { return Err(no_charter()) };
        if Some(&statement.member) != self.member.as_ref() || statement.roster != succession.poll().hash() {
            return Ok(());
        }
        self.knows_what_it_said(snapshot)?;
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
