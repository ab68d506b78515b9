//! The library: what the records that count add up to. A fold that does not depend on the order of arrival.
//!
//! All revisions of a record are a [`Series`], named by the hash of its first entry. Revisions form a graph: each names those
//! it replaces, and those that nobody replaced are the newest. Two newest revisions were made without knowing of each other and
//! are both shown. Only the member that began a series can revise or withdraw it: the host keeps a series for each pair of
//! series and member, and a pair without its first entry is never shown.
//!
//! All revisions of a series are for the same readers as its first: a revision for others is not of the series. So a node that
//! may not read what is for members sees exactly the series that are public, each as all others see it.
//!
//! Of what one key says of a series only so much counts ([`limits::SERIES_REVISIONS_MAX`]), since a host reads the whole series
//! to add to it: what stands at the lowest places of the log, so that the order of arrival does not show. That holds as long
//! as facts are taken back from the top of a log; to take one back from the middle, the log has to be folded again.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

use crate::{
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    limits,
    record::{Glance, WITHDRAWAL, WithdrawalBody, check_readable, glance},
};

/// All revisions of one record by one member, and its withdrawals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Series {
    revisions: BTreeMap<Hash, Revision>,
    withdrawals: BTreeMap<Hash, Withdrawal>,
}

/// Where an entry stands, and the author's claim of when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The log.
    pub log: PublicKey,
    /// Place in it.
    pub seq: u64,
    /// Milliseconds since 1970.
    pub time: u64,
}

/// One revision: what lists need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Where it stands.
    pub origin: Origin,
    /// The revisions it replaces. The first of a series replaces none, and only the first.
    pub revises: Vec<Hash>,
    /// Who may read it.
    pub audience: Audience,
    /// What a list shows of it.
    pub card: Card,
}

/// What a list shows of a practice. Empty where the record breaks the bounds of its schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// Title.
    pub title: String,
    /// BCP 47 tag.
    pub language: String,
    /// Codes.
    pub strands: Vec<String>,
    /// Codes.
    pub capacities: Vec<String>,
    /// Codes.
    pub themes: Vec<String>,
}

/// A withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Where it stands.
    pub origin: Origin,
    /// The revisions it is about; all, if none is named.
    pub versions: Vec<Hash>,
    /// Code of the vocabulary `withdraw_reason`.
    pub reason: String,
    /// Public note.
    pub note: Option<String>,
}

/// How a series stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its first entry is not here: it is not shown.
    Unrooted,
    /// In force, one newest revision.
    Current,
    /// In force, several newest revisions.
    Concurrent,
    /// Withdrawn.
    Withdrawn,
}

/// What an entry says to the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A revision of the series.
    Revision(Revision),
    /// A withdrawal of the series.
    Withdrawal(Withdrawal),
}

impl Fact {
    /// Reads a revision of a practice, and the series it belongs to. The first of a series is named by its own hash.
    pub fn practice(hash: Hash, origin: Origin, audience: Audience, body: &[u8]) -> Option<(Hash, Self)> {
        let Glance { series, revises, shown } = glance(body)?;
        let card = shown.map_or_else(Card::default, |shown| Card {
            title: shown.title,
            language: shown.source_language,
            strands: shown.strands,
            capacities: shown.capacities,
            themes: shown.themes,
        });
        Some((series.unwrap_or(hash), Self::Revision(Revision { origin, revises, audience, card })))
    }

    /// The kind of the entry that says it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Revision(_) => Kind::Practice,
            Self::Withdrawal(_) => Kind::Withdrawal,
        }
    }

    /// Reads a withdrawal, and the series it is about.
    pub fn withdrawal(origin: Origin, body: &[u8]) -> Option<(Hash, Self)> {
        let body = WithdrawalBody::decode(body).ok()?;
        let readable = check_readable(&WITHDRAWAL, &body.record()).is_ok();
        let WithdrawalBody { series, versions, reason, note, .. } = body;
        // It stands whatever it says; what it says is kept only within the bounds of its schema.
        let (reason, note) = if readable { (reason, note) } else { (String::new(), None) };
        Some((series, Self::Withdrawal(Withdrawal { origin, versions, reason, note })))
    }
}

impl Series {
    /// Takes a fact in. Doing so again changes nothing. Returns whether it was taken in: past the bound it is not.
    pub fn add(&mut self, hash: Hash, fact: Fact) -> bool {
        match fact {
            Fact::Revision(revision) => {
                let voice = revision.voice();
                self.revisions.insert(hash, revision);
                let place = |revision: &Revision| (revision.voice(), revision.origin.seq);
                keep_lowest(&mut self.revisions, place, &voice, limits::SERIES_REVISIONS_MAX);
                self.revisions.contains_key(&hash)
            }
            Fact::Withdrawal(withdrawal) => {
                let log = withdrawal.origin.log;
                self.withdrawals.insert(hash, withdrawal);
                let place = |withdrawal: &Withdrawal| (withdrawal.origin.log, withdrawal.origin.seq);
                keep_lowest(&mut self.withdrawals, place, &log, limits::SERIES_WITHDRAWALS_MAX);
                self.withdrawals.contains_key(&hash)
            }
        }
    }

