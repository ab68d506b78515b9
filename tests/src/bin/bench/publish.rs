//! From publishing on one node until another has it, durable and readable.
//!
//! Two whole nodes, each in a process of its own: this one runs the reader, a child the author. The author writes the time of the
//! system's monotonic clock into the practice, then publishes it as a person would. The reader is told by its core that a log has
//! grown, reads the practice back from its own store, and subtracts. Gossip carries the news and its body.

use std::{
    fs::File,
    io::{BufRead, Error, Result, Write},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use nanduti_node::{
    Config, CoreEvent, Handle, Home, Node,
    api::Publish,
    founding::{self, DraftOptions, InitOptions, Passphrase},
};
use nanduti_protocol::record::RecordBody;
use tokio::sync::broadcast::error::RecvError;

use crate::{
    figures as f,
    homes::Bench,
    options::Publisher,
    process::Running,
    report::{Outcome, Runs},
    spread::quantile,
    text,
};

/// Publications before those that count: until gossip has found its ways.
const WARM_UP: u64 = 10;
/// Between two publications, as other systems are measured.
pub(crate) const PAUSE: Duration = Duration::from_millis(40);
/// How often the disk alone is measured.
const FLUSHED: u64 = 200;
/// How long one may take before it is a fault.
const PATIENCE: Duration = Duration::from_secs(60);

/// Publishes again and again.
pub(crate) fn measure(bench: &Bench, publications: u64, pause: Duration) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut runs = Runs::default();
    for _ in 0..bench.runs {
        let (author, reader) = found(bench)?;
        let latencies = runtime.block_on(one_run(bench, (&author, &reader), publications, pause))?;
        let median = quantile(&latencies, 0.5).ok_or_else(|| Error::other("nothing was published"))?;
        runs.add(f::PUBLISH_MEDIAN, median);
        runs.add(f::PUBLISH_P99, quantile(&latencies, 0.99).unwrap_or(median));
        runs.add(f::PUBLISH_MOST, quantile(&latencies, 1.0).unwrap_or(median));
        let flushes = runtime.block_on(flushes(bench, publications.min(FLUSHED), pause))?;
        runs.add(f::PUBLISH_FLUSHES_MEDIAN, quantile(&flushes, 0.5).unwrap_or_default());
        runs.add(f::PUBLISH_FLUSHES_P99, quantile(&flushes, 0.99).unwrap_or_default());
    }
    let outcome = runs.outcome("publish", None, None).over(bench.transport.name());
    Ok(Outcome { practices: Some(publications), ..outcome })
}

