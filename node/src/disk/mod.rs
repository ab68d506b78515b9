//! The steps by which files of a home change that have to survive a crash: one function for each call of the system.
//!
//! In the program these functions are those calls and nothing more. In tests each step is shown to a watcher before it is
//! taken. A watcher counts steps, ends the process or fails at one of them, or keeps them all, so that every state of the disk
//! that a crash or a power cut can leave is made and opened (`core/tests/crash`).
//!
//! Absent: deciding what is flushed when, which is for `durable`, `store` and `core`; and sled, which writes its own files.

#[cfg(test)]
pub(crate) mod watch;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

#[cfg(test)]
use watch::Step;

/// A file that is written to.
#[derive(Debug)]
pub(crate) struct DiskFile {
    file: File,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the watcher"))]
    path: PathBuf,
}

impl DiskFile {
    /// Opens a file to append to; makes it if there is none.
    pub(crate) fn append_to(path: &Path, mode: u32) -> io::Result<Self> {
        #[cfg(test)]
        watch::step(&Step::Create { path })?;
        let file = OpenOptions::new().create(true).append(true).mode(mode).open(path)?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Opens a file that is there, to change its length.
    pub(crate) fn existing(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Appends.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        watch::step(&Step::Write { path: &self.path, file: &self.file, bytes })?;
        self.file.write_all(bytes)
    }

    /// Its length.
    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Cuts it, or lets it grow by zeros.
    pub(crate) fn set_len(&self, len: u64) -> io::Result<()> {
        #[cfg(test)]
        watch::step(&Step::SetLen { path: &self.path, len })?;
        self.file.set_len(len)
    }

    /// Flushes content and length.
    #[cfg_attr(test, track_caller)]
    pub(crate) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        watch::step(&Step::Sync { path: &self.path })?;
        self.file.sync_data()
    }
}

/// A file that has no name of its own yet. It goes away if it is given none.
#[derive(Debug)]
pub(crate) struct Staged {
    file: tempfile::NamedTempFile,
}

impl Staged {
    /// Makes one in this folder, readable by nobody else.
    pub(crate) fn within(folder: &Path, mode: u32) -> io::Result<Self> {
        let permissions = Permissions::from_mode(mode);
        let file = tempfile::Builder::new().prefix(".new-").permissions(permissions).tempfile_in(folder)?;
        #[cfg(test)]
        watch::step(&Step::Create { path: file.path() })?;
        Ok(Self { file })
    }

    /// Appends.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        watch::step(&Step::Write { path: self.file.path(), file: self.file.as_file(), bytes })?;
        self.file.write_all(bytes)
    }

    /// Sets who may read it.
    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        self.file.as_file().set_permissions(Permissions::from_mode(mode))
    }

    /// Flushes all of it.
    #[cfg_attr(test, track_caller)]
    pub(crate) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        watch::step(&Step::Sync { path: self.file.path() })?;
        self.file.as_file().sync_all()
    }

    /// Gives it a name, in place of whatever has that name.
    pub(crate) fn replace(self, path: &Path) -> io::Result<()> {
        #[cfg(test)]
        watch::step(&Step::Rename { from: self.file.path(), to: path })?;
        self.file.persist(path).map(drop).map_err(|failure| failure.error)
    }

    /// Gives it a name that nothing else has.
    pub(crate) fn take_name(self, path: &Path) -> io::Result<()> {
        #[cfg(test)]
        watch::step(&Step::Rename { from: self.file.path(), to: path })?;
        self.file.persist_noclobber(path).map(drop).map_err(|failure| failure.error)
    }
}

/// Makes a folder.
pub(crate) fn create_dir(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(test)]
    watch::step(&Step::MakeDir { path })?;
    DirBuilder::new().mode(mode).create(path)
}

/// Flushes a folder, so that names made, changed or removed in it survive a power cut.
#[cfg_attr(test, track_caller)]
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    watch::step(&Step::SyncDir { path })?;
    File::open(path)?.sync_all()
}

/// Gives a file another name.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(test)]
    watch::step(&Step::Rename { from, to })?;
    fs::rename(from, to)
}

/// Takes a file away.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    watch::step(&Step::Remove { path })?;
    fs::remove_file(path)
}

/// Flushes what sled holds in this folder.
#[cfg_attr(not(test), expect(unused_variables, reason = "the folder is for the watcher"))]
#[cfg_attr(test, track_caller)]
pub(crate) fn flush(db: &sled::Db, folder: &Path) -> sled::Result<()> {
    #[cfg(test)]
    watch::step(&Step::Flush { path: folder })?;
    db.flush().map(drop)
}

/// The index in this folder is about to take something in. sled writes it when it likes, so this is a step for the watcher alone.
#[cfg_attr(not(test), expect(unused_variables, reason = "the folder is for the watcher"))]
#[cfg_attr(not(test), expect(clippy::unnecessary_wraps, reason = "the watcher lets it fail"))]
pub(crate) fn before_index(folder: &Path) -> io::Result<()> {
    #[cfg(test)]
    watch::step(&Step::Index { path: folder })?;
    Ok(())
}
