//! What the specification's vectors call valid stands in the corpus as it is today: a corpus of an earlier form is refused at the
//! first byte that changed, and reaches nothing.

use std::{collections::BTreeSet, fs, path::Path};

use data_encoding::HEXLOWER;
use serde_json::Value;

/// Which list of which file of vectors is of which target.
const VALID: [(&str, &str, &str); 16] = [
    ("ballots", "proposals", "proposal"),
    ("ballots", "statements", "statement"),
    ("charters", "valid", "charter"),
    ("entries", "valid", "entry"),
    ("envelopes", "valid", "envelope"),
    ("forks", "valid", "fork"),
    ("founding", "cards", "card"),
    ("founding", "documents", "document"),
    ("gossip", "announcements", "announcement"),
    ("gossip", "node_records", "node_record"),
    ("keyrings", "valid", "keyring"),
    ("records", "practices", "practice"),
    ("records", "withdrawals", "withdrawal"),
    ("refounding", "valid", "claims"),
    ("segments", "valid", "segment"),
    ("tickets", "valid", "ticket"),
];
/// As in `replay.rs`: a longer vector is left out.
const FILE_MAX: usize = 8 * 1024;

#[test]
fn the_corpus_holds_what_is_valid_today() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (source, list, target) in VALID {
        let text = fs::read(root.join(format!("../../protocol/vectors/{source}.json"))).expect("the vectors");
        let vectors: Value = serde_json::from_slice(&text).expect("JSON");
        let vectors = vectors[list].as_array().expect("a list of vectors");
        assert!(!vectors.is_empty(), "{source} {list}");
        let folder = root.join("corpus").join(target);
        let files = fs::read_dir(&folder).expect("the corpus");
        let there: BTreeSet<Vec<u8>> =
            files.map(|file| fs::read(file.expect("a file").path()).expect("it can be read")).collect();
        for (number, vector) in vectors.iter().enumerate() {
            let bytes = match (vector["bytes"].as_str(), vector["text"].as_str()) {
                (Some(hex), _) => HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal"),
                (None, text) => text.expect("bytes or a text").as_bytes().to_vec(),
            };
            let name = format!("{source}-{list}-{number}");
            if std::env::var_os("UPDATE_GENERATED").is_some() && bytes.len() <= FILE_MAX && !there.contains(&bytes) {
                fs::write(folder.join(&name), &bytes).expect("a file of the corpus can be written");
                continue;
            }
            assert!(
                bytes.len() > FILE_MAX || there.contains(&bytes),
                "corpus/{target} lacks {name} as it is today; UPDATE_GENERATED=1 adds it, and what it replaces can go"
            );
        }
    }
}
