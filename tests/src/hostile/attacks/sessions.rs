//! Sessions that keep the protocol and mean harm: floods of what is valid, and lies about what is held.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use nanduti_protocol::{
    chain::Chain,
    fork::ForkProof,
    frontier::{ForkMark, Position},
    hash::Hash,
    key::PublicKey,
    kind::Kind,
    record::{DEPTH_MAX, ITEMS_MAX, Record, RecordBody, Value},
};

use super::{
    super::{
        forge::{self, Tip, adoption},
        line::{Line, Way},
        talk::{self, Claims},
        target::Target,
    },
    Attack, Bounds, Running, USUAL, anybody, crowd, did, member,
};

pub(super) const UNKNOWN_KEYS: Attack = Attack {
    name: "unknown-keys",
    what: "runs without end of keys that no keyring lists, from 8 names",
    answer: "not stored; the session ends after 1,024 of them, at a small cost to the score",
    refused: &["unknown-key", "nothing-new"],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let (network, key) = (target.network, forge::stranger(1));
            let mut tip = Tip { seq: 5, prev: Hash::of(b"somewhere") };
            let run = forge::run(&network, &key, &mut tip, 1, &adoption(), b"body");
            let frames: Arc<[u8]> = forge::segment_frame(&run, run.len()).repeat(5000).into();
            serve(target, time, 8, 3, frames).await
        })
    },
};

pub(super) const KNOWN_AGAIN: Attack = Attack {
    name: "known-again",
    what: "what is held already, again and again, from 8 names",
    answer: "the session ends after 64 runs with nothing new",
    refused: &["nothing-new"],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let (line, log) = (Line::new(target.address(Way::Tcp), Way::Tcp).await?, PublicKey::from(&target.publish));
            let mut opening = Vec::new();
            talk::fetch_runs(&line, target.network, |run| {
                if run.log() == log && run.first_seq() == 0 {
                    opening = run.bytes().to_vec();
                }
            })
            .await?;
            let frames: Arc<[u8]> = forge::segment_frame(&opening, opening.len()).repeat(5000).into();
            serve(target, time, 8, 3, frames).await
        })
    },
};

/// Offers so many more entries of the member's log, from so many names, and serves these frames instead.
async fn serve(
    target: Arc<Target>,
    time: Duration,
    names: u64,
    more: u64,
    frames: Arc<[u8]>,
) -> io::Result<super::Done> {
    let (learnt, tip) = learn(&target).await?;
    let claims = learnt.and(PublicKey::from(&target.publish), tip.seq + more);
    let act = move |number| {
        let (target, claims, frames) = (Arc::clone(&target), claims.clone(), Arc::clone(&frames));
        async move {
            let line = anybody(&target, number).await?;
            while line.is_up() {
                talk::session(&line, claims.clone(), |_, _, _| {
                    did(1);
                    frames.to_vec()
                })
                .await?;
            }
            Ok(())
        }
    };
    Ok(crowd(names, time, act).await)
}

/// What the victim holds, and where the log of the harmful member goes on.
async fn learn(target: &Target) -> io::Result<(Claims, Tip)> {
    learn_over(&member(target).await?, target).await
}

/// The same over a line that stands: a second one under the same name would cost us the first.
async fn learn_over(line: &Line, target: &Target) -> io::Result<(Claims, Tip)> {
    let log = PublicKey::from(&target.publish);
    // The victim may be busy with somebody else for a moment.
    for _ in 0..100 {
        if let Ok(learnt) = talk::fetch(line, target.network).await
            && let Some(tip) = learnt.tip(&log)
        {
            return Ok((learnt, tip));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(io::Error::other("the victim does not hold the log of the member that means harm"))
}

pub(super) const TINY_ENTRIES: Attack = Attack {
    name: "tiny-entries",
    what: "a member's key signs runs of a thousand entries with bodies of a few bytes, as fast as the victim takes them",
    answer: "stores them, since they are a member's, up to the charter's bounds, and serves the others meanwhile",
    refused: &[],
    bounds: Bounds { memory_mib: 128.0, ..USUAL },
    run: |target, time| member_writes(target, time, Kind::Practice, || b"tiny".to_vec(), 1000),
};

pub(super) const DEEP_RECORDS: Attack = Attack {
    name: "deep-records",
    what: "a member's key signs practices as large, as deep and as wide as a body can be",
    answer: "stores them, decodes each once, shows bare what is no practice",
    refused: &[],
    bounds: Bounds { memory_mib: 160.0, ..USUAL },
    run: |target, time| member_writes(target, time, Kind::Practice, deep_record, 2),
};

/// A practice of nearly a mebibyte: as deep, with as many values, as a record may be.
fn deep_record() -> Vec<u8> {
    let mut deep = Value::Null;
    for _ in 0..DEPTH_MAX - 2 {
        deep = Value::List(vec![deep]);
    }
    let mut record = Record::new();
    record.set("deep", deep);
    record.set("long", Value::String("Long. ".repeat(140_000)));
    record.set("title", Value::String("Deep".into()));
    record.set("wide", Value::List(vec![Value::Integer(7); ITEMS_MAX - 64]));
    RecordBody::first([7; 16], record).encode().expect("it is within the bounds of records")
}

/// Under the member's name, offers ever more of its log and serves it.
fn member_writes(target: Arc<Target>, time: Duration, kind: Kind, body: fn() -> Vec<u8>, count: u64) -> Running {
    Box::pin(async move {
        let body = body();
        let act = move |_| {
            let (target, kind, body) = (Arc::clone(&target), kind.clone(), body.clone());
            async move {
                let line = member(&target).await?;
                let log = PublicKey::from(&target.publish);
                let (learnt, mut tip) = learn_over(&line, &target).await?;
                for _ in 0..50 {
                    let mut frames = Vec::new();
                    let mut claims = learnt.clone();
                    claims.frontier.set(log, Position { next: tip.seq, head: tip.prev, fork: None });
                    if tip.seq > 0 {
                        claims.hashes.insert((log, tip.seq - 1), tip.prev);
                    }
                    for _ in 0..4 {
                        let run = forge::run(&target.network, &target.publish, &mut tip, count, &kind, &body);
                        frames.extend(forge::segment_frame(&run, run.len()));
                    }
                    let claims = claims.and(log, tip.seq);
                    if !talk::session(&line, claims, |_, _, _| frames.clone()).await? {
                        break;
                    }
                    did(4 * count);
                }
                Ok(())
            }
        };
        Ok(crowd(1, time, act).await)
    })
}

pub(super) const FALSE_HEADS: Attack = Attack {
    name: "false-heads",
    what: "8 names claim entries of every log that there are not, and serve nothing",
    answer: "compares, gets nothing, blames nobody; asks others",
    refused: &[],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let (mut learnt, _) = learn(&target).await?;
            let logs: Vec<PublicKey> = learnt.frontier.iter().map(|(log, _)| *log).collect();
            for log in logs {
                learnt = learnt.and(log, 1 << 30);
            }
            let act = move |number| {
                let (target, claims) = (Arc::clone(&target), learnt.clone());
                async move {
                    let line = anybody(&target, number).await?;
                    while line.is_up() {
                        talk::session(&line, claims.clone(), |_, _, _| Vec::new()).await?;
                        did(1);
                    }
                    Ok(())
                }
            };
            Ok(crowd(8, time, act).await)
        })
    },
};

