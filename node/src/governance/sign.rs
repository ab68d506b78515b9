//! Signing a statement with a root key, here or away from the network. The words that are shown are computed from the bytes that are
//! signed.
//!
//! ```text
//! node             prepare   the draft of a statement, as a file        StatementFile
//! any machine      sign      explains it in plain words, asks, signs    the same with a signature
//! node             submit    hands it in
//! ```
//!
//! The file is JSON: a map of `form`, `draft` and, once it is signed, `signed`. It brings the roster and the proposal with it, so that a
//! machine without a network can say what would be decided.

use std::path::Path;

use data_encoding::HEXLOWER;
use nanduti_protocol::{
    ballot::{Proposal, Statement},
    cbor,
    key::{MemberId, PublicKey},
    limits,
    roster::Roster,
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    api::{ApiError, BallotStep, Cast, ErrorKind, StatementDraft},
    durable::{PRIVATE_FILE, write_file_durably},
    keys::{KeyStore, Passphrase},
};

/// The name of the form.
const FORM: &str = "nanduti ballot statement, version 1";
/// A roster and a proposal in hexadecimal, and a little around them.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// A statement that is to be signed, or has been, as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementFile {
    form: String,
    draft: StatementDraft,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed: Option<String>,
}

/// What a draft holds.
struct Read {
    roster: Roster,
    proposal: Proposal,
    statement: Statement,
}

impl StatementFile {
    /// A draft that nobody has signed.
    pub fn of(draft: StatementDraft) -> Self {
        Self { form: FORM.into(), draft, signed: None }
    }

    /// Reads a file, if it is one of these: they begin with a brace, which nothing else of ours does.
    ///
    /// # Errors
    /// If it cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Option<Self>, ApiError> {
        let failed = |error: &std::io::Error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let kind = if missing { ErrorKind::NotFound } else { ErrorKind::Failed };
            ApiError::new(kind, format!("{} cannot be read", path.display())).because(error)
        };
        if std::fs::metadata(path).map_err(|error| failed(&error))?.len() > FILE_MAX {
            return Ok(None);
        }
        let bytes = std::fs::read(path).map_err(|error| failed(&error))?;
        if bytes.first() != Some(&b'{') {
            return Ok(None);
        }
        let file: Self = serde_json::from_slice(&bytes).map_err(|error| {
            ApiError::new(ErrorKind::Failed, format!("{} is not the statement of a ballot", path.display()))
                .because(&error)
        })?;
        if file.form != FORM {
            return Err(wrong("it is of another version"));
        }
        read(&file.draft)?;
        Ok(Some(file))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn write(&self, path: &Path) -> Result<(), ApiError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| ApiError::new(ErrorKind::Failed, "the statement cannot be written").because(&error))?;
        write_file_durably(path, format!("{text}\n").as_bytes(), PRIVATE_FILE).map_err(|error| {
            ApiError::new(ErrorKind::Failed, format!("{} could not be written", path.display())).because(&error)
        })
    }

    /// Has it been signed?
    pub fn is_signed(&self) -> bool {
        self.signed.is_some()
    }

    /// Who is to sign, or has.
    pub fn member(&self) -> &str {
        &self.draft.member
    }

    /// What is said, and what follows, in words that are computed from the bytes.
    ///
    /// # Errors
    /// If the draft is not what it says.
    pub fn words(&self) -> Result<Vec<String>, ApiError> {
        let Read { roster, proposal, statement } = read(&self.draft)?;
        let (quorum, voters) = (roster.quorum(), roster.voters().count());
        let verb = match self.draft.step {
            BallotStep::Endorse => "endorses",
            BallotStep::Ratify => "ratifies",
        };
        let mut lines = vec![
            format!(
                "network {} (compare its id; the name {:?} is only what the file says)",
                roster.network, self.draft.network_name
            ),
            format!(
                "{} {verb} {} in round {}, about roster {} with {voters} voters; it takes {quorum}:",
                statement.member,
                statement.proposal.short(),
                statement.round,
                roster.version
            ),
        ];
        lines.extend(words::changes(&proposal, &roster).into_iter().map(|line| format!("  {line}")));
        lines.push(match self.draft.step {
            BallotStep::Endorse => "an endorsement binds in this round alone".to_owned(),
            BallotStep::Ratify => format!(
                "a ratification binds: another proposal you may endorse only after {quorum} members have endorsed that one in a later round"
            ),
        });
        lines.push(
            "what the file alone does not show: whether you have said something else since it was written".into(),
        );
        Ok(lines)
    }

    /// Signs with the file of a root key. To sign again gives the same bytes.
    ///
    /// # Errors
    /// If the draft is not what it says, the key is not the member's, or the passphrase is wrong.
    pub fn sign(&self, key: &Path, passphrase: &Passphrase) -> Result<Self, ApiError> {
        let Read { roster, statement, .. } = read(&self.draft)?;
        let root = KeyStore::open_root_at(key, passphrase).map_err(|error| {
            let told = ApiError::new(ErrorKind::Failed, "the root key cannot be used").because(&error);
            match error.hint() {
                Some(hint) => told.hint(hint),
                None => told,
            }
        })?;
        let member = roster.member(&statement.member).ok_or_else(|| wrong("its member is not on its roster"))?;
        if member.root != PublicKey::from_bytes(root.public()) {
            let message = format!("{} is not the root key of {} on the roster", key.display(), member.id);
            return Err(ApiError::new(ErrorKind::Refused, message));
        }
        let signed = statement.sign(&roster.network, root.signing_key());
        Ok(Self { signed: Some(HEXLOWER.encode(&signed)), ..self.clone() })
    }

    /// What is handed in.
    ///
    /// # Errors
    /// If it has not been signed, or what was signed is not what it says.
    pub fn cast(&self) -> Result<Cast, ApiError> {
        let signed = self.signed.clone().ok_or_else(|| {
            ApiError::new(ErrorKind::Usage, "this statement has not been signed").hint("`nanduti sign FILE` signs it")
        })?;
        let bytes = HEXLOWER.decode(signed.as_bytes()).map_err(|_| wrong("its signature"))?;
        let says = Statement::decode(&bytes).map_err(|error| wrong("its signature").because(&error))?;
        if bytes.len() > limits::STATEMENT_MAX || says != read(&self.draft)?.statement {
            return Err(wrong("what was signed is another statement"));
        }
        Ok(Cast { proposal: self.draft.proposal_bytes.clone(), statement: signed })
    }
}

