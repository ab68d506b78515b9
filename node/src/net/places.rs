//! Who may connect: the places for connections, by name and by address.
//!
//! | connections | bound |
//! | --- | --- |
//! | being made by others | 256, and 48 of one address, for who says nothing for ten seconds holds one |
//! | to one peer | 2, whoever it is |
//! | made by strangers | three quarters of `max_connections`, and of these a quarter from one address |
//! | of strangers in all | `max_connections` |
//! | of trusted peers | `max_connections` more: members' nodes and those that the operator named find room whatever strangers do |
//!
//! Nothing is remembered of a peer that is gone. Of IPv6 a /64 counts as one address, and the loopback is exempt where
//! addresses are counted of connections that stand: many nodes on one machine, or behind one proxy, come from there.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::task::{Context, Poll};

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint, Multiaddr};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    dummy,
};
use libp2p::{PeerId, multiaddr::Protocol};

use super::limits;

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    /// Too many are being made.
    #[error("too many connections are being made")]
    Pending,
    /// Too many are being made from this address.
    #[error("too many connections are being made from this address")]
    PendingOfAddress,
    /// The peer is connected already.
    #[error("there are enough connections to this peer")]
    Peer,
    /// No place for another stranger.
    #[error("there is no place for another peer")]
    Strangers,
    /// No place for another stranger from this address.
    #[error("there is no place for another peer from this address")]
    Address,
    /// No place for another member.
    #[error("there is no place for another member's node")]
    Trusted,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    peer: PeerId,
    incoming: bool,
    address: Option<IpAddr>,
}

/// The part of the swarm that gives places.
#[derive(Debug)]
pub(super) struct Behaviour {
    max_connections: usize,
    trusted: BTreeSet<PeerId>,
    pending_incoming: HashMap<ConnectionId, Option<IpAddr>>,
    pending_outgoing: HashSet<ConnectionId>,
    held: HashMap<ConnectionId, Held>,
}

impl Behaviour {
    /// Nobody is connected or trusted yet.
    pub(super) fn new(max_connections: u32) -> Self {
        Self {
            max_connections: max_connections as usize,
            trusted: BTreeSet::new(),
            pending_incoming: HashMap::new(),
            pending_outgoing: HashSet::new(),
            held: HashMap::new(),
        }
    }

    /// Who finds room whatever strangers do.
    pub(super) fn trust(&mut self, trusted: BTreeSet<PeerId>) {
        self.trusted = trusted;
    }

    /// Is the peer a member's node, or was it named?
    pub(super) fn is_trusted(&self, peer: &PeerId) -> bool {
        self.trusted.contains(peer)
    }

    fn begin_incoming(&mut self, id: ConnectionId, from: &Multiaddr) -> Result<(), Full> {
        if self.pending_incoming.len() >= limits::PENDING_INCOMING {
            return Err(Full::Pending);
        }
        let address = address_of(from);
        let same = self.pending_incoming.values().filter(|pending| **pending == address).count();
        if same >= limits::PENDING_PER_ADDRESS {
            return Err(Full::PendingOfAddress);
        }
        self.pending_incoming.insert(id, address);
        Ok(())
    }

    fn begin_outgoing(&mut self, id: ConnectionId) -> Result<(), Full> {
        if self.pending_outgoing.len() >= limits::PENDING_OUTGOING {
            return Err(Full::Pending);
        }
        self.pending_outgoing.insert(id);
        Ok(())
    }

    fn admit(&mut self, id: ConnectionId, new: Held) -> Result<(), Full> {
        self.pending_incoming.remove(&id);
        self.pending_outgoing.remove(&id);
        let count = |which: &dyn Fn(&Held) -> bool| self.held.values().filter(|held| which(held)).count();
        if count(&|held| held.peer == new.peer) >= limits::CONNECTIONS_PER_PEER {
            return Err(Full::Peer);
        }
        if self.is_trusted(&new.peer) {
            let trusted = count(&|held| self.is_trusted(&held.peer));
            return if trusted < self.max_connections { Ok(()) } else { Err(Full::Trusted) };
        }
        let stranger = |held: &Held| !self.is_trusted(&held.peer);
        if count(&stranger) >= self.max_connections {
            return Err(Full::Strangers);
        }
        if !new.incoming {
            return Ok(());
        }
        if count(&|held| stranger(held) && held.incoming) >= limits::incoming(self.max_connections) {
            return Err(Full::Strangers);
        }
        let counted = new.address.filter(|address| !address.is_loopback());
        let same = counted
            .map_or(0, |address| count(&|held| stranger(held) && held.incoming && held.address == Some(address)));
        if same >= limits::incoming_per_address(self.max_connections) { Err(Full::Address) } else { Ok(()) }
    }
}

