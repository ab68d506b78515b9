//! Doors for fuzz targets: key files.

use super::pem;

/// Reads an unencrypted key, and says what it would be written as.
pub fn plain_key(text: &[u8]) -> Option<([u8; 32], String)> {
    let seed = pem::decode_plain(text).ok()?;
    Some((*seed, pem::encode_plain(&seed).ok()?.as_str().to_owned()))
}

/// Reads an encrypted key up to where a passphrase would be stretched. What that may cost is bounded before, and would be too
/// much for a target.
pub fn encrypted_key(text: &[u8]) -> bool {
    pem::with_encrypted(text, |_| Ok(())).is_ok()
}
