//! Damage to what is true: segment files, the charter, the mark of a fork.

use std::fs;

use nanduti_protocol::kind::Kind;

use super::bench::{Bench, RUNTIME, Seen, assert_served, copy};
use crate::{
    core::CoreError,
    store::{
        StoreError,
        tests::chains::{Chain, World, member, practice},
    },
};

/// A log of three files.
fn large() -> (World, Chain, Chain, Bench, Seen) {
    let world = World::new();
    let (root, mut log) = world.voice(0, 1);
    for number in 0..12 {
        log.push(Kind::Practice, &practice(&format!("large {number}"), 900_000));
    }
    let mut bench = Bench::new(&world);
    bench.admit_all([&root]);
    for seq in 0..log.len() {
        bench.admit(log.run(seq, seq + 1)).unwrap();
    }
    let seen = bench.seen();
    bench.close();
    (world, root, log, bench, seen)
}

fn flip(path: &std::path::Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 4;
    fs::write(path, bytes).unwrap();
}

/// Whatever is readable is what was signed, and asking again for the rest makes the log whole.
fn assert_heals(bench: &mut Bench, root: &Chain, log: &Chain, seen: &Seen, what: &str) {
    for seq in 0..log.len() {
        match bench.core().read_at(&log.id(), seq) {
            Ok(Some(found)) => assert_eq!(found.hash, log.hashes[seq as usize], "{what}"),
            Ok(None) | Err(CoreError::Store(_)) => {}
            Err(error) => panic!("{what}: {error}"),
        }
    }
    RUNTIME.block_on(bench.core().repair(log.id())).unwrap();
    RUNTIME.block_on(bench.core().repair(root.id())).unwrap();
    let warnings = bench.core().warnings();
    assert!(
        warnings.iter().any(|warning| warning.contains("damaged at byte") || warning.contains("has ")),
        "{what}: {warnings:?}"
    );
    bench.admit_all([root, log]);
    assert_eq!(&bench.seen(), seen, "{what}");
    // What has come back is not missed any more.
    let warnings = bench.core().warnings();
    assert!(warnings.iter().all(|warning| !warning.contains("peers")), "{what}: {warnings:?}");
    assert_served(bench.core(), log, log.len());
    bench.restart();
    assert_eq!(&bench.seen(), seen, "{what}, after a restart");
    bench.close();
}

#[test]
fn a_flipped_bit_in_any_part_of_any_file_is_set_aside_and_fetched_again() {
    let (_world, root, log, bench, seen) = large();
    let files: Vec<u64> = (0..log.len()).filter(|seq| bench.segment(&log, *seq).exists()).collect();
    assert_eq!(files.len(), 3);
    // Head of the item, length, envelope, payload, signature, head of the body, body; then the same of a later item.
    let places = [0, 1, 5, 60, 250, 300, 500_000, 900_400, 1_800_000, usize::MAX];
    for (number, (&file, &at)) in files.iter().flat_map(|file| places.iter().map(move |at| (file, at))).enumerate() {
        let dir = tempfile::tempdir().unwrap();
        copy(bench.dir.path(), dir.path());
        let mut damaged = Bench::unopened(dir, bench.options.clone());
        let what = format!("byte {at} of file {file}");
        flip(&damaged.segment(&log, file), at);
        // With the index and without.
        if number % 2 == 0 {
            fs::remove_dir_all(damaged.home.index_dir()).unwrap();
        }
        damaged.reopen();
        assert_heals(&mut damaged, &root, &log, &seen, &what);
    }
}

#[test]
fn damage_that_a_reader_meets_is_mended_without_being_asked() {
    let (_world, _root, log, mut bench, seen) = large();
    flip(&bench.segment(&log, 0), 500_000);
    bench.reopen();
    assert!(
        matches!(bench.core().read_run(&log.id(), 0, 5, 1), Ok(bytes) if !bytes.is_empty()),
        "the first entry is sound"
    );
    let error = bench.core().read_run(&log.id(), 1, 5, 1).unwrap_err();
    let CoreError::Store(error) = error else { panic!("{error}") };
    let StoreError::Damaged(damage) = &*error else { panic!("{error}") };
    assert!(damage.file.ends_with("00000000000000000000.seg.zst"));
    // The repair stands in the queue before whatever is asked next.
    bench.admit_all([&log]);
    assert_eq!(bench.seen(), seen);
    let warnings = bench.core().warnings();
    assert!(warnings[0].contains("set aside") && warnings[0].ends_with("its log is whole"), "{warnings:?}");
}

#[test]
fn files_that_are_missing_or_cut_short_are_noticed() {
    let (_world, root, log, bench, seen) = large();
    let files: Vec<u64> = (0..log.len()).filter(|seq| bench.segment(&log, *seq).exists()).collect();
    for cut in [None, Some(0), Some(100), Some(1_000_000)] {
        for &file in &files {
            let dir = tempfile::tempdir().unwrap();
            copy(bench.dir.path(), dir.path());
            let mut damaged = Bench::unopened(dir, bench.options.clone());
            let path = damaged.segment(&log, file);
            match cut {
                None => fs::remove_file(&path).unwrap(),
                Some(len) => fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(len).unwrap(),
            }
            damaged.reopen();
            assert_heals(&mut damaged, &root, &log, &seen, &format!("file {file} cut to {cut:?}"));
        }
    }
}

