//! The folder in which everything is measured, and the homes in it.
//!
//! Each home has a name of its own, and nothing is deleted before the end: some file systems make files slowly for a while
//! where many were deleted just before.

use std::{
    cell::Cell,
    io::{Error, Result},
    path::{Path, PathBuf},
};

use nanduti_node::{Home, founding};

use crate::{
    machine,
    options::{Common, Transport},
};

/// What all measurements share.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    made: Cell<u32>,
    /// Where filled homes are kept.
    pub(crate) cache: Option<PathBuf>,
    /// The program that is measured.
    pub(crate) program: PathBuf,
    /// Does the kernel count our bytes alone?
    pub(crate) isolated: bool,
    /// How often each thing is measured.
    pub(crate) runs: u32,
    /// How the two sides are connected.
    pub(crate) transport: Transport,
}

impl Bench {
    /// A folder on the disk that was asked for.
    pub(crate) fn new(options: &Common, program: PathBuf, isolated: bool) -> Result<Self> {
        let parent = options.dir.clone().unwrap_or_else(std::env::temp_dir);
        std::fs::create_dir_all(&parent)?;
        if machine::file_system(&parent).is_ok_and(|name| name == "tmpfs") {
            eprintln!("warning: {} is in memory, where a sync costs nothing: name a disk with --dir", parent.display());
        }
        let folder = tempfile::Builder::new().prefix("nb-").tempdir_in(parent)?;
        let (cache, runs, transport) = (options.cache.clone(), options.runs, options.transport);
        Ok(Self { folder, made: Cell::new(0), cache, program, isolated, runs, transport })
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path that was not used before.
    pub(crate) fn fresh(&self, name: &str) -> PathBuf {
        self.made.set(self.made.get() + 1);
        self.folder.path().join(format!("{name}-{}", self.made.get()))
    }

    /// A new home that has joined a network and holds nothing yet.
    pub(crate) fn observer(&self, name: &str, ticket: &str) -> Result<PathBuf> {
        let path = self.fresh(name);
        founding::join(&Home::at(&path), ticket).map_err(Error::other)?;
        Ok(path)
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Bytes of all files in a folder: as long as they are, and as much of the disk as they take.
pub(crate) fn size(folder: &Path) -> Result<Size> {
    use std::os::unix::fs::MetadataExt;
    let mut size = Size::default();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        size.taken += found.blocks() * 512;
        if found.is_dir() {
            let below = self::size(&entry.path())?;
            size.long += below.long;
            size.taken += below.taken;
        } else {
            size.long += found.len();
        }
    }
    Ok(size)
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Bytes in the files.
    pub(crate) long: u64,
    /// Bytes of the disk, in whole blocks, folders included.
    pub(crate) taken: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_as_large() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        std::fs::create_dir_all(from.join("a/b")).unwrap();
        std::fs::write(from.join("a/b/c"), [1; 5000]).unwrap();
        std::fs::write(from.join("d"), [2; 10]).unwrap();
        let to = folder.path().join("to");
        copy(&from, &to).unwrap();
        assert_eq!(size(&to).unwrap().long, 5010);
        assert!(size(&to).unwrap().taken >= 5010);
        assert_eq!(std::fs::read(to.join("a/b/c")).unwrap(), [1; 5000]);
    }
}
