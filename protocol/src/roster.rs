//! The roster: who belongs to the network, and what the logs of each member may say up to which place.
//!
//! Version 0 is the charter's; each later version comes from a proposal that a ballot has put into force
//! ([`ballot`](crate::ballot)). A change of what a member may do names, in each of its logs, the last entry that still stands as
//! it stood before. So what was said in good time outlives a suspension, a new role and a stolen root key, and what is said
//! afterwards is judged anew, by place and never by clock.
//!
//! ```text
//! log of a member    0 1 2 3 4 5 6 7 8 9 …
//!                    mechanism │ suspended │ mechanism        turns with the ends 3 and 6
//! ```

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    cbor,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Place,
    kind::Kind,
    terms::{self, Bounds, Member, Quorum, Role, TermsError},
};

/// The list of members in force. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The rights of each role.
    pub roles: BTreeMap<String, Role>,
    /// The rules number.
    pub rules: u64,
    /// How the members' logs stood before, by version and member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
    /// Bounds per key and member.
    pub bounds: Bounds,
    /// How many members change it.
    pub quorum: Quorum,
    /// The members, by id.
    pub members: Vec<Member>,
    /// The network.
    pub network: Hash,
    /// 0 for the founders' roster, one more for each change.
    pub version: u64,
    /// Members that are suspended, by id: they do not vote, and what they say past the turn does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<MemberId>,
}

/// A turn in what a member may do. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The last entries that stand as before, by log. A log of the member that is not named turns from its first entry on.
    pub ends: Vec<End>,
    /// The role before the turn; none if the member was suspended.
    pub role: Option<String>,
    /// The root key that was replaced by this turn. Nothing past the ends counts then: what the old keys say later is a thief's.
    pub root: Option<PublicKey>,
    /// The member.
    pub member: MemberId,
    /// The roster that made the turn.
    pub version: u64,
}

/// The last entry of a log that stands as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The log.
    pub log: PublicKey,
    /// Its last entry; none if no entry does.
    pub last: Option<Place>,
}

impl Turn {
    /// Does the turn say where this log ends?
    pub fn names(&self, log: &PublicKey) -> bool {
        self.ends.iter().any(|end| end.log == *log)
    }
}

impl End {
    /// The place from which on the turn holds.
    fn turns_at(&self) -> u64 {
        self.last.map_or(0, |place| place.seq.saturating_add(1))
    }
}

/// What a log may say, by place: from each place on, as a role or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights<'a> {
    /// From place 0 on.
    first: Option<&'a str>,
    /// From a place on, in their order. Nearly always none.
    later: Vec<(u64, Option<&'a str>)>,
}

impl<'a> Rights<'a> {
    /// As which role it may speak at a place.
    pub fn at(&self, seq: u64) -> Option<&'a str> {
        let later = self.later.iter().take_while(|(from, _)| *from <= seq).last();
        later.map_or(self.first, |(_, role)| *role)
    }

    /// The place from which on it may never speak; `None` if it may at the end.
    pub fn end(&self) -> Option<u64> {
        let (from, role) = self.later.last().copied().unwrap_or((0, self.first));
        if role.is_some() { None } else { Some(from) }
    }

    fn turn(&mut self, at: u64, role: Option<&'a str>) {
        self.later.retain(|(from, _)| *from < at);
        if at == 0 {
            self.first = role;
        } else if self.at(at) != role {
            self.later.push((at, role));
        }
    }
}

impl Roster {
    /// What a ticket and a proposal name a roster by.
    pub fn hash(&self) -> Hash {
        Hash::of(&cbor::encode(self))
    }

    /// Checks that a roster makes sense by itself: one that nobody can check by the ballots that made it.
    ///
    /// # Errors
    /// If it does not.
    pub fn check(&self) -> Result<(), TermsError> {
        self.quorum.check()?;
        self.bounds.check()?;
        terms::check_roles(&self.roles)?;
        terms::check_members(&self.members, &self.roles)?;
        let known = |id: &MemberId| self.member(id).is_some();
        let turns = self.turns.is_sorted_by(|a, b| (a.version, &a.member) < (b.version, &b.member));
        let sorted = self.suspended.is_sorted_by(|a, b| a < b);
        let all = self.suspended.iter().all(known) && self.turns.iter().all(|turn| known(&turn.member));
        if turns && sorted && all { Ok(()) } else { Err(TermsError::Members) }
    }

