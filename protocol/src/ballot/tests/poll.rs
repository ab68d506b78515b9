//! A poll is a set: bounded, the same in whatever order it came, and it takes in nothing that is not whole.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec,
    vec::Vec,
};

use proptest::prelude::*;

use super::{
    super::{Change, Papers, PapersError, Poll, Proposal, ProposalError, Statement, StatementError, rules::Step},
    made::{admission, newcomer, papers, passing, proposal, statement},
};
use crate::{
    hash::Hash,
    limits,
    roster::Roster,
    testing::{Dice, Founding},
};

const FOUNDERS: usize = 4;

fn empty(founding: &Founding) -> Poll {
    Poll::new(Arc::new(Roster::founding(&founding.charter)))
}

fn admitting(founding: &Founding, number: u8) -> Proposal {
    proposal(&Roster::founding(&founding.charter), vec![admission(&founding.network, number)])
}

#[test]
fn a_quorum_of_ratifications_brings_a_proposal_into_force() {
    let founding = Founding::new(5, FOUNDERS);
    let (mut poll, wanted) = (empty(&founding), admitting(&founding, 1));
    let [endorsed, ratified] = passing(&founding, &wanted, &[0, 1, 3]).try_into().expect("two");
    assert_eq!(poll.take(&ratified), Ok(true), "out of order: it waits");
    assert!(poll.in_force().is_empty());
    assert_eq!(poll.take(&endorsed), Ok(true));
    assert_eq!(*poll.in_force(), BTreeMap::from([(wanted.hash(), 1)]));
    assert_eq!(poll.take(&endorsed), Ok(false), "held");
}

#[test]
fn papers_with_anything_wrong_change_nothing() {
    let founding = Founding::new(5, FOUNDERS);
    let (mut poll, wanted) = (empty(&founding), admitting(&founding, 1));
    let said = (Step::Endorse, 1, None);
    let good = papers(&founding, &wanted, [0, 1], said);
    let with = |change: &dyn Fn(&mut Papers)| {
        let mut papers = good.clone();
        change(&mut papers);
        papers
    };
    let other = admitting(&founding, 2);
    let (stranger, key) = newcomer(1);
    let stranger = Statement {
        step: Step::Endorse,
        cites: None,
        round: 1,
        member: stranger.id,
        roster: wanted.roster,
        proposal: wanted.hash(),
    };
    let forged = Statement { member: founding.actors[2].id.clone(), ..stranger.clone() }.sign(&founding.network, &key);
    let nonsense = proposal(&Roster::founding(&founding.charter), vec![Change::Rules(1)]);
    let cases = [
        (with(&|p| p.roster = Hash::of(b"other")), PapersError::UnknownRoster),
        (with(&|p| p.statements.clear()), PapersError::Number),
        (with(&|p| p.statements = vec![vec![]; limits::PAPERS_STATEMENTS_MAX + 1]), PapersError::Number),
        (with(&|p| p.statements.push(statement(&founding, &other, 2, said))), PapersError::OtherSubject),
        (with(&|p| p.proposal = other.encode()), PapersError::OtherSubject),
        (
            with(&|p| p.statements.push(stranger.sign(&founding.network, &key))),
            PapersError::NoVote(stranger.member.clone()),
        ),
        (papers(&founding, &nonsense, [0], said), PapersError::Proposal(ProposalError::Rules(1))),
    ];
    for (papers, error) in cases {
        assert_eq!(poll.take(&papers), Err(error));
        assert_eq!(poll, empty(&founding));
    }
    let signed_by_another = with(&|p| p.statements.push(forged.clone()));
    assert!(matches!(poll.take(&signed_by_another), Err(PapersError::Statement(StatementError::Envelope(_)))));
    let unreadable = with(&|p| p.proposal.push(0));
    assert!(matches!(poll.take(&unreadable), Err(PapersError::Proposal(ProposalError::Encoding(_)))));
    assert_eq!(poll, empty(&founding));
}

