//! Every set of statements that small networks can come to, one honest statement after the other, with liars who say all that can be
//! said: no two rivals are ever in force, nobody honest is ever named, and there is always a way forward. And that each clause of
//! the rules is needed: without it, one of these fails.

use alloc::{collections::BTreeSet, vec::Vec};

use super::super::{
    Voter, Voters,
    rules::{Choice, Count, Objection, Round, Said, Step},
};

const CHOICES: [Choice; 2] = [0, 1];

/// What one voter has said: four bits a round, endorsed 0, endorsed 1, ratified 0, ratified 1.
type Record = u32;

/// What all honest voters have said, sorted, since it does not matter who is who.
type State = Vec<Record>;

/// A clause of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    /// Nothing is said in a round below the highest spoken in.
    NoWayBack,
    /// One endorsement a round.
    OneEndorsement,
    /// A ratification stands on a quorum of endorsements.
    Endorsed,
    /// A ratification binds.
    Lock,
    /// Another round opens when more than a third have spoken.
    NextRound,
}

/// How those who are not honest behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Liars {
    /// They say everything that can be said.
    SayAll,
    /// They say so much that they are counted for everything.
    SayTooMuch,
    /// They say nothing.
    AreAbsent,
}

/// A small network.
#[derive(Debug, Clone, Copy)]
struct Network {
    voters: usize,
    quorum: usize,
    dishonest: usize,
    liars: Liars,
    rounds: Round,
    without: Option<Clause>,
}

/// What went wrong.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    /// Two proposals are in force; so many liars, and nobody else, are named.
    Rivals(usize),
    HonestNamed,
    NoWayForward,
}

fn bit(round: Round, step: Step, choice: Choice) -> Record {
    let place = 4 * (round - 1) + if step == Step::Ratify { 2 } else { 0 } + Round::from(choice);
    1 << place
}

/// The highest round in which anybody honest has spoken.
fn spoken(state: &[Record]) -> Round {
    state.iter().map(|record| (Record::BITS - record.leading_zeros()).div_ceil(4)).max().unwrap_or(0)
}

impl Network {
    fn new(voters: usize, dishonest: usize, liars: Liars, rounds: Round) -> Self {
        Self { voters, quorum: voters * 2 / 3 + 1, dishonest, liars, rounds, without: None }
    }

    fn honest(&self) -> usize {
        self.voters - self.dishonest
    }

    fn standing(&self) -> usize {
        if self.without == Some(Clause::Endorsed) { 0 } else { self.quorum }
    }

    fn count(&self, said: &[Said]) -> Count {
        if self.liars == Liars::SayTooMuch {
            let liars: Voters = (self.honest()..self.voters).filter_map(|liar| Voter::try_from(liar).ok()).collect();
            return Count::with_boundless(self.voters, self.quorum, said.iter().copied(), [liars; 2].into());
        }
        Count::standing_on(self.standing(), self.voters, self.quorum, said.iter().copied())
    }

    /// Everything that has been said. Citations follow from what stands below, as far as it is there.
    fn said(&self, state: &[Record]) -> Vec<Said> {
        let mut said = Vec::new();
        let lying = if self.liars == Liars::SayAll { self.rounds } else { 0 };
        for round in 1..=spoken(state).max(lying) {
            let count = self.count(&said);
            let mut endorsed = Vec::new();
            for (voter, record) in (0..).zip(state) {
                for choice in CHOICES.into_iter().filter(|choice| record & bit(round, Step::Endorse, *choice) != 0) {
                    let other = 1 - choice;
                    let bound = (1..round).any(|earlier| record & bit(earlier, Step::Ratify, other) != 0);
                    let cites = if bound { count.quorum_before(round, choice) } else { None };
                    endorsed.push(Said { round, step: Step::Endorse, voter, choice, cites });
                }
            }
            let liars = self.honest()..self.voters;
            let liars = || liars.clone().filter(|_| round <= lying).filter_map(|liar| Voter::try_from(liar).ok());
            for liar in liars() {
                let say = |choice| Said { round, step: Step::Endorse, voter: liar, choice, cites: None };
                endorsed.extend(CHOICES.map(say));
            }
            said.extend(endorsed);
            for choice in CHOICES {
                let honest = (0..).zip(state).filter(|(_, record)| **record & bit(round, Step::Ratify, choice) != 0);
                let voters = honest.map(|(voter, _)| voter).chain(liars());
                said.extend(voters.map(|voter| Said { round, step: Step::Ratify, voter, choice, cites: None }));
            }
        }
        said
    }

    fn ignored(&self, objection: &Objection) -> bool {
        match self.without {
            None | Some(Clause::NextRound) => false,
            Some(Clause::NoWayBack) => matches!(objection, Objection::SpokenLater(_)),
            Some(Clause::OneEndorsement) => matches!(objection, Objection::EndorsedAnother(_)),
            Some(Clause::Endorsed) => matches!(objection, Objection::TooFew(_)),
            Some(Clause::Lock) => matches!(objection, Objection::Locked { .. }),
        }
    }

    fn allows(&self, count: &Count, voter: Voter, round: Round, step: Step, choice: Choice) -> bool {
        let asked = match step {
            Step::Endorse => count.endorse(voter, round, choice),
            Step::Ratify => count.ratify(voter, round, choice),
        };
        asked.map_or_else(|objections| objections.iter().all(|objection| self.ignored(objection)), |_| true)
    }

