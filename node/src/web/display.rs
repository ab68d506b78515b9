//! A record's values made safe to stand in a page: text that cannot reorder its surroundings, languages, links, moments,
//! and long codes with a short form.
//!
//! Escaping is not here: the templates do it for every value. Nothing here changes what is signed or what the JSON says.

/// Words from a record, in the language of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) text: String,
    /// BCP 47 tag, or empty: then the language is unknown, not the interface's.
    pub(crate) language: String,
}

impl Words {
    pub(crate) fn new(text: &str, language: &str) -> Self {
        Self { text: calm(text), language: language_tag(language) }
    }
}

/// Text without characters that act instead of being read.
///
/// U+202D and U+202E turn the letters after them around, which makes `cod.exe` out of `exe.doc`; no language needs them,
/// unlike the marks and isolates, which stay (the element around the text isolates it). They and the control characters
/// become U+FFFD: one sees that something stood there.
pub(crate) fn calm(text: &str) -> String {
    let acts = |c: char| matches!(c, '\u{202d}' | '\u{202e}') || (c.is_control() && !matches!(c, '\n' | '\t'));
    text.replace("\r\n", "\n").chars().map(|c| if acts(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The tag if it has the shape of one, else nothing.
pub(crate) fn language_tag(tag: &str) -> String {
    let shaped = (2..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if shaped { tag.to_owned() } else { String::new() }
}

/// The address if a page may link to it. The API promises the same; a promise about a stranger's text is checked twice.
pub(crate) fn link(address: &str) -> Option<&str> {
    let lower = address.get(..8).unwrap_or(address).to_ascii_lowercase();
    let known = ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    let clean = !address.chars().any(|c| c.is_control() || c.is_whitespace());
    (known && clean).then_some(address)
}

/// A moment for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) machine: String,
    pub(crate) day: String,
    /// The minute of the day, with `UTC`.
    pub(crate) clock: String,
}

impl Moment {
    /// From RFC 3339 in UTC. What is not of that shape is shown as it is.
    pub(crate) fn new(time: &str) -> Self {
        let whole = calm(time);
        let (day, clock) = match (whole.get(..10), whole.get(11..16)) {
            (Some(day), Some(clock)) if whole.ends_with('Z') => (day.to_owned(), format!("{clock} UTC")),
            _ => (whole.clone(), String::new()),
        };
        Self { machine: whole, day, clock }
    }
}

/// A hash, a key or an id: long, and rarely read to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LongCode {
    pub(crate) full: String,
    pub(crate) short: String,
}

impl LongCode {
    const SHORT: usize = 12;

    pub(crate) fn new(code: &str) -> Self {
        let full = calm(code);
        let short = full.chars().take(Self::SHORT).collect();
        Self { full, short }
    }

    /// An id; its short form is the one that people type, without what all ids share.
    pub(crate) fn of_id(id: &str) -> Self {
        let full = calm(id);
        let short = full.strip_prefix(ID_PREFIX).unwrap_or(&full).chars().take(10).collect();
        Self { full, short }
    }
}

/// What every id in base32 begins with: version, codec and kind of hash. It says nothing that tells two ids apart.
const ID_PREFIX: &str = "bafyr4i";

/// A number with thin groups of three, as people of every language read it.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_and_controls_are_shown_not_obeyed() {
        assert_eq!(calm("a\u{202e}b\u{0}c\r\nd\u{200f}"), "a\u{fffd}b\u{fffd}c\nd\u{200f}");
    }

    #[test]
    fn only_three_schemes_are_links() {
        for good in ["https://example.org/a?b=c", "HTTP://example.org", "mailto:mechanism@example.org"] {
            assert_eq!(link(good), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            " https://example.org",
            "https://a b",
            "data:text/html,x",
            "//example.org",
            "/x",
            "é",
            "",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_tag_is_a_tag_or_nothing() {
        assert_eq!(language_tag("zh-Hans"), "zh-Hans");
        assert_eq!(language_tag("\" onclick=\"x"), "");
        assert_eq!(language_tag("x"), "");
    }

    #[test]
    fn moments_and_numbers() {
        let moment = Moment::new("2026-11-23T20:06:47Z");
        assert_eq!((moment.day.as_str(), moment.clock.as_str()), ("2026-11-23", "20:06 UTC"));
        assert_eq!(Moment::new("soon").day, "soon");
        assert_eq!(Moment::new("20\u{1b}6-11-23T20:06:47Z").day, Moment::new("20\u{fffd}6-11-23T20:06:47Z").day);
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
