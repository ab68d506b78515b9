//! Who did what wrong, and what follows.
//!
//! A peer is blamed only for what it could have checked itself. Every fault lowers its score by the fault's weight; the score
//! recovers with time; below a bound the peer is refused for a while, and longer each time. Nothing of this is kept over a
//! restart: a mended peer should not suffer for ever.
//!
//! What is refused without anybody being to blame is counted too, so that the operator can see it.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::limits;

/// Something a peer did wrong: a stable name for counters, and its weight in points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// Name for counters and logs.
    pub(crate) name: &'static str,
    /// Points that the score loses.
    pub(crate) weight: u32,
}

impl Fault {
    /// A frame or message that breaks the protocol.
    pub(crate) const PROTOCOL: Self = Self { name: "protocol", weight: 40 };
    /// A frame longer than any may be.
    pub(crate) const OVERSIZED: Self = Self { name: "oversized", weight: 60 };
    /// Compressed data that does not hold what it declares.
    pub(crate) const COMPRESSION: Self = Self { name: "bad-compression", weight: 60 };
    /// A segment that does not verify.
    pub(crate) const SEGMENT: Self = Self { name: "bad-segment", weight: 50 };
    /// A signature that does not verify.
    pub(crate) const SIGNATURE: Self = Self { name: "bad-signature", weight: 60 };
    /// A body that is not that of the entry beside it.
    pub(crate) const BODY: Self = Self { name: "bad-body", weight: 40 };
    /// A fork proof that proves nothing.
    pub(crate) const FORK_PROOF: Self = Self { name: "bad-fork-proof", weight: 40 };
    /// Papers of a ballot that are not right.
    pub(crate) const BALLOT: Self = Self { name: "bad-ballot", weight: 40 };
    /// Bytes on the gossip topic that are no message.
    pub(crate) const GOSSIP: Self = Self { name: "bad-gossip", weight: 20 };
    /// More gossip than any honest node passes on.
    pub(crate) const GOSSIP_FLOOD: Self = Self { name: "gossip-flood", weight: 1 };
    /// A node record that is none.
    pub(crate) const NODE_RECORD: Self = Self { name: "bad-node-record", weight: 20 };
    /// Speaks for another network, and must have known.
    pub(crate) const OTHER_NETWORK: Self = Self { name: "other-network", weight: 60 };
    /// On and on what is held already. An honest peer does that when another was faster, so it weighs little.
    pub(crate) const NOTHING_NEW: Self = Self { name: "nothing-new", weight: 5 };
    /// Something that the ledger refuses and the sender could have checked.
    pub(crate) const fn refusal(name: &'static str) -> Self {
        Self { name, weight: 40 }
    }
}

/// What follows from a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Is this worth a line in the log? Each peer and kind is logged once, and then at every tenfold.
    pub(super) log: bool,
    /// The peer is refused from now on, for so long.
    pub(super) ban: Option<Duration>,
}

#[derive(Debug, Default)]
struct Record {
    score: f64,
    at: Option<Instant>,
    faults: BTreeMap<&'static str, u64>,
    bans: u32,
    banned_until: Option<Instant>,
}

/// The faults of all peers.
#[derive(Debug, Default)]
pub(super) struct Blame {
    peers: BTreeMap<PeerId, Record>,
    refused: BTreeMap<&'static str, u64>,
    /// Refused peers that had to be forgotten: whoever closed the door to them has to be told.
    forgotten: Vec<PeerId>,
    /// When the next ban ends, at the earliest.
    next_release: Option<Instant>,
}

impl Blame {
    /// Counts something refused for which nobody is to blame.
    pub(super) fn count(&mut self, name: &'static str) {
        *self.refused.entry(name).or_default() += 1;
    }

    /// Counts a fault and lowers the peer's score.
    pub(super) fn record(&mut self, peer: PeerId, fault: Fault, trusted: bool, now: Instant) -> Verdict {
        self.count(fault.name);
        self.make_room(&peer, now);
        let record = self.peers.entry(peer).or_default();
        record.recover(now);
        let count = record.faults.entry(fault.name).or_default();
        *count += 1;
        let log = is_power_of_ten(*count);
        record.score -= f64::from(fault.weight);
        if record.score > limits::BAN_SCORE || record.banned_until.is_some_and(|until| until > now) {
            return Verdict { log, ban: None };
        }
        let ban = limits::BAN_FIRST.saturating_mul(1 << record.bans.min(16)).min(limits::BAN_LONGEST);
        let ban = if trusted { ban.min(limits::BAN_TRUSTED) } else { ban };
        record.bans += 1;
        record.banned_until = Some(now + ban);
        self.next_release = Some(self.next_release.map_or(now + ban, |next| next.min(now + ban)));
        // After the ban it begins half way: one more serious fault and it is out again.
        record.score = limits::BAN_SCORE / 2.0;
        Verdict { log, ban: Some(ban) }
    }

    /// Refuses a peer for a while without blame.
    pub(super) fn part_with(&mut self, peer: PeerId, time: Duration, now: Instant) {
        self.make_room(&peer, now);
        self.peers.entry(peer).or_default().banned_until = Some(now + time);
        self.next_release = Some(self.next_release.map_or(now + time, |next| next.min(now + time)));
    }

    /// Forgets what a peer did, at the operator's word.
    pub(super) fn forgive(&mut self, peer: &PeerId) {
        self.peers.remove(peer);
    }

    /// Is the peer refused now?
    pub(super) fn is_banned(&self, peer: &PeerId, now: Instant) -> bool {
        self.peers.get(peer).and_then(|record| record.banned_until).is_some_and(|until| until > now)
    }

