//! Replays the corpus of every fuzz target, and some mutations of each of its files, on any compiler.
//!
//! What a fuzzer found stays found: an input that once showed a fault is a file of the corpus. The mutations follow from a
//! seed; `NANDUTI_FUZZ_MUTATIONS=100000` makes more of them, and `NANDUTI_FUZZ_SEED` others.

use std::{env, fs, panic, path::Path};

use nanduti_fuzz::{NODE, PROTOCOL, SESSIONS, Target};
use nanduti_protocol::testing::Dice;

/// Mutations for each target, spread over its files.
const MUTATIONS: usize = 600;
/// A corpus is for reading, and every clone pays for it.
const FILES_MAX: usize = 60;
/// Bytes of one file.
const FILE_MAX: usize = 8 * 1024;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn number(variable: &str, default: usize) -> usize {
    env::var(variable).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// The files of a target's corpus, by name.
fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("corpus").join(target.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("the folder is being read").path();
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("a file of the corpus can be read"))
        })
        .collect();
    files.sort();
    files
}

/// Changes some bytes: as a fuzzer does, without its sense of direction.
fn mutate(bytes: &[u8], others: &[(String, Vec<u8>)], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let byte = dice.bytes(1)[0];
        match dice.below(7) {
            0 => bytes.insert(at, byte),
            1 => bytes.truncate(at),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 if at < bytes.len() => bytes[at] = byte,
            4 if at < bytes.len() => bytes[at] ^= 1 << (byte % 8),
            5 => {
                let end = (at + dice.below(32)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                if let Some((_, other)) = dice.pick(others) {
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[dice.below(other.len() + 1)..]);
                }
            }
        }
    }
    bytes
}

fn run(target: &Target, input: &[u8], from: &str) {
    let result = panic::catch_unwind(|| (target.holds)(input));
    if result.is_err() {
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!(
            "{}, {from}: the panic above. As a file of fuzz/corpus/{}/ this stays a test: {hex}",
            target.name, target.name
        );
    }
}

fn replay(targets: &[Target], mutations: usize) {
    let mutations = number("NANDUTI_FUZZ_MUTATIONS", mutations);
    let seed = number("NANDUTI_FUZZ_SEED", 1) as u64;
    for target in targets {
        let files = corpus(target);
        assert!((1..=FILES_MAX).contains(&files.len()), "{} has {} files", target.name, files.len());
        for (name, bytes) in &files {
            assert!(bytes.len() <= FILE_MAX, "{name} of {} has {} bytes", target.name, bytes.len());
            run(target, bytes, name);
        }
        let mut dice = Dice::new(seed);
        for count in 0..mutations {
            let (name, bytes) = &files[count % files.len()];
            let mutated = mutate(bytes, &files, &mut dice);
            run(target, &mutated, &format!("mutation {count} of {name} with seed {seed}"));
        }
    }
}

#[test]
fn forms_of_the_protocol_hold() {
    replay(PROTOCOL, MUTATIONS);
}

#[test]
fn sessions_hold() {
    replay(SESSIONS, MUTATIONS / 2);
}

#[test]
fn decoders_of_the_node_hold() {
    replay(NODE, MUTATIONS);
}

#[test]
fn every_target_can_be_fuzzed() {
    let manifest = fs::read_to_string(root().join("libfuzzer/Cargo.toml")).expect("the manifest");
    let all = [PROTOCOL, SESSIONS, NODE].concat();
    for target in &all {
        let path = format!("fuzz_targets/{}.rs", target.name);
        let source = fs::read_to_string(root().join("libfuzzer").join(&path)).expect("each target has its file");
        assert!(source.contains(&format!("::{}(data)", target.name)), "{path} calls another function");
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{path} is in no [[bin]]");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), all.len());
    let folders = fs::read_dir(root().join("corpus")).expect("the corpus").count();
    assert_eq!(folders, all.len(), "a folder of the corpus without a target");
}

#[test]
fn a_broken_promise_is_found() {
    let fragile = Target { name: "fragile", holds: |bytes| assert!(bytes.iter().all(|byte| *byte < 0x80)) };
    let files = [("one".to_owned(), vec![0; 16])];
    let mut dice = Dice::new(1);
    let found = (0..200).any(|_| {
        let input = mutate(&files[0].1, &files, &mut dice);
        panic::catch_unwind(|| run(&fragile, &input, "a mutation")).is_err()
    });
    assert!(found, "two hundred mutations and no high byte among them");
}
