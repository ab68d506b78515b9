//! Requests, statements and papers, one by one.

use nanduti_protocol::{
    ballot::{Papers, PapersError, Poll, Signer, Statement, StatementError, request, rules::Step},
    cbor as strict,
    charter::Member,
    envelope::{self, EnvelopeError, Purpose},
    hash::Hash,
    limits,
    roster::Roster,
};
use serde_json::{Value, json};
use std::sync::Arc;

use super::{
    super::{cbor, hex, made as keys, refused as refuse, sessions::shown as papers_shown},
    made::{self, GOVERNED, admission, endorses, line, newcomer, proposal, ratifies, roster, with_suspended},
    proposals,
};

pub(super) fn requests() -> Vec<Value> {
    let governed = Member { governance: Some(keys::public(0x91)), ..newcomer(2) };
    let both = Member { spare: Some(keys::public(0x92)), ..governed.clone() };
    let cases = [
        ("a newcomer", newcomer(1), 0x81),
        ("with a governance key", governed, 0x82),
        ("with a spare root key and a governance key", both, 0x82),
    ];
    cases
        .iter()
        .map(|(name, line, byte)| {
            let bytes = request::sign(&made::network(), line, &keys::key(*byte));
            assert_eq!(request::open(&bytes, &made::network()).as_ref(), Ok(line));
            json!({"name": name, "secret": hex([*byte; 32]), "bytes": hex(bytes), "id": line.id.as_str(),
                   "member_name": line.name, "role": line.role, "root": line.root.to_hex(),
                   "spare": line.spare.map(|key| key.to_hex()), "governance": line.governance.map(|key| key.to_hex())})
        })
        .collect()
}

fn envelope_reason(error: EnvelopeError) -> &'static str {
    match error {
        EnvelopeError::Oversized => "oversized",
        EnvelopeError::Form => "form",
        EnvelopeError::Signature => "signature",
    }
}

pub(super) fn refused_requests() -> Vec<Value> {
    let network = made::network();
    let payload = strict::encode(&newcomer(1));
    let seal = |purpose, payload: &[u8]| envelope::seal(purpose, &network, &keys::key(0x81), payload);
    let cases = [
        ("1,025 bytes", "oversized", vec![0; limits::REQUEST_MAX + 1]),
        ("the payload alone", "form", payload.clone()),
        ("a line without a role", "payload", {
            let line = newcomer(1);
            seal(
                Purpose::Request,
                &cbor::map(&[
                    ("id", cbor::text("NEW-1")),
                    ("name", cbor::text(&line.name)),
                    ("root", cbor::bytes(line.root.as_bytes())),
                ]),
            )
        }),
        ("signed by another key", "signature", request::sign(&network, &newcomer(1), &keys::key(0x82))),
        ("signed for another network", "signature", request::sign(&Hash::of(b"other"), &newcomer(1), &keys::key(0x81))),
        ("signed for another purpose", "signature", seal(Purpose::Card, &payload)),
    ];
    let judge = |bytes: &[u8]| {
        request::open(bytes, &network).err().map(|error| match error {
            request::RequestError::Envelope(error) => envelope_reason(error),
            request::RequestError::Encoding(_) => "payload",
        })
    };
    cases.iter().map(|(name, why, bytes)| refuse(name, why, judge(bytes), json!({"bytes": hex(bytes)}))).collect()
}

/// What a statement says, as the vectors show it.
pub(super) fn shown(statement: &Statement) -> Value {
    json!({"step": statement.step.name(), "cites": statement.cites, "round": statement.round,
           "member": statement.member.as_str(), "roster": statement.roster.to_hex(),
           "proposal": statement.proposal.to_hex()})
}

