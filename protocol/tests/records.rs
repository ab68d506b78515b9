//! Records against their list of fields, against arbitrary content, and against bytes in another form.

use std::collections::{BTreeMap, BTreeSet};

use nanduti_protocol::{
    cbor,
    hash::Hash,
    record::{
        BodyError, DEPTH_MAX, Field, Form, Need, PRACTICE, Precision, Record, RecordBody, Schema, Unreadable, Value,
        WITHDRAWAL, WithdrawalBody, check_readable, diff, fields, schema, validate,
    },
    vocabulary::Vocabulary,
};
use proptest::prelude::*;

/// Rows of one record in the list of fields.
fn rows(record: &str) -> Vec<BTreeMap<String, String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/record_fields.csv");
    let mut reader = csv::Reader::from_path(path).expect("the list can be read");
    let rows = reader.deserialize().map(|row| row.expect("every row has all columns"));
    rows.filter(|row: &BTreeMap<String, String>| row["record"] == record).collect()
}

#[test]
fn the_practice_agrees_with_the_list_of_fields() {
    let rows = rows("practice");
    let names: Vec<&str> = rows.iter().map(|row| row["field"].as_str()).collect();
    assert_eq!(PRACTICE.fields.iter().map(|field| field.name).collect::<Vec<_>>(), names);
    for (row, field) in rows.iter().zip(PRACTICE.fields) {
        agrees(row, field);
    }
}

fn agrees(row: &BTreeMap<String, String>, field: &Field) {
    let name = field.name;
    let need = match row["required"].as_str() {
        "y" => Need::Required,
        "recommended" => Need::Recommended,
        "n" => Need::Optional,
        other => panic!("{name}: required is {other}"),
    };
    assert_eq!(field.need, need, "{name}");
    let most: usize = row["cardinality"].rsplit("..").next().and_then(|most| most.parse().ok()).expect("a cardinality");
    assert_eq!((field.min, field.max), (1, most), "{name}: a field that says nothing is absent");
    let form = match row["type"].as_str() {
        "text" | "lang text" => matches!(field.form, Form::Line { .. } | Form::Text { .. }),
        "text, Markdown subset" => matches!(field.form, Form::Markdown { .. }),
        "BCP 47" => matches!(field.form, Form::Language),
        "code" => matches!(field.form, Form::Code(_)),
        "boolean" => matches!(field.form, Form::Bool),
        "year or year-month" => matches!(field.form, Form::Date(Precision::Month | Precision::MonthOrUnknown)),
        "date" => matches!(field.form, Form::Date(Precision::Day)),
        "ISO 3166-2 or text" => matches!(field.form, Form::Place { .. }),
        "institutional mailbox or form url" => matches!(field.form, Form::Contact),
        "SPDX id" => matches!(field.form, Form::Code(Vocabulary::Licence)),
        _ => matches!(field.form, Form::Group(_)),
    };
    assert!(form, "{name}: type {}", row["type"]);
    let is_most = |most: usize| match field.form {
        Form::Group(inner) => inner.iter().any(|inner| inner.form.max_chars() == Some(most)),
        form => form.max_chars() == Some(most),
    };
    match row["max"].as_str() {
        "" => {}
        "100 MB each" => assert!(matches!(field.form, Form::Group(_))),
        most => {
            assert!(is_most(most.trim_start_matches("quote ").parse().expect("a number")), "{name}: at most {most}")
        }
    }
    if let (Form::Code(vocabulary), listed) = (field.form, row["vocabulary"].as_str())
        && !listed.contains(',')
    {
        assert_eq!(vocabulary.name(), listed, "{name}");
    }
}

#[test]
fn the_withdrawal_agrees_with_the_list_of_fields() {
    let rows = rows("withdrawal");
    let names: Vec<&str> = rows.iter().flat_map(|row| row["field"].split(", ")).collect();
    assert_eq!(WITHDRAWAL.fields.iter().map(|field| field.name).collect::<Vec<_>>(), names);
    assert!(matches!(WITHDRAWAL.field("public_note").map(|field| field.form), Some(Form::Text { max: 500 })));
}

