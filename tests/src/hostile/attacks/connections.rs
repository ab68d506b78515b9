//! Connections without number, half open, under one name or ever new ones, and datagrams that are none.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::AsyncReadExt,
    net::{TcpSocket, UdpSocket},
};

use super::{
    super::{
        line::{Line, Way, socket_of},
        target::Target,
    },
    Attack, Bounds, CROWD, USUAL, crowd, did, hold, name,
};

pub(super) const HALF_OPEN: Attack = Attack {
    name: "half-open",
    what: "500 TCP connections from one address that say nothing, made again whenever they are closed",
    answer: "a handshake has 10 s; an address has 16 of the places for handshakes",
    refused: &[],
    bounds: CROWD,
    run: |target, time| {
        Box::pin(async move {
            let victim = socket(&target, Way::Tcp)?;
            let act = move |_| async move {
                let socket = TcpSocket::new_v4()?;
                // Another address than that of the honest, who come from 127.0.0.1.
                socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, 66), 0)))?;
                let mut stream = socket.connect(victim).await?;
                did(1);
                let mut some = [0; 64];
                while stream.read(&mut some).await? > 0 {}
                Ok(())
            };
            Ok(crowd(500, time, act).await)
        })
    },
};

pub(super) const THOUSAND: Attack = Attack {
    name: "thousand-connections",
    what: "1,000 names come over TCP and QUIC and stay",
    answer: "three quarters of max_connections are for those who come; members are not counted",
    refused: &[],
    bounds: Bounds { memory_mib: 160.0, ..CROWD },
    run: |target, time| {
        Box::pin(async move {
            let act = move |number| {
                let target = Arc::clone(&target);
                async move {
                    let way = if number % 4 == 0 { Way::Quic } else { Way::Tcp };
                    let mut line = Line::named(target.address(way), way, &name(number)).await?;
                    did(1);
                    if !line.closed(Duration::from_millis(500)).await {
                        hold(line).await?;
                    }
                    Ok(())
                }
            };
            Ok(crowd(1000, time, act).await)
        })
    },
};

pub(super) const ONE_NAME: Attack = Attack {
    name: "one-name",
    what: "200 connections under one name, made again whenever they are closed",
    answer: "two connections to one name",
    refused: &[],
    bounds: CROWD,
    run: |target, time| {
        Box::pin(async move {
            let act = move |_| {
                let target = Arc::clone(&target);
                async move {
                    let mut line = Line::named(target.address(Way::Tcp), Way::Tcp, &name(0)).await?;
                    did(1);
                    line.closed(Duration::from_secs(3600)).await;
                    Ok(())
                }
            };
            Ok(crowd(200, time, act).await)
        })
    },
};

pub(super) const STORM: Attack = Attack {
    name: "reconnect-storm",
    what: "32 attackers connect under new names and hang up, as fast as they can",
    answer: "pays a handshake each; remembers nothing of them",
    refused: &[],
    bounds: Bounds { cores: 1.9, ..USUAL },
    run: |target, time| {
        Box::pin(async move {
            let next = Arc::new(AtomicU64::new(0));
            let act = move |number| {
                let (target, next) = (Arc::clone(&target), Arc::clone(&next));
                async move {
                    let way = if number % 4 == 0 { Way::Quic } else { Way::Tcp };
                    let name = name(1_000_000 + next.fetch_add(1, Ordering::Relaxed));
                    drop(Line::named(target.address(way), way, &name).await?);
                    did(1);
                    Ok(())
                }
            };
            Ok(crowd(32, time, act).await)
        })
    },
};

pub(super) const DATAGRAMS: Attack = Attack {
    name: "datagrams",
    what: "datagrams that look like the first of a QUIC connection, and are none, as fast as they go",
    answer: "drops them; a connection that is being made has one of 256 places",
    refused: &[],
    bounds: Bounds { cores: 1.9, ..USUAL },
    run: |target, time| {
        Box::pin(async move {
            let victim = socket(&target, Way::Quic)?;
            let next = Arc::new(AtomicU64::new(0));
            let act = move |_| {
                let next = Arc::clone(&next);
                async move {
                    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 66), 0)).await?;
                    socket.connect(victim).await?;
                    for sent in 0..1_000_000_u64 {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        // A refusal by the system only says that the victim's queue is full.
                        drop(socket.send(&initial(number)).await);
                        did(1);
                        if sent % 64 == 63 {
                            tokio::task::yield_now().await;
                        }
                    }
                    Ok(())
                }
            };
            Ok(crowd(2, time, act).await)
        })
    },
};

/// The form of an Initial packet of QUIC version 1 with a new connection id, and noise in the place of what is encrypted.
fn initial(number: u64) -> Vec<u8> {
    let mut packet = vec![0xc3, 0, 0, 0, 1, 8];
    packet.extend_from_slice(&number.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0x44, 0x9e]);
    packet.resize(1200, u8::try_from(number % 251).unwrap_or_default());
    packet
}

fn socket(target: &Target, way: Way) -> io::Result<SocketAddr> {
    socket_of(target.address(way)).ok_or_else(|| io::Error::other("an address without a port"))
}
