//! What charters may say of former networks, and what they may not.

use alloc::vec;

use super::*;
use crate::{
    charter::{Charter, CharterError},
    testing::{Founding, Refounding},
};

fn refusal(change: impl FnOnce(&mut Charter)) -> FormerError {
    let mut charter = Refounding::new(3).founding.charter;
    change(&mut charter);
    match Charter::decode(&charter.encode()) {
        Err(CharterError::Former(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_charter_that_is_not_founded_anew_is_encoded_as_it_was() {
    let bytes = Founding::new(3, 4).charter.encode();
    assert_eq!(bytes.first(), Some(&0xa8), "eight keys");
}

#[test]
fn a_charter_carries_former_networks_and_says_to_which_each_log_is_bound() {
    use crate::networks::NetworkOf;
    let again = Refounding::new(3);
    let charter = &again.founding.charter;
    assert_eq!(Charter::decode(&charter.encode()), Ok(charter.clone()));
    let networks = charter.networks();
    for carried in &charter.former[0].logs {
        assert_eq!(networks.network_of(&carried.log), again.former.network);
    }
    assert_eq!(networks.network_of(&charter.members[0].root), again.founding.network);
}

#[test]
fn what_is_said_of_logs_has_to_make_sense() {
    assert_eq!(refusal(|c| c.former[0].logs.swap(0, 1)), FormerError::Logs);
    let twice = |c: &mut Charter| {
        let first = c.former[0].logs[0].clone();
        c.former[0].logs.insert(0, first);
    };
    assert_eq!(refusal(twice), FormerError::Logs);
    let stranger = MemberId::parse("ZZZ").expect("an id");
    assert!(matches!(refusal(|c| c.former[0].logs[0].member = stranger.clone()), FormerError::NoMember { .. }));
    assert!(matches!(refusal(|c| c.former[0].logs[0].last.seq = limits::LOG_ENTRIES_MAX), FormerError::Place(_)));
    let many = |c: &mut Charter| {
        let line = c.former[0].logs[0].clone();
        let numbered = |number: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&(number as u64).to_be_bytes());
            Carried { log: PublicKey::from_bytes(key), ..line.clone() }
        };
        c.former[0].logs = (0..=limits::CARRIED_LOGS_MAX).map(numbered).collect();
    };
    assert_eq!(refusal(many), FormerError::Logs);
}

#[test]
fn as_many_logs_as_there_may_be_fit_into_a_charter() {
    let mut charter = Refounding::new(3).founding.charter;
    let line = charter.former[0].logs[0].clone();
    let numbered = |number: usize| {
        let mut key = [0xff; 32];
        key[1..9].copy_from_slice(&(number as u64).to_be_bytes());
        let last = Place { seq: limits::LOG_ENTRIES_MAX - 1, ..line.last };
        Carried { log: PublicKey::from_bytes(key), last, ..line.clone() }
    };
    charter.former[0].roster.bounds.log_entries = limits::LOG_ENTRIES_MAX;
    charter.former[0].consents.clear();
    charter.former[0].logs = (0..limits::CARRIED_LOGS_MAX).map(numbered).collect();
    let bytes = charter.encode();
    assert!(Charter::decode(&bytes).is_ok() && bytes.len() < limits::BODY_MAX / 2, "{} bytes", bytes.len());
}

#[test]
fn a_key_serves_one_network_and_one_use() {
    let old_root = |c: &Charter| c.former[0].roster.members[3].root;
    let cases: [&dyn Fn(&mut Charter); 4] = [
        &|c| c.members[0].root = old_root(c),
        &|c| c.members[0].governance = Some(old_root(c)),
        &|c| c.members[0].governance = Some(c.former[0].logs[0].log),
        &|c| {
            let mut older = c.former[0].clone();
            older.roster.network = Hash::of(b"older");
            older.consents.clear();
            c.former.push(older);
        },
    ];
    for (number, change) in cases.iter().enumerate() {
        let error = refusal(|charter| {
            charter.former[0].consents.clear();
            change(charter);
        });
        assert!(matches!(error, FormerError::KeyTwice(_)), "case {number}: {error}");
    }
}

#[test]
fn former_networks_and_their_rosters_have_to_make_sense() {
    let again = |c: &mut Charter| {
        let mut same = c.former[0].clone();
        same.logs.clear();
        same.consents.clear();
        c.former.push(same);
    };
    assert_eq!(refusal(again), FormerError::Networks);
    assert_eq!(refusal(|c| c.former[0].roster.rules = 2), FormerError::Rules(2));
    assert!(matches!(refusal(|c| c.former[0].reason = " ".into()), FormerError::Terms(TermsError::Text { .. })));
    assert!(matches!(refusal(|c| c.former[0].name.clear()), FormerError::Terms(TermsError::Text { .. })));
    assert!(matches!(refusal(|c| c.former[0].roster.members.swap(0, 1)), FormerError::Terms(TermsError::Members)));
    let stranger = MemberId::parse("ZZZ").expect("an id");
    assert_eq!(refusal(|c| c.former[0].roster.suspended = vec![stranger]), FormerError::Terms(TermsError::Members));
}

#[test]
fn a_consent_holds_for_one_member_one_key_and_one_network() {
    let again = Refounding::new(3);
    let (member, old) = (&again.former.actors[0].id, &again.former.actors[0].root);
    let root = again.founding.actors[0].root.clone();
    let root = PublicKey::from(&root);
    let proof = sign_consent(&again.former.network, member, old, &root);
    let old_root = PublicKey::from(old);
    let check = |network: Hash, member: &MemberId, old: &PublicKey, root: &PublicKey| {
        check_consent(&proof, &network, member, old, root).is_ok()
    };
    assert!(check(again.former.network, member, &old_root, &root));
    assert!(!check(again.founding.network, member, &old_root, &root));
    assert!(!check(again.former.network, &again.former.actors[1].id, &old_root, &root));
    assert!(!check(again.former.network, member, &root, &root));
    assert!(!check(again.former.network, member, &old_root, &old_root));
}

#[test]
fn consents_are_of_founders_by_the_keys_that_they_had() {
    let foreign = |c: &mut Charter| {
        let proof = c.former[0].consents[0].proof.clone();
        c.former[0].consents[1].proof = proof;
    };
    assert!(matches!(refusal(foreign), FormerError::Consent { error: EnvelopeError::Form, .. }));
    let another_key = |c: &mut Charter| {
        let thief = SigningKey::from_bytes(&[9; 32]);
        let Former { roster, consents, .. } = &mut c.former[0];
        let proof = sign_consent(&roster.network, &consents[0].member, &thief, &c.members[0].root);
        consents[0].proof = ByteBuf::from(proof);
    };
    assert!(matches!(refusal(another_key), FormerError::Consent { error: EnvelopeError::Signature, .. }));
    assert_eq!(refusal(|c| c.former[0].consents.swap(0, 1)), FormerError::Consents);
    let absent = |c: &mut Charter| {
        let last = c.former[0].roster.members.last().expect("members").id.clone();
        c.former[0].consents[1].member = last;
    };
    assert_eq!(refusal(absent), FormerError::Consents, "no founder");
    let renamed = |c: &mut Charter| c.members[1].root = PublicKey::from_bytes([7; 32]);
    assert!(matches!(refusal(renamed), FormerError::Consent { .. }), "another new key");
}
