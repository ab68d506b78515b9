//! The ticket: a line of text by which a node joins a network.
//!
//! It names the network, a recent roster by version and hash (so that nobody can show a newcomer an outdated list of members),
//! and addresses to begin with. As text it is `nanduti:` and base32 of the DAG-CBOR `{roster, network, addresses}` followed by
//! four bytes of its BLAKE3 hash, which catch a slip of the pen.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    cbor::{self, CborError},
    hash::Hash,
    limits,
};

/// What the text begins with.
const SCHEME: &str = "nanduti:";
/// Bytes of the checksum.
const CHECKSUM: usize = 4;

/// How to join a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The roster to begin with.
    pub roster: RosterRef,
    /// The network.
    pub network: Hash,
    /// Multiaddresses with `/p2p/…`, the best first.
    pub addresses: Vec<String>,
}

/// A roster by its version and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterRef {
    /// Its hash.
    pub hash: Hash,
    /// Its version.
    pub version: u64,
}

/// Why a text is not a ticket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It does not begin as a ticket does.
    #[error("a ticket begins with `nanduti:`")]
    Scheme,
    /// A character that cannot stand in one, or a part of it is missing.
    #[error("the ticket is not whole: a part is missing or a character cannot stand there")]
    Text,
    /// The checksum does not fit.
    #[error("the ticket was changed on its way: its checksum does not fit")]
    Checksum,
    /// The content is at fault.
    #[error("the ticket is {0}")]
    Content(#[from] CborError),
    /// Too many addresses, or one too long.
    #[error("the ticket has more or longer addresses than allowed")]
    Addresses,
}

impl Ticket {
    /// The ticket as a line of text.
    pub fn to_text(&self) -> String {
        let mut bytes = cbor::encode(self);
        let sum = Hash::of(&bytes);
        bytes.extend(sum.as_bytes().iter().take(CHECKSUM));
        let mut text = String::from(SCHEME);
        text.push_str(&data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase());
        text
    }

    /// Reads a ticket. White space around it and capital letters are forgiven.
    ///
    /// # Errors
    /// If it is not one.
    pub fn parse(text: &str) -> Result<Self, TicketError> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix(SCHEME).ok_or(TicketError::Scheme)?;
        if text.len() > 2 * limits::TICKET_ADDRESSES_MAX * limits::ADDRESS_MAX {
            return Err(TicketError::Text);
        }
        let bytes =
            data_encoding::BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).map_err(|_| TicketError::Text)?;
        let split = bytes.len().checked_sub(CHECKSUM).ok_or(TicketError::Text)?;
        let (content, sum) = bytes.split_at(split);
        if !Hash::of(content).as_bytes().starts_with(sum) {
            return Err(TicketError::Checksum);
        }
        let ticket: Self = cbor::decode_exact(content)?;
        let fits = ticket.addresses.len() <= limits::TICKET_ADDRESSES_MAX
            && ticket.addresses.iter().all(|address| address.len() <= limits::ADDRESS_MAX);
        if fits { Ok(ticket) } else { Err(TicketError::Addresses) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            roster: RosterRef { hash: Hash::of(b"roster"), version: 0 },
            network: Hash::of(b"network"),
            addresses: alloc::vec!["/ip4/127.0.0.1/udp/4001/quic-v1".into()],
        }
    }

    #[test]
    fn a_ticket_survives_being_written_down() {
        let text = ticket().to_text();
        assert_eq!(Ticket::parse(&text), Ok(ticket()));
        assert_eq!(Ticket::parse(&alloc::format!("  {}\n", text.to_uppercase())), Ok(ticket()));
    }

    #[test]
    fn every_slip_is_noticed() {
        let text = ticket().to_text();
        assert_eq!(Ticket::parse("https://example.org"), Err(TicketError::Scheme));
        for (place, _) in text.char_indices().skip(SCHEME.len()) {
            let mut changed = text.clone();
            let other = if changed[place..].starts_with('a') { "b" } else { "a" };
            changed.replace_range(place..=place, other);
            assert!(Ticket::parse(&changed).is_err(), "at {place}");
            assert!(Ticket::parse(&text[..place]).is_err(), "cut at {place}");
        }
    }
}
