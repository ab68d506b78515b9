//! A crash at every step that the node takes: the process is killed, a write fails, the power goes.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    panic::Location,
    path::Path,
    process::{Command, Stdio},
};

use super::{
    module,
    states::{Dice, Disk, LEFT, Left},
    workload::{FILE_MAX, Workload, scratch},
};
use crate::{
    Home,
    core::{CoreError, tests::bench::Seen},
    disk::watch::{Kept, Plan, Taken, Watch},
};

/// The home in which a child works, and the step at which it ends.
const CHILD: &str = "NANDUTI_TEST_CRASH_CHILD";
const AT: &str = "NANDUTI_TEST_CRASH_AT";
/// Set to `all` to try every step with every kind of crash, and to a number for so many seeds of power cuts a step.
const EXTENT: &str = "NANDUTI_TEST_CRASHES";

/// How many states of a power cut are made at each step, and at which steps the costly crashes are tried: every so many.
fn extent() -> (u64, usize) {
    match std::env::var(EXTENT) {
        Ok(text) if text == "all" => (10, 1),
        Ok(text) => (text.parse().unwrap(), 1),
        Err(_) => (2, 13),
    }
}

/// All steps of the workload.
fn steps(workload: &Workload) -> Vec<Kept> {
    let scratch = scratch();
    let watch = Watch::new(scratch.path(), Plan::Keep(Vec::new()), Some(FILE_MAX));
    workload.run(&Home::at(scratch.path()), 0, |number| watch.note(number)).unwrap();
    watch.kept()
}

/// Calls `crash` at each step with what the disk was then, before the step.
fn at_each_step(steps: &[Kept], mut crash: impl FnMut(usize, &Disk, &Kept)) {
    let mut disk = Disk::default();
    for (number, kept) in steps.iter().enumerate() {
        disk.before(kept);
        crash(number, &disk, kept);
        disk.take(kept);
    }
}

#[test]
fn the_workload_takes_every_kind_of_step() {
    let steps = steps(&Workload::new());
    let count = |like: fn(&Taken) -> bool| steps.iter().filter(|kept| like(&kept.taken)).count();
    let kinds = [
        count(|taken| matches!(taken, Taken::Create(_))),
        count(|taken| matches!(taken, Taken::MakeDir(_))),
        count(|taken| matches!(taken, Taken::Write(..))),
        count(|taken| matches!(taken, Taken::SetLen(..))),
        count(|taken| matches!(taken, Taken::Sync(_))),
        count(|taken| matches!(taken, Taken::SyncDir(_))),
        count(|taken| matches!(taken, Taken::Rename(..))),
        count(|taken| matches!(taken, Taken::Remove(_))),
        count(|taken| matches!(taken, Taken::Flush(_))),
        count(|taken| matches!(taken, Taken::Index)),
    ];
    println!("{} steps: {kinds:?}", steps.len());
    assert!(kinds.iter().all(|kind| *kind > 0), "{kinds:?}");
}

#[test]
fn a_process_killed_at_any_step_loses_nothing_that_it_acknowledged() {
    let workload = Workload::new();
    let (end, steps) = (workload.end(), steps(&workload));
    let (_, every) = extent();
    let try_one = |disk: &Disk, half: Option<(&Path, &[u8])>, what: &str, finish: bool| {
        let scratch = scratch();
        disk.killed(half, scratch.path());
        workload.check(scratch.path(), disk.noted, false, what);
        if finish {
            workload.finish(scratch.path(), disk.noted, &end, what);
        }
    };
    at_each_step(&steps, |number, disk, kept| {
        let what = format!("killed before step {number}, {:?}, after {} acts", Short(&kept.taken), disk.noted);
        try_one(disk, None, &what, number % every.min(4) == 0);
        if let Taken::Write(path, bytes) = &kept.taken {
            try_one(disk, Some((path, bytes)), &format!("half of it: {what}"), true);
        }
    });
}

#[test]
fn a_power_cut_at_any_step_loses_nothing_that_was_acknowledged() {
    let workload = Workload::new();
    let (end, steps) = (workload.end(), steps(&workload));
    let (seeds, every) = extent();
    at_each_step(&steps, |number, disk, kept| {
        for seed in 0..seeds {
            let mut dice = Dice::new(number as u64 * 1000 + seed);
            let left = LEFT[(number + seed as usize * 2) % LEFT.len()];
            let what = format!(
                "power cut before step {number}, {:?}, after {} acts, seed {seed}, {left:?} left",
                Short(&kept.taken),
                disk.noted
            );
            let scratch = scratch();
            disk.cut_off(left, &mut dice, scratch.path());
            workload.check(scratch.path(), disk.noted, matches!(left, Left::Sectors), &what);
            if (number + seed as usize).is_multiple_of(every.min(5)) {
                workload.finish(scratch.path(), disk.noted, &end, &what);
            }
        }
    });
}

