//! From arguments to exit code: parse, dispatch, report.

use std::process::ExitCode;

use clap::FromArgMatches;

use crate::{
    args::{self, Cli, Command},
    commands as c,
    context::Context,
    help,
    outcome::{self, Outcome, Stop},
    terminal::{Terminal, View},
};

/// The program.
pub(crate) fn main() -> ExitCode {
    let command = || help::set(args::command(), View::of_stdout().prose());
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return parsing_ended(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return parsing_ended(&error.format(&mut command())),
    };
    let context = Context::new(&cli.global);
    let outcome = dispatch(&context, cli.command);
    ExitCode::from(report(context.terminal(), outcome))
}

fn dispatch(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Demo(args) => context.block_on(c::demo::run(context, args)),
        Command::Init(args) => c::init::run(context, args),
        Command::Network(args) => c::network::run(context, args),
        Command::Join(args) => c::join::run(context, &args),
        Command::Run(args) => c::run::run(context, &args),
        Command::Publish(args) => context.block_on(c::publish::run(context, args)),
        Command::Practice(args) => c::practice::run(context, &args),
        Command::Withdraw(args) => context.block_on(c::withdraw::run(context, args)),
        Command::List(args) => context.block_on(c::list::run(context, args)),
        Command::Show(args) => context.block_on(c::show::run(context, args)),
        Command::History(args) => context.block_on(c::history::run(context, args)),
        Command::Diff(args) => context.block_on(c::diff::run(context, args)),
        Command::Verify(args) => context.block_on(c::verify::run(context, args)),
        Command::Member(args) => c::member::run(context, args),
        Command::Ballot(args) => context.block_on(c::ballot::run(context, args)),
        Command::Sync(args) => context.block_on(c::sync::run(context, args)),
        Command::Peer(args) => context.block_on(c::peer::run(context, args)),
        Command::Key(args) => context.block_on(c::key::run(context, args)),
        Command::Fork(args) => context.block_on(c::fork::run(context, args)),
        Command::Sign(args) => c::sign::run(context, &args),
        Command::Submit(args) => context.block_on(c::submit::run(context, args)),
        Command::Status(args) => context.block_on(c::status::run(context, &args)),
        Command::Bundle(args) => context.block_on(c::bundle::run(context, args)),
        Command::Backup(args) => context.block_on(c::backup::run(context, args)),
        Command::Restore(args) => c::restore::run(context, &args),
        Command::Reindex(args) => context.block_on(c::reindex::run(context, &args)),
        Command::Config(args) => c::config::run(context, &args),
        Command::Completions(args) => c::completions::run(context, &args),
        Command::Man(args) => c::man::run(context, &args),
    }
}

/// Help and version go to stdout with 0, what is wrong with the command line to stderr with 2.
fn parsing_ended(error: &clap::Error) -> ExitCode {
    // A reader that has gone away is no failure, and for any other failure of this write nowhere is left to say so.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { outcome::USAGE } else { outcome::DONE })
}

fn report(terminal: &Terminal, outcome: Outcome) -> u8 {
    match outcome {
        Ok(code) => code,
        Err(Stop::OutputClosed) => outcome::DONE,
        Err(Stop::Interrupted) => outcome::INTERRUPTED,
        Err(Stop::Error(error)) => {
            terminal.error(None, &error);
            outcome::code_of(error.kind)
        }
        Err(Stop::File(file, error)) => {
            terminal.error(Some(&file), &error);
            outcome::code_of(error.kind)
        }
    }
}
