//! Intake: what a peer sent goes through the doors (received, verified, admitted), several segments at a time.
//!
//! ```text
//! frame → bytes held (session and all) → decompressed → machine → verified ─┐ in parallel
//!                                                     admitted ←────────────┘ in the order of arrival
//! ```
//!
//! The writer sees the runs in the order in which they came, but need not have finished one before the next is asked for, so
//! that it can make one flush of many. The bytes of a segment count against the bounds from before it is decompressed until
//! it is admitted; a session that brings more waits, and the wire with it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::{Either, ready};
use futures::stream::{FuturesOrdered, FuturesUnordered};
use nanduti_protocol::ledger::Refusal;
use nanduti_protocol::run::{ReceivedRun, RunError};
use nanduti_protocol::sync::split_segment;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::blame::Fault;
use super::super::limits;
use super::SessionError;
use super::wire::Meter;
use crate::core::{Admitted, Core, CoreError, PreparedRun};

/// Bytes that count against the bounds as long as this lives.
#[derive(Debug)]
pub(super) struct Hold {
    _session: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// How a segment came.
#[derive(Debug)]
pub(super) struct Came {
    /// The content of its frame on the wire: compressed.
    pub(super) content: Vec<u8>,
    /// Counts for the bytes of both forms.
    pub(super) hold: Hold,
}

/// The bounds that sessions share: bytes in flight, and threads at work.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    session: Arc<Semaphore>,
    all: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

impl Bounds {
    /// Bounds of all sessions, with so many threads for verifying and compressing.
    pub(super) fn new(workers: usize) -> Self {
        Self {
            session: Arc::new(Semaphore::new(limits::SESSION_BYTES)),
            all: Arc::new(Semaphore::new(limits::ALL_SESSIONS_BYTES)),
            workers: Arc::new(Semaphore::new(workers)),
        }
    }

    /// The same bounds for one more session.
    pub(super) fn for_session(&self) -> Self {
        Self { session: Arc::new(Semaphore::new(limits::SESSION_BYTES)), ..self.clone() }
    }

    /// Waits until so many bytes may be held.
    pub(super) async fn hold(&self, bytes: usize) -> Result<Hold, SessionError> {
        let bytes = u32::try_from(bytes.clamp(1, limits::SESSION_BYTES)).unwrap_or(u32::MAX);
        let taken = |_| SessionError::Stopped;
        let session = Arc::clone(&self.session).acquire_many_owned(bytes).await.map_err(taken)?;
        let all = Arc::clone(&self.all).acquire_many_owned(bytes).await.map_err(taken)?;
        Ok(Hold { _session: session, _all: all })
    }

    /// Runs something that takes a while on a thread of its own, as soon as one is free.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SessionError> {
        let permit = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| SessionError::Stopped)?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(|_| SessionError::Stopped)
    }

    /// Begins such work on so many bytes. Few are worked on before this returns, since to wake another thread takes longer; the rest
    /// proceeds while the caller does something else.
    pub(super) fn begin<T, W>(
        &self,
        bytes: usize,
        work: W,
    ) -> impl Future<Output = Result<T, SessionError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce() -> T + Send + 'static,
    {
        if bytes <= limits::AT_ONCE_BYTES {
            return Either::Left(ready(Ok(work())));
        }
        let bounds = self.clone();
        let begun = tokio::spawn(async move { bounds.work(work).await });
        Either::Right(async move { begun.await.unwrap_or(Err(SessionError::Stopped)) })
    }
}

type Verifying = Pin<Box<dyn Future<Output = (Result<Result<PreparedRun, RunError>, SessionError>, Hold)> + Send>>;
type Admitting = Pin<Box<dyn Future<Output = Result<Admitted, CoreError>> + Send>>;

/// The segments of one session on their way.
pub(super) struct Intake {
    core: Core,
    bounds: Bounds,
    verifying: FuturesOrdered<Verifying>,
    admitting: FuturesUnordered<Admitting>,
    /// Runs in a row that held nothing new.
    idle_runs: usize,
    /// Entries that are new here.
    pub(super) received: u64,
    /// What was refused without blame.
    pub(super) notes: Vec<&'static str>,
}

impl Intake {
    /// Nothing on its way.
    pub(super) fn new(core: Core, bounds: Bounds) -> Self {
        let (verifying, admitting) = (FuturesOrdered::new(), FuturesUnordered::new());
        Self { core, bounds, verifying, admitting, idle_runs: 0, received: 0, notes: Vec::new() }
    }

