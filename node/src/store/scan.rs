//! Reading a log back from its segment files: at start from the watermark on, or all of it to make the index anew.
//!
//! What a crash left unfinished at the end is cut off: it was never acknowledged. Anything else that is not as it was written
//! is damage: it is named by file and offset, set aside under `set-aside/` together with what follows it in the log, and
//! fetched again from peers, since the log then simply ends earlier. What is set aside stays there: nothing is thrown away.

use std::{
    fs,
    path::{Path, PathBuf},
};

use nanduti_protocol::{hash::Hash, key::PublicKey, run::VerifiedRun};

use super::{
    Damage, Placement, StoreError,
    salvage::{claimed_next, has_blank_sector},
    segments::Tail,
    walk::{Stop, next_run},
};
use crate::{
    Home, PRIVATE_FILE, create_private_dir,
    disk::{self, DiskFile},
    sync_dir,
};

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
    log: PublicKey,
    read_only: bool,
}

/// The end of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// The next place.
    pub(crate) next: u64,
    /// Hash of the last entry.
    pub(crate) head: Hash,
    /// The last file that holds something; `None` if nothing was read.
    pub(crate) tail: Option<Tail>,
    /// What had to be done.
    pub(crate) repairs: Vec<Repair>,
}

/// What takes the runs that are read.
pub(crate) type Take<'a> = dyn FnMut(VerifiedRun, Placement) -> Result<(), StoreError> + 'a;

impl LogScan {
    /// Reads this log, and repairs its files where they need it.
    pub(crate) fn new(home: Home, network: Hash, log: PublicKey) -> Self {
        Self { home, network, log, read_only: false }
    }

    /// Only looks, and changes nothing on the disk. After damage it goes on with the next file.
    pub(crate) fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// The first places of the segment files, sorted. A file of any other name is not ours and is left alone.
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
            let stem = name.to_str().and_then(|name| name.split_once('.')).map(|(stem, _)| stem);
            let seq = stem.and_then(|stem| stem.parse::<u64>().ok());
            if seq.is_some_and(|seq| entry.path() == self.path(seq).with_extension("")) {
                return Err(StoreError::EarlierForm(entry.path()));
            }
            files.extend(seq.filter(|seq| self.path(*seq) == entry.path()));
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Reads the log from a watermark on and hands every run to `take`, in order. Each run ends at an anchor.
    pub(crate) fn read(&self, from: Watermark, take: &mut Take<'_>) -> Result<Scanned, StoreError> {
        let files = self.files()?;
        let start = from.file.map_or(0, |(file, _)| file);
        let mut scanned = Scanned { next: from.next, head: from.head, tail: None, repairs: Vec::new() };
        let before = files.iter().take_while(|file| **file < start).count() as u64;
        let mut count = before;
        for (index, &file) in files.iter().enumerate().skip(before as usize) {
            let offset = from.file.filter(|(first, _)| *first == file).map_or(0, |(_, offset)| offset);
            let path = self.path(file);
            let bytes = fs::read(&path).map_err(StoreError::io("read", &path))?;
            let mut end = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            if self.read_only
                && let Some(gap) = misplaced(file, scanned.next).filter(|_| end == 0 && file > scanned.next)
            {
                scanned.repairs.push(self.repair(file, (&bytes, 0), &[], gap, (false, file))?);
                self.resume(&files, index, &mut scanned)?;
            }
            let stop = match misplaced(file, scanned.next).filter(|_| end == 0) {
                Some(stop) => Some(stop),
                None => self.read_file(&bytes, &mut end, &mut scanned, file, take)?,
            };
            if end > 0 {
                count += 1;
                scanned.tail = Some(Tail { file, len: end as u64, files: count });
            }
            let Some(stop) = stop else { continue };
            // A file that repeats what stands before it says nothing against those behind it.
            let repeats = end == 0 && file < scanned.next;
            let later = if repeats { &[][..] } else { files.get(index + 1..).unwrap_or_default() };
            let is_last = index + 1 == files.len();
            let reached = scanned.next.max(later.last().copied().unwrap_or(0));
            scanned.repairs.push(self.repair(file, (&bytes, end), later, stop, (is_last, reached))?);
            let goes_on = repeats || self.read_only && self.resume(&files, index + 1, &mut scanned)?;
            if !goes_on {
                break;
            }
        }
        Ok(scanned)
    }

    /// Reads one file by itself, from its own first entry on.
    pub(crate) fn read_file_alone(&self, file: u64, take: &mut Take<'_>) -> Result<Scanned, StoreError> {
        let mut scanned = Scanned { next: file, head: Hash::default(), tail: None, repairs: Vec::new() };
        self.resume(&[file], 0, &mut scanned)?;
        let path = self.path(file);
        let bytes = fs::read(&path).map_err(StoreError::io("read", &path))?;
        let mut end = 0;
        if let Some(stop) = self.read_file(&bytes, &mut end, &mut scanned, file, take)? {
            let is_last = self.files()?.last() == Some(&file);
            let reached = scanned.next;
            scanned.repairs.push(self.repair(file, (&bytes, end), &[], stop, (is_last, reached))?);
        }
        Ok(scanned)
    }

