//! Every file of Rust opens with a sentence that says what it is for.

use super::{Breach, none, source::rust_files};

fn breach(path: &str, text: &str) -> Option<Breach> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let words = first.strip_prefix("//! ").map_or(0, |essay| essay.split_whitespace().count());
    (words < 2).then(|| format!("{path}: begins with no `//!` essay"))
}

#[test]
fn every_module_opens_with_an_essay() {
    none(&rust_files().iter().filter_map(|source| breach(&source.path, &source.text)).collect::<Vec<_>>());
}

#[test]
fn a_deliberate_breach_is_found() {
    assert!(breach("x.rs", "use a;\n//! What this is for.").is_some());
    assert!(breach("x.rs", "//! temporary\n").is_some());
    assert!(breach("x.rs", "//! What this is for.\nuse a;").is_none());
}
