//! Private keys as text: PKCS#8 version 1 in PEM, as OpenSSL 3.0 and later makes and reads it.
//!
//! ```text
//! publish, node   -----BEGIN PRIVATE KEY-----            PrivateKeyInfo, version 0, id-Ed25519 (RFC 5208, 8410)
//! root            -----BEGIN ENCRYPTED PRIVATE KEY-----  the same in PBES2 (RFC 8018): scrypt or PBKDF2, AES-CBC
//! ```
//!
//! Version 1 holds no public key: OpenSSL before 3.2 cannot read version 2, and a stored public key can disagree with
//! the private one. Version 2 is therefore neither written nor read.
//!
//! New files are made with scrypt (N = 2^14, r = 8, p = 1, 16 MiB: what `openssl pkcs8 -scrypt` uses, and within the
//! 32 MiB that OpenSSL grants by default) or PBKDF2-HMAC-SHA-256 (600,000 rounds), and AES-256-CBC.
//!
//! Invariants: a file decides what it costs to open only up to the bounds below, checked before anything is derived;
//! every buffer with a seed is wiped; no error tells a byte of the content.
//!
//! Absent: other algorithms than Ed25519, other containers than PKCS#8; they are named, so that whoever put them there
//! knows.

use ed25519_dalek::pkcs8::KeypairBytes;
use pkcs8::der::pem::PemLabel;
use pkcs8::der::zeroize::{Zeroize, Zeroizing};
use pkcs8::pkcs5::{self, EncryptionScheme, pbes2};
use pkcs8::{
    EncodePrivateKey, EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument,
};

use super::error::KeyError;
use super::passphrase::Passphrase;

/// The longest key file that is read.
pub(super) const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;

/// The most memory that scrypt may take when a file asks for it: 64 MiB for its table, and some for its blocks.
const SCRYPT_BYTES_MAX: u64 = 65 * 1024 * 1024;

/// The most work, N·r·p: sixteen times that of our own files.
const SCRYPT_WORK_MAX: u64 = 1 << 21;

/// The most rounds of PBKDF2: some seconds of a small processor.
const PBKDF2_ROUNDS_MAX: u32 = 10_000_000;

const PBKDF2_ROUNDS: u32 = 600_000;
const SCRYPT_LOG_N: u8 = 14;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const PLAIN: &str = "an unencrypted Ed25519 private key (PKCS#8 PEM)";
const ENCRYPTED: &str = "an encrypted Ed25519 private key (PKCS#8 PEM)";

/// A private key: the 32 bytes that RFC 8032 calls the secret key, wiped when dropped.
pub(super) type Seed = Zeroizing<[u8; 32]>;

/// How the passphrase of a new root key is stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// scrypt, which takes memory and so resists graphics cards.
    #[default]
    Scrypt,
    /// PBKDF2 with HMAC-SHA-256, where a rule asks for it or scrypt is switched off.
    Pbkdf2,
}

/// The PEM text of an unencrypted key.
pub(super) fn encode_plain(seed: &[u8; 32]) -> Result<Zeroizing<String>, KeyError> {
    let document = document(seed)?;
    document.to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF).map_err(|error| damaged(PLAIN, error))
}

/// The PEM text of a key that opens with a passphrase.
pub(super) fn encode_encrypted(
    seed: &[u8; 32],
    passphrase: &Passphrase,
    protection: Protection,
) -> Result<Zeroizing<String>, KeyError> {
    passphrase.check()?;
    let document = document(seed)?;
    let info = PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|error| damaged(PLAIN, error))?;
    let encrypted = info
        .encrypt_with_params(parameters(protection)?, passphrase.as_bytes())
        .map_err(|error| damaged(ENCRYPTED, error))?;
    encrypted.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF).map_err(|error| damaged(ENCRYPTED, error))
}

/// Reads the PEM text of an unencrypted key.
pub(super) fn decode_plain(text: &[u8]) -> Result<Seed, KeyError> {
    let document = unwrap_pem(text, PrivateKeyInfoRef::PEM_LABEL, PLAIN)?;
    seed_of(document.as_bytes(), PLAIN)
}

