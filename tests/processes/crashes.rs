//! Nodes that are killed at any moment, as by a power cut: nothing that was acknowledged is lost, and what is missing
//! comes by itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::path::Path;

use nanduti_node::api::{List, ListFilter, Publish, Reindex};
use nanduti_tests::{Running, World, practice, until, until_some};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");
/// Practices to catch up with. Long ones, so that there is something to interrupt.
const MANY: usize = 600;
const LENGTH: usize = 11_000;
/// Authors that publish at a time.
const AUTHORS: usize = 8;

/// Bytes of all segment files.
fn held(home: &Path) -> u64 {
    let Ok(logs) = std::fs::read_dir(home.join("logs")) else { return 0 };
    let files = logs.flatten().filter_map(|log| std::fs::read_dir(log.path()).ok()).flat_map(|files| files.flatten());
    files.filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum()
}

/// PRY with many practices, its node running.
fn publisher(world: &World) -> Running {
    world.found(&["PRY", "MAR"]);
    let pry = world.start("PRY", &[]);
    std::thread::scope(|scope| {
        for author in 0..AUTHORS {
            let pry = &pry;
            scope.spawn(move || {
                for n in (author..MANY).step_by(AUTHORS) {
                    let markdown = practice(&format!("Practice {n}"), LENGTH);
                    pry.ask(Publish { markdown, new_series: true, ..Publish::default() }).unwrap();
                }
            });
        }
    });
    pry
}

#[test]
fn a_node_killed_again_and_again_while_catching_up_ends_with_everything() {
    let world = World::new(PROGRAM);
    let pry = publisher(&world);
    let (home, digest) = (world.path("MAR"), pry.status().digest);
    let sets = [pry.as_peer(), "network.gossip=false".to_owned()];
    let (mut acknowledged, mut kills) = (0, 0);
    let mar = loop {
        let before = held(&home);
        let mar = world.start("MAR", &sets);
        let now = mar.status().counted;
        assert!(now >= acknowledged, "{now} entries after a crash, {acknowledged} were acknowledged");
        // It is killed as soon as anything more is on its disk, which is in the middle of writing as often as not.
        until("MAR holds more, or everything", || held(&home) > before || mar.status().digest == digest);
        let status = mar.status();
        if status.digest == digest {
            break mar;
        }
        acknowledged = status.counted;
        mar.kill();
        kills += 1;
        if kills % 2 == 0 {
            std::fs::remove_dir_all(home.join("index")).unwrap();
        }
    };
    assert!(kills > 0, "the node was never caught in the middle: {MANY} practices are too few");
    let status = mar.status();
    assert_eq!((status.practices, status.wanted_bodies), (MANY as u64, 0), "after {kills} kills");
    assert!(mar.stop().success());
    let deep = world.json("MAR", &["verify", "--deep"]);
    assert_eq!(deep["damage"], serde_json::json!([]));
    assert_eq!(world.json("MAR", &["status"])["digest"], digest.as_str());
}

#[test]
fn what_a_killed_author_acknowledged_is_there() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..3 {
        let pry = world.start("PRY", &[]);
        let before: Vec<String> = acknowledged.clone();
        let filter = ListFilter { limit: 10_000, ..ListFilter::default() };
        let list = pry.ask(List { filter }).unwrap();
        let titles: Vec<&str> = list.practices.iter().map(|row| row.title.as_str()).collect();
        for title in &before {
            assert!(titles.contains(&title.as_str()), "{title} was acknowledged and is gone");
        }
        let pid = rustix::process::Pid::from_raw(i32::try_from(pry.pid()).unwrap()).unwrap();
        // The killer strikes from outside, in the middle of whatever is being written.
        let goal = acknowledged.len() as u64 * 1000 + 40_000;
        let home = world.path("PRY");
        let killer = std::thread::spawn(move || {
            until("enough is written", || held(&home) >= goal);
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        });
        let mut n = 0;
        loop {
            let title = format!("Round {round}, practice {n}");
            let call = Publish { markdown: practice(&title, 2000), new_series: true, ..Publish::default() };
            match pry.ask(call) {
                Ok(_) => acknowledged.push(title),
                Err(_) => break,
            }
            n += 1;
        }
        killer.join().unwrap();
        pry.kill();
    }
    assert!(acknowledged.len() > 3);
    let digest = world.json("PRY", &["status"])["digest"].clone();
    world.json("PRY", &["reindex"]);
    assert_eq!(world.json("PRY", &["status"])["digest"], digest);
    assert_eq!(world.json("PRY", &["verify", "--deep"])["damage"], serde_json::json!([]));
}

/// Kills in the test under load; set to 200 for all of them.
const KILLS: &str = "NANDUTI_TEST_KILLS";

/// Publishes from several callers until the node is gone; returns the titles that were acknowledged. The node of this process
/// is killed from outside once there are `goal` of them.
fn publish_until_killed(author: &Running, round: u64, goal: usize, victim: &Running) -> Vec<String> {
    let acknowledged = std::sync::Mutex::new(Vec::new());
    let pid = rustix::process::Pid::from_raw(i32::try_from(victim.pid()).unwrap()).unwrap();
    let killed = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for caller in 0..4 {
            let (acknowledged, killed) = (&acknowledged, &killed);
            scope.spawn(move || {
                for n in 0.. {
                    let title = format!("Round {round}, caller {caller}, practice {n}");
                    let call = Publish { markdown: practice(&title, 3000), new_series: true, ..Publish::default() };
                    if author.ask(call).is_err() {
                        return;
                    }
                    let mut all = acknowledged.lock().unwrap();
                    all.push(title);
                    if all.len() >= goal && !killed.swap(true, std::sync::atomic::Ordering::SeqCst) {
                        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
                    }
                    // If the other was killed, this one need not go on for ever.
                    if all.len() >= goal + 12 {
                        return;
                    }
                }
            });
        }
    });
    acknowledged.into_inner().unwrap()
}

