//! `nanduti network new`: draft a charter from the cards of the founders.

use std::path::PathBuf;

use nanduti_node::founding::{self, DraftOptions, DraftReply};

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Example:
  nanduti network new --name \"International Network of NMIRFs\" \\
    --purpose \"Share effective practices\" PRY.card MAR.card PRT.card

Compare the fingerprint of each card with its institution by telephone before you draft: a card is
not signed by anyone. The hash of the draft is the id of the network for ever.

Next: send the draft to every founder, who reads it with `nanduti network show` and signs it with
`nanduti network sign`.";

/// Draft a charter from the cards of the founders
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Cards of the founders, as `nanduti init` wrote them
    #[arg(required = true, value_name = "CARD")]
    cards: Vec<PathBuf>,
    /// Name of the network
    #[arg(long)]
    name: String,
    /// What the network is for
    #[arg(long, value_name = "TEXT")]
    purpose: String,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "draft.nanduti")]
    out: PathBuf,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: Args) -> Outcome {
    let options = DraftOptions { name: args.name, purpose: args.purpose, cards: args.cards, out: args.out };
    let reply = founding::draft(options)?;
    context.terminal().reply(&reply, text)?;
    for warning in &reply.warnings {
        context.terminal().warning(&sanitise::line(warning));
    }
    context
        .terminal()
        .hint("each founder reads it with `nanduti network show` and signs it with `nanduti network sign`");
    Ok(outcome::DONE)
}

fn text(reply: &DraftReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("network", style::strong(&sanitise::line(&reply.network)));
    pairs.add("founders", reply.members.iter().map(|member| sanitise::line(member)).collect::<Vec<_>>().join(", "));
    pairs.add("draft", sanitise::line(&reply.path));
    pairs.render()
}
