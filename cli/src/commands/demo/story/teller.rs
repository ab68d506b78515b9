//! Tells a story: says what happens, runs commands on the homes of members, and waits until others have heard of it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use nanduti_node::api::{ApiError, ErrorKind};
use serde_json::Value;
use tokio::{process::Command, time::Instant};

use crate::{
    commands::demo::process::Launcher,
    terminal::{Terminal, style},
};

/// How often a node is asked whether it has heard.
const EVERY: Duration = Duration::from_millis(150);
/// Lines of an answer that are shown.
const LINES: usize = 24;

/// Tells a story.
pub(crate) struct Teller<'a> {
    terminal: &'a Terminal,
    launcher: Launcher,
    passphrase: PathBuf,
    deadline: Instant,
    /// Nodes that joined in the course of the story.
    pub(super) joined: Vec<crate::commands::demo::process::Node>,
}

impl<'a> Teller<'a> {
    /// A teller who has until `deadline`.
    pub(crate) fn new(terminal: &'a Terminal, launcher: Launcher, passphrase: PathBuf, deadline: Instant) -> Self {
        Self { terminal, launcher, passphrase, deadline, joined: Vec::new() }
    }

    /// The nodes that joined, to be stopped with the others.
    pub(crate) fn into_joined(self) -> Vec<crate::commands::demo::process::Node> {
        self.joined
    }

    /// The folder with the homes.
    pub(super) fn folder(&self) -> &Path {
        &self.launcher.folder
    }

    /// How nodes are started.
    pub(super) fn launcher(&self) -> &Launcher {
        &self.launcher
    }

    /// A new episode.
    pub(super) fn episode(&self, title: &str) {
        self.terminal.note(&format!("\n{}", style::strong(title)));
    }

    /// Says something.
    pub(super) fn say(&self, text: &str) {
        self.terminal.note(&format!("\n{text}"));
    }

    /// Runs a command that has to succeed, and shows it without its answer.
    pub(super) async fn run_briefly(&self, home: &str, args: &[&str]) -> Result<String, ApiError> {
        self.run_showing(home, args, 0).await
    }

    /// Runs a command that has to succeed, and shows it with its answer.
    pub(super) async fn run(&self, home: &str, args: &[&str]) -> Result<String, ApiError> {
        self.run_showing(home, args, LINES).await
    }

    async fn run_showing(&self, home: &str, args: &[&str], lines: usize) -> Result<String, ApiError> {
        let (done, text) = self.shown(home, args, lines).await?;
        if done {
            Ok(text)
        } else {
            Err(failed(format!("`nanduti {}` failed in the story of {home}: {text}", args.join(" "))))
        }
    }

    /// Runs a command that has to be refused, and shows it with the refusal.
    pub(super) async fn refused(&self, home: &str, args: &[&str]) -> Result<String, ApiError> {
        let (done, text) = self.shown(home, args, LINES).await?;
        if done { Err(failed(format!("`nanduti {}` was not refused to {home}", args.join(" ")))) } else { Ok(text) }
    }

    async fn shown(&self, home: &str, args: &[&str], lines: usize) -> Result<(bool, String), ApiError> {
        self.terminal.note(&format!("{} {}", style::faint(&format!("{home} $")), style::strong(&line(args))));
        let output = self.command(home).args(args).output().await.map_err(|error| cannot_run(&error))?;
        let done = output.status.success();
        let text = String::from_utf8_lossy(if done { &output.stdout } else { &output.stderr }).into_owned();
        for line in text.lines().filter(|line| !line.trim().is_empty()).take(lines) {
            self.terminal.note(&format!("    {line}"));
        }
        Ok((done, text))
    }

    /// The answer of a command as JSON, without showing it.
    pub(super) async fn ask(&self, home: &str, args: &[&str]) -> Result<Value, ApiError> {
        let output = self.command(home).arg("--json").args(args).output().await.map_err(|error| cannot_run(&error))?;
        serde_json::from_slice(&output.stdout).map_err(|error| {
            failed(format!("`nanduti {}` on {home}: {}", line(args), String::from_utf8_lossy(&output.stderr)))
                .because(&error)
        })
    }

    /// Asks a home until the answer is right.
    pub(super) async fn until(
        &self,
        what: &str,
        home: &str,
        args: &[&str],
        right: impl Fn(&Value) -> bool,
    ) -> Result<Value, ApiError> {
        let mut looks = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = tokio::time::sleep_until(self.deadline) => {
                    return Err(failed(format!("{home} waited in vain until {what}, and the time is over"))
                        .hint("--timeout SECONDS gives the story longer"));
                }
            }
            if let Ok(answer) = self.ask(home, args).await
                && right(&answer)
            {
                return Ok(answer);
            }
        }
    }

    fn command(&self, home: &str) -> Command {
        let mut command = Command::new(&self.launcher.program);
        command.arg0("nanduti").current_dir(self.folder()).kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("NANDUTI_")) {
                command.env_remove(name);
            }
        }
        command.env("NANDUTI_PASSPHRASE_FILE", &self.passphrase).env("NANDUTI_HOME", self.folder().join(home));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A command as somebody would type it. Confirming is left out: people are asked.
fn line(args: &[&str]) -> String {
    let word = |arg: &&str| if arg.contains(' ') { format!("\"{arg}\"") } else { (*arg).to_owned() };
    let shown = args.iter().filter(|arg| **arg != "--yes").map(word).collect::<Vec<_>>();
    format!("nanduti {}", shown.join(" "))
}

fn cannot_run(error: &std::io::Error) -> ApiError {
    failed("a command of the story cannot be run").because(error)
}

fn failed(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Failed, message)
}
