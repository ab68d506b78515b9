//! Mistakes in the configuration, each with the place where it was made.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file exists and cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is far too long to have been written by a person.
    #[error("{} is longer than {max} bytes", path.display())]
    Long {
        /// The file.
        path: PathBuf,
        /// The bound.
        max: u64,
    },
    /// The file is not UTF-8.
    #[error("{} is not UTF-8 text", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
    },
    /// The file is not TOML.
    #[error("{}, line {line}, column {column}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
        /// Counted from one, in characters.
        column: usize,
        /// What the parser found.
        message: String,
    },
    /// Keys or values that cannot be: all of them.
    #[error("{}", list(.0))]
    Invalid(Vec<ConfigProblem>),
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Where it was made.
    pub origin: Origin,
    /// What is wrong, the key included.
    pub message: String,
    /// What may have been meant.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// In the file.
    File {
        /// Which.
        path: PathBuf,
        /// Counted from one.
        line: usize,
    },
    /// In the environment.
    Environment {
        /// The name of the variable.
        variable: String,
    },
    /// On the command line.
    Flag {
        /// The dotted key.
        key: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Environment { variable } => write!(f, "environment variable {variable}"),
            Self::Flag { key } => write!(f, "--set {key}"),
        }
    }
}

fn list(problems: &[ConfigProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(ConfigProblem::to_string).collect();
    lines.join("\n")
}
