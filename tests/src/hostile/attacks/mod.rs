//! The ways in which a node is attacked, each by a name, with the bounds within which the victim has to stay.
//!
//! An attack is bounded in time by its caller and in count by itself, and ends by itself. What it needs to know of the victim
//! it learns as any peer does. The bounds stand here, next to what they bound; `arena` measures against them.

mod connections;
mod frames;
mod gossip;
mod sessions;
mod streams;
mod vectors;
mod web;

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use libp2p::identity::Keypair;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{line::Line, line::Way, target::Target};

/// What an attack may cost the victim, and those who use it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// MiB by which the peak of its memory may stand above what it took before.
    pub memory_mib: f64,
    /// Processor seconds that it may spend in a second.
    pub cores: f64,
    /// Seconds after which what an honest peer publishes is readable on the victim, an honest session is over, a member who
    /// comes is in and has been served, and a page and the operator's socket have answered.
    pub honest_s: f64,
    /// Open file descriptors beyond those before.
    pub files: u64,
}

/// What an attacker says in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// How often it did what it does.
    pub count: u64,
    /// What the victim has to have refused, by the names of its counters: exactly so often. Of names with a `+` between them the
    /// sum counts.
    pub exactly: BTreeMap<String, u64>,
}

type Running = Pin<Box<dyn Future<Output = io::Result<Done>> + Send>>;

/// A way to attack.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does, for the table.
    pub what: &'static str,
    /// What the victim does about it, for the table.
    pub answer: &'static str,
    /// Counters of the victim of which at least one has to have moved.
    pub refused: &'static [&'static str],
    /// The bounds.
    pub bounds: Bounds,
    run: fn(Arc<Target>, Duration) -> Running,
}

impl Attack {
    /// Attacks until it is stopped, for so long at most.
    ///
    /// # Errors
    /// If the attacker itself fails, which proves nothing about the victim.
    pub async fn run(&self, target: Target, time: Duration) -> io::Result<Done> {
        (self.run)(Arc::new(target), time).await
    }
}

/// What most attacks may cost.
const USUAL: Bounds = Bounds { memory_mib: 48.0, cores: 1.5, honest_s: 5.0, files: 64 };
/// What an attack with a thousand connections may cost.
const CROWD: Bounds = Bounds { memory_mib: 96.0, cores: 1.8, honest_s: 8.0, files: 512 };

/// All of them.
pub const ATTACKS: &[Attack] = &[
    vectors::FRAMES,
    vectors::SEGMENTS,
    vectors::GOSSIP,
    vectors::RECORDS,
    frames::BOMBS,
    frames::SMALLER_THAN_SAID,
    frames::ENDLESS,
    frames::SLOW_WRITERS,
    frames::SLOW_READERS,
    streams::THOUSAND,
    streams::STUFFED,
    streams::LEFT,
    streams::SLOTS,
    streams::THEIR_SLOTS,
    sessions::UNKNOWN_KEYS,
    sessions::KNOWN_AGAIN,
    sessions::FALSE_HEADS,
    sessions::DIGESTS,
    sessions::DEEP_RECORDS,
    sessions::FORKS,
    gossip::UNKNOWN_KEYS,
    gossip::BODIES,
    gossip::BOMBS,
    gossip::FORKS,
    gossip::DUPLICATES,
    gossip::CONTROL,
    gossip::RECORDS,
    connections::HALF_OPEN,
    connections::THOUSAND,
    connections::ONE_NAME,
    connections::STORM,
    connections::DATAGRAMS,
    web::SLOWLORIS,
    web::THOUSAND,
    web::ODD,
    // Whoever comes later has to fetch what it brings.
    sessions::TINY_ENTRIES,
];

/// The attack of a name.
pub fn attack(name: &str) -> Option<&'static Attack> {
    ATTACKS.iter().find(|attack| attack.name == name)
}

/// Lets so many attackers act over and over, each at its own pace, until the attack is stopped or the time is over. What one of them runs into (a
/// refusal, a closed connection) only makes it begin again.
async fn crowd<F>(count: u64, time: Duration, act: impl Fn(u64) -> F + Clone + Send + 'static) -> Done
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let until = tokio::time::Instant::now() + time;
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let act = act.clone();
        tasks.spawn(async move {
            while tokio::time::Instant::now() < until {
                tokio::select! {
                    ended = act(number) => if ended.is_err() {
                        // A moment's rest: whoever is refused should not only burn its own processor.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    },
                    () = stopped() => break,
                    () = tokio::time::sleep_until(until) => break,
                }
            }
        });
    }
    tasks.join_all().await;
    Done { count: DID.load(Ordering::Relaxed), ..Done::default() }
}

/// What the attack of this process has done so far: connections, streams, sessions, messages, whatever it is about.
static DID: AtomicU64 = AtomicU64::new(0);

/// Closed when the attack is to end.
static STOP: Semaphore = Semaphore::const_new(0);

/// Lets the attack of this process end, as soon as it has done anything at all.
pub(super) fn stop() {
    STOP.close();
}

async fn stopped() {
    // It gives nothing out: it only ever is closed.
    drop(STOP.acquire().await);
    while DID.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Counts what the attack is about.
fn did(count: u64) {
    DID.fetch_add(count, Ordering::Relaxed);
}

/// A line under a name that nobody knows.
async fn anybody(target: &Target, number: u64) -> io::Result<Line> {
    let way = if number.is_multiple_of(2) { Way::Tcp } else { Way::Quic };
    Line::new(target.address(way), way).await
}

/// A line under the name of the harmful member's node.
async fn member(target: &Target) -> io::Result<Line> {
    Line::named(target.address(Way::Tcp), Way::Tcp, &target.member()).await
}

/// Many names at once are made from numbers, so that a run can be repeated.
fn name(number: u64) -> Keypair {
    Keypair::ed25519_from_bytes(super::forge::stranger(number).to_bytes()).expect("a secret of 32 bytes is a key")
}

/// Waits for ever: whoever calls it is stopped by the end of the time.
async fn hold<T>(_held: T) -> io::Result<()> {
    std::future::pending().await
}
