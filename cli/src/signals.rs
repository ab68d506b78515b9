//! The signals that ask a program to stop.

use std::io;

use nanduti_node::api::{ApiError, ErrorKind};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on; the program no longer ends by itself.
    pub(crate) fn new() -> Result<Self, ApiError> {
        let listen = |kind| {
            signal(kind).map_err(|error: io::Error| {
                ApiError::new(ErrorKind::Failed, "signals cannot be listened for").because(&error)
            })
        };
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// The next signal of either.
    pub(crate) async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
