//! What nodes tell each other by gossip: that there is something new. Gossip is a hint, and correctness never depends on it.
//!
//! A message is a strict DAG-CBOR map of one pair, `{entry: bytes}`, `{segment: bytes}`, `{fork: bytes}`, `{node: bytes}` or
//! `{ballot: bytes}`: an entry without its body, a small segment of one entry with its body, a fork proof, a node record, or a
//! statement of a ballot, each in the one form that it has everywhere else. The checks are split so that a host can stop at the
//! cheapest one that fails: taking apart ([`Announcement::decode`], [`NewEntry::read`]), what the ledger knows of the place
//! ([`judge_entry`]), and only then the signature.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_bytes::Bytes;

use crate::{
    ballot::{PapersError, Statement},
    cbor::{self, CborError},
    entry::{Entry, Statement as EntryStatement},
    hash::Hash,
    key::PublicKey,
    kind::Audience,
    ledger::{History, Ledger},
    limits,
    networks::NetworkOf,
    run::{ReceivedRun, RunError, VerifiedRun},
    sync::{segment_head, split_segment},
};

/// A gossip message, taken apart; what it carries is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Announcement<'a> {
    /// An entry, without its body.
    #[serde(borrow)]
    Entry(&'a Bytes),
    /// An entry for everybody, with its body: the content of a segment frame.
    #[serde(borrow)]
    Segment(&'a Bytes),
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

    /// Announces an entry with its body, as the content of a segment frame.
    pub fn segment(bytes: &'a [u8]) -> Self {
        Self::Segment(Bytes::new(bytes))
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

/// Why a segment is none that may be announced. Every one of these is the sender's fault: it could have checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NewEntryError {
    /// The run is longer than an announced one may be, or of another length than announced.
    #[error("an announced segment of a length that none may have")]
    Length,
    /// It is no segment.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It has more than one entry.
    #[error("an announced segment of more than one entry")]
    Several,
    /// Its body is missing, or not for everybody.
    #[error("an announced segment whose body is missing or not for everybody")]
    NotPublic,
}

/// An announced entry with its body, taken apart: what it says is right if its key says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry(ReceivedRun);

impl NewEntry {
    /// Splits what is announced: the length of the run, and its zstd frame.
    ///
    /// # Errors
    /// If it is cut off, or the run is longer than an announced one may be.
    pub fn split(content: &[u8]) -> Result<(usize, &[u8]), NewEntryError> {
        let (len, frame) = split_segment(content).map_err(|_| NewEntryError::Length)?;
        if len > limits::GOSSIP_RUN_MAX { Err(NewEntryError::Length) } else { Ok((len, frame)) }
    }

    /// What is announced of a run in this zstd frame; `None` if it is not to be announced with its body, or does not fit into a message.
    pub fn announced(run: &VerifiedRun, frame: &[u8]) -> Option<Vec<u8>> {
        let [item] = run.items() else { return None };
        let fits = run.bytes().len() <= limits::GOSSIP_RUN_MAX && frame.len() <= limits::GOSSIP_FRAME_MAX;
        let head =
            segment_head(run.bytes().len()).filter(|_| fits && item.held && item.audience == Audience::Public)?;
        Some([&head, frame].concat())
    }

    /// Takes the decompressed bytes of an announced segment apart.
    ///
    /// # Errors
    /// If they are not a run of one entry for everybody with its body, within the bounds.
    pub fn read(run: Vec<u8>) -> Result<Self, NewEntryError> {
        if run.len() > limits::GOSSIP_RUN_MAX {
            return Err(NewEntryError::Length);
        }
        let run = ReceivedRun::receive(run)?;
        match run.items() {
            [item] if item.held && item.audience == Audience::Public => Ok(Self(run)),
            [_] => Err(NewEntryError::NotPublic),
            _ => Err(NewEntryError::Several),
        }
    }

    /// The log.
    pub fn log(&self) -> PublicKey {
        self.0.log()
    }

    /// The entry.
    ///
    /// # Errors
    /// Never, since it has been taken apart before.
    pub fn entry(&self) -> Result<Entry<'_>, RunError> {
        self.0.items().first().ok_or(RunError::Empty).and_then(|item| self.0.entry(item))
    }

    /// Checks its signature.
    ///
    /// # Errors
    /// If it does not verify for the network of the log.
    pub fn verify(self, networks: &(impl NetworkOf + ?Sized)) -> Result<VerifiedRun, RunError> {
        self.0.verify(networks)
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
    use crate::{entry::BodyRef, kind::Kind, run::push_item};

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
    fn only_one_small_entry_for_everybody_is_announced_with_its_body() {
        let network = Hash::of(b"network");
        let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
        let statement = |seq, prev, audience, body: &[u8]| EntryStatement {
            log: PublicKey::from(&key),
            seq,
            body: BodyRef::to(body),
            kind: Kind::Practice,
            prev,
            time: 0,
            audience,
        };
        let item = |statement: &EntryStatement, body: Option<&[u8]>| {
            let mut run = Vec::new();
            push_item(&mut run, &statement.sign(&network, &key), body);
            run
        };
        let verified = |run: &[u8]| ReceivedRun::receive(run.to_vec()).unwrap().verify(&network).unwrap();
        let first = statement(3, network, Audience::Public, b"body");
        let second = statement(4, Hash::of(&first.sign(&network, &key)), Audience::Public, b"body");
        let whole = item(&first, Some(b"body"));
        let content = NewEntry::announced(&verified(&whole), b"frame").unwrap();
        assert_eq!(NewEntry::split(&content), Ok((whole.len(), &b"frame"[..])));
        let new = NewEntry::read(whole.clone()).unwrap();
        assert_eq!(new.entry().unwrap().statement, first);
        assert_eq!(new.verify(&network), Ok(verified(&whole)));
        let closed = statement(3, network, Audience::Members, b"body");
        let large = alloc::vec![0; limits::GOSSIP_RUN_MAX];
        let refused = [
            (item(&first, None), NewEntryError::NotPublic),
            (item(&closed, Some(b"body")), NewEntryError::NotPublic),
            ([whole.clone(), item(&second, Some(b"body"))].concat(), NewEntryError::Several),
            (item(&statement(3, network, Audience::Public, &large), Some(&large)), NewEntryError::Length),
        ];
        for (run, why) in refused {
            assert_eq!(NewEntry::announced(&verified(&run), b"frame"), None, "{why}");
            assert_eq!(NewEntry::read(run), Err(why));
        }
        let frame = alloc::vec![0; limits::GOSSIP_FRAME_MAX + 1];
        assert_eq!(NewEntry::announced(&verified(&whole), &frame), None);
        let content = NewEntry::announced(&verified(&whole), &frame[1..]).unwrap();
        assert!(Announcement::segment(&content).encode().len() <= limits::GOSSIP_MAX);
        let over = u32::try_from(limits::GOSSIP_RUN_MAX + 1).unwrap().to_be_bytes();
        assert_eq!(NewEntry::split(&over), Err(NewEntryError::Length));
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
