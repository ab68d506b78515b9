//! The rule by which a restored node comes to sign again. It reads no clock and no disk.

use std::{collections::BTreeSet, fmt, sync::Arc};

use nanduti_protocol::{
    authority::Authority,
    key::{MemberId, PublicKey},
};

use super::Marker;

/// Nodes that are remembered. Only members' nodes are, and a keyring has room for some dozens of keys.
const TOLD_MAX: usize = 4096;

/// A restored node that waits: where it came from, and which nodes have told it where its log stands since it started.
#[derive(Debug, Clone)]
pub(crate) struct Restored {
    marker: Arc<Marker>,
    told: BTreeSet<PublicKey>,
}

/// How many have told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    /// Members on the roster that are not suspended, this node's own among them; 0 as long as the roster is not known.
    pub(crate) members: usize,
    /// Members who have told, this node's own not among them.
    pub(crate) told: BTreeSet<MemberId>,
}

/// Why a restored node does not sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// Where it came from.
    pub(crate) marker: Arc<Marker>,
    /// Who has told, and how many are needed.
    pub(crate) tally: Tally,
}

impl Restored {
    /// A node that has just started: nobody has told it anything.
    pub(crate) fn new(marker: Marker) -> Self {
        Self { marker: Arc::new(marker), told: BTreeSet::new() }
    }

    /// A node has told where the log stands. Returns whether that is new; of a node that speaks for no member nothing is kept.
    pub(crate) fn hear(&mut self, node: PublicKey, authority: Option<&Authority>) -> bool {
        let speaks = authority.is_some_and(|authority| authority.member_of_node(&node).is_some());
        speaks && self.told.len() < TOLD_MAX && self.told.insert(node)
    }

    /// How many members have told. A node whose key has left its member's keyring since speaks for nobody any more.
    pub(crate) fn tally(&self, own: &MemberId, authority: Option<&Authority>) -> Tally {
        let Some(authority) = authority else { return Tally::default() };
        let roster = authority.roster();
        let told = self.told.iter().filter_map(|node| authority.member_of_node(node));
        let told = told.filter(|member| *member != own && roster.member(member).is_some());
        let members = roster.members.iter().filter(|member| !roster.is_suspended(&member.id)).count();
        Tally { members, told: told.cloned().collect() }
    }

    /// Why the key of a member does not sign, if it does not.
    pub(crate) fn hindrance(
        &self,
        log: &PublicKey,
        own: &MemberId,
        authority: Option<&Authority>,
    ) -> Option<Hindrance> {
        let bound = self.marker.binds(log);
        bound.then(|| Hindrance { marker: Arc::clone(&self.marker), tally: self.tally(own, authority) })
    }
}

impl Tally {
    /// How many members have to tell: more than a third of all.
    pub(crate) fn needed(&self) -> usize {
        self.members / 3 + 1
    }

    /// How many more are needed.
    pub(crate) fn missing(&self) -> usize {
        self.needed().saturating_sub(self.told.len())
    }

    /// Have enough told? Never before the roster is known.
    pub(crate) fn is_enough(&self) -> bool {
        self.members > 0 && self.missing() == 0
    }

    /// Are there enough others who could tell?
    pub(crate) fn is_possible(&self) -> bool {
        self.members == 0 || self.needed() < self.members
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.members, self.missing()) {
            (0, _) => f.write_str("nobody has said where this log stands, and the list of members is not known yet"),
            (1, _) => f.write_str("this network has no other member who could say where this log stands"),
            (members, missing) => {
                let (told, have) = (self.told.len(), if self.told.len() == 1 { "has" } else { "have" });
                let are = if missing == 1 { "is" } else { "are" };
                write!(f, "{told} of {members} members {have} said where this log stands")?;
                if missing > 0 { write!(f, "; {missing} more {are} needed") } else { Ok(()) }
            }
        }
    }
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it was restored from a backup and has not learnt yet where its own log stands: {}", self.tally)
    }
}

impl std::error::Error for Hindrance {}

#[cfg(test)]
mod tests {
    use nanduti_protocol::{
        keyring::{KeyLine, KeyState},
        kind::Kind,
        testing::{Founding, Host, ring},
    };

    use super::*;
    use crate::restored::OwnLog;

    /// A network of so many members, whose keyrings list one node each, and what a node of the first knows of it.
    fn network(members: usize) -> (Founding, Host) {
        let founding = Founding::new(4, members);
        let mut host = Host::new(founding.network);
        for actor in &founding.actors {
            let mut root = founding.root_log(actor);
            root.push(Kind::Keyring, &ring(&[actor.node_line(&founding.network)]));
            host.deliver(&root.whole()).unwrap();
        }
        (founding, host)
    }

