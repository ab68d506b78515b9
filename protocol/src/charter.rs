//! The charter: the founding document of a network.
//!
//! The charter is the body of entry 0 of every founder's root log. Its hash is the network id, so that to sign the entry is
//! to sign the charter, and whoever knows the id can check the charter that a stranger hands over. What it says of members and
//! rules holds until ballots change it: see [`roster`](crate::roster).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use crate::{
    cbor::{self, CborError},
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::Kind,
    limits,
};

/// The rules number that this version knows. A node that meets a higher one carries on carrying and stops judging.
pub const RULES: u64 = 1;

/// The founding document. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// Name of the network.
    pub name: String,
    /// Sixteen random bytes.
    #[serde(with = "serde_bytes")]
    pub salt: [u8; 16],
    /// The rights of each role, by its name.
    pub roles: BTreeMap<String, Role>,
    /// The rules number: see [`RULES`].
    pub rules: u64,
    /// Bounds per key and member.
    pub bounds: Bounds,
    /// How many members change the roster.
    pub quorum: Quorum,
    /// The founders, by id.
    pub members: Vec<Member>,
    /// What the network is for.
    pub purpose: String,
}

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
    pub(crate) fn check(self) -> Result<(), CharterError> {
        let Self { keys, log_bytes, log_entries } = self;
        let within = |value: u64, most: u64| (1..=most).contains(&value);
        let sound = within(keys, limits::KEYRING_LINES_MAX as u64)
            && within(log_bytes, limits::LOG_BYTES_MAX)
            && within(log_entries, limits::LOG_ENTRIES_MAX);
        if sound { Ok(()) } else { Err(CharterError::Bounds) }
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
        voters.saturating_mul(self.0).checked_div(self.1).unwrap_or(voters) + 1
    }

    /// Checks that it is at least two thirds, and less than all.
    pub(crate) fn check(self) -> Result<(), CharterError> {
        let Self(a, b) = self;
        if b == 0 || b > 1_000 || a >= b || a * 3 < b * 2 { Err(CharterError::Quorum(a, b)) } else { Ok(()) }
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

/// Why a charter is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// Not in canonical form.
    #[error("the charter is {0}")]
    Encoding(#[from] CborError),
    /// Made for a later version.
    #[error("the charter has rules number {0}; this version knows {RULES}")]
    Rules(u64),
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
    /// A member has a role that the charter does not define.
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
    #[error("no founding member has a role that votes")]
    NoVoter,
}

impl Charter {
    /// The usual roles: a mechanism and a State without one write everything; a partner comments and does not vote.
    pub fn usual_roles() -> BTreeMap<String, Role> {
        let kinds = |names: &[&str]| {
            let mut kinds: Vec<Kind> = names.iter().filter_map(|name| Kind::parse(name)).collect();
            kinds.sort_by(|a, b| a.name().cmp(b.name()));
            kinds
        };
        let all = [
            "acknowledgement",
            "adoption",
            "comment",
            "cooperation",
            "erasure",
            "event",
            "guidance",
            "practice",
            "profile",
            "translation",
            "withdrawal",
        ];
        let partner = ["acknowledgement", "comment", "erasure", "event", "profile", "withdrawal"];
        BTreeMap::from([
            ("mechanism".into(), Role { kinds: kinds(&all), votes: true }),
            ("state".into(), Role { kinds: kinds(&all), votes: true }),
            ("partner".into(), Role { kinds: kinds(&partner), votes: false }),
        ])
    }

    /// The bytes of the charter: the body of entry 0 of every founder's root log.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads a charter and checks that it makes sense.
    ///
    /// # Errors
    /// If it is not canonical, is out of bounds, contradicts itself, or was made for a later version.
    pub fn decode(bytes: &[u8]) -> Result<Self, CharterError> {
        let charter: Self = cbor::decode_exact(bytes)?;
        charter.check()?;
        Ok(charter)
    }

    /// The network id: the hash of the charter.
    pub fn network(&self) -> Hash {
        Hash::of(&self.encode())
    }

    /// The founder with this root key.
    pub fn member_by_root(&self, key: &PublicKey) -> Option<&Member> {
        self.members.iter().find(|member| member.root == *key)
    }

    /// Checks that the charter makes sense.
    ///
    /// # Errors
    /// As [`Charter::decode`].
    pub fn check(&self) -> Result<(), CharterError> {
        if self.rules != RULES {
            return Err(CharterError::Rules(self.rules));
        }
        check_text("name", &self.name, limits::NAME_MAX)?;
        check_text("purpose", &self.purpose, limits::PURPOSE_MAX)?;
        self.check_rules()?;
        check_members(&self.members, &self.roles)
    }

    fn check_rules(&self) -> Result<(), CharterError> {
        self.quorum.check()?;
        self.bounds.check()?;
        if self.roles.len() > limits::ROLES_MAX {
            return Err(CharterError::Role(String::new()));
        }
        for (name, role) in &self.roles {
            let sorted = role.kinds.is_sorted_by(|a, b| a.name() < b.name());
            let content = !role.kinds.iter().any(Kind::is_of_root);
            let named = !name.is_empty() && name.len() <= limits::KIND_MAX;
            if !(sorted && content && named && role.kinds.len() <= limits::ROLE_KINDS_MAX) {
                return Err(CharterError::Role(name.clone()));
            }
        }
        Ok(())
    }
}

/// Checks that a list of members makes sense: sorted by id, each once, with roles that there are, no key twice, and somebody votes.
pub(crate) fn check_members(members: &[Member], roles: &BTreeMap<String, Role>) -> Result<(), CharterError> {
    let sorted = members.is_sorted_by(|a, b| a.id < b.id);
    if members.is_empty() || members.len() > limits::MEMBERS_MAX || !sorted {
        return Err(CharterError::Members);
    }
    let mut keys = BTreeSet::new();
    let mut voters = 0;
    for member in members {
        check_text("name of a member", &member.name, limits::NAME_MAX)?;
        let Some(role) = roles.get(&member.role) else {
            return Err(CharterError::UnknownRole { member: member.id.clone(), role: member.role.clone() });
        };
        voters += u64::from(role.votes);
        for key in member.keys() {
            if !keys.insert(key) {
                return Err(CharterError::KeyTwice(key));
            }
        }
    }
    if voters == 0 { Err(CharterError::NoVoter) } else { Ok(()) }
}

fn check_text(field: &'static str, text: &str, max: usize) -> Result<(), CharterError> {
    let plain = !text.chars().any(|c| c.is_control() && c != '\n');
    if !text.trim().is_empty() && text.len() <= max && plain { Ok(()) } else { Err(CharterError::Text { field, max }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charter() -> Charter {
        let member = |id: &str, byte: u8| Member {
            id: MemberId::parse(id).expect("an id"),
            name: id.into(),
            role: "mechanism".into(),
            root: PublicKey::from_bytes([byte; 32]),
            spare: None,
            governance: None,
        };
        Charter {
            name: "Network".into(),
            salt: [1; 16],
            roles: Charter::usual_roles(),
            rules: RULES,
            bounds: Bounds::default(),
            quorum: Quorum(2, 3),
            members: alloc::vec![member("KEN", 1), member("MAR", 2), member("PRY", 3), member("WSM", 4)],
            purpose: "To share practices.".into(),
        }
    }

    #[test]
    fn a_charter_survives_encoding_and_names_the_network() {
        let charter = charter();
        assert_eq!(Charter::decode(&charter.encode()), Ok(charter.clone()));
        assert_eq!(charter.network(), Hash::of(&charter.encode()));
        let other = Charter { salt: [2; 16], ..charter.clone() };
        assert_ne!(other.network(), charter.network());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let broken = |change: &dyn Fn(&mut Charter)| {
            let mut charter = charter();
            change(&mut charter);
            Charter::decode(&charter.encode()).expect_err("broken")
        };
        assert_eq!(broken(&|c| c.rules = 2), CharterError::Rules(2));
        assert_eq!(broken(&|c| c.members.swap(0, 1)), CharterError::Members);
        assert_eq!(broken(&|c| c.members.clear()), CharterError::Members);
        assert_eq!(broken(&|c| c.quorum = Quorum(1, 2)), CharterError::Quorum(1, 2));
        assert_eq!(broken(&|c| c.quorum = Quorum(3, 3)), CharterError::Quorum(3, 3));
        assert!(matches!(broken(&|c| c.members[1].root = c.members[0].root), CharterError::KeyTwice(_)));
        assert!(matches!(broken(&|c| c.members[0].role = "king".into()), CharterError::UnknownRole { .. }));
        assert!(matches!(broken(&|c| c.name = " ".into()), CharterError::Text { .. }));
        assert!(matches!(broken(&|c| c.bounds.keys = 0), CharterError::Bounds));
        assert!(matches!(
            broken(&|c| c.members.iter_mut().for_each(|m| m.role = "partner".into())),
            CharterError::NoVoter
        ));
    }

    #[test]
    fn quorums_are_those_of_the_design() {
        for (voters, quorum) in [(1, 1), (3, 3), (4, 3), (7, 5), (40, 27), (193, 129)] {
            assert_eq!(Quorum(2, 3).of(voters), quorum, "{voters}");
        }
    }
}
