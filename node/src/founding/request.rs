//! Asking to join: a request for the members to look at, and what the newcomer will say first, signed in advance.
//!
//! ```text
//! HOME/ID.request                   the request, one line of text, to be sent to a member
//!      network/admission.signed     the root log and the publishing log with which the newcomer begins once it is admitted
//! ```
//!
//! The root key is needed once, now: when the members have admitted the institution, its node begins by itself. What was signed is on
//! the disk before it is used, and used again however often the request is made: to sign anew would be a fork.

use std::path::PathBuf;

use nanduti_protocol::{
    ballot::request,
    charter::{Charter, Member},
    hash::Hash,
    key::PublicKey,
    run::{ReceivedRun, VerifiedRun},
};

use super::{
    card::Card,
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
pub fn request(home: &Home, options: &RequestOptions, passphrase: &Passphrase) -> Result<RequestReply, ApiError> {
    let info = identity::network_of(home)?.ok_or_else(|| {
        failure::usage("this home has not joined a network yet").hint("`nanduti join TICKET` joins one")
    })?;
    let charter = identity::charter_bytes_of(home)?.ok_or_else(|| {
        ApiError::new(ErrorKind::Failed, "the charter of the network has not arrived yet")
            .hint("`nanduti sync` brings it")
    })?;
    let charter = Charter::decode(&charter)
        .map_err(|error| ApiError::new(ErrorKind::Store, "the charter of this home is damaged").because(&error))?;
    let line = line_of(home, options)?;
    let pen = Pen::of(home, line.clone(), passphrase)?;
    keep_first_words(home, &info.network, &charter, &pen)?;
    let signed = request::sign(&info.network, &line, pen.root());
    let text = RequestText { network: info.network, request: signed, line: line.clone() }.to_text();
    let path = options.out.clone().unwrap_or_else(|| home.path().join(format!("{}.request", line.id)));
    write_file_durably(&path, format!("{text}\n").as_bytes(), PRIVATE_FILE)
        .map_err(|error| failure::failed(format!("{} could not be written", path.display()), &error))?;
    Ok(RequestReply {
        network: info.network.to_hex(),
        network_name: charter.name,
        member: line.id.to_string(),
        name: line.name,
        role: line.role,
        fingerprint: Fingerprint::of(line.root.as_bytes()).to_string(),
        request: text,
        path: path.display().to_string(),
    })
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
    let governance = options.governance.as_deref().map(|key| {
        PublicKey::from_hex(key).ok_or_else(|| failure::usage(format!("`{key}` is not a public key in hexadecimal")))
    });
    Ok(Member {
        id,
        name: options.name.clone().unwrap_or(card.name),
        role: options.role.clone().unwrap_or(card.role),
        root: card.root,
        governance: governance.transpose()?,
    })
}

fn keep_first_words(home: &Home, network: &Hash, charter: &Charter, pen: &Pen) -> Result<(), ApiError> {
    let before = first_words(home, network)?;
    if let Some(root) = before.first() {
        if root.log() == pen.member().root {
            return Ok(());
        }
        return Err(failure::refused("this home asked to join before, with another root key")
            .hint("use a new home for the new key"));
    }
    if home.log_dir(pen.member().root.as_bytes()).exists() {
        return Err(failure::refused(format!("{} has begun to speak in this network already", pen.member().id)));
    }
    let bytes = Document::Signed(pen.sign(charter)?).encode();
    let path = file(home);
    create_file_durably(&path, &bytes, PRIVATE_FILE)
        .map_err(|error| failure::failed(format!("{} could not be written", path.display()), &error))
}

fn file(home: &Home) -> PathBuf {
    home.network_dir().join("admission.signed")
}
