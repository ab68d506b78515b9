//! `protocol/vectors/founding.json` is what this module makes and reads. Everything follows from constants, and each vector
//! is put to the doors that a founding uses.
//!
//! `UPDATE_GENERATED=1 cargo test -p nanduti-node founding::vectors` writes it anew.

use std::{collections::BTreeMap, env, fs};

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    cbor,
    charter::{Bounds, Charter, Member, Quorum, RULES},
    entry::{BodyRef, Statement},
    envelope::{self, Purpose},
    former::sign_consent,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Opening, Place},
    kind::{Audience, Kind},
    record::Value as Node,
    roster::Roster,
    run::push_item,
    ticket::{RosterRef, Ticket},
};
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use super::{
    card::{Card, CardError},
    consent::{self, ConsentError, ConsentText},
    document::{Document, DocumentError},
    verify::{Adoption, VerifyError, verify_founding},
};
use crate::keys::RootKey;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/vectors/founding.json");
const PEER: &str = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

#[test]
fn the_committed_vectors_are_current_and_hold() {
    let file = json!({
        "about": "Cards and the files of a founding (docs/spec/founding.md); consents as text (docs/spec/refounding.md)",
        "cards": cards(),
        "refused_cards": refused_cards(),
        "consents": consents(),
        "refused_consents": refused_consents(),
        "documents": documents(),
        "refused_documents": refused_documents(),
    });
    let made = serde_json::to_string_pretty(&file).unwrap() + "\n";
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(PATH, &made).unwrap();
    }
    let found = fs::read_to_string(PATH).unwrap();
    assert!(found == made, "founding.json is not what the program makes; if it is meant, run with UPDATE_GENERATED=1");
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    data_encoding::HEXLOWER.encode(bytes.as_ref())
}

fn refused(name: &str, reason: &str, found: Option<&str>, mut vector: Value) -> Value {
    assert_eq!(found, Some(reason), "{name}");
    vector["name"] = json!(name);
    vector["reason"] = json!(reason);
    vector
}

/// A founder whose keys are made of one byte each.
#[derive(Clone)]
struct Founder {
    id: &'static str,
    root: u8,
}

const MAR: Founder = Founder { id: "MAR", root: 0x21 };
const PRY: Founder = Founder { id: "PRY", root: 0x31 };

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

fn public(byte: u8) -> PublicKey {
    PublicKey::from(&key(byte))
}

fn charter(founders: &[Founder]) -> Charter {
    let member = |founder: &Founder| Member {
        id: MemberId::parse(founder.id).unwrap(),
        name: format!("Mechanism of {}", founder.id),
        role: "mechanism".into(),
        root: public(founder.root),
        spare: None,
        governance: None,
    };
    Charter {
        name: "Red de ejemplo".into(),
        salt: [0x5a; 16],
        roles: Charter::usual_roles(),
        rules: RULES,
        bounds: Bounds::default(),
        former: Vec::new(),
        quorum: Quorum(2, 3),
        members: founders.iter().map(member).collect(),
        purpose: "To share practices.".into(),
    }
}

impl Founder {
    fn card(&self) -> Card {
        Card {
            id: MemberId::parse(self.id).unwrap(),
            name: format!("Ministerio de {} · Ñ", self.id),
            node: Some(public(self.root + 2)),
            role: "mechanism".into(),
            root: public(self.root),
            spare: None,
            publish: Some(public(self.root + 1)),
            governance: None,
        }
    }

    fn entry(&self, byte: u8, network: &Hash, seq: u64, prev: Hash, kind: Kind, body: &[u8]) -> Vec<u8> {
        let (log, body, time) = (public(byte), BodyRef::to(body), 1_767_225_600_000);
        Statement { log, seq, body, kind, prev, time, audience: Audience::Public }.sign(network, &key(byte))
    }

    /// The publishing log: the opening.
    fn log(&self, network: &Hash) -> (Vec<u8>, Hash) {
        let member = MemberId::parse(self.id).unwrap();
        let opening = Opening { key_use: KeyUse::Publish, salt: [1; 16], member }.encode();
        let opened = self.entry(self.root + 1, network, 0, *network, Kind::Log, &opening);
        let mut log = Vec::new();
        push_item(&mut log, &opened, Some(&opening));
        (log, Hash::of(&opened))
    }

