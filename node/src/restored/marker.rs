//! The file `restored` of a home: which backup it came from, and how far its own logs reached there.

use std::{fs::File, io::Read};

use nanduti_protocol::{hash::Hash, key::PublicKey};
use serde::{Deserialize, Serialize};

use crate::{Home, PRIVATE_FILE, disk, sync_dir, write_file_durably};

/// The form of the file.
const VERSION: u32 = 1;
/// A member has some keys; each takes some two hundred bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// What a restored home knows of where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marker {
    version: u32,
    /// When the backup was made, in milliseconds since 1970; 0 if that is not known.
    pub(crate) made_ms: u64,
    /// When it was restored.
    pub(crate) restored_ms: u64,
    /// The member's own logs as the backup had them.
    pub(crate) logs: Vec<OwnLog>,
}

/// A log of the node's own member, and how far it reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnLog {
    /// The log.
    #[serde(with = "hex_key")]
    pub(crate) key: PublicKey,
    /// Is it the member's root log?
    pub(crate) root: bool,
    /// The next place in it.
    pub(crate) next: u64,
    /// Hash of its last entry; the network's id before the first.
    #[serde(with = "hex_hash")]
    pub(crate) head: Hash,
}

impl Marker {
    /// The marker of a home that is being restored.
    pub(crate) fn new(made_ms: u64, restored_ms: u64, logs: Vec<OwnLog>) -> Self {
        Self { version: VERSION, made_ms, restored_ms, logs }
    }

    /// Does it keep this key from signing? One that says nothing of any log keeps every key from it.
    pub(crate) fn binds(&self, log: &PublicKey) -> bool {
        self.logs.is_empty() || self.logs.iter().any(|own| own.key == *log)
    }

    /// What it says of a log.
    pub(crate) fn log(&self, log: &PublicKey) -> Option<&OwnLog> {
        self.logs.iter().find(|own| own.key == *log)
    }

    /// The marker of a home; `None` if the home was never restored, or has learnt where its log stands. A file that cannot be
    /// understood is a marker all the same, and says nothing.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn read(home: &Home) -> std::io::Result<Option<Self>> {
        let file = match File::open(home.restored_file()) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(FILE_MAX).read_to_end(&mut bytes)?;
        Ok(Some(Self::parse(&bytes).unwrap_or(Self::new(0, 0, Vec::new()))))
    }

    /// Puts it into a home, durably.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn write(&self, home: &Home) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other)?;
        write_file_durably(&home.restored_file(), text.as_bytes(), PRIVATE_FILE)
    }

    /// Takes the marker of a home away, durably.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn remove(home: &Home) -> std::io::Result<()> {
        disk::remove_file(&home.restored_file())?;
        sync_dir(home.path())
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|marker: &Self| marker.version == VERSION)
    }
}

/// Keys as people read them.
pub(crate) mod hex_key {
    use nanduti_protocol::key::PublicKey;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(key: &PublicKey, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&key.to_hex())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
        let text = String::deserialize(deserializer)?;
        PublicKey::from_hex(&text).filter(|key| key.to_hex() == text).ok_or_else(|| D::Error::custom("not a key"))
    }
}

/// Hashes as people read them.
pub(crate) mod hex_hash {
    use nanduti_protocol::hash::Hash;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hash.to_hex())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(deserializer)?;
        Hash::from_hex(&text).filter(|hash| hash.to_hex() == text).ok_or_else(|| D::Error::custom("not a hash"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> PublicKey {
        PublicKey::from_bytes([number; 32])
    }

    fn marker() -> Marker {
        let own = |number| OwnLog { key: key(number), root: number == 1, next: 7, head: Hash::of(&[number]) };
        Marker::new(1_700_000_000_000, 1_800_000_000_000, vec![own(1), own(2)])
    }

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        (dir, home)
    }

    #[test]
    fn it_stays_until_it_is_removed() {
        let (_dir, home) = home();
        assert_eq!(Marker::read(&home).unwrap(), None);
        marker().write(&home).unwrap();
        assert_eq!(Marker::read(&home).unwrap(), Some(marker()));
        Marker::remove(&home).unwrap();
        assert_eq!(Marker::read(&home).unwrap(), None);
        assert!(Marker::remove(&home).is_err(), "there is nothing to remove");
    }

    #[test]
    fn it_binds_the_keys_that_it_names_and_no_other() {
        assert!(marker().binds(&key(1)) && marker().binds(&key(2)));
        assert!(!marker().binds(&key(3)), "a key that is fresh since has signed nothing before");
        assert_eq!(marker().log(&key(2)).map(|own| (own.root, own.next)), Some((false, 7)));
    }

    #[test]
    fn one_that_cannot_be_read_binds_every_key() {
        let (_dir, home) = home();
        let whole = serde_json::to_string(&marker()).unwrap();
        let other = whole.replace("\"version\":1", "\"version\":2");
        for text in ["", "{}", &whole[..40], &other, &whole.replace("0101", "zz"), &format!("{whole}x")] {
            std::fs::write(home.restored_file(), text).unwrap();
            let read = Marker::read(&home).unwrap().unwrap();
            assert!(read.binds(&key(9)) && read.logs.is_empty(), "{text}");
        }
    }
}
