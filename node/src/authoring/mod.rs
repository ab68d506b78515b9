//! How people write a record: Markdown with YAML front matter, there and back.
//!
//! Short fields stand in the front matter under their names, and before them what is said beside the record: the series that
//! it revises (`id`) and who may read it (`audience`). Each long text may stand as a section of the body instead:
//! `## ` and the field's label or name; text before the first section is the description. A record written by
//! [`render()`] reads back as the same record.
//!
//! Whatever can be wrong is said at once, with the line where it is known: the form of the file, the types, and all that
//! `record::validate` finds. A file is normalised to Unicode NFC before it is read, so that one text has one spelling in
//! signed records and search finds it; a record that is not NFC keeps its spelling through escapes.
//!
//! YAML is used as a notation, not for its types: what a scalar means is decided by the schema, so that the code `16.10`
//! stays what it is and a year is not a number. Anchors, aliases, tags and several documents are refused.
//!
//! Absent on purpose: signing, files and folders, translations and every other kind of record than the practice.

mod present;
mod render;
#[cfg(test)]
mod round_trip;
mod sections;
mod source;
mod template;
#[cfg(test)]
mod tests;
mod typing;
mod yaml;

use std::collections::BTreeMap;

use nanduti_protocol::{
    kind::Audience,
    record::{self, PRACTICE, Record},
};

use crate::api::Problem;

pub use present::{field_changes, field_views, record_json};
pub use render::render;
pub use source::decode;
pub use template::template;
use typing::Head;

/// A practice that can be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Id of the series to revise, as the author wrote it.
    pub id: Option<String>,
    /// Who may read it, if the author says so.
    pub audience: Option<Audience>,
    /// The record: it has no errors.
    pub record: Record,
    /// What is not wrong but worth a look.
    pub warnings: Vec<Problem>,
}

/// Reads a practice from Markdown with YAML front matter, and checks it.
///
/// # Errors
/// Everything that is wrong with it, in the order of the lines where they are known, else of the schema; warnings are
/// not among them.
pub fn parse(markdown: &str) -> Result<Draft, Vec<Problem>> {
    let (Head { id, audience }, Reading { record, lines, mut problems }) = read(markdown)?;
    let (errors, warnings): (Vec<_>, Vec<_>) =
        record::validate(&PRACTICE, &record).into_iter().partition(record::Problem::is_error);
    problems.extend(errors.into_iter().map(|problem| with_line(problem, &lines)));
    if problems.is_empty() {
        let warnings = warnings.into_iter().map(|problem| with_line(problem, &lines)).collect();
        return Ok(Draft { id, audience, record, warnings });
    }
    problems.sort_by_key(|problem| problem.line.unwrap_or(u64::MAX));
    Err(problems)
}

/// Reads the form of the file. It fails where nothing more could be said of the content.
fn read(markdown: &str) -> Result<(Head, Reading), Vec<Problem>> {
    let mut reading = Reading::default();
    let Some(source) = source::clean(markdown, &mut reading.problems) else { return Err(reading.problems) };
    let Some((front, body)) = source::split(&source, &mut reading.problems) else { return Err(reading.problems) };
    match yaml::parse(front.text, front.line) {
        Ok(root) => {
            let head = typing::read_front_matter(root, &PRACTICE, &mut reading);
            sections::read(&body, &PRACTICE, &mut reading);
            Ok((head, reading))
        }
        Err(problem) => {
            // What is wrong with the sections can still be said; every field of the front matter would be called missing.
            reading.problems.push(problem);
            sections::read(&body, &PRACTICE, &mut reading);
            Err(reading.problems)
        }
    }
}

/// What is being gathered from a file.
#[derive(Debug, Default)]
struct Reading {
    record: Record,
    /// Line of each field's path.
    lines: BTreeMap<String, u64>,
    problems: Vec<Problem>,
}

impl Reading {
    fn problem(&mut self, field: &str, line: u64, message: impl Into<String>, hint: Option<String>) {
        self.problems.push(Problem { field: field.to_owned(), line: Some(line), message: message.into(), hint });
    }
}

/// The problem with the line of its path, or of the nearest path around it.
fn with_line(problem: record::Problem, lines: &BTreeMap<String, u64>) -> Problem {
    let mut path = problem.path.as_str();
    let line = loop {
        match lines.get(path) {
            Some(line) => break Some(*line),
            None => match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => break None,
            },
        }
    };
    Problem { field: problem.path, line, message: problem.message, hint: problem.hint }
}
