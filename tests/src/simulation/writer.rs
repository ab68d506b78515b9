//! The writer of a node: a model of `core/writer.rs`. Commands wait in a queue; as many as can be taken together become a batch; the
//! batch is handed to the disk, and only when that is done is it counted, announced and replied to.
//!
//! A crash in between keeps some of the files of a batch and not others, in any order, each up to the end of some run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use nanduti_protocol::{
    announce::Announcement,
    ballot::Papers,
    fork::ForkProof,
    hash::Hash,
    key::PublicKey,
    keyring::Opening,
    kind::{Audience, Kind},
    ledger::{Admission, AdmittedRun, History, Ledger, Refusal},
    limits,
    run::{Item, VerifiedRun},
};

use super::{
    Break,
    ballots::Balloted,
    clock::{Event, MILLISECOND, SessionId},
    disk::{Disk, Shelf},
    gossip::{Message, with_body},
    library::Library,
    node::Node,
    schedule::between,
    session::Reply,
    stage::Stage,
    trace::What,
};

/// Commands that may wait.
pub(super) const QUEUE: usize = 64;
/// Commands that one batch may take.
const BATCH: usize = 32;

/// Something to do.
#[derive(Debug)]
pub(super) enum Command {
    /// Take a run in.
    Admit(Box<VerifiedRun>, Option<SessionId>),
    /// Sign an entry.
    Author(Kind, Audience, Vec<u8>),
    /// Take papers of a ballot in.
    Papers(Box<Papers>, Option<SessionId>),
    /// Take note of a fork.
    Fork(Box<ForkProof>, Option<SessionId>),
    /// Put a body where it is missing.
    Body(PublicKey, u64, Vec<u8>, Option<SessionId>),
}

/// What happens once a batch is durable.
#[derive(Debug)]
enum After {
    Reply(SessionId, Reply),
    Stray(PublicKey),
    Acknowledge(PublicKey, u64),
}

/// Commands that wait, and the batch on its way to the disk.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) queue: VecDeque<Command>,
    pub(super) flushing: bool,
    pending: Vec<AdmittedRun>,
    forks: BTreeSet<PublicKey>,
    /// What was said in ballots and is on its way to the disk.
    pub(super) ballots: Option<Balloted>,
    afters: Vec<After>,
}

/// The disk, and in front of it what is on its way there.
struct WithPending<'a> {
    shelf: &'a Shelf,
    pending: &'a [AdmittedRun],
}

impl WithPending<'_> {
    fn find(&self, log: &PublicKey, seq: u64) -> Option<(&VerifiedRun, &Item)> {
        let runs = self.pending.iter().map(AdmittedRun::run).filter(|run| run.log() == *log);
        runs.into_iter().find_map(|run| run.item_at(seq).map(|item| (run, item)))
    }
}

impl History for WithPending<'_> {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.find(log, seq).map(|(_, item)| item.hash).or_else(|| self.shelf.hash_at(log, seq))
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        let found = self.find(log, seq).map(|(run, item)| run.entry_bytes(item).to_vec());
        found.or_else(|| self.shelf.entry_at(log, seq))
    }
}

impl Writer {
    fn rests_on(&self, log: &PublicKey) -> bool {
        self.pending.iter().any(|run| run.run().log() == *log)
    }

    /// Was this run signed here in the batch on its way? What was signed elsewhere, be it with the same key by a thief, or with
    /// the institution's, is there still when this node loses it.
    fn authored(&self, run: &VerifiedRun) -> bool {
        self.afters.iter().any(|after| after.is_acknowledgement(run))
    }
}

impl After {
    /// Was this run signed here?
    fn is_acknowledgement(&self, run: &VerifiedRun) -> bool {
        matches!(self, Self::Acknowledge(log, seq) if (*log, *seq) == (run.log(), run.first_seq()))
    }
}

impl Node {
    /// Takes as many commands as go together, and hands them to the disk.
    pub(super) fn work(&mut self, stage: &mut Stage) {
        let mut taken = 0;
        while !self.writer.flushing
            && taken < BATCH
            && let Some(command) = self.writer.queue.pop_front()
        {
            taken += 1;
            if !self.take(command, stage) {
                break;
            }
        }
        let idle = self.writer.pending.is_empty() && self.writer.forks.is_empty() && self.writer.afters.is_empty();
        let idle = idle && self.writer.ballots.is_none();
        if !self.writer.flushing && !idle {
            self.writer.flushing = true;
            let delay = between(&mut stage.dice, MILLISECOND, 60 * MILLISECOND);
            stage.clock.after(delay, Event::Flushed(self.id, self.epoch));
            if stage.weather.flush_broken > 0 && stage.dice.once_in(stage.weather.flush_broken) {
                let before = between(&mut stage.dice, 0, delay);
                stage.clock.after(before, Event::Crash(self.id));
            }
        }
    }

