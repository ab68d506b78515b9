//! So many root keys are lost that a network can decide nothing any more. Its members found another, whose charter carries the old logs over,
//! each up to an end. Each founder holds some of the old library. Former members, and whoever stole their keys, go on in the old network, and
//! offer the new one what they wrote there after the ends; other branches; the old entries without their bodies; charters with other
//! ends; and the old keys as keys of their own in the new network.
//!
//! The run is that of the new network. The old one is what is left of it: logs, and keys in wrong hands.

use nanduti_protocol::{
    charter::Charter,
    key::PublicKey,
    keyring::{KeyLine, KeyState, Place},
    kind::{Audience, Kind},
    ledger::History,
    record::RecordBody,
    run::{push_item, split_item},
    testing::{Actor, Dice, Founding, LogWriter, Refounding, live},
};

use super::{
    super::{
        clock::NodeId,
        liar::Lie,
        member::{record, salt},
        truth::Acknowledged,
        world::World,
        writer::Command,
    },
    Cast, Plot,
    tools::{head, keyring},
};

/// The founder that lies: the first.
const LIAR: usize = 0;

#[derive(Default)]
struct Refounded {
    defended: bool,
    logs: Vec<Old>,
    /// What the founders signed.
    charter: Option<Charter>,
}

/// A log of the former network.
struct Old {
    actor: Actor,
    /// As it stood when the network was left.
    log: LogWriter,
    /// What somebody with its key wrote afterwards, above it or beside it.
    later: Vec<LogWriter>,
    /// The nodes of founders who bring it along.
    with: Vec<NodeId>,
}

pub(super) fn plot(defended: bool) -> Box<dyn Plot> {
    Box::new(Refounded { defended, ..Refounded::default() })
}

impl Plot for Refounded {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        Cast { strangers: 2, ..Cast::of(3 + dice.below(5), 1) }
    }

    fn draft(&mut self, charter: &mut Charter, dice: &mut Dice) {
        // Two of the former members are no founders.
        let former = Founding::new(dice.roll(), charter.members.len() + 2);
        let robbed = former.actors.len() - 1 - dice.below(2);
        for (number, actor) in former.actors.iter().enumerate() {
            let mut log = former.publish_log(&actor.id, &actor.publish[0]);
            write(&mut log, 2 + dice.below(12), dice);
            let is_stolen = number == robbed || dice.once_in(2);
            let later = if is_stolen { later(&log, dice) } else { Vec::new() };
            self.logs.push(Old { actor: actor.clone(), log, later, with: Vec::new() });
        }
        // Who compares the draft with a home of its own sees the ends of its own copies.
        let ends: Vec<LogWriter> = match self.defended {
            true => self.logs.iter().map(|old| old.log.clone()).collect(),
            false => self.logs.iter().map(|old| old.later.first().unwrap_or(&old.log).clone()).collect(),
        };
        let consents = dice.below(charter.members.len() + 1);
        charter.former = vec![Refounding::claim(&former, &ends, &charter.members, consents)];
        self.charter = Some(charter.clone());
    }

    fn begin(&mut self, world: &mut World) {
        let honest: Vec<NodeId> = world.honest_nodes().filter(|node| node.is_member).map(|node| node.id).collect();
        for old in &mut self.logs {
            let name = old.log.log();
            for log in old.later.iter().chain([&old.log]) {
                world.own(log, &old.actor.id, false, true);
            }
            let after = old.later.iter().flat_map(|log| (0..log.len()).filter_map(|seq| log.place(seq)));
            let stands = |place: &Place| old.log.place(place.seq) == Some(*place);
            world.stage.truth.forged.extend(after.filter(|place| !stands(place)).map(|place| place.hash));
            let last = end_of(&old.log);
            world.stage.truth.carried.insert(name, last);
            world.stage.truth.ended.insert(name, Some(last));
            if !old.later.is_empty() {
                world.stage.truth.stolen.insert(name);
            }
            let said = (0..old.log.len()).filter_map(|seq| old.log.place(seq));
            world.stage.truth.acknowledged.extend(said.map(|place| Acknowledged {
                place,
                log: name,
                audience: Audience::Public,
                is_practice: place.seq > 0,
            }));
            let mut with = honest.clone();
            world.stage.dice.shuffle(&mut with);
            with.truncate(1 + world.stage.dice.below(2));
            old.with = with;
        }
        for node in world.nodes.iter_mut().filter(|node| !node.honest && !node.is_member) {
            if let Some(liar) = node.liar.as_mut().filter(|_| world.stage.dice.once_in(2)) {
                liar.only(Lie::Withhold);
            }
        }
    }

    fn tick(&mut self, world: &mut World) {
        for old in &self.logs {
            for id in &old.with {
                bring(old, *id, world);
            }
        }
        if world.stage.dice.once_in(if world.calm.is_some() { 6 } else { 1 }) {
            self.lie(world);
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        for node in world.honest_nodes() {
            let marked = |old: &&Old| {
                let standing = node.ledger.authority().and_then(|authority| authority.standing(&old.log.log()));
                standing.is_some_and(|standing| standing.former.is_some() && standing.member.id == old.actor.id)
            };
            if let Some(old) = self.logs.iter().find(|old| !marked(old)) {
                return Err(format!("the log of {} is not marked as carried over on node {}", old.actor.id, node.id));
            }
        }
        world
            .counted_forgery()
            .map_or(Ok(()), |what| Err(format!("what was written in the former network afterwards counts: {what}")))
    }
}

