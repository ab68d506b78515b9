//! Records: the typed bodies that institutions sign, and the rules for them.
//!
//! A record is an ordered tree of DAG-CBOR values under field names. What a field means is said by a [`Schema`], a constant
//! table; nothing here is generated from or tied to a Rust struct, so that a record with fields of a later version keeps
//! them. Two doors with different rules:
//!
//! - [`validate()`] is for the author, before signing: it is strict, names every problem at once, and tells errors from
//!   warnings;
//! - [`check_readable`] is for records of others: only bounds and the types of the known fields. What fails it is still
//!   carried and verified, and shown bare. Unknown fields and unknown codes are no reason to fail.
//!
//! Absent on purpose: who may write a record (authority), which revisions there are (library), Markdown (authoring, in the
//! node), and any clock: whether a review is due is for the reader to say.

mod body;
mod bounds;
mod compare;
mod date;
mod glance;
mod practice;
mod problem;
mod readable;
mod schema;
mod skim;
mod smell;
mod text;
mod tree;
mod url;
mod validate;
mod withdrawal;

use alloc::{collections::BTreeMap, string::String, vec::Vec};

pub use body::{BodyError, RecordBody, WithdrawalBody};
pub use bounds::{DEPTH_MAX, ITEMS_MAX, REVISES_MAX, SALT_LEN};
pub use compare::{Change, Shown, diff, fields};
pub use glance::{Glance, glance};
pub use practice::PRACTICE;
pub use problem::{Problem, Severity};
pub use readable::{Unreadable, check_readable};
pub use schema::{Field, Form, Need, Precision, Schema, schema};
pub use url::{is_contact, is_email, is_url};
pub use validate::validate;
pub use withdrawal::WITHDRAWAL;

/// A value in a record: the data model of DAG-CBOR.
pub use ipld_core::ipld::Ipld as Value;

/// A record: values by field name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record(BTreeMap<String, Value>);

impl Record {
    /// A record without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Sets a field.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.0.insert(name.into(), value);
    }

    /// Takes a field away.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Every field, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Has it no fields at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of a field; `None` if it is absent or no text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The texts of a field that is a list; whatever is no text is passed over. A single text is a list of one.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        match self.get(name) {
            Some(Value::String(text)) => Vec::from([text.as_str()]),
            Some(Value::List(items)) => items
                .iter()
                .filter_map(|item| if let Value::String(text) = item { Some(text.as_str()) } else { None })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The title, or nothing.
    pub fn title(&self) -> &str {
        self.text("title").unwrap_or_default()
    }

    /// BCP 47 tag of the source language, or nothing.
    pub fn source_language(&self) -> &str {
        self.text("source_language").unwrap_or_default()
    }

    /// Codes of the vocabulary `strand`.
    pub fn strands(&self) -> Vec<&str> {
        self.texts("strands")
    }

    /// Codes of the vocabulary `capacity`.
    pub fn capacities(&self) -> Vec<&str> {
        self.texts("capacities")
    }

    /// Codes of the themes.
    pub fn themes(&self) -> Vec<&str> {
        self.texts("themes")
    }

    /// The tree that goes into a body.
    pub fn into_value(self) -> Value {
        Value::Map(self.0)
    }
}

impl From<BTreeMap<String, Value>> for Record {
    fn from(fields: BTreeMap<String, Value>) -> Self {
        Self(fields)
    }
}
