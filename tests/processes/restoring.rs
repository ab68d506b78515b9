//! A node is lost and comes back out of a backup: what it signed meanwhile is learnt from others before it signs again.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use nanduti_node::api::{ErrorKind, Publish, StatusReply, Verify};
use nanduti_tests::{Running, World, practice, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");
/// What a node that does not sign offers besides waiting.
const FRESH_KEY: &str = "begin a new log with a fresh key: nanduti key replace";

fn publish(node: &Running, title: &str) -> u64 {
    let call = Publish { markdown: practice(title, 400), ..Publish::default() };
    node.ask(call).unwrap_or_else(|error| panic!("{title}: {error:?}")).seq.unwrap()
}

/// Publishing is refused; returns what is said.
fn refused(node: &Running) -> String {
    let call = Publish { markdown: practice("Too early", 400), ..Publish::default() };
    let error = node.ask(call).expect_err("it must not sign");
    assert_eq!(error.kind, ErrorKind::Refused, "{error:?}");
    let hint = error.hint.as_deref().unwrap_or_default();
    assert!(hint.contains(FRESH_KEY), "{hint}");
    format!("{} {}", error.message, error.causes.join(" "))
}

fn equal(nodes: &[&Running]) {
    until("all nodes have the same digest", || {
        let digests: Vec<String> = nodes.iter().map(|node| node.status().digest).collect();
        digests.iter().all(|digest| *digest == digests[0])
    });
}

fn told(status: &StatusReply) -> Vec<&str> {
    status.restored.iter().flat_map(|restored| &restored.told).map(String::as_str).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() { copy(&from, &to) } else { fs::copy(&from, &to).map(drop).unwrap() }
    }
}

