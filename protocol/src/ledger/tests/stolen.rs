//! Stolen keys and the list of members: what a thief gains by a ballot, and what a ballot takes back.

use alloc::{sync::Arc, vec, vec::Vec};

use ed25519_dalek::SigningKey;

use super::refusals::one_log;
use crate::{
    authority::Authority,
    charter::Member,
    key::{MemberId, PublicKey},
    keyring::{KeyState, Opening, Place},
    kind::Kind,
    roster::{End, Roster, Turn},
    testing::{Founding, LogWriter, live, ring},
};

/// The roster after this one.
fn next(roster: &Roster, change: impl FnOnce(&mut Roster)) -> Arc<Roster> {
    let mut next = roster.clone();
    next.version += 1;
    change(&mut next);
    next.members.sort_by(|a, b| a.id.cmp(&b.id));
    Arc::new(next)
}

/// A founder's root key is replaced; these of its logs are named.
fn replaced(roster: &Roster, root: PublicKey, ends: Vec<End>) -> Arc<Roster> {
    next(roster, |roster| {
        let version = roster.version;
        let member = &mut roster.members[0];
        let old = core::mem::replace(&mut member.root, root);
        let (role, member) = (Some(member.role.clone()), member.id.clone());
        roster.turns.push(Turn { ends, role, root: Some(old), member, version });
    })
}

fn learnt(founding: &Founding, root: &LogWriter, logs: &[&LogWriter]) -> Authority {
    let mut authority = Authority::new(&founding.charter);
    for (seq, item) in (0..).zip(root.whole().items()) {
        authority.learn_keyring(&root.log(), seq, root.whole().body_bytes(item).unwrap_or_default());
    }
    for log in logs {
        let whole = log.whole();
        let body = whole.item_at(0).and_then(|first| whole.body_bytes(first)).expect("it is opened");
        authority.learn_opening(log.log(), Opening::decode(body).expect("an opening"));
    }
    authority
}

fn place(log: &LogWriter, seq: u64) -> Place {
    log.place(seq).expect("written")
}

#[test]
fn a_newcomer_does_not_get_the_key_of_a_founder_whatever_its_id() {
    let (founding, root, log) = one_log();
    let owner = &founding.actors[0];
    let thief = MemberId::parse("AAA").expect("an id");
    assert!(thief < owner.id);
    let key = SigningKey::from_bytes(&[8; 32]);
    let mut authority = learnt(&founding, &root, &[&log]);
    let line = Member { id: thief.clone(), root: (&key).into(), ..authority.roster().members[0].clone() };
    authority.follow(next(&authority.roster().clone(), |roster| roster.members.push(line)));
    let claim = ring(&[log.line(&thief, KeyState::Live(Some(place(&log, 0))))]);
    authority.learn_keyring(&(&key).into(), 1, &claim);
    assert_eq!(authority.listed_by(&log.log()), [thief, owner.id.clone()], "both list it at place 1");
    assert_eq!(authority.standing(&log.log()).map(|standing| &standing.member.id), Some(&owner.id));
}

#[test]
fn what_a_stolen_root_key_listed_does_not_outlast_the_ballot() {
    let (founding, mut root, log) = one_log();
    let owner = &founding.actors[0];
    let thief = founding.publish_log(&owner.id, &SigningKey::from_bytes(&[8; 32]));
    let lines = [live(&log, place(&log, 0)), live(&thief, place(&thief, 0)), owner.node_line(&founding.network)];
    root.push(Kind::Keyring, &ring(&lines));
    let mut authority = learnt(&founding, &root, &[&log, &thief]);
    let ends = |authority: &Authority, log: &LogWriter| authority.standing(&log.log()).map(|standing| standing.ends);
    assert_eq!((ends(&authority, &log), ends(&authority, &thief)), (Some(None), Some(None)));
    // Nobody but the thief has seen its log: the others name what they hold, the keyring of the thief included.
    let named = [(&root, place(&root, 2)), (&log, place(&log, 1))];
    let named = named.map(|(log, last)| End { log: log.log(), last: Some(last) });
    let new = SigningKey::from_bytes(&[9; 32]);
    authority.follow(replaced(&authority.roster().clone(), (&new).into(), named.into()));
    assert_eq!((ends(&authority, &log), ends(&authority, &thief)), (Some(Some(2)), Some(Some(0))));
    // Nor when a keyring of the new root key passes it over; one that names it gives it back.
    authority.learn_keyring(&(&new).into(), 1, &ring(&[owner.node_line(&founding.network)]));
    assert_eq!((ends(&authority, &log), ends(&authority, &thief)), (Some(Some(2)), Some(Some(0))));
    let lines = [live(&thief, place(&thief, 0)), owner.node_line(&founding.network)];
    authority.learn_keyring(&(&new).into(), 2, &ring(&lines));
    assert_eq!((ends(&authority, &log), ends(&authority, &thief)), (Some(Some(2)), Some(None)));
}

#[test]
fn a_publishing_key_that_was_taken_for_a_root_key_comes_back_with_all_that_it_said() {
    let (founding, root, log) = one_log();
    let owner = &founding.actors[0];
    let mut authority = learnt(&founding, &root, &[&log]);
    let before = |authority: &Authority| authority.standing(&log.log()).map(|it| (it.member.id.clone(), it.ends));
    let stood = before(&authority);
    assert_eq!(stood, Some((owner.id.clone(), None)));
    let id = MemberId::parse("ZZZ").expect("an id");
    let line = Member { id: id.clone(), root: log.log(), ..authority.roster().members[0].clone() };
    authority.follow(next(&authority.roster().clone(), |roster| roster.members.push(line)));
    assert_eq!(before(&authority), None, "a root log does not open so");
    assert!(authority.root_log(&log.log()).is_some());
    // A ballot gives ZZZ another root key, and names no entry of the first that stands.
    let roster = next(&authority.roster().clone(), |roster| {
        let version = roster.version;
        let line = roster.members.iter_mut().find(|line| line.id == id).expect("it was admitted");
        line.root = (&SigningKey::from_bytes(&[9; 32])).into();
        let ends = vec![End { log: log.log(), last: None }];
        let role = Some(line.role.clone());
        roster.turns.push(Turn { ends, role, root: Some(log.log()), member: id, version });
    });
    authority.follow(roster);
    assert_eq!(before(&authority), stood);
}
