//! A node in memory: a ledger, and the runs of every log. It admits what the disk of a real one would.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use crate::{
    ballot::{Papers, Succession},
    chain::Chain,
    entry::Entry,
    fork::ForkProof,
    frontier::Frontier,
    hash::Hash,
    key::PublicKey,
    ledger::{Admission, History, Ledger, Refusal},
    networks::{NetworkOf, Networks},
    run::{ReceivedRun, push_item},
    sync::View,
};

/// An entry that is held.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) entry: Vec<u8>,
    pub(super) body: Option<Vec<u8>>,
    hash: Hash,
}

impl Held {
    pub(super) fn new(entry: Vec<u8>, body: Option<Vec<u8>>) -> Self {
        let hash = Hash::of(&entry);
        Self { entry, body, hash }
    }
}

#[derive(Clone, Default)]
pub(super) struct Store(BTreeMap<PublicKey, Vec<Held>>);

impl Store {
    fn at(&self, log: &PublicKey, seq: u64) -> Option<&Held> {
        self.0.get(log)?.get(usize::try_from(seq).ok()?)
    }
}

impl History for Store {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.at(log, seq).map(|held| held.hash)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.at(log, seq).map(|held| held.entry.clone())
    }
}

#[derive(Clone)]
pub(super) struct Node {
    pub(super) ledger: Ledger,
    pub(super) store: Store,
    pub(super) refusals: Vec<Refusal>,
}

impl Node {
    pub(super) fn new(network: Hash) -> Self {
        Self { ledger: Ledger::new(network), store: Store::default(), refusals: Vec::new() }
    }

    pub(super) fn frontier(&self) -> Frontier {
        self.ledger.frontier(&self.store)
    }

    /// Takes in items of one log, as if they came from the author.
    pub(super) fn take(&mut self, items: &[Held]) {
        let mut bytes = Vec::new();
        for item in items {
            push_item(&mut bytes, &item.entry, item.body.as_deref());
        }
        if !bytes.is_empty() {
            self.receive(bytes);
        }
    }

    /// A segment that arrived. Refusals are noted; whatever blames the sender is a failure of the test.
    pub(super) fn receive(&mut self, bytes: Vec<u8>) {
        let run = ReceivedRun::receive(bytes).expect("honest nodes send runs");
        let run = run.verify(self.ledger.networks()).expect("honest nodes end at an anchor");
        match self.ledger.admit(run, &self.store) {
            Ok(Admission::Appended(admitted)) => {
                let run = admitted.run();
                let held = self.store.0.entry(run.log()).or_default();
                assert_eq!(held.len() as u64, run.first_seq(), "a run continues what is held");
                held.extend(
                    run.items().iter().map(|item| {
                        Held::new(run.entry_bytes(item).to_vec(), run.body_bytes(item).map(<[u8]>::to_vec))
                    }),
                );
            }
            Ok(Admission::Known | Admission::Forked(_)) => {}
            Err(refusal) => {
                assert!(!refusal.blames_peer(), "{refusal}");
                self.refusals.push(refusal);
            }
        }
    }

    pub(super) fn fork(&mut self, proof: &ForkProof) {
        self.ledger.learn_fork(proof);
    }

    pub(super) fn papers(&mut self, papers: &Papers) {
        self.ledger.take_papers(papers, &self.store).expect("an honest peer's, about a roster that is known");
    }

    pub(super) fn evidence(&mut self, chain: &Chain) {
        if let Some(proof) = self.ledger.contradicts(chain, &self.store) {
            self.ledger.learn_fork(&proof);
        }
    }

    pub(super) fn body(&mut self, log: &PublicKey, seq: u64, bytes: Vec<u8>) {
        let place = usize::try_from(seq).expect("small");
        let held = self.store.0.get_mut(log).and_then(|items| items.get_mut(place)).expect("asked for");
        let entry = Entry::decode(&held.entry).expect("held");
        assert!(entry.statement.body.is_of(&bytes));
        held.body = Some(bytes);
    }

    /// Loses a body.
    pub(super) fn lose_body(&mut self, log: &PublicKey, seq: usize) {
        self.store.0.get_mut(log).expect("held")[seq].body = None;
    }

    pub(super) fn missing(&self) -> BTreeSet<(PublicKey, u64)> {
        let places =
            |items: &Vec<Held>| (0_u64..).zip(items.iter().map(|held| held.body.is_none())).collect::<Vec<_>>();
        let missing = |(log, items)| places(items).into_iter().filter(|place| place.1).map(move |place| (log, place.0));
        self.store.0.iter().flat_map(missing).map(|(log, seq): (&PublicKey, u64)| (*log, seq)).collect()
    }

    pub(super) fn view(&self) -> Snapshot {
        Snapshot { node: self.clone(), frontier: self.frontier() }
    }
}

/// A node as it was when a session began.
#[derive(Clone)]
pub(super) struct Snapshot {
    node: Node,
    frontier: Frontier,
}

impl Snapshot {
    /// A segment of at most about `target` bytes up to `to`, at least one entry, carried on to the next anchor; and the place
    /// after it.
    pub(super) fn segment(&self, log: &PublicKey, from: u64, to: u64, target: usize) -> (Vec<u8>, u64) {
        let mut bytes = Vec::new();
        let mut next = from;
        let mut anchored = false;
        while !anchored || next < to && bytes.len() < target {
            let held = self.node.store.at(log, next).expect("planned, so held, and what is held ends at an anchor");
            push_item(&mut bytes, &held.entry, held.body.as_deref());
            anchored =
                Entry::decode(&held.entry).is_ok_and(|entry| entry.verify(&self.networks().network_of(log)).is_ok());
            next += 1;
        }
        (bytes, next)
    }

    pub(super) fn body(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.node.store.at(log, seq)?.body.clone()
    }
}

impl History for Snapshot {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.node.store.hash_at(log, seq)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.node.store.entry_at(log, seq)
    }
}

impl View for Snapshot {
    fn network(&self) -> Hash {
        self.node.ledger.network()
    }

    fn networks(&self) -> Networks {
        self.node.ledger.networks().clone()
    }

    fn succession(&self) -> Option<&Succession> {
        self.node.ledger.succession()
    }

    fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    fn is_root(&self, log: &PublicKey) -> bool {
        self.node.ledger.authority().is_some_and(|authority| authority.member_by_root(log).is_some())
    }

    fn fork_proof(&self, log: &PublicKey) -> Option<Vec<u8>> {
        self.node.ledger.fork_to_show(log, &self.node.store).map(ForkProof::encode)
    }

    fn wanted(&self) -> Vec<(PublicKey, u64)> {
        self.node.missing().into_iter().collect()
    }
}
