//! Frames that are not what they say, never end, or move a byte now and then.

use std::{sync::Arc, time::Duration};

use futures::{AsyncReadExt, AsyncWriteExt};
use nanduti_protocol::key::PublicKey;

use super::{
    super::{
        forge,
        line::{Line, Way},
        talk::{self, Claims},
        target::Target,
    },
    Attack, Done, Running, USUAL, anybody, crowd, did,
};

pub(super) const BOMBS: Attack = Attack {
    name: "bombs",
    what: "segments of a few kilobytes that expand to 256 MiB, from 16 names at once",
    answer: "stops at the announced length, blames, refuses",
    refused: &["bad-compression"],
    bounds: USUAL,
    run: |target, time| served(target, time, || forge::segment_frame(&vec![0; 256 << 20], 1000)),
};

pub(super) const SMALLER_THAN_SAID: Attack = Attack {
    name: "announced-large",
    what: "segments that announce 4 MiB and hold a few bytes, from 16 names at once",
    answer: "blames, refuses",
    refused: &["bad-compression"],
    bounds: USUAL,
    run: |target, time| served(target, time, || forge::segment_frame(b"short", 4 << 20)),
};

pub(super) const ENDLESS: Attack = Attack {
    name: "endless-frames",
    what: "64 names each begin a segment of 4 MiB and send a byte of it a second",
    answer: "few of them have a place for a session at a time; cut after 30 s, or sooner if others wait",
    refused: &["busy"],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let act = move |number| {
                let target = Arc::clone(&target);
                async move {
                    let line = anybody(&target, number).await?;
                    let mut stream = line.open(talk::SYNC).await?;
                    stream.write_all(&forge::hello(target.network)).await?;
                    stream.write_all(&[1, 0x40, 0, 0]).await?;
                    did(1);
                    drip(&mut stream).await
                }
            };
            Ok(crowd(64, time, act).await)
        })
    },
};

pub(super) const SLOW_WRITERS: Attack = Attack {
    name: "slow-writers",
    what: "64 names each say hello at a byte a second",
    answer: "a hello has 10 s; few have a place at a time",
    refused: &["busy"],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let act = move |number| {
                let target = Arc::clone(&target);
                async move {
                    let line = anybody(&target, number).await?;
                    let mut stream = line.open(talk::SYNC).await?;
                    did(1);
                    drip(&mut stream).await
                }
            };
            Ok(crowd(64, time, act).await)
        })
    },
};

pub(super) const SLOW_READERS: Attack = Attack {
    name: "slow-readers",
    what: "64 names each ask for everything and read a byte a second",
    answer: "two segments are read ahead of the wire for each of the few that have a place",
    refused: &["busy"],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let act = move |number| {
                let target = Arc::clone(&target);
                async move {
                    let line = anybody(&target, number).await?;
                    let mut stream = line.open(talk::SYNC).await?;
                    let pull = forge::hello(target.network);
                    stream.write_all(&pull).await?;
                    stream.flush().await?;
                    did(1);
                    let mut byte = [0];
                    while stream.read(&mut byte).await? > 0 {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                    Ok(())
                }
            };
            Ok(crowd(64, time, act).await)
        })
    },
};

async fn drip(stream: &mut super::super::line::Stream) -> std::io::Result<()> {
    loop {
        stream.write_all(&[0]).await?;
        stream.flush().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Serves the same frame in sessions under ever new names.
fn served(target: Arc<Target>, time: Duration, frame: fn() -> Vec<u8>) -> Running {
    Box::pin(async move {
        let frame: Arc<[u8]> = frame().into();
        let line = Line::new(target.address(Way::Tcp), Way::Tcp).await?;
        let learnt: Claims = talk::fetch(&line, target.network).await?;
        let log = PublicKey::from(&target.publish);
        let next = learnt.tip(&log).map_or(0, |tip| tip.seq);
        let claims = learnt.and(log, next + 3);
        let act = move |number| {
            let (target, claims, frame) = (Arc::clone(&target), claims.clone(), Arc::clone(&frame));
            async move {
                let line = anybody(&target, number).await?;
                while line.is_up() {
                    talk::session(&line, claims.clone(), |_, _, _| {
                        did(1);
                        frame.to_vec()
                    })
                    .await?;
                }
                Ok(())
            }
        };
        let done: Done = crowd(16, time, act).await;
        Ok(done)
    })
}
