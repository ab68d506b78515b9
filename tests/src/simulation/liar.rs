//! Liars: nodes that run the same machine as everybody and change what leaves it, or say what is not asked of them.
//!
//! A liar without keys can only spoil, repeat, withhold and flood. One that has a key, its own or a stolen one, can sign whatever it
//! likes with it. None of them can break the transport: a stream is bounded and its ends are who they are.

use std::rc::Rc;

use nanduti_protocol::{
    announce::Announcement,
    frontier::Position,
    hash::Hash,
    kind::{Audience, Kind},
    ledger::History,
    limits,
    run::{push_item, split_item},
    sync::{Compare, FRAME_HEADER_LEN, FrameHeader, FrameType, Message as Said, Part, message_frame, split_segment},
    testing::{Dice, LogWriter},
};
use serde_bytes::ByteBuf;

use super::{
    clock::{Event, MILLISECOND, SECOND},
    gossip::Message,
    node::Node,
    schedule::between,
    session::segment_frame,
    stage::Stage,
    trace::What,
};

/// One way to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// An entry in the middle of a segment is changed.
    Middle,
    /// The signature that vouches for a segment is changed.
    Signature,
    /// A body is changed.
    WrongBody,
    /// Bodies are left out, and not given when asked for.
    Withhold,
    /// Heads and digests that it does not have.
    FalseFrontier,
    /// Messages out of their time.
    OutOfTurn,
    /// Bytes that are no frame.
    Garbage,
    /// Nothing where something is due.
    Silence,
    /// The same again.
    Repeat,
    /// A log that nobody knows.
    UnknownLog,
    /// More entries than the charter allows.
    Surplus,
}

/// All of them.
pub(super) const LIES: [Lie; 11] = [
    Lie::Middle,
    Lie::Signature,
    Lie::WrongBody,
    Lie::Withhold,
    Lie::FalseFrontier,
    Lie::OutOfTurn,
    Lie::Garbage,
    Lie::Silence,
    Lie::Repeat,
    Lie::UnknownLog,
    Lie::Surplus,
];

/// What a liar does.
pub(super) struct Liar {
    lies: Vec<Lie>,
    /// Lies once in so many frames.
    once_in: usize,
    /// A log with a key of its own making.
    unknown: LogWriter,
    /// A run past the bounds of the charter.
    surplus: Option<Vec<u8>>,
    /// Signs with a key that others use too, as long as faults go on.
    pub(super) forges: bool,
}

impl Liar {
    /// A liar with some ways to lie.
    pub(super) fn new(unknown: LogWriter, forges: bool, dice: &mut Dice) -> Self {
        let mut lies = LIES.to_vec();
        dice.shuffle(&mut lies);
        lies.truncate(dice.below(5));
        Self { lies, once_in: 1 + dice.below(6), unknown, surplus: None, forges }
    }

    /// Tells this lie and no other.
    pub(super) fn only(&mut self, lie: Lie) {
        self.lies = vec![lie];
        self.once_in = 1;
    }

    /// Changes a frame on its way out.
    pub(super) fn change(&mut self, frame: Vec<u8>, stage: &mut Stage) -> Vec<Vec<u8>> {
        if self.lies.contains(&Lie::Withhold) {
            return without_bodies(frame).into_iter().collect();
        }
        if !stage.dice.once_in(self.once_in) {
            return vec![frame];
        }
        let Some(lie) = stage.dice.pick(&self.lies).copied() else { return vec![frame] };
        let changed = self.tell(lie, &frame, &mut stage.dice);
        if changed.is_some() {
            stage.counters.lies += 1;
        }
        changed.unwrap_or_else(|| vec![frame])
    }

