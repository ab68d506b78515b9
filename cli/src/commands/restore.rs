//! `nanduti restore`: a backup becomes a home again.

use std::path::PathBuf;

use nanduti_node::{api::RestoreReply, restore};

use super::{backup::own_logs, words};
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Example:
  nanduti restore /media/backup/pry-2026-11-23.backup --home /var/lib/nanduti

The home has to be empty or not there. The whole file is checked before anything is written, and
nothing is left behind if something is wrong with it.

A restored node reads and carries everything at once, and does not sign before more than a third
of the members have told it where its own log stands: it may have signed more than the backup
knows. Never run it beside the node that the backup was made of.

Next: `nanduti run` connects it to the others, `nanduti status` says how many have told.";

/// Make a home of a backup again
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The backup
    file: PathBuf,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let home = context.home()?;
    let terminal = context.terminal();
    let progress = terminal.progress("restoring the backup");
    let restored = restore(&home, &args.file, &mut |done, of| progress.position(done / 1024, of / 1024));
    drop(progress);
    let reply = restored?;
    terminal.reply(&reply, text)?;
    if reply.waits {
        terminal.warning(
            "if the node that this backup was made of still runs somewhere, stop it before this one starts: two nodes with one \
             key contradict each other",
        );
        terminal.hint(
            "`nanduti run` connects the node; it signs again once enough members have told it where its own log stands, and \
             `nanduti status` counts them",
        );
    } else {
        terminal.hint("`nanduti run` fetches the library from the other nodes");
    }
    Ok(outcome::DONE)
}

fn text(reply: &RestoreReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("restored", sanitise::line(&reply.home));
    pairs.add("backup of", sanitise::line(&words::minute(&reply.made)));
    pairs.add("network", sanitise::line(&reply.network));
    pairs.add(
        "this node",
        reply.member.as_deref().map_or_else(
            || "observer: reads and verifies, signs nothing".to_owned(),
            |member| format!("speaks for {}", sanitise::line(member)),
        ),
    );
    pairs.add("peer id", sanitise::line(&reply.peer_id));
    let entries = words::count(reply.entries, "entry", "entries");
    pairs.add("holds", format!("{entries} of {}", words::count(reply.logs, "log", "logs")));
    own_logs(&mut pairs, &reply.own_logs);
    if reply.waits {
        pairs.add("signing", style::careful("not before members have said where its own log stands"));
    }
    pairs.render()
}

#[cfg(test)]
mod tests {
    use nanduti_node::api::OwnLogView;

    use super::*;
    use crate::commands::samples;

    #[test]
    fn a_member_waits_and_an_observer_does_not() {
        let log = OwnLogView { key: "5c".repeat(32), root: false, entries: 21, head: Some("cd".repeat(32)) };
        let reply = RestoreReply {
            path: "/media/backup/pry.backup".into(),
            made: "2026-11-23T02:00:00Z".into(),
            home: "/var/lib/nanduti".into(),
            network: "4f".repeat(32),
            member: Some("PRY".into()),
            peer_id: "12D3KooWO".into(),
            own_logs: vec![log],
            logs: 6,
            entries: 23,
            waits: true,
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
        let observer = RestoreReply { member: None, own_logs: Vec::new(), waits: false, ..reply };
        insta::assert_snapshot!(samples::plain(&text(&observer, View { width: None })));
    }
}
