//! When a node synchronises with whom: a small model of `net/sync/schedule.rs` of the node, with its rules and its figures.
//!
//! On a connection that it made, on a timer that slows down while nothing happens, when gossip shows something new, and soon
//! again after a session that left the two unequal. After a failure the peer rests.

use std::collections::{BTreeMap, BTreeSet};

use nanduti_protocol::{key::PublicKey, limits, testing::Dice};

use super::clock::{MILLISECOND, NodeId, SECOND, Time};

/// The usual time between two comparisons with one peer.
pub(super) const INTERVAL: Time = 60 * SECOND;
/// Sessions that a node begins at a time, and that it answers at a time.
pub(super) const SESSIONS: usize = 4;
/// The timer of a quiet peer is stretched by two to this power at most.
const STRETCH: u32 = 3;

/// What a session is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Job {
    /// Compare everything.
    Full,
    /// Ask for these logs.
    Pull(BTreeSet<PublicKey>),
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Well { moved: bool, equal: bool },
    Badly,
}

/// Whether a session of ours with a peer runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Running {
    #[default]
    No,
    Yes,
    /// Its connection is gone: how it ends says nothing of the peer.
    Orphaned,
}

#[derive(Debug, Default)]
struct Peer {
    connected: bool,
    running: Running,
    full: bool,
    logs: BTreeSet<PublicKey>,
    timer: Time,
    rests_until: Time,
    failures: u32,
    quiet: u32,
}

/// The sessions that a node begins.
#[derive(Debug, Default)]
pub(super) struct Schedule(BTreeMap<NodeId, Peer>);

impl Schedule {
    pub(super) fn connected(&mut self, peer: NodeId, we_dialled: bool, now: Time, dice: &mut Dice) {
        let timer = now + between(dice, INTERVAL / 2, 3 * INTERVAL / 2);
        if self.is_connected(peer) {
            return;
        }
        let running = self.0.remove(&peer).map(|before| before.running).unwrap_or_default();
        let fresh = Peer { connected: true, running, full: we_dialled, timer, rests_until: now, ..Peer::default() };
        self.0.insert(peer, fresh);
    }

