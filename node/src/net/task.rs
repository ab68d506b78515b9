//! The task that owns the network's state, and its loop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::{FutureExt, StreamExt};
use libp2p::swarm::{ConnectionId, Swarm};
use libp2p::{Multiaddr, PeerId};
use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::{MemberId, PublicKey};
use nanduti_protocol::node_record::NodeRecord;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::behaviour::{self, Behaviour};
use super::blame::Blame;
use super::commands::Waiting;
use super::dialer::{Dialer, Source};
use super::error::NetError;
use super::gossip::Gossip;
use super::handle::Command;
use super::memory::Memory;
use super::rate::Buckets;
use super::records::{Records, key_of, peer_of};
use super::reports::Report;
use super::slots::Slots;
use super::sync::{Schedule, Sessions};
use super::{NetworkOptions, addresses, limits};
use crate::core::{Core, CoreEvent};
use crate::keys::NodeKey;

/// The task's ends of what leads outside.
pub(super) struct Ends {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) told: watch::Sender<Vec<Multiaddr>>,
    pub(super) count: watch::Sender<usize>,
}

/// What is known of a connected peer.
#[derive(Debug)]
pub(super) struct Connected {
    /// The connections: when each was made, and whether we dialled.
    pub(super) connections: Vec<(ConnectionId, Instant, bool)>,
    /// Over this machine's loopback?
    pub(super) local: bool,
    /// Is any of them a TCP connection? They do not notice when nobody is there any more.
    pub(super) over_tcp: bool,
}

/// Everything that the network decides by.
pub(super) struct Task {
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) core: Core,
    pub(super) key: NodeKey,
    pub(super) network: Hash,
    pub(super) options: NetworkOptions,
    pub(super) ends: Ends,
    pub(super) events: broadcast::Receiver<CoreEvent>,
    pub(super) reports: (mpsc::Sender<Report>, mpsc::Receiver<Report>),
    pub(super) jobs: JoinSet<()>,
    pub(super) sessions: Sessions,
    pub(super) dialer: Dialer,
    pub(super) schedule: Schedule,
    pub(super) gossip: Gossip,
    /// Places for news that came with its body and is on its way to the disk.
    pub(super) news: Arc<Semaphore>,
    pub(super) records: Records,
    pub(super) blame: Blame,
    pub(super) memory: Memory,
    writer: JoinHandle<()>,
    pub(super) blocked: BTreeSet<PeerId>,
    /// The members' nodes.
    pub(super) members: BTreeSet<PeerId>,
    pub(super) connected: BTreeMap<PeerId, Connected>,
    pub(super) digests: BTreeMap<PeerId, Hash>,
    pub(super) session_rate: Buckets<PeerId>,
    /// Places for the sessions that peers begin.
    pub(super) slots: Slots,
    /// How the sessions that we began are told that others wait.
    pub(super) begun: BTreeMap<PeerId, oneshot::Sender<()>>,
    /// When it was last looked around for what is due, and whether that was after the last event.
    acted: Instant,
    looked: bool,
    pub(super) exchange_rate: Buckets<PeerId>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) own_record: Option<(NodeRecord, Vec<u8>)>,
    pub(super) stopping: bool,
}

impl Task {
    /// Knows what is remembered, configured and written on the ticket.
    pub(super) fn new(
        swarm: Swarm<Behaviour>,
        core: Core,
        key: NodeKey,
        options: NetworkOptions,
        ends: Ends,
    ) -> Result<Self, NetError> {
        let now = Instant::now();
        let network = core.snapshot().ledger.network();
        let (memory, remembered, writer) = Memory::open(core.local())?;
        // Half of the sessions are ours, half the peers': neither can starve the other.
        let own_sessions = options.config.max_sync_sessions.div_ceil(2);
        let mut task = Self {
            network,
            events: core.subscribe(),
            reports: mpsc::channel(limits::REPORTS),
            jobs: JoinSet::new(),
            sessions: Sessions::new(core.clone(), PublicKey::from_bytes(key.public()), options.verifiers),
            dialer: Dialer::new(key.peer_id()),
            schedule: Schedule::new(options.config.sync_interval(), own_sessions, options.config.gossip),
            gossip: Gossip::new(now),
            news: Arc::new(Semaphore::new(limits::NEWS)),
            records: Records::new(network, PublicKey::from_bytes(key.public())),
            blame: Blame::default(),
            memory,
            writer,
            blocked: BTreeSet::new(),
            members: BTreeSet::new(),
            connected: BTreeMap::new(),
            digests: BTreeMap::new(),
            session_rate: Buckets::new(limits::SESSION_RATE, limits::RATES),
            slots: Slots::new(options.config.max_sync_sessions.div_ceil(2)),
            begun: BTreeMap::new(),
            acted: now,
            looked: true,
            exchange_rate: Buckets::new(limits::PEERS_RATE, limits::RATES),
            waiting: Vec::new(),
            own_record: None,
            stopping: false,
            swarm,
            core,
            key,
            options,
            ends,
        };
        task.records.load(remembered.records.into_iter());
        for (peer, addresses) in task.records.reachable().collect::<Vec<_>>() {
            task.dialer.learn(peer, addresses, Source::Heard, now);
        }
        for (peer, named) in remembered.peers {
            task.dialer.learn(peer, named.ways(), Source::Named, now);
            if named.blocked {
                task.refuse(peer);
                task.blocked.insert(peer);
            }
        }
        let given = task.options.ticket.iter().chain(&task.options.config.peers);
        for (peer, way) in given.filter_map(addresses::split_peer).collect::<Vec<_>>() {
            task.dialer.learn(peer, vec![way], Source::Named, now);
        }
        task.mark_members();
        // The listeners report their addresses at once; whoever started us wants to know them.
        while let Some(Some(event)) = task.swarm.next().now_or_never() {
            task.on_swarm_event(event);
        }
        Ok(task)
    }

