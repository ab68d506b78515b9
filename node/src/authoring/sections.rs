//! The body of the file: one section a long text.
//!
//! A section begins with a line `## ` and the label or the name of a field, in whatever case; text before the first is the
//! description. A comment (`<!--` at the start of a line, up to the line with `-->`) is left out. A title written as `# ` on
//! the first line is the title. Headings of the third level and below are ordinary text.

use nanduti_protocol::{
    record::{Field, Schema, Value},
    vocabulary,
};

use super::{Reading, source::Part};

/// The field of the text before the first section.
const FIRST: &str = "description";
/// How a section begins.
pub(super) const HEADING: &str = "## ";
/// How a comment begins.
pub(super) const COMMENT: &str = "<!--";
/// How a title begins.
pub(super) const TITLE: &str = "# ";

/// Reads all sections.
pub(super) fn read(body: &Part<'_>, schema: &Schema, reading: &mut Reading) {
    let mut section = Section { field: schema.field(FIRST), line: body.line, text: String::new(), is_preamble: true };
    let mut comment_since = None;
    for (line, text) in (body.line..).zip(body.text.split('\n')) {
        if comment_since.is_some() || text.starts_with(COMMENT) {
            let since = *comment_since.get_or_insert(line);
            comment_since = (!text.contains("-->")).then_some(since);
        } else if let Some(heading) = heading(text) {
            let field = find(schema, heading);
            if field.is_none() {
                unknown(heading, line, schema, reading);
            }
            let next = Section { field, line, text: String::new(), is_preamble: false };
            std::mem::replace(&mut section, next).close(reading);
        } else {
            section.text.push_str(text);
            section.text.push('\n');
        }
    }
    if let Some(line) = comment_since {
        reading.problem("", line, "the comment does not end", Some("close it with `-->`".to_owned()));
    }
    section.close(reading);
}

/// The text of a heading that begins a section, if the line is one.
pub(super) fn heading(line: &str) -> Option<&str> {
    if line.trim_end() == "##" {
        return Some("");
    }
    line.strip_prefix(HEADING).map(|rest| rest.trim().trim_end_matches('#').trim_end())
}

struct Section {
    field: Option<&'static Field>,
    line: u64,
    text: String,
    is_preamble: bool,
}

impl Section {
    fn close(self, reading: &mut Reading) {
        let mut text = self.text.trim();
        if self.is_preamble
            && let Some(rest) = text.strip_prefix(TITLE)
        {
            let (title, rest) = rest.split_once('\n').unwrap_or((rest, ""));
            text = rest.trim();
            self.title(title.trim(), reading);
        }
        let Some(field) = self.field.filter(|_| !text.is_empty()) else { return };
        if reading.record.get(field.name).is_some() {
            let before = reading.lines.get(field.name).copied().unwrap_or(self.line);
            let hint = format!("it stands on line {before} already; put both into one");
            return reading.problem(field.name, self.line, "is given twice", Some(hint));
        }
        reading.lines.insert(field.name.to_owned(), self.line);
        reading.record.set(field.name, Value::String(text.to_owned()));
    }

    fn title(&self, title: &str, reading: &mut Reading) {
        match reading.record.text("title") {
            None if reading.record.get("title").is_none() => {
                reading.lines.insert("title".to_owned(), self.line);
                reading.record.set("title", Value::String(title.to_owned()));
            }
            Some(same) if same == title => {}
            _ => {
                let hint = "keep the one in the front matter".to_owned();
                reading.problem("title", self.line, "differs from the title in the front matter", Some(hint));
            }
        }
    }
}

fn find(schema: &Schema, heading: &str) -> Option<&'static Field> {
    let same = |name: &str| {
        let fold = |text: &str| text.to_lowercase().replace(['’', '‘'], "'").replace('_', " ");
        fold(name) == fold(heading)
    };
    schema.fields.iter().find(|field| field.is_section() && (same(field.label) || same(field.name)))
}

fn unknown(heading: &str, line: u64, schema: &Schema, reading: &mut Reading) {
    let labels = schema.fields.iter().filter(|field| field.is_section()).map(|field| field.label);
    let hint = match vocabulary::suggest_name(labels, heading) {
        Some(meant) => format!("did you mean `## {meant}`?"),
        None => "inside a section, write headings with ### or as bold text".to_owned(),
    };
    let shown: String = heading.chars().take(60).collect();
    reading.problem("", line, format!("there is no section `{shown}`"), Some(hint));
}
