//! The card: a public line of text by which an institution hands its keys to the one who drafts the charter.
//!
//! ```text
//! payload = DAG-CBOR {id, name, node?, role, root, spare?, publish?, governance?}
//! card    = envelope of the payload: purpose "nanduti/card/1", signed by the root key that it names
//! text    = "nanduti-card:" base32(card, first 4 bytes of BLAKE3(card)), lower case, no padding
//! ```
//!
//! There is no network yet when a card is made, so the network id in the signed data is 32 zero bytes; the hash of no
//! charter is that. The signature shows that whoever made the card has the root key, not that they are who they say: that is
//! why people compare the fingerprint by telephone.
//!
//! Absent: any use of the publishing and the node key of a card. They are there for people to look at; what counts is what
//! the member signs later in its keyring.

use std::path::Path;

use nanduti_protocol::{
    cbor::{self, CborError},
    envelope::{self, Envelope, EnvelopeError, Purpose},
    hash::Hash,
    key::{MemberId, PublicKey},
    limits,
};
use serde::{Deserialize, Serialize};

use super::{disk::read_bounded, failure};
use crate::{api::ApiError, keys::RootKey};

/// What the text begins with.
const SCHEME: &str = "nanduti-card:";
/// Bytes of the checksum, which tells a slip of the pen from a forgery.
const CHECKSUM: usize = 4;
/// A card with the longest name is far shorter.
const CARD_MAX: usize = 2 * 1024;
/// The file may have white space that a mailer added.
const FILE_MAX: u64 = 8 * 1024;

/// What a card says. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Card {
    /// Short id of the member.
    pub(super) id: MemberId,
    /// Name of the institution.
    pub(super) name: String,
    /// The key of its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) node: Option<PublicKey>,
    /// Its role.
    pub(super) role: String,
    /// The key that speaks for it.
    pub(super) root: PublicKey,
    /// The root key that is laid by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) spare: Option<PublicKey>,
    /// The key that signs its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) publish: Option<PublicKey>,
    /// The key that may sign ordinary ballots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) governance: Option<PublicKey>,
}

/// Why a text is not a card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CardError {
    /// It does not begin as a card does.
    #[error("a card begins with `nanduti-card:`")]
    Scheme,
    /// A character that cannot stand in one, or a part is missing.
    #[error("the card is not whole: a part is missing or a character cannot stand there")]
    Text,
    /// The checksum does not fit.
    #[error("the card was changed on its way: its checksum does not fit")]
    Checksum,
    /// The envelope is at fault.
    #[error("the card is {0}")]
    Form(EnvelopeError),
    /// The content is at fault.
    #[error("the card is {0}")]
    Content(#[from] CborError),
    /// A name or a role is empty or too long.
    #[error("the {0} on the card is empty, too long, or has control characters")]
    Field(&'static str),
    /// Not signed by the key that it names.
    #[error("the card is not signed by the root key that it names")]
    Signature,
}

impl Card {
    /// The card as a line of text, signed.
    pub(super) fn to_text(&self, root: &RootKey) -> String {
        let card = envelope::seal(Purpose::Card, &Hash::default(), root.signing_key(), &cbor::encode(self));
        write_text(card)
    }

    /// Reads a card and checks its signature. White space anywhere and capital letters are forgiven.
    pub(super) fn parse(text: &str) -> Result<Self, CardError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        let text = text.strip_prefix(SCHEME).ok_or(CardError::Scheme)?.to_ascii_uppercase();
        let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| CardError::Text)?;
        let split = bytes.len().checked_sub(CHECKSUM).ok_or(CardError::Text)?;
        let (card, sum) = bytes.split_at(split);
        if !Hash::of(card).as_bytes().starts_with(sum) {
            return Err(CardError::Checksum);
        }
        let envelope = Envelope::open(card, CARD_MAX).map_err(CardError::Form)?;
        let read: Self = cbor::decode_exact(envelope.payload)?;
        read.check()?;
        envelope.verify(Purpose::Card, &Hash::default(), &read.root).map_err(|_| CardError::Signature)?;
        Ok(read)
    }

    /// Reads the card in a file.
    pub(super) fn read(path: &Path) -> Result<Self, ApiError> {
        let bytes = read_bounded(path, FILE_MAX).map_err(|error| failure::file(&error))?;
        Self::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| {
            failure::failed(format!("{} is not the card of a founder", path.display()), &error)
                .hint("ask the founder to send the file that `nanduti init` made once more")
        })
    }

    /// Could the charter take this name and role?
    pub(super) fn check(&self) -> Result<(), CardError> {
        let plain = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
        if !plain(&self.name) || self.name.len() > limits::NAME_MAX {
            return Err(CardError::Field("name"));
        }
        if !plain(&self.role) || self.role.len() > limits::KIND_MAX {
            return Err(CardError::Field("role"));
        }
        Ok(())
    }
}

