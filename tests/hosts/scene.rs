//! Hosts with a node each.

use nanduti_node::api::{List, ListFilter, Publish};
use nanduti_tests::{
    Running, World,
    hosts::{Host, Internet},
    practice,
};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");

/// QUIC alone.
pub(crate) const QUIC: &str = "network.listen=/ip4/0.0.0.0/udp/4001/quic-v1";
/// TCP alone.
pub(crate) const TCP: &str = "network.listen=/ip4/0.0.0.0/tcp/4001";

/// A network of members, each with a host of the same name. Dropped in the order of the fields: nodes first.
pub(crate) struct Scene {
    pub(crate) nodes: Vec<Running>,
    pub(crate) world: World,
    pub(crate) hosts: Vec<Host>,
    pub(crate) internet: Internet,
    members: Vec<&'static str>,
}

impl Scene {
    /// The members' homes and hosts, without a running node; nothing if there can be no hosts here.
    pub(crate) fn found(members: &[&'static str]) -> Option<Self> {
        let internet = Internet::new()?;
        let world = World::new(PROGRAM);
        world.found(members);
        let hosts = members.iter().map(|member| internet.host(member)).collect();
        Some(Self { nodes: Vec::new(), world, hosts, internet, members: members.to_vec() })
    }

    /// Starts the next node.
    pub(crate) fn start(&mut self, sets: &[&str]) -> &Running {
        let at = self.nodes.len();
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        self.nodes.push(self.hosts[at].start(&self.world, self.members[at], &sets));
        &self.nodes[at]
    }

    /// The setting with which a node stays connected to another one over QUIC.
    pub(crate) fn peer(&self, at: usize) -> String {
        format!("network.peers={}/p2p/{}", self.hosts[at].quic(), self.name(at))
    }

    /// The same over TCP.
    pub(crate) fn tcp_peer(&self, at: usize) -> String {
        format!("network.peers={}/p2p/{}", self.hosts[at].tcp(), self.name(at))
    }

    /// The libp2p name of a node.
    pub(crate) fn name(&self, at: usize) -> &str {
        self.nodes[at].ready["peer_id"].as_str().unwrap()
    }

    /// Do all hold this many practices and the same digest?
    pub(crate) fn all_hold(&self, practices: u64) -> bool {
        hold(&self.nodes.iter().collect::<Vec<_>>(), practices)
    }
}

/// Do these nodes hold this many practices and the same digest?
pub(crate) fn hold(nodes: &[&Running], practices: u64) -> bool {
    let all: Vec<_> = nodes.iter().map(|node| node.status()).collect();
    all.iter()
        .all(|status| status.practices == practices && status.wanted_bodies == 0 && status.digest == all[0].digest)
}

/// Publishes a practice with this title.
pub(crate) fn publish(node: &Running, title: &str) {
    publish_text(node, practice(title, 500));
}

/// Publishes a practice as its author wrote it.
pub(crate) fn publish_text(node: &Running, markdown: String) {
    node.ask(Publish { markdown, new_series: true, ..Publish::default() }).unwrap();
}

/// Can the practice with this title be found on a node?
pub(crate) fn lists(node: &Running, title: &str) -> bool {
    let filter = ListFilter { limit: 1000, ..ListFilter::default() };
    node.ask(List { filter }).unwrap().practices.iter().any(|row| row.title == title)
}
