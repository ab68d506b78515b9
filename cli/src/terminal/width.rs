//! Lengths as a terminal counts them: columns, not bytes and not characters. A Chinese character takes two columns, an
//! Arabic vowel sign none, and a cut never falls inside what a reader sees as one character.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that `text` takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// `text` in at most `limit` columns, with `…` where something was cut.
pub(crate) fn truncate(text: &str, limit: usize) -> String {
    if columns(text) <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub(1);
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let next = used + columns(grapheme);
        if next > room {
            break;
        }
        cut.push_str(grapheme);
        used = next;
    }
    let mut cut = cut.trim_end().to_owned();
    if limit > 0 {
        cut.push('…');
    }
    cut
}

/// `text` in lines of at most `limit` columns, broken between words where there are words, else between characters.
/// Line ends stay; a line that wraps goes on under its own indent, and under the text of a list item.
pub(crate) fn wrap(text: &str, limit: usize) -> Vec<String> {
    text.trim_end().split('\n').flat_map(|line| wrap_line(line, limit)).collect()
}

/// Marks that do not begin a line.
const CLOSING: &str = "、。，．：；！？）］｝」』】》〉…)]},.;:!?»”’";

fn wrap_line(line: &str, limit: usize) -> Vec<String> {
    if columns(line) <= limit {
        return vec![line.trim_end().to_owned()];
    }
    let indent = hanging_indent(line).min(limit / 2);
    let mut lines = Vec::new();
    let mut current = String::new();
    for piece in unbreakable(line).into_iter().flat_map(|part| pieces(part, limit.saturating_sub(indent).max(1))) {
        if columns(&current) + columns(piece.trim_end()) > limit && !current.trim().is_empty() {
            lines.push(current.trim_end().to_owned());
            current = " ".repeat(indent);
        }
        current.push_str(piece);
    }
    if !current.trim().is_empty() {
        lines.push(current.trim_end().to_owned());
    }
    lines
}

/// Parts between which a line may be broken: after spaces, and around the characters of scripts that write without them,
/// though never before a mark that closes.
fn unbreakable(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut before: Option<&str> = None;
    for (at, grapheme) in line.grapheme_indices(true) {
        let is_blank = |text: &str| text.trim().is_empty();
        let breaks = before.is_some_and(|before| {
            let after_space = is_blank(before) && !is_blank(grapheme);
            let is_wide = columns(before) == 2 || columns(grapheme) == 2;
            after_space || (is_wide && !is_blank(grapheme) && !CLOSING.contains(grapheme))
        });
        // An indent belongs to what it indents.
        if breaks && !line[start..at].trim().is_empty() {
            parts.push(&line[start..at]);
            start = at;
        }
        before = Some(grapheme);
    }
    parts.push(&line[start..]);
    parts
}

/// A word, or a word longer than a line cut where it must be.
fn pieces(word: &str, limit: usize) -> Vec<&str> {
    if columns(word) <= limit {
        return vec![word];
    }
    let mut pieces = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, grapheme) in word.grapheme_indices(true) {
        let width = columns(grapheme);
        if used + width > limit && at > start {
            pieces.push(&word[start..at]);
            (start, used) = (at, 0);
        }
        used += width;
    }
    pieces.push(&word[start..]);
    pieces
}

fn hanging_indent(line: &str) -> usize {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let item = line.trim_start_matches(' ');
    let marker = match item.split_once(' ') {
        Some((marker @ ("-" | "*" | "+"), _)) => marker.len() + 1,
        Some((marker, _)) if is_number_marker(marker) => marker.len() + 1,
        _ => 0,
    };
    indent + marker
}

fn is_number_marker(marker: &str) -> bool {
    marker.len() <= 4
        && marker
            .strip_suffix(['.', ')'])
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncation_counts_columns() {
        assert_eq!(truncate("National plan", 13), "National plan");
        assert_eq!(truncate("National plan", 10), "National…");
        assert_eq!(truncate("人权行动计划", 7), "人权行…");
        assert_eq!(columns(&truncate("人权行动计划", 8)), 7, "a half of a wide character is not shown");
        assert_eq!(truncate("x", 0), "");
    }

    #[test]
    fn marks_take_no_column_and_stay_with_their_letter() {
        let arabic = "حُقُوق الإنسان";
        assert!(columns(arabic) < arabic.chars().count());
        assert_eq!(truncate(arabic, columns(arabic)), arabic);
        let cut = truncate("e\u{301}e\u{301}e\u{301}e\u{301}", 3);
        assert_eq!(cut, "e\u{301}e\u{301}…");
    }

    #[test]
    fn wrapping_keeps_indents_and_lists() {
        assert_eq!(wrap("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("- one two three\n  four", 9), ["- one two", "  three", "  four"]);
        assert_eq!(wrap("人权行动计划", 4), ["人权", "行动", "计划"]);
        assert_eq!(wrap("a\n\nb\n\n", 9), ["a", "", "b"]);
        assert_eq!(wrap("https://example.org/a/long/address", 10), ["https://ex", "ample.org/", "a/long/add", "ress"]);
    }

    #[test]
    fn marks_that_close_stay_with_what_they_close() {
        assert_eq!(wrap("It is not right, every one.", 15), ["It is not", "right, every", "one."]);
        assert_eq!(wrap("人权行动，计划。", 8), ["人权行", "动，计", "划。"]);
    }

    #[test]
    fn no_line_is_too_long() {
        for limit in 1..30 {
            for line in wrap("12. Die Rechtsbehelfsbelehrung für 人权行动计划 und e\u{301}cole.", limit.max(4)) {
                assert!(columns(&line) <= limit.max(4), "{limit}: {line:?}");
            }
        }
    }
}
