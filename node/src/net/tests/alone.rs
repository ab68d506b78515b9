//! The network's task while it does not run: one event after another is put before it, and time passes when the test says so.

use std::num::NonZeroU32;
use std::time::Duration;

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::swarm::{ConnectionId, SwarmEvent};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::fixture::{Setup, World, parts};
use crate::core::Core;
use crate::net::reports::Report;
use crate::net::sync::{Job, Role};
use crate::net::task::{Ends, Task};
use crate::net::{behaviour, limits};

/// A task, and what it stands on.
struct Alone {
    task: Task,
    core: Core,
    peer: PeerId,
    _home: tempfile::TempDir,
}

impl Alone {
    fn new() -> Self {
        let (world, home) = (World::new(), tempfile::tempdir().expect("a folder"));
        let (core, key, options) = parts(home.path(), &world, 0, &Setup::tcp());
        let swarm = behaviour::swarm(key.keypair(), &world.network, &options.config).expect("a swarm");
        let ((_, commands), (told, _), (count, _)) = (mpsc::channel(1), watch::channel(Vec::new()), watch::channel(0));
        let task = Task::new(swarm, core.clone(), key, options, Ends { commands, told, count }).expect("a task");
        Self { task, core, peer: PeerId::random(), _home: home }
    }

    /// A connection to the peer is made.
    fn connect(&mut self, number: usize, we_dial: bool) {
        let connections = self.task.connected.get(&self.peer).map_or(0, |connected| connected.connections.len());
        self.task.on_swarm_event(SwarmEvent::ConnectionEstablished {
            peer_id: self.peer,
            connection_id: ConnectionId::new_unchecked(number),
            endpoint: endpoint(we_dial),
            num_established: NonZeroU32::MIN.saturating_add(connections as u32),
            concurrent_dial_errors: None,
            established_in: Duration::ZERO,
        });
    }

    /// A connection to the peer goes, and so many stay.
    fn disconnect(&mut self, number: usize, remaining: u32) {
        self.task.on_swarm_event(SwarmEvent::ConnectionClosed {
            peer_id: self.peer,
            connection_id: ConnectionId::new_unchecked(number),
            endpoint: endpoint(true),
            num_established: remaining,
            cause: None,
        });
    }

    /// Lets a time pass, and hears what is reported. How many exchanges of node records were begun? Each ends at once, since nobody is
    /// there.
    async fn exchanges(&mut self, within: Duration) -> usize {
        let (until, mut exchanges) = (Instant::now() + within, 0);
        while let Ok(Some(report)) = tokio::time::timeout_at(until, self.task.reports.1.recv()).await {
            exchanges += usize::from(matches!(report, Report::Exchange { .. }));
            self.task.on_report(report);
        }
        exchanges
    }

    /// Something is done with the peer that panics, and the task hears of it.
    async fn panic(&mut self, role: Role) {
        self.task.report_when_done((self.peer, Some(role)), async { panic!("on purpose") });
        self.exchanges(HOUR).await;
    }

    async fn end(self) {
        drop(self.task);
        self.core.close().await;
    }
}

fn endpoint(we_dial: bool) -> ConnectedPoint {
    let address: libp2p::Multiaddr = "/ip4/192.0.2.7/udp/1/quic-v1".parse().expect("an address");
    match we_dial {
        true => ConnectedPoint::Dialer { address, role_override: Endpoint::Dialer, port_use: PortUse::Reuse },
        false => ConnectedPoint::Listener { local_addr: address.clone(), send_back_addr: address },
    }
}

const MOMENT: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
/// The second exchange comes after this at the earliest, and at the latest after three times as long.
const EARLY: Duration = limits::EXCHANGE_AGAIN.checked_div(2).expect("two is not zero");

#[tokio::test(start_paused = true)]
async fn who_dials_exchanges_node_records_on_connecting_and_once_more_a_little_later() {
    let mut alone = Alone::new();
    alone.connect(1, true);
    assert_eq!(alone.exchanges(MOMENT).await, 1);
    assert_eq!(alone.exchanges(EARLY - 2 * MOMENT).await, 0, "not at once again");
    assert_eq!(alone.exchanges(3 * EARLY).await, 1);
    assert_eq!(alone.exchanges(HOUR).await, 0, "and no more");
    alone.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_dialled_leaves_the_exchange_to_the_other_and_nobody_exchanges_with_who_is_gone() {
    let mut alone = Alone::new();
    alone.connect(1, false);
    assert_eq!(alone.exchanges(HOUR).await, 0);
    alone.disconnect(1, 0);
    alone.connect(2, true);
    assert_eq!(alone.exchanges(MOMENT).await, 1);
    alone.disconnect(2, 0);
    assert_eq!(alone.exchanges(HOUR).await, 0);
    alone.end().await;
}

#[tokio::test(start_paused = true)]
async fn of_two_connections_that_become_one_whoever_dialled_the_one_that_stays_begins_anew() {
    for (gone, we_begin) in [(2, true), (1, false)] {
        let mut alone = Alone::new();
        let peer = alone.peer;
        // Ours first, and then theirs.
        alone.connect(1, true);
        alone.connect(2, false);
        assert_eq!(alone.exchanges(MOMENT).await, 1);
        assert_eq!(alone.task.schedule.due(Instant::now(), 0.5), [(peer, Job::Full)]);
        let well = crate::net::sync::Ended::Well { moved: false, equal: false };
        alone.task.schedule.ended(&peer, &Job::Full, well, Instant::now(), 0.5);
        assert_eq!(alone.task.schedule.due(Instant::now(), 0.5), []);
        alone.disconnect(gone, 1);
        assert_eq!(alone.exchanges(MOMENT).await, usize::from(we_begin), "{gone} goes");
        let again = alone.task.schedule.due(Instant::now(), 0.5);
        assert_eq!(again.len(), usize::from(we_begin), "{gone} goes");
        alone.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_panics_frees_its_place() {
    let mut alone = Alone::new();
    let peer = alone.peer;
    alone.connect(1, true);
    let jobs = alone.task.schedule.due(Instant::now(), 0.5);
    assert_eq!(jobs, [(peer, Job::Full)]);
    tokio::time::advance(limits::AT_WORK + MOMENT).await;
    assert!(alone.task.schedule.is_at_work(&peer, Instant::now()), "it holds its place");
    alone.panic(Role::Initiator(Job::Full)).await;
    assert!(!alone.task.schedule.is_at_work(&peer, Instant::now()));
    assert_eq!(alone.task.schedule.due(Instant::now(), 0.5), [(peer, Job::Full)], "it is tried again after a rest");
    // And so does one that the peer began.
    assert!(alone.task.slots.take(peer, true, Instant::now()).is_some());
    assert!(alone.task.slots.take(peer, true, Instant::now()).is_none());
    alone.panic(Role::Responder).await;
    assert!(alone.task.slots.take(peer, true, Instant::now()).is_some());
    alone.end().await;
}
