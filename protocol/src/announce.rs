//! What nodes tell each other by gossip: that there is something new. Gossip is a hint, and correctness never depends on it.
//!
//! A message is a strict DAG-CBOR map of one pair, `{entry: bytes}`, `{fork: bytes}`, `{node: bytes}` or `{ballot: bytes}`: an
//! entry without its body, a fork proof, a node record, or a statement of a ballot, each in the one form that it has everywhere else. The checks are split so that a
//! host can stop at the cheapest one that fails: taking apart ([`Announcement::decode`]), what the ledger knows of the place
//! ([`judge_entry`]), and only then the signature.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_bytes::Bytes;

use crate::{
    ballot::{PapersError, Statement},
    cbor::{self, CborError},
    entry::Statement as EntryStatement,
    hash::Hash,
    ledger::{History, Ledger},
    limits,
    networks::NetworkOf,
};

/// A gossip message, taken apart; what it carries is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Announcement<'a> {
    /// An entry, without its body.
    #[serde(borrow)]
    Entry(&'a Bytes),
    /// A fork proof.
    #[serde(borrow)]
    Fork(&'a Bytes),
    /// A node record.
    #[serde(borrow)]
    Node(&'a Bytes),
    /// A statement of a ballot.
    #[serde(borrow)]
    Ballot(&'a Bytes),
}

impl<'a> Announcement<'a> {
    /// Announces an entry.
    pub fn entry(bytes: &'a [u8]) -> Self {
        Self::Entry(Bytes::new(bytes))
    }

    /// Announces a fork proof.
    pub fn fork(bytes: &'a [u8]) -> Self {
        Self::Fork(Bytes::new(bytes))
    }

    /// Announces a node record.
    pub fn node(bytes: &'a [u8]) -> Self {
        Self::Node(Bytes::new(bytes))
    }

    /// Announces a statement of a ballot.
    pub fn ballot(bytes: &'a [u8]) -> Self {
        Self::Ballot(Bytes::new(bytes))
    }

    /// The bytes of the message.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Takes a message apart.
    ///
    /// # Errors
    /// If it is longer than any may be, or not of the form.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, CborError> {
        if bytes.len() > limits::GOSSIP_MAX {
            return Err(CborError::Malformed("longer than any may be".into()));
        }
        let message: Self = cbor::decode(bytes)?;
        // The codec also takes an enumeration without the head of its map, and a second spelling would travel as another message.
        if message.encode() == bytes { Ok(message) } else { Err(CborError::NotCanonical) }
    }
}

/// What an announced entry is to this node, before its signature is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is held already.
    Known,
    /// It is above what is held: news. If `next`, it continues the log right there.
    Ahead {
        /// Does it follow the last entry held?
        next: bool,
    },
    /// At or below what is held, and not what is held there: if its signature verifies, a fork.
    Contradicts,
    /// The key is not known here, or does not count so far. Perhaps the sender knows more; nobody is to blame.
    Unplaced,
    /// Entry 0 does not name this network. The sender could have checked.
    OtherNetwork,
}

/// What an announced statement of a ballot is to this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BallotPlace {
    /// It is held already.
    Known,
    /// It is news: properly signed by somebody who has a vote.
    News,
    /// It is about a roster that is not known here. Perhaps the sender knows more; nobody is to blame.
    Unplaced,
}

/// Finds out what an announced statement is to this node, its signature included.
///
/// # Errors
/// If it is no statement, or not of somebody who has a vote. The sender could have checked.
pub fn judge_statement(ledger: &Ledger, bytes: &[u8]) -> Result<BallotPlace, PapersError> {
    let statement = Statement::decode(bytes)?;
    let succession = ledger.succession();
    let poll =
        succession.and_then(|known| known.polls().map(|(poll, _)| poll).find(|poll| poll.hash() == statement.roster));
    let Some(poll) = poll else { return Ok(BallotPlace::Unplaced) };
    if poll.holds(bytes) {
        return Ok(BallotPlace::Known);
    }
    poll.signer(&statement, bytes)?;
    Ok(BallotPlace::News)
}

/// Finds out what an announced entry is to this node.
pub fn judge_entry(ledger: &Ledger, history: &impl History, statement: &EntryStatement, hash: &Hash) -> Place {
    // Without the charter nobody knows which logs it carries over from another network.
    let Some(authority) = ledger.authority() else { return Place::Unplaced };
    let network = ledger.networks().network_of(&statement.log);
    if statement.seq == 0 && statement.prev != network {
        return Place::OtherNetwork;
    }
    let Some(standing) = authority.standing(&statement.log) else { return Place::Unplaced };
    if standing.ends.is_some_and(|ends| statement.seq >= ends) {
        return Place::Unplaced;
    }
    let (next, head) = ledger.extent(&statement.log).map_or((0, network), |extent| (extent.next, extent.head));
    if statement.seq < next {
        let same = history.hash_at(&statement.log, statement.seq) == Some(*hash);
        return if same { Place::Known } else { Place::Contradicts };
    }
    match statement.seq == next {
        true if statement.prev == head => Place::Ahead { next: true },
        true => Place::Contradicts,
        false => Place::Ahead { next: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_one_form() {
        for message in [Announcement::entry(b"e"), Announcement::fork(b"f"), Announcement::node(&[9; 300])] {
            let bytes = message.encode();
            assert_eq!(Announcement::decode(&bytes), Ok(message));
            let mut longer = bytes.clone();
            longer.push(0);
            assert!(Announcement::decode(&longer).is_err(), "trailing bytes");
        }
        assert_eq!(Announcement::entry(b"e").encode(), b"\xa1\x65entry\x41e");
    }

    #[test]
    fn what_is_not_a_message_is_refused() {
        let oversized = Announcement::entry(&alloc::vec![0; limits::GOSSIP_MAX]).encode();
        let refused: [&[u8]; 8] = [
            b"",
            b"\xa0",
            b"\x65entry\x41e",
            b"\xa1\x65entry\xf6",
            b"\xa1\x65other\x41e",
            b"\xa1\x65entry\x58\x01e",
            b"\xa2\x64fork\x41f\x65entry\x41e",
            &oversized,
        ];
        for bytes in refused {
            assert!(Announcement::decode(bytes).is_err(), "{bytes:02x?}");
        }
    }
}
