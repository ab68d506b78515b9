//! What people and programs read of keys: which a member has, what a root key is asked to sign, and what follows from it.

use serde::{Deserialize, Serialize};

use super::ballots::BallotReply;

/// What is to become of the keys of this node's member.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum KeyChange {
    /// Nothing but that the checkpoints of all live keys move on.
    #[default]
    Checkpoint,
    /// A fresh publishing key for this node; the one that it signs with ends.
    Replace {
        /// The last entry of the old key that counts: an id, a place, or `none`; without it the last one that counts here.
        last: Option<String>,
    },
    /// The keys of another node of the member, from what that node offered.
    Add {
        /// The text of the offer.
        offer: String,
    },
    /// A key that is not used any more: all that it said so far stays.
    Retire {
        /// The key, or the beginning of it.
        key: String,
    },
    /// A key that said two things at one place: the branch that counts. The key ends there, and if it is the one that this node
    /// signs with, the node goes on with a fresh one.
    Choose {
        /// The key, or the beginning of it.
        key: String,
        /// An entry of the branch, by its id: the one at the place of the fork, or a later one that is then the last to count.
        entry: String,
    },
    /// A stolen key: what it said after its last own entry counts for nothing.
    Revoke {
        /// The key, or the beginning of it.
        key: String,
        /// The last entry that counts: an id, a place, or `none`. A node key has none.
        last: Option<String>,
    },
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRole {
    /// Signs content.
    Publish,
    /// Is the libp2p identity of a node.
    Node,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyStanding {
    /// It speaks on.
    Live,
    /// It ended at an entry, and nothing that is held lies past that; or a node key that is not used any more.
    Retired,
    /// It was cut off below entries that are held, or nothing of it counts.
    Revoked,
}

/// A place in a log, and what is known of the entry there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceView {
    /// Place in the log.
    pub seq: u64,
    /// BLAKE3 of the entry's bytes, in hexadecimal.
    pub hash: String,
}

/// One key of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// The key, in hexadecimal.
    pub key: String,
    /// What it is for.
    #[serde(rename = "use")]
    pub key_use: KeyRole,
    /// What people compare by voice.
    pub fingerprint: String,
    /// The libp2p peer id of a node key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peer_id: Option<String>,
    /// How it stands.
    pub state: KeyStanding,
    /// The checkpoint of a live publishing key, or the last entry that counts of one that ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<PlaceView>,
    /// Entries of its log that are held.
    pub entries: u64,
    /// Of these, in the part that counts.
    pub counted: u64,
    /// The place in the root log of the first keyring that lists it.
    pub since: u64,
    /// The place in the root log of the keyring that ended it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_by: Option<u64>,
    /// The roster that ended it, with the root key that listed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_by_roster: Option<u64>,
    /// Does this node sign, or identify itself, with it?
    pub own: bool,
}

/// A key on a member's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedKey {
    /// The key, in hexadecimal.
    pub key: String,
    /// What people compare by voice.
    pub fingerprint: String,
}

/// The keys of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyListReply {
    /// The member.
    pub member: String,
    /// Its name in the charter.
    pub member_name: String,
    /// Its root key, in hexadecimal.
    pub root_key: String,
    /// What people compare by voice.
    pub root_fingerprint: String,
    /// The spare root key that it has laid by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub spare: Option<NamedKey>,
    /// Its governance key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub governance: Option<NamedKey>,
    /// The place of the keyring in force in the root log; absent if none is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub keyring: Option<u64>,
    /// When it was signed, as its signer claims.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub keyring_time: Option<String>,
    /// The place from which on the root log does not count, if it is forked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root_forked_at: Option<u64>,
    /// All keys that speak or ever spoke for it: live ones first.
    pub keys: Vec<KeyView>,
}

/// What happens to a key in a keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyStep {
    /// It is new, and may speak from now on.
    Added,
    /// It is new, and ended at once.
    AddedEnded,
    /// Its checkpoint moves on.
    MovesOn,
    /// It ends.
    Ends,
    /// It had ended, and is cut earlier.
    CutEarlier,
}

