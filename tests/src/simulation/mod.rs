//! A simulation of whole networks: many nodes of the pure core in one process, in virtual time, from one seed.
//!
//! ```text
//! seed ─→ dice ─→ founding, links, faults, liars
//!                        │
//!   clock ─ events ─→ node: writer ─ ledger ─ disk      every node: the protocol's own ledger, frontier,
//!     ↑                 │ ↑                             session machine, codecs, announcements and series
//!     └──── frames, gossip ────→ other nodes
//!                        │
//!                     checks ←─ truth: who really signed what
//! ```
//!
//! What is real: everything in `nanduti-protocol`. Sessions exchange encoded frames, cut into pieces as a stream may cut them; gossip
//! is encoded announcements; runs pass all doors. What is modelled here, after the node's own modules, because those are bound to
//! files, sockets and threads: the disk and the writer's batches (`core/writer`, `core/open`, `core/read`), the fold of the library
//! (`core/fold`), the schedule of sessions, the bounds and the end of a session, the judgement of gossip, and bans. What is absent:
//! compression, node records, damage to a disk that was flushed, and real time.
//!
//! Always: all randomness comes from the seed and nothing depends on an address or a hash map, so that a seed gives the same run to
//! the last event, in every build. The truth that the checks compare with is not computed by the protocol.
//!
//! A rule can be broken on purpose ([`Break`]), to show that the checks bite. A [`Scenario`] plays one attack in such a network.

mod ballots;
mod checks;
mod clock;
mod deliberation;
mod disk;
mod gossip;
mod liar;
mod library;
mod member;
mod node;
mod restored;
mod scenario;
mod schedule;
mod session;
mod stage;
mod trace;
mod traffic;
mod truth;
mod world;
mod writer;

use std::fmt;

pub use scenario::{SCENARIOS, Scenario};
pub use stage::Counters;

/// A rule of the nodes that is broken on purpose, on every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// An author is told that its entry is safe, and peers are told of it, before it is durable.
    EarlyAcknowledgement,
    /// What the ledger refuses is stored all the same.
    AdmitUnasked,
    /// Proofs of forks are not taken in.
    IgnoreForks,
    /// Proofs of forks are not read again after a crash.
    ForgetForks,
    /// Everything that is held counts in the library, past cut-offs and forks.
    CountEverything,
    /// Bodies that did not come with their entry are never asked for.
    NeverAsk,
    /// Bodies for members are given to everybody.
    TellEverybody,
    /// A sender does not wait for room.
    Window,
    /// A peer is blamed for a run that somebody else brought first.
    BlameKnown,
}

/// Every rule that can be broken, and its name for the command.
pub const BREAKS: [(&str, Break); 9] = [
    ("early-acknowledgement", Break::EarlyAcknowledgement),
    ("admit-unasked", Break::AdmitUnasked),
    ("ignore-forks", Break::IgnoreForks),
    ("forget-forks", Break::ForgetForks),
    ("count-everything", Break::CountEverything),
    ("never-ask", Break::NeverAsk),
    ("tell-everybody", Break::TellEverybody),
    ("window", Break::Window),
    ("blame-known", Break::BlameKnown),
];

/// What a run is like, besides its seed.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Nodes, liars among them.
    pub nodes: usize,
    /// Virtual minutes in which things happen.
    pub minutes: u64,
    /// A rule to break.
    pub broken: Option<Break>,
    /// A scenario to play; it says itself who takes part.
    pub scenario: Option<Scenario>,
    /// Leave out what the scenario's sentence rests on.
    pub undefended: bool,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// How many nodes it had.
    pub nodes: usize,
    /// How many events it had.
    pub events: u64,
    /// How long it lasted in virtual time.
    pub virtual_seconds: u64,
    /// The digest of everything that happened.
    pub digest: u64,
    /// What was counted.
    pub counters: Counters,
    /// What went wrong, if anything: when, where and what.
    pub violation: Option<String>,
    /// The last lines of the node concerned.
    pub lines: Vec<String>,
}

/// Runs the network that follows from a seed.
pub fn run(seed: u64, options: &Options) -> Outcome {
    world::World::new(seed, options, None).run(seed)
}

/// Runs it, and hands every line to `print`.
pub fn run_traced(seed: u64, options: &Options, print: fn(&dyn fmt::Display)) -> Outcome {
    world::World::new(seed, options, Some(print)).run(seed)
}

impl Outcome {
    /// The report of a failure, with the command that replays it.
    pub fn report(&self, options: &Options) -> Option<String> {
        let violation = self.violation.as_ref()?;
        let broken = BREAKS.iter().find(|(_, rule)| options.broken == Some(*rule));
        let broken = broken.map(|(name, _)| format!(" --break {name}")).unwrap_or_default();
        let Options { nodes, minutes, .. } = options;
        let size = match options.scenario {
            Some(scenario) if options.undefended => format!("--scenario {} --undefended", scenario.name),
            Some(scenario) => format!("--scenario {}", scenario.name),
            None => format!("--nodes {nodes}"),
        };
        let replay = format!("--seed {} {size} --minutes {minutes}{broken} --trace", self.seed);
        let lines = self.lines.join("\n");
        Some(format!(
            "seed {}: {violation}\n{lines}\nreplay: cargo run --release -p nanduti-tests --bin simulate -- {replay}",
            self.seed
        ))
    }
}

/// How many nodes the network of a seed has, where nothing else is asked for: most often few, and every tenth time 120.
pub fn usual_size(seed: u64) -> usize {
    if seed.is_multiple_of(10) { 120 } else { usize::try_from(6 + seed * 7 % 30).unwrap_or(6) }
}
