//! What a text may not contain, whoever may read it.
//!
//! Control characters have no meaning in a record and can lie to a terminal. Characters that turn the direction of writing
//! can make a line read as something that it does not say; in one line they are refused, in paragraphs only the two that
//! override the direction of every letter. Marks (LRM, RLM, ALM) are needed in Arabic and Hebrew and are always allowed.

use alloc::{format, string::String, vec::Vec};

use super::Problem;

/// Is this a control character, or one that is no character at all?
pub(super) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{fdd0}'..='\u{fdef}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// Does this embed, isolate or override the direction of writing?
pub(super) fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Names everything in a text that may not be there. `lines`: may it have several?
pub(super) fn check(path: &str, text: &str, lines: bool, problems: &mut Vec<Problem>) {
    let control = text.chars().find(|c| is_control(*c) && !(lines && matches!(c, '\n' | '\t')));
    if let Some(c) = control {
        let message = match c {
            '\n' => String::from("has more than one line"),
            '\r' => String::from("has a carriage return: lines end with a line feed alone"),
            c => format!("contains the control character {}", name(c)),
        };
        problems.push(Problem::error(path, message).hint("remove it"));
    }
    let turned = text.chars().find(|c| turns_direction(*c) && (!lines || matches!(c, '\u{202d}' | '\u{202e}')));
    if let Some(c) = turned {
        let message = format!("contains {}, which can make text read as what it does not say", name(c));
        problems.push(Problem::error(path, message).hint("remove it; the direction of each line is found by itself"));
    }
    if text.trim() != text {
        problems.push(Problem::error(path, "begins or ends with white space").hint("remove it"));
    }
}

fn name(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str, lines: bool) -> usize {
        let mut problems = Vec::new();
        check("title", text, lines, &mut problems);
        problems.len()
    }

    #[test]
    fn spoofing_and_control_characters_are_refused() {
        for bad in ["a\0b", "a\u{202e}b", "a\u{2066}b", "a\nb", "a\u{1b}[31mb", " a", "a\u{feff}", "a\u{e0041}"] {
            assert_eq!(errors(bad, false), 1, "{bad:?}");
        }
        for good in ["", "a", "سلام\u{200f}", "a\u{200d}b", "\u{10ffff}"] {
            assert_eq!(errors(good, false), 0, "{good:?}");
        }
    }

    #[test]
    fn paragraphs_may_isolate_but_not_override() {
        assert_eq!(errors("a\n\n\u{2068}b\u{2069}\tc", true), 0);
        assert_eq!(errors("a\u{202d}b", true), 1);
        assert_eq!(errors("a\r\nb", true), 1);
    }
}
