//! The last door: may this run be added, and if not, whose fault is that?

use alloc::boxed::Box;

use super::{AdoptError, Extent, History, Ledger, prove::anchored_before};
use crate::{
    authority::{Fixed, Standing},
    cbor::CborError,
    entry::Entry,
    fork::ForkProof,
    key::{MemberId, PublicKey},
    keyring::Opening,
    kind::Kind,
    networks::NetworkOf,
    run::{VerifiedRun, whole_len},
};

/// A run that the ledger has taken in: it continues the log exactly where what is held ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmittedRun {
    run: VerifiedRun,
    authority_changed: bool,
}

impl AdmittedRun {
    /// The run.
    pub fn run(&self) -> &VerifiedRun {
        &self.run
    }

    /// Did it change who may speak, so that all has to be judged again?
    pub fn authority_changed(&self) -> bool {
        self.authority_changed
    }
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is to be appended.
    Appended(AdmittedRun),
    /// All of it is held already.
    Known,
    /// It contradicts what is held: the key has said two things at one place. Nothing is to be appended.
    Forked(Box<ForkProof>),
}

/// Why a run was not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The charter has not arrived yet.
    #[error("the charter of this network has not arrived yet")]
    NoCharter,
    /// The charter is at fault.
    #[error("the charter: {0}")]
    Charter(#[from] AdoptError),
    /// No keyring lists the key.
    #[error("no member's keyring lists the key")]
    UnknownKey,
    /// Entry 0 does not say what a publishing log's must.
    #[error("entry 0 does not say for whom the key speaks: {0}")]
    Opening(CborError),
    /// Entry 0 of the log is of the wrong kind.
    #[error("entry 0 is of kind `{0}`, which cannot open this log")]
    OpeningKind(Kind),
    /// The first entry is not on the network's ground.
    #[error("entry 0 does not name the network of the log")]
    OtherNetwork,
    /// The charter carries the log over for another member than the one that it speaks for.
    #[error("the charter carries the log over for another member than entry 0 names")]
    OtherMember,
    /// Entries before it are missing.
    #[error("entries {held} to {first} are missing before it")]
    Gap {
        /// The next place held.
        held: u64,
        /// The first place offered.
        first: u64,
    },
    /// It lies past the last entry that counts.
    #[error("it lies past the last entry that counts")]
    PastEnd,
    /// It lies on or above a fork.
    #[error("the log is forked below it")]
    AboveFork,
    /// It contradicts the branch that the member's keyring has fixed.
    #[error("it contradicts the branch that the member's keyring has fixed")]
    FixedBranch,
    /// What is held was written by the same key for a member that does not have it, or for another use, and has to make room first.
    #[error("what is held was written by the same key for another member or another use, and makes room for it")]
    Displaces,
    /// It contradicts what is held, but what is held cannot be read, so that nothing is proven. Every branch that anybody can hold
    /// has the key's own signature at short distances, so there is no other reason.
    #[error("it contradicts what is held, which cannot be read to prove it")]
    Unproven,
    /// The log would outgrow the charter's bounds.
    #[error("the log would outgrow the bounds of the charter")]
    Bounds,
}

impl Refusal {
    /// Could the sender have known better? A peer is blamed only for what it could have checked itself.
    pub fn blames_peer(&self) -> bool {
        match self {
            Self::Charter(_) | Self::Opening(_) | Self::OpeningKind(_) | Self::OtherNetwork => true,
            Self::Unproven
            | Self::NoCharter
            | Self::OtherMember
            | Self::UnknownKey
            | Self::Gap { .. }
            | Self::PastEnd
            | Self::AboveFork
            | Self::FixedBranch
            | Self::Displaces
            | Self::Bounds => false,
        }
    }

    /// A short name for counters and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoCharter => "no-charter",
            Self::Charter(_) => "bad-charter",
            Self::UnknownKey => "unknown-key",
            Self::Opening(_) | Self::OpeningKind(_) => "bad-opening",
            Self::OtherNetwork => "other-network",
            Self::OtherMember => "other-member",
            Self::Gap { .. } => "gap",
            Self::PastEnd => "past-end",
            Self::AboveFork => "above-fork",
            Self::FixedBranch => "fixed-branch",
            Self::Displaces => "displaces",
            Self::Unproven => "unproven-contradiction",
            Self::Bounds => "bounds",
        }
    }
}

