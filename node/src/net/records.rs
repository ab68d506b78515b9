//! The node records that this node has heard, and its own.
//!
//! Of one key the highest counter is kept, as the bytes in which it was signed, so that it can be handed on. The store is
//! bounded. When it is full, members' nodes push strangers out, and nodes that we have reached push out those that were only
//! heard of; of these the peer that told most loses one for each that comes, so that nobody fills the store with names that he
//! made up, whatever counters he gives them. The store lives in `local/`, so that a node that was down for a year still knows where
//! to begin.
//!
//! Writing is left to a task of its own: a record is a hint, and losing the last ones in a crash costs nothing.

use std::collections::BTreeMap;

use libp2p::{Multiaddr, PeerId, identity};
use nanduti_protocol::hash::Hash;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::limits::{NODE_RECORD_MAX, NODE_RECORDS_MAX};
use nanduti_protocol::node_record::{NodeRecord, SealedNodeRecord};

use super::{addresses, blame::Fault, limits};

/// The libp2p name of a node key, if the bytes are a key.
pub(crate) fn peer_of(key: &PublicKey) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(key.as_bytes()).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

/// The key of a node, if its name holds one: names of Ed25519 keys do.
pub(crate) fn key_of(peer: &PeerId) -> Option<PublicKey> {
    let multihash = libp2p::multihash::Multihash::<64>::from(*peer);
    let key = identity::PublicKey::try_decode_protobuf(multihash.digest()).ok()?;
    Some(PublicKey::from_bytes(key.try_into_ed25519().ok()?.to_bytes()))
}

#[derive(Debug)]
struct Held {
    record: NodeRecord,
    bytes: Vec<u8>,
    /// Heard over the loopback, so that its loopback addresses are believed.
    local: bool,
    is_member: bool,
    /// We have reached it: it is no name that somebody made up.
    met: bool,
    /// Who told us.
    teller: Option<PeerId>,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Learnt {
    /// It is new, and says that the node can be reached there.
    New(PeerId, Vec<Multiaddr>),
    /// Known, older than what is held, our own, or without an address that is of use here.
    Nothing,
}

/// All records.
#[derive(Debug)]
pub(super) struct Records {
    network: Hash,
    own: PublicKey,
    held: BTreeMap<PublicKey, Held>,
    forgotten: Vec<PublicKey>,
}

impl Records {
    /// No records yet.
    pub(super) fn new(network: Hash, own: PublicKey) -> Self {
        Self { network, own, held: BTreeMap::new(), forgotten: Vec::new() }
    }

    /// Looks at a record from a peer: cheapest checks first, the signature last.
    ///
    /// # Errors
    /// If the peer is to blame.
    pub(super) fn learn(
        &mut self,
        bytes: &[u8],
        (teller, local): (impl Into<Option<PeerId>>, bool),
        is_member: impl Fn(&PublicKey) -> bool,
    ) -> Result<Learnt, Fault> {
        let sealed = SealedNodeRecord::decode(bytes).map_err(|_| Fault::NODE_RECORD)?;
        let key = sealed.record.key;
        let known = self.held.get(&key);
        if key == self.own || known.is_some_and(|held| held.record.counter >= sealed.record.counter) {
            return Ok(Learnt::Nothing);
        }
        let peer = peer_of(&key).ok_or(Fault::NODE_RECORD)?;
        let usable = addresses::usable(&sealed.record.addresses, local);
        if usable.is_empty() {
            return Ok(Learnt::Nothing);
        }
        sealed.verify(&self.network).map_err(|_| Fault::SIGNATURE)?;
        let (is_member, met, teller) = (is_member(&key), known.is_some_and(|held| held.met), teller.into());
        let new = Held { record: sealed.record, bytes: bytes.to_vec(), local, is_member, met, teller };
        if !self.make_room(&key, &new) {
            return Ok(Learnt::Nothing);
        }
        self.held.insert(key, new);
        Ok(Learnt::New(peer, usable))
    }

    /// We have reached a node.
    pub(super) fn met(&mut self, peer: &PeerId) {
        if let Some(held) = key_of(peer).and_then(|key| self.held.get_mut(&key)) {
            held.met = true;
        }
    }

    /// Finds out anew which records are of members' nodes.
    pub(super) fn mark_members(&mut self, is_member: impl Fn(&PublicKey) -> bool) {
        for (key, held) in &mut self.held {
            held.is_member = is_member(key);
        }
    }

