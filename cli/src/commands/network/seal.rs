//! `nanduti network seal`: put the founders' signatures together.

use std::path::{Path, PathBuf};

use nanduti_node::{
    founding::{self, SealReply},
    offline::Request,
};

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Example:
  nanduti network seal draft.nanduti PRY.signed MAR.signed PRT.signed \\
    --address /dns4/node.example.org/udp/4001/quic-v1/p2p/12D3KooW…

A network is founded by consensus: the signature of every founder is needed. Nothing secret is in
the bundle or in the ticket.

Next: every founder enters with `nanduti join founding.nanduti`; everyone who comes later, with
the ticket.";

/// Put the founders' signatures together into the founding bundle
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The draft that was signed
    draft: PathBuf,
    /// Signed files of all founders
    #[arg(required = true, value_name = "SIGNED")]
    signed: Vec<PathBuf>,
    /// Address of a founder's node, with /p2p/…, for the ticket; repeatable
    #[arg(long, value_name = "MULTIADDR")]
    address: Vec<String>,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "founding.nanduti")]
    out: PathBuf,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let terminal = context.terminal();
    let (requests, signed): (Vec<PathBuf>, Vec<PathBuf>) =
        args.signed.iter().cloned().partition(|path| is_request(path));
    for path in requests {
        let path = sanitise::line(&path.display().to_string());
        terminal.note(&format!(
            "{path} is left out: it is what a root key signed away from the node, and `nanduti submit {path}` makes the MEMBER.signed of it"
        ));
    }
    let reply = founding::seal(&args.draft, &signed, &args.address, &args.out)?;
    terminal.reply(&reply, text)?;
    for warning in &reply.warnings {
        terminal.warning(&sanitise::line(warning));
    }
    terminal.hint("every founder enters with `nanduti join FILE`; everyone who comes later, with the ticket");
    Ok(outcome::DONE)
}

/// Does a file hold what `nanduti sign` signed of a charter? It has the ending of what founders send, and may lie beside it.
fn is_request(path: &Path) -> bool {
    Request::read(path).is_ok_and(|request| request.is_beginning())
}

fn text(reply: &SealReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("founded", style::strong(&sanitise::line(&reply.name)));
    pairs.add("network", sanitise::line(&reply.network));
    pairs.add("founders", reply.members.iter().map(|member| sanitise::line(member)).collect::<Vec<_>>().join(", "));
    pairs.add("bundle", sanitise::line(&reply.path));
    pairs.add("ticket", sanitise::line(&reply.ticket));
    pairs.render()
}
