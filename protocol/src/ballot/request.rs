//! A request: an institution asks to stand on the roster with a line that it wrote itself, signed by its root key.
//!
//! It is how a newcomer asks to join, and how a member asks for another root key. The key itself so agrees to speak for the
//! institution in this network, and nobody can put another's key on the roster.

use alloc::vec::Vec;

use ed25519_dalek::SigningKey;

use crate::{
    cbor::{self, CborError},
    charter::Member,
    envelope::{self, Envelope, EnvelopeError, Purpose},
    hash::Hash,
    limits,
};

/// Why bytes are not a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not the form of an envelope, too long, or not signed by the root key that it names.
    #[error("the request is {0}")]
    Envelope(#[from] EnvelopeError),
    /// Not in canonical form.
    #[error("the request is {0}")]
    Encoding(#[from] CborError),
}

/// Signs a member's line with the root key that it names.
pub fn sign(network: &Hash, line: &Member, root: &SigningKey) -> Vec<u8> {
    envelope::seal(Purpose::Request, network, root, &cbor::encode(line))
}

/// Reads a request, and checks that the root key which it names signed it for this network.
///
/// # Errors
/// If it is not one.
pub fn open(bytes: &[u8], network: &Hash) -> Result<Member, RequestError> {
    let envelope = Envelope::open(bytes, limits::REQUEST_MAX)?;
    let line: Member = cbor::decode_exact(envelope.payload)?;
    envelope.verify(Purpose::Request, network, &line.root)?;
    Ok(line)
}
