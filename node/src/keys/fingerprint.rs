//! A key that can be read out over the telephone.
//!
//! Two institutions that found a network together compare each other's keys by voice. Sixty-four hexadecimal digits are
//! too many to read and too easy to skim, so a fingerprint is seven *proquints*: pronounceable groups of five letters,
//! consonant vowel consonant vowel consonant, each of 16 bits (D. S. Wilkerson, "A Proposal for Proquints", 2009).
//!
//! ```text
//! hash        = BLAKE3 in key derivation mode, context "nanduti/fingerprint/1", key material = the 32-byte public key
//! fingerprint = the first 14 bytes of hash, two by two, most significant first
//! group       = b d f g h j k l m n p r s t v z  for 4 bits,  a i o u  for 2 bits:  4 2 4 2 4
//! ```
//!
//! 112 bits are compared, so finding another key with the same fingerprint takes some 2^112 trials. Nobody needs to
//! defend against two keys of one maker that share a fingerprint: each speaks for the same institution.
//!
//! Absent: checksums. A fingerprint is compared as a whole, never typed in instead of a key.

use std::fmt;
use std::str::FromStr;

/// The context of the hash; another version of the format gets another.
const CONTEXT: &str = "nanduti/fingerprint/1";

const GROUPS: usize = 7;
const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aiou";

/// What people compare in place of a public key: 112 bits, seven pronounceable groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u16; GROUPS]);

impl Fingerprint {
    /// The fingerprint of an Ed25519 public key.
    pub fn of(public_key: &[u8; 32]) -> Self {
        let hash = blake3::derive_key(CONTEXT, public_key);
        let mut groups = [0; GROUPS];
        for (group, pair) in groups.iter_mut().zip(hash.chunks_exact(2)) {
            *group = u16::from_be_bytes([pair[0], pair[1]]);
        }
        Self(groups)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Vec<String> = self.0.iter().copied().map(spell).collect();
        f.pad(&text.join("-"))
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads what a person wrote down: capitals, and blanks in place of hyphens, are no difference.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let mut groups = [0; GROUPS];
        let mut words = text.split(|c: char| c == '-' || c.is_whitespace()).filter(|word| !word.is_empty());
        for group in &mut groups {
            let word = words.next().ok_or(FingerprintError::Length)?;
            *group = read(word).ok_or_else(|| FingerprintError::Group(word.chars().take(20).collect()))?;
        }
        if words.next().is_some() {
            return Err(FingerprintError::Length);
        }
        Ok(Self(groups))
    }
}

/// Why a text is not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// It has fewer or more groups.
    #[error("a fingerprint has seven groups of five letters")]
    Length,
    /// One group cannot be read.
    #[error("`{0}` is not a group of a fingerprint")]
    Group(String),
}

fn spell(group: u16) -> String {
    let consonant = |shift: u32| char::from(CONSONANTS[usize::from(group >> shift & 0xf)]);
    let vowel = |shift: u32| char::from(VOWELS[usize::from(group >> shift & 0x3)]);
    [consonant(12), vowel(10), consonant(6), vowel(4), consonant(0)].into_iter().collect()
}

fn read(word: &str) -> Option<u16> {
    let letters: [u8; 5] = word.as_bytes().try_into().ok()?;
    let mut group = 0;
    for (place, letter) in letters.iter().enumerate() {
        let (alphabet, bits): (&[u8], u32) = if place % 2 == 0 { (CONSONANTS, 4) } else { (VOWELS, 2) };
        let value = alphabet.iter().position(|known| *known == letter.to_ascii_lowercase())?;
        group = group << bits | u16::try_from(value).ok()?;
    }
    Some(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn groups_are_those_of_the_proposal() {
        // 127.0.0.1, 63.84.220.193 and 216.35.68.215 in the paper.
        let spelt: Vec<String> = [0x7f00, 0x0001, 0x3f54, 0xdcc1, 0xd823, 0x44d7].into_iter().map(spell).collect();
        assert_eq!(spelt, ["lusab", "babad", "gutih", "tugad", "tobog", "higil"].map(String::from));
    }

    #[test]
    fn vectors() {
        let of = |byte: u8| Fingerprint::of(&[byte; 32]).to_string();
        insta::assert_snapshot!(format!("{}\n{}\n{}", of(0), of(1), of(255)), @r#"
        vovig-dosob-fipik-doboj-dorin-panom-musur
        budav-lofiz-dupoh-todir-vojip-kilit-kovul
        mahoz-tonih-dirim-tubab-luzot-nasup-sodal
        "#);
    }

    #[test]
    fn what_was_written_down_is_read() {
        let fingerprint = Fingerprint::of(&[7; 32]);
        let written = format!("  {} ", fingerprint.to_string().to_uppercase().replace('-', "  "));
        assert_eq!(written.parse(), Ok(fingerprint));
    }

    #[test]
    fn nonsense_is_named() {
        assert_eq!("".parse::<Fingerprint>(), Err(FingerprintError::Length));
        let eight = "lusab-babad-gutih-tugad-lusab-babad-gutih-tugad";
        assert_eq!(eight.parse::<Fingerprint>(), Err(FingerprintError::Length));
        let wrong = "lusab-babad-gutih-tugad-xusab-babad-gutih";
        assert_eq!(wrong.parse::<Fingerprint>(), Err(FingerprintError::Group("xusab".into())));
    }

    proptest! {
        #[test]
        fn every_group_comes_back(group: u16) {
            prop_assert_eq!(read(&spell(group)), Some(group));
        }

        #[test]
        fn every_fingerprint_comes_back(key: [u8; 32]) {
            let fingerprint = Fingerprint::of(&key);
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<Fingerprint>();
        }
    }
}
