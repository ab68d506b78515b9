//! Whole foundings in temporary homes, and what must be refused on the way.

use std::fs;
use std::path::{Path, PathBuf};

use nanduti_protocol::{hash::Hash, ticket::Ticket};
use proptest::prelude::*;

use super::{disk::DiskError, document::Document, *};
use crate::{
    Home,
    api::{ApiError, ErrorKind, NodeRole},
    keys::{KeyStore, NodeKey, PublishKey},
};

const WORDS: &str = "correct horse battery";
const PEER: &str = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

/// A table on which the files of one founding lie.
struct Table {
    dir: tempfile::TempDir,
}

impl Table {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn home(&self, id: &str) -> Home {
        Home::at(self.path(id))
    }

    fn init(&self, id: &str) -> PathBuf {
        let who = InitOptions {
            member: Some(id.into()),
            name: Some(format!("Institution of {id}")),
            role: None,
            ..InitOptions::default()
        };
        let reply = init(&self.home(id), who, Some(&WORDS.into())).unwrap();
        PathBuf::from(reply.card.unwrap())
    }

    fn draft(&self, cards: Vec<PathBuf>, out: &str) -> Result<DraftReply, ApiError> {
        let (name, purpose) = ("Network".into(), "To share practices".into());
        draft(DraftOptions { name, purpose, cards, out: self.path(out) })
    }

    fn sign(&self, id: &str, draft: &str) -> PathBuf {
        let out = self.path(&format!("{id}-{draft}.signed"));
        PathBuf::from(sign(&self.home(id), &self.path(draft), Some(&out), &WORDS.into()).unwrap().path)
    }

    /// Founds a network and returns the signed files and the reply.
    fn found(&self, ids: &[&str]) -> (Vec<PathBuf>, SealReply) {
        let cards = ids.iter().map(|id| self.init(id)).collect();
        self.draft(cards, "draft").unwrap();
        let signed: Vec<_> = ids.iter().map(|id| self.sign(id, "draft")).collect();
        let addresses = [format!("/ip4/127.0.0.1/tcp/4001/p2p/{PEER}")];
        let reply = seal(&self.path("draft"), &signed, &addresses, &self.path("bundle")).unwrap();
        (signed, reply)
    }

    fn join(&self, id: &str) -> Result<JoinReply, ApiError> {
        join(&self.home(id), self.path("bundle").to_str().unwrap())
    }
}

fn said(error: &ApiError) -> String {
    format!("{}; {}; {}", error.message, error.causes.join("; "), error.hint.clone().unwrap_or_default())
}

#[test]
fn four_institutions_found_a_network_and_others_join() {
    let table = Table::new();
    let ids = ["WSM", "PRY", "MAR", "KEN"];
    let (signed, sealed) = table.found(&ids);
    assert_eq!(sealed.members, ["KEN", "MAR", "PRY", "WSM"]);
    assert!(sealed.warnings.is_empty());
    for (file, kind, count) in [
        (table.path("draft"), CharterKind::Draft, 0),
        (signed[1].clone(), CharterKind::Signed, 1),
        (table.path("bundle"), CharterKind::Founding, 4),
    ] {
        let view = show(&file).unwrap();
        assert_eq!((view.kind, &view.network, view.quorum.as_str()), (kind, &sealed.network, "3 of 4 voting members"));
        assert_eq!(view.members.iter().filter(|member| member.signed).count(), count);
    }
    assert!(show(&signed[1]).unwrap().members[2].signed, "it is PRY that signed");

    for id in ids {
        let joined = table.join(id).unwrap();
        assert_eq!((joined.role, joined.member.as_deref(), joined.needs_sync), (NodeRole::Member, Some(id), false));
        assert_eq!(joined.network_name.as_deref(), Some("Network"));
        let author = author_of(&table.home(id)).unwrap().unwrap();
        assert_eq!(author.member().as_str(), id);
    }
    let view = show(table.home("PRY").path()).unwrap();
    assert_eq!((view.kind, view.members.iter().all(|member| member.signed)), (CharterKind::Home, true));

    // An observer with the bundle, and one with the ticket alone.
    assert_eq!(table.join("observer").unwrap().role, NodeRole::Observer);
    assert!(author_of(&table.home("observer")).unwrap().is_none());
    let joined = join(&table.home("far"), &sealed.ticket).unwrap();
    assert_eq!((joined.role, joined.needs_sync, joined.network_name), (NodeRole::Observer, true, None));
    let info = network_of(&table.home("far")).unwrap().unwrap();
    assert_eq!(info.network.to_hex(), sealed.network);
    assert_eq!(info.ticket, Some(Ticket::parse(&sealed.ticket).unwrap()));

    // Twice is fine, and adds addresses; then the bundle brings what the ticket did not.
    let mut ticket = Ticket::parse(&sealed.ticket).unwrap();
    ticket.addresses = vec![format!("/ip4/192.0.2.7/tcp/1/p2p/{PEER}")];
    join(&table.home("far"), &ticket.to_text()).unwrap();
    assert!(!table.join("far").unwrap().needs_sync);
    assert_eq!(network_of(&table.home("far")).unwrap().unwrap().ticket.unwrap().addresses.len(), 2);
    assert_eq!(table.join("PRY").unwrap().role, NodeRole::Member);
    let mut forged = ticket;
    forged.roster.hash = Hash::of(b"other founders");
    assert_eq!(join(&table.home("far"), &forged.to_text()).unwrap_err().kind, ErrorKind::Refused);
    assert_eq!(join(&table.home("MAR"), &forged.to_text()).unwrap_err().kind, ErrorKind::Refused);
}

