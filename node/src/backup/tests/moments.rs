//! A backup of a node that is at work: what was acknowledged before it began is in it, and it can be restored.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use nanduti_protocol::kind::{Audience, Kind};

use crate::{
    Config, Core, Engine, Handle, Home,
    api::{Backup, ErrorKind, OwnLogView, Publish, Status},
    founding::{self, DraftOptions, InitOptions},
    restore,
};

const WORDS: &str = "correct horse battery";

/// Founds a network of these members, each in a home of its own, all of whom have joined.
pub(super) fn found(table: &Path, members: &[&str]) {
    let home = |id: &str| Home::at(table.join(id));
    let init = |id: &&str| {
        let who = InitOptions { member: Some((*id).into()), name: Some((*id).into()), ..InitOptions::default() };
        founding::init(&home(id), who, Some(&WORDS.into())).unwrap().card.unwrap().into()
    };
    let cards = members.iter().map(init).collect();
    let (draft, bundle) = (table.join("draft"), table.join("bundle"));
    let options = DraftOptions { name: "N".into(), purpose: "To test".into(), cards, out: draft.clone() };
    founding::draft(options).unwrap();
    let sign = |id: &&str| {
        let out = table.join(format!("{id}.signed"));
        founding::sign(&home(id), &draft, Some(&out), &WORDS.into()).unwrap().path.into()
    };
    let signed: Vec<_> = members.iter().map(sign).collect();
    founding::seal(&draft, &signed, &[], &bundle).unwrap();
    for id in members {
        founding::join(&home(id), bundle.to_str().unwrap()).unwrap();
    }
}

pub(super) async fn open(home: &Path) -> Engine {
    let home = Home::at(home);
    let config = Config::load_with(&home, std::iter::empty(), &[]).unwrap();
    Engine::open(home, config).await.unwrap()
}

pub(super) fn to(path: &Path, all: bool) -> Backup {
    Backup { path: path.to_str().unwrap().into(), overwrite: false, all }
}

/// How far the publishing log reaches.
fn reached(logs: &[OwnLogView]) -> u64 {
    logs.iter().find(|log| !log.root).unwrap().entries
}

