//! A peer that speaks the real protocols through an independent handler and does with them what it likes.

use std::collections::BTreeMap;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::swarm::{NetworkBehaviour, Stream, StreamProtocol, SwarmEvent};
use libp2p::{Multiaddr, PeerId, SwarmBuilder, gossipsub, noise, tcp, yamux};
use nanduti_protocol::ballot::Succession;
use nanduti_protocol::frontier::{Frontier, Position};
use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::ledger::History;
use nanduti_protocol::networks::Networks;
use nanduti_protocol::sync::{
    FRAME_HEADER_LEN, FrameHeader, FrameType, Input, Message, Output, Serve, Session, View, message_frame,
    segment_head, split_segment,
};
use tokio::sync::{mpsc, watch};

use super::fixture::{World, patiently};
use crate::net::behaviour::topic;

#[derive(NetworkBehaviour)]
struct Behaviour {
    gossip: gossipsub::Behaviour,
    stream: libp2p_stream::Behaviour,
}

/// A hostile peer.
pub(super) struct Raw {
    victim: PeerId,
    control: libp2p_stream::Control,
    publish: mpsc::Sender<Vec<u8>>,
    connected: watch::Receiver<bool>,
    subscribed: watch::Receiver<bool>,
    /// What came in segments, decompressed, and in bodies.
    pub(super) heard: Vec<Vec<u8>>,
}

impl Raw {
    /// Connects to a node under a new name.
    pub(super) async fn connect(world: &World, address: &Multiaddr) -> Self {
        let (victim, _) = crate::net::addresses::split_peer(address).expect("with a name");
        let behaviour = Behaviour { gossip: gossip(world), stream: libp2p_stream::Behaviour::new() };
        let control = behaviour.stream.new_control();
        let mut swarm = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .expect("tcp")
            .with_quic()
            .with_behaviour(|_| behaviour)
            .expect("a behaviour")
            .with_swarm_config(|config| config.with_idle_connection_timeout(std::time::Duration::from_secs(600)))
            .build();
        swarm.dial(address.clone()).expect("an address");
        let (publish, mut messages) = mpsc::channel::<Vec<u8>>(1000);
        let (told, connected) = watch::channel(false);
        let (heard, subscribed) = watch::channel(false);
        let topic = topic(&world.network);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    event = swarm.select_next_some() => match event {
                        SwarmEvent::ConnectionEstablished { .. } => { told.send_replace(true); }
                        SwarmEvent::ConnectionClosed { num_established: 0, .. } => { told.send_replace(false); }
                        SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::Subscribed { .. })) => {
                            heard.send_replace(true);
                        }
                        _ => {}
                    },
                    message = messages.recv() => match message {
                        Some(message) => drop(swarm.behaviour_mut().gossip.publish(topic.clone(), message)),
                        None => return,
                    },
                }
            }
        });
        let raw = Self { victim, control, publish, connected, subscribed, heard: Vec::new() };
        raw.is_connected(true).await;
        raw
    }

    /// Does the connection stand?
    pub(super) fn is_up(&self) -> bool {
        *self.connected.borrow()
    }

    /// Waits until the connection stands, or is gone.
    pub(super) async fn is_connected(&self, wanted: bool) {
        let mut connected = self.connected.clone();
        patiently(async { connected.wait_for(|found| *found == wanted).await.map(|_| ()) }).await.expect("it runs");
    }

    /// Publishes on the network's topic.
    pub(super) async fn publish(&self, message: Vec<u8>) {
        let mut subscribed = self.subscribed.clone();
        patiently(async { subscribed.wait_for(|heard| *heard).await.map(|_| ()) }).await.expect("it runs");
        self.publish.send(message).await.expect("it runs");
    }

    /// Opens a stream of a protocol.
    pub(super) async fn open(&mut self, protocol: &'static str) -> Stream {
        let opened = self.control.open_stream(self.victim, StreamProtocol::new(protocol));
        patiently(opened).await.expect("a stream")
    }

    /// Opens a session and writes these bytes, then waits until the other side is done with it.
    pub(super) async fn write_to_session(&mut self, bytes: &[u8]) {
        let mut stream = self.open("/nanduti/sync/1").await;
        // The other side may have had enough before all is written.
        drop(stream.write_all(bytes).await);
        drop(stream.flush().await);
        read_to_end(&mut stream).await;
    }

    /// Runs a session as the protocol says, except that what is served is the caller's choice. Returns when the other side
    /// has had enough, or all is over. What was heard in segments and bodies is kept.
    pub(super) async fn session(&mut self, view: Lies, mut serve: impl FnMut(PublicKey, u64, u64) -> Vec<u8>) {
        let opened = self.control.open_stream(self.victim, StreamProtocol::new("/nanduti/sync/1"));
        // Refused by now.
        let Ok(mut stream) = patiently(opened).await else { return };
        let mut session = Session::initiator(view);
        loop {
            while let Some(output) = session.poll_output() {
                if let Output::Send(message) = output
                    && stream.write_all(&message_frame(&message)).await.is_err()
                {
                    return;
                }
            }
            while let Some(what) = session.next_to_serve() {
                let frame = match what {
                    Serve::Send(message) => message_frame(&message),
                    Serve::Run { log, from, to } => {
                        session.handle(Input::Served { next: to }).expect("in order");
                        serve(log, from, to)
                    }
                    Serve::Body { .. } => continue,
                };
                if stream.write_all(&frame).await.is_err() {
                    return;
                }
            }
            drop(stream.flush().await);
            if session.is_over() {
                return read_to_end(&mut stream).await;
            }
            let Some((header, content)) = read_frame(&mut stream).await else { return };
            if header.frame_type == FrameType::Message {
                let message = Message::decode(&content).expect("honest");
                session.handle(Input::Message(message)).expect("honest");
            } else if let Ok((len, compressed)) = split_segment(&content).map_err(drop)
                && header.frame_type == FrameType::Segment
            {
                self.heard.push(zstd::bulk::decompress(compressed, len).expect("honest"));
            } else {
                self.heard.push(content);
            }
        }
    }
}

