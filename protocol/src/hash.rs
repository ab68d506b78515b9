//! BLAKE3 hashes and the ids made of them.
//!
//! Inside CBOR a hash is a byte string of 32 bytes. Towards people and other programs it is a CIDv1 in base32: codec
//! `dag-cbor` for entries and bodies, `raw` for blobs, multihash `blake3` (code 0x1e) of 32 bytes.

use alloc::string::{String, ToString};
use core::fmt;

use cid::Cid;
use multihash::Multihash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Multicodec `dag-cbor`.
const DAG_CBOR: u64 = 0x71;
/// Multicodec `raw`.
const RAW: u64 = 0x55;
/// Multihash code of BLAKE3.
const BLAKE3: u64 = 0x1e;

/// What every CID of an entry has in common: version, codec, hash function and length take 32 bits, which is six
/// characters of base32 and a part of the seventh.
pub const CID_COMMON_PREFIX: &str = "bafyr4i";

/// How many characters of a CID people are shown: ten characters after the common part are 48 bits.
const SHORT_LEN: usize = 10;

/// A BLAKE3-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The hash with these bytes.
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

    /// The hash written in hexadecimal.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The CIDv1 of an entry or a body with this hash.
    pub fn to_cid(self) -> String {
        self.cid(DAG_CBOR).to_string()
    }

    /// The CIDv1 of a blob with this hash.
    pub fn to_blob_cid(self) -> String {
        self.cid(RAW).to_string()
    }

    /// The hash in the CIDv1 of an entry or a body.
    pub fn from_cid(text: &str) -> Option<Self> {
        Self::from_any_cid(text).filter(|hash| hash.to_cid() == text)
    }

    /// The hash in the CIDv1 of a blob.
    pub fn from_blob_cid(text: &str) -> Option<Self> {
        Self::from_any_cid(text).filter(|hash| hash.to_blob_cid() == text)
    }

    /// The ten characters of the CID that follow what all of them share.
    pub fn short(self) -> String {
        self.to_cid().chars().skip(CID_COMMON_PREFIX.len()).take(SHORT_LEN).collect()
    }

    /// One id has one spelling: callers compare, for another base, version or codec is not an id of ours.
    fn from_any_cid(text: &str) -> Option<Self> {
        let cid = Cid::try_from(text).ok()?;
        Some(Self(cid.hash().digest().try_into().ok()?))
    }

    fn cid(self, codec: u64) -> Cid {
        let hash = Multihash::<64>::wrap(BLAKE3, &self.0).expect("32 bytes fit into 64");
        Cid::new_v1(codec, hash)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_hex().get(..12).unwrap_or_default())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes32).map(Self)
    }
}

/// Reads a byte string of exactly 32 bytes.
pub(crate) struct Bytes32;

impl de::Visitor<'_> for Bytes32 {
    type Value = [u8; 32];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a byte string of 32 bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<[u8; 32], E> {
        bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_every_spelling() {
        let hash = Hash::of(b"nanduti");
        assert_eq!(Hash::from_hex(&hash.to_hex()), Some(hash));
        assert_eq!(Hash::from_cid(&hash.to_cid()), Some(hash));
        assert_eq!(Hash::from_blob_cid(&hash.to_blob_cid()), Some(hash));
        assert_eq!(Hash::from_blob_cid(&hash.to_cid()), None);
        assert!(hash.to_cid().starts_with(CID_COMMON_PREFIX));
        assert_eq!(hash.short().len(), SHORT_LEN);
    }

    #[test]
    fn only_one_spelling_of_a_cid_is_an_id() {
        let hash = Hash::of(b"nanduti");
        assert_eq!(Hash::from_cid(&hash.to_blob_cid()), None);
        assert_eq!(Hash::from_cid(&hash.to_cid().to_uppercase()), None);
        assert_eq!(Hash::from_cid("bafy"), None);
    }
}