pub(super) fn valid() -> Vec<Value> {
    let founders = roster();
    let wanted = proposal(&founders, vec![admission(1)]);
    let governed = made::Says { key: GOVERNED.1, ..endorses(GOVERNED.0, 1) };
    let cases = [
        ("an endorsement", endorses(0, 1)),
        ("an endorsement that cites", endorses(1, 64).citing(63)),
        ("a ratification", ratifies(3, 7)),
        ("with a governance key", governed),
    ];
    cases
        .iter()
        .map(|(name, says)| {
            let (statement, bytes) = (says.of(&wanted), says.signed(&wanted));
            assert_eq!(Statement::decode(&bytes).as_ref(), Ok(&statement));
            let member = founders.member(&statement.member).expect("a founder");
            let signer = match Statement::signer(&bytes, &made::network(), member).expect("signed") {
                Signer::Root => "root",
                Signer::Governance => "governance",
            };
            json!({"name": name, "roster": "founders", "secret": hex([says.key; 32]), "bytes": hex(bytes),
                   "says": shown(&statement), "signer": signer})
        })
        .collect()
}

/// The name of a reason.
pub(super) fn reason(error: &PapersError) -> &'static str {
    match error {
        PapersError::UnknownRoster => "unknown-roster",
        PapersError::Number => "number",
        PapersError::Proposal(error) => proposals::reason(error),
        PapersError::Statement(StatementError::Envelope(error)) => envelope_reason(*error),
        PapersError::Statement(StatementError::Encoding(_)) => "payload",
        PapersError::Statement(StatementError::Round) => "round",
        PapersError::Statement(StatementError::Cites) => "cites",
        PapersError::OtherSubject => "other-subject",
        PapersError::NoVote(_) => "no-vote",
    }
}

fn judge(bytes: &[u8], before: &Roster) -> Option<&'static str> {
    let poll = Poll::new(Arc::new(before.clone()));
    let judged = Statement::decode(bytes).map_err(PapersError::from);
    let judged = judged.and_then(|statement| poll.signer(&statement, bytes));
    judged.err().as_ref().map(reason)
}

