//! The durable core of a node: one writer owns the state, everybody else holds a [`Core`] and reads snapshots.
//!
//! ```text
//!  Core::admit ──┐                                    ┌─→ snapshot (frontier, ledger) ─→ readers
//!  Core::author ─┼─→ bounded queue ─→ writer thread ──┼─→ events ─→ network
//!  Core::… ──────┘    (callers wait    │              └─→ reply
//!                      when it is full)├ admit: the ledger decides
//!                                      ├ append and flush: the segment files
//!                                      └ index and fold: the library
//! ```
//!
//! The writer takes as many waiting commands as fit into a batch, so that one flush serves them all. Nothing is replied,
//! announced or shown before it is durable. If the disk fails in the middle of a batch, the ledger is restored from what the
//! disk holds, and everything in the batch is told so.

mod author;
mod ballots;
mod command;
mod error;
mod facts;
mod fold;
mod joining;
mod library;
mod local;
mod marks;
mod open;
mod pending;
mod read;
mod reading;
mod recipient;
mod regain;
mod repair;
mod signing;
mod snapshot;
mod stray;
#[cfg(test)]
mod tests;
mod verify;
mod warning;
mod writer;

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread::JoinHandle,
};

use nanduti_protocol::{
    ballot::{Papers, Taken},
    fork::ForkProof,
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    run::VerifiedRun,
};
use tokio::sync::{broadcast, mpsc, oneshot};

pub use author::Author;
use command::{Command, Reply};
pub use error::CoreError;
pub(crate) use error::Unable;
use facts::Facts;
use library::SharedLibrary;
pub use open::CoreOptions;
pub(crate) use open::FORK_FILES;
pub(crate) use read::BodyAt;
pub(crate) use recipient::{Leaving, Recipient};
pub use snapshot::{Counts, Snapshot};
pub(crate) use verify::log_end;
pub use verify::{VerifiedEntry, VerifyReport, verify_entry, verify_store};
use warning::Warning;

pub(crate) use crate::store::compressor;
use crate::store::{Index, Packer, Piece, Reader};

/// Commands that may wait. Callers wait when it is full.
const QUEUE: usize = 64;
/// Events that a slow listener may be behind before it misses some (it is told, and looks at the snapshot instead).
const EVENTS: usize = 1024;

/// A handle on everything durable. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Core {
    shared: Arc<Shared>,
    /// Not shared with the writer: when the last handle goes, the writer sees that the queue has ended.
    queue: mpsc::Sender<Command>,
    /// Whoever holds it is the next to stand in the queue.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What the writer and the readers share.
#[derive(Debug)]
pub(crate) struct Shared {
    snapshot: RwLock<Arc<Snapshot>>,
    events: broadcast::Sender<CoreEvent>,
    index: Index,
    reader: Reader,
    library: SharedLibrary,
    local: sled::Db,
    warnings: Mutex<Vec<Warning>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// Bytes of a run up to which it is not worth while to compress it elsewhere than in the writer.
const SMALL: usize = 64 * 1024;

/// A run, and what it says to the library: read where there are threads to spare, so that the writer need not.
#[derive(Debug)]
pub struct PreparedRun {
    run: Box<VerifiedRun>,
    facts: Facts,
    piece: Option<Piece>,
}

impl PreparedRun {
    /// Reads what a run says. This takes some milliseconds for a large one.
    pub fn new(run: VerifiedRun) -> Self {
        Self::with_piece(run, None)
    }

    /// The same for a run that came compressed, in a frame that can be kept if it was made well.
    pub(crate) fn compressed(run: VerifiedRun, frame: &[u8]) -> Self {
        let piece = Piece::of_frame(&run, frame);
        Self::with_piece(run, piece)
    }

    fn with_piece(run: VerifiedRun, piece: Option<Piece>) -> Self {
        let facts = Facts::of(&run);
        // What is small is compressed by the writer, which has the memory for it at hand.
        let worth = piece.is_none() && run.bytes().len() > SMALL;
        let packed = if worth { Packer::new().and_then(|mut packer| packer.pack(&run)).ok() } else { None };
        Self { run: Box::new(run), facts, piece: piece.or(packed) }
    }
}

/// What became durable.
#[derive(Debug, Clone)]
pub enum CoreEvent {
    /// A log has grown.
    Appended {
        /// The log.
        log: PublicKey,
        /// Its next place.
        next: u64,
        /// Hash of its last entry.
        head: Hash,
        /// Bytes of its last entry.
        entry: Arc<[u8]>,
        /// That entry with its body as it is announced, if this node wrote it and it is small and for everybody.
        segment: Option<Arc<[u8]>>,
    },
    /// A fork became known.
    Forked(Arc<ForkProof>),
    /// Who may speak may have changed.
    AuthorityChanged,
    /// Something was said in a ballot.
    Balloted(Arc<Papers>),
    /// Another roster is in force: what was refused before may be taken in now.
    RosterChanged,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Admitted {
    /// Entries that are new here.
    pub appended: u64,
    /// Everything was held already.
    pub known: bool,
    /// It proved a fork; nothing was appended.
    pub fork: bool,
}

/// An entry that this node signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authored {
    /// Its hash.
    pub hash: Hash,
    /// Its log.
    pub log: PublicKey,
    /// Its place.
    pub seq: u64,
}

impl Core {
    /// What is durable now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shared.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a run in; returns once it is durable and readable. Runs of one log that are handed in at the same time may overtake
    /// one another on the way: who has several in flight prepares them and uses [`Core::admit_prepared`].
    ///
    /// # Errors
    /// If it is refused, or the disk is full or fails.
    pub async fn admit(&self, run: VerifiedRun) -> Result<Admitted, CoreError> {
        let prepared = tokio::task::spawn_blocking(|| PreparedRun::new(run)).await.map_err(|_| CoreError::Closed)?;
        self.admit_prepared(prepared).await
    }

