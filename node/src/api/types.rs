//! What people and programs read: the JSON shapes of the operator's API, of `--json` and of the pages.
//!
//! They live apart from the protocol's types on purpose: a signed format never changes because a page does, and no
//! signed thing is ever re-made from JSON. Ids are CIDs in base32, keys are lower-case hexadecimal, times are RFC 3339 in
//! UTC. A field that does not apply is absent.

use serde::{Deserialize, Serialize};

use super::{
    audience::{Audience, ClosedReply, ForMembersView},
    former::{FormerView, ProofFormer},
    upkeep::RestoredView,
};

/// One line of the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeRow {
    /// Id of the series: the CID of its first revision.
    pub id: String,
    /// Shortest form that a person types: ten characters of the CID after what all CIDs share.
    pub short: String,
    /// Member that signed it, such as `PRY`.
    pub member: String,
    /// Title of the newest revision, in its source language.
    pub title: String,
    /// BCP 47 tag of the source language.
    pub language: String,
    /// Codes of the vocabulary `strand`.
    pub strands: Vec<String>,
    /// Codes of the vocabulary `capacity`.
    pub capacities: Vec<String>,
    /// Codes of the themes.
    pub themes: Vec<String>,
    /// Number of revisions that count.
    pub revisions: u64,
    /// How the series stands.
    pub state: SeriesState,
    /// Who may read it.
    #[serde(default)]
    pub audience: Audience,
    /// The author's claim of when the newest revision was made.
    pub time: String,
}

/// How a series stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeriesState {
    /// In force, with one newest revision.
    Current,
    /// In force, with several newest revisions that do not know of each other.
    Concurrent,
    /// Withdrawn by its member.
    Withdrawn,
}

/// What to list. Empty lists mean "any"; several values of one list mean "any of these".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListFilter {
    /// Member ids.
    pub member: Vec<String>,
    /// Codes of the vocabulary `strand`.
    pub strand: Vec<String>,
    /// Codes of the vocabulary `capacity`.
    pub capacity: Vec<String>,
    /// Codes of the themes.
    pub theme: Vec<String>,
    /// BCP 47 tags.
    pub language: Vec<String>,
    /// States; by default all but withdrawn.
    pub state: Vec<SeriesState>,
    /// Rows to pass over.
    pub offset: u64,
    /// Rows at most; 0 means the default of 100, the most is 10,000.
    pub limit: u64,
}

/// Rows of the library, ordered by member and then title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReply {
    /// The rows asked for.
    pub practices: Vec<PracticeRow>,
    /// How many match in all.
    pub total: u64,
    /// That the members have gone over to rules which this node does not know, so that what it lists is its own opinion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Documents for members only that cannot be read here: of them nothing is known by which they could be filtered but the
    /// member.
    #[serde(default)]
    pub closed: ClosedReply,
}

/// A practice with its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PracticeView {
    /// The line that the list shows.
    #[serde(flatten)]
    pub row: PracticeRow,
    /// The revision shown.
    pub revision: RevisionView,
    /// Other newest revisions, if several were made without knowing of each other.
    pub concurrent: Vec<RevisionView>,
    /// The withdrawal, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub withdrawal: Option<WithdrawalView>,
    /// The fields of the record in the order of the schema, then those that this node does not know.
    pub fields: Vec<FieldView>,
    /// The record as JSON. For reading only: the signed bytes are the body in the segment.
    pub record: serde_json::Value,
    /// The record as the Markdown file that would publish it again.
    pub markdown: String,
}

/// One field as a person reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldView {
    /// Name in the record, such as `civil_society_role`.
    pub name: String,
    /// English label, such as `Civil society's role`.
    pub label: String,
    /// How the value is to be shown.
    pub form: FieldForm,
    /// The value; codes with their labels.
    pub values: Vec<ValueView>,
}

/// How a field's values are to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldForm {
    /// Plain text.
    Text,
    /// The Markdown subset (paragraphs, emphasis, lists, links).
    Markdown,
    /// Codes of a vocabulary.
    Code,
    /// Anything else: numbers, dates, lists of small records.
    Plain,
    /// A field that this node's schema does not know, shown bare.
    Unknown,
}

