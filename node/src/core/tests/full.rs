//! A full disk stops writing with a clear message and loses nothing.

use std::{fs, path::PathBuf, process::Command};

use super::bench::{Bench, assert_served};
use crate::{
    core::CoreError,
    store::tests::chains::{World, practice},
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
