//! Where members and ballots stand, for people.

use nanduti_protocol::{
    authority::Authority,
    ballot::{
        Obstacle, Poll, Signer, Succession, Tally, Voter, Voters,
        rules::{Choice, Contradiction, Round, Said, Step},
    },
    hash::Hash,
    key::{MemberId, PublicKey},
};

use super::words::{self, fingerprint};
use crate::api::{BallotReply, MemberView, MembersReply, NamedKey, PassedView, ProposalView, RoundView};

/// The members of the roster in force.
pub(crate) fn members(authority: &Authority) -> MembersReply {
    let roster = authority.roster();
    let view = |member: &nanduti_protocol::charter::Member| {
        let former = roster.roots(member).filter(|root| *root != member.root);
        MemberView {
            id: member.id.to_string(),
            name: member.name.clone(),
            role: member.role.clone(),
            votes: roster.voters().any(|voter| voter.id == member.id),
            suspended: roster.is_suspended(&member.id),
            fingerprint: fingerprint(&member.root),
            root_key: member.root.to_hex(),
            governance: member.governance.map(named),
            spare: member.spare.map(named),
            former_root_keys: former.map(PublicKey::to_hex).collect(),
            keyring: authority.keyring(&member.id).map(|(seq, _)| seq),
        }
    };
    MembersReply {
        network_name: authority.network_name().to_owned(),
        version: roster.version,
        roster: roster.hash().to_hex(),
        quorum: roster.quorum() as u64,
        voters: roster.voters().count() as u64,
        members: roster.members.iter().map(view).collect(),
    }
}

fn named(key: PublicKey) -> NamedKey {
    NamedKey { key: key.to_hex(), fingerprint: fingerprint(&key) }
}

/// Where the ballots about the roster in force stand, and what passed before. `only` is the one proposal to show.
pub(crate) fn ballots(succession: &Succession, own: Option<&MemberId>, only: Option<&Hash>) -> BallotReply {
    let poll = succession.poll();
    let tally = poll.tally();
    let shown = tally.proposals.iter().filter(|hash| only.is_none_or(|only| *hash == only));
    let silent = |voter: &MemberId| {
        let voter = poll.voter(voter);
        voter.is_some_and(|voter| (1..=tally.count.open_round()).all(|round| !tally.count.spoke(round).contains(voter)))
    };
    BallotReply {
        version: poll.roster().version,
        quorum: poll.roster().quorum() as u64,
        voters: tally.voters.len() as u64,
        open_round: tally.count.open_round(),
        proposals: shown.map(|hash| proposal(poll, tally, hash)).collect(),
        bound: bound(poll, tally),
        contradictions: succession.polls().flat_map(|(poll, _)| contradictions(poll, own)).collect(),
        obstacle: obstacle(succession),
        silent: tally.voters.iter().filter(|voter| silent(voter)).map(ToString::to_string).collect(),
        you: own.map(|own| advice(poll, tally, own)).unwrap_or_default(),
        passed: passed(succession),
    }
}

/// What keeps this node from following what has its quorum, or where rivals are in force, in words.
pub(crate) fn obstacle(succession: &Succession) -> Option<String> {
    let obstacle = succession.obstacle().or_else(|| succession.conflicts().into_iter().next());
    obstacle.map(|obstacle| obstacle_in_words(&obstacle))
}

/// That the members have gone over to rules which this program does not know, in words: what it judges is then its own opinion.
pub(crate) fn later_rules(succession: &Succession) -> Option<String> {
    let obstacle = succession.obstacle().filter(|obstacle| matches!(obstacle, Obstacle::LaterRules { .. }));
    obstacle.map(|obstacle| obstacle_in_words(&obstacle))
}

fn proposal(poll: &Poll, tally: &Tally, hash: &Hash) -> ProposalView {
    let Some((motion, choice)) = poll.motions().get(hash).zip(tally.choice(hash)) else {
        return ProposalView::default();
    };
    let rounds = (1..=tally.count.open_round()).filter_map(|round| {
        let (endorsed, ratified) = (tally.count.endorsers(round, choice), tally.count.ratifiers(round, choice));
        let spoken = !endorsed.is_empty() || !ratified.is_empty();
        spoken.then(|| RoundView {
            round,
            endorsed: names(tally, &endorsed),
            ratified: names(tally, &ratified),
            endorsed_by_governance: by_governance(poll, tally, &endorsed, (round, Step::Endorse, hash)),
            ratified_by_governance: by_governance(poll, tally, &ratified, (round, Step::Ratify, hash)),
            can_succeed: can_succeed(poll, tally, round, choice),
        })
    });
    ProposalView {
        id: hash.to_cid(),
        short: hash.short(),
        changes: words::changes(&motion.proposal, poll.roster()),
        in_force: poll.in_force().get(hash).copied(),
        ordinary: motion.is_ordinary,
        rounds: rounds.collect(),
    }
}

