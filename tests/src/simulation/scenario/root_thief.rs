//! A thief has copied a member's root key. It signs keyrings that end the member's keys and list one of its own, publishes with that, and
//! says everything in ballots. The members vote: another root key, and the last entries of the member's logs that are its own. Under the new key
//! the member goes on.

use nanduti_protocol::{
    ballot::{Change, Proposal, Replace, request},
    charter::Member,
    key::PublicKey,
    keyring::{KeyState, Place},
    kind::{Audience, Kind},
    ledger::History,
    roster::End,
    testing::{Actor, Dice, LogWriter, live},
};
use serde_bytes::ByteBuf;

use super::{
    super::{clock::Time, node::Node, world::World, writer::Command},
    Cast, Plot,
    tools::{head, keyring, proposal},
};

/// Rounds of ballots in which the thief speaks.
const ROUNDS: usize = 3;

#[derive(Default)]
struct RootThief {
    defended: bool,
    victim: usize,
    steals: Time,
    notices: Time,
    root: Option<LogWriter>,
    /// The log of a key that the thief lists as the victim's.
    own: Option<LogWriter>,
    /// The victim with its new root key, and what is voted on.
    remedy: Option<(Actor, Proposal)>,
    /// Practices that the victim published after the ballot.
    began_anew: bool,
}

pub(super) fn plot(defended: bool) -> Box<dyn Plot> {
    Box::new(RootThief { defended, ..RootThief::default() })
}

impl Plot for RootThief {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        // The victim's own vote is worth nothing, so that all others have to take part where they are few.
        Cast::of(4 + dice.below(4), 0)
    }

    fn begin(&mut self, world: &mut World) {
        self.victim = world.stage.dice.below(world.institutions.len());
        self.steals = world.moment(10, 40);
        self.notices = world.moment(50, 80);
        let actor = &world.institutions[self.victim].actor;
        let keys: [PublicKey; 2] = [(&actor.root).into(), (&actor.publish[0]).into()];
        world.stage.truth.stolen.extend(keys);
        world.stage.truth.turned.insert(actor.id.clone());
    }

    fn tick(&mut self, world: &mut World) {
        let now = world.now();
        if now >= self.steals && self.root.is_none() {
            self.steal(world);
        }
        let rarely = if world.calm.is_some() { 8 } else { 2 };
        let goes_on = self.defended || world.calm.is_none();
        if self.root.is_some() && goes_on && world.stage.dice.once_in(rarely) {
            self.abuse(world);
        }
        if !self.defended || now < self.notices || self.root.is_none() {
            return;
        }
        match self.remedy.clone() {
            None => self.draw_up(world),
            Some((_, proposal)) => {
                for member in world.honest_members() {
                    if member != self.victim && world.stage.dice.once_in(2) {
                        world.vote(member, &proposal);
                    }
                }
            }
        }
        if !self.began_anew {
            self.began_anew = self.begin_anew(world);
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        if let Some(what) = world.counted_forgery() {
            return Err(format!("what the thief said stands: {what}"));
        }
        let Some((actor, _)) = &self.remedy else { return Err("the thief still speaks for the member".into()) };
        let root = PublicKey::from(&actor.root);
        let follows = |node: &&Node| {
            let roster = node.ledger.authority().and_then(|authority| authority.roster().member(&actor.id));
            roster.is_some_and(|member| member.root == root)
        };
        if let Some(node) = world.honest_nodes().find(|node| !follows(node)) {
            return Err(format!("the thief's key still speaks for the member on node {}", node.id));
        }
        let fresh = world.institutions[self.victim].log();
        let spoke = world.stage.truth.acknowledged.iter().any(|entry| entry.log == fresh);
        if self.began_anew && spoke { Ok(()) } else { Err("the thief silenced the member".into()) }
    }
}

impl RootThief {
    fn steal(&mut self, world: &mut World) {
        let institution = &world.institutions[self.victim];
        let (actor, root) = (institution.actor.clone(), institution.root.clone());
        let mut own = world.founding.publish_log(&actor.id, &Actor::new(world.stage.dice.roll(), 0).root);
        world.own(&own.clone(), &actor.id, false, false);
        world.stage.truth.forged.extend(own.place(0).map(|place| place.hash));
        for _ in 0..3 {
            let body = world.practice();
            world.forge(&mut own, Kind::Practice, &body);
        }
        (self.root, self.own) = (Some(root), Some(own));
    }