/// Statements whose payload is not one.
fn misspelt() -> Vec<(&'static str, Vec<u8>)> {
    let hash = || cbor::bytes(roster().hash().as_bytes());
    let sign = |fields: &[(&str, Vec<u8>)]| {
        envelope::seal(Purpose::Ballot, &made::network(), &keys::key(made::root(0)), &cbor::map(fields))
    };
    let with = |first: &[(&'static str, Vec<u8>)], round: Vec<u8>| {
        let rest = [("round", round), ("member", cbor::text("KEN")), ("roster", hash()), ("proposal", hash())];
        sign(&[first, &rest].concat())
    };
    let endorse = || ("step", cbor::text("endorse"));
    vec![
        ("another step", with(&[("step", cbor::text("oppose"))], cbor::uint(1))),
        ("a step as the head of a map", with(&[("step", cbor::map(&[("endorse", vec![0xf6])]))], cbor::uint(1))),
        ("a citation that is null", with(&[endorse(), ("cites", vec![0xf6])], cbor::uint(2))),
        ("an unknown field", with(&[("day", cbor::uint(1)), endorse()], cbor::uint(1))),
        ("a round longer than it need be", with(&[endorse()], cbor::long_head(0, 1))),
        ("a round beyond 32 bits", with(&[endorse()], cbor::uint(1 << 32))),
        (
            "no proposal",
            sign(&[endorse(), ("round", cbor::uint(1)), ("member", cbor::text("KEN")), ("roster", hash())]),
        ),
    ]
}

pub(super) fn refused_statements() -> Vec<Value> {
    let (founders, suspended) = (roster(), with_suspended());
    let wanted = proposal(&founders, vec![admission(1)]);
    let good = endorses(0, 1).of(&wanted);
    let key = keys::key(made::root(0));
    let sign = |statement: &Statement| statement.sign(&made::network(), &key);
    let of = |round, cites| sign(&Statement { round, cites, ..good.clone() });
    let ratified = Statement { step: Step::Ratify, round: 2, cites: Some(1), ..good.clone() };
    let stranger = Statement { member: newcomer(1).id, ..good.clone() };
    let by = |byte| good.sign(&made::network(), &keys::key(byte));
    let abroad = good.sign(&Hash::of(b"other"), &key);
    let purpose = envelope::seal(Purpose::Entry, &made::network(), &key, &strict::encode(&good));
    let mut cases = vec![
        ("513 bytes", "oversized", &founders, vec![0; limits::STATEMENT_MAX + 1]),
        ("the payload alone", "form", &founders, strict::encode(&good)),
        ("round 0", "round", &founders, of(0, None)),
        ("round 65", "round", &founders, of(65, None)),
        ("a citation of round 0", "round", &founders, of(3, Some(0))),
        ("a citation of its own round", "round", &founders, of(3, Some(3))),
        ("a ratification that cites", "cites", &founders, sign(&ratified)),
        ("by nobody", "no-vote", &founders, stranger.sign(&made::network(), &keys::key(0x81))),
        ("by a member that is suspended", "no-vote", &suspended, {
            let proposal = proposal(&suspended, vec![admission(1)]);
            endorses(1, 1).signed(&proposal)
        }),
        ("signed by another member", "signature", &founders, by(made::root(1))),
        ("signed by another member's governance key", "signature", &founders, by(GOVERNED.1)),
        ("signed for another network", "signature", &founders, abroad),
        ("signed for another purpose", "signature", &founders, purpose),
    ];
    cases.extend(misspelt().into_iter().map(|(name, bytes)| (name, "payload", &founders, bytes)));
    let name_of = |before: &Roster| if before.version == 0 { "founders" } else { "suspended" };
    cases
        .iter()
        .map(|(name, why, before, bytes)| {
            refuse(name, why, judge(bytes, before), json!({"roster": name_of(before), "bytes": hex(bytes)}))
        })
        .collect()
}

pub(super) fn refused_papers() -> Vec<Value> {
    let founders = roster();
    let (wanted, other) = (proposal(&founders, vec![admission(1)]), proposal(&founders, vec![admission(2)]));
    let good = made::papers(&wanted, &[endorses(0, 1), endorses(1, 1)]);
    let elsewhere = proposal(&with_suspended(), vec![admission(1)]);
    let nonsense = proposal(&founders, vec![]);
    let with =
        |statement: Vec<u8>| Papers { statements: [good.statements.clone(), vec![statement]].concat(), ..good.clone() };
    let moved = Statement { roster: elsewhere.roster, ..endorses(2, 1).of(&wanted) };
    let cases = [
        ("about a roster that is not known", "unknown-roster", made::papers(&elsewhere, &[endorses(0, 1)])),
        ("no statement", "number", Papers { statements: vec![], ..good.clone() }),
        (
            "257 statements",
            "number",
            Papers { statements: vec![vec![]; limits::PAPERS_STATEMENTS_MAX + 1], ..good.clone() },
        ),
        ("a proposal that makes no sense", "changes", made::papers(&nonsense, &[endorses(0, 1)])),
        ("a statement about another proposal", "other-subject", with(endorses(2, 1).signed(&other))),
        ("a statement about another roster", "other-subject", {
            with(moved.sign(&made::network(), &keys::key(made::root(2))))
        }),
        ("a statement that is none", "form", with(b"statement".to_vec())),
        ("a statement of a stranger", "no-vote", {
            let stranger = Statement { member: newcomer(1).id, ..endorses(2, 1).of(&wanted) };
            with(stranger.sign(&made::network(), &keys::key(0x81)))
        }),
        (
            "a statement signed by another",
            "signature",
            with(made::Says { key: made::root(0), ..endorses(2, 1) }.signed(&wanted)),
        ),
    ];
    assert_eq!(line(2).governance, Some(keys::public(GOVERNED.1)));
    cases
        .iter()
        .map(|(name, why, wrong)| {
            let mut poll = Poll::new(Arc::new(founders.clone()));
            let found = poll.take(wrong).err().as_ref().map(reason);
            assert_eq!(poll, Poll::new(Arc::new(founders.clone())), "nothing has changed");
            refuse(name, why, found, json!({"papers": papers_shown(wrong)}))
        })
        .collect()
}
