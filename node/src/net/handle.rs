//! The door to the network's task.

use std::sync::{Mutex, PoisonError};

use libp2p::{Multiaddr, PeerId};
use nanduti_protocol::key::MemberId;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::error::NetError;
use super::limits;
use crate::api::{PeerView, SyncOutcome};

/// With whom to synchronise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SyncTarget {
    /// A peer at an address that ends in `/p2p/…`.
    Address(Multiaddr),
    /// A known peer.
    Peer(PeerId),
    /// The known nodes of a member.
    Member(MemberId),
}

impl SyncTarget {
    /// Reads an address, the name of a node, or the id of a member.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return text.parse().ok().map(Self::Address);
        }
        let member = || MemberId::parse(text).ok().map(Self::Member);
        text.parse().ok().map(Self::Peer).or_else(member)
    }
}

/// What the network can be asked.
#[derive(Debug)]
pub(super) enum Command {
    /// List the peers.
    Peers { reply: oneshot::Sender<Vec<PeerView>> },
    /// Remember a peer and connect to it.
    Add { address: Multiaddr, reply: oneshot::Sender<Result<(), NetError>> },
    /// Refuse a peer, or allow it again.
    Block { peer: PeerId, block: bool, reply: oneshot::Sender<Result<(), NetError>> },
    /// Synchronise now.
    Sync { target: Option<SyncTarget>, reply: oneshot::Sender<Result<Vec<SyncOutcome>, NetError>> },
    /// What was refused, by reason.
    Refused { reply: oneshot::Sender<Vec<(String, u64)>> },
    /// Stop.
    Stop,
}

/// A handle on the running network.
#[derive(Debug)]
pub(crate) struct NetworkHandle {
    pub(super) own: PeerId,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) addresses: watch::Receiver<Vec<Multiaddr>>,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests wait for it"))]
    pub(super) connected: watch::Receiver<usize>,
    pub(super) task: Mutex<Option<JoinHandle<()>>>,
}

impl NetworkHandle {
    /// This node's name on the network.
    pub(crate) fn peer_id(&self) -> PeerId {
        self.own
    }

    /// Where this node listens, each address with its name.
    pub(crate) fn addresses(&self) -> Vec<Multiaddr> {
        let with_name = |address: &Multiaddr| address.clone().with(libp2p::multiaddr::Protocol::P2p(self.own));
        self.addresses.borrow().iter().map(with_name).collect()
    }

    /// Waits, for a moment, until the addresses are known on which it listens. Those of every interface of the machine are
    /// asked of the system, which takes a little.
    pub(crate) async fn listening(&self) {
        let mut addresses = self.addresses.clone();
        // Without an address to listen on there will be none: that is for the caller to notice.
        drop(tokio::time::timeout(limits::STOP, addresses.wait_for(|addresses| !addresses.is_empty())).await);
    }

    /// The number of connected peers as it changes.
    #[cfg(test)]
    pub(crate) fn watch_connected(&self) -> watch::Receiver<usize> {
        self.connected.clone()
    }

    /// All peers that are known, by name.
    ///
    /// # Errors
    /// If the network has stopped.
    pub(crate) async fn peers(&self) -> Result<Vec<PeerView>, NetError> {
        self.ask(|reply| Command::Peers { reply }).await
    }

    /// Remembers a peer and connects to it.
    ///
    /// # Errors
    /// If the address names no peer, or cannot be remembered.
    pub(crate) async fn add_peer(&self, address: Multiaddr) -> Result<(), NetError> {
        self.ask(|reply| Command::Add { address, reply }).await?
    }

    /// Refuses a peer, or allows it again.
    ///
    /// # Errors
    /// If that cannot be remembered.
    pub(crate) async fn block(&self, peer: PeerId, block: bool) -> Result<(), NetError> {
        self.ask(|reply| Command::Block { peer, block, reply }).await?
    }

    /// Synchronises with one, or with all that are connected or were named, and returns when it is done.
    ///
    /// # Errors
    /// If there is nobody to synchronise with.
    pub(crate) async fn sync_now(&self, target: Option<SyncTarget>) -> Result<Vec<SyncOutcome>, NetError> {
        self.ask(|reply| Command::Sync { target, reply }).await?
    }

    /// What was refused since the start, by reason.
    ///
    /// # Errors
    /// If the network has stopped.
    pub(crate) async fn refused(&self) -> Result<Vec<(String, u64)>, NetError> {
        self.ask(|reply| Command::Refused { reply }).await
    }

    /// Closes all connections and stops. Later calls fail with [`NetError::Stopped`].
    pub(crate) async fn stop(&self) {
        // A task that is gone already has stopped.
        drop(self.commands.send(Command::Stop).await);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && task.await.is_err_and(|error| error.is_panic())
        {
            tracing::error!("the network's task ended in a panic");
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, NetError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| NetError::Stopped)?;
        answer.await.map_err(|_| NetError::Stopped)
    }
}
