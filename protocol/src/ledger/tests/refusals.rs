//! Each reason for which a run is not admitted, and who is to blame.

use ed25519_dalek::SigningKey;

use crate::{
    entry::{BodyRef, Statement},
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    ledger::{Admission, AdoptError, History, Ledger, Refusal},
    testing::{Founding, Host, LogWriter, ended, live, ring},
};

/// A founded network whose first member has one publishing log of three entries, which its keyring lists.
pub(super) fn one_log() -> (Founding, LogWriter, LogWriter) {
    let founding = Founding::new(7, 2);
    let actor = &founding.actors[0];
    let mut log = founding.publish_log(&actor.id, &actor.publish[0]);
    for body in [b"one", b"two"] {
        log.push(Kind::Practice, body);
    }
    let mut root = founding.root_log(actor);
    let checkpoint = log.place(0).expect("written");
    root.push(Kind::Keyring, &ring(&[live(&log, checkpoint), actor.node_line(&founding.network)]));
    (founding, root, log)
}

/// A host that holds these logs.
pub(super) fn host_with(founding: &Founding, logs: &[&LogWriter]) -> Host {
    let mut host = Host::new(founding.network);
    for log in logs {
        let outcome = host.deliver(&log.whole());
        assert!(matches!(outcome, Ok(Admission::Appended(_))), "{outcome:?}");
    }
    host
}

fn refused(host: &mut Host, log: &LogWriter) -> Refusal {
    host.deliver(&log.whole()).expect_err("refused")
}

#[test]
fn a_founders_root_log_brings_the_charter() {
    let (founding, root, log) = one_log();
    let mut host = Host::new(founding.network);
    assert_eq!(refused(&mut host, &log), Refusal::NoCharter);
    assert!(host.ledger.authority().is_none());
    let Ok(Admission::Appended(admitted)) = host.deliver(&root.whole()) else { panic!("admitted") };
    assert!(admitted.authority_changed());
    assert!(matches!(host.deliver(&log.whole()), Ok(Admission::Appended(_))));
    assert_eq!(host.counted().len(), 5);
    let authority = host.ledger.authority().expect("adopted");
    let node = PublicKey::from(&founding.actors[0].node);
    assert_eq!(authority.member_of_node(&node), Some(&founding.actors[0].id));
}

#[test]
fn another_networks_charter_is_refused() {
    let (founding, ..) = one_log();
    let other = Founding::new(8, 2);
    let mut bare = Ledger::new(founding.network);
    assert_eq!(bare.adopt_charter(&other.charter.encode()), Err(AdoptError::OtherNetwork));
    // A founder's key that signs another charter for this network.
    let mut log = LogWriter::new(founding.network, &founding.actors[0].root);
    log.push(Kind::Charter, &other.charter.encode());
    let mut host = Host::new(founding.network);
    assert_eq!(refused(&mut host, &log), Refusal::Charter(AdoptError::OtherNetwork));
    let mut host = host_with(&founding, &[&founding.root_log(&founding.actors[1])]);
    assert_eq!(refused(&mut host, &log), Refusal::OtherNetwork);
}

#[test]
fn a_charter_that_makes_no_sense_is_refused_though_its_hash_fits() {
    let founding = Founding::with(7, 2, |charter| charter.members.reverse());
    let mut host = Host::new(founding.network);
    let refusal = refused(&mut host, &founding.root_log(&founding.actors[0]));
    assert!(matches!(refusal, Refusal::Charter(AdoptError::Charter(_))), "{refusal:?}");
    assert!(refusal.blames_peer());
}

#[test]
fn entry_0_has_to_stand_on_the_network() {
    let (founding, root, _) = one_log();
    let mut host = host_with(&founding, &[&root]);
    let key = SigningKey::from_bytes(&[3; 32]);
    let statement = Statement {
        log: PublicKey::from(&key),
        seq: 0,
        body: BodyRef::to(b"x"),
        kind: Kind::Practice,
        prev: Hash::of(b"elsewhere"),
        time: 0,
        audience: Audience::Public,
    };
    let mut log = LogWriter::new(founding.network, &key);
    log.push_statement(&statement, Some(b"x"));
    assert_eq!(refused(&mut host, &log), Refusal::OtherNetwork);
}

#[test]
fn a_key_that_nobody_lists_is_refused_without_blame() {
    let (founding, root, log) = one_log();
    let bare = founding.root_log(&founding.actors[0]);
    let mut host = host_with(&founding, &[&bare]);
    let refusal = refused(&mut host, &log);
    assert_eq!(refusal, Refusal::UnknownKey);
    assert!(!refusal.blames_peer());
    assert!(host.deliver(&root.whole()).is_ok());
    assert!(matches!(host.deliver(&log.whole()), Ok(Admission::Appended(_))), "once the keyring lists it");
    let stranger = SigningKey::from_bytes(&[3; 32]);
    let mut claimed = LogWriter::new(founding.network, &stranger);
    claimed.push(Kind::Charter, &founding.charter.encode());
    assert_eq!(refused(&mut host, &claimed), Refusal::UnknownKey, "a root key that the roster does not know");
    assert_eq!(host.deliver(&log.run(1..3)), Ok(Admission::Known));
}

#[test]
fn an_opening_has_to_say_for_whom_the_key_speaks() {
    let (founding, root, log) = one_log();
    let mut host = host_with(&founding, &[&root]);
    let key = &founding.actors[0].publish[0];
    let mut mute = LogWriter::new(founding.network, key);
    mute.push(Kind::Log, b"\xa0");
    assert!(matches!(refused(&mut host, &mute), Refusal::Opening(_)));
    let mut practice = LogWriter::new(founding.network, key);
    practice.push(Kind::Practice, b"x");
    assert_eq!(refused(&mut host, &practice), Refusal::OpeningKind(Kind::Practice));
    let mut root_as_log = LogWriter::new(founding.network, &founding.actors[1].root);
    root_as_log.push(Kind::Log, b"\xa0");
    let refusal = refused(&mut host, &root_as_log);
    assert_eq!(refusal, Refusal::UnknownKey);
    assert!(!refusal.blames_peer(), "another roster may not have it as a root key");
    assert!(matches!(host.deliver(&log.whole()), Ok(Admission::Appended(_))));
}

