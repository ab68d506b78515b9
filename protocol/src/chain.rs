//! A chain: consecutive entries of one log, each linked to the one before, of which the last carries its own valid signature.
//!
//! It is the shortest thing by which a stranger can be shown that a key said what stands in the first of them, whether that
//! one is well signed or not: the last signature vouches for all that lies below it. In every log that anybody can hold an
//! entry with its own signature stands at every place before a multiple of [`limits::ANCHOR_SPACING`]
//! ([`ReceivedRun::verify`](crate::run::ReceivedRun::verify)), so a chain from any place has at most so many entries. Bodies
//! are not part of it.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    entry::{Entry, EntryError},
    envelope::EnvelopeError,
    hash::Hash,
    key::PublicKey,
    limits,
    networks::NetworkOf,
};

/// A chain whose links and whose last signature have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    log: PublicKey,
    first_seq: u64,
    /// What the first entry commits to.
    prev: Hash,
    /// Hash of the first entry.
    first: Hash,
    entries: Arc<[Vec<u8>]>,
}

/// Why entries are not a chain. Whoever sent them could have checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No entries, or more than lie between two anchors.
    #[error("a chain of no entries, or of more than one may have")]
    Length,
    /// One of them is not an entry.
    #[error("something in a chain is not an entry: {0}")]
    Entry(#[from] EntryError),
    /// One of them does not follow the one before.
    #[error("an entry of a chain does not follow the one before")]
    Link,
    /// The last one is not signed by the key.
    #[error("of the last entry of a chain {0}")]
    Signature(EnvelopeError),
}

impl Chain {
    /// Makes a chain of these entries.
    ///
    /// # Errors
    /// If they are not one.
    pub fn new(networks: &(impl NetworkOf + ?Sized), entries: Vec<Vec<u8>>) -> Result<Self, ChainError> {
        let bytes: usize = entries.iter().map(Vec::len).sum();
        if entries.is_empty() || entries.len() as u64 > limits::ANCHOR_SPACING || bytes > limits::CHAIN_MAX {
            return Err(ChainError::Length);
        }
        let mut links = Links::default();
        for (index, bytes) in entries.iter().enumerate() {
            let entry = Entry::decode(bytes)?;
            links.follow(&entry)?;
            if index + 1 == entries.len() {
                let network = networks.network_of(&entry.statement.log);
                entry.verify(&network).map_err(ChainError::Signature)?;
            }
        }
        links.close(entries).ok_or(ChainError::Length)
    }

    /// Reads the chain that begins at a place of a log that is held: up to the first entry whose own signature is valid. `None` if
    /// what is held cannot be read so far, or is not one log.
    pub fn read(network: &Hash, from: u64, mut entry_at: impl FnMut(u64) -> Option<Vec<u8>>) -> Option<Self> {
        let mut links = Links::default();
        let mut entries = Vec::new();
        for seq in (from..).take(usize::try_from(limits::ANCHOR_SPACING).unwrap_or(usize::MAX)) {
            let bytes = entry_at(seq)?;
            let entry = Entry::decode(&bytes).ok().filter(|entry| entry.statement.seq == seq)?;
            links.follow(&entry).ok()?;
            let signed = entry.verify(network).is_ok();
            entries.push(bytes);
            if signed {
                return links.close(entries);
            }
        }
        None
    }

    /// The log.
    pub fn log(&self) -> PublicKey {
        self.log
    }

    /// Place of the first entry.
    pub fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// The hash that the chain shows at a place: of its first entry, or of the one before, to which its first entry commits.
    pub fn shows(&self, seq: u64) -> Option<Hash> {
        if seq == self.first_seq {
            Some(self.first)
        } else {
            (seq.checked_add(1) == Some(self.first_seq)).then_some(self.prev)
        }
    }

    /// The bytes of the entries.
    pub fn entries(&self) -> &[Vec<u8>] {
        &self.entries
    }
}

/// What is known of a chain while its entries are gone through.
#[derive(Default)]
struct Links {
    first: Option<(PublicKey, u64, Hash, Hash)>,
    next: u64,
    head: Hash,
}

impl Links {
    fn follow(&mut self, entry: &Entry<'_>) -> Result<(), ChainError> {
        let statement = &entry.statement;
        match self.first {
            None => self.first = Some((statement.log, statement.seq, statement.prev, entry.hash)),
            Some((log, ..)) => {
                if log != statement.log || statement.seq != self.next || statement.prev != self.head {
                    return Err(ChainError::Link);
                }
            }
        }
        self.next = statement.seq.saturating_add(1);
        self.head = entry.hash;
        Ok(())
    }

