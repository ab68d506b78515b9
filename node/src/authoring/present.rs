//! A record as people read it: fields with labels, changes as text, the whole as JSON.
//!
//! Whatever type a value has, it is shown; what does not fit the schema is shown bare. Text from others is made harmless for
//! a terminal here (control and direction-overriding characters become U+FFFD); HTML is the pages' business.

use std::collections::BTreeMap;

use data_encoding::BASE64_NOPAD;
use nanduti_protocol::{
    hash::Hash,
    record::{Field, Form, PRACTICE, Record, Value, diff, fields, is_email, is_url},
    vocabulary::{self, Vocabulary},
};
use serde_json::json;

use crate::api::{FieldChange, FieldForm, FieldView, ValueView};

/// The fields of a practice in the order of the schema, then those that this version does not know.
pub fn field_views(record: &Record) -> Vec<FieldView> {
    let shown = fields(&PRACTICE, record).into_iter();
    shown
        .map(|shown| FieldView {
            name: clean(shown.name),
            label: label(shown.name, shown.field),
            form: shown.field.map_or(FieldForm::Unknown, |field| form_of(field, shown.value)),
            values: values(shown.field, shown.value),
        })
        .collect()
}

/// The fields that differ between two revisions of a practice.
pub fn field_changes(before: &Record, after: &Record) -> Vec<FieldChange> {
    let text = |field: Option<&'static Field>, value: Option<&Value>| {
        let views = value.map(|value| values(field, value)).unwrap_or_default();
        views.into_iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let changes = diff(&PRACTICE, before, after).into_iter();
    changes
        .map(|change| FieldChange {
            name: clean(change.name),
            label: label(change.name, change.field),
            before: text(change.field, change.before),
            after: text(change.field, change.after),
        })
        .collect()
}

/// The record as JSON, with bytes and links as DAG-JSON has them. For reading only.
pub fn record_json(record: &Record) -> serde_json::Value {
    record.iter().map(|(name, value)| (name.to_owned(), json_of(value))).collect::<serde_json::Map<_, _>>().into()
}

fn label(name: &str, field: Option<&Field>) -> String {
    field.map_or_else(|| clean(name), |field| field.label.to_owned())
}

fn form_of(field: &Field, value: &Value) -> FieldForm {
    match (&field.form, value) {
        (Form::Code(_) | Form::Language, _) => FieldForm::Code,
        (Form::Markdown { .. }, Value::String(_)) => FieldForm::Markdown,
        (Form::Line { .. } | Form::Text { .. }, _) => FieldForm::Text,
        _ => FieldForm::Plain,
    }
}

fn values(field: Option<&'static Field>, value: &Value) -> Vec<ValueView> {
    match value {
        Value::List(items) => items.iter().map(|item| view(field.map(|field| &field.form), item)).collect(),
        value => vec![view(field.map(|field| &field.form), value)],
    }
}

fn view(form: Option<&'static Form>, value: &Value) -> ValueView {
    match (form, value) {
        (Some(Form::Group(known)), Value::Map(map)) => group(known, map),
        (Some(Form::Code(vocabulary)), Value::String(code)) => coded(*vocabulary, code),
        (Some(Form::Language), Value::String(tag)) => coded(Vocabulary::Languages, tag),
        (Some(Form::Url | Form::Contact), Value::String(address)) => {
            ValueView { href: href(address), ..plain(clean(address)) }
        }
        (Some(Form::Entry), Value::Bytes(bytes)) => plain(id(bytes, Hash::to_cid)),
        (Some(Form::Blob), Value::Bytes(bytes)) => plain(id(bytes, Hash::to_blob_cid)),
        (_, value) => plain(bare(value)),
    }
}

/// A small record in one line: what names it, then the rest in brackets.
fn group(known: &'static [Field], map: &BTreeMap<String, Value>) -> ValueView {
    let link =
        known.iter().filter(|field| matches!(field.form, Form::Url)).find_map(|field| match map.get(field.name) {
            Some(Value::String(address)) => href(address),
            _ => None,
        });
    let name = known.iter().find(|field| matches!(field.name, "title" | "name" | "symbol" | "criterion"));
    let known_parts = known.iter().filter(|field| Some(field.name) != name.map(|name| name.name)).filter_map(|field| {
        let text =
            map.get(field.name).map(|value| values(Some(field), value).into_iter().map(line).collect::<Vec<_>>())?;
        // The address is behind the name already.
        let is_link = matches!(field.form, Form::Url) && link.is_some();
        (!is_link).then(|| format!("{}: {}", field.label, text.join(", ")))
    });
    let unknown = map.iter().filter(|(name, _)| known.iter().all(|field| field.name != name.as_str()));
    let parts: Vec<String> =
        known_parts.chain(unknown.map(|(name, value)| format!("{}: {}", clean(name), bare(value)))).collect();
    let head = name.and_then(|field| map.get(field.name).map(|value| line(view(Some(&field.form), value))));
    let text = match (head, parts.is_empty()) {
        (Some(head), true) => head,
        (Some(head), false) => format!("{head} ({})", parts.join("; ")),
        (None, _) => parts.join("; "),
    };
    ValueView { href: link, ..plain(text) }
}

fn coded(vocabulary: Vocabulary, code: &str) -> ValueView {
    let label = vocabulary::lookup(vocabulary, code).map(|term| term.label.to_owned());
    ValueView { label, ..plain(clean(code)) }
}

/// A value as one text: codes by their label.
fn line(view: ValueView) -> String {
    view.label.unwrap_or(view.text)
}

fn plain(text: String) -> ValueView {
    ValueView { text, label: None, href: None }
}

/// Pages link to `https:` and `mailto:` alone.
fn href(address: &str) -> Option<String> {
    if is_email(address) {
        return Some(format!("mailto:{address}"));
    }
    (address.starts_with("https://") && is_url(address)).then(|| address.to_owned())
}

fn id(bytes: &[u8], spelling: fn(Hash) -> String) -> String {
    let hash = <[u8; 32]>::try_from(bytes).map(Hash::from_bytes);
    hash.map_or_else(|_| bare(&Value::Bytes(bytes.to_vec())), spelling)
}

/// A value of whatever type.
fn bare(value: &Value) -> String {
    match value {
        Value::Bool(true) => "Yes".to_owned(),
        Value::Bool(false) => "No".to_owned(),
        Value::String(text) => clean(text),
        value => clean(&json_of(value).to_string()),
    }
}

fn clean(text: &str) -> String {
    let harmless = |c: char| if (c.is_control() && c != '\n' && c != '\t') || is_override(c) { '\u{fffd}' } else { c };
    text.chars().map(harmless).collect()
}

fn is_override(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => json!(value),
        Value::Integer(value) => i64::try_from(*value).map_or_else(|_| json!(value.to_string()), |value| json!(value)),
        Value::Float(value) => json!(value),
        Value::String(text) => json!(text),
        Value::Bytes(bytes) => json!({"/": {"bytes": BASE64_NOPAD.encode(bytes)}}),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(map) => {
            map.iter().map(|(name, value)| (name.clone(), json_of(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Link(cid) => json!({"/": cid.to_string()}),
    }
}
