//! The layers between the crates, and what `protocol` may depend on.
//!
//! `protocol` is `no_std` so that the compiler refuses a clock, a file, a socket and a hash map's random order. That proof has
//! three parts, each held here: the attribute stands there and nobody brings `std` back; every dependency is on a short list;
//! and none of them is built with its own `std` feature when only `protocol` is built.

use std::process::Command;

use super::{
    Breach, none,
    source::{blank, file, files, line_of, root, without_tests, words},
};

/// What `protocol` may depend on. Each builds without `std`.
const PROTOCOL_DEPENDENCIES: [&str; 11] = [
    "blake3",
    "cid",
    "coset",
    "data-encoding",
    "ed25519-dalek",
    "ipld-core",
    "multihash",
    "serde",
    "serde_bytes",
    "serde_ipld_dagcbor",
    "thiserror",
];

/// Which crates of ours each may depend on.
const OURS: [(&str, &[&str]); 5] = [
    ("protocol", &[]),
    ("node", &["nanduti-protocol"]),
    ("cli", &["nanduti-node", "nanduti-protocol"]),
    ("tests/fuzz", &["nanduti-node", "nanduti-protocol"]),
    ("tests", &["nanduti-node", "nanduti-protocol"]),
];

/// Declared without being named in the code, for a feature; the manifest says why.
const FOR_A_FEATURE: [(&str, &str); 1] = [("node", "serde_ipld_dagcbor")];

/// The names under `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<&str> {
    let section = manifest.split("\n[").find_map(|section| section.strip_prefix("dependencies]")).unwrap_or_default();
    let lines = section.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split(['.', ' ', '=']).next()).collect()
}

fn crate_breaches(name: &str, manifest: &str) -> Vec<Breach> {
    let allowed = OURS.iter().find(|(ours, _)| *ours == name).map_or(&[][..], |(_, allowed)| allowed);
    let ours = dependencies(manifest).into_iter().filter(|dependency| dependency.starts_with("nanduti"));
    let wrong = ours.filter(|dependency| !allowed.contains(dependency));
    wrong.map(|dependency| format!("{name} may not depend on {dependency}")).collect()
}

fn protocol_breaches(manifest: &str) -> Vec<Breach> {
    let found = dependencies(manifest).into_iter();
    let wrong = found.filter(|dependency| !PROTOCOL_DEPENDENCIES.contains(dependency));
    wrong
        .map(|dependency| format!("protocol may not depend on {dependency}: say why in a decision, then list it"))
        .collect()
}

/// Dependencies that no source of the crate names.
fn unused_breaches(name: &str, manifest: &str, sources: &str) -> Vec<Breach> {
    let blanked = blank(sources);
    let found = dependencies(manifest).into_iter().filter(|dependency| !FOR_A_FEATURE.contains(&(name, *dependency)));
    let unused = found.filter(|dependency| words(&blanked, &dependency.replace('-', "_")).next().is_none());
    unused.map(|dependency| format!("{name} declares {dependency} and does not use it")).collect()
}

/// Uses of `std` outside tests.
fn std_breaches(path: &str, text: &str) -> Vec<Breach> {
    let blanked = without_tests(&blank(text));
    words(&blanked, "std").map(|at| format!("{path}:{}: names `std`", line_of(text, at))).collect()
}

#[test]
fn crates_keep_their_layers() {
    let breaches = OURS.iter().flat_map(|(name, _)| crate_breaches(name, &file(&format!("{name}/Cargo.toml")).text));
    none(&breaches.collect::<Vec<_>>());
}

#[test]
fn every_dependency_is_used() {
    // The crate of tests declares what its tests use, which is not in its sources.
    let breaches = ["protocol", "node", "cli"].into_iter().flat_map(|name| {
        let sources = files(&format!("{name}/src"), ".rs").into_iter();
        let sources = sources.filter(|source| !source.path.contains("/tests/") && !source.path.ends_with("tests.rs"));
        let sources: String = sources.map(|source| source.text).collect();
        unused_breaches(name, &file(&format!("{name}/Cargo.toml")).text, &sources)
    });
    none(&breaches.collect::<Vec<_>>());
}

#[test]
fn protocol_depends_on_nothing_else() {
    let manifest = file("protocol/Cargo.toml");
    assert!(dependencies(&manifest.text).contains(&"serde"), "the manifest was not understood");
    none(&protocol_breaches(&manifest.text));
}

#[test]
fn protocol_never_names_std() {
    let lib = file("protocol/src/lib.rs");
    let attribute = lib.text.lines().find(|line| !line.starts_with("//!"));
    assert_eq!(attribute, Some("#![no_std]"), "the attribute stands below the essay, with no condition");
    let sources = files("protocol/src", ".rs");
    let checked = sources.iter().filter(|source| !source.path.contains("/tests"));
    none(&checked.flat_map(|source| std_breaches(&source.path, &source.text)).collect::<Vec<_>>());
}

#[test]
fn protocol_is_built_without_the_std_of_others() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "nanduti-protocol", "--edges", "normal,features", "--prefix", "none"])
        .args(["--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test, so it is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    assert!(tree.contains("feature \"alloc\""), "features are not shown: {tree}");
    let with_std = tree.lines().filter(|line| line.contains("feature \"std\"")).map(ToOwned::to_owned);
    none(&with_std.collect::<Vec<_>>());
}

#[test]
fn a_deliberate_breach_is_found() {
    let manifest = "[package]\nname = \"x\"\n\n[dependencies]\nserde.workspace = true\nnanduti-tests = { path = \"../tests\" }\n\n[dev-dependencies]\nrand = \"1\"\n";
    assert_eq!(dependencies(manifest), ["serde", "nanduti-tests"]);
    assert_eq!(crate_breaches("node", manifest).len(), 1);
    assert_eq!(protocol_breaches(manifest).len(), 1);
    assert_eq!(
        unused_breaches("x", manifest, "use serde::Serialize; // nanduti_tests"),
        ["x declares nanduti-tests and does not use it"]
    );
    assert_eq!(std_breaches("x.rs", "use std::time::SystemTime;\nextern crate std;\n// std").len(), 2);
    assert_eq!(std_breaches("x.rs", "use core::fmt; #[cfg(test)]\nmod tests { extern crate std; }").len(), 0);
}
