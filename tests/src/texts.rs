//! Practices to publish, invented, with nothing in them that could be mistaken for a State's word.

use std::path::Path;

/// A practice as its author's file. `length` is roughly how many characters its description has.
pub fn practice(title: &str, length: usize) -> String {
    const SENTENCE: &str = "Each body names a focal point, and somebody else who validates what it sends. ";
    let description = SENTENCE.repeat(length.div_ceil(SENTENCE.len()).max(1));
    format!(
        "---
title: {title}
summary: Invented for a test.
source_language: en
kind: [procedure]
maturity: promising
phase: running
capacities: [coordination]
strands: [parliament]
start: 2019-03
evidence:
  - kind: self-assessment
    title: A test
    url: https://example.org/test
contact: https://example.org/contact
licence: CC0-1.0
safety_review:
  personal_data: true
  defender_safety: true
  date: 2026-01-01
---

{description}

## Results

It was read.

## Lessons

Begin small.
"
    )
}

/// The bytes of a file, taken out of their compression where it is compressed: what somebody finds who looks for words in it.
///
/// # Panics
/// If it cannot be read, or is not what its name says.
pub fn unpacked(file: &Path) -> Vec<u8> {
    let bytes = std::fs::read(file).expect("a file of the test can be read");
    if file.extension().is_some_and(|ending| ending == "zst") {
        zstd::stream::decode_all(bytes.as_slice()).expect("it is compressed as its name says")
    } else {
        bytes
    }
}
