//! What has to hold on every honest node, whatever happens: nothing unauthorised is stored or counts, nothing that was acknowledged is
//! lost, what is kept in memory is bounded. And at the end: all have the same frontier and the same library.
//!
//! Small checks run after every event that could break them; the costly ones on one node at each survey, and on all at the end.

use std::collections::BTreeMap;

use nanduti_protocol::{
    frontier::Frontier,
    hash::Hash,
    key::PublicKey,
    keyring::{KeyState, Keyring, Place},
    kind::{Audience, Kind},
    ledger::History,
    run::VerifiedRun,
};

use super::{
    library::Library,
    node::Node,
    schedule::SESSIONS,
    session::{RUNS, Side},
    stage::Stage,
    trace::What,
    truth::Acknowledged,
    writer::QUEUE,
};

/// One session in so many inputs is measured.
const MEASURED: u64 = 32;
/// What a session may hold: so much, and so much more for each log, in characters of its debug text.
const SESSION_TEXT: (usize, usize) = (64 * 1024, 2048);
/// And so much more for each statement of a ballot: both sides name those that they hold.
const STATEMENT_TEXT: usize = 128;

impl Node {
    /// Every entry that becomes durable on an honest node was signed by somebody who has its key, and told to somebody.
    pub(super) fn check_stored(&self, run: &VerifiedRun, stage: &mut Stage) {
        if !self.honest {
            return;
        }
        let log = run.log();
        for (seq, item) in (run.first_seq()..).zip(run.items()) {
            if let Some(objection) = stage.truth.objection(&log, seq, &item.hash) {
                stage.fail(self.id, format!("stored {objection}: log {log:?}, place {seq}"));
            }
            self.check_audience(item.held, item.audience, stage);
        }
    }

    /// The same for a body that came late.
    pub(super) fn check_body(&self, log: &PublicKey, seq: u64, stage: &mut Stage) {
        let audience = self.shelf.look().at(log, seq).map(|held| held.audience);
        self.check_audience(true, audience.unwrap_or(Audience::Public), stage);
    }

    fn check_audience(&self, held: bool, audience: Audience, stage: &mut Stage) {
        if self.honest && !self.is_member && held && audience == Audience::Members {
            stage.fail(self.id, "an observer was given a body that is for members only");
        }
    }

    /// An author was told that its entry is safe.
    pub(super) fn note_acknowledged(
        &mut self,
        log: PublicKey,
        seq: u64,
        hash: Hash,
        audience: Audience,
        kind: &Kind,
        stage: &mut Stage,
    ) {
        stage.note(self.id, What { verb: "acknowledged", log: Some(log), number: seq, ..What::default() });
        let is_practice = *kind == Kind::Practice;
        if self.honest {
            stage.truth.acknowledged.push(Acknowledged { place: Place { seq, hash }, log, audience, is_practice });
            self.acked.insert(log, (seq + 1, hash));
        }
    }

    /// What was durable is durable still.
    pub(super) fn check_durable(&mut self, stage: &mut Stage) {
        for (log, (next, head)) in &self.acked {
            let last = next.checked_sub(1).and_then(|last| self.shelf.hash_at(log, last));
            if self.honest && last != Some(*head) {
                stage.fail(self.id, format!("lost what was acknowledged: log {log:?}, place {}", next - 1));
                return;
            }
        }
        let disk = self.shelf.look();
        let extents = disk.logs.keys().filter_map(|log| Some((*log, disk.extent(log)?)));
        self.acked = extents.map(|(log, extent)| (log, (extent.next, extent.head))).collect();
    }

    /// After a start the node stands where it stood.
    pub(super) fn check_restart(&mut self, stage: &mut Stage) {
        self.check_durable(stage);
        self.check_roster(stage);
        if let Some(before) = self.before_crash.take()
            && self.honest
            && before != *self.frontier
        {
            stage.fail(self.id, format!("counts otherwise after a restart: {}", difference(&before, &self.frontier)));
        }
    }

    /// Only a log whose key has said two things is ever cut back.
    pub(super) fn check_stray(&mut self, log: &PublicKey, from: u64, stage: &mut Stage) {
        if self.honest && stage.truth.is_sound(log) {
            stage.fail(self.id, format!("cut the sound log {log:?} back to {from}"));
        }
        match self.shelf.look().extent(log) {
            Some(extent) => self.acked.insert(*log, (extent.next, extent.head)),
            None => self.acked.remove(log),
        };
    }

