//! Checking the store, offline and beside a running node.

use std::{collections::BTreeMap, fs, io::Write, path::PathBuf, time::SystemTime};

use nanduti_protocol::kind::Kind;

use super::bench::Bench;
use crate::{
    core::verify::{VerifyReport, verify_entry, verify_store},
    store::tests::chains::{Chain, World},
};

fn filled() -> (World, Chain, Chain, Bench) {
    let world = World::new();
    let (root, mut log) = world.voice(0, 1);
    log.practice("signed");
    log.push_unsigned(Kind::Practice, b"by its chain alone");
    log.push_bare(Kind::Practice, b"without its body");
    log.practice("signed");
    let bench = Bench::new(&world);
    for run in [root.run(0, 1), root.run(1, 2), log.run(0, 4), log.run(4, 5)] {
        bench.admit(run).unwrap();
    }
    (world, root, log, bench)
}

fn verify(bench: &Bench, deep: bool) -> VerifyReport {
    let mut seen = VerifyReport::default();
    let report =
        verify_store(&bench.home, &bench.options.network.into(), deep, &mut |report| seen = report.clone()).unwrap();
    assert_eq!(seen.entries, report.entries, "progress was told");
    report
}

fn files(bench: &Bench) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let folders = fs::read_dir(bench.home.logs_dir()).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()));
    let facts = files.map(|entry| (entry.path(), entry.metadata().unwrap()));
    facts.map(|(path, facts)| (path, (facts.len(), facts.modified().unwrap()))).collect()
}

#[test]
fn a_sound_store_is_counted() {
    let (_world, root, log, bench) = filled();
    let bytes = (root.bytes(0, 2).len() + log.bytes(0, 5).len()) as u64;
    let report = verify(&bench, false);
    let expected = VerifyReport { logs: 2, entries: 7, bodies: 6, signatures: 2, ..VerifyReport::default() };
    assert_eq!(VerifyReport { bytes: 0, ..report.clone() }, expected);
    assert!(report.bytes > bytes, "the charter's file too");
    let deep = verify(&bench, true);
    assert_eq!((deep.signatures, deep.by_chain_alone, deep.damage.len()), (7, 1, 0));
}

#[test]
fn an_unfinished_tail_is_no_damage_and_nothing_is_changed() {
    let (_world, _root, mut log, bench) = filled();
    log.practice("on its way");
    let item = log.piece(5, 6);
    let path = bench.segment(&log, 0);
    for torn in [1, 100, item.len() - 1] {
        let len = fs::metadata(&path).unwrap().len();
        let mut open = fs::OpenOptions::new().append(true).open(&path).unwrap();
        open.write_all(&item[..torn]).unwrap();
        let before = files(&bench);
        let report = verify(&bench, true);
        assert_eq!((report.entries, report.damage.len()), (7, 0));
        assert_eq!(files(&bench), before);
        open.set_len(len).unwrap();
    }
}

#[test]
fn damage_is_named_and_left_where_it_is() {
    let (_world, root, log, bench) = filled();
    for (chain, sound_part) in [(&root, root.piece(0, 1)), (&log, log.piece(0, 4))] {
        let path = bench.segment(chain, 0);
        let sound = fs::read(&path).unwrap();
        let mut bytes = sound.clone();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let before = files(&bench);
        let report = verify(&bench, false);
        assert_eq!((report.entries, report.damage.len()), (6, 1), "{:?}", report.damage);
        let damage = &report.damage[0];
        assert_eq!(bench.home.path().join(&damage.file), path);
        assert_eq!(damage.offset as usize, sound_part.len());
        assert_eq!(files(&bench), before);
        fs::write(&path, &sound).unwrap();
    }
    fs::write(bench.home.network_dir().join("charter"), b"another").unwrap();
    assert_eq!(verify(&bench, false).damage.len(), 1);
}

#[test]
fn one_entry_is_checked_by_itself() {
    let (world, _root, log, bench) = filled();
    for seq in 0..5 {
        let found = verify_entry(&bench.home, &world.network.into(), &log.id(), seq).unwrap().unwrap();
        assert_eq!(found.hash, log.hashes[seq as usize]);
        assert_eq!((found.held, found.signed), (seq != 3, seq != 2));
        assert_eq!(found.anchor, if seq == 2 { 4 } else { seq });
    }
    assert_eq!(verify_entry(&bench.home, &world.network.into(), &log.id(), 5).unwrap(), None);
    let mut bytes = fs::read(bench.segment(&log, 0)).unwrap();
    bytes[20] ^= 1;
    fs::write(bench.segment(&log, 0), bytes).unwrap();
    assert!(verify_entry(&bench.home, &world.network.into(), &log.id(), 0).is_err());
}
