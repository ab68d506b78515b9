//! When to synchronise with whom.
//!
//! Reasons: a connection that we made, the timer, gossip that shows something new, and the operator. Requests to one peer are
//! merged: while a session runs, whatever is wanted of that peer waits and becomes one session afterwards. After a failure
//! the peer rests for a while; what was wanted of it is then asked of others too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use libp2p::PeerId;
use nanduti_protocol::key::PublicKey;
use tokio::time::Instant;

use super::super::limits;
use super::super::slots::fair;

/// What a session is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Job {
    /// Compare everything.
    Full,
    /// Ask for these logs at once.
    Pull(Vec<PublicKey>),
}

/// How a session ended, as far as the schedule cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Ended {
    /// Well.
    Well {
        /// Did anything go over the wire?
        moved: bool,
        /// Are both sides equal now, as far as we know?
        equal: bool,
    },
    /// Not; the peer was busy or the connection went.
    Badly,
}

/// A session of ours.
#[derive(Debug, Clone, Copy)]
struct Running {
    since: Instant,
    /// Its connection is gone: how it ends says nothing of the peer.
    orphaned: bool,
}

#[derive(Debug)]
struct Peer {
    /// While a session runs on, a peer whose connection is gone keeps its place.
    connected: bool,
    running: Option<Running>,
    /// A member's node, or one that the operator named?
    trusted: bool,
    /// When the last session began: who waits longest comes first.
    begun: Option<Instant>,
    /// Since when our sessions get no answer.
    silent_since: Option<Instant>,
    full: bool,
    logs: BTreeSet<PublicKey>,
    timer: Instant,
    rests_until: Instant,
    failures: u32,
    /// Comparisons in a row that found both sides equal.
    quiet: u32,
    last_sync: Option<SystemTime>,
}

/// The sessions that we begin.
#[derive(Debug)]
pub(in super::super) struct Schedule {
    interval: Duration,
    max: usize,
    /// May the timer be stretched while nothing happens? Only gossip makes that safe.
    stretch: bool,
    peers: BTreeMap<PeerId, Peer>,
}

impl Schedule {
    /// Sessions every `interval` with each peer, at most `max` at a time; more rarely while nothing happens, if `stretch`.
    pub(in super::super) fn new(interval: Duration, max: usize, stretch: bool) -> Self {
        Self { interval, max: max.max(1), stretch, peers: BTreeMap::new() }
    }

    /// A peer is connected. Who dialled begins at once; the other side waits for its timer. `jitter` is from 0 to 1.
    pub(in super::super) fn connected(&mut self, peer: PeerId, we_dialled: bool, now: Instant, jitter: f64) {
        if self.peers.get(&peer).is_some_and(|peer| peer.connected) {
            return;
        }
        let running = self.peers.remove(&peer).and_then(|before| before.running);
        let fresh = Peer {
            connected: true,
            running,
            trusted: false,
            begun: None,
            silent_since: None,
            full: we_dialled,
            logs: BTreeSet::new(),
            timer: now + self.interval.mul_f64(0.5 + jitter),
            rests_until: now,
            failures: 0,
            quiet: 0,
            last_sync: None,
        };
        self.peers.insert(peer, fresh);
    }

