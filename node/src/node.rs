//! The running node: the engine with its network, its pages and its operator's socket, started and stopped in order.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::Instant};

use crate::{
    Config, Home,
    api::{ApiError, ErrorKind, Status},
    engine::{Engine, Handle},
    operator, web,
};

/// How long callers have to come to an end once the node stops. Pages take less.
const STOP_TIME: Duration = Duration::from_secs(3);

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    engine: Arc<Engine>,
    addresses: Vec<String>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Node {
    /// Starts a node on a home that has joined a network.
    ///
    /// # Errors
    /// If the home cannot be opened, or a listener not be made.
    pub async fn start(home: Home, config: Config) -> Result<Self, ApiError> {
        let engine = Arc::new(Engine::open(home, config).await?);
        match Self::start_parts(Arc::clone(&engine)).await {
            Ok(node) => Ok(node),
            Err(error) => {
                engine.close().await;
                Err(error)
            }
        }
    }

    async fn start_parts(engine: Arc<Engine>) -> Result<Self, ApiError> {
        let (stop, stopped) = watch::channel(false);
        let waiting = stopped.clone();
        let mut tasks = Vec::new();
        let network = engine.run_network().await?;
        if engine.config().web.enabled {
            tasks.push(start_pages(&engine, stopped.clone()).await?);
        }
        engine.note_running();
        let socket = engine
            .home()
            .prepare_socket()
            .map_err(|error| cannot("the operator's socket cannot be made").because(&error))?;
        let served = operator::serve(Arc::clone(&engine), socket, until(stopped)).await;
        tasks.push(served.map_err(|error| cannot("the operator's socket cannot be made").because(&error))?);
        tasks.push(start_waiting(&engine, waiting));
        network.listening().await;
        let addresses = network.addresses().iter().map(ToString::to_string).collect();
        Ok(Self { engine, addresses, stop, tasks })
    }

    /// Addresses on which it can be reached, with its id.
    pub fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }

    /// Address of its pages.
    pub fn web(&self) -> Option<String> {
        self.engine.web().map(ToOwned::to_owned)
    }

    /// The engine, for calls within the process.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Stops in order: no new callers, then the network, then the disk.
    ///
    /// # Errors
    /// None at present; the signature leaves room.
    pub async fn stop(self) -> Result<(), ApiError> {
        // Nobody listening means that the tasks have ended by themselves.
        let _ = self.stop.send(true);
        end(self.tasks, STOP_TIME).await;
        self.engine.close().await;
        Ok(())
    }

    /// How the node stands.
    ///
    /// # Errors
    /// If it cannot be told.
    pub async fn status(&self) -> Result<crate::api::StatusReply, ApiError> {
        self.engine.handle(Status {}).await
    }
}

/// Waits until the listeners have ended, but no longer than this: a caller of the operator's socket may never read his answer,
/// or wait for peers that do not come.
async fn end(tasks: Vec<JoinHandle<()>>, most: Duration) {
    let until = Instant::now() + most;
    for mut task in tasks {
        match tokio::time::timeout_at(until, &mut task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a part of the node ended badly"),
            Err(_) => {
                tracing::warn!("a caller who did not come to an end was cut off");
                task.abort();
            }
        }
    }
}

/// A newcomer begins to speak as soon as it is admitted.
fn start_waiting(engine: &Arc<Engine>, stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    let engine = Arc::clone(engine);
    tokio::spawn(async move {
        tokio::select! {
            () = engine.await_admission() => {}
            () = until(stopped) => {}
        }
    })
}

async fn start_pages(engine: &Arc<Engine>, stopped: watch::Receiver<bool>) -> Result<JoinHandle<()>, ApiError> {
    let wanted = engine.config().web.listen;
    let listener = TcpListener::bind(wanted).await.map_err(|error| {
        cannot(format!("the pages cannot be served on {wanted}"))
            .because(&error)
            .hint("another program may use that port: `--set web.listen=127.0.0.1:0` takes a free one, `web.enabled=false` serves none")
    })?;
    if let Ok(address) = listener.local_addr() {
        engine.note_web(format!("http://{address}/"));
    }
    let router = web::router(Arc::clone(engine));
    Ok(tokio::spawn(async move {
        if let Err(error) = web::serve(listener, router, until(stopped)).await {
            tracing::error!(%error, "the pages failed");
        }
    }))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the node is gone, which is a reason to stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn cannot(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Failed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_never_ends_does_not_keep_the_node() {
        let began = Instant::now();
        let hanging = tokio::spawn(std::future::pending());
        let (ended, end_of_it) = (tokio::spawn(async {}), hanging.abort_handle());
        end(vec![hanging, ended], STOP_TIME).await;
        tokio::task::yield_now().await;
        assert!(began.elapsed() <= STOP_TIME + Duration::from_millis(10) && end_of_it.is_finished());
    }
}
