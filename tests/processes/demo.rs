//! The demonstration, as a stranger would run it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Stdio},
};

use nanduti_tests::{World, until};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");

fn is_alive(pid: &Value) -> bool {
    test_kill_process(id(pid)).is_ok()
}

fn id(pid: &Value) -> Pid {
    let pid = pid.as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a process has an id");
    Pid::from_raw(pid).expect("no process has the id 0")
}

fn nodes(report: &Value) -> &[Value] {
    report["nodes"].as_array().expect("a report lists nodes")
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).expect("the folder was made").next().is_none()
}

#[test]
fn five_nodes_come_to_one_library_and_leave_nothing_behind() {
    let world = World::new(PROGRAM);
    let temporary = world.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let done = world.command().env("TMPDIR", &temporary).args(["demo", "--exit", "--json"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!((done.status.code(), stderr.as_ref()), (Some(0), ""));
    let report: Value = serde_json::from_slice(&done.stdout).expect("one document on stdout");
    let nodes = nodes(&report);
    let members: Vec<_> = nodes.iter().map(|node| node["member"].as_str().unwrap()).collect();
    assert_eq!(members, ["PRY", "MAR", "PRT", "KEN", "WSM"]);
    let own: Vec<_> = nodes.iter().map(|node| node["own_practices"].as_u64().unwrap()).collect();
    assert_eq!(own, [3, 1, 1, 1, 1]);
    for node in nodes {
        assert_eq!(node["practices"], 7, "{node}");
        assert_eq!(node["digest"], nodes[0]["digest"], "{node}");
        assert!(node["web"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{node}");
        assert!(!is_alive(&node["pid"]), "{node}");
    }
    assert!(report["converged_ms"].is_u64());
    assert!(is_empty(&temporary));
}

#[test]
fn sync_alone_is_enough() {
    let world = World::new(PROGRAM);
    let report =
        world.run(&["demo", "--exit", "--json", "--nodes", "3", "--set", "network.gossip=false", "--home", "d"]);
    let report = report.json();
    assert!(nodes(&report).iter().all(|node| node["practices"] == 5 && node["digest"] == report["nodes"][0]["digest"]));
    // What was asked to stay stays, and is not written over.
    assert!(world.path("d/PRY/logs").is_dir() && world.path("d/passphrase").is_file());
    world.run(&["demo", "--exit", "--nodes", "2", "--home", "d"]).code(2);
}

#[test]
fn a_time_that_is_too_short_is_a_failure() {
    let world = World::new(PROGRAM);
    // Nodes that do not connect never come to one library.
    let args = ["demo", "--exit", "--json", "--nodes", "2", "--timeout", "8", "--set", "network.listen="];
    let error = world.run(&args).code(5).error();
    assert!(error["causes"][0].as_str().unwrap().contains("PRY holds"), "{error}");
}

#[test]
fn what_goes_wrong_is_said_once_and_leaves_nothing_behind() {
    let world = World::new(PROGRAM);
    world.run(&["demo", "--exit", "--nodes", "1"]).code(2);
    world.run(&["demo", "--exit", "--nodes", "51"]).code(2);
    let unknown = world.run(&["demo", "--exit", "--set", "web.lisen=127.0.0.1:0", "--home", "d"]).code(2);
    assert!(unknown.stderr.contains("did you mean web.listen?"), "{unknown}");
    // No machine has this address, so that the first node cannot serve its pages and stops.
    let temporary = world.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = world.command();
    command.env("TMPDIR", &temporary).args(["demo", "--exit", "--nodes", "2", "--set", "web.listen=192.0.2.1:80"]);
    let done = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the node of PRY has stopped") && stderr.contains("192.0.2.1"), "{stderr}");
    assert!(is_empty(&temporary));
}

/// A demonstration that goes on, and its report.
fn staying(world: &World, home: Option<&str>) -> (Child, Value) {
    let mut command = world.command();
    command.args(["demo", "--json", "--nodes", "3"]).env("TMPDIR", world.path("tmp"));
    if let Some(home) = home {
        command.args(["--home", home]);
    }
    std::fs::create_dir(world.path("tmp")).unwrap();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut document = String::new();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    for line in stdout.lines() {
        let line = line.unwrap();
        document.push_str(&line);
        if line == "}" {
            break;
        }
    }
    let report = serde_json::from_str(&document).unwrap_or_else(|error| {
        let mut stderr = String::new();
        let _ = child.stderr.take().unwrap().read_to_string(&mut stderr);
        panic!("{error}: {document}\n{stderr}")
    });
    (child, report)
}

#[test]
fn ctrl_c_stops_every_node_and_a_lost_node_is_no_reason_to_stop() {
    let world = World::new(PROGRAM);
    let (mut child, report) = staying(&world, None);
    assert!(nodes(&report).iter().all(|node| is_alive(&node["pid"])));
    // What is suggested to try works.
    let folder = report["folder"].as_str().unwrap();
    let (observer, bundle) = (format!("{folder}/observer"), format!("{folder}/founding/founding.nanduti"));
    world.run(&["init", "--observer", "--home", &observer]).good();
    world.run(&["join", &bundle, "--home", &observer]).good();
    assert_eq!(world.json(&observer, &["sync"])["digest"], report["nodes"][0]["digest"]);
    world.run(&["verify", "--deep", "--home", report["nodes"][1]["home"].as_str().unwrap()]).good();

    kill_process(id(&report["nodes"][2]["pid"]), Signal::KILL).unwrap();
    until("the killed node has gone", || !is_alive(&report["nodes"][2]["pid"]));
    assert!(is_alive(&report["nodes"][0]["pid"]));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(nodes(&report).iter().all(|node| !is_alive(&node["pid"])));
    assert!(is_empty(&world.path("tmp")));
}

#[test]
fn nodes_do_not_outlive_a_demonstration_that_is_killed() {
    let world = World::new(PROGRAM);
    let (mut child, report) = staying(&world, Some("kept"));
    child.kill().unwrap();
    child.wait().unwrap();
    until("every node has gone", || nodes(&report).iter().all(|node| !is_alive(&node["pid"])));
}

#[test]
fn the_story_is_played_to_its_end() {
    let world = World::new(PROGRAM);
    let temporary = world.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let done = world.command().env("TMPDIR", &temporary).args(["demo", "--story", "--exit"]).output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{told}");
    for words in [
        "this round can no longer succeed: votes are split",
        "ratified by KEN, MAR, PRT, PRY",
        "Uruguay's node has noticed its admission",
        "Nothing left to report",
        "was restored from a backup and does not sign yet",
        "without a fork",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    assert!(is_empty(&temporary));
}
