//! `nanduti init`: a home with keys, or without for an observer.

use std::path::PathBuf;

use clap::ValueEnum;
use nanduti_node::founding::{self, InitOptions, InitReply};

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{PassphraseSource, Purpose, View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti init --member PRY --name \"Ministry of Foreign Affairs\"
  nanduti init --member WSM --name \"Ministry of Justice\" --role state
  nanduti init --member PRY --name \"Ministry of Foreign Affairs\" --root-key /media/stick/root.pem
  nanduti init --member PRY --name \"Ministry of Foreign Affairs\" --from-spare /media/stick/spare.pem
  nanduti init --member PRY --further-node
  nanduti init --observer

Roles: `mechanism` for a national mechanism for implementation, reporting and follow-up; `state` for
a State that has none yet; `partner`, who may comment and not vote.

A member's node gets three keys: the root key, which speaks for the institution and is encrypted
with a passphrase; a publishing key, which signs content; and a node key, for the network. The
root key is needed again only to sign a charter, ballots and keyrings: once the network is founded,
move its file to a place that is not on this machine, and keep a copy.

Next: send the card to whoever drafts the charter (`nanduti network new`), or, with a ticket,
`nanduti join TICKET`.";

/// Make a home: a member's node with keys, or an observer's without
///
/// A member is named by the ISO 3166-1 alpha-3 code of its State, with a suffix if it is one of several institutions:
/// PRY, or PRY-DGDH.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Id of the member for which this node speaks
    #[arg(long, value_name = "ID", required_unless_present = "observer", conflicts_with = "observer")]
    member: Option<String>,
    /// Name of the institution, as the charter will carry it
    #[arg(long, value_name = "NAME", required_unless_present_any = ["observer", "further_node"], conflicts_with = "observer")]
    name: Option<String>,
    /// What the member is: mechanism, state or partner [default: mechanism]
    #[arg(long, value_enum, conflicts_with = "observer", hide_possible_values = true)]
    role: Option<Role>,
    /// Make a further node of a member: a publishing key and a node key, no root key
    #[arg(long, conflicts_with_all = ["observer", "name", "role", "root_key"], requires = "member")]
    further_node: bool,
    /// Put the root key into FILE, such as one on a stick, and not into the home
    #[arg(long, value_name = "FILE", conflicts_with = "observer")]
    root_key: Option<PathBuf>,
    /// Begin with the spare root key in FILE as root key: it stays there
    #[arg(long, value_name = "FILE", conflicts_with_all = ["observer", "further_node", "root_key"])]
    from_spare: Option<PathBuf>,
    /// List a spare root key on the card: the public half, as `nanduti key spare` printed it
    #[arg(long, value_name = "KEY", conflicts_with_all = ["observer", "further_node"])]
    spare: Option<String>,
    /// List a governance key on the card: the public half, as `nanduti key governance` printed it
    #[arg(long, value_name = "KEY", conflicts_with_all = ["observer", "further_node"])]
    governance: Option<String>,
    /// Make a node that reads and verifies, and signs nothing
    #[arg(long)]
    observer: bool,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// What a member is in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// A national mechanism for implementation, reporting and follow-up
    Mechanism,
    /// A State that has no mechanism yet
    State,
    /// A partner, who may comment and not vote
    Partner,
}

impl Role {
    fn code(self) -> &'static str {
        match self {
            Self::Mechanism => "mechanism",
            Self::State => "state",
            Self::Partner => "partner",
        }
    }
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: Args) -> Outcome {
    let home = context.home()?;
    let who = InitOptions {
        member: args.member,
        name: args.name,
        role: args.role.or((!args.observer).then_some(Role::Mechanism)).map(|role| role.code().to_owned()),
        observer: args.observer,
        further_node: args.further_node,
        root_key: args.root_key,
        from_spare: args.from_spare,
        spare: args.spare,
        governance: args.governance,
    };
    let purpose = if who.from_spare.is_some() { Purpose::UseFile } else { Purpose::NewKey };
    let passphrase = if who.observer || who.further_node { None } else { Some(args.passphrase.read(purpose)?) };
    let (observer, further) = (who.observer, who.further_node);
    let reply = {
        let _progress = passphrase.is_some().then(|| context.terminal().progress("making the keys"));
        founding::init(&home, who, passphrase.as_ref())?
    };
    let terminal = context.terminal();
    terminal.reply(&reply, |reply, _: View| text(reply, home.path()))?;
    if observer {
        terminal.hint("`nanduti join TICKET` enters a network");
    } else if further {
        terminal.hint("join the network with `nanduti join TICKET`, then `nanduti key offer` hands the keys to the member's first node");
    } else {
        terminal.hint("send the card to whoever drafts the charter, and compare the fingerprint by telephone");
        terminal.hint("keep the root key off this machine once the network is founded, with a copy in a safe place");
    }
    Ok(outcome::DONE)
}

fn text(reply: &InitReply, home: &std::path::Path) -> String {
    let mut pairs = Pairs::new();
    pairs.add("home", sanitise::line(&home.display().to_string()));
    pairs.maybe("member", reply.member.as_deref());
    pairs.maybe("root key", reply.root_key.as_deref());
    if let Some(fingerprint) = &reply.fingerprint {
        pairs.add("fingerprint", style::strong(&sanitise::line(fingerprint)));
    }
    pairs.maybe("publishing key", reply.publish_key.as_deref());
    pairs.maybe("peer id", reply.node_peer_id.as_deref());
    pairs.maybe("root key in", reply.root_file.as_deref());
    pairs.maybe("card", reply.card.as_deref());
    pairs.render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    #[test]
    fn keys_and_card() {
        let reply = InitReply {
            member: Some("PRY".into()),
            fingerprint: Some("8f2a 41c0 77de".into()),
            root_file: Some("/media/stick/root.pem".into()),
            card: Some("/srv/nanduti/PRY.card".into()),
            root_key: Some("7e".repeat(32)),
            publish_key: Some("5c".repeat(32)),
            node_peer_id: Some("12D3KooWO".into()),
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, std::path::Path::new("/srv/nanduti"))));
    }
}
