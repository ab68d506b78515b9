//! Homes in one temporary folder, and the program run on them.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::running::Running;

/// Opens every root key of a test.
pub const PASSPHRASE: &str = "seven quiet rivers meet";

/// A temporary folder with homes in it. Paths are relative to it, and commands run in it.
#[derive(Debug)]
pub struct World {
    program: PathBuf,
    folder: TempDir,
}

impl World {
    /// An empty world for this program (`env!("CARGO_BIN_EXE_nanduti")`).
    ///
    /// # Panics
    /// If no folder can be made.
    pub fn new(program: &str) -> Self {
        // Short, since a home below it has a socket.
        let folder = tempfile::Builder::new().prefix("nt-").tempdir().expect("a temporary folder can be made");
        Self { program: program.into(), folder }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into it.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file can be written into a temporary folder");
        path
    }

    /// A command of the program, with no settings from the environment but the passphrase, and without input.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        without_settings(&mut command);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// The same, started by another program, such as `ip netns exec NAME`.
    pub fn command_through(&self, starter: &[&str]) -> Command {
        let (first, rest) = starter.split_first().expect("somebody starts it");
        let mut command = Command::new(first);
        without_settings(&mut command);
        command.args(rest).arg(&self.program).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    ///
    /// # Panics
    /// If it cannot be run.
    pub fn run(&self, args: &[&str]) -> Output {
        let done = self.command().args(args).output().expect("the program was built before its tests");
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Output { args: args.join(" "), code: done.status.code(), stdout: text(done.stdout), stderr: text(done.stderr) }
    }

    /// Runs the program on a home, with what the command line adds to its settings: free ports of the loopback interface.
    pub fn on(&self, home: &str, args: &[&str]) -> Output {
        let mut all = vec!["--home", home];
        all.extend(crate::running::SETTINGS.iter().flat_map(|set| ["--set", set]));
        all.extend(args);
        self.run(&all)
    }

    /// The same with `--json`; the reply, after a good end.
    pub fn json(&self, home: &str, args: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(args);
        self.on(home, &all).json()
    }

    /// Founds a network of these members, each with a home of its own name, all of whom have joined. Returns the path of
    /// the founding bundle.
    pub fn found(&self, members: &[&str]) -> PathBuf {
        for member in members {
            self.run(&["init", "--home", member, "--member", member, "--name", &format!("Test {member}")]).good();
        }
        self.found_from_cards(members)
    }

    /// The same by homes that were made already.
    ///
    /// # Panics
    /// If a step fails.
    pub fn found_from_cards(&self, members: &[&str]) -> PathBuf {
        let cards: Vec<String> = members.iter().map(|member| format!("{member}/{member}.card")).collect();
        let mut draft = vec!["network", "new", "--name", "Test", "--purpose", "To be tested"];
        draft.extend(cards.iter().map(String::as_str));
        self.run(&draft).good();
        for member in members {
            self.run(&["network", "sign", "draft.nanduti", "--home", member, "--yes"]).good();
        }
        let signed: Vec<String> = members.iter().map(|member| format!("{member}.signed")).collect();
        let mut seal = vec!["network", "seal", "draft.nanduti"];
        seal.extend(signed.iter().map(String::as_str));
        self.run(&seal).good();
        for member in members {
            self.run(&["join", "founding.nanduti", "--home", member]).good();
        }
        self.path("founding.nanduti")
    }

    /// Starts the node of a home, with settings beyond the usual ones.
    ///
    /// # Panics
    /// If it does not become ready.
    pub fn start(&self, home: &str, sets: &[String]) -> Running {
        Running::start(self.command(), &self.path(home), &self.path(&format!("{home}.log")), sets)
    }
}

/// Takes every setting of our own out of the environment, and puts the passphrase there.
pub(crate) fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NANDUTI_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", "/nowhere").env_remove("XDG_DATA_HOME").env("NANDUTI_PASSPHRASE", PASSPHRASE);
}

/// How a command ended.
#[derive(Debug, Clone)]
pub struct Output {
    args: String,
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote as data.
    pub stdout: String,
    /// What it said besides.
    pub stderr: String,
}

impl Output {
    /// The same, if the exit code is 0.
    ///
    /// # Panics
    /// If it is not.
    #[track_caller]
    pub fn good(self) -> Self {
        self.code(0)
    }

    /// The same, if that is the exit code.
    ///
    /// # Panics
    /// If it is not.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "{self}");
        self
    }

    /// The one document on its stdout, after a good end.
    ///
    /// # Panics
    /// If it did not end well, or stdout holds anything else.
    #[track_caller]
    pub fn json(self) -> Value {
        assert_eq!(self.code, Some(0), "{self}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// The one error on its stderr, with `--json`.
    ///
    /// # Panics
    /// If stderr holds anything else.
    #[track_caller]
    pub fn error(&self) -> Value {
        assert_eq!(self.stdout, "", "{self}");
        let line: Value = serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}\n{self}"));
        line["error"].clone()
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { args, code, stdout, stderr } = self;
        write!(f, "nanduti {args}\nexit code {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// A path as an argument.
impl World {
    /// The text of a path in this world.
    ///
    /// # Panics
    /// If it is not UTF-8.
    pub fn text(path: &Path) -> &str {
        path.to_str().expect("paths of tests are ASCII")
    }
}
