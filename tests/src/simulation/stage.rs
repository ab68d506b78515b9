//! What all nodes of a run share: time, dice, wires, the truth, and the record of what happened. No node reaches another but by an
//! event that it plans here.

use std::{collections::BTreeMap, rc::Rc};

use nanduti_protocol::{
    hash::Hash,
    key::PublicKey,
    ledger::Ledger,
    run::{ReceivedRun, RunError, VerifiedRun},
    testing::Dice,
};

use super::{
    Break,
    clock::{Clock, End, Event, MILLISECOND, NodeId, SessionId, Time},
    gossip::Message,
    schedule::between,
    trace::{Trace, What},
    truth::Truth,
};

/// Bytes that one side may have sent and the other not yet read; a frame more may begin below it.
pub(super) const WINDOW: usize = 4 * 1024;
/// Segments whose verification is remembered. It is a pure function of their bytes, and a hundred nodes receive the same ones.
const VERIFIED: usize = 4096;

/// A link between two nodes.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) ends: [NodeId; 2],
    pub(super) up: bool,
    latency: Time,
    jitter: Time,
}

/// A stream over a link.
#[derive(Debug)]
struct Stream {
    ends: [NodeId; 2],
    link: usize,
    /// It broke: what arrives later than this is lost.
    broken: Option<Time>,
    open: [bool; 2],
    /// Bytes on their way to each side, or waiting there.
    unread: [usize; 2],
    /// When the last bytes for each side arrive.
    arrival: [Time; 2],
    /// Is each side waiting for room?
    waits: [bool; 2],
}

/// Faults that the network has, once in so many messages; 0 is never.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weather {
    pub(super) gossip_lost: usize,
    pub(super) gossip_doubled: usize,
    pub(super) stream_broken: usize,
    /// A node crashes while a batch is on its way to its disk.
    pub(super) flush_broken: usize,
}

/// What went wrong.
#[derive(Debug, Clone)]
pub(super) struct Violation {
    pub(super) at: Time,
    pub(super) event: u64,
    pub(super) node: NodeId,
    pub(super) what: String,
}

/// What is counted over a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Sessions begun.
    pub sessions: u64,
    /// Bytes sent over streams.
    pub bytes: u64,
    /// Entries that became durable somewhere.
    pub entries: u64,
    /// Gossip messages sent.
    pub gossip: u64,
    /// Crashes.
    pub crashes: u64,
    /// Connections that broke.
    pub breaks: u64,
    /// Lies told.
    pub lies: u64,
    /// Faults for which a liar was blamed.
    pub blamed: u64,
    /// Forks that nodes learnt of.
    pub forks: u64,
    /// Branches that nodes left.
    pub strays: u64,
    /// Statements of honest members in ballots.
    pub statements: u64,
    /// Rosters that came into force.
    pub rosters: u64,
}

/// What the nodes of a run share.
pub(super) struct Stage {
    pub(super) network: Hash,
    pub(super) clock: Clock,
    pub(super) dice: Dice,
    pub(super) truth: Truth,
    pub(super) trace: Trace,
    pub(super) counters: Counters,
    pub(super) broken: Option<Break>,
    pub(super) weather: Weather,
    pub(super) links: Vec<Link>,
    pub(super) neighbours: Vec<BTreeMap<NodeId, usize>>,
    /// Which nodes keep to the rules, and by which key each is known.
    pub(super) honest: Vec<bool>,
    pub(super) keys: Vec<PublicKey>,
    pub(super) segment_target: usize,
    streams: BTreeMap<SessionId, Stream>,
    next_session: SessionId,
    /// The longest frame that was sent.
    longest: usize,
    verified: BTreeMap<(Hash, bool), Result<VerifiedRun, RunError>>,
    violation: Option<Violation>,
}

impl Stage {
    /// A stage without nodes.
    pub(super) fn new(network: Hash, dice: Dice, trace: Trace, broken: Option<Break>) -> Self {
        Self {
            network,
            clock: Clock::default(),
            dice,
            truth: Truth::default(),
            trace,
            counters: Counters::default(),
            broken,
            weather: Weather::default(),
            links: Vec::new(),
            neighbours: Vec::new(),
            honest: Vec::new(),
            keys: Vec::new(),
            segment_target: 1024,
            streams: BTreeMap::new(),
            next_session: 1,
            longest: 0,
            verified: BTreeMap::new(),
            violation: None,
        }
    }

