//! The plan: what this side will send once the comparison is over, and in which order.
//!
//! Papers of ballots come first, since they say who may speak at all; then fork proofs and evidence, since they are small and stop
//! harm; then the logs of root keys, since nothing of a
//! member can be judged before its keyring is there; then all other logs in turn, a segment of each at a time, so that one
//! long log does not keep the others waiting; then the bodies that were asked for. The plan holds names and places, never
//! content: the host reads that from its disk when there is room in the stream.

use alloc::{collections::BTreeMap, collections::BTreeSet, collections::VecDeque, vec::Vec};

use serde_bytes::ByteBuf;

use super::{HostMisuse, Message, Serve, View};
use crate::{
    ballot::{Held, Papers},
    hash::Hash,
    key::PublicKey,
    ledger::chain_held,
    limits,
};

/// What is still to be sent of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    log: PublicKey,
    from: u64,
    to: u64,
    is_root: bool,
}

/// What will be sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// Proposals about which the peer lacks papers, by roster and hash.
    ballots: VecDeque<(Hash, Hash)>,
    /// What the peer holds of ballots.
    held: Vec<Held>,
    papers: VecDeque<Papers>,
    /// How many papers may still be sent.
    papers_left: usize,
    forks: BTreeSet<PublicKey>,
    evidence: BTreeMap<PublicKey, u64>,
    roots: VecDeque<Run>,
    others: VecDeque<Run>,
    bodies: VecDeque<(PublicKey, u64)>,
    /// The run that the host is serving right now.
    serving: Option<Run>,
}

impl Plan {
    /// Plans to send what the peer lacks of ballots.
    pub(super) fn ballots(&mut self, held: Vec<Held>, view: &impl View) {
        self.ballots = view.succession().map(|ours| ours.lacking(&held)).unwrap_or_default().into();
        self.held = held;
        self.papers_left = limits::SYNC_PAPERS_MAX;
    }

    /// Plans to send our proof of a fork.
    pub(super) fn fork(&mut self, log: PublicKey) {
        if self.forks.len() < limits::SYNC_FORKS_MAX {
            self.forks.insert(log);
        }
    }

    /// Plans to show our chain from a place on.
    pub(super) fn evidence(&mut self, log: PublicKey, seq: u64) {
        self.evidence.insert(log, seq);
    }

    /// Plans to send the places from `from` to before `to`.
    pub(super) fn run(&mut self, log: PublicKey, from: u64, to: u64, is_root: bool) {
        if from < to {
            self.requeue(Run { log, from, to, is_root });
        }
    }

    /// Plans to send the bodies that the peer wants.
    pub(super) fn bodies(&mut self, wanted: Vec<(PublicKey, u64)>) {
        self.bodies = wanted.into();
    }

    /// The next thing to send. None while the host has not said how far it came with the last run, or if all is sent.
    pub(super) fn next(&mut self, view: &impl View) -> Option<Serve> {
        if self.serving.is_some() {
            return None;
        }
        if let Some(papers) = self.next_papers(view) {
            return Some(Serve::Send(Message::Papers(papers.into())));
        }
        while let Some(log) = self.forks.pop_first() {
            if let Some(proof) = view.fork_proof(&log) {
                return Some(Serve::Send(Message::Fork(ByteBuf::from(proof))));
            }
        }
        while let Some((log, seq)) = self.evidence.pop_first() {
            if let Some(chain) = chain_held(&view.networks(), &log, seq, view) {
                let entries = chain.entries().iter().cloned().map(ByteBuf::from).collect();
                return Some(Serve::Send(Message::Evidence(entries)));
            }
        }
        if let Some(run) = self.roots.pop_front().or_else(|| self.others.pop_front()) {
            self.serving = Some(run);
            return Some(Serve::Run { log: run.log, from: run.from, to: run.to });
        }
        self.bodies.pop_front().map(|(log, seq)| Serve::Body { log, seq })
    }

    /// The next papers of a ballot. What does not fit into this session waits for the next.
    fn next_papers(&mut self, view: &impl View) -> Option<Papers> {
        self.papers_left = self.papers_left.checked_sub(1)?;
        while self.papers.is_empty() {
            let (roster, proposal) = self.ballots.pop_front()?;
            self.papers = view.succession()?.papers(&roster, &proposal, &self.held).into();
        }
        self.papers.pop_front()
    }

    /// Is everything sent?
    pub(super) fn is_done(&self) -> bool {
        let ballots = (self.ballots.is_empty() && self.papers.is_empty()) || self.papers_left == 0;
        let empty = ballots
            && self.forks.is_empty()
            && self.evidence.is_empty()
            && self.roots.is_empty()
            && self.others.is_empty();
        empty && self.bodies.is_empty() && self.serving.is_none()
    }

    /// Takes note of how far the host came with the run: the place after the last entry of the segment. If it came nowhere,
    /// the log is given up. It may go past the run, up to the next anchor, where the last entry of the run does not carry its
    /// own signature.
    pub(super) fn served(&mut self, next: u64) -> Result<(), HostMisuse> {
        let run = self.serving.take().ok_or(HostMisuse::Served)?;
        if next < run.from {
            return Err(HostMisuse::Served);
        }
        if next > run.from && next < run.to {
            self.requeue(Run { from: next, ..run });
        }
        Ok(())
    }

    fn requeue(&mut self, run: Run) {
        if run.is_root { self.roots.push_back(run) } else { self.others.push_back(run) }
    }
}

/// Does the peer's head stand on what we hold? `None` if we cannot tell, since we do not hold that place.
pub(super) fn agrees(view: &impl View, log: &PublicKey, next: u64, head: &Hash) -> Option<bool> {
    match next.checked_sub(1) {
        None => Some(*head == view.network()),
        Some(last) => view.hash_at(log, last).map(|hash| hash == *head),
    }
}