/// Reads the PEM text of an encrypted key.
pub(super) fn decode_encrypted(text: &[u8], passphrase: &Passphrase) -> Result<Seed, KeyError> {
    with_encrypted(text, |encrypted| {
        let opened = encrypted.decrypt(passphrase.as_bytes()).map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::UnsupportedAlgorithm { oid }) => {
                KeyError::Encryption { what: algorithm_name(oid) }
            }
            pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::AlgorithmParametersInvalid { oid }) => {
                KeyError::Encryption { what: format!("impossible parameters of {}", algorithm_name(oid)) }
            }
            // A wrong passphrase can pass the check of the padding and then gives noise.
            _ => KeyError::Passphrase,
        })?;
        PrivateKeyInfoRef::try_from(opened.as_bytes()).map_err(|_| KeyError::Passphrase)?;
        seed_of(opened.as_bytes(), ENCRYPTED)
    })
}

/// Reads the PEM text of an encrypted key and does something with it, once it is known to cost no more than may be spent.
pub(super) fn with_encrypted<T>(
    text: &[u8],
    open: impl FnOnce(EncryptedPrivateKeyInfoRef<'_>) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    let document = unwrap_pem(text, EncryptedPrivateKeyInfoRef::PEM_LABEL, ENCRYPTED)?;
    let encrypted =
        EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|error| match unknown_algorithm(&error) {
            Some(oid) => KeyError::Encryption { what: algorithm_name(oid) },
            None => damaged(ENCRYPTED, error),
        })?;
    check_cost(&encrypted.encryption_algorithm)?;
    open(encrypted)
}

fn document(seed: &[u8; 32]) -> Result<SecretDocument, KeyError> {
    let key = KeypairBytes { secret_key: *seed, public_key: None };
    key.to_pkcs8_der().map_err(|error| damaged(PLAIN, error))
}

fn parameters(protection: Protection) -> Result<pbes2::Parameters, KeyError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt).map_err(KeyError::Random)?;
    getrandom::fill(&mut iv).map_err(KeyError::Random)?;
    let made = match protection {
        Protection::Scrypt => {
            let cost = pkcs5::scrypt::Params::new(SCRYPT_LOG_N, 8, 1)
                .expect("these are the parameters that RFC 7914 recommends as a minimum");
            pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv)
        }
        Protection::Pbkdf2 => pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(PBKDF2_ROUNDS, &salt, iv),
    };
    made.map_err(|error| damaged(ENCRYPTED, error))
}

/// Refuses what would let the author of a file choose how much memory and time its reader spends.
fn check_cost(scheme: &EncryptionScheme) -> Result<(), KeyError> {
    let Some(parameters) = scheme.pbes2() else {
        return Err(KeyError::Encryption { what: "PBES1, which is broken".into() });
    };
    match &parameters.kdf {
        pbes2::Kdf::Scrypt(scrypt) => {
            let (n, r, p) = (scrypt.cost_parameter, u64::from(scrypt.block_size), u64::from(scrypt.parallelization));
            let what = format!("scrypt (N={n}, r={r}, p={p})");
            // Checked here because the library below takes the logarithm of N before it looks at it.
            if !n.is_power_of_two() || n == 1 || r == 0 || p == 0 {
                return Err(KeyError::Encryption { what: format!("impossible parameters of {what}") });
            }
            let bytes = n.saturating_add(p).saturating_mul(128 * r);
            let work = n.saturating_mul(r).saturating_mul(p);
            if bytes > SCRYPT_BYTES_MAX || work > SCRYPT_WORK_MAX {
                return Err(KeyError::Cost { what });
            }
            Ok(())
        }
        pbes2::Kdf::Pbkdf2(pbkdf2) => {
            let rounds = pbkdf2.iteration_count;
            if pbkdf2.prf == pbes2::Pbkdf2Prf::HmacWithSha1 {
                return Err(KeyError::Encryption { what: "PBKDF2 with SHA-1".into() });
            }
            if rounds == 0 {
                return Err(KeyError::Encryption { what: "no rounds of PBKDF2 at all".into() });
            }
            if rounds > PBKDF2_ROUNDS_MAX {
                return Err(KeyError::Cost { what: format!("{rounds} rounds of PBKDF2") });
            }
            Ok(())
        }
        other => Err(KeyError::Encryption { what: algorithm_name(other.oid()) }),
    }
}

