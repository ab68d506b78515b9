//! Markdown of a record as HTML that may stand in a page.
//!
//! Two walls, so that a fault in one is not enough: the renderer makes no raw HTML and no images (what was written as HTML
//! is shown as text, an image as its description), then the sanitiser lets only a handful of elements and one attribute
//! through. Headings go below those of the page. Absent: tables, footnotes, anything that GitHub added.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::{Builder, UrlRelative};
use comrak::{
    Arena, Node, Options, format_html,
    nodes::{NodeList, NodeValue},
    parse_document,
};

use super::{
    bounds::{MARKDOWN_BYTES_MAX, MARKDOWN_DEPTH_MAX},
    display,
};

/// Deepest heading of the page above a Markdown text: the name of the field.
const HEADING_ABOVE: u8 = 2;

/// The text as HTML; nothing if it is beyond what is rendered, and then it has to be shown as it is written.
pub(crate) fn render(text: &str) -> Option<String> {
    if text.len() > MARKDOWN_BYTES_MAX {
        return None;
    }
    let arena = Arena::new();
    let mut options = Options::default();
    options.render.escape = true;
    let root = parse_document(&arena, text, &options);
    if deeper_than(root, MARKDOWN_DEPTH_MAX) {
        return None;
    }
    tame(root);
    let mut html = String::new();
    format_html(root, &options, &mut html).ok()?;
    // Last, since Markdown can write any character as an entity.
    Some(display::calm(&SANITISER.clean(&html).to_string()))
}

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from([
            "a",
            "blockquote",
            "br",
            "code",
            "em",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "li",
            "ol",
            "p",
            "pre",
            "strong",
            "ul",
        ]))
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("ol", HashSet::from(["start"]))]))
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener nofollow ugc"))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("a", "href") => display::link(value).map(Cow::Borrowed),
            _ => Some(Cow::Borrowed(value)),
        });
    builder
});

fn deeper_than(root: Node<'_>, most: usize) -> bool {
    let mut here = vec![root];
    for _ in 0..most {
        here = here.into_iter().flat_map(|node| node.children()).collect();
        if here.is_empty() {
            return false;
        }
    }
    true
}

/// Lowers the headings and turns images into their descriptions.
fn tame(root: Node<'_>) {
    let mut images = Vec::new();
    for node in root.descendants() {
        match &mut node.data_mut().value {
            NodeValue::Heading(heading) => heading.level = (heading.level + HEADING_ABOVE).min(6),
            NodeValue::Image(_) => images.push(node),
            // A loose list has a paragraph in each item, which only makes the page longer.
            NodeValue::List(NodeList { tight, .. }) => *tight = true,
            _ => {}
        }
    }
    for image in images {
        while let Some(child) = image.first_child() {
            image.insert_before(child);
        }
        image.detach();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        render(text).expect("within the bounds")
    }

    #[test]
    fn the_subset_is_rendered() {
        insta::assert_snapshot!(
            "markdown_subset",
            html(
                "# One\n\n###### Six\n\nA *word*, a **strong** one, `code`.\nNext line.\n\n- one\n- two\n\n3. three\n\n> said\n\n[link](https://example.org/?a=1&b=2 \"title\") <mailto:m@example.org>"
            )
        );
    }

    #[test]
    fn html_is_shown_as_text() {
        insta::assert_snapshot!(
            "markdown_html",
            html("<script>alert(1)</script>\n\na <b onclick=x>b</b> <img src=x onerror=alert(1)>")
        );
    }

    #[test]
    fn only_safe_links_survive() {
        for bad in [
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt:alert(1))",
            "[a](java&#x0A;script:alert(1))",
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
            "[a](vbscript:x)",
            "[a](//example.org/x)",
            "[a](/practices)",
            "[a](#proof)",
            "[a](<https://example.org/a b>\u{0}x)",
            "<javascript:alert(1)>",
        ] {
            let html = html(bad);
            assert!(!html.contains("href"), "{bad} became {html}");
        }
    }

    #[test]
    fn images_become_their_description() {
        assert_eq!(
            html("before ![a *red* flag](https://example.org/track.gif) after").trim(),
            "<p>before a <em>red</em> flag after</p>"
        );
        assert!(!html("[![x](https://example.org/a.png)](https://example.org)").contains("img"));
    }

    #[test]
    fn overrides_are_not_obeyed() {
        assert!(!html("safe \u{202e}fdp.exe").contains('\u{202e}'));
        assert!(!html("safe &#x202e;fdp.exe").contains('\u{202e}'));
    }

    #[test]
    fn what_is_too_deep_or_too_long_is_left_alone() {
        assert_eq!(render(&"> ".repeat(5_000)), None);
        assert_eq!(render(&format!("{}a", "> ".repeat(2_000))), None);
        assert_eq!(render(&"a".repeat(MARKDOWN_BYTES_MAX + 1)), None);
    }

    #[test]
    fn costly_texts_end_soon() {
        let start = std::time::Instant::now();
        for piece in ["[", "*a ", "`", "<", "![a](", "- ", "&", "[a]: b\n", "**_", "\\"] {
            let _ = render(&piece.repeat(MARKDOWN_BYTES_MAX / piece.len()));
        }
        assert!(start.elapsed().as_secs() < 20, "took {:?}", start.elapsed());
    }
}
