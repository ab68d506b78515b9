//! Choosing the branch of a forked root log: a ballot of root keys, begun or joined.
//!
//! Whoever chooses endorses: the proposal that names this side already and changes nothing else, if there is one, since two proposals
//! for one thing split the votes; else one that is made here. What a branch is called differs in neither case: an entry of it, by its
//! id.

use nanduti_protocol::{
    ballot::{Amend, Change, Proposal, Replace},
    fork::ForkProof,
    hash::Hash,
    key::MemberId,
    keyring::Place,
    ledger::History,
    roster::End,
};

use super::{
    Engine, Handle,
    failure::{failed, not_found, refused, usage},
    sides::{Named, Side, branch_of, forked_log, sides, unheld},
    status,
};
use crate::{
    api::{ApiError, BallotStep, ForkProposal, ForkSettle, LastEntry, PreparedReply, WantedChange},
    core::{Core, Snapshot},
    governance::{self, Next},
    offline::place,
};

/// A proposal that chooses a branch of a forked log.
pub(super) struct Settling {
    proposal: Proposal,
    last: Place,
    /// Hash of the entry at the head of the side, where it is known on which side the named entry stands.
    side: Option<Hash>,
    changes: Vec<String>,
    alone: bool,
}

/// What is to be endorsed, and what whoever signs should know.
struct Choice {
    proposal: Proposal,
    warnings: Vec<String>,
}

impl Handle<ForkSettle> for Engine {
    async fn handle(&self, call: ForkSettle) -> Result<PreparedReply, ApiError> {
        let own = self.member.clone();
        let Choice { proposal, warnings } = self.blocking(move |core| choose(core, own.as_ref(), &call)).await?;
        let mut prepared = self.draft(&self.core.snapshot(), &proposal, BallotStep::Endorse, None)?;
        prepared.warnings.extend(warnings);
        Ok(prepared)
    }
}

impl Settling {
    /// As a person or a program reads it.
    pub(super) fn view(&self) -> ForkProposal {
        let hash = self.proposal.hash();
        ForkProposal {
            id: hash.to_cid(),
            short: hash.short(),
            last: place(self.last),
            side: self.side.map(|side| side.short()),
            changes: self.changes.clone(),
            alone: self.alone,
        }
    }
}

/// The proposals about the roster in force that name an entry of a forked log where the branches have parted.
pub(super) fn proposals(snapshot: &Snapshot, proof: &ForkProof, sides: &[Side]) -> Vec<Settling> {
    let Some(succession) = snapshot.ledger.succession() else { return Vec::new() };
    let poll = succession.poll();
    let found = poll.motions().values().filter_map(|motion| {
        let proposal = &motion.proposal;
        let named = proposal.changes.iter().flat_map(ends).find(|end| end.log == proof.log())?;
        let last = named.last.filter(|last| last.seq >= proof.mark().seq)?;
        let roster = poll.roster();
        let alone = match proposal.changes.as_slice() {
            [Change::Amend(Amend { line, suspended, .. })] => {
                roster.member(&line.id) == Some(line) && roster.is_suspended(&line.id) == *suspended
            }
            _ => false,
        };
        Some(Settling {
            proposal: proposal.clone(),
            last,
            side: side_of(snapshot, proof, sides, &last),
            changes: governance::changes(proposal, roster),
            alone,
        })
    });
    found.collect()
}

fn ends(change: &Change) -> &[End] {
    match change {
        Change::Amend(Amend { ends, .. }) | Change::Replace(Replace { ends, .. }) => ends,
        Change::Admit(_) | Change::Quorum(_) | Change::Bounds(_) | Change::Rules(_) => &[],
    }
}

/// The side on which an entry stands, as far as this node can tell.
fn side_of(snapshot: &Snapshot, proof: &ForkProof, sides: &[Side], last: &Place) -> Option<Hash> {
    if snapshot.hash_at(&proof.log(), last.seq) == Some(last.hash) {
        return sides.iter().find(|side| side.held).map(|side| side.hash);
    }
    let shown = proof.sides().into_iter().find(|(hash, chain)| {
        let is_last = |bytes: &[u8]| Hash::of(bytes) == last.hash;
        *hash == last.hash || chain.entries().iter().any(|bytes| is_last(bytes))
    });
    shown.map(|(hash, _)| hash)
}