#[test]
fn one_member_is_a_network_and_is_warned() {
    let table = Table::new();
    let card = table.init("PRY");
    let drafted = table.draft(vec![card.clone()], "draft").unwrap();
    assert!(drafted.warnings[0].contains("no root key may be lost"), "{drafted:?}");
    assert_eq!(table.draft(vec![card.clone(), card], "twice").unwrap_err().kind, ErrorKind::Usage);
    let signed = table.sign("PRY", "draft");
    let sealed = seal(&table.path("draft"), &[signed.clone(), signed], &[], &table.path("bundle")).unwrap();
    assert!(sealed.warnings[0].contains("no address"));
    assert_eq!(Ticket::parse(&sealed.ticket).unwrap().addresses, Vec::<String>::new());
    for bad in ["nonsense", "/ip4/127.0.0.1/tcp/1", &format!("/p2p/{PEER}")] {
        let error = seal(&table.path("draft"), &[], &[bad.into()], &table.path("b")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage, "{bad}");
    }
    // A member that joins with the ticket brings what it signed itself.
    let joined = join(&table.home("PRY"), &sealed.ticket).unwrap();
    assert_eq!((joined.role, joined.needs_sync), (NodeRole::Member, false));

    // The home belongs to this network now.
    table.draft(vec![table.path("PRY/PRY.card")], "second").unwrap();
    let error = sign(&table.home("PRY"), &table.path("second"), None, &WORDS.into()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    let mut other = Ticket::parse(&sealed.ticket).unwrap();
    other.network = Hash::of(b"other");
    let error = join(&table.home("PRY"), &other.to_text()).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.message.contains("belongs to the network"), "{error:?}");
    // What was signed is handed out again; what was lost is not signed anew.
    let network = network_of(&table.home("PRY")).unwrap().unwrap().network;
    table.sign("PRY", "draft");
    fs::remove_file(identity::signed_file(&table.home("PRY"), &network)).unwrap();
    let error = sign(&table.home("PRY"), &table.path("draft"), None, &WORDS.into()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
}

#[test]
fn three_members_and_everything_that_can_go_wrong_between_them() {
    let table = Table::new();
    let cards: Vec<_> = ["PRY", "MAR", "PRT"].iter().map(|id| table.init(id)).collect();
    table.draft(cards.clone(), "draft").unwrap();
    let signed: Vec<_> = ["PRY", "MAR", "PRT"].iter().map(|id| table.sign(id, "draft")).collect();
    let (draft, out) = (table.path("draft"), table.path("bundle"));

    // Signatures are missing: all are named.
    let error = seal(&draft, &signed[..1], &[], &out).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Refused, "not signed yet: MAR, PRT"));
    assert!(!out.exists());

    // To sign twice gives the same bytes; a wrong passphrase gives nothing.
    let first = fs::read(&signed[0]).unwrap();
    let again = table.path("again");
    sign(&table.home("PRY"), &draft, Some(&again), &WORDS.into()).unwrap();
    assert_eq!(fs::read(&again).unwrap(), first);
    let error = sign(&table.home("MAR"), &draft, Some(&table.path("x")), &"battery horse".into()).unwrap_err();
    assert!(said(&error).contains("passphrase is wrong") && !table.path("x").exists(), "{error:?}");

    // The signature of a draft with another salt, and of a home that is not on the draft.
    table.draft(cards.clone(), "other").unwrap();
    let other = table.sign("MAR", "other");
    let error = seal(&draft, &[signed[0].clone(), other, signed[2].clone()], &[], &out).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.message.contains("another charter"), "{error:?}");
    table.draft(cards[..2].to_vec(), "two").unwrap();
    let error = sign(&table.home("PRT"), &table.path("two"), None, &WORDS.into()).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.message.contains("not on the draft"), "{error:?}");

    // A draft that was altered after it was signed is another network; one that makes no sense is none.
    let Document::Draft(charter) = Document::read(&draft).unwrap() else { panic!("a draft") };
    let mut charter = nanduti_protocol::charter::Charter::decode(&charter).unwrap();
    charter.purpose.push('!');
    fs::write(table.path("altered"), Document::Draft(charter.encode()).encode()).unwrap();
    assert!(seal(&table.path("altered"), &signed, &[], &out).unwrap_err().message.contains("another charter"));
    charter.members.reverse();
    fs::write(table.path("broken"), Document::Draft(charter.encode()).encode()).unwrap();
    assert!(show(&table.path("broken")).is_err());

    // Any changed byte of a signed file is noticed.
    for place in (0..first.len()).step_by(37).chain(first.len() - 70..first.len()) {
        let mut bytes = first.clone();
        bytes[place] ^= 1;
        fs::write(table.path("changed"), &bytes).unwrap();
        let files = [table.path("changed"), signed[1].clone(), signed[2].clone()];
        assert!(seal(&draft, &files, &[], &out).is_err(), "byte {place}");
    }

    // A card that was tampered with; files in the wrong place.
    let card = fs::read_to_string(&cards[0]).unwrap();
    let mut tampered = card.into_bytes();
    tampered[40] = if tampered[40] == b'a' { b'b' } else { b'a' };
    fs::write(table.path("card"), tampered).unwrap();
    assert!(table.draft(vec![table.path("card")], "x").is_err());
    assert!(table.draft(vec![draft.clone()], "x").is_err());
    assert_eq!(seal(&signed[0], &signed, &[], &out).unwrap_err().kind, ErrorKind::Usage);
    assert_eq!(seal(&draft, std::slice::from_ref(&draft), &[], &out).unwrap_err().kind, ErrorKind::Usage);
    assert_eq!(join(&table.home("new"), signed[0].to_str().unwrap()).unwrap_err().kind, ErrorKind::Usage);
    assert!(!table.home("new").path().exists(), "nothing is made for what is refused");

    // It still works, and a bundle of which a part is taken away does not.
    seal(&draft, &signed, &[], &out).unwrap();
    seal(&draft, &signed, &[], &out).unwrap();
    let error = seal(&draft, &signed, &[format!("/ip4/192.0.2.7/tcp/1/p2p/{PEER}")], &out).unwrap_err();
    assert!(error.message.contains("holds something else"), "{error:?}");
    let Document::Founding(runs, ticket) = Document::read(&out).unwrap() else { panic!("a bundle") };
    for without in 0..runs.len() {
        let mut fewer = runs.clone();
        fewer.remove(without);
        fs::write(table.path("part"), Document::Founding(fewer, ticket.clone()).encode()).unwrap();
        assert!(join(&table.home("new"), table.path("part").to_str().unwrap()).is_err());
    }
    let mut swapped = runs.clone();
    swapped.swap(0, 1);
    swapped.swap(3, 4);
    fs::write(table.path("part"), Document::Founding(swapped, ticket.clone()).encode()).unwrap();
    assert!(show(&table.path("part")).is_err(), "one order");
    let mut exchanged = runs;
    exchanged.swap(3, 4);
    fs::write(table.path("part"), Document::Founding(exchanged, ticket).encode()).unwrap();
    assert!(show(&table.path("part")).is_err(), "the logs of two members exchanged");
}

