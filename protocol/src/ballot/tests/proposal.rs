//! What proposals make of a roster, and which make no sense.

use alloc::{vec, vec::Vec};

use ed25519_dalek::SigningKey;
use serde_bytes::ByteBuf;

use super::{
    super::{Amend, Change, Proposal, ProposalError, Replace, request},
    made::{admission, end, newcomer, proposal},
};
use crate::{
    charter::{Bounds, Member, Quorum, TermsError},
    roster::Roster,
    testing::Founding,
};

fn founders() -> (Founding, Roster) {
    let founding = Founding::new(3, 4);
    let roster = Roster::founding(&founding.charter);
    (founding, roster)
}

fn amend(line: &Member, suspended: bool, ends: Vec<crate::roster::End>) -> Change {
    Change::Amend(Amend { ends, line: line.clone(), suspended })
}

fn replacement(founding: &Founding, line: &Member, key: &SigningKey) -> Change {
    let new = Member { root: key.into(), ..line.clone() };
    let request = ByteBuf::from(request::sign(&founding.network, &new, key));
    Change::Replace(Replace { ends: end(line.root, 3), request })
}

#[test]
fn one_proposal_admits_many() {
    let (founding, roster) = founders();
    let many = proposal(&roster, (0..20).map(|number| admission(&founding.network, number)).collect());
    let next = many.apply(&roster).expect("it makes sense");
    assert_eq!((next.version, next.members.len(), next.voters().count()), (1, 24, 24));
    assert_eq!(next.member(&newcomer(7).0.id), Some(&newcomer(7).0));
    assert!(many.is_ordinary(&roster));
    assert_eq!(Proposal::decode(&many.encode()), Ok(many));
}

#[test]
fn a_suspension_takes_the_vote_and_notes_where_the_logs_turn() {
    let (_, roster) = founders();
    let line = &roster.members[1];
    let suspension = proposal(&roster, vec![amend(line, true, end(line.root, 3))]);
    assert!(!suspension.is_ordinary(&roster));
    let next = suspension.apply(&roster).expect("it makes sense");
    assert_eq!((next.voters().count(), next.is_suspended(&line.id)), (3, true));
    assert_eq!(next.rights(line, &line.root).end(), Some(4));
    let back = proposal(&next, vec![amend(line, false, end(line.root, 3))]);
    let after = back.apply(&next).expect("it makes sense");
    assert_eq!((after.voters().count(), after.rights(line, &line.root).end(), after.turns.len()), (4, None, 2));
}

#[test]
fn a_root_key_is_replaced_with_its_own_consent() {
    let (founding, roster) = founders();
    let (line, key) = (&roster.members[0], SigningKey::from_bytes(&[77; 32]));
    let next = proposal(&roster, vec![replacement(&founding, line, &key)]).apply(&roster).expect("it makes sense");
    let new = next.member(&line.id).expect("a member still");
    assert_eq!(new.root, (&key).into());
    assert_eq!(next.roots(new).collect::<Vec<_>>(), [line.root, new.root]);
    assert_eq!(next.member_by_root(&line.root), Some(new));
    let forged = Member { root: (&founding.actors[1].root).into(), ..line.clone() };
    let request = ByteBuf::from(request::sign(&founding.network, &forged, &key));
    let stolen = proposal(&roster, vec![Change::Replace(Replace { ends: end(line.root, 3), request })]);
    assert!(matches!(stolen.apply(&roster), Err(ProposalError::Request(_))), "a key that did not agree");
    let return_of_old = Change::Replace(Replace {
        ends: end(new.root, 0),
        request: ByteBuf::from(request::sign(&founding.network, line, &founding.actors[0].root)),
    });
    assert_eq!(proposal(&next, vec![return_of_old]).apply(&next), Err(ProposalError::Former(line.root)));
}

#[test]
fn a_spare_is_listed_beforehand_and_comes_into_its_own_by_a_replacement_alone() {
    let (founding, roster) = founders();
    let (line, spare) = (&roster.members[0], SigningKey::from_bytes(&[77; 32]));
    let spared = Member { spare: Some((&spare).into()), ..line.clone() };
    let listed = proposal(&roster, vec![amend(&spared, false, vec![])]).apply(&roster).expect("it makes sense");
    assert!(listed.turns.is_empty(), "nothing turns");
    assert_eq!(listed.member(&line.id).and_then(|line| line.spare), Some((&spare).into()));
    // As long as it lies by, it is nobody else's, and no root key by an amendment.
    let refusal = |changes| proposal(&listed, changes).apply(&listed).expect_err("no sense");
    let other = Member { governance: Some((&spare).into()), ..roster.members[1].clone() };
    assert!(matches!(refusal(vec![amend(&other, false, vec![])]), ProposalError::Roster(TermsError::KeyTwice(_))));
    let raised = Member { root: (&spare).into(), spare: None, ..line.clone() };
    assert_eq!(refusal(vec![amend(&raised, false, end(line.root, 3))]), ProposalError::Kind(line.id.clone()));
    assert!(
        matches!(
            refusal(vec![replacement(&founding, &spared, &spare)]),
            ProposalError::Roster(TermsError::KeyTwice(_))
        ),
        "it cannot be the root key and its own spare"
    );
    let unsealed = proposal(&listed, vec![replacement(&founding, &raised, &spare)]);
    assert!(matches!(unsealed.apply(&listed), Err(ProposalError::Ends(_))), "the ends are those of the old root log");
    let request = ByteBuf::from(request::sign(&founding.network, &raised, &spare));
    let unsealed = proposal(&listed, vec![Change::Replace(Replace { ends: end(line.root, 3), request })]);
    let next = unsealed.apply(&listed).expect("it makes sense");
    assert_eq!(next.member(&line.id), Some(&raised));
    assert!(!unsealed.is_ordinary(&listed));
}

