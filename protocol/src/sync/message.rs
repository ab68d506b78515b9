//! Messages: strict DAG-CBOR, each with one spelling. What can be checked of a message by itself is checked here.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::PeerFault;
use crate::{
    ballot::{Held, Papers, ShortId},
    cbor,
    frontier::{Position, Prefix},
    hash::Hash,
    key::PublicKey,
    limits,
};

/// A message of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Message {
    /// The first message of each side.
    Hello(Hello),
    /// One turn of narrowing down.
    Compare(Compare),
    /// The bodies that the sender lacks: its first message after narrowing.
    Want(Vec<(PublicKey, u64)>),
    /// What the sender holds of the ballots: after its list of wants, if the two hold different ones.
    Ballots(Vec<HeldForm>),
    /// Papers of a ballot.
    Papers(PapersForm),
    /// A fork proof.
    Fork(ByteBuf),
    /// The sender's chain, without bodies, from the lowest place where two logs differ.
    Evidence(Vec<ByteBuf>),
    /// The sender has sent everything.
    End,
}

/// Who is there, and in what state. On the wire an array in the order of the fields, so that two of them fit into 256 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "HelloForm", into = "HelloForm")]
pub struct Hello {
    /// The network.
    pub network: Hash,
    /// The digest of the whole frontier.
    pub digest: Hash,
    /// The version of the roster in force and the digest of what is held of ballots, once the charter is known.
    pub ballots: Option<(u64, Hash)>,
    /// How many bodies the sender will ask for.
    pub wants: u64,
    /// The quick pull: what the initiator holds of some logs. The responder's is always empty.
    pub pull: Vec<Pull>,
}

/// What is held of one log: its next place and the hash of the last entry, the network id if there is none. An array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull(pub PublicKey, pub u64, pub Hash);

#[derive(Serialize, Deserialize)]
struct HelloForm(Hash, Hash, Option<(u64, Hash)>, u64, Vec<Pull>);

impl From<HelloForm> for Hello {
    fn from(HelloForm(network, digest, ballots, wants, pull): HelloForm) -> Self {
        Self { network, digest, ballots, wants, pull }
    }
}

impl From<Hello> for HelloForm {
    fn from(hello: Hello) -> Self {
        Self(hello.network, hello.digest, hello.ballots, hello.wants, hello.pull)
    }
}

/// What is held of the poll about one roster: its hash, the first bytes of the digest, and the names of the statements, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldForm(pub Hash, pub u64, pub Vec<ShortId>);

impl From<&Held> for HeldForm {
    fn from(held: &Held) -> Self {
        Self(held.roster, held.digest, held.ids.iter().copied().collect())
    }
}

impl From<HeldForm> for Held {
    fn from(HeldForm(roster, digest, ids): HeldForm) -> Self {
        Self { roster, digest, ids: ids.into_iter().collect() }
    }
}

/// A proposal, and statements about it. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PapersForm {
    /// Hash of the roster.
    pub roster: Hash,
    /// The proposal.
    pub proposal: ByteBuf,
    /// Signed statements about it.
    pub statements: Vec<ByteBuf>,
}

impl From<Papers> for PapersForm {
    fn from(papers: Papers) -> Self {
        let statements = papers.statements.into_iter().map(ByteBuf::from).collect();
        Self { roster: papers.roster, proposal: ByteBuf::from(papers.proposal), statements }
    }
}

impl From<PapersForm> for Papers {
    fn from(form: PapersForm) -> Self {
        let statements = form.statements.into_iter().map(ByteBuf::into_vec).collect();
        Self { roster: form.roster, proposal: form.proposal.into_vec(), statements }
    }
}

/// One turn of narrowing down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Does the sender have more to say in its next turn than fitted into this one?
    pub more: bool,
    /// What it says.
    pub parts: Vec<Part>,
}

/// One thing said in a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Part {
    /// The sender has many logs below this prefix: the digests of its sixteen children.
    Digests {
        /// The sixteen digests.
        hashes: Vec<Hash>,
        /// The prefix.
        prefix: Prefix,
    },
    /// The sender has few logs below this prefix: all of them.
    Heads {
        /// The logs, by key.
        logs: Vec<(PublicKey, Position)>,
        /// The prefix.
        prefix: Prefix,
    },
    /// In reply to heads: where the sender stands in those logs of which it needs something.
    Answer(Vec<(PublicKey, Position)>),
    /// Two logs contradict each other: a step in the search for the lowest place where they differ.
    Probe {
        /// The log.
        log: PublicKey,
        /// Below this place both hold the same.
        low: u64,
        /// The sender's entry in the middle, at ⌊(low + high) / 2⌋.
        hash: Hash,
        /// At this place they differ. Where it equals `low` the search is over.
        high: u64,
    },
}