    fn keyring(&self, network: &Hash) -> Keyring {
        let member = MemberId::parse(self.id).unwrap();
        let (publish, node) = (self.root + 1, self.root + 2);
        let live = KeyState::Live(Some(Place { seq: 0, hash: self.log(network).1 }));
        let line = |byte, key_use, state| KeyLine::sign(key_use, network, &member, &key(byte), state);
        let mut keys = vec![line(publish, KeyUse::Publish, live), line(node, KeyUse::Node, KeyState::Live(None))];
        keys.sort_by_key(|line| line.key);
        Keyring { keys, salt: [2; 16] }
    }

    /// The root log: the charter and, if there is one, a keyring. `flip` spoils the signature of the first entry.
    fn root_log(&self, charter: &Charter, network: &Hash, keyring: Option<Keyring>, flip: u8) -> Vec<u8> {
        let body = charter.encode();
        let mut adopted = self.entry(self.root, network, 0, *network, Kind::Charter, &body);
        *adopted.last_mut().unwrap() ^= flip;
        let mut log = Vec::new();
        push_item(&mut log, &adopted, Some(&body));
        if let Some(keyring) = keyring {
            let keyring = keyring.encode();
            let listed = self.entry(self.root, network, 1, Hash::of(&adopted), Kind::Keyring, &keyring);
            push_item(&mut log, &listed, Some(&keyring));
        }
        log
    }

    /// What this founder signs.
    fn runs(&self, charter: &Charter) -> Vec<Vec<u8>> {
        let network = charter.network();
        vec![self.root_log(charter, &network, Some(self.keyring(&network)), 0), self.log(&network).0]
    }
}

fn card_text(bytes: &[u8]) -> String {
    let whole = [bytes, &Hash::of(bytes).as_bytes()[..4]].concat();
    format!("nanduti-card:{}", data_encoding::BASE32_NOPAD.encode(&whole).to_ascii_lowercase())
}

fn cards() -> Vec<Value> {
    let all = Card { spare: Some(public(0x71)), governance: Some(public(0x72)), ..PRY.card() };
    let least = Card { node: None, publish: None, ..PRY.card() };
    let text = MAR.card().to_text(&RootKey::from_seed(&[MAR.root; 32]));
    let lines: Vec<&str> = text.as_bytes().chunks(60).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let cases = [
        ("a card", MAR, MAR.card(), text.clone()),
        ("in capitals, and broken into lines by a mailer", MAR, MAR.card(), lines.join("\r\n ").to_uppercase()),
        (
            "with a spare root key and a governance key",
            PRY,
            all.clone(),
            all.to_text(&RootKey::from_seed(&[PRY.root; 32])),
        ),
        ("with the root key alone", PRY, least.clone(), least.to_text(&RootKey::from_seed(&[PRY.root; 32]))),
    ];
    let vector = |(name, founder, card, text): (&str, Founder, Card, String)| {
        assert_eq!(Card::parse(&text).as_ref(), Ok(&card), "{name}");
        json!({"name": name, "text": text, "secret": hex([founder.root; 32]), "id": card.id.as_str(), "member_name": card.name,
               "role": card.role, "root": card.root.to_hex(), "publish": card.publish.map(PublicKey::to_hex),
               "node": card.node.map(PublicKey::to_hex), "spare": card.spare.map(PublicKey::to_hex),
               "governance": card.governance.map(PublicKey::to_hex)})
    };
    cases.into_iter().map(vector).collect()
}

