//! What institutions say in ballots. Honest ones say what the rules offer on what their own node knows; lying ones say everything, to
//! different nodes different things.
//!
//! What is proposed changes nothing of what honest members publish: newcomers who stay silent, other names, suspensions of liars.

use nanduti_protocol::{
    ballot::{
        Amend, Change, Papers, Proposal, Statement, Tally, Voter, request,
        rules::{Choice, Said, Step},
    },
    charter::Member,
    key::MemberId,
    roster::Roster,
    testing::{Actor, Dice},
};
use serde_bytes::ByteBuf;

use super::{
    member::Institution,
    node::Node,
    stage::Stage,
    trace::What,
    writer::{Command, QUEUE},
};

/// Rounds that liars speak in.
const LYING_ROUNDS: usize = 4;

impl Institution {
    /// An honest institution looks at where the ballots stand, and perhaps says something.
    pub(super) fn speak(&self, liars: &[MemberId], node: &mut Node, stage: &mut Stage) {
        if !node.up || node.writer.flushing || !node.writer.queue.is_empty() {
            return;
        }
        let Some(papers) = self.honest_word(liars, node, &mut stage.dice) else { return };
        stage.counters.statements += 1;
        stage.note(node.id, What { verb: "speaks", ..What::default() });
        node.writer.queue.push_back(Command::Papers(Box::new(papers), None));
        node.go_on(stage);
    }

    fn honest_word(&self, liars: &[MemberId], node: &Node, dice: &mut Dice) -> Option<Papers> {
        let poll = node.ledger.succession()?.poll();
        let (voter, tally) = (poll.voter(&self.actor.id)?, poll.tally());
        let begins = tally.proposals.is_empty() || dice.once_in(16);
        let proposal = if begins {
            proposal(poll.roster(), liars, dice)
        } else {
            poll.motions().get(dice.pick(&tally.proposals)?)?.proposal.clone()
        };
        let new = Choice::try_from(tally.proposals.len()).ok()?;
        let choice = tally.choice(&proposal.hash()).unwrap_or(new);
        proposal.apply(poll.roster()).ok()?;
        let said = offered(tally, voter, choice, dice)?;
        Some(papers(&self.actor, &proposal, &said, &node.ledger.network()))
    }

    /// A lying institution says whatever can be said, to a node that may not have heard the rest.
    pub(super) fn speak_falsely(&self, own: &Node, to: &mut Node, stage: &mut Stage) {
        let Some(succession) = own.ledger.succession() else { return };
        let poll = succession.poll();
        let known: Vec<Proposal> = poll.motions().values().map(|motion| motion.proposal.clone()).collect();
        let fresh = proposal(poll.roster(), &[], &mut stage.dice);
        let subject = stage.dice.pick(&known).cloned().filter(|_| !stage.dice.once_in(5)).unwrap_or(fresh);
        if subject.apply(poll.roster()).is_err() || poll.voter(&self.actor.id).is_none() {
            return;
        }
        let round = 1 + stage.dice.below(LYING_ROUNDS) as u32;
        let step = if stage.dice.once_in(2) { Step::Endorse } else { Step::Ratify };
        let cites = (step == Step::Endorse && round > 1 && stage.dice.once_in(2)).then(|| round - 1);
        let said = Said { round, step, voter: 0, choice: 0, cites };
        let papers = papers(&self.actor, &subject, &said, &own.ledger.network());
        if to.up && to.writer.queue.len() < QUEUE {
            stage.counters.lies += 1;
            to.writer.queue.push_back(Command::Papers(Box::new(papers), None));
            to.go_on(stage);
        }
    }
}

/// Something that the rules let a voter say of a proposal: a ratification if that is possible, else an endorsement.
pub(super) fn offered(tally: &Tally, voter: Voter, choice: Choice, dice: &mut Dice) -> Option<Said> {
    let rounds = 1..=tally.count.open_round();
    let ratify = rounds.clone().filter(|_| !dice.once_in(3)).find_map(|round| {
        let said = tally.count.ratifiers(round, choice).contains(voter);
        tally.count.ratify(voter, round, choice).ok().filter(|_| !said)
    });
    let endorse = || {
        rounds.clone().find_map(|round| {
            let said = tally.count.endorsers(round, choice).contains(voter);
            tally.count.endorse(voter, round, choice).ok().filter(|_| !said)
        })
    };
    ratify.or_else(endorse)
}

pub(super) fn papers(
    actor: &Actor,
    proposal: &Proposal,
    said: &Said,
    network: &nanduti_protocol::hash::Hash,
) -> Papers {
    let statement = Statement {
        step: said.step,
        cites: said.cites,
        round: said.round,
        member: actor.id.clone(),
        roster: proposal.roster,
        proposal: proposal.hash(),
    };
    let statements = vec![statement.sign(network, &actor.root)];
    Papers { roster: proposal.roster, proposal: proposal.encode(), statements }
}

/// Something to propose: few different things, so that many speak of the same.
fn proposal(roster: &Roster, liars: &[MemberId], dice: &mut Dice) -> Proposal {
    let number = dice.below(3);
    let suspect = dice.pick(liars).cloned().and_then(|id| roster.member(&id)).filter(|member| {
        // Whoever votes alone cannot be suspended, and whoever is suspended is.
        roster.voters().count() > 2 && !roster.is_suspended(&member.id)
    });
    let change = match (dice.below(3), suspect) {
        (0, Some(suspect)) => Change::Amend(Amend {
            ends: vec![nanduti_protocol::roster::End { log: suspect.root, last: None }],
            line: suspect.clone(),
            suspended: true,
        }),
        (1, _) => admission(roster, number),
        _ => renaming(roster, number),
    };
    Proposal { roster: roster.hash(), changes: vec![change] }
}

fn admission(roster: &Roster, number: usize) -> Change {
    let place = 500 + roster.members.len() + number;
    let stranger = Actor::new(7, place);
    let id = MemberId::parse(&format!("ZZZ-{place}")).expect("an id");
    let line = Member { id, ..stranger.member("partner") };
    Change::Admit(ByteBuf::from(request::sign(&roster.network, &line, &stranger.root)))
}

fn renaming(roster: &Roster, number: usize) -> Change {
    let member = &roster.members[number % roster.members.len()];
    let line = Member { name: format!("{} as of roster {}", member.id, roster.version + 1), ..member.clone() };
    Change::Amend(Amend { ends: Vec::new(), line, suspended: roster.is_suspended(&member.id) })
}
