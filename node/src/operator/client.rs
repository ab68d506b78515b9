//! Making a call.

use std::path::Path;

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, body::Bytes};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::api::{ApiError, Call, ErrorKind};

/// The largest reply that is read: a list of 10,000 rows is some 5 MB.
const REPLY_MAX: usize = 64 * 1024 * 1024;

/// Makes a call to the node that listens on a socket.
///
/// # Errors
/// What the node answers, or that it did not.
pub(crate) async fn call_over_socket<C: Call>(socket: &Path, call: &C) -> Result<C::Reply, ApiError> {
    let body = serde_json::to_vec(call).map_err(|error| no_answer(&error))?;
    let request = Request::post(format!("/v1/{}", C::NAME))
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| no_answer(&error))?;
    let stream = UnixStream::connect(socket).await.map_err(|error| no_answer(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| no_answer(&error))?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| no_answer(&error))?;
    let status = response.status();
    let body =
        Limited::new(response.into_body(), REPLY_MAX).collect().await.map_err(|error| no_answer(error.as_ref()))?;
    drop(sender);
    driver.abort();
    let bytes = body.to_bytes();
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(|error| no_answer(&error));
    }
    Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| {
        ApiError::new(ErrorKind::Failed, format!("the running node answered with status {status}"))
            .hint("is it of another version than this command? `nanduti status` says which")
    }))
}

fn no_answer(error: &(dyn std::error::Error + 'static)) -> ApiError {
    ApiError::new(ErrorKind::Failed, "the running node did not answer").because(error)
}
