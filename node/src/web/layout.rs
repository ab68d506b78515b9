//! What every page has around it: language, title, the head with the name of the network, the two sections, the foot.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use super::{
    assets,
    display::calm,
    failure::{PageFailure, unrendered},
    source::Place,
    text::{TEXT, Text},
};

/// Which section of the navigation a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Library,
    Status,
    None,
}

/// The frame around a page.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) text: &'static Text,
    pub(crate) section: Section,
    /// Title of the page, for the window.
    pub(crate) title: String,
    pub(crate) network: Option<String>,
    pub(crate) member: Option<String>,
    /// Does the node not know the rules in force?
    pub(crate) outdated: bool,
    pub(crate) style: String,
    pub(crate) lace: String,
    /// The same as JSON, if there is such a thing.
    pub(crate) json: Option<String>,
}

impl Layout {
    pub(crate) fn new(section: Section, place: Place, title: &str) -> Self {
        Self {
            text: &TEXT,
            section,
            title: calm(title),
            network: place.network_name.map(|name| calm(&name)),
            member: place.member.map(|name| calm(&name)),
            outdated: place.outdated,
            style: assets::style(),
            lace: assets::lace(),
            json: None,
        }
    }

    pub(crate) fn json(mut self, address: String) -> Self {
        self.json = Some(address);
        self
    }

    pub(crate) fn in_library(&self) -> bool {
        self.section == Section::Library
    }

    pub(crate) fn in_status(&self) -> bool {
        self.section == Section::Status
    }
}

/// A rendered page.
pub(crate) fn render(page: &impl Template) -> Result<Response, PageFailure> {
    match page.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(error) => Err(unrendered(&error)),
    }
}
