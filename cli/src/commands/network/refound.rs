//! `nanduti network refound`: draft the charter of a network that carries on the library of one that can decide nothing any more.

use std::path::PathBuf;

use nanduti_node::{
    api::{Former, RefoundReply},
    founding::{self, RefoundOptions},
};

use super::show::former_pairs;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{Consent, View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Example:
  nanduti network refound --from /srv/nanduti --name \"International Network of NMIRFs (2027)\" \\
    --reason \"The root keys of four of seven members were lost.\" \\
    PRY.card PRY.consent MAR.card MAR.consent KEN.card

Only for an emergency: when so many root keys are lost that no ballot can reach its quorum. As long as
it can, a ballot replaces a lost key (`nanduti ballot propose`), and the network stays what it is.

--from names a home of the former network that has its whole library: a running node's, or one that
came out of a backup. Each founder makes a new home with new keys (`nanduti init`); who still has its
former root key adds its consent (`nanduti network consent`), so that everybody can see that it is the
same institution. The charter then says openly what it claims, and every node shows it.

Next: send the draft to every founder, who compares it with a former home of its own:
`nanduti network show --from OLD_HOME draft.nanduti`, and signs it with `nanduti network sign`.";

/// Draft a network anew that carries the library of a former one over
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Cards of the founders, and consents of those who have one
    #[arg(required = true, value_name = "CARD|CONSENT")]
    files: Vec<PathBuf>,
    /// A home of the former network, with its whole library
    #[arg(long, value_name = "OLD_HOME")]
    from: PathBuf,
    /// Name of the new network
    #[arg(long)]
    name: String,
    /// Why the former network is left: everybody will read it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// What the network is for [default: as before]
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "draft.nanduti")]
    out: PathBuf,
    #[command(flatten)]
    consent: Consent,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: Args) -> Outcome {
    let from = context.block_on_value(context.at(&args.from).call("reading the former library", Former::default()))?;
    let Args { files, name, reason, purpose, out, consent, .. } = args;
    let refounding = founding::refound(RefoundOptions { name, purpose, reason, files, out }, &from)?;
    let about: Vec<String> = refounding.consequences().iter().map(|line| sanitise::line(line)).collect();
    let terminal = context.terminal();
    consent.ask(terminal, &about, "Draft this charter?")?;
    let reply = refounding.write()?;
    terminal.reply(&reply, text)?;
    for warning in &reply.warnings {
        terminal.warning(&sanitise::line(warning));
    }
    terminal.hint(
        "each founder compares it with `nanduti network show --from OLD_HOME FILE` and signs it with `nanduti network sign`",
    );
    Ok(outcome::DONE)
}

fn text(reply: &RefoundReply, view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("network", style::strong(&sanitise::line(&reply.network)));
    pairs.add("founders", reply.members.iter().map(|member| sanitise::line(member)).collect::<Vec<_>>().join(", "));
    former_pairs(&mut pairs, &reply.former, view);
    pairs.add("draft", sanitise::line(&reply.path));
    pairs.render()
}
