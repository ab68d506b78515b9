//! Networks that were founded anew: what is claimed of the former one, and what is carried over.
//!
//! A charter that names a former network claims that it succeeds it. How much of that shows by itself is counted here, and said in
//! the same words wherever it is met.

use serde::{Deserialize, Serialize};

use super::calls::{Call, call};

call! {
    /// What a network that is founded anew would carry over from the one of this home.
    Former as "former" -> FormerReply {
        /// Places about which the caller wants to know what is held there.
        places: Vec<LogPlace>,
    }
}

/// A place of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// The log, in hexadecimal.
    pub log: String,
    /// The place.
    pub seq: u64,
}

/// What would be carried over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerReply {
    /// Id of the network of this home.
    pub network: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// What a charter would say, in hexadecimal: the DAG-CBOR list of former networks, this one first, without a reason.
    pub former: String,
    /// Practices in its library.
    pub practices: u64,
    /// The hash of the entry that is held at each of the places asked for.
    pub held: Vec<Option<String>>,
    /// What whoever founds a network on this should know.
    pub warnings: Vec<String>,
}

/// A former network, as a charter claims it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerView {
    /// Its id.
    pub network: String,
    /// Its name.
    pub name: String,
    /// Why it was left.
    pub reason: String,
    /// Version of its roster that was in force last.
    pub roster_version: u64,
    /// Hash of that roster.
    pub roster_hash: String,
    /// How many of its members voted.
    pub voters: u64,
    /// Its members, by id.
    pub members: Vec<FormerMember>,
    /// How many of its logs are carried over.
    pub carried: u64,
    /// How many entries those have, up to the last that counts.
    pub entries: u64,
    /// The logs, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<CarriedView>,
}

/// A member of a former network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerMember {
    /// Its id.
    pub id: String,
    /// Its name there.
    pub name: String,
    /// Did it vote there?
    pub votes: bool,
    /// Is it among the founders here?
    pub founder: bool,
    /// Does the root key consent to that which the list of the former network gives it? The founders themselves state that list.
    pub proven: bool,
}

/// A log that is carried over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedView {
    /// The log, in hexadecimal.
    pub log: String,
    /// The member for whom it spoke.
    pub member: String,
    /// The place of the last entry that counts.
    pub last: u64,
    /// Its hash.
    pub hash: String,
}

/// The former network from which an entry is carried over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofFormer {
    /// Id of that network.
    pub network: String,
    /// Its name.
    pub name: String,
    /// The last place of the log that counts here.
    pub last: u64,
    /// Name of the network whose charter carries it over.
    pub by: String,
    /// Is the member on the roster of this network?
    pub is_member: bool,
    /// Does the root key that the list of the former network gives it consent to the one that it has here? The founders of this
    /// network state that list.
    pub proven: bool,
}

/// A network that is founded anew: a charter that nobody has signed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefoundReply {
    /// Id of the network that it would found.
    pub network: String,
    /// Path of the draft.
    pub path: String,
    /// Ids of the founders, sorted.
    pub members: Vec<String>,
    /// What it claims.
    pub former: FormerView,
    /// What the founders should know before they sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A former root key consented to the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentReply {
    /// Id of the former network.
    pub network: String,
    /// The member.
    pub member: String,
    /// The root key to which it consents, in hexadecimal.
    pub root_key: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Path of the consent.
    pub path: String,
}

impl FormerView {
    /// How much of the claim shows by itself, in a sentence.
    pub fn claim(&self) -> String {
        let voters = || self.members.iter().filter(|member| member.votes);
        let here = voters().filter(|member| member.founder).count();
        let proven = voters().filter(|member| member.proven).count();
        format!(
            "the list of members of the former network that the founders themselves state has {} that vote; of these, founders here: {here}, \
             with a consent of the root key that this list gives them: {proven}. Whether the list is true, and all the rest, is a claim of the \
             founders, which whoever has the former network can compare with it",
            self.voters
        )
    }

    /// The members to whose new root key the one consents that the list of the former network gives them, by id.
    pub fn consenting(&self) -> Vec<&str> {
        self.members.iter().filter(|member| member.proven).map(|member| member.id.as_str()).collect()
    }

    /// The founders without such a consent, by id.
    pub fn unproven(&self) -> Vec<&str> {
        let founders = self.members.iter().filter(|member| member.founder && !member.proven);
        founders.map(|member| member.id.as_str()).collect()
    }

    /// The members that are no founders, by id.
    pub fn absent(&self) -> Vec<&str> {
        self.members.iter().filter(|member| !member.founder).map(|member| member.id.as_str()).collect()
    }
}

impl ProofFormer {
    /// Where the entry comes from, in a sentence.
    pub fn words(&self) -> String {
        let who = match (self.is_member, self.proven) {
            (true, true) => "",
            (true, false) => "; that the member here is the same institution, no former root key says",
            (false, _) => "; the member is not on the roster here, and nobody can change it",
        };
        format!(
            "signed in the former network {}; carried over by the charter of {}, a claim of its founders{who}",
            self.name, self.by
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_says_how_much_of_it_shows() {
        let member =
            |id: &str, votes, founder, proven| FormerMember { id: id.into(), name: id.into(), votes, founder, proven };
        let view = FormerView {
            network: "4f".repeat(32),
            name: "Example".into(),
            reason: "Lost.".into(),
            roster_version: 2,
            roster_hash: "5f".repeat(32),
            voters: 3,
            members: vec![
                member("KEN", true, true, true),
                member("MAR", true, true, false),
                member("PRY", true, false, false),
                member("UNV", false, true, true),
            ],
            carried: 4,
            entries: 9,
            logs: Vec::new(),
        };
        let claim = view.claim();
        assert!(
            claim.starts_with(
                "the list of members of the former network that the founders themselves state has 3 that vote"
            ),
            "{claim}"
        );
        assert!(
            claim.contains("founders here: 2, with a consent of the root key that this list gives them: 1."),
            "{claim}"
        );
        assert!(!claim.contains("proven"), "consents prove nothing without the former network: {claim}");
        assert_eq!((view.unproven(), view.absent(), view.consenting()), (vec!["MAR"], vec!["PRY"], vec!["KEN", "UNV"]));
    }
}
