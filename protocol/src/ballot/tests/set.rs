//! What counts is a function of the set of statements, and grows with it.

use alloc::{vec, vec::Vec};

use proptest::prelude::*;

use super::super::{
    Voters,
    rules::{Count, Said, Step},
};

const VOTERS: usize = 5;
const QUORUM: usize = 4;

fn said() -> impl Strategy<Value = Said> {
    let step = prop_oneof![Just(Step::Endorse), Just(Step::Ratify)];
    (1..4_u32, step, 0..VOTERS as u16 + 1, 0..2_u16, prop::option::of(1..4_u32))
        .prop_map(|(round, step, voter, choice, cites)| Said { round, step, voter, choice, cites })
}

/// Statements of which many count.
fn many() -> impl Strategy<Value = Vec<Said>> {
    prop::collection::vec(said(), 0..60)
}

proptest! {
    #[test]
    fn the_order_and_repetitions_make_no_difference(all in many(), turn in 0..60_usize) {
        let mut turned = all.clone();
        turned.rotate_left(turn.checked_rem(all.len()).unwrap_or(0));
        turned.extend(all.iter().take(3));
        prop_assert_eq!(Count::new(VOTERS, QUORUM, all), Count::new(VOTERS, QUORUM, turned));
    }

    #[test]
    fn what_counts_only_grows(all in many(), some in prop::collection::vec(any::<bool>(), 60)) {
        let fewer = all.iter().zip(&some).filter(|(_, kept)| **kept).map(|(said, _)| *said);
        let (fewer, all) = (Count::new(VOTERS, QUORUM, fewer), Count::new(VOTERS, QUORUM, all));
        prop_assert!(fewer.open_round() <= all.open_round());
        for round in 1..4 {
            prop_assert!(all.spoke(round).includes(&fewer.spoke(round)));
            for choice in 0..2 {
                prop_assert!(all.endorsers(round, choice).includes(&fewer.endorsers(round, choice)));
                prop_assert!(all.ratifiers(round, choice).includes(&fewer.ratifiers(round, choice)));
            }
        }
        for choice in fewer.in_force().keys() {
            prop_assert!(all.in_force().contains_key(choice), "a result reverts");
        }
        for found in fewer.contradictions() {
            prop_assert!(all.contradictions().contains(&found), "a contradiction is taken back");
        }
    }

    #[test]
    fn who_is_counted_for_everything_takes_nothing_from_what_counts(all in many(), liar in 0..VOTERS as u16) {
        let by_itself = Count::new(VOTERS, QUORUM, all.clone());
        let boundless = vec![Voters::from_iter([liar]); 2];
        let all = Count::with_boundless(VOTERS, QUORUM, all, boundless);
        prop_assert!(all.open_round() >= by_itself.open_round());
        for round in 1..=by_itself.open_round() {
            prop_assert!(all.spoke(round).includes(&by_itself.spoke(round)) && all.spoke(round).contains(liar));
            for choice in 0..2 {
                prop_assert!(all.endorsers(round, choice).includes(&by_itself.endorsers(round, choice)));
                prop_assert!(all.endorsers(round, choice).contains(liar));
                prop_assert!(all.ratifiers(round, choice).includes(&by_itself.ratifiers(round, choice)));
            }
        }
        prop_assert!(by_itself.in_force().keys().all(|choice| all.in_force().contains_key(choice)));
    }

    #[test]
    fn what_the_rules_offer_counts_at_once(all in many(), voter in 0..VOTERS as u16, round in 1..4_u32, choice in 0..2_u16) {
        let count = Count::new(VOTERS, QUORUM, all.clone());
        for offered in [count.endorse(voter, round, choice), count.ratify(voter, round, choice)].into_iter().flatten() {
            let after = Count::new(VOTERS, QUORUM, all.iter().copied().chain([offered]));
            let there = match offered.step {
                Step::Endorse => after.endorsers(round, choice),
                Step::Ratify => after.ratifiers(round, choice),
            };
            prop_assert!(there.contains(voter), "{offered:?}");
            let named = |count: &Count| count.contradictions().iter().filter(|found| found.one.voter == voter).count();
            prop_assert_eq!(named(&count), named(&after), "it contradicts itself by what the rules offered");
        }
    }
}

#[test]
fn nobody_is_bound_by_what_nobody_said() {
    let count = Count::new(VOTERS, QUORUM, []);
    assert_eq!((count.open_round(), count.lock(0), count.in_force().len()), (1, None, 0));
    assert!(count.can_succeed(1) && !count.can_succeed(2));
    let endorsed = (0..5).map(|voter| count.endorse(voter, 1, voter % 2).expect("nothing speaks against it"));
    let split = Count::new(VOTERS, QUORUM, endorsed);
    assert!(!split.can_succeed(1) && split.can_succeed(2), "a split vote, and a new round");
    assert_eq!(split.spoke(1), (0..5).collect::<Voters>());
}
