//! Opening a home for work.

use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, RwLock};

use super::{
    Engine,
    failure::{failed, usage},
    write::now_ms,
};
use crate::{
    Config, Home, HomeLock, LockError,
    api::{ApiError, ErrorKind},
    core::{Author, Core, CoreOptions},
    founding::{author_of, network_of},
    keys::KeyStore,
};

impl Engine {
    /// Opens a home that has joined a network. Call it on a tokio runtime; it blocks on the disk on a thread of its own.
    ///
    /// # Errors
    /// If there is no home or no network in it, another process uses it, or the disk fails.
    pub async fn open(home: Home, config: Config) -> Result<Self, ApiError> {
        let runtime = tokio::runtime::Handle::current();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(home, config, &runtime))
            .await
            .map_err(|error| failed("the home was not opened").because(&error))?;
        let engine = opened?;
        engine.begin_if_admitted().await?;
        if let Err(error) = engine.take_over().await {
            engine.close().await;
            return Err(error);
        }
        Ok(engine)
    }

    fn open_blocking(home: Home, config: Config, runtime: &tokio::runtime::Handle) -> Result<Self, ApiError> {
        if !home.path().is_dir() {
            return Err(usage(format!("there is no node in {}", home.path().display()))
                .hint("`nanduti join TICKET` makes a node that reads; `nanduti init --member …` makes one that speaks for a member"));
        }
        let lock = HomeLock::acquire(&home).map_err(|error| locked(&error))?;
        let info = network_of(&home)?.ok_or_else(|| {
            usage("this node has not joined a network yet")
                .hint("`nanduti join TICKET` joins one; a member of it gives the ticket")
        })?;
        let author = author_of(&home)?;
        let node_key = KeyStore::of(&home).open_or_create_node().map_err(|error| {
            failed("the node's key cannot be used").because(&error).hint(error.hint().unwrap_or_default())
        })?;
        let options = CoreOptions {
            network: info.network,
            pinned: info.ticket.as_ref().map(|ticket| ticket.roster),
            author: author.clone(),
            index_cache: config.storage.index_cache_bytes(),
            min_free: config.storage.min_free_bytes(),
            now_ms,
        };
        let core = Core::open(home.clone(), options, runtime)?;
        Ok(Self {
            home,
            config,
            core,
            info,
            own_log: std::sync::RwLock::new(author.as_ref().map(Author::log)),
            member: author.map(|author| author.member().clone()),
            node_key: Arc::new(node_key),
            network: RwLock::new(None),
            signing: Mutex::new(()),
            web: OnceLock::new(),
            running_since: OnceLock::new(),
            asked: Arc::default(),
            _lock: lock,
        })
    }

    /// Writes everything down and lets the home go.
    pub async fn close(&self) {
        if let Some(network) = self.network.write().await.take() {
            network.stop().await;
        }
        self.core.close().await;
    }
}

fn locked(error: &LockError) -> ApiError {
    match error {
        LockError::Held { .. } => ApiError::new(ErrorKind::Failed, error.to_string())
            .hint("a node that runs there already answers `nanduti status`; one that is just starting or stopping does not yet: try again in a moment"),
        LockError::Io { .. } => failed("the home cannot be locked").because(error),
    }
}
