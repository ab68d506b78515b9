//! What the operator may choose.
//!
//! A value comes from the last of these that has it: the default, `HOME/config.toml`, the environment variable
//! `NANDUTI_<SECTION>_<KEY>`, `--set section.key=value`. The environment is an argument, so that tests need none.
//!
//! Invariants: every key stands once in the table of [`settings`], which is what all three sources are read by; an
//! unknown key, section or `NANDUTI_` variable is an error, since a misspelt one would be obeyed by nobody and noticed
//! by nobody; all mistakes are reported at once, each with the place it was made in; a [`Config`] is within its bounds.
//!
//! Absent: secrets (they are files of their own, or asked for) and anything that the network decides for its members.

mod addresses;
mod error;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod layers;
mod nearest;
mod settings;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use libp2p::Multiaddr;
use serde::Serialize;

use crate::home::Home;

pub use error::{ConfigError, ConfigProblem, Origin};

/// Everything that can be configured, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Config {
    /// Other nodes.
    pub network: Network,
    /// The web pages.
    pub web: Web,
    /// The disk.
    pub storage: Storage,
    /// What the node says.
    pub log: Log,
    /// Threads.
    pub runtime: Runtime,
}

/// Section `[network]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Where other nodes can reach this one.
    pub listen: Vec<Multiaddr>,
    /// Addresses to announce in addition.
    pub external: Vec<Multiaddr>,
    /// Nodes to stay connected to; each address ends in `/p2p/…`.
    pub peers: Vec<Multiaddr>,
    /// Whether news is spread at once.
    pub gossip: bool,
    /// Whether to look for nodes on the local network.
    pub mdns: bool,
    /// The most connections at a time.
    pub max_connections: u32,
    /// The most synchronisations at a time.
    pub max_sync_sessions: usize,
    /// How often to synchronise with every connected node.
    pub sync_interval_s: u64,
}

/// Section `[web]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Web {
    /// Whether to serve pages.
    pub enabled: bool,
    /// Where.
    pub listen: SocketAddr,
}

/// Section `[storage]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Storage {
    /// Memory for the index.
    pub index_cache_mib: u64,
    /// Below this much free space the node stops writing.
    pub min_free_mib: u64,
}

/// Section `[log]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Log {
    /// How much to say.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
}

/// Section `[runtime]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Runtime {
    /// Threads of the asynchronous runtime; 0 is one for each core.
    pub worker_threads: usize,
    /// Threads that check signatures; 0 is one for each core.
    pub verify_threads: usize,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// And what may need somebody.
    Warn,
    /// And what happens.
    Info,
    /// And why.
    Debug,
    /// And everything else.
    Trace,
}

/// The form of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text, with colour on a terminal.
    Auto,
    /// Text, never with colour.
    Human,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The configuration of a home, with the environment of this process and the `--set` pairs of its command line.
    pub fn load(home: &Home, sets: &[(String, String)]) -> Result<Self, ConfigError> {
        Self::load_with(home, std::env::vars_os(), sets)
    }

    /// The same with another environment.
    pub fn load_with(
        home: &Home,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        sets: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let path = home.config_file();
        let file = layers::read_file(&path)?;
        let file = file.as_deref().map(|text| (path.as_path(), text));
        layers::resolve(file, environment, sets)
    }

    /// A `config.toml` that shows every key, its meaning and its default, and changes nothing.
    pub fn template() -> &'static str {
        include_str!("template.toml")
    }
}

impl Network {
    /// How often to synchronise with every connected node.
    pub fn sync_interval(&self) -> Duration {
        Duration::from_secs(self.sync_interval_s)
    }
}

impl Storage {
    /// Memory for the index, in bytes.
    pub fn index_cache_bytes(&self) -> u64 {
        self.index_cache_mib * 1024 * 1024
    }

    /// The free space below which the node stops writing, in bytes.
    pub fn min_free_bytes(&self) -> u64 {
        self.min_free_mib * 1024 * 1024
    }
}

impl Runtime {
    /// The number of threads of the asynchronous runtime.
    pub fn workers(&self) -> NonZeroUsize {
        or_cores(self.worker_threads)
    }

    /// The number of threads that check signatures.
    pub fn verifiers(&self) -> NonZeroUsize {
        or_cores(self.verify_threads)
    }
}

fn or_cores(threads: usize) -> NonZeroUsize {
    // Without word from the system one thread is always right, only slow.
    NonZeroUsize::new(threads).unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
}

impl Default for Network {
    fn default() -> Self {
        Self {
            listen: addresses::default_listen(),
            external: Vec::new(),
            peers: Vec::new(),
            gossip: true,
            mdns: false,
            max_connections: 256,
            max_sync_sessions: 8,
            sync_interval_s: 60,
        }
    }
}

impl Default for Web {
    fn default() -> Self {
        Self { enabled: true, listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)) }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self { index_cache_mib: 16, min_free_mib: 64 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Auto }
    }
}

#[cfg(test)]
mod tests;
