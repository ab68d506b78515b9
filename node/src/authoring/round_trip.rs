//! Whatever a practice of the right types says, its file says again.

use std::collections::BTreeMap;

use nanduti_protocol::{
    kind::Audience,
    record::{Field, Form, PRACTICE, Record, Value},
};
use proptest::{collection::btree_map, collection::vec, prelude::*, sample::select};

use super::{read, record_json, render};

/// Texts that people write, and texts that nobody does.
fn text() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "a",
        "b c",
        " ",
        "\n",
        "\n\n",
        "## Results",
        "## ",
        "# ",
        "<!--",
        "-->",
        "---",
        "...",
        "- ",
        ": ",
        "\"",
        "'",
        "\\",
        "#",
        "null",
        "true",
        "1",
        "1.10",
        "e\u{301}",
        "\u{202e}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\t",
        "\r",
        "\0",
        "سلام",
        "ñ",
        "&",
        "*",
        "|",
        ">",
        "[",
        "{",
        "%",
        "@",
        "`",
        "!",
        "?",
        "~",
        "，",
    ]);
    let woven = vec(pieces, 1..12).prop_map(|pieces| pieces.concat());
    prop_oneof![2 => woven, 1 => any::<String>(), 1 => "[a-zA-Z0-9 .,:-]{1,60}"]
        .prop_filter("says something", |text| !text.is_empty())
}

fn of_form(form: &'static Form) -> BoxedStrategy<Value> {
    match form {
        Form::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Form::Number => prop_oneof![
            any::<i64>().prop_map(|number| Value::Integer(number.into())),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::Float),
        ]
        .boxed(),
        Form::Count { .. } => any::<u32>().prop_map(|number| Value::Integer(number.into())).boxed(),
        Form::Entry | Form::Blob => any::<[u8; 32]>().prop_map(|bytes| Value::Bytes(bytes.to_vec())).boxed(),
        Form::Language => select(vec!["es", "pt-BR", "zh-Hans"]).prop_map(|tag| Value::String(tag.to_owned())).boxed(),
        Form::Group(fields) => {
            some_of(fields).prop_filter("says something", |map| !map.is_empty()).prop_map(Value::Map).boxed()
        }
        _ => text().prop_map(Value::String).boxed(),
    }
}

fn some_of(fields: &'static [Field]) -> BoxedStrategy<BTreeMap<String, Value>> {
    let entries: Vec<_> = fields
        .iter()
        .map(|field| {
            let value = if field.is_list() {
                vec(of_form(&field.form), 1..3).prop_map(Value::List).boxed()
            } else {
                of_form(&field.form)
            };
            (Just(field.name.to_owned()), proptest::option::weighted(0.3, value))
        })
        .collect();
    entries.prop_map(|entries| entries.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()).boxed()
}

/// Values under names that the schema does not know.
fn unknown() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Integer(number.into())),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::Float),
        any::<String>().prop_map(Value::String),
        text().prop_map(Value::String),
        vec(any::<u8>(), 0..9).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            btree_map(text().prop_filter("kept for bytes", |name| name != "/"), inner, 0..4).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn a_record_comes_back_from_its_file(
        known in some_of(PRACTICE.fields),
        others in btree_map(text().prop_filter("kept beside the record", |name| !["id", "audience"].contains(&name.as_str()) && PRACTICE.field(name).is_none()), unknown(), 0..3),
        id in proptest::option::of("[a-z0-9]{1,20}"),
        audience in proptest::option::of(proptest::sample::select(vec![Audience::Public, Audience::Members])),
    ) {
        let record: Record = known.into_iter().chain(others).collect::<BTreeMap<_, _>>().into();
        let file = render(&record, id.as_deref(), audience);
        match read(&file) {
            Ok((back, reading)) => {
                prop_assert!(reading.problems.is_empty(), "{file}\n{:?}", reading.problems);
                prop_assert_eq!(&reading.record, &record, "{}", file);
                prop_assert_eq!(back, super::Head { id, audience });
            }
            Err(problems) => prop_assert!(false, "{file}\n{problems:?}"),
        }
        let _ = (super::field_views(&record), super::field_changes(&record, &Record::new()), record_json(&record));
    }

    #[test]
    fn arbitrary_files_are_answered(file in any::<String>(), front in vec(text(), 0..6), body in vec(text(), 0..6)) {
        let _ = super::parse(&file);
        let _ = super::parse(&format!("---\ntitle: x\n{}\n---\n{}", front.join("\n"), body.join("\n")));
    }
}
