//! A glance at the body of a practice: what lists show of it, and where it stands in its series.
//!
//! It says the same as reading the whole body (`RecordBody::decode`) and asking that, for every sequence of bytes, and
//! copies only what it tells. A node glances at every body that it receives.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{
    PRACTICE, REVISES_MAX, SALT_LEN,
    body::{decode_strictly, is_in_order},
    readable::is_readable,
    tree::{Borrowed, Leaf, Tree, text, texts},
};
use crate::hash::Hash;

/// What lists show of a practice, and where it stands in its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// The hash of the first entry of the series; `None` in that entry itself.
    pub series: Option<Hash>,
    /// Revisions that this one replaces.
    pub revises: Vec<Hash>,
    /// `None` where the record breaks the bounds of its schema.
    pub shown: Option<Shown>,
}

/// What lists show of a record that is readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Title, or nothing.
    pub title: String,
    /// BCP 47 tag of the source language, or nothing.
    pub source_language: String,
    /// Codes of the vocabulary `strand`.
    pub strands: Vec<String>,
    /// Codes of the vocabulary `capacity`.
    pub capacities: Vec<String>,
    /// Codes of the themes.
    pub themes: Vec<String>,
}

/// Glances at the bytes of a body; `None` if they are none.
pub fn glance(bytes: &[u8]) -> Option<Glance> {
    let body: Borrowed<'_> = decode_strictly(bytes).ok()?;
    let Leaf::Bytes(salt) = body.value("salt")?.leaf() else { return None };
    let record = body.value("record").filter(|record| record.is_map())?;
    let series = match body.value("series")? {
        Borrowed::Null => None,
        series => Some(hash(series)?),
    };
    let revises = body.value("revises")?.items()?;
    if salt.len() != SALT_LEN || revises.len() > REVISES_MAX {
        return None;
    }
    let revises = revises.iter().map(hash).collect::<Option<Vec<_>>>()?;
    if !is_in_order(series.as_ref(), &revises) {
        return None;
    }
    let shown = is_readable(&PRACTICE, record).is_ok().then(|| shown(record));
    Some(Glance { series, revises, shown })
}

fn shown(record: &impl Tree) -> Shown {
    let one = |name: &str| record.value(name).and_then(text).unwrap_or_default().to_owned();
    let many = |name: &str| record.value(name).map(texts).unwrap_or_default();
    Shown {
        title: one("title"),
        source_language: one("source_language"),
        strands: many("strands"),
        capacities: many("capacities"),
        themes: many("themes"),
    }
}

fn hash(value: &Borrowed<'_>) -> Option<Hash> {
    let Leaf::Bytes(bytes) = value.leaf() else { return None };
    Some(Hash::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeMap, vec};

    use proptest::prelude::*;

    use super::*;
    use crate::record::{Record, RecordBody, Value, check_readable};

    /// The same by reading the whole body.
    fn by_reading(bytes: &[u8]) -> Option<Glance> {
        let body = RecordBody::decode(bytes).ok()?;
        let owned = |texts: Vec<&str>| texts.into_iter().map(ToOwned::to_owned).collect();
        let shown = check_readable(&PRACTICE, &body.record).is_ok().then(|| Shown {
            title: body.record.title().to_owned(),
            source_language: body.record.source_language().to_owned(),
            strands: owned(body.record.strands()),
            capacities: owned(body.record.capacities()),
            themes: owned(body.record.themes()),
        });
        Some(Glance { series: body.series, revises: body.revises, shown })
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|number| Value::Integer(number.into())),
            (-1.0e9..1.0e9).prop_map(Value::Float),
            "[a-zñ ]{0,180}".prop_map(Value::String),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                proptest::collection::btree_map("[a-z]{1,6}", inner, 0..5).prop_map(Value::Map),
            ]
        })
    }

    fn record() -> impl Strategy<Value = Record> {
        let names = prop_oneof![
            proptest::sample::select(vec!["title", "source_language", "strands", "capacities", "themes", "evidence"])
                .prop_map(ToOwned::to_owned),
            "[a-z_]{1,9}",
        ];
        let texts = proptest::collection::vec("[a-z]{0,9}".prop_map(Value::String), 0..7).prop_map(Value::List);
        let values = prop_oneof![value(), texts, "[a-z ]{0,30}".prop_map(Value::String)];
        proptest::collection::btree_map(names, values, 0..9).prop_map(Record::from)
    }

    fn body() -> impl Strategy<Value = Vec<u8>> {
        let extra = proptest::option::of(("[a-z]{1,9}", value()));
        (record(), proptest::collection::vec(any::<[u8; 32]>(), 0..4), extra).prop_map(|(record, hashes, extra)| {
            let hashes: Vec<Hash> = hashes.into_iter().map(Hash::from_bytes).collect();
            let mut body = match hashes.first() {
                None => RecordBody::first([7; SALT_LEN], record),
                Some(first) => RecordBody::revision([7; SALT_LEN], *first, hashes.clone(), record),
            };
            let known = ["salt", "record", "series", "revises"];
            body.other =
                extra.into_iter().filter(|(name, _)| !known.contains(&name.as_str())).collect::<BTreeMap<_, _>>();
            body.encode().expect("within the bounds")
        })
    }

    proptest! {
        #[test]
        fn a_glance_says_what_reading_says(body in body()) {
            let glanced = glance(&body);
            prop_assert!(glanced.is_some());
            prop_assert_eq!(glanced, by_reading(&body));
        }

        #[test]
        fn and_so_for_bytes_that_were_changed(
            mut body in body(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in proptest::option::of(any::<prop::sample::Index>()),
        ) {
            for (at, byte) in changes {
                let at = at.index(body.len());
                body[at] = byte;
            }
            if let Some(cut) = cut {
                body.truncate(cut.index(body.len()));
            }
            prop_assert_eq!(glance(&body), by_reading(&body));
        }

        #[test]
        fn and_for_any_value(value in value()) {
            let bytes = crate::cbor::encode(&value);
            prop_assert_eq!(glance(&bytes), by_reading(&bytes));
        }
    }
}