#[test]
fn rules_and_bounds_change_within_the_format() {
    let (_, roster) = founders();
    let bounds = Bounds { keys: roster.bounds.keys + 5, ..roster.bounds };
    let change = proposal(&roster, vec![Change::Quorum(Quorum(3, 4)), Change::Bounds(bounds), Change::Rules(2)]);
    let next = change.apply(&roster).expect("it makes sense");
    assert_eq!((next.quorum, next.bounds, next.rules), (Quorum(3, 4), bounds, 2));
    let back = |bounds| proposal(&next, vec![Change::Bounds(bounds)]).apply(&next).map(|roster| roster.bounds);
    let longer = roster.bounds.log_entries + 1;
    for lower in [roster.bounds, Bounds { log_bytes: 1, ..bounds }, Bounds { log_entries: longer, ..roster.bounds }] {
        assert_eq!(back(lower), Err(ProposalError::LowerBounds));
    }
    assert!(back(Bounds { log_entries: longer, ..bounds }).is_ok());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (founding, roster) = founders();
    let line = &roster.members[0];
    let refusal = |changes| proposal(&roster, changes).apply(&roster).expect_err("no sense");
    let ends = || end(line.root, 3);
    assert_eq!(refusal(vec![]), ProposalError::Changes);
    assert_eq!(refusal(vec![amend(line, false, vec![])]), ProposalError::Changes, "nothing changes");
    assert_eq!(refusal(vec![Change::Quorum(roster.quorum)]), ProposalError::Changes);
    let twice = vec![amend(line, true, ends()), amend(line, false, ends())];
    assert_eq!(refusal(twice), ProposalError::Changes);
    assert_eq!(refusal(vec![Change::Rules(1)]), ProposalError::Rules(1));
    assert_eq!(refusal(vec![Change::Quorum(Quorum(1, 2))]), ProposalError::Roster(TermsError::Quorum(1, 2)));
    assert_eq!(refusal(vec![amend(line, true, vec![])]), ProposalError::Ends(line.id.clone()));
    let unsorted = [ends(), ends()].concat();
    assert_eq!(refusal(vec![amend(line, true, unsorted)]), ProposalError::Ends(line.id.clone()));
    let stranger = newcomer(1).0;
    assert_eq!(refusal(vec![amend(&stranger, true, ends())]), ProposalError::NoMember(stranger.id));
    let rooted = Member { root: newcomer(2).0.root, ..line.clone() };
    assert_eq!(refusal(vec![amend(&rooted, false, ends())]), ProposalError::Kind(line.id.clone()));
    let admitted = vec![admission(&founding.network, 1), admission(&founding.network, 1)];
    assert_eq!(refusal(admitted), ProposalError::Member(newcomer(1).0.id));
    let governed = Member { governance: Some(roster.members[1].root), ..line.clone() };
    assert!(matches!(refusal(vec![amend(&governed, false, vec![])]), ProposalError::Roster(TermsError::KeyTwice(_))));
    let all: Vec<Change> = roster.members.iter().map(|line| amend(line, true, end(line.root, 0))).collect();
    assert_eq!(refusal(all), ProposalError::Roster(TermsError::NoVoter), "who would let anybody back in?");
    let foreign = proposal(&Roster { version: 7, ..roster.clone() }, vec![Change::Rules(2)]);
    assert_eq!(foreign.apply(&roster), Err(ProposalError::OtherRoster));
}

#[test]
fn governance_keys_speak_of_admissions_and_roles() {
    let (founding, roster) = founders();
    let line = &roster.members[0];
    let ordinary = |change| proposal(&roster, vec![change]).is_ordinary(&roster);
    let partner = Member { role: "partner".into(), ..line.clone() };
    assert!(ordinary(amend(&partner, false, end(line.root, 3))));
    assert!(ordinary(amend(&Member { name: "Other".into(), ..line.clone() }, false, vec![])));
    // Where the role stays, ends choose the branch of a log that counts: that of the root log, too.
    assert!(!ordinary(amend(line, false, end(line.root, 3))));
    assert!(!ordinary(amend(&Member { name: "Other".into(), ..line.clone() }, false, end(line.root, 3))));
    let spared = Member { spare: Some(newcomer(1).0.root), ..line.clone() };
    assert!(!ordinary(amend(&spared, false, vec![])));
    assert!(!ordinary(amend(line, true, end(line.root, 3))));
    let governed = Member { governance: Some(newcomer(1).0.root), ..line.clone() };
    assert!(!ordinary(amend(&governed, false, vec![])));
    assert!(!ordinary(replacement(&founding, line, &SigningKey::from_bytes(&[77; 32]))));
    assert!(!ordinary(Change::Rules(2)));
}
