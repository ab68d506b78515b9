//! Strict DAG-CBOR: one value has one encoding, and anything else is refused.
//!
//! The codec refuses unsorted keys, integers that are longer than they need be, indefinite lengths and trailing bytes. What
//! it cannot see is a value that a type can spell in two ways (an optional field absent or null). And of an enumeration that
//! is derived it sees too little: it takes a variant without a value that stands as the key of a map which then ends, and one
//! with a value that stands without its map. `decode_exact` closes both by encoding again and comparing, which is affordable
//! for the small things that authority is made of; what is read by `decode` holds no derived enumeration.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The bytes are not the one strict DAG-CBOR encoding of what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// Not DAG-CBOR of the expected shape. What the decoder says of it is for whoever looks for a mistake in the program, and not shown.
    #[error("not DAG-CBOR of the expected shape, or cut off")]
    Malformed(alloc::string::String),
    /// DAG-CBOR, but not the one encoding of its value.
    #[error("not in canonical form")]
    NotCanonical,
}

/// Encodes a value of ours.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_ipld_dagcbor::to_vec(value)
        .expect("our types hold only what DAG-CBOR can express, and memory is not exhausted")
}

/// Decodes a value whose type can be spelt in one way only: no optional fields, no derived enumerations.
///
/// # Errors
/// If the bytes are not strict DAG-CBOR of that type.
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, CborError> {
    serde_ipld_dagcbor::from_slice(bytes).map_err(|error| CborError::Malformed(alloc::format!("{error}")))
}

/// Decodes a value and makes sure that these bytes are its one encoding.
///
/// # Errors
/// If the bytes are not strict DAG-CBOR of that type, or another spelling of the value.
pub fn decode_exact<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, CborError> {
    let value: T = decode(bytes)?;
    if encode(&value) == bytes { Ok(value) } else { Err(CborError::NotCanonical) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Choice {
        Plain,
        With(u64),
    }

    #[test]
    fn an_enumeration_has_one_spelling() {
        for (value, bytes) in [(Choice::Plain, b"\x65Plain".as_slice()), (Choice::With(1), b"\xa1\x64With\x01")] {
            assert_eq!(encode(&value), bytes);
            assert_eq!(decode_exact(bytes), Ok(value));
        }
        // If these are refused one day, `decode` has become as strict as it ought to be.
        for bytes in [b"\xa1\x65Plain".as_slice(), b"\x64With\x01"] {
            assert!(decode::<Choice>(bytes).is_ok(), "{bytes:02x?}");
            assert_eq!(decode_exact::<Choice>(bytes), Err(CborError::NotCanonical), "{bytes:02x?}");
        }
    }
}
