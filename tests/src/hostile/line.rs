//! A connection of an attacker: libp2p's handshakes and nothing above them, so that it keeps no rule that an honest node keeps.
//!
//! Streams are negotiated by hand, and what the other side opens is handed over or dropped. Each line is one TCP or QUIC
//! connection under a name of its own choice.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    net::SocketAddr,
    task::{Context, Poll},
    time::Duration,
};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{
    Multiaddr, PeerId, Transport,
    core::{
        Endpoint,
        muxing::{StreamMuxerBox, StreamMuxerExt, SubstreamBox},
        transport::{DialOpts, PortUse},
        upgrade,
    },
    identity::Keypair,
    multiaddr::Protocol,
    noise, quic, tcp, yamux,
};
use tokio::sync::{mpsc, oneshot};

/// How long a handshake or a negotiation may take before the attacker gives it up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Streams of the victim that wait to be looked at; further ones are dropped.
const INBOUND: usize = 64;

/// A stream of bytes.
pub(super) type Stream = SubstreamBox;

/// By which transport a line is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// TCP, with Noise and Yamux.
    Tcp,
    /// QUIC.
    Quic,
}

type Opened = oneshot::Sender<io::Result<Stream>>;

/// A connection.
#[derive(Debug)]
pub(super) struct Line {
    requests: mpsc::Sender<Opened>,
    inbound: mpsc::Receiver<Stream>,
    task: tokio::task::JoinHandle<()>,
}

impl Line {
    /// Connects under a new name.
    ///
    /// # Errors
    /// If the other side does not want it.
    pub(super) async fn new(address: &Multiaddr, way: Way) -> io::Result<Self> {
        Self::named(address, way, &Keypair::generate_ed25519()).await
    }

    /// Connects under a name.
    ///
    /// # Errors
    /// If the other side does not want it.
    pub(super) async fn named(address: &Multiaddr, way: Way, keypair: &Keypair) -> io::Result<Self> {
        let (_, muxer) = within(dial(address, way, keypair)).await?;
        let (requests, asked) = mpsc::channel(INBOUND);
        let (hand_over, inbound) = mpsc::channel(INBOUND);
        let task = tokio::spawn(drive(muxer, asked, hand_over));
        Ok(Self { requests, inbound, task })
    }

    /// Opens a stream without agreeing on anything.
    ///
    /// # Errors
    /// If the line is gone.
    pub(super) async fn raw(&self) -> io::Result<Stream> {
        let (opened, answer) = oneshot::channel();
        let gone = || io::Error::from(io::ErrorKind::NotConnected);
        self.requests.send(opened).await.map_err(|_| gone())?;
        within(async { answer.await.map_err(|_| gone())? }).await
    }

    /// Opens a stream of a protocol.
    ///
    /// # Errors
    /// If the line is gone, or the other side does not agree.
    pub(super) async fn open(&self, protocol: &str) -> io::Result<Stream> {
        let mut stream = self.raw().await?;
        within(propose(&mut stream, protocol)).await?;
        Ok(stream)
    }

    /// The next stream that the other side opens, and the protocol that it asked for, after agreeing to it.
    pub(super) async fn accept(&mut self) -> Option<(String, Stream)> {
        loop {
            let mut stream = self.inbound.recv().await?;
            if let Ok(protocol) = within(agree(&mut stream)).await {
                return Some((protocol, stream));
            }
        }
    }

    /// Is it still there?
    pub(super) fn is_up(&self) -> bool {
        !self.task.is_finished()
    }

    /// Returns when it is gone, or after so long.
    pub(super) async fn closed(&mut self, patience: Duration) -> bool {
        tokio::time::timeout(patience, &mut self.task).await.is_ok()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The socket address behind a multiaddress.
pub(super) fn socket_of(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}

async fn dial(address: &Multiaddr, way: Way, keypair: &Keypair) -> io::Result<(PeerId, StreamMuxerBox)> {
    let opts = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
    let mut transport = match way {
        Way::Tcp => tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
            .upgrade(upgrade::Version::V1Lazy)
            .authenticate(noise::Config::new(keypair).map_err(io::Error::other)?)
            .multiplex(yamux::Config::default())
            .boxed(),
        Way::Quic => quic::tokio::Transport::new(quic::Config::new(keypair))
            .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
            .boxed(),
    };
    transport.dial(address.clone(), opts).map_err(io::Error::other)?.await
}

/// Polls a connection for as long as somebody cares.
async fn drive(mut muxer: StreamMuxerBox, mut asked: mpsc::Receiver<Opened>, hand_over: mpsc::Sender<Stream>) {
    let mut waiting = VecDeque::new();
    poll_fn(|cx| step(&mut muxer, &mut asked, &mut waiting, &hand_over, cx)).await;
}

fn step(
    muxer: &mut StreamMuxerBox,
    asked: &mut mpsc::Receiver<Opened>,
    waiting: &mut VecDeque<Opened>,
    hand_over: &mpsc::Sender<Stream>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        while let Poll::Ready(Some(request)) = asked.poll_recv(cx) {
            waiting.push_back(request);
        }
        if let Poll::Ready(Err(_)) = muxer.poll_unpin(cx) {
            return Poll::Ready(());
        }
        match muxer.poll_inbound_unpin(cx) {
            // Whoever does not look has them dropped.
            Poll::Ready(Ok(stream)) => {
                drop(hand_over.try_send(stream));
                continue;
            }
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Pending => {}
        }
        if waiting.is_empty() {
            return Poll::Pending;
        }
        match muxer.poll_outbound_unpin(cx) {
            Poll::Ready(opened) => {
                let failed = opened.is_err();
                if let Some(request) = waiting.pop_front() {
                    drop(request.send(opened));
                }
                if failed {
                    return Poll::Ready(());
                }
            }
            Poll::Pending => return Poll::Pending,
        }
    }
}

const MULTISTREAM: &str = "/multistream/1.0.0";

/// Agrees on a protocol as the side that opened the stream (multistream-select 1.0).
async fn propose(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), protocol: &str) -> io::Result<()> {
    stream.write_all(&[line(MULTISTREAM), line(protocol)].concat()).await?;
    stream.flush().await?;
    for expected in [MULTISTREAM, protocol] {
        if read_line(stream).await? != expected {
            return Err(io::Error::other("the protocol was refused"));
        }
    }
    Ok(())
}

/// Agrees to whatever the other side asks for.
async fn agree(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<String> {
    read_line(stream).await?;
    let protocol = read_line(stream).await?;
    stream.write_all(&[line(MULTISTREAM), line(&protocol)].concat()).await?;
    stream.flush().await?;
    Ok(protocol)
}

/// A line of the negotiation: its length, the text, and a line feed.
pub(super) fn line(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len() + 1).expect("protocols have short names")], text.as_bytes(), b"\n"].concat()
}

async fn read_line(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut len = [0];
    stream.read_exact(&mut len).await?;
    let mut text = vec![0; usize::from(len[0] & 0x7f)];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}

async fn within<T>(what: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(PATIENCE, what).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