    /// Takes note of whether a peer is a member's node, or named: those come first, and strangers hold half of the places at
    /// most.
    pub(in super::super) fn trust(&mut self, peer: &PeerId, trusted: bool) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.trusted = trusted;
        }
    }

    /// The last connection to a peer is gone. A session that still runs, perhaps since the disk is slow, holds its place until it
    /// ends, whether the peer comes again or not.
    pub(in super::super) fn disconnected(&mut self, id: &PeerId) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        peer.connected = false;
        match &mut peer.running {
            Some(running) => running.orphaned = true,
            None => drop(self.peers.remove(id)),
        }
    }

    /// Everything is to be compared with a peer, but not at once.
    pub(in super::super) fn want_full_soon(&mut self, peer: &PeerId, when: Instant) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.timer = peer.timer.min(when);
        }
    }

    /// The operator wants it now, whatever happened before.
    pub(in super::super) fn want_now(&mut self, peer: &PeerId, now: Instant) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.full = true;
            peer.rests_until = now;
        }
    }

    /// A log is to be pulled from a peer.
    pub(in super::super) fn want_log(&mut self, peer: &PeerId, log: PublicKey) {
        if let Some(peer) = self.peers.get_mut(peer) {
            if peer.logs.len() < limits::PULL_LOGS {
                peer.logs.insert(log);
            } else {
                peer.full = true;
            }
        }
    }

    /// The sessions to begin now. `jitter` is from 0 to 1.
    pub(in super::super) fn due(&mut self, now: Instant, jitter: f64) -> Vec<(PeerId, Job)> {
        for peer in self.peers.values_mut().filter(|peer| peer.timer <= now) {
            peer.full = true;
            peer.timer = now + peer.pause(self.interval, self.stretch, jitter);
        }
        let (mut trusted, mut strangers) = (0, 0);
        for peer in self.peers.values().filter(|peer| peer.running.is_some()) {
            *(if peer.trusted { &mut trusted } else { &mut strangers }) += 1;
        }
        let mut room = self.max.saturating_sub(trusted + strangers);
        // A trusted peer finds a place whatever strangers hold.
        room = if trusted == 0 { room.max(1) } else { room };
        let most_strangers = self.max.div_ceil(2);
        let mut due: Vec<_> = self.peers.iter_mut().filter(|(_, peer)| peer.is_due(now)).collect();
        due.sort_by_key(|(_, peer)| (!peer.trusted, peer.begun));
        let mut jobs = Vec::new();
        for (id, peer) in due {
            if room == 0 || !peer.trusted && (strangers >= most_strangers || trusted + strangers >= self.max) {
                continue;
            }
            room -= 1;
            *(if peer.trusted { &mut trusted } else { &mut strangers }) += 1;
            peer.running = Some(Running { since: now, orphaned: false });
            peer.begun = Some(now);
            let logs = std::mem::take(&mut peer.logs);
            let job = if std::mem::take(&mut peer.full) { Job::Full } else { Job::Pull(logs.into_iter().collect()) };
            jobs.push((*id, job));
        }
        jobs
    }

    /// The peers whose session has taken longer than is fair while others of their kind wait for one.
    pub(in super::super) fn overdue(&self, now: Instant) -> Vec<PeerId> {
        let waits = |trusted| self.peers.values().any(|peer| peer.trusted == trusted && peer.is_due(now));
        let waiting = [waits(false), waits(true)];
        let overdue = |peer: &Peer| {
            let fair = fair(peer.trusted);
            let waiting = waiting.get(usize::from(peer.trusted)).copied().unwrap_or_default();
            waiting && peer.running.is_some_and(|running| running.lasted(now) >= fair)
        };
        self.peers.iter().filter(|(_, peer)| overdue(peer)).map(|(id, _)| *id).collect()
    }

    /// A session that we began has ended. `jitter` is from 0 to 1.
    pub(in super::super) fn ended(&mut self, id: &PeerId, job: &Job, ended: Ended, now: Instant, jitter: f64) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        let orphaned = peer.running.take().is_some_and(|running| running.orphaned);
        if !peer.connected {
            self.peers.remove(id);
        }
        if orphaned {
            if ended == Ended::Badly {
                self.ask_another(id, job);
            }
            return;
        }
        let Some(peer) = self.peers.get_mut(id) else { return };
        match ended {
            Ended::Well { moved, equal } => {
                peer.failures = 0;
                peer.last_sync = Some(SystemTime::now());
                peer.quiet = if equal && !moved { peer.quiet.saturating_add(1) } else { 0 };
                if moved && !equal {
                    peer.hasten(now, jitter);
                }
                // What was announced did not come by asking for it: the logs may contradict each other.
                peer.full |= matches!(job, Job::Pull(_)) && !moved && !equal;
            }
            Ended::Badly => {
                peer.failures = peer.failures.saturating_add(1);
                peer.full = true;
                let rest = Duration::from_millis(250).saturating_mul(1 << peer.failures.min(8));
                peer.rests_until = now + rest.min(self.interval).mul_f64(0.5 + 0.5 * jitter);
                self.ask_another(id, job);
            }
        }
    }

    /// What was to be pulled from a peer and did not come is asked of another.
    fn ask_another(&mut self, id: &PeerId, job: &Job) {
        let idle = |peer: &Peer| peer.connected && peer.running.is_none() && peer.failures == 0;
        let other = self.peers.iter_mut().find(|(other, peer)| *other != id && idle(peer));
        if let (Some((_, other)), Job::Pull(_)) = (other, job) {
            other.full = true;
        }
    }

    /// A session that the peer began has ended well. If it left the two unequal, as far as we know, they are compared soon.
    pub(in super::super) fn answered(&mut self, id: &PeerId, ended: Ended, now: Instant, jitter: f64) {
        let (Some(peer), Ended::Well { moved, equal }) = (self.peers.get_mut(id), ended) else { return };
        peer.last_sync = Some(SystemTime::now());
        peer.rests_until = peer.rests_until.min(now);
        match (moved, equal) {
            (true, false) => peer.hasten(now, jitter),
            // They have just been compared: no need for us to do so again so soon.
            (false, true) => {
                peer.quiet = peer.quiet.saturating_add(1);
                peer.timer = now + peer.pause(self.interval, self.stretch, jitter);
            }
            _ => {}
        }
    }

    /// Something became durable here: the peers are compared with again within the interval.
    pub(in super::super) fn moved(&mut self, now: Instant) {
        let soon = now + self.interval;
        for peer in self.peers.values_mut().filter(|peer| peer.quiet > 0) {
            peer.quiet = 0;
            peer.timer = peer.timer.min(soon);
        }
    }

    /// When something is due, at the earliest.
    pub(in super::super) fn next_due(&self) -> Option<Instant> {
        let waiting = self.peers.values().filter(|peer| peer.running.is_none());
        waiting.map(|peer| if peer.full || !peer.logs.is_empty() { peer.rests_until } else { peer.timer }).min()
    }

    /// Has a session of ours with a peer been running for a while? Another one beside it would bring once more what is on its
    /// way already, which a thin line cannot afford. Two that both sides began at the same moment are let be.
    pub(in super::super) fn is_at_work(&self, peer: &PeerId, now: Instant) -> bool {
        let running = self.peers.get(peer).and_then(|peer| peer.running);
        running.is_some_and(|running| !running.orphaned && running.lasted(now) > limits::AT_WORK)
    }

    /// A session of ours with a peer got no answer: for how long has that been so?
    pub(in super::super) fn unanswered(&mut self, peer: &PeerId, now: Instant) -> Duration {
        self.peers.get_mut(peer).map_or(Duration::ZERO, |peer| {
            let began = peer.begun.unwrap_or(now);
            now.saturating_duration_since(*peer.silent_since.get_or_insert(began))
        })
    }

    /// Something came from a peer.
    pub(in super::super) fn heard(&mut self, peer: &PeerId) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.silent_since = None;
        }
    }

    /// When the last session with a peer ended well.
    pub(in super::super) fn last_sync(&self, peer: &PeerId) -> Option<SystemTime> {
        self.peers.get(peer)?.last_sync
    }
}

