//! Where a passphrase comes from: a file, the environment, or the person at the terminal. Never an argument, which every
//! user of the machine could read in the list of processes.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use clap::Args;
use nanduti_node::{
    api::{ApiError, ErrorKind},
    keys::Passphrase,
};

/// What the passphrase is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To encrypt a new root key: asked twice.
    NewKey,
    /// The same for a spare or a governance key.
    NewSealedKey,
    /// To use a root key: asked once.
    UseKey,
    /// To use a governance key.
    UseGovernanceKey,
    /// To use the key in a file, whichever it is.
    UseFile,
}

impl Purpose {
    /// The key, in words.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::NewKey => "new root key",
            Self::NewSealedKey => "new key",
            Self::UseKey => "root key",
            Self::UseGovernanceKey => "governance key",
            Self::UseFile => "key",
        }
    }

    fn is_new(self) -> bool {
        matches!(self, Self::NewKey | Self::NewSealedKey)
    }
}

/// Where the passphrase of a key comes from.
#[derive(Debug, Clone, Args)]
pub(crate) struct PassphraseSource {
    /// Take the key's passphrase from the first line of FILE (or from NANDUTI_PASSPHRASE)
    #[arg(long, value_name = "FILE", env = "NANDUTI_PASSPHRASE_FILE", hide_env_values = true)]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseSource {
    /// The passphrase.
    pub(crate) fn read(&self, purpose: Purpose) -> Result<Passphrase, ApiError> {
        let passphrase = if let Some(path) = &self.passphrase_file {
            from_file(path)?
        } else if let Ok(text) = std::env::var("NANDUTI_PASSPHRASE") {
            Passphrase::new(text)
        } else if std::io::stdin().is_terminal() {
            ask(purpose)?
        } else {
            return Err(ApiError::new(ErrorKind::Failed, "a passphrase is needed and there is no terminal to ask on")
                .hint("use --passphrase-file FILE, or set NANDUTI_PASSPHRASE_FILE or NANDUTI_PASSPHRASE"));
        };
        if purpose.is_new() {
            check(&passphrase)?;
        }
        Ok(passphrase)
    }
}

fn check(passphrase: &Passphrase) -> Result<(), ApiError> {
    passphrase.check().map_err(|error| {
        ApiError::new(ErrorKind::Failed, "this passphrase does not protect a key")
            .because(&error)
            .hint("choose several words that are not a sentence from a book")
    })
}

fn from_file(path: &Path) -> Result<Passphrase, ApiError> {
    Passphrase::read_file(path).map_err(|error| {
        ApiError::new(ErrorKind::Failed, format!("the passphrase file {} cannot be read", path.display()))
            .because(&error)
    })
}

fn ask(purpose: Purpose) -> Result<Passphrase, ApiError> {
    if !purpose.is_new() {
        return Ok(Passphrase::new(prompted(&format!("Passphrase of the {}: ", purpose.key()))?));
    }
    let text = prompted(&format!("Passphrase for the {}: ", purpose.key()))?;
    let mut again = prompted("The same again: ")?;
    let same = text == again;
    again.clear();
    if same {
        Ok(Passphrase::new(text))
    } else {
        Err(ApiError::new(ErrorKind::Failed, "the two passphrases differ").hint("nothing was written; try again"))
    }
}

fn prompted(prompt: &str) -> Result<String, ApiError> {
    rpassword::prompt_password(prompt)
        .map_err(|error| ApiError::new(ErrorKind::Failed, "the passphrase cannot be read").because(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        let error = from_file(Path::new("/nowhere/passphrase")).map(|_| ()).unwrap_err();
        assert!(error.message.contains("/nowhere/passphrase"));
        assert_eq!(error.causes.len(), 1);
    }

    #[test]
    fn a_new_key_wants_more_than_a_word() {
        let error = check(&Passphrase::new("short".into())).unwrap_err();
        assert_eq!(error.causes.len(), 1);
        assert!(check(&Passphrase::new("several words of lace".into())).is_ok());
    }
}
