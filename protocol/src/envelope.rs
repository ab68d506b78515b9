//! The signed envelope: an untagged COSE_Sign1 (RFC 9052, section 4.2) whose bytes have one possible form.
//!
//! ```text
//! 84                    array of four
//!   43 A1 01 32         protected header: {1: -19}, algorithm Ed25519 (RFC 9864)
//!   A0                  unprotected header: empty
//!   bstr(payload)       definite length, shortest form
//!   58 40 signature     64 bytes
//! ```
//!
//! Any other spelling is refused before it is hashed: otherwise a stranger could make a second hash for the same statement
//! by encoding it again, and a second hash at one place of a log looks like a fork.
//!
//! What is signed is the `Sig_structure` of RFC 9052, section 4.4. Its external data are the DAG-CBOR array
//! `[name, network id]`, so that a signature made for one purpose or one network is void for every other.

use alloc::vec::Vec;

use coset::{ProtectedHeader, SignatureContext, sig_structure_data};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::{cbor, hash::Hash, key::PublicKey};

/// What stands before the payload.
const HEAD: [u8; 6] = [0x84, 0x43, 0xA1, 0x01, 0x32, 0xA0];
/// The protected header alone.
const PROTECTED: [u8; 3] = [0xA1, 0x01, 0x32];
/// What stands before the signature.
const SIGNATURE_HEAD: [u8; 2] = [0x58, 0x40];
/// The length of a signature.
const SIGNATURE_LEN: usize = 64;

/// What a signature is for. Each use has its own name in the signed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An entry of a log.
    Entry,
    /// A node key that agrees to stand in a member's keyring.
    NodeKey,
    /// A publishing key that agrees to stand in a member's keyring.
    PublishKey,
    /// The card by which an institution hands its keys to the one who drafts a charter.
    Card,
    /// A node's own word on where it can be reached.
    NodeRecord,
    /// A statement of a ballot.
    Ballot,
    /// An institution that asks to be on the roster with this root key.
    Request,
    /// A root key of a former network that consents to the one that takes its place.
    Consent,
}

impl Purpose {
    /// The name in the signed data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entry => "nanduti/entry/1",
            Self::NodeKey => "nanduti/node-key/1",
            Self::PublishKey => "nanduti/publish-key/1",
            Self::Card => "nanduti/card/1",
            Self::NodeRecord => "nanduti/node-record/1",
            Self::Ballot => "nanduti/ballot/1",
            Self::Request => "nanduti/request/1",
            Self::Consent => "nanduti/consent/1",
        }
    }
}

/// Why an envelope was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Longer than its bound.
    #[error("longer than its bound")]
    Oversized,
    /// Not the one form.
    #[error("not the one form of an envelope")]
    Form,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
}

/// An envelope taken apart. The signature has not been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// What is signed.
    pub payload: &'a [u8],
    /// The signature.
    pub signature: &'a [u8; SIGNATURE_LEN],
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart.
    ///
    /// # Errors
    /// If it is longer than `max` bytes or not of the one form.
    pub fn open(bytes: &'a [u8], max: usize) -> Result<Self, EnvelopeError> {
        if bytes.len() > max {
            return Err(EnvelopeError::Oversized);
        }
        let rest = bytes.strip_prefix(&HEAD).ok_or(EnvelopeError::Form)?;
        let (payload, rest) = split_byte_string(rest).ok_or(EnvelopeError::Form)?;
        let signature = rest.strip_prefix(&SIGNATURE_HEAD).ok_or(EnvelopeError::Form)?;
        let signature = signature.try_into().map_err(|_| EnvelopeError::Form)?;
        Ok(Self { payload, signature })
    }

    /// Checks the signature with `verify_strict`: the key and the nonce must not be of small order, and the equation is the
    /// one without cofactor, so that all implementations agree on what is valid.
    ///
    /// # Errors
    /// If it does not verify.
    pub fn verify(&self, purpose: Purpose, network: &Hash, key: &PublicKey) -> Result<(), EnvelopeError> {
        let key = VerifyingKey::from_bytes(key.as_bytes()).map_err(|_| EnvelopeError::Signature)?;
        let signature = Signature::from_bytes(self.signature);
        key.verify_strict(&to_be_signed(purpose, network, self.payload), &signature)
            .map_err(|_| EnvelopeError::Signature)
    }
}

/// Signs a payload. The same key, purpose, network and payload always give the same bytes (RFC 8032).
pub fn seal(purpose: Purpose, network: &Hash, key: &SigningKey, payload: &[u8]) -> Vec<u8> {
    let signature = key.sign(&to_be_signed(purpose, network, payload));
    let mut bytes = Vec::with_capacity(HEAD.len() + 9 + payload.len() + SIGNATURE_HEAD.len() + SIGNATURE_LEN);
    bytes.extend_from_slice(&HEAD);
    push_byte_string(&mut bytes, payload);
    bytes.extend_from_slice(&SIGNATURE_HEAD);
    bytes.extend_from_slice(&signature.to_bytes());
    bytes
}

