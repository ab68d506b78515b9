//! One session over one stream.
//!
//! Three things run at once and are bounded by what passes between them: reading (a few frames ahead), writing (a few frames
//! behind) and the machine between them, which also hands segments to the [`Intake`] and takes them from the [`Server`].
//! Nothing waits for a full queue while it holds up the other direction, so that both directions stream at once.

mod learn;

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::PeerId;
use libp2p::swarm::Stream;
use nanduti_protocol::entry::Entry;
use nanduti_protocol::fork::ForkProof;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::ledger::History;
use nanduti_protocol::limits::SYNC_WANT_MAX;
use nanduti_protocol::sync::{
    FrameType, Input, Message, Output, PeerFault, Serve, Session, SyncError, message_frame, split_body, split_segment,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::super::blame::Fault;
use super::super::compression::{UnpackError, Unpacker};
use super::super::limits;
use super::super::records::key_of;
use super::super::slots::GiveWay;
use super::super::streams::OpenError;
use super::intake::{Bounds, Came, Intake};
use super::serve::{Served, Server};
use super::view::SessionView;
use super::wire::{FrameReader, Meter, WireError, write_frame};
use super::{Job, Role, SessionError, SessionReport};
use crate::core::{Core, CoreError, Recipient, Snapshot};

/// Forks of keys that are not known yet, kept until the end of the session, by when they may be.
const DEFERRED_FORKS: usize = 64;

/// What all sessions share.
#[derive(Debug, Clone)]
pub(in super::super) struct Sessions {
    core: Core,
    /// The key of this node, by which a member may know it for its own.
    own: PublicKey,
    bounds: Bounds,
}

impl Sessions {
    /// Sessions of a node with this key on a core, with so many threads for verifying.
    pub(in super::super) fn new(core: Core, own: PublicKey, verifiers: usize) -> Self {
        Self { core, own, bounds: Bounds::new(verifiers) }
    }

    /// Begins a session over a stream that is being opened.
    pub(in super::super) async fn initiate(
        self,
        peer: PeerId,
        job: Job,
        opening: oneshot::Receiver<Result<Stream, OpenError>>,
        give_way: GiveWay,
    ) -> SessionReport {
        let opened = match opening.await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(OpenError::NotConnected.into()),
        };
        self.run(peer, Role::Initiator(job), opened, give_way).await
    }

    /// Answers a session that a peer began.
    pub(in super::super) async fn answer(self, peer: PeerId, stream: Stream, give_way: GiveWay) -> SessionReport {
        self.run(peer, Role::Responder, Ok(stream), give_way).await
    }

    async fn run(
        self,
        peer: PeerId,
        role: Role,
        stream: Result<Stream, SessionError>,
        give_way: GiveWay,
    ) -> SessionReport {
        let began = Instant::now();
        let meter = Arc::new(Meter::default());
        let mut report = SessionReport {
            peer,
            role: role.clone(),
            elapsed: Duration::ZERO,
            bytes_in: 0,
            bytes_out: 0,
            received: 0,
            sent: 0,
            notes: Vec::new(),
            peer_digest: None,
            equal: false,
            whole: false,
            error: None,
        };
        report.error = match stream {
            Ok(stream) => self.carry((stream, give_way), &role, &meter, &mut report).await.err(),
            Err(error) => Some(error),
        };
        (report.bytes_in, report.bytes_out) = (meter.bytes_in(), meter.bytes_out());
        report.elapsed = began.elapsed();
        report.tell(&self.core).await;
        report
    }

    /// Reads, writes and drives the machine until the session is over.
    async fn carry(
        &self,
        (stream, give_way): (Stream, GiveWay),
        role: &Role,
        meter: &Meter,
        report: &mut SessionReport,
    ) -> Result<(), SessionError> {
        let bounds = self.bounds.for_session();
        let mut driver = Driver::begin((self.core.clone(), self.own), bounds.clone(), role, report).await?;
        let (reader, writer) = stream.split();
        let (arrived, frames) = mpsc::channel(2);
        let (outgoing, queued) = mpsc::channel(limits::READ_AHEAD);
        let read = read_loop(FrameReader::new(reader), arrived, &bounds, meter);
        let write = write_loop(writer, queued, meter);
        let drive = driver.drive(frames, outgoing, meter);
        let work = async { tokio::try_join!(drive, write).map(|_| ()) };
        let ended = tokio::select! {
            biased;
            failed = read => match failed { Ok(never) => match never {}, Err(error) => Err(error) },
            ended = work => ended,
            () = meter.stalled() => Err(SessionError::Stalled),
            Ok(()) = give_way => Err(SessionError::GaveWay),
        };
        driver.tell(report);
        ended
    }
}

