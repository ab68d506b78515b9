//! Streams opened and left, and places for sessions held for as long as can be.

use std::{io, sync::Arc, time::Duration};

use futures::{AsyncReadExt, AsyncWriteExt};

use super::{
    super::{
        forge,
        line::{self, Stream},
        talk,
        target::Target,
    },
    Attack, USUAL, anybody, crowd, did, hold,
};

pub(super) const THOUSAND: Attack = Attack {
    name: "thousand-streams",
    what: "16 connections each open a thousand streams and leave them",
    answer: "16 streams on a connection; further ones are reset",
    refused: &[],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let act = move |number| {
                let target = Arc::clone(&target);
                async move {
                    let line = anybody(&target, number).await?;
                    let mut held = Vec::new();
                    for _ in 0..1000 {
                        let Ok(mut stream) = line.raw().await else { break };
                        drop(stream.write_all(&line::line("/multistream/1.0.0")).await);
                        drop(stream.flush().await);
                        held.push(stream);
                        did(1);
                    }
                    hold(held).await
                }
            };
            Ok(crowd(16, time, act).await)
        })
    },
};

pub(super) const STUFFED: Attack = Attack {
    name: "stuffed-streams",
    what: "16 connections each open 250 streams and fill the window of each, without agreeing on a protocol",
    answer: "16 streams on a connection, and a few MiB that are not read yet",
    refused: &[],
    bounds: super::Bounds { memory_mib: 160.0, ..USUAL },
    run: |target, time| {
        Box::pin(async move {
            let act = move |number| {
                let target = Arc::clone(&target);
                async move {
                    let line = anybody(&target, number).await?;
                    let mut held = Vec::new();
                    for _ in 0..250 {
                        let Ok(Ok(mut stream)) = tokio::time::timeout(Duration::from_millis(200), line.raw()).await
                        else {
                            break;
                        };
                        let stuffed = stuff(&mut stream);
                        drop(tokio::time::timeout(Duration::from_millis(200), stuffed).await);
                        held.push(stream);
                        did(1);
                    }
                    hold(held).await
                }
            };
            Ok(crowd(16, time, act).await)
        })
    },
};

async fn stuff(stream: &mut Stream) -> io::Result<()> {
    stream.write_all(&line::line("/multistream/1.0.0")).await?;
    // A line of the negotiation that never ends.
    stream.write_all(&[0xff, 0x7f]).await?;
    stream.write_all(&vec![b'x'; 256 * 1024]).await?;
    stream.flush().await
}

pub(super) const LEFT: Attack = Attack {
    name: "sessions-left",
    what: "64 names each begin a session, get so far (nothing, hello, half a comparison) and leave it open",
    answer: "a hello has 10 s, a session has to move; few have a place at a time",
    refused: &["busy"],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let act = move |number: u64| {
                let target = Arc::clone(&target);
                async move {
                    let line = anybody(&target, number).await?;
                    let mut stream = line.open(talk::SYNC).await?;
                    let phase = number % 3;
                    if phase > 0 {
                        stream.write_all(&forge::hello(target.network)).await?;
                        stream.flush().await?;
                    }
                    if phase > 1 {
                        talk::read_frame(&mut stream).await;
                    }
                    did(1);
                    talk::drain(&mut stream).await;
                    Ok(())
                }
            };
            Ok(crowd(64, time, act).await)
        })
    },
};

pub(super) const SLOTS: Attack = Attack {
    name: "slots",
    what: "32 strangers take the places for sessions and move just enough not to be cut",
    answer: "members have places of their own; a stranger gives way when others wait",
    refused: &["busy"],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let act = move |number| {
                let target = Arc::clone(&target);
                async move {
                    let line = anybody(&target, number).await?;
                    loop {
                        if let Ok(mut stream) = line.open(talk::SYNC).await {
                            did(1);
                            drop(trickle(&mut stream, &target).await);
                        }
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            };
            Ok(crowd(32, time, act).await)
        })
    },
};

/// Says hello, and then moves some hundred bytes a second within a segment that is never whole.
async fn trickle(stream: &mut Stream, target: &Target) -> io::Result<()> {
    stream.write_all(&forge::hello(target.network)).await?;
    stream.write_all(&[1, 0x40, 0, 0]).await?;
    loop {
        stream.write_all(&[0; 128]).await?;
        stream.flush().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

pub(super) const THEIR_SLOTS: Attack = Attack {
    name: "their-slots",
    what: "64 strangers make the victim begin sessions with them and hold those",
    answer: "members come first and have places of their own; a stranger gives way when others wait",
    refused: &[],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let act = move |number| {
                let target = Arc::clone(&target);
                async move {
                    let mut line = anybody(&target, number).await?;
                    let mut held = Vec::new();
                    while let Some((protocol, stream)) = line.accept().await {
                        if protocol == talk::SYNC {
                            did(1);
                            let target = Arc::clone(&target);
                            held.push(tokio::spawn(answer(stream, target)));
                        }
                    }
                    Ok(())
                }
            };
            Ok(crowd(64, time, act).await)
        })
    },
};

/// Answers a session of the victim as slowly as can be.
async fn answer(mut stream: Stream, target: Arc<Target>) {
    let mut some = [0; 64];
    drop(stream.read(&mut some).await);
    drop(trickle(&mut stream, &target).await);
}