    /// What to hand to a peer: members' nodes first, the rest from a place of the caller's choice, so that repeated
    /// exchanges tell different ones. What only makes sense on this machine stays on it.
    pub(super) fn selection(&self, to_local: bool, from: &PublicKey) -> Vec<Vec<u8>> {
        let fits =
            |held: &&Held| to_local || !held.local || !addresses::usable(&held.record.addresses, false).is_empty();
        let turned = self.held.range(from..).chain(self.held.range(..from)).map(|(_, held)| held).filter(fits);
        let (members, others): (Vec<&Held>, Vec<&Held>) = turned.partition(|held| held.is_member);
        members.into_iter().chain(others).take(NODE_RECORDS_MAX - 1).map(|held| held.bytes.clone()).collect()
    }

    /// The peers and addresses of all records.
    pub(super) fn reachable(&self) -> impl Iterator<Item = (PeerId, Vec<Multiaddr>)> {
        let known = |(key, held): (&PublicKey, &Held)| {
            peer_of(key).map(|peer| (peer, addresses::usable(&held.record.addresses, held.local)))
        };
        self.held.iter().filter_map(known)
    }

    /// The records that had to make room since the last call, to be forgotten on the disk as well.
    pub(super) fn forgotten(&mut self) -> Vec<PublicKey> {
        std::mem::take(&mut self.forgotten)
    }

    /// A record as it was signed.
    pub(super) fn bytes(&self, peer: &PeerId) -> Option<&[u8]> {
        Some(&self.held.get(&key_of(peer)?)?.bytes)
    }

    /// The form in which a record is stored: whether it was heard on this machine, then its bytes.
    pub(super) fn stored(&self, peer: &PeerId) -> Option<(PublicKey, Vec<u8>)> {
        let key = key_of(peer)?;
        let held = self.held.get(&key)?;
        let mut bytes = vec![u8::from(held.local)];
        bytes.extend_from_slice(&held.bytes);
        Some((key, bytes))
    }

    /// Reads what was stored; what is no record any more is passed over.
    pub(super) fn load(&mut self, stored: impl Iterator<Item = Vec<u8>>) {
        for bytes in stored.take(limits::NODE_RECORDS) {
            if let Some((local, record)) = bytes.split_first().filter(|_| bytes.len() <= NODE_RECORD_MAX + 1) {
                // A damaged record is nobody's fault and no loss.
                drop(self.learn(record, (None, *local == 1), |_| false));
            }
        }
    }