    /// Takes one command; false if nothing else goes into the batch.
    fn take(&mut self, command: Command, stage: &mut Stage) -> bool {
        match command {
            Command::Admit(run, from) => self.admit(*run, from, stage),
            Command::Author(kind, audience, body) => {
                self.author(kind, audience, &body, stage);
                true
            }
            Command::Fork(proof, from) => {
                if stage.breaks(Break::IgnoreForks) {
                    self.answer(from, Reply::Done(0));
                    return true;
                }
                let log = proof.log();
                if self.ledger.learn_fork(&proof) {
                    self.writer.forks.insert(log);
                }
                self.after(from, Reply::Done(0));
                true
            }
            Command::Papers(papers, from) => self.take_papers(&papers, from),
            Command::Body(log, seq, body, from) => {
                self.fill(&log, seq, &body, stage);
                self.answer(from, Reply::Done(0));
                true
            }
        }
    }

    fn admit(&mut self, run: VerifiedRun, from: Option<SessionId>, stage: &mut Stage) -> bool {
        let log = run.log();
        let before = self.ledger.fork(&log).cloned();
        let offered = stage.breaks(Break::AdmitUnasked).then(|| run.clone());
        let history = WithPending { shelf: &self.shelf, pending: &self.writer.pending };
        let outcome = self.ledger.admit(run, &history);
        let reply = match outcome {
            Ok(Admission::Appended(admitted)) => {
                let entries = admitted.run().items().len() as u64;
                self.writer.pending.push(admitted);
                self.after(from, Reply::Done(entries));
                return true;
            }
            Ok(Admission::Known) if stage.breaks(Break::BlameKnown) => Reply::Blamed("known"),
            Ok(Admission::Known) => Reply::Done(0),
            Ok(Admission::Forked(proof)) => {
                self.ledger.learn_fork(&proof);
                if self.ledger.fork(&log) != before.as_ref() && !stage.breaks(Break::IgnoreForks) {
                    self.writer.forks.insert(log);
                }
                Reply::Done(0)
            }
            Err(refusal) => {
                self.admit_unasked(offered, stage);
                self.refused(&log, &refusal, stage)
            }
        };
        if self.ledger.stray(&log).is_some() {
            self.writer.afters.push(After::Stray(log));
            self.after(from, reply);
            return false;
        }
        if self.writer.rests_on(&log) || self.writer.forks.contains(&log) {
            self.after(from, reply);
            return false;
        }
        self.answer(from, reply);
        true
    }

    /// The rule broken on purpose: what the ledger refuses is stored all the same.
    fn admit_unasked(&mut self, offered: Option<VerifiedRun>, stage: &mut Stage) {
        let Some(run) = offered else { return };
        let held = self.shelf.look().extent(&run.log()).map_or(0, |extent| extent.next);
        if run.first_seq() == held && !self.writer.rests_on(&run.log()) {
            self.shelf.change().append(&run);
            self.check_stored(&run, stage);
        }
    }

    fn refused(&self, log: &PublicKey, refusal: &Refusal, stage: &mut Stage) -> Reply {
        stage.note(self.id, What { verb: "refused", word: refusal.name(), log: Some(*log), ..What::default() });
        if refusal.blames_peer() { Reply::Blamed(refusal.name()) } else { Reply::Refused(refusal.name()) }
    }

    fn author(&mut self, kind: Kind, audience: Audience, body: &[u8], stage: &mut Stage) {
        let Some(run) = self.sign(kind, audience, body, stage) else { return };
        let (log, seq) = (run.log(), run.first_seq());
        let history = WithPending { shelf: &self.shelf, pending: &self.writer.pending };
        let Ok(Admission::Appended(admitted)) = self.ledger.admit(run, &history) else {
            // At the bounds of the charter an author is refused; nothing was said to anybody.
            self.unsign(stage);
            return;
        };
        if stage.breaks(Break::EarlyAcknowledgement) {
            self.acknowledge(&log, seq, admitted.run().item_at(seq).cloned(), stage);
            self.announce_run(admitted.run(), true, stage);
        }
        self.writer.pending.push(admitted);
        self.writer.afters.push(After::Acknowledge(log, seq));
    }

    fn fill(&mut self, log: &PublicKey, seq: u64, body: &[u8], stage: &mut Stage) {
        let filled = self.shelf.change().fill(log, seq, body);
        if filled {
            self.library.filled(&self.ledger, &self.shelf.look(), log, seq);
            self.check_body(log, seq, stage);
        }
    }

    pub(super) fn after(&mut self, from: Option<SessionId>, reply: Reply) {
        self.writer.afters.extend(from.map(|from| After::Reply(from, reply)));
    }

