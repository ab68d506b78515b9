//! Virtual time: events in the order of their time, and of two at the same time the one that was planned first.
//!
//! Nothing waits here. A day passes as fast as its events can be handled, and in the same order whenever the seed is the same.

use std::{collections::BTreeMap, rc::Rc};

use super::gossip::Message;

/// Microseconds since the beginning of a run.
pub(super) type Time = u64;
/// A node of the run, by its number.
pub(super) type NodeId = usize;
/// A session of the run, by its number.
pub(super) type SessionId = u64;
/// A side of a stream: 0 opened it, 1 answers.
pub(super) type End = usize;

pub(super) const MILLISECOND: Time = 1000;
pub(super) const SECOND: Time = 1000 * MILLISECOND;
pub(super) const MINUTE: Time = 60 * SECOND;

/// Something that will happen.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A node begins to run, or does so again after a crash.
    Start(NodeId),
    /// A node loses what is not durable.
    Crash(NodeId),
    /// The clock on the wall of a node steps.
    Step(NodeId),
    /// A node's schedule has something to do.
    Due(NodeId, u32),
    /// What a node's writer handed to the disk is durable.
    Flushed(NodeId, u32),
    /// A stream reaches the side that answers.
    Open(SessionId),
    /// Bytes arrive at a side of a stream.
    Chunk(SessionId, End, Vec<u8>),
    /// The other side has closed a stream, or it broke.
    Closed(SessionId, End),
    /// The other side has read so much that there is room again.
    Room(SessionId, End),
    /// Has enough moved since, when the side had moved so many bytes?
    Patience(SessionId, End, u64),
    /// A message of gossip arrives.
    Gossip(NodeId, NodeId, Rc<Message>),
    /// A link goes down, or comes up.
    Link(usize, bool),
    /// The network parts in two.
    Part,
    /// It is one again.
    Heal,
    /// A member does something.
    Act(usize),
    /// A liar does something.
    Lie(NodeId),
    /// The plot of a scenario goes on.
    Plot,
    /// No more faults from here on.
    Quiet,
    /// All is looked at.
    Survey,
}

/// The time, and what is to happen.
#[derive(Debug, Default)]
pub(super) struct Clock {
    now: Time,
    planned: u64,
    handled: u64,
    queue: BTreeMap<(Time, u64), Event>,
}

impl Clock {
    /// The time.
    pub(super) fn now(&self) -> Time {
        self.now
    }

    /// How many events were handled.
    pub(super) fn handled(&self) -> u64 {
        self.handled
    }

    /// How many events wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Plans an event for a time; not before now.
    pub(super) fn at(&mut self, time: Time, event: Event) {
        self.planned += 1;
        self.queue.insert((time.max(self.now), self.planned), event);
    }

    /// Plans an event for later.
    pub(super) fn after(&mut self, delay: Time, event: Event) {
        self.at(self.now + delay, event);
    }

    /// Goes on to the next event.
    pub(super) fn next(&mut self) -> Option<Event> {
        let ((time, _), event) = self.queue.pop_first()?;
        self.now = time;
        self.handled += 1;
        Some(event)
    }
}
