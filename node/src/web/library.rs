//! The library as a list: a form of filters, the rows, and the way to the rows before and after.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};

use crate::api::{ListFilter, ListReply, PracticeRow, SeriesState};

use super::{
    display::{Moment, Words, calm},
    failure::PageFailure,
    layout::{Layout, Section, render},
    query::{self, Pairs, Unknown},
    source::{Choice, Choices, Library},
    text::TEXT,
};

/// `GET /`.
pub(crate) async fn page<L: Library>(
    State(library): State<Arc<L>>,
    Query(pairs): Query<Pairs>,
) -> Result<Response, PageFailure> {
    let filter = query::parse(pairs, Unknown::PassOver)?;
    let (reply, choices) = (library.list(filter.clone()).await?, library.choices().await?);
    render(&Page::new(Layout::new(Section::Library, library.place().await, TEXT.library), &filter, &reply, &choices))
}

/// `GET /practices`: where people arrive who shorten the address of a practice.
pub(crate) async fn moved() -> Response {
    Redirect::permanent("/").into_response()
}

#[derive(Template)]
#[template(path = "library.html")]
struct Page {
    layout: Layout,
    showing: String,
    rows: Vec<Row>,
    /// Number of the first row in the whole list, from 1.
    first: u64,
    fields: Vec<Field>,
    active: Vec<Active>,
    /// Rows a page, where the reader asked for another number than the usual one.
    limit: Option<u64>,
    earlier: Option<String>,
    later: Option<String>,
    /// How many documents are for members only, if any.
    closed: Option<String>,
}

struct Row {
    href: String,
    title: Words,
    member: String,
    language: String,
    time: Moment,
    revisions: String,
    /// What is unusual about its state.
    state: Option<&'static str>,
    strands: Vec<String>,
}

/// One filter of the form.
struct Field {
    name: &'static str,
    label: &'static str,
    any: &'static str,
    /// With nothing to offer, the filter is a plain input.
    options: Vec<Choice>,
    selected: String,
}

/// A value by which the list is filtered, and the address of the list without it.
struct Active {
    label: &'static str,
    value: String,
    without: String,
}

impl Page {
    fn new(layout: Layout, filter: &ListFilter, reply: &ListReply, choices: &Choices) -> Self {
        let count = reply.practices.len() as u64;
        let end = filter.offset.saturating_add(count);
        let at = |offset: u64| query::address(&ListFilter { offset, ..filter.clone() });
        let address = query::address(filter);
        let json = format!("/api/practices{}", address.trim_start_matches('/'));
        Self {
            layout: layout.json(json),
            showing: if count == 0 { String::new() } else { TEXT.showing(filter.offset + 1, end, reply.total) },
            rows: reply.practices.iter().map(|row| Row::new(row, choices)).collect(),
            first: filter.offset + 1,
            fields: fields(filter, choices),
            active: active(filter, choices),
            limit: (filter.limit != super::bounds::ROWS_DEFAULT).then_some(filter.limit),
            earlier: (filter.offset > 0).then(|| at(filter.offset.saturating_sub(filter.limit))),
            later: (count > 0 && end < reply.total).then(|| at(end)),
            closed: (reply.closed.total > 0).then(|| TEXT.closed(reply.closed.total)),
        }
    }
}

impl Row {
    fn new(row: &PracticeRow, choices: &Choices) -> Self {
        Self {
            href: format!("/practices/{}", row.id),
            title: Words::new(&row.title, &row.language),
            member: calm(&label(&choices.members, &row.member)),
            language: calm(&label(&choices.languages, &row.language)),
            time: Moment::new(&row.time),
            revisions: TEXT.revisions(row.revisions),
            state: match row.state {
                SeriesState::Current => None,
                SeriesState::Concurrent => Some(TEXT.concurrent),
                SeriesState::Withdrawn => Some(TEXT.withdrawn),
            },
            strands: row.strands.iter().map(|code| calm(&label(&choices.strands, code))).collect(),
        }
    }
}

fn fields(filter: &ListFilter, choices: &Choices) -> Vec<Field> {
    let mut fields: Vec<Field> = query::LISTS
        .iter()
        .map(|name| Field {
            name,
            label: filter_label(name),
            any: TEXT.any,
            options: options(offered(choices, name)),
            selected: query::codes(filter, name).first().map(|code| calm(code)).unwrap_or_default(),
        })
        .collect();
    let states = [SeriesState::Current, SeriesState::Concurrent, SeriesState::Withdrawn];
    fields.push(Field {
        name: "state",
        label: TEXT.state,
        any: TEXT.in_force,
        options: states.iter().map(|state| Choice::new(query::state_code(*state), state_label(*state))).collect(),
        selected: filter.state.first().map(|state| query::state_code(*state).to_owned()).unwrap_or_default(),
    });
    fields
}

/// What a filter offers. Codes come from records too: one with characters that act is nobody's code, and cannot be chosen.
fn options(offered: &[Choice]) -> Vec<Choice> {
    let plain = offered.iter().filter(|choice| calm(&choice.code) == choice.code);
    plain.map(|choice| Choice::new(choice.code.clone(), calm(&choice.label))).collect()
}

fn active(filter: &ListFilter, choices: &Choices) -> Vec<Active> {
    let whole = ListFilter { offset: 0, ..filter.clone() };
    let mut active = Vec::new();
    for name in query::LISTS {
        for code in query::codes(filter, name) {
            let mut without = whole.clone();
            if let Some(codes) = query::list(&mut without, name) {
                codes.retain(|other| other != code);
            }
            let value = calm(&label(offered(choices, name), code));
            active.push(Active { label: filter_label(name), value, without: query::address(&without) });
        }
    }
    for state in &filter.state {
        let mut without = whole.clone();
        without.state.retain(|other| other != state);
        let value = state_label(*state).to_owned();
        active.push(Active { label: TEXT.state, value, without: query::address(&without) });
    }
    active
}

fn offered<'a>(choices: &'a Choices, name: &str) -> &'a [Choice] {
    match name {
        "member" => &choices.members,
        "strand" => &choices.strands,
        "capacity" => &choices.capacities,
        "theme" => &choices.themes,
        "language" => &choices.languages,
        _ => &[],
    }
}

fn filter_label(name: &str) -> &'static str {
    match name {
        "member" => TEXT.member,
        "strand" => TEXT.strand,
        "capacity" => TEXT.capacity,
        "theme" => TEXT.theme,
        _ => TEXT.language,
    }
}

fn state_label(state: SeriesState) -> &'static str {
    match state {
        SeriesState::Current => TEXT.current,
        SeriesState::Concurrent => TEXT.concurrent,
        SeriesState::Withdrawn => TEXT.withdrawn,
    }
}

/// The label of a code, or the bare code: a code that this node does not know is shown as it is.
fn label(choices: &[Choice], code: &str) -> String {
    choices.iter().find(|choice| choice.code == code).map_or(code, |choice| &choice.label).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_filter_offers_does_not_act() {
        let strands = vec![
            Choice::new("coordination", "Coordination"),
            Choice::new("unheard-of", "a \u{202e}name\u{7}"),
            Choice::new("turned\u{202e}around", "turned\u{202e}around"),
            Choice::new("bell\u{7}", "bell\u{7}"),
        ];
        let fields = fields(&ListFilter::default(), &Choices { strands, ..Choices::default() });
        let offered = fields.iter().find(|field| field.name == "strand").map(|field| field.options.as_slice());
        let plain = [Choice::new("coordination", "Coordination"), Choice::new("unheard-of", "a \u{fffd}name\u{fffd}")];
        assert_eq!(offered, Some(&plain[..]));
    }
}
