//! A record as people read it, and what changed between two: field by field in the order of the schema.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use super::{Field, Record, Schema, Value};

/// One field of a record that is to be shown.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    /// Name in the record.
    pub name: &'a str,
    /// What the schema says of it; `None` for a field that this version does not know.
    pub field: Option<&'static Field>,
    /// Its value, of whatever type.
    pub value: &'a Value,
}

/// One field that differs.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// Name in the record.
    pub name: &'a str,
    /// What the schema says of it; `None` for a field that this version does not know.
    pub field: Option<&'static Field>,
    /// Value before.
    pub before: Option<&'a Value>,
    /// Value after.
    pub after: Option<&'a Value>,
}

/// The fields that a record has, in the order of the schema, then those that the schema does not know, by name.
pub fn fields<'a>(schema: &Schema, record: &'a Record) -> Vec<Shown<'a>> {
    let known = schema.fields.iter().filter_map(|field| {
        let (name, value) = record.0.get_key_value(field.name)?;
        Some(Shown { name: name.as_str(), field: Some(field), value })
    });
    let unknown = record.iter().filter(|(name, _)| schema.field(name).is_none());
    known.chain(unknown.map(|(name, value)| Shown { name, field: None, value })).collect()
}

/// The fields that differ, in the same order.
pub fn diff<'a>(schema: &Schema, before: &'a Record, after: &'a Record) -> Vec<Change<'a>> {
    let known = schema.fields.iter().map(|field| (field.name, Some(field)));
    let names: BTreeSet<&String> = before.0.keys().chain(after.0.keys()).collect();
    let unknown = names.into_iter().filter(|name| schema.field(name).is_none()).map(|name| (name.as_str(), None));
    known
        .chain(unknown)
        .map(|(name, field)| Change { name, field, before: before.get(name), after: after.get(name) })
        .filter(|change| change.before != change.after)
        .collect()
}
