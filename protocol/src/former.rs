//! What a network that was founded anew says of the networks before it, and what it carries over from them.
//!
//! Where so many root keys are lost that no quorum is left, the members can only found another network. Its charter names the
//! former one by its roster, says why, and lists each log of the former network that is carried over: for which member it spoke,
//! and the last entry of it that counts. So the old library stands in the new network as it was signed, and nothing can be added
//! to it or taken from it, by nobody.
//!
//! All of this is a claim of the founders, except what shows by itself: that a log was written by its key, for the former
//! network and the member that it names; and that a founder had the root key that the former roster lists, if that key
//! consented ([`Consent`]). Nobody's node follows such a charter by itself: it founds another network, with another id.
//!
//! A network may be founded anew more than once: the charter then lists the former networks one after the other, the last one
//! first, each with the logs that were bound to it. Root logs and ballots are not carried: they say who may speak, and that the new
//! charter says itself.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    cbor,
    envelope::{self, Envelope, EnvelopeError, Purpose},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Place,
    limits,
    roster::Roster,
    terms::{Member, RULES, TermsError, check_text},
};

/// A former network. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Former {
    /// The logs that are carried over from it, by key.
    pub logs: Vec<Carried>,
    /// Its name.
    pub name: String,
    /// Why it was left.
    pub reason: String,
    /// Its roster that was in force last, with its id.
    pub roster: Roster,
    /// Founders of this network to whom the root key consents that the roster gives the member of their id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
}

/// A log that is carried over. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// The log.
    pub log: PublicKey,
    /// The last entry that counts. It fixes the branch.
    pub last: Place,
    /// The member for whom it spoke.
    pub member: MemberId,
}

/// The word of a root key of a former network for the root key that takes its place. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// What the former root key signed: see [`sign_consent`].
    pub proof: ByteBuf,
    /// The member, there and here.
    pub member: MemberId,
}

/// What is signed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Consented {
    root: PublicKey,
    member: MemberId,
}

/// Why what a charter says of former networks makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormerError {
    /// Too many, or one twice.
    #[error("there are more than {}, or one of them stands twice", limits::FORMER_MAX)]
    Networks,
    /// A text or the roster is at fault.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// Its roster was made for other rules.
    #[error("its roster has rules number {0}; this version knows {RULES}")]
    Rules(u64),
    /// Too many logs, or not sorted by key without repetition.
    #[error("the logs are more than {}, repeated, or not sorted by key", limits::CARRIED_LOGS_MAX)]
    Logs,
    /// Its last entry is at a place where there can be none that counts.
    #[error("the log {0} cannot count up to the place that is named")]
    Place(PublicKey),
    /// A log is said to have spoken for somebody who was no member.
    #[error("the log {log} is said to have spoken for {member}, who is not on the former roster")]
    NoMember {
        /// The log.
        log: PublicKey,
        /// The member.
        member: MemberId,
    },
    /// A key that cannot stand there: of an institution, or of a log of another network.
    #[error("the key {0} stands twice, or has another use")]
    KeyTwice(PublicKey),
    /// Not sorted by member without repetition, or of a network that was left before.
    #[error("the consents are not sorted by member, or are not of members of the network that was left last")]
    Consents,
    /// Not what the former root key of that member signed.
    #[error("the consent of {member} does not hold: {error}")]
    Consent {
        /// The member.
        member: MemberId,
        /// What is wrong.
        error: EnvelopeError,
    },
}

impl Former {
    /// Its id.
    pub fn network(&self) -> Hash {
        self.roster.network
    }

    /// What is carried over of a log.
    pub fn log(&self, log: &PublicKey) -> Option<&Carried> {
        let index = self.logs.binary_search_by(|carried| carried.log.cmp(log)).ok()?;
        self.logs.get(index)
    }

    /// Does the root key of the roster consent to the founder with this id?
    pub fn has_consent(&self, member: &MemberId) -> bool {
        self.consents.binary_search_by(|consent| consent.member.cmp(member)).is_ok()
    }

    fn check(&self) -> Result<(), FormerError> {
        check_text("name of a former network", &self.name, limits::NAME_MAX)?;
        check_text("reason", &self.reason, limits::REASON_MAX)?;
        if self.roster.rules != RULES {
            return Err(FormerError::Rules(self.roster.rules));
        }
        self.roster.check()?;
        if !self.logs.is_sorted_by(|a, b| a.log < b.log) {
            return Err(FormerError::Logs);
        }
        self.logs.iter().try_for_each(|carried| self.check_log(carried))
    }