#[test]
fn who_says_too_much_is_cut_short_and_crowds_nobody_out() {
    let founding = Founding::new(5, FOUNDERS);
    let mut poll = empty(&founding);
    let honest = admitting(&founding, 0);
    poll.take(&papers(&founding, &honest, [1], (Step::Endorse, 1, None))).expect("sound");
    for number in 0..limits::PROPOSALS_OF_VOTER_MAX as u8 + 4 {
        let proposal = admitting(&founding, number);
        for round in (1..limits::ROUNDS_MAX).step_by(7) {
            poll.take(&papers(&founding, &proposal, [0], (Step::Endorse, round, None))).expect("sound");
        }
    }
    let few = admitting(&founding, 1);
    for round in 2..limits::ROUNDS_MAX {
        let cites = (1..round.min(5)).map(Some).chain([None]);
        let said = cites.map(|cites| (Step::Endorse, round, cites)).chain([(Step::Ratify, round, None)]);
        for said in said {
            poll.take(&papers(&founding, &few, [2], said)).expect("sound");
        }
    }
    let held = |founder: usize| {
        poll.statements()
            .map(|(proposal, bytes)| (proposal, Statement::decode(bytes).expect("held")))
            .filter(|(_, statement)| statement.member == founding.actors[founder].id)
            .map(|(proposal, _)| proposal)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        held(0).len(),
        limits::PROPOSALS_OF_VOTER_MAX + 1,
        "of the last proposal one statement, which shows that it is too many"
    );
    assert_eq!(held(0).into_iter().collect::<BTreeSet<_>>().len(), limits::PROPOSALS_OF_VOTER_MAX + 1);
    assert_eq!(held(1), [honest.hash()]);
    assert_eq!(held(2).len(), limits::STATEMENTS_OF_VOTER_MAX + 1);
    assert!(poll.motions().len() <= limits::PROPOSALS_OF_VOTER_MAX + 2, "unspoken proposals are forgotten");
}

#[test]
fn what_was_dropped_once_does_not_depend_on_what_came_first() {
    let founding = Founding::new(5, FOUNDERS);
    let mut proposals: Vec<Proposal> =
        (0..=limits::PROPOSALS_OF_VOTER_MAX as u8).map(|number| admitting(&founding, number)).collect();
    proposals.sort_by_key(Proposal::hash);
    let say = |proposal, round| papers(&founding, proposal, [0], (Step::Endorse, round, None));
    let mut all: Vec<Papers> = proposals[1..].iter().map(|proposal| say(proposal, 1)).collect();
    all.extend([say(&proposals[0], 2), say(&proposals[0], 1)]);
    let (mut one, mut other) = (empty(&founding), empty(&founding));
    for (first, last) in all.iter().zip(all.iter().rev()) {
        one.take(first).expect("sound");
        other.take(last).expect("sound");
    }
    assert_eq!(one, other);
}

#[test]
fn a_governance_key_counts_for_what_it_may_speak_of() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[90; 32]);
    let founding = Founding::with(5, 1, |charter| charter.members[0].governance = Some((&key).into()));
    let roster = Roster::founding(&founding.charter);
    let of = |changes| {
        let wanted = proposal(&roster, changes);
        let mut poll = empty(&founding);
        for step in [Step::Endorse, Step::Ratify] {
            let member = founding.actors[0].id.clone();
            let statement =
                Statement { step, cites: None, round: 1, member, roster: wanted.roster, proposal: wanted.hash() };
            let statements = vec![statement.sign(&founding.network, &key)];
            let papers = Papers { roster: wanted.roster, proposal: wanted.encode(), statements };
            assert_eq!(poll.take(&papers), Ok(true));
        }
        poll.in_force().len()
    };
    assert_eq!(of(vec![admission(&founding.network, 1)]), 1);
    assert_eq!(of(vec![Change::Rules(2)]), 0, "held, and counts for nothing");
}