    /// A session that still runs holds its place until it ends.
    pub(super) fn disconnected(&mut self, id: NodeId) {
        let Some(peer) = self.0.get_mut(&id) else { return };
        peer.connected = false;
        if peer.running == Running::No {
            self.0.remove(&id);
        } else {
            peer.running = Running::Orphaned;
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The peers connected.
    pub(super) fn peers(&self) -> impl Iterator<Item = NodeId> {
        self.0.iter().filter(|(_, peer)| peer.connected).map(|(id, _)| *id)
    }

    pub(super) fn is_connected(&self, peer: NodeId) -> bool {
        self.0.get(&peer).is_some_and(|peer| peer.connected)
    }

    pub(super) fn want_full_soon(&mut self, peer: NodeId, when: Time) {
        if let Some(peer) = self.0.get_mut(&peer) {
            peer.timer = peer.timer.min(when);
        }
    }

    pub(super) fn want_log(&mut self, peer: NodeId, log: PublicKey) {
        if let Some(peer) = self.0.get_mut(&peer) {
            if peer.logs.len() < limits::SYNC_PULL_MAX {
                peer.logs.insert(log);
            } else {
                peer.full = true;
            }
        }
    }

    /// The sessions to begin now.
    pub(super) fn due(&mut self, now: Time, dice: &mut Dice) -> Vec<(NodeId, Job)> {
        let mut room = SESSIONS.saturating_sub(self.0.values().filter(|peer| peer.running != Running::No).count());
        let mut jobs = Vec::new();
        for (id, peer) in &mut self.0 {
            if peer.timer <= now {
                peer.full = true;
                peer.timer = now + peer.pause(dice);
            }
            let wanted = peer.connected && (peer.full || !peer.logs.is_empty());
            if room == 0 || peer.running != Running::No || !wanted || peer.rests_until > now {
                continue;
            }
            room -= 1;
            peer.running = Running::Yes;
            let logs = std::mem::take(&mut peer.logs);
            jobs.push((*id, if std::mem::take(&mut peer.full) { Job::Full } else { Job::Pull(logs) }));
        }
        jobs
    }

    /// A session that this node began has ended.
    pub(super) fn ended(&mut self, id: NodeId, job: &Job, ended: Ended, now: Time, dice: &mut Dice) {
        let Some(peer) = self.0.get_mut(&id) else { return };
        let orphaned = std::mem::take(&mut peer.running) == Running::Orphaned;
        if !peer.connected {
            self.0.remove(&id);
        }
        if orphaned {
            if ended == Ended::Badly {
                self.ask_another(id, job);
            }
            return;
        }
        let Some(peer) = self.0.get_mut(&id) else { return };
        match ended {
            Ended::Well { moved, equal } => {
                peer.failures = 0;
                peer.quiet = if equal && !moved { peer.quiet + 1 } else { 0 };
                if moved && !equal {
                    peer.hasten(now, dice);
                }
                peer.full |= matches!(job, Job::Pull(_)) && !moved && !equal;
            }
            Ended::Badly => {
                peer.failures += 1;
                peer.full = true;
                let rest = ((250 * MILLISECOND) << peer.failures.min(8)).min(INTERVAL);
                peer.rests_until = now + between(dice, rest / 2, rest);
                self.ask_another(id, job);
            }
        }
    }

    fn ask_another(&mut self, id: NodeId, job: &Job) {
        let idle = |peer: &Peer| peer.connected && peer.running == Running::No && peer.failures == 0;
        let other = self.0.iter_mut().find(|(other, peer)| **other != id && idle(peer));
        if let (Some((_, other)), Job::Pull(_)) = (other, job) {
            other.full = true;
        }
    }

    /// A session that the peer began has ended well.
    pub(super) fn answered(&mut self, id: NodeId, (moved, equal): (bool, bool), now: Time, dice: &mut Dice) {
        let Some(peer) = self.0.get_mut(&id) else { return };
        peer.rests_until = peer.rests_until.min(now);
        match (moved, equal) {
            (true, false) => peer.hasten(now, dice),
            (false, true) => {
                peer.quiet += 1;
                peer.timer = now + peer.pause(dice);
            }
            _ => {}
        }
    }

    /// Something became durable here.
    pub(super) fn moved(&mut self, now: Time) {
        for peer in self.0.values_mut().filter(|peer| peer.quiet > 0) {
            peer.quiet = 0;
            peer.timer = peer.timer.min(now + INTERVAL);
        }
    }

    /// When something is due, at the earliest.
    pub(super) fn next_due(&self) -> Option<Time> {
        let waiting = self.0.values().filter(|peer| peer.running == Running::No);
        let due = |peer: &Peer| if peer.full || !peer.logs.is_empty() { peer.rests_until } else { peer.timer };
        waiting.map(due).min()
    }

    /// Logs that wait to be pulled, of the peer that has most.
    pub(super) fn most_pulls(&self) -> usize {
        self.0.values().map(|peer| peer.logs.len()).max().unwrap_or(0)
    }
}

impl Peer {
    fn pause(&self, dice: &mut Dice) -> Time {
        let stretched = INTERVAL << self.quiet.min(STRETCH);
        between(dice, stretched * 3 / 4, stretched * 5 / 4)
    }

    fn hasten(&mut self, now: Time, dice: &mut Dice) {
        self.timer = self.timer.min(now + between(dice, SECOND / 2, 3 * SECOND / 2));
    }
}

/// A time from `low` to before `high`.
pub(super) fn between(dice: &mut Dice, low: Time, high: Time) -> Time {
    low + dice.roll() % high.saturating_sub(low).max(1)
}
