//! Two equal nodes compare themselves and find nothing to do.
//!
//! Once as a session alone, on a connection that stands, asked for over the operator's socket; and once as a whole command:
//! open the home, connect, compare, close.

use std::{
    io::{Error, Result},
    path::Path,
    time::{Duration, Instant},
};

use nanduti_node::{
    Client, Config, Home,
    api::{Status, Sync, SyncReply},
};

use crate::{
    delay, figures as f, filled,
    homes::Bench,
    library::Library,
    namespace,
    options::Transport,
    process::{self, Running},
    report::{Outcome, Runs},
    spread::quantile,
};

/// Sessions on one connection.
const SESSIONS: usize = 20;
/// Added on every way when round trips are counted.
const DELAY: Duration = Duration::from_millis(20);
/// No timer of the node shall begin a session of its own.
const RARELY: &str = "network.sync_interval_s=86400";

/// Compares two nodes that hold the same.
pub(crate) fn measure(bench: &Bench, practices: u64, logs: usize) -> Result<Outcome> {
    let library = Library::new(practices, logs)?;
    let full = filled::home(bench, &library, practices)?;
    let twin = filled::twin(bench, &library, &full)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut runs = Runs::default();
    for _ in 0..bench.runs {
        let listen = format!("network.listen={}", bench.transport.listen());
        let one = Running::node(&bench.program, &full, &[&listen, RARELY])?;
        command(bench, &twin, one.address()?, &mut runs)?;
        let peers = format!("network.peers={}", one.address()?);
        let other = Running::node(&bench.program, &twin, &[&listen, RARELY, &peers])?;
        runtime.block_on(sessions(bench, &twin, one.address()?, &mut runs))?;
        other.stop()?;
        one.stop()?;
    }
    round_trips(bench, &runtime, (&library, &full), &mut runs)?;
    Ok(runs.outcome("no-op", Some(practices), Some(logs)).over(bench.transport.name()))
}

/// The whole command.
fn command(bench: &Bench, home: &Path, address: &str, runs: &mut Runs) -> Result<()> {
    let before = namespace::carried()?;
    let spent = process::run(process::program_on(&bench.program, home).args(["--json", "sync", address]))?;
    let carried = namespace::carried()?;
    let reply: SyncReply = serde_json::from_slice(&spent.output)?;
    nothing_to_do(&reply)?;
    runs.add(f::NO_OP_COMMAND_MS, spent.seconds * 1000.0);
    if bench.isolated {
        runs.add(f::NO_OP_COMMAND_KERNEL, (carried.bytes - before.bytes) as f64);
    }
    Ok(())
}

/// Sessions, one after another.
async fn sessions(bench: &Bench, home: &Path, address: &str, runs: &mut Runs) -> Result<()> {
    let client = connected(home).await?;
    let sync = Sync { peer: Some(peer_of(address)?) };
    let (mut took, mut ours, mut kernel) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SESSIONS {
        let before = quiet().await?;
        let began = Instant::now();
        let reply = client.call(sync.clone()).await.map_err(Error::other)?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        nothing_to_do(&reply)?;
        ours.push(reply.peers.iter().map(|peer| peer.bytes_in + peer.bytes_out).sum::<u64>() as f64);
        kernel.push((quiet().await? - before) as f64);
    }
    let median = |values: &[f64]| quantile(values, 0.5).unwrap_or(f64::NAN);
    runs.add(f::NO_OP_SESSION_MS, median(&took));
    runs.add(f::NO_OP_SESSION_OURS, median(&ours));
    if bench.isolated {
        runs.add(f::NO_OP_SESSION_KERNEL, median(&kernel));
    }
    client.close().await.map_err(Error::other)
}

/// How much longer a session takes when every byte is late, in round trips: over TCP, through a relay that delays both ways.
fn round_trips(
    bench: &Bench,
    runtime: &tokio::runtime::Runtime,
    (library, full): (&Library, &Path),
    runs: &mut Runs,
) -> Result<()> {
    // A home in which no node has run knows no other way than through the relay.
    let twins = [filled::twin(bench, library, full)?, filled::twin(bench, library, full)?];
    let listen = format!("network.listen={}", Transport::Tcp.listen());
    let one = Running::node(&bench.program, full, &[&listen, RARELY])?;
    let mut quickest = [0.0; 2];
    for ((twin, delay), quickest) in twins.iter().zip([Duration::ZERO, DELAY]).zip(&mut quickest) {
        let relay = delay::Relay::to(one.address()?, delay)?;
        let peers = format!("network.peers={}", relay.address);
        let other = Running::node(&bench.program, twin, &[&listen, RARELY, &peers])?;
        *quickest = runtime.block_on(quickest_session(twin, one.address()?))?;
        other.stop()?;
    }
    let [direct, delayed] = quickest;
    runs.add(f::NO_OP_ROUND_TRIPS, (delayed - direct) / (2.0 * DELAY.as_secs_f64()));
    one.stop()
}

/// Seconds of the quickest of some sessions.
async fn quickest_session(home: &Path, address: &str) -> Result<f64> {
    let client = connected(home).await?;
    let sync = Sync { peer: Some(peer_of(address)?) };
    let mut quickest = f64::INFINITY;
    for _ in 0..SESSIONS {
        let began = Instant::now();
        nothing_to_do(&client.call(sync.clone()).await.map_err(Error::other)?)?;
        quickest = quickest.min(began.elapsed().as_secs_f64());
    }
    Ok(quickest)
}

/// A client of a running node, once that is connected to somebody and has compared everything with it.
async fn connected(home: &Path) -> Result<Client> {
    let home = Home::at(home);
    let config = Config::load_with(&home, [], &[]).map_err(Error::other)?;
    let client = Client::open(&home, config).await.map_err(Error::other)?;
    let began = Instant::now();
    loop {
        let status = client.call(Status {}).await.map_err(Error::other)?;
        if status.peers_equal > 0 {
            return Ok(client);
        }
        if began.elapsed() > Duration::from_secs(60) {
            return Err(Error::other("the two nodes did not find that they are equal"));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The bytes that the kernel carried, once it carries no more for a while.
async fn quiet() -> Result<u64> {
    let mut last = namespace::carried()?.bytes;
    loop {
        tokio::time::sleep(Duration::from_millis(60)).await;
        let now = namespace::carried()?.bytes;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
}

fn nothing_to_do(reply: &SyncReply) -> Result<()> {
    match reply.peers.as_slice() {
        [peer] if peer.equal && peer.error.is_none() && peer.received + peer.sent == 0 => Ok(()),
        _ => Err(Error::other(format!("the two nodes are not equal: {reply:?}"))),
    }
}

fn peer_of(address: &str) -> Result<String> {
    let peer = address.rsplit_once("/p2p/").map(|(_, peer)| peer.to_owned());
    peer.ok_or_else(|| Error::other("an address without a peer"))
}