#[test]
fn nodes_killed_at_random_moments_under_load_lose_nothing() {
    let kills: u64 = std::env::var(KILLS).map_or(12, |text| text.parse().unwrap());
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    let (mut acknowledged, mut counted, mut dice) = (Vec::new(), 0, 0x9e37_79b9_u64);
    for round in 0..kills {
        let pry = world.start("PRY", &[]);
        let mar = world.start("MAR", &[pry.as_peer()]);
        let filter = ListFilter { limit: 10_000, ..ListFilter::default() };
        let list = pry.ask(List { filter }).unwrap();
        let titles: std::collections::BTreeSet<String> = list.practices.into_iter().map(|row| row.title).collect();
        let lost: Vec<&String> = acknowledged.iter().filter(|title| !titles.contains(*title)).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?}");
        let now = mar.status().counted;
        assert!(now >= counted, "round {round}: {now} entries, {counted} were counted");
        counted = now;
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let goal = 1 + (dice >> 8) as usize % 24;
        let victim = if dice.is_multiple_of(3) { &mar } else { &pry };
        acknowledged.extend(publish_until_killed(&pry, round, goal, victim));
        pry.kill();
        mar.kill();
        if dice.is_multiple_of(5) {
            std::fs::remove_dir_all(world.path("MAR/index")).unwrap();
        }
    }
    let pry = world.start("PRY", &[]);
    let mar = world.start("MAR", &[pry.as_peer()]);
    until("both hold the same", || mar.status().digest == pry.status().digest);
    assert!(pry.status().practices >= acknowledged.len() as u64);
    assert!(pry.stop().success() && mar.stop().success());
    for home in ["PRY", "MAR"] {
        assert_eq!(world.json(home, &["verify", "--deep"])["damage"], serde_json::json!([]));
        assert!(!world.path(home).join("set-aside").exists(), "{home}: a kill damages nothing");
    }
}

#[test]
fn a_node_that_was_away_catches_up_by_sync_alone() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR", "KEN"]);
    let quiet = "network.gossip=false".to_owned();
    let pry = world.start("PRY", std::slice::from_ref(&quiet));
    let mar = world.start("MAR", &[quiet.clone(), pry.as_peer()]);
    let publish = |node: &Running, title: &str| {
        node.ask(Publish { markdown: practice(title, 500), new_series: true, ..Publish::default() }).unwrap();
    };
    publish(&pry, "First");
    until("MAR has the first", || mar.status().practices == 1);
    mar.kill();
    publish(&pry, "Second");
    // KEN knows MAR only: what PRY signed comes to it through MAR.
    let mar = world.start("MAR", &[quiet.clone(), pry.as_peer()]);
    let ken = world.start("KEN", &[quiet, mar.as_peer()]);
    publish(&ken, "Third");
    let nodes = [&pry, &mar, &ken];
    until("all hold the same three", || {
        let all = nodes.map(Running::status);
        all.iter().all(|status| status.practices == 3 && status.digest == all[0].digest)
    });
    // A rebuilt index says the same.
    let digest = ken.status().digest;
    ken.ask(Reindex {}).unwrap();
    assert_eq!(until_some("KEN answers", || Some(ken.status().digest)), digest);
}

#[test]
fn a_damaged_segment_is_named_and_fetched_again() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    let pry = world.start("PRY", &[]);
    for n in 0..5 {
        let markdown = practice(&format!("Practice {n}"), 2000);
        pry.ask(Publish { markdown, new_series: true, ..Publish::default() }).unwrap();
    }
    let mar = world.start("MAR", &[pry.as_peer()]);
    until("MAR holds everything", || mar.status().digest == pry.status().digest);
    assert!(mar.stop().success());

    let largest = |home: &Path| {
        let logs = std::fs::read_dir(home.join("logs")).unwrap().map(|log| log.unwrap().path());
        let files = logs.flat_map(|log| std::fs::read_dir(log).unwrap()).map(|file| file.unwrap().path());
        files.max_by_key(|file| std::fs::metadata(file).unwrap().len()).unwrap()
    };
    let file = largest(&world.path("MAR"));
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    std::fs::write(&file, bytes).unwrap();
    std::fs::remove_dir_all(world.path("MAR/index")).unwrap();

    // Alone it says what is wrong and shows only what stands.
    let status = world.json("MAR", &["status"]);
    let warnings = status["warnings"].to_string();
    let name = file.strip_prefix(world.path("MAR")).unwrap();
    assert!(warnings.contains(World::text(name)), "{status}");
    assert!(status["practices"].as_u64().unwrap() < 5, "{status}");

    let mar = world.start("MAR", &[pry.as_peer()]);
    until("MAR holds everything again", || {
        let status = mar.status();
        status.digest == pry.status().digest && status.practices == 5 && status.wanted_bodies == 0
    });
    assert!(mar.stop().success());
    world.json("MAR", &["verify", "--deep"]);
}
