//! Doors for fuzz targets: what peers say outside of sync sessions, gossip included, and frames and segments within them.

use futures::{executor::block_on, io::Cursor};
use libp2p::{gossipsub::MessageAcceptance, identity::Keypair};
use nanduti_protocol::{
    hash::Hash,
    key::PublicKey,
    ledger::{History, Ledger},
};
use tokio::time::Instant;

pub use super::sync::fuzzing::{frames, segment};
use super::{
    addresses, exchange,
    gossip::{Gossip, Sender},
    records::Records,
};

/// Reads a list of node records, as it comes on connecting.
pub fn exchanged(stream: &[u8]) -> Option<Vec<Vec<u8>>> {
    block_on(exchange::read(&mut Cursor::new(stream))).ok()
}

/// Looks at a node record from a peer; nothing if the peer is blamed for it. What is kept is selected for others again.
pub fn node_record(network: Hash, bytes: &[u8], local: bool) -> Option<Vec<Vec<u8>>> {
    let own = PublicKey::from_bytes([0; 32]);
    let mut records = Records::new(network, own);
    records.learn(bytes, (None, local), |_| false).ok()?;
    Some(records.selection(true, &own))
}

/// Which addresses of a peer would be dialled.
pub fn usable(texts: &[String], local: bool) -> Vec<String> {
    addresses::usable(texts, local).iter().map(ToString::to_string).collect()
}

/// What becomes of a message that is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It goes on to others.
    PassedOn,
    /// It does not, and nobody is to blame.
    Ignored,
    /// It does not, and its sender is blamed.
    Rejected,
}

/// A node that listens to the gossip of one peer.
#[derive(Debug)]
pub struct Listener {
    gossip: Gossip,
    records: Records,
    from: Sender,
    now: Instant,
}

impl Listener {
    /// One that has heard nothing yet.
    pub fn new(network: Hash) -> Self {
        let (now, own) = (Instant::now(), PublicKey::from_bytes([0; 32]));
        let peer = Keypair::ed25519_from_bytes([1; 32]).expect("any seed makes a key").public().to_peer_id();
        let from = Sender { peer, local: false };
        Self { gossip: Gossip::new(now), records: Records::new(network, own), from, now }
    }

    /// Hears a message, and says for what the sender is blamed, if it is.
    pub fn hear<S: History>(&mut self, data: &[u8], state: (&Ledger, &S)) -> (Judged, Option<&'static str>) {
        let judgement = self.gossip.judge(data, self.from, state, &mut self.records, self.now);
        let judged = match judgement.acceptance {
            MessageAcceptance::Accept => Judged::PassedOn,
            MessageAcceptance::Ignore => Judged::Ignored,
            MessageAcceptance::Reject => Judged::Rejected,
        };
        (judged, judgement.fault.map(|fault| fault.name))
    }
}
