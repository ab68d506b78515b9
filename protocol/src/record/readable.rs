//! The reader's check: can this record of somebody else be shown by its schema?
//!
//! Only bounds and the types of the known fields, so that no page or index has to fear them. Nothing is required, unknown
//! fields and codes pass. A record that fails is a true statement of its signer all the same: it is carried and verified,
//! and shown bare. The answer depends on the bytes and on the schema alone, so nodes of one version agree on it.

use super::{
    DEPTH_MAX, Field, Form, Record, Schema,
    bounds::INTEGER_MAX,
    tree::{Leaf, Tree},
};

/// Why a record can only be shown bare.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nested too deeply.
    #[error("nested deeper than {DEPTH_MAX} levels")]
    Depth,
    /// A known field holds another type of value.
    #[error("field `{field}` holds a value of another type")]
    Type {
        /// The field, or the field of a small record.
        field: &'static str,
    },
    /// A known field holds more than it may.
    #[error("field `{field}` holds more than is allowed")]
    Size {
        /// The field, or the field of a small record.
        field: &'static str,
    },
}

/// Checks a record of somebody else.
///
/// # Errors
/// If it is out of bounds, or a known field holds another type of value.
pub fn check_readable(schema: &Schema, record: &Record) -> Result<(), Unreadable> {
    if !record.iter().all(|(_, value)| is_within(value, DEPTH_MAX - 1)) {
        return Err(Unreadable::Depth);
    }
    fields(schema.fields, |name| record.get(name))
}

/// The same for a record that is a tree, owned or borrowed.
pub(super) fn is_readable(schema: &Schema, record: &impl Tree) -> Result<(), Unreadable> {
    if !record.values().all(|value| is_within(value, DEPTH_MAX - 1)) {
        return Err(Unreadable::Depth);
    }
    fields(schema.fields, |name| record.value(name))
}

fn fields<'a, T: Tree + 'a>(known: &[Field], value: impl Fn(&str) -> Option<&'a T>) -> Result<(), Unreadable> {
    known
        .iter()
        .filter_map(|field| Some((field, value(field.name)?)))
        .try_for_each(|(field, found)| check(field, found))
}

fn check(field: &Field, found: &impl Tree) -> Result<(), Unreadable> {
    if !field.is_list() {
        return single(field, found);
    }
    let items = found.items().ok_or(Unreadable::Type { field: field.name })?;
    if items.len() > field.max {
        return Err(Unreadable::Size { field: field.name });
    }
    items.iter().try_for_each(|item| single(field, item))
}

fn single(field: &Field, found: &impl Tree) -> Result<(), Unreadable> {
    let fits = match (&field.form, found.leaf()) {
        (Form::Group(known), _) if found.is_map() => return fields(known, |name| found.value(name)),
        (Form::Bool, Leaf::Bool(_)) => true,
        (Form::Number, Leaf::Float(number)) => number.is_finite(),
        (Form::Number | Form::Count { .. }, Leaf::Integer(number)) => (-INTEGER_MAX..=INTEGER_MAX).contains(&number),
        (Form::Entry | Form::Blob, Leaf::Bytes(bytes)) => bytes.len() == 32,
        (Form::Bool | Form::Number | Form::Count { .. } | Form::Entry | Form::Blob | Form::Group(_), _) => {
            return Err(Unreadable::Type { field: field.name });
        }
        (form, Leaf::Text(text)) => {
            let most = form.max_chars().unwrap_or(CODE_MAX);
            // No text has more characters than bytes, so that most are not counted.
            text.len() <= most || text.chars().count() <= most
        }
        _ => return Err(Unreadable::Type { field: field.name }),
    };
    if fits { Ok(()) } else { Err(Unreadable::Size { field: field.name }) }
}

/// Characters of a code, a tag or a date that this version may not know.
const CODE_MAX: usize = 100;

fn is_within(value: &impl Tree, levels: usize) -> bool {
    if let Some(items) = value.items() {
        levels > 0 && items.iter().all(|item| is_within(item, levels - 1))
    } else if value.is_map() {
        levels > 0 && value.values().all(|item| is_within(item, levels - 1))
    } else {
        true
    }
}
