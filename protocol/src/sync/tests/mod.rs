//! Two sessions against each other, over nodes in memory with real signatures; and one session against anything.

mod ballots;
mod bare;
mod carried;
mod converge;
mod faults;
mod garbage;
mod node;
mod pair;
mod wire;
mod world;
