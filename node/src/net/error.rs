//! Why the network did not do what it was asked.

use libp2p::{Multiaddr, PeerId};

/// Why the network did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetError {
    /// The transports could not be made.
    #[error("cannot set up the network: {0}")]
    Transport(String),
    /// None of the addresses can be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// One of them.
        address: Multiaddr,
        /// Why not.
        reason: String,
    },
    /// The address does not say which peer is there.
    #[error("the address {0} does not end in /p2p/ and the name of the node, or cannot be reached by this node")]
    Address(Multiaddr),
    /// The node cannot be its own peer.
    #[error("{0} is this node itself")]
    Own(PeerId),
    /// Nothing is known of the peer.
    #[error("no address is known of {0}")]
    UnknownPeer(PeerId),
    /// No peer is connected, and none could be reached.
    #[error("no peer could be reached")]
    NoPeers,
    /// `local/` failed.
    #[error("cannot remember this")]
    Store(#[from] sled::Error),
    /// The network has stopped.
    #[error("the network has stopped")]
    Stopped,
}
