//! The bodies that say which keys speak for a member: the opening of a log, and the keyring.
//!
//! A member's root log carries its keyring, always the whole state. A line counts only if entry 0 of that log agrees (for a
//! publishing key) or the key itself signed that it agrees (for a node key), so that nobody claims another's key. Lines never
//! go away: a key that once spoke keeps its line, and its use never changes.

use alloc::vec::Vec;

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    cbor::{self, CborError},
    envelope::{self, Envelope, EnvelopeError, Purpose},
    hash::Hash,
    key::{MemberId, PublicKey},
    limits,
};

/// What a key is for. Each key has one use, for one member, in one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyUse {
    /// Signs content.
    Publish,
    /// Is the libp2p identity of a node.
    Node,
}

/// The body of entry 0 of a publishing log: the key says for itself whom it speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// What the key is for: always [`KeyUse::Publish`], since node keys have no log.
    #[serde(rename = "use")]
    pub key_use: KeyUse,
    /// Sixteen random bytes.
    #[serde(with = "serde_bytes")]
    pub salt: [u8; 16],
    /// The member for whom the key speaks.
    pub member: MemberId,
}

/// A place in a log that fixes a branch: the entry there, by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Place in the log.
    pub seq: u64,
    /// Hash of the entry there.
    pub hash: Hash,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Speaks on. A publishing key has a checkpoint that fixes its branch; a node key has none.
    Live(Option<Place>),
    /// Retired or stolen. The last entry of a publishing log that counts; without one, none does.
    Ended(Option<Place>),
}

/// One key of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyLine {
    /// The key.
    pub key: PublicKey,
    /// What it is for.
    #[serde(rename = "use")]
    pub key_use: KeyUse,
    /// A node key's own statement that it agrees. Publishing keys agree in entry 0 of their log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ByteBuf>,
    /// How it stands.
    pub state: KeyState,
}

/// The body of an entry of kind `keyring`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyring {
    /// All keys that speak or ever spoke for the member, sorted by key.
    pub keys: Vec<KeyLine>,
    /// Sixteen random bytes.
    #[serde(with = "serde_bytes")]
    pub salt: [u8; 16],
}

/// Why a keyring counts for nothing. The entry stays in its chain, and the keyring before it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Not in canonical form.
    #[error("the keyring is {0}")]
    Encoding(#[from] CborError),
    /// Too many lines, or not sorted by key without repetition.
    #[error("the keyring has more lines than allowed, or they are not sorted by key")]
    Lines,
    /// A line that does not fit its use.
    #[error("the line of {0} does not fit its use")]
    Line(PublicKey),
    /// The node key did not agree.
    #[error("the node key {0} did not agree")]
    Proof(PublicKey),
    /// A line of the keyring before is gone, changed its use, or came back to life.
    #[error("the line of {0} is gone, changed its use, or goes back on what was stated")]
    Reversal(PublicKey),
}

impl Opening {
    /// The bytes of the body.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// If it is not canonical, or is for something that has no log.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let opening: Self = cbor::decode_exact(bytes)?;
        match opening.key_use {
            KeyUse::Publish => Ok(opening),
            KeyUse::Node => Err(CborError::Malformed("a node key has no log".into())),
        }
    }
}

impl Keyring {
    /// The bytes of the body.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads a keyring of a member and checks what can be checked without the one before.
    ///
    /// # Errors
    /// If it counts for nothing.
    pub fn decode(bytes: &[u8], network: &Hash, member: &MemberId) -> Result<Self, KeyringError> {
        let keyring: Self = cbor::decode_exact(bytes)?;
        let sorted = keyring.keys.is_sorted_by(|a, b| a.key < b.key);
        if !sorted || keyring.keys.len() > limits::KEYRING_LINES_MAX {
            return Err(KeyringError::Lines);
        }
        for line in &keyring.keys {
            line.check(network, member)?;
        }
        Ok(keyring)
    }

    /// Does this keyring carry on from the one before it?
    ///
    /// # Errors
    /// If a line is gone, changed its use, or goes back on what was stated.
    pub fn follows(&self, before: &Self) -> Result<(), KeyringError> {
        for old in &before.keys {
            let kept =
                self.line(&old.key).is_some_and(|new| new.key_use == old.key_use && new.state.follows(old.state));
            if !kept {
                return Err(KeyringError::Reversal(old.key));
            }
        }
        Ok(())
    }

    /// The line of a key.
    pub fn line(&self, key: &PublicKey) -> Option<&KeyLine> {
        let index = self.keys.binary_search_by(|line| line.key.cmp(key)).ok()?;
        self.keys.get(index)
    }
}