#[test]
fn a_lost_node_learns_what_it_signed_before_it_signs_again() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR", "KEN", "WSM", "PRT"]);
    let pry = world.start("PRY", &[]);
    let (mar, ken) = (world.start("MAR", &[pry.as_peer()]), world.start("KEN", &[pry.as_peer()]));
    assert_eq!(publish(&pry, "One"), 1);
    equal(&[&pry, &mar, &ken]);

    // Beside the running node.
    let made = world.json("PRY", &["backup", "pry.backup"]);
    assert_eq!((&made["member"], &made["all"]), (&"PRY".into(), &false.into()));
    assert!(made["keys"].as_array().unwrap().contains(&"keys/publish.pem".into()), "{made}");
    assert_eq!(fs::metadata(world.path("pry.backup")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((publish(&pry, "Two"), publish(&pry, "Three")), (2, 3));
    equal(&[&pry, &mar, &ken]);
    let digest = pry.status().digest;
    pry.kill();
    fs::remove_dir_all(world.path("PRY")).unwrap();
    assert!(mar.stop().success() && ken.stop().success());

    let back = world.json("PRY", &["restore", "pry.backup"]);
    assert_eq!((&back["waits"], &back["peer_id"]), (&true.into(), &made["peer_id"]));
    assert_eq!(back["own_logs"], made["own_logs"]);
    // Nobody is there yet: not with a running node, and not without one.
    let early = world.on("PRY", &["--json", "withdraw", "abcdefghij", "--reason", "error"]).code(4).error();
    assert!(early["message"].as_str().unwrap().contains("0 of 5 members have said"), "{early}");
    let pry = world.start("PRY", &[]);
    let status = pry.status();
    let restored = status.restored.clone().unwrap();
    assert_eq!((restored.needed, restored.missing, restored.entries), (2, 2, Some(2)));
    assert!(!status.writable && refused(&pry).contains("2 more are needed"));

    // One of five knows where the log stands, and brings it. That is not enough yet, and an observer is nobody's word.
    world.run(&["join", "founding.nanduti", "--home", "reader"]).good();
    let reader = world.start("reader", &[pry.as_peer()]);
    let mar = world.start("MAR", &[pry.as_peer()]);
    equal(&[&pry, &mar, &reader]);
    until("MAR has told", || told(&pry.status()) == ["MAR"]);
    assert!(reader.stop().success());
    assert_eq!(pry.status().practices, 3, "what it signed after the backup is here again");
    let said = refused(&pry);
    assert!(said.contains("1 of 5 members has said") && said.contains("heard since this start: MAR"), "{said}");
    let shown = world.on("PRY", &["status"]).good();
    assert!(shown.stdout.contains("1 more is needed") && shown.stderr.contains(FRESH_KEY), "{shown}");

    // A restart forgets who told.
    assert!(pry.stop().success());
    assert!(mar.stop().success());
    let pry = world.start("PRY", &[]);
    assert!(refused(&pry).contains("0 of 5 members have said"));

    let (mar, ken) = (world.start("MAR", &[pry.as_peer()]), world.start("KEN", &[pry.as_peer()]));
    until("enough members have told", || pry.status().restored.is_none());
    assert!(!world.path("PRY/restored").exists() && pry.status().writable);
    equal(&[&pry, &mar, &ken]);
    assert_eq!(pry.status().digest, digest, "all is as it was before the loss");
    assert_eq!(publish(&pry, "Four"), 4, "the log goes on where it stood");
    equal(&[&pry, &mar, &ken]);
    for node in [&pry, &mar, &ken] {
        let status = node.status();
        assert_eq!((status.practices, status.forks.len(), status.warnings.len()), (4, 0, 0), "{status:?}");
        let verified = node.ask(Verify { id: None, deep: true }).unwrap();
        assert!(verified.damage.is_empty() && verified.by_chain_alone == 0);
    }
    // It was not waiting for this start alone.
    assert!(pry.stop().success());
    let pry = world.start("PRY", &[]);
    assert_eq!(publish(&pry, "Five"), 5);
}

#[test]
fn with_nobody_to_ask_nothing_is_signed() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR", "KEN", "WSM"]);
    world.write("a.md", practice("One", 400));
    world.write("b.md", practice("Two", 400));
    world.json("PRY", &["publish", "a.md"]);
    let made = world.json("PRY", &["backup", "stale.backup", "--all"]);
    assert_eq!((&made["all"], &made["logs"]), (&true.into(), &8.into()));
    world.json("PRY", &["publish", "b.md"]);
    let later = world.json("PRY", &["show", world.json("PRY", &["list"])["practices"][1]["id"].as_str().unwrap()]);

    world.json("again", &["restore", "stale.backup"]);
    assert_eq!(world.json("again", &["status"])["practices"], 1);
    let offline = world.on("again", &["--json", "publish", "b.md"]).code(4);
    let error: serde_json::Value = serde_json::from_str(&offline.stderr).unwrap();
    let (message, hint) = (&error["error"]["message"], &error["error"]["hint"]);
    assert!(message.as_str().unwrap().contains("0 of 4 members have said where this log stands; 2 more are needed"));
    // As long as members could say where the root log stands, the way out has to be asked for by name: without that it is refused.
    assert!(hint.as_str().unwrap().contains(&format!("{FRESH_KEY} --unheard")), "{hint}");
    world.on("again", &["key", "replace", "--dry-run"]).code(4);
    world.on("again", &["key", "replace", "--dry-run", "--unheard"]).good();
    world.on("again", &["--json", "publish", "--check", "b.md"]).good();

    let again = world.start("again", &[]);
    for _ in 0..2 {
        assert!(refused(&again).contains("0 of 4 members"));
    }
    assert!(again.stop().success());
    // What it signed after the backup can also come in a bundle. That says nothing of where the log stands.
    world.json("PRY", &["bundle", "export", "pry.bundle"]);
    assert_eq!(world.json("again", &["bundle", "import", "pry.bundle"])["new"], 1);
    let shown = world.json("again", &["show", later["id"].as_str().unwrap()]);
    assert_eq!(shown["revision"]["proof"]["hash"], later["revision"]["proof"]["hash"]);
    world.on("again", &["withdraw", later["id"].as_str().unwrap(), "--reason", "error"]).code(4);
    // Nor does the root key speak for it: a keyring at a place that is taken would fork the root log.
    world.json("PRY", &["key", "replace", "--yes"]);
    let stale = ["key", "replace", "--root-key", "PRY/keys/root.pem", "--yes"];
    let unheard = world.on("again", &stale).code(4);
    assert!(unheard.stderr.contains("has not learnt where its root log stands: 0 of 4"), "{unheard}");
    assert!(unheard.stderr.contains("entry 2 of the root log is free") && unheard.stderr.contains("--unheard"));
    let all_the_same = world.on("again", &["key", "replace", "--unheard", "--dry-run"]).good();
    assert!(all_the_same.stderr.contains("this home came out of a backup"), "{all_the_same}");
    world.on("again", &["key", "replace", "--unheard", "--prepare", "stale.request"]).good();
    world.run(&["sign", "stale.request", "--key", "PRY/keys/root.pem", "--yes"]).good();
    let handed_in = world.on("again", &["submit", "stale.signed", "--yes"]).code(4);
    assert!(handed_in.stderr.contains("has not learnt where its root log stands"), "{handed_in}");
}