    /// A member by its id.
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        let index = self.members.binary_search_by(|member| member.id.cmp(id)).ok()?;
        self.members.get(index)
    }

    /// The member whose root key this is, or was. A replaced key of whose log nothing stands is none any more: so a ballot can give a
    /// publishing key back that was taken for a root key.
    pub fn member_by_root(&self, key: &PublicKey) -> Option<&Member> {
        let current = self.members.iter().find(|member| member.root == *key);
        current.or_else(|| {
            let turn = self.turns.iter().find(|turn| turn.root == Some(*key))?;
            let stands = turn.ends.iter().any(|end| end.log == *key && end.last.is_some());
            self.member(&turn.member).filter(|_| stands)
        })
    }

    /// All root keys that a member has had, the one in force last.
    pub fn roots<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = PublicKey> + 'a {
        self.roots_and_turns(member).map(|(root, _)| root)
    }

    /// The same, each with the turn by which it was replaced.
    pub fn roots_and_turns<'a>(
        &'a self,
        member: &'a Member,
    ) -> impl Iterator<Item = (PublicKey, Option<&'a Turn>)> + 'a {
        let replaced = self.turns_of(&member.id).filter_map(|turn| Some((turn.root?, Some(turn))));
        replaced.chain([(member.root, None)])
    }

    /// All keys that speak, are laid by or ever spoke for an institution here: root keys, spares and governance keys.
    pub fn institutional_keys(&self) -> impl Iterator<Item = PublicKey> + '_ {
        let current = self.members.iter().flat_map(Member::keys);
        current.chain(self.turns.iter().filter_map(|turn| turn.root))
    }

    /// Is a member suspended?
    pub fn is_suspended(&self, id: &MemberId) -> bool {
        self.suspended.binary_search(id).is_ok()
    }

    /// The members that vote, by id: a voter's number is its place here.
    pub fn voters(&self) -> impl Iterator<Item = &Member> {
        let votes = |member: &&Member| self.roles.get(&member.role).is_some_and(|role| role.votes);
        self.members.iter().filter(votes).filter(|member| !self.is_suspended(&member.id))
    }

    /// How many voters it takes to change this roster.
    pub fn quorum(&self) -> usize {
        usize::try_from(self.quorum.of(self.voters().count() as u64)).unwrap_or(usize::MAX)
    }

    /// What a log of a member may say.
    pub fn rights<'a>(&'a self, member: &'a Member, log: &PublicKey) -> Rights<'a> {
        let turns: Vec<&Turn> = self.turns_of(&member.id).collect();
        let now = (!self.is_suspended(&member.id)).then_some(member.role.as_str());
        let before = |index: usize| turns.get(index).map_or(now, |turn| turn.role.as_deref());
        let mut rights = Rights { first: before(0), later: Vec::new() };
        for (index, turn) in turns.iter().enumerate() {
            let at = turn.ends.iter().find(|end| end.log == *log).map_or(0, End::turns_at);
            if turn.root.is_some() && turn.names(log) {
                rights.turn(at, None);
                break;
            }
            rights.turn(at, before(index + 1));
        }
        rights
    }

    /// The place that the last turn to name a log fixes there. A place past the end of the log fixes nothing, since nobody has to hold
    /// what does not count.
    pub fn fixed(&self, member: &MemberId, log: &PublicKey, log_end: Option<u64>) -> Option<Place> {
        let ends = self.turns_of(member).flat_map(|turn| &turn.ends).filter(|end| end.log == *log);
        let below = |place: Place| log_end.is_none_or(|log_end| place.seq < log_end);
        ends.filter(|end| end.last.is_none_or(below)).last().and_then(|end| end.last)
    }

    /// May a role write this kind?
    pub fn allows(&self, role: &str, kind: &Kind) -> bool {
        self.roles.get(role).is_some_and(|role| role.kinds.contains(kind))
    }

    fn turns_of<'a>(&'a self, member: &'a MemberId) -> impl Iterator<Item = &'a Turn> + 'a {
        self.turns.iter().filter(move |turn| turn.member == *member)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;
    use crate::testing::Founding;

    fn key(byte: u8) -> PublicKey {
        PublicKey::from_bytes([byte; 32])
    }

    fn end(log: u8, last: Option<u64>) -> End {
        End { log: key(log), last: last.map(|seq| Place { seq, hash: Hash::of(&seq.to_be_bytes()) }) }
    }

    fn roster(turns: Vec<Turn>, suspended: bool) -> Roster {
        let mut roster = Roster::founding(&Founding::new(1, 4).charter);
        let id = roster.members[0].id.clone();
        roster.turns = turns.into_iter().map(|turn| Turn { member: id.clone(), ..turn }).collect();
        roster.suspended = if suspended { vec![id] } else { vec![] };
        roster
    }

    fn turn(role: Option<&str>, ends: Vec<End>) -> Turn {
        let member = MemberId::parse("PRY").expect("an id");
        Turn { ends, role: role.map(ToString::to_string), root: None, member, version: 1 }
    }

    #[test]
    fn the_founders_roster_is_encoded_as_it_was_without_turns() {
        let bytes = cbor::encode(&roster(vec![], false));
        assert_eq!(bytes.first(), Some(&0xa7), "seven keys");
        assert_eq!(cbor::decode_exact(&bytes), Ok(roster(vec![], false)));
        let later = roster(vec![turn(None, vec![end(1, None)])], true);
        assert_eq!(cbor::decode_exact(&cbor::encode(&later)), Ok(later));
    }

    #[test]
    fn what_was_said_in_good_time_outlives_a_turn() {
        let suspended = roster(vec![turn(Some("mechanism"), vec![end(1, Some(3))])], true);
        let rights = |roster: &Roster, log| {
            let rights = roster.rights(&roster.members[0], &key(log));
            ([0, 3, 4, 9].map(|seq| rights.at(seq).is_some()), rights.end())
        };
        assert_eq!(rights(&suspended, 1), ([true, true, false, false], Some(4)));
        assert_eq!(rights(&suspended, 2), ([false; 4], Some(0)), "a log that is not named");
        let back = [turn(Some("mechanism"), vec![end(1, Some(3))]), turn(None, vec![end(1, Some(5))])];
        let reinstated = roster(back.to_vec(), false);
        assert_eq!(rights(&reinstated, 1), ([true, true, false, true], None));
        assert_eq!(rights(&reinstated, 2), ([true; 4], None), "a new log");
        let fixed = |log_end| reinstated.fixed(&reinstated.members[0].id, &key(1), log_end).map(|place| place.seq);
        assert_eq!([None, Some(6), Some(5), Some(4), Some(3)].map(fixed), [Some(5), Some(5), Some(3), Some(3), None]);
    }

    #[test]
    fn a_replaced_root_key_speaks_for_old_versions_only() {
        let replaced = Turn { root: Some(key(9)), ..turn(Some("mechanism"), vec![end(9, Some(2))]) };
        let roster = roster(vec![replaced, turn(Some("mechanism"), vec![])], false);
        let member = &roster.members[0];
        assert_eq!(roster.rights(member, &key(9)).end(), Some(3));
        assert_eq!(roster.rights(member, &member.root).end(), None);
        assert_eq!(roster.member_by_root(&key(9)).map(|found| &found.id), Some(&member.id));
        let roots: Vec<_> =
            roster.roots_and_turns(member).map(|(root, turn)| (root, turn.map(|turn| turn.version))).collect();
        assert_eq!(roots, [(key(9), Some(1)), (member.root, None)]);
    }

    #[test]
    fn a_replaced_root_key_of_which_nothing_stands_is_no_root_key_any_more() {
        for ends in [vec![end(9, None)], vec![end(1, Some(2))]] {
            let replaced = Turn { root: Some(key(9)), ..turn(Some("mechanism"), ends) };
            assert_eq!(roster(vec![replaced], false).member_by_root(&key(9)), None);
        }
    }

    #[test]
    fn who_is_suspended_does_not_vote() {
        assert_eq!(roster(vec![], false).voters().count(), 4);
        assert_eq!(roster(vec![], true).voters().count(), 3);
    }
}
