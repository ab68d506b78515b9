//! Authority: which key may write which kind of entry, up to which place in its log. Computed, never configured.
//!
//! It is a function of the roster, of the keyrings that the members' root logs carry, and of what each publishing log says of
//! itself in its entry 0; the order in which these became known does not matter. Counting is apart from the validity of the
//! chain: what does not count is carried, blamed on nobody, and judged again whenever authority changes.

use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};

use crate::{
    charter::{Charter, Member, Roster},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyState, KeyUse, Keyring, Opening, Place},
    kind::Kind,
};

/// What is known of who may speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    network: Hash,
    network_name: String,
    roster: Roster,
    /// The keyrings in each member's root log that are sound by themselves, by place.
    keyrings: BTreeMap<MemberId, BTreeMap<u64, Arc<Keyring>>>,
    /// What each publishing log says of itself.
    openings: BTreeMap<PublicKey, Opening>,
    /// Root logs count up to here, where they are forked.
    root_ends: BTreeMap<PublicKey, u64>,
    /// Derived: for each member the keyring in force, and the place where it stands.
    in_force: BTreeMap<MemberId, (u64, Arc<Keyring>)>,
    /// Derived: the members whose keyrings list a key.
    listed: BTreeMap<PublicKey, Vec<MemberId>>,
}

/// For whom a log speaks, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The member.
    pub member: &'a Member,
    /// Is it the member's root log?
    pub is_root: bool,
    /// Places from here on do not count. `None`: all count.
    pub ends: Option<u64>,
    /// The place that fixes the branch.
    pub fixed: Option<Place>,
}

impl Authority {
    /// The authority of a network of which only the charter is known.
    pub fn new(charter: &Charter) -> Self {
        Self {
            network: charter.network(),
            network_name: charter.name.clone(),
            roster: Roster::founding(charter),
            keyrings: BTreeMap::new(),
            openings: BTreeMap::new(),
            root_ends: BTreeMap::new(),
            in_force: BTreeMap::new(),
            listed: BTreeMap::new(),
        }
    }

    /// The network.
    pub fn network(&self) -> Hash {
        self.network
    }

    /// The name of the network in its charter.
    pub fn network_name(&self) -> &str {
        &self.network_name
    }

    /// The roster in force.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The member whose root key this is.
    pub fn member_by_root(&self, key: &PublicKey) -> Option<&Member> {
        self.roster.members.iter().find(|member| member.root == *key)
    }

    /// The keyring of a member that is in force, and its place in the root log.
    pub fn keyring(&self, member: &MemberId) -> Option<(u64, &Keyring)> {
        self.in_force.get(member).map(|(seq, keyring)| (*seq, &**keyring))
    }

    /// The member for whom a node key speaks.
    pub fn member_of_node(&self, key: &PublicKey) -> Option<&MemberId> {
        let holders = self.listed.get(key)?;
        holders.iter().find(|member| {
            self.in_force
                .get(member)
                .and_then(|(_, keyring)| keyring.line(key))
                .is_some_and(|line| line.key_use == KeyUse::Node && matches!(line.state, KeyState::Live(_)))
        })
    }

