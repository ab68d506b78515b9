//! Narrowing: how two sides find the logs in which they differ, turn by turn.
//!
//! Everything said answers something that the other side said: digests are answered by a description of the children that
//! differ, heads by an answer, a contradiction by a search. So the work ends when nothing is left to answer, and whatever
//! does not answer anything is a fault. Replies wait here as names and places, and become messages when their turn comes.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use super::{
    Compare, Part, PeerFault, View,
    message::middle,
    plan::{Plan, agrees},
};
use crate::{
    cbor,
    frontier::{Frontier, Position, Prefix},
    hash::Hash,
    key::PublicKey,
    limits,
};

/// Bytes of parts in one turn. A part more may begin below it; the largest part is far smaller than what is left.
const TURN_BYTES: usize = limits::SYNC_MESSAGE_MAX - 8 * 1024;

/// Something that waits for its turn to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Saying {
    Describe(Prefix),
    Answer(Vec<PublicKey>),
    Probe { log: PublicKey, low: u64, high: u64 },
}

/// What this side has asked, shown and still has to say.
#[derive(Debug, Clone, Default)]
pub(super) struct Narrowing {
    /// Prefixes of which the peer may describe its part, each once.
    asked: BTreeSet<Prefix>,
    /// Logs whose heads the peer has seen from us and may answer for, each once.
    answerable: BTreeSet<PublicKey>,
    /// Logs in which the peer may open a search, each once.
    probeable: BTreeSet<PublicKey>,
    /// Searches in course: the bounds that we sent last.
    searches: BTreeMap<PublicKey, (u64, u64)>,
    /// Where searches ended: both sides will show their chains from there.
    found: BTreeMap<PublicKey, u64>,
    say: VecDeque<Saying>,
}

impl Narrowing {
    /// The side that speaks first: it describes the root.
    pub(super) fn speaker() -> Self {
        Self { say: VecDeque::from([Saying::Describe(Prefix::ROOT)]), ..Self::default() }
    }

    /// The side that listens first: it wants the root described.
    pub(super) fn listener() -> Self {
        Self { asked: BTreeSet::from([Prefix::ROOT]), ..Self::default() }
    }

    /// The places from which both sides are to show their chains.
    pub(super) fn into_found(self) -> BTreeMap<PublicKey, u64> {
        self.found
    }

    /// Hears what the peer said in its turn.
    pub(super) fn hear(&mut self, compare: Compare, view: &impl View, plan: &mut Plan) -> Result<(), PeerFault> {
        for part in compare.parts {
            match part {
                Part::Digests { hashes, prefix } => self.hear_digests(prefix, &hashes, view)?,
                Part::Heads { logs, prefix } => self.hear_heads(prefix, logs, view, plan)?,
                Part::Answer(logs) => {
                    for (log, position) in logs {
                        self.hear_answer(log, &position, view, plan)?;
                    }
                }
                Part::Probe { log, low, hash, high } => self.hear_probe(log, (low, high), hash, view)?,
            }
        }
        Ok(())
    }

    /// Says what fits into a turn.
    pub(super) fn speak(&mut self, view: &impl View) -> Compare {
        let mut parts = Vec::new();
        let mut bytes = 0;
        while bytes < TURN_BYTES
            && let Some(saying) = self.say.pop_front()
        {
            if let Some(part) = self.say_part(saying, view) {
                bytes += cbor::encode(&part).len();
                parts.push(part);
            }
        }
        Compare { more: !self.say.is_empty() && !parts.is_empty(), parts }
    }

