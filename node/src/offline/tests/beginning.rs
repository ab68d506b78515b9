//! Root logs that begin away from the network: a founder who adopts a charter, and a newcomer.

use std::path::PathBuf;

use super::WORDS;
use crate::{
    Home,
    api::{ErrorKind, RequestAct},
    founding::{self, DraftOptions, InitOptions, RequestOptions},
    keys::Passphrase,
    offline::{Act, Checked, HandedIn, KeyFile, Request, SignedAt, hand_in, prepare_admission, prepare_charter},
};

struct Table {
    folder: tempfile::TempDir,
}

impl Table {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self, id: &str) -> Home {
        Home::at(self.path(id))
    }

    /// A home whose root key lies elsewhere.
    fn init(&self, id: &str) -> PathBuf {
        let who = InitOptions {
            member: Some(id.into()),
            name: Some(format!("Institution of {id}")),
            root_key: Some(self.path(&format!("{id}.pem"))),
            spare: Some("3c".repeat(32)).filter(|_| id == "PRY"),
            ..InitOptions::default()
        };
        let reply = founding::init(&self.home(id), who, Some(&WORDS.into())).unwrap();
        PathBuf::from(reply.card.unwrap())
    }

    fn draft(&self, ids: &[&str], out: &str) -> PathBuf {
        let cards = ids.iter().map(|id| self.path(&format!("{id}/{id}.card"))).collect();
        let (name, purpose, out) = ("Network".into(), "To share practices".into(), self.path(out));
        founding::draft(DraftOptions { name, purpose, cards, out: out.clone() }).unwrap();
        out
    }

    fn key(&self, id: &str) -> KeyFile {
        KeyFile::open(&self.path(&format!("{id}.pem")), &Passphrase::from(WORDS)).unwrap()
    }

    fn found(&self, ids: &[&str]) -> PathBuf {
        ids.iter().for_each(|id| drop(self.init(id)));
        let draft = self.draft(ids, "draft");
        let signed: Vec<PathBuf> = ids.iter().map(|id| self.adopt(id, &draft)).collect();
        let bundle = self.path("bundle");
        founding::seal(&draft, &signed, &[], &bundle).unwrap();
        bundle
    }

    fn adopt(&self, id: &str, draft: &std::path::Path) -> PathBuf {
        let request = prepare_charter(&self.home(id), draft).unwrap();
        let signed = self.key(id).sign(&request, SignedAt::Away).unwrap();
        match hand_in(&self.home(id), &signed, &self.path(&format!("{id}.request")), None).unwrap() {
            HandedIn::Charter(reply) => PathBuf::from(reply.path),
            HandedIn::Admission(_) => panic!("a charter"),
        }
    }
}

#[test]
fn founders_adopt_a_charter_with_root_keys_that_never_touch_their_homes() {
    let table = Table::new();
    let bundle = table.found(&["MAR", "PRY"]);
    assert!(!table.path("PRY/keys/root.pem").exists());
    let joined = founding::join(&table.home("PRY"), bundle.to_str().unwrap()).unwrap();
    assert_eq!(joined.member.as_deref(), Some("PRY"));
    let shown = founding::show(&bundle).unwrap();
    assert!(shown.members.iter().all(|founder| founder.signed));
    assert!(shown.members[1].spare.is_some() && shown.members[0].spare.is_none());
}