#[test]
fn names_are_unique_in_each_table() {
    fn unique(fields: &[Field]) {
        let names: BTreeSet<_> = fields.iter().map(|field| field.name).collect();
        let labels: BTreeSet<_> = fields.iter().map(|field| field.label.to_lowercase()).collect();
        assert_eq!((names.len(), labels.len()), (fields.len(), fields.len()));
        for field in fields {
            assert!(field.min >= 1 && field.max >= field.min, "{}", field.name);
            if let Form::Group(inner) = field.form {
                unique(inner);
            }
        }
    }
    for kind in ["practice", "withdrawal"] {
        unique(schema(kind).expect("a known kind").fields);
    }
    assert!(schema("charter").is_none());
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

/// A practice with nothing but what is required.
fn least() -> Record {
    let mut record = Record::new();
    for (name, value) in [
        ("title", "Title"),
        ("summary", "Summary."),
        ("source_language", "es"),
        ("maturity", "promising"),
        ("phase", "running"),
        ("start", "XXXX"),
        ("description", "What."),
        ("results", "Results."),
        ("lessons", "Lessons."),
        ("contact", "office@example.org"),
        ("licence", "CC-BY-4.0"),
    ] {
        record.set(name, text(value));
    }
    for (name, code) in [("kind", "procedure"), ("capacities", "coordination"), ("strands", "judiciary")] {
        record.set(name, Value::List(vec![text(code)]));
    }
    let evidence = map(&[("kind", text("self-assessment")), ("title", text("Ours")), ("symbol", text("A/1"))]);
    record.set("evidence", Value::List(vec![evidence]));
    let yes = Value::Bool(true);
    record.set(
        "safety_review",
        map(&[("personal_data", yes.clone()), ("defender_safety", yes), ("date", text("2026-01-31"))]),
    );
    record
}

fn errors(record: &Record) -> Vec<String> {
    let problems = validate(&PRACTICE, record).into_iter();
    problems.filter(nanduti_protocol::record::Problem::is_error).map(|problem| problem.path).collect()
}

#[test]
fn what_is_required_is_enough() {
    assert_eq!(errors(&least()), [""; 0]);
    let warned: Vec<String> = validate(&PRACTICE, &least()).into_iter().map(|problem| problem.path).collect();
    let recommended = PRACTICE.fields.iter().filter(|field| field.need == Need::Recommended).map(|field| field.name);
    assert_eq!(warned, recommended.collect::<Vec<_>>());
    assert_eq!(check_readable(&PRACTICE, &least()), Ok(()));
}

#[test]
fn good_needs_two_kinds_of_evidence_one_from_outside() {
    let mut record = least();
    record.set("maturity", text("good"));
    assert_eq!(errors(&record), ["evidence"]);
    let item = |kind: &str| map(&[("kind", text(kind)), ("title", text("x"))]);
    record.set("evidence", Value::List(vec![item("statistics"), item("statistics")]));
    assert_eq!(errors(&record), ["evidence"]);
    record.set("evidence", Value::List(vec![item("statistics"), item("self-assessment")]));
    assert_eq!(errors(&record), [""; 0]);
}

#[test]
fn rules_over_several_fields_hold() {
    let mut record = least();
    record.set("start", text("2019-05"));
    record.set("end", text("2019-04"));
    record.set("title", text("a\u{2067}b"));
    record.set("licence", text("MIT"));
    record.set("themes", Value::List(Vec::new()));
    record.set("unknown", Value::Null);
    assert_eq!(errors(&record), ["title", "themes", "licence", "unknown", "end"]);
}

#[test]
fn lengths_are_counted_in_characters() {
    let mut record = least();
    record.set("title", text(&"ñ".repeat(150)));
    assert_eq!(errors(&record), [""; 0]);
    record.set("title", text(&"n".repeat(151)));
    assert_eq!(errors(&record), ["title"]);
    assert_eq!(check_readable(&PRACTICE, &record), Err(Unreadable::Size { field: "title" }));
}

#[test]
fn records_of_others_are_read_as_far_as_they_go() {
    let mut record = least();
    record.set("video", Value::Float(1.5));
    record.set("strands", Value::List(vec![text("a-strand-of-later")]));
    record.remove("summary");
    assert_eq!(check_readable(&PRACTICE, &record), Ok(()));
    let mut wrong = record.clone();
    wrong.set("title", Value::Integer(1));
    assert_eq!(check_readable(&PRACTICE, &wrong), Err(Unreadable::Type { field: "title" }));
    assert_eq!(wrong.title(), "");
    let mut deep = Value::Null;
    for _ in 1..DEPTH_MAX {
        deep = Value::List(vec![deep]);
    }
    record.set("video", deep.clone());
    assert_eq!(check_readable(&PRACTICE, &record), Ok(()));
    record.set("video", Value::List(vec![deep]));
    assert_eq!(check_readable(&PRACTICE, &record), Err(Unreadable::Depth));
}

#[test]
fn differences_are_told_in_the_order_of_the_schema() {
    let before = least();
    let mut after = before.clone();
    after.set("zebra", Value::Null);
    after.set("lessons", text("Others."));
    after.remove("summary");
    let names: Vec<&str> = diff(&PRACTICE, &before, &after).iter().map(|change| change.name).collect();
    assert_eq!(names, ["summary", "lessons", "zebra"]);
    assert_eq!(fields(&PRACTICE, &after).last().map(|shown| shown.name), Some("zebra"));
    assert!(diff(&PRACTICE, &after, &after).is_empty());
}

fn hash(byte: u8) -> Hash {
    Hash::from_bytes([byte; 32])
}

#[test]
fn bodies_of_revisions_keep_their_order() {
    let body = RecordBody::revision([7; 16], hash(1), vec![hash(3), hash(2), hash(3)], least());
    assert_eq!(body.revises, [hash(2), hash(3)]);
    assert_eq!(RecordBody::decode(&body.encode().expect("in bounds")), Ok(body.clone()));
    for wrong in [
        RecordBody { revises: vec![hash(3), hash(2)], ..body.clone() },
        RecordBody { revises: vec![hash(2), hash(2)], ..body.clone() },
        RecordBody { revises: Vec::new(), ..body.clone() },
        RecordBody { series: None, ..body.clone() },
        RecordBody { revises: (0..17).map(hash).collect(), ..body.clone() },
    ] {
        assert_eq!(wrong.encode(), Err(BodyError::Order("revises")));
        let revises = wrong.revises.iter().map(|hash| Value::Bytes(hash.as_bytes().to_vec())).collect();
        let series = wrong.series.map_or(Value::Null, |hash| Value::Bytes(hash.as_bytes().to_vec()));
        let record = wrong.record.into_value();
        let salt = Value::Bytes(vec![7; 16]);
        let bytes = map(&[("salt", salt), ("record", record), ("series", series), ("revises", Value::List(revises))]);
        assert_eq!(RecordBody::decode(&cbor::encode(&bytes)), Err(BodyError::Order("revises")));
    }
}

#[test]
fn a_withdrawal_comes_back_and_ignores_what_it_does_not_know() {
    let body = WithdrawalBody {
        salt: [1; 16],
        series: hash(1),
        versions: vec![hash(1), hash(2)],
        reason: "error".to_owned(),
        note: Some("The figures were of another year.".to_owned()),
    };
    let bytes = body.encode().expect("in bounds");
    assert_eq!(WithdrawalBody::decode(&bytes), Ok(body.clone()));
    assert!(validate(&WITHDRAWAL, &body.record()).is_empty());
    let Ok(Value::Map(mut later)) = cbor::decode::<Value>(&bytes) else { panic!("a map") };
    later.insert("later".to_owned(), Value::Bool(true));
    assert_eq!(WithdrawalBody::decode(&cbor::encode(&later)), Ok(body.clone()));
    assert_eq!(WithdrawalBody { versions: Vec::new(), ..body }.encode(), Err(BodyError::Order("of_versions")));
}

#[test]
fn other_forms_of_a_body_are_refused() {
    let good = RecordBody::first([7; 16], Record::new()).encode().expect("in bounds");
    assert!(RecordBody::decode(&good).is_ok());
    let mut trailing = good.clone();
    trailing.push(0);
    assert!(matches!(RecordBody::decode(&trailing), Err(BodyError::Malformed(_))));
    for end in 0..good.len() {
        assert!(RecordBody::decode(&good[..end]).is_err(), "{end}");
    }
    let salt = [&[0x64][..], b"salt", &[0x50], &[7; 16]].concat();
    let series = [&[0x66][..], b"series", &[0xf6]].concat();
    let revises = [&[0x67][..], b"revises", &[0x80]].concat();
    let record = |value: &[u8]| [&[0x66][..], b"record", &[0xa1, 0x61, b'n'], value].concat();
    let body = |value: &[u8]| [&[0xa4][..], &salt, &record(value), &series, &revises].concat();
    assert!(RecordBody::decode(&body(&[0x01])).is_ok());
    assert!(RecordBody::decode(&body(&[0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0])).is_ok());
    for (value, why) in [
        (&[0x18, 0x01][..], "a longer integer than needed"),
        (&[0xf9, 0x3e, 0x00], "a float of 16 bits"),
        (&[0xfa, 0x3f, 0xc0, 0, 0], "a float of 32 bits"),
        (&[0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], "not a number"),
        (&[0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], "infinity"),
        (&[0xf7], "undefined"),
        (&[0xe0], "an unassigned simple value"),
        (&[0xc1, 0x01], "a tag other than 42"),
        (&[0x9f, 0xff], "an indefinite list"),
        (&[0x61, 0xff], "text that is not UTF-8"),
        (&[0xa1, 0x01, 0x01], "a key that is no text"),
        (&[0xa2, 0x61, b'a', 1, 0x61, b'a', 1], "a key twice"),
        (&[0xa2, 0x61, b'b', 1, 0x61, b'a', 1], "keys out of order"),
    ] {
        assert!(RecordBody::decode(&body(value)).is_err(), "{why}");
    }
    let unsorted = [&[0xa4][..], &series, &salt, &record(&[0x01]), &revises].concat();
    assert!(RecordBody::decode(&unsorted).is_err());
}

#[test]
fn bodies_have_bounds() {
    let mut record = Record::new();
    record.set("a", text(&"x".repeat(1024 * 1024)));
    assert!(matches!(RecordBody::first([0; 16], record.clone()).encode(), Err(BodyError::Size { .. })));
    record.set("a", Value::List(vec![Value::Null; 40_000]));
    assert_eq!(RecordBody::first([0; 16], record.clone()).encode(), Err(BodyError::Outline));
    let mut deep = Value::Null;
    for _ in 0..DEPTH_MAX {
        deep = Value::List(vec![deep]);
    }
    record.set("a", deep);
    let body = RecordBody::first([0; 16], record);
    assert_eq!(body.encode(), Err(BodyError::Outline));
    record = Record::new();
    record.set("a", Value::Float(f64::NAN));
    assert!(RecordBody::first([0; 16], record).encode().is_err());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Integer(number.into())),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::Float),
        any::<String>().prop_map(Value::String),
        "[ -~]{0,40}".prop_map(Value::String),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            proptest::collection::btree_map(names(), inner, 0..6).prop_map(Value::Map),
        ]
    })
}