impl Ledger {
    /// Takes a verified run in, or says why not.
    ///
    /// # Errors
    /// If it may not be added. The ledger is unchanged then, except that a sound charter may have been adopted.
    pub fn admit(&mut self, run: VerifiedRun, history: &impl History) -> Result<Admission, Refusal> {
        let log = run.log();
        self.adopt_from(&run)?;
        if self.opens_again(&run) {
            let proof = self.prove_fork(&run, 0, history).map_err(|_| Refusal::UnknownKey)?;
            return Ok(Admission::Forked(Box::new(proof)));
        }
        let standing = self.standing_of(&run)?;
        let (ends, fixed, is_root) = (standing.ends, standing.fixed, standing.is_root);
        let held = self.extent(&log).unwrap_or(Extent { next: 0, head: self.network, bytes: 0 });
        let holder = &standing.member.id;
        if held.next > 0 && run.first_seq() == 0 && self.holds_another(&log, is_root, holder) {
            // That the key opened its log twice is proven while both are at hand; afterwards only one is.
            drop(self.prove_fork(&run, 0, history));
            self.displaced.insert(log);
            return Err(Refusal::Displaces);
        }

        let bearing = self.bearing(&run, fixed, history);
        if let (Some(_), Some(place)) = (bearing.wrong, fixed) {
            // It is of another branch than the one fixed. That settles only what lies at or below the fixed place, and only
            // once that is held.
            let settled = history.hash_at(&log, place.seq) == Some(place.hash);
            let from = if settled { place.seq.saturating_add(1) } else { 0 };
            let contradiction =
                first_contradiction(&run, &held, history, from).filter(|seq| bearing.right < Some(*seq));
            if let Some(seq) = contradiction.filter(|_| run.first_seq() <= held.next) {
                return self.prove_fork(&run, seq, history).map(|proof| Admission::Forked(Box::new(proof)));
            }
        }
        let run = match bearing.wrong {
            Some(wrong) => {
                let settled = fixed.is_some_and(|place| history.hash_at(&log, place.seq) == Some(place.hash));
                // Of a log of which nothing is held, the first entry is taken in though it is known to be of another branch: whoever
                // does not know that yet holds it as well, and shows that the log is forked there.
                let first = wrong == 0 && fixed.is_some_and(|place| place.seq > 0);
                let reach = if settled { held.next } else { wrong.max(u64::from(first)) };
                self.common_ground(run, wrong, held.next, reach)?
            }
            None => run,
        };
        if run.first_seq() > held.next {
            return Err(Refusal::Gap { held: held.next, first: run.first_seq() });
        }
        if let Some(seq) = first_contradiction(&run, &held, history, 0) {
            if bearing.right.is_some_and(|right| seq <= right) && self.has_room(&run, seq, &held, history) {
                // What is held has to end at an anchor again.
                self.note_stray(&log, anchored_before(&self.networks, &log, seq, history));
            }
            return self.prove_fork(&run, seq, history).map(|proof| Admission::Forked(Box::new(proof)));
        }
        if run.next_seq() <= held.next {
            return if bearing.wrong.is_some() { Err(Refusal::FixedBranch) } else { Ok(Admission::Known) };
        }
        if ends.is_some_and(|ends| held.next >= ends) {
            return Err(Refusal::PastEnd);
        }
        if let Some(fork) = self.open_fork(&log, history).map(|fork| fork.mark().seq)
            && held.next > fork
            && bearing.right.is_none_or(|right| right < fork)
            && !self.on_branch(&log, fork, &held, history)
        {
            return Err(Refusal::AboveFork);
        }
        let run = run.starting_at(held.next).ok_or(Refusal::Gap { held: held.next, first: held.next })?;
        let (run, bytes) = self.within_bounds(run, &held)?;
        let mut authority_changed = self.learn(&run);
        self.logs.insert(log, Extent { next: run.next_seq(), head: run.head(), bytes });
        if is_root && let Some(place) = fixed.filter(|place| run.hash_at(place.seq).is_some()) {
            // The host appends the run only now, but what it says of the fixed place is known.
            let held = run.hash_at(place.seq) == Some(place.hash);
            if let Some(authority) = &mut self.authority {
                authority.learn_root_fixed(&log, if held { Fixed::Held } else { Fixed::Other });
            }
            authority_changed = true;
        }
        Ok(Admission::Appended(AdmittedRun { run, authority_changed }))
    }

