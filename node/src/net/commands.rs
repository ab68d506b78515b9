//! What the operator asks, and the synchronisations that he waits for.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::addresses::{is_dialable, split_peer};
use super::dialer::Source;
use super::error::NetError;
use super::handle::{Command, SyncTarget};
use super::sync::{Job, Role, SessionError, SessionReport};
use super::task::Task;
use crate::api::{PeerView, SyncOutcome};

/// How long a peer may take to be reached.
const REACH: Duration = Duration::from_secs(20);
/// Comparisons until two nodes that others keep changing are let go as they are.
const ROUNDS: u32 = 4;

/// A synchronisation that somebody waits for.
#[derive(Debug)]
pub(super) struct Waiting {
    peers: BTreeMap<PeerId, Progress>,
    reply: oneshot::Sender<Result<Vec<SyncOutcome>, NetError>>,
}

#[derive(Debug)]
struct Progress {
    outcome: SyncOutcome,
    rounds: u32,
    /// A peer that is not connected by then is given up.
    reach_by: Instant,
    asked: bool,
    done: bool,
}

impl Task {
    /// Does what was asked.
    pub(super) fn on_command(&mut self, command: Command) {
        match command {
            Command::Peers { reply } => drop(reply.send(self.list_peers())),
            Command::Refused { reply } => drop(reply.send(self.blame.refused())),
            Command::Add { address, reply } => self.add_peer(&address, reply),
            Command::Block { peer, block, reply } => self.block_peer(peer, block, reply),
            Command::Sync { target, reply } => match self.targets(target) {
                Ok(peers) => self.wait_for(&peers, reply),
                Err(error) => drop(reply.send(Err(error))),
            },
            Command::Stop => self.stopping = true,
        }
        self.mark_trusted();
    }

    fn add_peer(&mut self, address: &Multiaddr, reply: oneshot::Sender<Result<(), NetError>>) {
        let (peer, way) = match self.reachable(address) {
            Ok(found) => found,
            Err(error) => return drop(reply.send(Err(error))),
        };
        self.dialer.learn(peer, vec![way.clone()], Source::Named, Instant::now());
        let (memory, way) = (self.memory.peers(), way.to_string());
        self.jobs.spawn(async move {
            let write = move || {
                memory.change(&peer, |named| {
                    named.addresses.retain(|known| *known != way);
                    named.addresses.insert(0, way);
                })
            };
            answer_when_written(tokio::task::spawn_blocking(write), reply).await;
        });
    }

    fn block_peer(&mut self, peer: PeerId, block: bool, reply: oneshot::Sender<Result<(), NetError>>) {
        if peer == self.key.peer_id() {
            return drop(reply.send(Err(NetError::Own(peer))));
        }
        if block {
            self.blocked.insert(peer);
            self.refuse(peer);
        } else {
            self.blocked.remove(&peer);
            self.blame.forgive(&peer);
            self.swarm.behaviour_mut().blocked.unblock_peer(peer);
        }
        let memory = self.memory.peers();
        self.jobs.spawn(async move {
            let write = move || memory.change(&peer, |named| named.blocked = block);
            answer_when_written(tokio::task::spawn_blocking(write), reply).await;
        });
    }

    fn reachable(&self, address: &Multiaddr) -> Result<(PeerId, Multiaddr), NetError> {
        let (peer, way) = split_peer(address).ok_or_else(|| NetError::Address(address.clone()))?;
        if peer == self.key.peer_id() {
            return Err(NetError::Own(peer));
        }
        if is_dialable(&way) { Ok((peer, way)) } else { Err(NetError::Address(address.clone())) }
    }

    fn targets(&mut self, target: Option<SyncTarget>) -> Result<Vec<PeerId>, NetError> {
        let peers: Vec<PeerId> = match target {
            Some(SyncTarget::Address(address)) => {
                let (peer, way) = self.reachable(&address)?;
                self.dialer.learn(peer, vec![way], Source::Named, Instant::now());
                vec![peer]
            }
            Some(SyncTarget::Peer(peer)) => {
                if !self.connected.contains_key(&peer) && self.dialer.addresses(&peer).is_empty() {
                    return Err(NetError::UnknownPeer(peer));
                }
                vec![peer]
            }
            Some(SyncTarget::Member(member)) => {
                let known = self.dialer.peers().chain(self.connected.keys());
                let mut peers: Vec<PeerId> =
                    known.filter(|peer| self.member_of(peer).as_ref() == Some(&member)).copied().collect();
                peers.sort_unstable();
                peers.dedup();
                peers
            }
            None => {
                let named =
                    self.dialer.peers().filter(|peer| self.dialer.is_named(peer) && !self.blocked.contains(peer));
                let mut peers: Vec<PeerId> = named.chain(self.connected.keys()).copied().collect();
                peers.sort_unstable();
                peers.dedup();
                peers
            }
        };
        if peers.is_empty() { Err(NetError::NoPeers) } else { Ok(peers) }
    }

