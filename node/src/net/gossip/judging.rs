//! Judging what is heard, the cheapest checks first.

use std::ops::ControlFlow::{self, Break, Continue};

use libp2p::gossipsub::MessageAcceptance;
use nanduti_protocol::announce::{Announcement, BallotPlace, NewEntry, Place, judge_entry, judge_statement};
use nanduti_protocol::ballot::Statement;
use nanduti_protocol::chain::{Chain, ChainError};
use nanduti_protocol::entry::{Entry, EntryError};
use nanduti_protocol::envelope::EnvelopeError;
use nanduti_protocol::fork::{ForkError, ForkProof};
use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::ledger::{History, Ledger};
use nanduti_protocol::networks::NetworkOf;
use tokio::time::Instant;

use super::super::blame::Fault;
use super::super::compression::UnpackError;
use super::super::records::{Learnt, Records};
use super::{Gossip, Heard, Judgement, News, Sender};

impl Gossip {
    /// Judges a message.
    pub(in super::super) fn judge<S>(
        &mut self,
        data: &[u8],
        from: Sender,
        state: (&Ledger, &S),
        records: &mut Records,
        now: Instant,
    ) -> Judgement
    where
        S: History,
    {
        if !self.peers.take(&from.peer, now) || !self.all.take(now) {
            return too_much();
        }
        let judgement = match Announcement::decode(data) {
            Err(_) => Judgement::reject(Fault::GOSSIP),
            Ok(Announcement::Entry(bytes)) => self.judge_entry(bytes, state, now),
            Ok(Announcement::Segment(bytes)) => self.judge_segment(bytes, state, now),
            Ok(Announcement::Fork(bytes)) => judge_fork(bytes, state.0, || self.forks.take(now)),
            Ok(Announcement::Node(_)) if !self.nodes.take(now) => too_much(),
            Ok(Announcement::Node(bytes)) => judge_record(bytes, from, state.0, records),
            Ok(Announcement::Ballot(_)) if !self.ballots.take(now) => too_much(),
            Ok(Announcement::Ballot(bytes)) => judge_ballot(bytes, state.0),
        };
        if let Some(about) = judgement.about.filter(|_| judgement.acceptance == MessageAcceptance::Accept) {
            self.seen.insert(about);
        }
        judgement
    }

    fn judge_entry<S: History>(&mut self, bytes: &[u8], state: (&Ledger, &S), now: Instant) -> Judgement {
        let entry = match Entry::decode(bytes) {
            Ok(entry) => entry,
            Err(EntryError::Envelope(EnvelopeError::Oversized)) => return Judgement::reject(Fault::OVERSIZED),
            Err(_) => return Judgement::reject(Fault::GOSSIP),
        };
        let place = match self.place(&entry, state, now) {
            Continue(place) => place,
            Break(judgement) => return judgement,
        };
        let log = entry.statement.log;
        if entry.verify(&state.0.networks().network_of(&log)).is_err() {
            return Judgement::reject(Fault::SIGNATURE);
        }
        match place {
            Place::Contradicts => self.contradiction((&log, entry.statement.seq), bytes, state, now),
            _ => Judgement::accept(entry.hash, Heard::Entry(log)),
        }
    }

    /// An entry that comes with its body: if it is the next of its log, nothing has to be fetched.
    fn judge_segment<S: History>(&mut self, content: &[u8], state: (&Ledger, &S), now: Instant) -> Judgement {
        let (new, frame) = match self.unpack(content) {
            Ok(Some(unpacked)) => unpacked,
            Ok(None) => return Judgement::ignore(),
            Err(fault) => return Judgement::reject(fault),
        };
        let Ok(entry) = new.entry() else { return Judgement::reject(Fault::GOSSIP) };
        let place = match self.place(&entry, state, now) {
            Continue(place) => place,
            Break(judgement) => return judgement,
        };
        let (log, seq, hash) = (entry.statement.log, entry.statement.seq, entry.hash);
        let Ok(run) = new.verify(state.0.networks()) else { return Judgement::reject(Fault::SIGNATURE) };
        match place {
            Place::Contradicts => {
                let bytes = run.items().first().map(|item| run.entry_bytes(item)).unwrap_or_default();
                self.contradiction((&log, seq), bytes, state, now)
            }
            Place::Ahead { next: true } => {
                Judgement::accept(hash, Heard::News(Box::new(News { run, frame: frame.to_vec() })))
            }
            _ => Judgement::accept(hash, Heard::Entry(log)),
        }
    }