fn refused_cards() -> Vec<Value> {
    let (root, none) = (RootKey::from_seed(&[MAR.root; 32]), Hash::default());
    let text = MAR.card().to_text(&root);
    let payload = cbor::encode(&MAR.card());
    let sealed = |purpose, network: Hash, byte: u8| card_text(&envelope::seal(purpose, &network, &key(byte), &payload));
    assert_eq!(sealed(Purpose::Card, none, MAR.root), text);
    let mut slip = text.clone();
    slip.replace_range(40..41, if &slip[40..41] == "a" { "b" } else { "a" });
    let said = |card: Card| card.to_text(&root);
    let raw = |payload: &[u8]| card_text(&envelope::seal(Purpose::Card, &none, &key(MAR.root), payload));
    let cases = [
        ("a ticket's beginning", "scheme", text.replace("nanduti-card:", "nanduti:")),
        ("a character that is not base32", "text", format!("{text}1")),
        ("nothing after the beginning", "text", "nanduti-card:".to_owned()),
        ("a slip of the pen", "checksum", slip),
        ("the payload alone", "form", card_text(&payload)),
        ("an array instead of a map", "content", raw(&cbor::encode(&["MAR"]))),
        ("a byte after the payload", "content", raw(&[payload.as_slice(), &[0]].concat())),
        ("no name", "field", said(Card { name: " ".into(), ..MAR.card() })),
        ("a control character in the name", "field", said(Card { name: "\u{1b}[2J".into(), ..MAR.card() })),
        ("a name of 201 bytes", "field", said(Card { name: "n".repeat(201), ..MAR.card() })),
        ("a role of 33 bytes", "field", said(Card { role: "r".repeat(33), ..MAR.card() })),
        ("signed by another key", "signature", sealed(Purpose::Card, none, PRY.root)),
        ("signed for a network", "signature", sealed(Purpose::Card, Hash::of(b""), MAR.root)),
        ("signed for another purpose", "signature", sealed(Purpose::Entry, none, MAR.root)),
    ];
    let judge = |text: &str| {
        Card::parse(text).err().map(|error| match error {
            CardError::Scheme => "scheme",
            CardError::Text => "text",
            CardError::Checksum => "checksum",
            CardError::Form(_) => "form",
            CardError::Content(_) => "content",
            CardError::Field(_) => "field",
            CardError::Signature => "signature",
        })
    };
    cases.iter().map(|(name, why, text)| refused(name, why, judge(text), json!({"text": text}))).collect()
}

/// The former root key of a founder says that the one on the card takes its place.
fn consent(founder: &Founder, former: u8) -> ConsentText {
    let (network, member) = (Hash::of(b"a former network"), MemberId::parse(founder.id).unwrap());
    let root = PublicKey::from(&key(founder.root));
    ConsentText { proof: ByteBuf::from(sign_consent(&network, &member, &key(former), &root)), network }
}

fn consents() -> Vec<Value> {
    let cases = [("of MAR", &MAR, 0x61), ("of PRY", &PRY, 0x62)];
    let vector = |(name, founder, former): (&str, &Founder, u8)| {
        let consent = consent(founder, former);
        let text = consent.to_text();
        assert_eq!(ConsentText::parse(&format!(" {}\n", text.to_uppercase())), Ok(consent.clone()));
        json!({"name": name, "secret": hex([former; 32]), "member": founder.id, "root": PublicKey::from(&key(founder.root)).to_hex(),
               "network": consent.network.to_hex(), "proof": hex(&consent.proof), "text": text})
    };
    cases.into_iter().map(vector).collect()
}

fn refused_consents() -> Vec<Value> {
    let consent = consent(&MAR, 0x61);
    let text = consent.to_text();
    let mut slip = text.clone();
    slip.replace_range(40..41, if &slip[40..41] == "a" { "b" } else { "a" });
    let raw = |content: &[u8]| consent::write_text(content);
    let proof = |proof: &[u8]| ConsentText { proof: ByteBuf::from(proof), ..consent.clone() }.to_text();
    let cases = [
        ("a card's beginning", "scheme", text.replace("nanduti-consent:", "nanduti-card:")),
        ("a character that is not base32", "text", format!("{text}1")),
        ("nothing after the beginning", "text", "nanduti-consent:".to_owned()),
        ("a slip of the pen", "checksum", slip),
        ("the envelope alone", "content", raw(&consent.proof)),
        ("a byte after the map", "content", raw(&[cbor::encode(&consent).as_slice(), &[0]].concat())),
        ("no envelope", "form", proof(b"signed")),
        (
            "an envelope of something else",
            "form",
            proof(&envelope::seal(Purpose::Consent, &consent.network, &key(0x61), b"\xa0")),
        ),
    ];
    let judge = |text: &str| {
        ConsentText::parse(text).err().map(|error| match error {
            ConsentError::Scheme => "scheme",
            ConsentError::Text => "text",
            ConsentError::Checksum => "checksum",
            ConsentError::Content(_) => "content",
            ConsentError::Form(_) => "form",
            ConsentError::NoCard(_) | ConsentError::NoMember(_) | ConsentError::Signature { .. } => "other",
        })
    };
    cases.iter().map(|(name, why, text)| refused(name, why, judge(text), json!({"text": text}))).collect()
}

