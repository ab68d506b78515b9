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
//! they ratified both in one round, or they ratified the one and later endorsed the other without the citation.

use alloc::{collections::BTreeMap, vec::Vec};

use super::voters::{Voter, Voters};

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

    pub(super) fn standing_on(
        standing: usize,
        voters: usize,
        quorum: usize,
        said: impl IntoIterator<Item = Said>,
    ) -> Self {
        let mut said: Vec<Said> = said.into_iter().filter(|said| usize::from(said.voter) < voters).collect();
        said.sort_unstable();
        said.dedup();
        let mut count = Self { voters, quorum, standing, said: Vec::new(), counted: Vec::new(), rounds: Vec::new() };
        let mut rest = said.as_slice();
        while count.next_is_open() {
            let round = count.open_round() + 1;
            count.rounds.push(Votes::default());
            let (these, later) = rest.split_at(rest.partition_point(|said| said.round <= round));
            rest = later;
            these.iter().filter(|said| said.round == round).for_each(|said| count.take(said));
            if rest.is_empty() {
                break;
            }
        }
        if count.next_is_open() {
            count.rounds.push(Votes::default());
        }
        count.said = said;
        count
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
        self.endorsers(round, choice).len() >= self.standing
    }

    fn next_is_open(&self) -> bool {
        self.rounds.last().is_none_or(|votes| votes.spoke.len() * 3 > self.voters)
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
        self.votes(round).and_then(|votes| votes.endorsed.get(&choice)).copied().unwrap_or_default()
    }

    /// Who has ratified a proposal in a round.
    pub fn ratifiers(&self, round: Round, choice: Choice) -> Voters {
        self.votes(round).and_then(|votes| votes.ratified.get(&choice)).copied().unwrap_or_default()
    }

    /// Who has said anything in a round.
    pub fn spoke(&self, round: Round) -> Voters {
        self.votes(round).map(|votes| votes.spoke).unwrap_or_default()
    }

    /// The proposals in force, each with the first round in which a quorum ratified it. More than one: too many voters
    /// contradict themselves.
    pub fn in_force(&self) -> BTreeMap<Choice, Round> {
        let mut in_force = BTreeMap::new();
        for (round, votes) in (1..).zip(&self.rounds) {
            for (choice, _) in votes.ratified.iter().filter(|(_, voters)| voters.len() >= self.quorum) {
                in_force.entry(*choice).or_insert(round);
            }
        }
        in_force
    }

    /// Can a round that is open still bring a proposal into force, if those who have not endorsed anything in it all endorse the
    /// same?
    pub fn can_succeed(&self, round: Round) -> bool {
        let Some(votes) = self.votes(round) else { return false };
        let most = votes.endorsed.values().map(Voters::len).max().unwrap_or(0);
        let endorsed = (0..self.voters)
            .filter_map(|voter| Voter::try_from(voter).ok())
            .filter(|voter| votes.endorsed.values().any(|voters| voters.contains(*voter)));
        most + (self.voters - endorsed.count()) >= self.quorum
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
        let mut objections = self.objections(voter, round);
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
        let mut objections = self.objections(voter, round);
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

    fn objections(&self, voter: Voter, round: Round) -> Vec<Objection> {
        let mut objections = Vec::new();
        if self.votes(round).is_none() {
            objections.push(Objection::NotOpen);
        }
        let highest = self.said.iter().filter(|said| said.voter == voter).map(|said| said.round).max();
        objections.extend(highest.filter(|highest| *highest > round).map(Objection::SpokenLater));
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
