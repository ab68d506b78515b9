//! Asking to join: a request for the members to look at, and what the newcomer will say first, signed in advance.
//!
//! ```text
//! HOME/ID.request                   the request, one line of text, to be sent to a member
//!      network/admission.signed     the root log and the publishing log with which the newcomer begins once it is admitted
//! ```
//!
//! The root key is needed once, now: when the members have admitted the institution, its node begins by itself. What was signed is on
//! the disk before it is used, and used again however often the request is made: to sign anew would be a fork.

use std::path::{Path, PathBuf};

use nanduti_protocol::{
    ballot::request,
    charter::{Charter, Member},
    hash::Hash,
    run::{ReceivedRun, VerifiedRun},
};

use super::{
    card::{Card, listed_key},
    disk::read_if_there,
    document::{Document, FILE_MAX},
    failure, identity,
    sign::Pen,
    types::{RequestOptions, RequestReply},
};
use crate::{
    Home,
    api::{ApiError, ErrorKind},
    durable::{PRIVATE_FILE, create_file_durably, write_file_durably},
    governance::RequestText,
    keys::{Fingerprint, Passphrase},
};

/// Makes the request of a home that has joined a network and is to speak for an institution there.
///
/// # Errors
/// If the home has no root key or no network, the charter has not arrived, the passphrase is wrong, or the disk fails.
pub fn request(
    home: &Home,
    options: &RequestOptions,
    root_key: Option<&Path>,
    passphrase: &Passphrase,
) -> Result<RequestReply, ApiError> {
    let asked = Asked::of(home, options)?;
    let pen = Pen::of(home, asked.line.clone(), root_key, passphrase)?;
    if !asked.has_first_words(home)? {
        asked.keep_first_words(home, pen.sign(home, &asked.charter)?)?;
    }
    let signed = request::sign(&asked.network, &asked.line, pen.root());
    asked.hand_out(home, signed, options.out.as_deref())
}

/// What an institution asks for, and of whom.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) network: Hash,
    pub(crate) charter: Charter,
    /// The line that it asks for.
    pub(crate) line: Member,
}

impl Asked {
    /// What a home that has joined a network asks for: what its card says, with what was asked for now.
    pub(crate) fn of(home: &Home, options: &RequestOptions) -> Result<Self, ApiError> {
        Self::line(home, line_of(home, options)?)
    }

    /// The same for a line that it has asked for already.
    pub(crate) fn line(home: &Home, line: Member) -> Result<Self, ApiError> {
        let info = identity::network_of(home)?.ok_or_else(|| {
            failure::usage("this home has not joined a network yet").hint("`nanduti join TICKET` joins one")
        })?;
        let charter = identity::charter_bytes_of(home)?.ok_or_else(|| {
            ApiError::new(ErrorKind::Failed, "the charter of the network has not arrived yet")
                .hint("`nanduti sync` brings it")
        })?;
        let charter = Charter::decode(&charter)
            .map_err(|error| ApiError::new(ErrorKind::Store, "the charter of this home is damaged").because(&error))?;
        Ok(Self { network: info.network, charter, line })
    }

    /// Has this home signed for this root key what it will say first?
    ///
    /// # Errors
    /// If it has for another key, or has begun to speak.
    pub(crate) fn has_first_words(&self, home: &Home) -> Result<bool, ApiError> {
        let before = first_words(home, &self.network)?;
        if let Some(root) = before.first() {
            return match root.log() == self.line.root {
                true => Ok(true),
                false => Err(failure::refused("this home asked to join before, with another root key")
                    .hint("use a new home for the new key")),
            };
        }
        match home.log_dir(self.line.root.as_bytes()).exists() {
            true => Err(failure::refused(format!("{} has begun to speak in this network already", self.line.id))),
            false => Ok(false),
        }
    }

    /// Are these what it will say first?
    pub(crate) fn are_first_words(&self, home: &Home, runs: &[Vec<u8>]) -> Result<bool, ApiError> {
        let before = first_words(home, &self.network)?;
        Ok(before.iter().map(VerifiedRun::bytes).eq(runs.iter().map(Vec::as_slice)))
    }

    /// Keeps what it will say first, the root log and the publishing log.
    pub(crate) fn keep_first_words(&self, home: &Home, runs: Vec<Vec<u8>>) -> Result<(), ApiError> {
        let path = file(home);
        create_file_durably(&path, &Document::Signed(runs).encode(), PRIVATE_FILE)
            .map_err(|error| failure::failed(format!("{} could not be written", path.display()), &error))
    }

    /// Writes the signed request as the line of text that is mailed.
    pub(crate) fn hand_out(&self, home: &Home, signed: Vec<u8>, out: Option<&Path>) -> Result<RequestReply, ApiError> {
        let line = &self.line;
        let text = RequestText { network: self.network, request: signed, line: line.clone() }.to_text();
        let path = out.map_or_else(|| home.path().join(format!("{}.request", line.id)), Path::to_path_buf);
        write_file_durably(&path, format!("{text}\n").as_bytes(), PRIVATE_FILE)
            .map_err(|error| failure::failed(format!("{} could not be written", path.display()), &error))?;
        Ok(RequestReply {
            network: self.network.to_hex(),
            network_name: self.charter.name.clone(),
            member: line.id.to_string(),
            name: line.name.clone(),
            role: line.role.clone(),
            fingerprint: Fingerprint::of(line.root.as_bytes()).to_string(),
            request: text,
            path: path.display().to_string(),
        })
    }
}

/// What a newcomer says first, if it was signed in this home for this network.
///
/// # Errors
/// If it is damaged.
pub(crate) fn first_words(home: &Home, network: &Hash) -> Result<Vec<VerifiedRun>, ApiError> {
    let path = file(home);
    let Some(bytes) = read_if_there(&path, FILE_MAX).map_err(|error| failure::store(&error))? else {
        return Ok(Vec::new());
    };
    let damaged = || ApiError::new(ErrorKind::Store, format!("{} is damaged", path.display()));
    let Document::Signed(runs) = Document::decode(&bytes).map_err(|error| damaged().because(&error))? else {
        return Err(damaged());
    };
    let verify = |run| ReceivedRun::receive(run).and_then(|run| run.verify(network));
    runs.into_iter().map(|run| verify(run).map_err(|error| damaged().because(&error))).collect()
}

/// The line that the institution asks for: what its card says, with what was asked for now.
fn line_of(home: &Home, options: &RequestOptions) -> Result<Member, ApiError> {
    let id = identity::member_of(home)?.ok_or_else(|| {
        failure::usage("this home was made for an observer: it has no root key")
            .hint("`nanduti init --member ID --name NAME` in a home of its own makes the keys of an institution")
    })?;
    let card = Card::read(&home.path().join(format!("{id}.card")))?;
    let [spare, governance] =
        [&options.spare, &options.governance].map(|key| key.as_deref().map(listed_key).transpose());
    Ok(Member {
        id,
        name: options.name.clone().unwrap_or(card.name),
        role: options.role.clone().unwrap_or(card.role),
        root: card.root,
        spare: spare?.or(card.spare),
        governance: governance?.or(card.governance),
    })
}

fn file(home: &Home) -> PathBuf {
    home.network_dir().join("admission.signed")
}
