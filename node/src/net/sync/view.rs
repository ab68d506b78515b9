//! What a session sees of the node: one snapshot, and what was wanted when it began.

use std::sync::Arc;

use nanduti_protocol::ballot::Succession;
use nanduti_protocol::frontier::Frontier;
use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::ledger::History;
use nanduti_protocol::networks::Networks;
use nanduti_protocol::sync::View;

use crate::core::Snapshot;

/// A snapshot as a session sees it.
#[derive(Debug, Clone)]
pub(super) struct SessionView {
    snapshot: Arc<Snapshot>,
    wanted: Vec<(PublicKey, u64)>,
}

impl SessionView {
    /// A snapshot, and the bodies wanted.
    pub(super) fn new(snapshot: Arc<Snapshot>, wanted: Vec<(PublicKey, u64)>) -> Self {
        Self { snapshot, wanted }
    }
}

impl History for SessionView {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.snapshot.hash_at(log, seq)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.snapshot.entry_at(log, seq)
    }
}

impl View for SessionView {
    fn network(&self) -> Hash {
        self.snapshot.ledger.network()
    }

    fn networks(&self) -> Networks {
        self.snapshot.ledger.networks().clone()
    }

    fn succession(&self) -> Option<&Succession> {
        self.snapshot.ledger.succession()
    }

    fn frontier(&self) -> &Frontier {
        &self.snapshot.frontier
    }

    fn is_root(&self, log: &PublicKey) -> bool {
        self.snapshot.ledger.authority().is_some_and(|authority| authority.member_by_root(log).is_some())
    }

    fn fork_proof(&self, log: &PublicKey) -> Option<Vec<u8>> {
        self.snapshot.ledger.fork_to_show(log, &*self.snapshot).map(nanduti_protocol::fork::ForkProof::encode)
    }

    fn wanted(&self) -> Vec<(PublicKey, u64)> {
        self.wanted.clone()
    }
}
