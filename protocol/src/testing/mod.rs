//! Networks made from a seed, for tests: members with their keys, charters, logs, forks, keyrings, and a node in memory that
//! admits what it is given.
//!
//! Everything follows from the seed, so that a failing test can be run again. Nothing here is safe to use outside tests: the
//! keys can be guessed by anybody. Behind the feature `testing`, `no_std` like the rest.

mod deliberation;
mod dice;
mod history;
mod host;
mod log;
mod network;
mod refounding;

pub use deliberation::no_roster;
pub use dice::Dice;
pub use history::{Branches, History};
pub use host::{Delivery, Host, Store};
pub use log::LogWriter;
pub use network::{Actor, Founding, ended, live, ring};
pub use refounding::Refounding;
