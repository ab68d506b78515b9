//! The place where a home is restored to, and the last step, by which what was restored becomes the home.
//!
//! A home that is not there yet is made beside it and gets its name in one step. A folder that is there and empty, such as the one
//! that a service was given, may be all that its user can write to, or another file system: there the home is made within, and moved
//! up file by file, in an order in which no half of it is a node that signs.

use std::{
    ffi::OsString,
    fs::{self, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::error::RestoreError;
use crate::{Home, PRIVATE_DIR, create_private_dir, disk, sync_dir};

/// Where the home is to be.
pub(super) enum Target {
    /// Nothing is there: what was restored takes the name.
    Absent(PathBuf),
    /// An empty folder, which may be all that this user can write to: what was restored moves into it.
    Empty(PathBuf),
}

impl Target {
    /// Where a home is to be, if nothing is there.
    pub(super) fn of(home: &Home) -> Result<Self, RestoreError> {
        let occupied = || RestoreError::Occupied { home: home.path().to_path_buf() };
        let path = match fs::canonicalize(home.path()) {
            Ok(path) => path,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // A link that leads nowhere is something as well.
                let nothing = fs::symlink_metadata(home.path()).is_err();
                let absolute =
                    std::path::absolute(home.path()).map_err(RestoreError::disk("cannot use", home.path()))?;
                return if nothing { Ok(Self::Absent(absolute)) } else { Err(occupied()) };
            }
            Err(error) => return Err(RestoreError::disk("cannot look at", home.path())(error)),
        };
        let mut entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotADirectory => return Err(occupied()),
            Err(error) => return Err(RestoreError::disk("cannot look at", path)(error)),
        };
        if entries.next().is_none() { Ok(Self::Empty(path)) } else { Err(occupied()) }
    }

    /// The folder in which the home is made.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Absent(path) => path.parent().unwrap_or(Path::new("/")),
            Self::Empty(path) => path,
        }
    }

    /// A new folder there that nobody else can look into. It goes away if it is not used.
    pub(super) fn stage(&self) -> Result<TempDir, RestoreError> {
        let folder = self.folder();
        create_private_dir(folder).map_err(RestoreError::disk("cannot make", folder))?;
        let private = || Permissions::from_mode(PRIVATE_DIR);
        if let Self::Empty(path) = self {
            fs::set_permissions(path, private()).map_err(RestoreError::disk("cannot close to others", path))?;
        }
        let mut builder = tempfile::Builder::new();
        let staging = builder.prefix(".nanduti-restore-").permissions(private()).tempdir_in(folder);
        staging.map_err(RestoreError::disk("cannot make a folder in", folder))
    }

    /// Lets what was restored be the home. If that fails, what is there of it is taken away again.
    pub(super) fn settle(&self, staging: TempDir) -> Result<(), RestoreError> {
        match self {
            Self::Absent(path) => {
                let failed = RestoreError::disk("cannot give what was restored the name", path);
                match disk::rename(staging.path(), path) {
                    Ok(()) => {}
                    Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
                        return Err(RestoreError::Occupied { home: path.clone() });
                    }
                    Err(error) => return Err(failed(error)),
                }
                // It has another name now, and is not to be removed.
                let _ = staging.keep();
                sync_dir(self.folder()).map_err(|error| {
                    let _ = fs::remove_dir_all(path);
                    failed(error)
                })
            }
            Self::Empty(path) => {
                let names = names_in(staging.path()).map_err(RestoreError::disk("cannot read", staging.path()))?;
                move_into(staging.path(), path, &names).map_err(|error| {
                    for name in &names {
                        let path = path.join(name);
                        // What cannot be taken away stays: without `network/` it is no node, and it does not sign.
                        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                    }
                    RestoreError::disk("cannot move what was restored into", path)(error)
                })
            }
        }
    }
}

/// What lies in a folder: first what keeps the node from signing, last what makes it a node.
fn names_in(folder: &Path) -> io::Result<Vec<OsString>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let mut names = names.collect::<io::Result<Vec<OsString>>>()?;
    names.sort_by_key(|name| (name != "restored", name == "network"));
    Ok(names)
}

/// Moves everything into a folder. Whenever that is cut off, no node runs there that signs.
fn move_into(from: &Path, to: &Path, names: &[OsString]) -> io::Result<()> {
    for name in names {
        disk::rename(&from.join(name), &to.join(name))?;
        // A power cut may else bring back the later ones without the first, or the last without those before it.
        sync_dir(to)?;
    }
    Ok(())
}
