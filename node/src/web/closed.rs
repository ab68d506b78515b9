//! Documents for members only, as everybody sees them: that they exist, from whom and when.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};

use crate::api::{ClosedReply, ClosedView};

use super::{
    display::{LongCode, Moment, calm, grouped},
    failure::PageFailure,
    layout::{Layout, Section, render},
    query::{self, Pairs, Unknown},
    source::Library,
    text::TEXT,
};

/// `GET /for-members`.
pub(crate) async fn page<L: Library>(
    State(library): State<Arc<L>>,
    Query(pairs): Query<Pairs>,
) -> Result<Response, PageFailure> {
    let (offset, limit) = query::page(pairs, Unknown::PassOver)?;
    let reply = library.closed(offset, limit).await?;
    let layout = Layout::new(Section::Library, library.place().await, TEXT.closed_heading);
    render(&Page::new(layout, (offset, limit), &reply))
}

#[derive(Template)]
#[template(path = "closed.html")]
struct Page {
    layout: Layout,
    showing: String,
    rows: Vec<Row>,
    earlier: Option<String>,
    later: Option<String>,
}

struct Row {
    member: String,
    kind: String,
    time: Moment,
    key: LongCode,
    seq: String,
    id: LongCode,
    withdrawn: Option<Withdrawn>,
}

/// A withdrawal, which is public whatever it withdraws.
struct Withdrawn {
    reason: String,
    note: Option<String>,
    time: Moment,
}

impl Page {
    fn new(layout: Layout, (offset, limit): (u64, u64), reply: &ClosedReply) -> Self {
        let count = reply.entries.len() as u64;
        let end = offset.saturating_add(count);
        let at = |offset: u64| address("/for-members", offset, limit);
        Self {
            layout: layout.json(address("/api/for-members", offset, limit)),
            showing: TEXT.closed(reply.total),
            rows: reply.entries.iter().map(Row::new).collect(),
            earlier: (offset > 0).then(|| at(offset.saturating_sub(limit))),
            later: (count > 0 && end < reply.total).then(|| at(end)),
        }
    }
}

fn address(path: &str, offset: u64, limit: u64) -> String {
    format!("{path}?offset={offset}&limit={limit}")
}

impl Row {
    fn new(entry: &ClosedView) -> Self {
        let name = if entry.member_name.is_empty() { &entry.member } else { &entry.member_name };
        Self {
            member: calm(name),
            kind: calm(&entry.kind),
            time: Moment::new(&entry.time),
            key: LongCode::new(&entry.key),
            seq: grouped(entry.seq),
            id: LongCode::of_id(&entry.id),
            withdrawn: entry.withdrawal.as_ref().map(|withdrawal| Withdrawn {
                reason: TEXT
                    .withdrawal_reason(&withdrawal.reason)
                    .map_or_else(|| calm(&withdrawal.reason), ToOwned::to_owned),
                note: withdrawal.note.as_deref().map(calm),
                time: Moment::new(&withdrawal.time),
            }),
        }
    }
}
