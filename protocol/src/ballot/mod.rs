//! Ballots: how institutions that share no administrator change the list of those who belong to them.
//!
//! [`rules`] says what counts of the statements that were made, what a voter may say next, and who contradicts itself. It works
//! on numbers: of voters (their places among the voters sorted by id), of proposals, of rounds. The signed form of a statement, the
//! proposals and what they change are not here yet: the list of members is the charter's (`docs/security.md`).

pub mod rules;
mod voters;

#[cfg(test)]
mod tests;

pub use voters::{Voter, Voters};
