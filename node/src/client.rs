//! The door of the command line: beside a running node through its socket, else by opening the home.

use std::{path::PathBuf, sync::Arc};

use tokio::net::UnixStream;

use crate::{
    Config, Home,
    api::{ApiError, Call, ErrorKind},
    engine::{Engine, Handle},
    operator::call_over_socket,
};

/// Makes calls, wherever the node is.
#[derive(Debug)]
pub struct Client {
    door: Door,
}

#[derive(Debug)]
enum Door {
    /// A node is running: it has the home.
    Socket(PathBuf),
    /// No node is running: the home is open here.
    Home(Arc<Engine>),
}

impl Client {
    /// Finds the running node, or opens the home.
    ///
    /// # Errors
    /// If there is no home or no network in it, or another process has it and does not answer.
    pub async fn open(home: &Home, config: Config) -> Result<Self, ApiError> {
        if home.path().is_dir() {
            let socket = home.socket().map_err(|error| {
                ApiError::new(ErrorKind::Failed, "the socket of the home cannot be found").because(&error)
            })?;
            if UnixStream::connect(&socket).await.is_ok() {
                return Ok(Self { door: Door::Socket(socket) });
            }
        }
        let engine = Engine::open(home.clone(), config).await?;
        Ok(Self { door: Door::Home(Arc::new(engine)) })
    }

    /// Is a node running on this home?
    pub fn is_running(&self) -> bool {
        matches!(self.door, Door::Socket(_))
    }

    /// What needs the operator's eye since the home was opened here. A running node says it in its log and in its status.
    pub fn warnings(&self) -> Vec<String> {
        match &self.door {
            Door::Socket(_) => Vec::new(),
            Door::Home(engine) => engine.core().warnings(),
        }
    }

    /// Makes a call.
    ///
    /// # Errors
    /// What the node says against it.
    pub async fn call<C: Call>(&self, call: C) -> Result<C::Reply, ApiError>
    where
        Engine: Handle<C>,
    {
        match &self.door {
            Door::Socket(socket) => call_over_socket(socket, &call).await,
            Door::Home(engine) => engine.handle(call).await,
        }
    }

    /// Lets the home go, with everything written down.
    ///
    /// # Errors
    /// None at present; the signature leaves room.
    pub async fn close(self) -> Result<(), ApiError> {
        if let Door::Home(engine) = &self.door {
            engine.close().await;
        }
        Ok(())
    }
}