    pub(super) fn answer(&mut self, from: Option<SessionId>, reply: Reply) {
        if let Some(from) = from
            && let Some(side) = self.sessions.get_mut(&from)
        {
            side.reply(reply);
            self.ready.insert(from);
        }
    }

    /// The batch is durable: it counts, it is announced, and everybody who waited is told.
    pub(super) fn flushed(&mut self, stage: &mut Stage) {
        self.writer.flushing = false;
        let pending = std::mem::take(&mut self.writer.pending);
        let forks = std::mem::take(&mut self.writer.forks);
        let ballots = self.writer.ballots.take();
        let afters = std::mem::take(&mut self.writer.afters);
        self.keep(&pending, &forks, stage);
        self.keep_ballots(ballots.as_ref());
        let logs: BTreeSet<PublicKey> = pending.iter().map(|run| run.run().log()).collect();
        let authority_changed = pending.iter().any(AdmittedRun::authority_changed);
        self.refresh(&logs, authority_changed || !forks.is_empty(), stage);
        let acted = !pending.is_empty() || !forks.is_empty() || ballots.is_some();
        self.follow(ballots, stage);
        if acted {
            stage.note(self.id, What { verb: "flushed", number: pending.len() as u64, ..What::default() });
            self.schedule.moved(stage.clock.now());
        }
        let last: BTreeMap<PublicKey, &VerifiedRun> = pending.iter().map(|run| (run.run().log(), run.run())).collect();
        for run in last.values() {
            let authored = afters.iter().any(|after| after.is_acknowledgement(run));
            self.announce_run(run, authored, stage);
        }
        for log in &forks {
            self.announce_fork(log, stage);
        }
        self.settle(afters, stage);
        self.check_durable(stage);
        let now = stage.clock.now();
        self.plan_due(now, stage);
    }

    fn keep(&mut self, pending: &[AdmittedRun], forks: &BTreeSet<PublicKey>, stage: &mut Stage) {
        for run in pending {
            self.keep_charter(run.run());
            self.shelf.change().append(run.run());
            stage.counters.entries += run.run().items().len() as u64;
            self.check_stored(run.run(), stage);
        }
        for log in forks {
            let proofs = self.ledger.forks_of(log).map(ForkProof::encode).collect();
            stage.counters.forks += 1;
            stage.note(self.id, What { verb: "forked", log: Some(*log), ..What::default() });
            self.shelf.change().forks.insert(*log, proofs);
        }
    }

    fn keep_charter(&mut self, run: &VerifiedRun) {
        let network = self.ledger.network();
        let first = run.item_at(0).filter(|item| item.body.hash == network);
        if let Some(charter) = first.and_then(|first| run.body_bytes(first)) {
            self.shelf.change().charter.get_or_insert_with(|| charter.to_vec());
        }
    }

    fn settle(&mut self, afters: Vec<After>, stage: &mut Stage) {
        for after in afters {
            match after {
                After::Reply(from, reply) => self.answer(Some(from), reply),
                After::Acknowledge(log, seq) => {
                    let item =
                        self.shelf.look().at(&log, seq).map(|held| (held.hash, held.audience, held.kind.clone()));
                    if let Some((hash, audience, kind)) = item
                        && !stage.breaks(Break::EarlyAcknowledgement)
                    {
                        self.note_acknowledged(log, seq, hash, audience, &kind, stage);
                    }
                }
                After::Stray(log) => {
                    let Some(from) = self.ledger.stray(&log) else { continue };
                    stage.counters.strays += 1;
                    stage.note(self.id, What { verb: "strayed", log: Some(log), number: from, ..What::default() });
                    self.library.take_back(&self.ledger, &self.shelf.look(), &log, from);
                    self.shelf.change().cut(&log, from);
                    self.reopen(stage);
                    self.check_stray(&log, from, stage);
                }
            }
        }
    }

    fn acknowledge(&mut self, log: &PublicKey, seq: u64, item: Option<Item>, stage: &mut Stage) {
        if let Some(item) = item {
            self.note_acknowledged(*log, seq, item.hash, item.audience, &item.kind, stage);
        }
    }

    /// Announces the last entry of a run, with its body if it was signed here and that is small and for everybody.
    fn announce_run(&mut self, run: &VerifiedRun, authored: bool, stage: &mut Stage) {
        let whole = if authored { with_body(run) } else { None };
        let bare = || run.items().last().map(|last| Announcement::entry(run.entry_bytes(last)).encode());
        if let Some(message) = whole.or_else(|| bare().map(Message::new)) {
            self.tell_everybody(&message, None, stage);
        }
    }

