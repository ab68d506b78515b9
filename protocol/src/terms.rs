//! The terms of a network: roles and their rights, bounds, the quorum, and the lines of members.
//!
//! The charter states them, and every roster after it: both are checked here, by the same rules.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use crate::{
    key::{MemberId, PublicKey},
    kind::Kind,
    limits,
};

/// The rules number that this version knows. A node that meets a higher one carries on carrying and stops judging.
pub const RULES: u64 = 1;

/// What members of a role may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Kinds of records that its publishing keys may write, sorted.
    pub kinds: Vec<Kind>,
    /// Does it vote?
    pub votes: bool,
}

/// What one key and one member may take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Lines of a keyring.
    pub keys: u64,
    /// Bytes of one log with its bodies.
    pub log_bytes: u64,
    /// Entries of one log.
    pub log_entries: u64,
}

impl Bounds {
    /// Checks that each is something, and no more than the format allows.
    pub(crate) fn check(self) -> Result<(), TermsError> {
        let Self { keys, log_bytes, log_entries } = self;
        let within = |value: u64, most: u64| (1..=most).contains(&value);
        let sound = within(keys, limits::KEYRING_LINES_MAX as u64)
            && within(log_bytes, limits::LOG_BYTES_MAX)
            && within(log_entries, limits::LOG_ENTRIES_MAX);
        if sound { Ok(()) } else { Err(TermsError::Bounds) }
    }

    /// Is each of them at least as high as that of others?
    pub(crate) fn includes(self, others: Self) -> bool {
        self.keys >= others.keys && self.log_bytes >= others.log_bytes && self.log_entries >= others.log_entries
    }

    /// The bounds of a root log: those of the format, where the charter's are not lower.
    pub(crate) fn of_root_log(self) -> Self {
        Self {
            log_bytes: self.log_bytes.min(limits::ROOT_LOG_BYTES_MAX),
            log_entries: self.log_entries.min(limits::ROOT_LOG_ENTRIES_MAX),
            ..self
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self { keys: 64, log_bytes: 4 << 30, log_entries: 1_000_000 }
    }
}

/// More than `over / of` of the voting members. At least two thirds, less than all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quorum(pub u64, pub u64);

impl Quorum {
    /// How many of `voters` it takes: ⌊voters · a / b⌋ + 1.
    pub fn of(self, voters: u64) -> u64 {
        voters.saturating_mul(self.0).checked_div(self.1).unwrap_or(voters).saturating_add(1)
    }

    /// Checks that it is at least two thirds, and less than all.
    pub(crate) fn check(self) -> Result<(), TermsError> {
        let Self(a, b) = self;
        if b == 0 || b > 1_000 || a >= b || a * 3 < b * 2 { Err(TermsError::Quorum(a, b)) } else { Ok(()) }
    }
}

/// An institution on the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Short id.
    pub id: MemberId,
    /// Name of the institution.
    pub name: String,
    /// Name of its role.
    pub role: String,
    /// The key that speaks for the institution.
    pub root: PublicKey,
    /// The root key that it has laid by, sealed, if it did: so the others know beforehand by which one it would ask to replace its
    /// root key. It says nothing as long as it lies there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare: Option<PublicKey>,
    /// The key that may sign ordinary ballots, if it keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governance: Option<PublicKey>,
}

impl Member {
    /// The keys on its line.
    pub fn keys(&self) -> impl Iterator<Item = PublicKey> + use<> {
        [Some(self.root), self.spare, self.governance].into_iter().flatten()
    }
}

/// Why terms make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// A text is empty or too long.
    #[error("the {field} is empty or longer than {max} bytes")]
    Text {
        /// Which.
        field: &'static str,
        /// Its bound.
        max: usize,
    },
    /// No members, too many, or not sorted by id without repetition.
    #[error("the members are none, more than {}, repeated, or not sorted by id", limits::MEMBERS_MAX)]
    Members,
    /// A key stands twice.
    #[error("the key {0} stands twice")]
    KeyTwice(PublicKey),
    /// A member has a role that is not defined.
    #[error("{member} has the role `{role}`, which the charter does not define")]
    UnknownRole {
        /// The member.
        member: MemberId,
        /// The role.
        role: String,
    },
    /// A role is at fault.
    #[error("the role `{0}` is unnamed, too large, not sorted, or names kinds that only root keys write")]
    Role(String),
    /// The quorum is below two thirds, or all.
    #[error("the quorum {0}/{1} is not at least two thirds and less than all")]
    Quorum(u64, u64),
    /// A bound is nothing, or above what any network may allow.
    #[error("a bound is zero or larger than the format allows")]
    Bounds,
    /// Nobody votes.
    #[error("no member has a role that votes")]
    NoVoter,
}

/// Checks that roles make sense: few, named, with kinds of content, sorted.
pub(crate) fn check_roles(roles: &BTreeMap<String, Role>) -> Result<(), TermsError> {
    if roles.len() > limits::ROLES_MAX {
        return Err(TermsError::Role(String::new()));
    }
    for (name, role) in roles {
        let sorted = role.kinds.is_sorted_by(|a, b| a.name() < b.name());
        let content = !role.kinds.iter().any(Kind::is_of_root);
        let named = !name.is_empty() && name.len() <= limits::KIND_MAX;
        if !(sorted && content && named && role.kinds.len() <= limits::ROLE_KINDS_MAX) {
            return Err(TermsError::Role(name.clone()));
        }
    }
    Ok(())
}

/// Checks that a list of members makes sense: sorted by id, each once, with roles that there are, no key twice, and somebody votes.
pub(crate) fn check_members(members: &[Member], roles: &BTreeMap<String, Role>) -> Result<(), TermsError> {
    let sorted = members.is_sorted_by(|a, b| a.id < b.id);
    if members.is_empty() || members.len() > limits::MEMBERS_MAX || !sorted {
        return Err(TermsError::Members);
    }
    let mut keys = BTreeSet::new();
    let mut voters = 0;
    for member in members {
        check_text("name of a member", &member.name, limits::NAME_MAX)?;
        let Some(role) = roles.get(&member.role) else {
            return Err(TermsError::UnknownRole { member: member.id.clone(), role: member.role.clone() });
        };
        voters += u64::from(role.votes);
        for key in member.keys() {
            if !keys.insert(key) {
                return Err(TermsError::KeyTwice(key));
            }
        }
    }
    if voters == 0 { Err(TermsError::NoVoter) } else { Ok(()) }
}

/// Checks that a text is there, plain, and not too long.
pub(crate) fn check_text(field: &'static str, text: &str, max: usize) -> Result<(), TermsError> {
    let plain = !text.chars().any(|c| c.is_control() && c != '\n');
    if !text.trim().is_empty() && text.len() <= max && plain { Ok(()) } else { Err(TermsError::Text { field, max }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorums_are_those_of_the_design() {
        for (voters, quorum) in [(1, 1), (3, 3), (4, 3), (7, 5), (40, 27), (193, 129)] {
            assert_eq!(Quorum(2, 3).of(voters), quorum, "{voters}");
        }
        // Of numbers that no charter may have, nobody asks for sense.
        assert_eq!([Quorum(u64::MAX, 1).of(2), Quorum(1, 0).of(u64::MAX)], [u64::MAX; 2]);
    }
}
