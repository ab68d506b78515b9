//! Why the network did not do what it was asked.

use std::error::Error;

use libp2p::{Multiaddr, PeerId, swarm::DialError};

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

/// Why a peer was not reached, in a few words: the transports wrap the one reason into several layers that repeat it.
pub(super) fn why_not_reached(error: &DialError) -> String {
    match error {
        DialError::Transport(tried) => {
            let mut reasons: Vec<String> = tried.iter().map(|(_, error)| innermost(error)).collect();
            reasons.sort_unstable();
            reasons.dedup();
            reasons.join("; ")
        }
        DialError::WrongPeerId { .. } => "another node answers at this address".to_owned(),
        other => other.to_string(),
    }
}

/// The last reason in a chain that says anything.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut last = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let text = error.to_string();
        if !text.trim().is_empty() {
            last = text;
        }
        below = error.source();
    }
    // A wrapped choice between transports lists its reasons, the last one last.
    last.rsplit(": ").next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::io;

    use libp2p::TransportError;

    use super::*;

    #[test]
    fn one_reason_is_said_once() {
        let refused = || io::Error::other("several failed: - refused (os error 111): refused (os error 111)");
        let address: Multiaddr = "/ip4/127.0.0.1/tcp/9".parse().unwrap();
        let tried =
            vec![(address.clone(), TransportError::Other(refused())), (address, TransportError::Other(refused()))];
        assert_eq!(why_not_reached(&DialError::Transport(tried)), "refused (os error 111)");
    }
}
