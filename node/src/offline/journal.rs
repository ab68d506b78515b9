//! What a root key has signed, remembered beside it.
//!
//! A root key that signs two statements for one place of its log forks that log, and only a ballot can heal it. A node would notice before,
//! but the machine that keeps the key may know no node. So it keeps a line for each signature, in a file beside the key, and refuses a
//! second statement for a place.

use std::path::{Path, PathBuf};

use nanduti_protocol::{entry::Statement, hash::Hash};

use crate::{
    api::{ApiError, ErrorKind},
    durable::{PRIVATE_FILE, write_file_durably},
    founding::{disk, failure},
};

/// A root log has at most 4,096 entries, and a line fewer than 200 bytes.
const FILE_MAX: u64 = 1 << 20;

/// The signatures of one root key.
pub(super) struct Journal {
    path: PathBuf,
    lines: Vec<String>,
}

impl Journal {
    /// The journal beside a key file.
    pub(super) fn beside(key: &Path) -> Result<Self, ApiError> {
        let mut name = key.file_name().unwrap_or_default().to_os_string();
        name.push(".signed");
        let path = key.with_file_name(name);
        let bytes = disk::read_if_there(&path, FILE_MAX).map_err(|error| failure::store(&error))?;
        let text = String::from_utf8(bytes.unwrap_or_default()).map_err(|error| {
            ApiError::new(ErrorKind::Store, format!("{} is damaged", path.display())).because(&error)
        })?;
        Ok(Self { path, lines: text.lines().map(ToOwned::to_owned).collect() })
    }

    /// Notes a statement that is about to be signed, durably.
    pub(super) fn note(&mut self, network: &Hash, statement: &Statement, payload: &[u8]) -> Result<(), ApiError> {
        let place = format!("{network} {} {} ", statement.log, statement.seq);
        let line = format!("{place}{}", Hash::of(payload));
        let before = self.lines.iter().find(|line| line.starts_with(&place));
        match before {
            Some(before) if *before == line => return Ok(()),
            Some(_) => {
                return Err(ApiError::new(
                    ErrorKind::Refused,
                    format!("this root key has signed another statement for entry {} of its log", statement.seq),
                )
                .because_text(format!("{} remembers it", self.path.display()))
                .hint(
                    "hand in the one that was signed first. Two statements for one place fork the root log, which only a ballot can \
                     heal. If every copy of the first is destroyed unseen, remove its line from that file",
                ));
            }
            None => {}
        }
        self.lines.push(line);
        let text: String = self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        write_file_durably(&self.path, text.as_bytes(), PRIVATE_FILE).map_err(|error| {
            failure::failed(format!("{} could not be written", self.path.display()), &error)
                .hint("nothing was signed: what a root key signs has to be remembered beside it")
        })
    }
}
