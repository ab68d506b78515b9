//! Which measurements a command is made of, and in which order.

use std::{io::Result, path::Path, time::Duration};

use crate::{
    catch_up, difference, floor,
    homes::Bench,
    idle, no_op,
    options::{Command, Peers, Transport},
    peers, publish,
    report::Outcome,
    start,
};

/// Logs that libraries are in: a network of a few members, and a large one.
const LOGS: [usize; 2] = [5, MANY_LOGS];
const MANY_LOGS: usize = 200;
/// Practices and logs in which one entry differs.
const DIFFERENCE: (u64, usize) = (2000, 1000);
/// Publications in each run.
const PUBLICATIONS: u64 = 500;
/// Other systems that are measured together with everything.
const SYSTEMS: [&str; 3] = ["hypercore", "git", "rsync"];
/// From this size on, only the system that the goal names is measured: the others take long, or a file for each practice.
const TOO_MANY_FILES: u64 = 100_000;
const AT_ANY_SIZE: &str = "hypercore";

/// Is told of each outcome as soon as it is there.
pub(crate) type Done<'a> = dyn FnMut(Outcome) -> Result<()> + 'a;

/// Measures what was asked for.
pub(crate) fn measure(bench: &Bench, command: &Command, done: &mut Done<'_>) -> Result<()> {
    match command {
        Command::CatchUp { practices, logs } => {
            logs.iter().try_for_each(|logs| done(catch_up::measure(bench, *practices, *logs, bench.transport)?))
        }
        Command::NoOp { practices, logs } => done(no_op::measure(bench, *practices, *logs)?),
        Command::Difference { practices, logs } => done(difference::measure(bench, *practices, *logs)?),
        Command::Publish { publications, pause } => {
            done(publish::measure(bench, *publications, Duration::from_millis(*pause))?)
        }
        Command::Start { practices, logs } => done(start::measure(bench, *practices, *logs)?),
        Command::Idle { practices, logs, minutes } => done(idle::measure(bench, *practices, *logs, *minutes)?),
        Command::Floor { practices } => done(floor::measure(bench, *practices)?),
        Command::Peers(options) => beside(bench, options, done),
        Command::All { sizes, minutes, harness, .. } => everything(bench, sizes, *minutes, harness.as_deref(), done),
        // These measure nothing.
        Command::Plot { .. } | Command::Report { .. } => Ok(()),
        Command::FloorServe(_) | Command::FloorGet(_) | Command::Publisher(_) => Ok(()),
    }
}

/// Ours and others in turn, size by size.
fn beside(bench: &Bench, options: &Peers, done: &mut Done<'_>) -> Result<()> {
    for practices in &options.sizes {
        for system in &options.systems {
            peers::measure(bench, &options.harness, system, *practices)?.into_iter().try_for_each(&mut *done)?;
        }
        if !options.only_others {
            for logs in LOGS {
                done(catch_up::measure(bench, *practices, logs, bench.transport)?)?;
            }
            done(no_op::measure(bench, *practices, MANY_LOGS)?)?;
        }
    }
    for system in &options.systems {
        peers::publish(bench, &options.harness, system)?.into_iter().try_for_each(&mut *done)?;
    }
    if options.only_others { Ok(()) } else { done(publish::measure(bench, PUBLICATIONS, publish::PAUSE)?) }
}

fn everything(bench: &Bench, sizes: &[u64], minutes: u32, harness: Option<&Path>, done: &mut Done<'_>) -> Result<()> {
    for practices in sizes {
        if let Some(harness) = harness {
            for system in SYSTEMS.iter().filter(|system| *practices < TOO_MANY_FILES || **system == AT_ANY_SIZE) {
                peers::measure(bench, harness, system, *practices)?.into_iter().try_for_each(&mut *done)?;
            }
        }
        for logs in LOGS {
            done(catch_up::measure(bench, *practices, logs, Transport::Tcp)?)?;
        }
        done(catch_up::measure(bench, *practices, MANY_LOGS, Transport::Quic)?)?;
        done(no_op::measure(bench, *practices, MANY_LOGS)?)?;
        done(start::measure(bench, *practices, MANY_LOGS)?)?;
        done(floor::measure(bench, *practices)?)?;
    }
    done(difference::measure(bench, DIFFERENCE.0, DIFFERENCE.1)?)?;
    if let Some(harness) = harness {
        for system in SYSTEMS {
            peers::publish(bench, harness, system)?.into_iter().try_for_each(&mut *done)?;
        }
    }
    done(publish::measure(bench, PUBLICATIONS, publish::PAUSE)?)?;
    done(idle::measure(bench, sizes.iter().copied().max().unwrap_or(0), MANY_LOGS, minutes)?)
}
