//! The succession of rosters: from the charter's to the one in force, with what was said about each.
//!
//! A roster in force stays in force. If two successors of one roster come into force, which takes as many voters who contradict
//! themselves as two quorums share, a node keeps the one that it had, and shows who they are.

use alloc::{collections::BTreeSet, sync::Arc, vec::Vec};

use super::{
    poll::{Papers, PapersError, Poll, ShortId},
    rules::Round,
};
use crate::{charter::RULES, hash::Hash, limits, roster::Roster, ticket::RosterRef};

/// The rosters so far, and what was said about each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// By version of the roster. Never empty: the last is about the roster in force.
    polls: Vec<Arc<Poll>>,
    /// The proposals that made the rosters after the first.
    passed: Vec<Hash>,
    /// What a ticket says of a roster.
    pinned: Option<RosterRef>,
}

/// What papers changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Was anything new?
    pub changed: bool,
    /// Is another roster in force than before?
    pub roster: bool,
}

/// Why a proposal that has its quorum is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Two successors of the roster of this version are in force.
    Rivals {
        /// The version.
        version: u64,
        /// The proposals, each with its round.
        proposals: Vec<(Hash, Round)>,
    },
    /// The ticket by which this node joined names another roster.
    OtherTicket {
        /// The version.
        version: u64,
    },
    /// The roster has rules that this version of the program does not know.
    LaterRules {
        /// The rules number.
        rules: u64,
    },
}

/// What one side says that it holds of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Hash of the roster.
    pub roster: Hash,
    /// The first bytes of the digest of all that is held.
    pub digest: u64,
    /// Names of the statements, sorted; empty where only the digest is given.
    pub ids: BTreeSet<ShortId>,
}

impl Succession {
    /// Of a network of which only the first roster is known.
    pub fn new(founding: Roster) -> Self {
        Self { polls: alloc::vec![Arc::new(Poll::new(Arc::new(founding)))], passed: Vec::new(), pinned: None }
    }

    /// Binds the succession to what a ticket says: another roster of that version is not followed.
    pub fn pin(&mut self, roster: Option<RosterRef>) {
        self.pinned = roster;
    }

    /// The roster in force.
    pub fn roster(&self) -> &Arc<Roster> {
        self.poll().roster()
    }

    /// What is held about the roster in force.
    pub fn poll(&self) -> &Poll {
        self.polls.last().expect("there is always one: the founders'")
    }

    /// All polls, by version of the roster, each with the proposal that it passed.
    pub fn polls(&self) -> impl DoubleEndedIterator<Item = (&Poll, Option<&Hash>)> {
        self.polls.iter().enumerate().map(|(version, poll)| (&**poll, self.passed.get(version)))
    }

    /// Takes papers in, and follows what comes into force.
    ///
    /// # Errors
    /// If anything is wrong with them. Nothing has changed then.
    pub fn take(&mut self, papers: &Papers) -> Result<Taken, PapersError> {
        let poll = self.polls.iter_mut().rev().find(|poll| poll.hash() == papers.roster);
        let poll = poll.ok_or(PapersError::UnknownRoster)?;
        // A poll that others read is copied only if there is something to add.
        let changed = poll.examine(papers)?.is_some_and(|news| Arc::make_mut(poll).add(news));
        Ok(Taken { changed, roster: changed && self.advance() })
    }

    /// Follows what is in force. Papers about the next roster may only come once it is known, so that one step is all.
    fn advance(&mut self) -> bool {
        let (poll, candidates) = (self.poll(), self.candidates());
        if self.obstacle_to(&candidates).is_some() {
            return false;
        }
        let Some((proposal, _)) = candidates.into_iter().next() else { return false };
        let Some(motion) = poll.motions().get(&proposal) else { return false };
        let next = Arc::new(Poll::new(Arc::clone(&motion.roster)));
        self.polls.push(next);
        self.passed.push(proposal);
        true
    }