    /// The frames that a lie makes of one; `None` if it does not fit there.
    fn tell(&self, lie: Lie, frame: &[u8], dice: &mut Dice) -> Option<Vec<Vec<u8>>> {
        let run = run_of(frame);
        match lie {
            Lie::Middle => Some(vec![segment_frame(&spoil(run?, dice, Spoil::Middle)?)?]),
            Lie::Signature => Some(vec![segment_frame(&spoil(run?, dice, Spoil::Signature)?)?]),
            Lie::WrongBody => Some(vec![segment_frame(&spoil(run?, dice, Spoil::Body)?)?]),
            Lie::Withhold => None,
            Lie::FalseFrontier => Some(vec![message_frame(&boast(frame, dice)?)]),
            Lie::OutOfTurn => Some(vec![frame.to_vec(), message_frame(&untimely(dice))]),
            Lie::Garbage => Some(vec![dice.bytes(40)]),
            Lie::Silence => Some(Vec::new()),
            Lie::Repeat => Some(vec![frame.to_vec(), frame.to_vec()]),
            Lie::UnknownLog => {
                run?;
                Some(vec![segment_frame(&self.unknown.segment(0..self.unknown.len()))?, frame.to_vec()])
            }
            Lie::Surplus => {
                run?;
                Some(vec![segment_frame(self.surplus.as_ref()?)?, frame.to_vec()])
            }
        }
    }
}

impl Node {
    /// A liar's own initiative: floods, replays, and entries signed with a key that others use too.
    pub(super) fn lie(&mut self, calm: bool, stage: &mut Stage) {
        let Some(mut liar) = self.liar.take() else { return };
        let now = stage.clock.now();
        if self.up {
            let peers: Vec<_> = self.schedule.peers().collect();
            for message in self.flood(&liar, &mut stage.dice) {
                for peer in &peers {
                    stage.gossip(self.id, *peer, &message);
                }
            }
            if !calm && self.writer.queue.is_empty() && !self.writer.flushing {
                if liar.forges && stage.dice.once_in(3) {
                    self.forge(stage);
                }
                if liar.surplus.is_none() {
                    liar.surplus = self.surplus(stage);
                }
            }
            self.go_on(stage);
        }
        self.liar = Some(liar);
        let (low, high) = if calm { (20 * SECOND, 40 * SECOND) } else { (500 * MILLISECOND, 20 * SECOND) };
        let pause = between(&mut stage.dice, low, high);
        stage.clock.at(now + pause, Event::Lie(self.id));
    }

    /// Messages that help nobody: old ones, spoilt ones, ones of keys that nobody knows.
    fn flood(&self, liar: &Liar, dice: &mut Dice) -> Vec<Rc<Message>> {
        let mut messages = Vec::new();
        for _ in 0..1 + dice.below(12) {
            let unknown = liar.unknown.entry(dice.below(liar.unknown.len() as usize) as u64);
            let message = match dice.below(5) {
                0 => unknown.map(|entry| Message::new(Announcement::entry(entry).encode())),
                1 => Some(Message::new(dice.bytes(60))),
                2 => Some(Message::new(vec![0xa1; limits::GOSSIP_MAX + 1])),
                3 => self.replay(dice).map(|old| {
                    let mut bytes = old.bytes.clone();
                    let place = dice.below(bytes.len());
                    bytes[place] ^= 1 << dice.below(8);
                    Message::new(bytes)
                }),
                _ => self.replay(dice),
            };
            messages.extend(message);
        }
        messages
    }

    /// Signs with a key that others use as well: sooner or later its log is forked.
    fn forge(&mut self, stage: &mut Stage) {
        let body = stage.dice.bytes(30);
        let kind = match stage.dice.below(4) {
            0 => Kind::Other("unheard-of".into()),
            1 => Kind::Keyring,
            _ => Kind::Practice,
        };
        if let Some(run) = self.sign(kind, Audience::Public, &body, stage) {
            stage.counters.lies += 1;
            stage.note(
                self.id,
                What { verb: "forges", log: Some(run.log()), number: run.first_seq(), ..What::default() },
            );
            self.writer.queue.push_back(super::writer::Command::Admit(Box::new(run), None));
        }
    }

    /// Some entries more than the charter allows, of a log that is full.
    fn surplus(&self, stage: &mut Stage) -> Option<Vec<u8>> {
        let pen = self.pen.as_ref()?;
        let extent = self.ledger.extent(&pen.log())?;
        let bounds = self.ledger.authority()?.roster().bounds;
        if extent.next < bounds.log_entries {
            return None;
        }
        let mut full = pen.back_to(0);
        while full.len() < extent.next {
            let entry = self.shelf.entry_at(&full.log(), full.len())?;
            full.push_entry(&entry, None);
        }
        for number in 0..3 {
            let place = full.push(Kind::Practice, &[number]);
            stage.truth.sign(full.log(), place);
        }
        Some(full.segment(extent.next..full.len()))
    }
}