    /// For whom a log speaks, and how far; `None` if nobody's keyring lists it or it says otherwise itself.
    pub fn standing(&self, log: &PublicKey) -> Option<Standing<'_>> {
        if let Some(member) = self.member_by_root(log) {
            let ends = self.root_ends.get(log).copied();
            return Some(Standing { member, is_root: true, ends, fixed: None });
        }
        let opening = self.openings.get(log)?;
        self.publishing(log, &opening.member)
    }

    /// The member whom a log names as its own: by the roster for a root log, by its entry 0 else. Whether that counts is asked
    /// of [`Authority::standing`].
    pub fn claimed_member(&self, log: &PublicKey) -> Option<&MemberId> {
        let by_root = self.member_by_root(log).map(|member| &member.id);
        by_root.or_else(|| self.openings.get(log).map(|opening| &opening.member))
    }

    /// How a publishing log would stand if its entry 0 says that it speaks for this member.
    pub fn publishing(&self, log: &PublicKey, member: &MemberId) -> Option<Standing<'_>> {
        let member = self.roster.member(member)?;
        let (_, keyring) = self.in_force.get(&member.id)?;
        let line = keyring.line(log).filter(|line| line.key_use == KeyUse::Publish)?;
        let (ends, fixed) = match line.state {
            KeyState::Live(checkpoint) => (None, checkpoint),
            KeyState::Ended(last) => (Some(last.map_or(0, |place| place.seq.saturating_add(1))), last),
        };
        Some(Standing { member, is_root: false, ends, fixed })
    }

    /// May this log write this kind at this place? That it reaches so far is asked of [`Standing::ends`].
    pub fn allows(&self, standing: &Standing<'_>, seq: u64, kind: &Kind) -> bool {
        match (standing.is_root, kind) {
            (true, Kind::Charter | Kind::Log) | (false, Kind::Log) => seq == 0,
            (true, kind) => *kind == Kind::Keyring,
            (false, kind) => self.roster.allows(standing.member, kind),
        }
    }

    /// Takes note of a keyring at a place of a member's root log. One that counts for nothing is passed over.
    pub fn learn_keyring(&mut self, member: &MemberId, seq: u64, body: &[u8]) {
        let Ok(keyring) = Keyring::decode(body, &self.network, member) else { return };
        if keyring.keys.len() as u64 > self.roster.bounds.keys {
            return;
        }
        let keyring = Arc::new(keyring);
        let known = self.keyrings.entry(member.clone()).or_default();
        let is_last = known.keys().next_back().is_none_or(|last| *last < seq);
        known.insert(seq, Arc::clone(&keyring));
        if !is_last {
            self.settle(member);
        } else if seq < self.root_end(member) && self.follows(member, &keyring) {
            // As they come, one above the other, each is compared with the one before only.
            self.put_in_force(member, Some((seq, keyring)));
        }
    }

    /// Takes note of what a publishing log says of itself.
    pub fn learn_opening(&mut self, log: PublicKey, opening: Opening) {
        self.openings.insert(log, opening);
    }

    /// Takes note that a member's root log is forked: it counts up to the fork.
    pub fn learn_root_end(&mut self, root: PublicKey, ends: u64) {
        if self.root_ends.get(&root).is_some_and(|known| *known <= ends) {
            return;
        }
        self.root_ends.insert(root, ends);
        let member = self.member_by_root(&root).map(|member| member.id.clone());
        if let Some(member) = member {
            self.settle(&member);
        }
    }

    fn root_end(&self, member: &MemberId) -> u64 {
        let root = self.roster.member(member).map(|member| member.root);
        root.and_then(|root| self.root_ends.get(&root).copied()).unwrap_or(u64::MAX)
    }

    fn follows(&self, member: &MemberId, keyring: &Keyring) -> bool {
        self.in_force.get(member).is_none_or(|(_, before)| keyring.follows(before).is_ok())
    }

    /// Finds anew which of a member's keyrings is in force: the last of those that each follow the one before.
    fn settle(&mut self, member: &MemberId) {
        let ends = self.root_end(member);
        let mut in_force: Option<(u64, &Arc<Keyring>)> = None;
        for (&seq, keyring) in self.keyrings.get(member).into_iter().flatten().take_while(|(seq, _)| **seq < ends) {
            if in_force.is_none_or(|(_, before)| keyring.follows(before).is_ok()) {
                in_force = Some((seq, keyring));
            }
        }
        let in_force = in_force.map(|(seq, keyring)| (seq, Arc::clone(keyring)));
        self.put_in_force(member, in_force);
    }

    fn put_in_force(&mut self, member: &MemberId, in_force: Option<(u64, Arc<Keyring>)>) {
        for holders in self.listed.values_mut() {
            holders.retain(|holder| holder != member);
        }
        self.listed.retain(|_, holders| !holders.is_empty());
        for line in in_force.iter().flat_map(|(_, keyring)| &keyring.keys) {
            let holders = self.listed.entry(line.key).or_default();
            holders.push(member.clone());
            holders.sort();
        }
        match in_force {
            Some(in_force) => self.in_force.insert(member.clone(), in_force),
            None => self.in_force.remove(member),
        };
    }
}
