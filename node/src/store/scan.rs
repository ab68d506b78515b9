//! Reading a log back from its segment files: at start from the watermark on, or all of it to make the index anew.
//!
//! What a crash left unfinished at the end is cut off: it was never acknowledged. Anything else that is not as it was written
//! is damage: it is named by file and offset, set aside under `set-aside/` together with what follows it in the log, and
//! fetched again from peers, since the log then simply ends earlier.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use nanduti_protocol::{
    entry::Entry,
    hash::Hash,
    key::PublicKey,
    limits,
    run::{ReceivedRun, VerifiedRun, item_len},
};

use super::{Damage, Placement, StoreError, segments::Tail};
use crate::{Home, create_private_dir, sync_dir};

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watermark {
    /// The next place.
    pub(crate) next: u64,
    /// Hash of the entry before; at place 0 the network id.
    pub(crate) head: Hash,
    /// First place of the file to go on in, and where in it. `None`: from the first file on.
    pub(crate) file: Option<(u64, u64)>,
}

/// What had to be done to a log's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Repair {
    /// An unfinished write was cut off the end.
    Cut {
        /// The file, relative to the home.
        file: PathBuf,
        /// Its length now.
        len: u64,
        /// How many bytes were cut off.
        bytes: u64,
    },
    /// Something was damaged, and set aside.
    SetAside {
        /// What and where.
        damage: Damage,
        /// The log reached at least so far before.
        reached: u64,
    },
}

/// Reads one log.
pub(crate) struct LogScan {
    home: Home,
    network: Hash,
    /// The log.
    pub(crate) log: PublicKey,
    read_only: bool,
}

/// The end of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// The last file that holds something; `None` if the log is empty.
    pub(crate) tail: Option<Tail>,
    /// What had to be done.
    pub(crate) repairs: Vec<Repair>,
}

/// Why reading a file stopped early, and where.
struct Stop {
    offset: usize,
    what: String,
    /// An item that begins here and would reach past the end of the file.
    unfinished: bool,
}

impl LogScan {
    /// Reads this log, and repairs its files where they need it.
    pub(crate) fn new(home: Home, network: Hash, log: PublicKey) -> Self {
        Self { home, network, log, read_only: false }
    }

