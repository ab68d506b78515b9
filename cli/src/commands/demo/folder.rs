//! Where a demonstration lives: a temporary folder that goes away with it, or one that was asked for and stays.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use nanduti_node::{
    api::{ApiError, ErrorKind},
    create_private_dir,
    keys::Passphrase,
};
use tempfile::TempDir;

/// The file that says the passphrase.
pub(super) const PASSPHRASE_FILE: &str = "passphrase";
/// Bytes of a passphrase, before they are written in hexadecimal.
const PASSPHRASE_BYTES: usize = 16;
/// How often to try again to remove a folder, and after how long.
const TRIES: usize = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// The folder of a demonstration.
#[derive(Debug)]
pub(super) enum Folder {
    /// Removed at the end.
    Temporary(TempDir),
    /// Asked for: it stays.
    Kept(PathBuf),
}

impl Folder {
    /// A new folder: the one asked for, which has to be empty or absent, or a temporary one.
    pub(super) fn new(wanted: Option<&Path>) -> Result<Self, ApiError> {
        let Some(wanted) = wanted else {
            let made = tempfile::Builder::new().prefix("nanduti-demo-").tempdir();
            return made.map(Self::Temporary).map_err(|error| failed("no temporary folder can be made", &error));
        };
        let unusable = |error| failed(&format!("{} cannot be used", wanted.display()), &error);
        let path = std::path::absolute(wanted).map_err(unusable)?;
        create_private_dir(&path).map_err(unusable)?;
        if std::fs::read_dir(&path).map_err(unusable)?.next().is_some() {
            let error = ApiError::new(ErrorKind::Usage, format!("{} is not empty", path.display()));
            return Err(error.hint("a demonstration begins in a folder of its own; name one that does not exist yet"));
        }
        Ok(Self::Kept(path))
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }

    /// Does it stay at the end?
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }

    /// A random passphrase for the root keys. A file in the folder says it: for the story, and where the folder stays.
    pub(super) fn passphrase(&self) -> Result<Passphrase, ApiError> {
        let mut bytes = [0; PASSPHRASE_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| failed("the system gives no random bytes", &error))?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = self.path().join(PASSPHRASE_FILE);
        nanduti_node::write_file_durably(&file, format!("{text}\n").as_bytes(), nanduti_node::PRIVATE_FILE)
            .map_err(|error| failed(&format!("{} cannot be written", file.display()), &error))?;
        Ok(Passphrase::new(text))
    }

    /// Removes it, if it is temporary. What was called off may still be writing for a moment, so one try is not enough.
    pub(super) async fn close(self) -> Result<(), ApiError> {
        let Self::Temporary(folder) = self else { return Ok(()) };
        let path = folder.keep();
        let mut tries = tokio::time::interval(BETWEEN_TRIES);
        let mut left = TRIES;
        loop {
            tries.tick().await;
            match std::fs::remove_dir_all(&path) {
                Ok(()) => return Ok(()),
                Err(_) if left > 0 => left -= 1,
                Err(error) => return Err(failed(&format!("{} cannot be removed", path.display()), &error)),
            }
        }
    }
}

fn failed(message: &str, error: &(dyn std::error::Error + 'static)) -> ApiError {
    ApiError::new(ErrorKind::Failed, message).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_that_holds_something_is_not_touched() {
        let outer = tempfile::tempdir().unwrap();
        std::fs::write(outer.path().join("mine"), "").unwrap();
        assert_eq!(Folder::new(Some(outer.path())).unwrap_err().kind, ErrorKind::Usage);
        let folder = Folder::new(Some(&outer.path().join("new"))).unwrap();
        folder.passphrase().unwrap().check().unwrap();
        let path = folder.path().to_path_buf();
        assert!(path.join("passphrase").is_file());
        folder.close().await.unwrap();
        assert!(path.is_dir());
    }

    #[tokio::test]
    async fn a_temporary_folder_goes_away() {
        let folder = Folder::new(None).unwrap();
        let path = folder.path().to_path_buf();
        assert!(path.is_dir() && !folder.is_kept());
        folder.close().await.unwrap();
        assert!(!path.exists());
    }
}
