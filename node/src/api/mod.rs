//! The operator's API: what can be asked of a node, and how it answers.

mod audience;
mod ballots;
mod calls;
mod error;
mod forks;
mod former;
mod keys;
mod types;
mod upkeep;
mod verification;

pub use audience::*;
pub use ballots::*;
pub use calls::*;
pub use error::{ApiError, ErrorKind};
pub use forks::*;
pub use former::*;
pub use keys::*;
pub use types::*;
pub use upkeep::*;
pub use verification::*;
