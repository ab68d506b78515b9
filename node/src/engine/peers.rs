//! Peers, and synchronising now.

use std::sync::Arc;

use libp2p::{PeerId, identity};

use super::{
    Engine, Handle,
    failure::{failed, usage},
};
use crate::{
    api::{ApiError, ErrorKind, PeerAdd, PeerBlock, PeerList, PeerListReply, Sync, SyncReply},
    net::{NetError, Network, NetworkHandle, NetworkOptions, SyncTarget},
};

impl Handle<Sync> for Engine {
    async fn handle(&self, call: Sync) -> Result<SyncReply, ApiError> {
        let target = call.peer.as_deref().map(|text| {
            SyncTarget::parse(text).ok_or_else(|| {
                usage(format!("`{text}` names no peer"))
                    .hint("an address with /p2p/…, a peer id from `nanduti peer list`, or a member's id such as PRY")
            })
        });
        let target = target.transpose()?;
        let network = self.network_for_a_call().await?;
        let peers = network.handle.sync_now(target).await;
        network.done().await;
        let peers = peers.map_err(|error| unreachable_peers(&error))?;
        if !peers.is_empty() && peers.iter().all(|outcome| outcome.error.is_some()) {
            let causes = peers
                .iter()
                .filter_map(|outcome| outcome.error.as_ref().map(|error| format!("{}: {error}", outcome.peer)));
            let mut error = ApiError::new(ErrorKind::Network, "no peer could be synchronised with").hint(
                "`nanduti peer list` shows the addresses known; is the other node running and reachable from here?",
            );
            error.causes = causes.collect();
            return Err(error);
        }
        Ok(SyncReply { peers, digest: self.core.snapshot().digest.to_hex() })
    }
}

impl Handle<PeerList> for Engine {
    async fn handle(&self, _: PeerList) -> Result<PeerListReply, ApiError> {
        let network = self.network_for_a_call().await?;
        let reply = list(&network.handle).await;
        network.done().await;
        reply
    }
}

impl Handle<PeerAdd> for Engine {
    async fn handle(&self, call: PeerAdd) -> Result<PeerListReply, ApiError> {
        let address = call.address.parse().map_err(|error| {
            usage(format!("`{}` is not an address", call.address))
                .because(&error)
                .hint("an address looks like /ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3KooW…; `nanduti status` on the other node shows its own")
        })?;
        let network = self.network_for_a_call().await?;
        let added = network.handle.add_peer(address).await;
        let reply = list(&network.handle).await;
        network.done().await;
        added.map_err(|error| failed("the peer was not added").because(&error))?;
        reply
    }
}

impl Handle<PeerBlock> for Engine {
    async fn handle(&self, call: PeerBlock) -> Result<PeerListReply, ApiError> {
        let peer = peer_id(&call.peer).ok_or_else(|| {
            usage(format!("`{}` is not a peer id", call.peer))
                .hint("`nanduti peer list` shows the ids; an id has to be whole")
        })?;
        let network = self.network_for_a_call().await?;
        let blocked = network.handle.block(peer, !call.allow).await;
        let reply = list(&network.handle).await;
        network.done().await;
        blocked.map_err(|error| failed("the peer was not changed").because(&error))?;
        reply
    }
}

/// The network of a running node, or one that is started for a single call and listens nowhere.
struct ForACall {
    handle: Arc<NetworkHandle>,
    own: bool,
}

impl ForACall {
    async fn done(self) {
        if self.own {
            self.handle.stop().await;
        }
    }
}

impl Engine {
    async fn network_for_a_call(&self) -> Result<ForACall, ApiError> {
        if let Some(handle) = self.network.read().await.clone() {
            return Ok(ForACall { handle, own: false });
        }
        let mut config = self.config.network.clone();
        config.listen.clear();
        let handle = self.start_network(config)?;
        Ok(ForACall { handle: Arc::new(handle), own: true })
    }

    /// Starts the network of a node that runs.
    pub(crate) async fn run_network(&self) -> Result<Arc<NetworkHandle>, ApiError> {
        let handle = Arc::new(self.start_network(self.config.network.clone())?);
        *self.network.write().await = Some(Arc::clone(&handle));
        Ok(handle)
    }

    fn start_network(&self, config: crate::config::Network) -> Result<NetworkHandle, ApiError> {
        let ticket = self.info.ticket.iter().flat_map(|ticket| &ticket.addresses);
        let options = NetworkOptions {
            config,
            ticket: ticket.filter_map(|address| address.parse().ok()).collect(),
            verifiers: self.config.runtime.verifiers().get(),
        };
        Network::start(self.core.clone(), &self.node_key, options)
            .map_err(|error| failed("the network cannot be started").because(&error))
    }
}

/// The id of a peer. Its text has no checksum, so that the front part of one parses too: only one that holds a whole key
/// names somebody.
fn peer_id(text: &str) -> Option<PeerId> {
    let peer: PeerId = text.parse().ok()?;
    identity::PublicKey::try_decode_protobuf(peer.as_ref().digest()).is_ok().then_some(peer)
}

async fn list(network: &NetworkHandle) -> Result<PeerListReply, ApiError> {
    let peers = network.peers().await.map_err(|error| failed("the peers cannot be listed").because(&error))?;
    let addresses = network.addresses().iter().map(ToString::to_string).collect();
    Ok(PeerListReply { own: network.peer_id().to_string(), addresses, peers })
}

fn unreachable_peers(error: &NetError) -> ApiError {
    ApiError::new(ErrorKind::Network, "there is no peer to synchronise with")
        .because(error)
        .hint("`nanduti peer add ADDRESS` adds one; a ticket with an address names one as well")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_peer_id_names_nobody() {
        let whole = identity::Keypair::generate_ed25519().public().to_peer_id();
        assert_eq!(peer_id(&whole.to_string()), Some(whole));
        for text in ["", "KEN", "12D3KooWADy6", &whole.to_string()[..30]] {
            assert_eq!(peer_id(text), None, "{text}");
        }
    }
}
