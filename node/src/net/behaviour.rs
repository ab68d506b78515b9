//! What runs over a connection, put together from libp2p's parts and ours, and the swarm that carries it.

use std::num::NonZeroUsize;
use std::time::Duration;

use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::{NetworkBehaviour, Swarm};
use libp2p::{Multiaddr, SwarmBuilder, allow_block_list, gossipsub, identify, identity, mdns, noise, ping, tcp};
use nanduti_protocol::hash::Hash;
use nanduti_protocol::limits::GOSSIP_MAX;

use super::error::{NetError, innermost};
use super::task::jitter;
use super::{gate, limits, muxer, places, streams};
use crate::config;

/// Gossip on one topic: what a peer subscribes to besides is not remembered, or it could fill the memory with names.
pub(super) type Gossip = gossipsub::Behaviour<gossipsub::IdentityTransform, gossipsub::WhitelistSubscriptionFilter>;

/// Everything that runs over a connection.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) places: places::Behaviour,
    pub(super) blocked: allow_block_list::Behaviour<allow_block_list::BlockedPeers>,
    pub(super) identify: identify::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) gossip: Toggle<gate::Behaviour>,
    pub(super) mdns: Toggle<mdns::tokio::Behaviour>,
    pub(super) streams: streams::Behaviour,
}

/// The gossip topic of a network.
pub(super) fn topic(network: &Hash) -> gossipsub::IdentTopic {
    gossipsub::IdentTopic::new(format!("/nanduti/{network}/1"))
}

/// Makes the swarm and lets it listen.
pub(super) fn swarm(
    keypair: identity::Keypair,
    network: &Hash,
    config: &config::Network,
) -> Result<Swarm<Behaviour>, NetError> {
    let failed = |error: &dyn std::fmt::Display| NetError::Transport(error.to_string());
    let mut swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, muxer::Upgrade::new)
        .map_err(|error| failed(&error))?
        .with_quic_config(|mut quic| {
            quic.keep_alive_interval = limits::KEEP_ALIVE.mul_f64(0.9 + 0.2 * jitter());
            quic.max_idle_timeout = limits::IDLE_MS;
            quic.max_concurrent_stream_limit = limits::STREAMS as u32;
            quic.max_stream_data = limits::UNREAD_STREAM_BYTES;
            quic.max_connection_data = limits::UNREAD_BYTES as u32;
            quic
        })
        .with_dns()
        .map_err(|error| failed(&error))?
        .with_behaviour(|keypair| behaviour(keypair, network, config))
        .map_err(|error| failed(&error))?
        .with_swarm_config(|swarm| {
            swarm
                .with_smart_dial()
                // What a stream is for is said together with the first bytes on it, not a round trip ahead of them.
                .with_substream_upgrade_protocol_override(libp2p::core::upgrade::Version::V1Lazy)
                .with_max_negotiating_inbound_streams(limits::NEGOTIATING_STREAMS)
                .with_notify_handler_buffer_size(NonZeroUsize::new(16).expect("sixteen is not zero"))
                .with_idle_connection_timeout(Duration::from_secs(60))
        })
        .with_connection_timeout(limits::HANDSHAKE)
        .build();
    listen(&mut swarm, &config.listen)?;
    Ok(swarm)
}

/// One address that cannot be had (a machine without IPv6, say) does not matter as long as another can.
fn listen(swarm: &mut Swarm<Behaviour>, addresses: &[Multiaddr]) -> Result<(), NetError> {
    let mut failure = None;
    let mut listening = addresses.is_empty();
    for address in addresses {
        match swarm.listen_on(address.clone()) {
            Ok(_) => listening = true,
            Err(error) => {
                let reason = innermost(&error);
                tracing::warn!(%address, reason, "cannot listen here");
                failure = Some(NetError::Listen { address: address.clone(), reason });
            }
        }
    }
    match failure {
        Some(failure) if !listening => Err(failure),
        _ => Ok(()),
    }
}

fn behaviour(
    keypair: &identity::Keypair,
    network: &Hash,
    config: &config::Network,
) -> Result<Behaviour, Box<dyn std::error::Error + Send + Sync>> {
    let identify = identify::Config::new("/nanduti/1".into(), keypair.public())
        .with_agent_version(concat!("nanduti/", env!("CARGO_PKG_VERSION")).into())
        .with_interval(limits::IDENTIFY)
        .with_cache_size(0);
    let peer = keypair.public().to_peer_id();
    let mdns = config.mdns.then(|| mdns::tokio::Behaviour::new(mdns::Config::default(), peer)).transpose()?;
    let gossip = config.gossip.then(|| gossip(network)).transpose()?;
    Ok(Behaviour {
        places: places::Behaviour::new(config.max_connections),
        blocked: allow_block_list::Behaviour::default(),
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(limits::PING)),
        gossip: Toggle::from(gossip.map(gate::Behaviour::new)),
        mdns: Toggle::from(mdns),
        streams: streams::Behaviour::default(),
    })
}

