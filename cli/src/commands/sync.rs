//! `nanduti sync`: exchange with peers once, then exit.

use nanduti_node::api::{Sync, SyncOutcome, SyncReply};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{
        View,
        table::{Column, Table, Tone},
    },
};

const AFTER_HELP: &str = "\
Examples:
  nanduti sync          with every peer that is known
  nanduti sync MAR      with the nodes of one member
  nanduti sync /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…

Exit code 5 if no peer could be synchronised with.

Next: `nanduti list` shows what arrived, `nanduti status` how the node stands. A running node
(`nanduti run`) synchronises by itself.";

/// Synchronise once with the peers, then exit
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// A multiaddress with /p2p/…, a peer id, or a member [default: every known peer]
    peer: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let reply = context.call("synchronising", Sync { peer: args.peer }).await?;
    let terminal = context.terminal();
    terminal.reply(&reply, text)?;
    let received: u64 = reply.peers.iter().map(|peer| peer.received).sum();
    let received = words::count(received, "new entry", "new entries");
    terminal.note(&format!("{received}; frontier digest {}", words::glance(&reply.digest)));
    if reply.peers.is_empty() {
        terminal.hint("no peer is known; `nanduti peer add ADDRESS` adds one");
    }
    let all_failed = !reply.peers.is_empty() && reply.peers.iter().all(|peer| peer.error.is_some());
    if all_failed {
        terminal.hint("`nanduti peer list` shows the addresses; is the way to them open for UDP or TCP?");
        return Ok(outcome::NETWORK);
    }
    Ok(outcome::DONE)
}

fn text(reply: &SyncReply, view: View) -> String {
    if reply.peers.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        Column::text("peer"),
        Column::text("member"),
        Column::number("received"),
        Column::number("sent"),
        Column::number("in"),
        Column::number("out"),
        Column::number("took"),
        Column::elastic("result"),
    ]);
    for peer in &reply.peers {
        table.row([
            (words::peer(&peer.peer, view), Tone::Faint),
            (peer.member.clone().unwrap_or_default(), Tone::Plain),
            (words::grouped(peer.received), Tone::Plain),
            (words::grouped(peer.sent), Tone::Plain),
            (words::bytes(peer.bytes_in), Tone::Plain),
            (words::bytes(peer.bytes_out), Tone::Plain),
            (words::duration(peer.elapsed_ms), Tone::Plain),
            result(peer),
        ]);
    }
    table.render(view.width)
}

fn result(peer: &SyncOutcome) -> (String, Tone) {
    match (&peer.error, peer.equal) {
        (Some(error), _) => (error.clone(), Tone::Bad),
        (None, true) => ("equal".into(), Tone::Good),
        (None, false) => ("not yet equal".into(), Tone::Careful),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    #[test]
    fn three_peers() {
        let peer = |peer: &str, member: Option<&str>, received, error: Option<&str>, equal| SyncOutcome {
            peer: peer.into(),
            member: member.map(Into::into),
            received,
            sent: 2,
            bytes_in: received * 420,
            bytes_out: 812,
            elapsed_ms: 1_340,
            equal,
            error: error.map(Into::into),
        };
        let reply = SyncReply {
            peers: vec![
                peer("12D3KooWA", Some("MAR"), 1_204, None, true),
                peer("12D3KooWB", None, 0, None, false),
                peer("12D3KooWC", Some("PRT"), 0, Some("no answer within 10 s"), false),
            ],
            digest: "ab".repeat(32),
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
    }
}
