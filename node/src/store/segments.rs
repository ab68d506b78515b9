//! The segment files: `logs/<key>/<first seq>.seg.zst`, each a run of one log, compressed, appended to until it has 4 MiB.
//!
//! A batch of runs is written to all its files first and then flushed file by file, so that catching up costs one flush a file
//! and batch, not one an entry. If anything fails, the files are cut back to where they ended before: either the whole batch is
//! durable when [`Segments::append`] returns, or none of it is there.

use std::{collections::BTreeMap, path::PathBuf};

use nanduti_protocol::{hash::Hash, key::PublicKey, limits, run::VerifiedRun};

use super::{Packer, Piece, StoreError};
use crate::{
    Home, PRIVATE_FILE,
    disk::{self, DiskFile},
    durable::make_private_dir,
    sync_dir,
};

/// Files from which on a batch is flushed by several threads: the file system then writes its journal once for many of them.
const PARALLEL_FILES: usize = 8;
/// How many threads flush.
const FLUSHING_THREADS: usize = 8;

/// Where a run was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placement {
    /// First place of the segment file.
    pub(crate) file: u64,
    /// Where the run begins in the file.
    pub(crate) offset: u64,
    /// How many bytes it takes there.
    pub(crate) len: u32,
    /// Hash of these bytes.
    pub(crate) digest: Hash,
}

impl Placement {
    /// These bytes at a place of a file. They are those of a run, and so fewer than 4 GiB.
    pub(super) fn new(file: u64, offset: u64, stored: &[u8]) -> Self {
        Self { file, offset, len: u32::try_from(stored.len()).unwrap_or(u32::MAX), digest: Hash::of(stored) }
    }
}

/// The last file of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// First place of the file.
    pub(crate) file: u64,
    /// Its length.
    pub(crate) len: u64,
    /// How many files the log has.
    pub(crate) files: u64,
}

/// All segment files of a home.
#[derive(Debug)]
pub(crate) struct Segments {
    home: Home,
    min_free: u64,
    file_max: u64,
    tails: BTreeMap<PublicKey, Tail>,
    packer: Option<Packer>,
}

/// A file that a batch wrote to.
struct Touched {
    file: DiskFile,
    path: PathBuf,
    len_before: Option<u64>,
    /// Is it the first file of its log, whose folder may be new as well?
    begins_log: bool,
}

impl Segments {
    /// The segment files of a home. Writing stops when fewer than `min_free` bytes are left on the disk.
    pub(crate) fn new(home: Home, min_free: u64) -> Self {
        let file_max = limits::SEGMENT_MAX as u64;
        #[cfg(test)]
        let file_max = disk::watch::file_max(home.path()).unwrap_or(file_max);
        Self { home, min_free, file_max, tails: BTreeMap::new(), packer: None }
    }

    /// Takes note of the last file of a log, found at start.
    pub(crate) fn set_tail(&mut self, log: PublicKey, tail: Tail) {
        self.tails.insert(log, tail);
    }

    /// The last file of a log.
    pub(crate) fn tail(&self, log: &PublicKey) -> Option<Tail> {
        self.tails.get(log).copied()
    }

    /// Appends runs, each where its log ends, and flushes them. The piece of a run may have been made already.
    ///
    /// # Errors
    /// If the disk is full or fails; then nothing was appended.
    pub(crate) fn append(&mut self, runs: &[(&VerifiedRun, Option<Piece>)]) -> Result<Vec<Placement>, StoreError> {
        self.check_room(runs.iter().map(|(run, _)| run.bytes().len() as u64).sum())?;
        let tails_before = self.tails.clone();
        let mut touched = BTreeMap::new();
        let written = self.write_all(runs, &mut touched).and_then(|placements| {
            flush(&touched)?;
            Ok(placements)
        });
        if written.is_err() {
            self.tails = tails_before;
            undo(touched);
        }
        written
    }

