//! Ballots for tests: a founding, newcomers, and papers signed by whom one likes.

use alloc::{format, vec, vec::Vec};

use ed25519_dalek::SigningKey;
use serde_bytes::ByteBuf;

use super::super::{Change, Papers, Proposal, Statement, request, rules::Step};
use crate::{
    charter::Member,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Place,
    roster::{End, Roster},
    testing::Founding,
};

/// A newcomer's key, by a number.
pub(super) fn newcomer(number: u8) -> (Member, SigningKey) {
    let root = SigningKey::from_bytes(&[200 + number; 32]);
    let id = MemberId::parse(&format!("NEW-{number}")).expect("an id");
    let member = Member {
        name: format!("Newcomer {number}"),
        role: "mechanism".into(),
        root: (&root).into(),
        spare: None,
        governance: None,
        id,
    };
    (member, root)
}

/// The change that admits a newcomer.
pub(super) fn admission(network: &Hash, number: u8) -> Change {
    let (member, root) = newcomer(number);
    Change::Admit(ByteBuf::from(request::sign(network, &member, &root)))
}

pub(super) fn proposal(roster: &Roster, changes: Vec<Change>) -> Proposal {
    Proposal { roster: roster.hash(), changes }
}

/// A statement of the founder with this number.
pub(super) fn statement(
    founding: &Founding,
    proposal: &Proposal,
    founder: usize,
    (step, round, cites): (Step, u32, Option<u32>),
) -> Vec<u8> {
    let actor = &founding.actors[founder];
    let (member, roster, proposal) = (actor.id.clone(), proposal.roster, proposal.hash());
    Statement { step, cites, round, member, roster, proposal }.sign(&founding.network, &actor.root)
}

/// Papers with a statement of each of these founders.
pub(super) fn papers(
    founding: &Founding,
    proposal: &Proposal,
    founders: impl IntoIterator<Item = usize>,
    said: (Step, u32, Option<u32>),
) -> Papers {
    let statements = founders.into_iter().map(|founder| statement(founding, proposal, founder, said)).collect();
    Papers { roster: proposal.roster, proposal: proposal.encode(), statements }
}

/// Endorsements and ratifications of these founders in round 1.
pub(super) fn passing(founding: &Founding, proposal: &Proposal, founders: &[usize]) -> Vec<Papers> {
    [Step::Endorse, Step::Ratify]
        .map(|step| papers(founding, proposal, founders.iter().copied(), (step, 1, None)))
        .into()
}

/// The end of a founder's root log at a place.
pub(super) fn end(root: PublicKey, seq: u64) -> Vec<End> {
    vec![End { log: root, last: Some(Place { seq, hash: Hash::of(&seq.to_be_bytes()) }) }]
}
