//! Floods of gossip: what is signed by nobody's key, forks, repetitions, control messages, records of nodes.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::AsyncWriteExt;
use nanduti_protocol::{announce::Announcement, hash::Hash, limits::GOSSIP_RUN_MAX};

use super::{
    super::{
        forge::{self, Tip, adoption},
        talk,
        target::Target,
    },
    Attack, Bounds, Done, Running, USUAL, anybody, crowd, did, sessions, vectors,
};

/// The protocol of gossip.
pub(super) const MESHSUB: &str = "/meshsub/1.1.0";
/// The protocol of the exchange of node records.
pub(super) const PEERS: &str = "/nanduti/peers/1";
/// Messages that an attacker takes at a time.
const BATCH: u64 = 16;

/// The topic of the target's network.
pub(super) fn topic(target: &Target) -> String {
    format!("/nanduti/{}/1", target.network)
}

pub(super) const UNKNOWN_KEYS: Attack = Attack {
    name: "gossip-strangers",
    what: "8 names announce entries of ever new keys, well signed, as fast as they go through",
    answer: "looks at no signature of a key that no keyring lists; 100 a second of a peer; beyond 1,200 a second a flood",
    refused: &["gossip-unplaced", "gossip-rate", "gossip-flood"],
    bounds: USUAL,
    run: |target, time| {
        flood(target, time, |target, number| {
            let tip = Tip { seq: 3, prev: Hash::of(b"before") };
            let key = forge::stranger(number % 64);
            let body = number.to_be_bytes();
            Announcement::entry(&forge::entry(&target.network, &key, tip, adoption(), &body)).encode()
        })
    },
};

pub(super) const BODIES: Attack = Attack {
    name: "gossip-bodies",
    what: "8 names announce entries of ever new keys with the largest bodies that a message can hold, as fast as they go through",
    answer: "unpacks 100 a second of a peer, each to 32 KiB at most; looks at no signature of a key that no keyring lists",
    refused: &["gossip-unplaced", "gossip-rate", "gossip-flood"],
    // Messages of eight kilobytes on their way, and what each unpacks to.
    bounds: Bounds { memory_mib: 96.0, ..USUAL },
    run: |target, time| {
        flood(target, time, |target, number| {
            let mut tip = Tip { seq: 3, prev: Hash::of(b"before") };
            // As much that cannot be compressed as a message holds, and then as much as it may unpack to.
            let noise = (0..240_u64).flat_map(|part| *Hash::of(&(number << 8 | part).to_be_bytes()).as_bytes());
            let mut body: Vec<u8> = noise.collect();
            body.resize(GOSSIP_RUN_MAX - 512, 0);
            let run = forge::run(&target.network, &forge::stranger(number % 64), &mut tip, 1, &adoption(), &body);
            Announcement::segment(&forge::segment(&run, run.len())).encode()
        })
    },
};

pub(super) const BOMBS: Attack = Attack {
    name: "gossip-bombs",
    what: "8 names announce segments of eight kilobytes that expand to 256 MiB and say that they have 32 KiB",
    answer: "stops at the announced length, blames, refuses",
    refused: &["bad-compression"],
    bounds: Bounds { memory_mib: 96.0, ..USUAL },
    run: |target, time| {
        Box::pin(async move {
            let bomb = forge::segment(&vec![0; 256 << 20], GOSSIP_RUN_MAX);
            // One message is judged once, so each has a tail of its own.
            let message = move |number: u64| {
                Announcement::segment(&[bomb.get(..8000).unwrap_or(&bomb), &number.to_be_bytes()].concat()).encode()
            };
            spread(target, time, message).await
        })
    },
};

pub(super) const FORKS: Attack = Attack {
    name: "gossip-forks",
    what: "8 names announce ever new forks of a member's key, each proof lower than the last",
    answer: "2 new proofs a second; one is kept",
    refused: &["gossip-rate"],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let mut proofs = sessions::descending_proofs(&target, 4000);
            proofs.reverse();
            let proofs: Arc<[Vec<u8>]> =
                proofs.into_iter().map(|(_, proof)| Announcement::fork(&proof).encode()).collect();
            spread(target, time, move |number| proofs.get(number as usize % proofs.len()).cloned().unwrap_or_default())
                .await
        })
    },
};

