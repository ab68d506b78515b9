//! Records that try to act. A page shows them; it does not obey them.

use super::{
    fixture::{HOSTILE, HOSTILE_TITLE},
    get,
};

/// Elements and attributes of a page, crudely: everything between `<` and `>`. Sound because every `<` of a record has to
/// come out escaped, which is what is tested.
fn tags(body: &str) -> Vec<&str> {
    body.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
}

#[tokio::test]
async fn nothing_in_a_record_becomes_an_element_an_event_or_a_request() {
    let pages = [&format!("/practices/{HOSTILE}"), &format!("/practices/{HOSTILE}/history")];
    for address in ["/?member=KEN", "/status", pages[0], pages[1]] {
        let answer = get(address).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.body.contains('\u{202e}'), "an override is in {address}");
        assert!(answer.body.contains("&#60;script&#62;alert(1)"), "{address} hides what the record says");
        for tag in tags(&answer.body) {
            let name = tag.split([' ', '\n']).next().unwrap();
            assert!(
                !["script", "iframe", "b", "i", "u", "s", "x", "y", "em", "object", "style"].contains(&name),
                "{tag}"
            );
            assert!(!tag.contains(" on") && !tag.contains(" style="), "{tag}");
            assert!(!tag.contains("javascript:") && !tag.contains("data:") && !tag.contains("vbscript:"), "{tag}");
            assert!(name != "img" || tag.contains("src=\"/static/"), "{tag}");
            if tag.contains("href=\"http") {
                assert!(tag.contains("rel=\"noopener nofollow ugc\""), "{tag}");
            }
        }
    }
}

#[tokio::test]
async fn the_page_of_a_hostile_record_looks_like_this() {
    insta::assert_snapshot!("practice_hostile", get(&format!("/practices/{HOSTILE}")).await.body);
}

#[tokio::test]
async fn a_language_that_is_none_does_not_leave_its_attribute() {
    let body = get(&format!("/practices/{HOSTILE}")).await.body;
    assert!(body.contains("<h1 lang=\"\" dir=\"auto\">"));
    assert!(!body.contains("onload"));
}

#[tokio::test]
async fn json_says_exactly_what_the_record_says() {
    let json = get(&format!("/api/practices/{HOSTILE}")).await.json();
    assert_eq!(json["title"], HOSTILE_TITLE);
}

#[tokio::test]
async fn what_a_reader_sends_is_escaped_too() {
    let body = get("/?member=%3Cscript%3Ealert(6)%3C/script%3E&theme=%22%20autofocus%20x=%22").await.body;
    assert!(!body.contains("<script") && body.contains("&#60;script&#62;alert(6)"));
    assert!(!body.contains("\" autofocus"));
    let body = get("/practices/%3Cscript%3E").await.body;
    assert!(!body.contains("<script"));
}
