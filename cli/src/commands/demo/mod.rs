//! `nanduti demo`: a network of nodes on this machine, with something in its library.
//!
//! Everything is as it would be in earnest: the founding is the real one, every node is a process of its own, practices are
//! signed by the node of their member and travel over loopback. Only the institutions are not there.
//!
//! Invariants: whatever ends the demonstration, its nodes end with it and a temporary folder is removed; stdout carries the
//! result only.

mod folder;
mod founding;
mod members;
mod play;
mod practices;
mod process;
mod report;
mod story;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use nanduti_node::{
    Home,
    api::{ApiError, ErrorKind},
};

use self::{
    folder::Folder,
    founding::{Founded, Steps},
    members::Member,
    practices::Practice,
    process::{Launcher, Node},
    report::Report,
};
use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome, Stop},
    signals::Signals,
    terminal::style,
};

const AFTER_HELP: &str = "\
Examples:
  nanduti demo
  nanduti demo --nodes 20
  nanduti demo --exit --json | jq .converged_ms
  nanduti demo --story                    members vote, keys are lost, backups restored
  nanduti demo --home ~/nanduti-demo      keep what it makes

The nodes listen on this machine only, on free ports. The practices are real ones from public
sources, in our words; no State has signed them, and each says so. Ctrl-C stops every node.
NANDUTI_HOME is not used; settings given with --set go to every node.

With --json, one document on stdout once every node holds the same library:
  {\"converged_ms\":…,\"nodes\":[{\"member\":…,\"practices\":…,\"digest\":…,\"web\":…},…],…}

Next: open the web address of a node, try the commands that are printed, then begin with your own
node: `nanduti init --help`.";

/// How long the story may take.
const STORY_TIME: Duration = Duration::from_secs(600);
/// How often to look whether a node has stopped, and how far the founding is.
const LOOK: Duration = Duration::from_millis(250);

/// Show it: found a network on this machine, publish, watch the nodes agree
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// How many nodes, 2 to 50
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=50))]
    nodes: u8,
    /// Leave once every node holds the same library
    #[arg(long)]
    exit: bool,
    /// Then play what members do together, and what happens when something goes wrong
    #[arg(long, conflicts_with = "json")]
    story: bool,
    /// How long the nodes may take until then
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
}

/// What is demonstrated.
struct Demo<'a> {
    context: &'a Context,
    args: &'a Args,
    folder: &'a Folder,
    members: Vec<Member>,
    practices: Vec<Practice>,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let mut signals = Signals::new()?;
    // A home in the environment is that of a real node, and no place for a demonstration.
    let of_environment = std::env::var_os("NANDUTI_HOME").map(PathBuf::from);
    let wanted = context.home_option().filter(|home| of_environment.as_deref() != Some(*home));
    let folder = Folder::new(wanted)?;
    // Settings that make no sense are named here, and not by every node.
    context.config(&Home::at(folder.path()))?;
    let mut practices = practices::all();
    let members = members::first(usize::from(args.nodes), &practices);
    practices.retain(|practice| members.iter().any(|member| member.id == practice.member));
    let demo = Demo { context, args: &args, folder: &folder, members, practices };
    let outcome = demo.run(&mut signals).await;
    let closed = folder.close().await;
    let code = outcome?;
    closed?;
    Ok(code)
}

