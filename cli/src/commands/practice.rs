//! `nanduti practice`: what a practice looks like before it is published.
//!
//! What fields there are and what a code means is read from the schema and the vocabularies that this version checks
//! files with, so that the two cannot disagree.

use clap::Subcommand;
use nanduti_node::api::{ApiError, ErrorKind};
use nanduti_protocol::{
    record::{Field, Form, Need, PRACTICE},
    vocabulary::{self, Vocabulary},
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{
        View,
        table::{Column, Table, Tone},
    },
};

const AFTER_HELP: &str = "\
Examples:
  nanduti practice template > practice.md
  nanduti practice fields
  nanduti practice fields --vocabulary strand

Next: fill in the file, then `nanduti publish --check practice.md`.";

const AFTER_TEMPLATE: &str = "\
Example:
  nanduti practice template > practice.md

Next: fill in the file, then `nanduti publish --check practice.md`.";

const AFTER_FIELDS: &str = "\
Examples:
  nanduti practice fields
  nanduti practice fields --vocabulary strand
  nanduti practice fields --json

Next: `nanduti practice template` prints a file with the same fields to fill in.";

/// See what a practice is made of, or begin one
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Args {
    /// Print a file to fill in, with comments
    #[command(after_help = AFTER_TEMPLATE)]
    Template,
    /// List the fields of a practice, or the codes of a vocabulary
    #[command(after_help = AFTER_FIELDS)]
    Fields {
        /// List the codes of this vocabulary with their labels
        #[arg(long, value_name = "NAME")]
        vocabulary: Option<String>,
    },
}

/// A field, as a person or a program reads it.
#[derive(Debug, Serialize, Deserialize)]
struct FieldRow {
    /// Name in the file; of a field inside another, with both names.
    field: String,
    /// English label.
    label: String,
    /// `required`, `recommended` or `optional`.
    need: String,
    /// What a value looks like.
    value: String,
    /// Vocabulary of the codes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    vocabulary: Option<String>,
    /// Most values.
    most: u64,
    /// One sentence for the author.
    help: String,
}

/// A code with its label.
#[derive(Debug, Serialize, Deserialize)]
struct CodeRow {
    code: String,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    replaced_by: Option<String>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let terminal = context.terminal();
    match args {
        Args::Template => terminal.text("template", &nanduti_node::authoring::template())?,
        Args::Fields { vocabulary: None } => {
            terminal.reply(&fields(), fields_text)?;
            terminal.hint("`nanduti practice fields --vocabulary NAME` lists the codes of a vocabulary");
        }
        Args::Fields { vocabulary: Some(name) } => terminal.reply(&codes(name)?, codes_text)?,
    }
    Ok(outcome::DONE)
}

fn fields() -> Vec<FieldRow> {
    let mut rows = Vec::new();
    collect("", PRACTICE.fields, &mut rows);
    rows
}

fn collect(above: &str, fields: &[Field], rows: &mut Vec<FieldRow>) {
    for field in fields {
        let name = format!("{above}{}", field.name);
        rows.push(FieldRow {
            field: name.clone(),
            label: field.label.to_owned(),
            need: match field.need {
                Need::Required => "required",
                Need::Recommended => "recommended",
                Need::Optional => "optional",
            }
            .to_owned(),
            value: value(&field.form),
            vocabulary: if let Form::Code(vocabulary) = field.form { Some(vocabulary.name().to_owned()) } else { None },
            most: field.max as u64,
            help: field.help.to_owned(),
        });
        if let Form::Group(inner) = field.form {
            collect(&format!("{name}."), inner, rows);
        }
    }
}

fn value(form: &Form) -> String {
    let bound = form.max_chars().map(|max| format!(" ≤ {}", words::grouped(max as u64))).unwrap_or_default();
    match form {
        Form::Line { .. } => format!("line{bound}"),
        Form::Text { .. } => format!("text{bound}"),
        Form::Markdown { .. } => format!("markdown{bound}"),
        Form::Code(_) => "code".to_owned(),
        Form::Language => "language tag".to_owned(),
        Form::Bool => "true or false".to_owned(),
        Form::Count { .. } => "whole number".to_owned(),
        Form::Number => "number".to_owned(),
        Form::Date(_) => "date".to_owned(),
        Form::Place { .. } => format!("place{bound}"),
        Form::Url => "web address".to_owned(),
        Form::Contact => "mailbox or form".to_owned(),
        Form::Entry => "id of a record".to_owned(),
        Form::Blob => "id of a file".to_owned(),
        Form::Group(_) => "group".to_owned(),
    }
}

fn codes(name: &str) -> Result<Vec<CodeRow>, ApiError> {
    let vocabulary = Vocabulary::named(name).ok_or_else(|| {
        let names: Vec<&str> = Vocabulary::ALL.iter().map(|vocabulary| vocabulary.name()).collect();
        let meant = vocabulary::suggest_name(names.iter().copied(), name);
        let hint =
            meant.map_or_else(|| format!("one of: {}", names.join(", ")), |meant| format!("did you mean {meant}?"));
        ApiError::new(ErrorKind::NotFound, format!("there is no vocabulary `{name}`")).hint(hint)
    })?;
    let row = |term: &vocabulary::Term| CodeRow {
        code: term.code.to_owned(),
        label: term.label.to_owned(),
        group: term.group.map(ToOwned::to_owned),
        replaced_by: term.replaced_by.map(ToOwned::to_owned),
    };
    Ok(vocabulary::terms(vocabulary).iter().map(row).collect())
}

fn fields_text(rows: &Vec<FieldRow>, view: View) -> String {
    let mut table = Table::new([
        Column::text("field"),
        Column::text("need"),
        Column::text("value"),
        Column::number("most"),
        Column::text("vocabulary"),
        Column::elastic("what to write"),
    ]);
    for row in rows {
        let tone = if row.need == "required" { Tone::Good } else { Tone::Plain };
        table.row([
            (row.field.clone(), Tone::Plain),
            (row.need.clone(), tone),
            (row.value.clone(), Tone::Plain),
            (words::grouped(row.most), Tone::Plain),
            (row.vocabulary.clone().unwrap_or_default(), Tone::Plain),
            (row.help.clone(), Tone::Faint),
        ]);
    }
    table.render(view.width)
}

fn codes_text(rows: &Vec<CodeRow>, view: View) -> String {
    let mut table = Table::new([Column::text("code"), Column::elastic("label"), Column::text("group")]);
    for row in rows {
        let label = match &row.replaced_by {
            Some(code) => format!("{} (now {code})", row.label),
            None => row.label.clone(),
        };
        table.row([
            (row.code.clone(), Tone::Plain),
            (label, Tone::Plain),
            (row.group.clone().unwrap_or_default(), Tone::Faint),
        ]);
    }
    table.render(view.width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    #[test]
    fn every_field_has_a_row() {
        let rows = fields();
        assert!(rows.iter().any(|row| row.field == "title" && row.need == "required"));
        for field in PRACTICE.fields {
            assert!(rows.iter().any(|row| row.field == field.name), "{}", field.name);
        }
        let text = samples::plain(&fields_text(&rows, View { width: None }));
        assert_eq!(text.lines().count(), rows.len() + 1);
    }

    #[test]
    fn codes_of_a_vocabulary() {
        insta::assert_snapshot!(samples::plain(&codes_text(&codes("capacity").unwrap(), View { width: None })));
        assert_eq!(codes("strnad").map(|_| ()).unwrap_err().hint.as_deref(), Some("did you mean strand?"));
    }
}
