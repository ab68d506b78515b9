//! Requests that are not simply a page: headers, methods, errors, bounds.

use std::{future::pending, sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use nanduti_node::{
    api::{ApiError, ErrorKind, ListFilter, ListReply, PracticeView, RevisionView, StatusReply},
    web::Library,
};

use super::{
    ask,
    fixture::{Fixture, ORDINARY},
    get,
};

fn request(method: &str, address: &str) -> Request<Body> {
    Request::builder().method(method).uri(address).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn every_answer_carries_the_policy() {
    let long = format!("/?member={}", "x".repeat(3000));
    for address in [
        "/",
        "/status",
        "/nothing",
        "/health",
        "/static/style.css",
        "/static/nothing",
        "/api/status",
        "/api/nothing",
        "/?limit=0",
        "/practices",
        &long,
    ] {
        let answer = get(address).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{address}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("set-cookie", ""),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {address}");
        }
        assert!(!answer.header("cache-control").is_empty(), "{address}");
    }
}

#[tokio::test]
async fn the_stylesheet_is_asked_for_once() {
    let first = get("/static/style.css").await;
    assert_eq!(first.header("content-type"), "text/css; charset=utf-8");
    assert!(first.body.len() < 10_000, "the stylesheet has {} bytes", first.body.len());
    let tag = first.header("etag");
    assert!(first.header("cache-control").contains("max-age"));
    let mut again = request("GET", "/static/style.css");
    again.headers_mut().insert("if-none-match", format!("\"other\", W/{tag}").parse().unwrap());
    let again = ask(Fixture::new(), again).await;
    assert_eq!((again.status.as_u16(), again.body.as_str(), again.header("etag")), (304, "", tag));
    let lace = get("/static/lace.svg").await;
    assert_eq!(lace.header("content-type"), "image/svg+xml");
    assert!(lace.body.len() < 4_000);
    let page = get("/").await.body;
    assert!(page.contains(&format!("/static/style.css?v={}", tag.trim_matches('"'))));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    for address in ["/", "/status", "/api/practices", "/health", "/nothing", "/static/lace.svg"] {
        let (whole, head) = (get(address).await, ask(Fixture::new(), request("HEAD", address)).await);
        assert_eq!(head.status, whole.status, "{address}");
        assert_eq!(head.header("content-type"), whole.header("content-type"));
        assert_eq!(head.header("content-length"), whole.body.len().to_string(), "{address}");
    }
}

#[tokio::test]
async fn errors_are_pages_with_a_cause_and_a_hint() {
    for (address, status, cause) in [
        ("/nothing", 404, "there is no such page"),
        ("/practices/nothing222", 404, "no practice has the id nothing222"),
        ("/practices/not-an-id", 404, "there is no such practice"),
        ("/practices/%FF%FE", 404, "there is no such practice"),
        ("/practices/nothing222/history", 404, "no practice has the id"),
        ("/static/../Cargo.toml", 404, "there is no such page"),
        ("/?limit=201", 400, "`limit` is not a whole number from 1 to 200"),
        ("/?offset=-1", 400, "`offset`"),
        ("/?state=gone", 400, "`state`"),
    ] {
        let answer = get(address).await;
        assert_eq!(answer.status, status, "{address}");
        let body = &answer.body;
        assert!(body.contains("<h1>") && body.contains(cause) && body.contains("<nav "), "{address}: {body}");
    }
}

#[tokio::test]
async fn errors_of_the_api_are_json() {
    for (address, status, kind) in [
        ("/api/nothing", 404, "not-found"),
        ("/api/practices/nothing222", 404, "not-found"),
        ("/api/practices/%FF", 404, "not-found"),
        ("/api/practices?limit=201", 400, "usage"),
        ("/api/practices?membre=PRY", 400, "usage"),
    ] {
        let answer = get(address).await;
        assert_eq!(answer.status, status, "{address}");
        let json = answer.json();
        assert_eq!(json["kind"], kind);
        assert!(json["message"].is_string() && json["hint"].is_string(), "{json}");
    }
}

#[tokio::test]
async fn only_reading_is_possible() {
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
        for address in ["/", "/api/practices", "/nothing", "/health"] {
            let answer = ask(Fixture::new(), request(method, address)).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD"), "{method} {address}");
            assert_eq!(address.starts_with("/api"), answer.header("content-type") == "application/json");
        }
    }
}

#[tokio::test]
async fn what_is_too_big_is_refused() {
    assert_eq!(get(&format!("/?member={}", "x".repeat(3000))).await.status, 414);
    assert_eq!(get(&format!("/practices/{}", "x".repeat(600))).await.status, 414);
    assert_eq!(get(&format!("/practices/{}", "x".repeat(101))).await.status, 404);
    assert_eq!(get(&format!("/?member={}", "x".repeat(101))).await.status, 400);
    let mut body = request("GET", "/");
    body.headers_mut().insert("content-length", "5".parse().unwrap());
    let answer = ask(Fixture::new(), body).await;
    assert_eq!((answer.status.as_u16(), answer.header("connection")), (413, "close"));
}

#[tokio::test]
async fn a_shortened_address_leads_to_the_library() {
    let answer = get("/practices").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (308, "/"));
    assert_eq!(get(&format!("/practices/{ORDINARY}/")).await.status, 404);
}

#[tokio::test]
async fn health_asks_nothing_of_the_engine() {
    let answer = ask(Arc::new(Troubled), request("GET", "/health")).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn trouble_inside_is_not_told_outside() {
    for address in ["/practices/any22", "/api/practices/any22"] {
        let answer = ask(Arc::new(Troubled), request("GET", address)).await;
        assert_eq!(answer.status, 500);
        assert!(!answer.body.contains("/srv") && answer.body.contains("could not answer"), "{}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_ended() {
    let start = tokio::time::Instant::now();
    let answer = ask(Arc::new(Troubled), request("GET", "/")).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "5"));
    assert!(start.elapsed() <= Duration::from_secs(11));
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_at_a_time_are_sent_away_and_health_is_not() {
    use hyper::service::Service as _;
    let pages = hyper_util::service::TowerToHyperService::new(nanduti_node::web::router(Arc::new(Troubled)));
    let running: Vec<_> = (0..64).map(|_| tokio::spawn(pages.call(request("GET", "/")))).collect();
    tokio::task::yield_now().await;
    let turned_away = pages.call(request("GET", "/")).await.unwrap();
    assert_eq!((turned_away.status().as_u16(), &turned_away.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    assert_eq!(pages.call(request("GET", "/health")).await.unwrap().status(), 200);
    for one in running {
        assert_eq!(one.await.unwrap().unwrap().status(), 503);
    }
    assert_eq!(pages.call(request("GET", "/practices/any22")).await.unwrap().status(), 500, "places are given back");
}

/// A library whose list never comes and whose practices cannot be read.
struct Troubled;

impl Library for Troubled {
    async fn list(&self, _filter: ListFilter) -> Result<ListReply, ApiError> {
        pending().await
    }

    async fn show(&self, _id: String) -> Result<PracticeView, ApiError> {
        Err(ApiError::new(ErrorKind::Store, "cannot read /srv/private/logs").hint("look at /srv/private"))
    }

    async fn history(&self, _id: String) -> Result<Vec<RevisionView>, ApiError> {
        Ok(Vec::new())
    }

    async fn status(&self) -> Result<StatusReply, ApiError> {
        pending().await
    }
}
