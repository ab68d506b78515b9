//! Putting the founders' signatures together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libp2p::{Multiaddr, multiaddr::Protocol};
use nanduti_protocol::{
    charter::Charter,
    key::MemberId,
    limits,
    roster::Roster,
    ticket::{RosterRef, Ticket},
};

use super::{
    disk::{PUBLIC_FILE, write_new},
    document::Document,
    failure,
    sign::read_draft,
    types::SealReply,
    verify::{Adoption, admit_all},
};
use crate::api::ApiError;

/// Verifies what every founder signed, and writes the founding bundle with the ticket in it. Addresses are multiaddresses
/// that end in `/p2p/PEER`.
///
/// # Errors
/// If a founder's signature is missing (all are named), a file is not what it should be, an address is not one, or the file
/// exists.
pub fn seal(draft: &Path, signed: &[PathBuf], addresses: &[String], out: &Path) -> Result<SealReply, ApiError> {
    let charter = read_draft(draft)?;
    let network = charter.network();
    let addresses = check_addresses(addresses)?;
    let mut adoptions: BTreeMap<MemberId, Adoption> = BTreeMap::new();
    for path in signed {
        let adoption = read_adoption(path, &charter)?;
        let before = adoptions.insert(adoption.member.clone(), adoption.clone());
        if before.is_some_and(|before| before.root != adoption.root || before.log != adoption.log) {
            let message = format!("{} signed this draft twice, in different ways", adoption.member);
            return Err(
                failure::refused(message).hint("it must not; draft the charter anew and let everyone sign once")
            );
        }
    }
    refuse_missing(&charter, &adoptions)?;
    let adoptions: Vec<Adoption> = adoptions.into_values().collect();
    admit_all(network, &adoptions).map_err(|error| failure::failed("the signatures do not go together", &error))?;

    let roster = RosterRef { hash: Roster::founding(&charter).hash(), version: 0 };
    let ticket = Ticket { roster, network, addresses };
    let roots = adoptions.iter().map(|adoption| adoption.root.bytes().to_vec());
    let runs = roots.chain(adoptions.iter().map(|adoption| adoption.log.bytes().to_vec())).collect();
    let warnings = if ticket.addresses.is_empty() {
        vec!["the ticket names no address: to join one needs the bundle, or an address beside the ticket".to_owned()]
    } else {
        Vec::new()
    };
    let text = ticket.to_text();
    write_new(out, &Document::Founding(runs, ticket).encode(), PUBLIC_FILE).map_err(|error| failure::file(&error))?;
    Ok(SealReply {
        network: network.to_hex(),
        name: charter.name,
        path: out.display().to_string(),
        ticket: text,
        members: charter.members.iter().map(|member| member.id.to_string()).collect(),
        warnings,
    })
}

fn read_adoption(path: &Path, charter: &Charter) -> Result<Adoption, ApiError> {
    let [root, log] = match Document::read(path)? {
        Document::Signed(runs) => {
            <[Vec<u8>; 2]>::try_from(runs).map_err(|_| failure::usage(format!("{} is incomplete", path.display())))?
        }
        other => {
            return Err(failure::usage(format!("{} is {}", path.display(), other.name()))
                .hint("name the files that `nanduti network sign` made"));
        }
    };
    let adoption = Adoption::verify(root, log)
        .map_err(|error| failure::failed(format!("{} is not what a founder signs", path.display()), &error))?;
    if adoption.network() != charter.network() {
        return Err(failure::refused(format!("{} adopts another charter than this draft", path.display()))
            .hint(format!("{} has to sign this very draft", adoption.member)));
    }
    Ok(adoption)
}

fn refuse_missing(charter: &Charter, adoptions: &BTreeMap<MemberId, Adoption>) -> Result<(), ApiError> {
    let missing: Vec<&str> = charter
        .members
        .iter()
        .filter(|member| !adoptions.contains_key(&member.id))
        .map(|member| member.id.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(failure::refused(format!("not signed yet: {}", missing.join(", ")))
        .hint("a network is founded by consensus: every founder runs `nanduti network sign` on this draft"))
}

/// Addresses that can stand in a ticket, each once.
fn check_addresses(texts: &[String]) -> Result<Vec<String>, ApiError> {
    if texts.len() > limits::TICKET_ADDRESSES_MAX {
        return Err(failure::usage(format!("a ticket has room for {} addresses", limits::TICKET_ADDRESSES_MAX)));
    }
    let mut addresses: Vec<String> = Vec::new();
    for text in texts {
        let wrong = || {
            failure::usage(format!("`{text}` is not the address of a node"))
                .hint("such as /dns4/node.example.org/udp/4001/quic-v1/p2p/PEER; the node prints its own when it runs")
        };
        let address: Multiaddr = text.trim().parse().map_err(|error| wrong().because(&error))?;
        let parts: Vec<Protocol<'_>> = address.iter().collect();
        let names_peer = matches!(parts.as_slice(), [_, .., Protocol::P2p(_)]);
        let address = address.to_string();
        if !names_peer || address.len() > limits::ADDRESS_MAX {
            return Err(wrong());
        }
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}
