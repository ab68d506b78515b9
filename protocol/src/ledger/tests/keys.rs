//! Keys: who may speak, about what, and how far.

use super::refusals::{host_with, one_log};
use crate::{
    key::PublicKey,
    kind::{Audience, Kind},
    ledger::{Admission, Refusal},
    testing::{Founding, Host, ended, live, ring},
};

#[test]
fn nobody_claims_the_key_of_another() {
    let (founding, root, log) = one_log();
    let thief = &founding.actors[1];
    let mut claim = founding.root_log(thief);
    claim.push(Kind::Keyring, &ring(&[ended(&log, None)]));
    let mut host = host_with(&founding, &[&claim]);
    let claimed = |host: &Host| host.ledger.authority().and_then(|a| a.keyring(&thief.id)).is_some();
    assert!(!claimed(&host), "the key agreed to speak for another");
    let own = thief.node_line(&founding.network);
    claim.push(Kind::Keyring, &ring(&[own, log.line(&thief.id, crate::keyring::KeyState::Ended(None))]));
    assert!(host.deliver(&claim.whole()).is_ok());
    assert!(claimed(&host), "whoever holds the key can make it agree, and gains nothing");
    assert_eq!(host.deliver(&log.whole()), Err(Refusal::UnknownKey), "the log itself names another member");
    assert!(founding.actors[0].id < thief.id);
    assert!(host.deliver(&root.whole()).is_ok());
    assert!(host.deliver(&log.whole()).is_ok());
    assert_eq!(host.ledger.counted(&log.log(), &host.store), 3, "the claim ends nothing");
    assert_eq!(host.ledger.authority().and_then(|a| a.claimed_member(&log.log())), Some(&founding.actors[0].id));
    let mut stolen = founding.publish_log(&thief.id, &founding.actors[0].publish[1]);
    stolen.push(Kind::Practice, b"x");
    assert_eq!(
        host.deliver(&stolen.whole()),
        Err(Refusal::UnknownKey),
        "a log that names a member who does not list it"
    );
}

#[test]
fn what_a_thief_wrote_with_a_key_makes_room_for_what_its_owner_did() {
    let (founding, root, log) = one_log();
    let (owner, thief) = (&founding.actors[0], &founding.actors[1]);
    let mut stolen = founding.publish_log(&thief.id, &owner.publish[0]);
    stolen.push(Kind::Practice, b"in the thief's name");
    let first = stolen.place(0).expect("it was begun");
    let mut claim = founding.root_log(thief);
    claim.push(Kind::Keyring, &ring(&[thief.node_line(&founding.network)]));
    let line = stolen.line(&thief.id, crate::keyring::KeyState::Live(Some(first)));
    claim.push(Kind::Keyring, &ring(&[thief.node_line(&founding.network), line]));
    // The thief's words come first, and then those of the owner, whose root log listed the key at a lower place.
    let mut host = host_with(&founding, &[&claim, &stolen]);
    assert_eq!(host.ledger.counted(&log.log(), &host.store), 2);
    assert!(host.deliver(&root.whole()).is_ok());
    assert_eq!(host.ledger.counted(&log.log(), &host.store), 0, "they count for nothing at once");
    assert!(host.deliver(&log.whole()).is_ok());
    let other = host_with(&founding, &[&root, &log, &claim]);
    assert_eq!(host.frontier(), other.frontier());
    assert_eq!(host.ledger.counted(&log.log(), &host.store), 3);
    assert_eq!(host.deliver(&stolen.whole()), Err(Refusal::UnknownKey));
}

