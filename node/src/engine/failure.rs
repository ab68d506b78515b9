//! Errors of the layers below, as a person or a program receives them: whose fault, why, and what to do.

use crate::{
    api::{ApiError, ErrorKind},
    core::CoreError,
    store::StoreError,
};

pub(super) fn failed(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Failed, message)
}

pub(super) fn usage(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Usage, message)
}

pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::NotFound, message)
}

pub(super) fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Refused, message)
}

impl From<CoreError> for ApiError {
    fn from(error: CoreError) -> Self {
        match &error {
            CoreError::Refused(refusal) => refused(refusal.to_string()),
            CoreError::Papers(error) => refused(error.to_string()),
            CoreError::CannotSign(why) => refused(format!("this node may not sign: {why}"))
                .hint("`nanduti status` says what this node is in the network"),
            CoreError::Full => failed(error.to_string()).hint(
                "make room on the disk; the node writes again by itself. `storage.min_free_mib` sets the reserve",
            ),
            CoreError::Store(store) => store_error(store),
            CoreError::Closed => failed(error.to_string()),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        CoreError::from(error).into()
    }
}

fn store_error(error: &StoreError) -> ApiError {
    match error {
        StoreError::Damaged(damage) => ApiError::new(ErrorKind::Store, damage.to_string())
            .hint("`nanduti verify` names all that is damaged; the node sets it aside and asks its peers for it"),
        StoreError::Index(_) | StoreError::IndexContent(_) => {
            ApiError::new(ErrorKind::Store, "the index cannot be read")
                .because(error)
                .hint("start the node again once the disk works and has room; what it cannot read of the index it makes anew by itself")
        }
        StoreError::Io { .. } | StoreError::Full => failed("the disk failed").because(error),
    }
}
