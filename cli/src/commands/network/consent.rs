//! `nanduti network consent`: let the root key of a former network consent to the one that takes its place.

use std::path::PathBuf;

use nanduti_node::{
    api::{ApiError, ConsentReply, ErrorKind, Former},
    founding,
};

use super::super::signing::RootKey;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{Consent, Purpose, View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti network consent --home OLD_HOME PRY.card
  nanduti network consent --home OLD_HOME --root-key /media/stick/root.pem PRY.card

For a network that is founded anew. The former root key signs that the root key on the card takes its
place: for this member, this key and this former network, and nothing else. It is shown first, with both
fingerprints, and asked for. A root key that the former network does not list any more is refused. Whoever has
lost its former root key founds without a consent, and is shown as claimed.

The home is the one of the former network, and so is the root key.

Next: send card and consent to whoever drafts the charter with `nanduti network refound`.";

/// Let a former root key consent to the new one on a card
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The card with the new root key
    card: PathBuf,
    /// The file to write [default: MEMBER.consent beside the card]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    key: RootKey,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let home = context.home()?;
    if founding::network_of(&home)?.is_none() {
        let message = format!("{} is no home of a former network", home.path().display());
        return Err(ApiError::new(ErrorKind::Usage, message)
            .hint("name the home that is in the former network: `nanduti network consent --home OLD_HOME CARD`")
            .into());
    }
    let from = context.block_on_value(context.call("reading the list of members", Former::default()))?;
    let files = (args.key.file(), args.out.as_deref());
    let consenting = founding::consenting(&home, &args.card, files, &from)?;
    let about: Vec<String> = consenting.about().iter().map(|line| sanitise::item(line)).collect();
    args.consent.ask(context.terminal(), &about, "Sign this with the former root key?")?;
    let passphrase = args.key.passphrase(Purpose::UseKey)?;
    let reply = {
        let _progress = context.terminal().progress("signing the consent");
        consenting.sign(&passphrase)?
    };
    context.terminal().reply(&reply, text)?;
    context.terminal().hint("send card and consent to whoever drafts the charter with `nanduti network refound`");
    Ok(outcome::DONE)
}

fn text(reply: &ConsentReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("former network", sanitise::line(&reply.network));
    pairs.add("member", style::strong(&sanitise::line(&reply.member)));
    pairs.add("consents to", sanitise::line(&reply.root_key));
    pairs.add("fingerprint", sanitise::line(&reply.fingerprint));
    pairs.add("file", sanitise::line(&reply.path));
    pairs.render()
}
