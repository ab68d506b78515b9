//! What sessions and exchanges report, and whom it puts in what light.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use libp2p::PeerId;
use libp2p::swarm::Stream;
use nanduti_protocol::key::PublicKey;
use tokio::time::Instant;

use super::blame::Fault;
use super::exchange::{ExchangeError, exchange};
use super::limits;
use super::records::{Learnt, key_of};
use super::sync::{Ended, Role, SessionError, SessionReport};
use super::task::{Task, jitter};
use crate::core::CoreError;

/// Something that ran beside the task has ended.
#[derive(Debug)]
pub(super) enum Report {
    /// A session.
    Session(SessionReport),
    /// What ran has panicked: a session, if it says who began it.
    Panicked {
        /// With whom.
        peer: PeerId,
        /// Who began the session.
        role: Option<Role>,
    },
    /// Node records are to be exchanged again.
    ExchangeDue(PeerId),
    /// An exchange of node records.
    Exchange {
        /// With whom.
        peer: PeerId,
        /// What was heard.
        heard: Result<Vec<Vec<u8>>, ExchangeError>,
    },
    /// News that came with its body was taken in, or not.
    News {
        /// From whom.
        peer: PeerId,
        /// Whose.
        log: PublicKey,
        /// Why not.
        failed: Option<CoreError>,
    },
}

impl Task {
    /// Runs something with a peer beside the task, and hears of its end, also if that is a panic: no place is held for ever.
    pub(super) fn report_when_done(
        &mut self,
        (peer, role): (PeerId, Option<Role>),
        work: impl Future<Output = Report> + Send + 'static,
    ) {
        let reports = self.reports.0.clone();
        self.jobs.spawn(async move {
            let done = AssertUnwindSafe(work).catch_unwind().await;
            let report = done.unwrap_or(Report::Panicked { peer, role });
            // Nobody listens any more only when the network stops.
            drop(reports.send(report).await);
        });
    }

    /// Acts on a report.
    pub(super) fn on_report(&mut self, report: Report) {
        match report {
            Report::Session(report) => self.on_session(&report),
            Report::Panicked { peer, role } => {
                tracing::error!(%peer, "what was done with a peer ended in a panic");
                if let Some(role) = role {
                    self.free_place(&peer, &role, Ended::Badly, Instant::now());
                }
            }
            Report::ExchangeDue(peer) => {
                if self.connected.contains_key(&peer) {
                    self.begin_exchange(peer);
                }
            }
            Report::Exchange { peer, heard: Ok(records) } => self.on_records(peer, &records),
            Report::Exchange { peer, heard: Err(ExchangeError::Fault(fault)) } => {
                self.blame_peer(peer, fault, "exchange of node records");
            }
            Report::Exchange { peer, heard: Err(error) } => tracing::debug!(%peer, %error, "no node records exchanged"),
            Report::News { failed: None, .. } => {}
            Report::News { peer, log, failed: Some(error) } => {
                tracing::debug!(%peer, %log, %error, "news was not taken in as it came");
                self.schedule.want_log(&peer, log);
            }
        }
    }

    /// Answers a session that a peer began, unless that is too much: then the stream is closed unread, which says "busy".
    pub(super) fn answer_session(&mut self, peer: PeerId, stream: Stream, now: Instant) {
        if !self.connected.contains_key(&peer) {
            return;
        }
        let trusted = self.is_trusted(&peer);
        let rate = self.session_rate.take(&peer, now);
        let room = rate && !self.schedule.is_at_work(&peer, now);
        let Some(give_way) = room.then(|| self.slots.take(peer, trusted, now)).flatten() else {
            self.blame.count("busy");
            return;
        };
        let session = self.sessions.clone().answer(peer, stream, give_way);
        self.report_when_done((peer, Some(Role::Responder)), async move { Report::Session(session.await) });
    }

    fn on_session(&mut self, report: &SessionReport) {
        let (peer, now) = (report.peer, Instant::now());
        for note in &report.notes {
            self.blame.count(note);
        }
        // Of a peer that is gone nothing is remembered: names are free.
        if let Some(digest) = report.peer_digest.filter(|_| self.connected.contains_key(&peer)) {
            self.digests.insert(peer, digest);
        }
        log_session(report);
        let equal = self.is_equal(&peer);
        let moved = report.received + report.sent > 0;
        let ended = if report.error.is_none() { Ended::Well { moved, equal } } else { Ended::Badly };
        self.free_place(&peer, &report.role, ended, now);
        match &report.error {
            Some(SessionError::Fault(fault, what)) => self.blame_peer(peer, *fault, what),
            Some(SessionError::OtherNetwork) => self.part_with_stranger(peer, now),
            Some(SessionError::NothingNew) => self.blame_peer(peer, Fault::NOTHING_NEW, "sends nothing new"),
            Some(SessionError::GaveWay) => self.blame.count("gave-way"),
            Some(SessionError::Local(error)) => tracing::warn!(%peer, %error, "a synchronisation was broken off here"),
            _ => {}
        }
        match (&report.error, &report.role) {
            (Some(error), Role::Initiator(_)) if error.is_silence() => self.doubt_connection(&peer, now),
            // It spoke, and then no more: that says nothing of the connection.
            (Some(error), Role::Responder) if error.is_silence() => {}
            _ => self.schedule.heard(&peer),
        }
        self.note_waiting(report, equal);
    }

