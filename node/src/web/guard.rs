//! What every request passes on its way in and every answer on its way out.
//!
//! Nothing here knows a page: [`admit`] refuses what no page could answer, [`limit`] bounds how much is answered at a
//! time and for how long, [`headers`] puts the policy on every answer, refusals included.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use tokio::sync::Semaphore;

use super::{
    bounds::{PATH_BYTES_MAX, QUERY_BYTES_MAX, REQUEST_TIMEOUT, REQUESTS_MAX, RETRY_AFTER_S},
    failure::{self, Refusal},
};

const POLICY: [(HeaderName, HeaderValue); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-embedder-policy"), HeaderValue::from_static("require-corp")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// Puts the policy on every answer.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in POLICY {
        headers.insert(name, value);
    }
    // A withdrawn or erased record must not live on in a cache: whatever does not say otherwise is asked for again.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    response
}

/// Refuses what no page could answer.
pub(crate) async fn admit(request: Request, next: Next) -> Response {
    let uri = request.uri();
    let refusal = if !matches!(*request.method(), Method::GET | Method::HEAD) {
        Some(Refusal::Method)
    } else if uri.path().len() > PATH_BYTES_MAX || uri.query().is_some_and(|query| query.len() > QUERY_BYTES_MAX) {
        Some(Refusal::TooLongAddress)
    } else if has_body(request.headers()) {
        Some(Refusal::Body)
    } else {
        None
    };
    match refusal {
        None => next.run(request).await,
        Some(refusal) => {
            let mut response = failure::refuse(uri.path(), refusal);
            match refusal {
                Refusal::Method => {
                    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
                }
                // The body is not read, so the next request could not be found behind it.
                Refusal::Body => {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                _ => {}
            }
            response
        }
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}

/// How many requests are being answered.
#[derive(Debug, Clone)]
pub(crate) struct Busy(Arc<Semaphore>);

impl Busy {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(REQUESTS_MAX)))
    }
}

/// Bounds how many requests are answered at a time and how long each may take.
pub(crate) async fn limit(State(Busy(places)): State<Busy>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    // Nobody waits for a place: a queue would only make everybody slow.
    let Ok(_place) = places.try_acquire() else {
        return later(failure::refuse(&path, Refusal::Busy));
    };
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => later(failure::refuse(&path, Refusal::Slow)),
    }
}

fn later(mut response: Response) -> Response {
    debug_assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    response
}
