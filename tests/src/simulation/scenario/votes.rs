//! Ballots: members who are fewer than a quorum and say everything, and a vote that is split.

use nanduti_protocol::{
    ballot::{Amend, Change, Proposal, Replace, Tally, Voter, request, rules::Said},
    charter::Member,
    key::PublicKey,
    roster::{End, Roster},
    testing::{Actor, Dice},
};
use serde_bytes::ByteBuf;

use super::{
    super::world::World,
    Cast, Plot,
    tools::{admission, proposal},
};

/// Rounds in which liars speak.
const ROUNDS: usize = 4;

/// As many members as are just too few, or, to show that the attack is one, just enough.
struct Minority {
    defended: bool,
}

pub(super) fn minority(defended: bool) -> Box<dyn Plot> {
    Box::new(Minority { defended })
}

impl Plot for Minority {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        let members = 4 + dice.below(4);
        let quorum = members * 2 / 3 + 1;
        Cast::of(members, if self.defended { quorum - 1 } else { quorum })
    }

    fn tick(&mut self, world: &mut World) {
        let honest = world.first_honest();
        let Some(roster) = world.roster_of(honest).cloned() else { return };
        let Some(victim) = roster.member(&world.institutions[honest].actor.id).cloned() else { return };
        for member in
            (0..world.institutions.len()).filter(|member| !world.institutions[*member].honest).collect::<Vec<_>>()
        {
            let actor = world.institutions[member].actor.clone();
            let subject = grab(&roster, &victim, world.stage.dice.below(3));
            if world.calm.is_none() || world.stage.dice.once_in(6) {
                world.shout(&actor, &subject, ROUNDS);
            }
        }
        let changed = world.honest_nodes().find_map(|node| {
            let version = node.ledger.authority()?.roster().version;
            (version > 0).then_some(node.id)
        });
        if let Some(node) = changed {
            world.stage.fail(node, "a minority changed the roster");
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        let said =
            |member: usize| world.node_of(member).ledger.succession().is_some_and(|it| !it.poll().motions().is_empty());
        let heard = world.honest_members().into_iter().all(said);
        if heard { Ok(()) } else { Err("nobody has heard what the minority wants".into()) }
    }
}

/// What a minority wants: one of the others suspended, its root key replaced by one of their own, or a puppet admitted.
fn grab(roster: &Roster, victim: &Member, number: usize) -> Proposal {
    let ends = vec![End { log: victim.root, last: None }];
    let change = match number {
        0 => Change::Amend(Amend { ends, line: victim.clone(), suspended: true }),
        1 => {
            let own = Actor::new(13, 800).root;
            let line = Member { root: PublicKey::from(&own), ..victim.clone() };
            Change::Replace(Replace { ends, request: ByteBuf::from(request::sign(&roster.network, &line, &own)) })
        }
        _ => admission(roster, 9),
    };
    proposal(roster, change)
}

/// Two camps want two different things, and none is a quorum. One member may say both.
struct Split {
    defended: bool,
    wishes: Option<[Proposal; 2]>,
}

pub(super) fn split(defended: bool) -> Box<dyn Plot> {
    Box::new(Split { defended, wishes: None })
}

impl Plot for Split {
    fn cast(&mut self, dice: &mut Dice) -> Cast {
        // A liar, where the others are a quorum without it.
        let members = 4 + dice.below(4);
        Cast::of(members, dice.below(2))
    }

    fn tick(&mut self, world: &mut World) {
        let any = world.first_honest();
        if self.wishes.is_none() {
            let Some(roster) = world.roster_of(any) else { return };
            self.wishes = Some([0, 1].map(|number| proposal(roster, admission(roster, number))));
        }
        let Some(wishes) = self.wishes.clone() else { return };
        for member in 0..world.institutions.len() {
            if !world.stage.dice.once_in(3) {
                continue;
            }
            let institution = &world.institutions[member];
            let (actor, id) = (institution.actor.clone(), institution.node);
            if !institution.honest {
                let subject = wishes[world.stage.dice.below(2)].clone();
                world.shout(&actor, &subject, ROUNDS);
            } else if world.is_idle(id)
                && let Some((proposal, said)) = self.next_word(world, member, &wishes)
            {
                world.say(id, &actor, &proposal, &said);
            }
        }
    }

    fn verdict(&self, world: &World) -> Result<(), String> {
        let follows =
            world.honest_nodes().all(|node| node.ledger.authority().is_some_and(|it| it.roster().version > 0));
        if follows { Ok(()) } else { Err("no roster came into force".into()) }
    }
}

impl Split {
    /// What a member says: first what its camp wants; then, in each further round, what most are for.
    fn next_word(&self, world: &World, member: usize, wishes: &[Proposal; 2]) -> Option<(Proposal, Said)> {
        let institution = &world.institutions[member];
        let poll = world.node_of(member).ledger.succession()?.poll();
        let (voter, tally) = (poll.voter(&institution.actor.id)?, poll.tally());
        if poll.hash() != wishes[0].roster {
            return None;
        }
        let new = u16::try_from(tally.proposals.len()).ok()?;
        let choice = |proposal: &Proposal| tally.choice(&proposal.hash()).unwrap_or(new);
        let round = tally.count.open_round();
        let has_spoken = (1..=round).any(|round| tally.count.spoke(round).contains(voter));
        let own = &wishes[member % 2];
        if !has_spoken {
            return Some((own.clone(), tally.count.endorse(voter, 1, choice(own)).ok()?));
        }
        let mut by_support: Vec<&Proposal> = wishes.iter().collect();
        by_support.sort_by_key(|proposal| (core::cmp::Reverse(support(tally, choice(proposal))), proposal.hash()));
        let rounds = if self.defended { round } else { 1 };
        by_support
            .into_iter()
            .find_map(|proposal| word(tally, voter, choice(proposal), rounds).map(|said| (proposal.clone(), said)))
    }
}

/// How many are for a proposal, in the round in which most are.
fn support(tally: &Tally, choice: u16) -> usize {
    (1..=tally.count.open_round()).map(|round| tally.count.endorsers(round, choice).len()).max().unwrap_or(0)
}

/// A ratification in any round, or an endorsement in the last one.
fn word(tally: &Tally, voter: Voter, choice: u16, rounds: u32) -> Option<Said> {
    let ratify = (1..=rounds).rev().find_map(|round| {
        let said = tally.count.ratifiers(round, choice).contains(voter);
        tally.count.ratify(voter, round, choice).ok().filter(|_| !said)
    });
    let endorsed = tally.count.endorsers(rounds, choice).contains(voter);
    ratify.or_else(|| tally.count.endorse(voter, rounds, choice).ok().filter(|_| !endorsed))
}
