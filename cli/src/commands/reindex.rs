//! `nanduti reindex`: rebuild what is derived from the segment files.

use nanduti_node::api::{Reindex, ReindexReply};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::View,
};

const AFTER_HELP: &str = "\
Example:
  nanduti reindex

The segment files are the truth; nothing in them is changed. A node does this by itself when it
finds its index missing or damaged.

Next: `nanduti verify` checks the segment files themselves.";

/// Rebuild the index and the library from the segment files
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(context: &Context, _args: &Args) -> Outcome {
    let reply = context.call("rebuilding the index", Reindex {}).await?;
    context.terminal().reply(&reply, text)?;
    Ok(outcome::DONE)
}

fn text(reply: &ReindexReply, _view: View) -> String {
    let entries = words::count(reply.entries, "entry", "entries");
    let logs = words::count(reply.logs, "log", "logs");
    format!("rebuilt from {entries} of {logs} in {}\n", words::duration(reply.elapsed_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line() {
        let reply = ReindexReply { logs: 1, entries: 12_400, elapsed_ms: 412 };
        assert_eq!(text(&reply, View { width: None }), "rebuilt from 12 400 entries of 1 log in 412 ms\n");
    }
}
