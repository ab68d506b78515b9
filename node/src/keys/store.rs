//! The key files of a home.
//!
//! Invariants: a file is made whole, with mode 0600, or not at all, and never over another; what is read is bounded and
//! belongs to nobody else.
//!
//! Absent: deciding which keys a home needs. An observer has a node key only; `init` gives a member all three.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use pkcs8::der::zeroize::Zeroizing;

use super::error::KeyError;
use super::passphrase::Passphrase;
use super::pem::{self, KEY_FILE_BYTES_MAX, Protection, Seed};
use super::{Governance, Key, KeyUse, Node, NodeKey, Publish, PublishKey, Root, RootKey};
use crate::disk;
use crate::durable::{PRIVATE_FILE, create_file_durably, create_private_dir, sync_dir};
use crate::home::Home;

/// The folder `keys/` of a home.
#[derive(Debug, Clone)]
pub struct KeyStore {
    dir: PathBuf,
}

impl KeyStore {
    /// The key files of a home, which need not exist yet.
    pub fn of(home: &Home) -> Self {
        Self { dir: home.keys_dir() }
    }

    /// Where the root key is.
    pub fn root_file(&self) -> PathBuf {
        self.file::<Root>()
    }

    /// Where a governance key is, if the node keeps one.
    pub fn governance_file(&self) -> PathBuf {
        self.file::<Governance>()
    }

    /// Where the publishing key is.
    pub fn publish_file(&self) -> PathBuf {
        self.file::<Publish>()
    }

    /// Where the node key is.
    pub fn node_file(&self) -> PathBuf {
        self.file::<Node>()
    }

    /// Where the publishing key is that will take the place of the present one, once the member's keyring lists it.
    pub fn next_publish_file(&self) -> PathBuf {
        self.dir.join("publish-next.pem")
    }

    /// Writes a root key, encrypted; refuses to overwrite one.
    pub fn create_root(&self, key: &RootKey, passphrase: &Passphrase, how: Protection) -> Result<(), KeyError> {
        self.write::<Root>(&pem::encode_encrypted(&key.seed(), passphrase, how)?)
    }

    /// The same with a root or a governance key at a place of its own.
    pub fn create_sealed_at<U: KeyUse>(
        path: &Path,
        key: &Key<U>,
        passphrase: &Passphrase,
        how: Protection,
    ) -> Result<(), KeyError> {
        write_new(path, &pem::encode_encrypted(&key.seed(), passphrase, how)?)
    }

    /// Writes a publishing key; refuses to overwrite one.
    pub fn create_publish(&self, key: &PublishKey) -> Result<(), KeyError> {
        self.write::<Publish>(&pem::encode_plain(&key.seed())?)
    }

    /// Writes a node key; refuses to overwrite one.
    pub fn create_node(&self, key: &NodeKey) -> Result<(), KeyError> {
        self.write::<Node>(&pem::encode_plain(&key.seed())?)
    }

    /// Opens the root key.
    pub fn open_root(&self, passphrase: &Passphrase) -> Result<RootKey, KeyError> {
        self.open(|text| pem::decode_encrypted(text, passphrase))
    }

    /// Opens a root key at a place of its own. It is encrypted, and may lie on a stick that knows no permissions.
    pub fn open_root_at(path: &Path, passphrase: &Passphrase) -> Result<RootKey, KeyError> {
        let text = read_key(path, Exposure::Accepted)?;
        decoded(path, pem::decode_encrypted(&text, passphrase))
    }

    /// The publishing key that will take the place of the present one; made now if there is none. Only the holder of the
    /// home's lock may call it.
    pub fn open_or_create_next_publish(&self) -> Result<PublishKey, KeyError> {
        match self.open_next_publish() {
            Err(KeyError::Missing { .. }) => {
                let key = PublishKey::generate()?;
                write_new(&self.next_publish_file(), &pem::encode_plain(&key.seed())?)?;
                Ok(key)
            }
            opened => opened,
        }
    }

    /// The publishing key that will take the place of the present one.
    pub fn open_next_publish(&self) -> Result<PublishKey, KeyError> {
        let path = self.next_publish_file();
        decoded(&path, pem::decode_plain(&read_key(&path, Exposure::Refused)?))
    }

