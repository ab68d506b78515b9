//! The form of the file: strict DAG-CBOR, one spelling, bounded, with a version.
//!
//! ```text
//! request = {act, ? signed: bytes, charter: bytes, version: 1}
//! act     = {keyring: {body: bytes, logs: [bytes], before: bytes | null, member, statement: bytes}}
//! ```
//!
//! | field | content |
//! | --- | --- |
//! | `act` | what the root key is to say; each kind of act is a variant of [`Act`] |
//! | `signed` | the whole envelope, once it is signed |
//! | `charter` | the charter of the network: its hash is the network's id |
//! | `statement` | the payload that is to be signed: the entry of the root log |
//! | `body` | the keyring that the entry commits to |
//! | `before` | the item (entry and body) of the keyring that is in force, to compare with |
//! | `logs` | the openings of publishing logs that begin with this keyring |

use std::path::Path;

use nanduti_protocol::{
    cbor::{self, CborError},
    key::MemberId,
    limits,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{check::Checked, words};
use crate::{
    api::{ApiError, ErrorKind, RequestView},
    founding::{disk, failure},
};

/// The version of the form.
const VERSION: u64 = 1;
/// A charter and two keyrings, each as large as a body may be, and the openings.
pub(crate) const FILE_MAX: usize = 4 * 1024 * 1024;
/// Logs that one keyring may begin.
const LOGS_MAX: usize = 8;
/// Bytes of the opening of a log.
const LOG_MAX: usize = 8 * 1024;

/// What a root key is to sign, or has signed. Its form has been checked and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub(crate) act: Act,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed: Option<ByteBuf>,
    pub(crate) charter: ByteBuf,
    pub(super) version: u64,
}

/// What a root key can be asked to say. Another act is another variant, with an arm in `check` and in `words`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    /// An entry of the root log with a keyring.
    Keyring(KeyringAct),
}

/// An entry of the root log with a keyring. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyringAct {
    pub(crate) body: ByteBuf,
    pub(crate) logs: Vec<ByteBuf>,
    pub(crate) before: Option<ByteBuf>,
    pub(crate) member: MemberId,
    pub(crate) statement: ByteBuf,
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
    #[error("it has the version {0}, and this program reads version 1")]
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
        let Act::Keyring(act) = &request.act;
        let logs = act.logs.len() <= LOGS_MAX && act.logs.iter().all(|log| log.len() <= LOG_MAX);
        let before = act.before.as_ref().is_none_or(|item| item.len() <= limits::ENTRY_MAX + limits::BODY_MAX + 16);
        let bounded = logs
            && before
            && act.body.len() <= limits::BODY_MAX
            && request.charter.len() <= limits::BODY_MAX
            && act.statement.len() <= limits::ENTRY_MAX;
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
            told.because(&error)
                .hint("such a file is made by `nanduti key … --prepare FILE` and signed by `nanduti sign FILE`")
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

    /// What it says, computed from the bytes that are to be signed. A signature in it is verified.
    ///
    /// # Errors
    /// If it contradicts itself or the rules, so that nobody should sign it.
    pub fn view(&self) -> Result<RequestView, RequestError> {
        Ok(words::view(&Checked::of(self)?))
    }
}
