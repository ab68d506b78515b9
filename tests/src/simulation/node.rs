//! A node of a run: the protocol's ledger, frontier and sessions, a disk, a writer, a schedule, gossip, and the memory of who did what
//! wrong. What it knows of the others it knows from bytes that arrived.
//!
//! Liars are nodes too: they run the same machine and change what leaves it.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use nanduti_protocol::{
    announce::Announcement,
    authority::Standing,
    frontier::Frontier,
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    ledger::{History, Ledger},
    run::{ReceivedRun, VerifiedRun, push_item},
    testing::{Dice, LogWriter},
};

use super::{
    Break,
    clock::{Event, MILLISECOND, MINUTE, NodeId, SECOND, SessionId, Time},
    disk::Shelf,
    gossip::{Gossip, Heard, Message, as_segment},
    liar::Liar,
    library::Library,
    restored::Restored,
    schedule::Schedule,
    session::{Side, Why},
    stage::Stage,
    trace::What,
    writer::{Command, QUEUE, Writer},
};

/// How long the schedule rests at least.
const MOMENT: Time = 20 * MILLISECOND;
/// The first ban; each further one is twice as long.
const BAN: Time = 10 * MINUTE;
/// Faults within a while after which a peer is refused.
const FAULTS: u32 = 3;

/// What one node remembers of another's faults.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    count: u32,
    bans: u32,
    until: Time,
}

/// A node.
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) honest: bool,
    /// Does a member's keyring name its key, sooner or later?
    pub(super) is_member: bool,
    pub(super) up: bool,
    /// How often it has crashed: what was planned before means nothing afterwards.
    pub(super) epoch: u32,
    pub(super) shelf: Shelf,
    pub(super) ledger: Ledger,
    /// Version of the roster that was durable here.
    pub(super) roster: u64,
    pub(super) frontier: Rc<Frontier>,
    pub(super) snapshot: Rc<Ledger>,
    pub(super) library: Library,
    pub(super) writer: Writer,
    pub(super) sessions: BTreeMap<SessionId, Side>,
    /// Sessions that can go on.
    pub(super) ready: BTreeSet<SessionId>,
    pub(super) schedule: Schedule,
    pub(super) gossip: Gossip,
    /// The log that the node writes.
    pub(super) pen: Option<LogWriter>,
    pub(super) liar: Option<Liar>,
    /// How wrong the clock on its wall is, in milliseconds.
    pub(super) skew: i64,
    /// How far each log was durable here.
    pub(super) acked: BTreeMap<PublicKey, (u64, Hash)>,
    /// The frontier before a crash, if nothing was on its way to the disk.
    pub(super) before_crash: Option<Frontier>,
    /// It came out of a backup, and has not learnt yet where its own log stands.
    pub(super) restored: Option<Restored>,
    digests: BTreeMap<NodeId, Hash>,
    faults: BTreeMap<NodeId, Faults>,
    planned: Option<Time>,
}

impl Node {
    /// A node that knows nothing but the network's id.
    pub(super) fn new(id: NodeId, is_member: bool, network: Hash) -> Self {
        let ledger = Ledger::new(network);
        Self {
            id,
            honest: true,
            is_member,
            up: false,
            epoch: 0,
            shelf: Shelf::default(),
            roster: 0,
            snapshot: Rc::new(ledger.clone()),
            ledger,
            frontier: Rc::default(),
            library: Library::default(),
            writer: Writer::default(),
            sessions: BTreeMap::new(),
            ready: BTreeSet::new(),
            schedule: Schedule::default(),
            gossip: Gossip::default(),
            pen: None,
            liar: None,
            skew: 0,
            acked: BTreeMap::new(),
            before_crash: None,
            restored: None,
            digests: BTreeMap::new(),
            faults: BTreeMap::new(),
            planned: None,
        }
    }

    /// Begins to run: what the disk holds is all that it knows.
    pub(super) fn start(&mut self, stage: &mut Stage) {
        self.up = true;
        self.reopen(stage);
        stage.note(self.id, What { verb: "started", ..What::default() });
        self.check_restart(stage);
    }

