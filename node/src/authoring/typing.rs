//! From what was written to typed values, by the schema.
//!
//! A field that was left blank is absent, but for who may read it. A single value where a list belongs is a list of one. Whatever does not fit is
//! kept as it is, so that validation names it together with everything else.

use std::collections::BTreeMap;

use data_encoding::BASE64_NOPAD;
use nanduti_protocol::{
    hash::Hash,
    kind::Audience,
    record::{Field, Form, Schema, Value},
    vocabulary,
};

use super::{
    Reading,
    yaml::{Kind, Node},
};

/// Name in the front matter of the series that is revised. No record has a field of this name.
pub(super) const ID: &str = "id";
/// Name in the front matter of who may read it. No record has a field of this name: it stands in the entry.
pub(super) const AUDIENCE: &str = "audience";

/// What a file says beside its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: Option<String>,
    pub(super) audience: Option<Audience>,
}

/// Reads all fields of the front matter; returns what is said beside the record.
pub(super) fn read_front_matter(root: Node, schema: &Schema, reading: &mut Reading) -> Head {
    let mut head = Head::default();
    let line = root.line;
    let is_blank = root.is_null();
    let Kind::Map(entries) = root.kind else {
        if !is_blank {
            reading.problem("", line, "the front matter has to be fields, one a line, such as `title: …`", None);
        }
        return head;
    };
    for (name, node) in entries {
        if name == AUDIENCE {
            head.audience = audience(&node, reading);
            continue;
        }
        if name == ID {
            match node.text() {
                _ if node.is_null() => {}
                Some(text) => head.id = Some(text.trim().to_owned()),
                None => reading.problem(ID, node.line, "has to be the id of a practice", None),
            }
            continue;
        }
        reading.lines.insert(name.clone(), node.line);
        let value = match schema.field(&name) {
            Some(field) => typed(&name, field, &node, &mut reading.lines),
            None => Some(loose(&node)),
        };
        if let Some(value) = value {
            reading.record.set(name, value);
        }
    }
    head
}

/// Who may read it. What is not understood, and what was left blank, is a mistake, never a default: it could open what was meant for few.
fn audience(node: &Node, reading: &mut Reading) -> Option<Audience> {
    let named =
        |text: &str| [Audience::Public, Audience::Members].into_iter().find(|known| known.name() == text.trim());
    let known = node.text().and_then(named);
    if known.is_none() {
        let hint = "`audience: members` is for members of the network only, `audience: public`, or no such line, for everybody";
        let wrong = if node.is_null() { "is empty" } else { "is neither `public` nor `members`" };
        reading.problem(AUDIENCE, node.line, wrong, Some(hint.to_owned()));
    }
    known
}

fn typed(path: &str, field: &Field, node: &Node, lines: &mut BTreeMap<String, u64>) -> Option<Value> {
    if !field.is_list() {
        return single(path, &field.form, node, lines);
    }
    let items: Vec<&Node> = match &node.kind {
        Kind::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    let mut values = Vec::new();
    for item in items {
        let path = format!("{path}[{}]", values.len());
        lines.insert(path.clone(), item.line);
        values.extend(single(&path, &field.form, item, lines));
    }
    (!values.is_empty()).then_some(Value::List(values))
}

fn single(path: &str, form: &Form, node: &Node, lines: &mut BTreeMap<String, u64>) -> Option<Value> {
    if node.is_null() {
        return None;
    }
    if let (Form::Group(fields), Kind::Map(entries)) = (form, &node.kind) {
        return group(path, fields, entries, lines);
    }
    let Some(text) = node.text() else { return Some(loose(node)) };
    if text.is_empty() {
        return None;
    }
    let is_plain = matches!(node.kind, Kind::Plain(_));
    let as_text = || Value::String(text.to_owned());
    Some(match form {
        Form::Bool | Form::Number | Form::Count { .. } if is_plain => infer(text),
        Form::Language => Value::String(vocabulary::canonical_language(text).unwrap_or_else(|| text.to_owned())),
        Form::Entry => Hash::from_cid(text).map_or_else(as_text, bytes),
        Form::Blob => Hash::from_blob_cid(text).map_or_else(as_text, bytes),
        _ => as_text(),
    })
}

fn group(path: &str, fields: &[Field], entries: &[(String, Node)], lines: &mut BTreeMap<String, u64>) -> Option<Value> {
    let mut values = BTreeMap::new();
    for (name, node) in entries {
        let path = format!("{path}.{name}");
        lines.insert(path.clone(), node.line);
        let value = match fields.iter().find(|field| field.name == name) {
            Some(field) => typed(&path, field, node, lines),
            None => Some(loose(node)),
        };
        if let Some(value) = value {
            values.insert(name.clone(), value);
        }
    }
    (!values.is_empty()).then_some(Value::Map(values))
}

/// A value of a field that the schema does not know: by the core schema of YAML, with bytes and links as DAG-JSON has them.
fn loose(node: &Node) -> Value {
    match &node.kind {
        Kind::Plain(text) => infer(text),
        Kind::Quoted(text) | Kind::Block(text) => Value::String(text.clone()),
        Kind::List(items) => Value::List(items.iter().map(loose).collect()),
        Kind::Map(entries) => reserved(entries)
            .unwrap_or_else(|| Value::Map(entries.iter().map(|(name, node)| (name.clone(), loose(node))).collect())),
    }
}

/// `{"/": {"bytes": "…"}}`
fn reserved(entries: &[(String, Node)]) -> Option<Value> {
    let [(slash, node)] = entries else { return None };
    let Kind::Map(inner) = &node.kind else { return None };
    let [(name, text)] = inner.as_slice() else { return None };
    (slash == "/" && name == "bytes").then(|| BASE64_NOPAD.decode(text.text()?.as_bytes()).ok().map(Value::Bytes))?
}

/// What a text without quotes means where no schema says it. A number has no leading plus or needless zero.
pub(super) fn infer(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let starts_well = digits.starts_with(|c: char| c.is_ascii_digit());
    let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.") && !digits.starts_with("0e");
    if !starts_well || padded || !digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte)) {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i128 = text.parse().ok()?;
        let in_cbor = -i128::from(u64::MAX) - 1..=i128::from(u64::MAX);
        return in_cbor.contains(&number).then_some(Value::Integer(number));
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
}

fn bytes(hash: Hash) -> Value {
    Value::Bytes(hash.as_bytes().to_vec())
}
