//! Doors for fuzz targets: the page of a practice, the Markdown in it, and the filters in an address.

use askama::Template;
use axum::extract::Query;

use super::{
    layout::{Layout, Section},
    markdown, practice,
    query::{self, Pairs, Unknown},
    source::Place,
};
use crate::api::PracticeView;

/// Markdown as HTML, if it is rendered at all.
pub fn markdown(text: &str) -> Option<String> {
    markdown::render(text)
}

/// The page of a practice.
pub fn page(view: &PracticeView) -> String {
    let layout = Layout::new(Section::Library, Place::default(), &view.row.title);
    practice::Page::new(layout, view).render().expect("writing to a string does not fail")
}

/// The address that says the same as this query, as pages read it, and as the JSON does.
pub fn query(query: &str) -> [Option<String>; 2] {
    let read = |unknown| {
        let uri = axum::http::Uri::try_from(format!("/?{query}")).ok()?;
        let Query(pairs) = Query::<Pairs>::try_from_uri(&uri).ok()?;
        query::parse(pairs, unknown).ok().map(|filter| query::address(&filter))
    };
    [read(Unknown::PassOver), read(Unknown::Refuse)]
}
