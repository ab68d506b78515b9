//! What the swarm reports, and what follows from it.

use libp2p::core::ConnectedPoint;
use libp2p::gossipsub;
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, mdns};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::addresses::{is_loopback, is_tcp};
use super::behaviour::BehaviourEvent;
use super::blame::Fault;
use super::dialer::Source;
use super::gossip::{Heard, Sender};
use super::streams::{Inbound, Service};
use super::sync::{Job, Role};
use super::task::{Connected, Task, jitter};
use super::{addresses, gate, limits};

impl Task {
    /// Acts on an event of the swarm.
    pub(super) fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour_event(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.on_connected(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.on_disconnected(peer_id, connection_id, num_established);
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => self.dial_failed(&peer, &error),
            SwarmEvent::IncomingConnectionError { error, send_back_addr, .. } => {
                tracing::debug!(%error, from = %send_back_addr, "a connection to us failed");
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                tracing::info!(%address, "listening");
                self.renew_record();
            }
            SwarmEvent::ExpiredListenAddr { .. } | SwarmEvent::ListenerClosed { .. } => self.renew_record(),
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener failed"),
            _ => {}
        }
    }

    fn on_behaviour_event(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Gossip(gate::Event::Gossip(gossipsub::Event::Message {
                propagation_source,
                message_id,
                message,
            })) => self.on_gossip(propagation_source, &message_id, &message.data),
            BehaviourEvent::Gossip(gate::Event::Dropped) => self.blame.count("gossip-rate"),
            BehaviourEvent::Gossip(gate::Event::Flood(peer)) => {
                self.blame_peer(peer, Fault::GOSSIP_FLOOD, "gossip");
            }
            BehaviourEvent::Streams(inbound) => self.on_stream(inbound),
            BehaviourEvent::Mdns(mdns::Event::Discovered(found)) => {
                for (peer, address) in found {
                    let way = addresses::split_peer(&address).map_or(address, |(_, way)| way);
                    self.dialer.learn(peer, vec![way], Source::Heard, Instant::now());
                }
            }
            _ => {}
        }
    }

    fn on_connected(&mut self, peer: PeerId, id: ConnectionId, endpoint: &ConnectedPoint) {
        let now = Instant::now();
        let address: &Multiaddr = match endpoint {
            ConnectedPoint::Dialer { address, .. } => address,
            ConnectedPoint::Listener { send_back_addr, .. } => send_back_addr,
        };
        let (local, we_dialled) = (is_loopback(address), endpoint.is_dialer());
        let connected =
            self.connected.entry(peer).or_insert_with(|| Connected { connections: Vec::new(), local, over_tcp: false });
        connected.local &= local;
        connected.over_tcp |= is_tcp(address);
        let one_too_many = superfluous(&connected.connections, (id, now, we_dialled), self.key.peer_id() > peer);
        connected.connections.push((id, now, we_dialled));
        let first = connected.connections.len() == 1;
        if let Some(one) = one_too_many {
            self.swarm.close_connection(one);
        }
        self.dialer.connected(&peer);
        if first {
            tracing::debug!(%peer, %address, "connected");
            self.ends.count.send_replace(self.connected.len());
            self.schedule.connected(peer, we_dialled, now, jitter());
            self.schedule.trust(&peer, self.is_trusted(&peer));
            if we_dialled {
                self.records.met(&peer);
                self.begin_exchange(peer);
                self.exchange_again_soon(peer);
            }
        }
    }

    fn on_disconnected(&mut self, peer: PeerId, id: ConnectionId, remaining: u32) {
        if remaining > 0 {
            let Some(connected) = self.connected.get_mut(&peer) else { return };
            connected.connections.retain(|(known, ..)| *known != id);
            // Two who dial each other at once give one connection up, and with it what had begun on it; or neither began, since each
            // saw the other's first. Whoever dialled the one that stays begins anew.
            if connected.connections.first().is_some_and(|(_, _, we_dialled)| *we_dialled) {
                self.schedule.want_full_soon(&peer, Instant::now());
                self.begin_exchange(peer);
            }
            return;
        }
        tracing::debug!(%peer, "disconnected");
        self.connected.remove(&peer);
        self.digests.remove(&peer);
        self.ends.count.send_replace(self.connected.len());
        self.schedule.disconnected(&peer);
        self.dialer.disconnected(&peer, Instant::now(), jitter());
    }

    /// A dial came to nothing.
    pub(super) fn dial_failed(&mut self, peer: &PeerId, error: &DialError) {
        if let DialError::DialPeerConditionFalse(_) = error {
            // Connected meanwhile: no failure.
            if self.connected.contains_key(peer) {
                self.dialer.connected(peer);
                return;
            }
        }
        tracing::debug!(%peer, %error, "a dial failed");
        self.dialer.failed(peer, Instant::now(), jitter());
        if !self.connected.contains_key(peer) {
            self.give_up_waiting(peer, &super::error::why_not_reached(error));
        }
    }

    fn on_gossip(&mut self, peer: PeerId, id: &gossipsub::MessageId, data: &[u8]) {
        let now = Instant::now();
        let local = self.connected.get(&peer).is_some_and(|connected| connected.local);
        let snapshot = self.core.snapshot();
        let sender = Sender { peer, local };
        let judgement = self.gossip.judge(data, sender, (&snapshot.ledger, &*snapshot), &mut self.records, now);
        let accepted = judgement.acceptance;
        if let Some(gossip) = self.swarm.behaviour_mut().gossip.as_mut() {
            gossip.inner.report_message_validation_result(id, &peer, accepted);
        }
        if let Some(note) = judgement.note {
            self.blame.count(note);
        }
        if let Some(fault) = judgement.fault {
            self.blame_peer(peer, fault, "gossip");
        }
        match judgement.heard {
            Some(Heard::Entry(log)) => self.schedule.want_log(&peer, log),
            Some(Heard::News(news)) => self.take_in(peer, *news),
            Some(Heard::Ballot) => self.schedule.want_full_soon(&peer, now),
            Some(Heard::Unplaced) => self.schedule.want_full_soon(&peer, now + limits::UNPLACED_REST),
            Some(Heard::Fork(proof)) => {
                let core = self.core.clone();
                self.jobs.spawn(async move {
                    if let Err(error) = core.learn_fork(*proof).await {
                        tracing::warn!(%error, "a fork could not be written down");
                    }
                });
            }
            Some(Heard::Node(node, ways)) => self.learn_node(node, ways),
            None => {}
        }
    }

    /// A record of a node is new.
    pub(super) fn learn_node(&mut self, node: PeerId, ways: Vec<Multiaddr>) {
        if let Some((key, stored)) = self.records.stored(&node) {
            self.memory.note_record(key, stored);
        }
        for key in self.records.forgotten() {
            self.memory.forget_record(key);
        }
        let is_member = self.members.contains(&node);
        self.dialer.learn(node, ways, Source::Heard, Instant::now());
        self.dialer.mark_member(&node, is_member);
    }

    fn on_stream(&mut self, Inbound { peer, service, stream }: Inbound) {
        let now = Instant::now();
        match service {
            Service::Sync => self.answer_session(peer, stream, now),
            Service::Peers => {
                if self.exchange_rate.take(&peer, now) {
                    self.run_exchange(peer, stream, false);
                } else {
                    self.blame.count("request-rate");
                }
            }
        }
    }

    /// Begins a session with a peer.
    pub(super) fn begin_session(&mut self, peer: PeerId, job: Job) {
        let opening = self.swarm.behaviour_mut().streams.open(peer, Service::Sync);
        let (hurry, give_way) = oneshot::channel();
        self.begun.insert(peer, hurry);
        let role = Role::Initiator(job.clone());
        let session = self.sessions.clone().initiate(peer, job, opening, give_way);
        self.report_when_done((peer, Some(role)), async move { super::reports::Report::Session(session.await) });
    }

    /// When many nodes start at once, each tells what it knows before it has heard of the others, and gossip has no ways yet by which
    /// it could tell on what it hears: so all is told once more, a little later.
    fn exchange_again_soon(&mut self, peer: PeerId) {
        let rest = limits::EXCHANGE_AGAIN.mul_f64(0.5 + jitter());
        self.report_when_done((peer, None), async move {
            tokio::time::sleep(rest).await;
            super::reports::Report::ExchangeDue(peer)
        });
    }

    pub(super) fn begin_exchange(&mut self, peer: PeerId) {
        let opening = self.swarm.behaviour_mut().streams.open(peer, Service::Peers);
        let ours = self.records_for(&peer);
        self.report_when_done((peer, None), async move {
            let stream = opening.await.ok().and_then(Result::ok);
            let heard = match stream {
                Some(stream) => super::exchange::exchange(stream, ours, true).await,
                None => Ok(Vec::new()),
            };
            super::reports::Report::Exchange { peer, heard }
        });
    }

    /// What gossipsub is told of a peer's standing with us.
    pub(super) fn tell_score(&mut self, peer: &PeerId) {
        let score = self.blame.score(peer, Instant::now());
        if let Some(gossip) = self.swarm.behaviour_mut().gossip.as_mut() {
            gossip.inner.set_application_score(peer, score);
        }
    }
}

/// Which of two connections to one peer is to go, if that is for us to say.
///
/// If both sides dialled at the same moment, the one that the peer with the smaller name dialled stays, and the other side
/// closes its own. Otherwise the older one is what a restart or a change of network left behind.
fn superfluous(
    old: &[(ConnectionId, Instant, bool)],
    (id, now, we_dialled): (ConnectionId, Instant, bool),
    we_yield: bool,
) -> Option<ConnectionId> {
    let &(old, made, old_is_ours) = old.last()?;
    let at_once = old_is_ours != we_dialled && now.saturating_duration_since(made) < limits::SIMULTANEOUS;
    match (at_once, we_yield) {
        (true, true) => Some(if we_dialled { id } else { old }),
        (true, false) => None,
        (false, _) => Some(old),
    }
}
