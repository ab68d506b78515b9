//! An error as a person or a program receives it: whose fault it is, what happened, why, and what to do.

use serde::{Deserialize, Serialize};

use super::types::Problem;

/// Whose fault an error is. Each kind has one exit code and one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// It did not work, for a reason of its own (exit code 1).
    Failed,
    /// The caller asked for something that makes no sense (exit code 2).
    Usage,
    /// There is no such thing here (exit code 3).
    NotFound,
    /// The rules of the network do not allow it (exit code 4).
    Refused,
    /// A peer or the network failed (exit code 5).
    Network,
    /// The store is damaged (exit code 6).
    Store,
}

impl ErrorKind {
    /// The exit code of the program. These are stable.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Refused => 4,
            Self::Network => 5,
            Self::Store => 6,
        }
    }

    /// The HTTP status that says the same.
    pub fn http_status(self) -> u16 {
        match self {
            Self::Failed | Self::Store => 500,
            Self::Usage => 400,
            Self::NotFound => 404,
            Self::Refused => 403,
            Self::Network => 502,
        }
    }
}

/// An error with its causes and a hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Whose fault.
    pub kind: ErrorKind,
    /// What happened, in one lower-case fragment.
    pub message: String,
    /// Why, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// All that is wrong with a file, where that is what went wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

impl ApiError {
    /// An error of a kind, with a message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), hint: None, problems: Vec::new() }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with a cause in words.
    #[must_use]
    pub fn because_text(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// The same, with the chain of causes of `error`, `error` itself included.
    #[must_use]
    pub fn because(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Many an error says itself what its cause says.
            if self.causes.last().is_none_or(|last| !last.ends_with(&text)) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }
}
