//! What a node costs when nothing happens: its memory after it has caught up, and what it says to eight peers.
//!
//! Nine nodes, each connected with all others, hold the same and are left alone for some minutes. The kernel counts every byte
//! once for each of the 36 connections; a node has eight of them.

use std::{
    io::{Error, Result},
    path::Path,
    time::{Duration, Instant},
};

use nanduti_node::{
    Client, Config, Home,
    api::{Status, StatusReply},
};

use crate::{
    figures as f, filled,
    homes::Bench,
    library::Library,
    namespace,
    process::Running,
    report::{Outcome, Runs},
};

/// A node and its peers.
const NODES: usize = 9;
/// Practices that the nodes of the quiet network hold, and their logs: idle traffic does not depend on them.
const QUIET: (u64, usize) = (200, 40);
/// How long nodes have to become equal.
const PATIENCE: Duration = Duration::from_secs(600);
/// After everything has arrived, until memory is looked at.
const SETTLE: Duration = Duration::from_secs(10);

/// Memory of a node that has caught up, then the traffic of nine for so many minutes.
pub(crate) fn measure(bench: &Bench, practices: u64, logs: usize, minutes: u32) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut runs = Runs::default();
    for _ in 0..bench.runs {
        memory(bench, &runtime, (practices, logs), &mut runs)?;
    }
    if bench.isolated {
        traffic(bench, &runtime, minutes, &mut runs)?;
    }
    Ok(runs.outcome("idle", Some(practices), Some(logs)).over(bench.transport.name()))
}

fn memory(
    bench: &Bench,
    runtime: &tokio::runtime::Runtime,
    (practices, logs): (u64, usize),
    runs: &mut Runs,
) -> Result<()> {
    let library = Library::new(practices, logs)?;
    let full = filled::home(bench, &library, practices)?;
    let empty = bench.observer("idle", &library.ticket())?;
    let listen = format!("network.listen={}", bench.transport.listen());
    let sender = Running::node(&bench.program, &full, &[&listen])?;
    let peers = format!("network.peers={}", sender.address()?);
    let receiver = Running::node(&bench.program, &empty, &[&listen, &peers])?;
    runtime.block_on(async {
        until(&empty, |status| status.practices == practices && status.peers_equal > 0).await?;
        tokio::time::sleep(SETTLE).await;
        Ok::<_, Error>(())
    })?;
    runs.add(f::IDLE_MEMORY_RECEIVER, receiver.memory_mib()?);
    runs.add(f::IDLE_PEAK_RECEIVER, receiver.peak_mib()?);
    runs.add(f::IDLE_MEMORY_SENDER, sender.memory_mib()?);
    receiver.stop()?;
    sender.stop()
}

/// Everybody knows everybody, holds the same, and has the settings that a node has if nobody changes them.
fn traffic(bench: &Bench, runtime: &tokio::runtime::Runtime, minutes: u32, runs: &mut Runs) -> Result<()> {
    let library = Library::new(QUIET.0, QUIET.1)?;
    let mut homes = vec![filled::home(bench, &library, QUIET.0)?];
    for _ in 1..NODES {
        homes.push(filled::twin(bench, &library, &homes[0])?);
    }
    let listen = format!("network.listen={}", bench.transport.listen());
    let mut nodes: Vec<Running> = Vec::new();
    for home in &homes {
        let before = nodes.iter().map(Running::address).collect::<Result<Vec<_>>>()?.join(",");
        let peers = format!("network.peers={before}");
        nodes.push(Running::node(&bench.program, home, &[&listen, &peers])?);
    }
    let everybody = NODES as u64 - 1;
    let cpu_s = |nodes: &[Running]| nodes.iter().map(Running::cpu_s).sum::<Result<f64>>();
    let (before, cpu_before, began) = runtime.block_on(async {
        for home in &homes {
            until(home, |status| status.peers_connected == everybody && status.peers_equal == everybody).await?;
        }
        // What was new becomes old first: nodes compare themselves more rarely the longer nothing happens.
        let time = Duration::from_secs(60 * u64::from(minutes));
        tokio::time::sleep(time).await;
        let before = (namespace::carried()?, cpu_s(&nodes)?, Instant::now());
        tokio::time::sleep(time).await;
        Ok::<_, Error>(before)
    })?;
    let (after, cpu_after) = (namespace::carried()?, cpu_s(&nodes)?);
    let a_day = 86_400.0 / began.elapsed().as_secs_f64();
    // The kernel counts each connection once; a node has a part in eight of them.
    let connections = NODES * (NODES - 1) / 2;
    let of_a_node = (NODES - 1) as f64 / connections as f64;
    runs.add(f::IDLE_BYTES_A_DAY, (after.bytes - before.bytes) as f64 * of_a_node * a_day);
    runs.add(f::IDLE_PACKETS_A_DAY, (after.packets - before.packets) as f64 * of_a_node * a_day);
    runs.add(f::IDLE_CPU_A_DAY, (cpu_after - cpu_before) / NODES as f64 * a_day);
    nodes.into_iter().try_for_each(Running::stop)
}

/// Waits until a node stands in this way.
async fn until(home: &Path, is: impl Fn(&StatusReply) -> bool) -> Result<()> {
    let home = Home::at(home);
    let config = Config::load_with(&home, [], &[]).map_err(Error::other)?;
    let client = Client::open(&home, config).await.map_err(Error::other)?;
    let began = Instant::now();
    loop {
        let status = client.call(Status {}).await.map_err(Error::other)?;
        if is(&status) {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(Error::other(format!("waited in vain: {status:?}")));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
