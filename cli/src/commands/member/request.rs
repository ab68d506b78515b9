//! `nanduti member request`: ask to be admitted, or to have the root key replaced.

use std::path::PathBuf;

use nanduti_node::{
    founding::{self, RequestOptions, RequestReply},
    offline,
};

use super::super::signing::{RootKey, hand_out_beginning};
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{Purpose, View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti member request
  nanduti member request --role partner --out request.txt
  nanduti member request --prepare join.request    where the root key is kept elsewhere

The request is one line of text, signed by the root key. It can be mailed; whoever proposes it compares the
fingerprint with you by telephone. What your node says first is signed at the same time, so that it
begins by itself once the members have admitted you, and the root key can be put away.

A member that lost its root key asks in the same way, from a new home with a new key, or with the spare that it has
listed (`nanduti init --from-spare FILE`).

Next: send the line to a member, and keep the node running with `nanduti run`.";

/// Ask to be admitted to the network
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The institution's name, if not that of the card
    #[arg(long)]
    name: Option<String>,
    /// The role asked for, if not that of the card
    #[arg(long)]
    role: Option<String>,
    /// A governance key, in hexadecimal, which may sign ordinary ballots, if not that of the card
    #[arg(long, value_name = "KEY")]
    governance: Option<String>,
    /// A spare root key, in hexadecimal, if not that of the card
    #[arg(long, value_name = "KEY")]
    spare: Option<String>,
    /// Write what the root key is to sign into FILE, for `nanduti sign` elsewhere
    #[arg(long, value_name = "FILE", conflicts_with_all = ["root_key", "out"])]
    prepare: Option<PathBuf>,
    /// The file to write [default: MEMBER.request in the home]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    key: RootKey,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: Args) -> Outcome {
    let home = context.home()?;
    let out = args.out.map(std::path::absolute).transpose().map_err(|error| {
        nanduti_node::api::ApiError::new(nanduti_node::api::ErrorKind::Usage, "the file has no usable path")
            .because(&error)
    })?;
    let (spare, governance) = (args.spare, args.governance);
    let options = RequestOptions { name: args.name, role: args.role, spare, governance, out };
    if let Some(path) = &args.prepare {
        return hand_out_beginning(context, &offline::prepare_admission(&home, &options)?, path);
    }
    let passphrase = args.key.passphrase(Purpose::UseKey)?;
    let reply = {
        let _progress = context.terminal().progress("signing the request");
        founding::request(&home, &options, args.key.file(), &passphrase)?
    };
    requested(context, &reply)
}

/// What is asked for, and what comes next.
pub(crate) fn requested(context: &Context, reply: &RequestReply) -> Outcome {
    context.terminal().reply(reply, text)?;
    context.terminal().note("send the line to a member, who proposes it; compare the fingerprint by telephone");
    context.terminal().hint("`nanduti run` begins to speak by itself once the members have admitted you");
    Ok(outcome::DONE)
}

fn text(reply: &RequestReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("network", sanitise::line(&reply.network_name));
    pairs.add("member", format!("{} ({})", style::strong(&sanitise::line(&reply.member)), sanitise::line(&reply.name)));
    pairs.add("role", sanitise::line(&reply.role));
    pairs.add("fingerprint", style::strong(&sanitise::line(&reply.fingerprint)));
    pairs.add("file", sanitise::line(&reply.path));
    format!("{}\n{}\n", pairs.render(), reply.request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    #[test]
    fn a_request() {
        let reply = RequestReply {
            network: "4f".repeat(32),
            network_name: "International Network of NMIRFs".into(),
            member: "NEW".into(),
            name: "Ministry of the New State".into(),
            role: "mechanism".into(),
            fingerprint: "babab-dadad-gagag-hahah-jajaj-kakak-lalal".into(),
            request: "nanduti-request:abc".into(),
            path: "/home/op/NEW.request".into(),
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
    }
}
