//! Members and ballots, as people and programs read them and ask for them.

use serde::{Deserialize, Serialize};

use super::{
    calls::{Call, call},
    keys::{NamedKey, PreparedReply},
};

/// The members, and the rules that they have given themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersReply {
    /// Name of the network.
    pub network_name: String,
    /// Version of the roster in force.
    pub version: u64,
    /// Hash of the roster in force.
    pub roster: String,
    /// How many of how many voters change the roster.
    pub quorum: u64,
    /// How many members vote.
    pub voters: u64,
    /// The members, by id.
    pub members: Vec<MemberView>,
}

/// A member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Its id, such as `PRY`.
    pub id: String,
    /// Name of the institution.
    pub name: String,
    /// Its role.
    pub role: String,
    /// Does it vote?
    pub votes: bool,
    /// Is it suspended?
    pub suspended: bool,
    /// Fingerprint of its root key, to be compared by telephone.
    pub fingerprint: String,
    /// Its root key.
    pub root_key: String,
    /// Its governance key, if it keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governance: Option<NamedKey>,
    /// The spare root key that it has laid by, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare: Option<NamedKey>,
    /// Root keys that were replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_root_keys: Vec<String>,
    /// Number of the keyring in force in its root log; none has arrived yet without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyring: Option<u64>,
}

/// What somebody wants changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum WantedChange {
    /// Admit an institution.
    Admit {
        /// Its request.
        request: String,
    },
    /// Suspend a member.
    Suspend {
        /// Its id.
        member: String,
    },
    /// End a member's suspension.
    Reinstate {
        /// Its id.
        member: String,
    },
    /// Give a member another role.
    Role {
        /// Its id.
        member: String,
        /// The role.
        role: String,
    },
    /// Give a member another name.
    Name {
        /// Its id.
        member: String,
        /// The name.
        name: String,
    },
    /// Give a member a governance key, or take it away.
    Governance {
        /// Its id.
        member: String,
        /// The key in hexadecimal; none takes it away.
        key: Option<String>,
    },
    /// List the spare root key that a member has laid by, or take it away.
    Spare {
        /// Its id.
        member: String,
        /// The key in hexadecimal; none takes it away.
        key: Option<String>,
    },
    /// Replace a member's root key.
    ReplaceRoot {
        /// The member's request, signed by the new key.
        request: String,
    },
    /// Choose the branch of a member's logs that counts, where they are forked.
    Settle {
        /// Its id.
        member: String,
    },
    /// More than `over / of` of the voters change the roster.
    Quorum {
        /// The numerator.
        over: u64,
        /// The denominator.
        of: u64,
    },
    /// Bounds per key and member; what is not named stays.
    Bounds {
        /// Lines of a keyring.
        keys: Option<u64>,
        /// Bytes of one log.
        log_bytes: Option<u64>,
        /// Entries of one log.
        log_entries: Option<u64>,
    },
    /// The number of the rules.
    Rules {
        /// The number.
        number: u64,
    },
}

/// The last entry of a log that still stands as before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastEntry {
    /// The log: a key in hexadecimal, or its beginning.
    pub log: String,
    /// The entry's place; none if no entry does.
    pub seq: Option<u64>,
    /// Its hash in hexadecimal, where it is an entry that the node does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// Two steps of a ballot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BallotStep {
    /// "We are for it."
    #[default]
    Endorse,
    /// "A quorum is for it, and we are bound by that."
    Ratify,
}

/// Where the ballots stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BallotReply {
    /// Version of the roster that would change: the one in force, unless another was asked for.
    pub version: u64,
    /// How many of the voters it takes.
    pub quorum: u64,
    /// How many vote.
    pub voters: u64,
    /// The highest round that is open.
    pub open_round: u32,
    /// The proposals of which anybody speaks.
    pub proposals: Vec<ProposalView>,
    /// Members that are bound by what they ratified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bound: Vec<String>,
    /// Members that contradict themselves, and by what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<String>,
    /// What keeps this node from following what has its quorum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
    /// Who has said nothing yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<String>,
    /// What this node's member may do next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub you: Vec<String>,
    /// What has passed: each roster after the first, with what made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<PassedView>,
}

/// A proposal, and who is for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalView {
    /// Its id.
    pub id: String,
    /// Its short form.
    pub short: String,
    /// What it changes, in words.
    pub changes: Vec<String>,
    /// In which round it came into force, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<u32>,
    /// May a governance key speak of it?
    #[serde(default)]
    pub ordinary: bool,
    /// The rounds in which anybody spoke of it.
    pub rounds: Vec<RoundView>,
}

/// One round of one proposal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundView {
    /// The round.
    pub round: u32,
    /// Members that endorsed it.
    pub endorsed: Vec<String>,
    /// Members that ratified it.
    pub ratified: Vec<String>,
    /// Of those who endorsed it, who did with a governance key alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endorsed_by_governance: Vec<String>,
    /// Of those who ratified it, who did with a governance key alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratified_by_governance: Vec<String>,
    /// Can it still come into force in this round?
    pub can_succeed: bool,
}

/// A roster, and what made it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedView {
    /// Version of the roster.
    pub version: u64,
    /// Hash of the roster.
    pub roster: String,
    /// Id of the proposal.
    pub proposal: String,
    /// What it changed, in words.
    pub changes: Vec<String>,
    /// Members that ratified it.
    pub ratified: Vec<String>,
    /// Of these, who did with a governance key alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratified_by_governance: Vec<String>,
}

call! {
    /// List the members.
    Members as "members" -> MembersReply {}
}
call! {
    /// Show where the ballots stand.
    Ballots as "ballots" -> BallotReply {
        /// Only this proposal: its id or the beginning of it.
        proposal: Option<String>,
    }
}
call! {
    /// Prepare a proposal: the endorsement by which it begins.
    Propose as "propose" -> PreparedReply {
        /// What is to change.
        changes: Vec<WantedChange>,
        /// Last entries that stand as before; of other logs it is the last that this node holds and that counts.
        last: Vec<LastEntry>,
    }
}
call! {
    /// Prepare an endorsement or a ratification.
    Speak as "speak" -> PreparedReply {
        /// The step.
        step: BallotStep,
        /// The proposal: its id or the beginning of it.
        proposal: String,
        /// The round; by default the first in which it can succeed.
        round: Option<u32>,
    }
}
