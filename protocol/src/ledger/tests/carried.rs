//! Logs that the charter carries over from a former network.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    announce::{Place as Announced, judge_entry},
    authority::Authority,
    charter::Member,
    entry::Entry,
    fork::ForkProof,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyState, Place},
    kind::Kind,
    ledger::{Admission, Refusal},
    roster::Turn,
    testing::{Founding, Host, LogWriter, Refounding, live, ring},
};

/// A node that knows the charter.
fn node(again: &Refounding) -> Host {
    node_of(&again.founding)
}

fn node_of(founding: &Founding) -> Host {
    let mut host = Host::new(founding.network);
    let root = founding.root_log(&founding.actors[0]);
    assert!(matches!(host.deliver(&root.whole()), Ok(Admission::Appended(_))));
    host
}

/// The same refounding with another charter.
fn changed(again: &Refounding, change: impl FnOnce(&mut crate::charter::Charter)) -> Founding {
    let mut charter = again.founding.charter.clone();
    change(&mut charter);
    Founding { network: charter.network(), charter, actors: again.founding.actors.clone() }
}

fn counted(host: &Host, log: &PublicKey) -> u64 {
    host.counted().iter().filter(|(counted, ..)| counted == log).count() as u64
}

#[test]
fn the_old_library_stands_in_the_new_network_as_it_was_signed() {
    let again = Refounding::new(5);
    let mut host = node(&again);
    for log in &again.logs {
        assert!(matches!(host.deliver(&log.whole()), Ok(Admission::Appended(_))));
        assert_eq!(counted(&host, &log.log()), 3);
    }
    let authority = host.ledger.authority().expect("known");
    let standing = |place: usize| authority.standing(&again.logs[place].log()).expect("carried");
    assert_eq!(standing(0).member.root, again.founding.charter.members[0].root, "a founder, with its new key");
    assert_eq!(standing(3).member.root, again.former.charter.members[3].root, "no member here: by its former line");
    assert!(standing(0).former.is_some_and(|former| former.network() == again.former.network));
    assert!(standing(0).ends == Some(3) && !standing(0).is_root);
}

#[test]
fn without_the_charter_nothing_of_it_is_taken_in() {
    let again = Refounding::new(5);
    let mut host = Host::new(again.founding.network);
    assert_eq!(host.deliver(&again.logs[0].whole()), Err(Refusal::NoCharter));
    let entry = Entry::decode(again.logs[0].entry(0).expect("written")).expect("an entry");
    let judged = |host: &Host| judge_entry(&host.ledger, &host.store, &entry.statement, &entry.hash);
    assert_eq!(judged(&host), Announced::Unplaced, "nobody is blamed for what cannot be known");
    assert_eq!(judged(&node(&again)), Announced::Ahead { next: true });
    let stranger = node_of(&Founding::new(99, 3));
    assert_eq!(judged(&stranger), Announced::OtherNetwork);
}

#[test]
fn a_log_of_the_former_network_that_is_not_named_stays_out() {
    let again = Refounding::new(5);
    let mut host = node(&again);
    let actor = &again.former.actors[0];
    let other = again.former.publish_log(&actor.id, &actor.publish[1]);
    assert_eq!(host.deliver(&other.whole()), Err(Refusal::OtherNetwork));
    assert_eq!(host.deliver(&again.former.root_log(actor).whole()), Err(Refusal::OtherNetwork));
}

#[test]
fn nothing_counts_beyond_the_place_that_is_named() {
    let mut again = Refounding::new(5);
    let short = again.logs[0].clone();
    again.logs[0].push(Kind::Practice, b"after the fact");
    let mut host = node(&again);
    assert!(matches!(host.deliver(&short.whole()), Ok(Admission::Appended(_))));
    assert_eq!(host.deliver(&again.logs[0].whole()), Err(Refusal::PastEnd));
    assert_eq!(counted(&host, &short.log()), 3);
    let mut at_once = node(&again);
    assert!(at_once.deliver(&again.logs[0].whole()).is_ok(), "carried in its chain");
    assert_eq!(counted(&at_once, &short.log()), 3);
    assert_eq!(host.frontier(), at_once.frontier());
}

