//! `nanduti join`: enter a network, by a ticket or with its founding bundle.

use std::path::{Path, PathBuf};

use nanduti_node::{
    Home,
    api::{ApiError, ErrorKind},
    founding::{self, JoinReply},
};

use super::{former, words};
use crate::{
    context::Context,
    outcome::{self, Outcome, Stop},
    terminal::{View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti join founding.nanduti    a founder, with the founding bundle
  nanduti join nanduti:…            anyone, with a ticket
  nanduti join --from OLD_HOME founding.nanduti
                                   a network that was founded anew: takes the old library over

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
    /// A home of the former network: its library is taken over, where the bundle founds a network anew
    #[arg(long, value_name = "OLD_HOME")]
    from: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let home = context.home()?;
    let reply = match &args.from {
        None => founding::join(&home, &args.ticket)?,
        Some(from) => context.block_on_value(join_from(context, &home, &args.ticket, from))?,
    };
    let terminal = context.terminal();
    terminal.reply(&reply, text)?;
    terminal.hint(if reply.needs_sync {
        "`nanduti sync` fetches the charter and the library; `nanduti run` does so and goes on"
    } else {
        "`nanduti run` keeps the node running"
    });
    Ok(outcome::DONE)
}

/// Joins a network that was founded anew, and takes its library out of a home of the former one, which has to agree with what the
/// charter claims.
async fn join_from(context: &Context, home: &Home, bundle: &str, from: &Path) -> Result<JoinReply, Stop> {
    if bundle.trim().to_ascii_lowercase().starts_with("nanduti:") {
        let error = ApiError::new(ErrorKind::Usage, "a ticket does not bring the charter, with which --from compares");
        return Err(error
            .hint("join with the founding bundle; or join without --from, and let others bring the library")
            .into());
    }
    let claims = former::compare(context, Path::new(bundle), from).await?;
    let mut reply = founding::join(home, bundle)?;
    reply.carried_over = Some(former::take_over(context, home, &claims, from).await?);
    Ok(reply)
}

fn text(reply: &JoinReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    let name = reply.network_name.as_deref().map_or_else(|| "name not known yet".to_owned(), sanitise::line);
    pairs.add("joined", style::strong(&name));
    pairs.add("network", sanitise::line(&reply.network));
    pairs.add("this node", super::network::role(reply.role, reply.member.as_deref()));
    if let Some(entries) = reply.carried_over {
        pairs.add("carried over", style::good(&words::count(entries, "entry", "entries")));
    }
    pairs.render()
}
