//! What people say: bodies of records, and the library that they add up to.

use nanduti_protocol::{
    hash::Hash,
    key::PublicKey,
    kind::Audience,
    library::{Card, Fact, Origin, Series, Standing},
    record::{self, Glance, PRACTICE, Record, RecordBody, WITHDRAWAL, WithdrawalBody},
};

use crate::script::Script;

/// The body of a practice: it keeps all that it says, can be judged, compared and shown whatever that is, and a glance at it says
/// what reading it says.
pub fn practice(data: &[u8]) {
    let glanced = record::glance(data);
    let Ok(body) = RecordBody::decode(data) else {
        assert_eq!(glanced, None, "nothing to glance at");
        return;
    };
    assert_eq!(body.encode().as_deref(), Ok(data), "what is read is written again");
    let Some(Glance { series, revises, shown }) = glanced else { panic!("it is a body, and yet no glance") };
    assert_eq!((series, &revises), (body.series, &body.revises));
    assert_eq!(shown.is_some(), record::check_readable(&PRACTICE, &body.record).is_ok());
    if let Some(shown) = shown {
        assert_eq!(
            (shown.title.as_str(), shown.source_language.as_str()),
            (body.record.title(), body.record.source_language())
        );
        assert_eq!((shown.strands, shown.capacities), (owned(body.record.strands()), owned(body.record.capacities())));
        assert_eq!(shown.themes, owned(body.record.themes()));
    }
    let _ = record::validate(&PRACTICE, &body.record);
    let _ = record::fields(&PRACTICE, &body.record);
    assert!(record::diff(&PRACTICE, &body.record, &body.record).is_empty(), "nothing differs from itself");
    let _ = record::diff(&PRACTICE, &Record::new(), &body.record);
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(ToOwned::to_owned).collect()
}

/// The body of a withdrawal. What it says beside its own fields is void.
pub fn withdrawal(data: &[u8]) {
    let Ok(body) = WithdrawalBody::decode(data) else { return };
    let _ = record::check_readable(&WITHDRAWAL, &body.record());
    let _ = record::validate(&WITHDRAWAL, &body.record());
    let again = body.encode().expect("what was read can be written");
    assert_eq!(WithdrawalBody::decode(&again), Ok(body));
}

/// The fold: bodies of any content, in two orders, with some taken back, make the same series.
pub fn library(data: &[u8]) {
    let mut script = Script::new(data);
    let mut facts: Vec<(Hash, Fact)> = Vec::new();
    while !script.is_over() && facts.len() < 24 {
        let seq = facts.len() as u64;
        let origin =
            Origin { log: PublicKey::from_bytes([script.byte() % 3; 32]), seq, time: u64::from(script.byte()) };
        let hash = Hash::of(&[script.byte() % 32]);
        let audience = if hash.as_bytes()[0] & 1 == 0 { Audience::Public } else { Audience::Members };
        let named: Vec<Hash> = (0..script.below(4)).map(|_| Hash::of(&[script.byte() % 32])).collect();
        let fact = match script.below(3) {
            0 => {
                let body = RecordBody::revision([0; 16], hash, named, text_record(&mut script)).encode();
                body.ok().and_then(|body| Fact::practice(hash, origin, audience, &body))
            }
            1 => {
                let mut versions = named;
                versions.sort_unstable();
                versions.dedup();
                let reason = String::from_utf8_lossy(script.bytes(8)).into_owned();
                let body = WithdrawalBody { salt: [0; 16], series: hash, versions, reason, note: None };
                body.encode().ok().and_then(|body| Fact::withdrawal(origin, &body))
            }
            _ => Fact::practice(hash, origin, audience, script.bytes(200)),
        };
        if let Some((_, fact)) = fact
            && !facts.iter().any(|(known, _)| *known == hash)
        {
            facts.push((hash, fact));
        }
    }
    let mut series = Series::default();
    let mut other = Series::default();
    for (hash, fact) in &facts {
        series.add(*hash, fact.clone());
    }
    for (hash, fact) in facts.iter().rev() {
        other.add(*hash, fact.clone());
        other.add(*hash, fact.clone());
    }
    assert_eq!(series, other, "the order does not show");
    check(&series, &facts);
    let stray = Hash::of(b"not in the series");
    let fact = Fact::Revision(record_fact(stray));
    other.add(stray, fact);
    assert!(other.remove(&stray));
    assert_eq!(series, other, "what is taken back leaves nothing behind");
    for (hash, _) in &facts {
        other.remove(hash);
    }
    assert!(other.is_empty());
}

fn check(series: &Series, facts: &[(Hash, Fact)]) {
    assert!(series.history().len() <= series.revisions());
    let newest = series.newest();
    assert!(newest.is_sorted_by(|(one_hash, one), (other_hash, other)| {
        (one.origin.time, one_hash) > (other.origin.time, other_hash)
    }));
    for (hash, _) in facts {
        let standing = series.standing(hash);
        assert_eq!(standing == Standing::Unrooted, series.revision(hash).is_none());
    }
}

fn text_record(script: &mut Script<'_>) -> Record {
    let mut record = Record::new();
    for name in ["title", "source_language", "description"] {
        if script.below(4) > 0 {
            let text = String::from_utf8_lossy(script.bytes(16)).into_owned();
            record.set(name, record::Value::String(text));
        }
    }
    record
}

fn record_fact(hash: Hash) -> nanduti_protocol::library::Revision {
    let origin = Origin { log: PublicKey::from_bytes([9; 32]), seq: 0, time: 0 };
    nanduti_protocol::library::Revision {
        origin,
        revises: vec![hash],
        audience: Audience::Public,
        card: Card::default(),
    }
}
