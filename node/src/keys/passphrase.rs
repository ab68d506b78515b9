//! The words that open a root key.
//!
//! A passphrase is a sequence of bytes exactly as they were typed, without normalisation: OpenSSL does the same, and
//! what one of the two encrypts the other must open. So a passphrase of plain letters travels best between keyboards.
//!
//! A new key is refused a passphrase of fewer than eight characters, which any attacker tries within the hour, or of
//! more than 1,000 bytes, which OpenSSL would cut. Opening asks neither question: the file may have been made elsewhere.
//!
//! Invariants: the bytes are overwritten when dropped and never shown by `Debug`.
//!
//! Absent: asking for it. The terminal belongs to the command line.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use pkcs8::der::zeroize::{Zeroize, Zeroizing};

use super::error::KeyError;

/// The shortest passphrase that a new key is encrypted with, in characters.
pub const PASSPHRASE_CHARS_MIN: usize = 8;

/// The longest, in bytes: OpenSSL reads no more than 1,024.
pub const PASSPHRASE_BYTES_MAX: usize = 1000;

/// A passphrase, wiped when dropped.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase as it was typed.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The first line of a file, without the end of the line.
    pub fn read_file(path: &Path) -> io::Result<Self> {
        let limit = PASSPHRASE_BYTES_MAX + 2;
        // One allocation of the full size: a string that grows leaves copies of itself behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 1));
        File::open(path)?.take(limit as u64).read_to_end(&mut bytes)?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok(text) => Ok(Self::new(text.to_owned())),
            Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "the passphrase is not UTF-8 text")),
        }
    }

    /// Whether a new key may be encrypted with it.
    pub fn check(&self) -> Result<(), KeyError> {
        let chars = self.0.chars().count();
        if chars < PASSPHRASE_CHARS_MIN {
            return Err(KeyError::PassphraseShort { chars });
        }
        if self.0.len() > PASSPHRASE_BYTES_MAX {
            return Err(KeyError::PassphraseLong { bytes: self.0.len() });
        }
        Ok(())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Clone for Passphrase {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl From<String> for Passphrase {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Passphrase {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(hidden)")
    }
}

impl PartialEq for Passphrase {
    /// For asking twice at a terminal; no secret is compared with what an attacker sends.
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Passphrase {}

impl Zeroize for Passphrase {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_shown() {
        assert!(!format!("{:?}", Passphrase::from("correct horse")).contains("horse"));
    }

    #[test]
    fn length_is_counted_in_characters_and_bytes() {
        assert!(matches!(Passphrase::from("sieben7").check(), Err(KeyError::PassphraseShort { chars: 7 })));
        assert!(Passphrase::from("كلمة سرية").check().is_ok());
        assert!(Passphrase::from("á".repeat(500).as_str()).check().is_ok());
        let long = Passphrase::from("á".repeat(501).as_str());
        assert!(matches!(long.check(), Err(KeyError::PassphraseLong { bytes: 1002 })));
    }

    #[test]
    fn a_file_gives_its_first_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        for (text, expected) in [("a b\n", "a b"), ("a b", "a b"), ("a\r\nb\n", "a"), (" a \n", " a "), ("", "")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Passphrase::read_file(&path).unwrap(), Passphrase::from(expected), "{text:?}");
        }
        std::fs::write(&path, [0xff, b'\n']).unwrap();
        assert!(Passphrase::read_file(&path).is_err());
        assert!(Passphrase::read_file(dir.path()).is_err());
    }
}
