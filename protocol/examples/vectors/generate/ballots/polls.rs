//! Polls: sets of statements, and what they come to.

use std::sync::Arc;

use nanduti_protocol::{
    ballot::{
        Poll, Proposal, Statement, Tally, Voters,
        rules::{Objection, Said, Step},
    },
    limits,
    roster::Roster,
};
use serde_json::{Value, json};

use super::{
    super::{hex, made as keys},
    made::{
        self, FOUNDERS, GOVERNED, Says, admission, amend, endorses, ends, line, passing, proposal, ratifies, root,
        roster,
    },
};

/// What is said, each of one of some proposals.
type Script = Vec<(Says, usize)>;

fn all_of(says: Vec<Says>, choice: usize) -> Script {
    says.into_iter().map(|says| (says, choice)).collect()
}

fn endorse(founders: &[usize], round: u32, choice: usize) -> Script {
    all_of(founders.iter().map(|founder| endorses(*founder, round)).collect(), choice)
}

fn ratify(founders: &[usize], round: u32, choice: usize) -> Script {
    all_of(founders.iter().map(|founder| ratifies(*founder, round)).collect(), choice)
}

/// Somebody is bound, freed by a later quorum for another proposal, and follows it.
fn freed() -> Script {
    let cited = endorses(0, 3).citing(2);
    [
        endorse(&[0, 1, 2], 1, 0),
        ratify(&[0], 1, 0),
        endorse(&[1, 2, 3], 2, 1),
        vec![(cited, 1)],
        endorse(&[1, 2], 3, 1),
        ratify(&[0, 1, 2], 3, 1),
    ]
    .concat()
}

fn scripts() -> Vec<(&'static str, Script)> {
    let governed = Says { key: GOVERNED.1, ..endorses(GOVERNED.0, 1) };
    let split = [endorse(&[0, 1], 1, 0), endorse(&[2, 3], 1, 1)].concat();
    vec![
        ("nothing is said", vec![]),
        ("three of four pass it in one round", all_of(passing(&[0, 1, 3], 1), 0)),
        ("ratifications without endorsements wait", [ratify(&[0, 1, 2], 1, 0), endorse(&[0, 1], 1, 0)].concat()),
        ("a split vote opens another round", split.clone()),
        ("a split vote, and an end in round 2", [split, all_of(passing(&[0, 1, 2], 2), 0)].concat()),
        ("one of four opens no round", [endorse(&[0], 1, 0), endorse(&[0, 1, 2], 2, 0)].concat()),
        ("a lock, and a quorum that frees of it", freed()),
        ("a citation without its quorum waits", {
            [endorse(&[0, 1], 1, 0), endorse(&[0, 1], 2, 0), vec![(endorses(2, 3).citing(1), 0)]].concat()
        }),
        ("two endorsements in a round contradict each other", [endorse(&[0, 1], 1, 0), endorse(&[0], 1, 1)].concat()),
        ("two ratifications in a round contradict each other, and two who say all bring rivals into force", {
            [all_of(passing(&[0, 1, 2], 1), 0), all_of(passing(&[1, 2, 3], 1), 1)].concat()
        }),
        ("a lock is broken without a citation", {
            [endorse(&[0, 1, 2], 1, 0), ratify(&[0], 1, 0), endorse(&[0, 1], 2, 1)].concat()
        }),
        ("a lock is broken with a citation of an earlier round", {
            let early = (endorses(0, 3).citing(1), 1);
            let both = [endorse(&[0, 1, 2], 1, 1), endorse(&[0, 1, 3], 2, 0), ratify(&[0], 2, 0)].concat();
            [both, vec![early], endorse(&[1], 3, 1)].concat()
        }),
        ("a governance key speaks of an admission", {
            [vec![(governed, 0)], endorse(&[0, 1], 1, 0), ratify(&[0, 1], 1, 0)].concat()
        }),
        ("a governance key does not speak of a suspension", {
            [vec![(governed, 2)], endorse(&[0, 1], 1, 2), ratify(&[0, 1], 1, 2)].concat()
        }),
        ("a root key's word stands before a governance key's", {
            [vec![(governed, 2)], endorse(&[2], 1, 2), endorse(&[0, 1], 1, 2)].concat()
        }),
    ]
}