    fn announce_fork(&mut self, log: &PublicKey, stage: &mut Stage) {
        if let Some(proof) = self.ledger.fork(log) {
            // A larger proof is left to sync.
            let message = Announcement::fork(&proof.encode()).encode();
            if message.len() <= limits::GOSSIP_MAX {
                self.tell_everybody(&Message::new(message), None, stage);
            }
        }
    }

    /// Brings frontier and library up to what counts of these logs, or of all, and shows the new state to sessions.
    pub(super) fn refresh(&mut self, logs: &BTreeSet<PublicKey>, all: bool, stage: &Stage) {
        let shelf = self.shelf.clone();
        let disk = shelf.look();
        let logs: Vec<PublicKey> =
            if all { disk.logs.keys().copied().collect() } else { logs.iter().copied().collect() };
        let frontier = Rc::make_mut(&mut self.frontier);
        for log in &logs {
            let counted = if stage.breaks(Break::CountEverything) {
                self.ledger.extent(log).map_or(0, |extent| extent.next)
            } else {
                self.ledger.counted(log, &shelf)
            };
            self.library.bring_up(&self.ledger, &disk, log, counted);
            if let Some(position) = self.ledger.position(log, &shelf) {
                frontier.set(*log, position);
            }
        }
        self.snapshot = Rc::new(self.ledger.clone());
    }

    /// Reads the state from the disk, as at start: charter, root logs, other logs, forks.
    pub(super) fn reopen(&mut self, stage: &mut Stage) {
        let mut ledger = Ledger::new(stage.network);
        let shelf = self.shelf.clone();
        {
            let disk = shelf.look();
            if let Some(charter) = &disk.charter {
                drop(ledger.adopt_charter(charter));
            }
            for papers in &disk.ballots {
                if let Err(error) = ledger.take_papers(papers, &DiskHistory(&disk)) {
                    stage.fail(self.id, format!("papers on its own disk are not taken in again: {error}"));
                }
            }
            let is_root = |ledger: &Ledger, log: &PublicKey| {
                ledger.authority().is_some_and(|authority| authority.member_by_root(log).is_some())
            };
            let (roots, others): (Vec<_>, Vec<_>) = disk.logs.keys().partition(|log| is_root(&ledger, log));
            for log in roots {
                read_root(&mut ledger, &disk, log, self.id, stage);
            }
            for log in others {
                read_log(&mut ledger, &disk, log, self.id, stage);
            }
            let proofs = disk.forks.values().flatten().filter(|_| !stage.breaks(Break::ForgetForks));
            let forks: Vec<_> = proofs.filter_map(|proof| ForkProof::decode(ledger.networks(), proof).ok()).collect();
            ledger.restore_forks(&forks);
        }
        (self.ledger, self.frontier, self.library) = (ledger, Rc::default(), Library::default());
        self.refresh(&BTreeSet::new(), true, stage);
    }

    /// A crash: of what is on its way to the disk some files are written and some are not.
    pub(super) fn lose_pending(&mut self, stage: &mut Stage) {
        let writer = std::mem::take(&mut self.writer);
        let mut kept: BTreeMap<PublicKey, bool> = BTreeMap::new();
        for run in &writer.pending {
            let run = run.run();
            let keeps = kept.entry(run.log()).or_insert_with(|| stage.dice.once_in(2));
            *keeps &= !stage.dice.once_in(4);
            if *keeps {
                // The charter is written down before any log of the batch that brings it.
                writer.pending.iter().for_each(|run| self.keep_charter(run.run()));
                self.shelf.change().append(run);
                self.check_stored(run, stage);
            } else if self.honest && writer.authored(run) {
                run.items().iter().for_each(|item| stage.truth.lose(item.hash));
            }
        }
    }
}

fn read_root(ledger: &mut Ledger, disk: &Disk, log: &PublicKey, node: usize, stage: &mut Stage) {
    let history = DiskHistory(disk);
    for run in disk.runs(log, &stage.network).unwrap_or_default() {
        if let Err(refusal) = ledger.restore_root(&run, &history) {
            stage.fail(node, format!("a root log on its own disk is not taken in again: {refusal}"));
        }
    }
}

fn read_log(ledger: &mut Ledger, disk: &Disk, log: &PublicKey, node: usize, stage: &mut Stage) {
    let body = disk.at(log, 0).and_then(|held| held.body.as_deref());
    match (body.and_then(|body| Opening::decode(body).ok()), disk.extent(log)) {
        (Some(opening), Some(extent)) => ledger.restore(*log, extent, opening),
        _ if stage.breaks(Break::AdmitUnasked) => {}
        _ => stage.fail(node, "a log on its disk does not say for whom it speaks"),
    }
}

struct DiskHistory<'a>(&'a Disk);

impl History for DiskHistory<'_> {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.0.at(log, seq).map(|held| held.hash)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.0.at(log, seq).map(|held| held.entry.clone())
    }
}
