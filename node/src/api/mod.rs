//! The operator's API: what can be asked of a node, and how it answers.

mod ballots;
mod calls;
mod error;
mod types;
mod upkeep;

pub use ballots::*;
pub use calls::*;
pub use error::{ApiError, ErrorKind};
pub use types::*;
pub use upkeep::*;
