//! A request from the node to the root key and back: what is shown, what is refused, what is remembered.

mod beginning;
mod corpus;
mod vote;

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    cbor,
    charter::{Bounds, Charter, Member, Quorum, RULES},
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Opening, Place},
    kind::{Audience, Kind},
    run::{ReceivedRun, VerifiedRun, push_item},
};
use serde_bytes::ByteBuf;

use super::{Act, KeyFile, KeyringAct, Offer, Request, RequestError, SignedAt, request::FILE_MAX};
use crate::{
    api::{ApiError, ErrorKind, KeyStep},
    keys::{KeyStore, Passphrase, Protection, RootKey},
};

const WORDS: &str = "seven quiet rivers meet";

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

fn pry() -> MemberId {
    MemberId::parse("PRY").unwrap()
}

fn charter() -> Charter {
    let member = |id: &str, root: u8| Member {
        id: MemberId::parse(id).unwrap(),
        name: format!("Institution of {id}"),
        role: "mechanism".into(),
        root: PublicKey::from(&key(root)),
        spare: None,
        governance: None,
    };
    Charter {
        name: "Network".into(),
        salt: [7; 16],
        roles: Charter::usual_roles(),
        rules: RULES,
        bounds: Bounds::default(),
        former: Vec::new(),
        quorum: Quorum(2, 3),
        members: vec![member("MAR", 1), member("PRY", 2)],
        purpose: "To test.".into(),
    }
}

fn statement(seq: u64, prev: Hash, body: &[u8]) -> Statement {
    Statement {
        log: PublicKey::from(&key(2)),
        seq,
        body: BodyRef::to(body),
        kind: Kind::Keyring,
        prev,
        time: 1_767_225_600_000,
        audience: Audience::Public,
    }
}

fn at(seq: u64) -> Place {
    Place { seq, hash: Hash::of(&seq.to_be_bytes()) }
}

fn line(byte: u8, key_use: KeyUse, state: KeyState) -> KeyLine {
    KeyLine::sign(key_use, &charter().network(), &pry(), &key(byte), state)
}

fn ring(mut keys: Vec<KeyLine>) -> Vec<u8> {
    keys.sort_by_key(|line| line.key);
    Keyring { keys, salt: [3; 16] }.encode()
}

/// The keyring in force: two publishing keys and a node key.
fn before() -> Vec<KeyLine> {
    vec![
        line(10, KeyUse::Publish, KeyState::Live(Some(at(4)))),
        line(11, KeyUse::Publish, KeyState::Live(Some(at(2)))),
        line(12, KeyUse::Node, KeyState::Live(None)),
    ]
}

/// The opening of a log of PRY.
fn opening(byte: u8) -> VerifiedRun {
    let network = charter().network();
    let body = Opening { key_use: KeyUse::Publish, salt: [9; 16], member: pry() }.encode();
    let log = PublicKey::from(&key(byte));
    let statement = Statement { log, kind: Kind::Log, ..statement(0, network, &body) };
    let mut bytes = Vec::new();
    push_item(&mut bytes, &statement.sign(&network, &key(byte)), Some(&body));
    ReceivedRun::receive(bytes).unwrap().verify(&network).unwrap()
}

/// The keyring after a theft: the first key ends at entry 5, a fresh one is listed, the second moves on.
fn after() -> (Vec<KeyLine>, Vec<VerifiedRun>) {
    let fresh = opening(13);
    let begins = Place { seq: 0, hash: fresh.head() };
    let lines = vec![
        line(10, KeyUse::Publish, KeyState::Ended(Some(at(5)))),
        line(11, KeyUse::Publish, KeyState::Live(Some(at(3)))),
        line(12, KeyUse::Node, KeyState::Live(None)),
        line(13, KeyUse::Publish, KeyState::Live(Some(begins))),
    ];
    (lines, vec![fresh])
}

