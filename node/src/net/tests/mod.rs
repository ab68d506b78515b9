//! Real nodes with real disks and sockets on the loopback, and peers that mean harm; below them the parts that need neither.

mod alone;
mod converge;
mod fixture;
pub(super) mod frames;
mod hostile;
mod news;
mod raw;
mod restored;
