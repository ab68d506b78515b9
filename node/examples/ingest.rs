//! How fast the durable core takes in runs that are verified already: `cargo run --release --example ingest`.
//!
//! 20,000 practices of 4 KiB in runs of 256, once in one log and once in 200, and once one by one from 64 callers. Prints
//! entries a second and the processor time of the whole process, and of the verification apart.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ed25519_dalek::SigningKey;
use nanduti_node::{Core, CoreOptions, Home};
use nanduti_protocol::{
    charter::{Bounds, Charter, Member, Quorum, RULES},
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Opening, Place},
    kind::{Audience, Kind},
    record::{Record, RecordBody, Value},
    run::{ReceivedRun, push_item},
};

const ENTRIES: usize = 20_000;
const RUN: usize = 256;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for (logs, run, callers) in [(1, RUN, 4), (200, RUN, 4), (200, 1, 64)] {
        let entries = if run == 1 { ENTRIES / 4 } else { ENTRIES };
        let (network, setup, work) = prepare(logs, entries / logs, run);
        let dir = tempfile::tempdir()?;
        let home = Home::at(dir.path());
        home.create()?;
        let options = CoreOptions {
            network,
            pinned: None,
            author: None,
            index_cache: 64 << 20,
            min_free: 0,
            now_ms: || 1_800_000_000_000,
        };
        let core = Core::open(home.clone(), options.clone(), runtime.handle())?;
        let started = (Instant::now(), processor());
        let mut verified = Vec::new();
        for bytes in work {
            verified.push(ReceivedRun::receive(bytes)?.verify(&network)?);
        }
        report(&format!("{logs} logs, runs of {run}: verify"), entries, started);
        runtime.block_on(async {
            for bytes in setup {
                core.admit(ReceivedRun::receive(bytes)?.verify(&network)?).await?;
            }
            Ok::<_, Box<dyn std::error::Error>>(())
        })?;
        let started = (Instant::now(), processor());
        // Runs of one log stay in order: each log belongs to one caller.
        let mut queues: Vec<Vec<_>> = (0..callers).map(|_| Vec::new()).collect();
        for run in verified {
            queues[usize::from(run.log().as_bytes()[0]) % callers].push(run);
        }
        runtime.block_on(async {
            let core = Arc::new(core.clone());
            let tasks = queues.into_iter().map(|queue| {
                let core = Arc::clone(&core);
                tokio::spawn(async move {
                    for run in queue {
                        core.admit(run).await.map_err(|error| error.to_string())?;
                    }
                    Ok::<_, String>(())
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await??;
            }
            Ok::<_, Box<dyn std::error::Error>>(())
        })?;
        report(&format!("{logs} logs, runs of {run}: admit"), entries, started);
        let shown: u64 = core.snapshot().counts.practices.values().sum();
        assert_eq!(shown, entries as u64);
        let started = (Instant::now(), processor());
        runtime.block_on(core.close());
        drop(core);
        report("close", entries, started);
        let started = (Instant::now(), processor());
        let core = Core::open(home.clone(), options.clone(), runtime.handle())?;
        report("open", entries, started);
        runtime.block_on(core.close());
        drop(core);
        std::fs::remove_dir_all(home.index_dir())?;
        let started = (Instant::now(), processor());
        let core = Core::open(home, options, runtime.handle())?;
        report("open without an index", entries, started);
        runtime.block_on(core.close());
    }
    Ok(())
}

/// The network's id, the runs that make ready for the work, and the work.
fn prepare(logs: usize, each: usize, run: usize) -> (Hash, Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let root = SigningKey::from_bytes(&[255; 32]);
    let member = MemberId::parse("PRY").expect("an id");
    let founder = |(id, key): (&str, &SigningKey)| Member {
        id: MemberId::parse(id).expect("an id"),
        name: id.into(),
        role: "mechanism".into(),
        root: PublicKey::from(key),
        spare: None,
        governance: None,
    };
    let charter = Charter {
        name: "Network".into(),
        salt: [1; 16],
        roles: Charter::usual_roles(),
        rules: RULES,
        bounds: Bounds { keys: 256, ..Bounds::default() },
        former: Vec::new(),
        quorum: Quorum(2, 3),
        members: vec![founder(("PRY", &root))],
        purpose: "To measure.".into(),
    };
    let network = charter.network();
    let mut log_keys = Vec::new();
    for number in 0..logs {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
        log_keys.push(SigningKey::from_bytes(&seed));
    }
    let mut work = Vec::new();
    let mut lines = Vec::new();
    for key in &log_keys {
        let opening = Opening { key_use: KeyUse::Publish, salt: [2; 16], member: member.clone() };
        let mut bodies = vec![(Kind::Log, opening.encode())];
        bodies.extend((1..=each).map(|number| (Kind::Practice, practice(number))));
        let (items, hashes) = sign(key, network, &bodies);
        let state = KeyState::Live(Some(Place { seq: 0, hash: hashes[0] }));
        lines.push(KeyLine::sign(KeyUse::Publish, &network, &member, key, state));
        work.push(items.chunks(run).map(<[Vec<u8>]>::concat).collect::<Vec<_>>());
    }
    lines.sort_by_key(|line| line.key);
    let keyring = Keyring { keys: lines, salt: [3; 16] };
    let (items, _) = sign(&root, network, &[(Kind::Charter, charter.encode()), (Kind::Keyring, keyring.encode())]);
    // All logs take turns, as they would when many peers are asked at once.
    let longest = work.iter().map(Vec::len).max().unwrap_or(0);
    let turns = (0..longest).flat_map(|turn| work.iter().filter_map(move |log| log.get(turn).cloned()));
    (network, vec![items.concat()], turns.collect())
}

fn sign(key: &SigningKey, network: Hash, bodies: &[(Kind, Vec<u8>)]) -> (Vec<Vec<u8>>, Vec<Hash>) {
    let (mut items, mut hashes, mut prev) = (Vec::new(), Vec::new(), network);
    for (seq, (kind, body)) in (0..).zip(bodies) {
        let statement = Statement {
            log: PublicKey::from(key),
            seq,
            body: BodyRef::to(body),
            kind: kind.clone(),
            prev,
            time: 1_700_000_000_000 + seq,
            audience: Audience::Public,
        };
        let entry = statement.sign(&network, key);
        prev = Hash::of(&entry);
        hashes.push(prev);
        let mut item = Vec::new();
        push_item(&mut item, &entry, Some(body));
        items.push(item);
    }
    (items, hashes)
}

/// About 4 KiB with its entry, in the fields that a practice has.
fn practice(number: usize) -> Vec<u8> {
    let mut record = Record::new();
    let text = |length: usize| Value::String("a word and another ".repeat(length / 19 + 1));
    let list = |codes: &[&str]| Value::List(codes.iter().map(|code| Value::String((*code).into())).collect());
    record.set("title", Value::String(format!("A practice with the number {number}")));
    record.set("source_language", Value::String("en".into()));
    record.set("strands", list(&["reporting", "follow-up"]));
    record.set("capacities", list(&["coordination", "consultation"]));
    record.set("themes", list(&["education", "health", "justice"]));
    for (field, length) in
        [("summary", 500), ("context", 700), ("description", 1_400), ("results", 500), ("lessons", 400)]
    {
        record.set(field, text(length));
    }
    RecordBody::first([4; 16], record).encode().expect("within the bounds")
}

fn processor() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}

#[expect(clippy::print_stdout, reason = "this is what the example is for")]
fn report(what: &str, entries: usize, (started, used): (Instant, Duration)) {
    let (wall, used) = (started.elapsed().as_secs_f64(), (processor() - used).as_secs_f64());
    println!("{what:<34} {:>9.0} entries/s  {wall:>7.3} s  {used:>7.3} s of processor", entries as f64 / wall);
}