    /// A keyring, words of its own, or a vote.
    fn abuse(&mut self, world: &mut World) {
        let (Some(mut root), Some(own)) = (self.root.clone(), self.own.clone()) else { return };
        let actor = world.institutions[self.victim].actor.clone();
        let node = world.any_node();
        match world.stage.dice.below(4) {
            0 => {
                if world.stage.dice.once_in(2) {
                    root = root.back_to(1 + world.stage.dice.below(root.len() as usize - 1) as u64);
                }
                let begun = world.institutions[self.victim].begun.clone();
                let mut lines = vec![actor.node_line(&world.stage.network), live(&own, own.place(0).expect("begun"))];
                let state =
                    if world.stage.dice.once_in(2) { KeyState::Ended(None) } else { KeyState::Ended(begun.place(0)) };
                if begun.log() != own.log() {
                    lines.push(begun.line(&actor.id, state));
                }
                let place = keyring(world, &mut root, &lines);
                world.stage.truth.forged.insert(place.hash);
                self.root = Some(root.clone());
                world.slip_log(node, &root);
            }
            1 => {
                world.slip_log(node, &root);
                world.slip_log(node, &own);
            }
            _ => {
                let Some(roster) = world.roster_of(self.victim).cloned() else { return };
                let wish = super::tools::admission(&roster, world.stage.dice.below(2));
                let subject = match &self.remedy {
                    Some((_, remedy)) if world.stage.dice.once_in(3) && remedy.roster == roster.hash() => {
                        remedy.clone()
                    }
                    _ => proposal(&roster, wish),
                };
                world.shout(&actor, &subject, ROUNDS);
            }
        }
    }

    /// The victim falls silent, makes another root key, and names on its node the last entries that are its own.
    fn draw_up(&mut self, world: &mut World) {
        world.institutions[self.victim].paused = true;
        let institution = &world.institutions[self.victim];
        if !world.is_idle(institution.node) {
            return;
        }
        let node = world.node_of(self.victim);
        let Some(roster) = world.roster_of(self.victim) else { return };
        // The last keyring of its own that its node holds: one that the thief's came before is held by nobody.
        let places = (0..institution.root.len()).rev().filter_map(|seq| institution.root.place(seq));
        let own_root = places.into_iter().find(|place| {
            let is_own = !world.stage.truth.forged.contains(&place.hash);
            is_own && node.shelf.hash_at(&institution.root.log(), place.seq) == Some(place.hash)
        });
        let log = institution.log();
        let Some(last) = head(node, &log) else { return };
        let mut ends = vec![End { log: institution.root.log(), last: own_root }, End { log, last: Some(last) }];
        // What the proposer's node holds of the thief's is named as well: nothing of it stands.
        let thiefs = self.own.as_ref().map(LogWriter::log).filter(|log| node.ledger.extent(log).is_some());
        ends.extend(thiefs.map(|log| End { log, last: None }));
        ends.sort_by_key(|end| end.log);
        let fresh = Actor::new(!world.founding.charter.salt.len() as u64, 900 + self.victim);
        let actor = Actor { root: fresh.root, publish: fresh.publish, ..institution.actor.clone() };
        let Some(line) = roster.member(&actor.id) else { return };
        let line = Member { root: (&actor.root).into(), ..line.clone() };
        let request = ByteBuf::from(request::sign(&world.stage.network, &line, &actor.root));
        let proposal = proposal(roster, Change::Replace(Replace { ends, request }));
        world.stage.truth.ended.insert(log, Some(last));
        self.remedy = Some((actor, proposal));
    }

    /// Once the ballot is through, the victim opens a new root log and publishes with a new key.
    fn begin_anew(&mut self, world: &mut World) -> bool {
        let Some((actor, _)) = self.remedy.clone() else { return false };
        let id = world.institutions[self.victim].node;
        let root_key = PublicKey::from(&actor.root);
        let follows = world.roster_of(self.victim).and_then(|roster| roster.member_by_root(&root_key)).is_some();
        if !follows || !world.is_idle(id) {
            return false;
        }
        let mut root = world.founding.root_log(&actor);
        let begun = world.founding.publish_log(&actor.id, &actor.publish[0]);
        world.own(&root.clone(), &actor.id, true, true);
        world.own(&begun.clone(), &actor.id, false, true);
        let first: Place = begun.place(0).expect("it was begun");
        keyring(world, &mut root, &[actor.node_line(&world.stage.network), live(&begun, first)]);
        let institution = &mut world.institutions[self.victim];
        (institution.actor, institution.root, institution.begun) = (actor, root, begun.clone());
        institution.paused = false;
        let node = &mut world.nodes[id];
        node.pen = Some(begun);
        world.institutions[self.victim].hand_over(&mut world.nodes[id]);
        let body = world.practice();
        let node = &mut world.nodes[id];
        node.writer.queue.push_back(Command::Author(Kind::Practice, Audience::Public, body));
        node.go_on(&mut world.stage);
        true
    }
}
