//! The formats, signatures, authority, library and sync machines of Ñandutí.
//!
//! This crate is pure: state machines take their input and return their output, and nothing here reads a clock, a disk, a
//! socket, the environment or randomness. It is `no_std`, so that the compiler itself refuses them, and a hash map's random
//! order with them. The running node, a simulation of hundreds of nodes, or another host altogether can use it as it is.
//!
//! Read in this order: [`entry`] and [`run`] (the forms), [`charter`] and [`keyring`] (who may speak), [`authority`] (what
//! counts), [`ledger`] (what is admitted), [`frontier`] and [`sync`] (how two nodes become equal), [`record`] (what people
//! say).
#![no_std]

extern crate alloc;

pub mod announce;
pub mod authority;
pub mod ballot;
pub mod cbor;
pub mod chain;
pub mod charter;
pub mod entry;
pub mod envelope;
pub mod fork;
pub mod former;
pub mod frontier;
pub mod hash;
pub mod key;
pub mod keyring;
pub mod kind;
pub mod ledger;
pub mod library;
pub mod limits;
pub mod networks;
pub mod node_record;
pub mod record;
pub mod roster;
pub mod run;
pub mod sync;
pub mod terms;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod ticket;
pub mod vocabulary;
