//! Signing a request with the file of a root key.

use std::path::{Path, PathBuf};

use nanduti_protocol::{envelope, key::PublicKey};
use serde_bytes::ByteBuf;

use super::{
    check::{Checked, to_be_signed},
    journal::Journal,
    request::{Request, RequestError},
};
use crate::{
    api::{ApiError, ErrorKind},
    founding::failure,
    keys::{KeyStore, Passphrase, RootKey},
};

/// A root key, opened.
#[derive(Debug)]
pub struct SigningRoot {
    key: RootKey,
    file: PathBuf,
}

/// Where the signed request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedAt {
    /// Into a file that leaves this machine: the root key remembers it.
    Away,
    /// To the node at once, which knows the root log.
    Here,
}

impl SigningRoot {
    /// Opens the file of a root key.
    ///
    /// # Errors
    /// If it is not one, or the passphrase is wrong.
    pub fn open(file: &Path, passphrase: &Passphrase) -> Result<Self, ApiError> {
        let key = KeyStore::open_root_at(file, passphrase)
            .map_err(|error| failure::key("the root key cannot be used", &error))?;
        Ok(Self { key, file: file.to_path_buf() })
    }

    /// Signs a request. The same request gives the same bytes.
    ///
    /// # Errors
    /// If the request does not hold, names another root key, or this key has signed something else for its place.
    pub fn sign(&self, request: &Request, at: SignedAt) -> Result<Request, ApiError> {
        let checked = Checked::of(request).map_err(|error| unfit(&error))?;
        let own = PublicKey::from_bytes(self.key.public());
        if checked.root() != own {
            return Err(ApiError::new(ErrorKind::Refused, "the request is for another root key")
                .because_text(format!("it names {}, and {} is {own}", checked.root(), self.file.display())));
        }
        let (purpose, payload) = to_be_signed(request);
        if at == SignedAt::Away {
            Journal::beside(&self.file)?.note(&checked.network, &checked.statement, payload)?;
        }
        let signed = envelope::seal(purpose, &checked.network, self.key.signing_key(), payload);
        let signed = Request { signed: Some(ByteBuf::from(signed)), ..request.clone() };
        // What is handed out must pass the doors that it will meet elsewhere.
        Checked::of(&signed).map_err(|error| unfit(&error))?;
        Ok(signed)
    }
}

/// A request that nobody should sign.
pub(crate) fn unfit(error: &RequestError) -> ApiError {
    ApiError::new(ErrorKind::Refused, "the request does not hold, and nothing was signed").because(error)
}
