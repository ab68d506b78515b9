//! Texts of English words, of one length, and practices made of them.
//!
//! The words are drawn with the frequency that they have in this repository's documents (`words.txt`), so that the texts
//! compress about as English does word by word: zlib makes them 2.1 times smaller.

use std::sync::LazyLock;

use nanduti_protocol::testing::Dice;

/// The length of a practice's text.
pub(crate) const TEXT_BYTES: usize = 4096;

/// Each word as often as it was seen.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lines = include_str!("words.txt").lines().filter_map(|line| line.split_once(' '));
    lines.flat_map(|(times, word)| std::iter::repeat_n(word, times.parse().unwrap_or(0))).collect()
});

/// Words, exactly [`TEXT_BYTES`] of them. The same number gives the same text.
pub(crate) fn text(number: u64) -> String {
    let mut dice = Dice::new(number);
    let mut text = String::with_capacity(TEXT_BYTES + 32);
    while text.len() < TEXT_BYTES {
        text.push_str(dice.pick(&WORDS).copied().unwrap_or_default());
        text.push(' ');
    }
    text.truncate(TEXT_BYTES - 1);
    text.push('.');
    text
}

/// A practice as the Markdown that publishes it, with this summary.
pub(crate) fn practice(number: u64, summary: &str) -> String {
    let description = text(number);
    format!(
        "---\ntitle: Practice number {number}\nsummary: {summary}\nsource_language: en\nkind: procedure\n\
         maturity: promising\nphase: running\ncapacities: [coordination]\nstrands: [parliament]\nstart: 2020\nevidence:\n  - \
         kind: self-assessment\n    title: None\ncontact: https://example.org/none\nlicence: CC-BY-4.0\nsafety_review:\n  \
         personal_data: true\n  defender_safety: true\n  date: 2026-01-01\n---\n{description}\n\n## Results\n\nNone.\n\n\
         ## Lessons\n\nNone.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_length_and_differ() {
        assert_eq!(text(1).len(), TEXT_BYTES);
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn texts_are_no_easier_to_compress_than_english() {
        let texts: String = (0..64).map(text).collect();
        let small = zstd::bulk::compress(texts.as_bytes(), 1).expect("memory is enough");
        let part = small.len() as f64 / texts.len() as f64;
        assert!((0.35..0.55).contains(&part), "{part}");
    }

    #[test]
    fn a_practice_can_be_published() {
        let draft = nanduti_node::authoring::parse(&practice(7, "A summary.")).expect("it is whole");
        assert_eq!(draft.record.text("description").map(str::len), Some(TEXT_BYTES));
    }
}
