//! Members with their keys, and the charter that they found.

use alloc::{string::ToString, vec::Vec};

use super::LogWriter;
use crate::{
    charter::{Bounds, Charter, Member, Quorum, RULES},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Opening, Place},
    kind::Kind,
};
use ed25519_dalek::SigningKey;

/// Codes of States, sorted, for the ids of members.
const STATES: [&str; 12] = ["BRA", "CRI", "DOM", "GEO", "KEN", "MAR", "NZL", "PRT", "PRY", "TUN", "URY", "WSM"];

/// A member with all its keys.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Its id.
    pub id: MemberId,
    /// The key that speaks for it.
    pub root: SigningKey,
    /// Keys that sign content.
    pub publish: Vec<SigningKey>,
    /// The key of its node.
    pub node: SigningKey,
}

/// A network that was founded.
#[derive(Debug, Clone)]
pub struct Founding {
    /// The charter.
    pub charter: Charter,
    /// Its hash.
    pub network: Hash,
    /// The founders, by id.
    pub actors: Vec<Actor>,
}

impl Actor {
    /// The member of this place in the list of States, with two publishing keys.
    pub fn new(seed: u64, place: usize) -> Self {
        let state = STATES.get(place % STATES.len()).copied().unwrap_or("PRY");
        let id = if place < STATES.len() { state.to_string() } else { alloc::format!("{state}-{place}") };
        let key = |name: &str| {
            SigningKey::from_bytes(
                Hash::of(alloc::format!("nanduti test key {seed} {id} {name}").as_bytes()).as_bytes(),
            )
        };
        Self {
            root: key("root"),
            publish: ["publish 0", "publish 1"].iter().map(|name| key(name)).collect(),
            node: key("node"),
            id: MemberId::parse(&id).expect("made of the list above"),
        }
    }

    /// The member as a charter lists it.
    pub fn member(&self, role: &str) -> Member {
        Member {
            id: self.id.clone(),
            name: alloc::format!("Mechanism of {}", self.id.state()),
            role: role.into(),
            root: PublicKey::from(&self.root),
            spare: None,
            governance: None,
        }
    }

    /// The line of its node in a keyring.
    pub fn node_line(&self, network: &Hash) -> KeyLine {
        KeyLine::sign(KeyUse::Node, network, &self.id, &self.node, KeyState::Live(None))
    }
}

impl Founding {
    /// A network of mechanisms.
    pub fn new(seed: u64, members: usize) -> Self {
        Self::with(seed, members, |_| {})
    }

    /// A network whose charter was changed before it was signed.
    pub fn with(seed: u64, members: usize, change: impl FnOnce(&mut Charter)) -> Self {
        let mut actors: Vec<Actor> = (0..members).map(|place| Actor::new(seed, place)).collect();
        actors.sort_by(|a, b| a.id.cmp(&b.id));
        let mut charter = Charter {
            name: "Network of tests".into(),
            salt: [0x5a; 16],
            roles: Charter::usual_roles(),
            rules: RULES,
            bounds: Bounds::default(),
            former: Vec::new(),
            quorum: Quorum(2, 3),
            members: actors.iter().map(|actor| actor.member("mechanism")).collect(),
            purpose: "To test.".into(),
        };
        change(&mut charter);
        Self { network: charter.network(), charter, actors }
    }

    /// The root log of a founder, with the charter in it.
    pub fn root_log(&self, actor: &Actor) -> LogWriter {
        let mut log = LogWriter::new(self.network, &actor.root);
        log.push(Kind::Charter, &self.charter.encode());
        log
    }

    /// A publishing log that says that it speaks for a member.
    pub fn publish_log(&self, member: &MemberId, key: &SigningKey) -> LogWriter {
        let mut log = LogWriter::new(self.network, key);
        let opening = Opening { key_use: KeyUse::Publish, salt: [1; 16], member: member.clone() };
        log.push(Kind::Log, &opening.encode());
        log
    }
}

/// The line of a publishing key that speaks on, its branch fixed at a place. It agrees to speak for whom its log names.
pub fn live(log: &LogWriter, place: Place) -> KeyLine {
    log.line(&log.member(), KeyState::Live(Some(place)))
}

/// The line of a publishing key that ended, and the last place that counts.
pub fn ended(log: &LogWriter, last: Option<Place>) -> KeyLine {
    log.line(&log.member(), KeyState::Ended(last))
}

/// The body of a keyring of these lines.
pub fn ring(lines: &[KeyLine]) -> Vec<u8> {
    let mut keys = lines.to_vec();
    keys.sort_by_key(|line| line.key);
    keys.dedup_by_key(|line| line.key);
    Keyring { keys, salt: [2; 16] }.encode()
}
