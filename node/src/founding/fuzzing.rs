//! Doors for fuzz targets: cards, and the files of a founding. What they return is what was understood, written again.

use ed25519_dalek::SigningKey;
use nanduti_protocol::{cbor, envelope, envelope::Purpose, hash::Hash};

use super::{
    card::{Card, write_text},
    consent::ConsentText,
    document::Document,
    verify::{Adoption, verify_founding},
};

/// Reads a card: its payload, and its name and role, which people are shown.
pub fn card(text: &str) -> Option<(Vec<u8>, [String; 2])> {
    let card = Card::parse(text).ok()?;
    Some((cbor::encode(&card), [card.name, card.role]))
}

/// A card around any bytes, with a checksum that fits.
pub fn card_text(bytes: Vec<u8>) -> String {
    write_text(bytes)
}

/// A card around any payload, well signed.
pub fn signed_card(payload: &[u8], key: &SigningKey) -> String {
    write_text(envelope::seal(Purpose::Card, &Hash::default(), key, payload))
}

/// Reads the text of a consent, and writes it again.
pub fn consent(text: &str) -> Option<String> {
    ConsentText::parse(text).ok().map(|read| read.to_text())
}

/// The text of a consent around any bytes, with a checksum that fits.
pub fn consent_text(bytes: &[u8]) -> String {
    super::consent::write_text(bytes)
}

/// Reads a file of a founding, and verifies it as far as one of its kind can be.
pub fn document(bytes: &[u8]) -> Option<Vec<u8>> {
    let document = Document::decode(bytes).ok()?;
    let written = document.encode();
    // Whether it holds is for the tests beside the verifier; here it only has to come to an end.
    match document {
        Document::Draft(_) => {}
        Document::Signed(runs) => {
            if let Ok([root, log]) = <[Vec<u8>; 2]>::try_from(runs) {
                drop(Adoption::verify(root, log));
            }
        }
        Document::Founding(runs, _) => drop(verify_founding(runs)),
    }
    Some(written)
}
