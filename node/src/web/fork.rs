//! A fork, both sides side by side, as everybody may see it: entries, and nothing of what they say.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};

use crate::api::{ForkReport, ForkSide, ForkState, ForkedLog};

use super::{
    display::{LongCode, Moment, calm, grouped},
    failure::PageFailure,
    layout::{Layout, Section, render},
    query::log_key,
    source::Library,
    text::TEXT,
};

/// `GET /forks/{log}`.
pub(crate) async fn page<L: Library>(
    State(library): State<Arc<L>>,
    log: Result<Path<String>, PathRejection>,
) -> Result<Response, PageFailure> {
    let report = library.fork(log_key(log)?).await?;
    let layout = Layout::new(Section::Status, library.place().await, TEXT.fork_heading);
    render(&Page::new(layout, &report))
}

#[derive(Template)]
#[template(path = "fork.html")]
struct Page {
    layout: Layout,
    member: String,
    log: &'static str,
    key: LongCode,
    seq: String,
    state: &'static str,
    who: &'static str,
    /// Does a branch wait to be chosen?
    open: bool,
    sides: Vec<Side>,
}

struct Side {
    name: String,
    id: LongCode,
    kind: String,
    time: Option<Moment>,
    entries: String,
    held: &'static str,
    follows: String,
}

impl Page {
    fn new(layout: Layout, report: &ForkReport) -> Self {
        let name = report.member_name.as_deref().filter(|name| !name.is_empty()).or(report.member.as_deref());
        Self {
            layout: layout.json(format!("/api/forks/{}", report.key)),
            member: calm(name.unwrap_or(TEXT.not_known)),
            log: match report.log {
                ForkedLog::Publishing => TEXT.fork_publishing,
                ForkedLog::Root => TEXT.fork_root,
                ForkedLog::Unlisted => TEXT.fork_unlisted,
            },
            key: LongCode::new(&report.key),
            seq: grouped(report.seq),
            state: match report.state {
                ForkState::Open => TEXT.fork_open,
                ForkState::Awaited => TEXT.fork_awaited,
                ForkState::Settled => TEXT.fork_settled,
            },
            who: match report.log {
                ForkedLog::Publishing => TEXT.fork_by_member,
                ForkedLog::Root => TEXT.fork_by_ballot,
                ForkedLog::Unlisted => TEXT.fork_by_nobody,
            },
            open: report.state != ForkState::Settled && report.log != ForkedLog::Unlisted,
            sides: report.sides.iter().zip('A'..).map(|(side, letter)| Side::new(side, letter)).collect(),
        }
    }
}

impl Side {
    fn new(side: &ForkSide, letter: char) -> Self {
        Self {
            name: format!("{} {letter}", TEXT.fork_side),
            id: LongCode::of_id(&side.id),
            kind: calm(side.kind.as_deref().unwrap_or(TEXT.not_known)),
            time: side.time.as_deref().map(Moment::new),
            entries: grouped(side.entries),
            held: if side.held { TEXT.fork_held } else { TEXT.fork_proof },
            follows: TEXT.fork_follows(side.entries),
        }
    }
}
