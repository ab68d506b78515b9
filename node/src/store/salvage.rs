//! What is sound in a file that was set aside: runs that are whole, link, and end at an anchor, wherever they begin.
//!
//! Damage may hide where an item ends, so beginnings are searched for by the bytes with which every item begins. What is found
//! is no more trusted than what a peer sends: it is verified here, and admitted like anything else.
//!
//! Absent: mending what is damaged itself. Peers have it, or nobody does.

use nanduti_protocol::{entry::Entry, hash::Hash, key::PublicKey, run::split_item};

use super::walk::{ENTRY_HEAD, next_run};

/// Beginnings that lead to nothing, after which the rest of a file is given up: each may cost the reading of a segment.
const FAILURES_MAX: usize = 64;
/// A sector, the least that a disk writes at once.
const SECTOR: usize = 512;

/// A sound run, and where it lies in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sound {
    /// Place of its first entry.
    pub(crate) first: u64,
    /// The place after its last.
    pub(crate) next: u64,
    /// Where its bytes begin.
    pub(crate) offset: usize,
    /// How many they are.
    pub(crate) len: usize,
}

/// The sound runs of a log in the bytes of a file, in the order in which they lie there.
pub(crate) fn sound_runs(network: &Hash, log: &PublicKey, bytes: &[u8]) -> Vec<Sound> {
    let (mut found, mut failures, mut at) = (Vec::new(), 0, 0);
    while let Some(begin) = next_beginning(bytes, at).filter(|_| failures < FAILURES_MAX) {
        at = begin + 1;
        match next_run(network, bytes.get(begin..).unwrap_or_default(), begin) {
            Ok(run) => {
                let len = run.bytes().len();
                at = begin + len;
                if run.log() == *log {
                    found.push(Sound { first: run.first_seq(), next: run.next_seq(), offset: begin, len });
                }
            }
            Err(_) => failures += 1,
        }
    }
    found
}

/// The place after the last that any entry of the log in these bytes claims to have, sound or not; 0 if there is none.
pub(super) fn claimed_next(log: &PublicKey, bytes: &[u8]) -> u64 {
    let (mut claimed, mut at) = (0, 0);
    while let Some(begin) = next_beginning(bytes, at) {
        at = begin + 1;
        let Some((entry, _, len)) = bytes.get(begin..).and_then(split_item) else { continue };
        if let Some(entry) = Entry::decode(entry).ok().filter(|entry| entry.statement.log == *log) {
            claimed = claimed.max(entry.statement.seq + 1);
            at = begin + len;
        }
    }
    claimed
}

/// Is a sector of what was appended at `from` zeros? That is what a power cut leaves of a write that was not flushed, and nothing
/// that the node writes looks so.
pub(super) fn has_blank_sector(bytes: &[u8], from: usize) -> bool {
    let appended = bytes.get(from..).unwrap_or_default();
    let (first, others) = appended.split_at((from.next_multiple_of(SECTOR) - from).min(appended.len()));
    let is_blank = |sector: &[u8]| !sector.is_empty() && sector.iter().all(|byte| *byte == 0);
    is_blank(first) || others.chunks(SECTOR).any(is_blank)
}

/// Where the next item begins, by its looks: an array of two, and the head of an entry in it.
fn next_beginning(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let head = at + bytes.get(at..)?.windows(ENTRY_HEAD.len()).position(|part| part == ENTRY_HEAD)?;
        let begins = |back: usize, len_head: u8| {
            let begin = head.checked_sub(back).filter(|begin| *begin >= from)?;
            (bytes.get(begin..begin + 2) == Some(&[0x82, len_head])).then_some(begin)
        };
        // The length of an entry takes one byte or two.
        if let Some(begin) = begins(4, 0x59).or_else(|| begins(3, 0x58)) {
            return Some(begin);
        }
        at = head + 1;
    }
}
