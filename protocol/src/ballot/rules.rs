//! The rules of a ballot, on numbers alone: what counts of that which was said, what a voter may say next, and who contradicts
//! itself.
//!
//! All of it is a function of the set of statements, and grows with it: a further statement never takes anything away from what
//! counts. So nodes that hold the same set agree, in whatever order it came, and a result never reverts.
//!
//! ```text
//! round 1 ── more than a third have spoken ──> round 2 ── … ──> round r
//!   endorse P     one proposal a round
//!   ratify P      once a quorum has endorsed P in the same round; this locks the voter on P
//!   endorse P′    after a lock on P: only citing a round after the lock's and before this one, in which a quorum endorsed P′
//! a quorum of ratifications of P in one round: P is in force
//! ```
//!
//! This is Tendermint's locking rule (Buchman, Kwon, Milosevic: The latest gossip on BFT consensus, 2018) with people in place of
//! timers. With n voters and a quorum of q, two rivals can both be in force only if 2q − n voters contradict themselves: either
//! they ratified both in one round, or they ratified the one and later endorsed the other without the citation; or they said more
//! than anybody honest can.
//!
//! Of who says too much not everything is kept ([`poll`](super::poll)). So that nothing which counted is lost, it counts from then on as
//! if it had said all that can be said: endorsed and ratified every proposal that it may speak of, in every round. The rules
//! have to stand liars who do that in any case.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::voters::{Voter, Voters};
use crate::limits::{PROPOSALS_OF_VOTER_MAX, ROUNDS_MAX, STATEMENTS_OF_VOTER_MAX};

/// The number of a round, from 1.
pub type Round = u32;
/// The number of a proposal.
pub type Choice = u16;

/// The two steps of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// "I am for it in this round."
    Endorse,
    /// "A quorum is for it in this round, and I am bound by that."
    Ratify,
}

/// What a voter said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// In which round.
    pub round: Round,
    /// In which step.
    pub step: Step,
    /// Who.
    pub voter: Voter,
    /// For which proposal.
    pub choice: Choice,
    /// For an endorsement: the earlier round in which a quorum endorsed the same, by which its voter is free of a lock. A
    /// ratification stands on the endorsements of its own round.
    pub cites: Option<Round>,
}

impl Said {
    /// Does no honest voter say both of these?
    pub fn contradicts(&self, other: &Self) -> bool {
        if self.round <= other.round { contradict(self, other) } else { contradict(other, self) }
    }
}

/// Two statements of one voter that no honest voter makes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// The one.
    pub one: Said,
    /// The other.
    pub other: Said,
}

/// Why a voter may not say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// The round has not opened: too few have spoken in the one before.
    NotOpen,
    /// It has spoken in this later round.
    SpokenLater(Round),
    /// It has endorsed another proposal in this round.
    EndorsedAnother(Choice),
    /// It has ratified another proposal in this round.
    RatifiedAnother(Choice),
    /// It is bound by its ratification of another proposal in this round, and no quorum has endorsed this one since.
    Locked {
        /// The other proposal.
        choice: Choice,
        /// The round of the ratification.
        round: Round,
    },
    /// So many have endorsed the proposal in this round: fewer than a quorum.
    TooFew(usize),
    /// It would say more than is kept of a voter: too many statements, or of too many proposals.
    TooMuch,
}

/// What counts in one round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Votes {
    endorsed: BTreeMap<Choice, Voters>,
    ratified: BTreeMap<Choice, Voters>,
    spoke: Voters,
}

/// What counts of a set of statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    voters: usize,
    quorum: usize,
    /// How many endorsements what stands on them needs: a quorum, but in tests that show why.
    standing: usize,
    /// Who says too much, by the proposal of which it may speak.
    boundless: Vec<Voters>,
    /// All that was said, whether it counts or not.
    said: Vec<Said>,
    counted: Vec<Said>,
    /// The rounds that are open.
    rounds: Vec<Votes>,
}

impl Count {
    /// Counts what was said by an electorate of so many voters, of whom it takes a quorum. What stands on endorsements that are
    /// not there, or was said in a round that has not opened, waits: it counts once they are, once it has.
    pub fn new(voters: usize, quorum: usize, said: impl IntoIterator<Item = Said>) -> Self {
        Self::standing_on(quorum, voters, quorum, said)
    }

    /// The same, where some say too much: they are given by proposal.
    pub fn with_boundless(
        voters: usize,
        quorum: usize,
        said: impl IntoIterator<Item = Said>,
        boundless: Vec<Voters>,
    ) -> Self {
        Self { boundless, ..Self::nothing(quorum, voters, quorum) }.counting(said)
    }