    fn node(founding: &Founding, member: usize) -> PublicKey {
        PublicKey::from(&founding.actors[member].node)
    }

    fn restored_home() -> Restored {
        Restored::new(Marker::new(1, 2, Vec::new()))
    }

    #[test]
    fn more_than_a_third_have_to_tell_and_the_node_itself_is_not_among_them() {
        for (members, needed) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 2), (6, 3), (7, 3), (9, 4), (12, 5)] {
            let (founding, host) = network(members);
            let (own, authority) = (&founding.actors[0].id, host.ledger.authority());
            let mut restored = restored_home();
            assert!(restored.hear(node(&founding, 0), authority), "another node of the same member");
            assert_eq!(restored.tally(own, authority).told.len(), 0, "{members}: nobody tells himself");
            for other in 1..members {
                let before = restored.tally(own, authority);
                assert_eq!((before.needed(), before.is_enough()), (needed, other > needed), "{other} of {members}");
                assert!(3 * needed > members && 3 * (needed - 1) <= members, "strictly more than a third, and no more");
                assert!(restored.hear(node(&founding, other), authority));
                assert!(!restored.hear(node(&founding, other), authority), "twice is once");
            }
            let all = restored.tally(own, authority);
            assert_eq!((all.is_enough(), all.is_possible()), (members > 1, members > 1), "{members}");
            assert_eq!(all.told.len(), members - 1);
        }
    }

    #[test]
    fn strangers_and_unknown_members_count_for_nothing() {
        let (founding, host) = network(4);
        let own = &founding.actors[0].id;
        let mut restored = restored_home();
        assert!(!restored.hear(PublicKey::from_bytes([9; 32]), host.ledger.authority()));
        assert!(!restored.hear(node(&founding, 1), None), "nobody is known before the charter");
        assert!(!restored.tally(own, None).is_enough() && restored.tally(own, None).is_possible());
        assert_eq!(restored.tally(own, host.ledger.authority()).missing(), 2);
        // A network in which nobody lists a node.
        let bare = Founding::new(5, 4);
        let mut silent = Host::new(bare.network);
        silent.deliver(&bare.root_log(&bare.actors[0]).whole()).unwrap();
        assert!(!restored.hear(node(&bare, 1), silent.ledger.authority()));
    }

    #[test]
    fn a_node_whose_key_was_ended_since_does_not_count_any_more() {
        let (founding, mut host) = network(4);
        let own = &founding.actors[0].id;
        let mut restored = restored_home();
        for other in [1, 2] {
            restored.hear(node(&founding, other), host.ledger.authority());
        }
        assert!(restored.tally(own, host.ledger.authority()).is_enough());
        let actor = &founding.actors[1];
        let mut root = founding.root_log(actor);
        root.push(Kind::Keyring, &ring(&[actor.node_line(&founding.network)]));
        let ended = KeyLine { state: KeyState::Ended(None), ..actor.node_line(&founding.network) };
        root.push(Kind::Keyring, &ring(&[ended]));
        host.deliver(&root.run(2..3)).unwrap();
        let tally = restored.tally(own, host.ledger.authority());
        assert_eq!((tally.told.len(), tally.missing()), (1, 1));
    }

    #[test]
    fn only_the_keys_of_the_marker_are_bound() {
        let (founding, host) = network(4);
        let (own, authority) = (&founding.actors[0].id, host.ledger.authority());
        let (old, fresh) = (PublicKey::from_bytes([1; 32]), PublicKey::from_bytes([2; 32]));
        let log = OwnLog { key: old, root: false, next: 3, head: founding.network };
        let restored = Restored::new(Marker::new(1, 2, vec![log]));
        assert!(restored.hindrance(&old, own, authority).is_some());
        assert!(restored.hindrance(&fresh, own, authority).is_none());
        assert!(restored_home().hindrance(&fresh, own, authority).is_some(), "an unreadable marker binds all");
    }

    #[test]
    fn it_says_who_is_missing() {
        let tally = |members, told: &[&str]| Tally {
            members,
            told: told.iter().map(|id| MemberId::parse(id).unwrap()).collect(),
        };
        let said = "2 of 7 members have said where this log stands; 1 more is needed";
        assert_eq!(tally(7, &["KEN", "MAR"]).to_string(), said);
        let said = "1 of 9 members has said where this log stands; 3 more are needed";
        assert_eq!(tally(9, &["KEN"]).to_string(), said);
        assert!(tally(0, &[]).to_string().contains("not known yet"));
        assert!(tally(1, &[]).to_string().contains("no other member"));
    }
}
