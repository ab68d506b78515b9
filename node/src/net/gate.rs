//! The gate before gossip: so many frames of a peer are looked into, and the rest is dropped unread.
//!
//! Our own judgement ([`gossip`](super::gossip)) sees messages only. Offers, wishes, grafts and prunes are libp2p's own affair,
//! which takes any number of them. Here each message of a peer costs a token, and so does each frame that holds none. Frames beyond
//! the rate are dropped, which blames nobody: a peer passes on what many say. Who goes on far beyond it floods, and is reported.
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

type Frame = THandlerOutEvent<Gossip>;

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
        let (now, cost) = (Instant::now(), cost(&event));
        let flood = !self.floods.take_some(&peer, cost, now);
        if !flood && self.frames.take_some(&peer, cost, now) {
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

/// The tokens that a frame costs.
fn cost(frame: &Frame) -> usize {
    match frame {
        Frame::Message { rpc, invalid_messages } => (rpc.messages.len() + invalid_messages.len()).max(1),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use nanduti_protocol::hash::Hash;

    use super::super::{behaviour, tests::frames};
    use super::*;

    /// Messages that were heard, frames that were dropped, and frames that were reported as a flood of `peer`.
    #[derive(Debug, Default, PartialEq)]
    struct Seen {
        heard: usize,
        dropped: usize,
        floods: usize,
    }

    impl Seen {
        fn take(&mut self, gate: &mut Behaviour, peer: PeerId) {
            while let Poll::Ready(event) = gate.poll(&mut Context::from_waker(Waker::noop())) {
                match event {
                    ToSwarm::GenerateEvent(Event::Gossip(gossipsub::Event::Message { .. })) => self.heard += 1,
                    ToSwarm::GenerateEvent(Event::Dropped) => self.dropped += 1,
                    ToSwarm::GenerateEvent(Event::Flood(who)) if who == peer => self.floods += 1,
                    _ => {}
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_beyond_the_rate_is_dropped_and_a_flood_is_reported_however_it_is_packed() {
        let (rate, flood) = (limits::GOSSIP_FRAME_RATE.1 as usize, limits::GOSSIP_FLOOD_RATE.1 as usize);
        let network = Hash::of(b"network");
        for packed in [1, 50] {
            let mut gate = Behaviour::new(behaviour::gossip(&network).expect("gossip"));
            let frame = |number: usize| {
                let messages: Vec<Vec<u8>> =
                    (0..packed).map(|place| (number * packed + place).to_be_bytes().to_vec()).collect();
                frames::publish(&behaviour::topic(&network), &messages)
            };
            let bytes = (0..(flood + 1000) / packed).flat_map(frame).collect();
            let (read, _) = frames::read(&mut gate.inner, bytes).await;
            let (peer, mut seen) = (PeerId::random(), Seen::default());
            for frame in read {
                gate.on_connection_handler_event(peer, ConnectionId::new_unchecked(0), frame);
                seen.take(&mut gate, peer);
            }
            let expected = Seen { heard: rate, dropped: (flood - rate) / packed, floods: 1000 / packed };
            assert_eq!(seen, expected, "{packed} in a frame");
            // Others are heard, and so is he after a while.
            for (peer, after) in [(PeerId::random(), 0), (peer, 1)] {
                tokio::time::advance(std::time::Duration::from_secs(after)).await;
                let (read, _) = frames::read(&mut gate.inner, frame(1_000_000 + after as usize)).await;
                let mut seen = Seen::default();
                for frame in read {
                    gate.on_connection_handler_event(peer, ConnectionId::new_unchecked(0), frame);
                }
                seen.take(&mut gate, peer);
                assert_eq!(seen.heard, packed);
            }
        }
    }
}
