//! Authority: which key may write which kind of entry, up to which place in its log. Computed, never configured.
//!
//! It is a function of the roster, of the keyrings that the members' root logs carry, and of what each publishing log says of
//! itself in its entry 0; the order in which these became known does not matter. Counting is apart from the validity of the
//! chain: what does not count is carried, blamed on nobody, and judged again whenever authority changes.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    sync::Arc,
    vec::Vec,
};

use crate::{
    charter::{Bounds, Charter, Member},
    former::{Carried, Former},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Opening, Place},
    kind::Kind,
    networks::Networks,
    roster::{Rights, Roster, Turn},
};

/// What is known of who may speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    network: Hash,
    network_name: String,
    /// What the charter carries over from former networks; to which network each log is bound.
    formers: Arc<[Former]>,
    founders: Arc<[Member]>,
    networks: Networks,
    roster: Arc<Roster>,
    /// The keyrings in each root log that are sound by themselves, by place.
    keyrings: BTreeMap<PublicKey, BTreeMap<u64, Arc<Keyring>>>,
    /// What each publishing log says of itself.
    openings: BTreeMap<PublicKey, Opening>,
    /// What is known of root logs that are forked, or of which the roster has fixed the branch.
    branches: BTreeMap<PublicKey, RootBranch>,
    /// Derived: for each member the keyring in force, and the place where it stands.
    in_force: BTreeMap<MemberId, (u64, Arc<Keyring>)>,
    /// Derived: the members whose keyrings list a key.
    listed: BTreeMap<PublicKey, Vec<MemberId>>,
    /// Derived: for each member where its keys were listed first.
    first_listed: BTreeMap<MemberId, BTreeMap<PublicKey, FirstListed>>,
    /// The version of the roster by which each root key came.
    came: BTreeMap<PublicKey, u64>,
}

/// The place of the keyring that listed a key first, and the version of the roster by which the root key of its log came.
type FirstListed = (u64, u64);

/// What is known of the branches of a root log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct RootBranch {
    forks: BTreeSet<u64>,
    fixed: Fixed,
}

/// Is the place that the roster has fixed in a root log held?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fixed {
    /// Nothing is held there, or nothing is fixed.
    #[default]
    Open,
    /// Just that entry.
    Held,
    /// Another one.
    Other,
}

/// For whom a log speaks, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The member: as the roster has it, or as a former one had it who is no member here.
    pub member: &'a Member,
    /// Is it the member's root log?
    pub is_root: bool,
    /// The network from which it is carried over, if it is.
    pub former: Option<&'a Former>,
    /// Places from here on do not count. `None`: all count.
    pub ends: Option<u64>,
    /// The place that fixes the branch.
    pub fixed: Option<Place>,
    /// As which role it may speak, by place.
    pub rights: Rights<'a>,
}

