//! Those who would make what others say less or their own too much: peers that leave bodies out or send others, and members and strangers
//! that fill disks.

use std::collections::BTreeMap;

use nanduti_protocol::{
    ballot::{Proposal, Statement},
    key::MemberId,
    keyring::KeyState,
    kind::{Audience, Kind},
    limits,
    testing::{Actor, Dice, LogWriter},
};

use super::{
    super::{Break, liar::Lie, node::Node, world::World},
    Cast, Plot,
    tools::{admission, keyring, proposal},
};

/// Every liar leaves bodies out, always.
struct Stripped {
    defended: bool,
}

pub(super) fn stripped(defended: bool) -> Box<dyn Plot> {
    Box::new(Stripped { defended })
}

impl Plot for Stripped {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        let members = 4 + dice.below(4);
        Cast { strangers: 2, ..Cast::of(members, 1 + dice.below(members / 2)) }
    }

    fn begin(&mut self, world: &mut World) {
        if !self.defended {
            world.stage.broken = Some(Break::NeverAsk);
        }
        for liar in world.nodes.iter_mut().filter_map(|node| node.liar.as_mut()) {
            liar.only(Lie::Withhold);
        }
    }

    fn tick(&mut self, _world: &mut World) {}

    fn verdict(&self, world: &World) -> Result<(), String> {
        let lacks = |node: &Node| {
            let disk = node.shelf.look();
            disk.wants.iter().find_map(|(log, seq)| {
                let owned = world.stage.truth.owners.get(log).is_some_and(|owner| owner.honest);
                let held = disk.at(log, *seq).filter(|_| owned)?;
                let may = node.is_member || held.audience == Audience::Public;
                (may && held.body.is_none()).then(|| format!("node {} lacks the body at {seq} of {log:?}", node.id))
            })
        };
        world.honest_nodes().find_map(lacks).map_or(Ok(()), Err)
    }
}

/// What is looked at: lower than what the charter allows, if it is to be seen that it is looked at.
const ENTRIES: u64 = 30;
const KEYS: u64 = 4;
/// The member that fills disks: the first.
const MEMBER: usize = 0;

#[derive(Default)]
struct Full {
    defended: bool,
    root: Option<LogWriter>,
    logs: Vec<LogWriter>,
    said: usize,
}

pub(super) fn full(defended: bool) -> Box<dyn Plot> {
    Box::new(Full { defended, ..Full::default() })
}

impl Plot for Full {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        let more = if self.defended { 1 } else { 3 };
        Cast { log_entries: ENTRIES * more, keys: KEYS * more, ..Cast::of(3 + dice.below(3), 1) }
    }

    fn begin(&mut self, world: &mut World) {
        world.institutions[MEMBER].paused = true;
        self.root = Some(world.institutions[MEMBER].root.clone());
        let actor = world.institutions[MEMBER].actor.clone();
        for number in 0..2 * KEYS as usize {
            let log = world.founding.publish_log(&actor.id, &Actor::new(99, 300 + number).root);
            world.own(&log, &actor.id, false, false);
            self.logs.push(log);
        }
    }

    fn tick(&mut self, world: &mut World) {
        if world.calm.is_some() && !world.stage.dice.once_in(8) {
            return;
        }
        self.said += 1;
        let node = world.any_node();
        let actor = world.institutions[MEMBER].actor.clone();
        match self.said % 4 {
            // As many keys as are allowed, then one more.
            0 => {
                let Some(mut root) = self.root.clone().filter(|root| root.len() < 20) else { return };
                let most = if world.stage.dice.once_in(2) { KEYS as usize - 2 } else { self.logs.len() };
                let begun = world.institutions[MEMBER].begun.clone();
                let mut lines =
                    vec![actor.node_line(&world.stage.network), begun.line(&actor.id, KeyState::Live(begun.place(0)))];
                lines.extend(self.logs.iter().take(most).map(|log| log.line(&actor.id, KeyState::Live(log.place(0)))));
                keyring(world, &mut root, &lines);
                self.root = Some(root.clone());
                world.slip_log(node, &root);
            }
            // As many statements as can be signed.
            1 => {
                let Some(roster) = world.roster_of(world.first_honest()).cloned() else { return };
                for number in 0..5 {
                    let number = 5 * self.said + number;
                    let subject: Proposal = proposal(&roster, admission(&roster, number % 40));
                    world.shout(&actor, &subject, 60);
                }
            }
            // Entries without end.
            _ => {
                let number = world.stage.dice.below(self.logs.len());
                let mut log = self.logs[number].clone();
                for _ in 0..20 {
                    let body = world.practice();
                    world.sign(&mut log, Kind::Practice, &body);
                }
                if log.len() <= 4 * ENTRIES {
                    self.logs[number] = log.clone();
                }
                world.slip_log(node, &log);
            }
        }
        let found = world.honest_nodes().find_map(|node| excess(node).map(|what| (node.id, what)));
        if let Some((node, what)) = found {
            world.stage.fail(node, what);
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        let full = world.honest_nodes().all(|node| {
            self.logs
                .iter()
                .any(|log| node.ledger.extent(&log.log()).is_some_and(|extent| extent.next >= ENTRIES * 2 / 3))
        });
        if full { Ok(()) } else { Err("the disks are not full yet".into()) }
    }
}

/// What a node holds beyond the bounds, if anything.
fn excess(node: &Node) -> Option<String> {
    let authority = node.ledger.authority()?;
    let mut logs: BTreeMap<&MemberId, u64> = BTreeMap::new();
    for (log, extent) in node.ledger.logs() {
        if extent.next > ENTRIES {
            return Some(format!("{} entries of {log:?}, more than {ENTRIES}", extent.next));
        }
        *logs.entry(authority.claimed_member(log)?).or_default() += 1;
    }
    // One log for each key of a keyring, but for the node's, and the root log.
    if let Some((member, number)) = logs.into_iter().find(|(_, number)| *number > KEYS) {
        return Some(format!("{number} logs of {member}, more than {KEYS}"));
    }
    let poll = node.ledger.succession()?.poll();
    let mut statements: BTreeMap<MemberId, usize> = BTreeMap::new();
    for (_, bytes) in poll.statements() {
        *statements.entry(Statement::decode(bytes).ok()?.member).or_default() += 1;
    }
    let most = statements.into_values().max().unwrap_or(0);
    let bound = limits::STATEMENTS_OF_VOTER_MAX + 1;
    (most > bound).then(|| format!("{most} statements of one voter, more than {bound}"))
}
