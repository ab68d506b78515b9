//! Whether what the founders say is true: every signature, every link, and that the rules would admit it all.
//!
//! What one member signs has one shape: its root log with the charter and a keyring, its publishing log with the opening.
//! Elsewhere one signature vouches for a whole run; here every entry's own signature is checked, for to sign entry 0 is what
//! it means to adopt the charter.

use nanduti_protocol::{
    charter::{Charter, CharterError},
    entry::{Entry, EntryError},
    envelope::EnvelopeError,
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::Kind,
    ledger::{Admission, History, Ledger, Refusal},
    run::{ReceivedRun, RunError, VerifiedRun},
};

/// What one founder signed, verified in full.
#[derive(Debug, Clone)]
pub(super) struct Adoption {
    /// The charter that it adopted.
    pub(super) charter: Charter,
    /// Who signed.
    pub(super) member: MemberId,
    /// Its root log: the charter, a keyring.
    pub(super) root: VerifiedRun,
    /// Its publishing log: the opening.
    pub(super) log: VerifiedRun,
}

/// Why it is not what a founder signs.
#[derive(Debug, thiserror::Error)]
pub(super) enum VerifyError {
    /// Not a log.
    #[error("the {which} log: {error}")]
    Run { which: &'static str, error: RunError },
    /// A log of something else.
    #[error("the {0} log does not have the entries of a founding")]
    Shape(&'static str),
    /// The charter in it is at fault.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// Signed for another charter than the one in it.
    #[error("it is signed for another charter than the one in it")]
    OtherCharter,
    /// Not a founder's key.
    #[error("the key {0} that signed is not the root key of a founder")]
    Stranger(PublicKey),
    /// An entry is at fault.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A signature does not verify.
    #[error("a signature of {member}: {error}")]
    Signature { member: MemberId, error: EnvelopeError },
    /// The rules do not admit it.
    #[error("what {member} signed is not admitted: {refusal}")]
    Refused { member: MemberId, refusal: Refusal },
    /// It says two things at one place.
    #[error("{0} signed two different statements for one place")]
    Contradiction(MemberId),
    /// The keyring does not let the publishing key speak.
    #[error("the keyring of {0} does not stand, or does not list its publishing key")]
    Keyring(MemberId),
    /// Logs without order, missing or repeated.
    #[error("the logs are not those of all founders, each once, in the order of the charter")]
    Order,
}

impl Adoption {
    /// Verifies a root log and a publishing log.
    pub(super) fn verify(root: Vec<u8>, log: Vec<u8>) -> Result<Self, VerifyError> {
        let of_root = |error| VerifyError::Run { which: "root", error };
        let (root, network) = receive(root, "root")?;
        let root = root.verify(&network).map_err(of_root)?;
        let charter_item = match root.items() {
            [charter, keyring] if charter.kind == Kind::Charter && keyring.kind == Kind::Keyring => charter,
            _ => return Err(VerifyError::Shape("root")),
        };
        let body = root.body_bytes(charter_item).ok_or(VerifyError::Shape("root"))?;
        if Hash::of(body) != network || root.first_seq() != 0 {
            return Err(VerifyError::OtherCharter);
        }
        let charter = Charter::decode(body)?;
        let key = root.log();
        let member = charter.member_by_root(&key).ok_or(VerifyError::Stranger(key))?.id.clone();

        let (log, ground) = receive(log, "publishing")?;
        if ground != network {
            return Err(VerifyError::OtherCharter);
        }
        let log = log.verify(&network).map_err(|error| VerifyError::Run { which: "publishing", error })?;
        let is_opening = matches!(log.items(), [opening] if opening.kind == Kind::Log);
        if !is_opening || log.first_seq() != 0 {
            return Err(VerifyError::Shape("publishing"));
        }
        let adoption = Self { charter, member, root, log };
        adoption.check_signatures(&network)?;
        admit_all(network, std::slice::from_ref(&adoption))?;
        Ok(adoption)
    }

    /// The network that the charter founds.
    pub(super) fn network(&self) -> Hash {
        self.root.prev()
    }

    fn check_signatures(&self, network: &Hash) -> Result<(), VerifyError> {
        for run in [&self.root, &self.log] {
            for item in run.items() {
                let entry = Entry::decode(run.entry_bytes(item))?;
                let signed = entry.verify(network);
                signed.map_err(|error| VerifyError::Signature { member: self.member.clone(), error })?;
            }
        }
        Ok(())
    }
}

/// Verifies the logs of a founding bundle: root logs, then publishing logs, both in the order of the members.
pub(super) fn verify_founding(runs: Vec<Vec<u8>>) -> Result<Vec<Adoption>, VerifyError> {
    let half = runs.len() / 2;
    let mut roots = runs;
    let logs = roots.split_off(half);
    if roots.len() != logs.len() {
        return Err(VerifyError::Order);
    }
    let adoptions: Vec<Adoption> =
        roots.into_iter().zip(logs).map(|(root, log)| Adoption::verify(root, log)).collect::<Result<_, _>>()?;
    let first = adoptions.first().ok_or(VerifyError::Order)?;
    let network = first.network();
    if adoptions.iter().any(|adoption| adoption.network() != network) {
        return Err(VerifyError::OtherCharter);
    }
    let signers = adoptions.iter().map(|adoption| &adoption.member);
    if !signers.eq(first.charter.members.iter().map(|member| &member.id)) {
        return Err(VerifyError::Order);
    }
    admit_all(network, &adoptions)?;
    Ok(adoptions)
}

/// Lets a fresh ledger judge everything: it must admit it all, and each keyring must be in force and list the key.
pub(super) fn admit_all(network: Hash, adoptions: &[Adoption]) -> Result<(), VerifyError> {
    let mut ledger = Ledger::new(network);
    let mut admit = |adoption: &Adoption, run: &VerifiedRun| {
        let member = || adoption.member.clone();
        match ledger.admit(run.clone(), &Nothing) {
            Ok(Admission::Appended(_)) => Ok(()),
            Ok(Admission::Known | Admission::Forked(_)) => Err(VerifyError::Contradiction(member())),
            Err(refusal) => Err(VerifyError::Refused { member: member(), refusal }),
        }
    };
    for adoption in adoptions {
        admit(adoption, &adoption.root)?;
    }
    for adoption in adoptions {
        admit(adoption, &adoption.log)?;
    }
    for adoption in adoptions {
        let standing = ledger.authority().and_then(|authority| authority.standing(&adoption.log.log()));
        let speaks = standing.is_some_and(|standing| {
            !standing.is_root && standing.member.id == adoption.member && standing.ends.is_none()
        });
        if !speaks {
            return Err(VerifyError::Keyring(adoption.member.clone()));
        }
    }
    Ok(())
}

/// The run, and the ground that it names.
fn receive(bytes: Vec<u8>, which: &'static str) -> Result<(ReceivedRun, Hash), VerifyError> {
    // What a log begins on stands in its first entry, which the run keeps for itself until its signature was checked.
    let ground = nanduti_protocol::run::split_item(&bytes)
        .and_then(|(entry, _, _)| Entry::decode(entry).ok())
        .map(|entry| entry.statement.prev)
        .ok_or(VerifyError::Shape(which))?;
    let run = ReceivedRun::receive(bytes).map_err(|error| VerifyError::Run { which, error })?;
    Ok((run, ground))
}

/// A fresh ledger has no past.
struct Nothing;

impl History for Nothing {
    fn hash_at(&self, _: &PublicKey, _: u64) -> Option<Hash> {
        None
    }

    fn entry_at(&self, _: &PublicKey, _: u64) -> Option<Vec<u8>> {
        None
    }
}