/// A frame's content, as far as it can be read without the machine.
enum Arrival {
    Message(Message),
    Segment(Vec<u8>, Came),
    Body(PublicKey, u64, Vec<u8>),
}

/// Reads frames until the end of the stream, then waits: the session ends when the machine says so.
async fn read_loop<R: futures::AsyncRead + Unpin>(
    mut reader: FrameReader<R>,
    arrived: mpsc::Sender<Arrival>,
    bounds: &Bounds,
    meter: &Meter,
) -> Result<Infallible, SessionError> {
    let mut unpacker = Unpacker::default();
    loop {
        let Some((header, content)) = reader.next(meter).await? else { break };
        let arrival = match header.frame_type {
            FrameType::Message => Arrival::Message(Message::decode(&content)?),
            FrameType::Segment => {
                let (len, _) = split_segment(&content)?;
                let hold = bounds.hold(len + content.len()).await?;
                let unpack = move || {
                    let run = split_segment(&content)
                        .map_err(|_| UnpackError::Content)
                        .and_then(|(len, compressed)| unpacker.unpack(compressed, len));
                    (unpacker, run, content)
                };
                let (used, run, content) = bounds.begin(len, unpack).await?;
                unpacker = used;
                let run = run.map_err(|error| match error {
                    UnpackError::Content => SessionError::Fault(
                        Fault::COMPRESSION,
                        "the peer sent a segment that does not decompress to its length".into(),
                    ),
                    UnpackError::Memory(_) => SessionError::Own(error.to_string()),
                })?;
                Arrival::Segment(run, Came { content, hold })
            }
            FrameType::Body => {
                let (log, seq, body) = split_body(&content)?;
                Arrival::Body(log, seq, body.to_vec())
            }
        };
        if arrived.send(arrival).await.is_err() {
            break;
        }
    }
    drop(arrived);
    pending().await
}

/// Writes frames until there are no more to come, then closes our half.
async fn write_loop(
    mut writer: impl futures::AsyncWrite + Unpin,
    mut queued: mpsc::Receiver<Vec<u8>>,
    meter: &Meter,
) -> Result<(), SessionError> {
    let cut = |error: std::io::Error| SessionError::Cut(error.to_string());
    while let Some(frame) = queued.recv().await {
        write_frame(&mut writer, &frame, meter).await.map_err(cut)?;
        if queued.is_empty() {
            writer.flush().await.map_err(cut)?;
        }
    }
    // Everything has been said and heard; a peer that is gone by now has lost nothing.
    let _: Result<_, _> = tokio::time::timeout(limits::HANDSHAKE, writer.close()).await;
    Ok(())
}

type Serving = Pin<Box<dyn Future<Output = Result<(Server, Result<Served, CoreError>), SessionError>> + Send>>;

/// The machine with its surroundings.
struct Driver {
    core: Core,
    snapshot: Arc<Snapshot>,
    bounds: Bounds,
    session: Session<SessionView>,
    intake: Intake,
    came: VecDeque<Came>,
    server: Option<Server>,
    serving: Option<Serving>,
    outbox: VecDeque<Vec<u8>>,
    forks: Vec<ForkProof>,
    sent: u64,
    equal: bool,
    finished: bool,
    initiator: bool,
}

