//! Sessions of synchronisation as an attacker holds them: by the protocol's own machine, over a view that claims what it
//! likes, and with whatever it likes in the place of what it should serve.

use std::{collections::BTreeMap, io, time::Duration};

use futures::{AsyncReadExt, AsyncWriteExt};
use nanduti_protocol::{
    ballot::Succession,
    frontier::{Frontier, Position},
    hash::Hash,
    key::PublicKey,
    ledger::History,
    networks::Networks,
    run::{ReceivedRun, VerifiedRun},
    sync::{
        FRAME_HEADER_LEN, FrameHeader, FrameType, Input, Message, Output, Serve, Session, View, message_frame,
        split_segment,
    },
};

use super::{
    forge::Tip,
    line::{Line, Stream},
};

/// The protocol of synchronisation.
pub(super) const SYNC: &str = "/nanduti/sync/1";

/// How long to wait for the other side's end of a session that is over.
const LINGER: Duration = Duration::from_secs(5);

/// A view that claims what it likes.
#[derive(Debug, Clone)]
pub(super) struct Claims {
    /// The network.
    pub(super) network: Hash,
    /// What is claimed to be held.
    pub(super) frontier: Frontier,
    /// Hashes of entries that are known.
    pub(super) hashes: BTreeMap<(PublicKey, u64), Hash>,
    /// Fork proofs that are offered.
    pub(super) forks: BTreeMap<PublicKey, Vec<u8>>,
    /// Bodies that are asked for.
    pub(super) wanted: Vec<(PublicKey, u64)>,
}

impl Claims {
    /// Claims to hold nothing.
    pub(super) fn nothing(network: Hash) -> Self {
        let (frontier, wanted) = (Frontier::default(), Vec::new());
        Self { network, frontier, hashes: BTreeMap::new(), forks: BTreeMap::new(), wanted }
    }

    /// Claims to hold so many entries of a log, whatever they be.
    #[must_use]
    pub(super) fn and(mut self, log: PublicKey, next: u64) -> Self {
        self.frontier.set(log, Position { next, head: Hash::of(b"whatever"), fork: None });
        self
    }

    /// Where a log goes on, as far as it was learnt.
    pub(super) fn tip(&self, log: &PublicKey) -> Option<Tip> {
        self.frontier.position(log).map(|position| Tip { seq: position.next, prev: position.head })
    }

    /// Remembers what a run holds.
    fn learn(&mut self, run: &VerifiedRun) {
        let (log, head, next) = (run.log(), run.head(), run.next_seq());
        for (seq, item) in (run.first_seq()..).zip(run.items()) {
            self.hashes.insert((log, seq), item.hash);
        }
        self.frontier.set(log, Position { next, head, fork: None });
    }
}

impl History for Claims {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.hashes.get(&(*log, seq)).copied()
    }

    fn entry_at(&self, _: &PublicKey, _: u64) -> Option<Vec<u8>> {
        None
    }
}

impl View for Claims {
    fn network(&self) -> Hash {
        self.network
    }

    fn networks(&self) -> Networks {
        self.network.into()
    }

    fn succession(&self) -> Option<&Succession> {
        None
    }

    fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    fn is_root(&self, _: &PublicKey) -> bool {
        false
    }

    fn fork_proof(&self, log: &PublicKey) -> Option<Vec<u8>> {
        self.forks.get(log).cloned()
    }

    fn wanted(&self) -> Vec<(PublicKey, u64)> {
        self.wanted.clone()
    }
}

/// Asks for everything, as an honest newcomer does, and gives what the other side holds.
///
/// # Errors
/// If the session breaks off.
pub(super) async fn fetch(line: &Line, network: Hash) -> io::Result<Claims> {
    let mut learnt = Claims::nothing(network);
    fetch_runs(line, network, |run| learnt.learn(run)).await?;
    Ok(learnt)
}

/// Asks for everything and hears each run that verifies.
///
/// # Errors
/// If the session breaks off.
pub(super) async fn fetch_runs(line: &Line, network: Hash, mut hear: impl FnMut(&VerifiedRun)) -> io::Result<()> {
    let stream = line.open(SYNC).await?;
    let verified = |bytes| {
        if let Ok(run) = ReceivedRun::receive(bytes).and_then(|run| run.verify(&network)) {
            hear(&run);
        }
    };
    let over = converse(stream, Claims::nothing(network), |_, _, _| Vec::new(), verified).await?;
    if over { Ok(()) } else { Err(io::Error::other("the other side had enough")) }
}

/// Holds a session in which the caller makes up what is served. Says whether it came to its end; otherwise the other side had
/// enough.
///
/// # Errors
/// If no stream can be opened.
pub(super) async fn session(
    line: &Line,
    claims: Claims,
    serve: impl FnMut(PublicKey, u64, u64) -> Vec<u8>,
) -> io::Result<bool> {
    let stream = line.open(SYNC).await?;
    converse(stream, claims, serve, drop).await
}

async fn converse(
    mut stream: Stream,
    claims: Claims,
    mut serve: impl FnMut(PublicKey, u64, u64) -> Vec<u8>,
    mut hear: impl FnMut(Vec<u8>),
) -> io::Result<bool> {
    let mut session = Session::initiator(claims);
    loop {
        let mut out = Vec::new();
        loop {
            while let Some(output) = session.poll_output() {
                match output {
                    Output::Send(message) => out.extend(message_frame(&message)),
                    Output::Segment(run) => hear(run),
                    _ => {}
                }
            }
            match session.next_to_serve() {
                None => break,
                Some(Serve::Send(message)) => out.extend(message_frame(&message)),
                Some(Serve::Run { log, from, to }) => {
                    out.extend(serve(log, from, to));
                    session.handle(Input::Served { next: to }).map_err(io::Error::other)?;
                }
                Some(Serve::Body { .. }) => {}
            }
        }
        if stream.write_all(&out).await.is_err() || stream.flush().await.is_err() {
            return Ok(false);
        }
        if session.is_over() {
            drop(stream.close().await);
            // Who leaves before the other side has looked at what it got is not judged by it.
            drop(tokio::time::timeout(LINGER, drain(&mut stream)).await);
            return Ok(true);
        }
        let Some((frame_type, content)) = read_frame(&mut stream).await else { return Ok(false) };
        let input = match frame_type {
            FrameType::Message => Input::Message(Message::decode(&content).map_err(io::Error::other)?),
            FrameType::Segment => {
                let (len, compressed) = split_segment(&content).map_err(io::Error::other)?;
                Input::Segment(zstd::bulk::decompress(compressed, len)?)
            }
            FrameType::Body => continue,
        };
        session.handle(input).map_err(io::Error::other)?;
    }
}

/// The next frame; none if the other side had enough.
pub(super) async fn read_frame(stream: &mut Stream) -> Option<(FrameType, Vec<u8>)> {
    let mut header = [0; FRAME_HEADER_LEN];
    stream.read_exact(&mut header).await.ok()?;
    let header = FrameHeader::decode(header).ok()?;
    let mut content = vec![0; header.len];
    stream.read_exact(&mut content).await.ok()?;
    Some((header.frame_type, content))
}

/// Reads until the other side closes.
pub(super) async fn drain(stream: &mut Stream) {
    let mut chunk = [0; 4096];
    while stream.read(&mut chunk).await.is_ok_and(|read| read > 0) {}
}
