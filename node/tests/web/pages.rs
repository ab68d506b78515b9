//! Each page as it is, and that it keeps to what readers with few means need.

use nanduti_node::{
    api::{ListReply, PracticeView, RevisionView},
    web::PublicStatus,
};

use super::{
    Answer, ask,
    fixture::{ARABIC, CONCURRENT, Fixture, ORDINARY, WITHDRAWN},
    get,
};

async fn page(address: &str) -> Answer {
    let answer = get(address).await;
    assert_eq!(answer.status, 200, "{address}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    answer
}

#[tokio::test]
async fn the_pages_look_like_this() {
    for (name, address) in [
        ("library", "/".to_owned()),
        ("library_filtered", "/?member=PRY&strand=information-systems&strand=other&limit=1".to_owned()),
        ("library_empty", "/?language=fr".to_owned()),
        ("practice", format!("/practices/{ORDINARY}")),
        ("practice_arabic", format!("/practices/{ARABIC}")),
        ("practice_withdrawn", format!("/practices/{WITHDRAWN}")),
        ("practice_concurrent", format!("/practices/{CONCURRENT}")),
        ("history", format!("/practices/{ORDINARY}/history")),
        ("closed", "/for-members?limit=1".to_owned()),
        ("fork", format!("/forks/{}", "f0".repeat(32))),
        ("status", "/status".to_owned()),
    ] {
        insta::assert_snapshot!(name, page(&address).await.body);
    }
    insta::assert_snapshot!("not_found", get("/practices/nothing222").await.body);
}

#[tokio::test]
async fn every_page_has_its_landmarks_and_one_heading() {
    for address in [
        "/",
        "/?member=PRY",
        "/status",
        "/for-members",
        &format!("/forks/{}", "f0".repeat(32)),
        &format!("/practices/{ORDINARY}"),
        &format!("/practices/{ORDINARY}/history"),
        "/nothing",
    ] {
        let body = get(address).await.body;
        for (part, times) in [
            ("<h1", 1),
            ("<main ", 1),
            ("<header ", 1),
            ("<footer ", 1),
            ("<a class=\"skip\" href=\"#content\"", 1),
            ("<html lang=\"en\" dir=\"ltr\">", 1),
            ("<script", 0),
            (" style=", 0),
            ("http-equiv", 0),
        ] {
            assert_eq!(body.matches(part).count(), times, "{part} in {address}");
        }
        for row in body.match_indices("<th ") {
            assert!(body[row.0..].starts_with("<th scope="), "{address}");
        }
        for (at, _) in body.match_indices("<select ").chain(body.match_indices("<input id")) {
            let id = body[at..].split('"').nth(1).unwrap();
            assert!(body.contains(&format!("<label for=\"{id}\">")), "{id}");
        }
        assert!(body.len() < 100_000, "{address} has {} bytes", body.len());
    }
}

#[tokio::test]
async fn a_page_of_the_list_stays_small_and_leads_on() {
    let source = Fixture::with_more(300);
    let request = |address: &str| axum::http::Request::get(address).body(axum::body::Body::empty()).unwrap();
    let first = ask(source.clone(), request("/")).await;
    assert!(first.body.len() < 100_000, "{} bytes", first.body.len());
    assert!(first.body.contains("1 to 50 of 302 practices"));
    assert!(first.body.contains("<a rel=\"next\" href=\"/?offset=50\">"));
    assert!(!first.body.contains("rel=\"prev\""));
    let last = ask(source.clone(), request("/?offset=300&member=PRY")).await;
    assert!(last.body.contains("<ol class=\"rows\" start=\"301\">"));
    assert!(last.body.contains("<a rel=\"prev\" href=\"/?member=PRY&#38;offset=250\">"));
    assert!(!last.body.contains("rel=\"next\""));
    let beyond = ask(source, request("/?offset=5000")).await;
    assert_eq!(beyond.status, 200);
    assert!(beyond.body.contains("No practice matches"));
}

#[tokio::test]
async fn text_from_right_to_left_has_its_direction_and_language() {
    let body = page(&format!("/practices/{ARABIC}")).await.body;
    assert!(body.contains("<h1 lang=\"ar\" dir=\"auto\">آلية"));
    assert!(body.contains("<div class=\"prose\" lang=\"ar\" dir=\"auto\"><h4>المراحل</h4>"));
    assert!(page("/").await.body.contains("<bdi lang=\"ar\" dir=\"auto\">آلية"));
}

#[tokio::test]
async fn json_is_the_same_in_the_types_of_the_api() {
    let list: ListReply = serde_json::from_str(&get("/api/practices?member=PRY").await.body).unwrap();
    assert_eq!(list.total, 2);
    let practice: PracticeView = serde_json::from_str(&get(&format!("/api/practices/{ARABIC}")).await.body).unwrap();
    assert_eq!(practice.row.language, "ar");
    let history: Vec<RevisionView> =
        serde_json::from_str(&get(&format!("/api/practices/{ARABIC}/history")).await.body).unwrap();
    assert_eq!(history.len(), 2);
    let status: PublicStatus = serde_json::from_str(&get("/api/status").await.body).unwrap();
    assert_eq!((status.entries, status.peers_connected), (12_345, 4));
}

#[tokio::test]
async fn the_public_status_tells_nothing_of_the_operator() {
    for address in ["/status", "/api/status"] {
        let body = get(address).await.body;
        for private in ["private", "192.0.2.7", "12D3", "8080", "987654321"] {
            assert!(!body.contains(private), "{private} is in {address}");
        }
        assert!(body.contains("Demonstration network"));
    }
}
