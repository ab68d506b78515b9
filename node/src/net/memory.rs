//! What the network remembers over a restart, in `local/`: peers that the operator added or blocked, and node records.
//!
//! What the operator said is flushed before it is acknowledged. Node records are hints: a task of its own writes them, and
//! when it has too much to do, they are not written.

use libp2p::{Multiaddr, PeerId};
use nanduti_protocol::cbor;
use nanduti_protocol::key::PublicKey;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::limits;

/// The tree of peers that the operator named.
const PEERS: &str = "peers";
/// The tree of node records.
const RECORDS: &str = "node-records";

/// A peer that the operator named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedPeer {
    /// Refused?
    pub(super) blocked: bool,
    /// Ways to it, without `/p2p/…`.
    pub(super) addresses: Vec<String>,
}

impl NamedPeer {
    /// The addresses that are still addresses.
    pub(super) fn ways(&self) -> Vec<Multiaddr> {
        self.addresses.iter().filter_map(|text| text.parse().ok()).collect()
    }
}

/// What is remembered.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    peers: sled::Tree,
    records: mpsc::Sender<(PublicKey, Option<Vec<u8>>)>,
}

/// What was remembered at the start.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    pub(super) peers: Vec<(PeerId, NamedPeer)>,
    pub(super) records: Vec<Vec<u8>>,
}

impl Memory {
    /// Opens the trees and reads them. The task that writes records ends when the memory is dropped.
    pub(super) fn open(local: &sled::Db) -> sled::Result<(Self, Remembered, JoinHandle<()>)> {
        let (peers, records) = (local.open_tree(PEERS)?, local.open_tree(RECORDS)?);
        let mut remembered = Remembered::default();
        for pair in &peers {
            let (key, value) = pair?;
            // What cannot be read any more is as good as forgotten.
            if let (Ok(peer), Ok(named)) = (PeerId::from_bytes(&key), cbor::decode(&value)) {
                remembered.peers.push((peer, named));
            }
        }
        for pair in records.iter().take(limits::NODE_RECORDS) {
            remembered.records.push(pair?.1.to_vec());
        }
        let (sender, queue) = mpsc::channel(limits::COMMANDS);
        let writer = tokio::spawn(write_records(records, queue));
        Ok((Self { peers, records: sender }, remembered, writer))
    }

    /// Changes what is remembered of a peer, durably. Blocks on the disk.
    pub(super) fn change(&self, peer: &PeerId, change: impl FnOnce(&mut NamedPeer)) -> sled::Result<()> {
        let key = peer.to_bytes();
        let known = self.peers.get(&key)?.and_then(|value| cbor::decode(&value).ok());
        let mut named: NamedPeer = known.unwrap_or_default();
        change(&mut named);
        named.addresses.truncate(limits::ADDRESSES_PER_PEER);
        if named == NamedPeer::default() {
            self.peers.remove(&key)?;
        } else {
            self.peers.insert(key, cbor::encode(&named))?;
        }
        self.peers.flush().map(|_| ())
    }

    /// Remembers a record, or forgets it, if there is time.
    pub(super) fn note_record(&self, key: PublicKey, record: Option<Vec<u8>>) {
        // Full means that the disk is slower than the gossip: then it will be heard again.
        drop(self.records.try_send((key, record)));
    }
}

async fn write_records(tree: sled::Tree, mut queue: mpsc::Receiver<(PublicKey, Option<Vec<u8>>)>) {
    let mut batch = Vec::new();
    while queue.recv_many(&mut batch, limits::COMMANDS).await > 0 {
        let (tree, changes) = (tree.clone(), std::mem::take(&mut batch));
        let write = move || -> sled::Result<()> {
            for (key, record) in changes {
                match record {
                    Some(record) => tree.insert(key.as_bytes(), record)?,
                    None => tree.remove(key.as_bytes())?,
                };
            }
            tree.flush().map(|_| ())
        };
        match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "node records could not be written"),
            Err(_) => return,
        }
    }
}
