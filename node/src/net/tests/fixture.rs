//! A network of members whose keys come from seeds, and nodes of it in temporary homes.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use libp2p::Multiaddr;
use nanduti_protocol::charter::{Bounds, Charter, Member, Quorum, RULES};
use nanduti_protocol::entry::{BodyRef, Statement};
use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::{MemberId, PublicKey};
use nanduti_protocol::keyring::{KeyLine, KeyState, KeyUse, Keyring, Opening, Place};
use nanduti_protocol::kind::{Audience, Kind};
use nanduti_protocol::run::{ReceivedRun, VerifiedRun, push_item};

use crate::Home;
use crate::config;
use crate::core::{Core, CoreOptions, Snapshot};
use crate::keys::NodeKey;
use crate::net::{Network, NetworkHandle, NetworkOptions};

/// Longer than anything here takes, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(60);

const IDS: [&str; 5] = ["KEN", "MAR", "PRT", "PRY", "WSM"];

/// A network of five members, each with a root key, a publishing key and a node key.
pub(super) struct World {
    pub(super) charter: Charter,
    pub(super) network: Hash,
}

/// The place in a log where the next entry goes.
#[derive(Clone, Copy)]
pub(super) struct Tip {
    pub(super) seq: u64,
    pub(super) prev: Hash,
}

/// The seeds of keys: member by place, use by number.
fn key(member: usize, key_use: u8) -> SigningKey {
    SigningKey::from_bytes(&[key_use * 16 + u8::try_from(member).expect("few") + 1; 32])
}

pub(super) fn publish_key(member: usize) -> SigningKey {
    key(member, 2)
}

fn node_seed(member: usize) -> [u8; 32] {
    key(member, 3).to_bytes()
}

pub(super) fn node_key(member: usize) -> NodeKey {
    NodeKey::from_seed(&node_seed(member))
}

impl World {
    pub(super) fn new() -> Self {
        let member = |(place, id): (usize, &&str)| Member {
            id: MemberId::parse(id).expect("an id"),
            name: format!("Institution of {id}"),
            role: "mechanism".into(),
            root: PublicKey::from(&key(place, 1)),
            spare: None,
            governance: None,
        };
        let charter = Charter {
            name: "Network".into(),
            salt: [7; 16],
            roles: Charter::usual_roles(),
            rules: RULES,
            bounds: Bounds::default(),
            former: Vec::new(),
            quorum: Quorum(2, 3),
            members: IDS.iter().enumerate().map(member).collect(),
            purpose: "To test.".into(),
        };
        let network = charter.network();
        Self { charter, network }
    }

    /// The root log of a member: the charter, and a keyring with its publishing key and its node key.
    pub(super) fn root_run(&self, member: usize) -> VerifiedRun {
        let root = key(member, 1);
        let id = &self.charter.members[member].id;
        let node = key(member, 3);
        let checkpoint = Place { seq: 0, hash: Hash::of(&self.opening(member).0) };
        let line = |key_use, key, state| KeyLine::sign(key_use, &self.network, id, key, state);
        let mut keys = vec![
            line(KeyUse::Publish, &publish_key(member), KeyState::Live(Some(checkpoint))),
            line(KeyUse::Node, &node, KeyState::Live(None)),
        ];
        keys.sort_by_key(|line| line.key);
        let keyring = Keyring { keys, salt: [8; 16] }.encode();
        let charter = self.charter.encode();
        let start = Tip { seq: 0, prev: self.network };
        let first = self.entry(&root, start, Kind::Charter, &charter);
        let next = Tip { seq: 1, prev: Hash::of(&first) };
        let second = self.entry(&root, next, Kind::Keyring, &keyring);
        self.run(&[(first, charter), (second, keyring)])
    }

    /// Entry 0 of a member's publishing log, and its body.
    fn opening(&self, member: usize) -> (Vec<u8>, Vec<u8>) {
        let id = self.charter.members[member].id.clone();
        let body = Opening { key_use: KeyUse::Publish, salt: [9; 16], member: id }.encode();
        let start = Tip { seq: 0, prev: self.network };
        (self.entry(&publish_key(member), start, Kind::Log, &body), body)
    }

