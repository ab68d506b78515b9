//! What can go wrong in a session, and whose fault it is.
//!
//! A peer is blamed only for what an honest implementation never sends, whatever the state of its library.

use crate::{cbor::CborError, chain::ChainError, fork::ForkError, key::PublicKey};

/// Why a session ended before its time. The host closes the stream; whatever was delivered before stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// The peer broke the protocol.
    #[error("the peer {0}")]
    Peer(#[from] PeerFault),
    /// The peer belongs to another network: nobody's fault, and nothing to talk about.
    #[error("the peer belongs to another network")]
    OtherNetwork,
    /// The host broke the contract of the session.
    #[error("the host {0}")]
    Host(#[from] HostMisuse),
}

impl SyncError {
    /// Is the peer to blame?
    pub fn blames_peer(&self) -> bool {
        matches!(self, Self::Peer(_))
    }

    /// A short name for counters and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Peer(fault) => fault.name(),
            Self::OtherNetwork => "other-network",
            Self::Host(_) => "host-misuse",
        }
    }
}

/// What a peer did that no honest one does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// A frame of an unknown type.
    #[error("sent a frame of the unknown type {0}")]
    FrameType(u8),
    /// A frame larger than its type allows, or too small to be one.
    #[error("sent a frame of {len} bytes, which its type does not allow")]
    FrameLength {
        /// The bytes announced.
        len: usize,
    },
    /// A message that is not one.
    #[error("sent a message that is {0}")]
    Encoding(#[from] CborError),
    /// A list that is too long.
    #[error("sent a list of {what} that is longer than allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// A list that is not sorted, or in which something stands twice.
    #[error("sent a list of {what} that is not in strict order")]
    Order {
        /// Of what.
        what: &'static str,
    },
    /// Something malformed within a message.
    #[error("sent {0}")]
    Malformed(&'static str),
    /// A message out of its time.
    #[error("sent {0} out of its time")]
    Unexpected(&'static str),
    /// A description of a prefix that was not asked for.
    #[error("described a prefix that was not asked for")]
    Unasked,
    /// A log outside the prefix that is described.
    #[error("named the log {0} outside the prefix that it described")]
    Outside(PublicKey),
    /// A claim of difference where both sides hold the same.
    #[error("claimed a difference where there is none")]
    NoDifference,
    /// An answer or a probe for a log that was not shown to it, or a second one.
    #[error("answered for the log {0}, which nobody had asked about")]
    Unsolicited(PublicKey),
    /// A probe that does not follow from the one before.
    #[error("probed the log {0} at a place that does not follow")]
    Probe(PublicKey),
    /// More turns of comparison than any two libraries need.
    #[error("compared without end")]
    Turns,
    /// A fork proof that proves nothing.
    #[error("sent a fork proof, but {0}")]
    Fork(#[from] ForkError),
    /// Evidence that is not a chain.
    #[error("sent evidence that is not a chain: {0}")]
    Evidence(#[from] ChainError),
}

impl PeerFault {
    /// A short name for counters and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::FrameType(_) => "frame-type",
            Self::FrameLength { .. } => "frame-length",
            Self::Encoding(_) => "encoding",
            Self::TooMany { .. } => "too-many",
            Self::Order { .. } => "order",
            Self::Malformed(_) => "malformed",
            Self::Unexpected(_) => "unexpected",
            Self::Unasked => "unasked",
            Self::Outside(_) => "outside",
            Self::NoDifference => "no-difference",
            Self::Unsolicited(_) => "unsolicited",
            Self::Probe(_) => "probe",
            Self::Turns => "turns",
            Self::Fork(_) => "bad-fork-proof",
            Self::Evidence(_) => "bad-evidence",
        }
    }
}

/// What the host did against the contract of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostMisuse {
    /// Input although outputs were waiting.
    #[error("gave input before it had taken all outputs")]
    Undrained,
    /// Input after the end.
    #[error("gave input to a session that is over")]
    Over,
    /// A report about a run that was not asked for, or one that left its bounds.
    #[error("reported having served what it was not asked to")]
    Served,
}