    /// Goes through all states. Returns how many there are.
    fn explore(&self) -> Result<usize, Wrong> {
        let start = alloc::vec![0; self.honest()];
        let mut seen = BTreeSet::from([start.clone()]);
        let mut open = alloc::vec![start];
        while let Some(state) = open.pop() {
            let said = self.said(&state);
            let count = self.count(&said);
            self.check(&state, &count)?;
            for (index, record) in state.iter().enumerate() {
                // Who has said the same may say the same.
                if index > 0 && state.get(index - 1) == Some(record) {
                    continue;
                }
                let voter = Voter::try_from(index).unwrap_or(Voter::MAX);
                for round in 1..=self.rounds.min(count.open_round()) {
                    for (step, choice) in
                        [Step::Endorse, Step::Ratify].into_iter().flat_map(|step| CHOICES.map(|choice| (step, choice)))
                    {
                        let more = bit(round, step, choice);
                        if record & more != 0 || !self.allows(&count, voter, round, step, choice) {
                            continue;
                        }
                        let mut next = state.clone();
                        next[index] |= more;
                        let next = canonical(next);
                        if seen.insert(next.clone()) {
                            open.push(next);
                        }
                    }
                }
            }
        }
        Ok(seen.len())
    }

    fn check(&self, state: &State, count: &Count) -> Result<(), Wrong> {
        let honest = self.honest();
        let named: BTreeSet<Voter> = count.contradictions().iter().map(|found| found.one.voter).collect();
        if self.without.is_none() && named.iter().any(|voter| usize::from(*voter) < honest) {
            return Err(Wrong::HonestNamed);
        }
        if count.in_force().len() > 1 {
            return Err(Wrong::Rivals(named.len()));
        }
        if honest >= self.quorum && count.in_force().is_empty() && !self.goes_forward(state) {
            return Err(Wrong::NoWayForward);
        }
        Ok(())
    }

    /// Do the honest find an end by themselves, in a few more rounds, if each does what it may?
    fn goes_forward(&self, state: &State) -> bool {
        let mut state = state.clone();
        let spoken = spoken(&state).max(1);
        let last = if self.without == Some(Clause::NextRound) { 1 } else { spoken + 3 };
        for round in spoken..=last {
            for step in [Step::Endorse, Step::Ratify] {
                let count = self.count(&self.said(&state));
                let voters = || (0..self.honest()).filter_map(|voter| Voter::try_from(voter).ok());
                let lock = voters().filter_map(|voter| count.lock(voter)).max_by_key(|(_, round)| *round);
                let (first, other) = lock.map_or((0, 1), |(choice, _)| (choice, 1 - choice));
                for voter in voters() {
                    let may = |choice: &Choice| self.allows(&count, voter, round, step, *choice);
                    if let (Some(choice), Some(record)) =
                        ([first, other].into_iter().find(may), state.get_mut(usize::from(voter)))
                    {
                        *record |= bit(round, step, choice);
                    }
                }
            }
            if !self.count(&self.said(&state)).in_force().is_empty() {
                return true;
            }
        }
        false
    }
}

/// The same state with the names of voters and of proposals taken away.
fn canonical(mut state: State) -> State {
    let swap = |record: Record| (record & 0x5555_5555) << 1 | (record & 0xaaaa_aaaa) >> 1;
    let mut other: State = state.iter().map(|record| swap(*record)).collect();
    state.sort_unstable();
    other.sort_unstable();
    state.min(other)
}

#[track_caller]
fn holds(voters: usize, dishonest: usize, liars: Liars, rounds: Round, states: usize) {
    // The number is no rule: that it stays the same shows that nothing is passed over.
    assert_eq!(Network::new(voters, dishonest, liars, rounds).explore(), Ok(states));
}

#[test]
fn three_who_are_honest() {
    holds(3, 0, Liars::AreAbsent, 3, 2546);
}

#[test]
fn three_with_a_liar() {
    holds(3, 1, Liars::SayAll, 3, 449);
}

#[test]
fn four_who_are_honest() {
    holds(4, 0, Liars::AreAbsent, 3, 227_427);
}

#[test]
fn four_of_whom_one_is_absent() {
    holds(4, 1, Liars::AreAbsent, 3, 2546);
}

#[test]
fn four_with_a_liar() {
    holds(4, 1, Liars::SayAll, 3, 43_766);
}

#[test]
fn four_of_whom_one_says_too_much() {
    // As many states as if it said everything: it is all one.
    for liars in [Liars::SayTooMuch, Liars::SayAll] {
        holds(4, 1, liars, 2, 860);
    }
}

#[test]
fn seven_of_whom_two_are_absent() {
    holds(7, 2, Liars::AreAbsent, 2, 811);
}

#[test]
fn seven_with_two_liars() {
    holds(7, 2, Liars::SayAll, 2, 30_206);
}

#[test]
fn as_many_liars_as_two_quorums_share_bring_rivals_into_force_and_are_named() {
    // 2q − n of four, with a quorum of three.
    assert_eq!(Network::new(4, 2, Liars::SayAll, 2).explore(), Err(Wrong::Rivals(2)));
}

#[test]
fn without_any_one_clause_it_fails() {
    let fails = |clause, dishonest| {
        let network = Network { without: Some(clause), ..Network::new(4, dishonest, Liars::SayAll, 2) };
        network.explore().expect_err("a clause that is not needed")
    };
    for clause in [Clause::NoWayBack, Clause::Endorsed, Clause::Lock] {
        assert!(matches!(fails(clause, 1), Wrong::Rivals(_)), "{clause:?}");
    }
    assert_eq!(fails(Clause::OneEndorsement, 0), Wrong::NoWayForward);
    assert_eq!(fails(Clause::NextRound, 1), Wrong::NoWayForward);
}