fn gossip(world: &World) -> gossipsub::Behaviour {
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(gossipsub::ValidationMode::Anonymous)
        .message_id_fn(|message| gossipsub::MessageId::from(Hash::of(&message.data).as_bytes().to_vec()))
        .max_transmit_size(1 << 20)
        .build()
        .expect("a configuration");
    let mut gossip = gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Anonymous, config).expect("gossip");
    gossip.subscribe(&topic(&world.network)).expect("a topic");
    gossip
}

async fn read_frame(stream: &mut Stream) -> Option<(FrameHeader, Vec<u8>)> {
    let mut header = [0; FRAME_HEADER_LEN];
    patiently(stream.read_exact(&mut header)).await.ok()?;
    let header = FrameHeader::decode(header).expect("honest");
    let mut content = vec![0; header.len];
    patiently(stream.read_exact(&mut content)).await.ok()?;
    Some((header, content))
}

async fn read_to_end(stream: &mut Stream) {
    let mut rest = Vec::new();
    drop(patiently(stream.read_to_end(&mut rest)).await);
}

/// A segment frame that says it holds so many bytes.
pub(super) fn segment_frame(run: &[u8], claimed: usize) -> Vec<u8> {
    let compressed = zstd::bulk::compress(run, 1).expect("zstd");
    let head = segment_head(claimed).expect("within bounds");
    let header = FrameHeader::new(FrameType::Segment, head.len() + compressed.len()).expect("within bounds");
    [header.encode().as_slice(), &head, &compressed].concat()
}

/// A view that claims what it likes.
#[derive(Clone)]
pub(super) struct Lies {
    pub(super) network: Hash,
    pub(super) frontier: Frontier,
    pub(super) hashes: BTreeMap<(PublicKey, u64), Hash>,
    pub(super) wanted: Vec<(PublicKey, u64)>,
}

impl Lies {
    /// Claims to hold more of a log than stands in a frontier: `next` entries, whatever they be.
    pub(super) fn more(network: Hash, frontier: &Frontier, log: PublicKey, next: u64) -> Self {
        let mut frontier = frontier.clone();
        let held = *frontier.position(&log).expect("it is held");
        frontier.set(log, Position { next, head: Hash::of(b"whatever"), fork: None });
        Self { network, frontier, hashes: [((log, held.next - 1), held.head)].into(), wanted: Vec::new() }
    }
}

impl History for Lies {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.hashes.get(&(*log, seq)).copied()
    }

    fn entry_at(&self, _: &PublicKey, _: u64) -> Option<Vec<u8>> {
        None
    }
}

impl View for Lies {
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

    fn fork_proof(&self, _: &PublicKey) -> Option<Vec<u8>> {
        None
    }

    fn wanted(&self) -> Vec<(PublicKey, u64)> {
        self.wanted.clone()
    }
}
