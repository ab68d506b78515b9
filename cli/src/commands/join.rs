//! `nanduti join`: enter a network, by a ticket or with its founding bundle.

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style, table::Pairs},
};
use nanduti_node::founding::{self, JoinReply};

const AFTER_HELP: &str = "\
Examples:
  nanduti join founding.nanduti    a founder, with the founding bundle
  nanduti join nanduti:…            anyone, with a ticket

A ticket names the network by the hash of its charter, so what is fetched can be checked against
it. Get it from somebody that you trust.

Next: `nanduti run` keeps the node running; `nanduti sync` fetches the library once.";

/// Enter a network, with a ticket or a founding bundle
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The text of a ticket, or the path of a founding bundle
    #[arg(value_name = "TICKET|FILE")]
    ticket: String,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let home = context.home()?;
    let reply = founding::join(&home, &args.ticket)?;
    let terminal = context.terminal();
    terminal.reply(&reply, text)?;
    terminal.hint(if reply.needs_sync {
        "`nanduti sync` fetches the charter and the library; `nanduti run` does so and goes on"
    } else {
        "`nanduti run` keeps the node running"
    });
    Ok(outcome::DONE)
}

fn text(reply: &JoinReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    let name = reply.network_name.as_deref().map_or_else(|| "name not known yet".to_owned(), sanitise::line);
    pairs.add("joined", style::strong(&name));
    pairs.add("network", sanitise::line(&reply.network));
    pairs.add("this node", super::network::role(reply.role, reply.member.as_deref()));
    pairs.render()
}
