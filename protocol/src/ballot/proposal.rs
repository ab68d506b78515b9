//! A proposal: the changes that make the next roster of one. It is named by the hash of its bytes, so that those who want the same
//! propose the same.
//!
//! ```text
//! {roster, changes: [{admit: request} | {amend: {ends, line, suspended}} | {replace: {ends, request}}
//!                    | {quorum: [a, b]} | {bounds: {…}} | {rules: number}]}
//! ```
//!
//! Whether it makes sense is a function of the roster that it names; one that does not counts for nothing, whoever speaks for it.

use alloc::{collections::BTreeSet, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::request::{self, RequestError};
use crate::{
    cbor::{self, CborError},
    hash::Hash,
    key::{MemberId, PublicKey},
    limits,
    roster::{End, Roster, Turn},
    terms::{self, Bounds, Member, Quorum, TermsError},
};

/// What is to become of one roster. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Hash of the roster.
    pub roster: Hash,
    /// The changes, in the order in which they are made.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Change {
    /// An institution joins: by its request.
    Admit(ByteBuf),
    /// A member's line changes but for its root key; it is suspended, or no longer.
    Amend(Amend),
    /// A member's root key is replaced.
    Replace(Replace),
    /// How many members change the roster.
    Quorum(Quorum),
    /// Bounds per key and member.
    Bounds(Bounds),
    /// The rules number: a higher one.
    Rules(u64),
}

/// A member's line, and where it begins to hold. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amend {
    /// The last entries that stand as before, sorted by log: that of the root log at least, if it is more than the name, the
    /// governance key or the spare that changes.
    pub ends: Vec<End>,
    /// The line from then on.
    pub line: Member,
    /// Is the member suspended from then on?
    pub suspended: bool,
}

/// Another root key. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// The last entries that stand as before, sorted by log: that of the old root log at least.
    pub ends: Vec<End>,
    /// The member's request, signed by the new root key.
    pub request: ByteBuf,
}

/// Why a proposal makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposalError {
    /// Longer than its bound.
    #[error("the proposal is longer than {} bytes", limits::PROPOSAL_MAX)]
    Oversized,
    /// Not in canonical form.
    #[error("the proposal is {0}")]
    Encoding(#[from] CborError),
    /// It is about another roster.
    #[error("the proposal is about another roster")]
    OtherRoster,
    /// It changes nothing, or one thing twice, or too much.
    #[error("the proposal changes nothing, one thing twice, or more than {} things", limits::CHANGES_MAX)]
    Changes,
    /// A request is none.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Is there already.
    #[error("{0} is a member already")]
    Member(MemberId),
    /// Is not there.
    #[error("{0} is no member")]
    NoMember(MemberId),
    /// The change does not fit its kind: an amendment of the root key, a replacement of something else.
    #[error("the change of {0} is not of the kind that it says")]
    Kind(MemberId),
    /// The ends are not sorted, too many, or lack the root log.
    #[error("the ends of {0} are not sorted by log, too many, or lack the root log")]
    Ends(MemberId),
    /// A root key that was replaced once.
    #[error("the key {0} was replaced once and cannot come back")]
    Former(PublicKey),
    /// The roster would make no sense.
    #[error("of the roster that would follow: {0}")]
    Roster(#[from] TermsError),
    /// A bound lower than before: whoever took in more already would differ from whoever did not.
    #[error("a bound would be lower than it is")]
    LowerBounds,
    /// A rules number that is no higher.
    #[error("the rules number has to be higher than {0}")]
    Rules(u64),
}

impl Proposal {
    /// The bytes of the proposal.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// What statements name it by.
    pub fn hash(&self) -> Hash {
        Hash::of(&self.encode())
    }

    /// Reads a proposal. Whether it makes sense is asked of [`Proposal::apply`].
    ///
    /// # Errors
    /// If it is not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProposalError> {
        if bytes.len() > limits::PROPOSAL_MAX {
            return Err(ProposalError::Oversized);
        }
        Ok(cbor::decode_exact(bytes)?)
    }

    /// May a governance key speak of it? Of admissions and of changes of name or role, and of nothing else: where the role stays,
    /// ends would choose the branch of a log.
    pub fn is_ordinary(&self, roster: &Roster) -> bool {
        self.changes.iter().all(|change| match change {
            Change::Admit(_) => true,
            Change::Amend(Amend { ends, line, suspended }) => {
                let keys = |member: &Member| (member.root, member.spare, member.governance);
                let sound =
                    |before: &Member| keys(before) == keys(line) && (ends.is_empty() || before.role != line.role);
                roster.member(&line.id).is_some_and(sound) && !suspended && !roster.is_suspended(&line.id)
            }
            Change::Replace(_) | Change::Quorum(_) | Change::Bounds(_) | Change::Rules(_) => false,
        })
    }

    /// The roster that it makes of the one that it names.
    ///
    /// # Errors
    /// If it makes no sense.
    pub fn apply(&self, roster: &Roster) -> Result<Roster, ProposalError> {
        if self.roster != roster.hash() {
            return Err(ProposalError::OtherRoster);
        }
        if self.changes.is_empty() || self.changes.len() > limits::CHANGES_MAX {
            return Err(ProposalError::Changes);
        }
        let mut next = Next { touched: BTreeSet::new(), before: roster, roster: roster.clone() };
        next.roster.version = roster.version.saturating_add(1);
        for change in &self.changes {
            next.make(change)?;
        }
        next.check()
    }
}