    /// Stops in the middle of everything.
    pub(super) fn crash(&mut self, stage: &mut Stage) {
        self.up = false;
        self.epoch += 1;
        self.before_crash = (!self.writer.flushing).then(|| (*self.frontier).clone());
        self.lose_pending(stage);
        self.sessions.clear();
        self.ready.clear();
        self.schedule.clear();
        self.gossip = Gossip::default();
        self.digests.clear();
        self.faults.clear();
        self.planned = None;
        self.restored = self.restored.as_ref().map(|_| Restored::default());
        stage.counters.crashes += 1;
        stage.note(self.id, What { verb: "crashed", ..What::default() });
    }

    /// A link to a peer has come up.
    pub(super) fn connected(&mut self, peer: NodeId, we_dialled: bool, stage: &mut Stage) {
        let now = stage.clock.now();
        if self.up && !self.refuses(peer, now) {
            self.schedule.connected(peer, we_dialled, now, &mut stage.dice);
            self.plan_due(now, stage);
        }
    }

    /// The link to a peer is gone.
    pub(super) fn disconnected(&mut self, peer: NodeId) {
        self.schedule.disconnected(peer);
        self.digests.remove(&peer);
    }

    /// Is a peer refused at present?
    pub(super) fn refuses(&self, peer: NodeId, now: Time) -> bool {
        self.faults.get(&peer).is_some_and(|faults| faults.until > now)
    }

    /// Plans to look at the schedule when something is due.
    pub(super) fn plan_due(&mut self, now: Time, stage: &mut Stage) {
        // Not sooner than a moment, lest what has to wait for a free session be tried without end.
        let Some(due) = self.schedule.next_due().map(|due| due.max(now + MOMENT)) else { return };
        if self.planned.is_none_or(|planned| due < planned || planned < now) {
            self.planned = Some(due);
            stage.clock.at(due, Event::Due(self.id, self.epoch));
        }
    }

    /// Begins the sessions that are due.
    pub(super) fn due(&mut self, stage: &mut Stage) {
        let now = stage.clock.now();
        if self.planned.is_none_or(|planned| planned > now) {
            return;
        }
        self.planned = None;
        for (peer, job) in self.schedule.due(now, &mut stage.dice) {
            self.begin(peer, job, stage);
        }
        self.go_on(stage);
        self.plan_due(now + 1, stage);
    }

    /// Carries on with every session that can go on.
    pub(super) fn go_on(&mut self, stage: &mut Stage) {
        loop {
            while let Some(id) = self.ready.pop_first() {
                self.pump(id, stage);
            }
            self.work(stage);
            if self.ready.is_empty() {
                break;
            }
        }
    }

    /// A message of gossip has arrived.
    pub(super) fn hear(&mut self, from: NodeId, message: &Rc<Message>, stage: &mut Stage) {
        let now = stage.clock.now();
        if !self.up || !self.schedule.is_connected(from) || !self.gossip.is_new(message) {
            return;
        }
        let heard = self.gossip.judge(from, message, (&self.snapshot, &self.shelf), now);
        let (word, log) = match &heard {
            Heard::Nothing => ("nothing", None),
            Heard::Entry(log) => ("entry", Some(*log)),
            Heard::Whole(run) => ("entry and body", Some(run.log())),
            Heard::News(log) => ("news", Some(*log)),
            Heard::Unplaced => ("unplaced", None),
            Heard::Fork(proof) => ("fork", Some(proof.log())),
            Heard::Contradiction(proof) => ("contradiction", Some(proof.log())),
            Heard::Ballot => ("ballot", None),
            Heard::Fault(name) => (*name, None),
        };
        stage.note(self.id, What { verb: "heard", word, peer: Some(from), log, ..What::default() });
        if matches!(heard, Heard::Entry(_) | Heard::Whole(_) | Heard::Fork(_) | Heard::Ballot) {
            self.tell_everybody(message, Some(from), stage);
        }
        match heard {
            Heard::Nothing => {}
            Heard::Entry(log) | Heard::News(log) => self.schedule.want_log(from, log),
            Heard::Whole(run) if self.writer.queue.len() < QUEUE => {
                self.writer.queue.push_back(Command::Admit(run, None));
            }
            Heard::Whole(run) => self.schedule.want_log(from, run.log()),
            Heard::Ballot => self.schedule.want_full_soon(from, now),
            Heard::Unplaced => self.schedule.want_full_soon(from, now + 2 * SECOND),
            Heard::Fork(proof) | Heard::Contradiction(proof) => {
                if self.writer.queue.len() < QUEUE {
                    self.writer.queue.push_back(Command::Fork(Box::new(proof), None));
                }
            }
            Heard::Fault(name) => self.blame(from, name, stage),
        }
        self.work(stage);
        self.plan_due(now, stage);
    }

