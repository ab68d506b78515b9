//! From series and entries to what people read.

use nanduti_protocol::{
    hash::Hash,
    key::{MemberId, PublicKey},
    library::{Revision, Series, Standing, Withdrawal},
    record::{Record, RecordBody},
};

use super::failure::failed;
use crate::{
    api::{ApiError, PracticeRow, Proof, ProofFormer, RevisionView, SeriesState, WithdrawalView},
    core::Core,
    offline::time_text,
    store::{Damage, StoreError},
};

/// The line that a list shows of a series; `None` if it is not shown at all.
pub(super) fn row(name: &Hash, member: &MemberId, series: &Series) -> Option<PracticeRow> {
    let state = match series.standing(name) {
        Standing::Unrooted => return None,
        Standing::Current => SeriesState::Current,
        Standing::Concurrent => SeriesState::Concurrent,
        Standing::Withdrawn => SeriesState::Withdrawn,
    };
    let newest = series.newest();
    let (_, newest) = newest.first()?;
    let card = &newest.card;
    Some(PracticeRow {
        id: name.to_cid(),
        short: name.short(),
        member: member.to_string(),
        title: if card.title.is_empty() { "(this record cannot be shown)".into() } else { card.title.clone() },
        language: card.language.clone(),
        strands: card.strands.clone(),
        capacities: card.capacities.clone(),
        themes: card.themes.clone(),
        revisions: series.revisions() as u64,
        state,
        audience: series.audience().map(Into::into).unwrap_or_default(),
        time: time_text(newest.origin.time),
    })
}

/// A revision with its proof.
pub(super) fn revision(core: &Core, series: &Series, hash: &Hash, found: &Revision) -> Result<RevisionView, ApiError> {
    Ok(RevisionView {
        id: hash.to_cid(),
        revises: found.revises.iter().map(|hash| hash.to_cid()).collect(),
        title: found.card.title.clone(),
        time: time_text(found.origin.time),
        arrived: core.arrival(&found.origin.log, found.origin.seq).map(time_text),
        newest: series.newest().iter().any(|(newest, _)| newest == hash),
        proof: proof(core, &found.origin.log, found.origin.seq)?,
    })
}

/// Who signed the entry at a place, and where it stands.
pub(super) fn proof(core: &Core, log: &PublicKey, seq: u64) -> Result<Proof, ApiError> {
    let entry = core.read_at(log, seq)?.ok_or_else(|| gone(log, seq))?;
    let snapshot = core.snapshot();
    let authority = snapshot.ledger.authority().ok_or_else(|| failed("the charter has not arrived yet"))?;
    let member = authority.claimed_member(log).ok_or_else(|| failed("nobody's keyring lists the key"))?;
    let carried = authority.carried(log).map(|(former, _)| former);
    let here = authority.roster().member(member);
    // Of what is carried over it is the former network that says by whom it was signed.
    let on_roster = match carried {
        Some(former) => former.roster.member(member),
        None => here,
    };
    Ok(Proof {
        member: member.to_string(),
        member_name: on_roster.map(|member| member.name.clone()).unwrap_or_default(),
        key: log.to_hex(),
        seq,
        hash: entry.hash.to_hex(),
        body_hash: entry.statement.body.hash.to_hex(),
        body_size: entry.statement.body.size,
        segment: entry.segment,
        offset: entry.offset,
        keyring_seq: match carried {
            Some(_) => 0,
            None => authority.keyring(member).map_or(0, |(seq, _)| seq),
        },
        root_key: on_roster.map(|member| member.root.to_hex()).unwrap_or_default(),
        counts: snapshot.ledger.counts(log, seq, &entry.statement.kind, snapshot.as_ref()),
        former: authority.carried(log).map(|(former, carried)| ProofFormer {
            network: former.network().to_hex(),
            name: former.name.clone(),
            last: carried.last.seq,
            by: authority.network_name().to_owned(),
            is_member: here.is_some(),
            proven: here.is_some() && former.has_consent(member),
        }),
    })
}

/// The record of a revision.
pub(super) fn record(core: &Core, found: &Revision) -> Result<Record, ApiError> {
    let (log, seq) = (found.origin.log, found.origin.seq);
    let body = core.body(&log, seq)?.ok_or_else(|| failed("the body of this revision is not here"))?;
    let body = RecordBody::decode(&body).map_err(|error| failed("the record cannot be read").because(&error))?;
    Ok(body.record)
}

/// The tombstone.
pub(super) fn withdrawal(hash: &Hash, found: &Withdrawal) -> WithdrawalView {
    WithdrawalView {
        id: hash.to_cid(),
        reason: found.reason.clone(),
        note: found.note.clone(),
        time: time_text(found.origin.time),
    }
}

fn gone(log: &PublicKey, seq: u64) -> ApiError {
    let what = format!("entry {seq} of the log {log} is gone");
    StoreError::from(Damage { file: "logs".into(), offset: 0, what }).into()
}
