//! A node record: where a node can be reached, said and signed by the node itself.
//!
//! Records spread from node to node, so that a newcomer who knows one address finds the others. Of two records of one key the
//! one with the higher counter is newer; the counter is the node's own business (the node takes the time at which it last
//! started, and counts on from there). A record grants nothing: whoever answers at an address has to prove the key.
//!
//! Absent: what the text of an address means. This crate only bounds it; the node that dials judges it.

use alloc::{string::String, vec::Vec};

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::{
    cbor::{self, CborError},
    envelope::{self, Envelope, EnvelopeError, Purpose},
    hash::Hash,
    key::PublicKey,
    limits,
};

/// What a node says of itself. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeRecord {
    /// The node key: the libp2p identity, which signs.
    pub key: PublicKey,
    /// Of two records of one key the one with the higher counter is newer.
    pub counter: u64,
    /// Multiaddresses without `/p2p/…`, the best first.
    pub addresses: Vec<String>,
}

/// Why the bytes are not a node record. The sender could have checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeRecordError {
    /// The envelope is at fault, or the signature.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The payload is at fault.
    #[error("the payload is {0}")]
    Payload(#[from] CborError),
    /// Too many addresses, one too long, or one that is not the plain text of a multiaddress.
    #[error("more or longer addresses than allowed, or one that is no multiaddress")]
    Addresses,
}

/// A node record taken apart, its structure checked, its signature not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedNodeRecord<'a> {
    /// What it says.
    pub record: NodeRecord,
    envelope: Envelope<'a>,
}

impl NodeRecord {
    /// Signs the record with the node key.
    pub fn sign(&self, network: &Hash, key: &SigningKey) -> Vec<u8> {
        envelope::seal(Purpose::NodeRecord, network, key, &cbor::encode(self))
    }

    /// Are the addresses within their bounds?
    pub fn is_bounded(&self) -> bool {
        let plain = |text: &String| {
            text.len() <= limits::ADDRESS_MAX
                && text.starts_with('/')
                && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        self.addresses.len() <= limits::NODE_ADDRESSES_MAX && self.addresses.iter().all(plain)
    }
}

impl<'a> SealedNodeRecord<'a> {
    /// Takes the bytes of a record apart.
    ///
    /// # Errors
    /// If they are not a record within the bounds.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, NodeRecordError> {
        let envelope = Envelope::open(bytes, limits::NODE_RECORD_MAX)?;
        let record: NodeRecord = cbor::decode(envelope.payload)?;
        if record.is_bounded() { Ok(Self { record, envelope }) } else { Err(NodeRecordError::Addresses) }
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// If the key that the record names did not sign it for this network.
    pub fn verify(&self, network: &Hash) -> Result<(), NodeRecordError> {
        Ok(self.envelope.verify(Purpose::NodeRecord, network, &self.record.key)?)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn record(addresses: Vec<String>) -> (NodeRecord, SigningKey) {
        let key = SigningKey::from_bytes(&[5; 32]);
        (NodeRecord { key: PublicKey::from(&key), counter: 7, addresses }, key)
    }

    #[test]
    fn a_record_survives_signing() {
        let network = Hash::of(b"n");
        let (record, key) = record(vec!["/ip4/192.0.2.7/udp/4001/quic-v1".into()]);
        let bytes = record.sign(&network, &key);
        let sealed = SealedNodeRecord::decode(&bytes).expect("ours");
        assert_eq!(sealed.record, record);
        assert_eq!(sealed.verify(&network), Ok(()));
        assert!(sealed.verify(&Hash::of(b"other")).is_err());
        let other = record.sign(&network, &SigningKey::from_bytes(&[6; 32]));
        let sealed = SealedNodeRecord::decode(&other).expect("well formed");
        assert!(sealed.verify(&network).is_err(), "signed by another key");
    }

    #[test]
    fn the_largest_record_fits_and_a_larger_one_is_refused() {
        let longest = || alloc::format!("/{}", "a".repeat(limits::ADDRESS_MAX - 1));
        let read = |addresses: Vec<String>| {
            let (record, key) = record(addresses);
            let bytes = NodeRecord { counter: u64::MAX, ..record }.sign(&Hash::of(b"n"), &key);
            SealedNodeRecord::decode(&bytes).map(|_| ())
        };
        assert_eq!(read(vec![longest(); limits::NODE_ADDRESSES_MAX]), Ok(()));
        assert!(read(vec![longest(); limits::NODE_ADDRESSES_MAX + 1]).is_err());
        assert_eq!(read(vec![longest() + "a"]), Err(NodeRecordError::Addresses));
        assert_eq!(read(vec!["ip4".into()]), Err(NodeRecordError::Addresses));
        assert_eq!(read(vec!["/ip4/\n".into()]), Err(NodeRecordError::Addresses));
    }
}