    /// Takes a run of a root log in again that the host finds on its disk at start. It was admitted once; what authority says of its key
    /// now decides what counts of it, not whether it is held: of a replaced root key, or on a branch that a roster did not choose.
    ///
    /// # Errors
    /// If it is not of a root log that is known, or does not continue what was read of that before.
    pub fn restore_root(&mut self, run: &VerifiedRun, history: &impl History) -> Result<(), Refusal> {
        let log = run.log();
        self.adopt_from(run)?;
        if !self.standing_of(run)?.is_root {
            return Err(Refusal::UnknownKey);
        }
        let held = self.extent(&log).unwrap_or(Extent { next: 0, head: self.network, bytes: 0 });
        if run.first_seq() != held.next || run.prev() != held.head {
            return Err(Refusal::Gap { held: held.next, first: run.first_seq() });
        }
        let bytes = run.items().iter().fold(held.bytes, |bytes, item| bytes.saturating_add(item.whole_len()));
        self.learn(run);
        self.logs.insert(log, Extent { next: run.next_seq(), head: run.head(), bytes });
        self.settle_root(&log, history);
        Ok(())
    }

    /// A founder's root log brings the charter with it: a node that only knows the network's id starts here.
    fn adopt_from(&mut self, run: &VerifiedRun) -> Result<(), Refusal> {
        if self.authority.is_some() {
            return Ok(());
        }
        let first = run.item_at(0).filter(|item| item.kind == Kind::Charter).ok_or(Refusal::NoCharter)?;
        let body = run.body_bytes(first).ok_or(Refusal::NoCharter)?;
        Ok(self.adopt_charter(body)?)
    }

    /// Does the run open for another member a log that is held, and speaks for the member that has its key? What it says counts for
    /// nothing; that the key said it is a fork, which has to be found whichever of the two came first.
    fn opens_again(&self, run: &VerifiedRun) -> bool {
        let Some(authority) = &self.authority else { return false };
        let log = run.log();
        let first = run.item_at(0).filter(|first| first.kind == Kind::Log && run.prev() == self.network);
        let opening = first.and_then(|first| run.body_bytes(first)).and_then(|body| Opening::decode(body).ok());
        let holder = authority.standing(&log).filter(|standing| !standing.is_root).map(|standing| &standing.member.id);
        let differs = |(opening, holder): (Opening, &MemberId)| opening.member != *holder;
        self.logs.contains_key(&log) && opening.zip(holder).is_some_and(differs)
    }

    /// Does what is held of a log open it for another member or another use than it speaks for?
    fn holds_another(&self, log: &PublicKey, is_root: bool, holder: &MemberId) -> bool {
        let Some(authority) = &self.authority else { return false };
        if is_root { authority.opens_as_publishing(log) } else { authority.claimed_member(log) != Some(holder) }
    }