    fn say_part(&mut self, saying: Saying, view: &impl View) -> Option<Part> {
        let frontier = view.frontier();
        match saying {
            Saying::Describe(prefix) if few(frontier, prefix) => {
                let logs: Vec<_> = frontier.below(prefix).map(|(log, position)| (*log, *position)).collect();
                self.answerable.extend(logs.iter().map(|(log, _)| *log));
                self.probeable.extend(logs.iter().map(|(log, _)| *log));
                Some(Part::Heads { logs, prefix })
            }
            Saying::Describe(prefix) => {
                self.asked.extend(prefix.children());
                Some(Part::Digests { hashes: frontier.children(prefix), prefix })
            }
            Saying::Answer(logs) => {
                let nothing = Position { next: 0, head: view.network(), fork: None };
                self.probeable.extend(&logs);
                let position = |log| frontier.position(&log).copied().unwrap_or(nothing);
                Some(Part::Answer(logs.into_iter().map(|log| (log, position(log))).collect()))
            }
            Saying::Probe { log, low, high } => {
                let hash = view.hash_at(&log, middle(low, high))?;
                if low < high {
                    self.searches.insert(log, (low, high));
                } else {
                    self.found.insert(log, low);
                }
                Some(Part::Probe { log, low, hash, high })
            }
        }
    }

    fn hear_digests(&mut self, prefix: Prefix, theirs: &[Hash], view: &impl View) -> Result<(), PeerFault> {
        if !self.asked.remove(&prefix) {
            return Err(PeerFault::Unasked);
        }
        let frontier = view.frontier();
        let ours = frontier.children(prefix);
        let differ = |(_, (ours, theirs)): &(Prefix, (&Hash, &Hash))| ours != theirs;
        let children: Vec<Prefix> =
            prefix.children().zip(ours.iter().zip(theirs)).filter(differ).map(|(child, _)| child).collect();
        if children.is_empty() {
            return Err(PeerFault::NoDifference);
        }
        if children.len() > 1 && few(frontier, prefix) {
            self.say.push_back(Saying::Describe(prefix));
        } else {
            self.say.extend(children.into_iter().map(Saying::Describe));
        }
        Ok(())
    }

    fn hear_heads(
        &mut self,
        prefix: Prefix,
        theirs: Vec<(PublicKey, Position)>,
        view: &impl View,
        plan: &mut Plan,
    ) -> Result<(), PeerFault> {
        self.take_heads(prefix)?;
        let frontier = view.frontier();
        let mut described = Frontier::default();
        for (log, position) in &theirs {
            described.set(*log, *position);
        }
        if described.digest() == frontier.digest_of(prefix) {
            return Err(PeerFault::NoDifference);
        }
        for (log, ours) in frontier.below(prefix).filter(|(log, _)| described.position(log).is_none()) {
            plan_all(log, ours, view, plan);
        }
        let mut answers = Vec::new();
        for (log, position) in &theirs {
            check_position(position, view)?;
            if self.compare_head(*log, position, view, plan) {
                answers.push(*log);
            }
        }
        if !answers.is_empty() {
            self.say.push_back(Saying::Answer(answers));
        }
        Ok(())
    }

    /// May the peer give its heads below this prefix? Either it was asked for just that, or it describes a whole prefix of
    /// which it was asked for all children.
    fn take_heads(&mut self, prefix: Prefix) -> Result<(), PeerFault> {
        if self.asked.remove(&prefix) {
            return Ok(());
        }
        let children: Vec<Prefix> = prefix.children().collect();
        if children.is_empty() || !children.iter().all(|child| self.asked.contains(child)) {
            return Err(PeerFault::Unasked);
        }
        for child in &children {
            self.asked.remove(child);
        }
        Ok(())
    }

    /// Compares one head of the peer's with ours. Returns whether the peer needs an answer.
    fn compare_head(&mut self, log: PublicKey, theirs: &Position, view: &impl View, plan: &mut Plan) -> bool {
        let Some(ours) = view.frontier().position(&log) else {
            return true;
        };
        if ours == theirs {
            return false;
        }
        let marks_differ = ours.fork != theirs.fork;
        if marks_differ && ours.fork.is_some() {
            plan.fork(log);
        }
        let mut needs_answer = marks_differ && theirs.fork.is_some();
        if theirs.next > ours.next {
            // What lies beyond what counts may be held all the same: then there is nothing to ask for.
            needs_answer |= agrees(view, &log, theirs.next, &theirs.head) != Some(true);
        } else {
            self.compare_behind(log, ours, theirs, view, plan);
        }
        needs_answer
    }

