//! What authors write is read as they meant it, what is wrong is named with its line, and what others wrote is shown unharmed.

use super::*;
use nanduti_protocol::record::{Value, validate};

const FULL: &str = include_str!("testdata/full.md");

fn problems(markdown: &str) -> Vec<Problem> {
    parse(markdown).expect_err("the file is wrong")
}

fn shown(problems: &[Problem]) -> String {
    let mut out = String::new();
    for Problem { field, line, message, hint } in problems {
        let line = line.map_or_else(|| "-".to_owned(), |line| line.to_string());
        out += &format!("{line:>3}  {field}: {message}\n");
        if let Some(hint) = hint {
            out += &format!("       hint: {hint}\n");
        }
    }
    out
}

#[test]
fn a_full_file_reads_and_comes_back() {
    let draft = parse(FULL).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    assert_eq!(draft.id, None);
    assert_eq!(shown(&draft.warnings), "");
    assert_eq!(draft.record.title(), "Focal points with a validating authority: two pairs of eyes");
    assert_eq!(draft.record.source_language(), "pt-BR");
    assert_eq!(draft.record.texts("sdg"), ["16.10", "17"]);
    assert_eq!(draft.record.text("start"), Some("2015"));
    let again = parse(&render(&draft.record, Some("abc"), Some(Audience::Members)))
        .unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    assert_eq!(again.record, draft.record);
    assert_eq!((again.id.as_deref(), again.audience), (Some("abc"), Some(Audience::Members)));
    insta::assert_snapshot!("rendered", render(&draft.record, None, None));
}

#[test]
fn who_may_read_it_is_said_beside_the_record_and_never_guessed() {
    let said = |line: &str| parse(&FULL.replacen("---\n", &format!("---\n{line}\n"), 1));
    for (line, audience) in [
        ("# nothing", None),
        ("audience: public", Some(Audience::Public)),
        ("audience: \" members \"", Some(Audience::Members)),
    ] {
        let draft = said(line).unwrap_or_else(|problems| panic!("{line}: {}", shown(&problems)));
        assert_eq!(draft.audience, audience, "{line}");
        assert_eq!(draft.record.get("audience"), None);
    }
    for line in [
        "audience: member",
        "audience: Members",
        "audience: [members]",
        "audience: true",
        "audience:",
        "audience: ~",
        "audience: \"\"",
        "audience: # members",
    ] {
        let problems = said(line).expect_err(line);
        assert_eq!((problems[0].field.as_str(), problems[0].line, problems.len()), ("audience", Some(2), 1), "{line}");
        assert!(problems[0].hint.as_deref().is_some_and(|hint| hint.contains("audience: members")), "{line}");
    }
}

#[test]
fn the_template_is_stable() {
    insta::assert_snapshot!("template", template());
}

#[test]
fn the_blank_template_lacks_only_what_is_required() {
    let problems = problems(&template());
    assert!(problems.iter().all(|problem| problem.message == "is required"), "{}", shown(&problems));
}

#[test]
fn the_filled_template_can_be_published() {
    let mut file = template();
    for (name, value) in [
        ("title", "Title"),
        ("source_language", "en"),
        ("maturity", "promising"),
        ("phase", "running"),
        ("start", "2019-03"),
        ("summary", "Summary"),
        ("contact", "office@example.org"),
        ("licence", "CC-BY-4.0"),
        ("kind", "\n  - procedure"),
        ("capacities", "\n  - coordination"),
        ("strands", "\n  - parliament"),
        ("evidence", "\n  - {kind: statistics, title: Report, url: 'https://example.org'}"),
        ("safety_review", "\n  {personal_data: true, defender_safety: true, date: 2026-01-31}"),
    ] {
        let start = file.find(&format!("\n{name}:")).unwrap_or_else(|| panic!("{name} is in the template")) + 1;
        let end = start + file[start..].find("\n\n").expect("a blank line follows");
        file.replace_range(start..end, &format!("{name}: {value}"));
    }
    for label in ["Description", "Results", "Lessons"] {
        file = file.replace(&format!("## {label}\n"), &format!("## {label}\n\nText.\n"));
    }
    let draft = parse(&file).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    assert_eq!(draft.record.text("lessons"), Some("Text."));
    assert!(validate(&PRACTICE, &draft.record).iter().all(|problem| !problem.is_error()));
}

#[test]
fn every_problem_is_named_at_once() {
    let file = include_str!("testdata/many_problems.md");
    insta::assert_snapshot!("many_problems", shown(&problems(file)));
}

#[test]
fn the_same_file_from_another_editor_is_the_same_record() {
    let plain = parse(FULL).expect("the file is right");
    for other in [
        format!("\u{feff}{FULL}"),
        FULL.replace('\n', "\r\n"),
        FULL.replace('\n', "\r"),
        FULL.replace('ã', "a\u{303}"),
        format!("\n\n{FULL}"),
    ] {
        assert_eq!(parse(&other).expect("the file is right").record, plain.record);
    }
}

#[test]
fn bytes_that_are_no_text_are_explained() {
    assert_eq!(decode(FULL.as_bytes()).as_deref(), Ok(FULL));
    let latin = decode(b"---\ntitle: caf\xe9\n---\n").expect_err("not UTF-8");
    assert_eq!((latin.line, latin.message.as_str()), (Some(2), "the file is not UTF-8"));
    assert_eq!(decode(b"\xff\xfe-\0").expect_err("UTF-16").message, "the file is UTF-16, not UTF-8");
    assert_eq!(problems("---\ntitle: a\0b\n---\n")[0].message, "contains the control character U+0000");
    let escaped = FULL.replacen("Focal points", "\\u202EFocal points", 1);
    let escaped = problems(&escaped);
    assert_eq!(escaped[0].field, "title");
    assert!(escaped[0].message.contains("U+202E"), "{}", shown(&escaped));
}

