//! Text from other members is untrusted: it may hold sequences that move the cursor, recolour the screen, set the
//! title of the window, or turn the direction of reading so that a line seems to say something else.
//!
//! Everything that a reply holds passes through here before it is laid out, all at once, so that no single renderer can
//! forget it. What is dangerous is shown as `\u{202e}`, not dropped: a reader should see that something was there.
//! Kept are the marks that ordinary Arabic, Hebrew, Persian and Indic text needs (LRM, RLM, ALM, ZWJ, ZWNJ), and the space
//! without a width where Thai, Lao, Burmese and Khmer words meet. Elsewhere such a space only makes two names look like one.
//!
//! Absent on purpose: HTML and Markdown. A terminal does not interpret them.

use std::borrow::Cow;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The space without a width.
const NO_WIDTH: char = '\u{200b}';

/// Text of several lines: line ends and tabs stay, carriage returns before a line end go.
pub(crate) fn text(untrusted: &str) -> Cow<'_, str> {
    if !untrusted.chars().any(|c| c == '\t' || c == NO_WIDTH || is_dangerous(c)) {
        return Cow::Borrowed(untrusted);
    }
    let mut clean = String::with_capacity(untrusted.len() + 8);
    let mut rest = untrusted.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let joins = has_no_spaces(std::mem::replace(&mut before, c)) || rest.peek().copied().is_some_and(has_no_spaces);
        match c {
            NO_WIDTH if joins => clean.push(c),
            NO_WIDTH => clean.extend(c.escape_unicode()),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\t' => clean.push_str("    "),
            c if is_dangerous(c) => clean.extend(c.escape_unicode()),
            c => clean.push(c),
        }
    }
    Cow::Owned(clean)
}

/// Text for one line: the same, and line ends become spaces.
pub(crate) fn line(untrusted: &str) -> String {
    text(untrusted).split('\n').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// One line of several that belong together: as [`line()`], and set in as it was.
pub(crate) fn item(untrusted: &str) -> String {
    let indent = untrusted.chars().take_while(|c| *c == ' ').take(8).count();
    format!("{:indent$}{}", "", line(untrusted))
}

/// A whole reply, every string in it cleaned.
pub(crate) fn reply<T: Serialize + DeserializeOwned>(reply: &T) -> Result<T, serde_json::Error> {
    let mut value = serde_json::to_value(reply)?;
    clean_value(&mut value);
    serde_json::from_value(value)
}

/// A JSON document whose strings cannot act on a terminal. It says the same: JSON allows any character to be written as
/// `\uXXXX`, and outside of strings no such character occurs.
pub(crate) fn json(document: &str) -> Cow<'_, str> {
    if !document.chars().any(is_dangerous) {
        return Cow::Borrowed(document);
    }
    let mut clean = String::with_capacity(document.len() + 8);
    for c in document.chars() {
        if is_dangerous(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                clean.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            clean.push(c);
        }
    }
    Cow::Owned(clean)
}

fn clean_value(value: &mut Value) {
    match value {
        Value::String(string) => {
            if let Cow::Owned(clean) = text(string) {
                *string = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean_value),
        Value::Object(fields) => {
            if fields.keys().any(|name| name.chars().any(is_dangerous)) {
                *fields = std::mem::take(fields).into_iter().map(|(k, v)| (text(&k).into_owned(), v)).collect();
            }
            fields.iter_mut().for_each(|(_, value)| clean_value(value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Is this of a script that writes words without spaces between them, and so marks where they meet?
fn has_no_spaces(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// Can this character do something other than stand for itself? Line ends are not counted: where they matter, `line`
/// takes them out.
fn is_dangerous(c: char) -> bool {
    match c {
        '\n' => false,
        // C0, DEL and C1 controls.
        c if c.is_control() => true,
        // Embeddings, overrides and isolates: one left open turns the rest of our own line.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // Line and paragraph separators, joiners and operators that nobody sees, deprecated format controls, interlinear annotations, byte order mark, tags.
        '\u{2028}'
        | '\u{2029}'
        | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{feff}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_of_any_script_is_untouched() {
        let samples =
            ["Plano nacional «direitos»", "خطة العمل\u{200f} ٢٠٢٤", "می\u{200c}خواهم", "人权行动计划", "क्\u{200d}ष"];
        for sample in samples {
            assert!(matches!(text(sample), Cow::Borrowed(_)), "{sample:?}");
            assert_eq!(line(sample), sample);
        }
    }

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(text("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(text("a\u{9b}2Jb\u{7f}"), "a\\u{9b}2Jb\\u{7f}");
        assert_eq!(text("\u{1b}]0;owned\u{7}"), "\\u{1b}]0;owned\\u{7}");
        assert_eq!(text("over\rwritten\u{8}"), "over\\u{d}written\\u{8}");
    }

    #[test]
    fn direction_overrides_are_shown() {
        assert_eq!(text("PRY\u{202e}YRP\u{2066}x\u{2069}"), "PRY\\u{202e}YRP\\u{2066}x\\u{2069}");
        assert_eq!(text("tag\u{e0041}"), "tag\\u{e0041}");
    }

    #[test]
    fn what_nobody_sees_is_shown_but_where_a_script_needs_it() {
        assert_eq!(line("Kenya\u{200b}"), "Kenya\\u{200b}");
        assert_eq!(line("\u{200b}Ke\u{2060}nya"), "\\u{200b}Ke\\u{2060}nya");
        let khmer = "ផែនការ\u{200b}សកម្មភាព";
        assert_eq!(line(khmer), khmer);
    }

    #[test]
    fn lines_are_kept_in_text_and_joined_in_a_line() {
        assert_eq!(text("one\r\ntwo\tthree\n"), "one\ntwo    three\n");
        assert_eq!(line("one\r\n  two\n\nthree\n"), "one two three");
        assert_eq!(line("one\u{2028}two"), "one\\u{2028}two");
    }

    #[test]
    fn a_reply_is_cleaned_at_any_depth() {
        let dirty = serde_json::json!({"a": ["\u{1b}[31m", {"b\u{202e}": "x\u{202e}"}], "n": 3});
        let clean = reply(&dirty).unwrap();
        assert_eq!(clean, serde_json::json!({"a": ["\\u{1b}[31m", {"b\\u{202e}": "x\\u{202e}"}], "n": 3}));
    }

    #[test]
    fn json_stays_the_same_document() {
        let value = serde_json::json!({"title": "x\u{202e}y\u{9b}\u{e0041}\u{1b}\n"});
        let written = serde_json::to_string_pretty(&value).unwrap();
        let safe = json(&written);
        assert!(safe.is_ascii());
        assert_eq!(serde_json::from_str::<Value>(&safe).unwrap(), value);
    }
}