    /// Is there room for so many bytes, and the reserve besides?
    ///
    /// # Errors
    /// If the disk is full, or cannot be asked.
    pub(crate) fn check_room(&self, wanted: u64) -> Result<(), StoreError> {
        let path = self.home.logs_dir();
        let stat = rustix::fs::statvfs(&path).map_err(|error| StoreError::io("look at", &path)(error.into()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < self.min_free.saturating_add(wanted) { Err(StoreError::Full) } else { Ok(()) }
    }

    fn write_all(
        &mut self,
        runs: &[(&VerifiedRun, Option<Piece>)],
        touched: &mut BTreeMap<PathBuf, Touched>,
    ) -> Result<Vec<Placement>, StoreError> {
        let write = |(run, piece): &(&VerifiedRun, Option<Piece>)| match piece.as_ref().filter(|piece| piece.is_of(run))
        {
            Some(piece) => self.write(run, piece, touched),
            None => {
                let piece = self.pack(run)?;
                self.write(run, &piece, touched)
            }
        };
        runs.iter().map(write).collect()
    }

    /// The piece of a run.
    ///
    /// # Errors
    /// If the machine has no memory for it.
    pub(crate) fn pack(&mut self, run: &VerifiedRun) -> Result<Piece, StoreError> {
        let failed = || StoreError::io("compress what is written under", self.home.logs_dir());
        let mut packer = self.packer.take().map_or_else(Packer::new, Ok).map_err(failed())?;
        let piece = packer.pack(run).map_err(failed());
        self.packer = Some(packer);
        piece
    }

    fn write(
        &mut self,
        run: &VerifiedRun,
        piece: &Piece,
        touched: &mut BTreeMap<PathBuf, Touched>,
    ) -> Result<Placement, StoreError> {
        let log = run.log();
        let size = piece.bytes().len() as u64;
        let tail = match self.tails.get(&log) {
            Some(tail) if tail.len + size <= self.file_max => *tail,
            before => Tail { file: run.first_seq(), len: 0, files: before.map_or(0, |tail| tail.files) + 1 },
        };
        let path = self.home.segment_file(log.as_bytes(), tail.file);
        if !touched.contains_key(&path) {
            let opened = self.open(&log, &path, tail.len)?;
            touched.insert(path.clone(), opened);
        }
        if let Some(open) = touched.get_mut(&path) {
            open.file.write_all(piece.bytes()).map_err(StoreError::io("write to", &path))?;
        }
        self.tails.insert(log, Tail { len: tail.len + size, ..tail });
        Ok(Placement::new(tail.file, tail.len, piece.bytes()))
    }

    /// Opens a file to append at `len`. Whatever lies beyond was never acknowledged, and is cut off.
    fn open(&self, log: &PublicKey, path: &PathBuf, len: u64) -> Result<Touched, StoreError> {
        let folder = self.home.log_dir(log.as_bytes());
        // Flushed with the others of the batch, once for all logs that are new in it.
        make_private_dir(&folder).map_err(StoreError::io("make the folder of", path))?;
        let file = DiskFile::append_to(path, PRIVATE_FILE).map_err(StoreError::io("open", path))?;
        // It nearly always ends there, and cutting is a change of its own to the file system.
        if file.len().map_err(StoreError::io("look at", path))? != len {
            file.set_len(len).map_err(StoreError::io("cut", path))?;
        }
        let begins_log = !self.tails.contains_key(log);
        Ok(Touched { file, path: path.clone(), len_before: (len > 0).then_some(len), begins_log })
    }
}

/// Flushes what a batch wrote: files, folders in which files are new, and last the folder of all logs if a log is new in it.
fn flush(touched: &BTreeMap<PathBuf, Touched>) -> Result<(), StoreError> {
    let files: Vec<&Touched> = touched.values().collect();
    if files.len() < PARALLEL_FILES {
        files.iter().try_for_each(|open| open.flush())?;
    } else {
        std::thread::scope(|scope| {
            let part = |files: &[&Touched]| files.iter().try_for_each(|open| open.flush());
            let chunks = files.chunks(files.len().div_ceil(FLUSHING_THREADS));
            let flushing: Vec<_> = chunks.map(|files| scope.spawn(move || part(files))).collect();
            let ended = |thread: std::thread::ScopedJoinHandle<'_, Result<(), StoreError>>| {
                thread.join().unwrap_or(Err(StoreError::IndexContent("what made a flush panic")))
            };
            flushing.into_iter().map(ended).fold(Ok(()), Result::and)
        })?;
    }
    let begun = files.iter().find(|open| open.begins_log).and_then(|open| open.path.parent()?.parent());
    begun.map_or(Ok(()), |logs| sync_dir(logs).map_err(StoreError::io("flush", logs)))
}

impl Touched {
    fn flush(&self) -> Result<(), StoreError> {
        self.file.sync().map_err(StoreError::io("flush", &self.path))?;
        match self.path.parent().filter(|_| self.len_before.is_none()) {
            Some(folder) => sync_dir(folder).map_err(StoreError::io("flush", folder)),
            None => Ok(()),
        }
    }
}

/// Cuts files back to where they ended. What cannot be cut now is cut when the file is opened next, or at start.
fn undo(touched: BTreeMap<PathBuf, Touched>) {
    for open in touched.into_values() {
        let undone = match open.len_before {
            Some(len) => open.file.set_len(len),
            None => disk::remove_file(&open.path),
        };
        if let Err(error) = undone {
            tracing::warn!(file = %open.path.display(), %error, "cannot take back what was written");
        }
    }
}