/// The names of the files that were set aside of a log.
fn aside(bench: &Bench, log: &Chain) -> Vec<String> {
    let folder = bench.home.path().join("set-aside").join(log.id().to_hex());
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_lies_behind_damage_comes_back_with_the_damaged_entry() {
    let (_world, _root, log, mut bench, seen) = large();
    // In an entry of the first file, and in one of the second.
    let places = [log.ends()[2] - 1000, log.ends()[7] - log.ends()[5] - 1000];
    for (file, at) in [(0, places[0]), (6, places[1])] {
        flip(&bench.segment(&log, file), at);
    }
    fs::remove_dir_all(bench.home.index_dir()).unwrap();
    bench.reopen();
    let held = |bench: &Bench| bench.core().snapshot().ledger.extent(&log.id()).unwrap().next;
    assert_eq!(held(&bench), 2);
    bench.admit(log.run(2, 3)).unwrap();
    // Whatever is asked next stands behind what follows the admission.
    RUNTIME.block_on(bench.core().repair(log.id())).unwrap();
    let second = held(&bench);
    assert!(second > 3, "what lay behind the first place is here again");
    assert!(second < log.len(), "the second place is damaged too");
    bench.restart();
    assert_eq!(held(&bench), second);
    bench.admit(log.run(second, second + 1)).unwrap();
    RUNTIME.block_on(bench.core().repair(log.id())).unwrap();
    assert_eq!(bench.seen(), seen);
    assert_served(bench.core(), &log, log.len());
    bench.restart();
    assert_eq!(bench.seen(), seen);
    let names = aside(&bench, &log);
    assert!(!names.is_empty() && names.iter().all(|name| name.ends_with(".taken")), "{names:?}");
}

#[test]
fn a_log_whose_end_nobody_else_has_is_whole_and_signed_again() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let mut bench = Bench::with_author(&world, &log, member(0));
    bench.admit_all([&root, &log]);
    for number in 0..6 {
        bench.publish(&practice(&format!("mine {number}"), 100)).unwrap();
    }
    let own = Chain::from_bytes(&log, &bench.core().read_run(&log.id(), 0, 7, 1 << 20).unwrap());
    let seen = bench.seen();
    bench.close();
    flip(&bench.segment(&log, 0), own.ends()[3] - 20);
    // Not even the index knows any more how far the log reached.
    fs::remove_dir_all(bench.home.index_dir()).unwrap();
    fs::remove_dir_all(bench.home.local_dir()).unwrap();
    bench.reopen();
    assert_eq!(bench.core().snapshot().ledger.extent(&log.id()).unwrap().next, 3);
    assert!(matches!(bench.publish(&practice("no", 0)), Err(CoreError::CannotSign(_))));
    // A peer has the first five.
    bench.admit(own.run(0, 5)).unwrap();
    assert_eq!(bench.publish(&practice("yes", 0)).unwrap().seq, 7);
    bench.restart();
    assert_eq!(bench.seen().heads[&log.id()].0, 8);
    assert_eq!(seen.heads[&log.id()].0, 7);
}

#[test]
fn a_last_entry_that_is_damaged_is_not_signed_again() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let mut bench = Bench::with_author(&world, &log, member(0));
    bench.admit_all([&root, &log]);
    for number in 0..3 {
        bench.publish(&practice(&format!("mine {number}"), 100)).unwrap();
    }
    bench.close();
    let file = bench.segment(&log, 0);
    flip(&file, fs::metadata(&file).unwrap().len() as usize - 30);
    fs::remove_dir_all(bench.home.index_dir()).unwrap();
    fs::remove_dir_all(bench.home.local_dir()).unwrap();
    bench.reopen();
    assert!(matches!(bench.publish(&practice("another", 0)), Err(CoreError::CannotSign(_))));
}