/// Could the proposal reach its quorum in this round, if all who have endorsed nothing in it endorsed it?
fn can_succeed(poll: &Poll, tally: &Tally, round: Round, choice: Choice) -> bool {
    let choices = Choice::try_from(tally.proposals.len()).unwrap_or(Choice::MAX);
    let others: usize = (0..choices)
        .filter(|other| *other != choice)
        .map(|other| tally.count.endorsers(round, other))
        .flat_map(|voters| voters.iter().collect::<Vec<_>>())
        .filter(|voter| !tally.count.endorsers(round, choice).contains(*voter))
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    tally.voters.len() - others.min(tally.voters.len()) >= poll.roster().quorum()
}

fn names(tally: &Tally, voters: &Voters) -> Vec<String> {
    voters.iter().filter_map(|voter| tally.voter(voter)).map(ToString::to_string).collect()
}

/// Who of these said it with its governance key and not with its root key.
fn by_governance(poll: &Poll, tally: &Tally, voters: &Voters, said: (Round, Step, &Hash)) -> Vec<String> {
    let only = |voter: &&MemberId| {
        poll.said_with(voter, Signer::Governance, said) && !poll.said_with(voter, Signer::Root, said)
    };
    voters.iter().filter_map(|voter| tally.voter(voter)).filter(only).map(ToString::to_string).collect()
}

fn short(tally: &Tally, choice: Choice) -> String {
    tally.proposal(choice).map(Hash::short).unwrap_or_default()
}

fn bound(poll: &Poll, tally: &Tally) -> Vec<String> {
    let quorum = poll.roster().quorum();
    let line = |member: &MemberId| {
        let (choice, round) = tally.count.lock(poll.voter(member)?)?;
        Some(format!(
            "{member} ratified {} in round {round}: it may endorse another only after {quorum} have endorsed that one in a later round",
            short(tally, choice)
        ))
    };
    if tally.count.in_force().is_empty() { tally.voters.iter().filter_map(line).collect() } else { Vec::new() }
}

fn contradictions(poll: &Poll, own: Option<&MemberId>) -> Vec<String> {
    let tally = poll.tally();
    let name = |member: &MemberId| match own == Some(member) {
        true => format!("{member}, which is you,"),
        false => member.to_string(),
    };
    let said = |said: &Said| {
        let verb = if said.step == Step::Endorse { "endorsed" } else { "ratified" };
        format!("{verb} {} in round {}", short(tally, said.choice), said.round)
    };
    // One of them is enough, and somebody who says everything contradicts itself in thousands.
    let mut found: Vec<(Voter, Contradiction, usize)> = Vec::new();
    for one in tally.count.contradictions() {
        match found.iter_mut().find(|(voter, ..)| *voter == one.one.voter) {
            Some((_, _, more)) => *more += 1,
            None => found.push((one.one.voter, one, 0)),
        }
    }
    let lines = found.iter().filter_map(|(voter, found, more)| {
        let more = if *more > 0 { format!(", and {more} times more") } else { String::new() };
        Some(format!("{} {} and {}{more}", name(tally.voter(*voter)?), said(&found.one), said(&found.other)))
    });
    let boundless = tally.count.boundless();
    let too_much = boundless.iter().filter_map(|voter| tally.voter(voter)).map(|member| {
        format!("{} said more than anybody honest can: it counts as having said everything", name(member))
    });
    lines.chain(too_much).collect()
}

fn obstacle_in_words(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Rivals { version, proposals } => {
            let names: Vec<String> = proposals.iter().map(|(hash, _)| hash.short()).collect();
            format!(
                "two changes of roster {version} have a quorum ({}), which takes many members who contradict themselves: this node keeps the roster that it had",
                names.join(", ")
            )
        }
        Obstacle::OtherTicket { version } => format!(
            "what has a quorum would make another roster {version} than the one that this node's ticket names: it is not followed"
        ),
        Obstacle::LaterRules { rules } => {
            format!("the network has gone over to rules number {rules}, which this program does not know: upgrade it")
        }
    }
}

