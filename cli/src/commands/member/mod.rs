//! `nanduti member`: who belongs to the network, and how to ask to.

mod list;
mod request;

pub(crate) use request::requested;

use clap::Subcommand;

use crate::{context::Context, outcome::Outcome};

const AFTER_HELP: &str = "\
How an institution joins, step by step:
  the newcomer        nanduti init --member NEW --name NAME
                      nanduti join TICKET, nanduti sync
                      nanduti member request
                      makes a line of text; it is mailed to a member
  a member            nanduti ballot propose --admit REQUEST
                      after comparing the fingerprint by telephone
  the members         nanduti ballot endorse ID, nanduti ballot ratify ID
  the newcomer        nanduti run
                      notices its admission and begins by itself

Next: `nanduti ballot show` says where each ballot stands.";

/// List the members, or ask to become one
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Args {
    List(list::Args),
    Request(request::Args),
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: Args) -> Outcome {
    match args {
        Args::List(args) => context.block_on(list::run(context, args)),
        Args::Request(args) => request::run(context, args),
    }
}
