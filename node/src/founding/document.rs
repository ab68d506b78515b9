//! The files that founders send each other: a draft, what one member signed, the founding bundle.
//!
//! All three are one strict DAG-CBOR map; `kind` says which it is and so which other fields it has:
//!
//! | `kind` | fields | content |
//! | --- | --- | --- |
//! | `draft` | `charter` | the charter's bytes |
//! | `signed` | `runs` | the member's root log and its publishing log, in this order |
//! | `founding` | `runs`, `ticket` | all root logs in the order of the members, then all publishing logs in the same order |
//!
//! A run is the same sequence of items as in a segment file. The charter is not repeated beside the runs: it is the body of
//! entry 0 of each root log.
//!
//! Absent here: whether what they say is true. That is `verify`.

use std::path::Path;

use nanduti_protocol::{
    cbor::{self, CborError},
    limits,
    ticket::{Ticket, TicketError},
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{disk::read_bounded, failure};
use crate::api::{ApiError, ErrorKind};

/// A founding bundle repeats the charter for each founder: 400 of them with the longest names stay below this.
pub(super) const FILE_MAX: u64 = 128 * 1024 * 1024;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Draft,
    Signed,
    Founding,
}

/// The form of all three. Field order is that of the encoding.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runs: Option<Vec<ByteBuf>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charter: Option<ByteBuf>,
}

/// A file of a founding, its form checked and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Document {
    /// The bytes of a charter.
    Draft(Vec<u8>),
    /// A member's root log and publishing log.
    Signed(Vec<Vec<u8>>),
    /// The logs of all founders, and the ticket.
    Founding(Vec<Vec<u8>>, Ticket),
}

/// Why bytes are none of these files.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    /// Not in canonical form.
    #[error("it is {0}")]
    Encoding(#[from] CborError),
    /// Fields that do not go with the kind.
    #[error("its fields do not go with its kind")]
    Fields,
    /// Too many logs, or one too long.
    #[error("it has more or longer logs than a founding can have")]
    Runs,
    /// The ticket is at fault.
    #[error(transparent)]
    Ticket(#[from] TicketError),
}

impl Document {
    /// The bytes of the file.
    pub(super) fn encode(&self) -> Vec<u8> {
        let wrap = |runs: &[Vec<u8>]| Some(runs.iter().cloned().map(ByteBuf::from).collect());
        let form = match self {
            Self::Draft(charter) => {
                let charter = Some(ByteBuf::from(charter.clone()));
                Form { kind: Kind::Draft, runs: None, ticket: None, charter }
            }
            Self::Signed(runs) => Form { kind: Kind::Signed, runs: wrap(runs), ticket: None, charter: None },
            Self::Founding(runs, ticket) => {
                Form { kind: Kind::Founding, runs: wrap(runs), ticket: Some(ticket.to_text()), charter: None }
            }
        };
        cbor::encode(&form)
    }

    /// Takes the bytes of a file apart.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let form: Form = cbor::decode_exact(bytes)?;
        match form {
            Form { kind: Kind::Draft, runs: None, ticket: None, charter: Some(charter) } => {
                Ok(Self::Draft(charter.into_vec()))
            }
            Form { kind: Kind::Signed, runs: Some(runs), ticket: None, charter: None } => {
                if runs.len() != 2 {
                    return Err(DocumentError::Runs);
                }
                Ok(Self::Signed(unwrap(runs)?))
            }
            Form { kind: Kind::Founding, runs: Some(runs), ticket: Some(ticket), charter: None } => {
                let parsed = Ticket::parse(&ticket)?;
                // A ticket forgives capitals and white space; a file has one form.
                if parsed.to_text() != ticket {
                    return Err(CborError::NotCanonical.into());
                }
                Ok(Self::Founding(unwrap(runs)?, parsed))
            }
            _ => Err(DocumentError::Fields),
        }
    }

    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, ApiError> {
        let bytes = read_bounded(path, FILE_MAX).map_err(|error| failure::file(&error))?;
        Self::decode(&bytes).map_err(|error| {
            let text = format!("{} is not a draft, a signed charter or a founding bundle", path.display());
            let told = ApiError::new(ErrorKind::Failed, text);
            match error {
                // How the bytes differ from the form helps nobody who took the wrong file.
                DocumentError::Encoding(_) => told.hint(what_else(&bytes)),
                _ => told.because(&error),
            }
        })
    }

    /// What the file is, in words.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Draft(_) => "a draft that nobody has signed",
            Self::Signed(_) => "a charter signed by one member",
            Self::Founding(..) => "a founding bundle",
        }
    }
}

/// What to do with a file that is something else.
fn what_else(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"nanduti-card:") {
        "this is an institution's card: `nanduti network new` puts cards together to a draft"
    } else if bytes.starts_with(b"nanduti:") {
        "this is a ticket: `nanduti join` takes its text"
    } else if nanduti_protocol::run::split_item(bytes).is_some() {
        "this is a bundle of a library: `nanduti bundle import` reads it, in a home that has joined the network"
    } else {
        "ask for the file once more; it may have been changed on its way"
    }
}

fn unwrap(runs: Vec<ByteBuf>) -> Result<Vec<Vec<u8>>, DocumentError> {
    let bounded = runs.len() <= 2 * limits::MEMBERS_MAX && runs.iter().all(|run| run.len() <= limits::SEGMENT_MAX);
    if bounded { Ok(runs.into_iter().map(ByteBuf::into_vec).collect()) } else { Err(DocumentError::Runs) }
}

#[cfg(test)]
mod tests {
    use nanduti_protocol::{hash::Hash, ticket::RosterRef};
    use proptest::prelude::*;

    use super::*;

    fn ticket() -> Ticket {
        let roster = RosterRef { hash: Hash::of(b"roster"), version: 0 };
        Ticket { roster, network: Hash::of(b"network"), addresses: Vec::new() }
    }

    #[test]
    fn each_kind_survives_encoding() {
        let runs = vec![vec![1; 3], vec![2; 300]];
        for document in
            [Document::Draft(vec![7; 40]), Document::Signed(runs.clone()), Document::Founding(runs.clone(), ticket())]
        {
            assert_eq!(Document::decode(&document.encode()).unwrap(), document);
        }
    }

    #[test]
    fn fields_go_with_their_kind() {
        let draft = Document::Draft(vec![1]).encode();
        // "draft" as "drafu", and the map with one more key than it says.
        let place = draft.windows(5).position(|word| word == b"draft").unwrap();
        let mut other = draft.clone();
        other[place + 4] = b'u';
        assert!(Document::decode(&other).is_err());
        let one = Document::Signed(vec![vec![1]]).encode();
        assert!(matches!(Document::decode(&one), Err(DocumentError::Runs)));
        let charter = Some(ByteBuf::from(vec![1]));
        let mixed = Form { kind: Kind::Draft, runs: Some(Vec::new()), ticket: None, charter };
        assert!(matches!(Document::decode(&cbor::encode(&mixed)), Err(DocumentError::Fields)));
        let shouted = Form {
            kind: Kind::Founding,
            runs: Some(Vec::new()),
            ticket: Some(ticket().to_text().to_uppercase()),
            charter: None,
        };
        assert!(Document::decode(&cbor::encode(&shouted)).is_err(), "one form");
        let mut longer = draft;
        longer.push(0);
        assert!(Document::decode(&longer).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Document::decode(&bytes).is_err());
        }
    }
}
