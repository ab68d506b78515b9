//! Simulates networks of many nodes in virtual time, one for each seed, and says which rule a node broke, if one did.
//!
//! ```text
//! cargo run --release -p nanduti-tests --bin simulate -- --seeds 1000 [--from N] [--nodes N] [--minutes N] [--threads N]
//! cargo run --release -p nanduti-tests --bin simulate -- --seed N [--trace] [--break NAME]
//! cargo run --release -p nanduti-tests --bin simulate -- --scenario NAME|all --seeds 200 [--undefended]
//! ```
//!
//! `--minutes` are those of virtual time. Without `--nodes` the size follows from the seed: most networks are small, so that rare meetings are frequent, and every tenth has
//! 120 nodes. The same seed and options give the same run. A scenario plays one attack in small networks and says whether what the network
//! promises holds; `--undefended` leaves out what that rests on, and then each of its runs should fail.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program's purpose is to print what happened")]

use std::{
    fmt,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use nanduti_tests::simulation::{BREAKS, Break, Options, Outcome, SCENARIOS, Scenario, run, run_traced, usual_size};

/// Failures after which no more seeds are begun.
const FAILURES: usize = 10;

/// Seeds after which it is said how far it is.
const PROGRESS: u64 = 100;

/// What was asked for.
struct Arguments {
    from: u64,
    seeds: u64,
    nodes: Option<usize>,
    minutes: u64,
    threads: usize,
    trace: bool,
    broken: Option<Break>,
    scenarios: Vec<Scenario>,
    undefended: bool,
}

/// What all threads add to.
#[derive(Default)]
struct Sum {
    seeds: u64,
    nodes: u64,
    events: u64,
    sessions: u64,
    bytes: u64,
    entries: u64,
    gossip: u64,
    crashes: u64,
    breaks: u64,
    lies: u64,
    blamed: u64,
    forks: u64,
    strays: u64,
    statements: u64,
    rosters: u64,
    virtual_hours: f64,
    failed: Vec<u64>,
}

fn main() -> ExitCode {
    match read(std::env::args().skip(1)) {
        Ok(arguments) if arguments.scenarios.is_empty() => simulate(&arguments, None),
        Ok(arguments) => {
            let ends: Vec<ExitCode> = arguments.scenarios.iter().map(|it| simulate(&arguments, Some(*it))).collect();
            if ends.iter().all(|end| *end == ExitCode::SUCCESS) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(what) => {
            let names: Vec<&str> = BREAKS.iter().map(|(name, _)| *name).collect();
            println!("{what}");
            println!(
                "usage: simulate [--seeds N] [--from N] [--seed N] [--nodes N] [--minutes N] [--threads N] [--trace]"
            );
            println!("                [--break {}]", names.join("|"));
            let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
            println!("                [--scenario all|{}] [--undefended]", names.join("|"));
            ExitCode::from(2)
        }
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (scenarios, undefended) = (Vec::new(), false);
    let mut arguments = Arguments {
        from: 1,
        seeds: 100,
        nodes: None,
        minutes: 15,
        threads,
        trace: false,
        broken: None,
        scenarios,
        undefended,
    };
    while let Some(word) = words.next() {
        if word == "--trace" {
            arguments.trace = true;
            continue;
        }
        if word == "--undefended" {
            arguments.undefended = true;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} lacks its value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{word} takes a number"));
        match word.as_str() {
            "--seeds" => arguments.seeds = number()?,
            "--from" => arguments.from = number()?,
            "--seed" => (arguments.from, arguments.seeds) = (number()?, 1),
            "--nodes" => arguments.nodes = Some(usize::try_from(number()?).map_err(|_| "too many nodes")?),
            "--minutes" => arguments.minutes = number()?,
            "--threads" => arguments.threads = usize::try_from(number()?).unwrap_or(1).max(1),
            "--scenario" if value == "all" => arguments.scenarios = SCENARIOS.to_vec(),
            "--scenario" => {
                let found = Scenario::named(&value);
                arguments.scenarios.push(found.ok_or_else(|| format!("no scenario `{value}`"))?);
            }
            "--break" => {
                let found = BREAKS.iter().find(|(name, _)| *name == value);
                arguments.broken = Some(found.ok_or_else(|| format!("no rule `{value}`"))?.1);
            }
            _ => return Err(format!("no option {word}")),
        }
    }
    Ok(arguments)
}

fn simulate(arguments: &Arguments, scenario: Option<Scenario>) -> ExitCode {
    let began = Instant::now();
    if let Some(scenario) = scenario {
        println!("{}: {}", scenario.name, scenario.sentence);
    }
    let next = AtomicU64::new(arguments.from);
    let sum = Mutex::new(Sum::default());
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| work(arguments, scenario, &next, &sum));
        }
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Sum {
        seeds,
        nodes,
        events,
        sessions,
        bytes,
        entries,
        gossip,
        crashes,
        breaks,
        lies,
        blamed,
        forks,
        strays,
        statements,
        rosters,
        ..
    } = sum;
    println!("seeds {seeds}, nodes {nodes}, events {events}, {:.1} virtual hours", sum.virtual_hours);
    println!("sessions {sessions}, bytes {bytes}, entries stored {entries}, gossip {gossip}");
    println!(
        "crashes {crashes}, broken streams {breaks}, lies {lies}, blamed {blamed}, forks learnt {forks}, branches left {strays}, statements {statements}, rosters {rosters}"
    );
    println!("{} failed, {:.1} s", sum.failed.len(), began.elapsed().as_secs_f64());
    if sum.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(arguments: &Arguments, scenario: Option<Scenario>, next: &AtomicU64, sum: &Mutex<Sum>) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= arguments.from + arguments.seeds {
            return;
        }
        let nodes = arguments.nodes.unwrap_or_else(|| usual_size(seed));
        let Arguments { minutes, broken, undefended, .. } = *arguments;
        let options = Options { nodes, minutes, broken, scenario, undefended };
        let outcome = if arguments.trace { run_traced(seed, &options, print) } else { run(seed, &options) };
        let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
        sum.add(&outcome, outcome.report(&options));
        if sum.seeds.is_multiple_of(PROGRESS) && scenario.is_none() {
            eprintln!("{} of {} seeds, {} failed", sum.seeds, arguments.seeds, sum.failed.len());
        }
        if sum.failed.len() >= FAILURES {
            return;
        }
    }
}

fn print(line: &dyn fmt::Display) {
    println!("{line}");
}

impl Sum {
    fn add(&mut self, outcome: &Outcome, report: Option<String>) {
        let counters = &outcome.counters;
        self.seeds += 1;
        self.nodes += outcome.nodes as u64;
        self.events += outcome.events;
        self.sessions += counters.sessions;
        self.bytes += counters.bytes;
        self.entries += counters.entries;
        self.gossip += counters.gossip;
        self.crashes += counters.crashes;
        self.breaks += counters.breaks;
        self.lies += counters.lies;
        self.blamed += counters.blamed;
        self.forks += counters.forks;
        self.strays += counters.strays;
        self.statements += counters.statements;
        self.rosters += counters.rosters;
        self.virtual_hours += outcome.virtual_seconds as f64 / 3600.0;
        if let Some(report) = report {
            println!("{report}\n");
            self.failed.push(outcome.seed);
        }
    }
}
