//! What an address is worth: may it be dialled, and may it be announced?
//!
//! A stranger's record could send us anywhere, so only the transports that we speak are dialled, never an address that means
//! every one of this machine's, and an address of the loopback only if it was heard over the loopback: that is how a
//! demonstration on one machine works, and how nobody else makes us knock at our own doors.

use std::net::IpAddr;

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::limits;

/// Parts an address that ends in `/p2p/…` into the peer and the way to it.
pub(super) fn split_peer(address: &Multiaddr) -> Option<(PeerId, Multiaddr)> {
    let mut way = address.clone();
    match way.pop()? {
        Protocol::P2p(peer) if !way.is_empty() => Some((peer, way)),
        _ => None,
    }
}

/// Does the address lie on this machine's loopback?
pub(super) fn is_loopback(address: &Multiaddr) -> bool {
    ip(address).is_some_and(|ip| ip.is_loopback())
}

/// Does the address lead over TCP?
pub(super) fn is_tcp(address: &Multiaddr) -> bool {
    address.iter().any(|part| matches!(part, Protocol::Tcp(_)))
}

/// Can the address be dialled at all?
pub(super) fn is_dialable(address: &Multiaddr) -> bool {
    let parts: Vec<Protocol<'_>> = address.iter().collect();
    let transport = |parts: &[Protocol<'_>]| match parts {
        [Protocol::Tcp(port)] | [Protocol::Udp(port), Protocol::QuicV1] => *port != 0,
        _ => false,
    };
    match parts.as_slice() {
        [Protocol::Dnsaddr(_)] => true,
        [Protocol::Ip4(ip), rest @ ..] => !ip.is_unspecified() && !ip.is_multicast() && transport(rest),
        // An address of one link means nothing without the name of the link, which is another one on each machine.
        [Protocol::Ip6(ip), rest @ ..] => {
            !ip.is_unspecified() && !ip.is_multicast() && !ip.is_unicast_link_local() && transport(rest)
        }
        [Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_), rest @ ..] => transport(rest),
        _ => false,
    }
}

/// The addresses of a record that may be dialled, given whether it was heard over the loopback.
pub(super) fn usable(texts: &[String], heard_on_loopback: bool) -> Vec<Multiaddr> {
    texts
        .iter()
        .filter_map(|text| text.parse::<Multiaddr>().ok())
        .filter(|address| is_dialable(address) && (heard_on_loopback || !is_loopback(address)))
        .take(limits::ADDRESSES_PER_PEER)
        .collect()
}

/// What a node announces of itself: what the operator says, or where it listens. Addresses of the loopback are left out,
/// unless there are no others.
pub(super) fn announced(external: &[Multiaddr], listening: &[Multiaddr]) -> Vec<Multiaddr> {
    let mut addresses: Vec<Multiaddr> = if external.is_empty() { listening } else { external }.to_vec();
    addresses.retain(is_dialable);
    if addresses.iter().any(|address| !is_loopback(address)) {
        addresses.retain(|address| !is_loopback(address));
    }
    addresses.sort_by_key(rank);
    addresses.dedup();
    addresses.truncate(limits::ADDRESSES_PER_PEER);
    addresses
}

/// QUIC before TCP.
fn rank(address: &Multiaddr) -> (bool, Vec<u8>) {
    let is_quic = address.iter().any(|part| part == Protocol::QuicV1);
    (!is_quic, address.to_vec())
}

fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn only_what_we_speak_is_dialled() {
        for good in [
            "/ip4/192.0.2.7/udp/4001/quic-v1",
            "/ip6/2001:db8::1/tcp/4001",
            "/dns4/a.example/tcp/1",
            "/dnsaddr/a.example",
        ] {
            assert!(is_dialable(&good.parse().expect("an address")), "{good}");
        }
        for bad in [
            "/ip4/0.0.0.0/tcp/4001",
            "/ip6/::/tcp/1",
            "/ip6/fe80::1/tcp/1",
            "/ip4/192.0.2.7/tcp/0",
            "/ip4/192.0.2.7/udp/1",
            "/ip4/224.0.0.1/tcp/1",
            "/unix/run",
            "/ip4/192.0.2.7/tcp/1/ws",
        ] {
            assert!(!is_dialable(&bad.parse().expect("an address")), "{bad}");
        }
    }

    #[test]
    fn the_loopback_is_believed_only_over_the_loopback() {
        let texts = [
            "/ip4/127.0.0.1/tcp/1",
            "/ip6/::1/tcp/1",
            "/ip6/::ffff:127.0.0.1/tcp/1",
            "/ip4/192.0.2.7/tcp/1",
            "nonsense",
        ];
        let texts = texts.map(String::from);
        assert_eq!(usable(&texts, true).len(), 4);
        assert_eq!(usable(&texts, false), parse(&["/ip4/192.0.2.7/tcp/1"]));
    }

    #[test]
    fn quic_is_announced_first_and_the_loopback_only_alone() {
        let listening = parse(&["/ip4/127.0.0.1/tcp/1", "/ip4/192.0.2.7/tcp/1", "/ip4/192.0.2.7/udp/1/quic-v1"]);
        assert_eq!(announced(&[], &listening), parse(&["/ip4/192.0.2.7/udp/1/quic-v1", "/ip4/192.0.2.7/tcp/1"]));
        assert_eq!(announced(&[], &listening[..1]), listening[..1]);
        assert_eq!(announced(&listening[1..2], &listening), listening[1..2]);
    }

    #[test]
    fn a_peers_address_is_parted() {
        let peer = PeerId::random();
        let address: Multiaddr = format!("/ip4/192.0.2.7/tcp/1/p2p/{peer}").parse().expect("an address");
        assert_eq!(split_peer(&address), Some((peer, parse(&["/ip4/192.0.2.7/tcp/1"]).remove(0))));
        assert_eq!(split_peer(&parse(&["/ip4/192.0.2.7/tcp/1"])[0]), None);
    }
}