#[test]
fn a_log_opened_twice_is_forked_at_its_first_entry_whichever_came_first() {
    let (founding, _, log) = one_log();
    let (owner, thief) = (&founding.actors[0], &founding.actors[1]);
    let mut stolen = founding.publish_log(&thief.id, &owner.publish[0]);
    stolen.push(Kind::Practice, b"in the thief's name");
    let mut claim = founding.root_log(thief);
    claim.push(Kind::Keyring, &ring(&[]));
    let line = stolen.line(&thief.id, crate::keyring::KeyState::Live(stolen.place(0)));
    claim.push(Kind::Keyring, &ring(&[line]));
    let ends = |named: crate::keyring::Place, end: u64, forked: bool| {
        let mut root = founding.root_log(owner);
        root.push(Kind::Keyring, &ring(&[live(&log, named)]));
        let mut first = host_with(&founding, &[&root, &claim, &log]);
        let mut second = host_with(&founding, &[&claim, &stolen]);
        for host in [&mut first, &mut second] {
            for run in [stolen.whole(), root.whole(), log.whole(), stolen.whole(), log.whole()] {
                let _ = host.deliver(&run);
            }
            let position = *host.frontier().position(&log.log()).expect("shown");
            assert_eq!((position.next, position.fork.map(|mark| mark.seq)), (end, forked.then_some(0)));
        }
        assert_eq!(first.frontier(), second.frontier());
    };
    ends(log.place(1).expect("written"), 3, false);
    let elsewhere = crate::hash::Hash::of(b"nobody has this");
    ends(crate::keyring::Place { seq: 2, hash: elsewhere }, 0, true);
}

#[test]
fn a_fork_at_the_fixed_place_does_not_matter() {
    // Who holds nothing of a log, since it contradicts the fixed place, agrees with who held it before that was fixed.
    let (founding, _, log) = one_log();
    let owner = &founding.actors[0];
    let named = crate::keyring::Place { seq: 2, hash: crate::hash::Hash::of(b"nobody has this") };
    let mut root = founding.root_log(owner);
    root.push(Kind::Keyring, &ring(&[live(&log, log.place(0).expect("written"))]));
    let early = root.clone();
    root.push(Kind::Keyring, &ring(&[live(&log, named)]));
    let mut other = log.back_to(2);
    other.push(Kind::Practice, b"another");
    let mut knew = host_with(&founding, &[&early, &log]);
    assert!(matches!(knew.deliver(&other.whole()), Ok(Admission::Forked(_))));
    assert!(knew.deliver(&root.whole()).is_ok());
    let came_late = host_with(&founding, &[&root, &log.back_to(2)]);
    assert_eq!(knew.frontier(), came_late.frontier());
    assert_eq!(knew.ledger.counted(&log.log(), &knew.store), 2);
}

#[test]
fn a_keyring_that_goes_back_counts_for_nothing() {
    let (founding, root, log) = one_log();
    let node = founding.actors[0].node_line(&founding.network);
    let mut undo = root.clone();
    undo.push(Kind::Keyring, &ring(&[ended(&log, log.place(1)), node.clone()]));
    undo.push(Kind::Keyring, &ring(&[live(&log, log.place(2).expect("written")), node.clone()]));
    undo.push(Kind::Keyring, &ring(&[node]));
    undo.push(Kind::Keyring, b"not a keyring");
    let host = host_with(&founding, &[&undo, &log]);
    assert_eq!(host.ledger.counted(&log.log(), &host.store), 2);
    let authority = host.ledger.authority().expect("adopted");
    assert_eq!(authority.keyring(&founding.actors[0].id).map(|(seq, _)| seq), Some(2));
    assert_eq!(
        host.ledger.counted(&root.log(), &host.store),
        6,
        "the entries stay in their chain, and count as entries"
    );
}

#[test]
fn a_retired_key_counts_up_to_its_last_entry() {
    let (founding, root, log) = one_log();
    let node = founding.actors[0].node_line(&founding.network);
    let mut host = host_with(&founding, &[&root, &log]);
    let mut retired = root.clone();
    retired.push(Kind::Keyring, &ring(&[ended(&log, log.place(1)), node.clone()]));
    let Ok(Admission::Appended(admitted)) = host.deliver(&retired.whole()) else { panic!("admitted") };
    assert!(admitted.authority_changed());
    let position = *host.frontier().position(&log.log()).expect("shown");
    assert_eq!((position.next, position.head), (2, log.place(1).expect("written").hash));
    assert!(!host.ledger.counts(&log.log(), 2, &Kind::Practice, &host.store));
    let mut late = host_with(&founding, &[&retired]);
    assert!(late.deliver(&log.whole()).is_ok());
    assert_eq!(late.frontier(), host.frontier());
    retired.push(Kind::Keyring, &ring(&[ended(&log, None), node]));
    assert!(host.deliver(&retired.whole()).is_ok());
    assert_eq!(host.frontier().position(&log.log()), None, "stolen from the first day: nothing of it counts");
}