/// Two admissions and a suspension.
fn proposals(before: &Roster) -> Vec<Proposal> {
    let suspension = amend(line(3), true, ends(&[(keys::public(root(3)), Some(3))]));
    [admission(1), admission(2), suspension].map(|change| proposal(before, vec![change])).into()
}

/// A voter who speaks of more proposals than it may, and one who says more than it may.
fn cut_short() -> Vec<Value> {
    let before = roster();
    let many = limits::PROPOSALS_OF_VOTER_MAX as u8 + 2;
    let proposals: Vec<Proposal> = (0..many).map(|number| proposal(&before, vec![admission(number)])).collect();
    let mut all: Script = (0..proposals.len()).rev().flat_map(|choice| endorse(&[0], 1, choice)).collect();
    all.extend([endorse(&[0], 2, 0), endorse(&[1], 1, 3)].concat());
    let mut said = endorse(&[1, 2], 1, 0);
    for round in 1..=limits::ROUNDS_MAX {
        said.extend(ratify(&[0], round, 0));
        said.extend(endorse(&[0], round, 0));
        said.extend([3, 40].contains(&round).then(|| (endorses(0, round).citing(1), 0)));
    }
    let passed: Script = all_of(passing(&[0, 1, 2], 1), 0);
    let governed: Script =
        (0..many.into()).map(|choice| (made::Says { key: GOVERNED.1, ..endorses(2, 1) }, choice)).collect();
    let mut with_suspension = proposals.clone();
    with_suspension.insert(0, self::proposals(&before)[2].clone());
    let about_all = [all_of(passing(&[0, 1], 1), 0), all_of(passing(&[0, 1], 2), 1), governed].concat();
    vec![
        poll("who speaks of eighteen proposals is cut short after the first word of the seventeenth", &proposals, &all),
        poll("who says 130 things is cut short after 129", &proposals[..1], &said),
        poll("nobody takes a ratification back by saying too much", &proposals, &[passed, all].concat()),
        poll("a governance key that says too much counts for admissions alone", &with_suspension, &about_all),
    ]
}

pub(super) fn all() -> Vec<Value> {
    let proposals = proposals(&roster());
    let mut polls: Vec<Value> = scripts().iter().map(|(name, script)| poll(name, &proposals, script)).collect();
    polls.extend(cut_short());
    polls
}

fn fill<'a>(proposals: &[Proposal], script: impl Iterator<Item = &'a (Says, usize)>) -> Poll {
    let mut poll = Poll::new(Arc::new(roster()));
    for (says, choice) in script {
        poll.take(&made::papers(&proposals[*choice], &[*says])).expect("sound");
    }
    poll
}

fn poll(name: &str, proposals: &[Proposal], script: &Script) -> Value {
    let poll = fill(proposals, script.iter());
    assert_eq!(poll, fill(proposals, script.iter().rev()), "{name}: the order makes no difference");
    let tally = poll.tally();
    let statements: Vec<Vec<u8>> = script.iter().map(|(says, choice)| says.signed(&proposals[*choice])).collect();
    let kept: Vec<usize> = (0..statements.len()).filter(|index| poll.holds(&statements[*index])).collect();
    let ids: Vec<String> = poll.ids().iter().map(ToString::to_string).collect();
    let in_force = poll.in_force();
    let in_force: Vec<Value> =
        in_force.iter().map(|(hash, round)| json!({"proposal": hash.to_hex(), "round": round})).collect();
    let shown: Vec<String> = proposals.iter().map(|proposal| hex(proposal.encode())).collect();
    json!({
        "name": name, "roster": "founders", "proposals": shown, "statements": statements.iter().map(hex).collect::<Vec<_>>(),
        "kept": kept, "digest": poll.digest().to_hex(), "ids": ids, "open_round": tally.count.open_round(),
        "rounds": rounds(tally), "in_force": in_force, "say_too_much": names(tally, &tally.count.boundless()),
        "contradictions": contradictions(tally, &poll, &statements),
        "may": may(tally, proposals),
    })
}

