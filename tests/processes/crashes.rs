//! Nodes that are killed at any moment, as by a power cut: nothing that was acknowledged is lost, and what is missing
//! comes by itself.

use std::path::Path;

use nanduti_node::api::{List, ListFilter, Publish, Reindex};
use nanduti_tests::{Running, World, practice, until, until_some};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");
/// Practices to catch up with. Long ones, so that it takes a while.
const MANY: usize = 1500;
const LENGTH: usize = 9000;
/// How often a node is killed on the way.
const KILLS: u64 = 6;

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
    for n in 0..MANY {
        let call =
            Publish { markdown: practice(&format!("Practice {n}"), LENGTH), new_series: true, ..Publish::default() };
        pry.ask(call).unwrap();
    }
    pry
}

#[test]
fn a_node_killed_again_and_again_while_catching_up_ends_with_everything() {
    let world = World::new(PROGRAM);
    let pry = publisher(&world);
    let (home, all) = (world.path("MAR"), held(&world.path("PRY")));
    let sets = [pry.as_peer(), "network.gossip=false".to_owned()];
    let mut acknowledged = 0;
    let mut in_the_middle = 0;
    for kill in 1..=KILLS {
        let mar = world.start("MAR", &sets);
        let now = mar.status().counted;
        assert!(now >= acknowledged, "{now} entries after a crash, {acknowledged} were acknowledged");
        let goal = all * kill / (KILLS + 1);
        until("MAR has a little more", || held(&home) >= goal);
        let status = mar.status();
        acknowledged = status.counted;
        in_the_middle += u64::from(status.practices < MANY as u64);
        mar.kill();
        if kill == KILLS / 2 {
            std::fs::remove_dir_all(home.join("index")).unwrap();
        }
    }
    assert!(in_the_middle > 0, "the node was never caught in the middle: {MANY} practices are too few");
    let mar = world.start("MAR", &sets);
    assert!(mar.status().counted >= acknowledged);
    until("MAR holds everything", || {
        let status = mar.status();
        status.practices == MANY as u64 && status.digest == pry.status().digest && status.wanted_bodies == 0
    });
    assert!(mar.stop().success());
    let deep = world.json("MAR", &["verify", "--deep"]);
    assert_eq!(deep["damage"], serde_json::json!([]));
    assert_eq!(world.json("MAR", &["status"])["digest"], pry.status().digest.as_str());
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