impl Driver {
    async fn begin(
        (core, own): (Core, PublicKey),
        bounds: Bounds,
        role: &Role,
        report: &SessionReport,
    ) -> Result<Self, SessionError> {
        let snapshot = core.snapshot();
        let server = Server::new(core.clone(), key_of(&report.peer));
        // Why the others are not here is known: they are for members only, and this is no member's node.
        let for_members = Recipient::of_node(&snapshot, Some(&own)) == Recipient::Member;
        let wanted = if snapshot.counts.wanted > 0 || (for_members && snapshot.counts.withheld > 0) {
            let core = core.clone();
            bounds.work(move || core.wants(SYNC_WANT_MAX, for_members)).await?
        } else {
            Vec::new()
        };
        let view = SessionView::new(Arc::clone(&snapshot), wanted);
        let session = match role {
            Role::Initiator(Job::Pull(logs)) => Session::pulling(view, &logs.iter().copied().collect::<BTreeSet<_>>()),
            Role::Initiator(Job::Full) => Session::initiator(view),
            Role::Responder => Session::responder(view),
        };
        Ok(Self {
            intake: Intake::new(core.clone(), bounds.clone()),
            core,
            snapshot,
            bounds,
            session,
            came: VecDeque::new(),
            server: Some(server),
            serving: None,
            outbox: VecDeque::new(),
            forks: Vec::new(),
            sent: 0,
            equal: false,
            finished: false,
            initiator: matches!(role, Role::Initiator(_)),
        })
    }

    /// Says how far it came.
    fn tell(&mut self, report: &mut SessionReport) {
        report.received = self.intake.received;
        report.notes = std::mem::take(&mut self.intake.notes);
        report.sent = self.sent;
        report.equal = self.equal;
        report.whole = self.finished && self.session.peer().is_some_and(|hello| hello.pull.is_empty());
        report.peer_digest = self.session.peer().map(|hello| hello.digest);
    }

    async fn drive(
        &mut self,
        mut frames: mpsc::Receiver<Arrival>,
        outgoing: mpsc::Sender<Vec<u8>>,
        meter: &Meter,
    ) -> Result<(), SessionError> {
        let hello = tokio::time::sleep(limits::HANDSHAKE);
        tokio::pin!(hello);
        loop {
            self.take_outputs().await?;
            self.serve().await?;
            if self.finished && self.outbox.is_empty() {
                break;
            }
            tokio::select! {
                arrival = frames.recv(), if !self.finished && self.intake.has_room() => match arrival {
                    Some(arrival) => self.hear(arrival)?,
                    None => return Err(self.ended_early()),
                },
                permit = outgoing.reserve(), if !self.outbox.is_empty() => {
                    // The writer only goes away when it failed, and then says so itself.
                    let Ok(permit) = permit else { return pending().await };
                    if let Some(frame) = self.outbox.pop_front() {
                        permit.send(frame);
                    }
                }
                served = async { self.serving.as_mut().expect("there is one").await }, if self.serving.is_some() => {
                    self.serving = None;
                    self.served(served?)?;
                }
                stepped = self.intake.step(meter), if !self.intake.is_empty() => stepped?,
                () = &mut hello, if self.session.peer().is_none() => return Err(SessionError::Silent),
            }
        }
        drop(outgoing);
        while !self.intake.is_empty() {
            self.intake.step(meter).await?;
        }
        self.learn_deferred_forks().await
    }

    fn hear(&mut self, arrival: Arrival) -> Result<(), SessionError> {
        let input = match arrival {
            Arrival::Message(message) => Input::Message(message),
            Arrival::Segment(bytes, came) => {
                self.came.push_back(came);
                Input::Segment(bytes)
            }
            Arrival::Body(log, seq, bytes) => Input::Body { log, seq, bytes },
        };
        Ok(self.session.handle(input)?)
    }

