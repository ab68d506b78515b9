//! Doors for fuzz targets: requests to a root key, and offers of keys. What they return is what was understood, written again.

use ed25519_dalek::SigningKey;
use serde_bytes::ByteBuf;

use super::{Checked, Offer, Request};

/// Reads a request, and checks it as far as it can be checked by itself.
pub fn request(bytes: &[u8]) -> Option<Vec<u8>> {
    let request = Request::decode(bytes).ok()?;
    // Whether it holds is for the tests beside it; here it only has to come to an end.
    drop(request.view());
    Some(request.encode())
}

/// Reads an offer of keys.
pub fn offer(text: &str) -> Option<String> {
    let offer = Offer::parse(text).ok()?;
    drop(offer.openings());
    Some(offer.to_text())
}

/// A request that can be shown, signed with any key, as [`KeyFile::sign`](super::KeyFile::sign) signs it: it asks besides whether the
/// key is one that may.
pub fn signed(bytes: &[u8], key: &SigningKey) -> Option<Vec<u8>> {
    let request = Request::decode(bytes).ok()?;
    let signed = Checked::of(&request).ok()?.sign(key).into_iter().map(|one| ByteBuf::from(one.bytes)).collect();
    Some(Request { signed: Some(signed), ..request }.encode())
}