#[test]
fn a_key_writes_only_what_is_its_own() {
    let (founding, mut root, mut log) = one_log();
    log.push(Kind::Keyring, &ring(&[]));
    log.push(Kind::Other("unheard-of".into()), b"x");
    log.push(Kind::Practice, b"three");
    root.push(Kind::Practice, b"a root key does not publish");
    let host = host_with(&founding, &[&root, &log]);
    let counts = |log: &PublicKey, seq, kind: Kind| host.ledger.counts(log, seq, &kind, &host.store);
    assert!(!counts(&log.log(), 3, Kind::Keyring), "carried, and counts for nothing");
    assert!(!counts(&log.log(), 4, Kind::Other("unheard-of".into())), "no role may write it");
    assert!(counts(&log.log(), 5, Kind::Practice), "what comes after it counts");
    assert!(!counts(&root.log(), 2, Kind::Practice));
    assert!(counts(&root.log(), 1, Kind::Keyring));
    assert!(!counts(&log.log(), 2, Kind::Log), "a log opens once");
    assert_eq!(host.ledger.counted(&log.log(), &host.store), 6, "the frontier goes by places, not by kinds");
}

#[test]
fn a_role_says_which_kinds_a_member_writes() {
    let founding = Founding::with(9, 2, |charter| charter.members[0].role = "partner".into());
    let partner = &founding.actors[0];
    let mut log = founding.publish_log(&partner.id, &partner.publish[0]);
    log.push(Kind::Practice, b"x");
    log.push(Kind::Other("comment".into()), b"x");
    let mut root = founding.root_log(partner);
    root.push(Kind::Keyring, &ring(&[live(&log, log.place(0).expect("written"))]));
    let host = host_with(&founding, &[&root, &log]);
    assert!(!host.ledger.counts(&log.log(), 1, &Kind::Practice, &host.store));
    assert!(host.ledger.counts(&log.log(), 2, &Kind::Other("comment".into()), &host.store));
}

#[test]
fn a_node_key_speaks_for_one_member_and_while_it_lives() {
    let (founding, root, log) = one_log();
    let actor = &founding.actors[0];
    let node = PublicKey::from(&actor.node);
    let mut host = host_with(&founding, &[&root]);
    let member = |host: &Host| host.ledger.authority().and_then(|a| a.member_of_node(&node)).cloned();
    assert_eq!(member(&host), Some(actor.id.clone()));
    let mut line = actor.node_line(&founding.network);
    line.state = crate::keyring::KeyState::Ended(None);
    let mut retired = root.clone();
    retired.push(Kind::Keyring, &ring(&[line, live(&log, log.place(0).expect("written"))]));
    assert!(host.deliver(&retired.whole()).is_ok());
    assert_eq!(member(&host), None);
    let mut stolen = founding.root_log(&founding.actors[1]);
    stolen.push(Kind::Keyring, &ring(&[actor.node_line(&founding.network)]));
    assert!(host.deliver(&stolen.whole()).is_ok());
    assert_eq!(member(&host), None, "the key agreed to speak for another");
}

#[test]
fn a_withheld_body_changes_nothing_but_itself() {
    let (founding, root, log) = one_log();
    let mut log = log.back_to(1);
    let mut statement = log.next_statement(Kind::Practice, b"for members");
    statement.audience = Audience::Members;
    let full = {
        let mut full = log.clone();
        full.push_statement(&statement, Some(b"for members"));
        full
    };
    log.push_statement(&statement, None);
    let (with, without) = (host_with(&founding, &[&root, &full]), host_with(&founding, &[&root, &log]));
    assert_eq!(with.frontier().digest(), without.frontier().digest());
    assert_eq!(
        with.ledger.extent(&log.log()),
        without.ledger.extent(&log.log()),
        "bounds are measured by what is committed to"
    );
}
