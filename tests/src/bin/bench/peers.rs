//! Other systems that do the same work, measured in the same run by a harness that is no part of this repository.
//!
//! The harness is a folder with a program `drive.py PEER PRACTICES RUNS w1 w2 w3`, which prints a line of JSON for each
//! measurement: w1 is the catch-up of an empty node, w2 a synchronisation with nothing to do, w3 from publishing to readable.
//! The folder above it (`PEERS`) is for its data. What it says is brought into the same figures as ours.

use std::{
    io::{Error, Result},
    path::Path,
    process::{Command, Stdio},
};

use serde::Deserialize;

use crate::{
    figures as f,
    homes::Bench,
    report::{Outcome, Runs},
};

/// The size of whose texts the harness makes what it publishes.
const PUBLISHED: u64 = 1000;
/// Systems that carry a file for each practice.
const OF_FILES: [&str; 3] = ["rsync", "syncthing", "raw"];

/// A line of the harness.
#[derive(Debug, Deserialize)]
struct Line {
    peer: String,
    what: String,
    n: Option<u64>,
    wall_s: Option<f64>,
    cpu_a: Option<f64>,
    cpu_b: Option<f64>,
    rss_kib: Option<f64>,
    wire: Option<f64>,
    wire_ratio: Option<f64>,
    disk_ratio: Option<f64>,
    median_ms: Option<f64>,
    p99_ms: Option<f64>,
}

/// Lets the harness measure one system at one size: catching up, and a synchronisation with nothing to do.
pub(crate) fn measure(bench: &Bench, harness: &Path, system: &str, practices: u64) -> Result<Vec<Outcome>> {
    drive(bench, harness, system, (practices, bench.runs), &["w1", "w2"])
}

/// Lets the harness measure how long one system takes to publish.
pub(crate) fn publish(bench: &Bench, harness: &Path, system: &str) -> Result<Vec<Outcome>> {
    drive(bench, harness, system, (PUBLISHED, 0), &["w3"])
}

fn drive(
    bench: &Bench,
    harness: &Path,
    system: &str,
    (practices, runs): (u64, u32),
    workloads: &[&str],
) -> Result<Vec<Outcome>> {
    let harness = harness.canonicalize()?;
    let data = harness.parent().ok_or_else(|| Error::other("the harness has to lie in a folder for its data"))?;
    make_texts(&harness, data, practices, OF_FILES.contains(&system))?;
    let mut drive = if bench.isolated {
        // A namespace of its own, in which nothing of us is left over.
        let mut drive = Command::new("unshare");
        drive.args(["-n", "--", "python3"]);
        drive
    } else {
        Command::new("python3")
    };
    drive.arg(harness.join("drive.py")).arg(system).args([practices.to_string(), runs.to_string()]);
    let output = drive.args(workloads).env("PEERS", data).stderr(Stdio::inherit()).output()?;
    let outcomes = outcomes(&String::from_utf8_lossy(&output.stdout), practices)?;
    if !output.status.success() || outcomes.is_empty() {
        return Err(Error::other(format!("the harness measured nothing of {system}: {}", output.status)));
    }
    Ok(outcomes)
}

/// The texts of a size, packed, and as files where those are needed.
fn make_texts(harness: &Path, data: &Path, practices: u64, as_files: bool) -> Result<()> {
    let packed = data.join(format!("data/docs-{practices}.bin"));
    let files = data.join(format!("data/files-{practices}"));
    if packed.exists() && (files.exists() || !as_files) {
        return Ok(());
    }
    let mut make = Command::new("python3");
    make.arg(harness.join("py/gen_data.py")).arg(practices.to_string()).args(as_files.then_some("--files"));
    let made = make.env("PEERS", data).stdout(Stdio::null()).status()?;
    if made.success() { Ok(()) } else { Err(Error::other("the harness made no texts")) }
}

/// What the harness said, in our figures: one outcome for each system and kind of work.
fn outcomes(text: &str, practices: u64) -> Result<Vec<Outcome>> {
    let mut found: Vec<(String, &'static str, Runs)> = Vec::new();
    for line in text.lines().filter(|line| line.starts_with('{')) {
        let line: Line = serde_json::from_str(line)?;
        let Some(what) = ours(&line.what) else { continue };
        let known = found.iter().position(|(system, work, _)| *system == line.peer && *work == what);
        let place = known.unwrap_or_else(|| {
            found.push((line.peer.clone(), what, Runs::default()));
            found.len() - 1
        });
        if let Some((_, _, runs)) = found.get_mut(place) {
            add(runs, &line, what);
        }
    }
    let outcomes = found.into_iter().map(|(system, what, runs)| {
        let practices = (what != "publish").then_some(practices);
        Outcome { system: Some(system), ..runs.outcome(what, practices, None) }
    });
    Ok(outcomes.collect())
}

fn ours(what: &str) -> Option<&'static str> {
    match what {
        "w1" => Some("catch-up"),
        "w2" => Some("no-op"),
        "w3" => Some("publish"),
        _ => None,
    }
}