/// The address as it is counted: of IPv6 the network of the machine.
fn address_of(address: &Multiaddr) -> Option<IpAddr> {
    let ip: IpAddr = match address.iter().next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    Some(match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        ip => ip,
    })
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.begin_incoming(id, from).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let new = Held { peer, incoming: true, address: address_of(from) };
        self.admit(id, new).map(|()| dummy::ConnectionHandler).map_err(ConnectionDenied::new)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        _: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.begin_outgoing(id).map(|()| Vec::new()).map_err(ConnectionDenied::new)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        to: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let new = Held { peer, incoming: false, address: address_of(to) };
        self.admit(id, new).map(|()| dummy::ConnectionHandler).map_err(ConnectionDenied::new)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(made) => {
                let (incoming, address) = match made.endpoint {
                    ConnectedPoint::Listener { send_back_addr, .. } => (true, address_of(send_back_addr)),
                    ConnectedPoint::Dialer { address, .. } => (false, address_of(address)),
                };
                self.held.insert(made.connection_id, Held { peer: made.peer_id, incoming, address });
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.held.remove(&closed.connection_id);
            }
            FromSwarm::DialFailure(failed) => {
                self.pending_outgoing.remove(&failed.connection_id);
            }
            FromSwarm::ListenFailure(failed) => {
                self.pending_incoming.remove(&failed.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(ip: &str) -> Multiaddr {
        let family = if ip.contains(':') { "ip6" } else { "ip4" };
        format!("/{family}/{ip}/tcp/4001").parse().expect("an address")
    }

    /// A connection of a peer from an address, or by us.
    fn connect(places: &mut Behaviour, id: usize, peer: PeerId, address: Option<&str>) -> Result<(), Full> {
        let id = ConnectionId::new_unchecked(id);
        let held = Held { peer, incoming: address.is_some(), address: address.and_then(|ip| address_of(&from(ip))) };
        places.admit(id, held)?;
        places.held.insert(id, held);
        Ok(())
    }

    #[test]
    fn silence_from_one_address_keeps_nobody_else_out() {
        let mut places = Behaviour::new(256);
        let begin = |places: &mut Behaviour, id: usize, ip: &str| {
            places.begin_incoming(ConnectionId::new_unchecked(id), &from(ip))
        };
        let begun = (0..500).filter(|id| begin(&mut places, *id, "192.0.2.7").is_ok()).count();
        assert_eq!(begun, limits::PENDING_PER_ADDRESS);
        assert_eq!(begin(&mut places, 600, "192.0.2.8"), Ok(()));
        let network = |id: usize| format!("2001:db8::{id:x}");
        let begun = (700..1200).filter(|id| begin(&mut places, *id, &network(*id)).is_ok()).count();
        assert_eq!(begun, limits::PENDING_PER_ADDRESS, "a /64 is one address");
        let id = ConnectionId::new_unchecked(0);
        let peer = PeerId::random();
        places.admit(id, Held { peer, incoming: true, address: None }).expect("there is room");
        assert_eq!(begin(&mut places, 1300, "192.0.2.7"), Ok(()), "a place is given back when the handshake is over");
        for network in 0..300 {
            let _ = begin(&mut places, 2000 + network, &format!("198.{}.{}.1", 18 + network / 256, network % 256));
        }
        assert_eq!(begin(&mut places, 3000, "203.0.113.1"), Err(Full::Pending));
    }

    #[test]
    fn strangers_leave_room_for_members_and_for_our_own_dials() {
        let mut places = Behaviour::new(16);
        let made = (0..100).filter(|id| connect(&mut places, *id, PeerId::random(), Some("127.0.0.1")).is_ok());
        assert_eq!(made.count(), 12);
        let made = (100..200).filter(|id| connect(&mut places, *id, PeerId::random(), None).is_ok()).count();
        assert_eq!(made, 4, "our own dials");
        let member = PeerId::random();
        places.trust(BTreeSet::from([member]));
        assert_eq!(connect(&mut places, 200, member, Some("127.0.0.1")), Ok(()));
        assert_eq!(connect(&mut places, 201, member, Some("127.0.0.1")), Ok(()));
        assert_eq!(connect(&mut places, 202, member, Some("127.0.0.1")), Err(Full::Peer), "a member is one peer too");
    }

    #[test]
    fn one_address_has_a_quarter_of_the_places() {
        let mut places = Behaviour::new(16);
        let made = (0..100).filter(|id| connect(&mut places, *id, PeerId::random(), Some("192.0.2.7")).is_ok());
        assert_eq!(made.count(), 3);
        assert_eq!(connect(&mut places, 200, PeerId::random(), Some("192.0.2.8")), Ok(()));
    }

    #[test]
    fn many_keys_of_one_member_are_bounded_too() {
        let mut places = Behaviour::new(16);
        let nodes: Vec<PeerId> = (0..100).map(|_| PeerId::random()).collect();
        places.trust(nodes.iter().copied().collect());
        let made =
            nodes.iter().enumerate().filter(|(id, peer)| connect(&mut places, *id, **peer, Some("192.0.2.7")).is_ok());
        assert_eq!(made.count(), 16);
    }
}