/// A process is killed, another one goes on where it was, and then the power is cut: what the first had written and not flushed
/// has been taken over by the second, and shown.
#[test]
fn a_power_cut_after_a_kill_loses_nothing_that_was_acknowledged() {
    let (every, _) = extent_after_a_kill();
    assert_eq!(harm_after_a_kill(every, None), None);
    // And that the flushes at opening are what it takes.
    assert!(harm_after_a_kill(every, Some("core/reading.rs")).is_some(), "they are needless, or this is blind");
}

/// At which steps a process is killed, and at which steps after that the power is cut: every so many.
fn extent_after_a_kill() -> (usize, usize) {
    if extent().1 == 1 { (3, 1) } else { (7, 2) }
}

/// The first harm that is done if the flushes in the source files of this name are forgotten after the kill.
fn harm_after_a_kill(every: usize, forgotten: Option<&str>) -> Option<String> {
    let workload = Workload::new();
    let steps = steps(&workload);
    let mut harm = None;
    at_each_step(&steps, |number, disk, _| {
        if harm.is_some() || !number.is_multiple_of(every) || workload.damaged(disk.noted) {
            return;
        }
        let again = scratch();
        disk.killed(None, again.path());
        let watch = Watch::new(again.path(), Plan::Keep(Vec::new()), Some(FILE_MAX));
        let went_on = workload.run_some(3, &Home::at(again.path()), disk.noted, |number| watch.note(number));
        went_on.unwrap_or_else(|error| panic!("killed before step {number}: {error}"));
        let mut disk = disk.clone();
        for (later, kept) in watch.kept().iter().enumerate() {
            disk.before(kept);
            if later.is_multiple_of(extent_after_a_kill().1) && !workload.damaged(disk.noted + 1) {
                let left = LEFT[(number + later) % LEFT.len()];
                let what = format!("killed before step {number}, cut {later} steps later, {left:?} left");
                let scratch = scratch();
                disk.cut_off(left, &mut Dice::new((number * 1000 + later) as u64), scratch.path());
                let harsh = matches!(left, Left::Sectors);
                let check = || workload.check(scratch.path(), disk.noted, harsh, &what);
                if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)) {
                    harm = Some(panic.downcast_ref::<String>().cloned().unwrap_or(what));
                    return;
                }
            }
            let is_flush = matches!(kept.taken, Taken::Sync(_) | Taken::SyncDir(_));
            if !(is_flush && forgotten.is_some_and(|file| kept.site.file().ends_with(file))) {
                disk.take(kept);
            }
        }
    });
    harm
}

#[test]
fn a_step_that_fails_for_want_of_room_loses_nothing_and_can_be_taken_again() {
    let workload = Workload::new();
    let (end, steps) = (workload.end(), steps(&workload).len());
    let (_, every) = extent();
    for at in (1..=steps).step_by(every) {
        let what = format!("no room at step {at}");
        let scratch = scratch();
        let watch = Watch::new(scratch.path(), Plan::FailAt(at), Some(FILE_MAX));
        let home = Home::at(scratch.path());
        let mut done = 0;
        let ended =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| workload.run(&home, 0, |number| done = number)));
        match ended {
            Ok(Ok(())) | Ok(Err(CoreError::Full)) => {}
            Ok(Err(CoreError::Store(error))) => {
                assert!(format!("{error:?}").contains("StorageFull"), "{what}: {error:?}")
            }
            Ok(Err(error)) => panic!("{what}: {error}"),
            // The home could not be opened at all.
            Err(_) => assert!(done == 0 || matches!(workload.acts[done], super::workload::Act::Restart), "{what}"),
        }
        drop(watch);
        workload.finish(scratch.path(), done, &end, &what);
    }
}

#[test]
fn a_process_goes_on_after_a_step_that_failed_for_want_of_room() {
    let workload = Workload::new();
    let (end, steps) = (workload.end(), steps(&workload).len());
    let (_, every) = extent();
    for at in (1..=steps).step_by(every) {
        let what = format!("no room for once at step {at}");
        let scratch = scratch();
        let watch = Watch::new(scratch.path(), Plan::FailAt(at), Some(FILE_MAX));
        let home = Home::at(scratch.path());
        let mut done = 0;
        let again = std::panic::AssertUnwindSafe(|| workload.run_trying(2, &home, 0, |number| done = number));
        match std::panic::catch_unwind(again) {
            Ok(went_on) => went_on.unwrap_or_else(|error| panic!("{what}: {error}")),
            // The home could not be opened at all.
            Err(_) => assert!(done == 0 || matches!(workload.acts[done], super::workload::Act::Restart), "{what}"),
        }
        drop(watch);
        workload.finish(scratch.path(), done, &end, &what);
    }
}