#[test]
fn a_home_is_made_once() {
    let table = Table::new();
    let observer = || InitOptions { observer: true, ..InitOptions::default() };
    let home = table.home("PRY");
    let made = init(&home, observer(), None).unwrap();
    assert!(home.config_file().exists() && made.card.is_none());
    let error = init(&home, observer(), None).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.causes[0].contains("a node key at"), "{error:?}");

    // An observer's home becomes a member's, with the same node key.
    let member = |id: &str, role: Option<&str>| InitOptions {
        member: Some(id.into()),
        name: Some("Ministry".into()),
        role: role.map(str::to_owned),
        ..InitOptions::default()
    };
    for (who, words) in [
        (member("pry", None), WORDS),
        (member("PRY", Some("king")), WORDS),
        (InitOptions { name: Some("  ".into()), ..member("PRY", None) }, WORDS),
        (InitOptions { name: None, ..member("PRY", None) }, WORDS),
        (member("PRY", None), "short"),
    ] {
        let error = init(&home, who, Some(&words.into())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage, "{error:?}");
    }
    assert!(!KeyStore::of(&home).root_file().exists());
    let reply = init(&home, member("PRY", Some("state")), Some(&WORDS.into())).unwrap();
    assert_eq!(reply.node_peer_id, made.node_peer_id);
    let card = card::Card::read(Path::new(&reply.card.clone().unwrap())).unwrap();
    assert_eq!((card.role.as_str(), Some(card.root.to_hex())), ("state", reply.root_key));
    let error = init(&home, member("KEN", None), Some(&WORDS.into())).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.message.contains("home of PRY already"), "{error:?}");
    assert_eq!(error.causes.len(), 3);

    let _lock = crate::HomeLock::acquire(&home).unwrap();
    assert!(said(&init(&home, observer(), None).unwrap_err()).contains("stop the running node"));
}

