//! A home in which any file is damaged: the node says what is wrong, or shows what was signed. Nothing else is ever shown, and what
//! a peer has comes back.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use nanduti_tests::{Output, World, practice};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");
/// Set to a number for so many places in each file.
const PLACES: &str = "NANDUTI_TEST_DAMAGE";

/// All files below a folder, by their paths in it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { fs::copy(entry.path(), to).map(drop).unwrap() }
    }
}

/// Damages a file in one of several ways; says how. `None` if there is nothing in it to damage.
fn damage(path: &Path, kind: usize) -> Option<String> {
    let mut bytes = fs::read(path).unwrap();
    // Most of what sled writes is empty: there damage would prove nothing.
    let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    let at = *used.get((kind * 7919 + 31) % used.len().max(1))?;
    let how = match kind % 3 {
        0 => {
            bytes[at] ^= 1 << (kind % 8);
            format!("bit {} of byte {at} flipped", kind % 8)
        }
        1 => {
            bytes.truncate(at);
            format!("cut to {at} bytes")
        }
        _ => {
            bytes.fill(0);
            "filled with zeros".into()
        }
    };
    fs::write(path, bytes).unwrap();
    Some(how)
}

fn titles(list: &Value) -> BTreeSet<String> {
    let rows = list["practices"].as_array().unwrap();
    rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

/// A failure names the file, or its folder, and is no panic.
fn assert_told(output: &Output, file: &Path, what: &str) {
    assert!(!output.stderr.contains("panicked"), "{what}\n{output}");
    assert!(matches!(output.code, Some(1..=100)), "{what}\n{output}");
    let name = file.file_name().unwrap().to_str().unwrap();
    let folder = file.parent().and_then(Path::file_name).map(|name| format!("{}/", name.to_string_lossy()));
    let named = output.stderr.contains(name) || folder.is_some_and(|folder| output.stderr.contains(&folder));
    assert!(named, "{what}: the file is not named\n{output}");
}

#[test]
fn damage_that_the_opening_of_a_home_set_aside_is_told_by_the_first_command_and_by_each_check_until_it_is_mended() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    world.write("one.md", practice("One", 3000));
    world.on("PRY", &["publish", "one.md"]).good();
    world.on("PRY", &["bundle", "export", "all.nanduti"]).good();
    let root = world.json("PRY", &["key", "list"])["root_key"].as_str().unwrap().to_owned();
    let log = world.path("PRY/logs").join(&root);
    let file = files(&log).into_iter().find(|file| file.to_string_lossy().contains(".seg")).unwrap();
    let path = log.join(file);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();

    let first = world.on("PRY", &["list"]).good();
    assert!(first.stderr.contains("warning: ") && first.stderr.contains("set aside"), "{first}");
    for _ in 0..2 {
        let verified = world.on("PRY", &["verify", "--deep"]).code(6);
        assert!(
            verified.stdout.contains("set-aside/") && !verified.stdout.contains("all is as it was signed"),
            "{verified}"
        );
    }
    let status = world.json("PRY", &["status"]);
    assert!(status["warnings"][0].as_str().unwrap().contains("peers are asked"), "{status}");
    world.on("PRY", &["bundle", "import", "all.nanduti"]).good();
    let verified = world.on("PRY", &["verify", "--deep"]).good();
    assert!(verified.stdout.contains("all is as it was signed"), "{verified}");
    assert_eq!(world.json("PRY", &["status"])["warnings"], json!([]));
}

#[test]
fn damage_to_any_file_of_a_home_is_mended_or_told() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    for number in 0..3 {
        let name = format!("{number}.md");
        world.write(&name, practice(&format!("Practice {number}"), 3000));
        world.on("PRY", &["publish", "--new", &name]).good();
    }
    world.on("PRY", &["bundle", "export", "all.nanduti"]).good();
    let digest = world.json("PRY", &["status"])["digest"].clone();
    let whole = titles(&world.json("PRY", &["list"]));
    assert_eq!(whole.len(), 3);
    let places = std::env::var(PLACES).map_or(3, |text| text.parse().unwrap());
    let all = files(&world.path("PRY"));
    for needed in ["config.toml", "keys/node.pem", "keys/publish.pem", "network/charter", "index/db", "local/db"] {
        assert!(all.contains(Path::new(needed)), "{needed}: {all:?}");
    }
    for (number, file) in all.iter().enumerate() {
        for kind in 0..places {
            let home = format!("damaged-{number}-{kind}");
            copy(&world.path("PRY"), &world.path(&home));
            let Some(how) = damage(&world.path(&home).join(file), kind) else { continue };
            let what = format!("{}, {how}", file.display());
            look(&world, &home, file, &digest, &whole, &what);
            fs::remove_dir_all(world.path(&home)).unwrap();
        }
    }
}

/// What a damaged home shows is right, or it says what is wrong; and what a bundle has comes back.
fn look(world: &World, home: &str, file: &Path, digest: &Value, whole: &BTreeSet<String>, what: &str) {
    let status = world.on(home, &["status", "--json"]);
    if status.code != Some(0) {
        return assert_told(&status, file, what);
    }
    // sled panics on some damage, which is caught: it is seen on the way, and the folder made anew.
    let in_sled = file.starts_with("index") || file.starts_with("local");
    assert!(in_sled || !status.stderr.contains("panicked"), "{what}\n{status}");
    let status = status.json();
    let shown = titles(&world.json(home, &["list"]));
    assert!(shown.is_subset(whole), "{what}: {shown:?}");
    let verified = world.on(home, &["verify", "--deep", "--json"]);
    if shown != *whole || status["digest"] != *digest {
        assert!(file.starts_with("logs"), "{what}: {status}");
        assert_ne!(status["warnings"], json!([]), "{what}: nothing is said");
        assert_eq!(verified.code, Some(6), "{what}: {verified}");
    }
    // A node that cannot take in what others have says why.
    let import = world.on(home, &["bundle", "import", "all.nanduti"]);
    if import.code != Some(0) {
        return assert_told(&import, file, what);
    }
    assert_eq!(world.json(home, &["status"])["digest"], *digest, "{what}: {import}");
    assert_eq!(titles(&world.json(home, &["list"])), *whole, "{what}");
    let deep = world.json(home, &["verify", "--deep"]);
    assert_eq!(deep["damage"], json!([]), "{what}");
}
