//! A poll: what is held of that which was said about what follows one roster.
//!
//! It is a set, and grows as a set: two nodes that exchange what they hold hold the same afterwards, in whatever order it came. So
//! that nobody can make it large, of each voter only so many statements are kept, those of the lowest rounds first. An honest
//! voter never says more; of another it does not matter which are kept, since a roster in force stays in force
//! ([`succession`](super::succession)).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use super::{
    Proposal, ProposalError, Signer, Statement, StatementError, Voter,
    rules::{Choice, Count, Objection, Round, Said, Step},
};
use crate::{hash::Hash, key::MemberId, limits, roster::Roster};

/// What travels of a poll: a proposal, and statements about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Papers {
    /// Hash of the roster that is to change.
    pub roster: Hash,
    /// The proposal.
    pub proposal: Vec<u8>,
    /// Signed statements about it.
    pub statements: Vec<Vec<u8>>,
}

/// Why papers were not taken in. Nothing of them was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PapersError {
    /// About a roster that is not known here; perhaps it is not known yet.
    #[error("they are about a roster that is not known here")]
    UnknownRoster,
    /// No statement, or too many.
    #[error("they hold no statement, or more than {} together", limits::PAPERS_STATEMENTS_MAX)]
    Number,
    /// The proposal makes no sense for its roster.
    #[error(transparent)]
    Proposal(#[from] ProposalError),
    /// A statement is none.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// A statement about something else.
    #[error("a statement is about another roster or proposal")]
    OtherSubject,
    /// A statement by somebody who has no vote.
    #[error("{0} has no vote")]
    NoVote(MemberId),
}

impl PapersError {
    /// Could the sender have known better? All follows from the roster, which its hash names.
    pub fn blames_peer(&self) -> bool {
        !matches!(self, Self::UnknownRoster)
    }
}

/// The first bytes of a statement's hash: enough to say what is held.
pub type ShortId = u64;

/// What a statement says, in the order in which statements are kept.
type Subject = (Round, Step, Hash, Option<Round>);

/// A signed statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cast {
    signer: Signer,
    bytes: Vec<u8>,
}

/// A proposal that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Motion {
    /// What is proposed.
    pub proposal: Proposal,
    /// The roster that it makes.
    pub roster: Arc<Roster>,
    /// May governance keys speak of it?
    pub is_ordinary: bool,
}

/// What is held about what follows one roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    roster: Arc<Roster>,
    hash: Hash,
    voters: Vec<MemberId>,
    motions: BTreeMap<Hash, Motion>,
    cast: BTreeMap<MemberId, BTreeMap<Subject, Cast>>,
    digest: Hash,
}

/// A poll counted. Proposals have numbers in the order of their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What counts.
    pub count: Count,
    /// The voters, by number.
    pub voters: Vec<MemberId>,
    /// The proposals, by number.
    pub proposals: Vec<Hash>,
}

impl Poll {
    /// A poll in which nobody has said anything.
    pub fn new(roster: Arc<Roster>) -> Self {
        let voters = roster.voters().map(|member| member.id.clone()).collect();
        let hash = roster.hash();
        let (motions, cast, digest) = (BTreeMap::new(), BTreeMap::new(), Hash::default());
        let mut poll = Self { hash, voters, roster, motions, cast, digest };
        poll.digest = poll.digest_anew();
        poll
    }

    /// The roster.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Hash of the roster.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The proposals of which anybody speaks, by hash.
    pub fn motions(&self) -> &BTreeMap<Hash, Motion> {
        &self.motions
    }

