//! What the steps of a founding are asked for, and what they answer.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::api::{FormerView, NodeRole};

/// What a home is made for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InitOptions {
    /// Id of the member for whom the node will speak, such as `PRY`. An observer has none.
    pub member: Option<String>,
    /// Name of the institution, as the charter will carry it.
    pub name: Option<String>,
    /// Its role; `mechanism` if nothing is said.
    pub role: Option<String>,
    /// A node that reads and verifies, and signs nothing.
    pub observer: bool,
    /// A further node of a member that has a root key already: it gets a publishing key and a node key of its own.
    #[serde(default)]
    pub further_node: bool,
    /// Where the root key goes; into the home if nothing is said.
    #[serde(default)]
    pub root_key: Option<PathBuf>,
    /// The file of a spare root key that is to be the root key. It stays where it is.
    #[serde(default)]
    pub from_spare: Option<PathBuf>,
    /// A spare root key, public half, in hexadecimal.
    #[serde(default)]
    pub spare: Option<String>,
    /// A governance key, public half, in hexadecimal.
    #[serde(default)]
    pub governance: Option<String>,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitReply {
    /// The member.
    pub member: Option<String>,
    /// The root key's fingerprint, to be compared by telephone.
    pub fingerprint: Option<String>,
    /// The file of the root key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root_file: Option<String>,
    /// Path of the card, which is public.
    pub card: Option<String>,
    /// The root key, public half, in hexadecimal.
    pub root_key: Option<String>,
    /// The publishing key, public half, in hexadecimal.
    pub publish_key: Option<String>,
    /// The node's libp2p id.
    pub node_peer_id: Option<String>,
}

/// From what a charter is drafted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftOptions {
    /// Name of the network.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Cards of all founders.
    pub cards: Vec<PathBuf>,
    /// The file to write.
    pub out: PathBuf,
}

/// A charter that nobody has signed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftReply {
    /// Id of the network that it would found.
    pub network: String,
    /// Path of the draft.
    pub path: String,
    /// Ids of the founders, sorted.
    pub members: Vec<String>,
    /// What the founders should know before they sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A member adopted the charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignReply {
    /// Id of the network.
    pub network: String,
    /// Who signed.
    pub member: String,
    /// Path of the signed file.
    pub path: String,
}

/// A key that was made to be laid by, or to be kept by an officer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedKeyReply {
    /// The key, public half, in hexadecimal.
    pub key: String,
    /// What people compare by voice.
    pub fingerprint: String,
    /// The file of the key.
    pub path: String,
}

/// A network is founded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealReply {
    /// Id of the network.
    pub network: String,
    /// Its name.
    pub name: String,
    /// Path of the founding bundle.
    pub path: String,
    /// The ticket, one line of text.
    pub ticket: String,
    /// Ids of the founders, sorted.
    pub members: Vec<String>,
    /// What is still missing for others to join.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What a file or a home says about a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharterView {
    /// What was looked at.
    pub kind: CharterKind,
    /// Id of the network: the hash of the whole charter.
    pub network: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// The networks whose library it carries over, the last one first. Empty if it is not founded anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<FormerView>,
    /// How many members change the roster, in words.
    pub quorum: String,
    /// The founders, by id.
    pub members: Vec<FounderView>,
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CharterKind {
    /// A charter that nobody has signed yet.
    Draft,
    /// A charter with the signature of one member.
    Signed,
    /// A founding bundle: a charter with all signatures.
    Founding,
    /// A home that has joined the network.
    Home,
}

/// A founder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FounderView {
    /// Id of the member.
    pub id: String,
    /// Name of the institution.
    pub name: String,
    /// Its role.
    pub role: String,
    /// The root key's fingerprint, to be compared by telephone.
    pub fingerprint: String,
    /// The root key, public half, in hexadecimal.
    pub root_key: String,
    /// The fingerprint of the spare root key that it has laid by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare: Option<String>,
    /// The fingerprint of its governance key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governance: Option<String>,
    /// Is its signature in this file, or in this home?
    pub signed: bool,
}

/// For what an institution asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestOptions {
    /// Its name, if not that of its card.
    pub name: Option<String>,
    /// Its role, if not that of its card.
    pub role: Option<String>,
    /// A spare root key, in hexadecimal, if not that of its card.
    pub spare: Option<String>,
    /// A governance key, in hexadecimal, if not that of its card.
    pub governance: Option<String>,
    /// The file to write, if not the one in the home.
    pub out: Option<PathBuf>,
}

/// A request to join, or to replace a root key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestReply {
    /// Id of the network.
    pub network: String,
    /// Its name.
    pub network_name: String,
    /// Id of the member to be.
    pub member: String,
    /// Name of the institution.
    pub name: String,
    /// Its role.
    pub role: String,
    /// The root key's fingerprint, to be compared by telephone.
    pub fingerprint: String,
    /// The request, one line of text.
    pub request: String,
    /// Path of the file that has the same line.
    pub path: String,
}

/// What a home is after it joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinReply {
    /// Id of the network.
    pub network: String,
    /// Its name, if the charter is known yet.
    pub network_name: Option<String>,
    /// What the node is there, as far as it is known yet.
    pub role: NodeRole,
    /// The member for whom the home was made.
    pub member: Option<String>,
    /// The charter is not known yet: it comes with the first sync.
    pub needs_sync: bool,
    /// How many entries of a former network were taken over from a home of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_over: Option<u64>,
}