    fn check_log(&self, carried: &Carried) -> Result<(), FormerError> {
        let Carried { log, last, member } = carried;
        let Some(line) = self.roster.member(member) else {
            return Err(FormerError::NoMember { log: *log, member: member.clone() });
        };
        let counts = last.seq < self.roster.bounds.log_entries && self.roster.rights(line, log).at(last.seq).is_some();
        if counts { Ok(()) } else { Err(FormerError::Place(*log)) }
    }

    fn check_consents(&self, founders: &[Member]) -> Result<(), FormerError> {
        if !self.consents.is_sorted_by(|a, b| a.member < b.member) {
            return Err(FormerError::Consents);
        }
        for consent in &self.consents {
            let id = &consent.member;
            let founder = founders.iter().find(|founder| founder.id == *id).ok_or(FormerError::Consents)?;
            let before = self.roster.member(id).ok_or(FormerError::Consents)?;
            check_consent(&consent.proof, &self.network(), id, &before.root, &founder.root)
                .map_err(|error| FormerError::Consent { member: id.clone(), error })?;
        }
        Ok(())
    }
}

/// Checks what a charter says of former networks.
pub(crate) fn check(formers: &[Former], founders: &[Member]) -> Result<(), FormerError> {
    let networks: BTreeSet<Hash> = formers.iter().map(Former::network).collect();
    if formers.len() > limits::FORMER_MAX || networks.len() != formers.len() {
        return Err(FormerError::Networks);
    }
    if formers.iter().map(|former| former.logs.len()).sum::<usize>() > limits::CARRIED_LOGS_MAX {
        return Err(FormerError::Logs);
    }
    formers.iter().try_for_each(Former::check)?;
    // A key serves one network, and a log is no root log.
    let before: BTreeSet<PublicKey> = formers.iter().flat_map(|former| former.roster.institutional_keys()).collect();
    let mut used = before.clone();
    for key in founders.iter().flat_map(Member::keys) {
        if !used.insert(key) {
            return Err(FormerError::KeyTwice(key));
        }
    }
    for carried in formers.iter().flat_map(|former| &former.logs) {
        if !used.insert(carried.log) {
            return Err(FormerError::KeyTwice(carried.log));
        }
    }
    let Some((last, earlier)) = formers.split_first() else { return Ok(()) };
    if earlier.iter().any(|former| !former.consents.is_empty()) {
        return Err(FormerError::Consents);
    }
    last.check_consents(founders)
}

/// To which networks the carried logs are bound.
pub(crate) fn bindings(formers: &[Former]) -> BTreeMap<PublicKey, Hash> {
    let logs = |former: &Former| {
        let network = former.network();
        former.logs.iter().map(move |carried| (carried.log, network)).collect::<Vec<_>>()
    };
    formers.iter().flat_map(logs).collect()
}

/// Signs that a root key takes the place of the one that signs. Bound to the former network, the member and the new key, it is void for
/// every other.
pub fn sign_consent(network: &Hash, member: &MemberId, former_root: &SigningKey, root: &PublicKey) -> Vec<u8> {
    envelope::seal(Purpose::Consent, network, former_root, &consented(member, root))
}

/// The member of whom a consent says that it is. Whether it holds is asked of [`check_consent`].
///
/// # Errors
/// If it is not of the one form.
pub fn consented_member(proof: &[u8]) -> Result<MemberId, EnvelopeError> {
    let envelope = Envelope::open(proof, limits::KEY_PROOF_MAX)?;
    let read: Consented = cbor::decode_exact(envelope.payload).map_err(|_| EnvelopeError::Form)?;
    Ok(read.member)
}

/// Checks that the root key of a member in a former network consented to a root key that takes its place.
///
/// # Errors
/// If it is not of the one form, says something else, or is not signed by the former key.
pub fn check_consent(
    proof: &[u8],
    network: &Hash,
    member: &MemberId,
    former_root: &PublicKey,
    root: &PublicKey,
) -> Result<(), EnvelopeError> {
    let envelope = Envelope::open(proof, limits::KEY_PROOF_MAX)?;
    if envelope.payload != consented(member, root) {
        return Err(EnvelopeError::Form);
    }
    envelope.verify(Purpose::Consent, network, former_root)
}

fn consented(member: &MemberId, root: &PublicKey) -> Vec<u8> {
    cbor::encode(&Consented { root: *root, member: member.clone() })
}

#[cfg(test)]
mod tests;