/// Milliseconds that it takes to append what a publication takes on the disk to two files, each flushed, one after the other: what
/// author and reader do at least, since the one announces only what is durable, and the other shows only what is.
async fn flushes(bench: &Bench, count: u64, pause: Duration) -> Result<Vec<f64>> {
    let mut files = [File::create(bench.fresh("flushed"))?, File::create(bench.fresh("flushed"))?];
    let bytes = zstd::bulk::compress(text::text(0).as_bytes(), 1)?;
    let mut took = Vec::new();
    for _ in 0..count {
        tokio::time::sleep(pause).await;
        let began = Instant::now();
        for file in &mut files {
            file.write_all(&bytes)?;
            file.sync_data()?;
        }
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(took)
}

/// Milliseconds of each publication.
async fn one_run(
    bench: &Bench,
    (author, reader): (&Path, &Path),
    publications: u64,
    pause: Duration,
) -> Result<Vec<f64>> {
    let listen = bench.transport.listen();
    let mut child = Command::new(std::env::current_exe()?);
    child.arg("publisher").arg("--home").arg(author).args(["--listen", listen]);
    let mut author = Running::start(&mut child)?;
    let node = start(reader, listen, Some(author.address()?)).await?;
    let core = node.engine().core().clone();
    let mut events = core.subscribe();
    let mut next = std::collections::BTreeMap::new();
    for (log, position) in core.snapshot().frontier.iter() {
        next.insert(*log, position.next);
    }
    let mut latencies = Vec::new();
    for number in 0..WARM_UP + publications {
        author.tell(&number.to_string())?;
        let arrived = async {
            loop {
                match events.recv().await {
                    Ok(CoreEvent::Appended { log, next: now, .. }) => {
                        let seq = next.insert(log, now).unwrap_or(0);
                        if let Some(took) = read_back(&core, &log, seq..now, number)? {
                            return Ok(took);
                        }
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Err(Error::other("the reader's core has ended")),
                }
            }
        };
        let took = tokio::time::timeout(PATIENCE, arrived).await;
        let took = took.map_err(|_| Error::other(format!("publication {number} did not arrive")))??;
        if number >= WARM_UP {
            latencies.push(took);
        }
        tokio::time::sleep(pause).await;
    }
    node.stop().await.map_err(Error::other)?;
    author.stop()?;
    Ok(latencies)
}

/// Reads what has come, and says how many milliseconds ago this publication was written, if it is there.
fn read_back(
    core: &nanduti_node::Core,
    log: &nanduti_protocol::key::PublicKey,
    places: std::ops::Range<u64>,
    number: u64,
) -> Result<Option<f64>> {
    for seq in places {
        let Some(body) = core.body(log, seq).map_err(Error::other)? else { continue };
        let Ok(body) = RecordBody::decode(&body) else { continue };
        let record = body.record;
        let Some((of, written)) = record.text("summary").and_then(|summary| summary.split_once(" at ")) else {
            continue;
        };
        if of == number.to_string() {
            let written: f64 = written.parse().map_err(Error::other)?;
            return Ok(Some(monotonic_ms() - written));
        }
    }
    Ok(None)
}

/// The author's process: publishes once for each line of its input.
pub(crate) fn publisher(options: &Publisher) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let node = runtime.block_on(start(&options.home, &options.listen, None))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", serde_json::json!({ "addresses": node.addresses() }))?;
    stdout.flush()?;
    for line in std::io::stdin().lock().lines() {
        let number: u64 = line?.parse().map_err(Error::other)?;
        let texts = text::practice(number, "TIME");
        let markdown = texts.replacen("TIME", &format!("{number} at {}", monotonic_ms()), 1);
        let publish = Publish { markdown, new_series: true, ..Publish::default() };
        runtime.block_on(node.engine().handle(publish)).map_err(Error::other)?;
    }
    runtime.block_on(node.stop()).map_err(Error::other)
}

async fn start(home: &Path, listen: &str, peer: Option<&str>) -> Result<Node> {
    let home = Home::at(home);
    let mut sets = vec![("network.listen", listen), ("web.enabled", "false")];
    sets.extend(peer.map(|peer| ("network.peers", peer)));
    let sets: Vec<_> = sets.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let config = Config::load_with(&home, [], &sets).map_err(Error::other)?;
    Node::start(home, config).await.map_err(Error::other)
}

fn monotonic_ms() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// A network of one member: its home, and that of an observer.
fn found(bench: &Bench) -> Result<(std::path::PathBuf, std::path::PathBuf)> {
    let passphrase = Passphrase::new("only for measuring".to_owned());
    let author = bench.fresh("author");
    let home = Home::at(&author);
    let member =
        InitOptions { member: Some("PRY".into()), name: Some("Measured".into()), role: None, ..InitOptions::default() };
    let card = founding::init(&home, member, Some(&passphrase)).map_err(Error::other)?.card;
    let card = card.ok_or_else(|| Error::other("no card"))?;
    let (draft, signed, sealed) = (bench.fresh("draft"), bench.fresh("signed"), bench.fresh("sealed"));
    let options = DraftOptions {
        name: "Measured".into(),
        purpose: "To measure.".into(),
        cards: vec![card.into()],
        out: draft.clone(),
    };
    founding::draft(options).map_err(Error::other)?;
    founding::sign(&home, &draft, Some(&signed), &passphrase).map_err(Error::other)?;
    let ticket = founding::seal(&draft, &[signed], &[], &sealed).map_err(Error::other)?.ticket;
    founding::join(&home, &sealed.display().to_string()).map_err(Error::other)?;
    Ok((author, bench.observer("reader", &ticket)?))
}
