//! The engine: answers every call of the operator's API on the durable core, with or without a network beside it.
//!
//! A command that runs while no node does opens an engine of its own on the home; beside a running node the same calls go
//! through its socket. Either way the code that answers is this one.

mod admission;
mod asked;
mod backup;
mod ballots;
mod bundle;
mod closed;
mod failure;
mod forks;
mod former;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod ids;
mod keyring;
mod library;
mod open;
mod pages;
mod peers;
mod places;
mod readers;
mod settle;
mod sides;
mod status;
mod store;
mod views;
mod write;

use std::{future::Future, sync::Arc, time::Instant};

use nanduti_protocol::key::{MemberId, PublicKey};
use tokio::sync::{Mutex, RwLock, Semaphore};

use crate::{
    Config, Home, HomeLock,
    api::{ApiError, Call},
    core::Core,
    founding::NetworkInfo,
    keys::NodeKey,
    net::NetworkHandle,
};

/// Answers a call.
pub trait Handle<C: Call> {
    /// Answers the call.
    fn handle(&self, call: C) -> impl Future<Output = Result<C::Reply, ApiError>> + Send;
}

/// A home that is open. It holds the home's lock for as long as it lives.
#[derive(Debug)]
pub struct Engine {
    home: Home,
    config: Config,
    core: Core,
    info: NetworkInfo,
    member: Option<MemberId>,
    /// The log that this node writes. Another one once a fresh key has taken over.
    own_log: std::sync::RwLock<Option<PublicKey>>,
    node_key: Arc<NodeKey>,
    network: RwLock<Option<Arc<NetworkHandle>>>,
    /// One signs at a time: what is signed follows from what is there.
    signing: Mutex<()>,
    /// Address of the pages, once they are served.
    web: std::sync::OnceLock<String>,
    running_since: std::sync::OnceLock<Instant>,
    asked: Arc<asked::Asked>,
    _lock: HomeLock,
}

impl Engine {
    /// The durable core.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Address of the pages, once they are served.
    pub(crate) fn web(&self) -> Option<&str> {
        self.web.get().map(String::as_str)
    }

    /// Takes note of where the pages are served.
    pub(crate) fn note_web(&self, address: String) {
        // A node serves its pages in one place only: the first stands.
        let _ = self.web.set(address);
    }

    /// From now on this is a running node.
    pub(crate) fn note_running(&self) {
        let _ = self.running_since.set(Instant::now());
    }

    /// The log that this node writes, if it has a member's key.
    fn own_log(&self) -> Option<PublicKey> {
        *self.own_log.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn note_own_log(&self, log: PublicKey) {
        *self.own_log.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(log);
    }

    /// Runs something that blocks on the disk on a thread made for that.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Core) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let core = self.core.clone();
        on_a_thread(&AT_WORK, move || work(&core)).await
    }
}

/// Calls that read the disk at a time. Whoever asks for a page can go away at once, but what was begun for it goes on to its
/// end: without a bound here, readers who ask and do not wait would take all threads, those that verify included.
static AT_WORK: Semaphore = Semaphore::const_new(8);

/// Runs something on a thread made for blocking, once it is its turn. Who goes away before has not begun anything.
async fn on_a_thread<T: Send + 'static>(
    places: &'static Semaphore,
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let place = places.acquire().await;
    let done = tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    });
    match done.await {
        Ok(result) => result,
        Err(error) => Err(failure::failed("the work was not finished").because(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn who_asks_and_goes_away_takes_one_place_at_most() {
        static PLACES: Semaphore = Semaphore::const_new(2);
        static BEGUN: AtomicUsize = AtomicUsize::new(0);
        let (end, ended) = std::sync::mpsc::sync_channel::<()>(1);
        let ended = Arc::new(std::sync::Mutex::new(ended));
        for _ in 0..20 {
            let ended = Arc::clone(&ended);
            let asked = on_a_thread(&PLACES, move || {
                BEGUN.fetch_add(1, Ordering::SeqCst);
                // Ends when the test does: the sender is dropped then.
                let _ = ended.lock().map(|ended| ended.recv());
                Ok(())
            });
            assert!(tokio::time::timeout(Duration::from_millis(20), asked).await.is_err());
        }
        assert!(BEGUN.load(Ordering::SeqCst) <= 2);
        drop(end);
        on_a_thread(&PLACES, || Ok(())).await.unwrap();
    }
}
