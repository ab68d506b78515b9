//! Forks, both sides side by side: what this node holds of one, and what the proof shows of the other.
//!
//! The side that is held was taken in before the other was known, so its entries are here, and what they say. Of the other the
//! proof carries the entry, and those up to the next signature, without bodies. Who told this node of a fork is not kept: a
//! proof holds whoever brings it.

use nanduti_protocol::{
    chain::Chain,
    entry::Entry,
    fork::ForkProof,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Place,
    ledger::History,
};

use super::{
    Engine, Handle,
    closed::Asker,
    failure::{not_found, usage},
    keyring::entry_row,
    status,
};
use crate::{
    api::{
        ApiError, EntryRow, ForkList, ForkListReply, ForkReport, ForkShow, ForkSide, ForkState, ForkedLog, PlaceView,
    },
    core::{Core, Snapshot},
    offline::{place, time_text},
};

/// Entries shown of a side.
const ROWS: u64 = 20;
/// Fewer characters of a key than this are not looked up.
const SHORTEST: usize = 4;

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

/// A side of a fork, as far as this node knows it.
pub(super) struct Side {
    /// Hash of its entry at the place of the fork.
    pub(super) hash: Hash,
    /// The last entry of it that is known here.
    pub(super) last: Place,
    /// Is it held?
    pub(super) held: bool,
}

/// The sides of a fork: the one that is held first.
pub(super) fn sides(snapshot: &Snapshot, proof: &ForkProof) -> Vec<Side> {
    let (log, seq) = (proof.log(), proof.mark().seq);
    let held = snapshot.hash_at(&log, seq);
    let mut sides = Vec::new();
    if let (Some(hash), Some(extent)) = (held, snapshot.ledger.extent(&log)) {
        let last = Place { seq: extent.next.saturating_sub(1), hash: extent.head };
        sides.push(Side { hash, last, held: true });
    }
    for (hash, chain) in proof.sides() {
        if Some(hash) != held {
            sides.push(Side { hash, last: end_of(chain, seq, hash), held: false });
        }
    }
    sides
}

/// The last entry that a chain shows.
fn end_of(chain: &Chain, seq: u64, hash: Hash) -> Place {
    let above = (chain.entries().len() as u64).saturating_sub(1);
    match chain.entries().last() {
        Some(entry) => Place { seq: chain.first_seq().saturating_add(above), hash: Hash::of(entry) },
        None => Place { seq, hash },
    }
}

/// The fork of a log that somebody names.
pub(super) fn report(core: &Core, asker: Asker, own: Option<&MemberId>, text: &str) -> Result<ForkReport, ApiError> {
    let snapshot = core.snapshot();
    let log = named(&snapshot, text)?;
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
    let sides = sides(&snapshot, proof).iter().map(|side| view(core, asker, proof, side)).collect::<Result<_, _>>()?;
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
        sides,
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

/// The forked log that somebody names.
fn named(snapshot: &Snapshot, text: &str) -> Result<PublicKey, ApiError> {
    let wanted = text.trim().to_ascii_lowercase();
    let authority = snapshot.ledger.authority();
    let of_member = |log: &PublicKey| {
        let member = authority.and_then(|authority| authority.claimed_member(log));
        member.is_some_and(|member| member.as_str().eq_ignore_ascii_case(&wanted))
    };
    let by_key = |log: &PublicKey| wanted.len() >= SHORTEST && log.to_hex().starts_with(&wanted);
    let is_open = |log: &PublicKey| status::is_unsettled(snapshot, log);
    let mut logs: Vec<PublicKey> = snapshot.ledger.forks().map(|(log, _)| *log).collect();
    logs.dedup();
    let mut found: Vec<PublicKey> = logs.iter().filter(|log| of_member(log) && is_open(log)).copied().collect();
    if found.is_empty() {
        found = logs.into_iter().filter(by_key).collect();
    }
    match found.as_slice() {
        [log] => Ok(*log),
        [] => Err(not_found(format!("no forked log `{}` is known here", text.chars().take(80).collect::<String>()))
            .hint("`nanduti fork list` lists the forks that are not settled")),
        several => {
            let keys: Vec<String> = several.iter().map(|log| log.to_hex().chars().take(16).collect()).collect();
            Err(usage(format!("`{text}` is several forked logs"))
                .hint(format!("name one by its key: {}", keys.join(", "))))
        }
    }
}
