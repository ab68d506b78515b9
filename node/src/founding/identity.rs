//! What a home is: the network that it belongs to, and the member for whom it speaks.
//!
//! ```text
//! HOME/ network/network                     the id of the network, 64 hex digits and a newline
//!       network/ticket                      the ticket, one line of text
//!       network/charter                     the charter's bytes; written by the core, when they were admitted
//!       network/founding/<id>.signed        what this home signed for that network, see `sign`
//!       keys/member                         the id of the member and a newline
//! ```
//!
//! Invariant: a home belongs to one network. The id is written before anything of the network is, so that a crash in the
//! middle cannot leave entries of an unnamed network behind.

use std::path::PathBuf;

use nanduti_protocol::{charter::Charter, hash::Hash, key::MemberId, networks::Networks, ticket::Ticket};

use super::{
    disk::{read_bounded, read_if_there},
    failure,
};
use crate::{
    Author, Home,
    api::{ApiError, ErrorKind},
    keys::{KeyError, KeyStore},
};

/// A line that holds one id is no longer than this.
const LINE_MAX: u64 = 256;
/// A ticket with eight of the longest addresses in base32 is shorter than this.
const TICKET_MAX: u64 = 16 * 1024;

/// The network that a home belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkInfo {
    /// Its id.
    pub network: Hash,
    /// The ticket with which the home joined it: the pinned roster and addresses to begin with.
    pub ticket: Option<Ticket>,
}

/// The network that a home belongs to, if it has joined one. Needs no lock: the files are replaced whole.
///
/// # Errors
/// If a file cannot be read or does not hold what it should.
pub fn network_of(home: &Home) -> Result<Option<NetworkInfo>, ApiError> {
    let path = network_file(home);
    let Some(bytes) = read_if_there(&path, LINE_MAX).map_err(|error| failure::store(&error))? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let network = Hash::from_hex(text.trim()).ok_or_else(|| damaged(&path, "it should hold the id of a network"))?;
    let path = ticket_file(home);
    let ticket = match read_if_there(&path, TICKET_MAX).map_err(|error| failure::store(&error))? {
        None => None,
        Some(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            Some(Ticket::parse(&text).map_err(|error| damaged(&path, "it should hold a ticket").because(&error))?)
        }
    };
    if ticket.as_ref().is_some_and(|ticket| ticket.network != network) {
        return Err(damaged(&path, "it holds the ticket of another network"));
    }
    Ok(Some(NetworkInfo { network, ticket }))
}

/// The key by which a home speaks for its member; `None` for an observer's home. Whether a keyring lists the key is another
/// question, which the ledger answers.
///
/// # Errors
/// If there is a key that cannot be used, or nothing says for which member.
pub fn author_of(home: &Home) -> Result<Option<Author>, ApiError> {
    let key = match KeyStore::of(home).open_publish() {
        Ok(key) => key,
        Err(KeyError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(failure::key("the publishing key cannot be used", &error)),
    };
    let member = member_of(home)?.ok_or_else(|| {
        damaged(&member_file(home), "there is a publishing key, and nothing says for which member")
            .hint("write the id of the member into the file, such as PRY")
    })?;
    Ok(Some(Author::new(key.signing_key().clone(), member)))
}

/// The member for whom a home was made.
pub(crate) fn member_of(home: &Home) -> Result<Option<MemberId>, ApiError> {
    let path = member_file(home);
    let Some(bytes) = read_if_there(&path, LINE_MAX).map_err(|error| failure::store(&error))? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let member = MemberId::parse(text.trim());
    member.map(Some).map_err(|error| damaged(&path, "it should hold the id of a member").because(&error))
}

/// The charter of a home's network, once it is known.
pub(crate) fn charter_bytes_of(home: &Home) -> Result<Option<Vec<u8>>, ApiError> {
    let path = home.network_dir().join("charter");
    if path.exists() {
        let max = nanduti_protocol::limits::BODY_MAX as u64;
        read_bounded(&path, max).map(Some).map_err(|error| failure::store(&error))
    } else {
        Ok(None)
    }
}

/// To which networks the logs of a home are bound, as far as its charter is known.
pub(crate) fn networks_of(home: &Home, network: Hash) -> Result<Networks, ApiError> {
    let Some(bytes) = charter_bytes_of(home)? else { return Ok(network.into()) };
    let damaged = || ApiError::new(ErrorKind::Store, "the charter of this home is damaged");
    let charter = Charter::decode(&bytes).map_err(|error| damaged().because(&error))?;
    if charter.network() == network { Ok(charter.networks()) } else { Err(damaged()) }
}

/// `network/network`.
pub(super) fn network_file(home: &Home) -> PathBuf {
    home.network_dir().join("network")
}

/// `network/ticket`.
pub(super) fn ticket_file(home: &Home) -> PathBuf {
    home.network_dir().join("ticket")
}

/// `keys/member`.
pub(super) fn member_file(home: &Home) -> PathBuf {
    home.keys_dir().join("member")
}

/// `network/founding/<id>.signed`.
pub(super) fn signed_file(home: &Home, network: &Hash) -> PathBuf {
    home.network_dir().join("founding").join(format!("{network}.signed"))
}

fn damaged(path: &std::path::Path, what: &str) -> ApiError {
    ApiError::new(ErrorKind::Store, format!("{} is damaged: {what}", path.display()))
}