/// A key as somebody names it who wants it on a member's line.
pub(super) fn listed_key(text: &str) -> Result<PublicKey, ApiError> {
    PublicKey::from_hex(text.trim()).ok_or_else(|| {
        failure::usage(format!("`{text}` is not a public key in hexadecimal"))
            .hint("`nanduti key governance` and `nanduti key spare` print the public half of what they make")
    })
}

pub(super) fn write_text(mut card: Vec<u8>) -> String {
    let sum = Hash::of(&card);
    card.extend(sum.as_bytes().iter().take(CHECKSUM));
    format!("{SCHEME}{}", data_encoding::BASE32_NOPAD.encode(&card).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn card(root: &RootKey) -> Card {
        Card {
            id: MemberId::parse("PRY").unwrap(),
            name: "Ministry of Foreign Affairs".into(),
            node: Some(PublicKey::from_bytes([1; 32])),
            role: "mechanism".into(),
            root: PublicKey::from_bytes(root.public()),
            spare: None,
            publish: None,
            governance: Some(PublicKey::from_bytes([2; 32])),
        }
    }

    #[test]
    fn a_card_survives_the_mail() {
        let root = RootKey::from_seed(&[1; 32]);
        let text = card(&root).to_text(&root);
        assert_eq!(Card::parse(&text), Ok(card(&root)));
        let mailed: Vec<String> = text.as_bytes().chunks(60).map(|line| String::from_utf8_lossy(line).into()).collect();
        assert_eq!(Card::parse(&format!("  {}\r\n", mailed.join("\r\n").to_uppercase())), Ok(card(&root)));
    }

    #[test]
    fn every_slip_is_noticed() {
        let root = RootKey::from_seed(&[1; 32]);
        let text = card(&root).to_text(&root);
        assert_eq!(Card::parse("nanduti:abc"), Err(CardError::Scheme));
        for (place, _) in text.char_indices().skip(SCHEME.len()) {
            let mut changed = text.clone();
            changed.replace_range(place..=place, if changed[place..].starts_with('a') { "b" } else { "a" });
            assert!(Card::parse(&changed).is_err(), "at {place}");
            assert!(Card::parse(&text[..place]).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn a_forged_card_is_refused_though_its_checksum_fits() {
        let (root, thief) = (RootKey::from_seed(&[1; 32]), RootKey::from_seed(&[2; 32]));
        assert_eq!(Card::parse(&card(&root).to_text(&thief)), Err(CardError::Signature));
        let seal = |purpose, network: Hash| {
            write_text(envelope::seal(purpose, &network, root.signing_key(), &cbor::encode(&card(&root))))
        };
        assert!(Card::parse(&seal(Purpose::Card, Hash::default())).is_ok());
        assert_eq!(Card::parse(&seal(Purpose::Entry, Hash::default())), Err(CardError::Signature));
        assert_eq!(Card::parse(&seal(Purpose::Card, Hash::of(b""))), Err(CardError::Signature));
        let nameless = Card { name: "\u{1b}[2J".into(), ..card(&root) };
        assert_eq!(Card::parse(&nameless.to_text(&root)), Err(CardError::Field("name")));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", tail in "[a-z2-7]{0,200}") {
            prop_assert!(Card::parse(&text).is_err());
            let text = format!("{SCHEME}{tail}");
            prop_assert!(Card::parse(&text).is_err());
        }

        #[test]
        fn no_bytes_behind_a_good_checksum_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Card::parse(&write_text(bytes)).is_err());
        }
    }
}
