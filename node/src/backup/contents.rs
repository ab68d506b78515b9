//! The small files of a home that a backup takes as they are.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use pkcs8::der::zeroize::Zeroizing;

use super::{
    FILE_MAX,
    place::{Place, is_name},
};
use crate::Home;

/// How deep folders may lie in one another: `network/founding/`.
const DEPTH_MAX: usize = 2;

/// Where the files of ballots lie. Other nodes have them too.
pub(super) const BALLOTS: &str = "network/ballots/";

/// Why a file cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContentsError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no file, has an odd name, or is too large.
    #[error("{} is nothing that a backup can hold: {why}", path.display())]
    Unfit {
        /// Which.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
}

/// The paths within a home of the small files that are there, in order. What begins with a dot is somebody's unfinished write.
/// Anything else that a backup could not hold is an error: to leave out a key unsaid would be worse than no backup.
pub(super) fn plain_files(home: &Home) -> Result<Vec<String>, ContentsError> {
    let mut files = Vec::new();
    for (name, path) in entries(home.path())? {
        let is_file = || path.is_file();
        if Place::of(&name) == Some(Place::Plain) && is_file() {
            files.push(name);
        }
    }
    for (name, folder) in [("keys", home.keys_dir()), ("network", home.network_dir())] {
        collect(&folder, name, 1, &mut files)?;
    }
    Ok(files)
}

fn collect(folder: &Path, within: &str, depth: usize, files: &mut Vec<String>) -> Result<(), ContentsError> {
    for (name, path) in entries(folder)? {
        let unfit = |why| ContentsError::Unfit { path: path.clone(), why };
        if name.starts_with('.') {
            continue;
        }
        if !is_name(&name) {
            return Err(unfit("its name is not one that this program gives"));
        }
        let found = fs::metadata(&path).map_err(|source| ContentsError::Read { path: path.clone(), source })?;
        let inner = format!("{within}/{name}");
        if found.is_dir() && depth < DEPTH_MAX {
            collect(&path, &inner, depth + 1, files)?;
        } else if !found.is_file() || Place::of(&inner) != Some(Place::Plain) {
            return Err(unfit("it is no file, or lies too deep"));
        } else {
            files.push(inner);
        }
    }
    Ok(())
}

/// The entries of a folder by name; none if there is no folder.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, ContentsError> {
    let failed = |source| ContentsError::Read { path: folder.to_path_buf(), source };
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut entries = Vec::new();
    for entry in found {
        let entry = entry.map_err(failed)?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    entries.sort();
    Ok(entries)
}

/// The content of a file that fits into a backup; `None` if it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, ContentsError> {
    let failed = |source| ContentsError::Read { path: path.to_path_buf(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let found = file.metadata().map_err(failed)?;
    let len = usize::try_from(found.len()).ok().filter(|len| found.is_file() && *len <= FILE_MAX);
    let len = len.ok_or(ContentsError::Unfit { path: path.to_path_buf(), why: "it is no file, or too large" })?;
    // Room for all of it at once: a vector that grows leaves copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(len + 1));
    file.take(len as u64).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}