    /// Sends a message of gossip to all peers but one.
    pub(super) fn tell_everybody(&mut self, message: &Rc<Message>, but: Option<NodeId>, stage: &mut Stage) {
        // What this node says itself it has heard.
        self.gossip.is_new(message);
        if !self.up {
            return;
        }
        for peer in self.schedule.peers().filter(|peer| Some(*peer) != but) {
            stage.gossip(self.id, peer, message);
        }
    }

    /// A peer did something wrong. After some faults it is refused for a while.
    pub(super) fn blame(&mut self, peer: NodeId, name: &'static str, stage: &mut Stage) {
        let now = stage.clock.now();
        stage.note(self.id, What { verb: "blames", word: name, peer: Some(peer), ..What::default() });
        let is_honest = |node: NodeId| stage.honest.get(node).copied().unwrap_or(false);
        if self.honest && is_honest(peer) {
            stage.fail(self.id, format!("blames the honest node {peer}: {name}"));
        }
        stage.counters.blamed += 1;
        let faults = self.faults.entry(peer).or_default();
        faults.count += 1;
        if faults.count < FAULTS {
            return;
        }
        faults.count = 1;
        faults.until = now + (BAN << faults.bans.min(4));
        faults.bans += 1;
        let until = faults.until;
        self.schedule.disconnected(peer);
        let with_peer: Vec<SessionId> =
            self.sessions.iter().filter(|(_, side)| side.peer == peer).map(|(id, _)| *id).collect();
        for id in with_peer {
            if let Some(side) = self.sessions.get_mut(&id) {
                side.failed = side.failed.or(Some(Why::Cut));
                self.ready.insert(id);
            }
        }
        let link = stage.neighbours.get(self.id).and_then(|known| known.get(&peer)).copied();
        if let Some(link) = link.filter(|link| stage.links.get(*link).is_some_and(|link| link.up)) {
            stage.clock.at(until + 1, Event::Link(link, true));
        }
    }

    /// What time the clock on the wall shows.
    fn time(&self, now: Time) -> u64 {
        let true_time = 1_750_000_000_000_i64 + i64::try_from(now / 1000).unwrap_or(0);
        u64::try_from(true_time + self.skew).unwrap_or(0)
    }

    /// May the node sign now? As `core/author.rs` of the node decides.
    fn may_sign(&self, log: &PublicKey, next: u64, kind: &Kind) -> bool {
        let Some(authority) = self.ledger.authority() else { return false };
        let allows = |standing: &Standing<'_>| standing.ends.is_none() && authority.allows(standing, next, kind);
        let is_open = self.ledger.open_fork(log, &self.shelf).is_some();
        !self.honest || self.restored.is_none() && authority.standing(log).as_ref().is_some_and(allows) && !is_open
    }

