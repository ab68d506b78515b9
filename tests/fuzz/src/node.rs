//! The decoders of the node: what comes in files and over streams, and what goes out into pages and onto a terminal.

use ed25519_dalek::SigningKey;
use nanduti_node::{
    api::{
        self, FieldForm, FieldView, PracticeRow, PracticeView, Proof, RevisionView, SeriesState, ValueView,
        WithdrawalView,
    },
    authoring, fuzzing,
};
use nanduti_protocol::{
    hash::Hash,
    key::PublicKey,
    limits,
    node_record::NodeRecord,
    record::{Record, RecordBody},
    run::{ReceivedRun, item_len},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{forms::network, html, script::Script};

/// Elements that Markdown may become.
const MARKDOWN: [&str; 16] =
    ["a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "ul"];

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

/// A card: as it came, behind a checksum that fits, and behind a signature that holds.
pub fn card(data: &[u8]) {
    let check = |text: &str| {
        let (payload, shown) = fuzzing::card(text)?;
        for text in shown {
            assert!(!text.chars().any(char::is_control) && !text.trim().is_empty() && text.len() <= limits::NAME_MAX);
        }
        Some(payload)
    };
    check(&String::from_utf8_lossy(data));
    check(&fuzzing::card_text(data.to_vec()));
    let signed = fuzzing::signed_card(data, &key());
    if let Some(payload) = check(&signed) {
        assert_eq!(payload, data, "one payload, one card");
    }
}

/// The consent of a former root key: as it came, and behind a checksum that fits.
pub fn consent(data: &[u8]) {
    fuzzing::consent(&String::from_utf8_lossy(data));
    if let Some(written) = fuzzing::consent(&fuzzing::consent_text(data)) {
        assert_eq!(written, fuzzing::consent_text(data), "one content, one text");
    }
}

/// A file of a founding.
pub fn document(data: &[u8]) {
    if let Some(written) = fuzzing::document(data) {
        assert_eq!(written, data);
    }
}

/// A charter that carries the library of a former network over: what it claims agrees with a home that knows just this.
pub fn claims(data: &[u8]) {
    assert!(fuzzing::claims(data).is_none_or(|agrees| agrees));
}

/// A request to a root key.
pub fn request(data: &[u8]) {
    if let Some(written) = fuzzing::request(data) {
        assert_eq!(written, data);
    }
}

/// A key file.
pub fn key_file(data: &[u8]) {
    fuzzing::encrypted_key(data);
    if let Some((seed, text)) = fuzzing::plain_key(data) {
        assert_eq!(fuzzing::plain_key(text.as_bytes()).map(|(seed, _)| seed), Some(seed));
    }
}

/// The configuration.
pub fn config(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Err(error) = fuzzing::config(text) {
        assert!(!error.to_string().is_empty());
    }
}

/// What is said on connecting.
pub fn exchange(data: &[u8]) {
    let Some(records) = fuzzing::exchanged(data) else { return };
    assert!(records.len() <= limits::NODE_RECORDS_MAX);
    for record in &records {
        if let Some(kept) = fuzzing::node_record(network(), record, true) {
            assert!(kept.is_empty() || kept == [record.clone()]);
        }
    }
}

/// Addresses in a record that is well signed: what would be dialled is no more than what was said.
pub fn addresses(data: &[u8]) {
    let texts: Vec<String> = String::from_utf8_lossy(data).lines().map(ToOwned::to_owned).collect();
    let record = NodeRecord { key: PublicKey::from(&key()), counter: 1, addresses: texts };
    let bytes = record.sign(&network(), &key());
    for local in [false, true] {
        let kept = fuzzing::node_record(network(), &bytes, local);
        assert_eq!(kept.is_none(), !record.is_bounded());
        let usable = fuzzing::usable(&record.addresses, local);
        assert!(usable.len() <= record.addresses.len());
        assert!(usable.iter().all(|address| address.starts_with('/')));
    }
}

/// The frames of a stream, and what is compressed in them.
pub fn stream(data: &[u8]) {
    let frames = fuzzing::frames(data);
    assert!(frames.iter().map(Vec::len).sum::<usize>() <= data.len());
    for content in frames {
        if let Some((len, run)) = fuzzing::segment(&content) {
            assert_eq!(run.len(), len);
            assert!(len <= limits::SEGMENT_MAX);
        }
    }
}

/// A backup: as it came; as the tar in one whose seal holds; and, with the first line as its path, as a file in one that is whole.
/// Nothing that is accepted leads out of the home, and a tar has one form.
pub fn backup(data: &[u8]) {
    let within = |paths: &[String]| {
        for path in paths {
            let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
            assert!(plain && path.split('/').all(|part| !part.is_empty() && !part.starts_with('.')), "{path}");
        }
    };
    if let Some(paths) = fuzzing::backup(data) {
        within(&paths);
    }
    if let Some((paths, again)) = fuzzing::backup_tar(data) {
        within(&paths);
        assert_eq!(again, data);
    }
    let text = String::from_utf8_lossy(data);
    let (path, content) = text.split_once('\n').unwrap_or((&text, ""));
    if let Some(paths) = fuzzing::backup_with(path, content.as_bytes()) {
        within(&paths);
        assert_eq!(paths.last().map(String::as_str), Some(path));
    }
}

/// A segment file after any damage, a file in which the same bytes were written, the same bytes as a bundle, and as what is written again.
pub fn segment_file(data: &[u8]) {
    let (_, stop) = fuzzing::segment_file(&network(), data);
    assert!(stop.is_none_or(|(offset, _)| offset <= data.len()));
    let whole = fuzzing::packed(&network(), data);
    let (runs, stop) = fuzzing::segment_file(&network(), &whole);
    match (runs.as_slice(), stop) {
        ([run], None) => {
            assert_eq!(run.bytes(), data);
            let places = (run.first_seq(), run.next_seq());
            assert_eq!(fuzzing::set_aside(&network(), &run.log(), &whole), (vec![places], places.1));
        }
        // Whole, and not a run: damage, for what was written was one.
        ([], stop) => assert_eq!(stop, Some((0, false))),
        other => panic!("{other:?}"),
    }
    let torn = whole.get(..data.first().map_or(0, |byte| whole.len() * usize::from(*byte) / 256)).unwrap_or_default();
    let (runs, stop) = fuzzing::segment_file(&network(), torn);
    assert!(runs.is_empty() && stop.is_none_or(|stop| stop == (0, true)), "a write that was cut short is no damage");
    let (kept, refused) = fuzzing::bundle(data, &network());
    let items: usize = kept.iter().map(|run| run.items().len()).sum();
    let places = core::iter::successors(Some(data), |rest| item_len(rest).map(|len| &rest[len..]));
    assert!(items as u64 + refused < places.count() as u64, "no more than there are");
    let carved = fuzzing::carved(&network(), data);
    let again = carved.as_ref().map(|runs| runs.iter().flat_map(|run| run.bytes()).copied().collect::<Vec<u8>>());
    assert!(again.is_none_or(|again| again == data), "nothing is lost");
    let is_run = ReceivedRun::receive(data.to_vec()).is_ok_and(|run| run.verify(&network()).is_ok());
    assert!(carved.is_some() || !is_run, "what is a run can be written again");
}

/// A practice as its author writes it. What is accepted can be signed, and comes back from its own file.
pub fn front_matter(data: &[u8]) {
    let Ok(draft) = authoring::parse(&String::from_utf8_lossy(data)) else { return };
    let body = RecordBody::first([0; 16], draft.record.clone()).encode().expect("what is accepted can be signed");
    assert_eq!(RecordBody::decode(&body).map(|body| body.record).as_ref(), Ok(&draft.record));
    let file = authoring::render(&draft.record, draft.id.as_deref(), draft.audience);
    let again = authoring::parse(&file).unwrap_or_else(|problems| panic!("{file}\n{problems:?}"));
    assert_eq!((again.record, again.id, again.audience), (draft.record, draft.id, draft.audience));
}

/// Markdown in a page.
pub fn markdown(data: &[u8]) {
    if let Some(html) = fuzzing::markdown(&String::from_utf8_lossy(data)) {
        html::check(&html, Some(&MARKDOWN));
    }
}

/// The page of a practice of which every word is a stranger's: each as the script says, and a record that was signed.
pub fn page(data: &[u8]) {
    let mut view = view(&mut Script::new(data));
    if let Ok(body) = RecordBody::decode(data) {
        view.fields.extend(authoring::field_views(&body.record));
        let _ = authoring::field_changes(&Record::new(), &body.record);
    }
    html::check(&fuzzing::page(&view), None);
}

/// A practice of which every word is as the script says.
pub(crate) fn view(script: &mut Script<'_>) -> PracticeView {
    let mut word = || String::from_utf8_lossy(script.bytes(60)).into_owned();
    let (title, language, member, name) = (word(), word(), word(), word());
    let (time, code, label, href, long) = (word(), word(), word(), word(), word());
    let value = ValueView { text: long.clone(), label: Some(label.clone()), href: Some(href) };
    let forms = [FieldForm::Text, FieldForm::Markdown, FieldForm::Code, FieldForm::Plain, FieldForm::Unknown];
    let field = |form| FieldView { name: name.clone(), label: label.clone(), form, values: vec![value.clone()] };
    let fields: Vec<FieldView> = forms.into_iter().map(field).collect();
    let proof = Proof {
        member: member.clone(),
        member_name: name,
        key: code.clone(),
        seq: 2,
        hash: code.clone(),
        body_hash: code.clone(),
        body_size: 3,
        segment: long.clone(),
        offset: 4,
        keyring_seq: 1,
        root_key: code.clone(),
        counts: true,
        former: None,
    };
    // Ids are made by this node; everything else is somebody's word.
    let id = Hash::of(b"a revision").to_cid();
    let revision = RevisionView {
        id: id.clone(),
        revises: vec![code],
        title: title.clone(),
        time: time.clone(),
        arrived: Some(time.clone()),
        newest: false,
        proof,
    };
    let row = PracticeRow {
        id: id.clone(),
        short: "short".into(),
        member,
        title,
        language,
        strands: Vec::new(),
        capacities: Vec::new(),
        themes: Vec::new(),
        revisions: 2,
        state: SeriesState::Concurrent,
        audience: nanduti_node::api::Audience::Public,
        time: time.clone(),
    };
    let withdrawal = Some(WithdrawalView { id, reason: label, note: Some(long), time });
    let (concurrent, record) = (vec![revision.clone()], serde_json::Value::Null);
    PracticeView { row, revision, concurrent, withdrawal, fields, record, markdown: String::new() }
}

/// The filters in the address of a page.
pub fn query(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let [page, json] = fuzzing::query(text);
    assert!(json.is_none() || json == page, "the JSON is the stricter of the two");
    for address in [page, json].into_iter().flatten() {
        assert!(address.is_ascii() && address.starts_with('/'));
        let query = address.strip_prefix("/?").unwrap_or_default();
        assert_eq!(fuzzing::query(query), [Some(address.clone()), Some(address.clone())]);
    }
}

/// The calls that come through the operator's socket.
pub fn calls(data: &[u8]) {
    fn call<T: Serialize + DeserializeOwned + PartialEq + core::fmt::Debug>(data: &[u8]) {
        if let Ok(call) = serde_json::from_slice::<T>(data) {
            let written = serde_json::to_vec(&call).expect("what is read can be written");
            assert_eq!(serde_json::from_slice::<T>(&written).expect("what is written can be read"), call);
        }
    }
    macro_rules! calls {
        ($($name:ident),*) => { $(call::<api::$name>(data);)* };
    }
    calls!(Status, Publish, Withdraw, List, Show, History, Diff, Verify, Sync, PeerList, PeerAdd, PeerBlock);
    calls!(BundleExport, BundleImport, Backup, Reindex, Former, Members, Ballots, Propose, Speak);
    calls!(KeyList, KeyPrepare, KeyOffer, Submit, ForkList, ForkShow);
}

/// Text of others on a terminal. The program's own module is built in here, since a binary has no door.
#[path = "../../../cli/src/terminal/sanitise.rs"]
mod sanitise;

/// Words of strangers as the terminal shows them.
pub fn terminal(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let harmless = |text: &str| {
        text.chars()
            .all(|c| c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{feff}'))
    };
    assert!(harmless(&sanitise::text(&text)));
    let line = sanitise::line(&text);
    let item = sanitise::item(&text);
    assert!(item.trim_start() == line.trim_start() && item.len() <= line.len() + 8, "{item:?}");
    assert!(harmless(&line) && !line.contains('\n'));
    let value = serde_json::json!({ "words": [text] });
    let cleaned = sanitise::reply(&value).expect("JSON comes back");
    assert!(cleaned["words"][0].as_str().is_some_and(&harmless));
    let document = value.to_string();
    let safe = sanitise::json(&document);
    assert!(harmless(&safe));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).ok(), Some(value), "the same document");
}