#[test]
fn the_place_fixes_the_branch_and_settles_forks_below_it() {
    let again = Refounding::new(5);
    let log = &again.logs[1];
    let mut branch = log.back_to(1);
    branch.push(Kind::Practice, b"two tongues");
    branch.push(Kind::Practice, b"and more");
    let (mut first, mut second) = (node(&again), node(&again));
    assert!(first.deliver(&log.whole()).is_ok());
    assert_eq!(first.deliver(&branch.whole()), Err(Refusal::FixedBranch));
    // The other way round: of the wrong branch only common ground is taken in.
    let _ = second.deliver(&branch.whole());
    let _ = second.deliver(&log.whole());
    let _ = second.deliver(&log.whole());
    for host in [&mut first, &mut second] {
        assert_eq!(counted(host, &log.log()), 3);
        let networks = again.founding.charter.networks();
        let chain = |log: &LogWriter| log.run(1..3).chain_from(1, &networks).expect("signed");
        let proof = ForkProof::new(1, chain(log), chain(&branch)).expect("a fork");
        assert_eq!(ForkProof::decode(&networks, &proof.encode()), Ok(proof.clone()));
        host.ledger.learn_fork(&proof);
        assert_eq!(counted(host, &log.log()), 3, "the charter has settled it");
        assert_eq!(host.ledger.open_fork(&log.log(), &host.store), None);
    }
    assert_eq!(first.frontier(), second.frontier());
}

#[test]
fn a_fork_below_the_place_is_proven_until_the_place_is_held() {
    let again = Refounding::new(5);
    let log = &again.logs[1];
    let mut branch = log.back_to(1);
    branch.push(Kind::Practice, b"two tongues");
    let mut host = node(&again);
    assert!(host.deliver(&log.run(0..2)).is_ok());
    assert!(host.show(branch.entry(1).expect("written")), "by chains of the former network");
    assert_eq!(counted(&host, &log.log()), 1);
    let _ = host.deliver(&log.whole());
    assert_eq!(counted(&host, &log.log()), 3, "the place is held, and has settled it");
}

#[test]
fn a_claim_of_another_hash_shows_nothing_from_there_on() {
    let again = Refounding::new(5);
    let log = again.logs[1].log();
    let founding = changed(&again, |charter| {
        let carried = charter.former[0].logs.iter_mut().find(|carried| carried.log == log).expect("carried");
        carried.last.hash = Hash::of(b"another entry");
    });
    let mut host = node_of(&founding);
    let _ = host.deliver(&again.logs[1].whole());
    assert!(counted(&host, &log) < 3 && host.deliver(&again.logs[1].whole()) == Err(Refusal::FixedBranch));
}

#[test]
fn a_claim_of_another_member_shows_nothing_at_all() {
    let again = Refounding::new(5);
    let log = again.logs[1].log();
    let thief = again.former.actors[0].id.clone();
    let founding = changed(&again, |charter| {
        let carried = charter.former[0].logs.iter_mut().find(|carried| carried.log == log).expect("carried");
        carried.member = thief;
    });
    let mut host = node_of(&founding);
    let refusal = host.deliver(&again.logs[1].whole()).expect_err("it says otherwise itself");
    assert_eq!(refusal, Refusal::OtherMember);
    assert!(!refusal.blames_peer());
    assert_eq!(counted(&host, &log), 0);
}

