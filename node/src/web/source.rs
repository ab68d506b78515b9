//! What the pages need from the node, and nothing else.
//!
//! The engine implements [`Library`] for the running node; tests implement it with a few records in memory. Pages never
//! see the engine, so a page cannot call what is the operator's alone.

use std::future::Future;

use crate::api::{
    ApiError, ClosedReply, ErrorKind, ForkReport, ListFilter, ListReply, PracticeView, RevisionView, StatusReply,
};

/// A readable library.
///
/// What an implementation returns is shown to everybody: it leaves out whatever is not public. The exception is
/// [`Library::status`], which the pages narrow to [`super::PublicStatus`].
pub trait Library: Send + Sync + 'static {
    /// Rows that match, ordered as the list is. The pages set `limit` (1 to 200).
    fn list(&self, filter: ListFilter) -> impl Future<Output = Result<ListReply, ApiError>> + Send;

    /// One practice; `id` may be that of a series or of one revision, or short, and is not yet checked.
    fn show(&self, id: String) -> impl Future<Output = Result<PracticeView, ApiError>> + Send;

    /// All revisions of a series, oldest first; `id` as in [`Library::show`].
    fn history(&self, id: String) -> impl Future<Output = Result<Vec<RevisionView>, ApiError>> + Send;

    /// Documents for members only, as everybody sees them.
    fn closed(&self, offset: u64, limit: u64) -> impl Future<Output = Result<ClosedReply, ApiError>> + Send {
        let _ = (offset, limit);
        async { Ok(ClosedReply::default()) }
    }

    /// Both sides of the fork of a log, without what their entries say.
    fn fork(&self, log: String) -> impl Future<Output = Result<ForkReport, ApiError>> + Send {
        async move { Err(ApiError::new(ErrorKind::NotFound, format!("no fork of the log {log} is known here"))) }
    }

    /// How the node stands.
    fn status(&self) -> impl Future<Output = Result<StatusReply, ApiError>> + Send;

    /// What the filters offer, with labels. A filter with nothing to offer is a plain input, so an empty answer is usable.
    fn choices(&self) -> impl Future<Output = Result<Choices, ApiError>> + Send {
        async { Ok(Choices::default()) }
    }

    /// Whose pages these are, for the head of every page. Asked often: an implementation keeps it at hand.
    fn place(&self) -> impl Future<Output = Place> + Send {
        async { Place::default() }
    }
}

/// Whose pages these are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Name of the network.
    pub network_name: Option<String>,
    /// Name, or else id, of the member for whom the node speaks.
    pub member: Option<String>,
    /// Have the members gone over to rules that the node does not know? Then what it shows is its own opinion.
    pub outdated: bool,
}

/// What the filters of the library offer, each in the order in which it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// Members that have signed something, by the names in the charter.
    pub members: Vec<Choice>,
    /// Codes of the vocabulary `strand`.
    pub strands: Vec<Choice>,
    /// Codes of the vocabulary `capacity`.
    pub capacities: Vec<Choice>,
    /// Codes of the themes.
    pub themes: Vec<Choice>,
    /// BCP 47 tags that occur.
    pub languages: Vec<Choice>,
}

/// One code and what a person calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The code, as it stands in a filter.
    pub code: String,
    /// The label.
    pub label: String,
}

impl Choice {
    /// A code with its label.
    pub fn new(code: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code: code.into(), label: label.into() }
    }
}
