//! The vectors: what must be accepted and what it means, what must be refused and why.
//!
//! Every vector is put to the program while it is made, so that none can claim what does not hold.

mod authority;
mod ballots;
mod cbor;
mod entries;
mod envelopes;
mod forks;
mod frontiers;
mod gossip;
mod ids;
mod made;
mod records;
mod refounding;
mod segments;
mod sessions;
mod sync;

use serde_json::{Value, json};

/// The files with their content.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let files = [
        ("ids.json", ids::vectors()),
        ("envelopes.json", envelopes::vectors()),
        ("entries.json", entries::vectors()),
        ("segments.json", segments::vectors()),
        ("charters.json", authority::charters()),
        ("refounding.json", refounding::refounding()),
        ("keyrings.json", authority::keyrings()),
        ("forks.json", forks::vectors()),
        ("frontiers.json", frontiers::vectors()),
        ("tickets.json", authority::tickets()),
        ("records.json", records::vectors()),
        ("ballots.json", ballots::vectors()),
        ("gossip.json", gossip::vectors()),
        ("sync.json", sync::vectors()),
    ];
    let text = |value: &Value| serde_json::to_string_pretty(value).expect("JSON of our own") + "\n";
    files.into_iter().map(|(name, value)| (name, text(&value))).collect()
}

/// Lower-case hexadecimal.
fn hex(bytes: impl AsRef<[u8]>) -> String {
    data_encoding::HEXLOWER.encode(bytes.as_ref())
}

/// A vector that is refused, once the program has refused it for that reason.
fn refused(name: &str, reason: &str, found: Option<&str>, mut vector: Value) -> Value {
    assert_eq!(found, Some(reason), "{name}");
    vector["name"] = json!(name);
    vector["reason"] = json!(reason);
    vector
}
