//! The writer: the one task that changes anything durable. It runs on a thread of its own, since disks block.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use nanduti_protocol::{
    fork::ForkProof,
    frontier::Frontier,
    key::PublicKey,
    ledger::{Admission, Ledger, Refusal},
    run::VerifiedRun,
};
use tokio::sync::mpsc;

use super::{
    Admitted, CoreError, CoreEvent, Shared,
    command::{Command, Reply},
    facts::Facts,
    fold::Fold,
    library::Library,
    open::Opened,
    pending::{Pending, Waiting, WithPending},
    read::ARRIVALS,
    snapshot::{Counts, DiskHistory, Snapshot},
};
use crate::{
    Home,
    restored::Restored,
    store::{Head, Piece, Placement, Segments, StoreError},
};

/// Bytes that one batch may bring.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Entries after which the watermarks are moved, at the latest.
const CHECKPOINT_ENTRIES: u64 = 32_768;
/// Idle time after which the watermarks are moved.
const CHECKPOINT_IDLE: Duration = Duration::from_secs(1);
/// Time after which the watermarks are moved though there is always something to do.
const CHECKPOINT_BUSY: Duration = Duration::from_secs(10);
/// Runs that one batch may bring: what is pending is searched one by one.
const BATCH_RUNS: usize = 256;

/// Everything that only the writer touches.
pub(crate) struct Writer {
    pub(super) home: Home,
    pub(super) options: super::CoreOptions,
    pub(super) shared: Arc<Shared>,
    pub(super) ledger: Ledger,
    pub(super) frontier: Arc<Frontier>,
    pub(super) segments: Segments,
    pub(super) disk: DiskHistory,
    pub(super) heads: BTreeMap<PublicKey, Head>,
    /// How many entries of each log the library has taken in: those that count.
    pub(super) folded: BTreeMap<PublicKey, u64>,
    pub(super) counts: Counts,
    pub(super) blocked: Option<Arc<str>>,
    /// Logs whose watermark in the index lies behind.
    pub(super) dirty: BTreeSet<PublicKey>,
    since_checkpoint: u64,
    last_checkpoint: Instant,
    pub(super) charter_kept: bool,
    /// Logs in which damage was found, to be mended when there is time.
    pub(super) damaged: BTreeSet<PublicKey>,
    /// What lies set aside and may be taken back; `None` if that has to be looked for.
    pub(super) aside: Option<super::regain::Aside>,
    /// The state could not be restored from the disk: nothing is taken in until it could.
    pub(super) unsound: bool,
    /// The node came out of a backup and waits to be told where its own log stands.
    pub(super) restored: Option<Arc<Restored>>,
}

impl Writer {
    /// The writer of a home that was opened.
    pub(super) fn new(
        home: Home,
        options: super::CoreOptions,
        shared: Arc<Shared>,
        opened: Opened,
        restored: Option<Arc<Restored>>,
    ) -> Self {
        let Opened { ledger, segments, heads, disk } = opened;
        let counts = Counts::of(&disk);
        Self {
            home,
            options,
            shared,
            ledger,
            frontier: Arc::default(),
            segments,
            disk,
            dirty: heads.keys().copied().collect(),
            heads,
            folded: BTreeMap::new(),
            counts,
            blocked: None,
            since_checkpoint: 0,
            last_checkpoint: Instant::now(),
            charter_kept: false,
            damaged: BTreeSet::new(),
            aside: None,
            unsound: false,
            restored,
        }
    }

