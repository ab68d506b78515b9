//! What proposals make of a roster, and which make no sense.

use nanduti_protocol::{
    ballot::{Change, Proposal, ProposalError, Replace, request},
    cbor as strict,
    charter::{Bounds, Member, Quorum, TermsError},
    roster::Roster,
};
use serde_json::{Value, json};

use super::{
    super::{cbor, hex, made as keys, refused as refuse},
    made::{self, admission, amend, ends, line, newcomer, proposal, root, roster, with_suspended},
};

fn root_end(founder: usize) -> Vec<nanduti_protocol::roster::End> {
    ends(&[(keys::public(root(founder)), Some(3))])
}

/// The line of a founder with another root key.
fn rooted(founder: usize, byte: u8) -> Member {
    Member { root: keys::public(byte), ..line(founder) }
}

/// The replacement of a founder's root key by this line, signed with this key.
fn replace(founder: usize, line: &Member, byte: u8) -> Change {
    let request = request::sign(&made::network(), line, &keys::key(byte));
    Change::Replace(Replace { ends: root_end(founder), request: request.into() })
}

pub(super) fn valid() -> Vec<Value> {
    let (founders, suspended) = (roster(), with_suspended());
    let renamed = Member { name: "Ministry of Kenya".into(), ..line(0) };
    let governed = Member { governance: Some(keys::public(0x31)), ..line(0) };
    let spared = Member { spare: Some(keys::public(0x51)), ..line(1) };
    let partner = Member { role: "partner".into(), ..line(3) };
    let renamed_partner = Member { name: "Partner".into(), ..partner.clone() };
    let respared = Member { spare: Some(keys::public(0x52)), ..rooted(1, 0x51) };
    let both = ends(&[(keys::public(root(1)), Some(3)), (keys::public(0x42), None), (keys::public(0x43), Some(7))]);
    let replaced = Member { name: "Renamed".into(), governance: None, ..rooted(2, 0x63) };
    let bounds = Bounds { keys: 100, ..founders.bounds };
    let cases = [
        ("an admission", &founders, vec![admission(1)]),
        ("two admissions, not in the order of ids", &founders, vec![admission(2), admission(1)]),
        ("another name", &founders, vec![amend(renamed.clone(), false, vec![])]),
        ("a governance key", &founders, vec![amend(governed, false, vec![])]),
        ("a spare root key", &founders, vec![amend(spared, false, vec![])]),
        ("another root key, with a spare", &founders, vec![replace(1, &respared, 0x51)]),
        ("another role and name", &founders, vec![amend(renamed_partner, false, root_end(3))]),
        (
            "another name, and a branch of a root log is chosen",
            &founders,
            vec![amend(renamed.clone(), false, root_end(0))],
        ),
        ("another role", &founders, vec![amend(partner, false, root_end(3))]),
        ("a suspension, of one log of which nothing stands", &founders, vec![amend(line(1), true, both)]),
        ("a branch of a root log is chosen", &founders, vec![amend(line(1), false, root_end(1))]),
        ("another root key, name, and no governance key", &founders, vec![replace(2, &replaced, 0x63)]),
        (
            "quorum, bounds and rules",
            &founders,
            vec![Change::Quorum(Quorum(3, 4)), Change::Bounds(bounds), Change::Rules(2)],
        ),
        (
            "turns are sorted by member, whatever the order of the changes",
            &founders,
            vec![amend(line(3), true, root_end(3)), replace(0, &rooted(0, 0x61), 0x61)],
        ),
        ("a member is reinstated", &suspended, vec![amend(line(1), false, root_end(1))]),
        ("a suspended member's root key", &suspended, vec![replace(1, &rooted(1, 0x62), 0x62)]),
        (
            "another name of a suspended member",
            &suspended,
            vec![amend(Member { name: "M".into(), ..line(1) }, true, vec![])],
        ),
    ];
    cases
        .into_iter()
        .map(|(name, before, changes)| {
            let proposal = proposal(before, changes);
            let bytes = proposal.encode();
            assert_eq!(Proposal::decode(&bytes).as_ref(), Ok(&proposal), "{name}");
            let next = proposal.apply(before).unwrap_or_else(|error| panic!("{name}: {error}"));
            json!({"name": name, "roster": of(before), "bytes": hex(&bytes), "hash": proposal.hash().to_hex(),
                   "ordinary": proposal.is_ordinary(before), "next": hex(strict::encode(&next)),
                   "next_hash": next.hash().to_hex()})
        })
        .collect()
}