    /// Reads one file from `end` on; moves `end` and what was scanned behind what was sound.
    fn read_file(
        &self,
        bytes: &[u8],
        end: &mut usize,
        scanned: &mut Scanned,
        file: u64,
        take: &mut Take<'_>,
    ) -> Result<Option<Stop>, StoreError> {
        while *end < bytes.len() {
            let rest = bytes.get(*end..).unwrap_or_default();
            let (run, len) = match next_run(&self.network, rest, *end) {
                Ok(walked) => walked,
                Err(stop) => return Ok(Some(stop)),
            };
            if run.log() != self.log || run.first_seq() != scanned.next || run.prev() != scanned.head {
                let what = "an entry that does not follow the one before".into();
                return Ok(Some(Stop { offset: *end, what, unfinished: false }));
            }
            let placement = Placement::new(file, *end as u64, rest.get(..len).unwrap_or_default());
            (scanned.next, scanned.head) = (run.next_seq(), run.head());
            take(run, placement)?;
            *end += len;
        }
        Ok(None)
    }

    /// Makes ready to read on behind damage: what follows is checked from its own first entry on.
    fn resume(&self, files: &[u64], index: usize, scanned: &mut Scanned) -> Result<bool, StoreError> {
        let Some(&file) = files.get(index) else { return Ok(false) };
        let path = self.path(file);
        let bytes = fs::read(&path).map_err(StoreError::io("read", &path))?;
        let Ok((run, _)) = next_run(&self.network, &bytes, 0) else {
            scanned.next = file;
            return Ok(true);
        };
        (scanned.next, scanned.head) = (run.first_seq(), run.prev());
        Ok(true)
    }

    fn repair(
        &self,
        file: u64,
        (bytes, end): (&[u8], usize),
        later: &[u64],
        stop: Stop,
        (is_last, reached): (bool, u64),
    ) -> Result<Repair, StoreError> {
        let path = self.path(file);
        let relative = path.strip_prefix(self.home.path()).unwrap_or(&path).to_path_buf();
        let torn = stop.unfinished && is_last;
        let repair = if torn {
            Repair::Cut { file: relative, len: end as u64, bytes: (bytes.len() - end) as u64 }
        } else {
            // What is damaged was an entry once, unless a power cut left it so before anybody was told of it.
            let reached = if is_last && has_blank_sector(bytes, end) {
                reached
            } else {
                let claimed = claimed_next(&self.log, bytes.get(end..).unwrap_or_default());
                (reached + u64::from(end > 0)).max(claimed)
            };
            let damage = Damage { file: relative, offset: stop.offset as u64, what: stop.what };
            Repair::SetAside { damage, reached }
        };
        if self.read_only {
            return Ok(repair);
        }
        match (torn, end) {
            (true, 0) => remove(&path)?,
            (true, _) => cut(&path, end)?,
            (false, 0) => self.set_aside(&path, bytes, later, false)?,
            (false, _) => {
                self.set_aside(&path, bytes, later, true)?;
                cut(&path, end)?;
            }
        }
        Ok(repair)
    }

    /// Moves a damaged file away, or copies it if a part of it is sound, and moves those behind it.
    fn set_aside(&self, damaged: &Path, bytes: &[u8], later: &[u64], keep: bool) -> Result<(), StoreError> {
        let folder = set_aside_dir(&self.home).join(self.log.to_hex());
        create_private_dir(&folder).map_err(StoreError::io("make", &folder))?;
        if keep {
            let copy = free_name(&folder, damaged);
            let mut file = DiskFile::append_to(&copy, PRIVATE_FILE).map_err(StoreError::io("copy to", &copy))?;
            file.write_all(bytes).and_then(|()| file.sync()).map_err(StoreError::io("copy to", &copy))?;
        }
        let moved = Some(damaged.to_path_buf()).filter(|_| !keep);
        for path in moved.into_iter().chain(later.iter().map(|seq| self.path(*seq))) {
            disk::rename(&path, &free_name(&folder, &path)).map_err(StoreError::io("set aside", &path))?;
        }
        // Both folders, before a file of the same name is begun where this one was: a power cut could else leave that one alone.
        let log = self.home.log_dir(self.log.as_bytes());
        [folder, log].iter().try_for_each(|folder| sync_dir(folder).map_err(StoreError::io("flush", folder)))
    }

    fn path(&self, file: u64) -> PathBuf {
        self.home.segment_file(self.log.as_bytes(), file)
    }
}

/// A file is named by the first place it holds: does another name stand where this place comes next?
fn misplaced(file: u64, next: u64) -> Option<Stop> {
    let what = match file.cmp(&next) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Less => "a file that repeats what stands before it".into(),
        std::cmp::Ordering::Greater => format!("the entries {next} to {} are missing before it", file - 1),
    };
    Some(Stop { offset: 0, what, unfinished: false })
}

/// Where what is damaged is set aside.
pub(crate) fn set_aside_dir(home: &Home) -> PathBuf {
    home.path().join("set-aside")
}

/// A name that is free in the folder: damage may strike the same file twice.
pub(crate) fn free_name(folder: &Path, path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names = std::iter::once(name.clone()).chain((1_u64..).map(|number| format!("{name}.{number}")));
    names.map(|name| folder.join(name)).find(|path| !path.exists()).unwrap_or_else(|| folder.join(name))
}

/// Cuts a file. That need not be flushed: what a power cut brings back is cut once more, and the next append flushes both.
fn cut(path: &Path, len: usize) -> Result<(), StoreError> {
    let open = DiskFile::existing(path).map_err(StoreError::io("cut", path))?;
    open.set_len(len as u64).map_err(StoreError::io("cut", path))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    disk::remove_file(path).map_err(StoreError::io("remove", path))?;
    let folder = path.parent().unwrap_or(path);
    sync_dir(folder).map_err(StoreError::io("flush", folder))
}
