//! What can be wrong with a key file, said so that an operator can repair it.
//!
//! Invariant: no message holds a secret, nor any byte of a file that should hold one.

use std::io;
use std::path::PathBuf;

/// Why a key could not be made, written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system gave no random bytes.
    #[error("the system has no random numbers to make a key from")]
    Random(#[source] getrandom::Error),
    /// There is no such file.
    #[error("there is no key at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A key is already there, and keys are never overwritten.
    #[error("there is already a key at {}; a key is never overwritten", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// Others than the owner may read or write the file.
    #[error("{} can be read or changed by others than its owner (mode {mode:04o})", path.display())]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file could not be read or written.
    #[error("cannot use the key file {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file was read; what is in it is not the key that should be there.
    #[error("{} is not a usable key", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What it is instead.
        source: Box<KeyError>,
    },
    /// It is too long to be a key.
    #[error("it is longer than {max} bytes, so it is no key")]
    Long {
        /// The bound.
        max: u64,
    },
    /// It is no PEM text.
    #[error("expected {expected}, found {found}")]
    Other {
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// It says that it is the right thing, and cannot be decoded.
    #[error("it says that it is {expected}, but its content is damaged: {reason}")]
    Damaged {
        /// What it says that it is.
        expected: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// Encrypted in a way that is not read here.
    #[error("it is encrypted with {what}, which is not accepted")]
    Encryption {
        /// The scheme.
        what: String,
    },
    /// To derive the key would cost more memory or time than any honest file asks for.
    #[error("its passphrase is stretched with {what}, more than is accepted; the file may have been made to harm")]
    Cost {
        /// The parameters.
        what: String,
    },
    /// The passphrase is wrong, or the file is damaged: the two cannot be told apart.
    #[error("the passphrase is wrong, or the file is damaged")]
    Passphrase,
    /// Too short for a new key.
    #[error("the passphrase has {chars} characters; a root key needs at least 8")]
    PassphraseShort {
        /// How many it has.
        chars: usize,
    },
    /// Too long for OpenSSL.
    #[error("the passphrase has {bytes} bytes; no more than 1000 are possible")]
    PassphraseLong {
        /// How many it has.
        bytes: usize,
    },
}

impl KeyError {
    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exposed { path, .. } => Some(format!("chmod 600 {}", path.display())),
            Self::Exists { .. } => Some("use another --home, or move the key away and keep it safe".into()),
            Self::Missing { .. } => Some("`nanduti init` makes the keys of a member".into()),
            Self::File { path, source } => match **source {
                Self::Encryption { .. } | Self::Cost { .. } => {
                    Some(format!("re-encrypt it: openssl pkcs8 -topk8 -scrypt -in {} -out new.pem", path.display()))
                }
                _ => source.hint(),
            },
            Self::PassphraseShort { .. } => Some("four or five unrelated words are long and easy to remember".into()),
            _ => None,
        }
    }
}
