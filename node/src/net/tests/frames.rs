//! Frames of gossip, made by hand and read in memory by what reads them from a connection.

use futures::StreamExt;
use futures::future::Either;
use futures::io::Cursor;
use libp2p::core::upgrade::{InboundUpgrade, UpgradeInfo};
use libp2p::swarm::{ConnectionHandler, ConnectionId, NetworkBehaviour, THandlerOutEvent};
use libp2p::{PeerId, gossipsub};

use crate::net::behaviour::Gossip;

/// What a connection hands to gossip.
pub(in crate::net) type Frame = THandlerOutEvent<Gossip>;

/// A frame that publishes these messages on a topic.
pub(in crate::net) fn publish(topic: &gossipsub::IdentTopic, messages: &[Vec<u8>]) -> Vec<u8> {
    let topic = topic.hash();
    let message = |data: &Vec<u8>| field(2, &[field(2, data), field(4, topic.as_str().as_bytes())].concat());
    framed(&messages.iter().flat_map(message).collect::<Vec<u8>>())
}

/// A frame that offers so many messages of a topic.
pub(in crate::net) fn offer(topic: &gossipsub::IdentTopic, messages: usize) -> Vec<u8> {
    let ids = (0..messages).flat_map(|number| field(2, &[number as u8; 32]));
    let offer = [field(1, topic.hash().as_str().as_bytes()), ids.collect()].concat();
    framed(&field(3, &field(1, &offer)))
}

/// What gossip reads from a stream on which these bytes arrive, and whether it reads it to its end.
pub(in crate::net) async fn read(gossip: &mut Gossip, bytes: Vec<u8>) -> (Vec<Frame>, bool) {
    let (id, way) = (ConnectionId::new_unchecked(0), "/ip4/127.0.0.1/tcp/1".parse().expect("an address"));
    let handler = gossip.handle_established_inbound_connection(id, PeerId::random(), &way, &way).expect("allowed");
    let (upgrade, ()) = handler.listen_protocol().into_upgrade();
    let protocol = upgrade.protocol_info().next().expect("it speaks one");
    let upgraded = upgrade.upgrade_inbound(Cursor::new(bytes), protocol).await;
    let Ok(Either::Left((mut stream, _))) = upgraded;
    let mut frames = Vec::new();
    while let Some(frame) = stream.next().await {
        match frame {
            Ok(frame) => frames.push(frame),
            Err(_) => return (frames, false),
        }
    }
    (frames, true)
}

fn framed(content: &[u8]) -> Vec<u8> {
    [varint(content.len()), content.to_vec()].concat()
}

/// A field of protobuf that holds bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [vec![number << 3 | 2], framed(content)].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
