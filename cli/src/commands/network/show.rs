//! `nanduti network show`: read a draft of the charter, a signed file, a founding bundle, or what this home has joined.

use std::path::PathBuf;

use nanduti_node::founding::{self, CharterKind, CharterView};

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{
        View, sanitise, style,
        table::{Column, Pairs, Table, Tone},
        width,
    },
};

const AFTER_HELP: &str = "\
Examples:
  nanduti network show draft.nanduti
  nanduti network show founding.nanduti
  nanduti network show                     the network that this home is in

Compare the network id and the fingerprints with the other founders by telephone before you sign:
the id is the hash of the whole charter, so if it is the same, every word is.

Next: `nanduti network sign draft.nanduti`.";

/// Read a draft of the charter, a founding bundle, or the charter in force
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// A draft, a signed file or a founding bundle [default: this home]
    file: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let reply = match &args.file {
        Some(file) => founding::show(file)?,
        None => founding::show(context.home()?.path())?,
    };
    context.terminal().reply(&reply, text)?;
    Ok(outcome::DONE)
}

fn text(charter: &CharterView, view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("network", style::strong(&sanitise::line(&charter.name)));
    pairs.add("id", sanitise::line(&charter.network));
    pairs.add("purpose", width::wrap(&charter.purpose, view.prose().saturating_sub(9)).join("\n"));
    pairs.add("quorum", sanitise::line(&charter.quorum));
    pairs.add(
        "state",
        match charter.kind {
            CharterKind::Draft => "a draft that nobody has signed".to_owned(),
            CharterKind::Signed => "a draft with the signature of one member".to_owned(),
            CharterKind::Founding => style::good("founded: a bundle with all signatures"),
            CharterKind::Home => style::good("in force: this home is in the network"),
        },
    );
    let mut table = Table::new([
        Column::text("member"),
        Column::elastic("institution"),
        Column::text("role"),
        Column::text("signed"),
        Column::text("fingerprint of the root key"),
    ]);
    let mut further = String::new();
    for founder in &charter.members {
        let signed = if founder.signed { ("yes".into(), Tone::Good) } else { ("no".into(), Tone::Faint) };
        let keys = [("spare root key", &founder.spare), ("governance key", &founder.governance)];
        let listed =
            keys.into_iter().filter_map(|(name, key)| Some(format!("{} {name} {}", founder.id, key.as_ref()?)));
        further.extend(listed.map(|key| format!("{}\n", sanitise::line(&key))));
        table.row([
            (founder.id.clone(), Tone::Plain),
            (founder.name.clone(), Tone::Plain),
            (founder.role.clone(), Tone::Plain),
            signed,
            (founder.fingerprint.clone(), Tone::Plain),
        ]);
    }
    if !further.is_empty() {
        further.insert(0, '\n');
    }
    format!("{}\n{}{further}", pairs.render(), table.render(view.width))
}

#[cfg(test)]
mod tests {
    use nanduti_node::founding::FounderView;

    use super::*;
    use crate::commands::samples;

    #[test]
    fn a_draft() {
        let founder = |id: &str, name: &str, signed: bool| FounderView {
            id: id.into(),
            name: name.into(),
            role: "mechanism".into(),
            fingerprint: "8f2a 41c0 77de".into(),
            root_key: "7e".repeat(32),
            spare: signed.then(|| "babab-dadad".to_owned()),
            governance: None,
            signed,
        };
        let charter = CharterView {
            kind: CharterKind::Signed,
            network: "4f".repeat(32),
            name: "International Network of NMIRFs".into(),
            purpose: "Identify, document and share effective practices of national mechanisms for implementation, \
                      reporting and follow-up."
                .into(),
            quorum: "more than two thirds".into(),
            members: vec![
                founder("MAR", "Délégation interministérielle aux droits de l'Homme", false),
                founder("PRY", "Ministry of Foreign Affairs", true),
            ],
        };
        insta::assert_snapshot!(samples::plain(&text(&charter, View { width: None })));
    }
}
