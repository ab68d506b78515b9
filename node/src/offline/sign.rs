//! Signing a request with the file of a key.

use std::path::{Path, PathBuf};

use nanduti_protocol::key::PublicKey;
use serde_bytes::ByteBuf;

use super::{
    check::{Checked, Says},
    journal::Journal,
    request::{Request, RequestError},
};
use crate::{
    api::{ApiError, ErrorKind},
    founding::failure,
    keys::{KeyStore, Passphrase, RootKey},
};

/// A root or governance key, opened. Which of them it is, its public half says: a request names the keys that may sign it.
#[derive(Debug)]
pub struct KeyFile {
    key: RootKey,
    file: PathBuf,
}

/// Where the signed request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedAt {
    /// Into a file that leaves this machine: the key remembers it.
    Away,
    /// To the node at once, which knows the root log and the ballots.
    Here,
}

impl KeyFile {
    /// Opens the file of a key.
    ///
    /// # Errors
    /// If it is not one, or the passphrase is wrong.
    pub fn open(file: &Path, passphrase: &Passphrase) -> Result<Self, ApiError> {
        let key =
            KeyStore::open_root_at(file, passphrase).map_err(|error| failure::key("the key cannot be used", &error))?;
        Ok(Self { key, file: file.to_path_buf() })
    }

    /// Signs a request. The same request gives the same bytes.
    ///
    /// # Errors
    /// If the request does not hold, names another key, or this key has signed something that contradicts it.
    pub fn sign(&self, request: &Request, at: SignedAt) -> Result<Request, ApiError> {
        let checked = Checked::of(request).map_err(|error| unfit(&error))?;
        self.may_sign(&checked)?;
        let signed = checked.sign(self.key.signing_key());
        let notes = signed.iter().filter_map(|one| one.note.as_ref());
        if at == SignedAt::Away {
            let own = PublicKey::from_bytes(self.key.public());
            Journal::beside(&self.file)?.note(&checked.network, &own, notes)?;
        }
        let signed = signed.into_iter().map(|one| ByteBuf::from(one.bytes)).collect();
        let signed = Request { signed: Some(signed), ..request.clone() };
        // What is handed out must pass the doors that it will meet elsewhere.
        Checked::of(&signed).map_err(|error| unfit(&error))?;
        Ok(signed)
    }

    fn may_sign(&self, checked: &Checked) -> Result<(), ApiError> {
        let own = PublicKey::from_bytes(self.key.public());
        if own == checked.root() || checked.governance() == Some(own) {
            return Ok(());
        }
        if let Says::Vote(vote) = &checked.says
            && vote.governance == Some(own)
        {
            return Err(ApiError::new(ErrorKind::Refused, "a governance key cannot speak of this proposal").hint(
                "it speaks of admissions and of changes of name or role; suspensions, keys, quorum, bounds, rules and branches need the root key",
            ));
        }
        let (file, member) = (self.file.display(), &checked.member);
        let message = match checked.says {
            Says::Vote(_) => format!("this is neither the root key of {member} nor the governance key that it lists"),
            Says::Keyring(_) | Says::Beginning(_) => "the request is for another root key".to_owned(),
        };
        let cause = format!("the root key of {member} is {}, and {file} is {own}", checked.root());
        Err(ApiError::new(ErrorKind::Refused, message).because_text(cause))
    }
}

/// A request that nobody should sign.
pub(crate) fn unfit(error: &RequestError) -> ApiError {
    ApiError::new(ErrorKind::Refused, "the request does not hold, and nothing was signed").because(error)
}
