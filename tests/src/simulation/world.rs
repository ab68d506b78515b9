//! A run: a network made from a seed, the faults that befall it, and the time in which it has to become one again.
//!
//! First come the busy minutes: members publish, nodes join late and crash, links break, the network parts, clocks are wrong, liars lie.
//! Then it is calm: no more faults, and nobody signs two things any more; but liars go on spoiling, withholding and flooding. From there
//! on all honest nodes have to become equal within a bounded time.

use std::fmt;

use nanduti_protocol::testing::{Dice, Founding, LogWriter};

use super::{
    Options, Outcome,
    checks::unequal,
    clock::{Event, MILLISECOND, MINUTE, NodeId, SECOND, Time},
    liar::{Liar, unknown_log},
    member::Institution,
    node::Node,
    scenario::{Plot, Scenario, TICK},
    schedule::between,
    stage::{Stage, Weather},
    trace::Trace,
    truth::Owner,
};

/// How long the calm may last before all are equal.
const PATIENCE: Time = 240 * MINUTE;
/// Events that may wait, for each node.
const EVENTS: usize = 4096;

/// A run in course.
pub(super) struct World {
    pub(super) founding: Founding,
    pub(super) nodes: Vec<Node>,
    pub(super) institutions: Vec<Institution>,
    /// The institution whose key was stolen.
    robbed: Option<usize>,
    pub(super) stage: Stage,
    /// Which side of a parted network each node is on.
    pub(super) sides: Vec<bool>,
    parted: bool,
    /// When the faults ended.
    pub(super) calm: Option<Time>,
    /// How long the busy minutes last.
    pub(super) busy: Time,
    plot: Option<Box<dyn Plot>>,
    /// Surveys in a row that found all equal.
    equal: u32,
}

impl World {
    /// The run that follows from a seed.
    pub(super) fn new(seed: u64, options: &Options, print: Option<fn(&dyn fmt::Display)>) -> Self {
        if let Some(scenario) = options.scenario {
            return Self::of_scenario(seed, options, scenario, print);
        }
        let mut dice = Dice::new(seed);
        let count = options.nodes.max(4);
        let members = (count / 4).clamp(2, 24);
        let entries = 40 + dice.below(100) as u64;
        let founding = Founding::with(seed, members, |charter| {
            charter.bounds.log_entries = entries;
            if let Some(last) = charter.members.last_mut().filter(|_| seed.is_multiple_of(3)) {
                last.role = "partner".into();
            }
        });
        let stage = Stage::new(founding.network, dice, Trace::new(count, print), options.broken);
        let mut world = Self::empty(founding, stage, count, options);
        let liars = if count < 6 { 1 } else { count / 8 };
        let bad_members = world.stage.dice.below(members.div_ceil(4) + 1).min(liars);
        world.people(count, bad_members, liars);
        world.arm_forgers(members, bad_members);
        world.wire(count);
        world.plan(count);
        world
    }

    /// The run of a scenario.
    fn of_scenario(seed: u64, options: &Options, scenario: Scenario, print: Option<fn(&dyn fmt::Display)>) -> Self {
        let mut dice = Dice::new(seed);
        let mut plot = scenario.begin(!options.undefended);
        let cast = plot.cast(&mut dice);
        let count = cast.members + cast.observers + cast.strangers;
        let founding = Founding::with(seed, cast.members, |charter| {
            (charter.bounds.log_entries, charter.bounds.keys) = (cast.log_entries, cast.keys);
            plot.draft(charter, &mut dice);
        });
        let stage = Stage::new(founding.network, dice, Trace::new(count, print), options.broken);
        let mut world = Self::empty(founding, stage, count, options);
        world.people(count, cast.bad_members, cast.bad_members + cast.strangers);
        world.wire(count);
        world.plan(count);
        plot.begin(&mut world);
        world.plot = Some(plot);
        world.stage.clock.at(SECOND, Event::Plot);
        world
    }

