//! What is wrong with a record, or worth a look.

use alloc::string::String;

/// Does it keep the record from being signed?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The record cannot be published.
    Error,
    /// The record can be published, but an author should look.
    Warning,
}

/// One thing that is wrong, or worth a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Does it keep the record from being signed?
    pub severity: Severity,
    /// Where: `title`, `evidence[2].kind` (places count from 0); empty for the whole record.
    pub path: String,
    /// What is wrong, in one fragment.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Problem {
    /// An error at a path.
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path: path.into(), message: message.into(), hint: None }
    }

    /// A warning at a path.
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, message) }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Does it keep the record from being signed?
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
