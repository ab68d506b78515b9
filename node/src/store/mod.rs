//! What is on the disk about the network: segment files, which are the truth, and an index, which is derived.
//!
//! Segment files hold runs, compressed piece by piece as they were appended. Segments are appended to and flushed before anything is acknowledged; the index follows, with a watermark for each log, and
//! is flushed now and then. At start the index is brought up to the segments from its watermarks; if it is gone, damaged or of
//! another version, it is made anew from the segment files alone.
//!
//! sled is behind [`Index`], with a small cache and explicit flushes. Of bodies only what the library is folded from goes into it.

mod block;
mod carve;
mod error;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod ids;
mod index;
mod piece;
mod reader;
mod salvage;
mod scan;
mod segments;
#[cfg(test)]
pub(crate) mod tests;
mod walk;

pub(crate) use block::Block;
pub(crate) use carve::carve;
pub use error::{Damage, StoreError};
pub(crate) use index::{Head, Index, Located};
#[cfg(test)]
pub(crate) use piece::HEAD as PIECE_HEAD;
pub(crate) use piece::{Packer, Piece, compressor};
pub(crate) use reader::{OpenSegment, Reader, first_item};
pub(crate) use salvage::{Sound, sound_runs};
pub(crate) use scan::{LogScan, Repair, Scanned, Watermark, free_name, set_aside_dir};
pub(crate) use segments::{Placement, Segments, Tail};