    fn empty(founding: Founding, stage: Stage, count: usize, options: &Options) -> Self {
        Self {
            founding,
            nodes: Vec::new(),
            institutions: Vec::new(),
            robbed: None,
            stage,
            sides: vec![false; count],
            parted: false,
            calm: None,
            busy: options.minutes * MINUTE,
            plot: None,
            equal: 0,
        }
    }

    /// Runs to the end.
    pub(super) fn run(mut self, seed: u64) -> Outcome {
        while self.stage.violation().is_none()
            && self.equal < 2
            && let Some(event) = self.stage.clock.next()
        {
            self.handle(event);
            if self.stage.clock.waiting() > EVENTS * self.nodes.len() {
                self.stage.fail(0, "too many events wait");
            }
        }
        let violation = self.stage.violation().cloned();
        let lines = violation.iter().flat_map(|violation| self.stage.trace.of(violation.node));
        Outcome {
            seed,
            nodes: self.nodes.len(),
            events: self.stage.clock.handled(),
            virtual_seconds: self.stage.clock.now() / SECOND,
            digest: self.stage.trace.digest(),
            counters: self.stage.counters,
            violation: violation.as_ref().map(|violation| {
                let (seconds, rest) = (violation.at / SECOND, violation.at % SECOND);
                let (event, node) = (violation.event, violation.node);
                format!("at {seconds}.{rest:06} s, event {event}, node {node}: {}", violation.what)
            }),
            lines: lines.map(ToString::to_string).collect(),
        }
    }

    /// Members, observers and liars with their nodes.
    fn people(&mut self, count: usize, bad_members: usize, liars: usize) {
        for id in 0..count {
            let actor = self.founding.actors.get(id).cloned();
            let is_member = actor.is_some();
            let stranger = nanduti_protocol::testing::Actor::new(self.stage.dice.roll(), id);
            let key = actor.as_ref().map_or((&stranger.node).into(), |actor| (&actor.node).into());
            let mut node = Node::new(id, is_member, self.founding.network);
            node.honest = if is_member { id >= bad_members } else { id < count - (liars - bad_members) };
            node.skew = self.skew();
            if !node.honest {
                let unknown = LogWriter::new(self.founding.network, &stranger.root);
                node.liar = Some(Liar::new(unknown_log(unknown), false, &mut self.stage.dice));
            }
            self.stage.honest.push(node.honest);
            self.stage.keys.push(key);
            if let Some(actor) = actor {
                self.own_keys(&actor, node.honest);
                let institution = Institution::found(&self.founding, &actor, id, node.honest, &mut self.stage);
                node.pen = Some(self.founding.publish_log(&actor.id, &actor.publish[0]));
                self.institutions.push(institution);
            }
            self.nodes.push(node);
        }
    }

    fn own_keys(&mut self, actor: &nanduti_protocol::testing::Actor, honest: bool) {
        let charter = &self.founding.charter;
        let role = charter.members.iter().find(|member| member.id == actor.id).map(|member| &member.role);
        let kinds = role.and_then(|role| charter.roles.get(role)).map(|role| &role.kinds);
        let publishes = kinds.into_iter().flatten().map(|kind| kind.name().to_owned()).collect();
        let owner = Owner { member: actor.id.clone(), is_root: false, honest, kinds: publishes };
        for key in &actor.publish {
            self.stage.truth.owners.insert(key.into(), owner.clone());
        }
        let root = Owner { is_root: true, kinds: ["keyring".to_owned()].into(), ..owner };
        self.stage.truth.owners.insert((&actor.root).into(), root);
    }

