//! A record as the file that would publish it again.
//!
//! Long texts become sections where that reads back as the same text; whatever a section cannot hold goes into the front
//! matter, in quotes with escapes if need be. Fields that the schema does not know are written as they are: whoever revises
//! the record sees that this version would lose them, since publishing refuses them.

use std::fmt::Write as _;

use data_encoding::BASE64_NOPAD;
use nanduti_protocol::{
    hash::Hash,
    kind::Audience,
    record::{Field, Form, PRACTICE, Record, Value, fields},
};
use unicode_normalization::is_nfc;

use super::{sections, typing};

/// The Markdown of a practice, with the id of the series that it would revise, and who may read it.
pub fn render(record: &Record, id: Option<&str>, audience: Option<Audience>) -> String {
    let mut out = String::from("---\n");
    if let Some(id) = id {
        line(&mut out, format_args!("{}: {}", typing::ID, quoted_unless_safe(id)));
    }
    if let Some(audience) = audience {
        line(&mut out, format_args!("{}: {}", typing::AUDIENCE, audience.name()));
    }
    let mut body = String::new();
    for shown in fields(&PRACTICE, record) {
        if shown.field.is_none() && [typing::ID, typing::AUDIENCE].contains(&shown.name) {
            continue;
        }
        match (shown.field, shown.value) {
            (Some(field), Value::String(text)) if field.is_section() && is_fit_for_section(text) => {
                line(&mut body, format_args!("\n{}{}\n\n{text}", sections::HEADING, field.label));
            }
            (field, value) => entry(&mut out, 0, shown.name, field, value),
        }
    }
    out + "---\n" + &body
}

/// Writes `name: value`, the name at the current place, what follows at its indentation.
fn entry(out: &mut String, indent: usize, name: &str, field: Option<&Field>, value: &Value) {
    out.push_str(&quoted_unless_safe(name));
    out.push(':');
    match value {
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                pad(out, indent + 2);
                out.push('-');
                item_of(out, indent + 4, field.map(|field| &field.form), item);
            }
        }
        value => nested(out, indent + 2, field.map(|field| &field.form), value),
    }
}

/// Writes a value after `name:`; a map begins on a new line.
fn nested(out: &mut String, indent: usize, form: Option<&Form>, value: &Value) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            out.push('\n');
            for name in ordered(form, map.keys()) {
                if let Some(value) = map.get(name) {
                    pad(out, indent);
                    entry(out, indent, name, inner(form, name), value);
                }
            }
        }
        value => {
            out.push(' ');
            scalar(out, indent, form, value);
        }
    }
}

/// Writes a value after `-`; a map or a list begins on the same line.
fn item_of(out: &mut String, indent: usize, form: Option<&Form>, value: &Value) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            let names = ordered(form, map.keys());
            for (place, name) in names.into_iter().enumerate() {
                if place == 0 {
                    out.push(' ')
                } else {
                    pad(out, indent)
                }
                if let Some(value) = map.get(name) {
                    entry(out, indent, name, inner(form, name), value);
                }
            }
        }
        Value::List(items) if !items.is_empty() => {
            for (place, item) in items.iter().enumerate() {
                if place == 0 {
                    out.push(' ')
                } else {
                    pad(out, indent)
                }
                out.push('-');
                item_of(out, indent + 2, None, item);
            }
        }
        value => {
            out.push(' ');
            scalar(out, indent, form, value);
        }
    }
}

/// Names in the order of the small record's fields, then the others.
fn ordered<'a>(form: Option<&Form>, names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    if let Some(Form::Group(fields)) = form {
        let place = |name: &&str| fields.iter().position(|field| field.name == *name).unwrap_or(usize::MAX);
        names.sort_by_key(place);
    }
    names
}

fn inner(form: Option<&Form>, name: &str) -> Option<&'static Field> {
    match form {
        Some(Form::Group(fields)) => fields.iter().find(|field| field.name == name),
        _ => None,
    }
}

fn scalar(out: &mut String, indent: usize, form: Option<&Form>, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => line_part(out, format_args!("{value}")),
        Value::Integer(value) => line_part(out, format_args!("{value}")),
        Value::Float(value) => line_part(out, format_args!("{value:?}")),
        Value::String(text) if is_fit_for_block(text) => {
            out.push_str("|-");
            for row in text.split('\n') {
                out.push('\n');
                if !row.is_empty() {
                    pad(out, indent);
                    out.push_str(row);
                }
            }
        }
        Value::String(text) if matches!(form, Some(Form::Date(_))) && is_safe_plain(text) => out.push_str(text),
        Value::String(text) => out.push_str(&quoted_unless_safe(text)),
        Value::Bytes(bytes) => out.push_str(&bytes_of(form, bytes)),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
        Value::Link(cid) => line_part(out, format_args!("{{\"/\": \"{cid}\"}}")),
    }
    out.push('\n');
}

fn bytes_of(form: Option<&Form>, bytes: &[u8]) -> String {
    let hash = <[u8; 32]>::try_from(bytes).ok().map(Hash::from_bytes);
    match (form, hash) {
        (Some(Form::Entry), Some(hash)) => hash.to_cid(),
        (Some(Form::Blob), Some(hash)) => hash.to_blob_cid(),
        _ => format!("{{\"/\": {{bytes: \"{}\"}}}}", BASE64_NOPAD.encode(bytes)),
    }
}

/// Does the text read back as itself from a section of the body?
fn is_fit_for_section(text: &str) -> bool {
    let line_is_text = |line: &str| sections::heading(line).is_none() && !line.starts_with(sections::COMMENT);
    is_ordinary(text) && text.split('\n').all(line_is_text)
}

/// Does the text read back as itself from a block, and is it better read there than in quotes?
fn is_fit_for_block(text: &str) -> bool {
    text.contains('\n')
        && is_ordinary(text)
        && text.split('\n').all(|line| line.trim_end() == line && !line.starts_with('\t'))
}

fn is_ordinary(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(|c| c != '\n' && needs_escape(c)) && is_nfc(text)
}

/// Is the text, without quotes, that text and nothing else?
fn is_safe_plain(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || " -_./():?&=%+@~;!,'".contains(c);
    text.starts_with(char::is_alphanumeric)
        && text.chars().all(allowed)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && is_nfc(text)
        && !matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false")
}

fn quoted_unless_safe(text: &str) -> String {
    if is_safe_plain(text) && typing::infer(text) == Value::String(text.to_owned()) {
        return text.to_owned();
    }
    let escape_all = !is_nfc(text);
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if needs_escape(c) || (escape_all && !c.is_ascii()) => {
                line_part(&mut out, format_args!("\\U{:08X}", u32::from(c)))
            }
            c => out.push(c),
        }
    }
    out + "\""
}

/// Characters that an editor, a terminal or YAML itself would not leave as they are.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{fdd0}'..='\u{fdef}' | '\u{e0000}'..='\u{e007f}')
        || u32::from(c) & 0xfffe == 0xfffe
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string can be written to");
}

fn line_part(out: &mut String, text: std::fmt::Arguments<'_>) {
    write!(out, "{text}").expect("a string can be written to");
}
