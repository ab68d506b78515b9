//! `nanduti completions`: completions for a shell.

use clap_complete::Shell;

use crate::{
    args,
    context::Context,
    outcome::{self, Outcome},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti completions bash > ~/.local/share/bash-completion/completions/nanduti
  nanduti completions zsh > ~/.zfunc/_nanduti
  nanduti completions fish > ~/.config/fish/completions/nanduti.fish

Next: begin a new shell.";

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "nanduti", &mut script);
    context.terminal().text("script", &String::from_utf8_lossy(&script))?;
    Ok(outcome::DONE)
}
