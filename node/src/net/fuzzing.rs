//! Doors for fuzz targets: what peers say outside of sync sessions, and frames and segments within them.

use futures::{executor::block_on, io::Cursor};
use nanduti_protocol::{hash::Hash, key::PublicKey};

pub use super::sync::fuzzing::{frames, segment};
use super::{addresses, exchange, records::Records};

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
