//! Forks: what is known of each side, and what follows from choosing one.

use serde::{Deserialize, Serialize};

use super::{
    calls::{Call, call},
    keys::{EntryRow, PlaceView, PreparedReply},
    types::ForkView,
};

/// What a forked log is, which decides who can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForkedLog {
    /// A member's publishing log: the member's keyring names the branch.
    Publishing,
    /// A member's root log: the list of members names the branch, so a ballot decides.
    Root,
    /// The log of a key that nobody's keyring lists: it counts for nothing either way.
    Unlisted,
}

/// How a fork stands on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForkState {
    /// Nobody has named a branch: what stands below counts, and nothing above.
    Open,
    /// A branch has been named, and its entries have not arrived here.
    Awaited,
    /// The branch that was named is here.
    Settled,
}

/// One side of a fork.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkSide {
    /// CID of its entry at the place of the fork.
    pub id: String,
    /// Its short form.
    pub short: String,
    /// Hash of that entry, in hexadecimal.
    pub hash: String,
    /// Its kind, where the entry is at hand.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<String>,
    /// The author's claim of when, where the entry is at hand.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time: Option<String>,
    /// Does this node hold this side? Of another it knows the entries that prove it, without what they say.
    pub held: bool,
    /// Entries of this side that this node knows, from the place of the fork on.
    pub entries: u64,
    /// The last of them.
    pub last: PlaceView,
    /// The first of them that are at hand: what would count with this side, and falls away with another.
    pub rows: Vec<EntryRow>,
}

/// A fork, both sides side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkReport {
    /// The log, in hexadecimal.
    pub key: String,
    /// The member whose it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member_name: Option<String>,
    /// What the log is.
    pub log: ForkedLog,
    /// How the fork stands here.
    pub state: ForkState,
    /// The place at which two entries are known. What stands below it counts whatever is chosen.
    pub seq: u64,
    /// The entry that was named, if one was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub named: Option<PlaceView>,
    /// Is it the log of this node's own member?
    pub own: bool,
    /// The sides: the one that is held first.
    pub sides: Vec<ForkSide>,
    /// The proposals about the list of members in force that choose a branch of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<ForkProposal>,
}

/// A proposal that chooses a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkProposal {
    /// Its id.
    pub id: String,
    /// Its short form.
    pub short: String,
    /// The entry of the log that it names.
    pub last: PlaceView,
    /// The entry at the head of the side on which that stands, by its short id, where this node can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// All that it changes, in words.
    pub changes: Vec<String>,
    /// Does it choose the branch, and nothing else?
    pub alone: bool,
}

/// Forks that are not settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkListReply {
    /// One each log.
    pub forks: Vec<ForkView>,
}

call! {
    /// List the forks that are not settled.
    ForkList as "fork-list" -> ForkListReply {}
}
call! {
    /// Show both sides of a fork.
    ForkShow as "fork-show" -> ForkReport {
        /// The log: its key or the beginning of it, or the id of the member if only one log of it is forked.
        log: String,
    }
}
call! {
    /// Prepare the statement by which this node's member is for one side of a forked root log: of the proposal that chooses it already, or of
    /// a new one.
    ForkSettle as "fork-settle" -> PreparedReply {
        /// The log: its key or the beginning of it, or the id of the member if only one log of it is forked.
        log: String,
        /// An entry of the side that is to count, by its id.
        entry: String,
    }
}
