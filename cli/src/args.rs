//! The command line: what is common to all commands, and the list of commands.
//!
//! The arguments of a command stand in its own file. Help texts teach: what a command is for, an example or two, what
//! comes next.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{commands as c, help, terminal::Color};

/// A library of human-rights implementation practices that its members keep together, without a central server
///
/// Each institution runs a node. It signs its own practices; nodes carry them to each other; every node ends with the
/// whole library, verifiable offline.
#[derive(Debug, Parser)]
#[command(name = "nanduti", version, propagate_version = false, disable_help_subcommand = true)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = help::AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Folder where the node lives
    #[arg(long, global = true, value_name = "DIR", env = "NANDUTI_HOME", hide_env_values = true)]
    pub(crate) home: Option<PathBuf>,
    /// Print one JSON document; errors as JSON on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Override a setting, such as web.listen; repeatable
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
    /// Leave out notes, hints and progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t, hide_possible_values = true)]
    #[arg(help = "Colour: auto, always or never", hide_default_value = true)]
    pub(crate) color: Color,
}

/// The commands, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(c::demo::Args),
    Init(c::init::Args),
    #[command(subcommand)]
    Network(c::network::Args),
    Join(c::join::Args),
    Run(c::run::Args),
    #[command(subcommand)]
    Practice(c::practice::Args),
    Publish(c::publish::Args),
    Withdraw(c::withdraw::Args),
    List(c::list::Args),
    Show(c::show::Args),
    History(c::history::Args),
    Diff(c::diff::Args),
    Verify(c::verify::Args),
    #[command(subcommand)]
    Member(c::member::Args),
    #[command(subcommand)]
    Ballot(c::ballot::Args),
    #[command(subcommand)]
    Key(c::key::Args),
    #[command(subcommand)]
    Fork(c::fork::Args),
    Sign(c::sign::Args),
    Submit(c::submit::Args),
    Status(c::status::Args),
    Sync(c::sync::Args),
    #[command(subcommand)]
    Peer(c::peer::Args),
    #[command(subcommand)]
    Bundle(c::bundle::Args),
    Backup(c::backup::Args),
    Restore(c::restore::Args),
    Reindex(c::reindex::Args),
    #[command(subcommand)]
    Config(c::config::Args),
    Completions(c::completions::Args),
    Man(c::man::Args),
}

/// The whole command line, as it is parsed, completed and printed as a manual. How help is set is for [`crate::help`].
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if key.contains('.') && !key.starts_with('.') && !key.ends_with('.') => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected section.key=value, such as web.listen=127.0.0.1:8080".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_a_section_a_key_and_a_value() {
        assert_eq!(setting("web.listen=[::1]:80").unwrap(), ("web.listen".to_owned(), "[::1]:80".to_owned()));
        assert_eq!(setting("web.title=a=b").unwrap().1, "a=b");
        for wrong in ["web", "web.listen", "listen=1", ".a=1", "a.=1"] {
            assert!(setting(wrong).is_err(), "{wrong}");
        }
    }
}