    /// The peer's log is not longer than ours: it is a part of ours, or they contradict each other.
    fn compare_behind(
        &mut self,
        log: PublicKey,
        ours: &Position,
        theirs: &Position,
        view: &impl View,
        plan: &mut Plan,
    ) {
        match agrees(view, &log, theirs.next, &theirs.head) {
            Some(true) => plan_rest(&log, ours, theirs, view, plan),
            Some(false) => {
                if let Some(high) = theirs.next.checked_sub(1) {
                    self.probeable.remove(&log);
                    self.say.push_back(Saying::Probe { log, low: 0, high });
                }
            }
            None => {}
        }
    }

    fn hear_answer(
        &mut self,
        log: PublicKey,
        theirs: &Position,
        view: &impl View,
        plan: &mut Plan,
    ) -> Result<(), PeerFault> {
        if !self.answerable.remove(&log) {
            return Err(PeerFault::Unsolicited(log));
        }
        check_position(theirs, view)?;
        let ours = *view.frontier().position(&log).ok_or(PeerFault::Unsolicited(log))?;
        let wants_mark = ours.fork.is_some() && ours.fork != theirs.fork;
        if wants_mark {
            plan.fork(log);
        }
        if theirs.next < ours.next {
            self.compare_behind(log, &ours, theirs, view, plan);
        } else if !wants_mark {
            return Err(PeerFault::Unsolicited(log));
        }
        Ok(())
    }

    fn hear_probe(
        &mut self,
        log: PublicKey,
        (low, high): (u64, u64),
        theirs: Hash,
        view: &impl View,
    ) -> Result<(), PeerFault> {
        let follows = match self.searches.remove(&log) {
            Some((our_low, our_high)) => {
                let middle = middle(our_low, our_high);
                (low, high) == (our_low, middle) || (low, high) == (middle + 1, our_high)
            }
            None => {
                let next = view.frontier().position(&log).map_or(0, |position| position.next);
                self.probeable.remove(&log) && low == 0 && high < next
            }
        };
        if !follows {
            return Err(PeerFault::Probe(log));
        }
        let place = middle(low, high);
        let same = view.hash_at(&log, place).map(|ours| ours == theirs);
        match (low == high, same) {
            // The same after all, if one of the two has left a branch since it was compared: what both then show proves nothing, and
            // nobody is to blame.
            (true, _) => {
                self.found.insert(log, place);
            }
            (false, Some(true)) => self.say.push_back(Saying::Probe { log, low: place + 1, high }),
            (false, Some(false)) => self.say.push_back(Saying::Probe { log, low, high: place }),
            // What we cannot read we cannot compare: the search rests.
            (false, None) => {}
        }
        Ok(())
    }
}

/// Few enough logs below a prefix to name them all?
fn few(frontier: &Frontier, prefix: Prefix) -> bool {
    frontier.below(prefix).nth(limits::SYNC_HEADS_MAX).is_none()
}

/// The head of nothing is the network id.
fn check_position(position: &Position, view: &impl View) -> Result<(), PeerFault> {
    if position.next == 0 && position.head != view.network() {
        return Err(PeerFault::Malformed("a head of nothing that is not the network id"));
    }
    Ok(())
}

/// The peer has nothing of this log.
fn plan_all(log: &PublicKey, ours: &Position, view: &impl View, plan: &mut Plan) {
    if ours.fork.is_some() {
        plan.fork(*log);
    }
    plan.run(*log, 0, ours.next, view.is_root(log));
}

/// The peer has the beginning of what we have. It takes nothing above a fork that only it knows of; what we know to be
/// settled it may take, since the keyring that settles it goes ahead.
fn plan_rest(log: &PublicKey, ours: &Position, theirs: &Position, view: &impl View, plan: &mut Plan) {
    let to = match &theirs.fork {
        Some(mark) if view.fork_proof(log).is_none() => ours.next.min(mark.seq),
        _ => ours.next,
    };
    plan.run(*log, theirs.next, to, view.is_root(log));
}