    /// Adds a line to the record.
    pub(super) fn note(&mut self, node: NodeId, what: What) {
        self.trace.note(self.clock.now(), self.clock.handled(), node, what);
    }

    /// Something is wrong. The first thing counts.
    pub(super) fn fail(&mut self, node: NodeId, what: impl Into<String>) {
        if self.violation.is_none() {
            let (at, event) = (self.clock.now(), self.clock.handled());
            self.violation = Some(Violation { at, event, node, what: what.into() });
        }
    }

    /// What is wrong, if anything is.
    pub(super) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Is this rule to be broken on purpose?
    pub(super) fn breaks(&self, rule: Break) -> bool {
        self.broken == Some(rule)
    }

    /// The key by which the transport knows a node.
    pub(super) fn key_of(&self, node: NodeId) -> Option<PublicKey> {
        self.keys.get(node).copied()
    }

    /// Adds a link.
    pub(super) fn link(&mut self, one: NodeId, other: NodeId) {
        if one == other || self.neighbours.get(one).is_none_or(|known| known.contains_key(&other)) {
            return;
        }
        let latency = between(&mut self.dice, MILLISECOND, 150 * MILLISECOND);
        let jitter = between(&mut self.dice, 1, 2 * latency);
        let number = self.links.len();
        self.links.push(Link { ends: [one, other], up: false, latency, jitter });
        for (from, to) in [(one, other), (other, one)] {
            if let Some(known) = self.neighbours.get_mut(from) {
                known.insert(to, number);
            }
        }
    }

    /// The link between two nodes, if it is up.
    fn way(&self, from: NodeId, to: NodeId) -> Option<usize> {
        let number = *self.neighbours.get(from)?.get(&to)?;
        self.links.get(number).filter(|link| link.up).map(|_| number)
    }

    fn delay(&mut self, link: usize) -> Time {
        let Some(link) = self.links.get(link) else { return MILLISECOND };
        link.latency + between(&mut self.dice, 0, link.jitter)
    }

    /// Opens a stream; the other side hears of it later, if at all.
    pub(super) fn open(&mut self, from: NodeId, to: NodeId) -> Option<SessionId> {
        let link = self.way(from, to)?;
        let id = self.next_session;
        self.next_session += 1;
        self.counters.sessions += 1;
        let at = self.clock.now() + self.delay(link);
        let (open, arrival) = ([true, true], [at, at]);
        let stream =
            Stream { ends: [from, to], link, broken: None, open, unread: [0, 0], arrival, waits: [false, false] };
        self.streams.insert(id, stream);
        self.clock.at(at, Event::Open(id));
        Some(id)
    }

    /// The nodes at both ends of a stream that still is one.
    pub(super) fn ends(&self, id: SessionId) -> Option<[NodeId; 2]> {
        self.streams.get(&id).map(|stream| stream.ends)
    }

    /// Is there room for more bytes from this side? If not, it is told when there is.
    pub(super) fn has_room(&mut self, id: SessionId, from: End) -> bool {
        let unbounded = self.breaks(Break::Window);
        let Some(stream) = self.streams.get_mut(&id) else { return false };
        let room = unbounded || stream.unread[1 - from] < WINDOW;
        stream.waits[from] = !room;
        room
    }

    /// Sends bytes, in pieces as they may come. The stream may break in the middle of them.
    pub(super) fn send(&mut self, id: SessionId, from: End, bytes: &[u8]) {
        let to = 1 - from;
        self.longest = self.longest.max(bytes.len());
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.unread[to] += bytes.len();
        self.counters.bytes += bytes.len() as u64;
        let (link, broken) = (stream.link, stream.broken);
        if broken.is_some() || self.links.get(link).is_none_or(|link| !link.up) {
            return;
        }
        let breaks = self.weather.stream_broken > 0 && self.dice.once_in(self.weather.stream_broken);
        let cut = if breaks || self.dice.once_in(4) { self.dice.below(bytes.len() + 1) } else { bytes.len() };
        let (first, second) = bytes.split_at(cut);
        for part in [first, second].into_iter().filter(|part| !part.is_empty()) {
            let at = self.arrival(id, to, link);
            self.clock.at(at, Event::Chunk(id, to, part.to_vec()));
            if breaks {
                self.break_stream(id);
                return;
            }
        }
    }