    /// Decompresses what is announced, to the length that it announces and no further. `None` if this machine has no memory for it.
    fn unpack<'a>(&mut self, content: &'a [u8]) -> Result<Option<(NewEntry, &'a [u8])>, Fault> {
        let (len, frame) = NewEntry::split(content).map_err(|_| Fault::GOSSIP)?;
        let run = match self.unpacker.unpack(frame, len) {
            Ok(run) => run,
            Err(UnpackError::Content) => return Err(Fault::COMPRESSION),
            Err(UnpackError::Memory(_)) => return Ok(None),
        };
        let new = NewEntry::read(run).map_err(|_| Fault::GOSSIP)?;
        Ok(Some((new, frame)))
    }

    /// What an entry is to this node, if it is worth a signature.
    fn place<S: History>(
        &mut self,
        entry: &Entry<'_>,
        (ledger, history): (&Ledger, &S),
        now: Instant,
    ) -> ControlFlow<Judgement, Place> {
        let log = entry.statement.log;
        let place = judge_entry(ledger, history, &entry.statement, &entry.hash);
        match place {
            Place::Known => return Break(Judgement::ignore()),
            Place::OtherNetwork => return Break(Judgement::reject(Fault::OTHER_NETWORK)),
            Place::Unplaced => {
                let heard = Some(Heard::Unplaced);
                return Break(Judgement { note: Some("gossip-unplaced"), heard, ..Judgement::ignore() });
            }
            Place::Ahead { .. } | Place::Contradicts => {}
        }
        if self.logs.take(&log, now) {
            return Continue(place);
        }
        // It is news all the same, only not worth a signature: the pull will see.
        let heard = matches!(place, Place::Ahead { .. }).then_some(Heard::Entry(log));
        Break(Judgement { heard, ..too_much() })
    }

    /// An entry of a key contradicts what is held of it: perhaps that proves a fork.
    fn contradiction<S: History>(
        &mut self,
        (log, seq): (&PublicKey, u64),
        entry: &[u8],
        (ledger, history): (&Ledger, &S),
        now: Instant,
    ) -> Judgement {
        let ignored = Judgement { note: Some("gossip-contradiction"), ..Judgement::ignore() };
        // Above an open fork there is nothing more to prove.
        let open = ledger.open_fork(log, history).map(|known| known.mark().seq);
        if open.is_some_and(|fork| fork < seq) || !self.forks.take(now) {
            return ignored;
        }
        // Signed by itself, it is a chain of one.
        let chain = Chain::new(ledger.networks(), vec![entry.to_vec()]).ok();
        let proof = chain.and_then(|chain| ledger.contradicts(&chain, history));
        let new = proof.filter(|proof| ledger.is_new_fork(proof));
        Judgement { heard: new.map(|proof| Heard::Fork(Box::new(proof))), ..ignored }
    }
}

fn too_much() -> Judgement {
    Judgement { note: Some("gossip-rate"), ..Judgement::ignore() }
}

fn judge_fork(bytes: &[u8], ledger: &Ledger, within_rate: impl FnOnce() -> bool) -> Judgement {
    let proof = match ForkProof::decode(ledger.networks(), bytes) {
        Ok(proof) => proof,
        // Without the charter nobody knows which logs it carries over from another network.
        Err(ForkError::Chain(ChainError::Signature(_))) if ledger.authority().is_none() => {
            return Judgement { note: Some("gossip-unplaced"), ..Judgement::ignore() };
        }
        Err(ForkError::Chain(ChainError::Signature(_))) => return Judgement::reject(Fault::SIGNATURE),
        Err(_) => return Judgement::reject(Fault::FORK_PROOF),
    };
    let log = proof.log();
    // Anybody can fork a log of his own making; only what stands in a keyring is worth remembering.
    if ledger.authority().and_then(|authority| authority.standing(&log)).is_none() {
        return Judgement { note: Some("gossip-unplaced"), ..Judgement::ignore() };
    }
    if !ledger.is_new_fork(&proof) {
        Judgement::ignore()
    } else if within_rate() {
        Judgement::accept(Hash::of(bytes), Heard::Fork(Box::new(proof)))
    } else {
        too_much()
    }
}

fn judge_record(bytes: &[u8], from: Sender, ledger: &Ledger, records: &mut Records) -> Judgement {
    let is_member =
        |key: &PublicKey| ledger.authority().is_some_and(|authority| authority.member_of_node(key).is_some());
    match records.learn(bytes, (from.peer, from.local), is_member) {
        Ok(Learnt::New(peer, addresses)) => Judgement::accept(Hash::of(bytes), Heard::Node(peer, addresses)),
        Ok(Learnt::Nothing) => Judgement::ignore(),
        Err(fault) => Judgement::reject(fault),
    }
}

fn judge_ballot(bytes: &[u8], ledger: &Ledger) -> Judgement {
    match judge_statement(ledger, bytes) {
        Ok(BallotPlace::Known) => Judgement::ignore(),
        Ok(BallotPlace::News) => Judgement::accept(Hash::of(bytes), Heard::Ballot),
        Ok(BallotPlace::Unplaced) => {
            Judgement { note: Some("gossip-unplaced"), heard: Some(Heard::Unplaced), ..Judgement::ignore() }
        }
        Err(_) if Statement::decode(bytes).is_err() => Judgement::reject(Fault::GOSSIP),
        Err(_) => Judgement::reject(Fault::BALLOT),
    }
}
