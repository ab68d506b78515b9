//! `nanduti bundle`: the library in one file, for a USB stick.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use nanduti_node::api::{ApiError, Audience, BundleExport, BundleImport, BundleReply, ErrorKind};

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
  nanduti bundle export members.nanduti --for members

A bundle is for everybody, unless it is made for members: then the texts for members only are in it, and
whoever has the file can read them.

Next: carry the file to another node of the network and give it to `nanduti bundle import` there.";

const AFTER_IMPORT: &str = "\
Example:
  nanduti bundle import library.nanduti

What is here already is passed over. What is not signed as it must be is refused and counted.

Next: `nanduti list` shows the library, `nanduti bundle export` takes an answer back.";

/// Carry the library in one file, where there is no line
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Args {
    /// Write the library to one file
    #[command(after_help = AFTER_EXPORT)]
    Export {
        /// The file to write
        file: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        overwrite: bool,
        /// Who is to read it
        #[arg(long = "for", value_name = "READERS", value_enum, default_value_t = Readers::Everybody)]
        readers: Readers,
    },
    /// Take in what a bundle holds
    #[command(after_help = AFTER_IMPORT)]
    Import {
        /// The file to read
        file: PathBuf,
    },
}

/// For whom a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Readers {
    /// What is public
    Everybody,
    /// What is for members only too
    Members,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    match args {
        Args::Export { file, overwrite, readers } => {
            let audience = match readers {
                Readers::Everybody => Audience::Public,
                Readers::Members => Audience::Members,
            };
            if audience == Audience::Members {
                context.terminal().warning(
                    "this bundle is for members only: it is not encrypted, and whoever has the file can read all of it",
                );
            }
            let call = BundleExport { path: absolute(&file)?, overwrite, audience, logs: Vec::new() };
            let reply = context.call("writing the bundle", call).await?;
            context.terminal().reply(&reply, exported)?;
            if reply.left_out > 0 {
                context.terminal().hint("`--for members` makes a bundle with what is for members only too");
            }
        }
        Args::Import { file } => {
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
    if reply.for_members > 0 {
        let texts = words::count(reply.for_members, "text", "texts");
        pairs.add("with", style::careful(&format!("{texts} {}", words::FOR_MEMBERS)));
    }
    if reply.left_out > 0 {
        let texts = words::count(reply.left_out, "text", "texts");
        pairs.add("without", format!("{texts} {}", words::FOR_MEMBERS));
    }
    pairs.render()
}

fn imported(reply: &BundleReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("read", sanitise::line(&reply.path));
    pairs.add("holds", holds(reply));
    pairs.add("new here", style::good(&words::count(reply.new, "entry", "entries")));
    if reply.filled > 0 {
        let texts = words::count(reply.filled, "text", "texts");
        pairs.add("filled in", style::good(&format!("{texts} that had been missing")));
    }
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
            for_members: 0,
            left_out: 0,
            filled: 0,
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
        let closed = BundleReply { for_members: 2, left_out: 1, filled: 3, ..reply };
        insta::assert_snapshot!(samples::plain(&exported(&closed, view)), @r"
        written  /media/stick/library.nanduti
        holds    1 204 entries of 15 logs, 812.0 kB
        with     2 texts for members only
        without  1 text for members only
        ");
        assert!(samples::plain(&imported(&closed, view)).contains("filled in  3 texts that had been missing"));
    }
}
