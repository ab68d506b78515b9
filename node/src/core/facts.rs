//! What the entries of a run say to the library: read once, where there are threads to spare, and kept in the index.
//!
//! Facts follow from the bytes of a run alone; whether they count is authority's affair. So they are kept block by block, as
//! the run came, and never change, whoever may speak; the library is folded from them, at start and whenever authority
//! changes, without reading a segment file again.

use std::borrow::Cow;

use nanduti_protocol::{
    cbor,
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    library::{Card, Fact, Origin, Revision, Withdrawal},
    run::{Item, VerifiedRun},
};
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// What an entry says, and the series about which it says it.
pub(crate) type NamedFact = (Hash, Fact);

/// What the entries of a run say, in their order.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    first_seq: u64,
    facts: Vec<Option<NamedFact>>,
    /// All of it in the index's form.
    encoded: Vec<u8>,
}

impl Facts {
    /// What a run says.
    pub(crate) fn of(run: &VerifiedRun) -> Self {
        let facts: Vec<_> = (run.first_seq()..).zip(run.items()).map(|(seq, item)| fact_of(run, seq, item)).collect();
        Self { first_seq: run.first_seq(), encoded: encode(&facts), facts }
    }

    /// What this run says; it may be a part of the one that was read.
    pub(crate) fn or_of(self, run: &VerifiedRun) -> Self {
        let whole = self.first_seq == run.first_seq() && self.facts.len() == run.items().len();
        if whole && !self.facts.is_empty() { self } else { Self::of(run) }
    }

    /// The index's form.
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Each fact with its place.
    pub(crate) fn into_places(self) -> impl Iterator<Item = (u64, Option<NamedFact>)> {
        (self.first_seq..).zip(self.facts)
    }
}

fn fact_of(run: &VerifiedRun, seq: u64, item: &Item) -> Option<NamedFact> {
    let origin = Origin { log: run.log(), seq, time: item.time };
    match (&item.kind, run.body_bytes(item)) {
        (Kind::Practice, Some(body)) => Fact::practice(item.hash, origin, item.audience, body),
        (Kind::Withdrawal, Some(body)) => Fact::withdrawal(origin, body),
        _ => None,
    }
}

/// A fact in the index: series (none: the entry begins one), time, the revisions replaced or withdrawn, and what is told.
#[derive(Serialize, Deserialize)]
struct Stored<'a>(Option<Hash>, u64, Cow<'a, [Hash]>, Told<'a>);

/// The card of a revision, or reason and note of a withdrawal.
#[derive(Serialize, Deserialize)]
struct Told<'a>(Option<StoredCard<'a>>, Cow<'a, str>, Option<Cow<'a, str>>);

/// Title, language, strands, capacities, themes, and who may read it.
#[derive(Serialize, Deserialize)]
struct StoredCard<'a>(Cow<'a, str>, Cow<'a, str>, Cow<'a, [String]>, Cow<'a, [String]>, Cow<'a, [String]>, Audience);

fn encode(facts: &[Option<NamedFact>]) -> Vec<u8> {
    let stored: Vec<Option<Stored<'_>>> = facts.iter().map(|fact| fact.as_ref().map(stored)).collect();
    cbor::encode(&stored)
}

fn stored((name, fact): &NamedFact) -> Stored<'_> {
    match fact {
        Fact::Revision(Revision { origin, revises, audience, card }) => {
            let card = StoredCard(
                Cow::Borrowed(&card.title),
                Cow::Borrowed(&card.language),
                Cow::Borrowed(&card.strands),
                Cow::Borrowed(&card.capacities),
                Cow::Borrowed(&card.themes),
                *audience,
            );
            // The first of a series replaces nothing, and only the first.
            let name = Some(*name).filter(|_| !revises.is_empty());
            Stored(name, origin.time, Cow::Borrowed(revises), Told(Some(card), Cow::Borrowed(""), None))
        }
        Fact::Withdrawal(Withdrawal { origin, versions, reason, note }) => {
            let told = Told(None, Cow::Borrowed(reason), note.as_deref().map(Cow::Borrowed));
            Stored(Some(*name), origin.time, Cow::Borrowed(versions), told)
        }
    }
}

/// Reads the index's form of what a block says. `hash_at` tells the hash of the entry at a place.
pub(crate) fn decode(
    bytes: &[u8],
    log: &PublicKey,
    first_seq: u64,
    hash_at: impl Fn(u64) -> Option<Hash>,
) -> Result<Vec<Option<NamedFact>>, StoreError> {
    let broken = || StoreError::IndexContent("what a block says");
    let stored: Vec<Option<Stored<'_>>> = cbor::decode(bytes).map_err(|_| broken())?;
    let mut facts = Vec::with_capacity(stored.len());
    for (seq, stored) in (first_seq..).zip(stored) {
        let Some(Stored(name, time, hashes, Told(card, reason, note))) = stored else {
            facts.push(None);
            continue;
        };
        let name = name.or_else(|| hash_at(seq)).ok_or_else(broken)?;
        let origin = Origin { log: *log, seq, time };
        let hashes = hashes.into_owned();
        let fact = match card {
            Some(StoredCard(title, language, strands, capacities, themes, audience)) => Fact::Revision(Revision {
                origin,
                revises: hashes,
                audience,
                card: Card {
                    title: title.into_owned(),
                    language: language.into_owned(),
                    strands: strands.into_owned(),
                    capacities: capacities.into_owned(),
                    themes: themes.into_owned(),
                },
            }),
            None => Fact::Withdrawal(Withdrawal {
                origin,
                versions: hashes,
                reason: reason.into_owned(),
                note: note.map(Cow::into_owned),
            }),
        };
        facts.push(Some((name, fact)));
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::chains::{World, revision, withdrawal};

    #[test]
    fn facts_are_read_back_as_they_were() {
        let world = World::new();
        let (_, mut log) = world.voice(0, 1);
        let first = log.practice("first");
        log.push(Kind::Practice, &revision(first, &[first], "second"));
        log.push(Kind::Withdrawal, &withdrawal(first, &[first]));
        log.push(Kind::Practice, b"no record");
        let run = log.run(0, log.len());
        let facts = Facts::of(&run);
        let hash_at = |seq| log.hashes.get(usize::try_from(seq).ok()?).copied();
        let read = decode(facts.encoded(), &log.id(), 0, hash_at).unwrap();
        assert_eq!(read.iter().filter(|fact| fact.is_some()).count(), 3);
        assert_eq!(read, facts.facts);
        let part = facts.or_of(&log.run(1, 3));
        assert_eq!(part.facts, read[1..3]);
        assert!(decode(&part.encoded()[1..], &log.id(), 1, hash_at).is_err());
    }
}