    async fn take_outputs(&mut self) -> Result<(), SessionError> {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Send(message) => self.outbox.push_back(message_frame(&message)),
                Output::Segment(bytes) => {
                    let came = self.came.pop_front();
                    let came = came.ok_or_else(|| SessionError::Own("a segment that nobody sent".into()))?;
                    self.intake.push(bytes, came);
                }
                Output::Body { log, seq, bytes } => self.take_body(log, seq, bytes).await?,
                Output::Papers(papers) => self.take_papers(papers).await?,
                Output::Fork(proof) => self.take_fork(proof).await?,
                Output::Evidence(chain) => self.take_evidence(chain).await?,
                Output::Finished(outcome) => {
                    self.equal = outcome.equal;
                    self.finished = true;
                }
            }
        }
        Ok(())
    }

    /// Asks the machine what to send next, unless enough waits to be written.
    async fn serve(&mut self) -> Result<(), SessionError> {
        while self.outbox.is_empty() && self.serving.is_none() && !self.finished {
            match self.session.next_to_serve() {
                None => break,
                Some(Serve::Send(message)) => self.outbox.push_back(message_frame(&message)),
                Some(Serve::Run { log, from, to }) => {
                    let Some(mut server) = self.server.take() else { break };
                    let bounds = self.bounds.clone();
                    let read = move || {
                        let served = server.run(&log, from, to);
                        (server, served)
                    };
                    self.serving = Some(Box::pin(async move { bounds.work(read).await }));
                }
                Some(Serve::Body { log, seq }) => {
                    let Some(server) = self.server.take() else { break };
                    let (server, body) = self
                        .bounds
                        .work(move || {
                            let body = server.body(&log, seq);
                            (server, body)
                        })
                        .await?;
                    self.server = Some(server);
                    self.outbox.extend(body.map_err(SessionError::Local)?);
                }
            }
            self.take_outputs().await?;
        }
        Ok(())
    }

    /// A segment has been read, or could not be.
    fn served(&mut self, (server, served): (Server, Result<Served, CoreError>)) -> Result<(), SessionError> {
        self.server = Some(server);
        let Served { count, next, frame } = served.map_err(SessionError::Local)?;
        self.sent += count;
        self.outbox.extend(frame);
        Ok(self.session.handle(Input::Served { next })?)
    }

    async fn take_body(&mut self, log: PublicKey, seq: u64, bytes: Vec<u8>) -> Result<(), SessionError> {
        let snapshot = Arc::clone(&self.snapshot);
        let (fits, bytes) = self
            .bounds
            .work(move || {
                let entry = snapshot.entry_at(&log, seq);
                let fits = entry
                    .is_none_or(|entry| Entry::decode(&entry).is_ok_and(|entry| entry.statement.body.is_of(&bytes)));
                (fits, bytes)
            })
            .await?;
        if !fits {
            // The peer may hold another branch of the log, and could not know that: it is not to blame.
            self.intake.notes.push("other-body");
            return Ok(());
        }
        self.core.fill_body(log, seq, bytes).await.map(|_| ()).map_err(SessionError::Local)
    }

    fn ended_early(&self) -> SessionError {
        if self.initiator && self.session.peer().is_none() {
            SessionError::Busy
        } else {
            SessionError::Cut("the peer closed the stream".into())
        }
    }
}

impl From<PeerFault> for SessionError {
    fn from(fault: PeerFault) -> Self {
        let weight = match fault {
            PeerFault::FrameLength { .. } | PeerFault::FrameType(_) => Fault::OVERSIZED.weight,
            PeerFault::Fork(_) | PeerFault::Evidence(_) => Fault::SIGNATURE.weight,
            _ => Fault::PROTOCOL.weight,
        };
        Self::Fault(Fault { name: fault.name(), weight }, format!("the peer {fault}"))
    }
}

impl From<SyncError> for SessionError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Peer(fault) => fault.into(),
            SyncError::OtherNetwork => Self::OtherNetwork,
            SyncError::Host(misuse) => Self::Own(misuse.to_string()),
        }
    }
}

impl From<WireError> for SessionError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Io(error) => Self::Cut(error.to_string()),
            WireError::Frame(fault) => fault.into(),
        }
    }
}