    /// What keeps this node from following the last poll.
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.obstacle_to(&self.candidates())
    }

    fn obstacle_to(&self, candidates: &[(Hash, Round)]) -> Option<Obstacle> {
        let poll = self.poll();
        if poll.roster().rules > RULES {
            return Some(Obstacle::LaterRules { rules: poll.roster().rules });
        }
        if candidates.len() > 1 {
            return Some(Obstacle::Rivals { version: poll.roster().version, proposals: candidates.to_vec() });
        }
        let other = candidates.is_empty() && !poll.in_force().is_empty();
        self.pinned.filter(|_| other).map(|pinned| Obstacle::OtherTicket { version: pinned.version })
    }

    /// What is in force of the last poll, as far as a ticket does not name another roster of that version. So a ticket also chooses
    /// between rivals.
    fn candidates(&self) -> Vec<(Hash, Round)> {
        let poll = self.poll();
        let follows = |proposal: &Hash| {
            let Some(motion) = poll.motions().get(proposal) else { return false };
            let pinned = self.pinned.filter(|pinned| pinned.version == motion.roster.version);
            pinned.is_none_or(|pinned| pinned.hash == motion.roster.hash())
        };
        let in_force = poll.in_force().iter().map(|(proposal, round)| (*proposal, *round));
        in_force.filter(|(proposal, _)| follows(proposal)).collect()
    }

    /// Where two successors of one roster are in force: this node keeps the one that it had.
    pub fn conflicts(&self) -> Vec<Obstacle> {
        let rivals = |poll: &Arc<Poll>| {
            let (in_force, version) = (poll.in_force(), poll.roster().version);
            let proposals = || in_force.iter().map(|(proposal, round)| (*proposal, *round)).collect();
            (in_force.len() > 1).then(|| Obstacle::Rivals { version, proposals: proposals() })
        };
        self.polls.iter().filter_map(rivals).collect()
    }

    /// The polls that take part in comparing: the newest.
    fn compared(&self) -> &[Arc<Poll>] {
        self.polls.get(self.polls.len().saturating_sub(limits::SYNC_POLLS_MAX)..).unwrap_or_default()
    }

    /// The digest of what is held of the newest polls.
    pub fn digest(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        for poll in self.compared() {
            hasher.update(poll.digest().as_bytes());
        }
        Hash::from_bytes(*hasher.finalize().as_bytes())
    }

    /// What is held of the newest polls, by version. The names of statements are given of as many of the newest as there is room for.
    pub fn held(&self) -> Vec<Held> {
        let mut room = limits::SYNC_BALLOT_IDS_MAX;
        let mut held: Vec<Held> = Vec::new();
        for poll in self.compared().iter().rev() {
            let ids = poll.ids();
            let fits = ids.len() <= room;
            room = if fits { room - ids.len() } else { 0 };
            held.push(Held {
                roster: poll.hash(),
                digest: short_digest(poll),
                ids: if fits { ids } else { BTreeSet::new() },
            });
        }
        held.reverse();
        held
    }

    /// The proposals about which somebody who holds this lacks something: by roster and proposal, oldest first, those that passed
    /// before others.
    pub fn lacking(&self, theirs: &[Held]) -> Vec<(Hash, Hash)> {
        let mut lacking = Vec::new();
        // Who lags far behind is told from its newest roster on.
        let newest = theirs.last().and_then(|their| self.polls.iter().position(|poll| poll.hash() == their.roster));
        let compared = self.polls.len() - self.compared().len();
        let from = newest.unwrap_or(compared).min(compared);
        for poll in self.polls.get(from..).unwrap_or_default() {
            let digest = short_digest(poll);
            if theirs.iter().any(|their| their.roster == poll.hash() && their.digest == digest) {
                continue;
            }
            let version = usize::try_from(poll.roster().version).unwrap_or(usize::MAX);
            let passed = self.passed.get(version).copied();
            lacking.extend(in_order(poll, passed.as_ref()).map(|proposal| (poll.hash(), *proposal)));
        }
        lacking
    }

    /// What is held about a proposal and somebody who holds this lacks.
    pub fn papers(&self, roster: &Hash, proposal: &Hash, theirs: &[Held]) -> Vec<Papers> {
        let Some(poll) = self.polls.iter().find(|poll| poll.hash() == *roster) else { return Vec::new() };
        let theirs = theirs.iter().find(|held| held.roster == *roster);
        poll.papers(proposal, theirs.map_or(&BTreeSet::new(), |held| &held.ids))
    }

    /// All that is held, in an order that makes the same succession again.
    pub fn all_papers(&self) -> Vec<Papers> {
        self.polls().flat_map(|(poll, passed)| all_of(poll, passed)).collect()
    }

    /// All that is held of the poll about a roster with its version, in an order that makes the same poll again.
    pub fn papers_of(&self, roster: &Hash) -> Option<(u64, Vec<Papers>)> {
        let (poll, passed) = self.polls().find(|(poll, _)| poll.hash() == *roster)?;
        Some((poll.roster().version, all_of(poll, passed)))
    }
}

/// The proposals of a poll: the one that passed before the others, so that whoever reads them follows it first.
fn in_order<'a>(poll: &'a Poll, passed: Option<&'a Hash>) -> impl Iterator<Item = &'a Hash> {
    passed.into_iter().chain(poll.motions().keys().filter(move |proposal| Some(*proposal) != passed))
}

/// All that is held of a poll.
fn all_of(poll: &Poll, passed: Option<&Hash>) -> Vec<Papers> {
    in_order(poll, passed).flat_map(|proposal| poll.papers(proposal, &BTreeSet::new())).collect()
}

/// The first bytes of the digest of all that is held of a poll.
fn short_digest(poll: &Poll) -> u64 {
    poll.digest().as_bytes().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}
