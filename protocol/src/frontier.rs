//! The frontier: for every log, how far the part that counts reaches, and the fork proofs known.
//!
//! Two nodes that hold the same frontier hold the same library. They find out by comparing one digest; if it differs, they
//! narrow down by prefixes of the log keys, sixteen ways at a time, until they know the logs that differ. Heads are compared by
//! hash, never by counters alone.

use alloc::{collections::BTreeMap, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{hash::Hash, key::PublicKey};

/// How far a log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The next place: the number of entries that count.
    pub next: u64,
    /// Hash of the last entry that counts; the network id if there is none.
    pub head: Hash,
    /// The lowest fork known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<ForkMark>,
}

/// A fork, as it is carried: the lowest place at which two entries are known, and their two smallest hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkMark {
    /// The place.
    pub seq: u64,
    /// The smaller hash.
    pub low: Hash,
    /// The larger hash.
    pub high: Hash,
}

/// The positions of all logs, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier(BTreeMap<PublicKey, Position>);

impl Frontier {
    /// Sets the position of a log. A log of which nothing counts and no fork is known is not part of the frontier.
    pub fn set(&mut self, log: PublicKey, position: Position) {
        if position.next == 0 && position.fork.is_none() {
            self.0.remove(&log);
        } else {
            self.0.insert(log, position);
        }
    }

    /// The position of a log.
    pub fn position(&self, log: &PublicKey) -> Option<&Position> {
        self.0.get(log)
    }

    /// All positions, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&PublicKey, &Position)> {
        self.0.iter()
    }

    /// How many logs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// No log at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The digest of the whole frontier.
    pub fn digest(&self) -> Hash {
        self.digest_of(Prefix::ROOT)
    }

    /// The digest of the logs below a prefix: BLAKE3 of their leaves in the order of their keys. Nothing gives the hash of
    /// nothing.
    pub fn digest_of(&self, prefix: Prefix) -> Hash {
        let mut hasher = blake3::Hasher::new();
        for (log, position) in self.below(prefix) {
            hasher.update(log.as_bytes());
            hasher.update(&position.next.to_be_bytes());
            hasher.update(position.head.as_bytes());
            match &position.fork {
                None => {
                    hasher.update(&[0]);
                }
                Some(mark) => {
                    hasher.update(&[1]);
                    hasher.update(&mark.seq.to_be_bytes());
                    hasher.update(mark.low.as_bytes());
                    hasher.update(mark.high.as_bytes());
                }
            }
        }
        Hash::from_bytes(*hasher.finalize().as_bytes())
    }

    /// The logs below a prefix, by key.
    pub fn below(&self, prefix: Prefix) -> impl Iterator<Item = (&PublicKey, &Position)> {
        self.0.range(prefix.first_key()..=prefix.last_key())
    }

    /// The digests of the sixteen children of a prefix.
    pub fn children(&self, prefix: Prefix) -> Vec<Hash> {
        prefix.children().map(|child| self.digest_of(child)).collect()
    }
}

/// The first nibbles (half bytes) of a log key: at most 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    bits: [u8; 32],
    nibbles: u8,
}

impl Prefix {
    /// All keys.
    pub const ROOT: Self = Self { bits: [0; 32], nibbles: 0 };
    /// The number of nibbles in a key.
    pub const MAX_NIBBLES: u8 = 64;

    /// The prefix of this many nibbles of a key.
    pub fn of(key: &PublicKey, nibbles: u8) -> Self {
        let mut prefix = Self::ROOT;
        for index in 0..nibbles.min(Self::MAX_NIBBLES) {
            let byte = key.as_bytes().get(usize::from(index / 2)).copied().unwrap_or_default();
            let nibble = if index % 2 == 0 { byte >> 4 } else { byte & 0x0f };
            prefix = prefix.child(nibble).unwrap_or(prefix);
        }
        prefix
    }

    /// How many nibbles it has.
    pub fn nibbles(self) -> u8 {
        self.nibbles
    }

    /// The child with this next nibble, unless the prefix is a whole key already.
    pub fn child(self, nibble: u8) -> Option<Self> {
        let mut child = self;
        let byte = child.bits.get_mut(usize::from(self.nibbles / 2))?;
        *byte |= if self.nibbles.is_multiple_of(2) { nibble << 4 } else { nibble & 0x0f };
        child.nibbles += 1;
        Some(child)
    }