#[test]
fn gaps_overlaps_and_repeats() {
    let (founding, root, log) = one_log();
    let mut host = host_with(&founding, &[&root]);
    assert_eq!(host.deliver(&log.run(1..3)), Err(Refusal::UnknownKey), "its entry 0 has not arrived");
    assert!(matches!(host.deliver(&log.run(0..1)), Ok(Admission::Appended(_))));
    assert_eq!(host.deliver(&log.run(2..3)), Err(Refusal::Gap { held: 1, first: 2 }));
    let Ok(Admission::Appended(admitted)) = host.deliver(&log.run(0..2)) else { panic!("an overlap") };
    assert_eq!((admitted.run().first_seq(), admitted.run().next_seq()), (1, 2), "only what is new is appended");
    assert_eq!(admitted.run().bytes(), log.segment(1..2));
    assert_eq!(host.deliver(&log.run(0..2)), Ok(Admission::Known));
    assert!(matches!(host.deliver(&log.whole()), Ok(Admission::Appended(_))));
    assert_eq!(host.ledger.extent(&log.log()).map(|extent| extent.next), Some(3));
}

#[test]
fn past_the_last_entry_that_counts() {
    let (founding, mut root, log) = one_log();
    root.push(Kind::Keyring, &ring(&[ended(&log, log.place(1)), founding.actors[0].node_line(&founding.network)]));
    let mut host = host_with(&founding, &[&root]);
    assert!(host.deliver(&log.run(0..2)).is_ok());
    assert_eq!(host.deliver(&log.run(2..3)), Err(Refusal::PastEnd));
}

#[test]
fn what_contradicts_the_fixed_branch_is_refused() {
    let (founding, root, log) = one_log();
    let mut host = host_with(&founding, &[&root, &log]);
    let opening =
        crate::run::split_item(&log.segment(0..1)).and_then(|(_, body, _)| body.map(<[u8]>::to_vec)).expect("held");
    let mut other = log.back_to(0);
    let statement = Statement { time: 5, ..other.next_statement(Kind::Log, &opening) };
    other.push_statement(&statement, Some(&opening));
    assert_eq!(refused(&mut host, &other), Refusal::FixedBranch);
    assert_eq!(host.ledger.fork(&log.log()), None);
}

/// What is held, of which some entries cannot be read.
struct Unreadable<'a>(&'a crate::testing::Store, u64);

impl History for Unreadable<'_> {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.0.hash_at(log, seq)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<alloc::vec::Vec<u8>> {
        self.0.entry_at(log, seq).filter(|_| seq < self.1)
    }
}

#[test]
fn only_what_cannot_be_read_leaves_a_contradiction_unproven() {
    let (founding, root, log) = one_log();
    let mut host = host_with(&founding, &[&root, &log]);
    // Entries 1 and 2 of the other branch carry no good signature; entry 3 does, and commits to them.
    let mut branch = log.back_to(1);
    for body in [b"other".as_slice(), b"next"] {
        branch.push_unsigned(&branch.next_statement(Kind::Practice, body), Some(body));
    }
    branch.push(Kind::Practice, b"signed");
    let refusal = host.ledger.admit(branch.whole(), &Unreadable(&host.store, 1)).expect_err("refused");
    assert_eq!(refusal, Refusal::Unproven);
    assert!(!refusal.blames_peer(), "what is held here is at fault");
    let Ok(Admission::Forked(proof)) = host.deliver(&branch.whole()) else { panic!("proven") };
    assert_eq!(proof.mark().seq, 1);
}

#[test]
fn a_place_that_no_log_reaches_is_refused_before_anything_counts_with_it() {
    let (founding, mut root, log) = one_log();
    let ahead = crate::keyring::Place { seq: 9, hash: Hash::of(b"not here yet") };
    root.push(Kind::Keyring, &ring(&[live(&log, ahead), founding.actors[0].node_line(&founding.network)]));
    let _host = host_with(&founding, &[&root, &log]);
    for seq in [u64::MAX, u64::MAX - 1, crate::limits::LOG_ENTRIES_MAX] {
        let statement = Statement { seq, ..log.next_statement(Kind::Practice, b"far") };
        let entry = statement.sign(&founding.network, &founding.actors[0].publish[0]);
        let mut segment = alloc::vec::Vec::new();
        crate::run::push_item(&mut segment, &entry, Some(b"far"));
        let refused = crate::run::ReceivedRun::receive(segment).expect_err("out of bounds");
        let error = crate::entry::EntryError::Place(seq);
        assert_eq!(refused, crate::run::RunError::Entry { offset: 0, error });
    }
}

#[test]
fn every_refusal_has_a_name_of_its_own_or_shares_it_knowingly() {
    let all = [
        Refusal::NoCharter,
        Refusal::Charter(AdoptError::OtherNetwork),
        Refusal::UnknownKey,
        Refusal::OpeningKind(Kind::Practice),
        Refusal::OtherNetwork,
        Refusal::Gap { held: 1, first: 2 },
        Refusal::PastEnd,
        Refusal::AboveFork,
        Refusal::FixedBranch,
        Refusal::Unproven,
        Refusal::Bounds,
    ];
    let mut names: alloc::vec::Vec<_> = all.iter().map(Refusal::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len());
}