    /// Works until it is told to close, or everybody who could tell it anything is gone.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Command>, runtime: &tokio::runtime::Handle) {
        loop {
            let waited = runtime.block_on(async { tokio::time::timeout(CHECKPOINT_IDLE, queue.recv()).await });
            let command = match waited {
                Ok(Some(command)) => command,
                Ok(None) => break,
                Err(_) => {
                    if self.blocked.is_some() {
                        self.hindrance();
                    }
                    self.checkpoint();
                    continue;
                }
            };
            if let Some(reply) = self.batch(command, &mut queue) {
                self.checkpoint();
                // Whoever asked to close may have gone away meanwhile.
                let _ = reply.send(Ok(()));
                return;
            }
        }
        self.checkpoint();
    }

    /// Handles a command and those that wait behind it. Returns where to say that it closed, if it was told to.
    fn batch(&mut self, first: Command, queue: &mut mpsc::Receiver<Command>) -> Option<Reply<()>> {
        let mut pending = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        let mut close = None;
        let hindrance = self.hindrance();
        while let Some(command) = next {
            bytes += command.size();
            match (command, &hindrance) {
                (Command::Close { reply }, _) => {
                    // Whoever waits for what is pending is told of a failure there.
                    drop(self.persist(std::mem::take(&mut pending)));
                    close = Some(reply);
                }
                (command, Some(error)) => command.refuse(error),
                (Command::Admit { run, facts, piece, reply }, None) => {
                    self.admit(*run, (facts, piece), reply, &mut pending);
                }
                (command @ Command::Author { .. }, None) => self.author(command, &mut pending),
                (other, None) => {
                    // Everything else looks at the disk, so what is pending goes there first.
                    match self.persist(std::mem::take(&mut pending)) {
                        Ok(()) => self.handle_alone(other),
                        Err(error) => other.refuse(&error),
                    }
                }
            }
            let more = bytes < BATCH_BYTES && pending.len() < BATCH_RUNS && close.is_none() && !self.unsound;
            next = if more { queue.try_recv().ok() } else { None };
        }
        drop(self.persist(pending));
        self.mend_damaged();
        self.take_back();
        close
    }

    /// Why nothing can be written now, if so. Asked before the ledger is touched, so that a full disk costs no restoring.
    fn hindrance(&mut self) -> Option<CoreError> {
        if self.unsound
            && let Err(error) = self.reopen()
        {
            self.block(&error);
            self.publish_blocked();
            return Some(error);
        }
        let full = self.segments.check_room(0).err().map(CoreError::from);
        match &full {
            Some(error) => self.block(error),
            None if self.blocked.as_deref() == Some(CoreError::Full.to_string().as_str()) => self.blocked = None,
            None => return None,
        }
        self.publish_blocked();
        full
    }

    /// Tells everybody why nothing can be written. Said once, not once a batch.
    pub(super) fn block(&mut self, error: &CoreError) {
        let why = error.to_string();
        if self.blocked.as_deref() != Some(why.as_str()) {
            tracing::error!(%error, "cannot write");
            self.blocked = Some(why.into());
        }
    }

    /// Reads the logs again in which damage was found, and sets the damage aside.
    pub(super) fn mend_damaged(&mut self) {
        for log in std::mem::take(&mut self.damaged) {
            if let Err(error) = self.repair(&log) {
                tracing::error!(%log, %error, "cannot mend a damaged log");
            }
        }
    }

    fn handle_alone(&mut self, command: Command) {
        match command {
            Command::Papers { papers, reply } => answer(reply, self.take_papers(&papers)),
            Command::Speak { author, reply } => {
                self.options.author = Some(*author);
                answer(reply, Ok(()));
            }
            Command::Fork { proof, reply } => answer(reply, self.learn_fork(&proof)),
            Command::Heard { node, reply } => answer(reply, self.hear(node)),
            Command::Settle { reply } => answer(reply, Ok(())),
            Command::FillBody { log, seq, body, reply } => answer(reply, self.fill_body(&log, seq, &body)),
            Command::Reindex { reply } => answer(reply, self.reindex()),
            Command::Repair { log, reply } => answer(reply, self.repair(&log)),
            Command::Close { .. } | Command::Admit { .. } | Command::Author { .. } => {}
        }
    }

    pub(super) fn admit(
        &mut self,
        run: VerifiedRun,
        (facts, piece): (Facts, Option<Piece>),
        reply: Reply<Admitted>,
        pending: &mut Vec<Pending>,
    ) {
        let (log, first) = (run.log(), run.first_seq());
        let forks_before: Vec<ForkProof> = self.ledger.forks_of(&log).cloned().collect();
        let outcome = self.ledger.admit(run, &WithPending { disk: &self.disk, pending });
        if let Ok(Admission::Appended(run)) = outcome {
            pending.push(Pending { run, facts, piece, segment: None, waiting: Waiting::Admit(reply) });
            return;
        }
        // What else there is to say may rest on what is pending of this log, so that goes to the disk first.
        let rests = pending.iter().any(|pending| pending.run.run().log() == log);
        let stored = if rests { self.persist(std::mem::take(pending)) } else { Ok(()) };
        let done = match outcome {
            Ok(Admission::Appended(_) | Admission::Known) => {
                stored.map(|()| Admitted { known: true, ..Admitted::default() })
            }
            Ok(Admission::Forked(proof)) => {
                self.ledger.learn_fork(&proof);
                // A fork that is known already costs no flush and no line in the log, however often it is shown.
                let new = !self.ledger.forks_of(&log).eq(&forks_before);
                let kept = if new { self.keep_fork(&proof) } else { Ok(()) };
                kept.map(|()| Admitted { fork: true, ..Admitted::default() })
            }
            Err(Refusal::Unproven) => Err(self.unless_damaged(&log, first, Refusal::Unproven)),
            Err(refusal) => Err(refusal.into()),
        };
        let done = done.and_then(|done| self.leave_stray_branch(&log, pending).map(|()| done));
        answer(reply, done);
    }

    /// Cuts a log back if the ledger has just learnt that what is held of it strays from the branch that its keyring names.
    fn leave_stray_branch(&mut self, log: &PublicKey, pending: &mut Vec<Pending>) -> Result<(), CoreError> {
        let Some(from) = self.ledger.stray(log) else { return Ok(()) };
        self.persist(std::mem::take(pending))?;
        self.cut_back(log, from)
    }

    /// A run contradicts what is held, and what is held could not be read to prove it: what is damaged there is set aside.
    fn unless_damaged(&mut self, log: &PublicKey, from: u64, refusal: Refusal) -> CoreError {
        match self.disk.check(log, from.saturating_sub(1)) {
            Ok(()) => refusal.into(),
            Err(error) => {
                self.damaged.insert(*log);
                error.into()
            }
        }
    }

    /// Makes a batch durable, readable and known, in this order, and only then replies.
    pub(super) fn persist(&mut self, mut pending: Vec<Pending>) -> Result<(), CoreError> {
        if pending.is_empty() {
            return Ok(());
        }
        let facts = pending.iter_mut().map(|pending| std::mem::take(&mut pending.facts)).collect();
        let pieces: Vec<Option<Piece>> = pending.iter_mut().map(|pending| pending.piece.take()).collect();
        let runs: Vec<&VerifiedRun> = pending.iter().map(|pending| pending.run.run()).collect();
        let pieces: Vec<_> = runs.iter().copied().zip(pieces).collect();
        let stored = self
            .keep_charter(&runs)
            .and_then(|()| self.segments.append(&pieces))
            .and_then(|placements| self.index(&runs, facts, &placements));
        if let Err(error) = stored {
            return Err(self.settle_failure(pending, error.into()));
        }
        self.blocked = None;
        let logs: BTreeSet<PublicKey> = runs.iter().map(|run| run.log()).collect();
        let authority_changed = pending.iter().any(|pending| pending.run.authority_changed());
        self.refresh(&logs, authority_changed);
        self.announce(&pending, &logs, authority_changed);
        for Pending { run, waiting, .. } in pending {
            waiting.send(run.run());
        }
        if self.since_checkpoint >= CHECKPOINT_ENTRIES || self.last_checkpoint.elapsed() >= CHECKPOINT_BUSY {
            self.checkpoint();
        }
        Ok(())
    }

    fn index(&mut self, runs: &[&VerifiedRun], facts: Vec<Facts>, placements: &[Placement]) -> Result<(), StoreError> {
        let arrived = (self.options.now_ms)();
        let arrivals = self.shared.local.open_tree(ARRIVALS)?;
        for run in runs {
            super::read::note_arrival(&arrivals, &run.log(), run.first_seq(), arrived)?;
            self.since_checkpoint += run.items().len() as u64;
            for item in run.items().iter().filter(|item| !item.held) {
                *self.counts.missing(item.audience) += 1;
            }
            self.advance_head(run);
        }
        let facts: Vec<Facts> = runs.iter().zip(facts).map(|(run, facts)| facts.or_of(run)).collect();
        for ((run, placement), facts) in runs.iter().zip(placements).zip(&facts) {
            self.disk.index.insert_run(run, placement, facts.encoded())?;
        }
        self.fold_runs(runs, facts)?;
        for (run, placement) in runs.iter().zip(placements).filter(|(_, placement)| placement.offset == 0) {
            self.join_blocks(&run.log(), placement.file)?;
        }
        Ok(())
    }

    /// Folds what is in a batch from memory. What counts now because authority changed is read back later.
    fn fold_runs(&mut self, runs: &[&VerifiedRun], facts: Vec<Facts>) -> Result<(), StoreError> {
        let mut folded = std::mem::take(&mut self.folded);
        let done = self.change_library(|mut fold| {
            for (run, facts) in runs.iter().zip(facts) {
                let log = run.log();
                if folded.get(&log).copied().unwrap_or(0) == run.first_seq() {
                    let to = self.ledger.counted(&log, &self.disk).min(run.next_seq());
                    fold.take_run(run, facts, to)?;
                    folded.insert(log, to.max(run.first_seq()));
                }
            }
            Ok(())
        });
        self.folded = folded;
        self.count_shown();
        done
    }

    /// Lets something change the library.
    pub(super) fn change_library<T>(&self, change: impl FnOnce(Fold<'_>) -> T) -> T {
        self.shared.library.change(|library| change(Fold::new(&self.disk, &self.ledger, library)))
    }

    /// Takes note of how many practices are shown now.
    pub(super) fn count_shown(&mut self) {
        (self.counts.practices, self.counts.for_members) =
            self.shared.library.change(|library| (library.shown().clone(), library.for_members().clone()));
    }

    fn advance_head(&mut self, run: &VerifiedRun) {
        let log = run.log();
        let (Some(extent), Some(tail)) = (self.ledger.extent(&log), self.segments.tail(&log)) else { return };
        let head = Head {
            next: extent.next,
            head: extent.head,
            bytes: extent.bytes,
            file: tail.file,
            file_len: tail.len,
            files: tail.files,
        };
        self.heads.insert(log, head);
        self.dirty.insert(log);
    }

    /// Brings the library and the frontier up to what counts, and shows the new state to readers.
    pub(super) fn refresh(&mut self, logs: &BTreeSet<PublicKey>, all: bool) {
        let logs: Vec<PublicKey> =
            if all { self.heads.keys().copied().collect() } else { logs.iter().copied().collect() };
        if let Err(error) = self.fold_all(&logs) {
            tracing::error!(%error, "cannot bring the library up to date");
            self.warn(format!("the library is not up to date: {error}; `nanduti verify` says what is damaged"));
        }
        let frontier = Arc::make_mut(&mut self.frontier);
        for log in &logs {
            if let Some(position) = self.ledger.position(log, &self.disk) {
                frontier.set(*log, position);
            }
        }
        self.publish_snapshot();
    }

    fn fold_all(&mut self, logs: &[PublicKey]) -> Result<(), StoreError> {
        let mut changed = Vec::new();
        for log in logs.iter().filter(|log| self.heads.contains_key(log)) {
            let counted = self.ledger.counted(log, &self.disk);
            let folded = self.folded.get(log).copied().unwrap_or(0);
            if counted != folded {
                changed.push((*log, folded, counted));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let (mut done, mut failed) = (Vec::new(), None);
        self.change_library(|mut fold| {
            for (log, folded, counted) in changed {
                match fold.take_stored(&log, folded.min(counted), folded.max(counted), counted > folded) {
                    Ok(()) => done.push((log, counted)),
                    // Half of it may be folded, which does no harm: it will be again.
                    Err(error) => failed = Some((log, error)),
                }
            }
        });
        self.folded.extend(done);
        self.count_shown();
        let Some((log, error)) = failed else { return Ok(()) };
        self.damaged.insert(log);
        Err(error)
    }

    pub(super) fn publish_snapshot(&mut self) {
        let snapshot = Snapshot {
            ledger: self.ledger.clone(),
            digest: self.frontier.digest(),
            frontier: Arc::clone(&self.frontier),
            counts: self.counts.clone(),
            blocked: self.blocked.clone(),
            restored: self.restored.clone(),
            history: self.disk.clone(),
        };
        *self.shared.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }

    /// Shows that nothing can be written at present, and else what was shown before.
    pub(super) fn publish_blocked(&self) {
        let mut shown = self.shared.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        if shown.blocked != self.blocked {
            Arc::make_mut(&mut shown).blocked = self.blocked.clone();
        }
    }

    pub(super) fn announce(&self, pending: &[Pending], logs: &BTreeSet<PublicKey>, authority_changed: bool) {
        if authority_changed {
            self.send(CoreEvent::AuthorityChanged);
        }
        for log in logs {
            let Some(last) = pending.iter().rfind(|pending| pending.run.run().log() == *log) else { continue };
            let run = last.run.run();
            if let Some(item) = run.items().last() {
                let (entry, segment) = (run.entry_bytes(item).into(), last.segment.clone());
                self.send(CoreEvent::Appended { log: *log, next: run.next_seq(), head: run.head(), entry, segment });
            }
        }
    }

    pub(super) fn send(&self, event: CoreEvent) {
        // Nobody listening is no fault: a command that runs without a network has no listeners.
        let _ = self.shared.events.send(event);
    }

    /// Moves the watermarks of the index.
    pub(super) fn checkpoint(&mut self) {
        if self.dirty.is_empty() {
            return;
        }
        let heads =
            self.heads.iter().filter(|(log, _)| self.dirty.contains(log)).map(|(log, head)| (*log, *head)).collect();
        self.last_checkpoint = Instant::now();
        match super::local::flush_local(&self.home, &self.shared.local)
            .and_then(|()| self.disk.index.checkpoint(&heads))
        {
            Ok(()) => {
                self.dirty.clear();
                self.since_checkpoint = 0;
            }
            // The index can be made anew: what is acknowledged is in the segment files.
            Err(error) => tracing::warn!(%error, "cannot move the watermarks of the index"),
        }
    }

    /// All that is held counts anew, after the state was restored from the disk.
    pub(super) fn adopt(&mut self, opened: Opened) {
        let Opened { ledger, segments, heads, disk } = opened;
        self.counts = Counts::of(&disk);
        self.folded.clear();
        self.shared.library.change(|library| *library = Library::default());
        self.dirty = heads.keys().copied().collect();
        (self.ledger, self.segments, self.heads, self.disk) = (ledger, segments, heads, disk);
        self.frontier = Arc::default();
        self.refresh(&BTreeSet::new(), true);
    }
}

fn answer<T>(reply: Reply<T>, result: Result<T, CoreError>) {
    // A caller that went away does not need the answer.
    let _ = reply.send(result);
}
