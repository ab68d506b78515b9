//! Names of those who speak: public keys and members.

use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{hash::Bytes32, limits};

/// An Ed25519 public key. For root and publishing keys it is also the name of the log that the key writes.
///
/// Any 32 bytes can stand here: whether they are a point of the curve shows when a signature is checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key with these bytes (RFC 8032, section 5.1.5).
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal, 64 characters.
    pub fn to_hex(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }

    /// The key written in hexadecimal.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl From<&ed25519_dalek::SigningKey> for PublicKey {
    fn from(key: &ed25519_dalek::SigningKey) -> Self {
        Self(key.verifying_key().to_bytes())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_hex().get(..12).unwrap_or_default())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes32).map(Self)
    }
}

/// The short id of a member: `PRY`, or `PRY-DGDH` where a State has several bodies.
///
/// Three capital letters (ISO 3166-1 alpha-3), then optionally a hyphen and one to twelve capital letters or digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MemberId(String);

/// A text is not the id of a member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a member id: three capital letters, then optionally a hyphen and up to twelve letters or digits")]
pub struct BadMemberId(String);

impl MemberId {
    /// Reads an id.
    ///
    /// # Errors
    /// If the text does not have the form.
    pub fn parse(text: &str) -> Result<Self, BadMemberId> {
        let (state, suffix) = match text.split_once('-') {
            Some((state, suffix)) => (state, Some(suffix)),
            None => (text, None),
        };
        let state_ok = state.len() == 3 && state.bytes().all(|byte| byte.is_ascii_uppercase());
        let suffix_ok = suffix.is_none_or(|suffix| {
            !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        });
        if state_ok && suffix_ok && text.len() <= limits::MEMBER_ID_MAX {
            Ok(Self(text.to_string()))
        } else {
            Err(BadMemberId(text.chars().take(40).collect()))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The State's part of the id.
    pub fn state(&self) -> &str {
        self.0.get(..3).unwrap_or_default()
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MemberId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_ids_have_one_form() {
        for good in ["PRY", "PRY-DGDH", "WSM-1", "KEN-ABCDEFGHIJKL"] {
            assert_eq!(MemberId::parse(good).map(|id| id.to_string()), Ok(good.to_string()));
        }
        for bad in ["", "PR", "pry", "PRYX", "PRY-", "PRY-a", "PRY-ABCDEFGHIJKLM", "PRY-A-B", "PÑY"] {
            assert!(MemberId::parse(bad).is_err(), "{bad}");
        }
    }
}
