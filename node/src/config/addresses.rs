//! The addresses that a node understands.
//!
//! ```text
//! listen    /ip4|ip6/…           /tcp/PORT | /udp/PORT/quic-v1
//! external  /ip4|ip6|dns…/…      the same, with a port, and not an address that means "every one of this machine's"
//! peers     the same, or /dnsaddr/…,  and then  /p2p/PEER
//! ```
//!
//! A peer's address names the peer, or whoever answers there would be taken for it.
//!
//! Absent: WebSocket and relays, which the node does not speak yet; they are refused here rather than tried in vain.

use std::net::{Ipv4Addr, Ipv6Addr};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

const PORT: u16 = 4001;

/// QUIC and TCP on every address of the machine.
pub(super) fn default_listen() -> Vec<Multiaddr> {
    let hosts = [Protocol::Ip4(Ipv4Addr::UNSPECIFIED), Protocol::Ip6(Ipv6Addr::UNSPECIFIED)];
    hosts
        .into_iter()
        .flat_map(|host| {
            let address = Multiaddr::empty().with(host);
            [address.clone().with(Protocol::Udp(PORT)).with(Protocol::QuicV1), address.with(Protocol::Tcp(PORT))]
        })
        .collect()
}

/// An address to listen on.
pub(super) fn listen(text: &str) -> Result<Multiaddr, String> {
    let address = parse(text)?;
    let parts: Vec<Protocol<'_>> = address.iter().collect();
    match parts.as_slice() {
        [Protocol::Ip4(_) | Protocol::Ip6(_), transport @ ..] if is_transport(transport) => Ok(address),
        _ => Err(format!(
            "`{text}` is not an address to listen on, such as /ip4/0.0.0.0/udp/4001/quic-v1 or /ip6/::/tcp/4001"
        )),
    }
}

/// An address to announce.
pub(super) fn external(text: &str) -> Result<Multiaddr, String> {
    let address = parse(text)?;
    let parts: Vec<Protocol<'_>> = address.iter().collect();
    match parts.as_slice() {
        [host, transport @ ..] if is_reachable(host) && is_transport(transport) && !asks_for_any_port(transport) => {
            Ok(address)
        }
        _ => Err(format!("`{text}` is not an address that others can reach, such as /dns4/node.example.org/tcp/4001")),
    }
}

/// The address of another node.
pub(super) fn peer(text: &str) -> Result<Multiaddr, String> {
    let address = parse(text)?;
    let parts: Vec<Protocol<'_>> = address.iter().collect();
    let Some((Protocol::P2p(_), way)) = parts.split_last() else {
        return Err(format!("`{text}` does not end in /p2p/ and the name of the node"));
    };
    let known = match way {
        [Protocol::Dnsaddr(_)] => true,
        [host, transport @ ..] => is_reachable(host) && is_transport(transport) && !asks_for_any_port(transport),
        [] => false,
    };
    if known {
        Ok(address)
    } else {
        Err(format!("`{text}` is not the address of a node, such as /ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3KooW…"))
    }
}

fn parse(text: &str) -> Result<Multiaddr, String> {
    if !text.starts_with('/') {
        return Err(format!("`{text}` is not a multiaddress, which begins with a slash: /ip4/192.0.2.7/tcp/4001"));
    }
    text.parse().map_err(|error| format!("`{text}` is not a multiaddress: {error}"))
}

fn is_transport(parts: &[Protocol<'_>]) -> bool {
    matches!(parts, [Protocol::Tcp(_)] | [Protocol::Udp(_), Protocol::QuicV1])
}

fn asks_for_any_port(parts: &[Protocol<'_>]) -> bool {
    matches!(parts.first(), Some(Protocol::Tcp(0) | Protocol::Udp(0)))
}

fn is_reachable(host: &Protocol<'_>) -> bool {
    match host {
        Protocol::Ip4(address) => !address.is_unspecified(),
        Protocol::Ip6(address) => !address.is_unspecified(),
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => !name.is_empty(),
        _ => false,
    }
}
