//! Backups: what of a node cannot be had from others, in one file, and the way back.
//!
//! ```text
//! FILE = zstd( tar( FORMAT  config.toml  *.card  keys/…  network/…  local/…  logs/…  ballots  manifest.json ) )  seal
//! ```
//!
//! The container is an ordinary `.tar.zst`, which any tar and zstd open. Around it stands what those do not have:
//!
//! - **The seal**, forty bytes at the end that zstd passes over (a skippable frame): BLAKE3 of everything before them. So the damage of
//!   a single bit, or a missing end, is known before anything is looked at.
//! - **One form.** Each header of the tar has exactly the bytes that this program writes: plain files, mode 0600, no owner, no
//!   time, no links, no extensions. A path is one of the places (`form::Place`) of a home and nothing else, so that none can lead out of it.
//! - **The manifest**, last: form, network, member, the node's id, how far the member's own logs reach, and name, length and
//!   BLAKE3 of each file before it.
//!
//! **What is in it.** Keys as they are on the disk, settings, the network's charter and ticket, `local/` as key and value, and of the logs
//! the root logs of all members (they say who may speak) and the member's own, as segments. Everything else is on every other
//! node; with `all` it is in the backup too.
//!
//! **One moment.** `local/` is read first, then the writer is waited for, and the logs are read up to the snapshot after that: what was
//! acknowledged before the backup began is in it, and `local/` never knows of an entry that is not in the logs beside it. The files
//! of ballots come after the logs: who may speak is known before what they said.
//!
//! Restoring reads the file twice: once to check all of it, and once to write it into a folder of its own, which becomes the home at
//! the very end, after the logs in it were verified. Nothing half-done is ever left where a node would look.
//!
//! Absent: what is derived (`index/`, `search/`), what was set aside as damaged, and encryption: the file holds what the home holds.
//! Whether the node may sign afterwards is decided in [`crate::restored`].

mod contents;
mod error;
mod form;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod local;
#[cfg(any(test, feature = "fuzzing"))]
mod made;
mod manifest;
mod place;
mod restore;
mod seal;
mod target;
#[cfg(test)]
mod tests;
mod write;

pub use restore::restore;
pub(crate) use write::{BackupOptions, backup};

/// The longest file in a backup but for the manifest. A segment file has four MiB; a file of ballots grows with every statement.
const FILE_MAX: usize = 64 * 1024 * 1024;
/// The longest manifest: it has a line of some two hundred bytes for each file.
const MANIFEST_MAX: usize = 32 * 1024 * 1024;
/// Files in a backup. Two hundred members with as many keys as a charter usually allows have some ten thousand logs.
const FILES_MAX: usize = 100_000;
/// Bytes of all files together. A library that is larger is carried in bundles.
const TOTAL_MAX: u64 = 256 << 30;
