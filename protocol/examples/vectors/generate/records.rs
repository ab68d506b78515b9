//! Bodies of practices and withdrawals: their one form, what a reader can show, what an author must not write.

use std::collections::BTreeMap;

use nanduti_protocol::{
    cbor as strict,
    hash::Hash,
    record::{
        BodyError, DEPTH_MAX, PRACTICE, Record, RecordBody, Unreadable, Value as Node, WITHDRAWAL, WithdrawalBody,
        check_readable, validate,
    },
};
use serde_json::{Value, json};

use super::{cbor, hex, refused};

const SALT: [u8; 16] = [0x5a; 16];

pub(super) fn vectors() -> Value {
    json!({
        "about": "Bodies of practices and withdrawals (docs/spec/records.md). In `record`, byte strings are {\"bytes\": hex}.",
        "practices": practices(),
        "refused_practices": refused_practices(),
        "bare": bare(),
        "not_to_be_written": not_to_be_written(),
        "withdrawals": withdrawals(),
        "refused_withdrawals": refused_withdrawals(),
    })
}

fn text(text: &str) -> Node {
    Node::String(text.to_owned())
}

fn list(codes: &[&str]) -> Node {
    Node::List(codes.iter().copied().map(text).collect())
}

fn map(pairs: &[(&str, Node)]) -> Node {
    Node::Map(pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn hash(byte: u8) -> Hash {
    Hash::from_bytes([byte; 32])
}

/// A practice with nothing but what is required.
fn least() -> Record {
    let mut record = Record::new();
    for (name, value) in [
        ("title", "Título"),
        ("summary", "Summary."),
        ("source_language", "es"),
        ("maturity", "promising"),
        ("phase", "running"),
        ("start", "XXXX"),
        ("description", "What.\n\nAnd how."),
        ("results", "Results."),
        ("lessons", "Lessons."),
        ("contact", "office@example.org"),
        ("licence", "CC-BY-4.0"),
    ] {
        record.set(name, text(value));
    }
    for (name, code) in [("kind", "procedure"), ("capacities", "coordination"), ("strands", "judiciary")] {
        record.set(name, list(&[code]));
    }
    let evidence = map(&[("kind", text("self-assessment")), ("title", text("Ours")), ("symbol", text("A/1"))]);
    record.set("evidence", Node::List(vec![evidence]));
    let checks =
        [("personal_data", Node::Bool(true)), ("defender_safety", Node::Bool(true)), ("date", text("2026-01-31"))];
    record.set("safety_review", map(&checks));
    record
}

/// A field and its new value, if it has one.
type Change<'a> = (&'a str, Option<Node>);

/// The least practice with some fields set, or taken away where the value is `None`.
fn with(fields: &[Change<'_>]) -> Record {
    let mut record = least();
    for (name, value) in fields {
        match value {
            Some(value) => record.set(*name, value.clone()),
            None => drop(record.remove(name)),
        }
    }
    record
}

/// Lists in lists, this many levels.
fn nested(levels: usize) -> Node {
    (1..levels).fold(Node::List(Vec::new()), |inner, _| Node::List(vec![inner]))
}

pub(super) fn shown(node: &Node) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Bool(value) => json!(value),
        // Readers of JSON may keep numbers as floats of 64 bits.
        Node::Integer(number) if number.unsigned_abs() >= 1 << 53 => json!({"integer": number.to_string()}),
        Node::Integer(number) => json!(i64::try_from(*number).expect("small")),
        Node::Float(number) => json!(number),
        Node::String(text) => json!(text),
        Node::Bytes(bytes) => json!({"bytes": hex(bytes)}),
        Node::List(items) => items.iter().map(shown).collect(),
        Node::Map(pairs) => pairs.iter().map(|(name, value)| (name.clone(), shown(value))).collect(),
        Node::Link(link) => json!({"link": link.to_string()}),
    }
}

fn encoded(body: &RecordBody) -> Vec<u8> {
    let bytes = body.encode().expect("in bounds");
    assert_eq!(RecordBody::decode(&bytes).as_ref(), Ok(body));
    bytes
}