    /// Only looks, and changes nothing on the disk.
    pub(crate) fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// The first places of the segment files, sorted.
    pub(crate) fn files(&self) -> Result<Vec<u64>, StoreError> {
        let folder = self.home.log_dir(self.log.as_bytes());
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io("read", folder)(error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StoreError::io("read", &folder))?;
            let name = entry.file_name();
            files.extend(name.to_str().and_then(|name| name.strip_suffix(".seg")).and_then(|seq| seq.parse::<u64>().ok()));
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Reads the log from a watermark on and hands every run to `take`, in order. Each run ends at an anchor.
    pub(crate) fn read(
        &self,
        from: Watermark,
        take: &mut dyn FnMut(VerifiedRun, Placement) -> Result<(), StoreError>,
    ) -> Result<Scanned, StoreError> {
        let files = self.files()?;
        let start = from.file.map_or(0, |(file, _)| file);
        let mut scanned = Scanned { tail: None, repairs: Vec::new() };
        let mut next = from.next;
        let mut head = from.head;
        for (index, &file) in files.iter().enumerate().filter(|(_, file)| **file >= start) {
            let offset = from.file.filter(|(first, _)| *first == file).map_or(0, |(_, offset)| offset);
            let path = self.home.segment_file(self.log.as_bytes(), file);
            let bytes = fs::read(&path).map_err(StoreError::io("read", &path))?;
            let mut end = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let stop = self.read_file(&bytes, &mut end, &mut next, &mut head, file, take)?;
            scanned.tail = (end > 0).then_some(Tail { file, len: end as u64, files: index as u64 + 1 }).or(scanned.tail);
            if let Some(stop) = stop {
                let reached = next.max(files.last().copied().unwrap_or(0));
                let later = files.get(index + 1..).unwrap_or_default();
                let repair = self.repair(file, &bytes, end, later, stop, reached)?;
                scanned.repairs.push(repair);
                break;
            }
        }
        Ok(scanned)
    }

    /// Reads one file from `end` on; moves `end`, `next` and `head` behind what was sound.
    fn read_file(
        &self,
        bytes: &[u8],
        end: &mut usize,
        next: &mut u64,
        head: &mut Hash,
        file: u64,
        take: &mut dyn FnMut(VerifiedRun, Placement) -> Result<(), StoreError>,
    ) -> Result<Option<Stop>, StoreError> {
        while *end < bytes.len() {
            let rest = bytes.get(*end..).unwrap_or_default();
            let run = match self.next_run(rest, *end) {
                Ok(run) => run,
                Err(stop) => return Ok(Some(stop)),
            };
            if run.log() != self.log || run.first_seq() != *next || run.prev() != *head {
                let what = "an entry that does not follow the one before".into();
                return Ok(Some(Stop { offset: *end, what, unfinished: false }));
            }
            let len = run.bytes().len();
            let placement = Placement { file, offset: *end as u64 };
            (*next, *head) = (run.next_seq(), run.head());
            take(run, placement)?;
            *end += len;
        }
        Ok(None)
    }

    /// The next run of about a megabyte that ends at an anchor.
    fn next_run(&self, rest: &[u8], offset: usize) -> Result<VerifiedRun, Stop> {
        let mut len = 0;
        while let Some(item) = rest.get(len..).and_then(item_len) {
            if len > 0 && len + item > limits::SEGMENT_TARGET {
                break;
            }
            len += item;
        }
        if len == 0 {
            let unfinished = is_unfinished(rest);
            return Err(Stop { offset, what: "not an entry".into(), unfinished });
        }
        let stop = |error: nanduti_protocol::run::RunError| Stop { offset, what: error.to_string(), unfinished: false };
        let received = ReceivedRun::receive(rest.get(..len).unwrap_or_default().to_vec()).map_err(stop)?;
        match received.verify(&self.network) {
            Ok(run) => Ok(run),
            // The author did not sign every entry: look for the last anchor in all that is left of the file.
            Err(_) => self.last_anchor(rest, offset),
        }
    }

    fn last_anchor(&self, rest: &[u8], offset: usize) -> Result<VerifiedRun, Stop> {
        let mut ends = Vec::new();
        let mut len = 0;
        while let Some(item) = rest.get(len..).and_then(item_len) {
            len += item;
            ends.push(len);
        }
        let stop = |what: String, unfinished| Stop { offset, what, unfinished };
        let whole = ReceivedRun::receive(rest.get(..len).unwrap_or_default().to_vec());
        let whole = whole.map_err(|error| stop(error.to_string(), false))?;
        let anchored = whole.anchored_len(&self.network);
        // Entries above the last anchor were never acknowledged.
        let Some(end) = anchored.checked_sub(1).and_then(|last| ends.get(last)) else {
            return Err(stop("entries that no signature vouches for".into(), true));
        };
        ReceivedRun::receive(rest.get(..*end).unwrap_or_default().to_vec())
            .and_then(|run| run.verify(&self.network))
            .map_err(|error| stop(error.to_string(), false))
    }

    fn repair(
        &self,
        file: u64,
        bytes: &[u8],
        end: usize,
        later: &[u64],
        stop: Stop,
        reached: u64,
    ) -> Result<Repair, StoreError> {
        let path = self.home.segment_file(self.log.as_bytes(), file);
        let relative = path.strip_prefix(self.home.path()).unwrap_or(&path).to_path_buf();
        let torn = stop.unfinished && later.is_empty();
        let repair = if torn {
            Repair::Cut { file: relative, len: end as u64, bytes: (bytes.len() - end) as u64 }
        } else {
            let damage = Damage { file: relative, offset: stop.offset as u64, what: stop.what };
            Repair::SetAside { damage, reached }
        };
        if self.read_only {
            return Ok(repair);
        }
        if !torn {
            self.set_aside(&path, later)?;
        }
        if end == 0 {
            remove(&path)?;
        } else {
            let open = OpenOptions::new().write(true).open(&path).map_err(StoreError::io("cut", &path))?;
            open.set_len(end as u64).and_then(|()| open.sync_all()).map_err(StoreError::io("cut", &path))?;
        }
        Ok(repair)
    }

    /// Copies a damaged file away and moves those behind it: nothing is thrown away.
    fn set_aside(&self, damaged: &Path, later: &[u64]) -> Result<(), StoreError> {
        let folder = self.home.path().join("set-aside").join(self.log.to_hex());
        create_private_dir(&folder).map_err(StoreError::io("make", &folder))?;
        let kept = |path: &Path| folder.join(path.file_name().unwrap_or_default());
        let copy = kept(damaged);
        fs::copy(damaged, &copy).map_err(StoreError::io("copy to", &copy))?;
        for seq in later {
            let path = self.home.segment_file(self.log.as_bytes(), *seq);
            fs::rename(&path, kept(&path)).map_err(StoreError::io("set aside", &path))?;
        }
        sync_dir(&folder).map_err(StoreError::io("flush", &folder))
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    fs::remove_file(path).map_err(StoreError::io("remove", path))?;
    let folder = path.parent().unwrap_or(path);
    sync_dir(folder).map_err(StoreError::io("flush", folder))
}

/// Are these bytes the beginning of an item that a crash cut short? Strictly: a flipped bit in a length must not make what was
/// acknowledged look unfinished.
fn is_unfinished(rest: &[u8]) -> bool {
    // Zeros are what a file system shows of a block that it allocated and did not write before the power went.
    if rest.iter().all(|byte| *byte == 0) {
        return true;
    }
    let Some((0x82, rest)) = rest.split_first() else { return false };
    let Some((entry_len, rest)) = declared_len(rest) else { return rest.len() < 5 };
    if entry_len > limits::ENTRY_MAX {
        return false;
    }
    let Some((entry, rest)) = rest.split_at_checked(entry_len) else { return true };
    let Ok(entry) = Entry::decode(entry) else { return false };
    match declared_len(rest) {
        Some((body_len, _)) => body_len as u64 == entry.statement.body.size,
        None => rest.len() < 5,
    }
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
        _ => return Some((usize::MAX, rest)),
    };
    let (len, rest) = rest.split_at_checked(size)?;
    Some((len.iter().fold(inline, |len, byte| len << 8 | usize::from(*byte)), rest))
}
