//! A member's disk is lost, and its node begins again from an older copy. What it signed since stands on other nodes. It signs only after
//! more than a third of the members have told it where its log stands; members who lie about it are no more than a third.
//!
//! The loss comes when every honest member holds what the node has signed: what only the lost disk held nobody can tell.

use nanduti_protocol::{
    kind::{Audience, Kind},
    testing::Dice,
};

use super::{
    super::{clock::Time, disk::Disk, restored::Restored, world::World, writer::Command},
    Cast, Plot,
};

#[derive(Default)]
struct Backup {
    defended: bool,
    victim: usize,
    copies: Time,
    loses: Time,
    copy: Option<Disk>,
    lost: Option<usize>,
}

pub(super) fn plot(defended: bool) -> Box<dyn Plot> {
    Box::new(Backup { defended, ..Backup::default() })
}

impl Plot for Backup {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        let members = 4 + dice.below(5);
        Cast { strangers: 1, ..Cast::of(members, dice.below(members / 3 + 1)) }
    }

    fn begin(&mut self, world: &mut World) {
        let honest = world.honest_members();
        self.victim = world.stage.dice.pick(&honest).copied().unwrap_or(0);
        // Whoever has to be told by a third has to reach that many.
        let id = world.institutions[self.victim].node;
        for member in 0..world.institutions.len() {
            let other = world.institutions[member].node;
            world.stage.link(id, other);
        }
        self.copies = world.moment(10, 30);
        self.loses = world.moment(40, 70);
    }

    fn tick(&mut self, world: &mut World) {
        let (now, id) = (world.now(), world.institutions[self.victim].node);
        let log = world.institutions[self.victim].log();
        let reaches = |disk: &Disk| disk.extent(&log).map_or(0, |extent| extent.next);
        if self.copy.is_none() && now >= self.copies && world.is_idle(id) {
            self.copy = Some(world.nodes[id].shelf.look().clone()).filter(|copy| reaches(copy) > 0);
        }
        let Some(copy) = &self.copy else { return };
        if self.lost.is_none() && now >= self.loses && world.is_idle(id) {
            let (then, is) = (reaches(copy), world.nodes[id].shelf.look().extent(&log));
            // With all bodies: what nobody else has is gone with the disk.
            let whole = |disk: &Disk| disk.extent(&log) == is && disk.wants.iter().all(|(wanted, _)| *wanted != log);
            let everywhere = world.honest_nodes().all(|node| !node.is_member || whole(&node.shelf.look()));
            if everywhere && is.is_some_and(|is| is.next > then) {
                let body = world.practice();
                world.crash(id);
                let node = &mut world.nodes[id];
                node.lose_disk(copy.clone());
                node.restored = self.defended.then(Restored::default);
                // Its people go on where they were, before it has met anybody.
                node.writer.queue.push_back(Command::Author(Kind::Practice, Audience::Public, body));
                self.lost = Some(world.stage.truth.acknowledged.len());
            }
        }
        // Once something was lost, the member goes on as soon as its node lets it.
        if self.lost.is_some() && world.is_idle(id) && world.stage.dice.once_in(3) {
            let body = world.practice();
            let node = &mut world.nodes[id];
            node.writer.queue.push_back(Command::Author(Kind::Practice, Audience::Public, body));
            node.go_on(&mut world.stage);
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        let log = world.institutions[self.victim].log();
        if world.honest_nodes().any(|node| node.ledger.forks_of(&log).next().is_some()) {
            return Err("the restored node made a fork of its log".into());
        }
        let Some(before) = self.lost else {
            return Err("its words never reached all members, so nothing was lost".into());
        };
        let again = world.stage.truth.acknowledged.iter().skip(before).any(|entry| entry.log == log);
        if again { Ok(()) } else { Err("the restored node does not sign again".into()) }
    }
}