    /// Takes a run in; returns once it is durable and readable. Runs stand in the writer's queue in the order in which these calls
    /// are first polled.
    ///
    /// # Errors
    /// As [`Core::admit`].
    pub async fn admit_prepared(&self, prepared: PreparedRun) -> Result<Admitted, CoreError> {
        let PreparedRun { run, facts, piece } = prepared;
        self.ask(|reply| Command::Admit { run, facts, piece, reply }).await
    }

    /// Takes papers of a ballot in; returns once they are durable and followed.
    ///
    /// # Errors
    /// If anything is wrong with them, or the disk is full or fails.
    pub async fn take_papers(&self, papers: Papers) -> Result<Taken, CoreError> {
        self.ask(|reply| Command::Papers { papers: Box::new(papers), reply }).await
    }

    /// Takes note of a fork; returns whether it was new.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn learn_fork(&self, proof: ForkProof) -> Result<bool, CoreError> {
        self.ask(|reply| Command::Fork { proof: Box::new(proof), reply }).await
    }

    /// Puts a body where one is missing; returns whether it was wanted and is the right one.
    ///
    /// # Errors
    /// If the disk is full or fails.
    pub async fn fill_body(&self, log: PublicKey, seq: u64, body: Vec<u8>) -> Result<bool, CoreError> {
        self.ask(|reply| Command::FillBody { log, seq, body, reply }).await
    }

    /// Signs an entry of this node's member, and takes it in.
    ///
    /// # Errors
    /// If this node may not sign, or the disk is full or fails.
    pub async fn author(
        &self,
        kind: Kind,
        audience: Audience,
        time: u64,
        body: Vec<u8>,
    ) -> Result<Authored, CoreError> {
        self.ask(|reply| Command::Author { kind, audience, time, body, reply }).await
    }

    /// A node has told, by a whole synchronisation that ended in order, where this node's own log stands as far as it knows.
    /// That matters only to a node that was restored from a backup.
    ///
    /// # Errors
    /// If enough have told now, and that cannot be written down.
    pub async fn heard_from(&self, node: PublicKey) -> Result<(), CoreError> {
        if self.snapshot().restored.is_none() {
            return Ok(());
        }
        self.ask(|reply| Command::Heard { node, reply }).await
    }

    /// Speaks with another key from now on.
    ///
    /// # Errors
    /// If the node is stopping.
    pub(crate) async fn speak_with(&self, author: Author) -> Result<(), CoreError> {
        self.ask(|reply| Command::Speak { author: Box::new(author), reply }).await
    }

    /// Makes the index anew from the segment files.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn reindex(&self) -> Result<(), CoreError> {
        self.ask(|reply| Command::Reindex { reply }).await
    }

    /// Sets a damaged place aside, so that peers are asked for it again.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn repair(&self, log: PublicKey) -> Result<(), CoreError> {
        self.ask(|reply| Command::Repair { log, reply }).await
    }

    /// What becomes durable from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<CoreEvent> {
        self.shared.events.subscribe()
    }

    /// `local/`: what this node alone knows.
    pub fn local(&self) -> &sled::Db {
        &self.shared.local
    }

    /// What needs the operator's eye, as things stand now.
    pub fn warnings(&self) -> Vec<String> {
        let snapshot = self.snapshot();
        let warnings = self.shared.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.iter().filter_map(|warning| warning.now(&snapshot.ledger)).collect()
    }

    /// Writes everything down and stops the writer. Later calls fail with [`CoreError::Closed`].
    pub async fn close(&self) {
        // The queue may be closed already; then the writer is on its way out.
        let _: Result<(), CoreError> = self.ask(|reply| Command::Close { reply }).await;
        let writer = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && tokio::task::spawn_blocking(move || writer.join()).await.is_ok_and(|joined| joined.is_err())
        {
            tracing::error!("the writer ended in a panic");
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, CoreError> {
        let (reply, answer) = oneshot::channel();
        // Room in the queue is given out in order, but several may be given some at once and take it in another order: so one
        // at a time waits for room. Left to its budget of steps, a busy task may be turned away before it stands in line.
        let turn = tokio::task::unconstrained(self.turn.lock()).await;
        tokio::task::unconstrained(self.queue.send(command(reply))).await.map_err(|_| CoreError::Closed)?;
        drop(turn);
        answer.await.map_err(|_| CoreError::Closed)?
    }
}
