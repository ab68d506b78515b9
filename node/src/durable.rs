//! Small files that are either the old one or the new one, never half of each.
//!
//! A file is written beside its destination, flushed to the disk, given its name in one step, and the folder is
//! flushed, so that neither a crash nor a power cut can show a torn file or lose one that was reported as written.
//!
//! Invariants: nothing is readable by others for even a moment, since the temporary file is made with mode 0600 and
//! gets its final mode before it gets its name; when a function returns, the bytes and the name are on the disk.
//!
//! Absent: growing files. Segments are appended to by the store, which has a watermark and cuts torn tails.

use std::io;
use std::path::Path;

use crate::disk::{self, Staged};

/// The mode of what only the owner may read: keys, drafts, configuration.
pub const PRIVATE_FILE: u32 = 0o600;

/// The mode of every folder of a home.
pub const PRIVATE_DIR: u32 = 0o700;

/// Puts `bytes` at `path`, replacing what is there, with the permissions `mode`; the folder must exist.
pub fn write_file_durably(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    staged(path, bytes, mode)?.replace(path)?;
    sync_dir(folder_of(path))
}

/// Puts `bytes` at `path` with the permissions `mode`, unless something has that name: then `AlreadyExists`, and what
/// is there is untouched.
pub fn create_file_durably(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    staged(path, bytes, mode)?.take_name(path)?;
    sync_dir(folder_of(path))
}

/// Makes a folder with mode 0700, and the missing ones above it; one that exists is left as it is.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = folder_of(path);
    create_private_dir(parent)?;
    if make_private_dir(path)? { sync_dir(parent) } else { Ok(()) }
}

/// Makes a folder with mode 0700 in one that exists, and leaves flushing that one to the caller; says whether it was missing.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<bool> {
    if path.is_dir() {
        return Ok(false);
    }
    match disk::create_dir(path, PRIVATE_DIR) {
        Ok(()) => Ok(true),
        // Another thread or process may have been quicker; that is as good.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Flushes a folder, so that names made, changed or removed in it survive a power cut.
#[cfg_attr(test, track_caller)]
pub fn sync_dir(path: &Path) -> io::Result<()> {
    disk::sync_dir(path)
}

fn staged(path: &Path, bytes: &[u8], mode: u32) -> io::Result<Staged> {
    let mut file = Staged::within(folder_of(path), PRIVATE_FILE)?;
    file.write_all(bytes)?;
    file.set_mode(mode)?;
    file.sync()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => Path::new("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_file_is_replaced_whole_with_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_file_durably(&path, b"long first text", 0o644).unwrap();
        assert_eq!(mode_of(&path), 0o644);
        write_file_durably(&path, b"second", PRIVATE_FILE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(mode_of(&path), PRIVATE_FILE);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn creating_never_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        create_file_durably(&path, b"first", PRIVATE_FILE).unwrap();
        let error = create_file_durably(&path, b"second", PRIVATE_FILE).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn folders_are_private_all_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        create_private_dir(&deep).unwrap();
        create_private_dir(&deep).unwrap();
        assert_eq!(mode_of(&dir.path().join("a")), PRIVATE_DIR);
        assert_eq!(mode_of(&deep), PRIVATE_DIR);
    }

    #[test]
    fn a_file_in_the_way_of_a_folder_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, b"").unwrap();
        assert!(create_private_dir(&path).is_err());
        assert!(create_private_dir(&path.join("b")).is_err());
    }
}