impl Authority {
    /// The authority of a network of which only the charter is known.
    pub fn new(charter: &Charter) -> Self {
        Self {
            network: charter.network(),
            network_name: charter.name.clone(),
            formers: charter.former.clone().into(),
            founders: charter.members.clone().into(),
            networks: charter.networks(),
            roster: Arc::new(Roster::founding(charter)),
            keyrings: BTreeMap::new(),
            openings: BTreeMap::new(),
            branches: BTreeMap::new(),
            in_force: BTreeMap::new(),
            listed: BTreeMap::new(),
            first_listed: BTreeMap::new(),
            came: charter.members.iter().map(|member| (member.root, 0)).collect(),
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

    /// The former networks of which the charter carries the library over, the last one first.
    pub fn formers(&self) -> &[Former] {
        &self.formers
    }

    /// The members who signed the charter, as it lists them.
    pub fn founders(&self) -> &[Member] {
        &self.founders
    }

    /// To which network the entries of each log are bound.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// What the charter says of a log that it carries over, and of the network that it comes from.
    pub fn carried(&self, log: &PublicKey) -> Option<(&Former, &Carried)> {
        self.formers.iter().find_map(|former| Some((former, former.log(log)?)))
    }

    /// What a log may take up. A log that is carried over was bounded by the roster that its network had.
    pub fn bounds(&self, log: &PublicKey) -> Bounds {
        match self.carried(log) {
            Some((former, _)) => former.roster.bounds,
            None if self.member_by_root(log).is_some() => self.roster.bounds.of_root_log(),
            None => self.roster.bounds,
        }
    }

    /// The roster in force.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The next roster is in force: all is judged anew.
    pub fn follow(&mut self, roster: Arc<Roster>) {
        self.roster = roster;
        for member in &self.roster.members {
            self.came.entry(member.root).or_insert(self.roster.version);
        }
        let members: Vec<MemberId> = self.roster.members.iter().map(|member| member.id.clone()).collect();
        members.iter().for_each(|member| self.settle(member));
    }

    /// The member whose root key this is, or was. The key of a log that is carried over is nobody's.
    pub fn member_by_root(&self, key: &PublicKey) -> Option<&Member> {
        self.roster.member_by_root(key).filter(|_| self.carried(key).is_none())
    }

    /// The keyring of a member that is in force, and its place in the root log.
    pub fn keyring(&self, member: &MemberId) -> Option<(u64, &Keyring)> {
        self.in_force.get(member).map(|(seq, keyring)| (*seq, &**keyring))
    }

    /// The member for whom a node key speaks.
    pub fn member_of_node(&self, key: &PublicKey) -> Option<&MemberId> {
        let (member, state) = self.holder(key, KeyUse::Node)?;
        (matches!(state, KeyState::Live(_)) && !self.roster.is_suspended(member)).then_some(member)
    }

    /// The member that has a key, and how it stands. If it agreed to speak for several, which takes its owner or a thief, it is the
    /// one whose root log listed it at the lowest place, since a member cannot list afterwards what others have seen listed
    /// otherwise; then the one whose root key came first, since every newcomer's log begins; then the first by id. One that is
    /// suspended comes after all others. So every node says the same, and a ballot can end it.
    fn holder(&self, key: &PublicKey, key_use: KeyUse) -> Option<(&MemberId, KeyState)> {
        let line = |member: &MemberId| self.in_force.get(member).and_then(|(_, keyring)| keyring.line(key));
        let holders = self.listed.get(key)?.iter();
        let used =
            holders.filter_map(|member| Some((member, line(member)?))).filter(|(_, line)| line.key_use == key_use);
        let first = |member: &MemberId| self.first_listed.get(member).and_then(|first| first.get(key)).copied();
        used.min_by_key(|(member, _)| (self.roster.is_suspended(member), first(member), *member))
            .map(|(member, line)| (member, line.state))
    }

    /// For whom a log speaks, and how far; `None` if nobody's keyring lists it or it says otherwise itself.
    pub fn standing(&self, log: &PublicKey) -> Option<Standing<'_>> {
        if let Some((former, carried)) = self.carried(log) {
            return self.carried_over(former, carried);
        }
        match (self.member_by_root(log), self.openings.get(log)) {
            (None, opening) => self.publishing(log, &opening?.member),
            (Some(_), None) => self.root_log(log),
            // A publishing log, by a key that a roster has for a root key.
            (Some(_), Some(_)) => None,
        }
    }

    /// How a root log would stand that opens with the charter.
    pub fn root_log(&self, log: &PublicKey) -> Option<Standing<'_>> {
        let member = self.member_by_root(log)?;
        let rights = self.roster.rights(member, log);
        let fixed = self.roster.fixed(&member.id, log, rights.end());
        Some(Standing { member, is_root: true, former: None, ends: rights.end(), fixed, rights })
    }

    /// Does what is held of a log begin as a publishing log does?
    pub fn opens_as_publishing(&self, log: &PublicKey) -> bool {
        self.openings.contains_key(log)
    }