fn to_be_signed(purpose: Purpose, network: &Hash, payload: &[u8]) -> Vec<u8> {
    let protected = ProtectedHeader::from_cbor_bstr(coset::cbor::Value::Bytes(PROTECTED.to_vec()))
        .expect("the header is a constant of ours");
    let external = cbor::encode(&(purpose.name(), network));
    sig_structure_data(SignatureContext::CoseSign1, protected, None, &external, payload)
}

/// Appends a CBOR byte string in its shortest form.
pub(crate) fn push_byte_string(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = bytes.len() as u64;
    let be = len.to_be_bytes();
    match len {
        0..=23 => out.push(0x40 | be[7]),
        24..=0xff => out.extend_from_slice(&[0x58, be[7]]),
        0x100..=0xffff => out.extend_from_slice(&[0x59, be[6], be[7]]),
        0x1_0000..=0xffff_ffff => out.extend_from_slice(&[0x5a, be[4], be[5], be[6], be[7]]),
        _ => {
            out.push(0x5b);
            out.extend_from_slice(&be);
        }
    }
    out.extend_from_slice(bytes);
}

/// How many bytes stand before the content of a byte string of this length.
pub(crate) fn byte_string_head_len(len: usize) -> usize {
    match len {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Takes a CBOR byte string in its shortest form off the front. Nothing of ours is longer than 4 GiB.
pub(crate) fn split_byte_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&head, rest) = bytes.split_first()?;
    let (len, rest) = match head {
        0x40..=0x57 => (u32::from(head & 0x1f), rest),
        0x58 => {
            let (&[a], rest) = rest.split_first_chunk()?;
            (u32::from(a), rest)
        }
        0x59 => {
            let (&[a, b], rest) = rest.split_first_chunk()?;
            (u32::from(u16::from_be_bytes([a, b])), rest)
        }
        0x5a => {
            let (&be, rest) = rest.split_first_chunk()?;
            (u32::from_be_bytes(be), rest)
        }
        _ => return None,
    };
    let shortest = match head {
        0x58 => len > 23,
        0x59 => len > 0xff,
        0x5a => len > 0xffff,
        _ => true,
    };
    if !shortest {
        return None;
    }
    rest.split_at_checked(len as usize)
}

#[cfg(test)]
mod tests {
    use coset::{CborSerializable, CoseSign1};

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    #[test]
    fn another_implementation_of_cose_reads_and_verifies_ours() {
        let network = Hash::of(b"network");
        let bytes = seal(Purpose::Entry, &network, &key(), b"payload");
        let read = CoseSign1::from_slice(&bytes).expect("coset reads it");
        assert_eq!(read.payload.as_deref(), Some(b"payload".as_slice()));
        let external = cbor::encode(&("nanduti/entry/1", network));
        read.verify_signature(&external, |signature, data| {
            let signature = Signature::from_slice(signature).expect("64 bytes");
            key().verifying_key().verify_strict(data, &signature)
        })
        .expect("coset verifies it");
    }

    #[test]
    fn a_signature_is_void_for_another_purpose_network_key_or_payload() {
        let network = Hash::of(b"network");
        let bytes = seal(Purpose::Entry, &network, &key(), b"payload");
        let envelope = Envelope::open(&bytes, 4096).expect("ours");
        let public = PublicKey::from(&key());
        assert_eq!(envelope.verify(Purpose::Entry, &network, &public), Ok(()));
        assert!(envelope.verify(Purpose::Card, &network, &public).is_err());
        assert!(envelope.verify(Purpose::Entry, &Hash::of(b"other"), &public).is_err());
        let other = PublicKey::from(&SigningKey::from_bytes(&[8; 32]));
        assert!(envelope.verify(Purpose::Entry, &network, &other).is_err());
        let changed = Envelope { payload: b"Payload", ..envelope };
        assert!(changed.verify(Purpose::Entry, &network, &public).is_err());
    }

    #[test]
    fn every_byte_matters() {
        let network = Hash::of(b"network");
        let public = PublicKey::from(&key());
        let bytes = seal(Purpose::Entry, &network, &key(), &[3; 300]);
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                let valid = Envelope::open(&changed, 4096)
                    .is_ok_and(|envelope| envelope.verify(Purpose::Entry, &network, &public).is_ok());
                assert!(!valid, "bit {bit} of byte {place}");
            }
        }
    }

    #[test]
    fn byte_strings_have_one_form() {
        for len in [0, 1, 23, 24, 255, 256, 65_535, 65_536] {
            let content = alloc::vec![1_u8; len];
            let mut bytes = Vec::new();
            push_byte_string(&mut bytes, &content);
            assert_eq!(split_byte_string(&bytes), Some((content.as_slice(), [].as_slice())), "{len}");
        }
        assert_eq!(split_byte_string(&[0x58, 3, 1, 1, 1]), None, "one byte of length where none is needed");
        assert_eq!(split_byte_string(&[0x59, 0, 24]), None);
        assert_eq!(split_byte_string(&[0x5f, 0xff]), None, "indefinite length");
    }
}