    /// The opening of a member's publishing log, and where it goes on.
    pub(super) fn opening_run(&self, member: usize) -> (VerifiedRun, Tip) {
        let (entry, body) = self.opening(member);
        let tip = Tip { seq: 1, prev: Hash::of(&entry) };
        (self.run(&[(entry, body)]), tip)
    }

    /// So many entries with bodies of so many bytes.
    pub(super) fn more(&self, member: usize, tip: &mut Tip, count: u64, size: usize) -> VerifiedRun {
        let items: Vec<_> = (0..count).map(|_| self.next(member, tip, size)).collect();
        self.run(&items)
    }

    /// The next entry of a member's publishing log, and its body.
    pub(super) fn next(&self, member: usize, tip: &mut Tip, size: usize) -> (Vec<u8>, Vec<u8>) {
        let mut body = tip.seq.to_be_bytes().to_vec();
        body.resize(size.max(8), b'x');
        let entry = self.entry(&publish_key(member), *tip, adoption(), &body);
        *tip = Tip { seq: tip.seq + 1, prev: Hash::of(&entry) };
        (entry, body)
    }

    pub(super) fn entry(&self, key: &SigningKey, tip: Tip, kind: Kind, body: &[u8]) -> Vec<u8> {
        let log = PublicKey::from(key);
        let Tip { seq, prev } = tip;
        let statement =
            Statement { log, seq, body: BodyRef::to(body), kind, prev, time: 1, audience: Audience::Public };
        statement.sign(&self.network, key)
    }

    /// The next entry of a member's publishing log, for members only.
    pub(super) fn confidential(&self, member: usize, tip: &mut Tip) -> VerifiedRun {
        let (key, body) = (publish_key(member), b"for members".to_vec());
        let statement = Statement {
            log: PublicKey::from(&key),
            seq: tip.seq,
            body: BodyRef::to(&body),
            kind: adoption(),
            prev: tip.prev,
            time: 1,
            audience: Audience::Members,
        };
        let entry = statement.sign(&self.network, &key);
        *tip = Tip { seq: tip.seq + 1, prev: Hash::of(&entry) };
        self.run(&[(entry, body)])
    }

    fn run(&self, items: &[(Vec<u8>, Vec<u8>)]) -> VerifiedRun {
        ReceivedRun::receive(run_bytes(items)).and_then(|run| run.verify(&self.network)).expect("ours")
    }
}

/// The bytes of a run.
pub(super) fn run_bytes(items: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (entry, body) in items {
        push_item(&mut bytes, entry, Some(body));
    }
    bytes
}

/// A kind that a mechanism may write and that nothing here looks into.
pub(super) fn adoption() -> Kind {
    Kind::parse("adoption").expect("a kind")
}

/// The place of a node that is no member's.
pub(super) const OBSERVER: usize = 9;

/// How a node of a test is set up.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) gossip: bool,
    pub(super) transport: &'static str,
    pub(super) peers: Vec<Multiaddr>,
    pub(super) interval_s: u64,
}

impl Setup {
    pub(super) fn quic() -> Self {
        Self { gossip: true, transport: "/ip4/127.0.0.1/udp/0/quic-v1", peers: Vec::new(), interval_s: 60 }
    }

    pub(super) fn tcp() -> Self {
        Self { transport: "/ip4/127.0.0.1/tcp/0", ..Self::quic() }
    }

    pub(super) fn to(mut self, node: &TestNode) -> Self {
        self.peers.extend(node.net.addresses());
        self
    }

    /// Synchronisation alone, and that often.
    pub(super) fn silent(self) -> Self {
        Self { gossip: false, interval_s: 1, ..self }
    }
}

