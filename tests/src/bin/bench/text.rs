//! Practices of English words, as large as the measured figures of other systems suppose.

/// The length of a practice's text.
pub(crate) const TEXT_BYTES: usize = 4096;

const WORDS: &str = "the of and to in a for is on that by this with from their rights human recommendation ministry committee \
    report implementation follow mechanism national coordination treaty body review session government parliament civil \
    society municipal office statistics indicator children women persons disability education health justice court law \
    decree plan action progress evidence result lesson training budget cooperation exchange region consultation hearing \
    draft submission deadline focal point authority validation public access information system tool database survey";

/// A practice as the Markdown that publishes it. The same number gives the same text.
pub(crate) fn practice(number: u64) -> String {
    let mut words = Words::new(number);
    let description = words.text(TEXT_BYTES);
    let front = format!(
        "---\ntitle: Practice number {number}\nsummary: A practice made for measuring.\nsource_language: en\nkind: procedure\n\
         maturity: promising\nphase: running\ncapacities: [coordination]\nstrands: [parliament]\nstart: 2020\nevidence:\n  - \
         kind: self-assessment\n    title: None\ncontact: https://example.org/none\nlicence: CC-BY-4.0\nsafety_review:\n  \
         personal_data: true\n  defender_safety: true\n  date: 2026-01-01\n---\n"
    );
    format!("{front}{description}\n\n## Results\n\nNone.\n\n## Lessons\n\nNone.\n")
}

/// Words in a fixed pseudo-random order (xorshift64*).
struct Words {
    state: u64,
    list: Vec<&'static str>,
}

impl Words {
    fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, list: WORDS.split_whitespace().collect() }
    }

    fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            self.state ^= self.state >> 12;
            self.state ^= self.state << 25;
            self.state ^= self.state >> 27;
            let index = (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % self.list.len();
            text.push_str(self.list.get(index).copied().unwrap_or_default());
            text.push(' ');
        }
        text.truncate(bytes - 1);
        text.push('.');
        text
    }
}