    /// Is there room for one more segment? Before the charter is known they come one by one: it comes with the first, and says by
    /// which network the others have to be verified.
    pub(super) fn has_room(&self) -> bool {
        if !self.knows_charter() {
            return self.is_empty();
        }
        self.verifying.len() + self.admitting.len() < limits::RUNS_IN_FLIGHT
    }

    /// Is nothing on its way?
    pub(super) fn is_empty(&self) -> bool {
        self.verifying.is_empty() && self.admitting.is_empty()
    }

    /// Takes a segment in.
    pub(super) fn push(&mut self, bytes: Vec<u8>, Came { content, hold }: Came) {
        let (networks, len) = (self.core.snapshot().ledger.networks().clone(), bytes.len());
        let work = move || {
            let run = ReceivedRun::receive(bytes)?.verify(&networks)?;
            let frame = split_segment(&content).map_or(&[][..], |(_, frame)| frame);
            Ok(PreparedRun::compressed(run, frame))
        };
        let verified = self.bounds.begin(len, work);
        self.verifying.push_back(Box::pin(async move { (verified.await, hold) }));
    }

    /// One step: a segment is verified and handed to the writer, or one is admitted. Not to be called when empty.
    ///
    /// # Errors
    /// If the peer is to blame, or the node cannot store.
    pub(super) async fn step(&mut self, meter: &Meter) -> Result<(), SessionError> {
        tokio::select! {
            Some((verified, hold)) = self.verifying.next() => {
                match verified? {
                    Ok(run) => self.admit(run, hold).await,
                    // It may be of a log that the charter carries over from another network.
                    Err(RunError::Anchor(_) | RunError::Spacing { .. }) if !self.knows_charter() => {
                        return self.take_note(Err(CoreError::Refused(Refusal::NoCharter)));
                    }
                    Err(error) => return Err(SessionError::Fault(run_fault(&error), error.to_string())),
                }
                Ok(())
            }
            Some(admitted) = self.admitting.next() => {
                meter.worked();
                self.take_note(admitted)
            }
            else => Ok(()),
        }
    }

    fn knows_charter(&self) -> bool {
        self.core.snapshot().ledger.authority().is_some()
    }

    /// Asks the writer at once, so that the runs stand in its queue in the order of arrival.
    async fn admit(&mut self, run: PreparedRun, hold: Hold) {
        let core = self.core.clone();
        let mut admitting: Admitting = Box::pin(async move {
            let admitted = core.admit_prepared(run).await;
            drop(hold);
            admitted
        });
        match futures::poll!(admitting.as_mut()) {
            std::task::Poll::Ready(done) => self.admitting.push(Box::pin(std::future::ready(done))),
            std::task::Poll::Pending => self.admitting.push(admitting),
        }
    }

    fn take_note(&mut self, admitted: Result<Admitted, CoreError>) -> Result<(), SessionError> {
        match admitted {
            Ok(admitted) => {
                self.received += admitted.appended;
                self.idle_runs = if admitted.appended == 0 { self.idle_runs + 1 } else { 0 };
                // It may have come from somebody else meanwhile; a new comparison finds out what is still missing.
                if self.idle_runs > limits::IDLE_RUNS { Err(SessionError::NothingNew) } else { Ok(()) }
            }
            Err(CoreError::Refused(refusal)) if refusal.blames_peer() => {
                Err(SessionError::Fault(Fault::refusal(refusal.name()), refusal.to_string()))
            }
            Err(CoreError::Refused(refusal)) => {
                self.notes.push(refusal.name());
                // Anybody can make runs of a key that nobody knows, without end.
                if self.notes.len() > limits::REFUSED_RUNS { Err(SessionError::NothingNew) } else { Ok(()) }
            }
            Err(error) => Err(SessionError::Local(error)),
        }
    }
}

/// What the peer did wrong with a run.
fn run_fault(error: &RunError) -> Fault {
    match error {
        RunError::Anchor(_) | RunError::Spacing { .. } => Fault::SIGNATURE,
        RunError::Body { .. } | RunError::BodyMissing { .. } => Fault::BODY,
        RunError::Oversized(_) => Fault::OVERSIZED,
        _ => Fault::SEGMENT,
    }
}