/// A log with a key that nobody gave any right.
pub(super) fn unknown_log(mut log: LogWriter) -> LogWriter {
    for number in 0..4 {
        log.push(Kind::Practice, &[number]);
    }
    log
}

/// The run in a segment's frame.
fn run_of(frame: &[u8]) -> Option<&[u8]> {
    let (header, content) = frame.split_first_chunk::<FRAME_HEADER_LEN>()?;
    let header = FrameHeader::decode(*header).ok()?;
    (header.frame_type == FrameType::Segment).then(|| split_segment(content).ok().map(|(_, run)| run)).flatten()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Spoil {
    Middle,
    Signature,
    Body,
}

/// A run in which one thing is changed.
fn spoil(run: &[u8], dice: &mut Dice, what: Spoil) -> Option<Vec<u8>> {
    let mut items = Vec::new();
    let mut rest = run;
    while let Some((entry, body, len)) = split_item(rest) {
        items.push((entry.to_vec(), body.map(<[u8]>::to_vec)));
        rest = &rest[len..];
    }
    let last = items.len().checked_sub(1)?;
    let number = if what == Spoil::Middle { dice.below(last) } else { last };
    let (entry, body) = items.get_mut(number)?;
    match what {
        Spoil::Middle => {
            let place = dice.below(entry.len());
            entry[place] ^= 1 << dice.below(8);
        }
        Spoil::Signature => *entry.last_mut()? ^= 1,
        Spoil::Body => *body.as_mut()?.first_mut()? ^= 1,
    }
    let mut out = Vec::new();
    for (entry, body) in items {
        push_item(&mut out, &entry, body.as_deref());
    }
    Some(out)
}

/// A frame without the bodies that it may leave out; nothing in place of a body's own frame.
fn without_bodies(frame: Vec<u8>) -> Option<Vec<u8>> {
    let (header, _) = frame.split_first_chunk::<FRAME_HEADER_LEN>()?;
    if FrameHeader::decode(*header).is_ok_and(|header| header.frame_type == FrameType::Body) {
        return None;
    }
    let Some(mut rest) = run_of(&frame) else { return Some(frame) };
    let mut out = Vec::new();
    while let Some((entry, body, len)) = split_item(rest) {
        let needed = nanduti_protocol::entry::Entry::decode(entry).is_ok_and(|it| it.statement.kind.needs_body());
        push_item(&mut out, entry, body.filter(|_| needed));
        rest = &rest[len..];
    }
    segment_frame(&out)
}

/// A message that claims what the sender does not have.
fn boast(frame: &[u8], dice: &mut Dice) -> Option<Said> {
    let (header, content) = frame.split_first_chunk::<FRAME_HEADER_LEN>()?;
    if FrameHeader::decode(*header).ok()?.frame_type != FrameType::Message {
        return None;
    }
    let mut boast = |position: &mut Position| {
        position.next += 1 + dice.below(20) as u64;
        position.head = Hash::of(&dice.bytes(8));
    };
    let mut message = Said::decode(content).ok()?;
    match &mut message {
        Said::Hello(hello) => hello.digest = Hash::of(&dice.bytes(8)),
        Said::Compare(Compare { parts, .. }) => {
            for part in parts {
                match part {
                    Part::Heads { logs, .. } | Part::Answer(logs) => {
                        logs.iter_mut().for_each(|(_, position)| boast(position));
                    }
                    Part::Digests { hashes, .. } => hashes.iter_mut().take(3).for_each(|hash| *hash = Hash::default()),
                    Part::Probe { hash, .. } => *hash = Hash::default(),
                }
            }
        }
        _ => return None,
    }
    Some(message)
}

fn untimely(dice: &mut Dice) -> Said {
    match dice.below(5) {
        0 => Said::End,
        1 => Said::Want(Vec::new()),
        2 => Said::Compare(Compare { more: false, parts: Vec::new() }),
        3 => Said::Fork(ByteBuf::from(dice.bytes(50))),
        _ => Said::Evidence(vec![ByteBuf::from(dice.bytes(50))]),
    }
}