#[test]
fn a_log_that_went_another_way_elsewhere_stays_closed() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR", "KEN", "WSM"]);
    world.write("a.md", practice("This way", 400));
    world.write("b.md", practice("That way", 400));
    // A copy of the home cannot be told from the home, and signs.
    copy(&world.path("PRY"), &world.path("copy"));
    world.json("copy", &["publish", "b.md"]);
    world.json("copy", &["bundle", "export", "that.bundle"]);
    for member in ["MAR", "KEN"] {
        world.json(member, &["bundle", "import", "that.bundle"]);
    }
    world.json("PRY", &["publish", "a.md"]);
    world.json("PRY", &["backup", "pry.backup"]);
    world.json("back", &["restore", "pry.backup"]);
    let back = world.start("back", &[]);
    let (_mar, _ken) = (world.start("MAR", &[back.as_peer()]), world.start("KEN", &[back.as_peer()]));
    until("two of four have told", || back.status().restored.is_none());
    assert_eq!(back.status().forks.len(), 1);
    assert!(refused(&back).contains("forked"));
}

#[test]
fn what_is_no_whole_backup_makes_no_home() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    world.json("PRY", &["backup", "pry.backup"]);
    let before = names(&world.path(""));
    let there = world.on("PRY", &["backup", "pry.backup"]).code(1);
    assert!(there.stderr.contains("--overwrite"), "{there}");
    let warned = world.on("PRY", &["backup", "pry.backup", "--overwrite"]).good();
    assert!(warned.stderr.contains("holds the node key and the publishing key"), "{warned}");

    let whole = fs::read(world.path("pry.backup")).unwrap();
    let refuse = |name: &str, bytes: &[u8], code: i32, says: &str| {
        world.write(name, bytes);
        let refused = world.on("new", &["restore", name]).code(code);
        assert!(refused.stderr.contains(says) && refused.stderr.contains("hint:"), "{refused}");
        fs::remove_file(world.path(name)).unwrap();
        assert_eq!(names(&world.path("")), before, "nothing is left behind");
    };
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    refuse("changed", &changed, 6, "damaged");
    refuse("cut", &whole[..whole.len() - 1], 6, "its end is missing");
    refuse("longer", &[&whole[..], b"x"].concat(), 6, "damaged");
    refuse("empty", b"", 2, "no backup");
    refuse("foreign", &fs::read(world.path("founding.nanduti")).unwrap(), 2, "no backup");
    let missing = world.on("new", &["restore", "nowhere"]).code(3);
    assert!(missing.stderr.contains("there is no file"), "{missing}");
    let occupied = world.on("MAR", &["restore", "pry.backup"]).code(2);
    assert!(occupied.stderr.contains("holds something already") && world.path("MAR/keys").exists(), "{occupied}");
    // An empty folder is as good as none, though nothing may be made beside it. Nobody else can look into it afterwards.
    fs::create_dir(world.path("new")).unwrap();
    let refused = world.on("new", &["restore", "founding.nanduti"]);
    assert!(refused.code == Some(2) && names(&world.path("new")).is_empty(), "{refused}");
    world.json("new", &["restore", "pry.backup"]);
    assert_eq!(fs::metadata(world.path("new")).unwrap().permissions().mode() & 0o777, 0o700);
    let there = names(&world.path("new"));
    assert!(there.contains(&"restored".to_owned()) && !there.iter().any(|name| name.starts_with('.')), "{there:?}");
    assert_eq!(world.json("new", &["status"])["restored"]["missing"], 1);
    world.json("beside", &["restore", "pry.backup"]);
    assert_eq!(names(&world.path("beside")).len(), there.len());
    // An observer has nothing to wait for.
    world.run(&["join", "founding.nanduti", "--home", "reader"]).good();
    world.json("reader", &["backup", "reader.backup"]);
    assert_eq!(world.json("reader2", &["restore", "reader.backup"])["waits"], false);
    assert!(world.json("reader2", &["status"])["restored"].is_null());
}
