//! The file as text: encoding, line ends, forbidden characters, and where the front matter ends.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::api::Problem;

/// Bytes of a file: as much as a body may have, so that nothing longer is even parsed.
const FILE_MAX: usize = nanduti_protocol::limits::BODY_MAX;

/// The text of a file.
///
/// # Errors
/// If the bytes are not UTF-8 (a byte order mark at the start is fine).
pub fn decode(bytes: &[u8]) -> Result<String, Problem> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = count_lines(before);
            let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
            let message = if utf16 { "the file is UTF-16, not UTF-8" } else { "the file is not UTF-8" };
            Err(whole(Some(line), message, Some("save it as UTF-8 (in Word: Save as, Plain text, Unicode UTF-8)")))
        }
    }
}

/// A part of the file and the line at which it begins, from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    pub(super) line: u64,
}

/// The text without byte order mark and carriage returns, in NFC. `None` if it is not worth reading on.
pub(super) fn clean<'a>(text: &'a str, problems: &mut Vec<Problem>) -> Option<Cow<'a, str>> {
    if text.len() > FILE_MAX {
        let message = format!("the file has more than {FILE_MAX} bytes");
        problems.push(whole(None, &message, Some("put long documents into attachments or links")));
        return None;
    }
    let mut text = Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text));
    if text.contains('\r') {
        text = Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    let before = problems.len();
    for (place, line) in text.lines().enumerate() {
        if let Some(c) = line.chars().find(|c| c.is_control() && *c != '\t') {
            let message = format!("contains the control character U+{:04X}", u32::from(c));
            problems.push(whole(Some(place as u64 + 1), &message, Some("remove it")));
        }
    }
    if problems.len() > before {
        return None;
    }
    Some(if is_nfc(&text) { text } else { Cow::Owned(text.nfc().collect()) })
}

/// Front matter and body.
pub(super) fn split<'a>(text: &'a str, problems: &mut Vec<Problem>) -> Option<(Part<'a>, Part<'a>)> {
    let mut offset = 0;
    let mut start = None;
    for (place, line) in text.split_inclusive('\n').enumerate() {
        let next = offset + line.len();
        let fence = line.trim_end();
        match start {
            None if fence == "---" => start = Some((next, place as u64 + 2)),
            None if fence.is_empty() => {}
            None => break,
            Some((begin, first)) if fence == "---" || fence == "..." => {
                let front = Part { text: &text[begin..offset], line: first };
                return Some((front, Part { text: &text[next..], line: place as u64 + 2 }));
            }
            Some(_) => {}
        }
        offset = next;
    }
    problems.push(match start {
        None => whole(
            Some(1),
            "there is no front matter",
            Some("begin the file with a line `---`; `nanduti practice template` shows how"),
        ),
        Some((_, line)) => whole(Some(line - 1), "the front matter does not end", Some("close it with a line `---`")),
    });
    None
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

fn whole(line: Option<u64>, message: &str, hint: Option<&str>) -> Problem {
    Problem { field: String::new(), line, message: message.to_owned(), hint: hint.map(str::to_owned) }
}
