//! A second opinion on a page: a reader of tags that shares no code with what makes or sanitises them.
//!
//! It knows how a page is serialised: tags with quoted attributes, everything else escaped. Whatever it cannot read as that, it
//! refuses, so it can be far simpler than a browser.

/// Elements that no stranger's text may bring about, and that no page of ours has.
const FORBIDDEN: [&str; 11] =
    ["script", "iframe", "object", "embed", "base", "style", "svg", "math", "video", "audio", "template"];

/// Panics if the page could run anything, load anything from elsewhere, or reorder the text around what it shows.
pub(crate) fn check(html: &str, elements: Option<&[&str]>) {
    for c in html.chars() {
        let acts = matches!(c, '\u{202d}' | '\u{202e}') || (c.is_control() && !matches!(c, '\n' | '\t'));
        assert!(!acts, "{c:?} in {html}");
    }
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        rest = match rest.strip_prefix("!DOCTYPE html>").or_else(|| rest.strip_prefix("!doctype html>")) {
            Some(after) => after,
            None => tag(rest, elements),
        };
    }
}

/// Reads one tag behind its `<`; returns what follows it.
fn tag<'a>(text: &'a str, elements: Option<&[&str]>) -> &'a str {
    let closing = text.starts_with('/');
    let text = text.strip_prefix('/').unwrap_or(text);
    let (name, mut rest) = word(text);
    assert!(!name.is_empty(), "a tag without a name: {text:.60}");
    assert!(!FORBIDDEN.contains(&name), "<{name}>");
    assert!(elements.is_none_or(|known| known.contains(&name)), "<{name}> is none of {elements:?}");
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')) {
            return after;
        }
        assert!(!closing, "a closing tag with more than its name: {text:.60}");
        let (attribute, after) = word(rest);
        assert!(!attribute.is_empty(), "no attribute: {rest:.60}");
        rest = after;
        let mut value = "";
        if let Some(after) = rest.strip_prefix("=\"") {
            (value, rest) = after.split_once('"').expect("a quoted value ends");
        } else {
            assert!(!rest.starts_with('='), "a value without quotes: {rest:.60}");
        }
        check_attribute(name, attribute, value);
    }
}

fn check_attribute(element: &str, name: &str, value: &str) {
    assert!(!name.starts_with("on"), "{element} {name}");
    assert!(!["style", "srcdoc", "formaction"].contains(&name), "{element} {name}");
    assert!(!value.contains('<'), "{element} {name} {value}");
    if ["href", "src", "action"].contains(&name) {
        let lower = value.to_ascii_lowercase();
        let own = (value.starts_with('/') && !value.starts_with("//")) || value.starts_with('#');
        let known = ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
        assert!(own || known, "{element} {name}={value}");
        assert!(name == "href" || own, "{element} loads {value}");
    }
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == ':')).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::check;

    #[test]
    fn what_is_harmless_passes_and_what_is_not_does_not() {
        for good in [
            "<!DOCTYPE html><p class=\"a\">1 &lt; 2</p><br/><input disabled>",
            "<a href=\"https://example.org/?a&amp;b\" rel=\"nofollow\">x</a><a href=\"/practices\">y</a>",
        ] {
            check(good, None);
        }
        for bad in [
            "<script>alert(1)</script>",
            "<p onclick=\"x\">",
            "<a href=\"javascript:alert(1)\">",
            "<a href=\"java&#115;cript:alert(1)\">",
            "<a href=\"//example.org\">",
            "<a href=x>",
            "<p style=\"x\">",
            "<link href=\"/x\" src=\"https://example.org\">",
            "1 < 2",
            "a\u{202e}b",
        ] {
            assert!(catch_unwind(|| check(bad, None)).is_err(), "{bad}");
        }
        assert!(catch_unwind(|| check("<em>x</em>", Some(&["p"]))).is_err());
    }
}