/// One change of a keyring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// The key, in hexadecimal.
    pub key: String,
    /// What it is for.
    #[serde(rename = "use")]
    pub key_use: KeyRole,
    /// What people compare by voice.
    pub fingerprint: String,
    /// What happens to it.
    pub step: KeyStep,
    /// The place before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<PlaceView>,
    /// The place that is fixed or that is the last to count.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<PlaceView>,
    /// What that means, in a sentence.
    pub meaning: String,
}

/// What somebody is asked to sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestAct {
    /// Which keys speak for the member.
    #[default]
    Keyring,
    /// A statement of a ballot.
    Vote,
    /// A founder adopts the charter.
    Charter,
    /// An institution asks to be admitted, or to have its root key replaced, and says what it will say first.
    Admission,
}

/// What a root key, or a governance key, is asked to sign, read from the very bytes that would be signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// What it is.
    #[serde(default)]
    pub act: RequestAct,
    /// Id of the network: the hash of the charter in the request.
    pub network: String,
    /// Its name.
    pub network_name: String,
    /// The member.
    pub member: String,
    /// Its name, if it is a founder.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member_name: Option<String>,
    /// The root key that is to sign, in hexadecimal.
    pub root_key: String,
    /// What people compare by voice.
    pub root_fingerprint: String,
    /// May a governance key sign such a thing? It may, about an ordinary proposal.
    #[serde(default)]
    pub ordinary: bool,
    /// The fingerprint of the governance key, if the member has one that may sign instead.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub governance_fingerprint: Option<String>,
    /// The place in the root log that it takes; a statement of a ballot takes none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entry: Option<u64>,
    /// When it says it was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time: Option<String>,
    /// Has it been signed already?
    pub signed: bool,
    /// What it says, in words, where it is not about the keys of the member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
    /// What changes, key by key.
    pub steps: Vec<StepView>,
    /// Keys that stay as they are.
    pub unchanged: u64,
    /// What cannot be known from the file alone.
    pub unchecked: Vec<String>,
}

/// What becomes of the entries of a key, as far as this node holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectView {
    /// The key, in hexadecimal.
    pub key: String,
    /// Entries that count now and will not.
    pub stops: u64,
}

/// An entry near the place where a key is to be cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    /// Place in the log.
    pub seq: u64,
    /// Short id.
    pub short: String,
    /// Kind.
    pub kind: String,
    /// Title of a practice whose body is held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// The author's claim of when.
    pub time: String,
    /// When this node durably had it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub arrived: Option<String>,
    /// Will it count?
    pub counts: bool,
}

/// A request, ready to be signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedReply {
    /// The file, in base64.
    pub file: String,
    /// What it says.
    pub request: RequestView,
    /// What follows from it here.
    pub effects: Vec<EffectView>,
    /// What else follows, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<String>,
    /// The entries around the place where a key is cut off.
    pub around: Vec<EntryRow>,
    /// What the operator should know before it is signed.
    pub warnings: Vec<String>,
}

/// What was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitReply {
    /// Was it only checked?
    pub checked_only: bool,
    /// Was it held already?
    pub known: bool,
    /// What it says.
    pub request: RequestView,
    /// What follows from it here.
    pub effects: Vec<EffectView>,
    /// The publishing key that this node signs with now, if that changed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signs_with: Option<String>,
    /// Where the ballots stand now, after a statement of one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ballots: Option<BallotReply>,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

/// The keys that a node offers to a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferReply {
    /// The member for whom they agree to speak.
    pub member: String,
    /// The text of the offer.
    pub offer: String,
    /// The keys, each with what people compare by voice.
    pub keys: Vec<OfferedKey>,
    /// A name for a file.
    pub file_name: String,
}

/// One key of an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedKey {
    /// The key, in hexadecimal.
    pub key: String,
    /// What it is for.
    #[serde(rename = "use")]
    pub key_use: KeyRole,
    /// What people compare by voice.
    pub fingerprint: String,
}