/// What the network of a member's node stands on: a core in a home, the key of the node, and what is configured.
pub(super) fn parts(home: &Path, world: &World, member: usize, setup: &Setup) -> (Core, NodeKey, NetworkOptions) {
    let options = CoreOptions {
        network: world.network,
        pinned: None,
        author: None,
        index_cache: 8 << 20,
        min_free: 0,
        now_ms: || 1_700_000_000_000,
    };
    Home::at(home).create().expect("folders");
    let core = Core::open(Home::at(home), options, &tokio::runtime::Handle::current()).expect("a core");
    let config = config::Network {
        listen: vec![setup.transport.parse().expect("an address")],
        peers: setup.peers.clone(),
        gossip: setup.gossip,
        sync_interval_s: setup.interval_s,
        ..config::Network::default()
    };
    (core, NodeKey::from_seed(&node_seed(member)), NetworkOptions { config, ticket: Vec::new(), verifiers: 2 })
}

/// A node: a core in a temporary home, and its network.
pub(super) struct TestNode {
    pub(super) core: Core,
    pub(super) net: NetworkHandle,
    home: tempfile::TempDir,
    member: usize,
}

impl TestNode {
    /// The node of a member, empty.
    pub(super) fn start(world: &World, member: usize, setup: &Setup) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), world, member, setup)
    }

    fn start_in(home: tempfile::TempDir, world: &World, member: usize, setup: &Setup) -> Self {
        log_if_asked();
        let (core, key, options) = parts(home.path(), world, member, setup);
        let net = Network::start(core.clone(), &key, options).expect("a network");
        Self { core, net, home, member }
    }

    /// Stops the node and starts it again on the same home.
    pub(super) async fn restart(self, world: &World, setup: &Setup) -> Self {
        let Self { core, net, home, member } = self;
        net.stop().await;
        core.close().await;
        drop((core, net));
        Self::start_in(home, world, member, setup)
    }

    /// Everything of the network but what is published: all root logs, and the openings of all publishing logs.
    pub(super) async fn found(&self, world: &World) -> BTreeMap<usize, Tip> {
        let mut tips = BTreeMap::new();
        for member in 0..IDS.len() {
            self.core.admit(world.root_run(member)).await.expect("admitted");
            let (run, tip) = world.opening_run(member);
            self.core.admit(run).await.expect("admitted");
            tips.insert(member, tip);
        }
        tips
    }

    /// Waits until the node holds so much of a log.
    pub(super) async fn holds(&self, log: &SigningKey, next: u64) {
        let log = PublicKey::from(log);
        self.until(|snapshot| snapshot.ledger.extent(&log).is_some_and(|extent| extent.next >= next)).await;
    }

    /// Waits until something holds of what is durable.
    pub(super) async fn until(&self, holds: impl Fn(&Snapshot) -> bool) {
        let mut events = self.core.subscribe();
        patiently(async {
            while !holds(&self.core.snapshot()) {
                // Lagging only means that there is news.
                let _ = events.recv().await;
            }
        })
        .await;
    }

    /// Waits until so many peers are connected.
    pub(super) async fn connected(&self, peers: usize) {
        let mut connected = self.net.watch_connected();
        patiently(async { connected.wait_for(|count| *count == peers).await.expect("it runs") }).await;
    }

    pub(super) async fn refused(&self, name: &str) -> u64 {
        let refused = self.net.refused().await.expect("it runs");
        refused.into_iter().find(|(found, _)| found == name).map_or(0, |(_, count)| count)
    }
}

/// Waits until all nodes hold the same, and at least that much.
pub(super) async fn all_equal(nodes: &[&TestNode], log: &SigningKey, next: u64) {
    let mut events: Vec<_> = nodes.iter().map(|node| node.core.subscribe()).collect();
    for node in nodes {
        node.holds(log, next).await;
    }
    let digest = |node: &&TestNode| node.core.snapshot().digest;
    patiently(async {
        while !nodes.iter().all(|node| digest(node) == digest(&nodes[0])) {
            // Lagged only means that there is news.
            let _ = futures::future::select_all(events.iter_mut().map(|events| Box::pin(events.recv()))).await;
        }
    })
    .await;
}

/// Waits for what has to happen.
pub(super) async fn patiently<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it happens sooner or later")
}

/// What the nodes say, if `NANDUTI_TEST_LOG` holds a filter such as `nanduti_node=debug`.
fn log_if_asked() {
    if let Ok(filter) = std::env::var("NANDUTI_TEST_LOG") {
        // Only the first of several tests sets it up.
        drop(tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init());
    }
}