/// What a member may do next.
fn advice(poll: &Poll, tally: &Tally, own: &MemberId) -> Vec<String> {
    let Some(voter) = poll.voter(own) else { return Vec::new() };
    if !tally.count.in_force().is_empty() {
        return Vec::new();
    }
    let choices = Choice::try_from(tally.proposals.len()).unwrap_or(Choice::MAX);
    let line = |choice| match next(poll, tally, voter, choice) {
        Next::Ratify => Some(format!("nanduti ballot ratify {}", short(tally, choice))),
        Next::Endorse => Some(format!("nanduti ballot endorse {}", short(tally, choice))),
        Next::Nothing | Next::Wait => None,
    };
    (0..choices).filter_map(line).collect()
}

/// What a voter may say next of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It has said all, or the rules let it say nothing.
    Nothing,
    /// It has endorsed it where it can still succeed, and waits for the others.
    Wait,
    /// It may endorse it.
    Endorse,
    /// It may ratify it.
    Ratify,
}

/// What a member may say next of a proposal about the roster in force.
pub(crate) fn next_of(poll: &Poll, member: &MemberId, proposal: &Hash) -> Next {
    let tally = poll.tally();
    let found = poll.voter(member).zip(tally.choice(proposal));
    found.map_or(Next::Nothing, |(voter, choice)| next(poll, tally, voter, choice))
}

fn next(poll: &Poll, tally: &Tally, voter: Voter, choice: Choice) -> Next {
    let rounds = || 1..=tally.count.open_round();
    if rounds().any(|round| tally.count.ratifiers(round, choice).contains(voter)) {
        return Next::Nothing;
    }
    if rounds().any(|round| tally.count.ratify(voter, round, choice).is_ok()) {
        return Next::Ratify;
    }
    let open = || rounds().filter(|round| can_succeed(poll, tally, *round, choice));
    if open().any(|round| tally.count.endorsers(round, choice).contains(voter)) {
        return Next::Wait;
    }
    match open().any(|round| tally.count.endorse(voter, round, choice).is_ok()) {
        true => Next::Endorse,
        false => Next::Nothing,
    }
}

fn passed(succession: &Succession) -> Vec<PassedView> {
    let view = |(poll, passed): (&Poll, Option<&Hash>)| {
        let hash = passed?;
        let motion = poll.motions().get(hash)?;
        let tally = poll.tally();
        let round = *poll.in_force().get(hash)?;
        let choice = tally.choice(hash)?;
        let ratified = tally.count.ratifiers(round, choice);
        Some(PassedView {
            version: motion.roster.version,
            roster: motion.roster.hash().to_hex(),
            proposal: hash.to_cid(),
            changes: words::changes(&motion.proposal, poll.roster()),
            ratified: names(tally, &ratified),
            ratified_by_governance: by_governance(poll, tally, &ratified, (round, Step::Ratify, hash)),
        })
    };
    succession.polls().filter_map(view).collect()
}

#[cfg(test)]
mod tests {
    use nanduti_protocol::{
        ballot::{Amend, Change, Papers, Proposal, Statement},
        testing::Founding,
    };

    use super::*;

    #[test]
    fn who_contradicts_itself_is_told_so() {
        let founding = Founding::new(1, 4);
        let mut succession = Succession::new(nanduti_protocol::roster::Roster::founding(&founding.charter));
        let roster = succession.roster().clone();
        let actor = &founding.actors[0];
        for name in ["One", "Other"] {
            let line = nanduti_protocol::charter::Member { name: name.into(), ..roster.members[1].clone() };
            let change = Change::Amend(Amend { ends: Vec::new(), line, suspended: false });
            let proposal = Proposal { roster: roster.hash(), changes: vec![change] };
            let statement = Statement {
                step: Step::Endorse,
                cites: None,
                round: 1,
                member: actor.id.clone(),
                roster: roster.hash(),
                proposal: proposal.hash(),
            };
            let statements = vec![statement.sign(&founding.network, &actor.root)];
            succession.take(&Papers { roster: roster.hash(), proposal: proposal.encode(), statements }).unwrap();
        }
        let told = |own: &MemberId| ballots(&succession, Some(own), None).contradictions;
        let of_itself = told(&actor.id);
        assert!(of_itself.len() == 1 && of_itself[0].contains("which is you, endorsed"), "{of_itself:?}");
        let of_another = told(&founding.actors[1].id);
        assert!(of_another.len() == 1 && !of_another[0].contains("you"), "{of_another:?}");
    }
}
