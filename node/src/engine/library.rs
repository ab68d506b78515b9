//! Reading the library: list, show, history, diff.

use nanduti_protocol::{hash::Hash, kind::Audience, library::Revision};

use super::{
    Engine, Handle,
    closed::{self, Asker},
    failure::{not_found, usage},
    ids::{Found, find},
    views,
};
use crate::{
    api::{
        ApiError, ClosedReply, Diff, DiffReply, History, List, ListFilter, ListReply, PracticeRow, PracticeView,
        RevisionView, SeriesState, Show,
    },
    authoring::{field_changes, field_views, record_json, render},
    core::Core,
    governance,
};

/// Rows returned where the caller does not say.
const LIMIT_DEFAULT: u64 = 100;
/// Rows returned at most.
const LIMIT_MAX: u64 = 10_000;

impl Handle<List> for Engine {
    async fn handle(&self, call: List) -> Result<ListReply, ApiError> {
        self.blocking(move |core| list(core, Asker::Operator, &call.filter)).await
    }
}

impl Handle<Show> for Engine {
    async fn handle(&self, call: Show) -> Result<PracticeView, ApiError> {
        self.blocking(move |core| show(core, Asker::Operator, &call.id)).await
    }
}

impl Handle<History> for Engine {
    async fn handle(&self, call: History) -> Result<Vec<RevisionView>, ApiError> {
        self.blocking(move |core| history(core, Asker::Operator, &call.id)).await
    }
}

impl Handle<Diff> for Engine {
    async fn handle(&self, call: Diff) -> Result<DiffReply, ApiError> {
        self.blocking(move |core| diff(core, &call.id, call.from.as_deref())).await
    }
}

/// The list that a filter asks for.
pub(super) fn list(core: &Core, asker: Asker, filter: &ListFilter) -> Result<ListReply, ApiError> {
    if filter.limit > LIMIT_MAX {
        return Err(usage(format!("at most {LIMIT_MAX} rows at once")).hint("go on with `offset`"));
    }
    let mut rows = core.pick_series(None, |(name, member), series| {
        views::row(&name, &member, &series).filter(|row| asker.sees(&series) && matches(filter, row))
    })?;
    rows.sort_by(|a, b| (&a.member, &a.title, &a.id).cmp(&(&b.member, &b.title, &b.id)));
    let total = rows.len() as u64;
    let limit = if filter.limit == 0 { LIMIT_DEFAULT } else { filter.limit };
    let skip = usize::try_from(filter.offset).unwrap_or(usize::MAX);
    let practices = rows.into_iter().skip(skip).take(limit as usize).collect();
    let notice = core.snapshot().ledger.succession().and_then(governance::later_rules);
    // They have nothing to be filtered by but their member and whether they were withdrawn, and are told of once.
    let member_only = ListFilter {
        member: filter.member.clone(),
        state: filter.state.clone(),
        limit: filter.limit,
        ..ListFilter::default()
    };
    let closed = if *filter == member_only || asker == Asker::Anybody {
        let most = if asker == Asker::Operator { limit } else { 0 };
        closed::list(core, asker, (&filter.member, &filter.state), (0, most))?
    } else {
        ClosedReply::default()
    };
    Ok(ListReply { practices, total, notice, closed })
}

fn matches(filter: &ListFilter, row: &PracticeRow) -> bool {
    let any = |wanted: &[String], have: &[String]| wanted.is_empty() || wanted.iter().any(|code| have.contains(code));
    let one =
        |wanted: &[String], have: &str| wanted.is_empty() || wanted.iter().any(|code| code.eq_ignore_ascii_case(have));
    let state = match filter.state.as_slice() {
        [] => row.state != SeriesState::Withdrawn,
        states => states.contains(&row.state),
    };
    state
        && one(&filter.member, &row.member)
        && one(&filter.language, &row.language)
        && any(&filter.strand, &row.strands)
        && any(&filter.capacity, &row.capacities)
        && any(&filter.theme, &row.themes)
}

/// All revisions of the series that an id is about.
pub(super) fn history(core: &Core, asker: Asker, id: &str) -> Result<Vec<RevisionView>, ApiError> {
    let found = find(core, asker, id)?;
    let history = found.series.history().into_iter();
    history.map(|(hash, revision)| views::revision(core, &found.series, &hash, revision)).collect()
}

/// The practice that an id is about.
pub(super) fn show(core: &Core, asker: Asker, id: &str) -> Result<PracticeView, ApiError> {
    let Found { name, member, series, revision } = find(core, asker, id)?;
    let newest = series.newest();
    let shown = revision.or(newest.first().map(|(hash, _)| *hash)).unwrap_or(name);
    let found = series.revision(&shown).ok_or_else(|| not_found("that revision is not here"))?;
    let record = views::record(core, found)?;
    let others: Vec<(Hash, &Revision)> = newest.iter().filter(|(hash, _)| *hash != shown).copied().collect();
    let concurrent = if newest.len() > 1 { others } else { Vec::new() };
    Ok(PracticeView {
        row: views::row(&name, &member, &series).ok_or_else(|| not_found("that practice is not here"))?,
        revision: views::revision(core, &series, &shown, found)?,
        concurrent: concurrent
            .into_iter()
            .map(|(hash, revision)| views::revision(core, &series, &hash, revision))
            .collect::<Result<_, _>>()?,
        withdrawal: series.withdrawal().map(|(hash, withdrawal)| views::withdrawal(&hash, withdrawal)),
        fields: field_views(&record),
        markdown: render(&record, Some(&name.to_cid()), series.audience().filter(|it| *it != Audience::Public)),
        record: record_json(&record),
    })
}

fn diff(core: &Core, id: &str, from: Option<&str>) -> Result<DiffReply, ApiError> {
    let Found { name, series, revision, .. } = find(core, Asker::Operator, id)?;
    let to = revision.or(series.newest().first().map(|(hash, _)| *hash)).unwrap_or(name);
    let from = match from {
        None => series.revision(&to).and_then(|revision| revision.revises.first().copied()),
        Some(from) => {
            let other = find(core, Asker::Operator, from)?;
            if other.name != name {
                return Err(usage("the two revisions are of different practices"));
            }
            Some(other.revision.unwrap_or(name))
        }
    };
    let read = |hash: &Hash| {
        let found =
            series.revision(hash).ok_or_else(|| not_found(format!("the revision {} is not here", hash.short())))?;
        Ok::<_, ApiError>((views::revision(core, &series, hash, found)?, views::record(core, found)?))
    };
    let (to, after) = read(&to)?;
    let (from, before) = from.map(|hash| read(&hash)).transpose()?.unzip();
    Ok(DiffReply { from, to, changes: field_changes(&before.unwrap_or_default(), &after) })
}