#[test]
fn what_is_read_there_is_the_whole_charter() {
    let table = Table::new();
    ["MAR", "PRY"].iter().for_each(|id| drop(table.init(id)));
    let request = prepare_charter(&table.home("PRY"), &table.draft(&["MAR", "PRY"], "draft")).unwrap();
    let view = request.view().unwrap();
    assert_eq!((view.act, view.entry, view.steps.len(), view.signed), (RequestAct::Charter, Some(0), 2, false));
    let said = view.says.join("\n");
    for words in [
        "purpose: To share practices",
        "2 of 3 voters",
        "2 of 2",
        "MAR (Institution of MAR) as mechanism",
        "spare root key",
        "partner does not vote",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(view.unchecked.iter().any(|what| what.contains("compare the id of the network")));
}

#[test]
fn what_was_signed_cannot_be_changed_and_is_signed_once() {
    let table = Table::new();
    ["MAR", "PRY"].iter().for_each(|id| drop(table.init(id)));
    let draft = table.draft(&["MAR", "PRY"], "draft");
    let request = prepare_charter(&table.home("PRY"), &draft).unwrap();
    assert_eq!(table.key("MAR").sign(&request, SignedAt::Away).unwrap_err().kind, ErrorKind::Refused);
    let signed = table.key("PRY").sign(&request, SignedAt::Away).unwrap();
    assert_eq!(table.key("PRY").sign(&request, SignedAt::Away).unwrap(), signed);
    let bytes = signed.encode();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let Ok(read) = Request::decode(&changed) else { continue };
        assert!(Checked::of(&read).is_err(), "at {place} of {}", bytes.len());
    }
    // Another file for the same charter has other random bytes in its keyring: it would be a fork.
    let again = prepare_charter(&table.home("PRY"), &draft).unwrap();
    let error = table.key("PRY").sign(&again, SignedAt::Away).unwrap_err();
    assert!(error.message.contains("another statement for entry 0"), "{error}");
    // Another draft is another network.
    table
        .key("PRY")
        .sign(&prepare_charter(&table.home("PRY"), &table.draft(&["MAR", "PRY"], "other")).unwrap(), SignedAt::Away)
        .unwrap();

    let (home, file) = (table.home("PRY"), table.path("charter.signed"));
    let not_signed = hand_in(&home, &request, &file, None).unwrap_err();
    assert!(not_signed.message.contains("nobody has signed"), "{not_signed}");
    assert_eq!(hand_in(&table.home("MAR"), &signed, &file, None).unwrap_err().kind, ErrorKind::Refused, "other keys");
    let first = hand_in(&home, &signed, &file, None).unwrap();
    assert_eq!(hand_in(&home, &signed, &file, None).unwrap(), first, "twice is once");
    let Act::Beginning(mut act) = signed.act.clone() else { panic!("a beginning") };
    act.time += 1;
    let later = Request { act: Act::Beginning(act), signed: None, ..signed };
    let later = table.key("PRY").sign(&later, SignedAt::Here).unwrap();
    let error = hand_in(&home, &later, &file, None).unwrap_err();
    assert!(error.message.contains("signed the draft before"), "{error}");
    // Signed the direct way, the home hands out what it has.
    let direct = founding::sign_with(&home, &draft, None, Some(&table.path("PRY.pem")), &WORDS.into()).unwrap();
    assert_eq!(HandedIn::Charter(direct), first);
    let error = prepare_charter(&home, &draft).unwrap_err();
    assert!(error.message.contains("signed the draft already"), "{error}");
}

#[test]
fn a_newcomer_asks_with_a_root_key_that_never_touches_its_home() {
    let table = Table::new();
    let bundle = table.found(&["MAR"]);
    table.init("PRY");
    let home = table.home("PRY");
    assert_eq!(prepare_admission(&home, &RequestOptions::default()).unwrap_err().kind, ErrorKind::Usage, "no network");
    founding::join(&home, bundle.to_str().unwrap()).unwrap();
    std::fs::copy(table.path("MAR/network/charter"), table.path("PRY/network/charter")).ok();
    let asked = RequestOptions { governance: Some("4d".repeat(32)), ..RequestOptions::default() };
    let request = prepare_admission(&home, &asked).unwrap();
    let view = request.view().unwrap();
    assert_eq!((view.act, view.member.as_str()), (RequestAct::Admission, "PRY"));
    let said = view.says.join("\n");
    for words in ["PRY (Institution of PRY) asks to be a member as mechanism", "spare root key", "governance key"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let signed = table.key("PRY").sign(&request, SignedAt::Away).unwrap();
    let bytes = signed.encode();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let Ok(read) = Request::decode(&changed) else { continue };
        assert!(Checked::of(&read).is_err(), "at {place} of {}", bytes.len());
    }
    let first = hand_in(&home, &signed, &table.path("join.signed"), None).unwrap();
    assert_eq!(hand_in(&home, &signed, &table.path("join.signed"), None).unwrap(), first);
    let HandedIn::Admission(reply) = first else { panic!("an admission") };
    assert_eq!((reply.member.as_str(), reply.role.as_str()), ("PRY", "mechanism"));
    // Asked the direct way, it begins with the same.
    let direct = founding::request(&home, &asked, Some(&table.path("PRY.pem")), &WORDS.into()).unwrap();
    assert_eq!(direct.request, reply.request);
    let error = prepare_admission(&home, &asked).unwrap_err();
    assert!(error.message.contains("has asked already"), "{error}");
}
