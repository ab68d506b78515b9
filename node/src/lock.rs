//! One process at a time uses a home.
//!
//! The lock is the operating system's, on the file `HOME/lock`, so that it ends with the process however that ends; a
//! stale file locks nobody out. The file holds the process id of the holder for whoever finds it locked, and stays when
//! the lock ends: to delete it would let two processes lock two files of one name.
//!
//! Absent: waiting. Who finds the home locked talks to the holder over its socket or says so.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use crate::durable::PRIVATE_FILE;
use crate::home::Home;

/// The exclusive use of a home, until it is dropped.
#[derive(Debug)]
pub struct HomeLock {
    file: File,
}

impl HomeLock {
    /// Takes the lock, or says who holds it.
    pub fn acquire(home: &Home) -> Result<Self, LockError> {
        let path = home.lock_file();
        let failed = |source| LockError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(PRIVATE_FILE)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { home: home.path().to_path_buf(), holder: Holder(read_pid(&mut file)) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { file })
    }
}

impl Drop for HomeLock {
    fn drop(&mut self) {
        // The file is emptied first, so that a free lock never names a process. A failure harms nobody: the lock goes.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The process that holds a lock, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder(pub Option<u32>);

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else uses the home.
    #[error("{} is in use by {holder}", home.display())]
    Held {
        /// The home.
        home: PathBuf,
        /// By whom.
        holder: Holder,
    },
    /// The lock file could not be opened, locked or written.
    #[error("cannot lock {}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_is_first() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let lock = HomeLock::acquire(&home).unwrap();
        let error = HomeLock::acquire(&home).unwrap_err();
        let pid = std::process::id();
        assert_eq!(error.to_string(), format!("{} is in use by process {pid}", dir.path().display()));
        drop(lock);
        assert_eq!(std::fs::read_to_string(home.lock_file()).unwrap(), "");
        HomeLock::acquire(&home).unwrap();
    }

    #[test]
    fn what_a_crash_left_locks_nobody_out() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        std::fs::write(home.lock_file(), "4194304000000").unwrap();
        let _lock = HomeLock::acquire(&home).unwrap();
        assert_eq!(std::fs::read_to_string(home.lock_file()).unwrap(), format!("{}\n", std::process::id()));
    }

    #[test]
    fn no_home_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(HomeLock::acquire(&Home::at(dir.path().join("none"))), Err(LockError::Io { .. })));
    }
}