    /// Runs until it is told to stop, or nobody is left to tell it.
    pub(super) async fn run(mut self) {
        while !self.stopping {
            let next = if self.looked { self.next_due() } else { self.acted + limits::LOOK_AROUND };
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm_event(event),
                command = self.ends.commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                Some(report) = self.reports.1.recv() => self.on_report(report),
                event = self.events.recv() => match event {
                    Ok(event) => self.on_core_event(event),
                    // What was missed is not announced; synchronisation brings it.
                    Err(broadcast::error::RecvError::Lagged(missed)) => {
                        tracing::debug!(missed, "missed announcements");
                        self.mark_members();
                    }
                    Err(broadcast::error::RecvError::Closed) => break,
                },
                Some(ended) = self.jobs.join_next() => {
                    if ended.is_err_and(|error| error.is_panic()) {
                        tracing::error!("a session ended in a panic");
                    }
                }
                () = tokio::time::sleep_until(next) => {}
            }
            // A flood of events must not become a flood of looking around: alone, an event is acted on at once.
            self.looked = self.acted.elapsed() >= limits::LOOK_AROUND;
            if self.looked {
                self.act();
                self.acted = Instant::now();
            }
        }
        self.close().await;
    }

    /// Does everything that is due.
    fn act(&mut self) {
        let now = Instant::now();
        for peer in self.blame.released(now) {
            if !self.blocked.contains(&peer) {
                self.swarm.behaviour_mut().blocked.unblock_peer(peer);
            }
        }
        self.dial(now);
        // What the operator waits for is asked for before looking at what is due.
        self.settle_waiting(now);
        for (peer, job) in self.schedule.due(now, jitter()) {
            self.begin_session(peer, job);
        }
        for peer in self.schedule.overdue(now) {
            if let Some(hurry) = self.begun.remove(&peer) {
                // It may have ended at this moment.
                let _ = hurry.send(());
            }
        }
        self.publish(now);
    }

    fn dial(&mut self, now: Instant) {
        let (blame, blocked) = (&self.blame, &self.blocked);
        let refused = |peer: &PeerId| blocked.contains(peer) || blame.is_banned(peer, now);
        for (peer, ways) in self.dialer.due(now, self.connected.len(), refused) {
            let options = libp2p::swarm::dial_opts::DialOpts::peer_id(peer).addresses(ways);
            if let Err(error) = self.swarm.dial(options.build()) {
                self.dial_failed(&peer, &error);
            }
        }
    }

    fn publish(&mut self, now: Instant) {
        let topic = behaviour::topic(&self.network);
        let Some(gossip) = self.swarm.behaviour_mut().gossip.as_mut() else { return };
        while let Some(message) = self.gossip.next_message(now) {
            // Nobody to tell, or full queues: synchronisation brings it.
            if let Err(error) = gossip.inner.publish(topic.clone(), message) {
                tracing::trace!(%error, "not announced");
            }
        }
    }

    fn on_core_event(&mut self, event: CoreEvent) {
        self.schedule.moved(Instant::now());
        match event {
            CoreEvent::Appended { log, entry, segment, .. } if self.options.config.gossip => {
                self.gossip.announce_entry(log, entry, segment);
            }
            CoreEvent::Forked(proof) if self.options.config.gossip => self.gossip.announce_fork(&proof),
            CoreEvent::Balloted(papers) if self.options.config.gossip => self.gossip.announce_ballot(&papers),
            CoreEvent::Appended { .. } | CoreEvent::Forked(_) | CoreEvent::Balloted(_) => {}
            CoreEvent::RosterChanged => {
                self.mark_members();
                self.ask_again();
            }
            CoreEvent::AuthorityChanged => self.mark_members(),
        }
    }

    /// Others may hold what could not be taken in before.
    fn ask_again(&mut self) {
        let now = Instant::now();
        for peer in self.connected.keys() {
            self.schedule.want_full_soon(peer, now + limits::UNPLACED_REST.mul_f64(jitter()));
        }
    }

    /// Finds out anew whose nodes are members': they find room however many strangers are connected.
    pub(super) fn mark_members(&mut self) {
        let snapshot = self.core.snapshot();
        let Some(authority) = snapshot.ledger.authority() else { return self.mark_trusted() };
        self.records.mark_members(|key| authority.member_of_node(key).is_some());
        self.dialer.mark_members(|peer| key_of(peer).is_some_and(|key| authority.member_of_node(&key).is_some()));
        let keyrings = authority.roster().members.iter().filter_map(|member| authority.keyring(&member.id));
        let keys = keyrings.flat_map(|(_, keyring)| &keyring.keys).map(|line| line.key);
        let nodes: BTreeSet<PeerId> =
            keys.filter(|key| authority.member_of_node(key).is_some()).filter_map(|key| peer_of(&key)).collect();
        let own = self.key.peer_id();
        if nodes.contains(&own) && !self.members.contains(&own) && snapshot.counts.withheld > 0 {
            // From now on it may read what is for members only, and asks for it although it holds every entry.
            self.connected.keys().for_each(|peer| self.schedule.want_full_soon(peer, Instant::now()));
        }
        self.members = nodes;
        self.mark_trusted();
    }

    /// Tells everybody who gives places whom to give them to first: members' nodes and named peers.
    pub(super) fn mark_trusted(&mut self) {
        let named = self.dialer.peers().filter(|peer| self.dialer.is_named(peer)).copied();
        let trusted: BTreeSet<PeerId> = self.members.iter().copied().chain(named).collect();
        for peer in self.connected.keys() {
            self.schedule.trust(peer, trusted.contains(peer));
        }
        self.swarm.behaviour_mut().places.trust(trusted);
    }

    /// Is the peer a member's node, or did the operator name it?
    pub(super) fn is_trusted(&self, peer: &PeerId) -> bool {
        self.members.contains(peer) || self.dialer.is_named(peer)
    }

    /// The member for whom a peer's node key speaks.
    pub(super) fn member_of(&self, peer: &PeerId) -> Option<MemberId> {
        let snapshot = self.core.snapshot();
        snapshot.ledger.authority()?.member_of_node(&key_of(peer)?).cloned()
    }

    /// Makes our own record anew after our addresses changed, and tells it.
    pub(super) fn renew_record(&mut self) {
        let listening: Vec<Multiaddr> = self.swarm.listeners().cloned().collect();
        self.ends.told.send_if_modified(|told| {
            let changed = *told != listening;
            told.clone_from(&listening);
            changed
        });
        let announced = addresses::announced(&self.options.config.external, &listening);
        let addresses: Vec<String> = announced.iter().map(Multiaddr::to_string).collect();
        if self.own_record.as_ref().map_or(addresses.is_empty(), |(record, _)| record.addresses == addresses) {
            return;
        }
        let before = self.own_record.as_ref().map_or(0, |(record, _)| record.counter);
        let counter = now_ms().max(before + 1);
        let record = NodeRecord { key: PublicKey::from_bytes(self.key.public()), counter, addresses };
        let bytes = record.sign(&self.network, self.key.signing_key());
        if self.options.config.gossip {
            self.gossip.announce_node(&bytes);
        }
        self.own_record = Some((record, bytes));
    }

    fn next_due(&mut self) -> Instant {
        let now = Instant::now();
        let (blame, blocked) = (&self.blame, &self.blocked);
        let refused = |peer: &PeerId| blocked.contains(peer) || blame.is_banned(peer, now);
        let dial = self.dialer.next_due(self.connected.len(), refused);
        let soon = [dial, self.schedule.next_due(), self.gossip.next_due(now)];
        let soonest = soon.into_iter().flatten().min().unwrap_or(now + Duration::from_secs(1));
        // Not sooner than a moment, lest something that cannot be done now be tried without end; and a look around once a
        // second, for what has no clock of its own.
        soonest.clamp(now + Duration::from_millis(20), now + Duration::from_secs(1))
    }

    /// Says goodbye, so that the peers need not wait for a timeout.
    async fn close(mut self) {
        self.jobs.abort_all();
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let goodbye = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        drop(tokio::time::timeout(limits::STOP, goodbye).await);
        self.jobs.shutdown().await;
        drop(self.memory);
        drop(tokio::time::timeout(limits::STOP, self.writer).await);
    }
}

/// A chance between 0 and 1.
pub(super) fn jitter() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness everybody would come at the same moment, which is no more than slow.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
