//! `nanduti submit`: hand in what a root key signed elsewhere.

use std::path::PathBuf;

use nanduti_node::{
    api::{ApiError, ErrorKind, Submit, SubmitReply},
    offline::{self, HandedIn, Request},
};

use super::{
    member, network,
    signing::{effects_text, encode, finish, request_text, unfit},
};
use crate::{
    context::{Context, Session},
    outcome::{self, Outcome},
    terminal::{Consent, View, sanitise},
};

const AFTER_HELP: &str = "\
Example:
  nanduti submit change.signed

The node checks the signature, that a keyring takes the next place in the root log and follows what is in force, that
a statement of a ballot does not contradict another one of yours; it shows what follows and asks. A charter, or a
request to join, is kept in the home, and what is to be sent to others is written. To hand in the same file again
changes nothing.

Next: `nanduti key list`.";

/// Hand in a request that a root or governance key has signed
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The signed file, as `nanduti sign` wrote it
    file: PathBuf,
    /// Show what would follow; change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// After a restore: go on although other members have not said yet where the root log stands
    #[arg(long)]
    unheard: bool,
    /// Where to write what is to be sent to others, of a charter or a request to join [default: beside the file, or in the home]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    consent: Consent,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let request = Request::read(&args.file)?;
    if request.is_beginning() {
        return begin(context, &args, &request);
    }
    let session = context.open().await?;
    let done = flow(context, &session, &args, &request).await;
    session.close(done).await
}

async fn flow(context: &Context, session: &Session<'_>, args: &Args, request: &Request) -> Outcome {
    let terminal = context.terminal();
    let file = encode(request);
    let check = Submit { file: file.clone(), check: true, stops: None, unheard: args.unheard };
    let checked = session.call("checking", check).await?;
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
    let reply =
        session.call("taking it in", Submit { file, check: false, stops: Some(stops), unheard: args.unheard }).await?;
    finish(context, &reply)
}

/// A root log begins: that is kept in the home, without a node.
fn begin(context: &Context, args: &Args, request: &Request) -> Outcome {
    let terminal = context.terminal();
    let view = request.view().map_err(|error| unfit(&error))?;
    if args.dry_run {
        terminal.reply(&view, request_text)?;
        return Ok(outcome::DONE);
    }
    if !args.consent.is_given() {
        let clean = sanitise::reply(&view).unwrap_or_else(|_| view.clone());
        args.consent.ask(terminal, &[request_text(&clean, terminal.view())], "Take this in?")?;
    }
    let out = args
        .out
        .as_deref()
        .map(std::path::absolute)
        .transpose()
        .map_err(|error| ApiError::new(ErrorKind::Usage, "the file has no usable path").because(&error))?;
    match offline::hand_in(&context.home()?, request, &args.file, out.as_deref())? {
        HandedIn::Charter(reply) => network::signed(context, &reply),
        HandedIn::Admission(reply) => member::requested(context, &reply),
    }
}

fn text(reply: &SubmitReply, view: View) -> String {
    format!("{}{}", request_text(&reply.request, view), effects_text(&reply.effects))
}
