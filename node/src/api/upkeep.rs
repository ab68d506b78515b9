//! What looking after a node returns: bundles, backups, the way back, what was rebuilt.

use serde::{Deserialize, Serialize};

/// What a bundle held or holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleReply {
    /// The file.
    pub path: String,
    /// Logs in it.
    pub logs: u64,
    /// Entries in it.
    pub entries: u64,
    /// Of these, entries that were new here (import only).
    pub new: u64,
    /// Entries refused, by reason (import only).
    pub refused: Vec<(String, u64)>,
    /// Bytes of the file.
    pub bytes: u64,
    /// Texts for members only in it.
    #[serde(default)]
    pub for_members: u64,
    /// Texts for members only that were left out, since the file is for everybody (export only).
    #[serde(default)]
    pub left_out: u64,
    /// Texts that had been missing here and are here now (import only).
    #[serde(default)]
    pub filled: u64,
}

/// What was rebuilt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReindexReply {
    /// Logs read.
    pub logs: u64,
    /// Entries read.
    pub entries: u64,
    /// Milliseconds that it took.
    pub elapsed_ms: u64,
}

/// A backup that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReply {
    /// The file.
    pub path: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// When it was made.
    pub made: String,
    /// The network, in hexadecimal.
    pub network: String,
    /// Member for whom the node speaks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// The node's libp2p id.
    pub peer_id: String,
    /// Key files in it. Who has the file has these keys; a root key stays encrypted with its passphrase.
    pub keys: Vec<String>,
    /// The member's own logs, and how far they reach.
    pub own_logs: Vec<OwnLogView>,
    /// Logs in it.
    pub logs: u64,
    /// Entries in it.
    pub entries: u64,
    /// Is the whole library in it, or only what says who may speak, and the member's own logs?
    pub all: bool,
}

/// A home that came out of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreReply {
    /// The backup.
    pub path: String,
    /// When it was made.
    pub made: String,
    /// The home.
    pub home: String,
    /// The network, in hexadecimal.
    pub network: String,
    /// Member for whom the node speaks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// The node's libp2p id.
    pub peer_id: String,
    /// The member's own logs, and how far they reached in the backup.
    pub own_logs: Vec<OwnLogView>,
    /// Logs that were restored.
    pub logs: u64,
    /// Entries that were restored.
    pub entries: u64,
    /// Does the node wait to be told where its own log stands before it signs? An observer signs nothing.
    pub waits: bool,
}

/// A log of the node's own member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnLogView {
    /// The log, in hexadecimal.
    pub key: String,
    /// Is it the root log?
    pub root: bool,
    /// Entries in it.
    pub entries: u64,
    /// Hash of its last entry, in hexadecimal; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<String>,
}

/// A restored node that does not sign yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredView {
    /// When the backup was made. Absent if the home does not know any more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub made: Option<String>,
    /// When it was restored. Absent if the home does not know any more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restored: Option<String>,
    /// Entries that the node's publishing log had in the backup.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entries: Option<u64>,
    /// Members on the roster; 0 as long as it is not known.
    pub members: u64,
    /// Members who have said since this start where the log stands.
    pub told: Vec<String>,
    /// How many have to.
    pub needed: u64,
    /// How many more are needed.
    pub missing: u64,
    /// Are there enough other members who could?
    pub possible: bool,
    /// The same in words.
    pub message: String,
}
