//! The author's check: everything that is wrong with a record, at once.
//!
//! Strict on purpose. One thing is said in one way: a field that says nothing is absent, not empty; a tag of a language has
//! one case; a whole number is in the range that every program keeps. Unknown fields and codes are errors here, since what
//! an author types and nobody knows is a slip. None of this is asked of records of others (see `readable`).

use alloc::{borrow::ToOwned, collections::BTreeMap, format, string::String, vec::Vec};

use super::{Field, Form, Need, Problem, Record, Schema, Value, bounds::INTEGER_MAX, date, smell, text, url};
use crate::vocabulary::{self, Vocabulary};

/// Checks a record that is to be signed. Errors come before warnings, else in the order of the schema.
pub fn validate(schema: &Schema, record: &Record) -> Vec<Problem> {
    let mut problems = Vec::new();
    fields("", schema.fields, &record.0, &mut problems);
    (schema.rules)(record, &mut problems);
    problems.sort_by_key(|problem| problem.severity);
    problems
}

/// Checks the fields of a record, or of a small record inside one.
fn fields(prefix: &str, known: &'static [Field], values: &BTreeMap<String, Value>, problems: &mut Vec<Problem>) {
    for field in known {
        let path = join(prefix, field.name);
        match values.get(field.name) {
            Some(found) => value(&path, field, found, problems),
            None => missing(&path, field, problems),
        }
    }
    for name in values.keys().filter(|name| known.iter().all(|field| field.name != name.as_str())) {
        let shown: String =
            name.chars().filter(|c| !text::is_control(*c) && !text::turns_direction(*c)).take(60).collect();
        let problem = Problem::error(join(prefix, &shown), "is not a field of this kind of record");
        problems.push(match vocabulary::suggest_name(known.iter().map(|field| field.name), name) {
            Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
            None => problem,
        });
    }
}

fn missing(path: &str, field: &Field, problems: &mut Vec<Problem>) {
    match field.need {
        Need::Required => problems.push(Problem::error(path, "is required").hint(field.help)),
        Need::Recommended => problems.push(Problem::warning(path, "is recommended").hint(field.help)),
        Need::Optional => {}
    }
}

fn value(path: &str, field: &'static Field, found: &Value, problems: &mut Vec<Problem>) {
    if !field.is_list() {
        return single(path, &field.form, found, problems);
    }
    let Value::List(items) = found else {
        problems.push(Problem::error(path, "has to be a list").hint("write one value a line, each after `- `"));
        return;
    };
    if items.len() < field.min || items.len() > field.max {
        let message = format!("has {} values; {} to {} are allowed", items.len(), field.min, field.max);
        let hint = if items.is_empty() { "leave the field out instead" } else { "keep the most telling ones" };
        problems.push(Problem::error(path, message).hint(hint));
    }
    for (place, item) in items.iter().enumerate().take(field.max) {
        single(&format!("{path}[{place}]"), &field.form, item, problems);
        if !matches!(field.form, Form::Group(_)) && items.iter().take(place).any(|other| other == item) {
            problems.push(Problem::error(format!("{path}[{place}]"), "stands twice").hint("remove one"));
        }
    }
}

fn single(path: &str, form: &Form, found: &Value, problems: &mut Vec<Problem>) {
    match (form, found) {
        (Form::Group(known), Value::Map(values)) => fields(path, known, values, problems),
        (Form::Bool, Value::Bool(_)) => {}
        (Form::Number, Value::Float(number)) if number.is_finite() => {}
        (Form::Number, Value::Integer(number)) if (-INTEGER_MAX..=INTEGER_MAX).contains(number) => {}
        (Form::Count { max }, Value::Integer(number)) if (0..=*max).contains(number) => {}
        (Form::Entry | Form::Blob, Value::Bytes(bytes)) if bytes.len() == 32 => {}
        (form, Value::String(found)) if takes_text(form) => string(path, form, found, problems),
        (form, _) => problems.push(Problem::error(path, wrong_type(form))),
    }
}

