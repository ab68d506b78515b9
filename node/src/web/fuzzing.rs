//! Doors for fuzz targets: the pages as a whole, that of a practice, the Markdown in it, and the filters in an address.

use std::sync::Arc;

use askama::Template;
use axum::{
    body::Body,
    extract::Query,
    http::{HeaderMap, Request},
};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::{
    layout::{Layout, Section},
    markdown, practice,
    query::{self, Pairs, Unknown},
    router,
    source::{Library, Place},
};
use crate::api::PracticeView;

/// Markdown as HTML, if it is rendered at all.
pub fn markdown(text: &str) -> Option<String> {
    markdown::render(text)
}

/// The page of a practice.
pub fn page(view: &PracticeView) -> String {
    let layout = Layout::new(Section::Library, Place::default(), &view.row.title);
    practice::Page::new(layout, view).render().expect("writing to a string does not fail")
}

/// The address that says the same as this query, as pages read it, and as the JSON does.
pub fn query(query: &str) -> [Option<String>; 2] {
    let read = |unknown| {
        let uri = axum::http::Uri::try_from(format!("/?{query}")).ok()?;
        let Query(pairs) = Query::<Pairs>::try_from_uri(&uri).ok()?;
        query::parse(pairs, unknown).ok().map(|filter| query::address(&filter))
    };
    [read(Unknown::PassOver), read(Unknown::Refuse)]
}

/// An answer of the pages.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// What a browser is to show.
    pub body: Vec<u8>,
    headers: HeaderMap,
}

impl Answer {
    /// A header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Asks the pages of a library; nothing if this is no address.
pub fn ask<L: Library>(library: Arc<L>, method: &str, address: &[u8]) -> Option<Answer> {
    let request = Request::builder().method(method).uri(address).body(Body::empty()).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
    runtime.block_on(async {
        let response = TowerToHyperService::new(router(library)).call(request).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes().to_vec();
        Some(Answer { status: parts.status.as_u16(), body, headers: parts.headers })
    })
}