    /// Takes papers in. Returns whether any of them was new and is kept.
    ///
    /// # Errors
    /// If anything is wrong with any of them.
    pub fn take(&mut self, papers: &Papers) -> Result<bool, PapersError> {
        if papers.roster != self.hash {
            return Err(PapersError::UnknownRoster);
        }
        if papers.statements.is_empty() || papers.statements.len() > limits::PAPERS_STATEMENTS_MAX {
            return Err(PapersError::Number);
        }
        let subject = Hash::of(&papers.proposal);
        let motion = match self.motions.get(&subject) {
            Some(motion) => motion.clone(),
            None => self.motion(&papers.proposal)?,
        };
        let mut new = Vec::new();
        for bytes in &papers.statements {
            let statement = Statement::decode(bytes)?;
            if statement.roster != self.hash || statement.proposal != subject {
                return Err(PapersError::OtherSubject);
            }
            let said = (statement.round, statement.step, subject, statement.cites);
            let held = self.cast.get(&statement.member).and_then(|cast| cast.get(&said));
            if held.is_some_and(|held| held.bytes == *bytes) {
                continue;
            }
            let signer = self.signer(&statement, bytes)?;
            new.push((statement.member, said, Cast { signer, bytes: bytes.clone() }));
        }
        let mut changed = false;
        self.motions.insert(subject, motion);
        for (member, said, cast) in new {
            let all = self.cast.entry(member).or_default();
            if all.get(&said).is_none_or(|held| cast < *held) {
                let bytes = cast.bytes.clone();
                all.insert(said, cast);
                trim(all);
                changed |= all.get(&said).is_some_and(|kept| kept.bytes == bytes);
            }
        }
        self.forget_unspoken();
        self.digest = self.digest_anew();
        Ok(changed)
    }

    /// Is this very statement held?
    pub fn holds(&self, bytes: &[u8]) -> bool {
        self.statements().any(|(_, held)| held == bytes)
    }

    /// With which of its keys a voter signed a statement.
    ///
    /// # Errors
    /// If it has no vote, or did not sign it.
    pub fn signer(&self, statement: &Statement, bytes: &[u8]) -> Result<Signer, PapersError> {
        let member = self.roster.member(&statement.member).filter(|member| self.voter(&member.id).is_some());
        let member = member.ok_or_else(|| PapersError::NoVote(statement.member.clone()))?;
        Ok(Statement::signer(bytes, &self.roster.network, member)?)
    }

    /// Would a statement contradict another one by the same voter, or be made in a round below one that it has spoken in?
    pub fn would_contradict(&self, statement: &Statement) -> bool {
        let Some(voter) = self.voter(&statement.member) else { return false };
        let tally = self.tally();
        let new = Choice::try_from(tally.proposals.len()).unwrap_or(Choice::MAX);
        let choice = tally.choice(&statement.proposal).unwrap_or(new);
        let objections = match statement.step {
            Step::Endorse => tally.count.endorse(voter, statement.round, choice).err(),
            Step::Ratify => tally.count.ratify(voter, statement.round, choice).err(),
        };
        let own = |objection: &Objection| !matches!(objection, Objection::NotOpen | Objection::TooFew(_));
        objections.is_some_and(|objections| objections.iter().any(own))
    }

    fn motion(&self, bytes: &[u8]) -> Result<Motion, PapersError> {
        let proposal = Proposal::decode(bytes)?;
        let roster = Arc::new(proposal.apply(&self.roster)?);
        let is_ordinary = proposal.is_ordinary(&self.roster);
        Ok(Motion { proposal, roster, is_ordinary })
    }

    /// Forgets proposals of which nobody speaks any more.
    fn forget_unspoken(&mut self) {
        let spoken: BTreeSet<Hash> = self.cast.values().flat_map(BTreeMap::keys).map(|(_, _, hash, _)| *hash).collect();
        self.motions.retain(|hash, _| spoken.contains(hash));
        self.cast.retain(|_, all| !all.is_empty());
    }

    /// The number of a voter.
    pub fn voter(&self, member: &MemberId) -> Option<Voter> {
        let index = self.voters.binary_search(member).ok()?;
        Voter::try_from(index).ok()
    }