fn add(runs: &mut Runs, line: &Line, what: &str) {
    let mut put = |figure, value: Option<f64>| {
        if let Some(value) = value {
            runs.add(figure, value);
        }
    };
    match (what, line.n) {
        ("catch-up", Some(practices)) => {
            let per_10k = 10_000.0 / practices as f64;
            put(f::RATE, line.wall_s.map(|seconds| practices as f64 / seconds));
            put(f::CPU_BOTH, line.cpu_a.zip(line.cpu_b).map(|(a, b)| (a + b) * per_10k));
            put(f::CPU_SENDER, line.cpu_a.map(|seconds| seconds * per_10k));
            put(f::CPU_RECEIVER, line.cpu_b.map(|seconds| seconds * per_10k));
            put(f::PEAK_RECEIVER, line.rss_kib.map(|kib| kib / 1024.0));
            put(f::WIRE_KERNEL, line.wire_ratio);
            put(f::DISK_HOME, line.disk_ratio);
        }
        ("no-op", _) => {
            // Where the harness leaves out how long a runtime takes to load, so do we, in their favour.
            put(f::NO_OP_COMMAND_MS, line.wall_s.map(|seconds| seconds * 1000.0));
            put(f::NO_OP_COMMAND_KERNEL, line.wire);
        }
        _ => {
            put(f::PUBLISH_MEDIAN, line.median_ms);
            put(f::PUBLISH_P99, line.p99_ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = r#"loaded 1000 in 9 ms
{"peer": "hypercore", "n": 1000, "what": "w1", "wall_s": 0.5, "proc_wall_s": 0.9, "cpu_a": 0.1, "cpu_b": 0.3, "rss_kib": 102400, "wire": 4300000, "wire_ratio": 1.05, "disk_ratio": 1.13, "detail": {"t_ms": 500}, "note": "", "load1": 0.4, "at": "12:00:00"}
{"peer": "hypercore", "n": 1000, "what": "w2", "wall_s": 0.011, "proc_wall_s": 0.4, "cpu_a": 0.0, "cpu_b": 0.1, "rss_kib": 90000, "wire": 1615, "wire_ratio": 0.0, "disk_ratio": 1.13, "detail": {}, "note": "", "load1": 0.4, "at": "12:00:01"}
{"peer": "hypercore", "n": 1000, "what": "w1", "wall_s": 0.4, "proc_wall_s": 0.8, "cpu_a": 0.1, "cpu_b": 0.3, "rss_kib": 104448, "wire": 4300000, "wire_ratio": 1.05, "disk_ratio": null, "detail": {}, "note": "", "load1": 0.4, "at": "12:00:02"}
{"peer": "hypercore", "what": "w3", "n": 100, "median_ms": 4.0, "p99_ms": 9.7, "max_ms": 12.1, "min_ms": 3.0, "load1": 0.4, "at": "12:00:03"}
"#;

    #[test]
    fn what_the_harness_says_is_read() {
        let outcomes = outcomes(SAID, 1000).unwrap();
        let seen: Vec<_> = outcomes.iter().map(|found| (found.what.as_str(), found.practices)).collect();
        assert_eq!(seen, [("catch-up", Some(1000)), ("no-op", Some(1000)), ("publish", None)]);
        let [catch_up, no_op, publish] = outcomes.as_slice() else { panic!("three kinds of work") };
        assert!(outcomes.iter().all(|outcome| outcome.system.as_deref() == Some("hypercore")));
        assert_eq!(catch_up.median(f::RATE), Some(2250.0));
        assert_eq!(catch_up.median(f::CPU_BOTH), Some(4.0));
        assert_eq!(catch_up.median(f::PEAK_RECEIVER), Some(101.0));
        assert_eq!(catch_up.median(f::DISK_HOME), Some(1.13));
        assert_eq!(no_op.median(f::NO_OP_COMMAND_MS), Some(11.0));
        assert_eq!(no_op.median(f::NO_OP_COMMAND_KERNEL), Some(1615.0));
        assert_eq!(publish.median(f::PUBLISH_P99), Some(9.7));
        assert!(super::outcomes("{\"peer\": 3}", 1000).is_err());
        assert!(super::outcomes("nothing", 1000).unwrap().is_empty());
    }
}
