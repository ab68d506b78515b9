//! What happened: the last lines of each node, for whoever has to understand a failure, and a digest of all lines, by which two
//! runs can be seen to be the same.

use std::{
    collections::VecDeque,
    fmt,
    hash::{Hash as _, Hasher},
};

use nanduti_protocol::key::PublicKey;

use super::clock::{NodeId, SECOND, Time};

/// Lines kept of each node.
const KEPT: usize = 48;

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Line {
    at: Time,
    event: u64,
    node: NodeId,
    what: What,
}

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct What {
    /// What was done.
    pub(super) verb: &'static str,
    /// More exactly.
    pub(super) word: &'static str,
    /// With whom.
    pub(super) peer: Option<NodeId>,
    /// With which log.
    pub(super) log: Option<PublicKey>,
    /// Where, or how much.
    pub(super) number: u64,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let What { verb, word, peer, log, number } = self.what;
        let (seconds, rest) = (self.at / SECOND, self.at % SECOND);
        write!(f, "{seconds:>6}.{rest:06} #{:<8} node {:<3} {verb}", self.event, self.node)?;
        if !word.is_empty() {
            write!(f, " {word}")?;
        }
        if let Some(peer) = peer {
            write!(f, " with {peer}")?;
        }
        if let Some(log) = log {
            write!(f, " log {log:?}")?;
        }
        write!(f, " ({number})")
    }
}

/// What happened so far.
#[derive(Debug)]
pub(super) struct Trace {
    digest: Fnv,
    lines: Vec<VecDeque<Line>>,
    print: Option<fn(&dyn fmt::Display)>,
}

impl Trace {
    /// Nothing yet. Lines are printed as they come if there is something to print them with.
    pub(super) fn new(nodes: usize, print: Option<fn(&dyn fmt::Display)>) -> Self {
        Self { digest: Fnv::default(), lines: vec![VecDeque::new(); nodes], print }
    }

    /// Adds a line.
    pub(super) fn note(&mut self, at: Time, event: u64, node: NodeId, what: What) {
        let line = Line { at, event, node, what };
        line.hash(&mut self.digest);
        if let Some(print) = self.print {
            print(&line);
        }
        if let Some(lines) = self.lines.get_mut(node) {
            if lines.len() == KEPT {
                lines.pop_front();
            }
            lines.push_back(line);
        }
    }

    /// The digest of all lines.
    pub(super) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// The last lines of a node.
    pub(super) fn of(&self, node: NodeId) -> impl Iterator<Item = &Line> {
        self.lines.get(node).into_iter().flatten()
    }
}

/// The hash FNV-1a: the same on every machine of one byte order, and nobody here tries to cheat it.
#[derive(Debug)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
