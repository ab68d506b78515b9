//! The ledger: what passes, what is refused and why, and that the order of arrival does not show.

mod bounds;
mod carried;
mod forks;
mod keys;
mod order;
mod refusals;
mod rosters;
mod stolen;