    /// The sixteen children in their order; none if the prefix is a whole key.
    pub fn children(self) -> impl Iterator<Item = Self> {
        (0..16).filter_map(move |nibble| self.child(nibble))
    }

    fn first_key(self) -> PublicKey {
        PublicKey::from_bytes(self.bits)
    }

    fn last_key(self) -> PublicKey {
        let mut bits = self.bits;
        for (index, byte) in bits.iter_mut().enumerate() {
            let covered = usize::from(self.nibbles).saturating_sub(index * 2);
            *byte |= match covered {
                0 => 0xff,
                1 => 0x0f,
                _ => 0,
            };
        }
        PublicKey::from_bytes(bits)
    }
}

/// On the wire a prefix is the text of its nibbles in hexadecimal, empty for the root.
impl Serialize for Prefix {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hex = PublicKey::from_bytes(self.bits).to_hex();
        serializer.serialize_str(hex.get(..usize::from(self.nibbles)).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = alloc::string::String::deserialize(deserializer)?;
        let mut prefix = Self::ROOT;
        for byte in text.bytes() {
            let nibble = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                _ => return Err(serde::de::Error::custom("a prefix is lower-case hexadecimal")),
            };
            prefix = prefix.child(nibble).ok_or_else(|| serde::de::Error::custom("a prefix has at most 64 digits"))?;
        }
        Ok(prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cbor;

    fn position(next: u64) -> Position {
        Position { next, head: Hash::of(&next.to_be_bytes()), fork: None }
    }

    fn frontier(logs: &[([u8; 32], u64)]) -> Frontier {
        let mut frontier = Frontier::default();
        for (key, next) in logs {
            frontier.set(PublicKey::from_bytes(*key), position(*next));
        }
        frontier
    }

    proptest! {
        #[test]
        fn the_digest_does_not_depend_on_order(mut logs in proptest::collection::vec((any::<[u8; 32]>(), 1_u64..9), 0..40)) {
            logs.sort();
            logs.dedup_by_key(|log| log.0);
            let forward = frontier(&logs);
            logs.reverse();
            prop_assert_eq!(forward.digest(), frontier(&logs).digest());
        }

        #[test]
        fn children_part_the_keys(logs in proptest::collection::vec((any::<[u8; 32]>(), 1_u64..9), 0..40), depth in 0_u8..4) {
            let frontier = frontier(&logs);
            for (key, _) in frontier.iter() {
                let prefix = Prefix::of(key, depth);
                let whole: Vec<_> = frontier.below(prefix).collect();
                let parts: Vec<_> = prefix.children().flat_map(|child| frontier.below(child)).collect();
                prop_assert_eq!(whole, parts);
            }
        }

        #[test]
        fn a_prefix_survives_encoding(key: [u8; 32], nibbles in 0_u8..=64) {
            let prefix = Prefix::of(&PublicKey::from_bytes(key), nibbles);
            prop_assert_eq!(prefix.nibbles(), nibbles);
            prop_assert_eq!(cbor::decode::<Prefix>(&cbor::encode(&prefix)), Ok(prefix));
        }
    }

    #[test]
    fn every_part_of_a_position_changes_the_digest() {
        let key = PublicKey::from_bytes([5; 32]);
        let mark = ForkMark { seq: 3, low: Hash::of(b"a"), high: Hash::of(b"b") };
        let mut digests: Vec<Hash> = [
            position(4),
            position(5),
            Position { head: Hash::of(b"x"), ..position(4) },
            Position { fork: Some(mark), ..position(4) },
            Position { fork: Some(ForkMark { seq: 2, ..mark }), ..position(4) },
            Position { fork: Some(ForkMark { high: Hash::of(b"c"), ..mark }), ..position(4) },
        ]
        .into_iter()
        .map(|position| {
            let mut frontier = Frontier::default();
            frontier.set(key, position);
            frontier.digest()
        })
        .collect();
        digests.push(Frontier::default().digest());
        let count = digests.len();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), count);
    }
}