#[test]
fn what_was_not_finished_is_named() {
    let table = Table::new();
    let home = table.home("PRY");
    home.create().unwrap();
    KeyStore::of(&home).create_publish(&PublishKey::generate().unwrap()).unwrap();
    let error = init(&home, InitOptions { observer: true, ..InitOptions::default() }, None).unwrap_err();
    assert!(error.message.contains("not finished"), "{error:?}");
    assert_eq!(author_of(&home).unwrap_err().kind, ErrorKind::Store);
    assert_eq!(network_of(&home), Ok(None));
    fs::write(identity::network_file(&home), "nonsense").unwrap();
    assert_eq!(network_of(&home).unwrap_err().kind, ErrorKind::Store);
    assert_eq!(network_of(&table.home("nowhere")), Ok(None));
    let error = show(home.path()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Store);
}

#[test]
fn files_that_are_none_are_refused() {
    let table = Table::new();
    let missing = show(&table.path("missing")).unwrap_err();
    assert_eq!(missing.kind, ErrorKind::NotFound);
    let missing = join(&table.home("new"), "missing.nanduti").unwrap_err();
    assert!(missing.kind == ErrorKind::NotFound && said(&missing).contains("a ticket begins with"), "{missing:?}");
    assert_eq!(join(&table.home("new"), "nanduti:abc").unwrap_err().kind, ErrorKind::Usage);
    fs::write(table.path("long"), vec![b'x'; 9000]).unwrap();
    let error = table.draft(vec![table.path("long")], "x").unwrap_err();
    assert!(error.message.contains("longer than"), "{error:?}");
    assert!(matches!(disk::read_bounded(&table.path("long"), 8999), Err(DiskError::Long { .. })));
    assert!(matches!(disk::read_bounded(table.dir.path(), 10), Err(DiskError::NoFile { .. })));
    fs::File::create(table.path("endless")).unwrap().set_len(document::FILE_MAX + 1).unwrap();
    assert!(show(&table.path("endless")).unwrap_err().message.contains("longer than"));
    assert!(show(table.dir.path()).is_err_and(|error| error.kind == ErrorKind::NotFound));
    let keys = NodeKey::generate().unwrap();
    fs::write(table.path("key"), keys.public()).unwrap();
    assert!(show(&table.path("key")).is_err());
}