    /// Some liars sign with a key that others use too: a second node of a lying member, or a thief.
    fn arm_forgers(&mut self, members: usize, bad_members: usize) {
        let strangers: Vec<NodeId> = (members..self.nodes.len()).filter(|id| !self.nodes[*id].honest).collect();
        for id in strangers {
            let victim = match self.stage.dice.below(5) {
                0 | 1 if bad_members > 0 => self.stage.dice.below(bad_members),
                0..=3 if self.robbed.is_none() => bad_members + self.stage.dice.below(members - bad_members),
                _ => continue,
            };
            let key = &self.institutions[victim].actor.publish[0];
            if victim >= bad_members {
                self.robbed = Some(victim);
                self.stage.truth.stolen.insert(key.into());
            }
            self.nodes[id].pen = Some(LogWriter::new(self.founding.network, key));
            if let Some(liar) = &mut self.nodes[id].liar {
                liar.forges = true;
            }
        }
    }

    /// Who knows whom. Honest nodes hang together without liars, and honest members without observers.
    fn wire(&mut self, count: usize) {
        self.stage.neighbours = vec![Default::default(); count];
        let mut honest: Vec<NodeId> = (0..count).filter(|id| self.nodes[*id].honest).collect();
        let members: Vec<NodeId> = honest.iter().copied().filter(|id| self.nodes[*id].is_member).collect();
        self.stage.dice.shuffle(&mut honest);
        for ring in [&honest, &members] {
            for pair in ring.windows(2) {
                self.stage.link(pair[0], pair[1]);
            }
        }
        for id in 0..count {
            for _ in 0..1 + self.stage.dice.below(2) {
                let other = honest[self.stage.dice.below(honest.len())];
                self.stage.link(id, other);
            }
        }
    }

    /// Plans who starts when, and what befalls whom.
    fn plan(&mut self, count: usize) {
        let busy = self.busy;
        let Stage { clock, dice, weather, links, .. } = &mut self.stage;
        *weather = Weather {
            gossip_lost: 2 + dice.below(30),
            gossip_doubled: 2 + dice.below(20),
            stream_broken: 40 + dice.below(400),
            flush_broken: 30 + dice.below(200),
        };
        for id in 0..count {
            let latest = if self.nodes[id].is_member { MINUTE / 2 } else { busy * 3 / 4 };
            clock.at(between(dice, 0, latest), Event::Start(id));
        }
        for member in 0..self.institutions.len() {
            clock.at(between(dice, MINUTE / 2, 2 * MINUTE), Event::Act(member));
        }
        let faults = [(count / 2, Event::Crash as fn(usize) -> Event), (count / 4, Event::Step as fn(usize) -> Event)];
        for (times, event) in faults {
            for _ in 0..times {
                clock.at(between(dice, MINUTE, busy), event(dice.below(count)));
            }
        }
        for _ in 0..links.len() {
            clock.at(between(dice, MINUTE, busy), Event::Link(dice.below(links.len()), false));
        }
        for _ in 0..dice.below(4) {
            clock.at(between(dice, MINUTE, busy), Event::Part);
        }
        for id in 0..count {
            if !self.nodes[id].honest {
                clock.at(between(dice, MINUTE, 3 * MINUTE), Event::Lie(id));
            }
        }
        clock.at(busy, Event::Quiet);
        clock.at(30 * SECOND, Event::Survey);
        self.stage.segment_target = 300 + self.stage.dice.below(6000);
    }

