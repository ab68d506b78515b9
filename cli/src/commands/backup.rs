//! `nanduti backup`: what cannot be had from others, in one file.

use std::path::PathBuf;

use nanduti_node::api::{Backup, BackupReply, OwnLogView};

use super::{bundle::absolute, words};
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti backup /media/backup/pry-2026-11-23.backup
  nanduti backup nightly.backup --overwrite
  nanduti backup whole.backup --all

Works beside a running node as well. The file holds the settings, what this node alone knows, the
root logs of all members, the member's own logs, and the keys: whoever has it can sign in your
name. Keep it as you keep the server. The root key in it stays encrypted with its passphrase.

Next: `nanduti restore FILE` makes a home of it again; docs/guide/backup.md says when to.";

/// Write what only this node has, keys included, to one file
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The file to write
    file: PathBuf,
    /// The whole library too, which other nodes have as well
    #[arg(long)]
    all: bool,
    /// Replace a file that is there
    #[arg(long)]
    overwrite: bool,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let call = Backup { path: absolute(&args.file)?, overwrite: args.overwrite, all: args.all };
    let reply = context.call("writing the backup", call).await?;
    let terminal = context.terminal();
    terminal.reply(&reply, text)?;
    terminal.warning(caution(&reply));
    Ok(outcome::DONE)
}

/// What whoever has the file can do.
fn caution(reply: &BackupReply) -> &'static str {
    if reply.keys.iter().any(|key| key == "keys/publish.pem") {
        "the file holds the node key and the publishing key: whoever has it can sign in your name. Keep it as you keep the server"
    } else {
        "the file holds the node key: whoever has it can pass for this node. Keep it as you keep the server"
    }
}

fn text(reply: &BackupReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("written", sanitise::line(&reply.path));
    let entries = words::count(reply.entries, "entry", "entries");
    let what = if reply.all { "the whole library" } else { "without the library, which is on every other node" };
    let logs = words::count(reply.logs, "log", "logs");
    pairs.add("holds", format!("{entries} of {logs}, {}; {what}", words::bytes(reply.bytes)));
    pairs.add("keys", sanitise::line(&reply.keys.join(", ")));
    pairs.maybe("member", reply.member.as_deref());
    own_logs(&mut pairs, &reply.own_logs);
    pairs.render()
}

/// How far the member's own logs reach.
pub(super) fn own_logs(pairs: &mut Pairs, logs: &[OwnLogView]) {
    for log in logs {
        let name = if log.root { "root log" } else { "own log" };
        let end = match &log.head {
            Some(head) => format!(", the last one {}", words::glance(head)),
            None => String::new(),
        };
        let entries = words::count(log.entries, "entry", "entries");
        pairs.add(name, style::strong(&sanitise::line(&format!("{entries}{end}"))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    fn sample() -> BackupReply {
        let log = |root, entries, head: Option<&str>| OwnLogView {
            key: "5c".repeat(32),
            root,
            entries,
            head: head.map(|byte| byte.repeat(32)),
        };
        BackupReply {
            path: "/media/backup/pry.backup".into(),
            bytes: 48_200,
            made: "2026-11-23T02:00:00Z".into(),
            network: "4f".repeat(32),
            member: Some("PRY".into()),
            peer_id: "12D3KooWO".into(),
            keys: ["keys/node.pem", "keys/publish.pem", "keys/root.pem"].map(str::to_owned).to_vec(),
            own_logs: vec![log(true, 2, Some("ab")), log(false, 0, None)],
            logs: 6,
            entries: 23,
            all: false,
        }
    }

    #[test]
    fn of_a_member() {
        insta::assert_snapshot!(samples::plain(&text(&sample(), View { width: None })));
        assert!(caution(&sample()).contains("sign in your name"));
    }

    #[test]
    fn of_an_observer() {
        let keys = vec!["keys/node.pem".to_owned()];
        let reply = BackupReply { member: None, keys, own_logs: Vec::new(), all: true, ..sample() };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
        assert!(!caution(&reply).contains("sign"));
    }
}