#[test]
fn nobody_takes_a_vote_back_by_saying_too_much() {
    let founding = Founding::new(5, FOUNDERS);
    let (mut poll, wanted) = (empty(&founding), admitting(&founding, 30));
    for papers in passing(&founding, &wanted, &[0, 1, 2]) {
        poll.take(&papers).expect("sound");
    }
    let in_force = poll.in_force().clone();
    assert_eq!(in_force.len(), 1);
    for number in 0..limits::PROPOSALS_OF_VOTER_MAX as u8 + 2 {
        poll.take(&papers(&founding, &admitting(&founding, number), [0], (Step::Endorse, 1, None))).expect("sound");
    }
    let ratified = statement(&founding, &wanted, 0, (Step::Ratify, 1, None));
    assert!(!poll.holds(&ratified), "it was pushed out");
    assert_eq!(*poll.in_force(), in_force);
    let tally = poll.tally();
    assert_eq!(tally.count.boundless().iter().collect::<Vec<_>>(), [0], "and whoever did it is known");
    // Who comes later is handed only what is kept.
    let mut late = empty(&founding);
    for proposal in poll.motions().keys() {
        poll.papers(proposal, &BTreeSet::new()).iter().for_each(|papers| assert!(late.take(papers).is_ok()));
    }
    assert_eq!((late.in_force(), late.digest()), (&in_force, poll.digest()));
}

#[test]
fn a_governance_key_that_says_too_much_speaks_of_admissions_alone() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[90; 32]);
    let founding = Founding::with(5, 4, |charter| charter.members[0].governance = Some((&key).into()));
    let roster = Roster::founding(&founding.charter);
    let in_force = |wanted: &Proposal| {
        let mut poll = empty(&founding);
        for papers in passing(&founding, wanted, &[1, 2]) {
            poll.take(&papers).expect("sound");
        }
        for number in 0..=limits::PROPOSALS_OF_VOTER_MAX as u8 {
            let other = admitting(&founding, number);
            let (roster, proposal, member) = (other.roster, other.hash(), founding.actors[0].id.clone());
            let statement = Statement { step: Step::Endorse, cites: None, round: 1, member, roster, proposal };
            let statements = vec![statement.sign(&founding.network, &key)];
            poll.take(&Papers { roster, proposal: other.encode(), statements }).expect("sound");
        }
        poll.in_force().len()
    };
    assert_eq!(in_force(&admitting(&founding, 30)), 1);
    assert_eq!(in_force(&proposal(&roster, vec![Change::Rules(2)])), 0);
}

/// Papers of random statements, some by a voter who says far too much.
fn random_papers(founding: &Founding, seed: u64) -> Vec<Papers> {
    let mut dice = Dice::new(seed);
    let proposals: Vec<Proposal> = (0..20).map(|number| admitting(founding, number)).collect();
    let mut all = Vec::new();
    for _ in 0..dice.below(60) + 1 {
        let liar = dice.below(3) == 0;
        let (founder, choices) = if liar { (0, 20) } else { (1 + dice.below(FOUNDERS - 1), 2) };
        let round = 1 + dice.below(if liar { 60 } else { 2 }) as u32;
        let step = if dice.below(2) == 0 { Step::Endorse } else { Step::Ratify };
        let cites = (round > 1 && step == Step::Endorse && dice.below(2) == 0).then_some(1);
        let proposal = &proposals[dice.below(choices)];
        all.push(papers(founding, proposal, [founder], (step, round, cites)));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn two_that_exchange_what_they_hold_hold_the_same(seed: u64) {
        let founding = Founding::new(5, FOUNDERS);
        let all = random_papers(&founding, seed);
        let (mut one, mut other) = (empty(&founding), empty(&founding));
        for (index, papers) in all.iter().enumerate() {
            if index % 3 != 0 {
                one.take(papers).expect("sound");
            }
        }
        for (index, papers) in all.iter().enumerate().rev() {
            if index % 3 != 1 {
                other.take(papers).expect("sound");
            }
        }
        let mut both = empty(&founding);
        all.iter().for_each(|papers| drop(both.take(papers)));
        let send = |from: &Poll, to: &mut Poll| {
            let held = to.ids();
            for proposal in from.motions().keys().copied().collect::<Vec<_>>() {
                from.papers(&proposal, &held).iter().for_each(|papers| assert!(to.take(papers).is_ok()));
            }
        };
        let before = one.clone();
        send(&other, &mut one);
        send(&before, &mut other);
        prop_assert_eq!(one.digest(), other.digest(), "seed {}", seed);
        prop_assert_eq!(&one, &other, "seed {}", seed);
        prop_assert_eq!(&one, &both, "seed {}", seed);
    }
}
