//! Measures what the node costs: real processes, real sockets, a real disk, and beside them the floors below which this
//! machine cannot go.
//!
//! ```text
//! cargo run --release -p nanduti-tests --bin bench -- catch-up 10000 --logs 200 --runs 5 --json figures.json
//! ```
//!
//! Each command prints a table and, if asked, writes the same as JSON with the machine, the versions and the revision. Where
//! root allows it, everything runs in a network namespace of its own, so that the kernel's counters count just these bytes.
//!
//! Figures differ from machine to machine and from hour to hour: compare within one run only.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program's purpose is to print a table")]

mod against;
mod catch_up;
mod delay;
mod difference;
mod figures;
mod filled;
mod floor;
mod goals;
mod homes;
mod idle;
mod library;
mod machine;
mod namespace;
mod no_op;
mod options;
mod page;
mod peers;
mod plan;
mod plot;
mod plots;
mod process;
mod publish;
mod report;
mod spread;
mod start;
mod stream;
mod table;
mod text;

use std::{
    io::Result,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use nanduti_node::api::ApiError;

use options::{Command, Options};
use report::{Outcome, Report};

/// The program's own, since some commands run its nodes in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ApiError>());
            inner.into_iter().flat_map(|inner| &inner.causes).for_each(|cause| eprintln!("  because {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    match &options.command {
        Command::FloorServe(part) => stream::serve(part),
        Command::FloorGet(part) => stream::get(part),
        Command::Publisher(part) => publish::publisher(part),
        Command::Plot { reports, plots } => draw(&outcomes(&read(reports)?), plots),
        Command::Report { reports, page, plots } => page::renew(&read(reports)?, page, plots),
        command => measure(options, command),
    }
}

fn measure(options: &Options, command: &Command) -> Result<()> {
    // What was built before the namespace was entered need not be built again.
    let program = process::program(options.common.program.as_deref(), !namespace::entered())?;
    let isolated = namespace::enter(options.common.no_namespace)?;
    let bench = homes::Bench::new(&options.common, program, isolated)?;
    let mut report = Report::new(machine::Machine::look(bench.folder(), &bench.program, isolated)?);
    println!("{}", table::machine(&report.machine));
    plan::measure(&bench, command, &mut |outcome: Outcome| {
        println!("\n{}", table::outcome(&outcome));
        report.outcomes.push(outcome);
        // After each one: a long run that is stopped in the middle has not been in vain.
        options.common.json.as_deref().map_or(Ok(()), |path| report.write(path))
    })?;
    if report.outcomes.iter().any(|outcome| outcome.system.is_some()) {
        println!("\n{}", table::beside(&report.outcomes));
    }
    match command {
        Command::All { plots: Some(folder), .. } => draw(&report.outcomes, folder),
        _ => Ok(()),
    }
}

fn read(reports: &[PathBuf]) -> Result<Vec<Report>> {
    reports.iter().map(|path| Report::read(path)).collect()
}

fn outcomes(reports: &[Report]) -> Vec<Outcome> {
    reports.iter().flat_map(|report| report.outcomes.clone()).collect()
}

fn draw(outcomes: &[Outcome], folder: &Path) -> Result<()> {
    for (file, title) in plots::draw(outcomes, folder)? {
        println!("drawn  {}  {title}", folder.join(file).with_extension("svg").display());
    }
    Ok(())
}
