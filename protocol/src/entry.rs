//! An entry: one signed, numbered statement in a log.
//!
//! The payload of the envelope is the DAG-CBOR map `{log, seq, body: {hash, size}, kind, prev, time, audience}` with exactly
//! these keys. A statement has one encoding, and the bytes received are the bytes that are kept, hashed and verified.

use alloc::vec::Vec;

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::{
    cbor::{self, CborError},
    envelope::{self, Envelope, EnvelopeError, Purpose},
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    limits,
};

/// What an entry states. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The log: the public key that signs.
    pub log: PublicKey,
    /// Place in the log, from 0.
    pub seq: u64,
    /// The body that the entry commits to.
    pub body: BodyRef,
    /// What it says.
    pub kind: Kind,
    /// The hash of the bytes of the entry before; at place 0 the network id.
    pub prev: Hash,
    /// Milliseconds since 1970: the author's claim, which decides nothing.
    pub time: u64,
    /// Who may read the body.
    pub audience: Audience,
}

/// The body that an entry commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyRef {
    /// BLAKE3 of the bytes of the body.
    pub hash: Hash,
    /// Their number.
    pub size: u64,
}

impl BodyRef {
    /// The reference to these bytes.
    pub fn to(body: &[u8]) -> Self {
        Self { hash: Hash::of(body), size: body.len() as u64 }
    }

    /// Are these the bytes?
    pub fn is_of(&self, body: &[u8]) -> bool {
        self.size == body.len() as u64 && self.hash == Hash::of(body)
    }
}

/// Why the bytes are not an entry. Every one of these is the sender's fault: it could have checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The envelope is at fault.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The payload is at fault.
    #[error("the payload is {0}")]
    Payload(#[from] CborError),
    /// The body would be larger than any may be.
    #[error("the body has {0} bytes, more than any may have")]
    BodySize(u64),
    /// No log that a charter can allow reaches so far.
    #[error("the place {0} is beyond what any log may reach")]
    Place(u64),
    /// The time is later than the year 9999.
    #[error("the time {0} is past the year 9999")]
    Time(u64),
    /// A body that authority depends on has to be public.
    #[error("an entry of kind `{0}` has to be public")]
    Audience(Kind),
}

/// An entry taken apart, its structure checked, its signature not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What it states.
    pub statement: Statement,
    /// The hash of its bytes.
    pub hash: Hash,
    envelope: Envelope<'a>,
}

impl<'a> Entry<'a> {
    /// Takes the bytes of an entry apart.
    ///
    /// # Errors
    /// If they are not an entry within the bounds.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, EntryError> {
        let envelope = Envelope::open(bytes, limits::ENTRY_MAX)?;
        let statement: Statement = cbor::decode(envelope.payload)?;
        if statement.body.size > limits::BODY_MAX as u64 {
            return Err(EntryError::BodySize(statement.body.size));
        }
        if statement.seq >= limits::LOG_ENTRIES_MAX {
            return Err(EntryError::Place(statement.seq));
        }
        if statement.time > limits::TIME_MAX_MS {
            return Err(EntryError::Time(statement.time));
        }
        if statement.kind.needs_body() && statement.audience != Audience::Public {
            return Err(EntryError::Audience(statement.kind));
        }
        Ok(Self { statement, hash: Hash::of(bytes), envelope })
    }

    /// Checks the entry's own signature.
    ///
    /// # Errors
    /// If it does not verify under the key that is the log.
    pub fn verify(&self, network: &Hash) -> Result<(), EnvelopeError> {
        self.envelope.verify(Purpose::Entry, network, &self.statement.log)
    }
}

impl Statement {
    /// Signs the statement. The caller sees to it that `log` is the key's public half.
    pub fn sign(&self, network: &Hash, key: &SigningKey) -> Vec<u8> {
        envelope::seal(Purpose::Entry, network, key, &cbor::encode(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(key: &SigningKey, network: Hash) -> Statement {
        Statement {
            log: PublicKey::from(key),
            seq: 0,
            body: BodyRef::to(b"body"),
            kind: Kind::Practice,
            prev: network,
            time: 1_700_000_000_000,
            audience: Audience::Public,
        }
    }

    #[test]
    fn an_entry_survives_encoding() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let network = Hash::of(b"n");
        let statement = statement(&key, network);
        let bytes = statement.sign(&network, &key);
        let entry = Entry::decode(&bytes).expect("ours");
        assert_eq!(entry.statement, statement);
        assert_eq!(entry.verify(&network), Ok(()));
        assert!(bytes.len() < 320, "{} bytes", bytes.len());
    }

    #[test]
    fn unknown_missing_and_misplaced_fields_are_refused() {
        use ipld_core::ipld::Ipld;
        let key = SigningKey::from_bytes(&[1; 32]);
        let network = Hash::of(b"n");
        let good: Ipld = cbor::decode(&cbor::encode(&statement(&key, network))).expect("a map");
        let Ipld::Map(good) = good else { panic!("a map") };
        let sealed = |map: &alloc::collections::BTreeMap<_, _>| {
            envelope::seal(Purpose::Entry, &network, &key, &cbor::encode(&Ipld::Map(map.clone())))
        };
        assert!(Entry::decode(&sealed(&good)).is_ok());
        for name in good.keys() {
            let mut map = good.clone();
            map.remove(name);
            assert!(Entry::decode(&sealed(&map)).is_err(), "without {name}");
        }
        let mut map = good.clone();
        map.insert("note".into(), Ipld::Null);
        assert!(Entry::decode(&sealed(&map)).is_err(), "with one more");
        let mut map = good;
        map.insert("seq".into(), Ipld::Integer(-1));
        assert!(Entry::decode(&sealed(&map)).is_err(), "negative");
    }

    #[test]
    fn a_statement_has_one_spelling() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let network = Hash::of(b"n");
        let payload = cbor::encode(&statement(&key, network));
        // The audience stands last: as the key of a map that has no value, it would end the payload too early.
        let (front, audience) = payload.split_at(payload.len() - b"\x66public".len());
        assert_eq!(audience, b"\x66public");
        let broken = [front, b"\xa1", audience].concat();
        assert!(Entry::decode(&envelope::seal(Purpose::Entry, &network, &key, &broken)).is_err());
    }

    #[test]
    fn what_authority_depends_on_is_public() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let network = Hash::of(b"n");
        let secret = Statement { kind: Kind::Keyring, audience: Audience::Members, ..statement(&key, network) };
        assert_eq!(Entry::decode(&secret.sign(&network, &key)), Err(EntryError::Audience(Kind::Keyring)));
    }
}