fn request_of(lines: Vec<KeyLine>, openings: &[VerifiedRun], change: impl FnOnce(&mut Statement)) -> Request {
    let network = charter().network();
    let body = ring(before());
    let entry = statement(1, Hash::of(b"entry 0"), &body).sign(&network, &key(2));
    let mut item = Vec::new();
    push_item(&mut item, &entry, Some(&body));
    let body = ring(lines);
    let mut statement = statement(2, Hash::of(&entry), &body);
    change(&mut statement);
    let act = KeyringAct {
        body: ByteBuf::from(body),
        logs: openings.iter().map(|run| ByteBuf::from(run.bytes().to_vec())).collect(),
        before: Some(ByteBuf::from(item)),
        member: pry(),
        statement: ByteBuf::from(cbor::encode(&statement)),
    };
    Request::new(Act::Keyring(act), charter().encode())
}

fn request() -> Request {
    let (lines, openings) = after();
    request_of(lines, &openings, |_| {})
}

/// A root key in a file of its own.
fn root_on(folder: &std::path::Path, byte: u8) -> KeyFile {
    let path = folder.join(format!("root-{byte}.pem"));
    let words = Passphrase::from(WORDS);
    if !path.exists() {
        KeyStore::create_sealed_at(&path, &RootKey::from_seed(&[byte; 32]), &words, Protection::Scrypt).unwrap();
    }
    KeyFile::open(&path, &words).unwrap()
}

#[test]
fn what_is_shown_follows_from_the_bytes() {
    let view = request().view().unwrap();
    assert_eq!((view.network_name.as_str(), view.member.as_str(), view.entry), ("Network", "PRY", Some(2)));
    assert_eq!(view.network, charter().network().to_hex());
    assert_eq!(view.member_name.as_deref(), Some("Institution of PRY"));
    let steps: Vec<_> = view.steps.iter().map(|step| (step.step, step.to.as_ref().map(|place| place.seq))).collect();
    assert_eq!(steps, [(KeyStep::Ends, Some(5)), (KeyStep::Added, Some(0)), (KeyStep::MovesOn, Some(3))]);
    assert_eq!((view.unchanged, view.signed), (1, false));
    assert!(view.unchecked.iter().any(|what| what.contains("entry 1 of the root log")), "{:?}", view.unchecked);
}

#[test]
fn a_request_is_signed_and_nothing_in_what_was_signed_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let root = root_on(folder.path(), 2);
    let signed = root.sign(&request(), SignedAt::Away).unwrap();
    assert_eq!(root.sign(&request(), SignedAt::Away).unwrap(), signed, "the same bytes again");
    assert!(signed.view().unwrap().signed);
    let bytes = signed.encode();
    assert_eq!(Request::decode(&bytes).unwrap(), signed);
    let Act::Keyring(act) = &signed.act else { panic!("a keyring") };
    let unsigned = request().encode().len();
    for place in (0..bytes.len()).step_by(if bytes.len() > unsigned { 7 } else { 1 }) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let Ok(read) = Request::decode(&changed) else { continue };
        let Ok(checked) = super::Checked::of(&read) else { continue };
        // What is compared with is no part of what is signed; all else is.
        let Act::Keyring(changed) = &read.act else { panic!("a keyring") };
        assert_eq!((&changed.statement, &changed.body, &read.charter), (&act.statement, &act.body, &signed.charter));
        assert_eq!(checked.member, pry());
    }
}

#[test]
fn what_does_not_fit_together_is_not_signed() {
    let folder = tempfile::tempdir().unwrap();
    let root = root_on(folder.path(), 2);
    let refused = |request: &Request, words: &str| {
        let error = root.sign(request, SignedAt::Here).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        let said = format!("{error} {:?}", error.causes);
        assert!(said.contains(words), "{words}: {said}");
    };
    let (lines, openings) = after();
    let made = |change: fn(&mut Statement)| request_of(after().0, &after().1, change);
    refused(&made(|statement| statement.kind = Kind::Practice), "not one with a keyring");
    refused(&made(|statement| statement.body.hash = Hash::of(b"other")), "commits to another keyring");
    refused(&made(|statement| statement.seq = 1), "does not stand above");
    refused(&made(|statement| statement.prev = Hash::of(b"other")), "does not stand above");
    refused(&made(|statement| statement.log = PublicKey::from(&key(1))), "for another member");
    refused(&made(|statement| statement.log = PublicKey::from(&key(9))), "for another root key");
    // A keyring that goes back on what was stated, or lists a key that did not agree.
    refused(&request_of(lines[1..].to_vec(), &openings, |_| {}), "gone");
    let mut stranger = lines.clone();
    stranger[3].proof = stranger[0].proof.clone();
    refused(&request_of(stranger, &openings, |_| {}), "did not agree");
    // The opening of another log than the one listed.
    refused(&request_of(lines.clone(), &[opening(14)], |_| {}), "does not let a log begin");
    let other_member = Request { act: with_member(&request(), "MAR"), ..request() };
    refused(&other_member, "for another member");
    let other_network = {
        let charter = Charter { name: "Other".into(), ..charter() };
        Request::new(request().act, charter.encode())
    };
    refused(&other_network, "the keyring before");
}