fn practices() -> Vec<Value> {
    let number = |value: Node| Node::List(vec![map(&[("name", text("Cases")), ("value", value)])]);
    let related = map(&[("record", Node::Bytes(vec![7; 32])), ("relation", text("continues"))]);
    let later = [("video", Some(Node::Float(1.5))), ("summary", None), ("strands", Some(list(&["a-strand-of-later"])))];
    let mut other = RecordBody::first(SALT, least());
    other.other = BTreeMap::from([("later".to_owned(), Node::Integer(-1))]);
    let many = (0..16).map(hash).collect();
    let cases = [
        ("the least that an author may write", RecordBody::first(SALT, least())),
        ("a record without fields", RecordBody::first(SALT, Record::new())),
        (
            "an integer and a float of one value",
            RecordBody::first(SALT, with(&[("indicators", Some(number(Node::Integer(2))))])),
        ),
        ("a float", RecordBody::first(SALT, with(&[("indicators", Some(number(Node::Float(2.0))))]))),
        ("a link to another entry", RecordBody::first(SALT, with(&[("related", Some(Node::List(vec![related])))]))),
        ("an unknown field, an unknown code, and a required field missing", RecordBody::first(SALT, with(&later))),
        ("a record of eight levels", RecordBody::first(SALT, with(&[("video", Some(nested(DEPTH_MAX - 1)))]))),
        ("an unknown key beside the record", other),
        ("a revision", RecordBody::revision(SALT, hash(1), vec![hash(1)], least())),
        ("a merge of sixteen revisions", RecordBody::revision(SALT, hash(1), many, least())),
    ];
    cases
        .iter()
        .map(|(name, body)| {
            assert_eq!(check_readable(&PRACTICE, &body.record), Ok(()), "{name}");
            let revises: Vec<String> = body.revises.iter().map(|hash| hash.to_hex()).collect();
            json!({"name": name, "bytes": hex(encoded(body)), "salt": hex(body.salt), "series": body.series.map(|series| series.to_hex()),
                   "revises": revises, "record": shown(&body.record.clone().into_value())})
        })
        .collect()
}

fn name_of(error: &BodyError) -> &'static str {
    match error {
        BodyError::Size { .. } => "size",
        BodyError::Outline => "outline",
        BodyError::Malformed(_) => "form",
        BodyError::Key(_) => "key",
        BodyError::Order(_) => "order",
    }
}

/// The four pairs of a body whose record has the one field `n`.
struct Parts {
    salt: Vec<u8>,
    record: Vec<u8>,
    series: Vec<u8>,
    revises: Vec<u8>,
}

impl Parts {
    fn first(field: &[u8]) -> Self {
        let record = [cbor::head(5, 1), cbor::text("n"), field.to_vec()].concat();
        Self { salt: cbor::bytes(&SALT), record, series: vec![0xf6], revises: vec![0x80] }
    }

    fn revision(series: Vec<u8>, revises: &[Vec<u8>]) -> Self {
        let revises = [cbor::head(4, revises.len() as u64), revises.concat()].concat();
        Self { series, revises, ..Self::first(&[1]) }
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { salt, record, series, revises } = self;
        let pairs = [("salt", salt), ("record", record), ("series", series), ("revises", revises)];
        cbor::map(&pairs.map(|(key, value)| (key, value.clone())))
    }
}

fn refused_practices() -> Vec<Value> {
    let field = |field: &[u8]| Parts::first(field).bytes();
    let first = Parts::first(&[1]);
    let good = first.bytes();
    assert!(RecordBody::decode(&good).is_ok());
    let cut = &good[..good.len() - 1];
    let pair = |key: &str, value: &[u8]| (key.to_owned(), value.to_vec());
    let pairs = [pair("salt", &first.salt), pair("record", &first.record), pair("series", &first.series)];
    let some = |pairs: &[(String, Vec<u8>)]| {
        cbor::map(&pairs.iter().map(|(key, value)| (key.as_str(), value.clone())).collect::<Vec<_>>())
    };
    let h = |byte: u8| cbor::bytes(hash(byte).as_bytes());
    let seventeen: Vec<Vec<u8>> = (0..17).map(h).collect();
    let of = |series: Vec<u8>, revises: &[Vec<u8>]| Parts::revision(series, revises).bytes();
    let cases = [
        ("an integer longer than it need be", "form", field(&[0x18, 1])),
        ("a float of 16 bits", "form", field(&[0xf9, 0x3e, 0])),
        ("a float of 32 bits", "form", field(&[0xfa, 0x3f, 0xc0, 0, 0])),
        ("not a number", "form", field(&[0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0])),
        ("infinity", "form", field(&[0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0])),
        ("undefined", "form", field(&[0xf7])),
        ("an unassigned simple value", "form", field(&[0xe0])),
        ("a tag other than 42", "form", field(&[0xc1, 1])),
        ("a list of indefinite length", "form", field(&[0x9f, 0xff])),
        ("text that is not UTF-8", "form", field(&[0x61, 0xff])),
        ("a key that is no text", "form", field(&[0xa1, 1, 1])),
        ("a key twice", "form", field(&[0xa2, 0x61, b'a', 1, 0x61, b'a', 1])),
        ("keys out of order", "form", field(&[0xa2, 0x61, b'b', 1, 0x61, b'a', 1])),
        (
            "keys in the order of RFC 8949",
            "form",
            some(&[pairs[1].clone(), pair("revises", &first.revises), pairs[0].clone()]),
        ),
        ("a byte after the end", "form", [good.as_slice(), &[0]].concat()),
        ("cut off", "form", cut.to_vec()),
        ("a list instead of a map", "form", vec![0x80]),
        ("a record of nine levels", "outline", field(&strict::encode(&nested(DEPTH_MAX)))),
        ("a salt of 15 bytes", "key", Parts { salt: cbor::bytes(&[1; 15]), ..Parts::first(&[1]) }.bytes()),
        ("a record that is no map", "key", Parts { record: vec![0xf6], ..Parts::first(&[1]) }.bytes()),
        ("no list of what it replaces", "key", some(&pairs)),
        ("no series", "key", some(&[pairs[0].clone(), pairs[1].clone(), pair("revises", &first.revises)])),
        ("a series of 31 bytes", "key", of(cbor::bytes(&[1; 31]), &[h(1)])),
        ("a series that is text", "key", of(cbor::text("bafyr4i"), &[h(1)])),
        ("a series, and nothing replaced", "order", of(h(1), &[])),
        ("something replaced, and no series", "order", of(vec![0xf6], &[h(1)])),
        ("what it replaces out of order", "order", of(h(1), &[h(3), h(2)])),
        ("something replaced twice", "order", of(h(1), &[h(2), h(2)])),
        ("seventeen replaced", "order", of(h(1), &seventeen)),
    ];
    let judge = |bytes: &[u8]| RecordBody::decode(bytes).err().map(|error| name_of(&error));
    cases.iter().map(|(name, why, bytes)| refused(name, why, judge(bytes), json!({"bytes": hex(bytes)}))).collect()
}

