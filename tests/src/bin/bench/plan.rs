//! Which measurements a command is made of, and in which order.

use std::{io::Result, path::Path};

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
const LOGS: [usize; 2] = [5, 200];
/// Practices and logs in which one entry differs.
const DIFFERENCE: (u64, usize) = (2000, 1000);
/// Publications in each run.
const PUBLICATIONS: u64 = 500;
/// Other systems that are measured together with everything.
const SYSTEMS: [&str; 3] = ["hypercore", "git", "rsync"];
/// From this size on, only the system that the goal names is measured: the others keep a file for each practice.
const TOO_MANY_FILES: u64 = 100_000;

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
        Command::Publish { publications } => done(publish::measure(bench, *publications)?),
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
    for (place, practices) in options.sizes.iter().enumerate() {
        for system in &options.systems {
            let publish = place == 0;
            peers::measure(bench, &options.harness, system, *practices, publish)?
                .into_iter()
                .try_for_each(&mut *done)?;
        }
        if !options.only_others {
            for logs in LOGS {
                done(catch_up::measure(bench, *practices, logs, bench.transport)?)?;
            }
            done(no_op::measure(bench, *practices, 200)?)?;
        }
    }
    if options.only_others { Ok(()) } else { done(publish::measure(bench, PUBLICATIONS)?) }
}

fn everything(bench: &Bench, sizes: &[u64], minutes: u32, harness: Option<&Path>, done: &mut Done<'_>) -> Result<()> {
    for (place, practices) in sizes.iter().enumerate() {
        for system in harness.iter().flat_map(|_| SYSTEMS) {
            let Some(harness) = harness.filter(|_| *practices < TOO_MANY_FILES || system == "hypercore") else {
                continue;
            };
            peers::measure(bench, harness, system, *practices, place == 0)?.into_iter().try_for_each(&mut *done)?;
        }
        for logs in LOGS {
            done(catch_up::measure(bench, *practices, logs, Transport::Tcp)?)?;
        }
        done(catch_up::measure(bench, *practices, 200, Transport::Quic)?)?;
        done(no_op::measure(bench, *practices, 200)?)?;
        done(start::measure(bench, *practices, 200)?)?;
        done(floor::measure(bench, *practices)?)?;
    }
    done(difference::measure(bench, DIFFERENCE.0, DIFFERENCE.1)?)?;
    done(publish::measure(bench, PUBLICATIONS)?)?;
    done(idle::measure(bench, sizes.iter().copied().max().unwrap_or(0), 200, minutes)?)
}
