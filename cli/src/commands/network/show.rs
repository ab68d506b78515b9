//! `nanduti network show`: read a draft of the charter, or a founding bundle.

use std::path::PathBuf;

use crate::doors::founding::{self, CharterView};

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti network show draft.nanduti
  nanduti network show founding.nanduti

Compare the network id and the fingerprints with the other founders by telephone before you sign:
the id is the hash of the whole charter, so if it is the same, every word is.

Next: `nanduti network sign draft.nanduti`.";

/// Read a draft of the charter, or a founding bundle
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The draft or the bundle
    file: PathBuf,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let reply = founding::show(&args.file)?;
    context.terminal().reply(&reply, text)?;
    Ok(outcome::DONE)
}

fn text(charter: &CharterView, view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("network", style::strong(&sanitise::line(&charter.name)));
    pairs.add("id", sanitise::line(&charter.network));
    pairs.add("purpose", sanitise::line(&charter.purpose));
    let _ = view;
    pairs.render()
}