#[test]
fn no_keyring_claims_a_log_that_is_carried_over() {
    let again = Refounding::new(5);
    let actor = &again.founding.actors[0];
    let mut host = node(&again);
    let carried = &again.logs[1];
    assert!(host.deliver(&carried.whole()).is_ok());
    // The key itself agrees, for the new network.
    let line = carried.line_in(&again.founding.network, &actor.id, KeyState::Ended(None));
    let mut root = again.founding.root_log(actor);
    root.push(Kind::Keyring, &ring(&[line]));
    assert!(host.deliver(&root.whole()).is_ok());
    assert_eq!(counted(&host, &carried.log()), 3);
    let standing = host.ledger.authority().and_then(|authority| authority.standing(&carried.log())).expect("carried");
    assert_eq!(standing.member.id, carried.member());
    // Nor does the key begin a log of the new network.
    let key = &again.former.actors[1].publish[0];
    let own = again.founding.publish_log(&actor.id, key);
    assert_eq!(node(&again).deliver(&own.whole()), Err(Refusal::OtherNetwork));
}

#[test]
fn a_member_that_is_admitted_with_the_key_of_a_carried_log_has_no_root_log() {
    let again = Refounding::new(5);
    let mut authority = Authority::new(&again.founding.charter);
    let mut roster = authority.roster().clone();
    let log = again.logs[3].log();
    let id = MemberId::parse("ZZZ").expect("an id");
    roster.members.push(Member { id, root: log, ..roster.members[0].clone() });
    authority.follow(Arc::new(roster));
    let standing = authority.standing(&log).expect("carried");
    assert!(!standing.is_root && standing.member.id == again.logs[3].member());
    assert_eq!(authority.member_by_root(&log), None);
}

#[test]
fn what_is_decided_here_does_not_touch_what_is_carried_over() {
    let again = Refounding::new(5);
    let mut authority = Authority::new(&again.founding.charter);
    let mut roster = authority.roster().clone();
    let member = roster.members[0].id.clone();
    let role = Some(roster.members[0].role.clone());
    roster.turns = [Turn { ends: Vec::new(), role, root: None, member: member.clone(), version: 1 }].into();
    roster.suspended = [member].into();
    roster.bounds.log_entries = 1;
    roster.roles.values_mut().for_each(|role| role.kinds.clear());
    authority.follow(Arc::new(roster));
    let log = again.logs[0].log();
    let standing = authority.standing(&log).expect("carried");
    assert!(authority.allows(&standing, 2, &Kind::Practice) && standing.ends == Some(3));
    assert_eq!(authority.bounds(&log), again.former.charter.bounds);
}

#[test]
fn a_member_speaks_on_with_its_new_keys() {
    let again = Refounding::new(5);
    let actor = &again.founding.actors[0];
    let mut host = node(&again);
    let mut log = again.founding.publish_log(&actor.id, &actor.publish[0]);
    let mut root = again.founding.root_log(actor);
    let checkpoint: Place = log.place(0).expect("opened");
    root.push(Kind::Keyring, &ring(&[live(&log, checkpoint)]));
    log.push(Kind::Practice, b"a revision");
    let delivered: Vec<bool> =
        [&root, &log, &again.logs[0]].iter().map(|log| host.deliver(&log.whole()).is_ok()).collect();
    assert_eq!(delivered, [true; 3]);
    assert_eq!((counted(&host, &log.log()), counted(&host, &again.logs[0].log())), (2, 3));
    let authority = host.ledger.authority().expect("known");
    assert_eq!(authority.claimed_member(&log.log()), authority.claimed_member(&again.logs[0].log()));
}

#[test]
fn a_network_may_be_founded_anew_twice() {
    let again = Refounding::new(5);
    let third = Founding::with(77, 3, |charter| {
        let mut oldest = again.founding.charter.former[0].clone();
        oldest.consents.clear();
        let newest = crate::former::Former {
            logs: Vec::new(),
            name: "The second".into(),
            reason: "Once more.".into(),
            roster: crate::roster::Roster::founding(&again.founding.charter),
            consents: Vec::new(),
        };
        charter.former = [newest, oldest].into();
    });
    assert_eq!(crate::charter::Charter::decode(&third.charter.encode()), Ok(third.charter.clone()));
    let mut host = node_of(&third);
    assert!(host.deliver(&again.logs[3].whole()).is_ok());
    assert_eq!(counted(&host, &again.logs[3].log()), 3);
}