/// What to endorse so that one side of a forked root log counts.
fn choose(core: &Core, own: Option<&MemberId>, call: &ForkSettle) -> Result<Choice, ApiError> {
    let snapshot = core.snapshot();
    let log = forked_log(&snapshot, &call.log)?;
    let ledger = &snapshot.ledger;
    let authority = ledger.authority().ok_or_else(|| failed("the charter of this network has not arrived yet"))?;
    let standing = authority.standing(&log).filter(|standing| standing.is_root);
    if standing.is_none() {
        return Err(usage("that is no member's root log: its branch is not chosen by a ballot")
            .hint("`nanduti fork show LOG` says who chooses"));
    }
    if status::awaited(&snapshot, &log).is_some() {
        return Err(refused("a ballot has named a branch of that log already")
            .hint("its entries are asked of every peer; `nanduti fork show` says whether they are here"));
    }
    let proof = ledger
        .open_fork(&log, snapshot.as_ref())
        .ok_or_else(|| not_found("no fork of that log waits to be settled, as far as this node knows"))?;
    let member = authority.claimed_member(&log).ok_or_else(|| not_found("that root log is no member's any more"))?;
    let sides = sides(&snapshot, proof);
    let named = branch_of(core, &log, &sides, &call.entry)?;
    let fork = proof.mark().seq;
    if named.last.seq < fork {
        return Err(usage(format!("entry {} stands below the fork, on both sides", named.last.seq))
            .hint("name an entry of the side that is to count"));
    }
    let (standing, others): (Vec<_>, Vec<_>) = proposals(&snapshot, proof, &sides)
        .into_iter()
        .partition(|one| one.alone && one.side == Some(named.side.hash) && fits(one, &named));
    let mut warnings: Vec<String> = others.iter().map(|other| beside(other, &named)).collect();
    if let Some(one) = most_endorsed(&snapshot, standing) {
        may_endorse(&snapshot, own, &one.proposal)?;
        let short = one.proposal.hash().short();
        warnings.push(format!(
            "proposal {short} chooses that side already: this endorses it, and makes no second one beside it"
        ));
        return Ok(Choice { proposal: one.proposal, warnings });
    }
    if !named.side.held {
        warnings.push(unheld(fork, named.last));
    }
    warnings.extend(overtopped(&sides, &named, member));
    let settle = WantedChange::Settle { member: member.to_string() };
    let last = LastEntry { log: log.to_hex(), seq: Some(named.last.seq), hash: Some(named.last.hash.to_hex()) };
    let proposal = governance::proposal(ledger, &*snapshot, &[settle], &[last])?;
    Ok(Choice { proposal, warnings })
}

/// Is the entry that a proposal names what was asked for? Whoever names a side by its head is content with any entry of it.
fn fits(one: &Settling, named: &Named<'_>) -> bool {
    named.last == named.side.last || named.last == one.last
}

fn beside(other: &Settling, named: &Named<'_>) -> String {
    let short = other.proposal.hash().short();
    let what = if other.side == Some(named.side.hash) {
        if other.alone { "chooses that side too, by another entry" } else { "chooses that side too, and changes more" }
    } else {
        "chooses another side"
    };
    format!("proposal {short} {what}: votes may split between it and yours. `nanduti ballot show {short}` shows it")
}

/// Of several proposals for one thing, the one that is nearest to its quorum.
fn most_endorsed(snapshot: &Snapshot, standing: Vec<Settling>) -> Option<Settling> {
    let tally = snapshot.ledger.succession()?.poll().tally();
    let endorsers = |one: &Settling| {
        let choice = tally.choice(&one.proposal.hash());
        let in_round =
            |choice| (1..=tally.count.open_round()).map(move |round| tally.count.endorsers(round, choice).len());
        choice.and_then(|choice| in_round(choice).max()).unwrap_or_default()
    };
    standing.into_iter().max_by_key(endorsers)
}

/// Who has endorsed a proposal, or may do more than that, is told so.
fn may_endorse(snapshot: &Snapshot, own: Option<&MemberId>, proposal: &Proposal) -> Result<(), ApiError> {
    let Some((own, succession)) = own.zip(snapshot.ledger.succession()) else { return Ok(()) };
    let short = proposal.hash().short();
    match governance::next_of(succession.poll(), own, &proposal.hash()) {
        Next::Endorse | Next::Nothing => Ok(()),
        Next::Ratify => Err(refused(format!("proposal {short} chooses that side, and a quorum has endorsed it"))
            .hint(format!("`nanduti ballot ratify {short}` binds {own} to it"))),
        Next::Wait => Err(refused(format!("{own} has endorsed proposal {short} already, which chooses that side"))
            .hint(format!("`nanduti ballot show {short}` says who is missing"))),
    }
}

/// A root key that goes on along a side whose end another side has passed forks its log again.
fn overtopped(sides: &[Side], named: &Named<'_>, member: &MemberId) -> Option<String> {
    let other = sides.iter().filter(|side| side.hash != named.side.hash).map(|side| side.last.seq).max()?;
    (other > named.last.seq).then(|| {
        format!(
            "another side is known up to entry {other}, and yours ends at entry {}: what the root key of {member} signs next takes a place \
             that the other side has taken, and forks the log again. Better give {member} another root key, which chooses the branch too: \
             `nanduti ballot propose --replace-root REQUEST --last …`",
            named.last.seq
        )
    })
}