/// What a draft holds, if it is what it says.
fn read(draft: &StatementDraft) -> Result<Read, ApiError> {
    let bytes = |hex: &str, what: &str| HEXLOWER.decode(hex.as_bytes()).map_err(|_| wrong(what));
    let roster: Roster =
        cbor::decode_exact(&bytes(&draft.roster_bytes, "its roster")?).map_err(|_| wrong("its roster"))?;
    let proposal =
        Proposal::decode(&bytes(&draft.proposal_bytes, "its proposal")?).map_err(|_| wrong("its proposal"))?;
    let statement: Statement =
        cbor::decode_exact(&bytes(&draft.statement_bytes, "its bytes")?).map_err(|_| wrong("its bytes"))?;
    let step = match draft.step {
        BallotStep::Endorse => nanduti_protocol::ballot::rules::Step::Endorse,
        BallotStep::Ratify => nanduti_protocol::ballot::rules::Step::Ratify,
    };
    let fits = statement.roster == roster.hash()
        && statement.proposal == proposal.hash()
        && proposal.roster == statement.roster
        && (statement.step, statement.round) == (step, draft.round)
        && roster.network.to_hex() == draft.network
        && words::changes(&proposal, &roster) == draft.changes
        && MemberId::parse(&draft.member).is_ok_and(|member| member == statement.member);
    if fits { Ok(Read { roster, proposal, statement }) } else { Err(wrong("its words are not those of its bytes")) }
}

fn wrong(what: &str) -> ApiError {
    ApiError::new(ErrorKind::Refused, format!("the statement does not hold, and is not signed: {what}"))
}

#[cfg(test)]
mod tests {
    use nanduti_protocol::{
        ballot::{Change, Succession},
        testing::Founding,
    };

    use super::*;
    use crate::{
        governance::{Draft, draft},
        keys::{Protection, RootKey},
    };

    fn prepared(founding: &Founding) -> StatementFile {
        let roster = Roster::founding(&founding.charter);
        let proposal = Proposal { roster: roster.hash(), changes: vec![Change::Rules(2)] };
        let (member, round) = (&founding.actors[0].id, None);
        let want = Draft { member, step: BallotStep::Endorse, proposal: &proposal, round };
        StatementFile::of(draft(&Succession::new(roster), "Network", &want).expect("the rules allow it"))
    }

    #[test]
    fn a_statement_is_signed_away_and_only_as_what_it_is() {
        let (founding, folder) = (Founding::new(3, 4), tempfile::tempdir().unwrap());
        let (passphrase, path) = (Passphrase::new("seven quiet rivers meet".into()), folder.path().join("statement"));
        let key = |place: usize| {
            let home = crate::Home::at(folder.path().join(place.to_string()));
            let root = RootKey::from_seed(&founding.actors[place].root.to_bytes());
            KeyStore::of(&home).create_root(&root, &passphrase, Protection::Pbkdf2).unwrap();
            KeyStore::of(&home).root_file()
        };
        let file = prepared(&founding);
        file.write(&path).unwrap();
        assert_eq!(StatementFile::read(&path).unwrap(), Some(file.clone()));
        assert!(file.words().unwrap().iter().any(|line| line.contains("rules number 2")));
        assert_eq!(file.cast().unwrap_err().kind, ErrorKind::Usage);
        assert_eq!(file.sign(&key(1), &passphrase).unwrap_err().kind, ErrorKind::Refused, "another member's key");
        let signed = file.sign(&key(0), &passphrase).unwrap();
        assert!(signed.is_signed() && signed.cast().is_ok());

        let with = |change: &dyn Fn(&mut StatementDraft)| {
            let mut other = signed.clone();
            change(&mut other.draft);
            other
        };
        let lies = [
            with(&|draft| draft.changes = vec!["nothing at all".into()]),
            with(&|draft| draft.step = BallotStep::Ratify),
            with(&|draft| draft.round = 2),
            with(&|draft| draft.member = founding.actors[1].id.to_string()),
            with(&|draft| draft.network = "00".repeat(32)),
            with(&|draft| draft.roster_bytes.push_str("00")),
        ];
        for lie in lies {
            assert!(lie.words().is_err() && lie.cast().is_err(), "{lie:?}");
        }
    }
}
