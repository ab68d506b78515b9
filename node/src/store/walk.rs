//! Taking the bytes of a segment file apart into runs that each end at an anchor, and telling what a crash left unfinished
//! from what is damaged.
//!
//! Unfinished is only what can be the beginning of an item that was being written when the power went. A whole item that no
//! signature vouches for is damage: nothing of that kind is ever appended, and a flipped bit in a signature must not make
//! what was acknowledged look as if it had never been. In doubt it is damage, for damage is kept and asked for again.

use nanduti_protocol::{
    entry::Entry,
    hash::Hash,
    limits,
    run::{ReceivedRun, RunError, VerifiedRun, item_len},
};

/// What stands before the payload of an entry, and the bytes of head and signature behind it.
pub(super) const ENTRY_HEAD: [u8; 6] = [0x84, 0x43, 0xA1, 0x01, 0x32, 0xA0];
const SIGNATURE: usize = 2 + 64;

/// Why reading a file stopped early, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    /// In the file.
    pub(super) offset: usize,
    pub(super) what: String,
    /// An item that begins here and would reach past the end of the file.
    pub(super) unfinished: bool,
}

/// The run at the front of `rest`, which begins at `offset` of its file: about a megabyte, or as much as it takes to reach an
/// anchor.
pub(super) fn next_run(network: &Hash, rest: &[u8], offset: usize) -> Result<VerifiedRun, Stop> {
    let mut fault = "an entry that no signature vouches for".to_owned();
    // An author who does not sign every entry well is followed to the last anchor within a segment.
    for bound in [limits::SEGMENT_TARGET, limits::SEGMENT_MAX] {
        let len = whole_items(rest, bound);
        if len == 0 {
            return Err(Stop { offset, what: "not an entry".into(), unfinished: is_unfinished(rest) });
        }
        let (sound, error) = match receive(rest, len) {
            Ok(run) => match run.verify(network) {
                Ok(run) => return Ok(run),
                Err(_) => (len, None),
            },
            Err(error) => fault_of(error),
        };
        if let Some(run) = up_to_anchor(network, rest, sound) {
            return Ok(run);
        }
        if let Some(error) = error.filter(|_| sound == 0) {
            fault = error;
        }
    }
    Err(Stop { offset, what: fault, unfinished: false })
}

/// The longest run in the first `len` bytes that ends at an anchor.
fn up_to_anchor(network: &Hash, rest: &[u8], len: usize) -> Option<VerifiedRun> {
    let items = receive(rest, len).ok()?.anchored_len(network);
    let mut end = 0;
    for _ in 0..items {
        end += rest.get(end..).and_then(item_len)?;
    }
    receive(rest, end).ok()?.verify(network).ok()
}

fn receive(rest: &[u8], len: usize) -> Result<ReceivedRun, RunError> {
    ReceivedRun::receive(rest.get(..len).unwrap_or_default().to_vec())
}

/// How many bytes the whole items at the front take, at most about `bound`; at least one item.
fn whole_items(rest: &[u8], bound: usize) -> usize {
    let mut len = 0;
    while let Some(item) = rest.get(len..).and_then(item_len) {
        if len > 0 && len + item > bound {
            break;
        }
        len += item;
    }
    len
}

/// Where in a run the fault lies, and what it is.
fn fault_of(error: RunError) -> (usize, Option<String>) {
    let (offset, what) = match error {
        RunError::Entry { offset, error } => (offset, error.to_string()),
        RunError::Form { offset } => (offset, "not an entry".into()),
        RunError::Sequence { offset } | RunError::Link { offset } => {
            (offset, "an entry that does not follow the one before".into())
        }
        RunError::Body { offset } => (offset, "a body that is not the one that its entry commits to".into()),
        RunError::BodyMissing { offset } => (offset, "an entry without its body".into()),
        other => (0, other.to_string()),
    };
    (offset, Some(what))
}

/// Are these bytes the beginning of an item that a crash cut short? Strictly: all that is there of it has to fit together.
fn is_unfinished(rest: &[u8]) -> bool {
    // Zeros are what a file system shows of a block that it allocated and did not write before the power went.
    if rest.iter().all(|byte| *byte == 0) {
        return true;
    }
    let Some((0x82, rest)) = rest.split_first() else { return false };
    let Some((entry_len, rest)) = declared_len(rest) else { return rest.len() < 5 };
    let Some((entry, rest)) = rest.split_at_checked(entry_len) else { return begins_an_entry(rest, entry_len) };
    let Ok(entry) = Entry::decode(entry) else { return false };
    match declared_len(rest) {
        Some((body_len, _)) => body_len as u64 == entry.statement.body.size,
        None => rest.len() < 5,
    }
}

/// Can these bytes be the first of an entry of this length?
fn begins_an_entry(part: &[u8], entry_len: usize) -> bool {
    let fixed = part.len().min(ENTRY_HEAD.len());
    if entry_len > limits::ENTRY_MAX || part.get(..fixed) != ENTRY_HEAD.get(..fixed) {
        return false;
    }
    let after = part.get(fixed..).unwrap_or_default();
    let Some((payload, rest)) = declared_len(after) else { return true };
    let whole = fixed + (after.len() - rest.len()) + payload.saturating_add(SIGNATURE);
    whole == entry_len
}

/// The length that the head of a CBOR byte string declares, and what follows the head.
fn declared_len(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&head, rest) = bytes.split_first()?;
    let (size, inline) = match head {
        0x40..=0x57 => (0, usize::from(head & 0x1f)),
        0x58 => (1, 0),
        0x59 => (2, 0),
        0x5a => (4, 0),
        // Longer than anything of ours.
        _ => return Some((usize::MAX / 2, rest)),
    };
    let (len, rest) = rest.split_at_checked(size)?;
    Some((len.iter().fold(inline, |len, byte| len << 8 | usize::from(*byte)), rest))
}