/// The place that a probe is about.
pub(super) fn middle(low: u64, high: u64) -> u64 {
    low + high.saturating_sub(low) / 2
}

impl Message {
    /// The content of the frame.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads the content of a frame.
    ///
    /// # Errors
    /// If it is not a message, or breaks a bound or an order that shows by itself.
    pub fn decode(bytes: &[u8]) -> Result<Self, PeerFault> {
        if bytes.len() > limits::SYNC_MESSAGE_MAX {
            return Err(PeerFault::FrameLength { len: bytes.len() });
        }
        let message: Self = cbor::decode_exact(bytes)?;
        message.check()?;
        Ok(message)
    }

    /// Checks what shows of a message by itself.
    pub(super) fn check(&self) -> Result<(), PeerFault> {
        match self {
            Self::Hello(hello) => check_list("pulled logs", &hello.pull, limits::SYNC_PULL_MAX, |a, b| a.0 < b.0),
            Self::Compare(compare) => compare.check(),
            Self::Want(bodies) => check_list("wanted bodies", bodies, limits::SYNC_WANT_MAX, |a, b| a < b),
            Self::Ballots(held) => check_held(held),
            Self::Papers(papers) => {
                let number = papers.statements.len();
                let sound = (1..=limits::PAPERS_STATEMENTS_MAX).contains(&number);
                if sound && papers.proposal.len() <= limits::PROPOSAL_MAX {
                    Ok(())
                } else {
                    Err(PeerFault::Malformed("papers without a statement, with too many, or of too large a proposal"))
                }
            }
            Self::Fork(proof) if proof.len() > limits::FORK_PROOF_MAX => {
                Err(PeerFault::Malformed("a fork proof that is too large"))
            }
            Self::Evidence(chain) if chain.is_empty() || chain.len() as u64 > limits::ANCHOR_SPACING => {
                Err(PeerFault::Malformed("evidence of no entries, or of more than a chain may have"))
            }
            Self::Fork(_) | Self::Evidence(_) | Self::End => Ok(()),
        }
    }

    /// The name of the message.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Compare(_) => "compare",
            Self::Want(_) => "want",
            Self::Ballots(_) => "ballots",
            Self::Papers(_) => "papers",
            Self::Fork(_) => "fork",
            Self::Evidence(_) => "evidence",
            Self::End => "end",
        }
    }
}

impl Compare {
    fn check(&self) -> Result<(), PeerFault> {
        if self.parts.is_empty() && self.more {
            return Err(PeerFault::Malformed("a turn that says nothing but promises more"));
        }
        self.parts.iter().try_for_each(Part::check)
    }
}

impl Part {
    fn check(&self) -> Result<(), PeerFault> {
        match self {
            Self::Digests { hashes, prefix } => {
                let whole = prefix.nibbles() < Prefix::MAX_NIBBLES && hashes.len() == 16;
                if whole { Ok(()) } else { Err(PeerFault::Malformed("digests that are not those of sixteen children")) }
            }
            Self::Heads { logs, prefix } => {
                check_logs(logs)?;
                match logs.iter().find(|(log, _)| Prefix::of(log, prefix.nibbles()) != *prefix) {
                    Some((log, _)) => Err(PeerFault::Outside(*log)),
                    None if logs.iter().any(|(_, position)| position.next == 0 && position.fork.is_none()) => {
                        Err(PeerFault::Malformed("the head of a log without entries"))
                    }
                    None => Ok(()),
                }
            }
            Self::Answer(logs) if logs.is_empty() => Err(PeerFault::Malformed("an empty answer")),
            Self::Answer(logs) => check_logs(logs),
            Self::Probe { low, high, .. } if low > high => Err(PeerFault::Malformed("a probe between no places")),
            Self::Probe { .. } => Ok(()),
        }
    }
}

fn check_held(held: &[HeldForm]) -> Result<(), PeerFault> {
    let ids: usize = held.iter().map(|HeldForm(_, _, ids)| ids.len()).sum();
    if held.len() > limits::SYNC_POLLS_MAX || ids > limits::SYNC_BALLOT_IDS_MAX {
        return Err(PeerFault::TooMany { what: "polls or statements" });
    }
    held.iter().try_for_each(|HeldForm(_, _, ids)| check_list("names of statements", ids, ids.len(), |a, b| a < b))
}

fn check_logs(logs: &[(PublicKey, Position)]) -> Result<(), PeerFault> {
    check_list("logs", logs, limits::SYNC_HEADS_MAX, |a, b| a.0 < b.0)
}

fn check_list<T>(
    what: &'static str,
    list: &[T],
    most: usize,
    before: impl Fn(&T, &T) -> bool,
) -> Result<(), PeerFault> {
    if list.len() > most {
        Err(PeerFault::TooMany { what })
    } else if list.is_sorted_by(before) {
        Ok(())
    } else {
        Err(PeerFault::Order { what })
    }
}
