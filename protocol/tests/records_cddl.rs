//! `docs/spec/records.cddl` is made from the schemas, so that the specification cannot fall behind the code.
//!
//! `UPDATE_GENERATED=1 cargo test -p nanduti-protocol --test records_cddl` writes it anew.

use std::{env, fmt::Write as _, fs};

use nanduti_protocol::record::{Field, Form, ITEMS_MAX, Need, PRACTICE, Precision, REVISES_MAX, Schema, WITHDRAWAL};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/records.cddl");

#[test]
fn the_cddl_is_that_of_the_schemas() {
    let expected = cddl();
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(PATH, &expected).expect("the file can be written");
    }
    let found = fs::read_to_string(PATH).expect("the file can be read");
    assert!(found == expected, "docs/spec/records.cddl is stale; run this test with UPDATE_GENERATED=1");
}

fn cddl() -> String {
    let mut out = format!(
        "; Bodies of records (RFC 8610). Made from the schemas in protocol/src/record/; do not edit.
;
; All bytes are strict DAG-CBOR: definite lengths, shortest integers, floats of 64 bits, keys of maps in order of length
; and then of bytes. CDDL cannot say this, nor that a body has at most 1048576 bytes and {ITEMS_MAX} values.
;
; `;= n` beside a text is its most characters (Unicode scalar values). What an author must write is stricter than what a
; reader must accept: see records.md.

body = record-body / withdrawal-body

salt = bytes .size 16
entry-hash = bytes .size 32   ; BLAKE3 of the bytes of an entry
blob-hash = bytes .size 32    ; BLAKE3 of a file

record-body = first-body / revision-body

first-body = {{
  salt: salt,
  record: practice,
  series: null,
  revises: [],
  * tstr => value,            ; of a later version: kept
}}

revision-body = {{
  salt: salt,
  record: practice,
  series: entry-hash,         ; the first entry of the series
  revises: [1*{REVISES_MAX} entry-hash],  ; sorted, each once
  * tstr => value,
}}

withdrawal-body = {{
  salt: salt,
  record: withdrawal,
  * tstr => value,            ; of a later version: void
}}

value = null / bool / int / float64 / tstr / bytes / [* value] / {{* tstr => value}} / #6.42(bytes)
number = int / float64        ; integers from -9007199254740991 to 9007199254740991
date = tstr                   ; see records.md
language = tstr               ; BCP 47
url = tstr                    ; https or http
"
    );
    for schema in [&PRACTICE, &WITHDRAWAL] {
        of_schema(&mut out, schema);
    }
    out
}

fn of_schema(out: &mut String, schema: &Schema) {
    map(out, schema.kind, schema.fields);
    for field in schema.fields {
        if let Form::Group(inner) = field.form {
            map(out, &dashed(field.name), inner);
        }
    }
}

fn map(out: &mut String, name: &str, fields: &[Field]) {
    writeln!(out, "\n{name} = {{").expect("a string can be written to");
    for field in fields {
        let optional = if field.need == Need::Required { "" } else { "? " };
        let (form, note) = form(field);
        let form = if field.is_list() { format!("[{}*{} {form}]", field.min, field.max) } else { form };
        let note = match (note, field.need) {
            (note, Need::Recommended) if note.is_empty() => "  ; recommended".to_owned(),
            (note, Need::Recommended) => format!("  ;{note}, recommended"),
            (note, _) if note.is_empty() => String::new(),
            (note, _) => format!("  ;{note}"),
        };
        writeln!(out, "  {optional}{}: {form},{note}", field.name).expect("a string can be written to");
    }
    out.push_str("  * tstr => value,\n}\n");
}

fn form(field: &Field) -> (String, String) {
    let note = field.form.max_chars().map(|most| format!("= {most}")).unwrap_or_default();
    let (form, note) = match field.form {
        Form::Line { .. } | Form::Text { .. } | Form::Place { .. } | Form::Contact => ("tstr", note),
        Form::Markdown { .. } => ("tstr", format!("{note}, Markdown")),
        Form::Code(vocabulary) => ("tstr", format!(" code of {}", vocabulary.name())),
        Form::Language => ("language", note),
        Form::Bool => ("bool", note),
        Form::Count { max } => return (format!("0..{max}"), note),
        Form::Number => ("number", note),
        Form::Date(Precision::Day) => ("date", " YYYY-MM-DD".to_owned()),
        Form::Date(Precision::Any) => ("date", " YYYY, YYYY-MM or YYYY-MM-DD".to_owned()),
        Form::Date(Precision::Month) => ("date", " YYYY or YYYY-MM".to_owned()),
        Form::Date(Precision::MonthOrUnknown) => ("date", " YYYY, YYYY-MM or XXXX".to_owned()),
        Form::Url => ("url", note),
        Form::Entry => ("entry-hash", note),
        Form::Blob => ("blob-hash", note),
        Form::Group(_) => return (dashed(field.name), note),
    };
    (form.to_owned(), note)
}

fn dashed(name: &str) -> String {
    name.replace('_', "-")
}
