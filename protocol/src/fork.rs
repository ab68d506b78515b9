//! Proof that a key said two things at one place of its log.
//!
//! A hash is shown at a place by a [`Chain`] that begins with the entry there, or with the one above, whose `prev` names it.
//! The last entry of each chain carries the key's own signature, so two chains that show different hashes prove the fork to
//! anybody, whatever the key left unsigned in between. Of all forks of a log the lowest is carried, and of its hashes the two
//! smallest, so that nodes that learnt of different branches end with the same mark. By which chains a hash is shown makes no
//! difference to the mark.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    cbor::{self, CborError},
    chain::{Chain, ChainError},
    frontier::ForkMark,
    hash::Hash,
    key::PublicKey,
    limits,
    networks::NetworkOf,
};

/// A proof whose signatures have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkProof {
    seq: u64,
    low: Witness,
    high: Witness,
}

/// A chain, and the hash that it shows at the place of the fork.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Witness {
    hash: Hash,
    chain: Chain,
}

/// The proof as it is carried: the place and the two chains, that of the smaller hash first.
#[derive(Serialize, Deserialize)]
struct Carried(u64, Vec<ByteBuf>, Vec<ByteBuf>);

/// Why the bytes prove nothing. The sender could have checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// Larger than any may be.
    #[error("the proof is larger than any may be")]
    Oversized,
    /// Not in canonical form.
    #[error("the proof is {0}")]
    Encoding(#[from] CborError),
    /// One of the two is not a chain.
    #[error("the proof holds {0}")]
    Chain(#[from] ChainError),
    /// The two do not contradict each other.
    #[error("the two sides do not contradict each other")]
    NoContradiction,
}

impl ForkProof {
    /// Makes a proof of two chains of one log that contradict each other at a place.
    ///
    /// # Errors
    /// If they are of two logs, or do not contradict each other there.
    pub fn new(seq: u64, one: Chain, other: Chain) -> Result<Self, ForkError> {
        let (one, other) = (Witness::new(seq, one)?, Witness::new(seq, other)?);
        if one.chain.log() != other.chain.log() || one.hash == other.hash {
            return Err(ForkError::NoContradiction);
        }
        let (low, high) = if one.hash < other.hash { (one, other) } else { (other, one) };
        Ok(Self { seq, low, high })
    }

    /// Reads a proof and checks it.
    ///
    /// # Errors
    /// If it proves nothing.
    pub fn decode(networks: &(impl NetworkOf + ?Sized), bytes: &[u8]) -> Result<Self, ForkError> {
        if bytes.len() > limits::FORK_PROOF_MAX {
            return Err(ForkError::Oversized);
        }
        let Carried(seq, low, high) = cbor::decode_exact(bytes)?;
        let chain = |entries: Vec<ByteBuf>| Chain::new(networks, entries.into_iter().map(ByteBuf::into_vec).collect());
        let (low, high) = (chain(low)?, chain(high)?);
        let first = low.clone();
        let proof = Self::new(seq, low, high)?;
        if proof.low.chain == first { Ok(proof) } else { Err(CborError::NotCanonical.into()) }
    }

    /// The bytes by which the proof is carried.
    pub fn encode(&self) -> Vec<u8> {
        let carried = |witness: &Witness| witness.chain.entries().iter().cloned().map(ByteBuf::from).collect();
        cbor::encode(&Carried(self.seq, carried(&self.low), carried(&self.high)))
    }

    /// The log.
    pub fn log(&self) -> PublicKey {
        self.low.chain.log()
    }

    /// The two sides: the hash that each has at the place, and the chain that shows it. That of the smaller hash comes first.
    pub fn sides(&self) -> [(Hash, &Chain); 2] {
        [&self.low, &self.high].map(|witness| (witness.hash, &witness.chain))
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
        // Of two chains that show one hash the shorter is carried, then the one of smaller bytes, so that the order of arrival
        // does not show.
        witnesses.sort_by_key(|witness| (witness.hash, witness.chain.entries().len(), witness.chain.entries()));
        let low = witnesses.into_iter().next().unwrap_or(&self.low);
        let high = witnesses.into_iter().find(|witness| witness.hash != low.hash).unwrap_or(&self.high);
        Self { seq: self.seq, low: low.clone(), high: high.clone() }
    }
}

impl Witness {
    fn new(seq: u64, chain: Chain) -> Result<Self, ForkError> {
        let hash = chain.shows(seq).ok_or(ForkError::NoContradiction)?;
        Ok(Self { hash, chain })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

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

    fn unsigned(seq: u64, prev: Hash, body: &[u8]) -> Vec<u8> {
        let mut entry = entry(seq, prev, body);
        *entry.last_mut().expect("not empty") ^= 1;
        entry
    }

    fn chain(entries: &[&[u8]]) -> Chain {
        Chain::new(&network(), entries.iter().map(|entry| entry.to_vec()).collect()).expect("a chain")
    }

    #[test]
    fn two_entries_at_one_place_prove_a_fork() {
        let (a, b) = (entry(4, Hash::of(b"p"), b"a"), entry(4, Hash::of(b"p"), b"b"));
        let (a, b) = (chain(&[&a]), chain(&[&b]));
        let proof = ForkProof::new(4, a.clone(), b.clone()).expect("a fork");
        assert_eq!(ForkProof::new(4, b, a.clone()), Ok(proof.clone()));
        assert_eq!(ForkProof::decode(&network(), &proof.encode()), Ok(proof.clone()));
        assert_eq!(ForkProof::new(4, a.clone(), a), Err(ForkError::NoContradiction));
        assert!(ForkProof::decode(&Hash::of(b"other"), &proof.encode()).is_err());
    }

    #[test]
    fn an_entry_that_does_not_link_proves_a_fork_below_it() {
        let held = entry(4, Hash::of(b"p"), b"a");
        let (stray, next) = (entry(5, Hash::of(b"elsewhere"), b"b"), entry(5, Hash::of(&held), b"c"));
        let proof = ForkProof::new(4, chain(&[&held]), chain(&[&stray])).expect("a fork");
        assert_eq!(proof.mark().seq, 4);
        assert_eq!(ForkProof::new(4, chain(&[&held]), chain(&[&next])), Err(ForkError::NoContradiction));
        assert_eq!(ForkProof::new(3, chain(&[&held]), chain(&[&stray])), Err(ForkError::NoContradiction));
    }

    #[test]
    fn entries_that_are_not_signed_are_shown_by_the_one_above_them_that_is() {
        let held = entry(4, Hash::of(b"p"), b"a");
        let one = unsigned(4, Hash::of(b"p"), b"b");
        let two = unsigned(5, Hash::of(&one), b"c");
        let three = entry(6, Hash::of(&two), b"d");
        let proof = ForkProof::new(4, chain(&[&one, &two, &three]), chain(&[&held])).expect("a fork");
        assert_eq!(ForkProof::decode(&network(), &proof.encode()), Ok(proof.clone()));
        let from_above = ForkProof::new(4, chain(&[&held]), chain(&[&two, &three])).expect("by its `prev`");
        assert_eq!(from_above.mark(), proof.mark());
        let merged = proof.merge(&from_above);
        assert_eq!(merged, from_above.merge(&proof));
        assert_eq!(merged, from_above, "the shorter chain is carried");
    }

    #[test]
    fn the_lowest_place_and_the_smallest_hashes_are_carried_in_any_order() {
        let at = |seq, body: &[u8]| chain(&[&entry(seq, Hash::of(b"p"), body)]);
        let pair = |seq, one: &[u8], other: &[u8]| ForkProof::new(seq, at(seq, one), at(seq, other)).expect("a fork");
        let proofs = [pair(4, b"a", b"b"), pair(4, b"b", b"c"), pair(4, b"a", b"c"), pair(3, b"x", b"y")];
        let merged = |order: &[usize]| {
            order.iter().map(|&index| proofs[index].clone()).reduce(|a, b| a.merge(&b)).expect("not empty")
        };
        assert_eq!(merged(&[0, 1, 2]), merged(&[2, 1, 0]));
        assert_eq!(merged(&[0, 1, 2]), merged(&[1, 0]));
        assert_eq!(merged(&[0, 3, 1]).mark().seq, 3);
    }

    #[test]
    fn a_proof_has_one_spelling_and_a_bound() {
        let (a, b) = (entry(4, Hash::of(b"p"), b"a"), entry(4, Hash::of(b"p"), b"b"));
        let bytes = ForkProof::new(4, chain(&[&a]), chain(&[&b])).expect("a fork").encode();
        let Carried(seq, low, high) = cbor::decode(&bytes).expect("ours");
        let swapped = cbor::encode(&Carried(seq, high.clone(), low.clone()));
        assert_eq!(ForkProof::decode(&network(), &swapped), Err(ForkError::Encoding(CborError::NotCanonical)));
        let empty = cbor::encode(&Carried(seq, vec![], high));
        assert_eq!(ForkProof::decode(&network(), &empty), Err(ForkError::Chain(ChainError::Length)));
        let large = vec![0; limits::FORK_PROOF_MAX + 1];
        assert_eq!(ForkProof::decode(&network(), &large), Err(ForkError::Oversized));
    }
}