    fn free_place(&mut self, peer: &PeerId, role: &Role, ended: Ended, now: Instant) {
        match role {
            Role::Initiator(job) => {
                self.begun.remove(peer);
                self.schedule.ended(peer, job, ended, now, jitter());
            }
            Role::Responder => {
                self.slots.release(peer);
                if ended != Ended::Badly {
                    self.schedule.answered(peer, ended, now, jitter());
                }
            }
        }
    }

    /// A peer did not answer a session of ours. If that has been so for long, and it has none with us either, nobody is there
    /// any more: it is dialled anew.
    fn doubt_connection(&mut self, peer: &PeerId, now: Instant) {
        let silent = self.schedule.unanswered(peer, now);
        let over_tcp = self.connected.get(peer).is_some_and(|connected| connected.over_tcp);
        if silent >= limits::SILENCE && over_tcp && !self.slots.is_held(peer) {
            tracing::debug!(%peer, "does not answer: its connections are given up");
            // An error means that it is not connected, which is what we want.
            let _ = self.swarm.disconnect_peer_id(*peer);
        }
    }

    fn on_records(&mut self, peer: PeerId, records: &[Vec<u8>]) {
        let Some(local) = self.connected.get(&peer).map(|connected| connected.local) else { return };
        let snapshot = self.core.snapshot();
        let authority = snapshot.ledger.authority();
        let is_member = |key: &PublicKey| authority.is_some_and(|authority| authority.member_of_node(key).is_some());
        let learnt: Vec<Result<Learnt, Fault>> =
            records.iter().map(|record| self.records.learn(record, (peer, local), is_member)).collect();
        for learnt in learnt {
            match learnt {
                Ok(Learnt::New(node, ways)) => {
                    self.learn_node(node, ways);
                    self.tell_of(peer, node);
                }
                Ok(Learnt::Nothing) => {}
                Err(fault) => self.blame_peer(peer, fault, "node record"),
            }
        }
    }

    /// A peer told of itself: the others may want to know it too. Strangers' records are not told on again, or they would go
    /// round for ever.
    fn tell_of(&mut self, peer: PeerId, node: PeerId) {
        if peer == node
            && self.options.config.gossip
            && let Some(record) = self.records.bytes(&node)
        {
            self.gossip.tell_of_node(record, Instant::now());
        }
    }

    /// The records to tell a peer: our own, then others.
    pub(super) fn records_for(&self, peer: &PeerId) -> Vec<Vec<u8>> {
        let local = self.connected.get(peer).is_some_and(|connected| connected.local);
        let from = key_of(peer).unwrap_or(PublicKey::from_bytes([0; 32]));
        let own = self.own_record.iter().map(|(_, bytes)| bytes.clone());
        own.chain(self.records.selection(local, &from)).collect()
    }

    /// Exchanges node records over a stream.
    pub(super) fn run_exchange(&mut self, peer: PeerId, stream: Stream, we_begin: bool) {
        let ours = self.records_for(&peer);
        self.report_when_done((peer, None), async move {
            Report::Exchange { peer, heard: exchange(stream, ours, we_begin).await }
        });
    }

    /// Is the peer's digest equal to ours, as far as it is known?
    pub(super) fn is_equal(&self, peer: &PeerId) -> bool {
        self.digests.get(peer) == Some(&self.core.snapshot().digest)
    }

    /// Counts a fault, and refuses the peer if it was one too many.
    pub(super) fn blame_peer(&mut self, peer: PeerId, fault: Fault, what: &str) {
        let now = Instant::now();
        let trusted = self.is_trusted(&peer);
        let verdict = self.blame.record(peer, fault, trusted, now);
        if verdict.log {
            tracing::warn!(%peer, fault = fault.name, what, "a peer did something wrong");
        }
        if let Some(ban) = verdict.ban {
            tracing::warn!(%peer, seconds = ban.as_secs(), "a peer is refused for a while");
            self.refuse(peer);
        }
        self.tell_score(&peer);
    }

    /// Refuses a peer: its connections are closed and no new ones made.
    pub(super) fn refuse(&mut self, peer: PeerId) {
        self.swarm.behaviour_mut().blocked.block_peer(peer);
        // An error means that it is not connected, which is what we want.
        let _ = self.swarm.disconnect_peer_id(peer);
    }

    /// A peer of another network did nothing wrong, but there is nothing to talk about.
    fn part_with_stranger(&mut self, peer: PeerId, now: Instant) {
        self.blame.count("other-network");
        let trusted = self.dialer.is_named(&peer);
        if trusted {
            tracing::warn!(%peer, "a peer that was named belongs to another network");
        }
        self.blame.part_with(peer, if trusted { limits::BAN_TRUSTED } else { limits::BAN_FIRST }, now);
        self.refuse(peer);
    }
}

fn log_session(report: &SessionReport) {
    let SessionReport { peer, received, sent, bytes_in, bytes_out, .. } = report;
    let milliseconds = u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX);
    match &report.error {
        None => {
            tracing::debug!(%peer, received, sent, bytes_in, bytes_out, milliseconds, equal = report.equal, "synchronised");
        }
        Some(error) => {
            tracing::debug!(%peer, received, sent, bytes_in, bytes_out, milliseconds, %error, "a synchronisation ended early");
        }
    }
}
