//! What can be known of a request from its bytes alone, on a machine that knows nothing else.
//!
//! The network is the hash of the charter. What an act says is checked by its own module: that its parts fit together, that it breaks no
//! rule that can be checked here, and that a signature in it is one.

use ed25519_dalek::SigningKey;
use nanduti_protocol::{charter::Charter, envelope::Purpose, hash::Hash, key::MemberId, key::PublicKey};

use super::{
    ballot::CheckedVote,
    begin::CheckedBeginning,
    journal::Note,
    keyring::CheckedKeyring,
    request::{Act, Request, RequestError},
};

/// A request whose parts fit together.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) charter: Charter,
    pub(crate) network: Hash,
    pub(crate) member: MemberId,
    pub(crate) says: Says,
}

/// What it says.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    Keyring(Box<CheckedKeyring>),
    Vote(Box<CheckedVote>),
    Beginning(Box<CheckedBeginning>),
}

/// Something signed, and what a key remembers of it.
pub(super) struct Signature {
    pub(super) bytes: Vec<u8>,
    pub(super) note: Option<Note>,
}

impl Checked {
    /// Checks all that can be checked of a request, and its signatures if it has them.
    pub(crate) fn of(request: &Request) -> Result<Self, RequestError> {
        let charter =
            Charter::decode(&request.charter).map_err(|error| RequestError::because("the charter")(&error))?;
        let network = charter.network();
        let signed =
            request.signed.as_deref().map(|signed| signed.iter().map(|one| one.as_slice()).collect::<Vec<_>>());
        let signed = signed.as_deref();
        let (member, says) = match &request.act {
            Act::Keyring(act) => {
                let checked = CheckedKeyring::of(act, (&charter, &network), signed)?;
                (act.member.clone(), Says::Keyring(Box::new(checked)))
            }
            Act::Vote(act) => {
                let checked = CheckedVote::of(act, &network, signed)?;
                (checked.statement.member.clone(), Says::Vote(Box::new(checked)))
            }
            Act::Beginning(act) => {
                let checked = CheckedBeginning::of(act, (&charter, &network), signed)?;
                (act.member.clone(), Says::Beginning(Box::new(checked)))
            }
        };
        Ok(Self { charter, network, member, says })
    }

    /// The root key of the member, as far as the request knows.
    pub(crate) fn root(&self) -> PublicKey {
        match &self.says {
            Says::Keyring(keyring) => keyring.statement.log,
            Says::Vote(vote) => vote.root,
            Says::Beginning(beginning) => beginning.root,
        }
    }

    /// The governance key of the member, if it may sign this.
    pub(crate) fn governance(&self) -> Option<PublicKey> {
        match &self.says {
            Says::Vote(vote) => vote.governance.filter(|_| vote.ordinary),
            Says::Keyring(_) | Says::Beginning(_) => None,
        }
    }

    /// What a key is to sign, signed.
    pub(super) fn sign(&self, key: &SigningKey) -> Vec<Signature> {
        match &self.says {
            Says::Keyring(keyring) => vec![keyring.sign(&self.network, key)],
            Says::Vote(vote) => vec![vote.sign(&self.network, key)],
            Says::Beginning(beginning) => beginning.sign(&self.network, key),
        }
    }
}

/// Something about the content that does not hold.
pub(super) fn content(what: &str) -> RequestError {
    RequestError::Content(what.to_owned())
}

/// The one thing that was signed.
pub(super) fn only<'a>(signed: &[&'a [u8]]) -> Result<&'a [u8], RequestError> {
    match signed {
        [one] => Ok(one),
        _ => Err(content("it has another number of signatures than one")),
    }
}

/// Bytes of a payload, signed.
pub(super) fn seal(purpose: Purpose, network: &Hash, key: &SigningKey, payload: &[u8]) -> Vec<u8> {
    nanduti_protocol::envelope::seal(purpose, network, key, payload)
}