#[test]
fn local_comes_up_whatever_is_damaged_in_it() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let mut bench = Bench::with_author(&world, &log, member(0));
    bench.admit_all([&root, &log]);
    for number in 0..20 {
        bench.publish(&practice(&format!("mine {number}"), 100)).unwrap();
    }
    bench.restart();
    bench.close();
    let whole = tempfile::tempdir().unwrap();
    copy(bench.dir.path(), whole.path());
    let mut files: Vec<_> = crate::disk::watch::read_folder(&bench.home.local_dir()).into_iter().collect();
    files.retain(|(_, bytes)| !bytes.is_empty());
    let mut set_aside = 0;
    for (name, bytes) in &files {
        let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        for round in 0..12_usize {
            let dir = tempfile::tempdir().unwrap();
            copy(whole.path(), dir.path());
            let mut damaged = Bench::unopened(dir, bench.options.clone());
            let path = damaged.home.local_dir().join(name);
            let what = format!("{} in round {round}", name.display());
            match round {
                0 => fs::remove_file(&path).unwrap(),
                1..4 => fs::write(&path, &bytes[..bytes.len() * (round - 1) / 4]).unwrap(),
                _ => flip(&path, used[(round * 7919 + 13) % used.len()]),
            }
            damaged.reopen();
            let warnings = damaged.core().warnings();
            set_aside += usize::from(warnings.iter().any(|warning| warning.starts_with("local/ was damaged")));
            assert_eq!(damaged.publish(&practice("goes on", 0)).unwrap().seq, 21, "{what}");
            assert_eq!(damaged.seen().practices[&member(0)], 21, "{what}");
            damaged.restart();
            assert_eq!(damaged.seen().practices[&member(0)], 21, "{what}");
        }
    }
    assert!(set_aside > 0, "damage was never found");
}

#[test]
fn a_log_whose_folder_is_gone_is_forgotten_and_fetched_again() {
    let (_world, root, log, mut bench, seen) = large();
    fs::remove_dir_all(bench.home.log_dir(log.id().as_bytes())).unwrap();
    bench.reopen();
    assert!(bench.seen().series.is_empty());
    assert_heals(&mut bench, &root, &log, &seen, "without its folder");
}

#[test]
fn a_damaged_own_log_is_not_signed_until_it_reaches_as_far_as_before() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    for without_index in [false, true] {
        for gone in [false, true] {
            let mut bench = Bench::with_author(&world, &log, member(0));
            bench.admit_all([&root, &log]);
            let mut own = log.clone();
            for number in 0..4 {
                let body = practice(&format!("mine {number}"), 100);
                bench.publish(&body).unwrap();
            }
            let last = bench.core().snapshot().frontier.position(&log.id()).unwrap().next;
            let bytes = bench.core().read_run(&log.id(), 0, last, 1 << 20).unwrap();
            bench.close();
            let path = bench.segment(&log, 0);
            match gone {
                true => fs::remove_file(&path).unwrap(),
                false => flip(&path, bytes.len() - 20),
            }
            if without_index {
                fs::remove_dir_all(bench.home.index_dir()).unwrap();
            }
            bench.reopen();
            RUNTIME.block_on(bench.core().repair(log.id())).unwrap();
            let what = format!("without index: {without_index}, gone: {gone}");
            let refused = |bench: &Bench| matches!(bench.publish(&practice("no", 0)), Err(CoreError::CannotSign(_)));
            assert!(refused(&bench), "{what}");
            bench.restart();
            assert!(refused(&bench), "{what}, after a restart");
            own = Chain::from_bytes(&own, &bytes);
            bench.admit(own.run(0, last - 1)).unwrap();
            assert!(refused(&bench), "{what}, one short");
            bench.admit(own.all()).unwrap();
            assert_eq!(bench.publish(&practice("yes", 0)).unwrap().seq, last, "{what}");
        }
    }
}

#[test]
fn the_charter_comes_back_from_a_root_log() {
    let world = World::new();
    let (root, log) = world.voice(0, 200);
    let log = log.practices(3);
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &log]);
    let seen = bench.seen();
    let charter = bench.home.network_dir().join("charter");
    for damaged in [false, true] {
        bench.close();
        match damaged {
            true => flip(&charter, 30),
            false => fs::remove_file(&charter).unwrap(),
        }
        fs::remove_dir_all(bench.home.index_dir()).unwrap();
        bench.reopen();
        assert_eq!(bench.seen(), seen);
        assert_eq!(fs::read(&charter).unwrap(), world.charter);
    }
}

#[test]
fn a_log_stays_when_the_keyring_that_lists_it_is_damaged() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let log = log.practices(3);
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &log]);
    let seen = bench.seen();
    bench.close();
    fs::remove_file(bench.segment(&root, 0)).unwrap();
    fs::remove_dir_all(bench.home.index_dir()).unwrap();
    bench.reopen();
    assert!(bench.seen().series.is_empty(), "nothing counts without a keyring");
    bench.admit_all([&root]);
    assert_eq!(bench.seen(), seen, "and all of it does again with it");
    assert_served(bench.core(), &log, 4);
}

#[test]
fn a_damaged_mark_of_a_fork_is_told() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let (held, other) = (log.clone().practices(2), {
        let mut other = log;
        other.practice("other");
        other
    });
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &held]);
    assert!(bench.admit(other.all()).unwrap().fork);
    let seen = bench.seen();
    bench.close();
    flip(&bench.home.log_dir(held.id().as_bytes()).join("fork"), 40);
    bench.reopen();
    assert!(bench.core().warnings()[0].contains("fork"));
    assert!(bench.admit(other.all()).unwrap().fork);
    assert_eq!(bench.seen(), seen);
}
