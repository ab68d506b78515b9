//! A practice with its proof.
//!
//! The short facts stand first, then the texts in the order of the schema, then what this node's schema does not know, and
//! last the proof: who signed, with which key, at which place of which log, and where on this node the bytes lie.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};

use crate::api::{FieldForm, FieldView, PracticeView, RevisionView, ValueView};

use super::{
    display::{self, LongCode, Moment, Words, calm},
    failure::PageFailure,
    layout::{Layout, Section, render},
    markdown,
    query::practice_id,
    source::Library,
    text::TEXT,
};

/// `GET /practices/{id}`.
pub(crate) async fn page<L: Library>(
    State(library): State<Arc<L>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, PageFailure> {
    let view = library.show(practice_id(id)?).await?;
    let layout = Layout::new(Section::Library, library.place().await, &view.row.title);
    render(&Page::new(layout, &view))
}

#[derive(Template)]
#[template(path = "practice.html")]
pub(super) struct Page {
    layout: Layout,
    title: Words,
    member: String,
    member_name: String,
    time: Moment,
    revisions: String,
    history: String,
    newest: Option<String>,
    concurrent: Vec<Rival>,
    withdrawal: Option<Withdrawal>,
    facts: Vec<Fact>,
    texts: Vec<Prose>,
    unknown: Vec<Fact>,
    proof: ProofBlock,
}

/// Another newest revision.
struct Rival {
    href: String,
    title: Words,
    time: Moment,
}

struct Withdrawal {
    reason: String,
    note: Option<String>,
    time: Moment,
}

/// A field whose values are short.
struct Fact {
    label: String,
    values: Vec<Value>,
}

struct Value {
    text: String,
    /// The code behind a label.
    code: Option<String>,
    /// Of a value that is the author's; a label is in the interface's language.
    language: Option<String>,
    href: Option<String>,
}

/// A field that is read.
struct Prose {
    label: String,
    language: String,
    paragraphs: Vec<Paragraph>,
}

/// One value of a field that is read.
enum Paragraph {
    /// Sanitised.
    Html(String),
    Text(String),
}

/// A proof as the page shows it.
struct ProofBlock {
    short_id: String,
    series: LongCode,
    revision: LongCode,
    member: String,
    member_name: String,
    key: LongCode,
    root_key: LongCode,
    keyring_seq: String,
    seq: String,
    hash: LongCode,
    body_hash: LongCode,
    body_size: String,
    segment: String,
    offset: String,
    claimed: Moment,
    arrived: Option<Moment>,
    counts: bool,
    former: Option<FormerBlock>,
}

/// Where an entry comes from that the charter carries over.
struct FormerBlock {
    name: String,
    network: LongCode,
    last: String,
    is_member: bool,
    proven: bool,
}

impl Page {
    pub(super) fn new(layout: Layout, view: &PracticeView) -> Self {
        let row = &view.row;
        let language = display::language_tag(&row.language);
        let mut page = Self {
            layout: layout.json(format!("/api/practices/{}", view.revision.id)),
            title: Words::new(&view.revision.title, &row.language),
            member: calm(&row.member),
            member_name: calm(&view.revision.proof.member_name),
            time: Moment::new(&view.revision.time),
            revisions: TEXT.revisions(row.revisions),
            history: format!("/practices/{}/history", row.id),
            newest: (!view.revision.newest).then(|| format!("/practices/{}", row.id)),
            concurrent: view.concurrent.iter().map(|other| Rival::new(other, &row.language)).collect(),
            withdrawal: view.withdrawal.as_ref().map(|withdrawal| Withdrawal {
                reason: TEXT
                    .withdrawal_reason(&withdrawal.reason)
                    .map_or_else(|| calm(&withdrawal.reason), ToOwned::to_owned),
                note: withdrawal.note.as_deref().map(calm),
                time: Moment::new(&withdrawal.time),
            }),
            facts: Vec::new(),
            texts: Vec::new(),
            unknown: Vec::new(),
            proof: ProofBlock::new(view),
        };
        // The title is the heading of the page already.
        for field in view.fields.iter().filter(|field| field.name != "title") {
            match field.form {
                FieldForm::Text | FieldForm::Markdown => page.texts.push(Prose::new(field, &language)),
                FieldForm::Code | FieldForm::Plain => page.facts.push(Fact::new(field, &language)),
                FieldForm::Unknown => page.unknown.push(Fact::new(field, &language)),
            }
        }
        page
    }
}

impl Rival {
    fn new(revision: &RevisionView, language: &str) -> Self {
        Self {
            href: format!("/practices/{}", revision.id),
            title: Words::new(&revision.title, language),
            time: Moment::new(&revision.time),
        }
    }
}

impl Fact {
    fn new(field: &FieldView, language: &str) -> Self {
        Self {
            label: calm(&field.label),
            values: field.values.iter().map(|value| Value::new(value, language)).collect(),
        }
    }
}

impl Value {
    fn new(value: &ValueView, language: &str) -> Self {
        let href = value.href.as_deref().and_then(display::link).map(ToOwned::to_owned);
        match &value.label {
            Some(label) => Self { text: calm(label), code: Some(calm(&value.text)), language: None, href },
            None => Self { text: calm(&value.text), code: None, language: Some(language.to_owned()), href },
        }
    }
}

impl Prose {
    fn new(field: &FieldView, language: &str) -> Self {
        let paragraph = |value: &ValueView| match field.form {
            FieldForm::Markdown => {
                markdown::render(&value.text).map_or_else(|| Paragraph::Text(calm(&value.text)), Paragraph::Html)
            }
            _ => Paragraph::Text(calm(&value.text)),
        };
        Self {
            label: calm(&field.label),
            language: language.to_owned(),
            paragraphs: field.values.iter().map(paragraph).collect(),
        }
    }
}

impl ProofBlock {
    fn new(view: &PracticeView) -> Self {
        let (revision, proof) = (&view.revision, &view.revision.proof);
        Self {
            short_id: calm(&view.row.short),
            series: LongCode::of_id(&view.row.id),
            revision: LongCode::of_id(&revision.id),
            member: calm(&proof.member),
            member_name: calm(&proof.member_name),
            key: LongCode::new(&proof.key),
            root_key: LongCode::new(&proof.root_key),
            keyring_seq: display::grouped(proof.keyring_seq),
            seq: display::grouped(proof.seq),
            hash: LongCode::new(&proof.hash),
            body_hash: LongCode::new(&proof.body_hash),
            body_size: display::grouped(proof.body_size),
            segment: calm(&proof.segment),
            offset: display::grouped(proof.offset),
            claimed: Moment::new(&revision.time),
            arrived: revision.arrived.as_deref().map(Moment::new),
            counts: proof.counts,
            former: proof.former.as_ref().map(|former| FormerBlock {
                name: calm(&former.name),
                network: LongCode::new(&former.network),
                last: display::grouped(former.last),
                is_member: former.is_member,
                proven: former.proven,
            }),
        }
    }
}