    /// The peers whose ban has ended since the last call, or was forgotten for the sake of others.
    pub(super) fn released(&mut self, now: Instant) -> Vec<PeerId> {
        let mut released = std::mem::take(&mut self.forgotten);
        if self.next_release.is_none_or(|next| next > now) {
            return released;
        }
        for (peer, record) in &mut self.peers {
            if record.banned_until.is_some_and(|until| until <= now) {
                record.banned_until = None;
                released.push(*peer);
            }
        }
        self.next_release = self.peers.values().filter_map(|record| record.banned_until).min();
        released
    }

    /// The score of a peer: 0 is neutral.
    pub(super) fn score(&self, peer: &PeerId, now: Instant) -> f64 {
        self.peers.get(peer).map_or(0.0, |record| record.score_at(now))
    }

    /// What the peer did wrong, by kind.
    pub(super) fn faults(&self, peer: &PeerId) -> Vec<(String, u64)> {
        let faults = self.peers.get(peer).into_iter().flat_map(|record| &record.faults);
        faults.map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    /// What was refused since the start, by reason.
    pub(super) fn refused(&self) -> Vec<(String, u64)> {
        self.refused.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    /// Forgets the least blamed when there are too many.
    fn make_room(&mut self, peer: &PeerId, now: Instant) {
        if self.peers.len() < limits::BLAMED_PEERS || self.peers.contains_key(peer) {
            return;
        }
        let free = self.peers.iter().filter(|(_, record)| record.banned_until.is_none_or(|until| until <= now));
        let least = free.max_by(|(_, a), (_, b)| a.score.total_cmp(&b.score)).map(|(peer, _)| *peer);
        let least = least.or_else(|| self.peers.keys().next().copied());
        if let Some(least) = least
            && self.peers.remove(&least).is_some_and(|record| record.banned_until.is_some())
        {
            self.forgotten.push(least);
        }
    }
}

impl Record {
    fn recover(&mut self, now: Instant) {
        self.score = self.score_at(now);
        self.at = Some(now);
    }

    fn score_at(&self, now: Instant) -> f64 {
        let passed = self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        (self.score + passed * limits::SCORE_RECOVERY).min(0.0)
    }
}

fn is_power_of_ten(mut count: u64) -> bool {
    while count > 1 && count.is_multiple_of(10) {
        count /= 10;
    }
    count == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_lead_to_a_ban_that_ends_and_grows() {
        let start = Instant::now();
        let peer = PeerId::random();
        let mut blame = Blame::default();
        assert_eq!(blame.record(peer, Fault::SIGNATURE, false, start), Verdict { log: true, ban: None });
        let verdict = blame.record(peer, Fault::SIGNATURE, false, start);
        assert_eq!(verdict, Verdict { log: false, ban: Some(limits::BAN_FIRST) });
        assert!(blame.is_banned(&peer, start));
        let after = start + limits::BAN_FIRST;
        assert!(!blame.is_banned(&peer, after));
        assert_eq!(blame.released(after), [peer]);
        assert_eq!(blame.record(peer, Fault::SIGNATURE, false, after).ban, None, "it has recovered");
        assert_eq!(blame.record(peer, Fault::SIGNATURE, false, after).ban, Some(limits::BAN_FIRST * 2));
        assert_eq!(blame.refused(), [("bad-signature".to_owned(), 4)]);
    }

    #[test]
    fn the_trusted_are_refused_for_a_minute_at_most() {
        let now = Instant::now();
        let peer = PeerId::random();
        let mut blame = Blame::default();
        let bans = (0..3).filter_map(|_| blame.record(peer, Fault::SIGNATURE, true, now).ban);
        assert!(bans.into_iter().all(|ban| ban <= limits::BAN_TRUSTED));
    }

    #[test]
    fn a_score_recovers_and_memory_is_bounded() {
        let start = Instant::now();
        let peer = PeerId::random();
        let mut blame = Blame::default();
        blame.record(peer, Fault::GOSSIP, false, start);
        assert!(blame.score(&peer, start) < 0.0);
        assert!(blame.score(&peer, start + Duration::from_secs(3600)).abs() < f64::EPSILON);
        for _ in 0..limits::BLAMED_PEERS + 10 {
            blame.record(PeerId::random(), Fault::GOSSIP, false, start);
        }
        assert!(blame.peers.len() <= limits::BLAMED_PEERS);
    }

    #[test]
    fn whoever_is_forgotten_while_refused_is_let_in_again() {
        let now = Instant::now();
        let mut blame = Blame::default();
        let mut refused = std::collections::BTreeSet::new();
        for _ in 0..limits::BLAMED_PEERS + 100 {
            let peer = PeerId::random();
            for _ in 0..2 {
                blame.record(peer, Fault::SIGNATURE, false, now);
            }
            refused.insert(peer);
            for peer in blame.released(now) {
                assert!(refused.remove(&peer));
            }
        }
        assert_eq!(refused.len(), limits::BLAMED_PEERS, "a door is closed to those only who are remembered");
        assert_eq!(blame.released(now + limits::BAN_FIRST).len(), limits::BLAMED_PEERS);
    }

    #[test]
    fn the_log_is_not_flooded() {
        let now = Instant::now();
        let peer = PeerId::random();
        let mut blame = Blame::default();
        let lines = (0..1000).filter(|_| blame.record(peer, Fault::GOSSIP_FLOOD, false, now).log).count();
        assert_eq!(lines, 4);
    }
}
