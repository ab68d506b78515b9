//! Ballots: how institutions that share no administrator change the list of those who belong to them.
//!
//! ```text
//! Proposal   the changes that make the next roster of one         named by its hash
//! Statement  who endorses or ratifies it, in which round          signed by a root or governance key
//! Poll       the statements about what follows one roster         a set
//! rules      what counts of them, who may say what next           on numbers alone
//! Succession the rosters from the charter's to the one in force
//! ```
//!
//! Statements stand by themselves, not by their place in a log, and who contradicts itself is counted all the same. So a result
//! never reverts and does not depend on the order in which they came.

mod poll;
mod proposal;
pub mod request;
pub mod rules;
mod statement;
mod succession;
mod voters;

#[cfg(test)]
mod tests;

pub use poll::{Motion, Papers, PapersError, Poll, ShortId, Tally, short_id};
pub use proposal::{Amend, Change, Proposal, ProposalError, Replace};
pub use statement::{Signer, Statement, StatementError};
pub use succession::{Held, Obstacle, Succession, Taken};
pub use voters::{Voter, Voters};
