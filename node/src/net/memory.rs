//! What the network remembers over a restart, in `local/`: peers that the operator added or blocked, and node records.
//!
//! What the operator said is flushed before it is acknowledged. Node records are hints: a task of its own writes them, and
//! when it has too much to do, they are not written. What is to be forgotten is never left out: it waits for its turn, and no
//! new record is written meanwhile, so that the disk never holds more than the memory does and a little.

use std::collections::BTreeSet;

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
#[derive(Debug)]
pub(super) struct Memory {
    peers: Peers,
    records: mpsc::Sender<(PublicKey, Option<Vec<u8>>)>,
    /// The records on the disk, or on their way to it.
    stored: BTreeSet<PublicKey>,
    /// Of those the ones that are to be forgotten, as soon as there is room in the queue.
    owed: Vec<PublicKey>,
}

/// What is remembered of peers that the operator named.
#[derive(Debug, Clone)]
pub(super) struct Peers(sled::Tree);

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
        let (mut stored, mut owed) = (BTreeSet::new(), Vec::new());
        for pair in &records {
            let (key, value) = pair?;
            let Ok(key) = <[u8; 32]>::try_from(key.as_ref()) else { continue };
            let key = PublicKey::from_bytes(key);
            stored.insert(key);
            if remembered.records.len() < limits::NODE_RECORDS {
                remembered.records.push(value.to_vec());
            } else {
                owed.push(key);
            }
        }
        let (sender, queue) = mpsc::channel(limits::COMMANDS);
        let writer = tokio::spawn(write_records(records, queue));
        Ok((Self { peers: Peers(peers), records: sender, stored, owed }, remembered, writer))
    }

    /// The door to what is remembered of peers.
    pub(super) fn peers(&self) -> Peers {
        self.peers.clone()
    }

    /// Remembers a record, if there is time.
    pub(super) fn note_record(&mut self, key: PublicKey, record: Vec<u8>) {
        // Full means that the disk is slower than the gossip: then it will be heard again.
        if self.settle() && self.records.try_send((key, Some(record))).is_ok() {
            self.stored.insert(key);
            self.owed.retain(|owed| *owed != key);
        }
    }

    /// Forgets a record, at the latest before the next one is remembered.
    pub(super) fn forget_record(&mut self, key: PublicKey) {
        if self.stored.contains(&key) && !self.owed.contains(&key) {
            self.owed.push(key);
        }
        self.settle();
    }

    /// Sends what is to be forgotten. False if not all of it found room.
    fn settle(&mut self) -> bool {
        while let Some(key) = self.owed.last() {
            if self.records.try_send((*key, None)).is_err() {
                return false;
            }
            self.stored.remove(key);
            self.owed.pop();
        }
        true
    }
}

impl Peers {
    /// Changes what is remembered of a peer, durably. Blocks on the disk.
    pub(super) fn change(&self, peer: &PeerId, change: impl FnOnce(&mut NamedPeer)) -> sled::Result<()> {
        let key = peer.to_bytes();
        let known = self.0.get(&key)?.and_then(|value| cbor::decode(&value).ok());
        let mut named: NamedPeer = known.unwrap_or_default();
        change(&mut named);
        named.addresses.truncate(limits::ADDRESSES_PER_PEER);
        if named == NamedPeer::default() {
            self.0.remove(&key)?;
        } else {
            self.0.insert(key, cbor::encode(&named))?;
        }
        self.0.flush().map(|_| ())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_of_records_leaves_no_more_on_the_disk_than_is_held() {
        let folder = tempfile::tempdir().expect("a folder");
        let local = sled::open(folder.path()).expect("a database");
        let (mut memory, _, writer) = Memory::open(&local).expect("empty");
        let key =
            |number: u32| PublicKey::from_bytes(*nanduti_protocol::hash::Hash::of(&number.to_be_bytes()).as_bytes());
        // Ten are held; each new one pushes the oldest out, faster than the disk is, and now and then the disk comes after.
        for number in 0..2000 {
            memory.note_record(key(number), vec![1; 100]);
            if let Some(old) = number.checked_sub(10) {
                memory.forget_record(key(old));
            }
            if number % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
        memory.note_record(key(5000), vec![1]);
        drop(memory);
        writer.await.expect("it ends");
        let left = local.open_tree(RECORDS).expect("a tree").len();
        assert!(left <= limits::COMMANDS + 10, "{left} records on the disk");
    }
}
