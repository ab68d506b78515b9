//! The commands, one a file: its arguments with their help, what it asks of the node, and how the reply looks.
//!
//! A renderer is a pure function from a reply (cleaned of whatever could act on a terminal) to text, and is tested as
//! such. Which commands there are and how help groups them stands in `args`.

pub(crate) mod backup;
pub(crate) mod ballot;
pub(crate) mod bundle;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod fork;
mod former;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod join;
pub(crate) mod key;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod member;
pub(crate) mod network;
pub(crate) mod peer;
pub(crate) mod practice;
pub(crate) mod publish;
pub(crate) mod reindex;
pub(crate) mod restore;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod sign;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod sync;
pub(crate) mod verify;
pub(crate) mod withdraw;

mod signing;
mod words;

#[cfg(test)]
mod samples;
