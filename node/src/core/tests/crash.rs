//! Crashes: a process is killed while it appends, at any moment here, at every step in [`points`].

mod points;
mod states;
mod workload;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use nanduti_protocol::{
    hash::Hash,
    kind::{Audience, Kind},
};

use super::bench::{Bench, RUNTIME, assert_served, open, options, seen};
use crate::{
    Home,
    core::{Author, CoreOptions},
    store::tests::chains::{Chain, World, member, practice},
};

const HOME: &str = "NANDUTI_TEST_CRASH_HOME";
const ROUNDS: u64 = 30;

fn author(world: &World, log: &Chain) -> CoreOptions {
    CoreOptions { author: Some(Author::new(log.key(), member(0))), ..options(world) }
}

/// Not a test by itself: what the killed process runs. Four callers publish and say what was acknowledged.
#[test]
fn child_that_is_killed() {
    let Ok(home) = std::env::var(HOME) else { return };
    let world = World::new();
    let (_, log) = world.voice(0, 1);
    let core = open(&Home::at(home), &author(&world, &log));
    RUNTIME.block_on(async {
        let callers = (0..4).map(|caller| {
            let core = core.clone();
            tokio::spawn(async move {
                for number in 0.. {
                    let body = practice(&format!("{caller} {number}"), 300);
                    let authored = core.author(Kind::Practice, Audience::Public, 1, body).await.unwrap();
                    let line = format!("acknowledged {} {}\n", authored.seq, authored.hash.to_hex());
                    let mut out = std::io::stdout().lock();
                    out.write_all(line.as_bytes()).unwrap();
                    out.flush().unwrap();
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
    });
}

#[test]
fn everything_acknowledged_survives_being_killed() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &log]);
    bench.close();
    let mut acknowledged: Vec<(u64, Hash)> = Vec::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{}::child_that_is_killed", module()), "--nocapture", "--test-threads=1"])
            .env(HOME, bench.home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut told = |line: String| {
            let mut words = line.split_once("acknowledged ").map(|(_, rest)| rest.split(' ')).into_iter().flatten();
            if let (Some(seq), Some(hash)) = (words.next(), words.next()) {
                acknowledged.push((seq.parse().unwrap(), Hash::from_hex(hash).unwrap()));
            }
        };
        // At another moment in each round: while it starts, early, late.
        lines.by_ref().take((round as usize * 7) % 40).for_each(&mut told);
        child.kill().unwrap();
        child.wait().unwrap();
        // The last line may be cut off by the kill; a whole one was acknowledged.
        let rest: Vec<String> = lines.collect();
        rest.into_iter().filter(|line| line.len() >= "acknowledged 0 ".len() + 64).for_each(&mut told);

        let core = open(&bench.home, &author(&world, &log));
        let snapshot = core.snapshot();
        for (seq, hash) in &acknowledged {
            let found = core.read_at(&log.id(), *seq).unwrap();
            assert_eq!(found.map(|found| found.hash), Some(*hash), "round {round}, place {seq}");
        }
        let held = snapshot.ledger.extent(&log.id()).unwrap().next;
        assert_eq!(
            seen(&core).practices.get(&member(0)).copied().unwrap_or(0),
            held - 1,
            "all of it is in the library"
        );
        assert!(!bench.home.path().join("set-aside").exists(), "{:?}", core.warnings());
        drop(snapshot);
        RUNTIME.block_on(core.close());
    }
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    bench.reopen();
    let bytes = bench.core().read_run(&log.id(), 0, u64::MAX, usize::MAX / 2);
    let whole = Chain::from_bytes(&log, &bytes.unwrap());
    let before = bench.seen();
    RUNTIME.block_on(bench.core().reindex()).unwrap();
    assert_eq!(bench.seen(), before);
    assert_served(bench.core(), &whole, whole.len());
}

/// The name of this module as the test program knows it.
fn module() -> &'static str {
    module_path!().split_once("::").unwrap().1
}
