//! The bodies that say which keys speak for a member: the opening of a log, and the keyring.
//!
//! A member's root log carries its keyring, always the whole state. Each line holds the key's own signature under the words
//! that it speaks for this member, so that nobody claims another's key, and whoever holds the keyring can check it without
//! anything else. Lines never go away: a key that once spoke keeps its line, and its use never changes.
//!
//! To check a signature takes far longer than to read a line, and a root log may hold thousands of keyrings that repeat the
//! same lines. Whoever reads one hands in another that was found sound, and what both say is not checked again.

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
    /// The key's own statement that it speaks for this member.
    pub proof: ByteBuf,
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
    /// The key did not agree to speak for this member.
    #[error("the key {0} did not agree to speak for this member")]
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

    /// Reads a keyring of a member and checks what can be checked without the one before. `sound` is any keyring of the same
    /// member and network that was read before: it changes no result, only the work.
    ///
    /// # Errors
    /// If it counts for nothing.
    pub fn decode(bytes: &[u8], network: &Hash, member: &MemberId, sound: Option<&Self>) -> Result<Self, KeyringError> {
        let keyring: Self = cbor::decode_exact(bytes)?;
        let sorted = keyring.keys.is_sorted_by(|a, b| a.key < b.key);
        if !sorted || keyring.keys.len() > limits::KEYRING_LINES_MAX {
            return Err(KeyringError::Lines);
        }
        for line in &keyring.keys {
            line.check_state()?;
            if !sound.is_some_and(|sound| sound.vouches_for(line)) {
                line.check_proof(network, member)?;
            }
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

    /// Did this keyring, which is sound, hold the same proof of the same key for the same use?
    fn vouches_for(&self, line: &KeyLine) -> bool {
        self.line(&line.key).is_some_and(|known| known.key_use == line.key_use && known.proof == line.proof)
    }

    /// The line of a key.
    pub fn line(&self, key: &PublicKey) -> Option<&KeyLine> {
        let index = self.keys.binary_search_by(|line| line.key.cmp(key)).ok()?;
        self.keys.get(index)
    }
}

impl KeyLine {
    /// The line of a key that agrees to speak for a member.
    pub fn sign(key_use: KeyUse, network: &Hash, member: &MemberId, key: &SigningKey, state: KeyState) -> Self {
        let proof = sign_key_proof(key_use, network, member, key);
        Self { key: PublicKey::from(key), key_use, proof: ByteBuf::from(proof), state }
    }

    fn check_state(&self) -> Result<(), KeyringError> {
        match (self.key_use, self.state) {
            (KeyUse::Publish, KeyState::Live(Some(_)) | KeyState::Ended(_))
            | (KeyUse::Node, KeyState::Live(None) | KeyState::Ended(None)) => Ok(()),
            _ => Err(KeyringError::Line(self.key)),
        }
    }

    fn check_proof(&self, network: &Hash, member: &MemberId) -> Result<(), KeyringError> {
        check_key_proof(self.key_use, &self.proof, network, member, &self.key)
            .map_err(|_| KeyringError::Proof(self.key))
    }
}

impl KeyUse {
    const fn purpose(self) -> Purpose {
        match self {
            Self::Publish => Purpose::PublishKey,
            Self::Node => Purpose::NodeKey,
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

/// The statement by which a key agrees to speak for a member.
pub fn sign_key_proof(key_use: KeyUse, network: &Hash, member: &MemberId, key: &SigningKey) -> Vec<u8> {
    envelope::seal(key_use.purpose(), network, key, &cbor::encode(&(member, PublicKey::from(key))))
}

/// Checks the statement by which a key agrees to speak for a member.
///
/// # Errors
/// If it is not of the one form, says something else, or is not signed by the key.
pub fn check_key_proof(
    key_use: KeyUse,
    proof: &[u8],
    network: &Hash,
    member: &MemberId,
    key: &PublicKey,
) -> Result<(), EnvelopeError> {
    let envelope = Envelope::open(proof, limits::KEY_PROOF_MAX)?;
    if envelope.payload != cbor::encode(&(member, key)) {
        return Err(EnvelopeError::Form);
    }
    envelope.verify(key_use.purpose(), network, key)
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
        KeyLine::sign(KeyUse::Publish, &network(), &member(), &SigningKey::from_bytes(&[byte; 32]), state)
    }

    fn at(seq: u64) -> Option<Place> {
        Some(Place { seq, hash: Hash::of(&seq.to_be_bytes()) })
    }

    fn read(keys: Vec<KeyLine>) -> Result<Keyring, KeyringError> {
        Keyring::decode(&Keyring { keys, salt: [0; 16] }.encode(), &network(), &member(), None)
    }

    fn sorted(mut keys: Vec<KeyLine>) -> Vec<KeyLine> {
        keys.sort_by_key(|line| line.key);
        keys
    }

    #[test]
    fn lines_are_sorted_and_fit_their_use() {
        let mut lines = sorted(vec![publish(1, KeyState::Live(at(0))), publish(2, KeyState::Ended(None))]);
        assert!(read(lines.clone()).is_ok());
        lines.reverse();
        assert_eq!(read(lines), Err(KeyringError::Lines));
        assert!(matches!(read(vec![publish(1, KeyState::Live(None))]), Err(KeyringError::Line(_))));
    }

    #[test]
    fn a_key_has_to_agree_itself() {
        for (key_use, other_use, state) in [
            (KeyUse::Publish, KeyUse::Node, KeyState::Live(at(0))),
            (KeyUse::Node, KeyUse::Publish, KeyState::Live(None)),
        ] {
            let key = SigningKey::from_bytes(&[9; 32]);
            let line =
                |proof: Vec<u8>| KeyLine { key: PublicKey::from(&key), key_use, proof: ByteBuf::from(proof), state };
            assert!(read(vec![line(sign_key_proof(key_use, &network(), &member(), &key))]).is_ok());
            let other = MemberId::parse("KEN").expect("an id");
            for proof in [
                sign_key_proof(key_use, &network(), &other, &key),
                sign_key_proof(key_use, &Hash::of(b"other"), &member(), &key),
                sign_key_proof(key_use, &network(), &member(), &SigningKey::from_bytes(&[8; 32])),
                sign_key_proof(other_use, &network(), &member(), &key),
                Vec::new(),
            ] {
                assert!(matches!(read(vec![line(proof)]), Err(KeyringError::Proof(_))));
            }
        }
    }

    #[test]
    fn a_sound_keyring_spares_work_and_lets_nothing_pass() {
        let sound = read(vec![publish(1, KeyState::Live(at(3)))]).expect("sound");
        let again = |line: KeyLine| {
            let bytes = Keyring { keys: vec![line], salt: [0; 16] }.encode();
            Keyring::decode(&bytes, &network(), &member(), Some(&sound))
        };
        let moved_on = publish(1, KeyState::Live(at(5)));
        assert!(again(moved_on.clone()).is_ok());
        assert!(again(publish(2, KeyState::Live(at(0)))).is_ok(), "a new line is checked by itself");
        let stranger = publish(2, KeyState::Live(at(0))).key;
        for wrong in [
            KeyLine { proof: ByteBuf::from(b"other".to_vec()), ..moved_on.clone() },
            KeyLine { key_use: KeyUse::Node, state: KeyState::Live(None), ..moved_on.clone() },
            KeyLine { key: stranger, ..moved_on.clone() },
        ] {
            assert!(matches!(again(wrong), Err(KeyringError::Proof(_))));
        }
        assert!(matches!(again(KeyLine { state: KeyState::Live(None), ..moved_on }), Err(KeyringError::Line(_))));
        // A proof that the sound keyring is said to hold is not looked at again: this is what spares the work.
        let lying = Keyring {
            keys: vec![KeyLine { proof: ByteBuf::from(b"unread".to_vec()), ..publish(1, KeyState::Live(at(3))) }],
            salt: [0; 16],
        };
        assert!(Keyring::decode(&lying.encode(), &network(), &member(), Some(&lying)).is_ok());
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
