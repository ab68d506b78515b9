//! The corpus of the fuzzer holds a request of each kind, in the form that there is: a corpus of an earlier form reaches nothing.

use std::{fs, path::Path};

use nanduti_protocol::{
    ballot::{Change, Proposal, Statement, rules::Step},
    cbor,
    charter::Member,
    keyring::{KeyState, KeyUse, Place},
    roster::Roster,
};
use serde_bytes::ByteBuf;

use super::{
    super::{Act, Request, SignedAt, VoteAct, begin::BeginningAct},
    charter, key, line, opening, pry, request, ring, root_on,
};

fn vote() -> Request {
    let roster = Roster::founding(&charter());
    let proposal = Proposal { roster: roster.hash(), changes: vec![Change::Rules(2)] };
    let (step, member, subject) = (Step::Endorse, pry(), proposal.hash());
    let statement = Statement { step, cites: None, round: 1, member, roster: roster.hash(), proposal: subject };
    Request::new(Act::Vote(VoteAct::new(&roster, &proposal, &statement)), charter().encode())
}

/// PRY adopts the charter, or asks to be admitted with another root key.
fn beginning(newcomer: bool) -> Request {
    let opening = opening(13);
    let begins = KeyState::Live(Some(Place { seq: 0, hash: opening.head() }));
    let body = ring(vec![line(13, KeyUse::Publish, begins), line(12, KeyUse::Node, KeyState::Live(None))]);
    let root = (&key(if newcomer { 3 } else { 2 })).into();
    let asked = Member { root, spare: Some((&key(4)).into()), ..charter().members[1].clone() };
    let act = BeginningAct {
        body: ByteBuf::from(body),
        line: newcomer.then(|| ByteBuf::from(cbor::encode(&asked))),
        logs: vec![ByteBuf::from(opening.bytes().to_vec())],
        root,
        time: 1_767_225_600_000,
        member: pry(),
    };
    Request::new(Act::Beginning(act), charter().encode())
}

#[test]
fn every_kind_of_request_stands_in_the_corpus() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [
        ("a-fresh-key", request(), 2),
        ("a-vote", vote(), 2),
        ("a-charter", beginning(false), 2),
        ("an-admission", beginning(true), 3),
    ];
    for (name, request, root) in kinds {
        let signed = root_on(folder.path(), root).sign(&request, SignedAt::Here).unwrap();
        for (name, bytes) in [(name.to_owned(), request.encode()), (format!("{name}-signed"), signed.encode())] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/request").join(&name);
            if std::env::var_os("UPDATE_GENERATED").is_some() {
                fs::write(&path, &bytes).unwrap();
            }
            let there = fs::read(&path).unwrap_or_default();
            assert!(
                there == bytes,
                "{name} is not what the program makes; if it is meant, run with UPDATE_GENERATED=1"
            );
        }
    }
}
