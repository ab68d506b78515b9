//! Errors as a reader sees them: a page in the usual layout, or JSON below `/api`.
//!
//! A reader is told what is the reader's to know: what was wrong with the request, and what to do. What went wrong inside
//! the node goes to its log; outside it could name a path or a peer.

use askama::Template;
use axum::{
    Json,
    http::{StatusCode, Uri},
    response::{Html, IntoResponse, Response},
};

use crate::api::{ApiError, ErrorKind};

use super::{
    display::calm,
    layout::{Layout, Section},
    source::Place,
    text::{Reason, TEXT},
};

/// A failed page.
#[derive(Debug)]
pub(crate) struct PageFailure(pub(crate) ApiError);

/// A failed JSON call.
#[derive(Debug)]
pub(crate) struct JsonFailure(pub(crate) ApiError);

impl From<ApiError> for PageFailure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<ApiError> for JsonFailure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        let status = status(self.0.kind);
        page(status, &public(self.0))
    }
}

impl IntoResponse for JsonFailure {
    fn into_response(self) -> Response {
        (status(self.0.kind), Json(public(self.0))).into_response()
    }
}

/// Why a request is turned away before any page is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Method,
    TooLongAddress,
    Body,
    Busy,
    Slow,
}

/// The answer to a request that is turned away.
pub(crate) fn refuse(path: &str, refusal: Refusal) -> Response {
    let (status, kind, reason) = match refusal {
        Refusal::Method => (StatusCode::METHOD_NOT_ALLOWED, ErrorKind::Usage, TEXT.method),
        Refusal::TooLongAddress => (StatusCode::URI_TOO_LONG, ErrorKind::Usage, TEXT.too_long_address),
        Refusal::Body => (StatusCode::PAYLOAD_TOO_LARGE, ErrorKind::Usage, TEXT.body),
        Refusal::Busy => (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Failed, TEXT.busy),
        Refusal::Slow => (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Failed, TEXT.slow),
    };
    answer(path, status, kind, reason)
}

/// The answer where there is no page.
pub(crate) async fn no_such_page(uri: Uri) -> Response {
    answer(uri.path(), StatusCode::NOT_FOUND, ErrorKind::NotFound, TEXT.no_such_page)
}

/// The template did not render, which only a full memory can bring about.
pub(crate) fn unrendered(error: &askama::Error) -> PageFailure {
    PageFailure(ApiError::new(ErrorKind::Failed, "the page could not be rendered").because(error))
}

fn answer(path: &str, status: StatusCode, kind: ErrorKind, reason: Reason) -> Response {
    let error = ApiError::new(kind, reason.cause).hint(reason.hint);
    if path.starts_with("/api/") { (status, Json(error)).into_response() } else { page(status, &error) }
}

fn status(kind: ErrorKind) -> StatusCode {
    // What the node could not fetch or read is one thing to a reader: the node cannot answer.
    match kind {
        ErrorKind::Usage => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Refused => StatusCode::FORBIDDEN,
        ErrorKind::Failed | ErrorKind::Store | ErrorKind::Network => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The part of an error that a reader may know.
fn public(error: ApiError) -> ApiError {
    let reason = match error.kind {
        ErrorKind::Usage => TEXT.bad_request,
        ErrorKind::NotFound => TEXT.no_such_practice,
        ErrorKind::Refused => TEXT.not_public,
        ErrorKind::Failed | ErrorKind::Store | ErrorKind::Network => {
            tracing::error!(message = %error.message, causes = ?error.causes, "a page could not be answered");
            return ApiError::new(ErrorKind::Failed, TEXT.broken.cause).hint(TEXT.broken.hint);
        }
    };
    let hint = error.hint.unwrap_or_else(|| reason.hint.to_owned());
    ApiError::new(error.kind, error.message).hint(hint)
}

#[derive(Template)]
#[template(path = "failure.html")]
struct Page {
    layout: Layout,
    heading: &'static str,
    status: u16,
    cause: String,
    hint: String,
}

fn page(status: StatusCode, error: &ApiError) -> Response {
    let heading = TEXT.failure_heading(status.as_u16());
    let page = Page {
        layout: Layout::new(Section::None, Place::default(), heading),
        heading,
        status: status.as_u16(),
        cause: calm(&error.message),
        hint: calm(error.hint.as_deref().unwrap_or_default()),
    };
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => status.into_response(),
    }
}
