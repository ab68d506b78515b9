//! One member's node says one thing to one half of a network that is cut in two, and another to the other: entries of its log, keyrings of its
//! root log, statements in ballots. Once the halves meet, all honest nodes agree, soon.

use nanduti_protocol::{
    keyring::KeyState,
    kind::Kind,
    testing::{Dice, LogWriter},
};

use super::{
    super::{
        Break,
        clock::{MINUTE, Time},
        world::World,
    },
    Cast, Plot,
    tools::{admission, keyring, proposal},
};

/// The member that lies: the first.
const MEMBER: usize = 0;

#[derive(Default)]
struct TwoFaced {
    defended: bool,
    /// Its log and its root log, as it tells them to each half.
    faces: Option<[(LogWriter, LogWriter); 2]>,
}

pub(super) fn plot(defended: bool) -> Box<dyn Plot> {
    Box::new(TwoFaced { defended, ..TwoFaced::default() })
}

impl Plot for TwoFaced {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        Cast { strangers: 0, ..Cast::of(4 + dice.below(4), 1) }
    }

    fn begin(&mut self, world: &mut World) {
        if !self.defended {
            world.stage.broken = Some(Break::IgnoreForks);
        }
        world.institutions[MEMBER].paused = true;
        let institution = &world.institutions[MEMBER];
        let logs = (institution.begun.clone(), institution.root.clone());
        world.stage.truth.turned.insert(institution.actor.id.clone());
        self.faces = Some([logs.clone(), logs]);
    }

    fn tick(&mut self, world: &mut World) {
        if world.calm.is_some() {
            return;
        }
        world.part();
        let Some(faces) = &mut self.faces else { return };
        for (side, (log, root)) in faces.iter_mut().enumerate() {
            let actor = world.institutions[MEMBER].actor.clone();
            match world.stage.dice.below(6) {
                0 => {
                    let checkpoint = log.place(world.stage.dice.below(log.len() as usize) as u64);
                    let lines =
                        [actor.node_line(&world.stage.network), log.line(&actor.id, KeyState::Live(checkpoint))];
                    keyring(world, root, &lines);
                }
                1 => {
                    if let Some(roster) = world.roster_of(world.first_honest()).cloned() {
                        let subject = proposal(&roster, admission(&roster, side));
                        world.shout(&actor, &subject, 3);
                    }
                }
                _ if log.len() < 60 => {
                    let body = world.practice();
                    world.sign(log, Kind::Practice, &body);
                }
                _ => {}
            }
            let half: Vec<usize> =
                world.honest_nodes().map(|node| node.id).filter(|id| world.sides[*id] == (side == 0)).collect();
            if let Some(node) = world.stage.dice.pick(&half).copied() {
                world.slip_log(node, root);
                world.slip_log(node, log);
            }
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        let forked = world.honest_nodes().all(|node| node.ledger.forks().next().is_some());
        if forked { Ok(()) } else { Err("nobody has seen a fork".into()) }
    }

    fn patience(&self) -> Time {
        20 * MINUTE
    }
}