pub(super) const DIGESTS: Attack = Attack {
    name: "lying-digests",
    what: "8 names hold ten thousand logs that there are not, so that each comparison goes through all",
    answer: "compares in at most 256 turns, asks for nothing that no keyring lists",
    refused: &[],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let mut claims = Claims::nothing(target.network);
            for number in 0..10_000_u64 {
                claims = claims.and(PublicKey::from_bytes(*Hash::of(&number.to_be_bytes()).as_bytes()), 9);
            }
            let act = move |number| {
                let (target, claims) = (Arc::clone(&target), claims.clone());
                async move {
                    let line = anybody(&target, number).await?;
                    while line.is_up() {
                        talk::session(&line, claims.clone(), |_, _, _| Vec::new()).await?;
                        did(1);
                    }
                    Ok(())
                }
            };
            Ok(crowd(8, time, act).await)
        })
    },
};

pub(super) const FORKS: Attack = Attack {
    name: "fork-proofs",
    what: "a member's key contradicts itself ever anew; 8 names bring a lower proof in each session",
    answer: "keeps one proof a key; the log stands still from the fork on, and no other does",
    refused: &[],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let (learnt, _) = learn(&target).await?;
            let log = PublicKey::from(&target.publish);
            // The numbers that are left, the one that makes the largest hashes first: each proof is lower than all before.
            let proofs = Arc::new(Mutex::new(descending_proofs(&target, 4000)));
            let act = move |number| {
                let (target, mut claims, proofs) = (Arc::clone(&target), learnt.clone(), Arc::clone(&proofs));
                async move {
                    let line = anybody(&target, number).await?;
                    let Some((mark, proof)) = proofs.lock().unwrap_or_else(PoisonError::into_inner).pop() else {
                        return std::future::pending().await;
                    };
                    let (next, head) = (mark.seq, Hash::of(b"whatever"));
                    claims.frontier.set(log, Position { next, head, fork: Some(mark) });
                    claims.forks = BTreeMap::from([(log, proof)]);
                    talk::session(&line, claims, |_, _, _| Vec::new()).await?;
                    did(1);
                    Ok(())
                }
            };
            Ok(crowd(8, time, act).await)
        })
    },
};

/// Proofs of one fork, such that the last has the largest hashes.
pub(super) fn descending_proofs(target: &Target, count: u64) -> Vec<(ForkMark, Vec<u8>)> {
    // The place after what the log will ever have here: nothing that others rely on is above it.
    let tip = Tip { seq: 1 << 20, prev: Hash::of(b"before") };
    let said = |n: u64| forge::entry(&target.network, &target.publish, tip, adoption(), &n.to_be_bytes());
    let mut entries: Vec<(Hash, Vec<u8>)> = (0..count).map(said).map(|entry| (Hash::of(&entry), entry)).collect();
    entries.sort_unstable();
    let proofs = entries.windows(2).filter_map(|pair| {
        let [(_, one), (_, other)] = pair else { return None };
        let side = |entry: &Vec<u8>| Chain::new(&target.network, vec![entry.clone()]).ok();
        let proof = ForkProof::new(tip.seq, side(one)?, side(other)?).ok()?;
        Some((proof.mark(), proof.encode()))
    });
    proofs.collect()
}
