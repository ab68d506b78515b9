//! Whom to dial, and when.
//!
//! States of a known peer:
//!
//! ```text
//! Waiting(until) → Dialling → Connected → Waiting
//!                     └───→ Waiting, twice as long each time, with jitter
//! ```
//!
//! Peers that the operator named are dialled for ever; peers that were only heard of while the node wants more connections,
//! members' nodes first. What is known is bounded, and the named are never pushed out.
//!
//! Absent: which address of a peer is tried first. libp2p ranks them, QUIC before TCP, and lets the next begin a little later.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::limits;

/// How a peer became known. The later, the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// By a node record or on the local network.
    Heard,
    /// By the ticket, the configuration or a command.
    Named,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting(Instant),
    Dialling,
    Connected,
}

#[derive(Debug)]
struct Known {
    addresses: Vec<Multiaddr>,
    source: Source,
    is_member: bool,
    failures: u32,
    state: State,
}

/// The peers that are known, and the dials that are due.
#[derive(Debug)]
pub(super) struct Dialer {
    own: PeerId,
    known: BTreeMap<PeerId, Known>,
}

impl Dialer {
    /// Knows nobody yet.
    pub(super) fn new(own: PeerId) -> Self {
        Self { own, known: BTreeMap::new() }
    }

    /// Learns addresses of a peer. Those of a record replace what was heard before; those that were named are added to.
    pub(super) fn learn(&mut self, peer: PeerId, addresses: Vec<Multiaddr>, source: Source, now: Instant) {
        if peer == self.own || addresses.is_empty() || !self.has_room(&peer, source) {
            return;
        }
        let known = self.known.entry(peer).or_insert_with(|| Known {
            addresses: Vec::new(),
            source,
            is_member: false,
            failures: 0,
            state: State::Waiting(now),
        });
        match (known.source, source) {
            (Source::Heard, Source::Heard) => known.addresses = addresses,
            _ => {
                // The newest first, so that stale ones fall off the end.
                let old = std::mem::replace(&mut known.addresses, addresses);
                let fresh = old.into_iter().filter(|old| !known.addresses.contains(old)).collect::<Vec<_>>();
                known.addresses.extend(fresh);
            }
        }
        known.addresses.truncate(limits::ADDRESSES_PER_PEER);
        known.source = known.source.max(source);
        if source == Source::Named && matches!(known.state, State::Waiting(_)) {
            known.state = State::Waiting(now);
        }
    }

    /// Takes note of whether a peer is a member's node.
    pub(super) fn mark_members(&mut self, is_member: impl Fn(&PeerId) -> bool) {
        for (peer, known) in &mut self.known {
            known.is_member = is_member(peer);
        }
    }

    /// Takes note of whether one peer is a member's node.
    pub(super) fn mark_member(&mut self, peer: &PeerId, is_member: bool) {
        if let Some(known) = self.known.get_mut(peer) {
            known.is_member = is_member;
        }
    }

    /// The dials that are due, if so many peers are connected.
    pub(super) fn due(
        &mut self,
        now: Instant,
        connected: usize,
        refused: impl Fn(&PeerId) -> bool,
    ) -> Vec<(PeerId, Vec<Multiaddr>)> {
        let under_way = self.known.values().filter(|known| known.state == State::Dialling).count();
        let mut room = limits::DIALS.saturating_sub(under_way);
        let mut wanted = limits::WANTED_CONNECTIONS.saturating_sub(connected + under_way);
        let mut due: Vec<(PeerId, &mut Known)> = self
            .known
            .iter_mut()
            .filter(|(peer, known)| matches!(known.state, State::Waiting(until) if until <= now) && !refused(peer))
            .map(|(peer, known)| (*peer, known))
            .collect();
        due.sort_by_key(|(_, known)| (std::cmp::Reverse(known.source), !known.is_member, known.failures));
        let mut dials = Vec::new();
        for (peer, known) in due {
            if room == 0 {
                break;
            }
            if known.source == Source::Heard {
                if wanted == 0 {
                    continue;
                }
                wanted -= 1;
            }
            room -= 1;
            known.state = State::Dialling;
            dials.push((peer, known.addresses.clone()));
        }
        dials
    }

    /// A connection to the peer stands.
    pub(super) fn connected(&mut self, peer: &PeerId) {
        if let Some(known) = self.known.get_mut(peer) {
            known.state = State::Connected;
            known.failures = 0;
        }
    }

    /// The last connection to the peer is gone. `jitter` is from 0 to 1.
    pub(super) fn disconnected(&mut self, peer: &PeerId, now: Instant, jitter: f64) {
        if let Some(known) = self.known.get_mut(peer) {
            // Both sides lose a connection at the same moment; apart by chance they do not both dial.
            known.state = State::Waiting(now + limits::BACKOFF_FIRST.mul_f64(jitter));
        }
    }

    /// A dial failed. `jitter` is from 0 to 1.
    pub(super) fn failed(&mut self, peer: &PeerId, now: Instant, jitter: f64) {
        let Some(known) = self.known.get_mut(peer).filter(|known| known.state == State::Dialling) else { return };
        known.failures = known.failures.saturating_add(1);
        let longest = if known.source == Source::Named { limits::BACKOFF_NAMED } else { limits::BACKOFF_HEARD };
        known.state = State::Waiting(now + backoff(known.failures, longest, jitter));
    }