pub(super) const DUPLICATES: Attack = Attack {
    name: "gossip-duplicates",
    what: "8 names publish the same few messages of the greatest size, over and over",
    answer: "looks at each once; the rest goes by its hash",
    refused: &[],
    bounds: USUAL,
    run: |target, time| {
        flood(target, time, |_, number| {
            let mut message = vec![0x78; nanduti_protocol::limits::GOSSIP_MAX];
            message[0] = u8::try_from(number % 4).unwrap_or_default();
            message
        })
    },
};

pub(super) const CONTROL: Attack = Attack {
    name: "gossip-control",
    what: "8 names send offers, wishes, grafts and prunes and nothing else, as fast as they go through",
    answer: "400 frames of gossip a second, beyond which they are dropped unread; a peer far beyond is refused",
    refused: &["gossip-rate", "gossip-flood"],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let topic = topic(&target);
            let act = move |number| {
                let (target, topic) = (Arc::clone(&target), topic.clone());
                async move {
                    let line = anybody(&target, number).await?;
                    let mut stream = line.open(MESHSUB).await?;
                    stream.write_all(&forge::subscribe(&topic)).await?;
                    for round in 0..100_000 {
                        // The victim may have had enough: what was sent until then counts.
                        if stream.write_all(&forge::control(&topic, round)).await.is_err() {
                            break;
                        }
                        did(1);
                    }
                    Ok(())
                }
            };
            Ok(crowd(8, time, act).await)
        })
    },
};

pub(super) const RECORDS: Attack = Attack {
    name: "record-floods",
    what: "8 names bring 64 records of ever new nodes with the highest counters in each exchange, and come again under new names",
    answer: "keeps 1,024 records, members' and proven ones first, then an equal share of each teller",
    refused: &[],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let next = Arc::new(AtomicU64::new(0));
            let act = move |number| {
                let (target, next) = (Arc::clone(&target), Arc::clone(&next));
                async move {
                    let line = anybody(&target, number).await?;
                    let from = next.fetch_add(64, Ordering::Relaxed);
                    let record = |number: u64| {
                        let addresses = vec![format!("/ip4/127.0.0.1/tcp/{}", 1 + number % 1000)];
                        forge::node_record(&target.network, &forge::stranger(number), u64::MAX - 1, addresses)
                    };
                    let list = vectors::record_list(&(from..from + 64).map(record).collect::<Vec<_>>());
                    for _ in 0..3 {
                        let mut stream = line.open(PEERS).await?;
                        stream.write_all(&list).await?;
                        stream.flush().await?;
                        talk::drain(&mut stream).await;
                    }
                    did(64);
                    Ok(())
                }
            };
            Ok(crowd(8, time, act).await)
        })
    },
};

fn flood(target: Arc<Target>, time: Duration, message: fn(&Target, u64) -> Vec<u8>) -> Running {
    Box::pin(async move {
        // Made before, so that what is measured is the victim's work and not the attackers'.
        let messages: Arc<[Vec<u8>]> = (0..4000).map(|number| message(&target, number)).collect();
        spread(target, time, move |number| messages.get(number as usize % messages.len()).cloned().unwrap_or_default())
            .await
    })
}

async fn spread(
    target: Arc<Target>,
    time: Duration,
    message: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static,
) -> io::Result<Done> {
    let (topic, message, next) = (topic(&target), Arc::new(message), Arc::new(AtomicU64::new(0)));
    let act = move |number| {
        let (target, topic, message, next) =
            (Arc::clone(&target), topic.clone(), Arc::clone(&message), Arc::clone(&next));
        async move {
            let line = anybody(&target, number).await?;
            let mut stream = line.open(MESHSUB).await?;
            stream.write_all(&forge::subscribe(&topic)).await?;
            for _ in 0..100_000 {
                let from = next.fetch_add(BATCH, Ordering::Relaxed);
                for number in from..from + BATCH {
                    if stream.write_all(&forge::publish(&topic, &[message(number)])).await.is_err() {
                        return Ok(());
                    }
                    did(1);
                }
            }
            Ok(())
        }
    };
    Ok(crowd(8, time, act).await)
}
