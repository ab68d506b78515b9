//! The keys of a node: who it speaks for, what it signs with, how it is called on the network.
//!
//! | key | use | file | protected by |
//! | --- | --- | --- | --- |
//! | [`RootKey`] | speaks for the institution: charter, keyring | `keys/root.pem` | a passphrase |
//! | [`GovernanceKey`] | signs ordinary ballots | `keys/governance.pem`, or kept by an officer | a passphrase |
//! | [`PublishKey`] | signs content, one log, one node | `keys/publish.pem` | mode 0600 |
//! | [`NodeKey`] | the libp2p identity | `keys/node.pem` | mode 0600 |
//!
//! All are Ed25519 and differ only in type, so that none can be taken for another: a key has one use.
//!
//! Invariants: a key file is never overwritten and never read when others than its owner could have read or changed
//! it; secrets are wiped when dropped and never shown.
//!
//! Absent: what is signed. The forms of entries and their external data belong to the protocol.

mod error;
mod fingerprint;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod passphrase;
mod pem;
mod store;

use std::fmt;
use std::marker::PhantomData;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use libp2p::identity::{self, PeerId};
use pkcs8::der::zeroize::Zeroizing;

pub use error::KeyError;
pub use fingerprint::{Fingerprint, FingerprintError};
pub use passphrase::{PASSPHRASE_BYTES_MAX, PASSPHRASE_CHARS_MIN, Passphrase};
pub use pem::Protection;
pub use store::KeyStore;

/// The key that speaks for an institution.
pub type RootKey = Key<Root>;

/// The key that may sign ordinary ballots for an institution.
pub type GovernanceKey = Key<Governance>;

/// The key that signs content, for one node.
pub type PublishKey = Key<Publish>;

/// The key by which a node is known on the network.
pub type NodeKey = Key<Node>;

/// Marks a key that speaks for an institution.
#[derive(Debug, Clone, Copy)]
pub enum Root {}

/// Marks a key that signs ordinary ballots.
#[derive(Debug, Clone, Copy)]
pub enum Governance {}

/// Marks a key that signs content.
#[derive(Debug, Clone, Copy)]
pub enum Publish {}

/// Marks a key that identifies a node.
#[derive(Debug, Clone, Copy)]
pub enum Node {}

/// What a key is for; the four uses are all there are.
pub trait KeyUse: private::Sealed {
    /// The name of the use, as in the name of its file.
    const NAME: &'static str;
}

impl KeyUse for Root {
    const NAME: &'static str = "root";
}

impl KeyUse for Governance {
    const NAME: &'static str = "governance";
}

impl KeyUse for Publish {
    const NAME: &'static str = "publish";
}

impl KeyUse for Node {
    const NAME: &'static str = "node";
}

mod private {
    pub trait Sealed {}
    impl Sealed for super::Root {}
    impl Sealed for super::Governance {}
    impl Sealed for super::Publish {}
    impl Sealed for super::Node {}
}

/// An Ed25519 signing key for one use; the secret is wiped when it is dropped.
pub struct Key<U: KeyUse> {
    signing: SigningKey,
    used_as: PhantomData<fn() -> U>,
}

impl<U: KeyUse> Key<U> {
    /// A new key from the random numbers of the system.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(KeyError::Random)?;
        Ok(Self::from_seed(&seed))
    }

    /// The key that a secret of 32 bytes makes, as in RFC 8032.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self { signing: SigningKey::from_bytes(seed), used_as: PhantomData }
    }

    /// The 32 bytes of the public key, which are also the name of its log.
    pub fn public(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// The public key, ready to verify with.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.signing.verifying_key()
    }

    /// Signs; the same bytes always give the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }

    /// The key itself, for what takes one.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// What people compare by voice.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.public())
    }

    fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.signing.to_bytes())
    }
}

impl Key<Node> {
    /// The identity that libp2p takes.
    pub fn keypair(&self) -> identity::Keypair {
        identity::Keypair::ed25519_from_bytes(self.seed().as_mut_slice())
            .expect("libp2p takes any 32 bytes as an Ed25519 secret")
    }

    /// The name of the node on the network.
    pub fn peer_id(&self) -> PeerId {
        self.keypair().public().to_peer_id()
    }
}

impl<U: KeyUse> Clone for Key<U> {
    fn clone(&self) -> Self {
        Self { signing: self.signing.clone(), used_as: PhantomData }
    }
}

impl<U: KeyUse> fmt::Debug for Key<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key {}", U::NAME, data_encoding::HEXLOWER.encode(&self.public()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_public_half_only() {
        let key = RootKey::from_seed(&[0x5a; 32]);
        let shown = format!("{key:?}");
        assert!(shown.starts_with("root key "));
        assert!(!shown.contains("5a5a5a5a"));
    }

    #[test]
    fn the_node_key_is_the_identity_of_the_node() {
        let key = NodeKey::generate().unwrap();
        let ours = key.public();
        let theirs = key.keypair().public().try_into_ed25519().unwrap().to_bytes();
        assert_eq!(ours, theirs);
        assert_eq!(key.keypair().sign(b"x").unwrap(), key.sign(b"x"));
    }

    #[test]
    fn the_first_vector_of_rfc_8032() {
        let seed = data_encoding::HEXLOWER
            .decode(b"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
            .unwrap();
        let key = PublishKey::from_seed(&seed.try_into().unwrap());
        let public = data_encoding::HEXLOWER.encode(&key.public());
        assert_eq!(public, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(key.sign(b"")[..4], [0xe5, 0x56, 0x43, 0x00]);
    }
}
