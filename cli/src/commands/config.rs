//! `nanduti config`: what can be set, and what is.

use clap::Subcommand;
use nanduti_node::{
    Config,
    api::{ApiError, ErrorKind},
};

use crate::{
    context::Context,
    outcome::{self, Outcome},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti config template > ~/.local/share/nanduti/config.toml
  nanduti config show
  nanduti run --set web.listen=127.0.0.1:8080

Every key has a default, so the file may be short or absent. An unknown key is an error.

Next: `nanduti run` uses it; a running node reads it when it starts.";

const AFTER_TEMPLATE: &str = "\
Example:
  nanduti config template > ~/.local/share/nanduti/config.toml

Next: edit the file, then `nanduti config show`.";

const AFTER_SHOW: &str = "\
Examples:
  nanduti config show
  nanduti config show --set web.listen=127.0.0.1:8080

Next: `nanduti run`.";

/// Show what can be set, and what is
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Args {
    /// Print a config.toml with every key, its default and what it means
    #[command(after_help = AFTER_TEMPLATE)]
    Template,
    /// Print the settings in force: defaults, config.toml, environment and --set together
    #[command(after_help = AFTER_SHOW)]
    Show,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let terminal = context.terminal();
    match args {
        Args::Template => terminal.text("template", Config::template())?,
        Args::Show => {
            let config = context.config(&context.home()?)?;
            if terminal.is_json() {
                terminal.document(&config)?;
            } else {
                terminal.verbatim(&written(&config)?)?;
            }
        }
    }
    Ok(outcome::DONE)
}

/// The settings as a config.toml that says the same.
fn written(config: &Config) -> Result<String, ApiError> {
    toml::to_string(config).map_err(|error| {
        ApiError::new(ErrorKind::Failed, "the configuration cannot be written as TOML").because(&error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_settings() {
        insta::assert_snapshot!(written(&Config::default()).unwrap());
    }
}