fn ticket(charter: &Charter) -> Ticket {
    let roster = RosterRef { hash: Roster::founding(charter).hash(), version: 0 };
    let addresses = vec![format!("/dns4/node.example.org/udp/4001/quic-v1/p2p/{PEER}")];
    Ticket { roster, network: charter.network(), addresses }
}

/// Reads a file as far as it can be judged by itself.
fn judge(bytes: &[u8]) -> Option<&'static str> {
    let document = match Document::decode(bytes) {
        Ok(document) => document,
        Err(DocumentError::Encoding(_)) => return Some("encoding"),
        Err(DocumentError::Fields) => return Some("fields"),
        Err(DocumentError::Runs) => return Some("runs"),
        Err(DocumentError::Ticket(_)) => return Some("ticket"),
    };
    let verified = match document {
        Document::Draft(charter) => return Charter::decode(&charter).is_err().then_some("charter"),
        Document::Signed(mut runs) => Adoption::verify(runs.remove(0), runs.remove(0)).map(|_| ()),
        Document::Founding(runs, ticket) => match verify_founding(runs) {
            Ok(adoptions) => {
                let roster = Roster::founding(&adoptions[0].charter);
                let same = (roster.network, roster.hash()) == (ticket.network, ticket.roster.hash);
                return (!same).then_some("other-ticket");
            }
            Err(error) => Err(error),
        },
    };
    verified.err().map(|error| match error {
        VerifyError::Run { .. } => "run",
        VerifyError::Shape(_) => "shape",
        VerifyError::Charter(_) => "charter",
        VerifyError::OtherCharter => "other-charter",
        VerifyError::Stranger(_) => "stranger",
        VerifyError::Entry(_) => "entry",
        VerifyError::Signature { .. } => "signature",
        VerifyError::Refused { .. } => "admission",
        VerifyError::Contradiction(_) => "contradiction",
        VerifyError::Keyring(_) => "keyring",
        VerifyError::Order => "order",
    })
}

/// All root logs, then all publishing logs.
fn all_runs(charter: &Charter, founders: &[Founder]) -> Vec<Vec<u8>> {
    let (roots, logs): (Vec<_>, Vec<_>) = founders
        .iter()
        .map(|founder| {
            let [root, log] = <[Vec<u8>; 2]>::try_from(founder.runs(charter)).unwrap();
            (root, log)
        })
        .unzip();
    roots.into_iter().chain(logs).collect()
}

fn documents() -> Vec<Value> {
    let charter = charter(&[MAR, PRY]);
    let (signed, all, ticket) = (MAR.runs(&charter), all_runs(&charter, &[MAR, PRY]), ticket(&charter));
    let hexes = |runs: &[Vec<u8>]| runs.iter().map(hex).collect::<Vec<_>>();
    let cases = [
        (Document::Draft(charter.encode()), json!({"kind": "draft", "charter": hex(charter.encode())})),
        (Document::Signed(signed.clone()), json!({"kind": "signed", "runs": hexes(&signed), "signers": ["MAR"]})),
        (
            Document::Founding(all.clone(), ticket.clone()),
            json!({"kind": "founding", "runs": hexes(&all), "signers": ["MAR", "PRY"], "ticket": ticket.to_text()}),
        ),
    ];
    let vector = |(document, mut vector): (Document, Value)| {
        let bytes = document.encode();
        assert_eq!((judge(&bytes), Document::decode(&bytes).unwrap()), (None, document));
        vector["bytes"] = json!(hex(bytes));
        vector["network"] = json!(charter.network().to_hex());
        vector
    };
    cases.into_iter().map(vector).collect()
}