    /// What one session holds is bounded by what its node holds, whatever the peer says.
    pub(super) fn check_session(&self, side: &Side, stage: &mut Stage) {
        if !stage.clock.handled().is_multiple_of(MEASURED) || !self.honest {
            return;
        }
        let text = format!("{:?}", side.session).len();
        let (least, each) = SESSION_TEXT;
        let polls = self.ledger.succession().into_iter().flat_map(|succession| succession.polls());
        let statements: usize = polls.map(|(poll, _)| poll.ids().len()).sum();
        if text > least + each * self.frontier.len() + STATEMENT_TEXT * statements {
            stage.fail(self.id, format!("a session holds {text} characters"));
        }
    }

    /// Queues, sessions and what is remembered are within their bounds.
    pub(super) fn check_bounds(&self, stage: &mut Stage) {
        let runs = self.sessions.values().map(|side| side.writing).max().unwrap_or(0);
        let outbox = self.sessions.values().map(|side| side.outbox.len()).max().unwrap_or(0);
        let bounds = [
            ("sessions", self.sessions.len(), 2 * SESSIONS),
            ("commands", self.writer.queue.len(), QUEUE + 2 * SESSIONS),
            ("runs of a session with the writer", runs, RUNS + 1),
            ("frames of a session that wait for room", outbox, 4),
            ("messages and rates remembered", self.gossip.size(), 2048),
            ("logs to pull", self.schedule.most_pulls(), nanduti_protocol::limits::SYNC_PULL_MAX),
            ("forks", self.ledger.forks().count(), stage.truth.owners.len()),
        ];
        for (what, is, most) in bounds {
            if is > most && self.honest {
                stage.fail(self.id, format!("{is} {what}, more than {most}"));
            }
        }
    }

    /// Everything that can be checked of one node.
    pub(super) fn check_deeply(&self, stage: &mut Stage) {
        if !self.honest || !self.up {
            return;
        }
        let whole = self.ledger.frontier(&self.shelf);
        if !self.writer.flushing && whole != *self.frontier {
            let difference = difference(&whole, &self.frontier);
            stage.fail(self.id, format!("shows a frontier that is not what counts: {difference}"));
        }
        self.check_library(stage);
        let disk = self.shelf.look();
        let rings: BTreeMap<PublicKey, Keyring> =
            stage.truth.owners.keys().filter_map(|root| Some((*root, self.last_keyring(root, stage)?))).collect();
        let mut wrong = Vec::new();
        for (log, position) in self.frontier.iter() {
            let Some(owner) = stage.truth.owners.get(log) else {
                wrong.push(format!("a log of nobody counts: {log:?}"));
                continue;
            };
            let stranger = |(seq, held): &(usize, &super::disk::Held)| {
                let counts = self.ledger.counts(log, *seq as u64, &held.kind, &self.shelf);
                counts && *seq > 0 && !owner.kinds.contains(held.kind.name())
            };
            let counted = disk.logs.get(log).into_iter().flatten().take(position.next as usize).enumerate();
            wrong.extend(
                counted
                    .filter(stranger)
                    .map(|(seq, held)| format!("an entry of kind `{}` counts at place {seq} of {log:?}", held.kind)),
            );
            let root = stage.truth.owners.iter().find(|(_, it)| it.is_root && it.member == owner.member);
            if let Some(last) = stage.truth.carried.get(log) {
                if position.next > last.seq + 1 {
                    wrong.push(format!("{} entries of the carried log {log:?} count, past its end", position.next));
                }
                continue;
            }
            let plain = owner.honest && !owner.is_root;
            let plain = plain && !stage.truth.turned.contains(&owner.member) && !stage.truth.claimed.contains(log);
            if let Some(most) = root.filter(|_| plain).map(|(root, _)| rings.get(root))
                && position.next > most.map_or(0, |ring| end_of(ring, log))
            {
                wrong.push(format!("{} entries of {log:?} count, past its end", position.next));
            }
        }
        drop(disk);
        wrong.into_iter().for_each(|what| stage.fail(self.id, what));
    }

