//! `nanduti network sign`: sign a draft of the charter with the member's root key.

use std::path::PathBuf;

use nanduti_node::{
    Home,
    founding::{self, SignReply},
    offline,
};

use super::super::signing::{RootKey, hand_out_beginning, root_file, said_text};
use crate::{
    context::Context,
    outcome::{self, Outcome, Stop},
    terminal::{Consent, Purpose, View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti network sign draft.nanduti      shows the whole charter, asks, and writes PRY.signed beside it
  nanduti network sign draft.nanduti --prepare charter.request
                                          where the root key is kept elsewhere: `nanduti sign charter.request`
                                          there shows the whole charter, `nanduti submit charter.signed` here

The root key signs that the institution adopts this charter, and which keys speak for it. Compare the id of the
network and the fingerprint of every founder by telephone before you say yes.

Next: send the signed file to whoever seals the charter.";

/// Sign a draft of the charter with the member's root key
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The draft
    draft: PathBuf,
    /// The file to write [default: MEMBER.signed beside the draft]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write what the root key is to sign into FILE, for `nanduti sign` elsewhere
    #[arg(long, value_name = "FILE", conflicts_with_all = ["root_key", "out"])]
    prepare: Option<PathBuf>,
    /// A home of the former network, to compare with before signing, where the draft founds a network anew
    #[arg(long, value_name = "OLD_HOME")]
    from: Option<PathBuf>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    key: RootKey,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let home = context.home()?;
    if let Some(from) = &args.from {
        context.block_on_value(super::super::former::compare(context, &args.draft, from))?;
    }
    if let Some(path) = &args.prepare {
        return hand_out_beginning(context, &offline::prepare_charter(&home, &args.draft)?, path);
    }
    if !args.consent.is_given() {
        ask(context, &home, args)?;
    }
    let passphrase = args.key.passphrase(Purpose::UseKey)?;
    let reply = {
        let _progress = context.terminal().progress("signing the charter");
        founding::sign_with(&home, &args.draft, args.out.as_deref(), args.key.file(), &passphrase)?
    };
    signed(context, &reply)
}

/// Shows the whole charter, and asks. What was signed before is handed out again unasked.
fn ask(context: &Context, home: &Home, args: &Args) -> Result<(), Stop> {
    if !home.path().is_dir() {
        // Signing says what is missing.
        return Ok(());
    }
    let Some(request) = offline::adoption(home, &args.draft)? else { return Ok(()) };
    root_file(context, args.key.file())?;
    let terminal = context.terminal();
    let clean = sanitise::reply(&request).unwrap_or_else(|_| request.clone());
    let shown = said_text(&clean, terminal.view(), "The draft alone does not show");
    args.consent.ask(terminal, &[shown], "Adopt this charter with the root key?")?;
    Ok(())
}

/// What was signed, and what comes next.
pub(crate) fn signed(context: &Context, reply: &SignReply) -> Outcome {
    context.terminal().reply(reply, text)?;
    context.terminal().hint("send the signed file to whoever seals the charter with `nanduti network seal`");
    Ok(outcome::DONE)
}

fn text(reply: &SignReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("network", sanitise::line(&reply.network));
    pairs.add("signed by", style::strong(&sanitise::line(&reply.member)));
    pairs.add("file", sanitise::line(&reply.path));
    pairs.render()
}