async fn sign(core: &Core, count: u64) -> u64 {
    let mut last = 0;
    for number in 0..count {
        let body = format!("something {number}").into_bytes();
        last = core.author(Kind::Practice, Audience::Public, 1, body).await.unwrap().seq;
    }
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_it_began_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    found(dir.path(), &["MAR", "PRY"]);
    let engine = Arc::new(open(&dir.path().join("PRY")).await);
    let own = founding::author_of(engine.home()).unwrap().unwrap().log();
    let enough = Arc::new(AtomicBool::new(false));
    let writing = {
        let (engine, enough) = (Arc::clone(&engine), Arc::clone(&enough));
        tokio::spawn(async move {
            let mut last = sign(engine.core(), 1).await;
            while !enough.load(Ordering::Relaxed) {
                last = sign(engine.core(), 1).await;
            }
            last
        })
    };
    let mut backups = Vec::new();
    while backups.len() < 8 {
        let before = engine.core().snapshot().ledger.extent(&own).unwrap().next;
        let path = dir.path().join(format!("{}.backup", backups.len()));
        let made = engine.handle(to(&path, backups.len() % 2 == 1)).await.unwrap();
        backups.push((path, before, made));
    }
    enough.store(true, Ordering::Relaxed);
    let last = writing.await.unwrap();
    let end = dir.path().join("end.backup");
    let made = engine.handle(to(&end, false)).await.unwrap();
    assert_eq!(reached(&made.own_logs), last + 1);
    backups.push((end, last + 1, made));
    let ends: BTreeSet<u64> = backups.iter().map(|(.., made)| reached(&made.own_logs)).collect();
    assert!(ends.len() > 2, "they were made while it wrote: {ends:?}");
    engine.close().await;

    // Not all of them, since each takes some thirty flushes.
    for (number, (path, before, made)) in backups.iter().enumerate().step_by(2) {
        let home = dir.path().join(format!("restored {number}"));
        let restored = restore(&Home::at(&home), path, &mut |_, _| {}).unwrap();
        assert_eq!((&restored.own_logs, restored.entries), (&made.own_logs, made.entries));
        let reached = reached(&restored.own_logs);
        assert!(reached >= *before, "{reached} entries, and {before} were acknowledged");
        let engine = open(&home).await;
        let status = engine.handle(Status {}).await.unwrap();
        assert!(status.warnings.is_empty(), "`local/` knows of nothing that is not there: {:?}", status.warnings);
        assert_eq!(status.entries, made.entries);
        assert_eq!(status.restored.map(|waiting| waiting.entries), Some(Some(reached)));
        engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_settings_and_what_the_node_alone_knows_come_back() {
    let dir = tempfile::tempdir().unwrap();
    found(dir.path(), &["MAR", "PRY"]);
    let home = dir.path().join("PRY");
    fs::write(home.join("config.toml"), "[web]\nenabled = false\n").unwrap();
    // Beside the files of ballots, which the core writes and reads.
    fs::create_dir_all(home.join("network/ballots")).unwrap();
    fs::write(home.join("network/ballots/aside"), "papers").unwrap();
    let engine = open(&home).await;
    sign(engine.core(), 3).await;
    engine.core().local().open_tree("drafts").unwrap().insert("one", vec![1; 2_000_000]).unwrap();
    engine.core().local().insert("of no tree", "value").unwrap();
    let all = |engine: &Engine| {
        let local = engine.core().local();
        let mut pairs = Vec::new();
        for name in local.tree_names() {
            pairs.extend(local.open_tree(&name).unwrap().iter().map(|pair| (name.clone(), pair.unwrap())));
        }
        pairs.sort();
        pairs
    };
    let before = all(&engine);
    assert!(before.len() >= 4);
    let file = dir.path().join("file");
    engine.handle(to(&file, true)).await.unwrap();
    engine.close().await;

    let back = dir.path().join("back");
    restore(&Home::at(&back), &file, &mut |_, _| {}).unwrap();
    let keys = ["keys/root.pem", "keys/publish.pem", "keys/node.pem", "keys/member"];
    for name in ["config.toml", "PRY.card", "network/ticket", "network/ballots/aside"].into_iter().chain(keys) {
        assert_eq!(fs::read(back.join(name)).unwrap(), fs::read(home.join(name)).unwrap(), "{name}");
    }
    let engine = open(&back).await;
    assert_eq!(all(&engine), before);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_network_of_one_only_a_fresh_key_helps() {
    let dir = tempfile::tempdir().unwrap();
    found(dir.path(), &["PRY"]);
    let engine = open(&dir.path().join("PRY")).await;
    let file = dir.path().join("file");
    engine.handle(to(&file, false)).await.unwrap();
    engine.close().await;
    let back = dir.path().join("back");
    restore(&Home::at(&back), &file, &mut |_, _| {}).unwrap();
    let engine = open(&back).await;
    let call = Publish { markdown: include_str!("../../../../docs/examples/practice.md").into(), ..Publish::default() };
    let error = engine.handle(call).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains("no other member who could say"), "{error:?}");
    assert!(error.hint.unwrap().ends_with("or begin a new log with a fresh key: nanduti key replace"));
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_backup_cannot_hold_is_said_and_not_left_out() {
    let dir = tempfile::tempdir().unwrap();
    found(dir.path(), &["MAR", "PRY"]);
    let home = dir.path().join("PRY");
    let engine = open(&home).await;
    let file = dir.path().join("file");
    for odd in ["a key", "ключ", "deep/er/key"] {
        let odd = home.join("keys").join(odd);
        fs::create_dir_all(odd.parent().unwrap()).unwrap();
        fs::write(&odd, "secret").unwrap();
        let error = engine.handle(to(&file, false)).await.unwrap_err();
        assert!(error.message.contains("nothing that a backup can hold"), "{error:?}");
        assert!(!file.exists());
        fs::remove_file(&odd).unwrap();
    }
    fs::remove_dir_all(home.join("keys/deep")).unwrap();
    // A key that this version knows nothing of is kept all the same; somebody's unfinished write is not.
    fs::write(home.join("keys/spare.pem"), "spare").unwrap();
    fs::write(home.join("keys/.new-1"), "half").unwrap();
    let made = engine.handle(to(&file, false)).await.unwrap();
    assert!(made.keys.contains(&"keys/spare.pem".into()) && made.keys.len() == 4, "{:?}", made.keys);
    let relative = Backup { path: "file".into(), ..Backup::default() };
    assert_eq!(engine.handle(relative).await.unwrap_err().kind, ErrorKind::Usage);
    engine.close().await;
}
