//! A member claims what is another's: keys, by listing them, by opening their logs again, by ending them; and records, by withdrawing and
//! revising them.

use nanduti_protocol::{
    hash::Hash,
    key::PublicKey,
    keyring::{KeyLine, KeyState, KeyUse, Place},
    kind::Kind,
    library::Standing,
    testing::{Actor, Dice, LogWriter, live, ring},
};

use super::{
    super::{clock::Time, world::World, writer::Command},
    Cast, Plot,
    tools::keyring,
};

/// The member that claims: the first.
const CLAIMANT: usize = 0;

#[derive(Default)]
struct Claimed {
    defended: bool,
    victim: usize,
    changes: Time,
    root: Option<LogWriter>,
    lines: Vec<KeyLine>,
    changed: bool,
}

pub(super) fn claimed(defended: bool) -> Box<dyn Plot> {
    Box::new(Claimed { defended, ..Claimed::default() })
}

impl Plot for Claimed {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        Cast::of(3 + dice.below(4), 1)
    }

    fn begin(&mut self, world: &mut World) {
        self.victim = world.first_honest();
        self.changes = world.moment(20, 60);
        let (thief, victim) =
            (world.institutions[CLAIMANT].actor.clone(), world.institutions[self.victim].actor.clone());
        for key in &victim.publish {
            world.stage.truth.claimed.insert(key.into());
        }
        let begun = world.institutions[CLAIMANT].begun.clone();
        self.lines = vec![thief.node_line(&world.stage.network), live(&begun, begun.place(0).expect("begun"))];
        let mut root = world.institutions[CLAIMANT].root.clone();
        if !self.defended {
            // The second key of the victim is listed by the thief before the victim has listed it.
            let log = world.founding.publish_log(&victim.id, &victim.publish[1]);
            self.lines.push(log.line(&thief.id, KeyState::Live(log.place(0))));
            root = root.back_to(1);
            root.push(Kind::Keyring, &ring(&self.lines));
            world.own(&root.clone(), &thief.id, true, false);
            world.institutions[CLAIMANT].root = root.clone();
        }
        self.root = Some(root);
    }

    fn tick(&mut self, world: &mut World) {
        if world.calm.is_none() && world.stage.dice.once_in(2) {
            self.claim(world);
        }
        let id = world.institutions[self.victim].node;
        if !self.changed && world.now() >= self.changes && world.is_idle(id) {
            let World { institutions, nodes, founding, stage, .. } = world;
            let institution = &mut institutions[self.victim];
            institution.change_key(founding, &mut nodes[id], stage);
            institution.hand_over(&mut nodes[id]);
            nodes[id].go_on(stage);
            self.changed = true;
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        if !self.changed {
            return Err("the owner has not changed its key yet".into());
        }
        let victim = &world.institutions[self.victim].actor;
        let owned = |node: &&super::super::node::Node| {
            let authority = node.ledger.authority();
            victim.publish.iter().all(|key| {
                authority.and_then(|it| it.standing(&key.into())).is_some_and(|it| it.member.id == victim.id)
            })
        };
        match world.honest_nodes().find(|node| !owned(node)) {
            Some(node) => Err(format!("lacks the entry of the key's owner: it speaks for another on node {}", node.id)),
            None => Ok(()),
        }
    }
}

impl Claimed {
    /// Lists a key of the victim, made to agree or not, or opens its log again.
    fn claim(&mut self, world: &mut World) {
        let Some(mut root) = self.root.clone() else { return };
        let (thief, victim) =
            (world.institutions[CLAIMANT].actor.clone(), world.institutions[self.victim].actor.clone());
        let own = world.institutions[self.victim].begun.clone();
        // The second key is the victim's secret until it has listed it.
        let key = &victim.publish[usize::from(self.changed && world.stage.dice.once_in(2))];
        let mut stolen = world.founding.publish_log(&thief.id, key);
        let node = world.any_node();
        match world.stage.dice.below(4) {
            0 => {
                // Whoever holds the key says that it speaks for the thief.
                let place = stolen.place(0).expect("it was begun");
                world.stage.truth.sign(stolen.log(), place);
                let body = world.practice();
                world.sign(&mut stolen, Kind::Practice, &body);
                world.slip_log(node, &stolen);
            }
            number => {
                let state = match number {
                    1 => KeyState::Ended(None),
                    2 => KeyState::Live(own.place(0)),
                    _ => KeyState::Live(Some(Place { seq: 0, hash: Hash::of(b"mine") })),
                };
                let mut line = stolen.line(&thief.id, state);
                if world.stage.dice.once_in(3) {
                    // Made up: the thief's own key says it.
                    line.proof =
                        KeyLine::sign(KeyUse::Publish, &world.stage.network, &thief.id, &thief.root, state).proof;
                }
                let mut lines = self.lines.clone();
                lines.retain(|known| known.key != PublicKey::from(key));
                lines.push(line);
                keyring(world, &mut root, &lines);
                world.slip_log(node, &root);
                self.root = Some(root);
            }
        }
    }
}

/// Withdrawals and revisions of records of somebody else.
#[derive(Default)]
struct Erased {
    defended: bool,
    log: Option<LogWriter>,
    said: usize,
}

pub(super) fn erased(defended: bool) -> Box<dyn Plot> {
    Box::new(Erased { defended, ..Erased::default() })
}

impl Plot for Erased {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        Cast::of(3 + dice.below(4), 1)
    }

    fn begin(&mut self, world: &mut World) {
        world.institutions[CLAIMANT].paused = true;
        self.log = Some(world.institutions[CLAIMANT].begun.clone());
    }

    fn tick(&mut self, world: &mut World) {
        let victims = world.honest_members();
        let Some(victim) = world.stage.dice.pick(&victims).copied() else { return };
        let id = world.institutions[if self.defended { CLAIMANT } else { victim }].node;
        let Some((series, newest, audience)) =
            world.practice_of(victim).filter(|_| world.is_idle(id) && self.said < 100)
        else {
            return;
        };
        let (kind, body) = if world.stage.dice.once_in(2) {
            (Kind::Withdrawal, world.withdrawal(series, newest))
        } else {
            (Kind::Practice, world.revision(series, newest))
        };
        self.said += 1;
        if !self.defended {
            let node = &mut world.nodes[id];
            node.writer.queue.push_back(Command::Author(kind, audience, body));
            return node.go_on(&mut world.stage);
        }
        let Some(mut log) = self.log.clone() else { return };
        world.sign(&mut log, kind, &body);
        self.log = Some(log.clone());
        world.slip_log(id, &log);
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        if self.said < 3 {
            return Err("nothing was withdrawn yet".into());
        }
        let honest: Vec<&Actor> = world.institutions.iter().filter(|it| it.honest).map(|it| &it.actor).collect();
        for node in world.honest_nodes() {
            for ((series, member), shown) in node.library.shown() {
                let is_honest = honest.iter().any(|actor| actor.id == *member);
                if is_honest && shown.standing(series) == Standing::Withdrawn {
                    return Err(format!("a record of {member} is withdrawn on node {}", node.id));
                }
            }
        }
        Ok(())
    }
}