fn names(tally: &Tally, voters: &Voters) -> Vec<String> {
    voters.iter().filter_map(|voter| tally.voter(voter)).map(|id| id.as_str().to_owned()).collect()
}

/// What counts, by round: of the last three that are open.
fn rounds(tally: &Tally) -> Vec<Value> {
    let open = tally.count.open_round();
    let of = |round| {
        let by = |step: Step| {
            let voters = |choice| match step {
                Step::Endorse => tally.count.endorsers(round, choice),
                Step::Ratify => tally.count.ratifiers(round, choice),
            };
            let spoken = (0..).zip(&tally.proposals).filter(|(choice, _)| !voters(*choice).is_empty());
            spoken
                .map(|(choice, hash)| json!({"proposal": hash.to_hex(), "by": names(tally, &voters(choice))}))
                .collect::<Vec<_>>()
        };
        json!({"round": round, "endorsed": by(Step::Endorse), "ratified": by(Step::Ratify)})
    };
    (open.saturating_sub(2).max(1)..=open).map(of).collect()
}

fn contradictions(tally: &Tally, poll: &Poll, statements: &[Vec<u8>]) -> Vec<[usize; 2]> {
    let index = |said: &Said| {
        let same = |bytes: &Vec<u8>| {
            let statement = Statement::decode(bytes).expect("ours");
            let of = (statement.round, statement.step, statement.cites);
            of == (said.round, said.step, said.cites)
                && Some(&statement.member) == tally.voter(said.voter)
                && Some(statement.proposal) == tally.proposal(said.choice)
                && poll.holds(bytes)
        };
        statements.iter().position(same).expect("it was said")
    };
    let found = tally.count.contradictions();
    let mut pairs: Vec<[usize; 2]> = found.iter().map(|pair| [index(&pair.one), index(&pair.other)]).collect();
    pairs.iter_mut().for_each(|pair| pair.sort_unstable());
    pairs.sort_unstable();
    pairs
}

/// What each voter may say of the first two proposals in the two highest rounds and in the one that is not open yet.
fn may(tally: &Tally, proposals: &[Proposal]) -> Value {
    let open = tally.count.open_round();
    let mut all = serde_json::Map::new();
    for (index, proposal) in proposals.iter().enumerate().take(2) {
        let Some(choice) = tally.choice(&proposal.hash()) else { continue };
        for round in open.saturating_sub(1).max(1)..=open + 1 {
            for (voter, id) in (0..).zip(FOUNDERS) {
                for step in [Step::Endorse, Step::Ratify] {
                    let asked = match step {
                        Step::Endorse => tally.count.endorse(voter, round, choice),
                        Step::Ratify => tally.count.ratify(voter, round, choice),
                    };
                    let answer = match asked {
                        Ok(said) => said.cites.map_or("yes".to_owned(), |round| format!("yes, citing {round}")),
                        Err(against) => {
                            let mut against: Vec<&str> = against.iter().map(objection).collect();
                            against.sort_unstable();
                            against.dedup();
                            against.join(", ")
                        }
                    };
                    all.insert(format!("{id} {} {round} {index}", step.name()), json!(answer));
                }
            }
        }
    }
    Value::Object(all)
}

fn objection(objection: &Objection) -> &'static str {
    match objection {
        Objection::NotOpen => "not-open",
        Objection::SpokenLater(_) => "spoken-later",
        Objection::EndorsedAnother(_) => "endorsed-another",
        Objection::RatifiedAnother(_) => "ratified-another",
        Objection::Locked { .. } => "locked",
        Objection::TooFew(_) => "too-few",
        Objection::TooMuch => "too-much",
    }
}