    /// Takes a fact back that counts no more. Returns whether it was there.
    pub fn remove(&mut self, hash: &Hash) -> bool {
        self.revisions.remove(hash).is_some() | self.withdrawals.remove(hash).is_some()
    }

    /// Who may read the series; `None` as long as its first revision is not here.
    pub fn audience(&self) -> Option<Audience> {
        self.revisions.values().find(|revision| revision.revises.is_empty()).map(|first| first.audience)
    }

    /// Nothing left?
    pub fn is_empty(&self) -> bool {
        self.revisions.is_empty() && self.withdrawals.is_empty()
    }

    /// A revision.
    pub fn revision(&self, hash: &Hash) -> Option<&Revision> {
        let audience = self.audience();
        self.revisions.get(hash).filter(|revision| is_for(audience, revision))
    }

    /// The revisions for the readers of the series.
    fn own_revisions(&self) -> impl Iterator<Item = (&Hash, &Revision)> {
        let audience = self.audience();
        self.revisions.iter().filter(move |(_, revision)| is_for(audience, revision))
    }

    /// All revisions, those that are replaced before those that replace them, else by the time they claim.
    pub fn history(&self) -> Vec<(Hash, &Revision)> {
        let mut replaced_by: BTreeMap<Hash, Vec<Hash>> = BTreeMap::new();
        let mut waits_for: BTreeMap<Hash, usize> = BTreeMap::new();
        let mut ready = BTreeSet::new();
        let own: BTreeMap<&Hash, &Revision> = self.own_revisions().collect();
        for (hash, revision) in &own {
            let known: BTreeSet<Hash> =
                revision.revises.iter().filter(|hash| own.contains_key(hash)).copied().collect();
            for replaced in &known {
                replaced_by.entry(*replaced).or_default().push(**hash);
            }
            if known.is_empty() {
                ready.insert((revision.origin.time, **hash));
            } else {
                waits_for.insert(**hash, known.len());
            }
        }
        let mut ordered = Vec::with_capacity(self.revisions.len());
        // Hashes cannot form a circle, so that every revision is ready in its turn.
        while let Some((_, hash)) = ready.pop_first() {
            ordered.extend(own.get(&hash).map(|revision| (hash, *revision)));
            for next in replaced_by.remove(&hash).unwrap_or_default() {
                let Some(left) = waits_for.get_mut(&next) else { continue };
                *left -= 1;
                if *left == 0
                    && let Some(revision) = own.get(&next)
                {
                    ready.insert((revision.origin.time, next));
                }
            }
        }
        ordered
    }

    /// The newest revisions: those that no other replaces. The one that claims the latest time comes first.
    pub fn newest(&self) -> Vec<(Hash, &Revision)> {
        let replaced: BTreeSet<Hash> =
            self.own_revisions().flat_map(|(_, revision)| revision.revises.iter().copied()).collect();
        let mut newest: Vec<(Hash, &Revision)> = self
            .own_revisions()
            .map(|(hash, revision)| (*hash, revision))
            .filter(|(hash, _)| !replaced.contains(hash))
            .collect();
        newest.sort_by_key(|(hash, revision)| core::cmp::Reverse((revision.origin.time, *hash)));
        newest
    }

    /// The withdrawal that counts: of several the one with the smallest hash.
    pub fn withdrawal(&self) -> Option<(Hash, &Withdrawal)> {
        let newest: Vec<Hash> = self.newest().into_iter().map(|(hash, _)| hash).collect();
        let covers = |withdrawal: &Withdrawal| {
            withdrawal.versions.is_empty() || newest.iter().all(|hash| withdrawal.versions.contains(hash))
        };
        self.withdrawals.iter().map(|(hash, withdrawal)| (*hash, withdrawal)).find(|(_, withdrawal)| covers(withdrawal))
    }

    /// All withdrawals, whatever is here of what they withdraw.
    pub fn withdrawals(&self) -> impl Iterator<Item = (&Hash, &Withdrawal)> {
        self.withdrawals.iter()
    }

    /// How the series with this name stands.
    pub fn standing(&self, name: &Hash) -> Standing {
        if !self.revisions.contains_key(name) {
            Standing::Unrooted
        } else if self.withdrawal().is_some() {
            Standing::Withdrawn
        } else if self.newest().len() > 1 {
            Standing::Concurrent
        } else {
            Standing::Current
        }
    }

