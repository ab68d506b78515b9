//! `nanduti ballot`: how the members change the list of members.

mod propose;
mod show;
mod speak;

pub(crate) use show::text;

use clap::Subcommand;

use crate::{context::Context, outcome::Outcome};

const AFTER_HELP: &str = "\
Examples:
  nanduti ballot show                      where each ballot stands, and what you may do
  nanduti ballot propose --admit \"nanduti-request:…\"
  nanduti ballot endorse kq4w…             say that you are for it
  nanduti ballot ratify kq4w…              say it for good, once a quorum has endorsed it

A proposal comes into force when more than two thirds of the members (or what the charter says) have
ratified it in one round. Each statement is signed with the root key; those about admissions, names and roles
may be signed with a governance key that is listed. If votes split, a new round opens; nobody can block the
network by silence alone as long as a quorum takes part.

Next: `nanduti member list` shows the members.";

/// Propose, endorse and ratify changes of the list of members
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Args {
    Show(show::Args),
    Propose(Box<propose::Args>),
    Endorse(speak::EndorseArgs),
    Ratify(speak::RatifyArgs),
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    match args {
        Args::Show(args) => show::run(context, args).await,
        Args::Propose(args) => propose::run(context, *args).await,
        Args::Endorse(args) => speak::endorse(context, args).await,
        Args::Ratify(args) => speak::ratify(context, args).await,
    }
}
