//! A member lies, and the others suspend it. The ballot names the last entry of each of its logs that stands. What it said up to there
//! stays; what it says afterwards, dated back or as a fork of what stands, does not appear. Then the others end the suspension: what it says
//! from there on, with a fresh key, appears, and what it said while it was suspended does not.

use std::collections::BTreeSet;

use nanduti_protocol::{
    ballot::{Amend, Change, Proposal},
    hash::Hash,
    key::PublicKey,
    keyring::Place,
    kind::Kind,
    roster::End,
    testing::{Dice, LogWriter, ended, live},
};

use super::{
    super::{clock::Time, node::Node, world::World},
    Cast, Plot,
    tools::{head, keyring, proposal},
};

#[derive(Default)]
struct Suspended {
    defended: bool,
    falls: Time,
    /// What was published in good time, by whom nobody had suspended yet.
    log: Option<LogWriter>,
    earlier: BTreeSet<Hash>,
    ballot: Option<Proposal>,
    /// The ballot that ends the suspension.
    back: Option<Proposal>,
    /// What the member signed once it was back: its root log, and the log of a fresh key.
    fresh: Option<[LogWriter; 2]>,
}

pub(super) fn plot(defended: bool) -> Box<dyn Plot> {
    Box::new(Suspended { defended, ..Suspended::default() })
}

/// The member that is suspended: the first one, who lies.
const MEMBER: usize = 0;

impl Plot for Suspended {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        Cast::of(4 + dice.below(4), 1)
    }

    fn begin(&mut self, world: &mut World) {
        self.falls = world.moment(20, 60);
        let institution = &mut world.institutions[MEMBER];
        institution.paused = true;
        let log = institution.log();
        world.stage.truth.turned.insert(world.institutions[MEMBER].actor.id.clone());
        world.stage.truth.stolen.insert(log);
    }

    fn tick(&mut self, world: &mut World) {
        if self.log.is_none() {
            self.log = Some(world.institutions[MEMBER].begun.clone());
        }
        match &self.ballot {
            None => {
                if world.now() >= self.falls {
                    self.draw_up(world);
                }
                if self.ballot.is_none() {
                    self.publish(world);
                }
            }
            Some(_) if self.back.is_none() && world.stage.dice.once_in(if world.calm.is_some() { 8 } else { 2 }) => {
                self.go_on(world)
            }
            Some(_) => {}
        }
        self.bring_back(world);
        if let Some(ballot) = self.back.as_ref().or(self.ballot.as_ref()) {
            let ballot = ballot.clone();
            for member in world.honest_members() {
                if world.stage.dice.once_in(2) {
                    world.vote(member, &ballot);
                }
            }
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        self.stands(world)?;
        let Some([_, log]) = &self.fresh else { return Err("the member is not back yet".into()) };
        for node in world.honest_nodes() {
            let later = (1..log.len()).filter_map(|seq| log.place(seq));
            if let Some(lost) = later.into_iter().find(|place| !node.library.holds(&place.hash)) {
                return Err(format!(
                    "what the member says since it is back is not shown on node {}: {lost:?}",
                    node.id
                ));
            }
        }
        Ok(())
    }
}

impl Suspended {
    /// On every honest node the member is suspended, or back, the earlier documents are shown, and the later ones are not.
    fn stands(&self, world: &World) -> Result<(), String> {
        let id = &world.institutions[MEMBER].actor.id;
        let turned = |node: &Node| {
            let roster = node.ledger.authority().map(|authority| authority.roster());
            roster.is_some_and(|roster| roster.is_suspended(id) == self.fresh.is_none())
        };
        for node in world.honest_nodes() {
            if !turned(node) {
                return Err(format!("the member is not suspended, or not back, on node {}", node.id));
            }
            if let Some(lost) = self.earlier.iter().find(|hash| !node.library.holds(hash)) {
                return Err(format!("the earlier document {lost:?} is not shown on node {}", node.id));
            }
        }
        world
            .counted_forgery()
            .map_or(Ok(()), |what| Err(format!("what the suspended member said later appears: {what}")))
    }

    /// Once all is as it should be, the others end the suspension; once that is in force, the member speaks with a fresh key.
    fn bring_back(&mut self, world: &mut World) {
        if world.calm.is_none() || self.ballot.is_none() {
            return;
        }
        match &self.back {
            None if self.stands(world).is_ok() => self.end_suspension(world),
            None => {}
            Some(_) => {
                if self.fresh.is_none() {
                    self.fresh = speak_again(self.log.as_ref(), world);
                }
                for log in self.fresh.iter().flatten() {
                    if world.stage.dice.once_in(4) {
                        let node = world.any_node();
                        world.slip_log(node, log);
                    }
                }
            }
        }
    }

