//! Asking before something that cannot be taken back.

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;
use nanduti_node::api::{ApiError, ErrorKind};

use super::Terminal;

/// Whether the person agrees.
#[derive(Debug, Clone, Args)]
pub(crate) struct Consent {
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

impl Consent {
    /// Was `--yes` given? Then a command whose result says all that it was about need not say it twice.
    pub(crate) fn is_given(&self) -> bool {
        self.yes
    }

    /// Asks a person at a terminal. Nobody else is asked: for what a script may do as it could before anybody was asked.
    pub(crate) fn ask_a_person(&self, terminal: &Terminal, about: &[String], question: &str) -> Result<(), ApiError> {
        if self.yes || !terminal.is_attended() {
            return Ok(());
        }
        self.ask(terminal, about, question)
    }

    /// Shows what it is about and asks, unless `--yes` was given: then it is only noted.
    pub(crate) fn ask(&self, terminal: &Terminal, about: &[String], question: &str) -> Result<(), ApiError> {
        if self.yes {
            about.iter().for_each(|line| terminal.note(line));
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            // Nobody agrees to what was not shown.
            about.iter().for_each(|line| terminal.note(line));
            let read = if terminal.is_json() {
                "read without --json what would happen"
            } else {
                "read above what would happen"
            };
            return Err(ApiError::new(
                ErrorKind::Usage,
                "this has to be confirmed, and there is no terminal to ask on",
            )
            .hint(format!("{read}, and use --yes")));
        }
        let mut stderr = std::io::stderr();
        let asked = write!(stderr, "{}\n{question} [y/N] ", about.join("\n")).and_then(|()| stderr.flush());
        let mut answer = String::new();
        let answered = asked.and_then(|()| std::io::stdin().lock().read_line(&mut answer));
        match answered {
            Ok(_) if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") => Ok(()),
            Ok(_) => Err(ApiError::new(ErrorKind::Failed, "nothing was done")),
            Err(error) => Err(ApiError::new(ErrorKind::Failed, "the terminal cannot be read").because(&error)),
        }
    }
}