impl Running {
    fn lasted(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }
}

impl Peer {
    /// Is a session with it to begin as soon as there is a place?
    fn is_due(&self, now: Instant) -> bool {
        self.connected && self.running.is_none() && (self.full || !self.logs.is_empty()) && self.rests_until <= now
    }

    /// How long to wait for the next comparison: longer, the longer nothing happened.
    fn pause(&self, interval: Duration, stretch: bool, jitter: f64) -> Duration {
        let factor = if stretch { 1 << self.quiet.min(limits::STRETCH) } else { 1 };
        interval.saturating_mul(factor).mul_f64(0.75 + 0.5 * jitter)
    }

    /// Brings the timer forward.
    fn hasten(&mut self, now: Instant, jitter: f64) {
        self.timer = self.timer.min(now + limits::CONFIRM.mul_f64(0.5 + jitter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(byte: u8) -> PublicKey {
        PublicKey::from_bytes([byte; 32])
    }

    #[test]
    fn announcements_become_one_pull_while_one_runs() {
        let now = Instant::now();
        let peer = PeerId::random();
        let mut schedule = Schedule::new(Duration::from_secs(60), 4, true);
        schedule.connected(peer, false, now, 0.5);
        assert!(schedule.due(now, 0.5).is_empty(), "the other side dialled and begins");
        schedule.want_log(&peer, log(1));
        assert_eq!(schedule.due(now, 0.5), [(peer, Job::Pull(vec![log(1)]))]);
        for byte in [2, 3, 2, 3] {
            schedule.want_log(&peer, log(byte));
        }
        assert!(schedule.due(now, 0.5).is_empty(), "one at a time");
        schedule.ended(&peer, &Job::Pull(vec![log(1)]), Ended::Well { moved: true, equal: true }, now, 0.5);
        assert_eq!(schedule.due(now, 0.5), [(peer, Job::Pull(vec![log(2), log(3)]))]);
    }

    #[test]
    fn a_failed_pull_is_made_up_for_with_another_peer() {
        let now = Instant::now();
        let (one, two) = (PeerId::random(), PeerId::random());
        let mut schedule = Schedule::new(Duration::from_secs(60), 4, true);
        schedule.connected(one, false, now, 0.5);
        schedule.connected(two, false, now, 0.5);
        schedule.want_log(&one, log(1));
        let job = schedule.due(now, 0.5).remove(0).1;
        schedule.ended(&one, &job, Ended::Badly, now, 1.0);
        assert_eq!(schedule.due(now, 0.5), [(two, Job::Full)]);
        assert_eq!(schedule.due(now + Duration::from_secs(1), 0.5), [(one, Job::Full)]);
    }

    #[test]
    fn sessions_are_bounded_and_the_timer_comes_round() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Duration::from_secs(60), 2, true);
        for _ in 0..5 {
            let peer = PeerId::random();
            schedule.connected(peer, true, now, 0.0);
            schedule.trust(&peer, true);
        }
        let first = schedule.due(now, 0.0);
        assert_eq!(first.len(), 2);
        assert!(schedule.due(now, 0.0).is_empty());
        for (peer, job) in &first {
            schedule.ended(peer, job, Ended::Well { moved: false, equal: true }, now, 0.0);
            assert!(schedule.last_sync(peer).is_some());
        }
        assert_eq!(schedule.due(now, 0.0).len(), 2);
        assert!(schedule.next_due().is_some_and(|due| due <= now + Duration::from_secs(90)));
    }

    #[test]
    fn strangers_hold_half_of_the_places_and_members_come_first() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Duration::from_secs(60), 4, true);
        for _ in 0..100 {
            schedule.connected(PeerId::random(), true, now, 0.0);
        }
        let held = schedule.due(now, 0.0);
        assert_eq!(held.len(), 2, "strangers");
        let members: Vec<PeerId> = (0..3).map(|_| PeerId::random()).collect();
        for member in &members {
            schedule.connected(*member, true, now, 0.0);
            schedule.trust(member, true);
        }
        let begun = schedule.due(now, 0.0);
        assert_eq!(begun.len(), 2);
        assert!(begun.iter().all(|(peer, _)| members.contains(peer)));
        assert!(schedule.overdue(now + limits::FAIR / 2).is_empty());
        let mut overdue = schedule.overdue(now + limits::FAIR);
        overdue.sort_unstable();
        let mut holders: Vec<PeerId> = held.iter().map(|(peer, _)| *peer).collect();
        holders.sort_unstable();
        assert_eq!(overdue, holders, "other strangers wait; a member has longer");
        assert_eq!(schedule.overdue(now + limits::FAIR_TRUSTED).len(), 4);
        // Whoever has been served waits behind those who have not.
        let (first, job) = &held[0];
        schedule.ended(first, job, Ended::Well { moved: false, equal: false }, now, 0.0);
        schedule.want_now(first, now);
        let (member, job) = &begun[0];
        schedule.ended(member, job, Ended::Well { moved: false, equal: true }, now, 0.0);
        let next: Vec<PeerId> = schedule.due(now, 0.0).into_iter().map(|(peer, _)| peer).collect();
        assert_eq!(next.len(), 2, "the third member, and a stranger");
        assert!(members.contains(&next[0]) && !members.contains(&next[1]) && next[1] != *first);
    }

    #[test]
    fn the_timer_slows_down_while_nothing_happens_and_comes_back() {
        let start = Instant::now();
        let peer = PeerId::random();
        for (stretch, expected) in [(true, 10..20), (false, 55..65)] {
            let mut schedule = Schedule::new(Duration::from_secs(60), 2, stretch);
            schedule.connected(peer, false, start, 0.5);
            let mut sessions = 0;
            for second in 0..3600 {
                let now = start + Duration::from_secs(second);
                for (peer, job) in schedule.due(now, 0.5) {
                    sessions += 1;
                    schedule.ended(&peer, &job, Ended::Well { moved: false, equal: true }, now, 0.5);
                }
            }
            assert!(expected.contains(&sessions), "{sessions}");
            let later = start + Duration::from_secs(3600);
            schedule.moved(later);
            assert!(schedule.next_due().is_some_and(|due| due <= later + Duration::from_secs(60)));
        }
    }

    #[test]
    fn a_session_holds_its_place_until_it_ends_though_its_peer_goes_and_comes_again() {
        let now = Instant::now();
        let (one, two) = (PeerId::random(), PeerId::random());
        let mut schedule = Schedule::new(Duration::from_secs(60), 1, true);
        schedule.connected(one, true, now, 0.5);
        let job = schedule.due(now, 0.5).remove(0).1;
        schedule.disconnected(&one);
        schedule.connected(two, true, now, 0.5);
        assert!(schedule.due(now, 0.5).is_empty(), "the only place is taken");
        schedule.connected(one, true, now, 0.5);
        assert!(schedule.due(now, 0.5).is_empty());
        schedule.ended(&one, &job, Ended::Badly, now, 1.0);
        assert!(!schedule.is_at_work(&one, now + limits::AT_WORK * 2));
        let next = schedule.due(now, 0.5);
        assert_eq!(next.len(), 1, "and nobody rests for what went with a connection");
        schedule.disconnected(&one);
        schedule.disconnected(&two);
        for (peer, job) in &next {
            schedule.ended(peer, job, Ended::Badly, now, 1.0);
        }
        assert!(schedule.peers.is_empty());
    }

    #[test]
    fn a_session_that_takes_long_wants_no_other_beside_it() {
        let now = Instant::now();
        let (peer, later) = (PeerId::random(), now + 2 * limits::AT_WORK);
        let mut schedule = Schedule::new(Duration::from_secs(60), 4, true);
        schedule.connected(peer, true, now, 0.5);
        assert!(!schedule.is_at_work(&peer, later), "nothing runs");
        let job = schedule.due(now, 0.5).remove(0).1;
        assert!(!schedule.is_at_work(&peer, now), "both sides may begin at once");
        assert!(schedule.is_at_work(&peer, later));
        schedule.ended(&peer, &job, Ended::Well { moved: true, equal: true }, later, 0.5);
        assert!(!schedule.is_at_work(&peer, later));
    }

    #[test]
    fn silence_lasts_from_the_first_session_without_an_answer_until_something_comes() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let peer = PeerId::random();
        let mut schedule = Schedule::new(Duration::from_secs(60), 4, true);
        schedule.connected(peer, true, now, 0.5);
        let job = schedule.due(now, 0.5).remove(0).1;
        schedule.ended(&peer, &job, Ended::Badly, now + 10 * second, 0.5);
        assert_eq!(schedule.unanswered(&peer, now + 10 * second), 10 * second);
        assert_eq!(schedule.due(now + 20 * second, 0.5).len(), 1);
        assert_eq!(schedule.unanswered(&peer, now + 30 * second), 30 * second);
        schedule.heard(&peer);
        assert_eq!(schedule.unanswered(&peer, now + 31 * second), 11 * second, "since the last one began");
    }
}
