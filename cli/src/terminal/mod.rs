//! The only place that prints. Data goes to stdout, everything else to stderr.
//!
//! - Text from elsewhere passes [`sanitise`] before it is laid out.
//! - With `--json`, stdout carries exactly one document and stderr at most one line an error; notes, hints and progress
//!   are left out.
//! - A reader that has gone away (`| head`) ends the program quietly.
//! - Colour is decided here, once a stream: `--color`, `NO_COLOR`, `CLICOLOR_FORCE`, and whether it is a terminal.
//!
//! Absent on purpose: logs. They are written by `tracing`, to stderr too (see [`nanduti_node::init_logging`]).

mod consent;
mod passphrase;
mod progress;
mod report;
pub(crate) mod sanitise;
mod screen;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod width;

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use nanduti_node::api::{ApiError, ErrorKind};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use consent::Consent;
pub(crate) use passphrase::{PassphraseSource, Purpose};
pub(crate) use progress::Progress;

use crate::outcome::Stop;

/// Width that prose is set in where the terminal does not say.
const PROSE_COLUMNS: usize = 80;
/// Width beyond which prose is hard to read.
const PROSE_MOST: usize = 100;

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal that shows it, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// What a renderer may know about where its text goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// Columns of the terminal; none in a pipe or a file.
    pub(crate) width: Option<usize>,
}

impl View {
    /// What can be known about stdout.
    pub(crate) fn of_stdout() -> Self {
        Self { width: comfy_table::Table::new().width().map(usize::from).filter(|width| *width > 0) }
    }

    /// Columns for prose.
    pub(crate) fn prose(self) -> usize {
        self.width.unwrap_or(PROSE_COLUMNS).min(PROSE_MOST)
    }
}

/// Where output goes, and in which form.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    json: bool,
    quiet: bool,
    wanted: Color,
    color: ColorChoice,
    view: View,
}

impl Terminal {
    /// The terminal of this process.
    pub(crate) fn new(json: bool, quiet: bool, color: Color) -> Self {
        Self { json, quiet, wanted: color, color: color.into(), view: View::of_stdout() }
    }

    /// Is JSON wanted?
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// What was said about colour.
    pub(crate) fn color(&self) -> Color {
        self.wanted
    }

    /// What a renderer may know about where its text goes.
    pub(crate) fn view(&self) -> View {
        self.view
    }

    /// Does somebody sit there who can read and answer?
    pub(crate) fn is_attended(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Is stdout a terminal?
    pub(crate) fn stdout_is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Data, as it is, on stdout.
    pub(crate) fn data(&self, text: &str) -> Result<(), Stop> {
        let mut stdout = AutoStream::new(io::stdout().lock(), self.color);
        written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    /// Bytes of a document that a person wrote or will write again: verbatim into a file or a pipe, made harmless on a
    /// terminal.
    pub(crate) fn verbatim(&self, text: &str) -> Result<(), Stop> {
        if self.stdout_is_terminal() {
            return self.data(&sanitise::text(text));
        }
        let mut stdout = io::stdout().lock();
        written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    /// A text that is itself the data: verbatim, or with `--json` as the only field, `name`, of a document.
    pub(crate) fn text(&self, name: &str, text: &str) -> Result<(), Stop> {
        if self.json {
            return self.document(&std::collections::BTreeMap::from([(name, text)]));
        }
        self.verbatim(text)
    }

    /// A reply: the document with `--json`, else what `render` makes of the cleaned reply.
    pub(crate) fn reply<T: Serialize + DeserializeOwned>(
        &self,
        reply: &T,
        render: impl FnOnce(&T, View) -> String,
    ) -> Result<(), Stop> {
        if self.json {
            return self.document(reply);
        }
        let clean = sanitise::reply(reply).map_err(|error| {
            ApiError::new(ErrorKind::Failed, "the reply has a form that this program does not know").because(&error)
        })?;
        self.data(&render(&clean, self.view))
    }

    /// One JSON document over several lines.
    pub(crate) fn document<T: Serialize>(&self, document: &T) -> Result<(), Stop> {
        self.json_text(serde_json::to_string_pretty(document))
    }

    /// One JSON document on one line.
    pub(crate) fn document_line<T: Serialize>(&self, document: &T) -> Result<(), Stop> {
        self.json_text(serde_json::to_string(document))
    }

    fn json_text(&self, text: Result<String, serde_json::Error>) -> Result<(), Stop> {
        let text = text
            .map_err(|error| ApiError::new(ErrorKind::Failed, "the reply cannot be written as JSON").because(&error))?;
        let mut stdout = io::stdout().lock();
        let document = sanitise::json(&text);
        written(
            stdout.write_all(document.as_bytes()).and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush()),
        )
    }

    /// Something that a person may want to know; not with `--json` or `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.json && !self.quiet {
            self.stderr_line(text);
        }
    }

    /// What to do next; not with `--json` or `--quiet`.
    pub(crate) fn hint(&self, text: &str) {
        if !self.json && !self.quiet {
            self.stderr_line(&report::hint(text));
        }
    }

    /// Something that a person must know although the command goes on; not with `--json`.
    pub(crate) fn warning(&self, text: &str) {
        if !self.json {
            self.stderr_line(&report::warning(text));
        }
    }

    /// Problems of a file that do not stop the command; not with `--json`, where the reply holds them.
    pub(crate) fn file_warnings(&self, file: &str, problems: &[nanduti_node::api::Problem]) {
        if !self.json {
            self.stderr_text(&report::warnings(file, problems));
        }
    }

    /// An error, with its causes, the problems of the file if it is about one, and what to do.
    pub(crate) fn error(&self, file: Option<&str>, error: &ApiError) {
        if self.json {
            self.stderr_line(&sanitise::json(&report::json_line(file, error)));
        } else {
            let clean = sanitise::reply(error).unwrap_or_else(|_| error.clone());
            self.stderr_text(&report::error(file, &clean));
        }
    }

    /// A sign of life for work that may take a while: only on a terminal.
    pub(crate) fn progress(&self, message: &str) -> Progress {
        let visible = !self.json && !self.quiet && io::stderr().is_terminal();
        Progress::start(visible, message)
    }

    fn stderr_line(&self, line: &str) {
        self.stderr_text(&format!("{line}\n"));
    }

    fn stderr_text(&self, text: &str) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
        // Nothing can be done about a stderr that is gone, and nowhere is left to say so.
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

fn written(result: io::Result<()>) -> Result<(), Stop> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Stop::OutputClosed),
        Err(error) => Err(ApiError::new(ErrorKind::Failed, "standard output cannot be written").because(&error).into()),
    }
}