    fn wait_for(&mut self, peers: &[PeerId], reply: oneshot::Sender<Result<Vec<SyncOutcome>, NetError>>) {
        let now = Instant::now();
        let progress = |peer: &PeerId| {
            let member = self.member_of(peer).map(|member| member.to_string());
            let outcome = SyncOutcome {
                peer: peer.to_string(),
                member,
                received: 0,
                sent: 0,
                bytes_in: 0,
                bytes_out: 0,
                elapsed_ms: 0,
                equal: false,
                error: None,
            };
            (*peer, Progress { outcome, rounds: 0, reach_by: now + REACH, asked: false, done: false })
        };
        let peers: BTreeMap<PeerId, Progress> = peers.iter().map(progress).collect();
        for peer in peers.keys() {
            self.dialer.hurry(peer, now);
        }
        self.waiting.push(Waiting { peers, reply });
    }

    /// A session has ended: perhaps somebody waited for it.
    pub(super) fn note_waiting(&mut self, report: &SessionReport, equal: bool) {
        if !matches!(report.role, Role::Initiator(Job::Full)) {
            return;
        }
        let now = Instant::now();
        for waiting in &mut self.waiting {
            let Some(progress) =
                waiting.peers.get_mut(&report.peer).filter(|progress| progress.asked && !progress.done)
            else {
                continue;
            };
            // A busy peer is asked again when it has rested, as long as there is time.
            if matches!(report.error, Some(SessionError::Busy)) && now < progress.reach_by {
                continue;
            }
            progress.rounds += 1;
            let outcome = &mut progress.outcome;
            outcome.received += report.received;
            outcome.sent += report.sent;
            outcome.bytes_in += report.bytes_in;
            outcome.bytes_out += report.bytes_out;
            outcome.elapsed_ms += u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX);
            outcome.equal = equal;
            outcome.error = report.error.as_ref().map(ToString::to_string);
            progress.done = equal || progress.rounds >= ROUNDS;
            if !progress.done {
                self.schedule.want_now(&report.peer, now);
            }
        }
    }

    /// A dial of a peer failed: nobody need wait for it any longer.
    pub(super) fn give_up_waiting(&mut self, peer: &PeerId, reason: &str) {
        for waiting in &mut self.waiting {
            if let Some(progress) = waiting.peers.get_mut(peer).filter(|progress| !progress.done) {
                progress.outcome.error = Some(format!("could not be reached: {reason}"));
                progress.done = true;
            }
        }
    }

    /// Asks the peers that became reachable, gives up those that did not, and replies where all is done.
    pub(super) fn settle_waiting(&mut self, now: Instant) {
        for waiting in &mut self.waiting {
            for (peer, progress) in waiting.peers.iter_mut().filter(|(_, progress)| !progress.done) {
                if self.connected.contains_key(peer) {
                    if !std::mem::replace(&mut progress.asked, true) {
                        self.schedule.want_now(peer, now);
                    }
                } else if progress.asked {
                    progress.outcome.error.get_or_insert_with(|| {
                        "the connection was lost; does that node belong to this network?".into()
                    });
                    progress.done = true;
                } else if progress.reach_by <= now || self.blocked.contains(peer) {
                    let blocked = self.blocked.contains(peer);
                    let why = if blocked {
                        "is blocked here; `nanduti peer allow` allows it"
                    } else {
                        "could not be reached in time"
                    };
                    progress.outcome.error = Some(why.into());
                    progress.done = true;
                }
            }
        }
        let finished =
            |waiting: &mut Waiting| waiting.peers.values().all(|progress| progress.done) || waiting.reply.is_closed();
        for waiting in self.waiting.extract_if(.., finished) {
            let outcomes = waiting.peers.into_values().map(|progress| progress.outcome).collect();
            drop(waiting.reply.send(Ok(outcomes)));
        }
    }

    fn list_peers(&mut self) -> Vec<PeerView> {
        let now = Instant::now();
        let mut peers: Vec<PeerId> =
            self.dialer.peers().chain(self.connected.keys()).chain(&self.blocked).copied().collect();
        peers.sort_unstable();
        peers.dedup();
        let view = |peer: PeerId| PeerView {
            peer: peer.to_string(),
            member: self.member_of(&peer).map(|member| member.to_string()),
            addresses: self.dialer.addresses(&peer).iter().map(Multiaddr::to_string).collect(),
            connected: self.connected.contains_key(&peer),
            blocked: self.blocked.contains(&peer) || self.blame.is_banned(&peer, now),
            #[expect(clippy::cast_possible_truncation, reason = "scores are small")]
            score: self.blame.score(&peer, now).round() as i64,
            faults: self.blame.faults(&peer),
            last_sync: self.schedule.last_sync(&peer).map(rfc3339),
            equal: self.digests.contains_key(&peer).then(|| self.is_equal(&peer)),
        };
        peers.into_iter().map(view).collect()
    }
}

async fn answer_when_written(
    written: tokio::task::JoinHandle<sled::Result<()>>,
    reply: oneshot::Sender<Result<(), NetError>>,
) {
    let result = match written.await {
        Ok(result) => result.map_err(NetError::from),
        Err(_) => Err(NetError::Stopped),
    };
    drop(reply.send(result));
}

fn rfc3339(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| format!("{time:.0}")).unwrap_or_default()
}