/// Bodies of the form, carried and counted, whose record can only be shown bare.
fn bare() -> Vec<Value> {
    let long = Some(text(&"ñ".repeat(151)));
    let evidence = |pairs: &[(&str, Node)]| Some(Node::List(vec![map(pairs)]));
    let related = |bytes: usize| Node::List(vec![map(&[("record", Node::Bytes(vec![7; bytes]))])]);
    let value = |number: Node| Some(Node::List(vec![map(&[("value", number)])]));
    let cases = [
        ("a title that is a number", "type", ("title", Some(Node::Integer(1)))),
        ("a single code where a list belongs", "type", ("kind", Some(text("procedure")))),
        ("null in the place of a text", "type", ("end", Some(Node::Null))),
        (
            "text within a small record that is a list",
            "type",
            ("evidence", evidence(&[("title", Node::List(Vec::new()))])),
        ),
        ("a title of 151 characters", "size", ("title", long)),
        ("four kinds of practice", "size", ("kind", Some(list(&["a", "b", "c", "d"])))),
        ("a code of 101 characters", "size", ("licence", Some(text(&"a".repeat(101))))),
        ("a link of 31 bytes", "size", ("related", Some(related(31)))),
        ("an integer of 2^53", "size", ("indicators", value(Node::Integer(1 << 53)))),
    ];
    let vector = |(name, reason, field): &(&str, &str, (&str, Option<Node>))| {
        let body = RecordBody::first(SALT, with(std::slice::from_ref(field)));
        let found = check_readable(&PRACTICE, &body.record).err().map(|why| match why {
            Unreadable::Depth => "depth",
            Unreadable::Type { .. } => "type",
            Unreadable::Size { .. } => "size",
        });
        refused(name, reason, found, json!({"bytes": hex(encoded(&body))}))
    };
    cases.iter().map(vector).collect()
}

/// Records that a reader shows and an author must not write, with the places of the errors in the order of the schema.
fn not_to_be_written() -> Vec<Value> {
    let set = |name: &'static str, value: &str| (name, Some(text(value)));
    let cases = [
        ("a required field missing", vec![("summary", None)], vec!["summary"]),
        ("an unknown field", vec![("unknown", Some(Node::Null))], vec!["unknown"]),
        ("an unknown code", vec![set("licence", "MIT")], vec!["licence"]),
        ("an empty list", vec![("themes", Some(Node::List(Vec::new())))], vec!["themes"]),
        ("an isolate of direction in a line", vec![set("title", "a\u{2067}b")], vec!["title"]),
        ("white space at the end", vec![set("title", "a ")], vec!["title"]),
        ("an end before the start", vec![set("start", "2019-05"), set("end", "2019-04")], vec!["end"]),
        ("a day that is none", vec![set("review_by", "2026-02-30")], vec!["review_by"]),
        ("good, with a self-assessment alone", vec![set("maturity", "good")], vec!["evidence"]),
        ("a language tag in another case", vec![set("source_language", "PT-br")], vec!["source_language"]),
    ];
    let vector = |(name, fields, places): &(&str, Vec<Change<'_>>, Vec<&str>)| {
        let body = RecordBody::first(SALT, with(fields));
        assert_eq!(check_readable(&PRACTICE, &body.record), Ok(()), "{name}");
        let problems = validate(&PRACTICE, &body.record);
        let found: Vec<&str> = problems.iter().filter(|problem| problem.is_error()).map(|p| p.path.as_str()).collect();
        assert_eq!(&found, places, "{name}");
        json!({"name": name, "bytes": hex(encoded(&body)), "errors": places})
    };
    assert!(!validate(&PRACTICE, &least()).iter().any(|problem| problem.is_error()));
    cases.iter().map(vector).collect()
}