impl Refounded {
    /// One attempt of the liar, the thieves, or a former member who does not want to hear of the new network.
    fn lie(&self, world: &mut World) {
        let old = &self.logs[world.stage.dice.below(self.logs.len())];
        let node = world.any_node();
        match world.stage.dice.below(5) {
            0 | 1 => {
                if let Some(log) = world.stage.dice.pick(&old.later) {
                    let from = world.stage.dice.below(log.len() as usize) as u64;
                    world.slip_segment(node, log.segment(0..log.len()));
                    world.slip_segment(node, log.segment(from..log.len()));
                }
            }
            2 => {
                let log = world.stage.dice.pick(&old.later).unwrap_or(&old.log);
                world.slip_segment(node, stripped(&log.segment(0..log.len())));
            }
            3 => self.other_charter(node, world),
            _ => claim(old, node, world),
        }
    }

    /// The liar's root log with another charter: other ends, or consents that nobody gave.
    fn other_charter(&self, node: NodeId, world: &mut World) {
        let Some(mut charter) = self.charter.clone() else { return };
        let member = world.institutions[LIAR].actor.clone();
        for former in &mut charter.former {
            for carried in &mut former.logs {
                let log = self.logs.iter().find(|old| old.log.log() == carried.log).and_then(|old| old.later.first());
                carried.last = log.map_or(carried.last, end_of);
            }
            if world.stage.dice.once_in(2) {
                former.consents.iter_mut().for_each(|consent| consent.proof = member.node.to_bytes().to_vec().into());
            } else {
                former.logs.truncate(1);
            }
        }
        // Nobody is told that it was signed: on no honest node may it be stored.
        let mut root = LogWriter::new(world.founding.network, &member.root);
        root.push(Kind::Charter, &charter.encode());
        world.slip_segment(node, root.segment(0..1));
    }
}

/// A practice, and another, and revisions of them.
fn write(log: &mut LogWriter, number: usize, dice: &mut Dice) {
    for _ in 0..number {
        let first = log.place(1).filter(|_| dice.once_in(3));
        let body = match first {
            Some(first) => RecordBody::revision(salt(dice), first.hash, vec![first.hash], record(dice)),
            None => RecordBody::first(salt(dice), record(dice)),
        };
        log.push(Kind::Practice, &body.encode().expect("a sound record"));
    }
}

/// What somebody with the key writes when the network was left: above the end, and sometimes beside what stands.
fn later(log: &LogWriter, dice: &mut Dice) -> Vec<LogWriter> {
    let mut above = log.clone();
    write(&mut above, 1 + dice.below(4), dice);
    let mut logs = vec![above];
    if dice.once_in(2) {
        let mut beside = log.back_to(1 + dice.below(log.len() as usize - 1) as u64);
        write(&mut beside, 1 + dice.below(8), dice);
        logs.push(beside);
    }
    logs
}

fn end_of(log: &LogWriter) -> Place {
    log.place(log.len() - 1).expect("it was begun")
}

/// A founder brings a log along, again if a crash took it or a liar came first; also bodies that somebody left out before.
fn bring(old: &Old, id: NodeId, world: &mut World) {
    if !world.is_idle(id) || world.nodes[id].ledger.authority().is_none() {
        return;
    }
    let (name, last) = (old.log.log(), end_of(&old.log));
    let (ledger, bytes) = (world.nodes[id].snapshot.clone(), old.log.segment(0..old.log.len()));
    let Ok(run) = world.stage.verify(bytes, &ledger) else { return };
    let node = &mut world.nodes[id];
    if node.shelf.hash_at(&name, last.seq) == Some(last.hash) {
        let of_log =
            |(log, seq): &(PublicKey, u64)| (*log == name).then(|| run.item_at(*seq).map(|item| (*seq, item)))?;
        let lacks: Vec<_> = node.shelf.look().wants.iter().filter_map(of_log).collect();
        let bodies = lacks.into_iter().filter_map(|(seq, item)| Some((seq, run.body_bytes(item)?.to_vec())));
        node.writer.queue.extend(bodies.map(|(seq, body)| Command::Body(name, seq, body, None)));
    } else {
        node.writer.queue.push_back(Command::Admit(Box::new(run), None));
    }
    node.go_on(&mut world.stage);
}

/// The same items without the bodies that may be left out.
fn stripped(segment: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), segment);
    let mut first = true;
    while let Some((entry, body, len)) = split_item(rest) {
        push_item(&mut out, entry, body.filter(|_| first));
        (first, rest) = (false, &rest[len..]);
    }
    out
}

/// The liar lists an old key as its own in the new network, and opens its log there.
fn claim(old: &Old, node: NodeId, world: &mut World) {
    let actor = world.institutions[LIAR].actor.clone();
    let network = world.stage.network;
    let opened = world.founding.publish_log(&actor.id, &old.actor.publish[0]);
    world.slip_segment(node, opened.segment(0..opened.len()));
    if world.calm.is_some() || !world.stage.dice.once_in(4) {
        return;
    }
    let begun = world.institutions[LIAR].begun.clone();
    let state = if world.stage.dice.once_in(2) { KeyState::Ended(None) } else { KeyState::Live(old.log.place(0)) };
    let mine: KeyLine = old.log.line_in(&network, &actor.id, state);
    let mut root = world.institutions[LIAR].root.clone();
    keyring(world, &mut root, &[actor.node_line(&network), live(&begun, begun.place(0).expect("begun")), mine]);
    if head(&world.nodes[node], &root.log()).is_some() {
        world.slip_log(node, &root);
    }
}