    /// Puts the next publishing key in the place of the present one, which is kept under a name of its own. A crash leaves
    /// either the one or the other in that place.
    pub fn take_next_publish(&self) -> Result<PublishKey, KeyError> {
        let next = self.open_next_publish()?;
        match self.open_publish() {
            Ok(present) => {
                let name = data_encoding::HEXLOWER.encode(&present.public()[..8]);
                let kept = self.dir.join(format!("publish-{name}.pem"));
                match write_new(&kept, &pem::encode_plain(&present.seed())?) {
                    Ok(()) | Err(KeyError::Exists { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Err(KeyError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
        let failed = |source| KeyError::Io { path: self.publish_file(), source };
        disk::rename(&self.next_publish_file(), &self.publish_file()).map_err(failed)?;
        sync_dir(&self.dir).map_err(failed)?;
        Ok(next)
    }

    /// Opens the publishing key.
    pub fn open_publish(&self) -> Result<PublishKey, KeyError> {
        self.open(pem::decode_plain)
    }

    /// Opens the node key.
    pub fn open_node(&self) -> Result<NodeKey, KeyError> {
        self.open(pem::decode_plain)
    }

    /// Opens the node key; makes one if there is none. Only the holder of the home's lock may call it.
    pub fn open_or_create_node(&self) -> Result<NodeKey, KeyError> {
        match self.open_node() {
            Err(KeyError::Missing { .. }) => {
                let key = NodeKey::generate()?;
                self.create_node(&key)?;
                Ok(key)
            }
            opened => opened,
        }
    }

    fn file<U: KeyUse>(&self) -> PathBuf {
        self.dir.join(format!("{}.pem", U::NAME))
    }

    fn write<U: KeyUse>(&self, text: &str) -> Result<(), KeyError> {
        create_private_dir(&self.dir).map_err(|source| KeyError::Io { path: self.dir.clone(), source })?;
        write_new(&self.file::<U>(), text)
    }

    fn open<U: KeyUse>(&self, decode: impl FnOnce(&[u8]) -> Result<Seed, KeyError>) -> Result<Key<U>, KeyError> {
        let path = self.file::<U>();
        let text = read_key(&path, Exposure::Refused)?;
        decoded(&path, decode(&text))
    }
}

/// May others than its owner be able to read or change a file?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exposure {
    Refused,
    Accepted,
}

fn write_new(path: &Path, text: &str) -> Result<(), KeyError> {
    create_file_durably(path, text.as_bytes(), PRIVATE_FILE).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_path_buf() },
        _ => KeyError::Io { path: path.to_path_buf(), source },
    })
}

fn decoded<U: KeyUse>(path: &Path, seed: Result<Seed, KeyError>) -> Result<Key<U>, KeyError> {
    match seed {
        Ok(seed) => Ok(Key::from_seed(&seed)),
        // What is wrong with the passphrase is not wrong with the file.
        Err(error @ (KeyError::Passphrase | KeyError::Random(_))) => Err(error),
        Err(error) => Err(KeyError::File { path: path.to_path_buf(), source: Box::new(error) }),
    }
}

/// The content of a key file.
fn read_key(path: &Path, exposure: Exposure) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing { path: path.to_path_buf() },
        _ => KeyError::Io { path: path.to_path_buf(), source },
    };
    let file = open_file(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "it is not a file");
        return Err(KeyError::Io { path: path.to_path_buf(), source });
    }
    let mode = found.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 && exposure == Exposure::Refused {
        return Err(KeyError::Exposed { path: path.to_path_buf(), mode });
    }
    if found.len() > KEY_FILE_BYTES_MAX {
        let source = Box::new(KeyError::Long { max: KEY_FILE_BYTES_MAX });
        return Err(KeyError::File { path: path.to_path_buf(), source });
    }
    // Room for all of it at once: a vector that grows leaves copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES_MAX as usize + 1));
    file.take(KEY_FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Opens without waiting: a pipe in the place of a key would otherwise hold the node up for ever.
fn open_file(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    OpenOptions::new().read(true).custom_flags(flags as i32).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;
    use std::fs;

    fn store() -> (tempfile::TempDir, KeyStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = KeyStore::of(&Home::at(dir.path()));
        (dir, store)
    }

    #[test]
    fn keys_come_back_and_are_not_overwritten() {
        let (_dir, store) = store();
        let (root, publish) = (RootKey::generate().unwrap(), PublishKey::generate().unwrap());
        let passphrase = Passphrase::from("correct horse");
        store.create_root(&root, &passphrase, Protection::Scrypt).unwrap();
        store.create_publish(&publish).unwrap();
        let node = store.open_or_create_node().unwrap();
        assert_eq!(store.open_root(&passphrase).unwrap().public(), root.public());
        assert_eq!(store.open_publish().unwrap().public(), publish.public());
        assert_eq!(store.open_or_create_node().unwrap().public(), node.public());
        for path in [store.root_file(), store.publish_file(), store.node_file()] {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = store.create_publish(&PublishKey::generate().unwrap());
        assert!(matches!(again, Err(KeyError::Exists { .. })));
        assert_eq!(store.open_publish().unwrap().public(), publish.public());
    }

    #[test]
    fn the_next_publishing_key_takes_the_place_of_the_present_one() {
        let (_dir, store) = store();
        let present = PublishKey::generate().unwrap();
        store.create_publish(&present).unwrap();
        assert!(matches!(store.take_next_publish(), Err(KeyError::Missing { .. })));
        let next = store.open_or_create_next_publish().unwrap();
        assert_eq!(store.open_or_create_next_publish().unwrap().public(), next.public(), "made once");
        assert_eq!(store.open_publish().unwrap().public(), present.public(), "not yet");
        // As if a crash had come after the present key was put by.
        let name = data_encoding::HEXLOWER.encode(&present.public()[..8]);
        let kept = store.dir.join(format!("publish-{name}.pem"));
        fs::copy(store.publish_file(), &kept).unwrap();
        assert_eq!(store.take_next_publish().unwrap().public(), next.public());
        assert_eq!(store.open_publish().unwrap().public(), next.public());
        assert!(!store.next_publish_file().exists() && kept.exists());
    }

    #[test]
    fn a_root_key_on_a_stick_may_be_seen_by_others() {
        let dir = tempfile::tempdir().unwrap();
        let (path, words) = (dir.path().join("root.pem"), Passphrase::from("correct horse"));
        let key = RootKey::generate().unwrap();
        KeyStore::create_sealed_at(&path, &key, &words, Protection::Scrypt).unwrap();
        assert!(matches!(
            KeyStore::create_sealed_at(&path, &key, &words, Protection::Scrypt),
            Err(KeyError::Exists { .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(KeyStore::open_root_at(&path, &words).unwrap().public(), key.public());
    }

    #[test]
    fn a_wrong_passphrase_is_said_to_be_one() {
        let (_dir, store) = store();
        let root = RootKey::generate().unwrap();
        store.create_root(&root, &"correct horse".into(), Protection::Scrypt).unwrap();
        assert!(matches!(store.open_root(&"battery staple".into()), Err(KeyError::Passphrase)));
    }

    #[test]
    fn a_short_passphrase_writes_nothing() {
        let (_dir, store) = store();
        let made = store.create_root(&RootKey::generate().unwrap(), &"short".into(), Protection::Scrypt);
        assert!(matches!(made, Err(KeyError::PassphraseShort { chars: 5 })));
        assert!(!store.root_file().exists());
    }

    #[test]
    fn an_exposed_key_is_not_read() {
        let (_dir, store) = store();
        store.create_publish(&PublishKey::generate().unwrap()).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o644] {
            fs::set_permissions(store.publish_file(), fs::Permissions::from_mode(mode)).unwrap();
            let error = store.open_publish().unwrap_err();
            assert!(error.hint().unwrap().starts_with("chmod 600 "), "{error}");
        }
        fs::set_permissions(store.publish_file(), fs::Permissions::from_mode(0o400)).unwrap();
        store.open_publish().unwrap();
    }

    #[test]
    fn what_is_no_key_is_named() {
        let (_dir, store) = store();
        assert!(matches!(store.open_node(), Err(KeyError::Missing { .. })));
        let put = |bytes: &[u8]| {
            fs::create_dir_all(&store.dir).unwrap();
            fs::write(store.node_file(), bytes).unwrap();
            fs::set_permissions(store.node_file(), fs::Permissions::from_mode(0o600)).unwrap();
            store.open_node().unwrap_err()
        };
        assert!(
            matches!(put(&vec![b'x'; 65 * 1024]), KeyError::File { source, .. } if matches!(*source, KeyError::Long { .. }))
        );
        let error = put(b"secret");
        assert!(!format!("{error} {}", error.source().unwrap()).contains("secret"));
        fs::remove_file(store.node_file()).unwrap();
        fs::create_dir(store.node_file()).unwrap();
        assert!(matches!(store.open_node(), Err(KeyError::Io { .. })));
    }
}