impl KeyLine {
    fn check(&self, network: &Hash, member: &MemberId) -> Result<(), KeyringError> {
        match (self.key_use, &self.proof, self.state) {
            (KeyUse::Publish, None, KeyState::Live(Some(_)) | KeyState::Ended(_)) => Ok(()),
            (KeyUse::Node, Some(proof), KeyState::Live(None) | KeyState::Ended(None)) => {
                check_node_proof(proof, network, member, &self.key).map_err(|_| KeyringError::Proof(self.key))
            }
            _ => Err(KeyringError::Line(self.key)),
        }
    }
}

impl KeyState {
    /// A live key may move its checkpoint on or end; an ended one stays ended, and can only be cut earlier.
    fn follows(self, before: Self) -> bool {
        match (before, self) {
            (Self::Live(None), Self::Live(None))
            | (Self::Live(_), Self::Ended(_))
            | (Self::Ended(_), Self::Ended(None)) => true,
            (Self::Live(Some(old)), Self::Live(Some(new))) => new.seq > old.seq || new == old,
            (Self::Ended(Some(old)), Self::Ended(Some(new))) => new.seq < old.seq || new == old,
            _ => false,
        }
    }
}

/// The statement by which a node key agrees to speak for a member.
pub fn sign_node_proof(network: &Hash, member: &MemberId, node: &SigningKey) -> Vec<u8> {
    envelope::seal(Purpose::NodeKey, network, node, &cbor::encode(&(member, PublicKey::from(node))))
}

fn check_node_proof(proof: &[u8], network: &Hash, member: &MemberId, key: &PublicKey) -> Result<(), EnvelopeError> {
    let envelope = Envelope::open(proof, 256)?;
    if envelope.payload != cbor::encode(&(member, key)) {
        return Err(EnvelopeError::Form);
    }
    envelope.verify(Purpose::NodeKey, network, key)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn network() -> Hash {
        Hash::of(b"network")
    }

    fn member() -> MemberId {
        MemberId::parse("PRY").expect("an id")
    }

    fn publish(byte: u8, state: KeyState) -> KeyLine {
        KeyLine { key: PublicKey::from_bytes([byte; 32]), key_use: KeyUse::Publish, proof: None, state }
    }

    fn at(seq: u64) -> Option<Place> {
        Some(Place { seq, hash: Hash::of(&seq.to_be_bytes()) })
    }

    fn read(keys: Vec<KeyLine>) -> Result<Keyring, KeyringError> {
        Keyring::decode(&Keyring { keys, salt: [0; 16] }.encode(), &network(), &member())
    }

    #[test]
    fn lines_are_sorted_and_fit_their_use() {
        assert!(read(vec![publish(1, KeyState::Live(at(0))), publish(2, KeyState::Ended(None))]).is_ok());
        assert_eq!(
            read(vec![publish(2, KeyState::Live(at(0))), publish(1, KeyState::Live(at(0)))]),
            Err(KeyringError::Lines)
        );
        assert!(matches!(read(vec![publish(1, KeyState::Live(None))]), Err(KeyringError::Line(_))));
    }

    #[test]
    fn a_node_key_has_to_agree_itself() {
        let node = SigningKey::from_bytes(&[9; 32]);
        let line = |proof: Vec<u8>| KeyLine {
            key: PublicKey::from(&node),
            key_use: KeyUse::Node,
            proof: Some(ByteBuf::from(proof)),
            state: KeyState::Live(None),
        };
        assert!(read(vec![line(sign_node_proof(&network(), &member(), &node))]).is_ok());
        let other = MemberId::parse("KEN").expect("an id");
        for proof in [
            sign_node_proof(&network(), &other, &node),
            sign_node_proof(&Hash::of(b"other"), &member(), &node),
            sign_node_proof(&network(), &member(), &SigningKey::from_bytes(&[8; 32])),
        ] {
            assert!(matches!(read(vec![line(proof)]), Err(KeyringError::Proof(_))));
        }
    }

    #[test]
    fn a_keyring_never_goes_back() {
        let ring = |state| Keyring { keys: vec![publish(1, state)], salt: [0; 16] };
        let live = |seq| ring(KeyState::Live(at(seq)));
        let ended = |seq| ring(KeyState::Ended(at(seq)));
        assert_eq!(live(5).follows(&live(3)), Ok(()));
        assert!(live(2).follows(&live(3)).is_err(), "checkpoints move on");
        assert_eq!(ended(2).follows(&live(3)), Ok(()), "a theft may be older than the checkpoint");
        assert!(live(5).follows(&ended(3)).is_err(), "the dead stay dead");
        assert_eq!(ended(2).follows(&ended(3)), Ok(()));
        assert!(ended(4).follows(&ended(3)).is_err());
        assert!(Keyring { keys: vec![], salt: [0; 16] }.follows(&live(3)).is_err(), "lines never go away");
    }
}
