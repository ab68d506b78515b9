//! Who may read a document, and how one looks to those who may not.

use nanduti_protocol::kind;
use serde::{Deserialize, Serialize};

use super::types::WithdrawalView;

/// Who may read a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Everybody.
    #[default]
    Public,
    /// Members of the network only.
    Members,
}

impl From<kind::Audience> for Audience {
    fn from(audience: kind::Audience) -> Self {
        match audience {
            kind::Audience::Public => Self::Public,
            kind::Audience::Members => Self::Members,
        }
    }
}

/// A document for members only, as everybody sees it: that it exists, from whom and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedView {
    /// CID of the entry.
    pub id: String,
    /// Its short form.
    pub short: String,
    /// Member that signed it.
    pub member: String,
    /// Name of the member.
    pub member_name: String,
    /// What it is, such as `practice`.
    pub kind: String,
    /// The log, in hexadecimal.
    pub key: String,
    /// Place in the log.
    pub seq: u64,
    /// The author's claim of when.
    pub time: String,
    /// The withdrawal that names it. That is public, with its reason.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub withdrawal: Option<WithdrawalView>,
}

/// Documents for members only, by member and log, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedReply {
    /// The entries asked for.
    pub entries: Vec<ClosedView>,
    /// How many there are in all.
    pub total: u64,
}

/// What a node knows of documents for members only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForMembersView {
    /// May this node read them? It may if its node key stands in a member's keyring.
    pub readable: bool,
    /// Entries for members only that count.
    pub entries: u64,
    /// Practices for members only that this node can read.
    pub practices: u64,
    /// Of these, those of its own member.
    pub own_practices: u64,
    /// Texts for members only that are not here. They are asked for only by a node that may read them.
    pub missing: u64,
}
