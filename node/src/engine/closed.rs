//! Documents for members only.
//!
//! The operator of a node sees what the node holds. The pages are read by anybody, on a member's node too: they see of such a
//! document what its entry says, which everybody has, and nothing of its body. So what they see is computed from entries alone
//! and does not depend on whether the body is here: the pages of a member and those of an observer say the same.

use std::collections::BTreeMap;

use nanduti_protocol::{
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::Audience,
    ledger::History,
    library::{Series, Withdrawal},
};

use super::{Engine, views};
use crate::{
    api::{ApiError, ClosedReply, ClosedView, ErrorKind, ForMembersView, SeriesState, WithdrawalView},
    core::{BodyAt, Core, Recipient, Snapshot},
    offline::time_text,
    store::Located,
};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// A reader of the pages: anybody.
    Anybody,
    /// The operator of the node.
    Operator,
}

impl Asker {
    /// May it see a series that the node holds?
    pub(super) fn sees(self, series: &Series) -> bool {
        self == Self::Operator || series.audience() != Some(Audience::Members)
    }

    /// Is the text of an entry out of its sight because it is for members only?
    pub(super) fn is_kept_from(self, entry: &BodyAt) -> bool {
        let here = self == Self::Operator && entry.body.is_some();
        entry.statement.audience == Audience::Members && !here
    }
}

/// What was withdrawn, by member and entry.
type Withdrawn = BTreeMap<(MemberId, Hash), (Hash, Withdrawal)>;

/// Documents for members only: all for anybody, those that cannot be read here for the operator.
pub(super) fn list(
    core: &Core,
    asker: Asker,
    (members, states): (&[String], &[SeriesState]),
    (offset, limit): (u64, u64),
) -> Result<ClosedReply, ApiError> {
    let snapshot = core.snapshot();
    let withdrawn = core.withdrawn();
    // Of what cannot be read nothing else is known of how it stands.
    let shows = |withdrawn: bool| states.iter().any(|state| (*state == SeriesState::Withdrawn) == withdrawn);
    let is_withdrawn = |member: &MemberId, Located { log, seq }: &Located| {
        let hash = snapshot.hash_at(log, *seq);
        hash.is_some_and(|hash| withdrawn.contains_key(&(member.clone(), hash)))
    };
    let stands = |member: &MemberId, at: &Located| states.is_empty() || shows(is_withdrawn(member, at));
    let mut found: Vec<(MemberId, Located)> = Vec::new();
    counting(core, &snapshot, |member, located, held| {
        let wanted = members.is_empty() || members.iter().any(|id| id.eq_ignore_ascii_case(member.as_str()));
        if wanted && (asker == Asker::Anybody || !held) && stands(member, &located) {
            found.push((member.clone(), located));
        }
    })?;
    found.sort_by(|(a, one), (b, other)| (a, one.log, other.seq).cmp(&(b, other.log, one.seq)));
    let total = found.len() as u64;
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let mut entries = Vec::new();
    for (_, Located { log, seq }) in found.into_iter().skip(skip).take(limit as usize) {
        entries.extend(core.read_at(&log, seq)?.map(|entry| view(&snapshot, &withdrawn, &entry)));
    }
    Ok(ClosedReply { entries, total })
}

/// What somebody is told who asks for such a document.
pub(super) fn told(core: &Core, entry: &BodyAt) -> ApiError {
    let ClosedView { member, member_name, kind, key, seq, time, withdrawal, .. } =
        view(&core.snapshot(), &core.withdrawn(), entry);
    let key = key.get(..8).unwrap_or(&key);
    let name = if member_name.is_empty() { member } else { format!("{member} ({member_name})") };
    let withdrawn = withdrawal.map_or_else(String::new, |WithdrawalView { reason, note, time, .. }| {
        let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
        format!("; withdrawn on {time}: {reason}{note}")
    });
    ApiError::new(
        ErrorKind::Refused,
        format!(
            "that is a {kind} for members only, signed by {name}: entry {seq} of the log {key}…, of {time} as its author says{withdrawn}"
        ),
    )
    .hint("nodes of members can read it; everybody else sees that it exists, from whom and when")
}

/// What everybody may know of an entry.
pub(super) fn view(snapshot: &Snapshot, withdrawn: &Withdrawn, entry: &BodyAt) -> ClosedView {
    let authority = snapshot.ledger.authority();
    let log = entry.statement.log;
    let member = authority.and_then(|authority| authority.claimed_member(&log));
    let on_roster = member.and_then(|member| authority?.roster().member(member));
    ClosedView {
        id: entry.hash.to_cid(),
        short: entry.hash.short(),
        member: member.map(ToString::to_string).unwrap_or_default(),
        member_name: on_roster.map(|member| member.name.clone()).unwrap_or_default(),
        kind: entry.statement.kind.to_string(),
        key: log.to_hex(),
        seq: entry.statement.seq,
        time: time_text(entry.statement.time),
        withdrawal: member
            .and_then(|member| withdrawn.get(&(member.clone(), entry.hash)))
            .map(|(hash, withdrawal)| views::withdrawal(hash, withdrawal)),
    }
}

/// Does an entry count, so that it is shown?
pub(super) fn counts(snapshot: &Snapshot, entry: &BodyAt) -> bool {
    let statement = &entry.statement;
    snapshot.ledger.counts(&statement.log, statement.seq, &statement.kind, snapshot)
}

/// The short ids of several, for whoever has to choose.
pub(super) fn shorts<'a>(hashes: impl IntoIterator<Item = &'a Hash>) -> String {
    hashes.into_iter().map(|hash| hash.short()).collect::<Vec<_>>().join(", ")
}

/// Every entry for members only that counts: its member, where it stands, and whether its body is here.
fn counting(core: &Core, snapshot: &Snapshot, mut take: impl FnMut(&MemberId, Located, bool)) -> Result<(), ApiError> {
    let Some(authority) = snapshot.ledger.authority() else { return Ok(()) };
    let mut ends: BTreeMap<PublicKey, u64> = BTreeMap::new();
    for found in core.index().for_members() {
        let (located, kind, held) = found?;
        let Located { log, seq } = located;
        let end = *ends.entry(log).or_insert_with(|| snapshot.ledger.counted(&log, snapshot));
        let standing = authority.standing(&log).filter(|_| seq < end);
        if let Some(standing) = standing.filter(|standing| authority.allows(standing, seq, &kind)) {
            take(&standing.member.id, located, held);
        }
    }
    Ok(())
}

impl Engine {
    /// What this node knows of documents for members only.
    pub(super) async fn for_members(&self) -> Result<ForMembersView, ApiError> {
        let own = PublicKey::from_bytes(self.node_key.public());
        let member = self.member.clone();
        self.blocking(move |core| {
            let snapshot = core.snapshot();
            let mut entries = 0;
            counting(core, &snapshot, |_, _, _| entries += 1)?;
            let of = |member| snapshot.counts.for_members.get(member).copied();
            Ok(ForMembersView {
                readable: Recipient::of_node(&snapshot, Some(&own)) == Recipient::Member,
                entries,
                practices: snapshot.counts.for_members.values().sum(),
                own_practices: member.as_ref().and_then(of).unwrap_or_default(),
                missing: snapshot.counts.withheld,
            })
        })
        .await
    }
}
