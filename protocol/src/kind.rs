//! What an entry says: its kind, and who may read its body.

use alloc::{boxed::Box, string::String};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits;

/// The kind of an entry. Kinds that this version does not know are kept, carried and shown bare.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Entry 0 of a founder's root log: its body is the charter.
    Charter,
    /// Entry 0 of every other log: for which member the key speaks, and for what use.
    Log,
    /// A member's statement of which keys speak for it.
    Keyring,
    /// A revision of a practice.
    Practice,
    /// The withdrawal of a series.
    Withdrawal,
    /// A kind of a later version.
    Other(Box<str>),
}

impl Kind {
    /// Reads the name of a kind: 1 to 32 characters of `a-z 0-9 -`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "charter" => Self::Charter,
            "log" => Self::Log,
            "keyring" => Self::Keyring,
            "practice" => Self::Practice,
            "withdrawal" => Self::Withdrawal,
            other => {
                let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                if other.is_empty() || other.len() > limits::KIND_MAX || !other.bytes().all(allowed) {
                    return None;
                }
                Self::Other(other.into())
            }
        })
    }

    /// The name of the kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Charter => "charter",
            Self::Log => "log",
            Self::Keyring => "keyring",
            Self::Practice => "practice",
            Self::Withdrawal => "withdrawal",
            Self::Other(name) => name,
        }
    }

    /// Does authority, or what may be shown at all, depend on the body? Such bodies are public, cannot be erased, and an
    /// entry of this kind is not verified without its body.
    pub fn needs_body(&self) -> bool {
        matches!(self, Self::Charter | Self::Log | Self::Keyring | Self::Withdrawal)
    }

    /// Does the kind belong into a root log?
    pub fn is_of_root(&self) -> bool {
        matches!(self, Self::Charter | Self::Log | Self::Keyring)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = Kind;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a kind: 1 to 32 characters of a-z, 0-9 and hyphen")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Kind, E> {
                Kind::parse(name).ok_or_else(|| E::invalid_value(de::Unexpected::Other("a kind"), &self))
            }
            fn visit_string<E: de::Error>(self, name: String) -> Result<Kind, E> {
                self.visit_str(&name)
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// Who may read a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Everyone.
    Public,
    /// Members of the network only.
    Members,
}

impl Audience {
    /// The name in an entry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Members => "members",
        }
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// By hand: the codec also takes a derived enumeration for the head of a map without its value (see [`crate::cbor`]), which
/// would be a second spelling of an entry.
impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = Audience;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`public` or `members`")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Audience, E> {
                let known = [Audience::Public, Audience::Members].into_iter().find(|audience| audience.name() == name);
                known.ok_or_else(|| E::invalid_value(de::Unexpected::Other("an audience"), &self))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor;

    #[test]
    fn names_of_kinds_are_bounded() {
        assert_eq!(Kind::parse("practice"), Some(Kind::Practice));
        assert_eq!(Kind::parse("adoption"), Some(Kind::Other("adoption".into())));
        for bad in ["", "Practice", "prac tice", "práctica", &"a".repeat(33)] {
            assert_eq!(Kind::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_audience_is_a_text_and_nothing_else() {
        for audience in [Audience::Public, Audience::Members] {
            assert_eq!(cbor::decode::<Audience>(&cbor::encode(&audience)), Ok(audience));
        }
        for bad in [b"\xa1\x66public".as_slice(), b"\xa1\x66public\xf6", b"\x46public", b"\x66Public", b"\x65other"] {
            assert!(cbor::decode::<Audience>(bad).is_err(), "{bad:02x?}");
        }
    }
}