    fn check_library(&self, stage: &mut Stage) {
        if self.writer.flushing {
            return;
        }
        let disk = self.shelf.look();
        let mut anew = Library::default();
        for log in disk.logs.keys() {
            anew.bring_up(&self.ledger, &disk, log, self.ledger.counted(log, &self.shelf));
        }
        if anew.shown() != self.library.shown() {
            stage.fail(self.id, "its library is not what counts");
        }
        for ((_, member), series) in self.library.shown() {
            let claimed = |log: &PublicKey| stage.truth.claimed.contains(log);
            let of_others = |log: &PublicKey| {
                !claimed(log) && stage.truth.owners.get(log).is_none_or(|owner| owner.member != *member)
            };
            if series.history().iter().any(|(_, revision)| of_others(&revision.origin.log)) {
                stage.fail(self.id, format!("shows as {member}'s what another signed"));
                return;
            }
        }
    }

    /// The last keyring of an honest member that this node holds.
    fn last_keyring(&self, root: &PublicKey, stage: &Stage) -> Option<Keyring> {
        let owner = stage.truth.owners.get(root).filter(|owner| owner.is_root && owner.honest)?;
        let disk = self.shelf.look();
        let last = disk.logs.get(root)?.iter().rev().find(|held| held.kind == Kind::Keyring)?;
        Keyring::decode(last.body.as_deref()?, &stage.network, &owner.member, None).ok()
    }
}

/// How many entries of a log its owner's keyring lets count.
fn end_of(ring: &Keyring, log: &PublicKey) -> u64 {
    match ring.line(log).map(|line| line.state) {
        None | Some(KeyState::Ended(None)) => 0,
        Some(KeyState::Ended(Some(last))) => last.seq + 1,
        Some(KeyState::Live(_)) => u64::MAX,
    }
}

/// The first log in which two frontiers differ.
pub(super) fn difference(one: &Frontier, other: &Frontier) -> String {
    let logs = one.iter().chain(other.iter()).map(|(log, _)| log);
    let differs = logs.into_iter().find(|log| one.position(log) != other.position(log));
    match differs {
        Some(log) => format!("log {log:?} {:?} and {:?}", one.position(log), other.position(log)),
        None => "nowhere".into(),
    }
}

/// What still differs between the honest nodes: a node, and in what.
pub(super) fn unequal(nodes: &[Node], stage: &Stage) -> Option<(usize, String)> {
    let honest: Vec<&Node> = nodes.iter().filter(|node| node.honest).collect();
    let first = honest.first()?;
    for node in &honest {
        if !node.up {
            return Some((node.id, "is not running".into()));
        }
        if node.frontier != first.frontier {
            let difference = difference(&first.frontier, &node.frontier);
            return Some((node.id, format!("its frontier differs from that of node {}: {difference}", first.id)));
        }
        let alike = honest.iter().find(|other| other.is_member == node.is_member)?;
        if alike.library.shown() != node.library.shown() {
            return Some((node.id, format!("its library differs from that of node {}", alike.id)));
        }
        // Within members, and within the others, they are alike: one of each tells for all.
        let differs = node.is_member != first.is_member && node.id == alike.id;
        if differs && node.library.public() != first.library.public() {
            return Some((node.id, format!("shows another public library than node {}", first.id)));
        }
        if node.ledger.succession() != first.ledger.succession() {
            return Some((node.id, format!("its ballots differ from those of node {}", first.id)));
        }
        if let Some(lack) = lacking(node, stage) {
            return Some((node.id, lack));
        }
    }
    None
}

/// What a node lacks that honest members were told is safe.
fn lacking(node: &Node, stage: &Stage) -> Option<String> {
    let due = stage.truth.acknowledged.iter().filter(|entry| stage.truth.has_to_count(entry));
    for Acknowledged { place, log, audience, is_practice } in due {
        let counts = node.frontier.position(log).is_some_and(|position| place.seq < position.next);
        if !counts || node.shelf.hash_at(log, place.seq) != Some(place.hash) {
            return Some(format!("lacks the entry at {} of {log:?}", place.seq));
        }
        let may_read = node.is_member || *audience == Audience::Public;
        if may_read && *is_practice && !node.library.holds(&place.hash) {
            return Some(format!("does not show the practice at {} of {log:?}", place.seq));
        }
    }
    None
}