    /// Makes room for a record, at the cost of one that is worth less or was told by whoever told most.
    fn make_room(&mut self, key: &PublicKey, new: &Held) -> bool {
        if self.held.len() < limits::NODE_RECORDS || self.held.contains_key(key) {
            return true;
        }
        let mut told: BTreeMap<Option<PeerId>, usize> = BTreeMap::new();
        for held in self.held.values().filter(|held| !held.is_member && !held.met) {
            *told.entry(held.teller).or_default() += 1;
        }
        // What is worth least: made-up names of the greatest teller, and of those the one with the highest counter, which only
        // somebody who makes them up needs.
        let worth = |held: &Held| {
            let told = told.get(&held.teller).copied().unwrap_or_default();
            (held.is_member, held.met, std::cmp::Reverse(told), std::cmp::Reverse(held.record.counter))
        };
        let least = self.held.iter().filter(|(_, held)| !held.is_member).min_by_key(|(_, held)| worth(held));
        let Some((least, held)) = least else { return false };
        // Who tells most himself gets nothing in at the cost of others.
        let own = told.get(&new.teller).copied().unwrap_or_default();
        let most = told.get(&held.teller).copied().unwrap_or_default();
        if !new.is_member && (held.met || own > most) {
            return false;
        }
        let least = *least;
        self.held.remove(&least);
        self.forgotten.push(least);
        true
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    fn network() -> Hash {
        Hash::of(b"network")
    }

    fn key(seed: u16) -> SigningKey {
        let mut bytes = [1; 32];
        bytes[..2].copy_from_slice(&seed.to_be_bytes());
        SigningKey::from_bytes(&bytes)
    }

    fn record(key: &SigningKey, counter: u64, address: &str) -> Vec<u8> {
        NodeRecord { key: PublicKey::from(key), counter, addresses: vec![address.into()] }.sign(&network(), key)
    }

    fn records() -> Records {
        Records::new(network(), PublicKey::from(&key(0)))
    }

    #[test]
    fn the_newest_counts_and_our_own_is_not_believed_to_others() {
        let mut records = records();
        let node = key(1);
        let peer = peer_of(&PublicKey::from(&node)).expect("a key");
        assert_eq!(key_of(&peer), Some(PublicKey::from(&node)));
        let mut learn = |bytes: Vec<u8>| records.learn(&bytes, (None, false), |_| false);
        assert!(matches!(learn(record(&node, 5, "/ip4/192.0.2.7/tcp/1")), Ok(Learnt::New(found, _)) if found == peer));
        assert_eq!(learn(record(&node, 5, "/ip4/192.0.2.8/tcp/1")), Ok(Learnt::Nothing));
        assert!(matches!(learn(record(&node, 6, "/ip4/192.0.2.8/tcp/1")), Ok(Learnt::New(..))));
        assert_eq!(learn(record(&key(0), 6, "/ip4/192.0.2.8/tcp/1")), Ok(Learnt::Nothing));
        assert_eq!(
            learn(record(&node, 7, "/ip4/127.0.0.1/tcp/1")),
            Ok(Learnt::Nothing),
            "the loopback of another machine"
        );
        assert_eq!(learn(b"garbage".to_vec()), Err(Fault::NODE_RECORD));
        let mut forged = record(&node, 9, "/ip4/192.0.2.8/tcp/1");
        *forged.last_mut().expect("not empty") ^= 1;
        assert_eq!(learn(forged), Err(Fault::SIGNATURE));
    }

    #[test]
    fn strangers_make_room_for_members_and_what_is_stored_comes_back() {
        let mut records = records();
        for seed in 1..=limits::NODE_RECORDS as u16 + 10 {
            records
                .learn(&record(&key(seed), u64::from(seed), "/ip4/192.0.2.7/tcp/1"), (None, false), |_| false)
                .expect("good");
        }
        assert_eq!(records.held.len(), limits::NODE_RECORDS);
        let member = key(5000);
        records.learn(&record(&member, 1, "/ip4/192.0.2.7/tcp/1"), (None, true), |_| true).expect("good");
        assert_eq!(records.held.len(), limits::NODE_RECORDS);
        let selection = records.selection(false, &PublicKey::from(&key(9)));
        assert_eq!(selection.len(), NODE_RECORDS_MAX - 1);
        assert_eq!(selection.first(), Some(&record(&member, 1, "/ip4/192.0.2.7/tcp/1")));
        let peer = peer_of(&PublicKey::from(&member)).expect("a key");
        let (_, stored) = records.stored(&peer).expect("held");
        let mut again = super::tests::records();
        again.load(std::iter::once(stored));
        assert!(again.held.contains_key(&PublicKey::from(&member)));
    }

    #[test]
    fn made_up_names_push_out_neither_who_was_met_nor_what_others_told() {
        let mut records = records();
        let honest: Vec<PeerId> = (0..20).map(|_| PeerId::random()).collect();
        let mut seed = 1;
        for teller in &honest {
            for _ in 0..10 {
                let bytes = record(&key(seed), 5, "/ip4/192.0.2.7/tcp/1");
                records.learn(&bytes, (*teller, false), |_| false).expect("good");
                seed += 1;
            }
        }
        let met = key(1);
        records.met(&peer_of(&PublicKey::from(&met)).expect("a key"));
        let liars: Vec<PeerId> = (0..3).map(|_| PeerId::random()).collect();
        for made_up in 0..3 * limits::NODE_RECORDS as u16 {
            let bytes = record(&key(10_000 + made_up), u64::MAX, "/ip4/192.0.2.8/tcp/1");
            let liar = liars[usize::from(made_up) % liars.len()];
            records.learn(&bytes, (liar, false), |_| false).expect("good");
        }
        assert_eq!(records.held.len(), limits::NODE_RECORDS);
        let kept = (1..seed).filter(|seed| records.held.contains_key(&PublicKey::from(&key(*seed)))).count();
        assert_eq!(kept, 200, "all that others told is there");
        // Whoever has told little still gets his in.
        let late = record(&key(9_999), 1, "/ip4/192.0.2.9/tcp/1");
        assert!(matches!(records.learn(&late, (PeerId::random(), false), |_| false), Ok(Learnt::New(..))));
    }
}
