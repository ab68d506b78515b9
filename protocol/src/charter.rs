//! The charter: the founding document of a network.
//!
//! The charter is the body of entry 0 of every founder's root log. Its hash is the network id, so that to sign the entry is
//! to sign the charter, and whoever knows the id can check the charter that a stranger hands over. What it says of members and
//! rules holds until ballots change it: see [`roster`](crate::roster).

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

pub use crate::terms::{Bounds, Member, Quorum, RULES, Role, TermsError};
use crate::{
    cbor::{self, CborError},
    former::{self, Former, FormerError},
    hash::Hash,
    key::PublicKey,
    kind::Kind,
    limits,
    networks::Networks,
    roster::Roster,
    terms::{check_members, check_roles, check_text},
};

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
    /// The networks of which it carries the library over, the last one first. None, if it is not founded anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Former>,
    /// How many members change the roster.
    pub quorum: Quorum,
    /// The founders, by id.
    pub members: Vec<Member>,
    /// What the network is for.
    pub purpose: String,
}

/// Why a charter is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// Larger than a body may be.
    #[error("the charter is larger than {} bytes", limits::BODY_MAX)]
    Oversized,
    /// Not in canonical form.
    #[error("the charter is {0}")]
    Encoding(#[from] CborError),
    /// Made for a later version.
    #[error("the charter has rules number {0}; this version knows {RULES}")]
    Rules(u64),
    /// Its terms make no sense.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// What it says of former networks makes no sense.
    #[error("what the charter says of a former network: {0}")]
    Former(#[from] FormerError),
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
        if bytes.len() > limits::BODY_MAX {
            return Err(CharterError::Oversized);
        }
        let charter: Self = cbor::decode_exact(bytes)?;
        charter.check()?;
        Ok(charter)
    }

    /// The network id: the hash of the charter.
    pub fn network(&self) -> Hash {
        Hash::of(&self.encode())
    }

    /// To which networks the logs are bound that belong to this one.
    pub fn networks(&self) -> Networks {
        Networks::new(self.network(), former::bindings(&self.former))
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
        self.quorum.check()?;
        self.bounds.check()?;
        check_roles(&self.roles)?;
        check_members(&self.members, &self.roles)?;
        former::check(&self.former, &self.members)?;
        if self.encode().len() > limits::BODY_MAX { Err(CharterError::Oversized) } else { Ok(()) }
    }
}

impl Roster {
    /// The founders' roster.
    pub fn founding(charter: &Charter) -> Self {
        Self {
            roles: charter.roles.clone(),
            rules: charter.rules,
            turns: Vec::new(),
            bounds: charter.bounds,
            quorum: charter.quorum,
            members: charter.members.clone(),
            network: charter.network(),
            version: 0,
            suspended: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::MemberId;

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
            former: Vec::new(),
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
        assert_eq!(broken(&|c| c.members.swap(0, 1)), TermsError::Members.into());
        assert_eq!(broken(&|c| c.members.clear()), TermsError::Members.into());
        assert_eq!(broken(&|c| c.quorum = Quorum(1, 2)), TermsError::Quorum(1, 2).into());
        assert_eq!(broken(&|c| c.quorum = Quorum(3, 3)), TermsError::Quorum(3, 3).into());
        assert!(matches!(
            broken(&|c| c.members[1].root = c.members[0].root),
            CharterError::Terms(TermsError::KeyTwice(_))
        ));
        assert!(matches!(
            broken(&|c| c.members[0].role = "king".into()),
            CharterError::Terms(TermsError::UnknownRole { .. })
        ));
        assert!(matches!(broken(&|c| c.name = " ".into()), CharterError::Terms(TermsError::Text { .. })));
        assert!(matches!(broken(&|c| c.bounds.keys = 0), CharterError::Terms(TermsError::Bounds)));
        assert!(matches!(
            broken(&|c| c.members.iter_mut().for_each(|m| m.role = "partner".into())),
            CharterError::Terms(TermsError::NoVoter)
        ));
    }
}
