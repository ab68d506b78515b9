//! What an attacker knows: where the victim is, which network it belongs to, and the keys of one member that means harm.

use std::{io, path::Path};

use ed25519_dalek::SigningKey;
use libp2p::{Multiaddr, identity::Keypair, multiaddr::Protocol};
use nanduti_node::{Home, keys::KeyStore};
use nanduti_protocol::hash::Hash;
use serde_json::{Value, json};

use super::line::Way;

/// What is attacked, and with what.
#[derive(Debug, Clone)]
pub struct Target {
    /// Addresses of the victim.
    pub addresses: Vec<Multiaddr>,
    /// Where its pages are: an address and a port.
    pub web: String,
    /// The network.
    pub network: Hash,
    /// The publishing key of the member that means harm.
    pub publish: SigningKey,
    /// The key of that member's node.
    pub node: SigningKey,
}

impl Target {
    /// The victim at these addresses, and the keys of the home of the member that means harm.
    ///
    /// # Errors
    /// If the keys cannot be read, or an address is none.
    pub fn new(addresses: &[String], web: &str, network: &str, home: &Path) -> io::Result<Self> {
        let keys = KeyStore::of(&Home::at(home));
        let addresses = addresses.iter().map(|text| text.parse::<Multiaddr>().map_err(io::Error::other));
        Ok(Self {
            addresses: addresses.collect::<Result<_, _>>()?,
            web: web.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            network: Hash::from_bytes(from_hex(network).ok_or_else(|| io::Error::other("no network id"))?),
            publish: keys.open_publish().map_err(io::Error::other)?.signing_key().clone(),
            node: keys.open_node().map_err(io::Error::other)?.signing_key().clone(),
        })
    }

    /// As one text, for a process that attacks. It holds the keys: they belong to a network that is thrown away.
    pub fn to_json(&self) -> String {
        let addresses: Vec<String> = self.addresses.iter().map(Multiaddr::to_string).collect();
        json!({
            "addresses": addresses,
            "web": self.web,
            "network": hex(self.network.as_bytes()),
            "publish": hex(&self.publish.to_bytes()),
            "node": hex(&self.node.to_bytes()),
        })
        .to_string()
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// If it is something else.
    pub fn from_json(text: &str) -> io::Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let field = |name: &str| value[name].as_str().unwrap_or_default();
        let secret = |name: &str| from_hex(field(name)).ok_or_else(|| io::Error::other("a field is no 32 bytes"));
        let addresses = value["addresses"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(Self {
            addresses: addresses.filter_map(|text| text.parse().ok()).collect(),
            web: field("web").to_owned(),
            network: Hash::from_bytes(secret("network")?),
            publish: SigningKey::from_bytes(&secret("publish")?),
            node: SigningKey::from_bytes(&secret("node")?),
        })
    }

    /// An address of the victim by which it can be dialled that way.
    ///
    /// # Panics
    /// If it does not listen there: the arena lets it listen on both.
    pub(super) fn address(&self, way: Way) -> &Multiaddr {
        let fits = |address: &&Multiaddr| match way {
            Way::Tcp => address.iter().any(|part| matches!(part, Protocol::Tcp(_))),
            Way::Quic => address.iter().any(|part| part == Protocol::QuicV1),
        };
        self.addresses.iter().find(fits).expect("the victim listens on TCP and QUIC")
    }

    /// The name of the harmful member's node.
    ///
    /// # Panics
    /// Never: every secret makes a name.
    pub(super) fn member(&self) -> Keypair {
        Keypair::ed25519_from_bytes(self.node.to_bytes()).expect("a secret of 32 bytes is a key")
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a hexadecimal text.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    pairs.collect()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    unhex(text)?.try_into().ok()
}