/// The next roster while it is made.
struct Next<'a> {
    before: &'a Roster,
    roster: Roster,
    /// Whose line has changed.
    touched: BTreeSet<MemberId>,
}

impl<'a> Next<'a> {
    fn make(&mut self, change: &Change) -> Result<(), ProposalError> {
        match change {
            Change::Admit(bytes) => self.admit(request::open(bytes, &self.roster.network)?),
            Change::Amend(amend) => self.amend(amend),
            Change::Replace(Replace { ends, request }) => {
                self.replace(ends, request::open(request, &self.roster.network)?)
            }
            Change::Quorum(quorum) => {
                quorum.check()?;
                set(&mut self.roster.quorum, *quorum, self.before.quorum)
            }
            Change::Bounds(bounds) => {
                bounds.check()?;
                if !bounds.includes(self.before.bounds) {
                    return Err(ProposalError::LowerBounds);
                }
                set(&mut self.roster.bounds, *bounds, self.before.bounds)
            }
            Change::Rules(rules) if *rules <= self.before.rules => Err(ProposalError::Rules(self.before.rules)),
            Change::Rules(rules) => set(&mut self.roster.rules, *rules, self.before.rules),
        }
    }

    fn admit(&mut self, line: Member) -> Result<(), ProposalError> {
        match self.roster.members.binary_search_by(|member| member.id.cmp(&line.id)) {
            Ok(_) => Err(ProposalError::Member(line.id)),
            Err(index) => {
                self.touched.insert(line.id.clone());
                self.roster.members.insert(index, line);
                Ok(())
            }
        }
    }

    fn amend(&mut self, amend: &Amend) -> Result<(), ProposalError> {
        let Amend { ends, line, suspended } = amend;
        let before = self.line_before(&line.id)?;
        if before.root != line.root {
            return Err(ProposalError::Kind(line.id.clone()));
        }
        let was_suspended = self.before.is_suspended(&line.id);
        let turns = before.role != line.role || *suspended != was_suspended || !ends.is_empty();
        if !turns && before == line {
            return Err(ProposalError::Changes);
        }
        if turns {
            self.turn(before, ends, None)?;
        }
        match self.roster.suspended.binary_search(&line.id) {
            Ok(index) if !suspended => drop(self.roster.suspended.remove(index)),
            Err(index) if *suspended => self.roster.suspended.insert(index, line.id.clone()),
            _ => {}
        }
        self.put(line.clone());
        Ok(())
    }

    fn replace(&mut self, ends: &[End], line: Member) -> Result<(), ProposalError> {
        let before = self.line_before(&line.id)?;
        if before.root == line.root || before.role != line.role {
            return Err(ProposalError::Kind(line.id));
        }
        self.turn(before, ends, Some(before.root))?;
        self.put(line);
        Ok(())
    }

    /// Notes how a member stood before.
    fn turn(&mut self, before: &Member, ends: &[End], root: Option<PublicKey>) -> Result<(), ProposalError> {
        let sorted = ends.is_sorted_by(|a, b| a.log < b.log) && ends.len() <= limits::ENDS_MAX;
        if !sorted || !ends.iter().any(|end| end.log == before.root) {
            return Err(ProposalError::Ends(before.id.clone()));
        }
        let role = (!self.before.is_suspended(&before.id)).then(|| before.role.clone());
        let member = before.id.clone();
        self.roster.turns.push(Turn { ends: ends.to_vec(), role, root, member, version: self.roster.version });
        Ok(())
    }

    fn put(&mut self, line: Member) {
        if let Some(member) = self.roster.members.iter_mut().find(|member| member.id == line.id) {
            *member = line;
        }
    }

    /// The line of a member that no change has touched yet.
    fn line_before(&mut self, id: &MemberId) -> Result<&'a Member, ProposalError> {
        let line = self.before.member(id).ok_or_else(|| ProposalError::NoMember(id.clone()))?;
        if self.touched.insert(id.clone()) { Ok(line) } else { Err(ProposalError::Changes) }
    }

    /// The roster, if it makes sense.
    fn check(mut self) -> Result<Roster, ProposalError> {
        self.roster.turns.sort_by(|a, b| (a.version, &a.member).cmp(&(b.version, &b.member)));
        terms::check_members(&self.roster.members, &self.roster.roles)?;
        if self.roster.voters().next().is_none() {
            return Err(TermsError::NoVoter.into());
        }
        let former: BTreeSet<PublicKey> = self.roster.turns.iter().filter_map(|turn| turn.root).collect();
        let mut keys = self.roster.members.iter().flat_map(Member::keys);
        match keys.find(|key| former.contains(key)) {
            Some(key) => Err(ProposalError::Former(key)),
            None => Ok(self.roster),
        }
    }
}

fn set<T: PartialEq>(value: &mut T, new: T, before: T) -> Result<(), ProposalError> {
    if new == before || *value != before {
        return Err(ProposalError::Changes);
    }
    *value = new;
    Ok(())
}
