//! The manifest: what a backup is of, and what is in it.

use std::collections::BTreeSet;

use nanduti_protocol::{hash::Hash, key::MemberId};
use serde::{Deserialize, Serialize};

use super::{FILES_MAX, MANIFEST_MAX, error::FormError, form::Item, place::Place};
use crate::restored::{OwnLog, hex_hash};

/// The form of the manifest and of everything before it.
pub(super) const VERSION: u32 = 1;

/// What a backup is of, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// The form.
    pub(super) version: u32,
    /// Version of the program that made it.
    pub(super) program: String,
    /// When it was made, in milliseconds since 1970.
    pub(super) made_ms: u64,
    /// The network.
    #[serde(with = "hex_hash")]
    pub(super) network: Hash,
    /// The member for whom the node speaks.
    pub(super) member: Option<MemberId>,
    /// The node's libp2p id.
    pub(super) peer_id: String,
    /// Is the whole library in it?
    pub(super) all: bool,
    /// The member's own logs, and how far they reach.
    pub(super) own_logs: Vec<OwnLog>,
    /// Logs in it.
    pub(super) logs: u64,
    /// Entries in it.
    pub(super) entries: u64,
    /// Every file, in the order in which they stand.
    pub(super) files: Vec<FileLine>,
}

/// A file of the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileLine {
    /// Its path.
    pub(super) path: String,
    /// Its length in bytes.
    pub(super) len: u64,
    /// BLAKE3 of its content.
    #[serde(with = "hex_hash")]
    pub(super) blake3: Hash,
}

impl FileLine {
    /// The line of a file.
    pub(super) fn of(path: &str, bytes: &[u8]) -> Self {
        Self { path: path.to_owned(), len: bytes.len() as u64, blake3: Hash::of(bytes) }
    }

    /// Is this that file?
    pub(super) fn is_of(&self, item: &Item) -> bool {
        self.path == item.path && self.len == item.bytes.len() as u64 && self.blake3 == Hash::of(&item.bytes)
    }
}

/// What was read of a backup so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    files: Vec<FileLine>,
    paths: BTreeSet<String>,
}

impl Seen {
    /// Takes note of a file.
    pub(super) fn note(&mut self, item: &Item) -> Result<Place, FormError> {
        let place = Place::of(&item.path).ok_or_else(|| FormError::Path(item.path.clone()))?;
        if !self.paths.insert(item.path.clone()) {
            return Err(FormError::Twice(item.path.clone()));
        }
        if self.files.len() >= FILES_MAX {
            return Err(FormError::Large("a backup may have"));
        }
        self.files.push(FileLine::of(&item.path, &item.bytes));
        Ok(place)
    }

    /// Bytes of all files.
    pub(super) fn total(&self) -> u64 {
        self.files.iter().map(|file| file.len).sum()
    }

    /// Reads the manifest, and compares it with what was there.
    pub(super) fn check(self, bytes: &[u8]) -> Result<Manifest, FormError> {
        let wrong = |what: &str| FormError::Manifest(what.to_owned());
        let manifest: Manifest = serde_json::from_slice(bytes)
            .map_err(|error| FormError::Manifest(format!("its manifest is not one: {error}")))?;
        if manifest.version != VERSION {
            return Err(FormError::OtherForm(manifest.version));
        }
        if manifest.files.len() != self.files.len() {
            return Err(wrong("its manifest lists other files than it holds"));
        }
        for (listed, found) in manifest.files.iter().zip(&self.files) {
            if listed != found {
                let path = &found.path;
                return Err(FormError::Manifest(format!("{path} is not the file that the manifest lists there")));
            }
        }
        for needed in ["network/network", "keys/node.pem"] {
            if !self.paths.contains(needed) {
                return Err(FormError::Manifest(format!("{needed} is not in it")));
            }
        }
        Ok(manifest)
    }
}

impl Manifest {
    /// The bytes of it.
    pub(super) fn encode(&self) -> std::io::Result<Vec<u8>> {
        let bytes = serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?;
        let large = || std::io::Error::other("there are too many files for one backup");
        if bytes.len() > MANIFEST_MAX || self.files.len() > FILES_MAX { Err(large()) } else { Ok(bytes) }
    }
}
