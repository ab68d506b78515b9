//! Real nodes with real disks and sockets on the loopback, and peers that mean harm.

mod converge;
mod fixture;
mod hostile;
mod raw;
