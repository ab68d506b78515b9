//! A thief has copied a member's publishing key. It writes what the member never said, withdraws what the member said, and forks its log
//! at any place, to different nodes differently. The member notices at some time, names the last entry that is its own, and goes on
//! with another key, under which it says again what stood after it.

use nanduti_protocol::{
    keyring::{KeyState, Place},
    kind::{Audience, Kind},
    testing::{Dice, LogWriter, live},
};

use super::{
    super::{clock::Time, world::World, writer::Command},
    Cast, Plot,
    tools::keyring,
};

/// A member's publishing key is stolen.
#[derive(Debug, Default)]
struct Thief {
    defended: bool,
    victim: usize,
    steals: Time,
    notices: Time,
    /// What the thief goes on from.
    stolen: Option<LogWriter>,
    ended: bool,
}

pub(super) fn plot(defended: bool) -> Box<dyn Plot> {
    Box::new(Thief { defended, ..Thief::default() })
}

impl Plot for Thief {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        Cast::of(3 + dice.below(4), 0)
    }

    fn begin(&mut self, world: &mut World) {
        self.victim = world.first_honest();
        self.steals = world.moment(10, 40);
        self.notices = world.moment(60, 95);
        let key = (&world.institutions[self.victim].actor.publish[0]).into();
        world.stage.truth.stolen.insert(key);
    }

    fn tick(&mut self, world: &mut World) {
        let now = world.now();
        if now >= self.steals && self.stolen.is_none() {
            // A copy of what is on the disk, and not of what a crash may yet take.
            let log = world.institutions[self.victim].log();
            let node = world.node_of(self.victim);
            let next = node.shelf.look().extent(&log).map_or(0, |extent| extent.next);
            let whole = |pen: &LogWriter| pen.log() == log && pen.len() == next && next > 1;
            self.stolen = node.pen.clone().filter(whole).filter(|_| world.is_idle(node.id));
        }
        // A thief does not stop; whoever listens to it after the keyring has come is no honest node.
        let rarely = if world.calm.is_some() { 8 } else { 2 };
        let goes_on = self.defended || world.calm.is_none();
        if self.stolen.is_some() && goes_on && world.stage.dice.once_in(rarely) {
            self.libel(world);
        }
        if self.defended && now >= self.notices && !self.ended && self.stolen.is_some() {
            self.ended = self.end_key(world);
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        if let Some(what) = world.counted_forgery() {
            return Err(format!("what the thief said stands: {what}"));
        }
        match self.stolen.is_some() {
            true if !self.ended => Err("the thief was not noticed".into()),
            true => Ok(()),
            false => Err("the thief never had the key".into()),
        }
    }
}

impl Thief {
    /// Says something in the victim's name: on from what was stolen, or from a lower place.
    fn libel(&mut self, world: &mut World) {
        let Some(mut log) = self.stolen.clone() else { return };
        if world.stage.dice.once_in(2) {
            log = log.back_to(1 + world.stage.dice.below(log.len() as usize - 1) as u64);
        }
        let from = log.len();
        for _ in 0..1 + world.stage.dice.below(3) {
            let (kind, body) = match (world.stage.dice.below(4), world.practice_of(self.victim)) {
                (0, Some((series, newest, _))) => (Kind::Withdrawal, world.withdrawal(series, newest)),
                (1, Some((series, newest, _))) => (Kind::Practice, world.revision(series, newest)),
                (2, _) => (Kind::Keyring, b"a publishing key lists no keys".to_vec()),
                _ => (Kind::Practice, world.practice()),
            };
            world.forge(&mut log, kind, &body);
        }
        if world.stage.dice.once_in(2) {
            self.stolen = Some(log.clone());
        }
        let node = world.any_node();
        let first = if world.stage.dice.once_in(2) { from } else { from.saturating_sub(1) };
        world.slip(node, Command::Admit(Box::new(log.run(first..log.len())), None));
    }

    /// The member names its last entry, and says again under another key what stood after it.
    fn end_key(&self, world: &mut World) -> bool {
        let id = world.institutions[self.victim].node;
        if !world.is_idle(id) {
            return false;
        }
        let log = world.institutions[self.victim].log();
        let (last, again) = {
            let disk = world.nodes[id].shelf.look();
            let Some(held) = disk.logs.get(&log) else { return false };
            let foreign =
                held.iter().position(|held| world.stage.truth.forged.contains(&held.hash)).unwrap_or(held.len());
            let own = |held: &&super::super::disk::Held| {
                held.kind == Kind::Practice && !world.stage.truth.forged.contains(&held.hash)
            };
            let again: Vec<_> = held
                .iter()
                .skip(foreign)
                .filter(own)
                .filter_map(|held| Some((held.audience, held.body.clone()?)))
                .collect();
            let Some(last) = foreign.checked_sub(1) else { return false };
            (Place { seq: last as u64, hash: held[last].hash }, again)
        };
        let network = world.stage.network;
        let institution = &mut world.institutions[self.victim];
        let actor = institution.actor.clone();
        let fresh = world.founding.publish_log(&actor.id, &actor.publish[1]);
        let first = fresh.place(0).expect("it was begun");
        let old = institution.begun.line(&actor.id, KeyState::Ended(Some(last)));
        let lines = [actor.node_line(&network), old, live(&fresh, first)];
        let mut root = institution.root.clone();
        keyring(world, &mut root, &lines);
        world.stage.truth.ended.insert(log, Some(last));
        world.stage.truth.sign(fresh.log(), first);
        let institution = &mut world.institutions[self.victim];
        (institution.root, institution.begun) = (root, fresh.clone());
        let node = &mut world.nodes[id];
        node.pen = Some(fresh);
        world.institutions[self.victim].hand_over(&mut world.nodes[id]);
        let again = again
            .into_iter()
            .map(|(audience, body): (Audience, Vec<u8>)| Command::Author(Kind::Practice, audience, body));
        world.nodes[id].writer.queue.extend(again.take(20));
        world.nodes[id].go_on(&mut world.stage);
        true
    }
}