/// The name of a roster.
fn of(before: &Roster) -> &'static str {
    if before.version == 0 { "founders" } else { "suspended" }
}

/// The name of a reason.
pub(super) fn reason(error: &ProposalError) -> &'static str {
    match error {
        ProposalError::Oversized => "oversized",
        ProposalError::Encoding(_) => "encoding",
        ProposalError::OtherRoster => "other-roster",
        ProposalError::Changes => "changes",
        ProposalError::Request(_) => "request",
        ProposalError::Member(_) => "member",
        ProposalError::NoMember(_) => "no-member",
        ProposalError::Kind(_) => "kind",
        ProposalError::Ends(_) => "ends",
        ProposalError::Former(_) => "former",
        ProposalError::LowerBounds => "lower-bounds",
        ProposalError::Rules(_) => "rules",
        ProposalError::Roster(error) => match error {
            TermsError::Text { .. } => "text",
            TermsError::Members => "members",
            TermsError::KeyTwice(_) => "key-twice",
            TermsError::UnknownRole { .. } => "unknown-role",
            TermsError::Quorum(..) => "quorum",
            TermsError::Bounds => "bounds",
            TermsError::NoVoter => "no-voter",
            other => panic!("no proposal makes this: {other}"),
        },
    }
}

fn judge(bytes: &[u8], before: &Roster) -> Option<&'static str> {
    let applied = Proposal::decode(bytes).and_then(|proposal| proposal.apply(before));
    applied.err().as_ref().map(reason)
}

/// Changes of the founders' roster that make no sense.
fn nonsense() -> Vec<(&'static str, &'static str, Vec<Change>)> {
    let founders = roster();
    let ask = |line: &Member, byte| Change::Admit(request::sign(&made::network(), line, &keys::key(byte)).into());
    let unsorted = [root_end(1), root_end(0)].concat();
    let twice = [root_end(0), root_end(0)].concat();
    let king = Member { role: "king".into(), ..newcomer(1) };
    let nameless = Member { name: " ".into(), ..newcomer(1) };
    let taken = Member { root: keys::public(root(0)), ..newcomer(1) };
    let governed = Member { governance: Some(keys::public(root(1))), ..line(0) };
    let spared = Member { spare: Some(keys::public(root(0))), ..line(0) };
    let partner = Member { role: "partner".into(), ..rooted(0, 0x61) };
    let everybody = (0..4).map(|founder| amend(line(founder), true, root_end(founder))).collect();
    vec![
        ("no change", "changes", vec![]),
        ("401 changes", "changes", vec![Change::Rules(2); 401]),
        ("a line as it was", "changes", vec![amend(line(0), false, vec![])]),
        ("one member twice", "changes", vec![amend(line(0), true, root_end(0)), amend(line(0), true, root_end(0))]),
        ("the quorum twice", "changes", vec![Change::Quorum(Quorum(3, 4)), Change::Quorum(Quorum(4, 5))]),
        ("the bounds that there are", "changes", vec![Change::Bounds(founders.bounds)]),
        ("the rules twice", "changes", vec![Change::Rules(2), Change::Rules(3)]),
        ("an admission that nobody asked for", "request", vec![Change::Admit(b"request".to_vec().into())]),
        ("an admission of somebody who did not sign", "request", vec![ask(&newcomer(1), 0x82)]),
        ("a replacement that the new key did not sign", "request", vec![replace(0, &rooted(0, 0x61), root(0))]),
        ("an admission of a member", "member", vec![ask(&Member { id: line(0).id, ..newcomer(1) }, 0x81)]),
        ("two admissions of one id", "member", vec![admission(1), admission(1)]),
        ("a suspension of nobody", "no-member", vec![amend(newcomer(1), true, root_end(0))]),
        ("a change of somebody admitted by the same proposal", "no-member", {
            vec![admission(1), amend(Member { name: "N".into(), ..newcomer(1) }, false, vec![])]
        }),
        ("a replacement of nobody's key", "no-member", vec![replace(0, &newcomer(1), 0x81)]),
        ("another root key without its consent", "kind", vec![amend(rooted(0, 0x61), false, root_end(0))]),
        ("a root key replaced by itself", "kind", vec![replace(0, &line(0), root(0))]),
        ("a root key and a role at once", "kind", vec![replace(0, &partner, 0x61)]),
        ("a suspension without ends", "ends", vec![amend(line(0), true, vec![])]),
        ("a suspension without the end of the root log", "ends", vec![amend(line(0), true, root_end(1))]),
        ("ends that are not sorted", "ends", vec![amend(line(1), true, unsorted)]),
        ("an end twice", "ends", vec![amend(line(0), true, twice)]),
        ("a quorum of half", "quorum", vec![Change::Quorum(Quorum(1, 2))]),
        ("a bound of nothing", "bounds", vec![Change::Bounds(Bounds { keys: 0, ..founders.bounds })]),
        ("a lower bound", "lower-bounds", vec![Change::Bounds(Bounds { keys: 5, ..founders.bounds })]),
        ("rules that are no higher", "rules", vec![Change::Rules(1)]),
        ("a newcomer without a name", "text", vec![ask(&nameless, 0x81)]),
        ("a newcomer with a role that is not defined", "unknown-role", vec![ask(&king, 0x81)]),
        ("a newcomer with a member's root key", "key-twice", vec![ask(&taken, root(0))]),
        ("a governance key that is a root key", "key-twice", vec![amend(governed, false, vec![])]),
        ("a spare that is the root key", "key-twice", vec![amend(spared, false, vec![])]),
        ("everybody is suspended", "no-voter", everybody),
    ]
}

