//! `nanduti sign`: sign what a root or governance key is asked to, on a machine that needs no network and no node.

use std::path::{Path, PathBuf};

use nanduti_node::{
    api::{ApiError, ErrorKind, RequestAct, RequestView},
    offline::{KeyFile, Request, SignedAt},
};
use serde::{Deserialize, Serialize};

use super::signing::{request_text, root_file, unfit};
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{Consent, PassphraseSource, Purpose, View, sanitise, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti sign change.request --key /media/stick/root.pem --show   only read it
  nanduti sign change.request --key /media/stick/root.pem          writes change.signed beside it

Needs the file of the key and nothing else. What is shown is computed from the very bytes that are signed; what the
file alone cannot show is said. What was signed is remembered in a file beside the key, since a root key must
never sign two statements for one place of its log, nor two that contradict each other in a ballot.

Signs keyrings, statements of ballots (also with a governance key), a charter, and a request to join.

Next: carry the signed file back, and `nanduti submit FILE` on the node.";

/// Sign a request with a root or governance key, away from the network
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The request, as `nanduti key`, `nanduti ballot`, `nanduti network sign` or `nanduti member request` wrote it with --prepare
    request: PathBuf,
    /// The file of the root or governance key [default: keys/root.pem in the home]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The file to write [default: the request's name with the ending .signed]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show what it says; sign nothing
    #[arg(long, conflicts_with_all = ["out", "yes"])]
    show: bool,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// A signed request in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Signed {
    path: String,
    request: RequestView,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let request = Request::read(&args.request)?;
    let view = request.view().map_err(|error| unfit(&error))?;
    let terminal = context.terminal();
    if args.show {
        terminal.reply(&view, request_text)?;
        return Ok(outcome::DONE);
    }
    if request.is_signed() {
        return Err(ApiError::new(ErrorKind::Usage, "this request has been signed already")
            .hint("`nanduti submit FILE` hands it in, on the node")
            .into());
    }
    let key =
        root_file(context, args.key.as_deref()).map_err(|error| error.hint("--key FILE names the file of the key"))?;
    let out = args.out.clone().unwrap_or_else(|| beside(&args.request));
    if !args.consent.is_given() {
        let clean = sanitise::reply(&view).unwrap_or_else(|_| view.clone());
        args.consent.ask(terminal, &[request_text(&clean, terminal.view())], "Sign this with this key?")?;
    }
    let passphrase = args.passphrase.read(Purpose::UseFile)?;
    let signed = {
        let _progress = terminal.progress("signing with the key");
        KeyFile::open(&key, &passphrase)?.sign(&request, SignedAt::Away)?
    };
    signed.write(&out)?;
    let view = signed.view().map_err(|error| unfit(&error))?;
    terminal.reply(&Signed { path: out.display().to_string(), request: view }, text)?;
    terminal.hint("carry it back, and hand it in on the node with `nanduti submit FILE`");
    Ok(outcome::DONE)
}

fn beside(request: &Path) -> PathBuf {
    request.with_extension("signed")
}

fn text(signed: &Signed, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("signed for", sanitise::line(&signed.request.member));
    pairs.add(
        "statement",
        match (signed.request.act, signed.request.entry) {
            (RequestAct::Keyring, Some(entry)) => format!("entry {entry} of its root log"),
            (RequestAct::Keyring | RequestAct::Vote, _) => "a statement of a ballot".to_owned(),
            (RequestAct::Charter, _) => "it adopts the charter".to_owned(),
            (RequestAct::Admission, _) => "a request to be admitted".to_owned(),
        },
    );
    pairs.add("file", sanitise::line(&signed.path));
    pairs.render()
}
