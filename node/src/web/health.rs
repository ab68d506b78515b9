//! `/health`: is the process answering? It asks nothing of the engine; how the node stands is on the status page.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

pub(crate) async fn answer() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], "ok\n").into_response()
}
