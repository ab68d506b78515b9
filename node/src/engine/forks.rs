//! Forks, both sides side by side: what this node holds of one, and what the proof shows of the other.
//!
//! The side that is held was taken in before the other was known, so its entries are here, and what they say. Of the other the
//! proof carries the entry, and those up to the next signature, without bodies. Who told this node of a fork is not kept: a
//! proof holds whoever brings it.

use nanduti_protocol::{
    entry::Entry,
    fork::ForkProof,
    key::{MemberId, PublicKey},
};

use super::{
    Engine, Handle,
    closed::Asker,
    failure::not_found,
    places::entry_row,
    settle,
    sides::{Side, forked_log, sides},
    status,
};
use crate::{
    api::{
        ApiError, EntryRow, ForkList, ForkListReply, ForkReport, ForkShow, ForkSide, ForkState, ForkedLog, PlaceView,
    },
    core::Core,
    offline::{place, time_text},
};

/// Entries shown of a side.
const ROWS: u64 = 20;

impl Handle<ForkList> for Engine {
    async fn handle(&self, _: ForkList) -> Result<ForkListReply, ApiError> {
        Ok(ForkListReply { forks: status::forks(&self.core.snapshot()) })
    }
}

impl Handle<ForkShow> for Engine {
    async fn handle(&self, call: ForkShow) -> Result<ForkReport, ApiError> {
        let member = self.member.clone();
        self.blocking(move |core| report(core, Asker::Operator, member.as_ref(), &call.log)).await
    }
}

/// The fork of a log that somebody names.
pub(super) fn report(core: &Core, asker: Asker, own: Option<&MemberId>, text: &str) -> Result<ForkReport, ApiError> {
    let snapshot = core.snapshot();
    let log = forked_log(&snapshot, text)?;
    let ledger = &snapshot.ledger;
    let gone = || not_found("that log is not forked, as far as this node knows");
    let open = ledger.open_fork(&log, snapshot.as_ref());
    let proof = open.or_else(|| ledger.fork(&log)).ok_or_else(gone)?;
    let seq = proof.mark().seq;
    let authority = ledger.authority();
    let member = authority.and_then(|authority| authority.claimed_member(&log));
    let standing = authority.and_then(|authority| authority.standing(&log));
    let fixed = standing.as_ref().and_then(|standing| standing.fixed).filter(|fixed| fixed.seq >= seq);
    let is_awaited = fixed.is_some() && status::awaited(&snapshot, &log) == fixed;
    let state = match open {
        _ if is_awaited => ForkState::Awaited,
        Some(_) => ForkState::Open,
        None if ledger.extent(&log).is_none() => ForkState::Open,
        None => ForkState::Settled,
    };
    let sides = sides(&snapshot, proof);
    let proposals = settle::proposals(&snapshot, proof, &sides);
    let views = sides.iter().map(|side| view(core, asker, proof, side)).collect::<Result<_, _>>()?;
    Ok(ForkReport {
        key: log.to_hex(),
        member: member.map(ToString::to_string),
        member_name: member.and_then(|member| authority?.roster().member(member)).map(|member| member.name.clone()),
        log: match standing {
            None => ForkedLog::Unlisted,
            Some(standing) if standing.is_root => ForkedLog::Root,
            Some(_) => ForkedLog::Publishing,
        },
        state,
        seq,
        named: fixed.map(place),
        own: own.is_some() && own == member,
        sides: views,
        proposals: proposals.iter().map(settle::Settling::view).collect(),
    })
}

fn view(core: &Core, asker: Asker, proof: &ForkProof, side: &Side) -> Result<ForkSide, ApiError> {
    let (log, seq) = (proof.log(), proof.mark().seq);
    let rows = if side.held { held_rows(core, asker, &log, seq, side.last.seq)? } else { shown_rows(proof, side) };
    let first = rows.first().filter(|row| row.seq == seq);
    Ok(ForkSide {
        id: side.hash.to_cid(),
        short: side.hash.short(),
        hash: side.hash.to_hex(),
        kind: first.map(|row| row.kind.clone()),
        time: first.map(|row| row.time.clone()),
        held: side.held,
        entries: side.last.seq.saturating_sub(seq).saturating_add(1),
        last: PlaceView { seq: side.last.seq, hash: side.last.hash.to_hex() },
        rows,
    })
}

fn held_rows(core: &Core, asker: Asker, log: &PublicKey, from: u64, last: u64) -> Result<Vec<EntryRow>, ApiError> {
    let mut rows = Vec::new();
    for seq in from..=last.min(from.saturating_add(ROWS - 1)) {
        let Some(entry) = core.read_at(log, seq)? else { continue };
        let mut row = entry_row(core, &entry, false);
        // Above a fork everybody sees the entries, and nobody what they say but who holds them.
        row.title = row.title.filter(|_| asker == Asker::Operator);
        rows.push(row);
    }
    Ok(rows)
}

/// The entries by which the proof shows a side.
fn shown_rows(proof: &ForkProof, side: &Side) -> Vec<EntryRow> {
    let chain = proof.sides().into_iter().find(|(hash, _)| *hash == side.hash).map(|(_, chain)| chain.entries());
    let entries = chain.unwrap_or_default().iter().filter_map(|bytes| Entry::decode(bytes).ok());
    let row = |entry: Entry<'_>| EntryRow {
        seq: entry.statement.seq,
        short: entry.hash.short(),
        kind: entry.statement.kind.to_string(),
        title: None,
        time: time_text(entry.statement.time),
        arrived: None,
        counts: false,
    };
    entries.map(row).take(ROWS as usize).collect()
}
