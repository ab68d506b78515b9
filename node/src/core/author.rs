//! Signing on behalf of this node's member.
//!
//! The next place in the log comes from the ledger, which only the writer changes: two entries at one place cannot happen
//! here. After damage to the node's own log the node does not sign until the log reaches as far again as it did before, since
//! it would contradict itself otherwise.

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::{Audience, Kind},
    ledger::{History, Ledger},
    run::{ReceivedRun, VerifiedRun, push_item},
};

use super::{CoreError, Unable};

/// The key by which this node speaks for its member.
#[derive(Clone)]
pub struct Author {
    key: SigningKey,
    member: MemberId,
}

impl std::fmt::Debug for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Author").field("log", &self.log()).field("member", &self.member).finish_non_exhaustive()
    }
}

impl Author {
    /// The author with this publishing key, who speaks for this member.
    pub fn new(key: SigningKey, member: MemberId) -> Self {
        Self { key, member }
    }

    /// The log that the key writes.
    pub fn log(&self) -> PublicKey {
        PublicKey::from(&self.key)
    }

    /// The member for whom the key speaks.
    pub fn member(&self) -> &MemberId {
        &self.member
    }

    /// Signs the next entry of the log.
    pub(crate) fn sign(
        &self,
        ledger: &Ledger,
        kind: Kind,
        audience: Audience,
        time: u64,
        body: &[u8],
    ) -> Result<VerifiedRun, CoreError> {
        let extent = ledger.extent(&self.log()).ok_or(CoreError::CannotSign(Unable::NotArrived))?;
        let (seq, prev) = (extent.next, extent.head);
        let network = ledger.network();
        sign_item(&self.key, &network, seq, prev, kind, audience, time, body)
    }
}

/// Why a key may not sign an entry of this kind for a member now, if it may not.
pub(super) fn hindrance(
    (log, member): (&PublicKey, &MemberId),
    ledger: &Ledger,
    history: &impl History,
    kind: &Kind,
    reached_before: u64,
) -> Option<CoreError> {
    let because = |why| Some(CoreError::CannotSign(why));
    let Some(authority) = ledger.authority() else { return because(Unable::NoCharter) };
    if authority.roster().member(member).is_none() {
        return because(Unable::NoMember);
    }
    if authority.member_by_root(log).is_some() {
        return because(Unable::IsRoot);
    }
    // Whether a keyring lists the key does not depend on whether its log is here.
    let Some(standing) = authority.publishing(log, member) else { return because(Unable::NotListed) };
    let Some(extent) = ledger.extent(log) else { return because(Unable::NotArrived) };
    if extent.next < reached_before {
        return because(Unable::Damaged);
    }
    if ledger.open_fork(log, history).is_some() {
        return Some(CoreError::Forked);
    }
    if authority.roster().is_suspended(member) {
        return because(Unable::Suspended);
    }
    if standing.ends.is_some() {
        return because(Unable::Ended);
    }
    if !authority.allows(&standing, extent.next, kind) {
        return because(Unable::Role);
    }
    None
}

/// Signs one entry and makes a run of it.
#[expect(clippy::too_many_arguments, reason = "these are the fields of a statement, each of another type")]
pub(crate) fn sign_item(
    key: &SigningKey,
    network: &Hash,
    seq: u64,
    prev: Hash,
    kind: Kind,
    audience: Audience,
    time: u64,
    body: &[u8],
) -> Result<VerifiedRun, CoreError> {
    let statement = Statement { log: PublicKey::from(key), seq, body: BodyRef::to(body), kind, prev, time, audience };
    let mut bytes = Vec::new();
    push_item(&mut bytes, &statement.sign(network, key), Some(body));
    // What this node signs passes the same doors as what others sign.
    ReceivedRun::receive(bytes)
        .and_then(|run| run.verify(network))
        .map_err(|_| CoreError::CannotSign(Unable::OutOfBounds))
}
