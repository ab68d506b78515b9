//! Synchronisation: when, with whom, and how one session runs over a stream.
//!
//! The course of a session is the protocol's machine ([`nanduti_protocol::sync`]); here are its surroundings: framing,
//! compression, deadlines, reading from the disk, verifying and admitting. [`schedule`] says when; [`session`] runs one.

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod intake;
mod schedule;
mod serve;
mod session;
mod view;
mod wire;

use std::time::Duration;

use libp2p::PeerId;
use nanduti_protocol::hash::Hash;

pub(super) use schedule::{Ended, Job, Schedule};
pub(super) use session::Sessions;

use super::blame::Fault;
use super::records::key_of;
use super::streams::OpenError;
use crate::core::{Core, CoreError};

/// Which side began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// We did.
    Initiator(Job),
    /// The peer did.
    Responder,
}

/// How a session went.
#[derive(Debug)]
pub(super) struct SessionReport {
    pub(super) peer: PeerId,
    pub(super) role: Role,
    pub(super) elapsed: Duration,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    /// Entries received and durably stored.
    pub(super) received: u64,
    /// Entries sent.
    pub(super) sent: u64,
    /// What was refused without blame.
    pub(super) notes: Vec<&'static str>,
    /// The peer's digest, as it said at the beginning.
    pub(super) peer_digest: Option<Hash>,
    /// Were the digests equal at the beginning?
    pub(super) equal: bool,
    /// Was everything compared and exchanged, and not just what was asked for?
    pub(super) whole: bool,
    pub(super) error: Option<SessionError>,
}

impl SessionReport {
    /// Tells the core of a whole session that ended in order: what the peer held when it began is held here now.
    pub(super) async fn tell(&self, core: &Core) {
        let whole = self.whole && self.error.is_none() && !matches!(self.role, Role::Initiator(Job::Pull(_)));
        if let Some(node) = key_of(&self.peer).filter(|_| whole)
            && let Err(error) = core.heard_from(node).await
        {
            tracing::warn!(peer = %self.peer, %error, "it could not be noted that a peer told of this node's own log");
        }
    }
}

/// Why a session ended before its time.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// The peer did something wrong.
    #[error("{1}")]
    Fault(Fault, String),
    /// The peer belongs to another network.
    #[error("the peer belongs to another network")]
    OtherNetwork,
    /// The peer closed the stream before it said anything: it has enough to do.
    #[error("the peer is busy")]
    Busy,
    /// The stream ended too early.
    #[error("the connection ended too early: {0}")]
    Cut(String),
    /// No stream could be opened.
    #[error("no stream could be opened: {0}")]
    Open(#[from] OpenError),
    /// The peer did not say hello in time.
    #[error("the peer did not say hello in time")]
    Silent,
    /// The peer sends on and on what is held already.
    #[error("the peer sends nothing new")]
    NothingNew,
    /// Others waited for the place.
    #[error("the session took long, and others waited")]
    GaveWay,
    /// Nothing moved.
    #[error("nothing moved for {} seconds", super::limits::PROGRESS.as_secs())]
    Stalled,
    /// This node cannot store what it receives.
    #[error(transparent)]
    Local(CoreError),
    /// This node is stopping.
    #[error("the node is stopping")]
    Stopped,
    /// A mistake of ours.
    #[error("a mistake of this node: {0}")]
    Own(String),
}

impl SessionError {
    /// Did nothing come from the peer, as if nobody were there?
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Self::Silent | Self::Stalled | Self::Open(OpenError::Timeout))
    }
}
