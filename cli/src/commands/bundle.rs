//! `nanduti bundle`: the library in one file, for a USB stick.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use nanduti_node::api::{ApiError, BundleExport, BundleImport, BundleReply, ErrorKind};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti bundle export /media/stick/library.nanduti
  nanduti bundle import /media/stick/library.nanduti

A bundle holds signed entries as they are. What is imported passes the same checks as what comes
from a peer, so it does not matter who carried it.

Next: `nanduti status` shows the frontier digest; two nodes with the same one hold the same.";

const AFTER_EXPORT: &str = "\
Example:
  nanduti bundle export library.nanduti

Next: carry the file to another node of the network and give it to `nanduti bundle import` there.";

const AFTER_IMPORT: &str = "\
Example:
  nanduti bundle import library.nanduti

What is here already is passed over. What is not signed as it must be is refused and counted.

Next: `nanduti list` shows the library, `nanduti bundle export` takes an answer back.";

/// Carry the library in one file, where there is no line
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write everything public to one file
    #[command(after_help = AFTER_EXPORT)]
    Export {
        /// The file to write
        file: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        overwrite: bool,
    },
    /// Take in what a bundle holds
    #[command(after_help = AFTER_IMPORT)]
    Import {
        /// The file to read
        file: PathBuf,
    },
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    match args.action {
        Action::Export { file, overwrite } => {
            let call = BundleExport { path: absolute(&file)?, overwrite, ..BundleExport::default() };
            let reply = context.call("writing the bundle", call).await?;
            context.terminal().reply(&reply, exported)?;
        }
        Action::Import { file } => {
            let reply = context.call("reading the bundle", BundleImport { path: absolute(&file)? }).await?;
            context.terminal().reply(&reply, imported)?;
        }
    }
    Ok(outcome::DONE)
}

/// The running node has a working folder of its own, so it is given the whole path.
pub(super) fn absolute(path: &Path) -> Result<String, ApiError> {
    let unusable = || ApiError::new(ErrorKind::Usage, format!("{} is no usable path", path.display()));
    let whole = std::path::absolute(path).map_err(|error| unusable().because(&error))?;
    whole.into_os_string().into_string().map_err(|_| unusable().hint("paths must be UTF-8"))
}

fn exported(reply: &BundleReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("written", sanitise::line(&reply.path));
    pairs.add("holds", holds(reply));
    pairs.render()
}

fn imported(reply: &BundleReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("read", sanitise::line(&reply.path));
    pairs.add("holds", holds(reply));
    pairs.add("new here", style::good(&words::count(reply.new, "entry", "entries")));
    if !reply.refused.is_empty() {
        pairs.add("refused", style::careful(&sanitise::line(&words::tally(&reply.refused))));
    }
    pairs.render()
}

fn holds(reply: &BundleReply) -> String {
    let entries = words::count(reply.entries, "entry", "entries");
    format!("{entries} of {}, {}", words::count(reply.logs, "log", "logs"), words::bytes(reply.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    #[test]
    fn out_and_in() {
        let reply = BundleReply {
            path: "/media/stick/library.nanduti".into(),
            logs: 15,
            entries: 1_204,
            new: 12,
            refused: vec![("wrong signature".into(), 1)],
            bytes: 812_000,
        };
        let view = View { width: None };
        insta::assert_snapshot!(samples::plain(&exported(&reply, view)), @r"
        written  /media/stick/library.nanduti
        holds    1 204 entries of 15 logs, 812.0 kB
        ");
        insta::assert_snapshot!(samples::plain(&imported(&reply, view)), @r"
        read      /media/stick/library.nanduti
        holds     1 204 entries of 15 logs, 812.0 kB
        new here  12 entries
        refused   1 × wrong signature
        ");
    }
}
