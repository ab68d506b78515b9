//! Rosters follow one another; rivals in force are shown, and nobody follows them.

use alloc::{vec, vec::Vec};

use super::{
    super::{Obstacle, PapersError, Proposal, Succession, Taken},
    made::{admission, passing, proposal},
};
use crate::{hash::Hash, roster::Roster, testing::Founding, ticket::RosterRef};

fn begin() -> (Founding, Succession) {
    let founding = Founding::new(8, 4);
    let succession = Succession::new(Roster::founding(&founding.charter));
    (founding, succession)
}

fn admitting(founding: &Founding, roster: &Roster, number: u8) -> Proposal {
    proposal(roster, vec![admission(&founding.network, number)])
}

/// Three admissions one after the other; the newcomers stay silent, which the quorum allows for.
fn three_steps(founding: &Founding, succession: &mut Succession) {
    for number in 0..3 {
        let wanted = admitting(founding, succession.roster(), number);
        let voters = [0, 1, 2, 3];
        for papers in passing(founding, &wanted, &voters) {
            succession.take(&papers).expect("sound");
        }
    }
}

#[test]
fn rosters_follow_one_another() {
    let (founding, mut succession) = begin();
    let first = admitting(&founding, succession.roster(), 0);
    let [endorsed, ratified] = passing(&founding, &first, &[0, 1, 2]).try_into().expect("two");
    assert!(!succession.take(&endorsed).expect("sound").roster);
    assert!(succession.take(&ratified).expect("sound").roster);
    assert_eq!((succession.roster().version, succession.roster().members.len()), (1, 5));
    let second = admitting(&founding, succession.roster(), 1);
    for papers in passing(&founding, &second, &[0, 1, 2, 3]) {
        succession.take(&papers).expect("sound");
    }
    assert_eq!(succession.roster().version, 2);
    assert_eq!(
        succession.polls().map(|(_, passed)| passed.copied()).collect::<Vec<_>>(),
        [Some(first.hash()), Some(second.hash()), None]
    );
}

#[test]
fn who_lags_behind_is_told_what_it_lacks() {
    let (founding, mut ahead) = begin();
    three_steps(&founding, &mut ahead);
    assert_eq!(ahead.roster().version, 2, "four of six are no quorum of the third");
    let (_, mut behind) = begin();
    let theirs = behind.held();
    let mut sent = 0;
    for (roster, proposal) in ahead.lacking(&theirs) {
        for papers in ahead.papers(&roster, &proposal, &theirs) {
            sent += papers.statements.len();
            behind.take(&papers).expect("in their order");
        }
    }
    assert_eq!((behind.digest(), behind.roster()), (ahead.digest(), ahead.roster()));
    assert_eq!(sent, 24);
    assert!(ahead.lacking(&behind.held()).is_empty());
    let again = ahead.all_papers().iter().fold(begin().1, |mut anew, papers| {
        anew.take(papers).expect("in their order");
        anew
    });
    assert_eq!(again.digest(), ahead.digest());
    let (_, mut stranger) = begin();
    let last = ahead.all_papers().pop().expect("some");
    assert_eq!(stranger.take(&last), Err(PapersError::UnknownRoster));
}

#[test]
fn rivals_in_force_are_shown_and_each_node_keeps_its_roster() {
    let (founding, start) = begin();
    let roster = start.roster().clone();
    let (one, other) = (admitting(&founding, &roster, 1), admitting(&founding, &roster, 2));
    // Founders 1 and 2 say both: as many as two quorums of three among four share.
    let (for_one, for_other) = (passing(&founding, &one, &[0, 1, 2]), passing(&founding, &other, &[1, 2, 3]));
    let take = |papers: &[&[super::super::Papers]]| {
        let mut succession = start.clone();
        papers.concat().iter().for_each(|papers| assert!(succession.take(papers).is_ok()));
        succession
    };
    let (first, second) = (take(&[&for_one, &for_other]), take(&[&for_other, &for_one]));
    assert_eq!(first.roster().member(&super::made::newcomer(1).0.id).map(|_| ()), Some(()));
    assert_eq!(second.roster().member(&super::made::newcomer(2).0.id).map(|_| ()), Some(()));
    let mut proposals = vec![(one.hash(), 1), (other.hash(), 1)];
    proposals.sort();
    let rivals = Obstacle::Rivals { version: 0, proposals };
    assert_eq!(first.conflicts(), core::slice::from_ref(&rivals));
    assert_eq!(second.conflicts(), core::slice::from_ref(&rivals));
    let at_once = take(&[&for_one[..1], &for_other, &for_one[1..]]);
    assert_eq!(at_once.roster().version, 1, "the first of them came into force before the other was heard of");
    let tally = first.polls().next().expect("the first").0.tally();
    let named: Vec<_> = tally.count.contradictions().iter().map(|found| found.one.voter).collect();
    assert!(named.iter().all(|voter| [1, 2].contains(voter)), "{named:?}");
}

#[test]
fn a_ticket_binds_the_roster_of_its_version() {
    let (founding, mut succession) = begin();
    let wanted = admitting(&founding, succession.roster(), 1);
    let next = wanted.apply(succession.roster()).expect("it makes sense");
    let mut pinned = succession.clone();
    pinned.pin(Some(RosterRef { version: 1, hash: next.hash() }));
    succession.pin(Some(RosterRef { version: 1, hash: Hash::of(b"another") }));
    for papers in passing(&founding, &wanted, &[0, 1, 2]) {
        succession.take(&papers).expect("sound");
        pinned.take(&papers).expect("sound");
    }
    assert_eq!(pinned.roster().version, 1);
    assert_eq!(succession.roster().version, 0);
    assert_eq!(succession.obstacle(), Some(Obstacle::OtherTicket { version: 1 }));
}

#[test]
fn later_rules_are_followed_and_not_judged() {
    let (founding, mut succession) = begin();
    let raise = proposal(succession.roster(), vec![super::super::Change::Rules(2)]);
    for papers in passing(&founding, &raise, &[0, 1, 2]) {
        succession.take(&papers).expect("sound");
    }
    assert_eq!(succession.obstacle(), Some(Obstacle::LaterRules { rules: 2 }));
    let after = admitting(&founding, succession.roster(), 1);
    for papers in passing(&founding, &after, &[0, 1, 2]) {
        succession.take(&papers).expect("carried");
    }
    assert_eq!(succession.roster().version, 1, "carried, and not followed");
}

#[test]
fn what_is_held_already_changes_nothing_and_copies_nothing() {
    let (founding, mut succession) = begin();
    let wanted = admitting(&founding, succession.roster(), 1);
    let [endorsed, ratified] = passing(&founding, &wanted, &[0, 1, 2]).try_into().expect("two");
    succession.take(&endorsed).expect("sound");
    let seen = succession.clone();
    assert_eq!(succession.take(&endorsed), Ok(Taken::default()));
    assert!(core::ptr::eq(seen.poll(), succession.poll()), "readers and the writer share it");
    let (digest, in_force) = (seen.digest(), seen.poll().in_force().clone());
    assert_eq!(succession.take(&ratified).map(|taken| taken.roster), Ok(true));
    assert_eq!((seen.digest(), seen.poll().in_force()), (digest, &in_force), "what others read does not change");
    assert_ne!(succession.digest(), digest);
}