    /// The peer is to be dialled at the next occasion.
    pub(super) fn hurry(&mut self, peer: &PeerId, now: Instant) {
        if let Some(known) = self.known.get_mut(peer).filter(|known| matches!(known.state, State::Waiting(_))) {
            known.state = State::Waiting(now);
            known.source = Source::Named;
        }
    }

    /// The addresses known of a peer.
    pub(super) fn addresses(&self, peer: &PeerId) -> &[Multiaddr] {
        self.known.get(peer).map_or(&[], |known| &known.addresses)
    }

    /// Did the operator name the peer?
    pub(super) fn is_named(&self, peer: &PeerId) -> bool {
        self.known.get(peer).is_some_and(|known| known.source == Source::Named)
    }

    /// All peers known.
    pub(super) fn peers(&self) -> impl Iterator<Item = &PeerId> {
        self.known.keys()
    }

    /// When the next dial is due, at the earliest, if so many peers are connected: of those that would be dialled then.
    pub(super) fn next_due(&self, connected: usize, refused: impl Fn(&PeerId) -> bool) -> Option<Instant> {
        let under_way = self.known.values().filter(|known| known.state == State::Dialling).count();
        let enough = connected + under_way >= limits::WANTED_CONNECTIONS;
        let waiting = |(peer, known): (&PeerId, &Known)| match known.state {
            State::Waiting(until) if !(refused(peer) || enough && known.source == Source::Heard) => Some(until),
            _ => None,
        };
        if under_way < limits::DIALS { self.known.iter().filter_map(waiting).min() } else { None }
    }

    /// Makes room for one more, at the cost of a stranger that was heard of and often failed.
    fn has_room(&mut self, peer: &PeerId, source: Source) -> bool {
        if self.known.contains_key(peer) || self.known.len() < limits::KNOWN_PEERS {
            return true;
        }
        let candidates = self.known.iter().filter(|(_, known)| {
            known.source == Source::Heard
                && matches!(known.state, State::Waiting(_))
                && (!known.is_member || source == Source::Named)
        });
        let worst = candidates.max_by_key(|(_, known)| (!known.is_member, known.failures)).map(|(peer, _)| *peer);
        worst.is_some_and(|worst| self.known.remove(&worst).is_some())
    }
}

/// Twice as long with each failure; half of it is left to chance.
fn backoff(failures: u32, longest: Duration, jitter: f64) -> Duration {
    let doubled = limits::BACKOFF_FIRST.saturating_mul(1_u32 << failures.saturating_sub(1).min(20));
    doubled.min(longest).mul_f64(0.5 + 0.5 * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> Multiaddr {
        format!("/ip4/192.0.2.7/tcp/{port}").parse().expect("an address")
    }

    fn nobody(_: &PeerId) -> bool {
        false
    }

    #[test]
    fn a_peer_that_does_not_answer_is_dialled_ever_more_rarely() {
        let start = Instant::now();
        let peer = PeerId::random();
        let mut dialer = Dialer::new(PeerId::random());
        dialer.learn(peer, vec![address(1)], Source::Named, start);
        let (mut now, mut dials) = (start, 0);
        while now < start + Duration::from_secs(3600) {
            if !dialer.due(now, 0, nobody).is_empty() {
                dials += 1;
                dialer.failed(&peer, now, 1.0);
            }
            now += Duration::from_millis(500);
        }
        assert!((35..45).contains(&dials), "{dials}");
    }

    #[test]
    fn nobody_dials_himself_or_whom_he_is_connected_to_or_refuses() {
        let now = Instant::now();
        let (own, peer) = (PeerId::random(), PeerId::random());
        let mut dialer = Dialer::new(own);
        dialer.learn(own, vec![address(1)], Source::Named, now);
        dialer.learn(peer, vec![address(1)], Source::Named, now);
        assert!(dialer.due(now, 0, |refused| *refused == peer).is_empty());
        assert_eq!(dialer.due(now, 0, nobody), [(peer, vec![address(1)])]);
        assert!(dialer.due(now, 0, nobody).is_empty(), "under way");
        dialer.connected(&peer);
        assert!(dialer.due(now, 0, nobody).is_empty(), "connected");
        dialer.disconnected(&peer, now, 0.0);
        assert_eq!(dialer.due(now, 0, nobody).len(), 1);
    }

    #[test]
    fn strangers_are_dialled_only_while_connections_are_wanted() {
        let now = Instant::now();
        let mut dialer = Dialer::new(PeerId::random());
        for port in 1..100 {
            dialer.learn(PeerId::random(), vec![address(port)], Source::Heard, now);
        }
        assert!(dialer.due(now, limits::WANTED_CONNECTIONS, nobody).is_empty());
        assert_eq!(dialer.due(now, limits::WANTED_CONNECTIONS - 3, nobody).len(), 3);
    }

    #[test]
    fn what_is_known_is_bounded_and_the_named_stay() {
        let now = Instant::now();
        let mut dialer = Dialer::new(PeerId::random());
        let named = PeerId::random();
        dialer.learn(named, vec![address(1)], Source::Named, now);
        for _ in 0..limits::KNOWN_PEERS * 2 {
            dialer.learn(PeerId::random(), vec![address(2)], Source::Heard, now);
        }
        assert_eq!(dialer.known.len(), limits::KNOWN_PEERS);
        assert!(dialer.is_named(&named));
        for port in 0..100 {
            dialer.learn(named, vec![address(port)], Source::Heard, now);
        }
        assert_eq!(dialer.addresses(&named).len(), limits::ADDRESSES_PER_PEER);
    }
}
