//! Doors for fuzz targets: cards, and the files of a founding. What they return is what was understood, written again.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use nanduti_protocol::{cbor, charter::Charter, envelope, envelope::Purpose, hash::Hash};

use super::{
    card::{Card, write_text},
    consent::ConsentText,
    document::Document,
    former::Claims,
    show,
    types::CharterKind,
    verify::{Adoption, verify_founding},
};
use crate::api::FormerReply;

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

/// Shows a charter that carries the library of former networks over, and compares what it claims with what a home of the last of
/// them says that knows just this. Is there nothing wrong and nothing to note?
pub fn claims(charter: &[u8]) -> Option<bool> {
    let charter = Charter::decode(charter).ok()?;
    drop(show::view(CharterKind::Draft, &charter, &BTreeSet::new()));
    let last = charter.former.first()?;
    let logs = charter.former.iter().flat_map(|former| &former.logs);
    let from = FormerReply {
        network: last.network().to_hex(),
        name: last.name.clone(),
        purpose: charter.purpose.clone(),
        former: HEXLOWER.encode(&cbor::encode(&charter.former)),
        practices: 0,
        held: logs.map(|carried| Some(carried.last.hash.to_hex())).collect(),
        warnings: Vec::new(),
    };
    let claims = Claims { formers: charter.former };
    Some(claims.places().len() == from.held.len() && claims.compare(&from).is_ok_and(|notes| notes.is_empty()))
}