/// One value of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueView {
    /// The value, or the code.
    pub text: String,
    /// English label of a code that this node knows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    /// Address that the value links to (`https:` or `mailto:` only).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub href: Option<String>,
}

/// One revision and the proof of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionView {
    /// Its CID.
    pub id: String,
    /// Ids of the revisions it replaces.
    pub revises: Vec<String>,
    /// Title at that revision.
    pub title: String,
    /// The author's claim of when.
    pub time: String,
    /// When this node durably had it. Absent where the node no longer knows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub arrived: Option<String>,
    /// Is it one of the newest?
    pub newest: bool,
    /// Who signed, with which key, where.
    pub proof: Proof,
}

/// Who signed an entry, with which key, and where it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Member for whom the key speaks.
    pub member: String,
    /// Name of the member in the charter.
    pub member_name: String,
    /// The publishing key (the log), in hexadecimal.
    pub key: String,
    /// Place in the log.
    pub seq: u64,
    /// BLAKE3 of the entry's bytes, in hexadecimal.
    pub hash: String,
    /// BLAKE3 of the body's bytes, in hexadecimal.
    pub body_hash: String,
    /// Length of the body in bytes.
    pub body_size: u64,
    /// Segment file that holds it, relative to the home.
    pub segment: String,
    /// Offset in that file, in bytes.
    pub offset: u64,
    /// The keyring under which the key speaks: place in the member's root log.
    pub keyring_seq: u64,
    /// The member's root key, in hexadecimal.
    pub root_key: String,
    /// Does the entry count? (A cut-off or a fork can take that away.)
    pub counts: bool,
    /// The former network from which the charter carries the entry over. The keyring and the root key are then of that network.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub former: Option<ProofFormer>,
}

/// An honest tombstone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawalView {
    /// Its CID.
    pub id: String,
    /// Code of the vocabulary `withdraw_reason`.
    pub reason: String,
    /// Public note.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// The author's claim of when.
    pub time: String,
}

/// Field by field, what changed between two revisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiffReply {
    /// The earlier revision; absent when compared with nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<RevisionView>,
    /// The later revision.
    pub to: RevisionView,
    /// Fields that differ, in the order of the schema.
    pub changes: Vec<FieldChange>,
}

/// A field before and after, as text; several values one a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Name in the record.
    pub name: String,
    /// English label.
    pub label: String,
    /// Text before; empty if the field was absent.
    pub before: String,
    /// Text after; empty if the field is absent.
    pub after: String,
}

/// What `publish` and `publish --check` found or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishReply {
    /// What happened.
    pub outcome: PublishOutcome,
    /// Title of the record.
    pub title: String,
    /// Who may read it.
    #[serde(default)]
    pub audience: Audience,
    /// Id of the series; absent when only checked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// Short id of the series.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub short: Option<String>,
    /// Id of the new revision.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<String>,
    /// Place in the log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seq: Option<u64>,
    /// What is not wrong but worth a look.
    pub warnings: Vec<Problem>,
}

/// What a publication did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublishOutcome {
    /// Only checked: nothing was signed.
    Valid,
    /// A new series was begun.
    Published,
    /// A revision was added to a series.
    Revised,
    /// The newest revision says exactly this already: nothing was signed.
    Unchanged,
}

/// Something in a file that a person has to mend or to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where: a field's path, such as `evidence[2].kind`, or empty for the whole file.
    pub field: String,
    /// Line in the file, from 1, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
}

/// What one synchronisation did, peer by peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReply {
    /// One line a peer.
    pub peers: Vec<SyncOutcome>,
    /// Frontier digest afterwards, in hexadecimal.
    pub digest: String,
}