/// Every place in the source that flushes something is forgotten in turn: then a power cut must do harm, or the flush would be
/// needless, or these tests blind.
#[test]
fn every_flush_is_needed() {
    if std::env::var(EXTENT).is_err() {
        return println!("skipped: it takes minutes; {EXTENT}=all runs it");
    }
    let workload = Workload::new();
    let (end, steps) = (workload.end(), steps(&workload));
    // What sled has not flushed it keeps in memory, so that a flush of it that is forgotten does not show here.
    let is_flush = |kept: &&Kept| matches!(kept.taken, Taken::Sync(_) | Taken::SyncDir(_));
    // The flushes at opening are for what a killed process left, and have a test of their own.
    let is_flush = |kept: &&Kept| is_flush(kept) && !kept.site.file().ends_with("core/reading.rs");
    let sites: BTreeMap<_, _> = steps.iter().filter(is_flush).map(|kept| (kept.site.to_string(), kept.site)).collect();
    let mut needless = Vec::new();
    for (name, site) in &sites {
        let found = harm_without(site, &workload, &end, &steps);
        println!("{name}: {}", found.clone().unwrap_or_else(|| "no harm".into()));
        if found.is_none() {
            needless.push(name);
        }
    }
    assert!(needless.is_empty(), "{needless:#?}");
}

/// The first harm that a power cut does if this place does not flush.
fn harm_without(site: &Location<'_>, workload: &Workload, end: &Seen, steps: &[Kept]) -> Option<String> {
    let mut disk = Disk::default();
    let mut forgotten = 0;
    for (number, kept) in steps.iter().enumerate() {
        disk.before(kept);
        // Harm shows soon after what was forgotten, or not at all.
        for seed in 0..if forgotten > 0 { 4 } else { 0 } {
            let left = LEFT[(number + seed) % LEFT.len()];
            let scratch = scratch();
            disk.cut_off(left, &mut Dice::new((number * 1000 + seed) as u64), scratch.path());
            let what = format!("step {number}, seed {seed}, {left:?} left");
            let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                workload.check(scratch.path(), disk.noted, matches!(left, Left::Sectors), &what);
                workload.finish(scratch.path(), disk.noted, end, &what);
            }));
            if let Err(panic) = tried {
                let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                return Some(text.lines().next().unwrap_or_default().chars().take(160).collect());
            }
        }
        forgotten = forgotten.max(1) - 1;
        if is_at(kept, site) {
            forgotten = 15;
        } else {
            disk.take(kept);
        }
    }
    None
}

fn is_at(kept: &Kept, site: &Location<'_>) -> bool {
    (kept.site.file(), kept.site.line(), kept.site.column()) == (site.file(), site.line(), site.column())
}

/// Not a test by itself: what the killed process runs.
#[test]
fn child_that_ends_at_a_step() {
    let (Ok(home), Ok(at)) = (std::env::var(CHILD), std::env::var(AT)) else { return };
    let _watch = Watch::new(Path::new(&home), Plan::AbortAt(at.parse().unwrap()), Some(FILE_MAX));
    let say = |number: usize| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {number}").unwrap();
        out.flush().unwrap();
    };
    Workload::new().run(&Home::at(home), 0, say).unwrap();
    say(usize::MAX);
}

#[test]
fn a_real_process_that_ends_at_a_step_leaves_what_was_foreseen() {
    let workload = Workload::new();
    let end = workload.end();
    let (_, every) = extent();
    for at in (1..).step_by(every) {
        let scratch = scratch();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{}::points::child_that_ends_at_a_step", module()), "--nocapture"])
            .env(CHILD, scratch.path())
            .env(AT, at.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let last = lines.filter_map(|line| line.split_once("acknowledged ")?.1.parse::<usize>().ok()).last();
        child.wait().unwrap();
        let done = last.unwrap_or(0);
        if done == usize::MAX {
            assert!(at > 100, "{at} steps in all");
            break;
        }
        let what = format!("a process that ended at step {at}");
        workload.check(scratch.path(), done, false, &what);
        workload.finish(scratch.path(), done, &end, &what);
    }
}

/// A step without the bytes that it wrote.
struct Short<'a>(&'a Taken);

impl std::fmt::Debug for Short<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Taken::Write(path, bytes) => write!(f, "Write({path:?}, {} bytes)", bytes.len()),
            other => write!(f, "{other:?}"),
        }
    }
}
