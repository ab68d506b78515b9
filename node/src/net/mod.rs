//! The network of a node: everything between the durable core and the wire.
//!
//! ```text
//!            commands                  events (a log grew, a fork, authority)
//! operator ───────────→ ┌──────────┐ ←────────────────────────────────── core
//!                       │ one task │ ──→ gossip (announce), sessions (pull, compare), dials
//! libp2p's swarm ─────→ └──────────┘ ←── reports of sessions and exchanges
//! ```
//!
//! One task owns the swarm and all that is decided: whom to dial ([`dialer`]), whom to synchronise with ([`sync`]), what to
//! pass on ([`gossip`]), whom to refuse ([`blame`]). It never waits for a peer or a disk: sessions and exchanges are tasks of
//! their own that report back. Every queue is bounded ([`limits`]).
//!
//! Invariants: nothing is announced or served that is not durable; gossip is a hint, and everything arrives without it; a
//! peer is blamed only for what it could have checked; a member's or a named peer is never refused for long.
//!
//! Absent: WebSocket, relays, hole punching and signed frontiers, which come later.

mod addresses;
mod behaviour;
mod blame;
mod commands;
mod compression;
mod dialer;
mod error;
mod events;
mod exchange;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod gate;
mod gossip;
mod handle;
mod limits;
mod memory;
mod muxer;
mod news;
mod places;
mod rate;
mod records;
mod reports;
mod slots;
mod streams;
mod sync;
mod task;
#[cfg(test)]
mod tests;

use std::sync::Mutex;

use libp2p::Multiaddr;
use tokio::sync::{mpsc, watch};

pub(crate) use error::NetError;
pub(crate) use handle::{NetworkHandle, SyncTarget};

use crate::config;
use crate::core::Core;
use crate::keys::NodeKey;

/// What the network needs to know beside the core.
#[derive(Debug, Clone)]
pub(crate) struct NetworkOptions {
    /// Section `[network]` of the configuration.
    pub(crate) config: config::Network,
    /// Addresses of the ticket by which the node joined.
    pub(crate) ticket: Vec<Multiaddr>,
    /// Threads for verifying and compressing.
    pub(crate) verifiers: usize,
}

/// The network of a node.
#[derive(Debug)]
pub(crate) struct Network;

impl Network {
    /// Starts it. Has to be called on a tokio runtime. What listens on a plain address is known when it returns; the addresses
    /// behind one that means every one of the machine's follow a moment later ([`NetworkHandle::listening`]).
    ///
    /// # Errors
    /// If no address can be listened on, or `local/` cannot be read.
    pub(crate) fn start(core: Core, key: &NodeKey, options: NetworkOptions) -> Result<NetworkHandle, NetError> {
        let network = core.snapshot().ledger.network();
        let swarm = behaviour::swarm(key.keypair(), &network, &options.config)?;
        let (commands, received) = mpsc::channel(limits::COMMANDS);
        let (told, addresses) = watch::channel(Vec::new());
        let (count, connected) = watch::channel(0);
        let own = key.peer_id();
        let task = task::Task::new(swarm, core, key.clone(), options, task::Ends { commands: received, told, count })?;
        let task = tokio::spawn(task.run());
        Ok(NetworkHandle { own, commands, addresses, connected, task: Mutex::new(Some(task)) })
    }
}
