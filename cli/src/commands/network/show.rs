//! `nanduti network show`: read a draft of the charter, a signed file, a founding bundle, or what this home has joined.

use std::path::PathBuf;

use nanduti_node::{
    api::FormerView,
    founding::{self, CharterKind, CharterView},
};

use crate::{
    commands::words,
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
    /// A home of the former network: compare what is claimed of it
    #[arg(long, value_name = "OLD_HOME", requires = "file")]
    from: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let reply = match &args.file {
        Some(file) => founding::show(file)?,
        None => founding::show(context.home()?.path())?,
    };
    context.terminal().reply(&reply, text)?;
    if let (Some(file), Some(from)) = (&args.file, &args.from) {
        context.block_on_value(super::super::former::compare(context, file, from))?;
        context.terminal().note("what it claims of the former network is so in that home");
    }
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
    for former in &charter.former {
        former_pairs(&mut pairs, former, view);
    }
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

/// What is claimed of a former network.
pub(super) fn former_pairs(pairs: &mut Pairs, former: &FormerView, view: View) {
    let wrapped = |text: &str| width::wrap(&sanitise::line(text), view.prose().saturating_sub(13)).join("\n");
    pairs.add("founded anew", style::careful("takes the place of a former network, as its founders claim"));
    pairs.add("former", format!("{}, roster {}", style::strong(&sanitise::line(&former.name)), former.roster_version));
    pairs.add("former id", sanitise::line(&former.network));
    pairs.add("reason", wrapped(&former.reason));
    pairs.add("claim", wrapped(&former.claim()));
    let list = |ids: Vec<&str>| ids.iter().map(|id| sanitise::line(id)).collect::<Vec<_>>().join(", ");
    for (name, ids) in
        [("consented", former.consenting()), ("claimed", former.unproven()), ("not here", former.absent())]
    {
        if !ids.is_empty() {
            pairs.add(name, list(ids));
        }
    }
    let entries = words::count(former.entries, "entry", "entries");
    pairs.add("carries over", format!("{entries} in {}", words::count(former.carried, "log", "logs")));
}

#[cfg(test)]
mod tests {
    use nanduti_node::{api::FormerMember, founding::FounderView};

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
            former: Vec::new(),
            quorum: "more than two thirds".into(),
            members: vec![
                founder("MAR", "Délégation interministérielle aux droits de l'Homme", false),
                founder("PRY", "Ministry of Foreign Affairs", true),
            ],
        };
        insta::assert_snapshot!(samples::plain(&text(&charter, View { width: None })));
        let member =
            |id: &str, founder, proven| FormerMember { id: id.into(), name: id.into(), votes: true, founder, proven };
        let former = FormerView {
            network: "5e".repeat(32),
            name: "The network before".into(),
            reason: "The root keys of two of three members were lost.".into(),
            roster_version: 2,
            roster_hash: "5f".repeat(32),
            voters: 3,
            members: vec![member("KEN", false, false), member("MAR", true, false), member("PRY", true, true)],
            carried: 4,
            entries: 1_301,
            logs: Vec::new(),
        };
        let anew = CharterView { former: vec![former], ..charter };
        insta::assert_snapshot!("founded_anew", samples::plain(&text(&anew, View { width: Some(80) })));
    }
}