    /// As the program proposes it: each log turns above all that the proposer holds of it.
    fn end_suspension(&mut self, world: &mut World) {
        let (Some(log), Some(proposer)) = (&self.log, world.honest_members().first().copied()) else { return };
        let member = &world.institutions[MEMBER];
        let logs = [member.root.log(), log.log()];
        let mut ends: Vec<End> =
            logs.into_iter().map(|log| End { log, last: head(world.node_of(proposer), &log) }).collect();
        ends.sort_by_key(|end| end.log);
        let Some(roster) = world.roster_of(proposer) else { return };
        let Some(line) = roster.member(&member.actor.id).cloned() else { return };
        self.back = Some(proposal(roster, Change::Amend(Amend { ends, line, suspended: false })));
    }

    /// The member publishes, for all that anybody knows in good faith.
    fn publish(&mut self, world: &mut World) {
        let id = world.institutions[MEMBER].node;
        let Some(mut log) = self.log.clone().filter(|log| world.is_idle(id) && log.len() < 12) else { return };
        let body = world.practice();
        let place = world.sign(&mut log, Kind::Practice, &body);
        self.earlier.insert(place.hash);
        self.log = Some(log.clone());
        let other = world.any_node();
        let root = world.institutions[MEMBER].root.clone();
        for node in [id, other] {
            world.slip_log(node, &root);
            world.slip_log(node, &log);
        }
    }

    /// An honest member that holds all of it names the last entries.
    fn draw_up(&mut self, world: &mut World) {
        let Some(log) = &self.log else { return };
        let holds = |member: usize| -> Option<Place> {
            let last = head(world.node_of(member), &log.log())?;
            (Some(last) == log.place(log.len() - 1)).then_some(last)
        };
        let member = &world.institutions[MEMBER];
        let found = world.honest_members().into_iter().find_map(|proposer| {
            let (last, root) = (holds(proposer)?, head(world.node_of(proposer), &PublicKey::from(&member.actor.root))?);
            Some((proposer, last, root))
        });
        let Some((proposer, last, root)) = found else {
            let (root, log, node) = (member.root.clone(), log.clone(), world.any_node());
            world.slip_log(node, &root);
            return world.slip_log(node, &log);
        };
        let mut ends = vec![End { log: member.root.log(), last: Some(root) }];
        if self.defended {
            ends.push(End { log: log.log(), last: Some(last) });
        }
        ends.sort_by_key(|end| end.log);
        // What the liar's node alone has in full may be lost with it.
        let shown = |hash: &Hash| world.honest_nodes().any(|node| node.library.holds(hash));
        let earlier: BTreeSet<Hash> = self.earlier.iter().filter(|hash| shown(hash)).copied().collect();
        let Some(roster) = world.roster_of(proposer).filter(|_| !earlier.is_empty()) else { return };
        let Some(line) = roster.member(&member.actor.id).cloned() else { return };
        self.earlier = earlier;
        self.ballot = Some(proposal(roster, Change::Amend(Amend { ends, line, suspended: true })));
    }

    /// The member goes on: above what stands, or beside it.
    fn go_on(&mut self, world: &mut World) {
        let Some(mut log) = self.log.clone() else { return };
        if world.stage.dice.once_in(3) {
            log = log.back_to(1 + world.stage.dice.below(log.len() as usize) as u64);
        }
        for _ in 0..1 + world.stage.dice.below(2) {
            let body = world.practice();
            let mut statement = log.next_statement(Kind::Practice, &body);
            statement.time -= world.stage.dice.below(1_000_000) as u64;
            let place = log.push_statement(&statement, Some(&body));
            world.stage.truth.sign(log.log(), place);
            world.stage.truth.forged.insert(place.hash);
        }
        let node = world.any_node();
        world.slip_log(node, &log);
    }
}

/// Once a node of another member follows the roster that has the member back: a keyring that ends its old key where it ended before,
/// and what it publishes with a fresh one.
fn speak_again(old: Option<&LogWriter>, world: &mut World) -> Option<[LogWriter; 2]> {
    let actor = world.institutions[MEMBER].actor.clone();
    let is_back = |member: &usize| {
        let roster = world.roster_of(*member);
        roster.is_some_and(|roster| roster.version >= 2 && !roster.is_suspended(&actor.id))
    };
    if !world.honest_members().iter().any(is_back) {
        return None;
    }
    let (old, mut root) = (old?, world.institutions[MEMBER].root.clone());
    // Nothing was added to it since the suspension: its last entry is the one that the ballot named.
    let last = old.place(old.len() - 1);
    let mut log = world.founding.publish_log(&actor.id, &actor.publish[1]);
    world.own(&log, &actor.id, false, false);
    for _ in 0..3 {
        let body = world.practice();
        world.sign(&mut log, Kind::Practice, &body);
    }
    let lines = [actor.node_line(&world.stage.network), live(&log, log.place(0)?), ended(old, last)];
    keyring(world, &mut root, &lines);
    Some([root, log])
}