    /// For whom the run's log speaks. A log that begins with this run is asked what it says of itself.
    fn standing_of(&self, run: &VerifiedRun) -> Result<Standing<'_>, Refusal> {
        let authority = self.authority.as_ref().ok_or(Refusal::NoCharter)?;
        let log = run.log();
        if let Some(first) = run.item_at(0) {
            if run.prev() != self.networks.network_of(&log) {
                return Err(Refusal::OtherNetwork);
            }
            let is_root = authority.member_by_root(&log).is_some();
            match (is_root, &first.kind) {
                (true, Kind::Charter) if first.body.hash == self.network => {
                    return authority.root_log(&log).ok_or(Refusal::UnknownKey);
                }
                (true, Kind::Charter) => return Err(Refusal::OtherNetwork),
                (false, Kind::Log) => {
                    let body = run.body_bytes(first).unwrap_or_default();
                    let opening = Opening::decode(body).map_err(Refusal::Opening)?;
                    if let Some((_, carried)) = authority.carried(&log) {
                        let same = carried.member == opening.member;
                        return authority.standing(&log).filter(|_| same).ok_or(Refusal::OtherMember);
                    }
                    return authority.publishing(&log, &opening.member).ok_or(Refusal::UnknownKey);
                }
                // Of a root key that this roster does not know, or of a publishing key that a roster has as a root key: another roster
                // says otherwise, and nobody is to blame.
                (false, Kind::Charter) | (true, Kind::Log) => return Err(Refusal::UnknownKey),
                (_, kind) => return Err(Refusal::OpeningKind(kind.clone())),
            }
        }
        authority.standing(&log).ok_or(Refusal::UnknownKey)
    }

    /// What may be taken in of a run that goes wrong at a place: what stands below may be common ground. If no anchor makes that
    /// reach further than what is held, and that should reach up to `reach`, the run is taken up to the first anchor above:
    /// counting ends at the fixed place, as it does for a node that held all of it before the keyring named another branch.
    fn common_ground(&self, run: VerifiedRun, wrong: u64, held: u64, reach: u64) -> Result<VerifiedRun, Refusal> {
        let longer = (held < reach && run.first_seq() <= wrong).then(|| run.clone());
        let below = run.ending_before(wrong, &self.networks);
        match (below, longer) {
            (Some(below), None) => Ok(below),
            (Some(below), Some(_)) if below.next_seq() > held => Ok(below),
            (_, longer) => longer.and_then(|run| run.ending_above(wrong, &self.networks)).ok_or(Refusal::FixedBranch),
        }
    }

    /// The front of the run that lies within the charter's bounds, and the bytes of the log with it. A node that is offered
    /// all at once ends at the same place as one that is offered one entry at a time.
    fn within_bounds(&self, run: VerifiedRun, held: &Extent) -> Result<(VerifiedRun, u64), Refusal> {
        let bounds = self.authority.as_ref().ok_or(Refusal::NoCharter)?.bounds(&run.log());
        let reach = |run: &VerifiedRun| {
            let mut bytes = held.bytes;
            let mut next = run.first_seq();
            for item in run.items() {
                let more = bytes.saturating_add(item.whole_len());
                if next >= bounds.log_entries || more > bounds.log_bytes {
                    break;
                }
                (bytes, next) = (more, next + 1);
            }
            (next, bytes)
        };
        let (next, bytes) = reach(&run);
        if next == run.next_seq() {
            return Ok((run, bytes));
        }
        let run = run.ending_before(next, &self.networks).ok_or(Refusal::Bounds)?;
        let (_, bytes) = reach(&run);
        Ok((run, bytes))
    }

    /// Would the run, which parts with what is held at `seq`, reach beyond there within the charter's bounds, if what is held made
    /// room for it? If not, leaving what is held would only lose what stands below the fork.
    fn has_room(&self, run: &VerifiedRun, seq: u64, held: &Extent, history: &impl History) -> bool {
        let from = run.first_seq();
        if from > seq {
            return false;
        }
        let above = (from..held.next).try_fold(0_u64, |bytes, seq| {
            let entry = history.entry_at(&run.log(), seq)?;
            let body = Entry::decode(&entry).ok()?.statement.body;
            bytes.checked_add(whole_len(entry.len(), &body))
        });
        let Some(bytes) = above.and_then(|above| held.bytes.checked_sub(above)) else { return false };
        let shared = Extent { next: from, head: run.prev(), bytes };
        self.within_bounds(run.clone(), &shared).is_ok_and(|(run, _)| run.next_seq() > seq)
    }

    /// Learns what the run says of authority. Returns whether that may have changed who may speak.
    fn learn(&mut self, run: &VerifiedRun) -> bool {
        let Some(authority) = &mut self.authority else { return false };
        let log = run.log();
        let mut changed = false;
        match authority.member_by_root(&log).is_some() {
            true => {
                for (seq, item) in (run.first_seq()..).zip(run.items()).filter(|(_, item)| item.kind == Kind::Keyring) {
                    authority.learn_keyring(&log, seq, run.body_bytes(item).unwrap_or_default());
                    changed = true;
                }
            }
            false => {
                let body = run.item_at(0).and_then(|first| run.body_bytes(first));
                if let Some(opening) = body.and_then(|body| Opening::decode(body).ok()) {
                    authority.learn_opening(log, opening);
                    changed = true;
                }
            }
        }
        changed
    }
}

/// The lowest place, from `from` on, at which a run and what is held name different entries.
fn first_contradiction(run: &VerifiedRun, held: &Extent, history: &impl History, from: u64) -> Option<u64> {
    let log = run.log();
    let held_at =
        |seq: u64| if seq.checked_add(1) == Some(held.next) { Some(held.head) } else { history.hash_at(&log, seq) };
    let first = run.first_seq().saturating_sub(1).max(from);
    (first..run.next_seq().min(held.next)).find(|seq| held_at(*seq) != run.hash_at(*seq))
}
