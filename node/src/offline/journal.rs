//! What a key has signed away from its node, remembered beside it.
//!
//! A root key that signs two statements for one place of its log forks that log, and only a ballot can heal it; a key that says two
//! things in a ballot has contradicted its institution for ever. A node would notice before, but the machine that keeps the key may know
//! no node. So it keeps a line for each signature, in a file beside the key, and refuses what contradicts one.
//!
//! ```text
//! network key place hash-of-the-statement
//! network key vote roster round step cited-round-or-a-dash proposal
//! ```

use std::path::{Path, PathBuf};

use nanduti_protocol::{
    ballot::{
        Statement as Vote,
        rules::{Said, Step},
    },
    cbor,
    entry::Statement,
    hash::Hash,
    key::PublicKey,
};

use crate::{
    api::{ApiError, ErrorKind},
    durable::{PRIVATE_FILE, write_file_durably},
    founding::{disk, failure},
};

/// A root log has at most 4,096 entries, a ballot 128 statements of a voter, and a line fewer than 320 bytes.
const FILE_MAX: u64 = 8 << 20;

/// What is remembered of a signature.
#[derive(Debug, Clone)]
pub(super) enum Note {
    /// An entry of the root log.
    Entry { seq: u64, hash: Hash },
    /// A statement of a ballot.
    Vote(Box<Vote>),
}

impl Note {
    /// What is remembered of an entry: its place, and what was signed there.
    pub(super) fn entry(statement: &Statement) -> Self {
        Self::Entry { seq: statement.seq, hash: Hash::of(&cbor::encode(statement)) }
    }

    fn line(&self) -> String {
        match self {
            Self::Entry { seq, hash } => format!("{seq} {hash}"),
            Self::Vote(vote) => {
                let cites = vote.cites.map_or_else(|| "-".to_owned(), |cites| cites.to_string());
                let (roster, round, step) = (vote.roster, vote.round, vote.step.name());
                format!("vote {roster} {round} {step} {cites} {}", vote.proposal)
            }
        }
    }

    /// Why this is not signed by a key that has signed what the line says, if so.
    fn objection(&self, line: &str) -> Option<ApiError> {
        match self {
            Self::Entry { seq, .. } => {
                let same_place = line.split_once(' ').is_some_and(|(place, _)| place == seq.to_string());
                (same_place && line != self.line()).then(|| forks(*seq))
            }
            Self::Vote(vote) => contradiction(vote, line.strip_prefix("vote ")?),
        }
    }
}

/// The signatures of one key.
pub(super) struct Journal {
    path: PathBuf,
    lines: Vec<String>,
}

impl Journal {
    /// The journal beside a key file.
    pub(super) fn beside(key: &Path) -> Result<Self, ApiError> {
        let mut name = key.file_name().unwrap_or_default().to_os_string();
        name.push(".signed");
        let path = key.with_file_name(name);
        let bytes = disk::read_if_there(&path, FILE_MAX).map_err(|error| failure::store(&error))?;
        let text = String::from_utf8(bytes.unwrap_or_default()).map_err(|error| {
            ApiError::new(ErrorKind::Store, format!("{} is damaged", path.display())).because(&error)
        })?;
        Ok(Self { path, lines: text.lines().map(ToOwned::to_owned).collect() })
    }

    /// Notes what is about to be handed out, durably.
    pub(super) fn note<'a>(
        &mut self,
        network: &Hash,
        key: &PublicKey,
        notes: impl Iterator<Item = &'a Note>,
    ) -> Result<(), ApiError> {
        let own = format!("{network} {key} ");
        let before = self.lines.len();
        for note in notes {
            let mut held = self.lines.iter().filter_map(|line| line.strip_prefix(&own));
            if let Some(objection) = held.clone().find_map(|line| note.objection(line)) {
                return Err(objection.because_text(format!("{} remembers it", self.path.display())));
            }
            if !held.any(|line| line == note.line()) {
                self.lines.push(format!("{own}{}", note.line()));
            }
        }
        if self.lines.len() == before {
            return Ok(());
        }
        let text: String = self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        write_file_durably(&self.path, text.as_bytes(), PRIVATE_FILE).map_err(|error| {
            failure::failed(format!("{} could not be written", self.path.display()), &error)
                .hint("nothing was handed out: what a key signs has to be remembered beside it")
        })
    }
}

fn forks(seq: u64) -> ApiError {
    ApiError::new(ErrorKind::Refused, format!("this root key has signed another statement for entry {seq} of its log")).hint(
        "hand in the one that was signed first. Two statements for one place fork the root log, which only a ballot can heal. If every \
         copy of the first is destroyed unseen, remove its line from that file",
    )
}

/// Does a vote speak against one that was signed, as far as the two alone can show it?
fn contradiction(vote: &Vote, line: &str) -> Option<ApiError> {
    let [roster, round, step, cites, proposal] = <[&str; 5]>::try_from(line.split(' ').collect::<Vec<_>>()).ok()?;
    let step = [Step::Endorse, Step::Ratify].into_iter().find(|known| known.name() == step)?;
    let (round, cites) = (round.parse().ok()?, cites.parse().ok());
    let other = Said { round, step, voter: 0, choice: 0, cites };
    if roster != vote.roster.to_string() {
        return None;
    }
    let choice = u16::from(proposal != vote.proposal.to_string());
    let own = Said { round: vote.round, step: vote.step, voter: 0, choice, cites: vote.cites };
    let what = if own.contradicts(&other) {
        format!("this key has signed another statement about roster {}, which this one would contradict", short(roster))
    } else if vote.round < round {
        format!(
            "this key has spoken in round {round} about roster {}, and nothing is said in an earlier one",
            short(roster)
        )
    } else {
        return None;
    };
    Some(ApiError::new(ErrorKind::Refused, what).hint(
        "prepare it anew on the node, after the statement that was signed first has been handed in there. To contradict yourself is held \
         against you for ever",
    ))
}

fn short(roster: &str) -> &str {
    roster.get(..12).unwrap_or(roster)
}
