//! Streams of our own protocols: opened on request, and handed over when a peer opens one.
//!
//! This is the only part that lives inside libp2p's connection handling. A request carries the sender of its answer; if the
//! connection goes, the sender is dropped, and whoever waits learns it. Nothing waits here: what comes in beyond the bounds
//! is dropped, which the peer sees as a stream that ends before its first byte, the same as "busy".
//!
//! Connections are kept alive, since nodes stay connected; how many there are is the connection limits' affair.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll, Waker};

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound, StreamUpgradeError,
};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    NotifyHandler, Stream, StreamProtocol, SubstreamProtocol, THandlerInEvent, ToSwarm,
};
use tokio::sync::oneshot;

use super::limits;

/// The protocols that are spoken over such streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Synchronisation.
    Sync,
    /// Exchange of node records.
    Peers,
}

impl Service {
    const ALL: [Self; 2] = [Self::Sync, Self::Peers];

    /// The name on the wire.
    pub(crate) const fn protocol(self) -> StreamProtocol {
        match self {
            Self::Sync => StreamProtocol::new("/nanduti/sync/1"),
            Self::Peers => StreamProtocol::new("/nanduti/peers/1"),
        }
    }
}

/// Why no stream was opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// There is no connection, or it went.
    #[error("not connected")]
    NotConnected,
    /// Too many streams are being opened already.
    #[error("too many streams are being opened")]
    TooMany,
    /// The peer does not speak the protocol.
    #[error("the peer does not speak the protocol")]
    Unsupported,
    /// The negotiation took too long.
    #[error("the negotiation took too long")]
    Timeout,
    /// The connection failed.
    #[error(transparent)]
    Io(std::io::Error),
}

type Answer = oneshot::Sender<Result<Stream, OpenError>>;

/// A stream that a peer opened.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub(crate) peer: PeerId,
    pub(crate) service: Service,
    pub(crate) stream: Stream,
}

/// The part of the swarm that opens and hands over streams.
#[derive(Default)]
pub(crate) struct Behaviour {
    connections: BTreeMap<PeerId, Vec<ConnectionId>>,
    events: VecDeque<ToSwarm<Inbound, OpenRequest>>,
    waker: Option<Waker>,
}

impl Behaviour {
    /// Opens a stream to a connected peer.
    pub(crate) fn open(&mut self, peer: PeerId, service: Service) -> oneshot::Receiver<Result<Stream, OpenError>> {
        let (answer, opened) = oneshot::channel();
        // The newest connection: an older one may be what a restart left behind.
        match self.connections.get(&peer).and_then(|connections| connections.last()) {
            Some(&connection) => {
                let event = OpenRequest { service, answer };
                self.events.push_back(ToSwarm::NotifyHandler {
                    peer_id: peer,
                    handler: NotifyHandler::One(connection),
                    event,
                });
                if let Some(waker) = self.waker.take() {
                    waker.wake();
                }
            }
            None => drop(answer.send(Err(OpenError::NotConnected))),
        }
        opened
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Inbound;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(made) => {
                self.connections.entry(made.peer_id).or_default().push(made.connection_id);
            }
            FromSwarm::ConnectionClosed(closed) => {
                if let Some(connections) = self.connections.get_mut(&closed.peer_id) {
                    connections.retain(|connection| *connection != closed.connection_id);
                    if connections.is_empty() {
                        self.connections.remove(&closed.peer_id);
                    }
                }
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, _: ConnectionId, (service, stream): (Service, Stream)) {
        self.events.push_back(ToSwarm::GenerateEvent(Inbound { peer, service, stream }));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Inbound, THandlerInEvent<Self>>> {
        match self.events.pop_front() {
            Some(event) => Poll::Ready(event),
            None => {
                self.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// A request to open a stream, on its way to the connection.
#[derive(Debug)]
pub(crate) struct OpenRequest {
    service: Service,
    answer: Answer,
}

/// The part of a connection that opens and hands over streams.
#[derive(Default)]
pub(crate) struct Handler {
    requests: VecDeque<OpenRequest>,
    opening: usize,
    inbound: VecDeque<(Service, Stream)>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = OpenRequest;
    type ToBehaviour = (Service, Stream);
    type InboundProtocol = Negotiation;
    type OutboundProtocol = Negotiation;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Answer;

    fn listen_protocol(&self) -> SubstreamProtocol<Negotiation, ()> {
        SubstreamProtocol::new(Negotiation(Service::ALL.to_vec()), ()).with_timeout(limits::HANDSHAKE)
    }

    fn connection_keep_alive(&self) -> bool {
        true
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Negotiation, Answer, (Service, Stream)>> {
        if let Some(inbound) = self.inbound.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(inbound));
        }
        if let Some(OpenRequest { service, answer }) = self.requests.pop_front() {
            self.opening += 1;
            let protocol = SubstreamProtocol::new(Negotiation(vec![service]), answer).with_timeout(limits::HANDSHAKE);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, request: OpenRequest) {
        if self.opening + self.requests.len() >= limits::OPENING_STREAMS {
            drop(request.answer.send(Err(OpenError::TooMany)));
        } else {
            self.requests.push_back(request);
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Negotiation, Negotiation, (), Answer>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. })
                if self.inbound.len() < limits::INBOUND_STREAMS =>
            {
                self.inbound.push_back(protocol);
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: (_, stream), info }) => {
                self.opening = self.opening.saturating_sub(1);
                drop(info.send(Ok(stream)));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                self.opening = self.opening.saturating_sub(1);
                let error = match error {
                    StreamUpgradeError::Timeout => OpenError::Timeout,
                    StreamUpgradeError::NegotiationFailed => OpenError::Unsupported,
                    StreamUpgradeError::Io(error) => OpenError::Io(error),
                    StreamUpgradeError::Apply(never) => match never {},
                };
                drop(info.send(Err(error)));
            }
            _ => {}
        }
    }
}

/// Agrees on one of our protocols.
#[derive(Debug)]
pub(crate) struct Negotiation(Vec<Service>);

impl UpgradeInfo for Negotiation {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        let names: Vec<StreamProtocol> = self.0.iter().map(|service| service.protocol()).collect();
        names.into_iter()
    }
}

impl Negotiation {
    fn agreed(stream: Stream, name: &StreamProtocol) -> Ready<Result<(Service, Stream), Infallible>> {
        let service = Service::ALL.into_iter().find(|service| service.protocol() == *name);
        ready(Ok((service.expect("libp2p agrees only on a name that was offered"), stream)))
    }
}

impl InboundUpgrade<Stream> for Negotiation {
    type Output = (Service, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, name: StreamProtocol) -> Self::Future {
        Self::agreed(stream, &name)
    }
}

impl OutboundUpgrade<Stream> for Negotiation {
    type Output = (Service, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, name: StreamProtocol) -> Self::Future {
        Self::agreed(stream, &name)
    }
}