    fn close(self, entries: Vec<Vec<u8>>) -> Option<Chain> {
        let (log, first_seq, prev, first) = self.first?;
        Some(Chain { log, first_seq, prev, first, entries: entries.into() })
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

    /// Entries of one log from a place on; only those at the places named carry their own valid signature.
    fn log(from: u64, len: u64, signed: &[u64]) -> Vec<Vec<u8>> {
        let key = SigningKey::from_bytes(&[1; 32]);
        let mut prev = Hash::of(b"before");
        (from..from + len)
            .map(|seq| {
                let body = BodyRef::to(b"body");
                let (log, kind, audience) = (PublicKey::from(&key), Kind::Practice, Audience::Public);
                let mut entry = Statement { log, seq, body, kind, prev, time: 0, audience }.sign(&network(), &key);
                if !signed.contains(&seq) {
                    *entry.last_mut().expect("not empty") ^= 1;
                }
                prev = Hash::of(&entry);
                entry
            })
            .collect()
    }

    #[test]
    fn a_chain_ends_at_the_first_entry_that_is_signed() {
        let entries = log(5, 6, &[8, 10]);
        let at = |seq: u64| entries.get(usize::try_from(seq.checked_sub(5)?).ok()?).cloned();
        let chain = Chain::read(&network(), 5, at).expect("signed at 8");
        assert_eq!(chain.entries(), &entries[..4]);
        assert_eq!(Chain::new(&network(), entries[..4].to_vec()), Ok(chain.clone()));
        assert_eq!((chain.shows(4), chain.shows(5)), (Some(Hash::of(b"before")), Some(Hash::of(&entries[0]))));
        assert_eq!((chain.shows(3), chain.shows(6)), (None, None));
        assert!(Chain::new(&network(), entries.clone()).is_ok(), "a longer one is one as well");
        assert_eq!(Chain::read(&network(), 11, at), None, "nothing is held there");
        assert_eq!(Chain::read(&network(), 9, |seq| at(seq).filter(|_| seq != 10)), None, "not readable");
    }

    #[test]
    fn what_is_not_linked_or_not_signed_is_no_chain() {
        let entries = log(5, 4, &[8]);
        let new = |entries: &[&Vec<u8>]| Chain::new(&network(), entries.iter().map(|&entry| entry.clone()).collect());
        let [a, b, c, d] = [&entries[0], &entries[1], &entries[2], &entries[3]];
        assert_eq!(new(&[]), Err(ChainError::Length));
        assert!(matches!(new(&[a, b, c]), Err(ChainError::Signature(_))));
        for wrong in [vec![a, b, d], vec![a, c, b, d], vec![d, d], vec![a, a, b, c, d]] {
            assert_eq!(new(&wrong), Err(ChainError::Link));
        }
        let other = log(5, 4, &[5, 8]);
        assert_eq!(new(&[a, &other[1], c, d]), Err(ChainError::Link), "another entry at the same place");
        assert!(matches!(new(&[a, &vec![1, 2], c, d]), Err(ChainError::Entry(_))));
        assert!(Chain::new(&Hash::of(b"elsewhere"), entries).is_err(), "another network");
    }

    #[test]
    fn a_chain_has_at_most_the_entries_between_two_anchors() {
        let most = limits::ANCHOR_SPACING;
        let entries = log(0, most + 1, &[most - 1, most]);
        let at = |seq: u64| entries.get(usize::try_from(seq).ok()?).cloned();
        assert!(Chain::read(&network(), 0, at).is_some_and(|chain| chain.entries().len() as u64 == most));
        assert_eq!(Chain::new(&network(), entries), Err(ChainError::Length));
        let late = log(0, most + 1, &[most]);
        assert_eq!(Chain::read(&network(), 0, |seq| late.get(usize::try_from(seq).ok()?).cloned()), None);
    }

    #[test]
    fn the_largest_entries_that_there_can_be_fit_into_a_chain_and_two_chains_into_a_proof() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let statement = Statement {
            log: PublicKey::from(&key),
            seq: limits::LOG_ENTRIES_MAX - 1,
            body: BodyRef { hash: Hash::of(b"body"), size: limits::BODY_MAX as u64 },
            kind: Kind::parse(&"k".repeat(limits::KIND_MAX)).expect("a name"),
            prev: Hash::of(b"before"),
            time: limits::TIME_MAX_MS,
            audience: Audience::Members,
        };
        let largest = statement.sign(&network(), &key);
        assert!(Entry::decode(&largest).is_ok());
        let most = usize::try_from(limits::ANCHOR_SPACING).expect("small");
        assert!(largest.len() <= limits::CHAIN_MAX / most, "{} bytes", largest.len());
        // With each entry's head as a byte string, those of the two lists, and the place.
        let proof = 2 * (2 + most * (3 + largest.len())) + 1 + 9;
        assert!(proof <= limits::FORK_PROOF_MAX && limits::FORK_PROOF_MAX < limits::SYNC_MESSAGE_MAX, "{proof} bytes");
    }
}
