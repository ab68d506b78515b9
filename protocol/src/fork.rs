//! Proof that a key said two things at one place of its log.
//!
//! A hash is witnessed at a place either by the entry that stands there, or by an entry one place above whose `prev` names it:
//! both are signed by the key. Two witnesses of different hashes prove the fork to anybody. Of all forks of a log the lowest is
//! carried, and of its hashes the two smallest, so that nodes that learnt of different branches end with the same mark.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    cbor::{self, CborError},
    entry::{Entry, EntryError},
    envelope::EnvelopeError,
    frontier::ForkMark,
    hash::Hash,
    key::PublicKey,
};

/// A proof whose signatures have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkProof {
    log: PublicKey,
    seq: u64,
    low: Witness,
    high: Witness,
}

/// An entry that shows which hash stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Witness {
    hash: Hash,
    bytes: Vec<u8>,
}

/// The proof as it is carried: the place and the two entries, that of the smaller hash first.
#[derive(Serialize, Deserialize)]
struct Carried(u64, ByteBuf, ByteBuf);

/// Why the bytes prove nothing. The sender could have checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// Not in canonical form.
    #[error("the proof is {0}")]
    Encoding(#[from] CborError),
    /// One of the two is not an entry.
    #[error("the proof holds something that is not an entry: {0}")]
    Entry(#[from] EntryError),
    /// One of the two is not signed by the key.
    #[error("the proof holds an entry of which {0}")]
    Signature(#[from] EnvelopeError),
    /// The two do not contradict each other.
    #[error("the two entries do not contradict each other")]
    NoContradiction,
}

impl ForkProof {
    /// Makes a proof of two entries of one log that contradict each other at a place.
    ///
    /// # Errors
    /// If they are not entries signed by one key, or do not contradict each other there.
    pub fn new(network: &Hash, seq: u64, one: &[u8], other: &[u8]) -> Result<Self, ForkError> {
        let (log, one) = Witness::read(network, seq, one)?;
        let (other_log, other) = Witness::read(network, seq, other)?;
        if log != other_log || one.hash == other.hash {
            return Err(ForkError::NoContradiction);
        }
        let (low, high) = if one.hash < other.hash { (one, other) } else { (other, one) };
        Ok(Self { log, seq, low, high })
    }

    /// Reads a proof and checks it.
    ///
    /// # Errors
    /// If it proves nothing.
    pub fn decode(network: &Hash, bytes: &[u8]) -> Result<Self, ForkError> {
        let Carried(seq, low, high) = cbor::decode(bytes)?;
        let proof = Self::new(network, seq, &low, &high)?;
        if proof.low.bytes == low.as_slice() { Ok(proof) } else { Err(CborError::NotCanonical.into()) }
    }

    /// The bytes by which the proof is carried.
    pub fn encode(&self) -> Vec<u8> {
        let carried = |witness: &Witness| ByteBuf::from(witness.bytes.clone());
        cbor::encode(&Carried(self.seq, carried(&self.low), carried(&self.high)))
    }

    /// The log.
    pub fn log(&self) -> PublicKey {
        self.log
    }

    /// What the frontier carries of it.
    pub fn mark(&self) -> ForkMark {
        ForkMark { seq: self.seq, low: self.low.hash, high: self.high.hash }
    }

    /// The proof to carry when both are known: that of the lowest place, and there of the two smallest hashes.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        if self.seq != other.seq {
            return if self.seq < other.seq { self.clone() } else { other.clone() };
        }
        let mut witnesses = [&self.low, &self.high, &other.low, &other.high];
        // Of two witnesses of one hash the smaller bytes are carried, so that the order of arrival does not show.
        witnesses.sort_by(|a, b| (a.hash, &a.bytes).cmp(&(b.hash, &b.bytes)));
        let low = witnesses.into_iter().next().unwrap_or(&self.low);
        let high = witnesses.into_iter().find(|witness| witness.hash != low.hash).unwrap_or(&self.high);
        Self { log: self.log, seq: self.seq, low: low.clone(), high: high.clone() }
    }
}

impl Witness {
    fn read(network: &Hash, seq: u64, bytes: &[u8]) -> Result<(PublicKey, Self), ForkError> {
        let entry = Entry::decode(bytes)?;
        entry.verify(network)?;
        let hash = if entry.statement.seq == seq {
            entry.hash
        } else if Some(entry.statement.seq) == seq.checked_add(1) {
            entry.statement.prev
        } else {
            return Err(ForkError::NoContradiction);
        };
        Ok((entry.statement.log, Self { hash, bytes: bytes.to_vec() }))
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::{
        entry::{BodyRef, Statement},
        kind::{Audience, Kind},
    };

    fn network() -> Hash {
        Hash::of(b"network")
    }

    fn entry(seq: u64, prev: Hash, body: &[u8]) -> Vec<u8> {
        let key = SigningKey::from_bytes(&[1; 32]);
        Statement {
            log: PublicKey::from(&key),
            seq,
            body: BodyRef::to(body),
            kind: Kind::Practice,
            prev,
            time: 0,
            audience: Audience::Public,
        }
        .sign(&network(), &key)
    }

    #[test]
    fn two_entries_at_one_place_prove_a_fork() {
        let (a, b) = (entry(4, Hash::of(b"p"), b"a"), entry(4, Hash::of(b"p"), b"b"));
        let proof = ForkProof::new(&network(), 4, &a, &b).expect("a fork");
        assert_eq!(ForkProof::new(&network(), 4, &b, &a), Ok(proof.clone()));
        assert_eq!(ForkProof::decode(&network(), &proof.encode()), Ok(proof));
        assert_eq!(ForkProof::new(&network(), 4, &a, &a), Err(ForkError::NoContradiction));
        assert!(ForkProof::new(&Hash::of(b"other"), 4, &a, &b).is_err());
    }

    #[test]
    fn an_entry_that_does_not_link_proves_a_fork_below_it() {
        let held = entry(4, Hash::of(b"p"), b"a");
        let stray = entry(5, Hash::of(b"elsewhere"), b"b");
        let proof = ForkProof::new(&network(), 4, &held, &stray).expect("a fork");
        assert_eq!(proof.mark().seq, 4);
        let next = entry(5, Hash::of(&held), b"c");
        assert_eq!(ForkProof::new(&network(), 4, &held, &next), Err(ForkError::NoContradiction));
    }

    #[test]
    fn the_lowest_place_and_the_smallest_hashes_are_carried_in_any_order() {
        let at = |seq, body: &[u8]| entry(seq, Hash::of(b"p"), body);
        let pair = |seq, one: &[u8], other: &[u8]| {
            ForkProof::new(&network(), seq, &at(seq, one), &at(seq, other)).expect("a fork")
        };
        let proofs = [pair(4, b"a", b"b"), pair(4, b"b", b"c"), pair(4, b"a", b"c"), pair(3, b"x", b"y")];
        let merged = |order: &[usize]| {
            order.iter().map(|&index| proofs[index].clone()).reduce(|a, b| a.merge(&b)).expect("not empty")
        };
        assert_eq!(merged(&[0, 1, 2]), merged(&[2, 1, 0]));
        assert_eq!(merged(&[0, 1, 2]), merged(&[1, 0]));
        assert_eq!(merged(&[0, 3, 1]).mark().seq, 3);
    }
}