/// What one synchronisation with one peer did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncOutcome {
    /// The peer's id.
    pub peer: String,
    /// Member for whom the peer's node key stands in a keyring.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// Entries received and durably stored.
    pub received: u64,
    /// Entries sent.
    pub sent: u64,
    /// Bytes of ours read from the stream.
    pub bytes_in: u64,
    /// Bytes of ours written to the stream.
    pub bytes_out: u64,
    /// Milliseconds that it took.
    pub elapsed_ms: u64,
    /// Are both sides equal now?
    pub equal: bool,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// One peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerView {
    /// The libp2p peer id.
    pub peer: String,
    /// Member for whom the peer's node key stands in a keyring.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// Addresses known.
    pub addresses: Vec<String>,
    /// Connected now?
    pub connected: bool,
    /// Blocked by the operator, or for misbehaviour?
    pub blocked: bool,
    /// 0 is neutral; below -100 a peer is disconnected for a while.
    pub score: i64,
    /// What the peer did wrong, by kind.
    pub faults: Vec<(String, u64)>,
    /// When the last synchronisation ended well.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_sync: Option<String>,
    /// Is its frontier digest equal to ours, as far as we know?
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub equal: Option<bool>,
}

/// Peers, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerListReply {
    /// This node's own id and addresses.
    pub own: String,
    /// Addresses on which this node can be reached, with its id.
    pub addresses: Vec<String>,
    /// The others.
    pub peers: Vec<PeerView>,
}

/// How the node stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReply {
    /// Version of the program.
    pub version: String,
    /// Is a node running, or was the store read directly?
    pub running: bool,
    /// Folder where the node lives.
    pub home: String,
    /// The network, in hexadecimal.
    pub network: String,
    /// Its name. Absent until the charter has arrived.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub network_name: Option<String>,
    /// The networks whose library this one carries over, the last one first. Empty if it was not founded anew.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub former: Vec<FormerView>,
    /// Version of the roster.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub roster_version: Option<u64>,
    /// Members on the roster.
    pub members: u64,
    /// What this node is in the network.
    pub role: NodeRole,
    /// Why it signs nothing for its member at present, unless it was restored or its disk is full.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unable: Option<String>,
    /// Member for whom this node speaks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// The publishing key that this node signs with, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub publish_key: Option<String>,
    /// The place in the member's root log of the keyring under which that key stands.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub keyring_seq: Option<u64>,
    /// This node's libp2p id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peer_id: Option<String>,
    /// Addresses that it listens on.
    pub addresses: Vec<String>,
    /// Address of its pages.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub web: Option<String>,
    /// Logs held.
    pub logs: u64,
    /// Entries held.
    pub entries: u64,
    /// Entries that count.
    pub counted: u64,
    /// Practices in the library (withdrawn ones not counted).
    pub practices: u64,
    /// Practices in the library by this node's own member.
    pub own_practices: u64,
    /// Public bodies wanted and not yet held.
    pub wanted_bodies: u64,
    /// What there is for members only.
    #[serde(default)]
    pub for_members: ForMembersView,
    /// Bytes of segment files.
    pub bytes: u64,
    /// Frontier digest, in hexadecimal.
    pub digest: String,
    /// Connected peers.
    pub peers_connected: u64,
    /// Connected peers whose digest is equal to ours.
    pub peers_equal: u64,
    /// Forks known.
    pub forks: Vec<ForkView>,
    /// Messages and entries refused since the start, by reason.
    pub refused: Vec<(String, u64)>,
    /// What needs the operator's eye: set-aside segments, a cut tail, a full disk.
    pub warnings: Vec<String>,
    /// Can the node write? False for an observer, while the disk is full, while a restored node waits, and while `unable` says why not.
    pub writable: bool,
    /// The node was restored from a backup, and waits to be told where its own log stands.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restored: Option<RestoredView>,
    /// Seconds since the node started.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uptime_s: Option<u64>,
}

/// What a node is in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeRole {
    /// Speaks for a member: its publishing key stands in the member's keyring.
    Member,
    /// Has a publishing key of a member, for which it does not speak any more: the key has ended, or the member is suspended.
    Silent,
    /// Has keys, but no member's keyring lists them.
    NotAdmitted,
    /// Has no member's key: reads and verifies everything, signs nothing.
    Observer,
}

/// A proven fork.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkView {
    /// The log, in hexadecimal.
    pub key: String,
    /// Member for whom the key speaks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// The lowest place at which two entries are known.
    pub seq: u64,
    /// The two smallest hashes at that place, in hexadecimal.
    pub hashes: Vec<String>,
}
