//! Where the words of `tracing` go: to standard error, as text for people or as JSON for machines.
//!
//! Invariants: nothing is ever written to standard output, which belongs to the data; colour only on a terminal, and
//! never when `NO_COLOR` is set and not empty; the libraries below keep quiet unless something is wrong.
//!
//! `NANDUTI_LOG` holds directives such as `debug` or `info,nanduti_node::net=trace,libp2p_swarm=debug` and takes the
//! place of the level of the configuration. Reading it is the caller's: the environment is an argument.
//!
//! Absent: log files and their rotation. Whatever runs the node (systemd, a container) keeps what it says.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat, LogLevel};

/// Sends what `tracing` says to standard error from now on; `directives` is the value of `NANDUTI_LOG`.
pub fn init_logging(log: &Log, directives: Option<&str>) -> Result<(), LoggingError> {
    let filter = filter(log.level, directives)?;
    let terminal = io::stderr().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let installed = match log.format {
        LogFormat::Json => subscriber.json().flatten_event(true).with_span_events(FmtSpan::NONE).finish().try_init(),
        LogFormat::Auto | LogFormat::Human => {
            let ansi = log.format == LogFormat::Auto && terminal && !no_color && !dumb;
            // Where a line was written matters to who reads details, and is noise to everybody else.
            let details = matches!(log.level, LogLevel::Debug | LogLevel::Trace) || directives.is_some();
            subscriber.compact().with_ansi(ansi).with_target(details).finish().try_init()
        }
    };
    installed.map_err(|_| LoggingError::Twice)
}

/// What is let through: our own words up to the level, those of the libraries from warnings up.
fn filter(level: LogLevel, directives: Option<&str>) -> Result<EnvFilter, LoggingError> {
    let text = match directives.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => text.to_owned(),
        None => format!(
            "{},nanduti={level},nanduti_node={level},nanduti_protocol={level}",
            others(level),
            level = name(level)
        ),
    };
    EnvFilter::try_new(&text).map_err(|error| LoggingError::Directives { text, reason: error.to_string() })
}

fn others(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn | LogLevel::Info | LogLevel::Debug => "warn",
        // Who asks for everything gets more of them, though not the packets.
        LogLevel::Trace => "debug",
    }
}

fn name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

/// Why nothing will be logged.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The directives of `NANDUTI_LOG` cannot be read.
    #[error("NANDUTI_LOG is `{text}`, which is no list of log directives: {reason}")]
    Directives {
        /// What it says.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Logging was set up before in this process.
    #[error("logging is already set up")]
    Twice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_quiet_by_default() {
        let filter = filter(LogLevel::Info, None).unwrap().to_string();
        let mut parts: Vec<&str> = filter.split(',').collect();
        parts.sort_unstable();
        assert_eq!(parts, ["nanduti=info", "nanduti_node=info", "nanduti_protocol=info", "warn"]);
    }

    #[test]
    fn directives_replace_the_level() {
        assert_eq!(filter(LogLevel::Info, Some("libp2p_swarm=trace")).unwrap().to_string(), "libp2p_swarm=trace");
        assert!(filter(LogLevel::Info, Some("  ")).unwrap().to_string().contains("nanduti=info"));
    }

    #[test]
    fn bad_directives_are_shown() {
        let error = filter(LogLevel::Info, Some("nanduti=loud")).unwrap_err();
        assert!(error.to_string().starts_with("NANDUTI_LOG is `nanduti=loud`"), "{error}");
    }
}
