//! What the writer can be asked to do.

use nanduti_protocol::{
    ballot::{Papers, Taken},
    fork::ForkProof,
    key::PublicKey,
    kind::{Audience, Kind},
    run::VerifiedRun,
};
use tokio::sync::oneshot;

use super::{Admitted, Author, Authored, CoreError, facts::Facts};
use crate::store::Piece;

/// Where the answer goes. A caller that went away is not missed.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, CoreError>>;

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Take a run in.
    Admit { run: Box<VerifiedRun>, facts: Facts, piece: Option<Piece>, reply: Reply<Admitted> },
    /// Sign an entry and take it in.
    Author { kind: Kind, audience: Audience, time: u64, body: Vec<u8>, reply: Reply<Authored> },
    /// Take papers of a ballot in.
    Papers { papers: Box<Papers>, reply: Reply<Taken> },
    /// Speak with another key from now on.
    Speak { author: Box<Author>, reply: Reply<()> },
    /// Take note of a fork.
    Fork { proof: Box<ForkProof>, reply: Reply<bool> },
    /// A node has told where this node's own log stands.
    Heard { node: PublicKey, reply: Reply<()> },
    /// Nothing: whoever asks waits until what came before is written down and shown.
    Settle { reply: Reply<()> },
    /// Put a body where one is missing.
    FillBody { log: PublicKey, seq: u64, body: Vec<u8>, reply: Reply<bool> },
    /// Make the index anew.
    Reindex { reply: Reply<()> },
    /// Set what is damaged in a log aside.
    Repair { log: PublicKey, reply: Reply<()> },
    /// Write everything down and stop.
    Close { reply: Reply<()> },
}

impl Command {
    /// Answers with an error. A caller that went away does not need it.
    pub(crate) fn refuse(self, error: &CoreError) {
        let error = error.clone();
        match self {
            Self::Admit { reply, .. } => drop(reply.send(Err(error))),
            Self::Author { reply, .. } => drop(reply.send(Err(error))),
            Self::Papers { reply, .. } => drop(reply.send(Err(error))),
            Self::Fork { reply, .. } | Self::FillBody { reply, .. } => drop(reply.send(Err(error))),
            Self::Speak { reply, .. }
            | Self::Reindex { reply }
            | Self::Repair { reply, .. }
            | Self::Heard { reply, .. }
            | Self::Settle { reply }
            | Self::Close { reply } => drop(reply.send(Err(error))),
        }
    }

    /// How many bytes it brings, for bounding a batch.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Admit { run, .. } => run.bytes().len(),
            Self::Author { body, .. } | Self::FillBody { body, .. } => body.len(),
            _ => 0,
        }
    }
}