fn withdrawal() -> WithdrawalBody {
    WithdrawalBody {
        salt: SALT,
        series: hash(1),
        versions: vec![hash(1), hash(2)],
        reason: "error".to_owned(),
        note: Some("The figures were of another year.".to_owned()),
    }
}

fn withdrawals() -> Vec<Value> {
    let whole = withdrawal();
    let Node::Map(mut later) = strict::decode::<Node>(&whole.encode().expect("in bounds")).expect("ours") else {
        unreachable!("a body is a map")
    };
    later.insert("later".to_owned(), Node::Bool(true));
    let Some(Node::Map(record)) = later.get_mut("record") else { unreachable!("a record is a map") };
    record.insert("later".to_owned(), Node::Null);
    let short = WithdrawalBody { note: None, versions: vec![hash(1)], ..withdrawal() };
    let other = WithdrawalBody { reason: "a-reason-of-later".to_owned(), ..withdrawal() };
    let cases = [
        ("with a note", whole.encode().expect("in bounds"), &whole),
        ("without a note", short.encode().expect("in bounds"), &short),
        ("a reason of a later version", other.encode().expect("in bounds"), &other),
        ("an unknown key and an unknown field, which are void", strict::encode(&Node::Map(later)), &whole),
    ];
    cases
        .iter()
        .map(|(name, bytes, means)| {
            let body = WithdrawalBody::decode(bytes).expect("a withdrawal");
            assert_eq!(&&body, means, "{name}");
            assert_eq!(check_readable(&WITHDRAWAL, &body.record()), Ok(()), "{name}");
            let versions: Vec<String> = body.versions.iter().map(|hash| hash.to_hex()).collect();
            json!({"name": name, "bytes": hex(bytes), "of": body.series.to_hex(), "of_versions": versions,
                   "reason": body.reason, "public_note": body.note})
        })
        .collect()
}

fn refused_withdrawals() -> Vec<Value> {
    let h = |byte: u8| Node::Bytes(vec![byte; 32]);
    let (of, versions, reason) = (("of", h(1)), ("of_versions", Node::List(vec![h(1)])), ("reason", text("error")));
    let body = |record: &[(&str, Node)]| {
        strict::encode(&map(&[("salt", Node::Bytes(SALT.to_vec())), ("record", map(record))]))
    };
    let replaced = |items: &[Node]| body(&[of.clone(), ("of_versions", Node::List(items.to_vec())), reason.clone()]);
    let seventeen: Vec<Node> = (0..17).map(h).collect();
    let good = body(&[of.clone(), versions.clone(), reason.clone()]);
    assert!(WithdrawalBody::decode(&good).is_ok());
    let cases = [
        ("a byte after the end", "form", [good.as_slice(), &[0]].concat()),
        ("no salt", "key", strict::encode(&map(&[("record", map(&[of.clone(), versions.clone(), reason.clone()]))]))),
        ("of nothing", "key", body(&[versions.clone(), reason.clone()])),
        ("of text", "key", body(&[("of", text("bafyr4i")), versions.clone(), reason.clone()])),
        ("no versions", "key", body(&[of.clone(), reason.clone()])),
        ("no reason", "key", body(&[of.clone(), versions.clone()])),
        (
            "a note that is a list",
            "key",
            body(&[of.clone(), versions.clone(), reason.clone(), ("public_note", list(&[]))]),
        ),
        ("a version of 31 bytes", "key", replaced(&[Node::Bytes(vec![1; 31])])),
        ("an empty list of versions", "order", replaced(&[])),
        ("versions out of order", "order", replaced(&[h(2), h(1)])),
        ("a version twice", "order", replaced(&[h(1), h(1)])),
        ("seventeen versions", "order", replaced(&seventeen)),
    ];
    let judge = |bytes: &[u8]| WithdrawalBody::decode(bytes).err().map(|error| name_of(&error));
    cases.iter().map(|(name, why, bytes)| refused(name, why, judge(bytes), json!({"bytes": hex(bytes)}))).collect()
}