    /// How a log stands that the charter carries over: up to the last entry that it names, by the rights that it had where it comes
    /// from. Nothing that is decided here changes that.
    fn carried_over<'a>(&'a self, former: &'a Former, carried: &'a Carried) -> Option<Standing<'a>> {
        let before = former.roster.member(&carried.member)?;
        let rights = former.roster.rights(before, &carried.log);
        let ends = Some(carried.last.seq.saturating_add(1));
        let member = self.roster.member(&carried.member).unwrap_or(before);
        Some(Standing { member, is_root: false, former: Some(former), ends, fixed: Some(carried.last), rights })
    }

    /// The member whom a log names as its own: by the charter for one that is carried over, by its entry 0 for a publishing log, by the
    /// roster else. Whether that counts is asked of [`Authority::standing`].
    pub fn claimed_member(&self, log: &PublicKey) -> Option<&MemberId> {
        let carried = self.carried(log).map(|(_, carried)| &carried.member);
        let opened = || self.openings.get(log).map(|opening| &opening.member);
        carried.or_else(opened).or_else(|| self.member_by_root(log).map(|member| &member.id))
    }

    /// How a publishing log would stand if its entry 0 says that it speaks for this member.
    pub fn publishing(&self, log: &PublicKey, member: &MemberId) -> Option<Standing<'_>> {
        // No keyring claims what the charter carries over.
        if self.carried(log).is_some() {
            return None;
        }
        let (holder, state) = self.holder(log, KeyUse::Publish)?;
        let member = self.roster.member(member).filter(|member| member.id == *holder)?;
        let (ends, fixed) = match state {
            KeyState::Live(checkpoint) => (None, checkpoint),
            KeyState::Ended(last) => (Some(last.map_or(0, |place| place.seq.saturating_add(1))), last),
        };
        let rights = self.roster.rights(member, log);
        let ends = ends.into_iter().chain(rights.end()).min();
        // The roster's word and the keyring's: the higher place of those that count, the roster's if they are one place.
        let by_roster = self.roster.fixed(&member.id, log, ends);
        let counted = |place: &Place| ends.is_none_or(|ends| place.seq < ends);
        let fixed = fixed.into_iter().chain(by_roster).filter(counted).max_by_key(|place| place.seq);
        Some(Standing { member, is_root: false, former: None, ends, fixed, rights })
    }

    /// May this log write this kind at this place? That it reaches so far is asked of [`Standing::ends`].
    pub fn allows(&self, standing: &Standing<'_>, seq: u64, kind: &Kind) -> bool {
        let Some(role) = standing.rights.at(seq) else { return false };
        match (standing.is_root, kind) {
            (true, Kind::Charter | Kind::Log) | (false, Kind::Log) => seq == 0,
            (true, kind) => *kind == Kind::Keyring,
            (false, kind) => standing.former.map_or(&*self.roster, |former| &former.roster).allows(role, kind),
        }
    }

    /// Takes note of a keyring at a place of a root log. One that counts for nothing is passed over.
    pub fn learn_keyring(&mut self, root: &PublicKey, seq: u64, body: &[u8]) {
        let Some(member) = self.member_by_root(root) else { return };
        let (member, is_current) = (member.id.clone(), member.root == *root);
        let known = self.keyrings.get(root);
        let below = known.and_then(|known| known.range(..seq).next_back().or_else(|| known.first_key_value()));
        let sound = below.map(|(_, keyring)| &**keyring);
        let Ok(keyring) = Keyring::decode(body, &self.network, &member, sound) else { return };
        let keyring = Arc::new(keyring);
        let known = self.keyrings.entry(*root).or_default();
        let is_last = known.keys().next_back().is_none_or(|last| *last < seq);
        known.insert(seq, Arc::clone(&keyring));
        let has_former = self.roster.member(&member).is_some_and(|line| self.roster.roots(line).count() > 1);
        if !is_last || !is_current || has_former {
            self.settle(&member);
        } else if self.keyring_counts(&member, root, seq, &keyring) && self.follows(&member, &keyring) {
            // As they come, one above the other, each is compared with the one before only.
            let came = self.came(root);
            let first = self.first_listed.entry(member.clone()).or_default();
            for line in &keyring.keys {
                first.entry(line.key).or_insert((seq, came));
            }
            self.put_in_force(&member, Some((seq, keyring)));
        }
    }

    /// Forgets the keyrings of a root log from a place on: the branch on which they stood is left.
    pub fn forget_keyrings(&mut self, root: &PublicKey, from: u64) {
        if let Some(known) = self.keyrings.get_mut(root) {
            known.split_off(&from);
        }
        self.settle_root(root);
    }

    /// Takes note of what a publishing log says of itself.
    pub fn learn_opening(&mut self, log: PublicKey, opening: Opening) {
        self.openings.insert(log, opening);
    }

    /// Forgets what a publishing log said of itself: it is not held any more.
    pub fn forget_opening(&mut self, log: &PublicKey) {
        self.openings.remove(log);
    }

    /// Takes note of the places at which a root log is forked: it counts up to the lowest that the roster has not settled.
    pub fn learn_root_forks(&mut self, root: &PublicKey, forks: BTreeSet<u64>) {
        let branch = self.branches.entry(*root).or_default();
        if branch.forks != forks {
            branch.forks = forks;
            self.settle_root(root);
        }
    }

    /// Takes note of whether the place that the roster has fixed in a root log is held.
    pub fn learn_root_fixed(&mut self, root: &PublicKey, fixed: Fixed) {
        let known = self.branches.get(root).map_or(Fixed::Open, |branch| branch.fixed);
        if known != fixed {
            self.branches.entry(*root).or_default().fixed = fixed;
            self.settle_root(root);
        }
    }

    fn settle_root(&mut self, root: &PublicKey) {
        if let Some(member) = self.member_by_root(root).map(|member| member.id.clone()) {
            self.settle(&member);
        }
    }

    /// Up to which place a root log counts on the branch that is held.
    fn root_end(&self, member: &MemberId, root: &PublicKey) -> u64 {
        let Some(branch) = self.branches.get(root) else { return u64::MAX };
        let log_end = self.roster.member(member).and_then(|line| self.roster.rights(line, root).end());
        let fixed = self.roster.fixed(member, root, log_end).map(|place| place.seq);
        let fork = match (fixed, branch.fixed) {
            (None, _) => branch.forks.first(),
            (Some(seq), Fixed::Held) => branch.forks.range(seq.saturating_add(1)..).next(),
            (Some(seq), Fixed::Open | Fixed::Other) => branch.forks.range(..seq).next(),
        };
        let other = fixed.filter(|_| branch.fixed == Fixed::Other);
        fork.copied().into_iter().chain(other).min().unwrap_or(u64::MAX)
    }

    fn keyring_counts(&self, member: &MemberId, root: &PublicKey, seq: u64, keyring: &Keyring) -> bool {
        let Some(line) = self.roster.member(member) else { return false };
        let bounded = keyring.keys.len() as u64 <= self.roster.bounds.keys;
        bounded && seq < self.root_end(member, root) && self.roster.rights(line, root).at(seq).is_some()
    }

    fn follows(&self, member: &MemberId, keyring: &Keyring) -> bool {
        self.in_force.get(member).is_none_or(|(_, before)| keyring.follows(before).is_ok())
    }

    fn came(&self, root: &PublicKey) -> u64 {
        self.came.get(root).copied().unwrap_or(u64::MAX)
    }

    /// The members whose keyrings list a key, for whatever use and in whatever state.
    pub fn listed_by(&self, key: &PublicKey) -> &[MemberId] {
        self.listed.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Finds anew which of a member's keyrings is in force: of its root keys one after the other the last of those that each follow
    /// the one before. Under another root key a member begins anew, and what its old keys said in good time stays: their lines are
    /// carried on where the new keyring does not name them, but for those of nodes. What the turn of the root key does not name has
    /// said nothing in good time: the old root key may have been a thief's already when it listed it.
    fn settle(&mut self, member: &MemberId) {
        let Some(line) = self.roster.member(member) else { return };
        let mut in_force: Option<(u64, Arc<Keyring>)> = None;
        let mut first = BTreeMap::new();
        for (root, turn) in self.roster.roots_and_turns(line) {
            let came = self.came(&root);
            let mut under_root: Option<(u64, &Arc<Keyring>)> = None;
            for (&seq, keyring) in self.keyrings.get(&root).into_iter().flatten() {
                let follows = under_root.is_none_or(|(_, before)| keyring.follows(before).is_ok());
                if follows && self.keyring_counts(member, &root, seq, keyring) {
                    under_root = Some((seq, keyring));
                    for line in &keyring.keys {
                        first.entry(line.key).or_insert((seq, came));
                    }
                }
            }
            if let Some((seq, keyring)) = under_root {
                let before = in_force.take().map(|(_, before)| before);
                in_force =
                    Some((seq, before.map_or_else(|| Arc::clone(keyring), |before| carried_on(&before, keyring))));
            }
            if let Some(turn) = turn {
                in_force = in_force.map(|(seq, keyring)| (seq, turned(&keyring, turn)));
            }
        }
        if first.is_empty() {
            self.first_listed.remove(member);
        } else {
            self.first_listed.insert(member.clone(), first);
        }
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

/// A keyring after the turn of its root key: of the logs that the turn does not name nothing counts.
fn turned(keyring: &Arc<Keyring>, turn: &Turn) -> Arc<Keyring> {
    let is_ended = |line: &KeyLine| line.key_use == KeyUse::Publish && !turn.names(&line.key);
    let ended = |line: &KeyLine| KeyLine { state: KeyState::Ended(None), ..line.clone() };
    let keys = keyring.keys.iter().map(|line| if is_ended(line) { ended(line) } else { line.clone() }).collect();
    Arc::new(Keyring { keys, salt: keyring.salt })
}

/// A keyring with the lines of publishing keys that stood before under another root key.
fn carried_on(before: &Keyring, keyring: &Arc<Keyring>) -> Arc<Keyring> {
    let old = before.keys.iter().filter(|line| line.key_use == KeyUse::Publish && keyring.line(&line.key).is_none());
    let mut keys: Vec<KeyLine> = keyring.keys.iter().chain(old).cloned().collect();
    keys.sort_by_key(|line| line.key);
    Arc::new(Keyring { keys, salt: keyring.salt })
}
