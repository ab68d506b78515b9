//! What is sound in a file that was set aside: runs that are whole, link, and end at an anchor, wherever they begin.
//!
//! Damage may strike the head of a piece, so the frames behind the heads are searched for by the bytes with which every frame
//! begins. What is found is no more trusted than what a peer sends: it is verified here, and admitted like anything else.
//!
//! Absent: mending what is damaged itself. Peers have it, or nobody does.

use nanduti_protocol::{
    entry::Entry,
    hash::Hash,
    key::PublicKey,
    networks::NetworkOf,
    run::{ReceivedRun, VerifiedRun, split_item},
};

use super::piece::{FRAME_START, HEAD, HEAD_START, Head, frame_len, unpack_unknown};

/// Beginnings that lead to nothing, after which the rest of a file is given up: each may cost the reading of a segment.
const FAILURES_MAX: usize = 64;
/// A sector, the least that a disk writes at once.
const SECTOR: usize = 512;

/// A sound run, and where its frame lies in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sound {
    /// Place of its first entry.
    pub(crate) first: u64,
    /// The place after its last.
    pub(crate) next: u64,
    offset: usize,
    len: usize,
}

impl Sound {
    /// Reads the run again from the bytes of the file.
    pub(crate) fn read(&self, networks: &impl NetworkOf, bytes: &[u8]) -> Option<VerifiedRun> {
        verified(networks, unpack_unknown(bytes.get(self.offset..)?.get(..self.len)?)?)
    }
}

/// The sound runs of a log in the bytes of a file, in the order in which they lie there.
pub(crate) fn sound_runs(network: &Hash, log: &PublicKey, bytes: &[u8]) -> Vec<Sound> {
    let mut found = Vec::new();
    for Frame { offset, len, content } in Frames::new(bytes) {
        if let Some(run) = verified(network, content).filter(|run| run.log() == *log) {
            found.push(Sound { first: run.first_seq(), next: run.next_seq(), offset, len });
        }
    }
    found
}

/// The place after the last that anything of the log in these bytes claims to have, sound or not; 0 if there is none.
pub(super) fn claimed_next(log: &PublicKey, bytes: &[u8]) -> u64 {
    let by_heads =
        beginnings(bytes, &HEAD_START).filter_map(|at| Head::read(bytes.get(at..)?)).map(|head| claim(&head));
    // A frame tells as well, if its head is what was damaged.
    let headless = Frames::new(bytes).filter(|frame| !has_head(bytes, frame.offset));
    let by_frames = headless.map(|frame| claimed_by_items(log, &frame.content));
    by_heads.chain(by_frames).max().unwrap_or(0)
}

fn claim(head: &Head) -> u64 {
    head.first.saturating_add(u64::from(head.count))
}

fn has_head(bytes: &[u8], frame: usize) -> bool {
    frame.checked_sub(HEAD).and_then(|at| Head::read(bytes.get(at..)?)).is_some()
}

fn claimed_by_items(log: &PublicKey, run: &[u8]) -> u64 {
    let (mut claimed, mut rest) = (0, run);
    while let Some((entry, _, len)) = split_item(rest) {
        if let Some(entry) = Entry::decode(entry).ok().filter(|entry| entry.statement.log == *log) {
            claimed = claimed.max(entry.statement.seq.saturating_add(1));
        }
        rest = rest.get(len..).unwrap_or_default();
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

fn verified(networks: &impl NetworkOf, content: Vec<u8>) -> Option<VerifiedRun> {
    ReceivedRun::receive(content).ok()?.verify(networks).ok()
}

/// Where these bytes stand.
fn beginnings<'a>(bytes: &'a [u8], start: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(start.len()).enumerate().filter(move |(_, part)| *part == start).map(|(at, _)| at)
}

/// A frame, and what is in it.
struct Frame {
    offset: usize,
    len: usize,
    content: Vec<u8>,
}

/// The frames that can be unpacked, from the front on, each behind the one before.
struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    failures: usize,
}

impl<'a> Frames<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, failures: 0 }
    }
}

impl Iterator for Frames<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Self::Item> {
        while self.failures < FAILURES_MAX {
            let rest = self.bytes.get(self.at..)?;
            let begin = self.at + rest.windows(FRAME_START.len()).position(|part| part == FRAME_START)?;
            let frame = self.bytes.get(begin..).and_then(|found| found.get(..frame_len(found)?));
            if let Some((frame, content)) = frame.and_then(|frame| Some((frame, unpack_unknown(frame)?))) {
                self.at = begin + frame.len();
                return Some(Frame { offset: begin, len: frame.len(), content });
            }
            // Damage may have made it longer than it is, over the beginnings of others.
            (self.at, self.failures) = (begin + 1, self.failures + 1);
        }
        None
    }
}
