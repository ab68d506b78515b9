//! A home that came out of a backup: what it knows of itself, and when it may sign again.
//!
//! A backup is older than the node that it was made of. What the node signed since stands in its log on other nodes, and whoever
//! signed something else at the same places would contradict himself before everybody. So a restored home carries a
//! [`Marker`], and as long as that lies there nothing is signed by the keys that it names.
//!
//! **The rule.** The marker goes once more than a third of the members, this node's own not among them, have told it where its
//! log stands, all since this start. A member tells it by a whole synchronisation that ended in order, with a node whose key
//! stands in that member's keyring: whatever that node held of the log is held here then. The third is that of the roster in force,
//! without those who are suspended, this node's member counted in it: of five, two have to tell; of four or three, two; of two, the other one. In a network
//! of one nobody can, and only a fresh key helps.
//!
//! Invariants: what was heard before a restart counts for nothing; a marker that cannot be read binds every key; a marker goes away
//! durably before anything is signed.
//!
//! Absent: knowing a copy of a home from the home (nothing in it differs), and the members who have not told yet: what only they
//! hold of the log is not known here, and would be a fork.

mod marker;
mod rule;

pub(crate) use marker::{Marker, OwnLog, hex_hash};
pub use rule::Hindrance;
pub(crate) use rule::{Restored, Tally};
