//! Peers, and synchronising now.

use super::{
    Engine, Handle,
    failure::{failed, usage},
};
use crate::{
    api::{ApiError, ErrorKind, PeerAdd, PeerBlock, PeerList, PeerListReply, Sync, SyncReply},
    net::{Network, NetworkHandle},
};

impl Handle<Sync> for Engine {
    async fn handle(&self, call: Sync) -> Result<SyncReply, ApiError> {
        let network = self.network_for_a_call().await?;
        let peers = network.handle.sync_now(call.peer).await;
        network.done().await;
        let peers = peers?;
        if !peers.is_empty() && peers.iter().all(|outcome| outcome.error.is_some()) {
            let causes = peers.iter().filter_map(|outcome| outcome.error.as_ref().map(|error| format!("{}: {error}", outcome.peer)));
            let mut error = ApiError::new(ErrorKind::Network, "no peer could be synchronised with")
                .hint("`nanduti peer list` shows the addresses known; is the other node running and reachable from here?");
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
        Ok(reply)
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
        added.map(|()| reply)
    }
}

impl Handle<PeerBlock> for Engine {
    async fn handle(&self, call: PeerBlock) -> Result<PeerListReply, ApiError> {
        let peer = call.peer.parse().map_err(|_| {
            usage(format!("`{}` is not a peer id", call.peer)).hint("`nanduti peer list` shows the ids")
        })?;
        let network = self.network_for_a_call().await?;
        let blocked = network.handle.block(peer, !call.allow).await;
        let reply = list(&network.handle).await;
        network.done().await;
        blocked.map(|()| reply)
    }
}

/// The network of a running node, or one that is started for a single call and listens nowhere.
struct ForACall {
    handle: NetworkHandle,
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
        let handle = self.start_network(config, false).await?;
        Ok(ForACall { handle, own: true })
    }

    /// Starts the network of a node that runs.
    pub(crate) async fn run_network(&self) -> Result<NetworkHandle, ApiError> {
        let handle = self.start_network(self.config.network.clone(), true).await?;
        *self.network.write().await = Some(handle.clone());
        Ok(handle)
    }

    async fn start_network(&self, config: crate::config::Network, active: bool) -> Result<NetworkHandle, ApiError> {
        let ticket = self.info.ticket.as_ref().map(|ticket| ticket.addresses.clone()).unwrap_or_default();
        Network::start(self.core.clone(), &self.node_key, config, self.config.runtime.verifiers(), ticket, active)
            .await
            .map_err(|error| failed("the network cannot be started").because(&error))
    }
}

async fn list(network: &NetworkHandle) -> PeerListReply {
    PeerListReply { own: network.own(), addresses: network.addresses().await, peers: network.peers().await }
}
