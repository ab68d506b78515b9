//! Places in a log as an operator names them, and what stands around them.

use nanduti_protocol::{hash::Hash, key::PublicKey, keyring::Place, kind::Kind, ledger::History, record::RecordBody};

use super::{
    failure::{not_found, usage},
    ids::entries_like,
};
use crate::{
    api::{ApiError, EntryRow},
    core::{BodyAt, Core, Snapshot},
    offline::time_text,
};

/// Entries shown on each side of a cut.
const AROUND: u64 = 5;

/// The last entry that is to count: a place, an id, or `none`.
pub(super) fn named(core: &Core, log: &PublicKey, text: &str) -> Result<Option<Place>, ApiError> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let snapshot = core.snapshot();
    let held = snapshot.ledger.extent(log).map_or(0, |extent| extent.next);
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seq: u64 = text.parse().map_err(|_| usage(format!("`{text}` is not a place in a log")))?;
        let hash = if seq < held { snapshot.hash_at(log, seq) } else { None };
        let hash = hash.ok_or_else(|| {
            not_found(format!("this node does not hold entry {seq} of that log")).hint(match held {
                0 => "it holds nothing of it: `nanduti sync` fetches it".to_owned(),
                held => format!("it holds the entries 0 to {}", held - 1),
            })
        })?;
        return Ok(Some(Place { seq, hash }));
    }
    let found = entries_like(core, text)?;
    let mut places = found.into_iter().filter(|(_, owner, _)| owner == log).map(|(hash, _, seq)| Place { seq, hash });
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(Some(place)),
        (None, _) => Err(not_found(format!("there is no entry `{text}` in the log of that key"))
            .hint("name the last entry by its number or its id, or `none` if nothing of the key may count")),
        (Some(_), Some(_)) => Err(usage(format!("`{text}` is the beginning of several entries: type more of it"))),
    }
}

/// The last entry of a log that counts on this node.
pub(super) fn last_counted(snapshot: &Snapshot, log: &PublicKey) -> Option<Place> {
    let seq = snapshot.ledger.counted(log, snapshot).checked_sub(1)?;
    Some(Place { seq, hash: snapshot.hash_at(log, seq)? })
}

/// The entries around the last one that is to count.
pub(super) fn around(core: &Core, log: &PublicKey, last: Option<Place>) -> Result<Vec<EntryRow>, ApiError> {
    let held = core.snapshot().ledger.extent(log).map_or(0, |extent| extent.next);
    let next = last.map_or(0, |place| place.seq.saturating_add(1));
    let mut rows = Vec::new();
    for seq in next.saturating_sub(AROUND)..next.saturating_add(AROUND).min(held) {
        let Some(entry) = core.read_at(log, seq)? else { continue };
        rows.push(entry_row(core, &entry, seq < next));
    }
    Ok(rows)
}

/// An entry as a line.
pub(super) fn entry_row(core: &Core, entry: &BodyAt, counts: bool) -> EntryRow {
    let statement = &entry.statement;
    EntryRow {
        seq: statement.seq,
        short: entry.hash.short(),
        kind: statement.kind.to_string(),
        title: title(&statement.kind, entry.body.as_deref()),
        time: time_text(statement.time),
        arrived: core.arrival(&statement.log, statement.seq).map(time_text),
        counts,
    }
}

fn title(kind: &Kind, body: Option<&[u8]>) -> Option<String> {
    let body = body.filter(|_| *kind == Kind::Practice)?;
    RecordBody::decode(body).ok().map(|body| body.record.title().to_owned())
}

/// Does this node hold another entry at a place?
pub(super) fn contradicted(snapshot: &Snapshot, log: &PublicKey, place: &Place) -> Option<Hash> {
    snapshot.hash_at(log, place.seq).filter(|held| *held != place.hash)
}
