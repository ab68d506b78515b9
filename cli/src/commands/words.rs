//! Small turns of phrase that several commands share: counts, amounts, times and ids as a person reads them.

use nanduti_node::api::{SeriesState, VerifyReply};

use crate::terminal::View;

/// What all CIDs of entries share; a short id is the ten characters after it.
const COMMON_PREFIX: &str = "bafyr4i";
/// Characters of a short id.
const SHORT_CHARS: usize = 10;

/// What is said of a document that not everybody may read.
pub(super) const FOR_MEMBERS: &str = "for members only";

/// Characters of the end of a peer id: the beginning is the same for all.
pub(super) const PEER_CHARS: usize = 8;
/// Width from which whole peer ids are shown.
const PEER_COLUMNS: usize = 130;

/// `1 practice`, `7 practices`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `12 345`: digits in groups of three, with a space, as international standards have it.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `812 B`, `1.4 MB`: decimal units.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut amount = number as f64 / 1000.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if amount < 999.95 {
            break;
        }
        amount /= 1000.0;
        unit = next;
    }
    format!("{amount:.1} {unit}")
}

/// `340 ms`, `2.1 s`, `3 min 20 s`, `5 h 2 min`, `12 d 4 h`.
pub(super) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..60 => format!("{:.1} s", ms as f64 / 1000.0),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// `2026-03-01 14:05 UTC` from RFC 3339 in UTC; anything else as it is.
pub(super) fn minute(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..16), time.ends_with('Z')) {
        (Some(day), Some("T"), Some(clock), true) => format!("{day} {clock} UTC"),
        _ => time.to_owned(),
    }
}

/// The ten characters that a person types, from a whole id.
pub(super) fn short(id: &str) -> &str {
    id.strip_prefix(COMMON_PREFIX).and_then(|rest| rest.get(..SHORT_CHARS)).unwrap_or(id)
}

/// The beginning of a hash or a key, enough to compare at a glance.
pub(super) fn glance(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}

/// A peer id: whole where there is room, else its end, by which `peer block` knows it too.
pub(super) fn peer(id: &str, view: View) -> String {
    let end = id.char_indices().rev().nth(PEER_CHARS - 1).and_then(|(at, _)| id.get(at..)).filter(|end| *end != id);
    match (view.width, end) {
        (Some(width), Some(end)) if width < PEER_COLUMNS => format!("…{end}"),
        _ => id.to_owned(),
    }
}

/// `12 s`, and from a minute as [`duration`].
pub(super) fn uptime(seconds: u64) -> String {
    if seconds < 60 { format!("{seconds} s") } else { duration(seconds * 1000) }
}

/// How a series stands, in a word.
pub(super) fn state(state: SeriesState) -> &'static str {
    match state {
        SeriesState::Current => "current",
        SeriesState::Concurrent => "concurrent",
        SeriesState::Withdrawn => "withdrawn",
    }
}

/// Counts by reason, as `3 × wrong signature, 1 × oversized`.
pub(super) fn tally(reasons: &[(String, u64)]) -> String {
    reasons.iter().map(|(reason, number)| format!("{number} × {reason}")).collect::<Vec<_>>().join(", ")
}

/// Is the store whole?
pub(super) fn is_whole(reply: &VerifyReply) -> bool {
    reply.damage.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1 234 567");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_000), "1.0 kB");
        assert_eq!(bytes(999_960), "1.0 MB");
        assert_eq!(bytes(4_194_304), "4.2 MB");
        assert_eq!(count(1, "practice", "practices"), "1 practice");
    }

    #[test]
    fn times() {
        assert_eq!(duration(340), "340 ms");
        assert_eq!(duration(2_140), "2.1 s");
        assert_eq!(duration(200_000), "3 min 20 s");
        assert_eq!(duration(1_051_200_000), "12 d 4 h");
        assert_eq!(minute("2026-03-01T14:05:09.123Z"), "2026-03-01 14:05 UTC");
        assert_eq!(minute("long ago"), "long ago");
    }

    #[test]
    fn ids() {
        assert_eq!(short("bafyr4iabcdefghijklmnop"), "abcdefghij");
        assert_eq!(short("not a cid"), "not a cid");
        let id = "12D3KooWJ1tDrRvRB9mHsW6vKUuTf3GaVJrXvoqyafYY9yFThV6J";
        assert_eq!(peer(id, View { width: None }), id);
        assert_eq!(peer(id, View { width: Some(80) }), "…9yFThV6J");
        assert_eq!(peer("12D3Koo", View { width: Some(80) }), "12D3Koo");
    }
}