    fn handle(&mut self, event: Event) {
        let Self { nodes, stage, .. } = self;
        match event {
            Event::Start(id) => self.start(id),
            Event::Crash(id) => self.crash(id),
            Event::Step(id) => {
                let skew = self.skew();
                self.nodes[id].skew = skew;
            }
            Event::Due(id, epoch) if nodes[id].up && nodes[id].epoch == epoch => nodes[id].due(stage),
            Event::Flushed(id, epoch) if nodes[id].up && nodes[id].epoch == epoch => {
                nodes[id].flushed(stage);
                nodes[id].go_on(stage);
                nodes[id].check_bounds(stage);
            }
            Event::Open(session) => {
                if let Some([from, to]) = stage.ends(session).filter(|_| stage.arrives(session)) {
                    nodes[to].answer_stream(session, from, stage);
                }
            }
            Event::Chunk(session, to, bytes) if stage.arrives(session) => {
                if let Some(ends) = stage.ends(session) {
                    nodes[ends[to]].receive(session, to, &bytes, stage);
                }
            }
            Event::Closed(session, side) => {
                if let Some(ends) = stage.ends(session) {
                    nodes[ends[side]].closed(session, stage);
                }
            }
            Event::Room(session, side) => {
                if let Some(ends) = stage.ends(session) {
                    nodes[ends[side]].ready.insert(session);
                    nodes[ends[side]].go_on(stage);
                }
            }
            Event::Patience(session, side, moved) => {
                if let Some(ends) = stage.ends(session) {
                    nodes[ends[side]].lose_patience(session, side, moved, stage);
                }
            }
            Event::Gossip(from, to, message) => nodes[to].hear(from, &message, stage),
            Event::Link(link, up) => self.switch(link, up),
            Event::Part => self.part(),
            Event::Heal => self.heal(),
            Event::Act(member) => self.act(member),
            Event::Lie(id) => nodes[id].lie(self.calm.is_some(), stage),
            Event::Plot => self.go_on_with_plot(),
            Event::Quiet => self.quiet(),
            Event::Survey => self.survey(),
            Event::Due(..) | Event::Flushed(..) | Event::Chunk(..) => {}
        }
    }

    fn skew(&mut self) -> i64 {
        // A year is some 3 · 10^10 milliseconds.
        let years = 30_000_000_000;
        match self.stage.dice.below(4) {
            0 => 0,
            1 => -(self.stage.dice.below(40) as i64) * years,
            2 => self.stage.dice.below(40) as i64 * years,
            _ => self.stage.dice.below(100_000) as i64,
        }
    }

    fn start(&mut self, id: NodeId) {
        if self.nodes[id].up {
            return;
        }
        self.nodes[id].start(&mut self.stage);
        if let Some(institution) = self.institutions.get(id) {
            institution.hand_over(&mut self.nodes[id]);
        }
        self.nodes[id].go_on(&mut self.stage);
        let links: Vec<usize> = self.stage.neighbours[id].values().copied().collect();
        for link in links {
            self.dial(link);
        }
    }

    pub(super) fn crash(&mut self, id: NodeId) {
        if !self.nodes[id].up {
            return;
        }
        self.nodes[id].crash(&mut self.stage);
        self.stage.break_streams(None, Some(id));
        let links: Vec<usize> = self.stage.neighbours[id].values().copied().collect();
        for link in links {
            self.take_down(link);
        }
        let pause = between(&mut self.stage.dice, SECOND, 2 * MINUTE);
        self.stage.clock.after(pause, Event::Start(id));
    }

    fn dial(&mut self, link: usize) {
        let pause = between(&mut self.stage.dice, MILLISECOND, 3 * SECOND);
        self.stage.clock.after(pause, Event::Link(link, true));
    }

    fn take_down(&mut self, number: usize) {
        let Some(link) = self.stage.links.get_mut(number) else { return };
        link.up = false;
        let [one, other] = link.ends;
        self.nodes[one].disconnected(other);
        self.nodes[other].disconnected(one);
        self.stage.break_streams(Some(number), None);
    }

    fn switch(&mut self, number: usize, up: bool) {
        let [one, other] = self.stage.links[number].ends;
        if !up {
            self.take_down(number);
            let pause = between(&mut self.stage.dice, SECOND, MINUTE);
            self.stage.clock.after(pause, Event::Link(number, true));
        } else if self.nodes[one].up && self.nodes[other].up && !(self.parted && self.sides[one] != self.sides[other]) {
            self.stage.links[number].up = true;
            self.nodes[one].connected(other, true, &mut self.stage);
            self.nodes[other].connected(one, false, &mut self.stage);
        }
    }

