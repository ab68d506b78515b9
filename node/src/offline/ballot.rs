//! The act of saying something in a ballot.
//!
//! ```text
//! vote = {roster: bytes, proposal: bytes, statement: bytes}
//! ```
//!
//! | field | content |
//! | --- | --- |
//! | `roster` | the list of members that the proposal would change: the statement names its hash |
//! | `proposal` | what is proposed: the statement names its hash |
//! | `statement` | the payload that is to be signed |
//!
//! The root key of the member signs, or its governance key where the proposal is an ordinary one. A roster that somebody made up has
//! another hash than any that is in force: what names it is said of nothing.

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    ballot::{Proposal, Signer, Statement, rules::Step},
    cbor,
    envelope::{Envelope, Purpose},
    hash::Hash,
    key::PublicKey,
    limits,
    roster::Roster,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    check::{Signature, content, only, seal},
    journal::Note,
    request::{FILE_MAX, RequestError},
};
use crate::governance;

/// What a member is to say in a ballot. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoteAct {
    pub(crate) roster: ByteBuf,
    pub(crate) proposal: ByteBuf,
    pub(crate) statement: ByteBuf,
}

/// A vote whose parts fit together.
#[derive(Debug, Clone)]
pub(crate) struct CheckedVote {
    pub(crate) roster: Roster,
    pub(crate) proposal: Proposal,
    pub(crate) statement: Statement,
    pub(crate) root: PublicKey,
    pub(crate) governance: Option<PublicKey>,
    /// May the governance key sign it?
    pub(crate) ordinary: bool,
    /// The statement, once it is signed, and by which key.
    pub(crate) signed: Option<(Vec<u8>, Signer)>,
    payload: Vec<u8>,
}

impl VoteAct {
    /// What is to be signed about a proposal.
    pub(crate) fn new(roster: &Roster, proposal: &Proposal, statement: &Statement) -> Self {
        Self {
            roster: ByteBuf::from(cbor::encode(roster)),
            proposal: ByteBuf::from(proposal.encode()),
            statement: ByteBuf::from(cbor::encode(statement)),
        }
    }

    pub(super) fn is_bounded(&self) -> bool {
        self.roster.len() <= FILE_MAX
            && self.proposal.len() <= limits::PROPOSAL_MAX
            && self.statement.len() <= limits::STATEMENT_MAX
    }
}

impl CheckedVote {
    pub(super) fn of(act: &VoteAct, network: &Hash, signed: Option<&[&[u8]]>) -> Result<Self, RequestError> {
        let because = RequestError::because;
        let roster: Roster = cbor::decode_exact(&act.roster).map_err(|error| because("the list of members")(&error))?;
        roster.check().map_err(|error| because("the list of members")(&error))?;
        let proposal = Proposal::decode(&act.proposal).map_err(|error| because("the proposal")(&error))?;
        let statement = Statement::read(&act.statement).map_err(|error| because("the statement")(&error))?;
        if roster.network != *network {
            return Err(content("the list of members is that of another network than the charter's"));
        }
        if statement.roster != roster.hash() || statement.proposal != proposal.hash() {
            return Err(content(
                "the statement is about another list of members or another proposal than the file has",
            ));
        }
        proposal.apply(&roster).map_err(|error| because("the proposal")(&error))?;
        let line = roster.voters().find(|voter| voter.id == statement.member);
        let line = line.ok_or_else(|| content("the member of the statement has no vote"))?;
        let ordinary = proposal.is_ordinary(&roster);
        let signed = signed.map(|signed| {
            let bytes = only(signed)?;
            let envelope =
                Envelope::open(bytes, limits::STATEMENT_MAX).map_err(|error| because("the signature")(&error))?;
            if envelope.payload != act.statement.as_slice() {
                return Err(content("what is signed is another statement than the one in the file"));
            }
            let signer = Statement::signer(bytes, network, line).map_err(|error| because("the signature")(&error))?;
            match signer {
                Signer::Governance if !ordinary => Err(content("a governance key cannot speak of this proposal")),
                signer => Ok((bytes.to_vec(), signer)),
            }
        });
        let (root, governance) = (line.root, line.governance);
        let (signed, payload) = (signed.transpose()?, act.statement.to_vec());
        Ok(Self { root, governance, ordinary, signed, payload, proposal, statement, roster })
    }

    pub(super) fn sign(&self, network: &Hash, key: &SigningKey) -> Signature {
        let note = Note::Vote(Box::new(self.statement.clone()));
        Signature { bytes: seal(Purpose::Ballot, network, key, &self.payload), note: Some(note) }
    }

    /// What is said, in words.
    pub(super) fn words(&self) -> Vec<String> {
        let Self { roster, proposal, statement, .. } = self;
        let verb = if statement.step == Step::Endorse { "endorses" } else { "ratifies" };
        let mut lines = vec![format!(
            "{} {verb} {} in round {}, about roster {} with {} voters; it takes {}:",
            statement.member,
            statement.proposal.short(),
            statement.round,
            roster.version,
            roster.voters().count(),
            roster.quorum()
        )];
        lines.extend(governance::changes(proposal, roster).into_iter().map(|line| format!("  {line}")));
        lines.push(match statement.step {
            Step::Endorse => "an endorsement binds in this round alone".to_owned(),
            Step::Ratify => format!(
                "a ratification binds: another proposal you may endorse only after {} members have endorsed that one in a later round",
                roster.quorum()
            ),
        });
        lines
    }

    /// What cannot be known from the file alone.
    pub(super) fn unchecked(&self) -> Vec<String> {
        vec![
            format!(
                "whether roster {}, which it is about, is the one in force: its hash is {}",
                self.roster.version,
                self.roster.hash()
            ),
            "whether you have said something else meanwhile, on another machine or with another key".into(),
        ]
    }
}
