//! The listener: connections in, connections out, none for ever.
//!
//! axum's own loop has no timer, so a reader who never ends a header, or takes an answer byte by byte, would keep a
//! connection open without end. Here a header has a deadline, an idle connection too, every connection a lifetime, and
//! their number is bounded. Shutdown takes no new connection, lets running answers end for a few seconds, and cuts the
//! rest.

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::{
    bounds::{
        CONNECTION_GRACE, CONNECTION_LIFETIME, CONNECTIONS_MAX, HEADER_BYTES_MAX, HEADER_LINES_MAX,
        HEADER_READ_TIMEOUT, SHUTDOWN_GRACE,
    },
    connections::{PerAddress, Place},
};

/// How long to wait after the system could not hand over a connection, as when all file descriptors are taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves `router` on `listener` until `shutdown` comes; returns when the last connection has ended.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let per_address = PerAddress::default();
    let stop = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                report(ended);
                continue;
            }
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, address, held)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        if let Some(place) = per_address.take(address.ip()) {
            connections.spawn(connection(stream, router.clone(), stop.clone(), (held, place)));
        }
    }
    drop(listener);
    stop.cancel();
    while let Some(ended) = connections.join_next().await {
        report(ended);
    }
    Ok(())
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => Some((stream, address, place)),
        Err(error) => {
            tracing::warn!(%error, "a connection to the pages could not be accepted");
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    stop: CancellationToken,
    _places: (OwnedSemaphorePermit, Place),
) {
    // Only a little faster with it; a system that refuses the option serves as well.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIMEOUT)
        .max_headers(HEADER_LINES_MAX)
        .max_header_size(HEADER_BYTES_MAX)
        .max_buf_size(2 * HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    tokio::select! {
        // An error is a reader who went away or spoke no HTTP; neither is worth a line in the log.
        _ended = connection.as_mut() => return,
        () = stop.cancelled() => {}
        () = sleep(CONNECTION_LIFETIME) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ended = connection => {}
        () = patience(&stop) => {}
    }
}

/// How long a last answer is waited for: less once the node shuts down.
async fn patience(stop: &CancellationToken) {
    let shutdown = async {
        stop.cancelled().await;
        sleep(SHUTDOWN_GRACE).await;
    };
    tokio::select! {
        () = shutdown => {}
        () = sleep(CONNECTION_GRACE) => {}
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a page panicked");
    }
}