    pub(super) fn part(&mut self) {
        if self.parted || self.calm.is_some() {
            return;
        }
        self.parted = true;
        for side in &mut self.sides {
            *side = self.stage.dice.once_in(2);
        }
        for number in 0..self.stage.links.len() {
            let [one, other] = self.stage.links[number].ends;
            if self.sides[one] != self.sides[other] {
                self.take_down(number);
            }
        }
        let pause = between(&mut self.stage.dice, 20 * SECOND, 4 * MINUTE);
        self.stage.clock.after(pause, Event::Heal);
    }

    fn heal(&mut self) {
        self.parted = false;
        for number in 0..self.stage.links.len() {
            if !self.stage.links[number].up {
                self.dial(number);
            }
        }
    }

    fn act(&mut self, member: usize) {
        let institution = &mut self.institutions[member];
        let node = &mut self.nodes[institution.node];
        if self.calm.is_none() {
            // What it publishes keeps its node at work for a while, so it does one or the other.
            if self.plot.is_some() {
                institution.act_plainly(node, &mut self.stage);
            } else if self.stage.dice.once_in(2) {
                self.speak(member);
            } else {
                institution.act(&self.founding, node, &mut self.stage);
            }
            let pause = between(&mut self.stage.dice, 2 * SECOND, 45 * SECOND);
            self.stage.clock.after(pause, Event::Act(member));
            return;
        }
        let answered = self.robbed != Some(member) || institution.answer_theft(&self.founding, node, &mut self.stage);
        if node.up {
            institution.hand_over(node);
            node.go_on(&mut self.stage);
        }
        if !answered {
            self.stage.clock.after(5 * SECOND, Event::Act(member));
        }
    }

    /// A member says something in a ballot.
    fn speak(&mut self, member: usize) {
        let institution = &self.institutions[member];
        if institution.honest {
            let liars: Vec<_> =
                self.institutions.iter().filter(|other| !other.honest).map(|liar| liar.actor.id.clone()).collect();
            return institution.speak(&liars, &mut self.nodes[institution.node], &mut self.stage);
        }
        let to = self.stage.dice.below(self.nodes.len());
        if to == institution.node {
            return;
        }
        let Ok([own, to]) = self.nodes.get_disjoint_mut([institution.node, to]) else { return };
        institution.speak_falsely(own, to, &mut self.stage);
    }

    /// From here on nothing breaks any more.
    fn quiet(&mut self) {
        self.calm = Some(self.stage.clock.now());
        self.stage.weather = Weather::default();
        self.heal();
        for member in 0..self.institutions.len() {
            // By then every node that crashed has come back.
            self.stage.clock.after(3 * MINUTE, Event::Act(member));
        }
    }

    fn go_on_with_plot(&mut self) {
        let Some(mut plot) = self.plot.take() else { return };
        plot.tick(self);
        self.plot = Some(plot);
        let pause = between(&mut self.stage.dice, TICK.0, TICK.1);
        self.stage.clock.after(pause, Event::Plot);
    }

    fn survey(&mut self) {
        let number = self.stage.dice.below(self.nodes.len());
        self.nodes[number].check_deeply(&mut self.stage);
        for node in &self.nodes {
            node.check_bounds(&mut self.stage);
        }
        let now = self.stage.clock.now();
        let Some(calm) = self.calm.filter(|calm| now >= calm + 4 * MINUTE) else {
            self.stage.clock.after(30 * SECOND, Event::Survey);
            return;
        };
        let (patience, verdict) = match &self.plot {
            Some(plot) => (plot.patience(), plot.verdict(self)),
            None => (PATIENCE, Ok(())),
        };
        let still = unequal(&self.nodes, &self.stage);
        match still.or_else(|| verdict.err().map(|what| (0, what))) {
            None => {
                self.equal += 1;
                self.nodes.iter().for_each(|node| node.check_deeply(&mut self.stage));
            }
            Some((node, what)) => {
                self.equal = 0;
                if now > calm + patience {
                    self.stage.fail(node, format!("the calm did not make all equal: {what}"));
                }
            }
        }
        self.stage.clock.after(MINUTE, Event::Survey);
    }
}
