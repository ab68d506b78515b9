//! The two processes of a floor: one sends the texts over a libp2p stream, the other takes them.
//!
//! The receiver reads, and a thread beside it hashes, appends and syncs what has come meanwhile, as the node does: what is
//! shown is the best that both together can do.

use std::{
    fs::File,
    io::{Error, Result, Write},
    sync::mpsc::{Receiver, sync_channel},
};

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, multiaddr::Protocol, noise, swarm::SwarmEvent, tcp, yamux,
};
use nanduti_protocol::hash::Hash;

use crate::{
    floor,
    options::{FloorGet, FloorServe},
    text::TEXT_BYTES,
};

const PROTOCOL: StreamProtocol = StreamProtocol::new("/nanduti-bench/floor");
/// One read, and one message to the thread that writes.
const READ: usize = 256 * 1024;
/// Reads that wait for the thread that writes.
const WAITING: usize = 64;
/// What is synced at once at most: as much as the node's writer takes in a batch.
pub(crate) const BATCH: usize = 16 * 1024 * 1024;

/// Sends the texts to everybody who opens a stream, until the input ends.
pub(crate) fn serve(options: &FloorServe) -> Result<()> {
    let payload = std::sync::Arc::new(floor::payload(options.practices));
    runtime()?.block_on(async {
        let mut swarm = swarm()?;
        let mut incoming = swarm.behaviour().new_control().accept(PROTOCOL).map_err(Error::other)?;
        swarm.listen_on(options.listen.parse().map_err(Error::other)?).map_err(Error::other)?;
        tokio::task::spawn(async move {
            while let Some((_, mut stream)) = incoming.next().await {
                let payload = std::sync::Arc::clone(&payload);
                tokio::task::spawn(async move {
                    stream.write_all(&payload).await?;
                    stream.close().await
                });
            }
        });
        let ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        let carry = async {
            loop {
                if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                    let address = address.with(Protocol::P2p(*swarm.local_peer_id()));
                    println!("{}", serde_json::json!({ "addresses": [address] }));
                }
            }
        };
        tokio::select! {
            () = carry => {}
            _ = ended => {}
        }
        Ok(())
    })
}

/// Takes the texts, and does with them what is asked for.
pub(crate) fn get(options: &FloorGet) -> Result<()> {
    let wanted = options.practices * TEXT_BYTES as u64;
    let (sender, receiver) = sync_channel::<Vec<u8>>(WAITING);
    let file = options.file.as_ref().map(File::create).transpose()?;
    let keeper = std::thread::spawn(move || keep(&receiver, file));
    let received = runtime()?.block_on(async {
        let mut swarm = swarm()?;
        let address: Multiaddr = options.from.parse().map_err(Error::other)?;
        let Some(Protocol::P2p(peer)) = address.iter().last() else {
            return Err(Error::other("an address without a peer"));
        };
        swarm.dial(address).map_err(Error::other)?;
        let mut control = swarm.behaviour().new_control();
        let carrying = tokio::task::spawn(async move {
            loop {
                swarm.select_next_some().await;
            }
        });
        let received = take(&mut control, peer, sender).await;
        carrying.abort();
        received
    })?;
    let kept = keeper.join().map_err(|_| Error::other("keeping ended in a panic"))??;
    if received == wanted && kept == wanted { Ok(()) } else { Err(Error::other(format!("{kept} of {wanted} bytes"))) }
}

async fn take(
    control: &mut libp2p_stream::Control,
    peer: PeerId,
    sender: std::sync::mpsc::SyncSender<Vec<u8>>,
) -> Result<u64> {
    let mut stream = loop {
        // Until the connection stands, no stream can be opened on it.
        match control.open_stream(peer, PROTOCOL).await {
            Ok(stream) => break stream,
            Err(libp2p_stream::OpenStreamError::Io(_)) => tokio::task::yield_now().await,
            Err(error) => return Err(Error::other(error)),
        }
    };
    let mut received = 0;
    loop {
        let mut buffer = vec![0; READ];
        let mut filled = 0;
        while filled < READ {
            let read = stream.read(&mut buffer[filled..]).await?;
            if read == 0 {
                break;
            }
            filled += read;
        }
        buffer.truncate(filled);
        received += filled as u64;
        let last = filled < READ;
        let gone = |_| Error::other("nobody keeps what comes");
        tokio::task::block_in_place(|| sender.send(buffer)).map_err(gone)?;
        if last {
            return Ok(received);
        }
    }
}

/// Hashes each text, appends it, and syncs once a batch: whatever has come meanwhile, up to a bound.
fn keep(receiver: &Receiver<Vec<u8>>, mut file: Option<File>) -> Result<u64> {
    let mut kept = 0;
    while let Ok(first) = receiver.recv() {
        let mut batch = 0;
        let mut next = Some(first);
        while let Some(bytes) = next {
            batch += bytes.len();
            if let Some(file) = &mut file {
                for text in bytes.chunks(TEXT_BYTES) {
                    std::hint::black_box(Hash::of(text));
                }
                file.write_all(&bytes)?;
            }
            next = if batch < BATCH { receiver.try_recv().ok() } else { None };
        }
        if let Some(file) = &mut file {
            file.sync_data()?;
        }
        kept += batch as u64;
    }
    Ok(kept)
}

fn swarm() -> Result<Swarm<libp2p_stream::Behaviour>> {
    let builder = SwarmBuilder::with_new_identity().with_tokio();
    let builder = builder.with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default);
    let builder = builder.map_err(Error::other)?.with_quic();
    let builder = builder.with_behaviour(|_| libp2p_stream::Behaviour::new()).map_err(Error::other)?;
    // It lives as long as the stream does, and may be idle before.
    let idle = std::time::Duration::from_secs(60);
    Ok(builder.with_swarm_config(|config| config.with_idle_connection_timeout(idle)).build())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
