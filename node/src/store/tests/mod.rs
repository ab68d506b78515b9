//! The store on its own: reading back what a crash or a bad disk left behind.

pub(crate) mod chains;
mod piece;
mod scan;
mod segments;
