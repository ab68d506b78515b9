//! "Did you mean": the nearest of some names by edit distance.
//!
//! Case and the choice between space, hyphen and underscore do not count. A suggestion that is wrong is worse than none, so
//! the distance allowed grows slowly with the length.

use alloc::vec::Vec;

/// Longer input is never a slip of the finger, and the work is the product of both lengths.
const LONGEST: usize = 80;

/// The value of the name nearest to `typo`, if one is near enough. The first wins among equals.
pub(super) fn closest<'a>(typo: &str, names: impl Iterator<Item = (&'a str, &'a str)>) -> Option<&'a str> {
    let typo = fold(typo);
    if typo.is_empty() || typo.len() > LONGEST {
        return None;
    }
    let allowed = (typo.len() / 3).clamp(1, 4);
    let mut best: Option<(usize, &str)> = None;
    for (name, value) in names {
        let name = fold(name);
        if name.len().abs_diff(typo.len()) > allowed {
            continue;
        }
        let found = distance(&typo, &name);
        if found <= allowed && best.is_none_or(|(least, _)| found < least) {
            best = Some((found, value));
        }
    }
    best.map(|(_, value)| value)
}

fn fold(text: &str) -> Vec<char> {
    let plain = text.trim().chars().take(LONGEST + 1).flat_map(char::to_lowercase);
    plain.map(|c| if matches!(c, ' ' | '_') { '-' } else { c }).collect()
}

/// Optimal string alignment: insertions, deletions, substitutions, and two neighbours that changed places, are one each.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, from) in a.iter().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        let mut before = None;
        for (j, to) in b.iter().enumerate() {
            let at = |cells: &[usize], place: usize| cells.get(place).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&row, j) + usize::from(from != to)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if j > 0 && last == Some(to) && before == Some(from) {
                best = best.min(at(&above, j - 1) + 1);
            }
            next.push(best);
            before = Some(to);
        }
        above = core::mem::replace(&mut row, next);
        last = Some(from);
    }
    row.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn distances() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("titel", "title", 1),
            ("ab", "ba", 1),
            ("a", "a", 0),
        ] {
            assert_eq!(distance(&chars(a), &chars(b)), expected, "{a} {b}");
        }
        assert_eq!(fold(" Self_Assessment "), chars("self-assessment"));
        assert_eq!(closest("x", vec![("xylophone", "1")].into_iter()), None);
    }
}
