//! What `verify` looked at and found.

use serde::{Deserialize, Serialize};

use super::types::Proof;

/// What `verify` looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReply {
    /// Logs read.
    pub logs: u64,
    /// Entries whose hash chain and body hash were checked.
    pub entries: u64,
    /// Bodies checked against their hash.
    pub bodies: u64,
    /// Signatures checked (all of them with `--deep`, else one a segment).
    pub signatures: u64,
    /// Entries that stand by the chain alone: a later signature vouches for them, their own does not verify.
    pub by_chain_alone: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What is damaged, by file and offset. Empty means that all is well.
    pub damage: Vec<DamageView>,
    /// Of one document: who signed each of its entries, and under which keyring that key stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<Proof>,
}

/// A damaged place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageView {
    /// File, relative to the home.
    pub file: String,
    /// Offset of the first byte that is wrong.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}