fn with_member(request: &Request, id: &str) -> Act {
    let Act::Keyring(act) = &request.act else { panic!("a keyring") };
    Act::Keyring(KeyringAct { member: MemberId::parse(id).unwrap(), ..act.clone() })
}

#[test]
fn a_root_key_remembers_what_it_signed() {
    let folder = tempfile::tempdir().unwrap();
    let root = root_on(folder.path(), 2);
    root.sign(&request(), SignedAt::Away).unwrap();
    let (lines, openings) = after();
    let other = request_of(lines, &openings, |statement| statement.time += 1);
    let error = root.sign(&other, SignedAt::Away).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains("another statement for entry 2"), "{error}");
    // Another machine with the same stick knows it as well.
    assert!(root_on(folder.path(), 2).sign(&other, SignedAt::Away).is_err());
    root.sign(&request(), SignedAt::Away).unwrap();
}

#[test]
fn a_request_has_one_spelling_and_a_bound() {
    let bytes = request().encode();
    assert_eq!(Request::decode(&bytes).unwrap().encode(), bytes);
    assert!(matches!(Request::decode(&vec![0; FILE_MAX + 1]), Err(RequestError::Oversized)));
    assert!(matches!(Request::decode(&[bytes.as_slice(), &[0]].concat()), Err(RequestError::Encoding(_))));
    let later = bytes.len() - 1;
    let mut version = bytes.clone();
    version[later] = 1;
    assert!(matches!(Request::decode(&version), Err(RequestError::Version(1))));
    let many: Vec<_> = (0..9).map(|_| opening(13)).collect();
    let crowded = request_of(after().0, &many, |_| {}).encode();
    assert!(matches!(Request::decode(&crowded), Err(RequestError::Oversized)));
}

#[test]
fn an_offer_survives_the_mail_and_lists_only_keys_that_agree() {
    let network = charter().network();
    let begins = Place { seq: 0, hash: opening(13).head() };
    let lines =
        vec![line(13, KeyUse::Publish, KeyState::Live(Some(begins))), line(12, KeyUse::Node, KeyState::Live(None))];
    let offer = Offer::new(network, pry(), lines.clone(), &[opening(13)]);
    let text = offer.to_text();
    let mailed: Vec<String> = text.as_bytes().chunks(60).map(|part| String::from_utf8_lossy(part).into()).collect();
    assert_eq!(Offer::parse(&format!(" {}\n", mailed.join("\r\n").to_uppercase())).unwrap(), offer);
    for place in (13..text.len()).step_by(11) {
        let mut slip = text.clone();
        slip.replace_range(place..=place, if &text[place..=place] == "a" { "b" } else { "a" });
        assert!(Offer::parse(&slip).is_err() && Offer::parse(&text[..place]).is_err(), "{place}");
    }
    let for_other = Offer::new(network, MemberId::parse("KEN").unwrap(), lines.clone(), &[opening(13)]);
    assert!(Offer::parse(&for_other.to_text()).is_err(), "the keys agreed to speak for PRY");
    assert!(Offer::parse(&Offer::new(network, pry(), lines, &[]).to_text()).is_err(), "a log without its opening");
    assert!(Offer::parse(&Offer::new(network, pry(), vec![], &[]).to_text()).is_err(), "no keys");
}

#[test]
fn a_file_that_is_cut_off_is_said_to_be_so_once_and_without_the_decoders_words() {
    let error = Request::decode(b"\xa4\x63act").unwrap_err();
    let told = ApiError::new(ErrorKind::Failed, "it cannot be read").because(&error);
    assert_eq!(told.causes, ["it is not DAG-CBOR of the expected shape, or cut off"]);
}
