//! Keys of an institution that are made beside its home: a spare root key, which is sealed and laid by, and a governance key, which an
//! officer keeps.
//!
//! Both are files like that of a root key, encrypted with a passphrase. Their public halves come onto the member's line by its card,
//! its request, or a ballot; as long as they do not stand there, they speak for nobody.

use std::path::{Path, PathBuf};

use super::{failure, types::SealedKeyReply};
use crate::{
    Home,
    api::ApiError,
    durable::create_private_dir,
    keys::{GovernanceKey, Key, KeyError, KeyStore, KeyUse, Passphrase, Protection, RootKey},
};

/// Which key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedKey {
    /// A root key to be laid by.
    Spare,
    /// A key that may sign ordinary ballots.
    Governance,
}

/// Makes a key in a file of its own, or a governance key in the home if no file is named. Never over another.
///
/// # Errors
/// If the passphrase is too short, there is such a file, or the disk fails.
pub fn make_sealed_key(
    home: &Home,
    which: SealedKey,
    out: Option<&Path>,
    passphrase: &Passphrase,
) -> Result<SealedKeyReply, ApiError> {
    let failed = |error: KeyError| failure::key("the key could not be made", &error);
    let path = match (out, which) {
        (Some(path), _) => path.to_path_buf(),
        (None, SealedKey::Governance) => {
            create_private_dir(&home.keys_dir())
                .map_err(|error| failure::failed("the folder of the keys could not be made", &error))?;
            KeyStore::of(home).governance_file()
        }
        (None, SealedKey::Spare) => {
            return Err(failure::usage("a spare root key is laid by: name a file that is not in the home")
                .hint("--out /media/stick/spare.pem"));
        }
    };
    match which {
        SealedKey::Spare => write(path, &RootKey::generate().map_err(failed)?, passphrase),
        SealedKey::Governance => write(path, &GovernanceKey::generate().map_err(failed)?, passphrase),
    }
    .map_err(failed)
}

fn write<U: KeyUse>(path: PathBuf, key: &Key<U>, passphrase: &Passphrase) -> Result<SealedKeyReply, KeyError> {
    KeyStore::create_sealed_at(&path, key, passphrase, Protection::Scrypt)?;
    Ok(SealedKeyReply {
        key: data_encoding::HEXLOWER.encode(&key.public()),
        fingerprint: key.fingerprint().to_string(),
        path: path.display().to_string(),
    })
}
