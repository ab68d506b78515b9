//! How what went wrong is told: whose fault, why, and what to do.

use std::error::Error;

use super::disk::DiskError;
use crate::{
    api::{ApiError, ErrorKind},
    home::HomeError,
    keys::KeyError,
    lock::LockError,
};

/// The caller asked for something that makes no sense.
pub(crate) fn usage(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Usage, message)
}

/// The rules do not allow it.
pub(crate) fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Refused, message)
}

/// It did not work, because of `error`.
pub(crate) fn failed(message: impl Into<String>, error: &(dyn Error + 'static)) -> ApiError {
    ApiError::new(ErrorKind::Failed, message).because(error)
}

/// A file that the caller named could not be read or written.
pub(crate) fn file(error: &DiskError) -> ApiError {
    let kind = if error.is_missing() { ErrorKind::NotFound } else { ErrorKind::Failed };
    let told = told(kind, error);
    match error {
        DiskError::Exists { .. } => told.hint("name another file with --out, or move that one away"),
        _ => told,
    }
}

/// A file of the home could not be read.
pub(crate) fn store(error: &DiskError) -> ApiError {
    told(ErrorKind::Store, error)
}

/// A key could not be made, read or opened.
pub(crate) fn key(message: &str, error: &KeyError) -> ApiError {
    let kind = match error {
        KeyError::Missing { .. } => ErrorKind::NotFound,
        KeyError::Exists { .. } => ErrorKind::Refused,
        KeyError::PassphraseShort { .. } | KeyError::PassphraseLong { .. } => ErrorKind::Usage,
        _ => ErrorKind::Failed,
    };
    let told = ApiError::new(kind, message).because(error);
    match error.hint() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

/// The home could not be made.
pub(crate) fn home(error: &HomeError) -> ApiError {
    told(ErrorKind::Failed, error)
}

/// The home could not be locked.
pub(crate) fn lock(error: &LockError) -> ApiError {
    let told = told(ErrorKind::Failed, error);
    match error {
        LockError::Held { .. } => told.hint("stop the running node first"),
        LockError::Io { .. } => told,
    }
}

/// The error itself is the message, and what lies below it the causes.
fn told(kind: ErrorKind, error: &(dyn Error + 'static)) -> ApiError {
    let told = ApiError::new(kind, error.to_string());
    match error.source() {
        Some(source) => told.because(source),
        None => told,
    }
}
