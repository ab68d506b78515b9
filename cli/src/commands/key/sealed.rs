//! Making a governance key or a spare root key.

use std::path::PathBuf;

use nanduti_node::founding::{self, SealedKey, SealedKeyReply};

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{PassphraseSource, Purpose, View, sanitise, style, table::Pairs},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to write; a spare has to be put somewhere else than into the home
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

pub(super) fn run(context: &Context, which: SealedKey, args: Args) -> Outcome {
    let home = context.home()?;
    let passphrase = args.passphrase.read(Purpose::NewSealedKey)?;
    let reply = {
        let _progress = context.terminal().progress("making the key");
        founding::make_sealed_key(&home, which, args.out.as_deref(), &passphrase)?
    };
    let terminal = context.terminal();
    terminal.reply(&reply, text)?;
    let (option, what) = match which {
        SealedKey::Governance => ("--governance", "it speaks in no ballot before it is listed"),
        SealedKey::Spare => ("--spare", "put it into another safe than the root key"),
    };
    terminal.hint(what);
    terminal.hint(&format!(
        "list it: `nanduti ballot propose {option} MEMBER={}`, or with `{option}` at `nanduti init` or `nanduti member request`",
        reply.key
    ));
    Ok(outcome::DONE)
}

fn text(reply: &SealedKeyReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("key", sanitise::line(&reply.key));
    pairs.add("fingerprint", style::strong(&sanitise::line(&reply.fingerprint)));
    pairs.add("file", sanitise::line(&reply.path));
    pairs.render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    #[test]
    fn what_was_made() {
        let reply = SealedKeyReply {
            key: "3c".repeat(32),
            fingerprint: "lusab-babad-gutih-tugad-himug-bazor-nabop".into(),
            path: "/media/stick/spare.pem".into(),
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
    }
}