/// The content of a PEM text, if it has the label that it should have; otherwise what it is.
fn unwrap_pem(text: &[u8], label: &str, expected: &'static str) -> Result<SecretDocument, KeyError> {
    let other = |found: String| KeyError::Other { expected, found };
    let text = std::str::from_utf8(text).map_err(|_| other("bytes that are no text (DER perhaps)".into()))?;
    if text.trim().is_empty() {
        return Err(other("an empty file".into()));
    }
    let found = pkcs8::der::pem::decode_label(text.as_bytes()).map_err(|_| other(describe_text(text)))?;
    if found != label {
        return Err(other(describe_label(found)));
    }
    let (_, document) = SecretDocument::from_pem(text).map_err(|error| damaged(expected, error))?;
    Ok(document)
}

fn seed_of(der: &[u8], expected: &'static str) -> Result<Seed, KeyError> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|error| damaged(expected, error))?;
    let other = |found: String| KeyError::Other { expected, found };
    if info.algorithm.oid != ED25519 {
        return Err(other(format!("a private key for {}", algorithm_name(info.algorithm.oid))));
    }
    if info.public_key.is_some() {
        return Err(other("PKCS#8 version 2, which carries a public key; version 1 is needed".into()));
    }
    let mut pair = KeypairBytes::try_from(info).map_err(|error| damaged(expected, error))?;
    let seed = Zeroizing::new(pair.secret_key);
    pair.secret_key.zeroize();
    Ok(seed)
}

/// What is said of a text that is no PEM; none of the text itself, which may be a secret.
fn describe_text(text: &str) -> String {
    if text.contains("-----BEGIN ") {
        "a PEM text that is damaged or cut".into()
    } else {
        "a text that is no PEM".into()
    }
}

fn describe_label(label: &str) -> String {
    match label {
        "PRIVATE KEY" => "a private key that is not encrypted".into(),
        "ENCRYPTED PRIVATE KEY" => "a private key that is encrypted".into(),
        "PUBLIC KEY" => "a public key".into(),
        "CERTIFICATE" => "a certificate".into(),
        "CERTIFICATE REQUEST" => "a certificate request".into(),
        "OPENSSH PRIVATE KEY" => "a private key in the format of OpenSSH".into(),
        "RSA PRIVATE KEY" => "an RSA private key in the old format".into(),
        "EC PRIVATE KEY" => "an elliptic-curve private key in the old format".into(),
        other => format!("a PEM text that calls itself {other:?}"),
    }
}

/// The algorithm that the decoder does not know, if that is why it gave up.
fn unknown_algorithm(error: &pkcs8::Error) -> Option<ObjectIdentifier> {
    match error {
        pkcs8::Error::Asn1(error) => match error.kind() {
            pkcs8::der::ErrorKind::OidUnknown { oid } => Some(oid),
            _ => None,
        },
        _ => None,
    }
}

fn algorithm_name(oid: ObjectIdentifier) -> String {
    let text = oid.to_string();
    let known = match text.as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.10045.2.1" => "ECDSA",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.113" => "Ed448",
        "1.2.840.113549.1.5.12" => "PBKDF2",
        "1.3.6.1.4.1.11591.4.11" => "scrypt",
        "1.2.840.113549.3.7" => "triple DES",
        "1.3.14.3.2.7" => "DES",
        _ => return format!("algorithm {text}"),
    };
    known.into()
}

fn damaged(expected: &'static str, error: impl std::fmt::Display) -> KeyError {
    KeyError::Damaged { expected, reason: error.to_string() }
}

#[cfg(test)]
#[path = "pem_tests.rs"]
mod tests;
