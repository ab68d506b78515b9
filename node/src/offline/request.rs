//! The form of the file: strict DAG-CBOR, one spelling, bounded, with a version.
//!
//! ```text
//! request = {act, ? signed: [bytes], charter: bytes, version: 2}
//! act     = {vote: …} | {keyring: …} | {beginning: …}
//! ```
//!
//! | field | content |
//! | --- | --- |
//! | `act` | what the key is to say: each kind of act is a variant of [`Act`], and has a module with its form |
//! | `signed` | the whole envelopes, once they are signed |
//! | `charter` | the charter of the network: its hash is the network's id |

use std::path::Path;

use nanduti_protocol::{
    cbor::{self, CborError},
    limits,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{ballot::VoteAct, begin::BeginningAct, check::Checked, keyring::KeyringAct, words};
use crate::{
    api::{ApiError, ErrorKind, RequestView},
    founding::{disk, failure},
};

/// The version of the form.
const VERSION: u64 = 2;
/// A charter and two keyrings, each as large as a body may be, and the openings.
pub(crate) const FILE_MAX: usize = 4 * 1024 * 1024;
/// Signatures of one request.
const SIGNED_MAX: usize = 3;

/// What a root key is to sign, or has signed. Its form has been checked and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub(crate) act: Act,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed: Option<Vec<ByteBuf>>,
    pub(crate) charter: ByteBuf,
    pub(super) version: u64,
}

/// What a key can be asked to say. Another act is another variant, with a module of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    /// A statement of a ballot.
    Vote(VoteAct),
    /// An entry of the root log with a keyring.
    Keyring(KeyringAct),
    /// The beginning of a root log: the charter, a keyring, and a newcomer's request.
    Beginning(BeginningAct),
}

/// Why bytes are not a request, or not one that may be signed.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Longer than any request.
    #[error("it is longer than a request can be")]
    Oversized,
    /// Not in canonical form.
    #[error("it is {0}")]
    Encoding(#[from] CborError),
    /// A form of another version of the program.
    #[error("it has the version {0}, and this program reads version 2")]
    Version(u64),
    /// Something in it does not hold.
    #[error("{0}")]
    Content(String),
    /// Something in it does not hold, for a reason of its own.
    #[error("{what}: {why}")]
    Because {
        /// What does not hold.
        what: &'static str,
        /// Why.
        why: String,
    },
}

impl RequestError {
    pub(crate) fn because(what: &'static str) -> impl Fn(&dyn std::error::Error) -> Self {
        move |error| Self::Because { what, why: error.to_string() }
    }
}

impl Request {
    pub(crate) fn new(act: Act, charter: Vec<u8>) -> Self {
        Self { act, signed: None, charter: ByteBuf::from(charter), version: VERSION }
    }

    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// If they have not the form.
    pub fn decode(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > FILE_MAX {
            return Err(RequestError::Oversized);
        }
        let request: Self = cbor::decode_exact(bytes)?;
        if request.version != VERSION {
            return Err(RequestError::Version(request.version));
        }
        let act = match &request.act {
            Act::Vote(act) => act.is_bounded(),
            Act::Keyring(act) => act.is_bounded(),
            Act::Beginning(act) => act.is_bounded(),
        };
        let signed = request.signed.as_deref().unwrap_or_default();
        let signed = signed.len() <= SIGNED_MAX && signed.iter().all(|one| one.len() <= limits::ENTRY_MAX);
        let bounded = act && signed && request.charter.len() <= limits::BODY_MAX;
        if bounded { Ok(request) } else { Err(RequestError::Oversized) }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read or is not a request.
    pub fn read(path: &Path) -> Result<Self, ApiError> {
        let bytes = disk::read_bounded(path, FILE_MAX as u64).map_err(|error| failure::file(&error))?;
        Self::decode(&bytes).map_err(|error| {
            let told = ApiError::new(ErrorKind::Failed, format!("{} is not a request to a root key", path.display()));
            told.because(&error).hint("such a file is made with `--prepare FILE`, and signed by `nanduti sign FILE`")
        })
    }

    /// Writes a file under a name that is free, or that holds these bytes already.
    ///
    /// # Errors
    /// If another file has that name, or the disk fails.
    pub fn write(&self, path: &Path) -> Result<(), ApiError> {
        disk::write_new(path, &self.encode(), disk::PUBLIC_FILE).map_err(|error| failure::file(&error))
    }

    /// Has it been signed?
    pub fn is_signed(&self) -> bool {
        self.signed.is_some()
    }

    /// Does it begin a root log? Then what is signed is kept in the home, which may have no network yet.
    pub fn is_beginning(&self) -> bool {
        matches!(self.act, Act::Beginning(_))
    }

    /// What it says, computed from the bytes that are to be signed. A signature in it is verified.
    ///
    /// # Errors
    /// If it contradicts itself or the rules, so that nobody should sign it.
    pub fn view(&self) -> Result<RequestView, RequestError> {
        Ok(words::view(&Checked::of(self)?))
    }
}