    /// Signs the next entry of the node's log, if it may.
    pub(super) fn sign(
        &mut self,
        kind: Kind,
        audience: Audience,
        body: &[u8],
        stage: &mut Stage,
    ) -> Option<VerifiedRun> {
        let mut pen = self.pen.take()?;
        let log = pen.log();
        let extent = self.ledger.extent(&log);
        if let Some(extent) = extent.filter(|extent| self.may_sign(&log, extent.next, &kind)) {
            // A liar writes on from whatever it holds now.
            pen = pen.back_to(if self.honest { extent.next } else { 0 });
            // What somebody else with the key has added stands below the next place.
            while pen.len() < extent.next
                && let Some(entry) = self.shelf.entry_at(&log, pen.len())
            {
                pen.push_entry(&entry, None);
            }
            let follows = pen.len().checked_sub(1).and_then(|last| pen.place(last));
            if follows.is_some_and(|place| place.seq + 1 == extent.next && place.hash == extent.head) {
                let first = pen.len();
                if !self.honest && stage.dice.once_in(3) {
                    // Nothing but the entry above vouches for this one.
                    let unsigned = pen.next_statement(Kind::Practice, body);
                    let place = pen.push_unsigned(&unsigned, Some(body));
                    stage.truth.sign(log, place);
                }
                let mut statement = pen.next_statement(kind, body);
                (statement.audience, statement.time) = (audience, self.time(stage.clock.now()));
                let place = pen.push_statement(&statement, Some(body));
                stage.truth.sign(log, place);
                stage.note(self.id, What { verb: "signed", log: Some(log), number: place.seq, ..What::default() });
                let bytes = pen.segment(first..pen.len());
                self.pen = Some(pen);
                return ReceivedRun::receive(bytes).ok()?.verify(&stage.network).ok();
            }
        }
        self.pen = Some(pen);
        None
    }

    /// The last entry signed was refused here: it never was.
    pub(super) fn unsign(&mut self, stage: &mut Stage) {
        if let Some(pen) = self.pen.take() {
            let last = pen.len().saturating_sub(1);
            if let Some(place) = pen.place(last) {
                stage.truth.lose(place.hash);
            }
            self.pen = Some(pen.back_to(last));
        }
    }

    /// The bodies that it will ask a peer for: those for members only once it knows that it is a member's node.
    pub(super) fn wanted(&self, stage: &Stage) -> Vec<(PublicKey, u64)> {
        if stage.breaks(Break::NeverAsk) {
            return Vec::new();
        }
        let disk = self.shelf.look();
        let is_public = |log: &PublicKey, seq| disk.at(log, seq).is_none_or(|held| held.audience == Audience::Public);
        let reads_all = stage.key_of(self.id).is_some_and(|key| self.is_member_node(&key, stage));
        disk.wants.iter().filter(|(log, seq)| reads_all || is_public(log, *seq)).copied().collect()
    }

    /// Is a peer the node of a member, as far as this node knows?
    pub(super) fn is_member_node(&self, key: &PublicKey, stage: &Stage) -> bool {
        let known = self.snapshot.authority().is_some_and(|authority| authority.member_of_node(key).is_some());
        known || stage.breaks(Break::TellEverybody)
    }

    /// Takes note of the digest that a peer gave, and says whether it is ours too.
    pub(super) fn is_equal(&mut self, peer: NodeId, digest: Option<Hash>) -> bool {
        self.digests.extend(digest.map(|digest| (peer, digest)));
        self.digests.get(&peer) == Some(&self.frontier.digest())
    }

    /// Says again what was said before: a liar's way to make others busy.
    pub(super) fn replay(&self, dice: &mut Dice) -> Option<Rc<Message>> {
        let disk = self.shelf.look();
        let logs: Vec<&PublicKey> = disk.logs.keys().collect();
        let log = *dice.pick(&logs)?;
        let held = dice.pick(disk.logs.get(log)?)?;
        if dice.once_in(2) {
            return Some(Message::new(Announcement::entry(&held.entry).encode()));
        }
        // With its body, or without one, or spoilt: nothing of this is what an honest node announces.
        let mut run = Vec::new();
        push_item(&mut run, &held.entry, held.body.as_deref());
        if dice.once_in(3) {
            let place = dice.below(run.len());
            run[place] ^= 1 << dice.below(8);
        }
        as_segment(&run)
    }
}
