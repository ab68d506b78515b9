//! The running node of Ñandutí: disk, network, pages.

pub mod api;