    /// Would another revision by this key count no more?
    pub fn is_full(&self, log: &PublicKey) -> bool {
        let by_log = self.own_revisions().filter(|(_, revision)| revision.origin.log == *log);
        by_log.count() >= limits::SERIES_REVISIONS_MAX
    }

    /// How many revisions.
    pub fn revisions(&self) -> usize {
        self.own_revisions().count()
    }
}

impl Revision {
    /// Of what counts against one bound: what a key says to the same readers, so that what some cannot see hides nothing from
    /// them.
    fn voice(&self) -> (PublicKey, Audience) {
        (self.origin.log, self.audience)
    }
}

fn is_for(audience: Option<Audience>, revision: &Revision) -> bool {
    audience.is_none_or(|audience| revision.audience == audience)
}

/// Of what one voice says, keeps what stands at its lowest places. No more than one is too many, since each is added alone.
fn keep_lowest<T, V: PartialEq>(facts: &mut BTreeMap<Hash, T>, place: impl Fn(&T) -> (V, u64), voice: &V, most: usize) {
    if facts.len() <= most {
        return;
    }
    let of_voice = facts.iter().map(|(hash, fact)| (place(fact), *hash)).filter(|((other, _), _)| other == voice);
    let (mut count, mut highest) = (0, None);
    for ((_, seq), hash) in of_voice {
        count += 1;
        highest = highest.max(Some((seq, hash)));
    }
    if let Some((_, hash)) = highest.filter(|_| count > most) {
        facts.remove(&hash);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    fn hash(byte: u8) -> Hash {
        Hash::of(&[byte])
    }

    fn origin(seq: u64) -> Origin {
        Origin { log: PublicKey::from_bytes([0; 32]), seq, time: seq }
    }

    fn revision(seq: u64, revises: &[u8]) -> Fact {
        let revises = revises.iter().map(|byte| hash(*byte)).collect();
        Fact::Revision(Revision { origin: origin(seq), revises, audience: Audience::Public, card: Card::default() })
    }

    fn withdrawal(versions: &[u8]) -> Fact {
        let versions = versions.iter().map(|byte| hash(*byte)).collect();
        Fact::Withdrawal(Withdrawal { origin: origin(9), versions, reason: "error".into(), note: None })
    }

    fn newest(series: &Series) -> Vec<Hash> {
        series.newest().into_iter().map(|(hash, _)| hash).collect()
    }

    #[test]
    fn revisions_form_a_graph() {
        let mut series = Series::default();
        series.add(hash(1), revision(1, &[]));
        assert_eq!(series.standing(&hash(0)), Standing::Unrooted);
        series.add(hash(0), revision(0, &[]));
        series.remove(&hash(1));
        series.add(hash(1), revision(1, &[0]));
        assert_eq!((newest(&series), series.standing(&hash(0))), (vec![hash(1)], Standing::Current));
        series.add(hash(2), revision(2, &[0]));
        assert_eq!((newest(&series), series.standing(&hash(0))), (vec![hash(2), hash(1)], Standing::Concurrent));
        series.add(hash(3), revision(3, &[1, 2]));
        assert_eq!((newest(&series), series.standing(&hash(0))), (vec![hash(3)], Standing::Current));
        let order: Vec<Hash> = series.history().into_iter().map(|(hash, _)| hash).collect();
        assert_eq!(order, vec![hash(0), hash(1), hash(2), hash(3)]);
    }

    #[test]
    fn a_withdrawal_is_of_the_series_or_of_the_revisions_it_names() {
        let mut series = Series::default();
        series.add(hash(0), revision(0, &[]));
        series.add(hash(10), withdrawal(&[0]));
        assert_eq!(series.standing(&hash(0)), Standing::Withdrawn);
        series.add(hash(1), revision(1, &[0]));
        assert_eq!(series.standing(&hash(0)), Standing::Current);
        series.add(hash(11), withdrawal(&[]));
        assert_eq!(series.standing(&hash(0)), Standing::Withdrawn);
    }

    fn for_members(fact: Fact) -> Fact {
        match fact {
            Fact::Revision(revision) => Fact::Revision(Revision { audience: Audience::Members, ..revision }),
            withdrawal @ Fact::Withdrawal(_) => withdrawal,
        }
    }

    #[test]
    fn who_may_not_read_what_is_for_members_sees_the_public_series_as_all_others_do() {
        // A public series, a revision of it for members only, and a public one of that.
        let facts = [revision(0, &[]), for_members(revision(1, &[0])), revision(2, &[1]), withdrawal(&[1])];
        let (mut members, mut strangers) = (Series::default(), Series::default());
        for (place, fact) in facts.iter().enumerate().rev() {
            members.add(hash(place as u8), fact.clone());
            if place != 1 {
                strangers.add(hash(place as u8), fact.clone());
            }
        }
        assert_eq!(newest(&members), newest(&strangers));
        assert_eq!((members.history(), members.revisions()), (strangers.history(), 2));
        assert_eq!(members.standing(&hash(0)), strangers.standing(&hash(0)));
        assert_eq!((members.revision(&hash(1)), members.audience()), (None, Some(Audience::Public)));
        // A series for members, and a public revision of it: nobody takes that for a part of it.
        let mut closed = Series::default();
        closed.add(hash(1), revision(1, &[0]));
        assert_eq!((closed.standing(&hash(0)), closed.audience()), (Standing::Unrooted, None));
        closed.add(hash(0), for_members(revision(0, &[])));
        assert_eq!((newest(&closed), closed.audience()), (vec![hash(0)], Some(Audience::Members)));
        closed.remove(&hash(0));
        assert_eq!((closed.standing(&hash(0)), closed.audience()), (Standing::Unrooted, None));
    }

    #[test]
    fn what_only_members_see_takes_no_place_from_what_all_see() {
        let most = limits::SERIES_REVISIONS_MAX as u64;
        let first = numbered(1, 0, Vec::new());
        let mut series = Series::default();
        series.add(first.0, first.1.clone());
        for seq in 1..=most {
            let (hash, fact) = numbered(1, seq, vec![first.0]);
            series.add(hash, for_members(fact));
        }
        let (last, fact) = numbered(1, most + 1, vec![first.0]);
        assert!(series.add(last, fact) && series.revisions() == 2);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_show(order in Just((0..8_u8).collect::<Vec<_>>()).prop_shuffle()) {
            let facts = [
                revision(0, &[]), revision(1, &[0]), revision(2, &[0]), revision(3, &[1, 2]), revision(4, &[3]),
                withdrawal(&[4]), revision(6, &[3]), withdrawal(&[2]),
            ];
            let mut series = Series::default();
            let mut straight = Series::default();
            for (place, fact) in facts.iter().enumerate() {
                straight.add(hash(place as u8), fact.clone());
            }
            for place in order {
                series.add(hash(place), facts[usize::from(place)].clone());
                series.add(hash(place), facts[usize::from(place)].clone());
            }
            prop_assert_eq!(&series, &straight);
        }
    }

    fn numbered(log: u8, seq: u64, revises: Vec<Hash>) -> (Hash, Fact) {
        let origin = Origin { log: PublicKey::from_bytes([log; 32]), seq, time: 1_000_000 - seq };
        let name = [&[log][..], &seq.to_be_bytes()].concat();
        let audience = Audience::Public;
        (Hash::of(&name), Fact::Revision(Revision { origin, revises, audience, card: Card::default() }))
    }

    #[test]
    fn of_one_key_so_many_revisions_count_in_any_order() {
        let most = limits::SERIES_REVISIONS_MAX as u64;
        let facts: Vec<(Hash, Fact)> = (0..most + 40).map(|seq| numbered(1, seq, Vec::new())).collect();
        let other = numbered(2, 7, Vec::new());
        let (mut upwards, mut downwards) = (Series::default(), Series::default());
        for (hash, fact) in facts.iter().chain([&other]) {
            upwards.add(*hash, fact.clone());
        }
        for (hash, fact) in facts.iter().rev().chain([&other]) {
            downwards.add(*hash, fact.clone());
        }
        assert_eq!(upwards, downwards);
        assert_eq!(upwards.revisions() as u64, most + 1, "what another key says does not count for this one");
        assert!(upwards.revision(&facts[0].0).is_some() && upwards.is_full(&PublicKey::from_bytes([1; 32])));
        assert!(!upwards.is_full(&PublicKey::from_bytes([2; 32])));
        // A cut-off takes back from the top: what is left is what would have come without it.
        let mut short = Series::default();
        for (hash, fact) in facts.iter().take(100).chain([&other]) {
            short.add(*hash, fact.clone());
        }
        for (hash, _) in facts.iter().skip(100) {
            upwards.remove(hash);
        }
        assert_eq!(upwards, short);
    }

    #[test]
    fn a_long_history_is_put_in_order_at_once() {
        let mut series = Series::default();
        let mut before = Vec::new();
        let mut expected = Vec::new();
        for (log, seq) in (0..40).flat_map(|log| (0..500).map(move |seq| (log, seq))) {
            let (hash, fact) = numbered(log, seq, before);
            series.revisions.extend(match fact {
                Fact::Revision(revision) => Some((hash, revision)),
                Fact::Withdrawal(_) => None,
            });
            before = vec![hash];
            expected.push(hash);
        }
        let history: Vec<Hash> = series.history().into_iter().map(|(hash, _)| hash).collect();
        assert_eq!(history, expected, "though each claims an earlier time than the one it replaces");
    }
}