    /// Counts what is held.
    pub fn tally(&self) -> Tally {
        let proposals: Vec<Hash> = self.motions.keys().copied().collect();
        let mut said = Vec::new();
        for (member, all) in &self.cast {
            let Some(voter) = self.voter(member) else { continue };
            for ((round, step, proposal, cites), cast) in all {
                let Some(motion) = self.motions.get(proposal) else { continue };
                let Some(choice) = number(&proposals, proposal) else { continue };
                if cast.signer == Signer::Root || motion.is_ordinary {
                    said.push(Said { round: *round, step: *step, voter, choice, cites: *cites });
                }
            }
        }
        let count = Count::new(self.voters.len(), self.roster.quorum(), said);
        Tally { count, voters: self.voters.clone(), proposals }
    }

    /// The proposals in force, each with the round in which it came into force. More than one: too many contradict themselves.
    pub fn in_force(&self) -> BTreeMap<Hash, Round> {
        let tally = self.tally();
        let in_force = tally.count.in_force();
        in_force.into_iter().filter_map(|(choice, round)| Some((tally.proposal(choice)?, round))).collect()
    }

    /// Names of all statements held, sorted.
    pub fn ids(&self) -> BTreeSet<ShortId> {
        self.statements().map(|(_, bytes)| short_id(bytes)).collect()
    }

    /// The digest of all that is held.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    fn digest_anew(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.hash.as_bytes());
        for (_, bytes) in self.statements() {
            hasher.update(Hash::of(bytes).as_bytes());
        }
        Hash::from_bytes(*hasher.finalize().as_bytes())
    }

    /// The statements held, by voter, each with the hash of its proposal.
    pub fn statements(&self) -> impl Iterator<Item = (Hash, &[u8])> {
        let all = self.cast.values().flatten();
        all.map(|((_, _, proposal, _), cast)| (*proposal, cast.bytes.as_slice()))
    }

    /// What is held about one proposal, without the statements that are named, in as many parts as they take.
    pub fn papers(&self, proposal: &Hash, without: &BTreeSet<ShortId>) -> Vec<Papers> {
        let Some(motion) = self.motions.get(proposal) else { return Vec::new() };
        let about = self.statements().filter(|(subject, _)| subject == proposal).map(|(_, bytes)| bytes);
        let lacking: Vec<Vec<u8>> =
            about.filter(|bytes| !without.contains(&short_id(bytes))).map(<[u8]>::to_vec).collect();
        let parts = lacking.chunks(limits::PAPERS_STATEMENTS_MAX);
        let part = |statements: &[Vec<u8>]| Papers {
            roster: self.hash,
            proposal: motion.proposal.encode(),
            statements: statements.to_vec(),
        };
        parts.map(part).collect()
    }
}

impl Tally {
    /// The hash of a proposal by its number.
    pub fn proposal(&self, choice: Choice) -> Option<Hash> {
        self.proposals.get(usize::from(choice)).copied()
    }

    /// The number of a proposal.
    pub fn choice(&self, proposal: &Hash) -> Option<Choice> {
        number(&self.proposals, proposal)
    }

    /// The id of a voter by its number.
    pub fn voter(&self, voter: Voter) -> Option<&MemberId> {
        self.voters.get(usize::from(voter))
    }
}

fn number(proposals: &[Hash], proposal: &Hash) -> Option<Choice> {
    Choice::try_from(proposals.binary_search(proposal).ok()?).ok()
}

/// Keeps the first statements of a voter, up to the first that speaks of one proposal too many. Whatever is dropped lies above what
/// shows that it has to be: so what is kept of two sets makes what is kept of both together, in any order.
fn trim(all: &mut BTreeMap<Subject, Cast>) {
    let mut subjects = BTreeSet::new();
    let mut number = 0;
    all.retain(|(_, _, proposal, _), _| {
        let kept = number < limits::STATEMENTS_OF_VOTER_MAX && subjects.len() <= limits::PROPOSALS_OF_VOTER_MAX;
        if kept {
            subjects.insert(*proposal);
            number += 1;
        }
        kept
    });
}

/// The name of a statement in what is said to be held.
pub fn short_id(bytes: &[u8]) -> ShortId {
    let hash = Hash::of(bytes);
    hash.as_bytes().first_chunk().map_or(0, |first| ShortId::from_be_bytes(*first))
}
