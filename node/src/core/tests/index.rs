//! The index is derived: deleted, cut short or damaged, it comes back by itself and is equal.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::bench::{Bench, RUNTIME, Seen, assert_served};
use crate::store::tests::chains::{Chain, World, member, practice, revision, withdrawal};
use nanduti_protocol::kind::Kind;

/// Two members, revisions, a withdrawal, several blocks.
fn filled() -> (World, Vec<Chain>, Bench, Seen) {
    let world = World::new();
    let (root, mut log) = world.voice(0, 1);
    let first = log.practice("first");
    log.push(Kind::Practice, &revision(first, &[first], "second"));
    let gone = log.practice("gone");
    log.push(Kind::Withdrawal, &withdrawal(gone, &[gone]));
    let (other_root, other) = world.voice(1, 2);
    let chains = vec![root, log, other_root, other.practices(30)];
    let mut bench = Bench::new(&world);
    for chain in &chains {
        for seq in (0..chain.len()).step_by(3) {
            bench.admit(chain.run(seq, (seq + 3).min(chain.len()))).unwrap();
        }
    }
    let seen = bench.seen();
    bench.close();
    (world, chains, bench, seen)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The core comes up by itself, and shows and serves what it did.
fn assert_back(bench: &mut Bench, chains: &[Chain], seen: &Seen, what: &str) {
    bench.reopen();
    assert_eq!(&bench.seen(), seen, "{what}");
    for chain in chains {
        assert_served(bench.core(), chain, chain.len());
    }
    let set_aside = bench.home.path().join("set-aside");
    assert!(!set_aside.exists(), "{what}: the segment files are sound");
    bench.close();
}

#[test]
fn a_deleted_index_comes_back() {
    let (_world, chains, mut bench, seen) = filled();
    fs::remove_dir_all(bench.home.index_dir()).unwrap();
    assert_back(&mut bench, &chains, &seen, "without its folder");
    for file in files(&bench.home.index_dir()) {
        fs::remove_file(&file).unwrap();
        assert_back(&mut bench, &chains, &seen, &format!("without {}", file.display()));
    }
    bench.reopen();
    RUNTIME.block_on(bench.core().reindex()).unwrap();
    assert_eq!(bench.seen(), seen);
}

#[test]
fn an_index_that_was_cut_short_comes_back() {
    let (_world, chains, mut bench, seen) = filled();
    for file in files(&bench.home.index_dir()) {
        for share in [0, 1, 3, 7] {
            let Ok(len) = fs::metadata(&file).map(|found| found.len()) else { continue };
            fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(len * share / 8).unwrap();
            assert_back(&mut bench, &chains, &seen, &format!("{share}/8 of {}", file.display()));
        }
    }
}

#[test]
fn an_index_with_flipped_bits_comes_back() {
    let (_world, chains, mut bench, seen) = filled();
    for round in 0..12_u64 {
        for file in files(&bench.home.index_dir()) {
            let Ok(mut bytes) = fs::read(&file) else { continue };
            // Where there is something: sled's file is mostly empty.
            let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
            if used.is_empty() {
                continue;
            }
            let at = used[(round as usize * 7919 + 13) * used.len() / 100_003 % used.len()];
            bytes[at] ^= 1 << (round % 8);
            fs::write(&file, bytes).unwrap();
            assert_back(&mut bench, &chains, &seen, &format!("byte {at} of {}", file.display()));
        }
    }
}

#[test]
fn an_index_of_another_version_is_made_anew() {
    let (_world, chains, mut bench, seen) = filled();
    let index = sled::Config::new().path(bench.home.index_dir()).open().unwrap();
    index.insert("version", "nanduti-index-0").unwrap();
    index.flush().unwrap();
    drop(index);
    assert_back(&mut bench, &chains, &seen, "of another version");
}

#[test]
fn an_old_index_catches_up() {
    let (_world, mut chains, mut bench, _) = filled();
    bench.reopen();
    let old = bench.crashed();
    let mut root = chains[2].clone();
    let more = chains[3].clone().practices(40);
    root.keyring(&[crate::store::tests::chains::live(&more, 5)]);
    bench.admit_all([&more, &root]);
    (chains[2], chains[3]) = (root, more);
    let seen = bench.seen();
    assert_eq!(seen.practices[&member(1)], 70);
    bench.close();
    fs::remove_dir_all(bench.home.index_dir()).unwrap();
    super::bench::copy(&old.home.index_dir(), &bench.home.index_dir());
    assert_back(&mut bench, &chains, &seen, "an older index");
}

#[test]
fn the_blocks_of_a_full_file_are_joined() {
    let world = World::new();
    let (root, mut log) = world.voice(0, 1);
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &log]);
    for number in 0..160 {
        log.push(Kind::Practice, &practice(&format!("number {number}"), 36_000));
        bench.admit(log.run(log.len() - 1, log.len())).unwrap();
    }
    let files = crate::store::LogScan::new(bench.home.clone(), world.network, log.id()).files().unwrap();
    let &[0, second] = files.as_slice() else { panic!("two files are needed: {files:?}") };
    let count = |bench: &Bench, from, to| bench.core().index().count_blocks(&log.id(), from, to).unwrap();
    assert!(count(&bench, 0, second) < 10, "{}", count(&bench, 0, second));
    assert_eq!(count(&bench, second, log.len()) as u64, log.len() - second, "the other file still grows");
    let seen = bench.seen();
    assert_served(bench.core(), &log, log.len());
    bench.restart();
    assert_eq!(bench.seen(), seen);
    assert_served(bench.core(), &log, log.len());
    assert_eq!(bench.crashed().seen(), seen);
}

#[test]
fn the_blocks_of_a_damaged_file_are_not_joined_and_the_damage_is_mended() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let log = (0..160).fold(log, |mut log, number| {
        log.push(Kind::Practice, &practice(&format!("number {number}"), 36_000));
        log
    });
    let mut bench = Bench::new(&world);
    bench.admit_all([&root]);
    let first = bench.segment(&log, 0);
    // Nobody reads there before the file is full and its blocks are to be joined.
    let mut seq = 0;
    while !bench.segment(&log, seq.max(1) - 1).exists() || seq < 2 {
        if seq == 100 {
            let mut bytes = fs::read(&first).unwrap();
            bytes[log.ends()[60] - 1000] ^= 4;
            fs::write(&first, bytes).unwrap();
        }
        bench.admit(log.run(seq, seq + 1)).unwrap();
        seq += 1;
    }
    assert!(seq > 101, "the damage came first");
    // What is mended is mended before anything else is done.
    bench.admit_all([&root]);
    let held = |bench: &Bench| bench.core().snapshot().ledger.extent(&log.id()).unwrap().next;
    let warnings = bench.core().warnings();
    assert!(warnings.iter().any(|warning| warning.contains("set aside")), "{warnings:?}");
    assert_eq!(held(&bench), 60);
    assert_served(bench.core(), &log, 60);
    bench.admit(log.run(60, 61)).unwrap();
    bench.admit_all([&root]);
    assert_eq!(held(&bench), seq, "what lay behind the damage is here again");
    bench.admit_all([&log]);
    let seen = bench.seen();
    assert_served(bench.core(), &log, log.len());
    bench.restart();
    assert_eq!(bench.seen(), seen);
    assert_served(bench.core(), &log, log.len());
}
