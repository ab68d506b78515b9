//! From a signed charter to one library on every node: start, publish, wait.
//!
//! The nodes are asked again and again how they stand; there is no other sign that they agree. A node that stops on the way
//! ends the demonstration, with its last words.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use nanduti_node::{
    Home,
    api::{ApiError, ErrorKind, Publish, StatusReply},
};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    founding::Founded,
    members::Member,
    practices::Practice,
    process::{Launcher, Node},
};
use crate::terminal::Progress;

/// How often the nodes are asked.
const EVERY: Duration = Duration::from_millis(100);

/// Nodes that join and start at a time.
const AT_A_TIME: usize = 8;

/// What has been reached.
#[derive(Debug)]
pub(super) struct Reached {
    /// How each node stands, in the order of the nodes.
    pub(super) statuses: Vec<StatusReply>,
    /// From the first publication until every node held everything.
    pub(super) elapsed: Duration,
}

/// Starts the first node, puts its address into the ticket, and starts the others. Nodes come into `nodes` as they are
/// ready, in the order of the members at the end. Returns the ticket.
pub(super) async fn start(
    launcher: &Launcher,
    founded: &Founded,
    members: &[Member],
    nodes: &mut Vec<Node>,
    progress: &Progress,
) -> Result<String, ApiError> {
    let home = |member: &Member| super::founding::home_of(&launcher.folder, member);
    let (first, others) = members.split_first().ok_or_else(|| failed("nobody takes part"))?;
    founded.join(&home(first))?;
    let node = launcher.clone().start(first.clone(), home(first)).await?;
    let ticket = founded.seal_again(&node.addresses)?.ticket;
    nodes.push(node);
    let mut starting = JoinSet::new();
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    for member in others {
        starting.spawn(enter(Arc::clone(&turns), launcher.clone(), founded.clone(), member.clone(), home(member)));
    }
    while let Some(started) = starting.join_next().await {
        nodes.push(started.map_err(|error| failed("a node was not started").because(&error))??);
        progress.position(nodes.len() as u64, members.len() as u64);
    }
    let place = |node: &Node| members.iter().position(|member| *member == node.member);
    nodes.sort_by_key(place);
    Ok(ticket)
}

/// Joins the network and starts, when it is its turn: joining is work for the disk.
async fn enter(
    turns: Arc<Semaphore>,
    launcher: Launcher,
    founded: Founded,
    member: Member,
    home: Home,
) -> Result<Node, ApiError> {
    let _turn = turns.acquire().await;
    let joining = home.clone();
    let joined = tokio::task::spawn_blocking(move || founded.join(&joining)).await;
    joined.map_err(|error| failed("a node has not joined").because(&error))??;
    launcher.start(member, home).await
}

/// Publishes each practice through the node of its member.
pub(super) async fn publish(nodes: &mut [Node], practices: &[Practice], progress: &Progress) -> Result<(), ApiError> {
    for (done, practice) in practices.iter().enumerate() {
        progress.position(done as u64, practices.len() as u64);
        let Some(node) = nodes.iter_mut().find(|node| node.member.id == practice.member) else { continue };
        let call = Publish { markdown: practice.markdown.clone(), new_series: true, ..Publish::default() };
        if let Err(error) = node.client().call(call).await {
            return Err(node.failure().unwrap_or(error));
        }
    }
    Ok(())
}

/// Waits until every node holds all practices and all digests are equal. `since` is when the first was published.
pub(super) async fn converge(
    nodes: &mut [Node],
    practices: &[Practice],
    since: Instant,
    deadline: tokio::time::Instant,
    progress: &Progress,
) -> Result<Reached, ApiError> {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let total = practices.len() as u64;
    let mut statuses = Vec::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = tokio::time::sleep_until(deadline) => return Err(too_late(&statuses, total)),
        }
        statuses = look(nodes).await?;
        let held = statuses.iter().map(|status| status.practices.min(total)).sum();
        progress.position(held, total * nodes.len() as u64);
        if is_one_library(&statuses, practices) {
            return Ok(Reached { statuses, elapsed: since.elapsed() });
        }
    }
}

/// How each node stands.
async fn look(nodes: &mut [Node]) -> Result<Vec<StatusReply>, ApiError> {
    let mut statuses = Vec::new();
    for node in nodes {
        match node.status().await {
            Ok(status) => statuses.push(status),
            Err(error) => return Err(node.failure().unwrap_or(error)),
        }
    }
    Ok(statuses)
}

fn is_one_library(statuses: &[StatusReply], practices: &[Practice]) -> bool {
    let Some(first) = statuses.first() else { return false };
    statuses.iter().all(|status| {
        let own = practices.iter().filter(|practice| Some(&practice.member) == status.member.as_ref()).count();
        status.digest == first.digest
            && status.practices == practices.len() as u64
            && status.own_practices == own as u64
            && status.wanted_bodies == 0
    })
}

fn too_late(statuses: &[StatusReply], total: u64) -> ApiError {
    let error = ApiError::new(ErrorKind::Network, "the nodes do not hold the same library yet, and the time is over");
    let causes = statuses.iter().map(|status| {
        let member = status.member.as_deref().unwrap_or("a node");
        let (held, peers) = (status.practices, status.peers_connected);
        format!("{member} holds {held} of {total} practices, has {peers} peers, digest {}", short(&status.digest))
    });
    ApiError { causes: causes.collect(), ..error }.hint("--timeout SECONDS gives them longer")
}

/// The beginning of a digest, enough to see that two are equal.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn failed(message: &str) -> ApiError {
    ApiError::new(ErrorKind::Failed, message)
}