#[test]
fn files_that_cannot_be_read_are_explained() {
    for (file, line, message) in [
        ("", 1, "there is no front matter"),
        ("# Title\n", 1, "there is no front matter"),
        ("---\ntitle: x\n", 1, "the front matter does not end"),
        ("---\na: &x 1\nb: *x\n---\n", 2, "YAML anchors and aliases"),
        ("---\na: *x\n---\n", 2, "this is not YAML"),
        ("---\na: !!str 1\n---\n", 2, "YAML tags"),
        ("---\na: 1\na: 2\n---\n", 3, "`a` stands twice"),
        ("---\n? [a]\n: 1\n---\n", 2, "the name of a field"),
        ("---\n- a\n---\n", 2, "the front matter has to be fields"),
        ("---\ntitle: a: b\n---\n", 2, "this is not YAML"),
        ("---\na: [[[[[[[[[[[[1]]]]]]]]]]]]\n---\n", 2, "this is not YAML"),
    ] {
        let found = &problems(file)[0];
        assert!(found.message.starts_with(message), "{file:?}: {}", found.message);
        assert_eq!(found.line, Some(line), "{file:?}: {}", found.message);
    }
    let large = "x".repeat(nanduti_protocol::limits::BODY_MAX + 1);
    assert_eq!(problems(&large).len(), 1);
    let many = format!("---\na: [{}]\n---\n", "1,".repeat(30_000));
    assert!(problems(&many)[0].message.contains("more than 20000 values"));
}

#[test]
fn an_awkward_text_goes_into_quotes_and_comes_back() {
    let mut record = parse(FULL).expect("the file is right").record;
    for awkward in [
        "## Results\n\ntext",
        "a\n<!-- b",
        "null",
        "# c",
        "a\n\n  b\n\tc",
        "1e5",
        "- a",
        "a: b #c",
        "e\u{301}",
        "\"\\",
        "a \nb",
    ] {
        record.set("description", Value::String(awkward.to_owned()));
        record.set("summary", Value::String(awkward.to_owned()));
        let file = render(&record, None, None);
        let again = parse(&file).unwrap_or_else(|problems| panic!("{file}\n{}", shown(&problems)));
        assert_eq!(again.record, record, "{file}");
    }
}

#[test]
fn fields_of_a_later_version_are_shown_and_cannot_be_lost_unnoticed() {
    let mut record = parse(FULL).expect("the file is right").record;
    record.set("video", Value::List(vec![Value::Bytes(vec![1, 2]), Value::Null, Value::Float(1.5)]));
    let views = field_views(&record);
    let last = views.last().expect("there are fields");
    assert_eq!((last.name.as_str(), last.form), ("video", crate::api::FieldForm::Unknown));
    let found = problems(&render(&record, None, None));
    assert_eq!((found.len(), found[0].field.as_str()), (1, "video"));
}

#[test]
fn changes_are_told_in_labels() {
    let before = parse(FULL).expect("the file is right").record;
    let mut after = before.clone();
    after.set("phase", Value::String("completed".to_owned()));
    after.remove("sdg");
    let changes = field_changes(&before, &after);
    let told: Vec<_> =
        changes.iter().map(|change| (change.name.as_str(), change.before.as_str(), change.after.as_str())).collect();
    assert_eq!(
        told,
        [
            ("phase", "Running", "Completed"),
            ("sdg", "Access to information and fundamental freedoms\nPartnerships for the goals", "")
        ]
    );
}

#[test]
fn what_others_wrote_is_shown_without_harm() {
    let mut record = Record::new();
    record.set("title", Value::String("\u{1b}[31mred\u{202e}".to_owned()));
    record.set("contact", Value::String("javascript:alert(1)".to_owned()));
    record.set("strands", Value::List(vec![Value::String("of-later".to_owned()), Value::Integer(3)]));
    let link = [("url", "http://example.org"), ("title", "Page")];
    let link = link.map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())));
    record.set("links", Value::List(vec![Value::Map(BTreeMap::from(link)), Value::Null]));
    let views = field_views(&record);
    let texts: Vec<Vec<&str>> =
        views.iter().map(|view| view.values.iter().map(|value| value.text.as_str()).collect()).collect();
    assert_eq!(
        texts,
        [
            vec!["\u{fffd}[31mred\u{fffd}"],
            vec!["of-later", "3"],
            vec!["Page (Address: http://example.org)", "null"],
            vec!["javascript:alert(1)"]
        ]
    );
    assert!(views.iter().flat_map(|view| &view.values).all(|value| value.href.is_none() && value.label.is_none()));
}

#[test]
fn known_values_are_shown_with_labels_and_addresses() {
    let views = field_views(&parse(FULL).expect("the file is right").record);
    let of = |name: &str| &views.iter().find(|view| view.name == name).expect("the field is shown").values;
    assert_eq!(of("maturity")[0].label.as_deref().map(|label| &label[..13]), Some("Good practice"));
    assert_eq!(of("contact")[0].href.as_deref(), Some("mailto:dgdh@example.org"));
    assert_eq!(of("links")[0].href.as_deref(), Some("https://example.org/a?b=c#d"));
    assert_eq!(
        of("evidence")[1].text,
        "Concluding observations (Kind of evidence: UN document with symbol; Symbol: CEDAW/C/PRY/CO/7)"
    );
}
