//! Streams over one TCP connection (Yamux), within bounds on what a peer can make us hold.
//!
//! What a peer has sent and we have not read yet lies in memory: a window for each stream, from 256 KiB upwards. libp2p's own
//! settings allow 512 streams and a gibibyte on a connection, and a window grows with the round trip, which the peer can make
//! as long as it likes. So this is libp2p's connection once more, with bounds: few streams, a small sum of all windows, and
//! hardly any streams that wait to be accepted. Who opens a stream too many loses the connection.
//!
//! QUIC has settings for the same; they stand in [`behaviour`](super::behaviour).

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::io;
use std::iter;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures::{AsyncRead, AsyncWrite, ready};
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo};
use yamux::{Connection, ConnectionError, Mode};

use super::limits;

/// Makes connections within the bounds.
#[derive(Debug, Clone)]
pub(super) struct Upgrade(yamux::Config);

impl Upgrade {
    /// The bounds of [`limits`].
    pub(super) fn new() -> Self {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(limits::STREAMS);
        config.set_max_connection_receive_window(Some(limits::UNREAD_BYTES));
        Self(config)
    }

    fn on<C: AsyncRead + AsyncWrite + Send + Unpin + 'static>(self, stream: C, mode: Mode) -> Muxer<C> {
        Muxer { connection: Connection::new(stream, self.0, mode), waiting: VecDeque::new(), waker: None }
    }
}

impl UpgradeInfo for Upgrade {
    type Info = &'static str;
    type InfoIter = iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        iter::once("/yamux/1.0.0")
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<C> for Upgrade {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, stream: C, _: Self::Info) -> Self::Future {
        ready(Ok(self.on(stream, Mode::Server)))
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<C> for Upgrade {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, stream: C, _: Self::Info) -> Self::Future {
        ready(Ok(self.on(stream, Mode::Client)))
    }
}

/// A connection.
#[derive(Debug)]
pub(super) struct Muxer<C> {
    connection: Connection<C>,
    /// Streams that came while nobody accepted any: the connection makes progress only by asking for the next one.
    waiting: VecDeque<yamux::Stream>,
    waker: Option<Waker>,
}

impl<C: AsyncRead + AsyncWrite + Unpin> Muxer<C> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<yamux::Stream, ConnectionError>> {
        Poll::Ready(ready!(self.connection.poll_next_inbound(cx)).unwrap_or(Err(ConnectionError::Closed)))
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> StreamMuxer for Muxer<C> {
    type Substream = yamux::Stream;
    type Error = ConnectionError;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        if let Some(stream) = self.waiting.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        let next = self.poll_next(cx);
        if next.is_pending() {
            self.waker = Some(cx.waker().clone());
        }
        next
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        self.connection.poll_new_outbound(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connection.poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        let stream = ready!(self.poll_next(cx))?;
        if self.waiting.len() < limits::INBOUND_STREAMS {
            self.waiting.push_back(stream);
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
        // One at a time, so that the rest of the connection has its turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use futures::future::poll_fn;
    use futures::{AsyncWriteExt, StreamExt, stream};
    use libp2p::core::muxing::StreamMuxerExt;
    use tokio_util::compat::TokioAsyncReadCompatExt;

    use super::*;

    /// A peer with libp2p's own bounds opens so many streams and fills the window of each. Gives the streams that were accepted,
    /// if they are, those that wait, and the bytes that the peer could send.
    async fn filled(streams: usize, accept: bool) -> (usize, usize, usize) {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let mut muxer = Upgrade::new().on(ours.compat(), Mode::Server);
        let mut peer = Connection::new(theirs.compat(), yamux::Config::default(), Mode::Client);
        let mut opened = Vec::new();
        for _ in 0..streams {
            opened.push(poll_fn(|cx| peer.poll_new_outbound(cx)).await.expect("within the peer's own bounds"));
        }
        tokio::spawn(stream::poll_fn(move |cx| peer.poll_next_inbound(cx)).for_each(|_| ready(())));
        let (told, mut written) = tokio::sync::mpsc::channel(1024);
        for mut stream in opened {
            let told = told.clone();
            tokio::spawn(async move {
                let chunk = [0; 16 * 1024];
                while stream.write_all(&chunk).await.is_ok() && stream.flush().await.is_ok() {
                    told.send(chunk.len()).await.expect("somebody counts");
                }
            });
        }
        let (mut accepted, mut bytes) = (Vec::new(), 0);
        loop {
            let next = poll_fn(|cx| {
                while accept && let Poll::Ready(Ok(stream)) = muxer.poll_inbound_unpin(cx) {
                    accepted.push(stream);
                }
                if !accept {
                    drop(muxer.poll_unpin(cx));
                }
                written.poll_recv(cx)
            });
            // When nothing more goes through for a while, all windows are full.
            match tokio::time::timeout(std::time::Duration::from_millis(500), next).await {
                Ok(Some(more)) => bytes += more,
                _ => return (accepted.len(), muxer.waiting.len(), bytes),
            }
        }
    }

    #[tokio::test]
    async fn a_peer_cannot_make_us_hold_more_than_a_few_windows() {
        let (accepted, _, bytes) = filled(limits::STREAMS - 1, true).await;
        assert_eq!(accepted, limits::STREAMS - 1, "as many as are allowed");
        assert!((256 * 1024..=limits::UNREAD_BYTES).contains(&bytes), "{bytes} bytes unread");
        // Who opens too many loses the connection; what it goes on writing stays with itself.
        let (accepted, _, _) = filled(200, true).await;
        assert!(accepted <= limits::STREAMS, "{accepted} streams");
    }

    #[tokio::test]
    async fn streams_that_nobody_accepts_are_few() {
        let (_, waiting, _) = filled(200, false).await;
        assert!(waiting <= limits::INBOUND_STREAMS, "{waiting} streams");
    }
}
