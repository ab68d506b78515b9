//! A full disk stops writing with a clear message and loses nothing.

use std::{fs, path::PathBuf, process::Command};

use super::bench::{Bench, assert_served};
use crate::{
    core::CoreError,
    store::tests::chains::{World, member, practice},
};
use nanduti_protocol::kind::Kind;

/// A small file system of its own; goes away with the value.
struct Small(PathBuf);

impl Small {
    /// `None` if this process may not mount one.
    fn mount(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap().keep();
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&folder).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        assert_ne!(std::env::var("NANDUTI_TEST_REQUIRE").as_deref(), Ok("all"), "cannot mount a small file system");
        println!("skipped: this process may not mount a small file system");
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
        drop(fs::remove_dir(&self.0));
    }
}

fn fill(min_free: u64) {
    let Some(small) = Small::mount(48) else { return };
    let world = World::new();
    let (root, mut log) = world.voice(0, 1);
    let ballast = small.0.join("ballast");
    fs::write(&ballast, vec![1; 16 << 20]).unwrap();
    let dir = tempfile::tempdir_in(&small.0).unwrap();
    let mut bench = Bench::unopened(dir, crate::core::CoreOptions { min_free, ..super::bench::options(&world) });
    bench.reopen();
    bench.admit_all([&root, &log]);
    let refused = loop {
        log.push(Kind::Practice, &practice("large", 900_000));
        match bench.admit(log.run(log.len() - 1, log.len())) {
            Ok(_) => assert!(log.len() < 60, "the disk never became full"),
            Err(CoreError::Full) => break log.len() - 1,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(refused > 3);
    assert!(matches!(bench.admit(log.run(refused, refused + 1)), Err(CoreError::Full)), "and it stays so");
    let blocked = bench.core().snapshot().blocked.clone().unwrap();
    assert!(blocked.contains("disk is full"), "{blocked}");
    assert_served(bench.core(), &log, refused);
    let held = bench.core().snapshot().ledger.extent(&log.id()).unwrap().next;
    assert_eq!(held, refused, "what was not written is not held");

    fs::remove_file(&ballast).unwrap();
    assert_eq!(bench.admit(log.run(refused, refused + 1)).unwrap().appended, 1, "it goes on when there is room");
    assert_eq!(bench.core().snapshot().blocked, None);
    let seen = bench.seen();
    bench.restart();
    assert_eq!(bench.seen(), seen);
    assert_served(bench.core(), &log, refused + 1);
    bench.close();
}

#[test]
fn writing_stops_at_the_reserve() {
    fill(6 << 20);
}

#[test]
fn writing_stops_at_the_very_end() {
    fill(0);
}

/// Fills what is left, to the last byte.
fn fill_up(ballast: &std::path::Path) {
    use std::io::Write as _;
    let mut file = fs::File::create(ballast).unwrap();
    for size in [1 << 16, 4096, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

#[test]
fn others_who_fill_the_disk_to_the_last_byte_cost_nothing_that_was_acknowledged() {
    for seed in 0..4_usize {
        let Some(small) = Small::mount(12) else { return };
        let world = World::new();
        let (root, log) = world.voice(0, 1);
        let ballast = small.0.join("ballast");
        let author = Some(crate::core::Author::new(log.key(), member(0)));
        let options = crate::core::CoreOptions { author, ..super::bench::options(&world) };
        let mut bench = Bench::unopened(tempfile::tempdir_in(&small.0).unwrap(), options);
        bench.reopen();
        bench.admit_all([&root, &log]);
        let mut acknowledged = Vec::new();
        for round in 0..4_usize {
            for number in 0..=(seed + round) % 3 * 7 {
                acknowledged.push(bench.publish(&practice(&format!("{round} {number}"), 3000)).unwrap());
            }
            fill_up(&ballast);
            match (seed + round) % 3 {
                // A small entry may still find room in what its file has already.
                0 => acknowledged.extend((0..8).map_while(|_| bench.publish(&practice("full", 2000)).ok())),
                1 => drop(super::bench::RUNTIME.block_on(bench.core().reindex())),
                _ => bench.close(),
            }
            fs::remove_file(&ballast).unwrap();
            if (seed + round) % 3 == 2 {
                bench.reopen();
            }
            // What sled could not write keeps it from working on in this process: that is said, and a restart mends it.
            match bench.publish(&practice("room again", 100)) {
                Ok(authored) => acknowledged.push(authored),
                Err(error) => {
                    println!("seed {seed}, round {round}: {error}");
                    assert!(bench.core().snapshot().blocked.is_some(), "seed {seed}, round {round}: {error}");
                    bench.restart();
                    acknowledged.push(bench.publish(&practice("room again", 100)).unwrap());
                }
            }
            for authored in &acknowledged {
                let found = bench.core().read_at(&authored.log, authored.seq).unwrap().map(|found| found.hash);
                assert_eq!(found, Some(authored.hash), "seed {seed}, round {round}");
            }
        }
        let seen = bench.seen();
        super::bench::RUNTIME.block_on(bench.core().reindex()).unwrap();
        assert_eq!(bench.seen(), seen);
        assert!(!bench.home.path().join("set-aside").exists(), "{:?}", bench.core().warnings());
        bench.close();
    }
}

#[test]
fn a_reserve_that_is_not_there_refuses_everything_and_says_so() {
    let world = World::new();
    let (root, _) = world.voice(0, 1);
    let options = crate::core::CoreOptions { min_free: u64::MAX, ..super::bench::options(&world) };
    let mut bench = Bench::unopened(tempfile::tempdir().unwrap(), options);
    bench.reopen();
    assert!(matches!(bench.admit(root.all()), Err(CoreError::Full)));
    assert!(bench.core().snapshot().blocked.is_some());
    bench.options.min_free = 0;
    bench.restart();
    bench.admit_all([&root]);
}
