//! A relay for TCP that hands on every byte a fixed time after it came, in both directions, like a long line.

use std::{
    io::{Error, Result},
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
    sync::mpsc,
    time::Instant,
};

/// Reads under way in one direction.
const UNDER_WAY: usize = 1024;

/// A relay, until it is dropped.
pub(crate) struct Relay {
    /// The address of the relay, as one of the node behind it.
    pub(crate) address: String,
    _runtime: Runtime,
}

impl Relay {
    /// A relay in front of this address (`/ip4/127.0.0.1/tcp/PORT/p2p/…`).
    pub(crate) fn to(address: &str, delay: Duration) -> Result<Self> {
        let parts: Vec<&str> = address.split('/').collect();
        let ["", "ip4", host, "tcp", port, "p2p", peer] = parts.as_slice() else {
            return Err(Error::other(format!("{address} is no TCP address")));
        };
        let behind: SocketAddr = format!("{host}:{port}").parse().map_err(Error::other)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = format!("/ip4/127.0.0.1/tcp/{}/p2p/{peer}", listener.local_addr()?.port());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (near, _) = listener.accept().await?;
                let far = TcpStream::connect(behind).await?;
                near.set_nodelay(true)?;
                far.set_nodelay(true)?;
                let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                tokio::spawn(carry(from_near, to_far, delay));
                tokio::spawn(carry(from_far, to_near, delay));
            }
            #[expect(unreachable_code, reason = "it says of what kind the errors are")]
            Ok::<(), Error>(())
        });
        Ok(Self { address, _runtime: runtime })
    }
}

/// Carries one direction until it ends.
async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin + Send + 'static, delay: Duration) {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    tokio::spawn(async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // The other side may have gone first.
        let _ = to.shutdown().await;
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if sender.send((Instant::now() + delay, buffer[..read].to_vec())).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn a_round_trip_takes_the_delay_twice() {
        let echo = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = echo.local_addr().unwrap().port();
        let echoing = std::thread::spawn(move || {
            let (stream, _) = echo.accept().unwrap();
            let (mut from, mut to) = (&stream, &stream);
            std::io::copy(&mut from, &mut to).unwrap()
        });
        let delay = Duration::from_millis(30);
        let relay = Relay::to(&format!("/ip4/127.0.0.1/tcp/{port}/p2p/x"), delay).unwrap();
        let near = relay.address.strip_prefix("/ip4/127.0.0.1/tcp/").and_then(|rest| rest.strip_suffix("/p2p/x"));
        let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{}", near.unwrap())).unwrap();
        let began = std::time::Instant::now();
        stream.write_all(b"there and back").unwrap();
        let mut back = [0; 14];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"there and back");
        assert!(began.elapsed() >= 2 * delay);
        drop(stream);
        assert_eq!(echoing.join().unwrap(), 14);
        assert!(Relay::to("/ip4/127.0.0.1/udp/1/quic-v1/p2p/x", delay).is_err());
    }
}