fn map(pairs: &[(&str, Node)]) -> Vec<u8> {
    let pairs: BTreeMap<String, Node> = pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    cbor::encode(&Node::Map(pairs))
}

fn text(text: &str) -> Node {
    Node::String(text.to_owned())
}

fn refused_documents() -> Vec<Value> {
    let cases = misshapen().into_iter().chain(untrue());
    cases.map(|(name, why, bytes)| refused(name, why, judge(&bytes), json!({"bytes": hex(&bytes)}))).collect()
}

type Case = (&'static str, &'static str, Vec<u8>);

/// Files that are not of the form.
fn misshapen() -> Vec<Case> {
    let charter = charter(&[MAR, PRY]);
    let draft = Document::Draft(charter.encode()).encode();
    let bytes = || ("charter", Node::Bytes(charter.encode()));
    let logs = |runs: &[Vec<u8>]| ("runs", Node::List(runs.iter().cloned().map(Node::Bytes).collect()));
    let (signed, ticket) = (MAR.runs(&charter), ticket(&charter).to_text());
    let founding = |ticket: &str| map(&[("kind", text("founding")), logs(&signed), ("ticket", text(ticket))]);
    vec![
        ("a byte after the end", "encoding", [draft.as_slice(), &[0]].concat()),
        ("another kind", "encoding", map(&[("kind", text("card")), bytes()])),
        ("an unknown field", "encoding", map(&[("kind", text("draft")), bytes(), ("name", text("n"))])),
        ("a field that is null", "encoding", map(&[("kind", text("draft")), bytes(), ("runs", Node::Null)])),
        ("a ticket in capitals", "encoding", founding(&ticket.to_uppercase())),
        ("a draft with logs", "fields", map(&[("kind", text("draft")), bytes(), logs(&signed)])),
        ("a draft without a charter", "fields", map(&[("kind", text("draft"))])),
        ("a founding bundle without a ticket", "fields", map(&[("kind", text("founding")), logs(&signed)])),
        ("signed, with one log", "runs", map(&[("kind", text("signed")), logs(&signed[..1])])),
        ("a ticket that is cut off", "ticket", founding(&ticket[..ticket.len() - 1])),
    ]
}

/// Files of the form that are not true.
fn untrue() -> Vec<Case> {
    let both = charter(&[MAR, PRY]);
    let alone = charter(&[PRY]);
    let (network, elsewhere) = (both.network(), alone.network());
    let keyring = || Some(MAR.keyring(&network));
    let empty = Keyring { keys: Vec::new(), salt: [2; 16] };
    let log = || MAR.log(&network).0;
    let signed = |root: Vec<u8>, log: Vec<u8>| Document::Signed(vec![root, log]).encode();
    let root = |keyring, flip| MAR.root_log(&both, &network, keyring, flip);
    let founding = |runs, ticket| Document::Founding(runs, ticket).encode();
    let all = |founders: &[Founder]| all_runs(&both, founders);
    let (one, three) = (all(&[MAR]), [all(&[MAR, PRY]), vec![log()]].concat());
    vec![
        ("a draft of which the charter is none", "charter", Document::Draft(b"charter".to_vec()).encode()),
        ("a root log without a keyring", "shape", signed(root(None, 0), log())),
        ("the two logs exchanged", "shape", signed(log(), root(keyring(), 0))),
        ("signed for another charter", "other-charter", signed(MAR.root_log(&both, &elsewhere, keyring(), 0), log())),
        ("a log of another network", "other-charter", signed(root(keyring(), 0), MAR.log(&elsewhere).0)),
        ("signed by somebody else", "stranger", Document::Signed(MAR.runs(&alone)).encode()),
        ("a signature under the charter that does not verify", "signature", signed(root(keyring(), 1), log())),
        ("a keyring without the publishing key", "admission", signed(root(Some(empty), 0), log())),
        ("a founder missing", "order", founding(one, ticket(&both))),
        ("founders in another order", "order", founding(all(&[PRY, MAR]), ticket(&both))),
        ("an odd number of logs", "order", founding(three, ticket(&both))),
        ("the ticket of another network", "other-ticket", founding(all(&[MAR, PRY]), ticket(&alone))),
    ]
}
