//! The gate before gossip: so many frames of a peer are looked into, and the rest is dropped unread.
//!
//! Our own judgement ([`gossip`](super::gossip)) sees messages only. Offers, wishes, grafts and prunes are libp2p's own affair,
//! which takes any number of them. Here each frame of a peer costs a token, whatever is in it. Frames beyond the rate are
//! dropped, which blames nobody: a peer passes on what many say. Who goes on far beyond it floods, and is reported.
//!
//! Everything else is handed through as it is.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{PeerId, gossipsub};
use tokio::time::Instant;

use super::behaviour::Gossip;
use super::limits;
use super::rate::Buckets;

/// Gossip behind the gate.
pub(super) struct Behaviour {
    /// What is behind it.
    pub(super) inner: Gossip,
    frames: Buckets<PeerId>,
    floods: Buckets<PeerId>,
    reports: VecDeque<Event>,
}

/// What comes out.
#[derive(Debug)]
pub(super) enum Event {
    /// Something of gossip itself.
    Gossip(gossipsub::Event),
    /// A frame was dropped, since its peer sends more than is looked into.
    Dropped,
    /// A peer sends more than any honest one would.
    Flood(PeerId),
}

impl Behaviour {
    /// Puts the gate before it.
    pub(super) fn new(inner: Gossip) -> Self {
        Self {
            inner,
            frames: Buckets::new(limits::GOSSIP_FRAME_RATE, limits::RATES),
            floods: Buckets::new(limits::GOSSIP_FLOOD_RATE, limits::RATES),
            reports: VecDeque::new(),
        }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = <Gossip as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = Event;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        to: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(id, to, from)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        to: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_inbound_connection(id, peer, to, from)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(id, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        to: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_outbound_connection(id, peer, to, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        let now = Instant::now();
        let flood = !self.floods.take(&peer, now);
        if !flood && self.frames.take(&peer, now) {
            self.inner.on_connection_handler_event(peer, id, event);
        } else if self.reports.len() < limits::GOSSIP_QUEUE {
            self.reports.push_back(if flood { Event::Flood(peer) } else { Event::Dropped });
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Event, THandlerInEvent<Self>>> {
        if let Some(report) = self.reports.pop_front() {
            return Poll::Ready(ToSwarm::GenerateEvent(report));
        }
        self.inner.poll(cx).map(|event| event.map_out(Event::Gossip))
    }
}