    /// When the next bytes for a side arrive: after those before.
    fn arrival(&mut self, id: SessionId, to: End, link: usize) -> Time {
        let at = self.clock.now() + self.delay(link);
        let Some(stream) = self.streams.get_mut(&id) else { return at };
        stream.arrival[to] = at.max(stream.arrival[to] + 1);
        stream.arrival[to]
    }

    /// A side has read bytes. The other is told if it waits for room.
    pub(super) fn read(&mut self, id: SessionId, at: End, bytes: usize) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.unread[at] = stream.unread[at].saturating_sub(bytes);
        if stream.waits[1 - at] && stream.unread[at] < WINDOW {
            stream.waits[1 - at] = false;
            let link = stream.link;
            let delay = self.delay(link);
            self.clock.after(delay, Event::Room(id, 1 - at));
        }
    }

    /// Do bytes still arrive?
    pub(super) fn arrives(&self, id: SessionId) -> bool {
        let now = self.clock.now();
        self.streams.get(&id).is_some_and(|stream| stream.broken.is_none_or(|until| now <= until))
    }

    /// A side closes a stream; the other hears of it after all bytes sent before.
    pub(super) fn close(&mut self, id: SessionId, side: End) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.open[side] = false;
        let (link, tells, over) =
            (stream.link, stream.open[1 - side] && stream.broken.is_none(), stream.open == [false; 2]);
        if tells {
            let at = self.arrival(id, 1 - side, link);
            self.clock.at(at, Event::Closed(id, 1 - side));
        }
        if over {
            self.streams.remove(&id);
        }
    }

    /// A stream breaks: what is on its way is lost, and both sides notice later.
    pub(super) fn break_stream(&mut self, id: SessionId) {
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| stream.broken.is_none()) else { return };
        let until = self.clock.now() + between(&mut self.dice, 0, 500 * MILLISECOND);
        stream.broken = Some(until);
        self.counters.breaks += 1;
        for side in [0, 1] {
            let delay = between(&mut self.dice, MILLISECOND, 3000 * MILLISECOND);
            self.clock.at(until + delay, Event::Closed(id, side));
        }
    }

    /// All streams over a link, or of a node, break.
    pub(super) fn break_streams(&mut self, link: Option<usize>, node: Option<NodeId>) {
        let hit = |stream: &Stream| link == Some(stream.link) || node.is_some_and(|node| stream.ends.contains(&node));
        let broken: Vec<SessionId> = self.streams.iter().filter(|(_, stream)| hit(stream)).map(|(id, _)| *id).collect();
        for id in broken {
            self.break_stream(id);
        }
    }

    /// Sends a message of gossip: it may be lost, come twice, and overtake others.
    pub(super) fn gossip(&mut self, from: NodeId, to: NodeId, message: &Rc<Message>) {
        let Some(link) = self.way(from, to) else { return };
        self.counters.gossip += 1;
        let Weather { gossip_lost, gossip_doubled, .. } = self.weather;
        if gossip_lost > 0 && self.dice.once_in(gossip_lost) {
            return;
        }
        let copies = if gossip_doubled > 0 && self.dice.once_in(gossip_doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let delay = self.delay(link);
            self.clock.after(delay, Event::Gossip(from, to, Rc::clone(message)));
        }
    }

    /// Takes a segment apart and verifies it, as a node does with this ledger: before it knows the charter it does not know which logs
    /// are carried over from another network.
    pub(super) fn verify(&mut self, bytes: Vec<u8>, ledger: &Ledger) -> Result<VerifiedRun, RunError> {
        let name = (Hash::of(&bytes), ledger.authority().is_some());
        if let Some(known) = self.verified.get(&name) {
            return known.clone();
        }
        let verified = ReceivedRun::receive(bytes).and_then(|run| run.verify(ledger.networks()));
        if self.verified.len() >= VERIFIED {
            self.verified.pop_first();
        }
        self.verified.insert(name, verified.clone());
        verified
    }

    /// The most bytes that may wait at one side of a stream: the window, and the longest frame, which may have begun below it. Most frames
    /// are no longer than four windows; papers with many statements are.
    pub(super) fn inbox_bound(&self) -> usize {
        WINDOW + self.longest.max(4 * WINDOW)
    }
}
