//! A poll: what is held of that which was said about what follows one roster.
//!
//! It is a set, and grows as a set: two nodes that exchange what they hold hold the same afterwards, in whatever order it came. So
//! that nobody can make it large, of each key of a voter only so many statements are kept, those of the lowest rounds first, and one
//! more, which shows that it says too much. An honest voter never does; another counts as if it had said everything
//! ([`rules`](super::rules)), so that it does not matter what of it is dropped.
//!
//! What follows from the set (its digest, what counts of it, what is in force) is derived once, whenever the set has changed, and never
//! when it is asked for.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use super::{
    Proposal, ProposalError, Signer, Statement, StatementError, Voter, Voters,
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

/// The statements of one key of a voter, by what they say.
type Cast = BTreeMap<Subject, Kept>;

/// A statement that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    bytes: Vec<u8>,
    hash: Hash,
}

/// What is new in papers that are sound: nothing has been taken in yet.
#[derive(Debug)]
pub(super) struct News {
    subject: Hash,
    /// The proposal, unless it is spoken of already.
    motion: Option<Motion>,
    statements: Vec<((MemberId, Signer), Subject, Kept)>,
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
    cast: BTreeMap<(MemberId, Signer), Cast>,
    /// All that follows is derived from what stands above.
    digest: Hash,
    tally: Tally,
    in_force: BTreeMap<Hash, Round>,
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
        let voters: Vec<MemberId> = roster.voters().map(|member| member.id.clone()).collect();
        let (hash, tally) = (roster.hash(), Tally::of_nothing(&voters, roster.quorum()));
        let (motions, cast, in_force) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut poll = Self { roster, hash, voters, motions, cast, digest: Hash::default(), tally, in_force };
        poll.derive();
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
        let news = self.examine(papers)?;
        Ok(news.is_some_and(|news| self.add(news)))
    }

    /// Looks papers through. There is nothing to add if all of them are held.
    ///
    /// # Errors
    /// If anything is wrong with any of them.
    pub(super) fn examine(&self, papers: &Papers) -> Result<Option<News>, PapersError> {
        if papers.roster != self.hash {
            return Err(PapersError::UnknownRoster);
        }
        if papers.statements.is_empty() || papers.statements.len() > limits::PAPERS_STATEMENTS_MAX {
            return Err(PapersError::Number);
        }
        let subject = Hash::of(&papers.proposal);
        let known = self.motions.contains_key(&subject);
        let motion = if known { None } else { Some(self.motion(&papers.proposal)?) };
        let mut statements = Vec::new();
        for bytes in &papers.statements {
            let statement = Statement::decode(bytes)?;
            if statement.roster != self.hash || statement.proposal != subject {
                return Err(PapersError::OtherSubject);
            }
            if self.holds_as(&statement, bytes) {
                continue;
            }
            let signer = self.signer(&statement, bytes)?;
            let kept = Kept { bytes: bytes.clone(), hash: Hash::of(bytes) };
            statements.push(((statement.member.clone(), signer), subject_of(&statement), kept));
        }
        Ok((!statements.is_empty()).then_some(News { subject, motion, statements }))
    }

    /// Adds what is new. Returns whether anything of it is kept.
    pub(super) fn add(&mut self, news: News) -> bool {
        let mut changed = false;
        for (key, said, new) in news.statements {
            let cast = self.cast.entry(key).or_default();
            if cast.get(&said).is_none_or(|held| new.bytes < held.bytes) {
                cast.insert(said, new);
                trim(cast);
                changed |= cast.contains_key(&said);
            }
        }
        if changed {
            self.motions.extend(news.motion.map(|motion| (news.subject, motion)));
            self.forget_unspoken();
            self.derive();
        }
        changed
    }

    /// Derives what follows from the set.
    fn derive(&mut self) {
        self.digest = self.digest_anew();
        self.tally = self.tally_anew();
        let in_force = self.tally.count.in_force().into_iter();
        self.in_force = in_force.filter_map(|(choice, round)| Some((self.tally.proposal(choice)?, round))).collect();
    }

    /// Is this very statement held?
    pub fn holds(&self, bytes: &[u8]) -> bool {
        Statement::decode(bytes).is_ok_and(|statement| self.holds_as(&statement, bytes))
    }

    fn holds_as(&self, statement: &Statement, bytes: &[u8]) -> bool {
        let said = subject_of(statement);
        let held = |signer| self.cast.get(&(statement.member.clone(), signer)).and_then(|cast| cast.get(&said));
        statement.roster == self.hash
            && [Signer::Root, Signer::Governance].into_iter().filter_map(held).any(|held| held.bytes == bytes)
    }

    /// Is a statement of a voter held that says this of a proposal, signed with such a key of its?
    pub fn said_with(&self, member: &MemberId, with: Signer, (round, step, proposal): (Round, Step, &Hash)) -> bool {
        let cast = self.cast.get(&(member.clone(), with));
        let said = |subject: &Subject| (subject.0, subject.1, &subject.2) == (round, step, proposal);
        cast.is_some_and(|cast| cast.keys().any(said))
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
        let tally = &self.tally;
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
    }

    /// The number of a voter.
    pub fn voter(&self, member: &MemberId) -> Option<Voter> {
        let index = self.voters.binary_search(member).ok()?;
        Voter::try_from(index).ok()
    }

    /// What counts of that which is held.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    fn tally_anew(&self) -> Tally {
        let proposals: Vec<Hash> = self.motions.keys().copied().collect();
        let mut said = Vec::new();
        let mut boundless = alloc::vec![Voters::default(); proposals.len()];
        for ((member, signer), cast) in &self.cast {
            let Some(voter) = self.voter(member) else { continue };
            let speaks_of = |motion: &Motion| *signer == Signer::Root || motion.is_ordinary;
            for (round, step, proposal, cites) in cast.keys().copied() {
                let Some(choice) = number(&proposals, &proposal) else { continue };
                if self.motions.get(&proposal).is_some_and(speaks_of) {
                    said.push(Said { round, step, voter, choice, cites });
                }
            }
            if says_too_much(cast) {
                let spoken_of = boundless.iter_mut().zip(self.motions.values()).filter(|(_, motion)| speaks_of(motion));
                spoken_of.for_each(|(voters, _)| voters.insert(voter));
            }
        }
        let count = Count::with_boundless(self.voters.len(), self.roster.quorum(), said, boundless);
        Tally { count, voters: self.voters.clone(), proposals }
    }

    /// The proposals in force, each with the round in which it came into force. More than one: too many contradict themselves.
    pub fn in_force(&self) -> &BTreeMap<Hash, Round> {
        &self.in_force
    }

    /// Names of all statements held, sorted.
    pub fn ids(&self) -> BTreeSet<ShortId> {
        self.cast.values().flatten().map(|(_, kept)| short_hash(&kept.hash)).collect()
    }

    /// The digest of all that is held.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    fn digest_anew(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.hash.as_bytes());
        for kept in self.cast.values().flat_map(BTreeMap::values) {
            hasher.update(kept.hash.as_bytes());
        }
        Hash::from_bytes(*hasher.finalize().as_bytes())
    }

    /// The statements held, by voter and key, each with the hash of its proposal.
    pub fn statements(&self) -> impl Iterator<Item = (Hash, &[u8])> {
        let all = self.cast.values().flatten();
        all.map(|((_, _, proposal, _), kept)| (*proposal, kept.bytes.as_slice()))
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
    fn of_nothing(voters: &[MemberId], quorum: usize) -> Self {
        Self { count: Count::new(voters.len(), quorum, []), voters: voters.to_vec(), proposals: Vec::new() }
    }

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

/// Keeps the first statements, up to the one that shows that they are too many, or about too many proposals. So what is kept of two
/// sets makes what is kept of both together, in any order.
fn trim(cast: &mut Cast) {
    let mut subjects = BTreeSet::new();
    let mut number = 0;
    cast.retain(|(_, _, proposal, _), _| {
        let kept = number <= limits::STATEMENTS_OF_VOTER_MAX && subjects.len() <= limits::PROPOSALS_OF_VOTER_MAX;
        if kept {
            subjects.insert(*proposal);
            number += 1;
        }
        kept
    });
}

/// Do these statements of one key show that it says more than anybody honest can?
fn says_too_much(cast: &Cast) -> bool {
    let subjects: BTreeSet<&Hash> = cast.keys().map(|(_, _, proposal, _)| proposal).collect();
    cast.len() > limits::STATEMENTS_OF_VOTER_MAX || subjects.len() > limits::PROPOSALS_OF_VOTER_MAX
}

/// What a statement says.
fn subject_of(statement: &Statement) -> Subject {
    (statement.round, statement.step, statement.proposal, statement.cites)
}

/// The name of a statement in what is said to be held.
pub fn short_id(bytes: &[u8]) -> ShortId {
    short_hash(&Hash::of(bytes))
}

fn short_hash(hash: &Hash) -> ShortId {
    hash.as_bytes().first_chunk().map_or(0, |first| ShortId::from_be_bytes(*first))
}