impl Demo<'_> {
    /// From the founding to the end, with whatever was started stopped again.
    async fn run(&self, signals: &mut Signals) -> Outcome {
        let founded = self.found(signals).await?;
        let mut nodes = Vec::new();
        let mut result = tokio::select! {
            result = self.play(&founded, &mut nodes) => result,
            () = signals.any() => Err(Stop::Interrupted),
        };
        if result.is_ok() && !self.args.exit {
            result = self.stay(signals, &mut nodes).await;
        }
        if !nodes.is_empty() && !self.args.exit {
            self.context.terminal().note("stopping the nodes");
        }
        tokio::select! {
            () = process::stop_all(nodes) => {}
            // What is dropped is killed.
            () = signals.any() => {}
        }
        result.map(|()| outcome::DONE)
    }

    /// Founds the network on threads of its own.
    async fn found(&self, signals: &mut Signals) -> Result<Founded, Stop> {
        let began = Instant::now();
        let (path, members, passphrase) =
            (self.folder.path().to_path_buf(), self.members.clone(), self.folder.passphrase()?);
        let steps = Arc::new(Steps::default());
        let shared = Arc::clone(&steps);
        let mut work = tokio::task::spawn_blocking(move || founding::found(&path, &members, &passphrase, &shared));
        let progress = self.context.terminal().progress("making keys and signing the charter");
        let mut looks = tokio::time::interval(LOOK);
        let founded = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = looks.tick() => progress.position(steps.done() as u64, 2 * self.members.len() as u64),
                () = signals.any() => {
                    steps.call_off();
                    // What it made by then goes with the folder.
                    let _ = work.await;
                    return Err(Stop::Interrupted);
                }
            }
        };
        drop(progress);
        let founded = founded
            .map_err(|error| ApiError::new(ErrorKind::Failed, "the founding was not finished").because(&error))??;
        self.step("founded", &format!("a network of {} institutions", self.members.len()), began);
        Ok(founded)
    }

    /// Starts the nodes, publishes, waits until all agree, and shows it.
    async fn play(&self, founded: &Founded, nodes: &mut Vec<Node>) -> Result<(), Stop> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(self.args.timeout.into());
        let terminal = self.context.terminal();
        let began = Instant::now();
        let program = process::own_program()
            .map_err(|error| ApiError::new(ErrorKind::Failed, "the program does not find itself").because(&error))?;
        let sets = self.context.sets().to_vec();
        let launcher = Launcher { program, folder: self.folder.path().to_path_buf(), sets };
        let progress = terminal.progress("starting the nodes");
        let started = play::start(&launcher, founded, &self.members, nodes, &progress);
        let ticket = tokio::time::timeout_at(deadline, started).await.map_err(|_| {
            ApiError::new(ErrorKind::Failed, "the nodes are not ready, and the time is over")
                .hint("--timeout SECONDS gives them longer")
        })??;
        drop(progress);
        self.step("started", &format!("{} nodes, each a process of its own", nodes.len()), began);

        let (progress, began) = (terminal.progress("publishing"), Instant::now());
        play::publish(nodes, &self.practices, &progress).await?;
        drop(progress);
        let practices = words::count(self.practices.len() as u64, "practice", "practices");
        self.step("published", &format!("{practices}, each signed by the node of its member"), began);

        let progress = terminal.progress("waiting until every node holds the same library");
        let reached = play::converge(nodes, &self.practices, began, deadline, &progress).await?;
        drop(progress);
        let report = Report::new(self.folder.path(), ticket, nodes, &reached);
        self.show(&report, founded)?;
        if self.args.story { self.tell(launcher, nodes).await } else { Ok(()) }
    }

    /// Tells the story on the network that there is now.
    async fn tell(&self, launcher: Launcher, nodes: &mut Vec<Node>) -> Result<(), Stop> {
        let deadline = tokio::time::Instant::now() + STORY_TIME;
        let passphrase = self.folder.path().join(folder::PASSPHRASE_FILE);
        let mut teller = story::Teller::new(self.context.terminal(), launcher, passphrase, deadline);
        let told = story::tell(&mut teller, nodes, &self.practices).await;
        nodes.extend(teller.into_joined());
        Ok(told?)
    }

    fn show(&self, report: &Report, founded: &Founded) -> Result<(), Stop> {
        let terminal = self.context.terminal();
        terminal.note("");
        terminal.reply(report, report::table)?;
        if !self.args.exit {
            let program = std::env::args().next().unwrap_or_else(|| "nanduti".to_owned());
            terminal.note(&format!("\n{}", style::strong("Try, in another terminal:")));
            terminal.note(&report::to_try(report, &program, founded.bundle()));
            terminal.note("Ctrl-C stops every node.");
        }
        if self.folder.is_kept() {
            terminal.note(&format!("Everything is in {}, and stays.", self.folder.path().display()));
        }
        Ok(())
    }

    /// Waits for Ctrl-C. A node that stops meanwhile is mentioned; the others go on without it, as they should.
    async fn stay(&self, signals: &mut Signals, nodes: &mut Vec<Node>) -> Result<(), Stop> {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = signals.any() => return Ok(()),
            }
            let mut last = None;
            nodes.retain_mut(|node| match node.failure() {
                Some(error) => {
                    self.context.terminal().warning(&error.message);
                    last = Some(error);
                    false
                }
                None => true,
            });
            if let Some(error) = last.filter(|_| nodes.is_empty()) {
                return Err(error.into());
            }
        }
    }

    fn step(&self, what: &str, of_what: &str, since: Instant) {
        let time = words::duration(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
        let text = format!("{} {of_what} {}", style::good(&format!("{what:<9}")), style::faint(&format!("({time})")));
        self.context.terminal().note(&text);
    }
}