#[test]
fn a_bundle_with_another_statement_of_this_home_is_refused() {
    let table = Table::new();
    let cards = vec![table.init("PRY")];
    table.draft(cards, "draft").unwrap();
    // The home as a copy of itself signs the same draft a second time, as after a restore.
    let first = table.sign("PRY", "draft");
    seal(&table.path("draft"), std::slice::from_ref(&first), &[], &table.path("bundle")).unwrap();
    let network = show(&table.path("draft")).unwrap().network;
    let stored = identity::signed_file(&table.home("PRY"), &Hash::from_hex(&network).unwrap());
    fs::remove_file(stored).unwrap();
    let second = table.path("second");
    sign(&table.home("PRY"), &table.path("draft"), Some(&second), &WORDS.into()).unwrap();
    let error = seal(&table.path("draft"), &[first, second], &[], &table.path("b")).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.message.contains("twice"), "{error:?}");
    assert_eq!(table.join("PRY").unwrap_err().kind, ErrorKind::Refused);
    assert_eq!(network_of(&table.home("PRY")), Ok(None), "nothing was joined");
}

#[test]
fn keys_of_a_member_that_is_not_on_the_roster_are_not_admitted() {
    let table = Table::new();
    table.found(&["PRY"]);
    let home = table.home("KEN");
    home.create().unwrap();
    let store = KeyStore::of(&home);
    store.create_publish(&PublishKey::generate().unwrap()).unwrap();
    fs::write(identity::member_file(&home), "KEN\n").unwrap();
    let joined = table.join("KEN").unwrap();
    assert_eq!((joined.role, joined.member.as_deref()), (NodeRole::NotAdmitted, Some("KEN")));
}

#[test]
fn a_charter_that_only_the_chain_vouches_for_is_not_adopted() {
    use nanduti_protocol::{entry::Entry, run};
    let table = Table::new();
    let (signed, _) = table.found(&["PRY"]);
    let Document::Signed(runs) = Document::read(&signed[0]).unwrap() else { panic!("a signed file") };
    let (charter, charter_body, len) = run::split_item(&runs[0]).unwrap();
    let (keyring, keyring_body, _) = run::split_item(&runs[0][len..]).unwrap();
    let mut unsigned = charter.to_vec();
    *unsigned.last_mut().unwrap() ^= 1;
    let mut statement = Entry::decode(keyring).unwrap().statement;
    statement.prev = Hash::of(&unsigned);
    let network = Hash::of(charter_body.unwrap());
    let root = KeyStore::of(&table.home("PRY")).open_root(&WORDS.into()).unwrap();
    let mut forged = Vec::new();
    run::push_item(&mut forged, &unsigned, charter_body);
    run::push_item(&mut forged, &statement.sign(&network, root.signing_key()), keyring_body);
    let error = verify::Adoption::verify(forged, runs[1].clone()).unwrap_err();
    assert!(matches!(error, verify::VerifyError::Signature { .. }), "{error:?}");
}

/// Logs of one founder, for turning bits.
fn adoption() -> Vec<Vec<u8>> {
    use std::sync::OnceLock;
    static RUNS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    RUNS.get_or_init(|| {
        let table = Table::new();
        let (signed, _) = table.found(&["PRY"]);
        match Document::read(&signed[0]).unwrap() {
            Document::Signed(runs) => runs,
            _ => panic!("a signed file"),
        }
    })
    .clone()
}

proptest! {
    #[test]
    fn no_logs_make_the_verifier_panic(
        root in proptest::collection::vec(any::<u8>(), 0..300),
        log in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        prop_assert!(verify::Adoption::verify(root.clone(), log.clone()).is_err());
        prop_assert!(verify::verify_founding(vec![root, log]).is_err());
    }

    #[test]
    fn no_turned_bit_is_believed(which in 0_usize..2, place in any::<prop::sample::Index>(), bit in 0..8) {
        let mut runs = adoption();
        let place = place.index(runs[which].len());
        runs[which][place] ^= 1_u8 << bit;
        prop_assert!(verify::verify_founding(runs).is_err());
    }

    #[test]
    fn no_cut_is_believed(which in 0_usize..2, place in any::<prop::sample::Index>()) {
        let mut runs = adoption();
        let place = place.index(runs[which].len());
        runs[which].truncate(place);
        prop_assert!(verify::verify_founding(runs).is_err());
    }
}
