//! The public pages from outside: what a browser or a program gets for a request.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod contrast;
mod fixture;
mod hostile;
mod pages;
mod requests;
mod server;

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use nanduti_node::web::{Library, router};

/// An answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// One request to the pages of `source`.
async fn ask<L: Library>(source: Arc<L>, request: Request<Body>) -> Answer {
    let response = TowerToHyperService::new(router(source)).call(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// `GET` of `address` from the fixture.
async fn get(address: &str) -> Answer {
    ask(fixture::Fixture::new(), Request::get(address).body(Body::empty()).unwrap()).await
}
