//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures what the node costs, and the floors of the machine that it runs on
#[derive(Debug, Parser)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Measure so many times: the median, the least and the most are shown
    #[arg(long, global = true, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
    /// Write the figures to this file as well
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// The disk to measure on: homes are made in here [default: the system's temporary folder]
    #[arg(long, global = true)]
    pub(crate) dir: Option<PathBuf>,
    /// Keep filled homes in this folder, and take them from there the next time
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// The transport between the two nodes
    #[arg(long, global = true, value_enum, default_value_t = Transport::Tcp)]
    pub(crate) transport: Transport,
    /// The program to measure [default: beside this one, built first]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) program: Option<PathBuf>,
    /// Stay in the network of this machine, where the kernel counts other traffic too
    #[arg(long, global = true)]
    pub(crate) no_namespace: bool,
}

/// How bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// TCP with Noise and yamux
    Tcp,
    /// QUIC version 1
    Quic,
}

impl Transport {
    /// As it is written in a table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Quic => "QUIC",
        }
    }

    /// An address on which to listen.
    pub(crate) fn listen(self) -> &'static str {
        match self {
            Self::Tcp => "/ip4/127.0.0.1/tcp/0",
            Self::Quic => "/ip4/127.0.0.1/udp/0/quic-v1",
        }
    }
}

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// An empty observer catches up with a full one
    CatchUp {
        /// Practices in the library
        #[arg(default_value_t = 10_000)]
        practices: u64,
        /// Logs that they are in
        #[arg(long, value_delimiter = ',', default_values_t = [5, 200])]
        logs: Vec<usize>,
    },
    /// Two equal nodes compare themselves
    NoOp {
        /// Practices in the library
        #[arg(default_value_t = 10_000)]
        practices: u64,
        /// Logs that they are in
        #[arg(long, default_value_t = 200)]
        logs: usize,
    },
    /// One entry differs among many logs
    Difference {
        /// Practices in the library
        #[arg(default_value_t = 2000)]
        practices: u64,
        /// Logs that they are in
        #[arg(long, default_value_t = 1000)]
        logs: usize,
    },
    /// From publishing on one node until another has it, durable and readable
    Publish {
        /// Publications in each run
        #[arg(default_value_t = 500)]
        publications: u64,
        /// Milliseconds from one that has arrived to the next
        #[arg(long, value_name = "MS", default_value_t = 40)]
        pause: u64,
    },
    /// From the start of a node until it is ready
    Start {
        /// Practices in the library
        #[arg(default_value_t = 100_000)]
        practices: u64,
        /// Logs that they are in
        #[arg(long, default_value_t = 200)]
        logs: usize,
    },
    /// Memory after catching up, and the traffic of a node with eight peers while nothing happens
    Idle {
        /// Practices in the library
        #[arg(default_value_t = 100_000)]
        practices: u64,
        /// Logs that they are in
        #[arg(long, default_value_t = 200)]
        logs: usize,
        /// How long the quiet network is left alone, and then listened to
        #[arg(long, default_value_t = 5)]
        minutes: u32,
    },
    /// What the machine does at best: the same bytes over a plain stream, hashed, compressed, written and synced
    Floor {
        /// Practices whose bytes are moved
        #[arg(default_value_t = 10_000)]
        practices: u64,
    },
    /// Ours beside other systems, in one run
    Peers(Peers),
    /// Everything
    All {
        /// Practices in the library, one size after another
        #[arg(long, value_delimiter = ',', default_values_t = [1000, 10_000, 100_000])]
        sizes: Vec<u64>,
        /// How long the quiet network is left alone, and then listened to
        #[arg(long, default_value_t = 5)]
        minutes: u32,
        /// Other systems too: the folder of their harness, made ready
        #[arg(long, value_name = "DIR")]
        harness: Option<PathBuf>,
        /// Draw the figures into this folder
        #[arg(long, value_name = "DIR")]
        plots: Option<PathBuf>,
    },
    /// Draw the figures of earlier runs
    Plot {
        /// What --json wrote
        #[arg(required = true)]
        reports: Vec<PathBuf>,
        /// Where to draw them
        #[arg(long, value_name = "DIR")]
        plots: PathBuf,
    },
    /// Make the tables and pictures of the book's page anew from the figures of earlier runs
    Report {
        /// What --json wrote
        #[arg(required = true)]
        reports: Vec<PathBuf>,
        /// The page
        #[arg(long, default_value = "docs/performance.md")]
        page: PathBuf,
        /// Its pictures
        #[arg(long, value_name = "DIR", default_value = "docs/images/performance")]
        plots: PathBuf,
    },
    /// The sending process of a floor
    #[command(hide = true)]
    FloorServe(FloorServe),
    /// The receiving process of a floor
    #[command(hide = true)]
    FloorGet(FloorGet),
    /// The publishing process
    #[command(hide = true)]
    Publisher(Publisher),
}

/// The sending process of a floor.
#[derive(Debug, Args)]
pub(crate) struct FloorServe {
    #[arg(long)]
    pub(crate) listen: String,
    #[arg(long)]
    pub(crate) practices: u64,
}

/// The receiving process of a floor.
#[derive(Debug, Args)]
pub(crate) struct FloorGet {
    #[arg(long)]
    pub(crate) from: String,
    #[arg(long)]
    pub(crate) practices: u64,
    /// Hash each document, append it to this file, and sync once a batch
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
}

/// The publishing process.
#[derive(Debug, Args)]
pub(crate) struct Publisher {
    #[arg(long)]
    pub(crate) home: PathBuf,
    #[arg(long)]
    pub(crate) listen: String,
}

/// Ours beside other systems.
#[derive(Debug, Args)]
pub(crate) struct Peers {
    /// The folder of their harness, made ready; the folder that it lies in is for its data
    #[arg(long, value_name = "DIR")]
    pub(crate) harness: PathBuf,
    /// The systems, as the harness calls them
    #[arg(default_values_t = ["hypercore".to_owned(), "git".to_owned(), "rsync".to_owned()])]
    pub(crate) systems: Vec<String>,
    /// Practices in the library, one size after another
    #[arg(long, value_delimiter = ',', default_values_t = [1000, 10_000])]
    pub(crate) sizes: Vec<u64>,
    /// Only the others
    #[arg(long)]
    pub(crate) only_others: bool,
}
