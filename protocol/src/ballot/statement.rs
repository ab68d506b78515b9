//! A statement of a ballot, as it is signed and carried: who says what of which proposal, in which round.
//!
//! ```text
//! {step, cites?, round, member, roster, proposal}     DAG-CBOR, signed as `nanduti/ballot/1`
//! ```
//!
//! It names the roster that it would change by hash, so that it says nothing of any other, and stands by itself: not by its
//! place in a log, nor by when it was made.

use alloc::vec::Vec;

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::rules::{Round, Step};
use crate::{
    cbor::{self, CborError},
    charter::Member,
    envelope::{self, Envelope, EnvelopeError, Purpose},
    hash::Hash,
    key::{MemberId, PublicKey},
    limits,
};

/// What a member says of a proposal. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// In which step.
    pub step: Step,
    /// The earlier round in which a quorum endorsed the same proposal: for an endorsement that needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cites: Option<Round>,
    /// In which round: 1 to [`limits::ROUNDS_MAX`].
    pub round: Round,
    /// Who.
    pub member: MemberId,
    /// Hash of the roster that the proposal would change.
    pub roster: Hash,
    /// Hash of the proposal.
    pub proposal: Hash,
}

/// With which of a member's keys a statement was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signer {
    /// The root key, which speaks of everything.
    Root,
    /// The governance key, which speaks of admissions and roles alone.
    Governance,
}

/// Why bytes are not a statement. Whoever sent them could have checked, but for who may sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not the form of an envelope, too long, or not signed by a key of the member.
    #[error("the statement is {0}")]
    Envelope(#[from] EnvelopeError),
    /// Not in canonical form.
    #[error("the statement is {0}")]
    Encoding(#[from] CborError),
    /// A round that there cannot be.
    #[error("rounds go from 1 to {}, and what is cited comes before", limits::ROUNDS_MAX)]
    Round,
    /// A ratification that cites.
    #[error("a ratification cites nothing")]
    Cites,
}

impl Statement {
    /// The bytes of the statement, signed.
    pub fn sign(&self, network: &Hash, key: &SigningKey) -> Vec<u8> {
        envelope::seal(Purpose::Ballot, network, key, &cbor::encode(self))
    }

    /// Reads a statement. Who signed it is asked of [`Statement::signer`].
    ///
    /// # Errors
    /// If it is not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::read(Envelope::open(bytes, limits::STATEMENT_MAX)?.payload)
    }

    /// Reads what is to be signed, or was.
    ///
    /// # Errors
    /// If it is not the payload of a statement.
    pub fn read(payload: &[u8]) -> Result<Self, StatementError> {
        let statement: Self = cbor::decode_exact(payload)?;
        let sound = (1..=limits::ROUNDS_MAX).contains(&statement.round);
        if !sound || statement.cites.is_some_and(|cited| cited == 0 || cited >= statement.round) {
            return Err(StatementError::Round);
        }
        if statement.step == Step::Ratify && statement.cites.is_some() {
            return Err(StatementError::Cites);
        }
        Ok(statement)
    }

    /// With which key of this member was it signed?
    ///
    /// # Errors
    /// If with none of them.
    pub fn signer(bytes: &[u8], network: &Hash, member: &Member) -> Result<Signer, StatementError> {
        let envelope = Envelope::open(bytes, limits::STATEMENT_MAX)?;
        let signed = |key: &PublicKey| envelope.verify(Purpose::Ballot, network, key);
        match (signed(&member.root), member.governance) {
            (Ok(()), _) => Ok(Signer::Root),
            (Err(_), Some(key)) => Ok(signed(&key).map(|()| Signer::Governance)?),
            (Err(error), None) => Err(error.into()),
        }
    }
}

impl Step {
    /// The name of the step in a statement.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Endorse => "endorse",
            Self::Ratify => "ratify",
        }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// By hand: the codec also takes a derived enumeration for the head of a map without its value (see [`crate::cbor`]).
impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = Step;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("`endorse` or `ratify`")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Step, E> {
                let known = [Step::Endorse, Step::Ratify].into_iter().find(|step| step.name() == name);
                known.ok_or_else(|| E::invalid_value(de::Unexpected::Other("a step"), &self))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn statement() -> Statement {
        Statement {
            step: Step::Endorse,
            cites: Some(2),
            round: 3,
            member: MemberId::parse("PRY-ABCDEFGHIJKL").expect("an id"),
            roster: Hash::of(b"roster"),
            proposal: Hash::of(b"proposal"),
        }
    }

    fn member(root: &SigningKey, governance: Option<&SigningKey>) -> Member {
        Member {
            id: statement().member,
            name: "Ministry".into(),
            role: "mechanism".into(),
            root: root.into(),
            spare: None,
            governance: governance.map(PublicKey::from),
        }
    }

    #[test]
    fn a_statement_is_read_back_as_it_was_and_says_who_signed_it() {
        let (network, root) = (Hash::of(b"network"), SigningKey::from_bytes(&[1; 32]));
        let (governance, other) = (SigningKey::from_bytes(&[2; 32]), SigningKey::from_bytes(&[3; 32]));
        for statement in [statement(), Statement { step: Step::Ratify, cites: None, ..statement() }] {
            let bytes = statement.sign(&network, &root);
            assert!(bytes.len() <= limits::STATEMENT_MAX, "{} bytes", bytes.len());
            assert_eq!(Statement::decode(&bytes), Ok(statement.clone()));
            let signer = |bytes: &[u8], network: &[u8], member| Statement::signer(bytes, &Hash::of(network), &member);
            assert_eq!(signer(&bytes, b"network", member(&root, None)), Ok(Signer::Root));
            assert!(signer(&bytes, b"other", member(&root, None)).is_err());
            assert!(signer(&bytes, b"network", member(&other, Some(&governance))).is_err());
            let bytes = statement.sign(&network, &governance);
            assert_eq!(signer(&bytes, b"network", member(&root, Some(&governance))), Ok(Signer::Governance));
            assert!(signer(&bytes, b"network", member(&root, None)).is_err());
        }
    }

    #[test]
    fn what_has_another_form_is_refused() {
        let decoded = |statement: Statement| {
            Statement::decode(&statement.sign(&Hash::of(b"network"), &SigningKey::from_bytes(&[1; 32])))
        };
        for (round, cites) in [(0, None), (limits::ROUNDS_MAX + 1, None), (3, Some(3)), (3, Some(0))] {
            let other = Statement { round, cites, ..statement() };
            assert_eq!(decoded(other), Err(StatementError::Round), "{round} {cites:?}");
        }
        let ratified = Statement { step: Step::Ratify, ..statement() };
        assert_eq!(decoded(ratified), Err(StatementError::Cites));
        let long = vec![0; limits::STATEMENT_MAX + 1];
        assert_eq!(Statement::decode(&long), Err(StatementError::Envelope(EnvelopeError::Oversized)));
    }
}