/// Gossip without authors: what a message carries is signed by itself, so the messages are not, and the same statement has
/// the same id whoever publishes it.
pub(super) fn gossip(network: &Hash) -> Result<Gossip, Box<dyn std::error::Error + Send + Sync>> {
    let topic = topic(network);
    let only = gossipsub::WhitelistSubscriptionFilter([topic.hash()].into());
    let author = gossipsub::MessageAuthenticity::Anonymous;
    let mut gossip = Gossip::new_with_subscription_filter(author, gossip_config(&topic)?, only)?;
    gossip.with_peer_score(score(&topic), gossipsub::PeerScoreThresholds::default())?;
    gossip.subscribe(&topic)?;
    Ok(gossip)
}

/// What is sent and taken at a time.
fn gossip_config(topic: &gossipsub::IdentTopic) -> Result<gossipsub::Config, gossipsub::ConfigBuilderError> {
    gossipsub::ConfigBuilder::default()
        .validation_mode(gossipsub::ValidationMode::Anonymous)
        .message_id_fn(|message| gossipsub::MessageId::from(Hash::of(&message.data).as_bytes().to_vec()))
        .max_transmit_size(limits::GOSSIP_FRAME)
        // Of one message, with a little for its topic.
        .max_transmit_size_for_topic(GOSSIP_MAX + 256, topic.hash())
        .validate_messages()
        .connection_handler_queue_len(limits::GOSSIP_QUEUE)
        .max_publish_messages(64)
        .max_control_messages_sent(limits::GOSSIP_OFFERS)
        .max_ihave_messages_heartbeat(4)
        .heartbeat_initial_delay(Duration::from_millis(200))
        .duplicate_cache_time(Duration::from_secs(120))
        .build()
}

/// Our own judgement ([`super::blame`]) weighs, half, and so do invalid messages, such that gossipsub stops listening only
/// when the peer is refused anyway; silence does not, since a quiet network is no fault. Many nodes may share one address: a
/// ministry's firewall, or a demonstration on one machine.
fn score(topic: &gossipsub::IdentTopic) -> gossipsub::PeerScoreParams {
    let on_topic = gossipsub::TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.01,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 100.0,
        first_message_deliveries_weight: 0.1,
        first_message_deliveries_cap: 50.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -0.5,
        invalid_message_deliveries_decay: 0.9,
        ..gossipsub::TopicScoreParams::default()
    };
    gossipsub::PeerScoreParams {
        topics: [(topic.hash(), on_topic)].into(),
        ip_colocation_factor_weight: 0.0,
        app_specific_weight: 0.5,
        retain_score: limits::GOSSIP_RETAIN,
        ..gossipsub::PeerScoreParams::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::frames;
    use super::*;

    /// The lengths of the messages that come out of a stream, how many were refused, and whether the stream was read to its end.
    async fn heard(bytes: Vec<u8>) -> (Vec<usize>, usize, bool) {
        let network = Hash::of(b"network");
        let (read, whole) = frames::read(&mut gossip(&network).expect("gossip"), bytes).await;
        let (mut lengths, mut refused) = (Vec::new(), 0);
        for frame in read {
            let frames::Frame::Message { rpc, invalid_messages } = frame else { continue };
            lengths.extend(rpc.messages.iter().map(|message| message.data.len()));
            refused += invalid_messages.len();
        }
        (lengths, refused, whole)
    }

    fn publish(len: usize) -> Vec<u8> {
        frames::publish(&topic(&Hash::of(b"network")), &[vec![7; len]])
    }

    #[tokio::test]
    async fn announcements_of_any_length_that_arrive_together_are_all_heard() {
        for len in [1, 200, 1000, 5000, GOSSIP_MAX] {
            assert_eq!(heard(publish(len).repeat(64)).await, (vec![len; 64], 0, true), "64 of {len} bytes");
        }
    }

    #[tokio::test]
    async fn a_message_that_is_too_long_is_refused_by_itself_and_a_frame_ends_the_stream() {
        let frames = [publish(10), publish(GOSSIP_MAX + 257), publish(20)];
        assert_eq!(heard(frames.concat()).await, (vec![10, 20], 1, true));
        let frames = [publish(10), publish(limits::GOSSIP_FRAME), publish(20)];
        assert_eq!(heard(frames.concat()).await, (vec![10], 0, false));
    }

    #[tokio::test]
    async fn the_most_that_a_node_offers_or_asks_for_at_a_time_is_taken() {
        let topic = topic(&Hash::of(b"network"));
        let config = gossip_config(&topic).expect("a configuration");
        let offer = frames::offer(&topic, config.max_control_messages_sent());
        assert!(offer.len() > 4096, "an offer is worth while");
        assert_eq!(heard([offer.repeat(9), publish(20)].concat()).await, (vec![20], 0, true));
    }
}
