//! Answering calls.

use std::{os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::net::UnixListener;

use crate::{
    api::{
        ApiError, Backup, Ballots, BundleExport, BundleImport, Call, Diff, ErrorKind, ForkList, ForkSettle, ForkShow,
        Former, History, KeyList, KeyOffer, KeyPrepare, List, Members, PeerAdd, PeerBlock, PeerList, Propose, Publish,
        Reindex, Show, Speak, Status, Submit, Sync, Verify, Withdraw,
    },
    engine::{Engine, Handle},
};

/// A call is a file at most, and JSON may spell each of its characters with six.
const BODY_MAX: usize = 8 * 1024 * 1024;

/// Listens on a socket until told to stop. A socket that a crash left there is removed: the caller holds the home's lock.
///
/// # Errors
/// If the socket cannot be made.
pub(crate) async fn serve(
    engine: Arc<Engine>,
    socket: PathBuf,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<tokio::task::JoinHandle<()>> {
    match std::fs::remove_file(&socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&socket)?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
    let router = router(engine);
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
            tracing::error!(%error, "the operator's socket failed");
        }
        // Gone with the node; what is left after a crash is removed at the next start.
        let _ = std::fs::remove_file(&socket);
    }))
}

fn router(engine: Arc<Engine>) -> Router {
    let router = Router::new();
    let router = route::<Status>(router);
    let router = route::<Publish>(router);
    let router = route::<Withdraw>(router);
    let router = route::<List>(router);
    let router = route::<Show>(router);
    let router = route::<History>(router);
    let router = route::<Diff>(router);
    let router = route::<Verify>(router);
    let router = route::<Sync>(router);
    let router = route::<PeerList>(router);
    let router = route::<PeerAdd>(router);
    let router = route::<PeerBlock>(router);
    let router = route::<BundleExport>(router);
    let router = route::<BundleImport>(router);
    let router = route::<Backup>(router);
    let router = route::<Reindex>(router);
    let router = route::<Former>(router);
    let router = route::<Members>(router);
    let router = route::<Ballots>(router);
    let router = route::<Propose>(router);
    let router = route::<Speak>(router);
    let router = route::<KeyList>(router);
    let router = route::<ForkList>(router);
    let router = route::<ForkShow>(router);
    let router = route::<ForkSettle>(router);
    let router = route::<KeyPrepare>(router);
    let router = route::<KeyOffer>(router);
    let router = route::<Submit>(router);
    router.layer(DefaultBodyLimit::max(BODY_MAX)).with_state(engine)
}

fn route<C: Call>(router: Router<Arc<Engine>>) -> Router<Arc<Engine>>
where
    Engine: Handle<C>,
{
    router.route(&format!("/v1/{}", C::NAME), post(answer::<C>))
}

async fn answer<C: Call>(State(engine): State<Arc<Engine>>, call: Result<Json<C>, JsonRejection>) -> Response
where
    Engine: Handle<C>,
{
    let result = match call {
        Ok(Json(call)) => engine.handle(call).await,
        Err(rejection) => Err(ApiError::new(ErrorKind::Usage, rejection.body_text())),
    };
    match result {
        Ok(reply) => Json(reply).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(error)).into_response()
        }
    }
}