    pub(super) fn standing_on(
        standing: usize,
        voters: usize,
        quorum: usize,
        said: impl IntoIterator<Item = Said>,
    ) -> Self {
        Self::nothing(standing, voters, quorum).counting(said)
    }

    fn nothing(standing: usize, voters: usize, quorum: usize) -> Self {
        let (boundless, said, counted, rounds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { voters, quorum, standing, boundless, said, counted, rounds }
    }

    fn counting(mut self, said: impl IntoIterator<Item = Said>) -> Self {
        let mut said: Vec<Said> = said.into_iter().filter(|said| usize::from(said.voter) < self.voters).collect();
        said.sort_unstable();
        said.dedup();
        let mut rest = said.as_slice();
        while self.next_is_open() {
            let round = self.open_round() + 1;
            self.rounds.push(Votes::default());
            let (these, later) = rest.split_at(rest.partition_point(|said| said.round <= round));
            these.iter().filter(|said| said.round == round).for_each(|said| self.take(said));
            rest = later;
        }
        self.said = said;
        self
    }

    /// Takes a statement of the highest round, if it counts. Endorsements come before ratifications, which stand on them.
    fn take(&mut self, said: &Said) {
        let counts = match (said.step, said.cites) {
            (Step::Endorse, None) => true,
            (Step::Endorse, Some(round)) => round < said.round && self.is_endorsed(round, said.choice),
            (Step::Ratify, None) => self.is_endorsed(said.round, said.choice),
            (Step::Ratify, Some(_)) => false,
        };
        if let Some(votes) = self.rounds.last_mut().filter(|_| counts) {
            let step = if said.step == Step::Endorse { &mut votes.endorsed } else { &mut votes.ratified };
            step.entry(said.choice).or_default().insert(said.voter);
            votes.spoke.insert(said.voter);
            self.counted.push(*said);
        }
    }

    fn is_endorsed(&self, round: Round, choice: Choice) -> bool {
        self.standing == 0 || self.endorsers(round, choice).len() >= self.standing
    }

    fn next_is_open(&self) -> bool {
        let last = self.open_round();
        last == 0 || (last < ROUNDS_MAX && self.spoke(last).len() * 3 > self.voters)
    }

    /// Who says too much, and may speak of a proposal.
    fn boundless_of(&self, choice: Choice) -> Voters {
        self.boundless.get(usize::from(choice)).copied().unwrap_or_default()
    }

    /// Who says more than anybody honest can.
    pub fn boundless(&self) -> Voters {
        self.boundless.iter().fold(Voters::default(), |all, some| all.union(some))
    }

    fn votes(&self, round: Round) -> Option<&Votes> {
        self.rounds.get(usize::try_from(round.checked_sub(1)?).ok()?)
    }

    /// The highest round that is open.
    pub fn open_round(&self) -> Round {
        Round::try_from(self.rounds.len()).unwrap_or(Round::MAX)
    }

    /// Who has endorsed a proposal in a round.
    pub fn endorsers(&self, round: Round, choice: Choice) -> Voters {
        let Some(votes) = self.votes(round) else { return Voters::default() };
        votes.endorsed.get(&choice).copied().unwrap_or_default().union(&self.boundless_of(choice))
    }

    /// Who has ratified a proposal in a round.
    pub fn ratifiers(&self, round: Round, choice: Choice) -> Voters {
        let Some(votes) = self.votes(round) else { return Voters::default() };
        let boundless = if self.is_endorsed(round, choice) { self.boundless_of(choice) } else { Voters::default() };
        votes.ratified.get(&choice).copied().unwrap_or_default().union(&boundless)
    }

    /// Who has said anything in a round.
    pub fn spoke(&self, round: Round) -> Voters {
        self.votes(round).map(|votes| votes.spoke.union(&self.boundless())).unwrap_or_default()
    }

    /// The proposals in force, each with the first round in which a quorum ratified it. More than one: too many voters
    /// contradict themselves.
    pub fn in_force(&self) -> BTreeMap<Choice, Round> {
        let mut in_force = BTreeMap::new();
        for (round, votes) in (1..).zip(&self.rounds) {
            for choice in votes.ratified.keys().filter(|choice| self.ratifiers(round, **choice).len() >= self.quorum) {
                in_force.entry(*choice).or_insert(round);
            }
        }
        in_force
    }

    /// Can a round that is open still bring a proposal into force, if those who have not endorsed anything in it all endorse the
    /// same?
    pub fn can_succeed(&self, round: Round) -> bool {
        let Some(votes) = self.votes(round) else { return false };
        let free = self.boundless();
        let bound = |voters: &Voters| voters.iter().filter(|voter| !free.contains(*voter)).count();
        let most = votes.endorsed.values().map(bound).max().unwrap_or(0);
        let endorsed = votes.endorsed.values().fold(Voters::default(), |all, some| all.union(some));
        most + (self.voters - bound(&endorsed)) >= self.quorum
    }

    /// By what a voter is bound: its ratification in the highest round.
    pub fn lock(&self, voter: Voter) -> Option<(Choice, Round)> {
        let own = self.said.iter().filter(|said| said.voter == voter && said.step == Step::Ratify);
        own.map(|said| (said.choice, said.round)).max_by_key(|(_, round)| *round)
    }

    /// The latest round before this one in which a quorum endorsed a proposal.
    pub fn quorum_before(&self, round: Round, choice: Choice) -> Option<Round> {
        let mut rounds = (1..round.min(self.open_round().saturating_add(1))).rev();
        rounds.find(|round| self.endorsers(*round, choice).len() >= self.quorum)
    }

    /// The statement by which a voter endorses a proposal in a round, with the round that it has to cite.
    ///
    /// # Errors
    /// All that speaks against it, judged by everything that this voter has said, whether it counts yet or not.
    pub fn endorse(&self, voter: Voter, round: Round, choice: Choice) -> Result<Said, Vec<Objection>> {
        let mut objections = self.objections(voter, round, choice);
        let mut cites = None;
        for own in self.said.iter().filter(|said| said.voter == voter && said.choice != choice) {
            match own.step {
                Step::Endorse if own.round == round => objections.push(Objection::EndorsedAnother(own.choice)),
                Step::Ratify if own.round < round => {
                    cites = self.quorum_before(round, choice);
                    if cites.is_none_or(|cited| cited <= own.round) {
                        objections.push(Objection::Locked { choice: own.choice, round: own.round });
                    }
                }
                _ => {}
            }
        }
        let said = Said { round, step: Step::Endorse, voter, choice, cites };
        if objections.is_empty() { Ok(said) } else { Err(objections) }
    }

    /// The statement by which a voter ratifies a proposal in a round.
    ///
    /// # Errors
    /// All that speaks against it.
    pub fn ratify(&self, voter: Voter, round: Round, choice: Choice) -> Result<Said, Vec<Objection>> {
        let mut objections = self.objections(voter, round, choice);
        let endorsers = self.endorsers(round, choice);
        if endorsers.len() < self.quorum {
            objections.push(Objection::TooFew(endorsers.len()));
        }
        let others = self.said.iter().filter(|said| said.voter == voter && said.choice != choice);
        let ratified = others.filter(|said| said.step == Step::Ratify && said.round == round);
        objections.extend(ratified.map(|said| Objection::RatifiedAnother(said.choice)));
        let said = Said { round, step: Step::Ratify, voter, choice, cites: None };
        if objections.is_empty() { Ok(said) } else { Err(objections) }
    }

    fn objections(&self, voter: Voter, round: Round, choice: Choice) -> Vec<Objection> {
        let mut objections = Vec::new();
        if self.votes(round).is_none() {
            objections.push(Objection::NotOpen);
        }
        let highest = self.said.iter().filter(|said| said.voter == voter).map(|said| said.round).max();
        objections.extend(highest.filter(|highest| *highest > round).map(Objection::SpokenLater));
        let own = || self.said.iter().filter(|said| said.voter == voter);
        let mut choices: BTreeSet<Choice> = own().map(|said| said.choice).collect();
        choices.insert(choice);
        if own().count() >= STATEMENTS_OF_VOTER_MAX || choices.len() > PROPOSALS_OF_VOTER_MAX {
            objections.push(Objection::TooMuch);
        }
        objections
    }

    /// Who contradicts itself, by what. Only what counts is held against anybody.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let mut by_voter: BTreeMap<Voter, Vec<&Said>> = BTreeMap::new();
        for said in &self.counted {
            by_voter.entry(said.voter).or_default().push(said);
        }
        let mut found = Vec::new();
        for own in by_voter.values() {
            for (index, one) in own.iter().enumerate() {
                let others = own.iter().skip(index + 1).filter(|other| contradict(one, other));
                found.extend(others.map(|other| Contradiction { one: **one, other: **other }));
            }
        }
        found
    }
}

/// Does no honest voter say both? `one` is of no later round.
fn contradict(one: &Said, other: &Said) -> bool {
    if one.choice == other.choice {
        return false;
    }
    let freed = other.cites.is_some_and(|cited| one.round < cited);
    match (one.step, other.step) {
        (Step::Endorse, Step::Endorse) | (Step::Ratify, Step::Ratify) if one.round == other.round => true,
        (Step::Ratify, Step::Endorse) => one.round < other.round && !freed,
        _ => false,
    }
}
