//! What tests share that cross the crates. [`simulation`] runs whole networks of the pure core in one process.
//!
//! The rest is what the tests with real processes share: a world of homes in one temporary folder, the program run in it, nodes that
//! run beside each other, and waiting for a condition.
//!
//! The tests themselves stand in `processes/` and are targets of the crate `nanduti`, since only its tests are told where
//! the built program is. The rules of style are tests of this crate, in `tests/`.
//!
//! Invariants: nothing waits for a time; every wait has an end and says what it waited for; a node never outlives its
//! test, even one that is killed; what nodes logged is shown when a test fails; ports are free ones of the loopback
//! interface.

pub mod hostile;
pub mod hosts;
mod library;
mod running;
pub mod simulation;
mod texts;
mod votes;
mod wait;
mod walkthrough;
mod world;

pub use library::{copy, publish, set, titles};
pub use running::Running;
pub use texts::{practice, unpacked};
pub use votes::{heard, roster};
pub use wait::{until, until_some, until_within};
pub use walkthrough::{Step, matches, steps};
pub use world::{Output, PASSPHRASE, World};
