//! Places for the sessions that peers begin, and for how long one may be held while others wait.
//!
//! Trusted peers (members' nodes, and those that the operator named) and strangers have places apart, so that strangers, who
//! are without number, starve nobody but each other: strangers have at most half, and at least one; a trusted peer finds one
//! whatever strangers hold. A peer has one at a time.
//!
//! Whoever finds none is told to come again, and the one of its kind that has been at it for longest, longer than is fair, gives
//! way. Moving just enough to live holds a place only as long as nobody else wants it.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::PeerId;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::limits;

/// Resolves when the session is to end for the sake of others.
pub(super) type GiveWay = oneshot::Receiver<()>;

#[derive(Debug)]
struct Held {
    trusted: bool,
    since: Instant,
    give_way: Option<oneshot::Sender<()>>,
}

/// The places.
#[derive(Debug)]
pub(super) struct Slots {
    most: usize,
    held: BTreeMap<PeerId, Held>,
}

impl Slots {
    /// So many places, none taken.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), held: BTreeMap::new() }
    }

    /// A place for a session with a peer, if there is one.
    pub(super) fn take(&mut self, peer: PeerId, trusted: bool, now: Instant) -> Option<GiveWay> {
        if self.held.contains_key(&peer) {
            return None;
        }
        let (ours, others): (Vec<&Held>, Vec<&Held>) = self.held.values().partition(|held| held.trusted == trusted);
        let most = if trusted { self.most } else { self.most.div_ceil(2) };
        let room = self.most.saturating_sub(others.len()).clamp(1, most);
        if ours.len() >= room {
            self.hurry(trusted, now);
            return None;
        }
        let (sender, give_way) = oneshot::channel();
        self.held.insert(peer, Held { trusted, since: now, give_way: Some(sender) });
        Some(give_way)
    }

    /// Is a session with this peer under way?
    pub(super) fn is_held(&self, peer: &PeerId) -> bool {
        self.held.contains_key(peer)
    }

    /// The session is over.
    pub(super) fn release(&mut self, peer: &PeerId) {
        self.held.remove(peer);
    }

    /// Lets the one that has held a place for longest give way, if that is longer than is fair.
    fn hurry(&mut self, trusted: bool, now: Instant) {
        let fair = fair(trusted);
        let longest = self.held.values_mut().filter(|held| held.trusted == trusted && held.give_way.is_some());
        let longest = longest.min_by_key(|held| held.since);
        if let Some(held) = longest.filter(|held| now.saturating_duration_since(held.since) >= fair)
            && let Some(give_way) = held.give_way.take()
        {
            // It may have ended at this moment.
            let _ = give_way.send(());
        }
    }
}

/// How long a session may take while others wait.
pub(super) fn fair(trusted: bool) -> Duration {
    if trusted { limits::FAIR_TRUSTED } else { limits::FAIR }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_starve_nobody_but_each_other() {
        let now = Instant::now();
        for most in [1, 2, 4, 7] {
            let mut slots = Slots::new(most);
            let strangers: Vec<GiveWay> = (0..20).filter_map(|_| slots.take(PeerId::random(), false, now)).collect();
            assert_eq!(strangers.len(), most.div_ceil(2), "of {most}");
            let members: Vec<GiveWay> = (0..20).filter_map(|_| slots.take(PeerId::random(), true, now)).collect();
            assert_eq!(members.len(), (most / 2).max(1), "of {most}");
        }
        let mut slots = Slots::new(4);
        let members: Vec<GiveWay> = (0..20).filter_map(|_| slots.take(PeerId::random(), true, now)).collect();
        assert_eq!(members.len(), 4, "members alone have all");
        assert!(slots.take(PeerId::random(), false, now).is_some(), "and still leave one");
        assert!(slots.take(PeerId::random(), false, now).is_none());
    }

    #[test]
    fn who_holds_a_place_too_long_gives_way_to_its_kind() {
        let start = Instant::now();
        let mut slots = Slots::new(4);
        let (first, member) = (PeerId::random(), PeerId::random());
        let mut old = slots.take(first, false, start).expect("a place");
        let mut own = slots.take(member, true, start).expect("a place");
        let mut young = slots.take(PeerId::random(), false, start + limits::FAIR / 2).expect("a place");
        assert!(slots.take(first, false, start).is_none(), "one at a time");
        assert!(slots.take(PeerId::random(), false, start + limits::FAIR / 2).is_none());
        assert!(old.try_recv().is_err(), "it has not been long");
        assert!(slots.take(PeerId::random(), false, start + limits::FAIR).is_none());
        assert!(old.try_recv().is_ok() && young.try_recv().is_err() && own.try_recv().is_err());
        slots.release(&first);
        assert!(slots.take(PeerId::random(), false, start + limits::FAIR).is_some());
    }
}