/// Names of fields, so that arbitrary values meet the schema, and names of nothing.
fn names() -> impl Strategy<Value = String> {
    fn all(schema: &Schema) -> Vec<String> {
        let inner =
            schema.fields.iter().flat_map(|field| if let Form::Group(inner) = field.form { inner } else { &[] });
        schema.fields.iter().chain(inner).map(|field| field.name.to_owned()).collect()
    }
    prop_oneof![3 => proptest::sample::select(all(&PRACTICE)), 1 => any::<String>()]
}

fn record() -> impl Strategy<Value = Record> {
    proptest::collection::btree_map(names(), value(), 0..12).prop_map(Record::from)
}

proptest! {
    #[test]
    fn a_body_has_one_form_and_comes_back(record in record(), salt: [u8; 16], other in value()) {
        let mut body = RecordBody::first(salt, record);
        body.other.insert("later".to_owned(), other);
        let bytes = body.encode().expect("small");
        let back = RecordBody::decode(&bytes).expect("our own form");
        prop_assert_eq!(&back, &body);
        prop_assert_eq!(back.encode().expect("small"), bytes);
    }

    #[test]
    fn a_body_that_is_accepted_is_the_only_form_of_itself(at in 0_usize..400, with: u8) {
        let mut bytes = RecordBody::first([7; 16], least()).encode().expect("small");
        let at = at % bytes.len();
        bytes[at] = with;
        if let Ok(body) = RecordBody::decode(&bytes) {
            prop_assert_eq!(body.encode().expect("in bounds"), bytes);
        }
    }

    #[test]
    fn no_content_makes_a_check_fail_to_answer(record in record(), after in record()) {
        let _ = (validate(&PRACTICE, &record), validate(&WITHDRAWAL, &record), check_readable(&PRACTICE, &record));
        let _ = (diff(&PRACTICE, &record, &after), fields(&PRACTICE, &record));
        let _ = (record.title(), record.strands(), record.capacities(), record.themes(), record.source_language());
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (RecordBody::decode(&bytes), WithdrawalBody::decode(&bytes));
    }

    #[test]
    fn what_may_be_published_may_be_read(text in any::<String>()) {
        let mut record = least();
        record.set("title", Value::String(text));
        if validate(&PRACTICE, &record).iter().all(|problem| !problem.is_error()) {
            prop_assert_eq!(check_readable(&PRACTICE, &record), Ok(()));
        }
    }
}
