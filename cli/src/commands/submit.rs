//! `nanduti submit`: hand in what a root key signed elsewhere.

use std::path::PathBuf;

use nanduti_node::{
    api::{Submit, SubmitReply},
    governance::StatementFile,
    offline::Request,
};

use super::{
    ballot,
    key::{effects_text, encode, finish, request_text},
};
use crate::{
    context::{Context, Session},
    outcome::{self, Outcome},
    terminal::{Consent, View, sanitise},
};

const AFTER_HELP: &str = "\
Example:
  nanduti submit change.signed

The node checks the signature, that the statement takes the next place in the root log, and that it follows what is in
force; it shows what follows and asks. To hand in the same file again changes nothing.

Next: `nanduti key list`.";

/// Hand in a request that the root key has signed
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The signed file, as `nanduti sign` wrote it
    file: PathBuf,
    /// Show what would follow; change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    if let Some(statement) = StatementFile::read(&args.file)? {
        if args.dry_run {
            return ballot::show_away(context, &statement);
        }
        return ballot::hand_in(context, &statement, &args.consent).await;
    }
    let request = Request::read(&args.file)?;
    let session = context.open().await?;
    let done = flow(context, &session, &args, &request).await;
    session.close(done).await
}

async fn flow(context: &Context, session: &Session<'_>, args: &Args, request: &Request) -> Outcome {
    let terminal = context.terminal();
    let file = encode(request);
    let checked = session.call("checking", Submit { file: file.clone(), check: true, stops: None }).await?;
    for warning in &checked.warnings {
        terminal.warning(&sanitise::line(warning));
    }
    if args.dry_run {
        terminal.reply(&checked, text)?;
        return Ok(outcome::DONE);
    }
    if !args.consent.is_given() && !checked.known {
        let clean = sanitise::reply(&checked).unwrap_or_else(|_| checked.clone());
        args.consent.ask(terminal, &[text(&clean, terminal.view())], "Take this in?")?;
    }
    let stops = checked.effects.iter().map(|effect| effect.stops).sum();
    let reply = session.call("taking it in", Submit { file, check: false, stops: Some(stops) }).await?;
    finish(context, &reply)
}

fn text(reply: &SubmitReply, view: View) -> String {
    format!("{}{}", request_text(&reply.request, view), effects_text(&reply.effects))
}
