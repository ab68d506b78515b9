//! The public pages: readers who never end a request, too many of them, and requests that no browser makes.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{super::target::Target, Attack, CROWD, Running, USUAL, crowd, did};

pub(super) const SLOWLORIS: Attack = Attack {
    name: "web-slowloris",
    what: "200 readers send the head of a request at a byte a second",
    answer: "a head has 15 s; 48 connections of one address, unless it is the loopback",
    refused: &[],
    bounds: CROWD,
    run: |target, time| {
        readers(target, time, 200, |mut stream| {
            Box::pin(async move {
                for byte in b"GET / HTTP/1.1\r\nhost: example.org\r\nx: ".iter().chain(std::iter::repeat(&b'x')) {
                    stream.write_all(&[*byte]).await?;
                    did(1);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Ok(())
            })
        })
    },
};

pub(super) const THOUSAND: Attack = Attack {
    name: "web-connections",
    what: "1,000 connections that ask for the library over and over",
    answer: "256 connections at a time, 64 requests; the rest waits or is told to come later",
    refused: &[],
    bounds: super::Bounds { cores: 2.0, ..CROWD },
    run: |target, time| {
        readers(target, time, 1000, |stream| {
            Box::pin(ask(stream, b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec()))
        })
    },
};

pub(super) const ODD: Attack = Attack {
    name: "web-odd",
    what: "heads of a mebibyte, a thousand header lines, long and odd paths and queries, 200 requests in one write, bodies",
    answer: "431, 414, 400, 404, 405; a connection lives two minutes",
    refused: &[],
    bounds: USUAL,
    run: |target, time| {
        Box::pin(async move {
            let requests: Arc<[Vec<u8>]> = odd_requests().into();
            let act = move |number: u64| {
                let (target, requests) = (Arc::clone(&target), Arc::clone(&requests));
                async move {
                    for (_, request) in (0..8).zip(requests.iter().cycle().skip(number as usize)) {
                        ask(TcpStream::connect(&target.web).await?, request.clone()).await?;
                    }
                    Ok(())
                }
            };
            Ok(crowd(8, time, act).await)
        })
    },
};

fn odd_requests() -> Vec<Vec<u8>> {
    let get = |path: &str, headers: &str| format!("GET {path} HTTP/1.1\r\nhost: a\r\n{headers}\r\n").into_bytes();
    vec![
        get("/", &format!("x: {}\r\n", "y".repeat(1 << 20))),
        get("/", &"x: y\r\n".repeat(1000)),
        get(&format!("/{}", "a".repeat(100_000)), ""),
        get(&format!("/?q={}", "%2e".repeat(20_000)), ""),
        get("/../../../etc/passwd", ""),
        get("/practices/%00%ff%2e%2e/", ""),
        get("/?member=&member=&limit=99999999999999999999&offset=-1", ""),
        get("/", "").repeat(200),
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        vec![0xff; 70_000],
    ]
}

/// Writes a request and reads what comes, for a moment at most.
async fn ask(mut stream: TcpStream, request: Vec<u8>) -> io::Result<()> {
    // The other side may have had enough before all is written.
    drop(stream.write_all(&request).await);
    let mut some = vec![0; 16 * 1024];
    let read = async { while stream.read(&mut some).await.is_ok_and(|read| read > 0) {} };
    drop(tokio::time::timeout(Duration::from_secs(1), read).await);
    did(1);
    Ok(())
}

type Reading = std::pin::Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

fn readers(target: Arc<Target>, time: Duration, count: u64, read: fn(TcpStream) -> Reading) -> Running {
    Box::pin(async move {
        let act = move |_| {
            let target = Arc::clone(&target);
            async move { read(TcpStream::connect(&target.web).await?).await }
        };
        Ok(crowd(count, time, act).await)
    })
}
