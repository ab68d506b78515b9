//! All revisions of a practice, oldest first.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};

use crate::api::RevisionView;

use super::{
    display::{self, LongCode, Moment, Words, calm},
    failure::PageFailure,
    layout::{Layout, Section, render},
    query::practice_id,
    source::Library,
    text::TEXT,
};

/// `GET /practices/{id}/history`.
pub(crate) async fn page<L: Library>(
    State(library): State<Arc<L>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, PageFailure> {
    let id = practice_id(id)?;
    let revisions = library.history(id.clone()).await?;
    let layout = Layout::new(Section::Library, library.place().await, TEXT.history);
    render(&Page {
        layout: layout.json(format!("/api/practices/{id}/history")),
        practice: format!("/practices/{id}"),
        title: revisions.iter().rfind(|revision| revision.newest).map(|revision| Words::new(&revision.title, "")),
        rows: revisions.iter().map(Row::new).collect(),
    })
}

#[derive(Template)]
#[template(path = "history.html")]
struct Page {
    layout: Layout,
    practice: String,
    /// Title of the newest revision.
    title: Option<Words>,
    rows: Vec<Row>,
}

struct Row {
    href: String,
    id: LongCode,
    title: Words,
    time: Moment,
    arrived: Option<Moment>,
    member: String,
    key: LongCode,
    seq: String,
    replaces: Vec<LongCode>,
    newest: bool,
    counts: bool,
}

impl Row {
    fn new(revision: &RevisionView) -> Self {
        Self {
            href: format!("/practices/{}", revision.id),
            id: LongCode::of_id(&revision.id),
            // A revision's language is not in the history; the direction follows from the letters.
            title: Words::new(&revision.title, ""),
            time: Moment::new(&revision.time),
            arrived: revision.arrived.as_deref().map(Moment::new),
            member: calm(&revision.proof.member),
            key: LongCode::new(&revision.proof.key),
            seq: display::grouped(revision.proof.seq),
            replaces: revision.revises.iter().map(|id| LongCode::of_id(id)).collect(),
            newest: revision.newest,
            counts: revision.proof.counts,
        }
    }
}