pub(super) fn refused() -> Vec<Value> {
    let (founders, suspended) = (roster(), with_suspended());
    let good = proposal(&founders, vec![admission(1)]);
    let bytes = good.encode();
    let replaced =
        proposal(&founders, vec![replace(0, &rooted(0, 0x61), 0x61)]).apply(&founders).expect("it makes sense");
    let back =
        proposal(&replaced, vec![amend(Member { governance: Some(keys::public(root(0))), ..line(1) }, false, vec![])]);
    let laid_by =
        proposal(&replaced, vec![amend(Member { spare: Some(keys::public(root(0))), ..line(1) }, false, vec![])]);
    let change = |name: &str, value: Vec<u8>| {
        let list = [cbor::head(4, 1), cbor::map(&[(name, value)])].concat();
        cbor::map(&[("roster", cbor::bytes(founders.hash().as_bytes())), ("changes", list)])
    };
    let mut cases: Vec<(&str, &str, &Roster, Vec<u8>)> = vec![
        ("a byte after the end", "encoding", &founders, [bytes.as_slice(), &[0]].concat()),
        ("an unknown change", "encoding", &founders, change("expel", cbor::text("KEN"))),
        (
            "a quorum of three numbers",
            "encoding",
            &founders,
            change("quorum", [cbor::head(4, 3), vec![3, 4, 5]].concat()),
        ),
        ("a number longer than it need be", "encoding", &founders, change("rules", cbor::long_head(0, 2))),
        ("keys out of order", "encoding", &founders, {
            let list = [cbor::head(4, 1), cbor::map(&[("rules", cbor::uint(2))])].concat();
            cbor::map(&[("changes", list), ("roster", cbor::bytes(founders.hash().as_bytes()))])
        }),
        ("about another roster", "other-roster", &suspended, bytes.clone()),
    ];
    cases.extend(
        nonsense()
            .into_iter()
            .map(|(name, why, changes)| (name, why, &founders, proposal(&founders, changes).encode())),
    );
    let mut refused: Vec<Value> = cases
        .iter()
        .map(|(name, why, before, bytes)| {
            refuse(name, why, judge(bytes, before), json!({"roster": of(before), "bytes": hex(bytes)}))
        })
        .collect();
    for (name, returned) in
        [("a key that was replaced comes back", back), ("a key that was replaced comes back as a spare", laid_by)]
    {
        let found = judge(&returned.encode(), &replaced);
        let vector = json!({"roster_bytes": hex(strict::encode(&replaced)), "bytes": hex(returned.encode())});
        refused.push(refuse(name, "former", found, vector));
    }
    refused
}
