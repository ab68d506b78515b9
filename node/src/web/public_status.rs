//! The part of a node's status that everybody may read.
//!
//! The operator's status names the home folder, peers, listen addresses and warnings. None of that is anyone else's
//! business, and some of it could put an observer in danger. This is a type of its own, so that a new field of the
//! operator's status stays private until somebody decides otherwise here.

use serde::{Deserialize, Serialize};

use crate::api::{ForkView, FormerView, NodeRole, StatusReply};

/// How a node stands, as far as everybody may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicStatus {
    /// Version of the program.
    pub version: String,
    /// The network, in hexadecimal.
    pub network: String,
    /// Its name. Absent until the charter has arrived.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub network_name: Option<String>,
    /// The networks whose library this one carries over, the last one first. Empty if it was not founded anew.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub former: Vec<FormerView>,
    /// Version of the roster.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub roster_version: Option<u64>,
    /// Members on the roster.
    pub members: u64,
    /// What this node is in the network.
    pub role: NodeRole,
    /// Member for whom this node speaks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// Logs held.
    pub logs: u64,
    /// Entries held.
    pub entries: u64,
    /// Entries that count.
    pub counted: u64,
    /// Practices that everybody may read (withdrawn ones not counted).
    pub practices: u64,
    /// The same of this node's own member.
    pub own_practices: u64,
    /// Entries for members only.
    pub for_members: u64,
    /// Public bodies wanted and not yet held.
    pub wanted_bodies: u64,
    /// Frontier digest, in hexadecimal.
    pub digest: String,
    /// Connected peers.
    pub peers_connected: u64,
    /// Connected peers whose digest is equal to this node's.
    pub peers_equal: u64,
    /// Forks known.
    pub forks: Vec<ForkView>,
    /// Seconds since the node started.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uptime_s: Option<u64>,
}

impl From<StatusReply> for PublicStatus {
    fn from(status: StatusReply) -> Self {
        // Taken apart field by field: a field that is added to the operator's status does not compile here until it is
        // either shown or named as private.
        let StatusReply {
            version,
            running: _,
            home: _,
            network,
            network_name,
            former,
            roster_version,
            members,
            role,
            unable: _,
            member,
            publish_key: _,
            keyring_seq: _,
            peer_id: _,
            addresses: _,
            web: _,
            logs,
            entries,
            counted,
            practices,
            own_practices,
            wanted_bodies,
            for_members,
            bytes: _,
            digest,
            peers_connected,
            peers_equal,
            forks,
            refused: _,
            warnings: _,
            writable: _,
            restored: _,
            uptime_s,
        } = status;
        Self {
            version,
            network,
            network_name,
            former,
            roster_version,
            members,
            role,
            member,
            logs,
            entries,
            counted,
            practices: practices.saturating_sub(for_members.practices),
            own_practices: own_practices.saturating_sub(for_members.own_practices),
            for_members: for_members.entries,
            wanted_bodies,
            digest,
            peers_connected,
            peers_equal,
            forks,
            uptime_s,
        }
    }
}