fn string(path: &str, form: &Form, found: &str, problems: &mut Vec<Problem>) {
    if found.is_empty() {
        problems.push(Problem::error(path, "is empty").hint("leave the field out instead"));
        return;
    }
    let length = found.chars().count();
    if let Some(most) = form.max_chars()
        && length > most
    {
        let message = format!("has {length} characters; at most {most} are allowed");
        problems.push(Problem::error(path, message).hint(format!("shorten it by {}", length - most)));
    }
    let before = problems.len();
    let paragraphs = matches!(form, Form::Text { .. } | Form::Markdown { .. });
    text::check(path, found, paragraphs, problems);
    if problems.len() > before {
        return;
    }
    match form {
        Form::Line { .. } | Form::Text { .. } | Form::Markdown { .. } => smell::check(path, found, problems),
        Form::Place { .. } => place(path, found, problems),
        Form::Code(vocabulary) => code(path, *vocabulary, found, problems),
        Form::Language => language(path, found, problems),
        Form::Date(precision) if !date::is_date(found, *precision) => {
            problems.push(Problem::error(path, format!("`{found}` is not a date")).hint(date::expected(*precision)));
        }
        Form::Url if !url::is_url(found) => {
            let problem = Problem::error(path, "is not a web address");
            problems.push(problem.hint("write a whole address that begins with https:// or http://"));
        }
        Form::Contact => contact(path, found, problems),
        _ => {}
    }
}

fn code(path: &str, vocabulary: Vocabulary, found: &str, problems: &mut Vec<Problem>) {
    match vocabulary::lookup(vocabulary, found) {
        None => {
            let shown: String = found.chars().take(60).collect();
            let problem = Problem::error(path, format!("`{shown}` is not a code of {}", vocabulary.name()));
            problems.push(problem.hint(meant(vocabulary, found)));
        }
        Some(term) => {
            if let Some(next) = term.replaced_by {
                let message = format!("`{found}` has been replaced");
                problems.push(Problem::warning(path, message).hint(format!("use `{next}`")));
            }
        }
    }
}

fn meant(vocabulary: Vocabulary, found: &str) -> String {
    if let Some(meant) = vocabulary::suggest(vocabulary, found) {
        return format!("did you mean `{meant}`?");
    }
    let terms = vocabulary::terms(vocabulary);
    let codes: Vec<&str> =
        terms.iter().filter(|term| term.replaced_by.is_none()).map(|term| term.code).take(12).collect();
    if codes.len() == terms.len() {
        format!("one of: {}", codes.join(", "))
    } else {
        format!("such as: {}", codes.join(", "))
    }
}

fn language(path: &str, found: &str, problems: &mut Vec<Problem>) {
    match vocabulary::canonical_language(found) {
        None => {
            let problem = Problem::error(path, "is not a language tag (BCP 47)");
            let meant = vocabulary::suggest(Vocabulary::Languages, found);
            let hint = meant
                .map_or_else(|| "such as `es`, `fr` or `pt-BR`".to_owned(), |tag| format!("did you mean `{tag}`?"));
            problems.push(problem.hint(hint));
        }
        Some(tag) if tag != found => {
            problems.push(Problem::error(path, "is written in another case than usual").hint(format!("write `{tag}`")));
        }
        Some(_) => {}
    }
}

fn place(path: &str, found: &str, problems: &mut Vec<Problem>) {
    let upper = found.to_uppercase();
    if upper != found
        && found.is_ascii()
        && vocabulary::is_iso_3166_2(&upper)
        && found.starts_with(|c: char| c.is_ascii_lowercase())
    {
        let problem = Problem::warning(path, "looks like a code of ISO 3166-2 in small letters");
        problems.push(problem.hint(format!("write `{upper}`")));
    }
    smell::check(path, found, problems);
}

fn contact(path: &str, found: &str, problems: &mut Vec<Problem>) {
    if !url::is_contact(found) {
        let problem = Problem::error(path, "is neither a mailbox nor an https address");
        problems.push(problem.hint("give an institution's mailbox or the address of its form"));
    } else if smell::is_personal_mailbox(found) {
        let problem = Problem::warning(path, "looks like the mailbox of a person");
        problems.push(problem.hint("give one that stays when people move on"));
    }
}

fn takes_text(form: &Form) -> bool {
    !matches!(form, Form::Bool | Form::Count { .. } | Form::Number | Form::Entry | Form::Blob | Form::Group(_))
}

fn wrong_type(form: &Form) -> String {
    match form {
        Form::Group(known) => {
            let names: Vec<&str> = known.iter().map(|field| field.name).collect();
            format!("has to be a small record with the fields {}", names.join(", "))
        }
        Form::Bool => "has to be true or false".into(),
        Form::Number => "has to be a number, such as 12 or 3.5, with the unit in its own field".into(),
        Form::Count { max } => format!("has to be a whole number from 0 to {max}"),
        Form::Entry => "has to be the id of a record (bafyr4i…)".into(),
        Form::Blob => "has to be the id of a file (bafkr4i…)".into(),
        _ => "has to be text".into(),
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.into() } else { format!("{prefix}.{name}") }
}
