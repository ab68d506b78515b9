//! `nanduti peer`: the nodes that this one knows.

use clap::Subcommand;
use nanduti_node::api::{ApiError, ErrorKind, PeerAdd, PeerBlock, PeerList, PeerListReply, PeerView};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome, Stop},
    terminal::{
        View, sanitise,
        table::{Column, Table, Tone},
    },
};

const AFTER_HELP: &str = "\
Examples:
  nanduti peer list
  nanduti peer add /dns4/node.example.org/udp/4001/quic-v1/p2p/12D3KooW…

Next: `nanduti sync` exchanges with them once, `nanduti run` all the time.";

const AFTER_LIST: &str = "\
Example:
  nanduti peer list

A peer is named by its member if its node key stands in a member's keyring. A score below -100
disconnects it for a while; faults say what it did.

Next: `nanduti sync PEER` exchanges with one of them.";

const AFTER_ADD: &str = "\
Example:
  nanduti peer add /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…

The other side finds its address with `nanduti peer list` (\"reachable at\").

Next: `nanduti sync` fetches what it has.";

const AFTER_BLOCK: &str = "\
Example:
  nanduti peer block 12D3KooW…

What the peer's member signed still arrives by way of others: blocking is about a connection, not
about what is in the library.

Next: `nanduti peer allow` takes it back.";

const AFTER_ALLOW: &str = "\
Example:
  nanduti peer allow 12D3KooW…

Its score begins at 0 again.

Next: `nanduti sync` exchanges with it.";

/// List, add, block and allow peers
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Args {
    /// List the peers and this node's own addresses
    #[command(after_help = AFTER_LIST)]
    List,
    /// Remember a peer and connect to it
    #[command(after_help = AFTER_ADD)]
    Add {
        /// A multiaddress with /p2p/…
        address: String,
    },
    /// Refuse connections with a peer
    #[command(after_help = AFTER_BLOCK)]
    Block {
        /// The peer id, or its last 8 characters or more
        peer: String,
    },
    /// Allow a blocked peer again
    #[command(after_help = AFTER_ALLOW)]
    Allow {
        /// The peer id, or its last 8 characters or more
        peer: String,
    },
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let reply = match args {
        Args::List => context.call("reading the peers", PeerList {}).await?,
        Args::Add { address } => context.call("adding the peer", PeerAdd { address }).await?,
        Args::Block { peer } => block(context, peer, false).await?,
        Args::Allow { peer } => block(context, peer, true).await?,
    };
    let terminal = context.terminal();
    terminal.reply(&reply, text)?;
    terminal.note(&format!("{}; this node is {}", words::count(reply.peers.len() as u64, "peer", "peers"), reply.own));
    for address in &reply.addresses {
        terminal.note(&format!("reachable at {}", sanitise::line(address)));
    }
    if reply.peers.is_empty() {
        terminal.hint("`nanduti peer add ADDRESS` adds one; a ticket brings the first by itself");
    }
    Ok(outcome::DONE)
}

/// Blocks or allows the peer with this id, or with this end of an id.
async fn block(context: &Context, peer: String, allow: bool) -> Result<PeerListReply, Stop> {
    let session = context.open().await?;
    let reply = async {
        let known = session.call("reading the peers", PeerList {}).await?;
        let peer = whole_id(&known, &peer)?;
        session.call(if allow { "allowing the peer" } else { "blocking the peer" }, PeerBlock { peer, allow }).await
    };
    let reply = reply.await;
    session.close(reply).await
}

/// The id that is meant. What is no end of a known one is taken as it is: a peer can be blocked before it is met.
fn whole_id(known: &PeerListReply, text: &str) -> Result<String, ApiError> {
    let end = text.trim_start_matches('…');
    if end.chars().count() < words::PEER_CHARS {
        return Ok(text.to_owned());
    }
    let mut meant = known.peers.iter().map(|peer| peer.peer.as_str()).filter(|peer| peer.ends_with(end));
    match (meant.next(), meant.next()) {
        (Some(peer), None) => Ok(peer.to_owned()),
        (Some(_), Some(_)) => Err(ApiError::new(ErrorKind::Usage, format!("several peers end in `{end}`"))
            .hint("`nanduti peer list --json` shows whole ids")),
        (None, _) => Ok(text.to_owned()),
    }
}

fn text(reply: &PeerListReply, view: View) -> String {
    if reply.peers.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        Column::text("peer"),
        Column::text("member"),
        Column::text("connection"),
        Column::text("frontier"),
        Column::number("score"),
        Column::text("last sync"),
        Column::elastic("address"),
    ]);
    for peer in &reply.peers {
        table.row([
            (words::peer(&peer.peer, view), Tone::Plain),
            (peer.member.clone().unwrap_or_default(), Tone::Plain),
            connection(peer),
            frontier(peer),
            (peer.score.to_string(), if peer.score < 0 { Tone::Careful } else { Tone::Plain }),
            (peer.last_sync.as_deref().map(words::minute).unwrap_or_else(|| "never".into()), Tone::Plain),
            (peer.addresses.first().cloned().unwrap_or_default(), Tone::Faint),
        ]);
    }
    let mut text = table.render(view.width);
    for peer in reply.peers.iter().filter(|peer| !peer.faults.is_empty()) {
        text.push_str(&format!("{}: {}\n", words::peer(&peer.peer, view), sanitise::line(&words::tally(&peer.faults))));
    }
    text
}

fn connection(peer: &PeerView) -> (String, Tone) {
    match (peer.blocked, peer.connected) {
        (true, _) => ("blocked".into(), Tone::Bad),
        (false, true) => ("connected".into(), Tone::Good),
        (false, false) => ("-".into(), Tone::Faint),
    }
}

fn frontier(peer: &PeerView) -> (String, Tone) {
    match peer.equal {
        Some(true) => ("equal".into(), Tone::Good),
        Some(false) => ("differs".into(), Tone::Careful),
        None => ("-".into(), Tone::Faint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    #[test]
    fn three_peers() {
        let peer = |peer: &str, member: Option<&str>| PeerView {
            peer: peer.into(),
            member: member.map(Into::into),
            addresses: vec!["/ip4/192.0.2.7/udp/4001/quic-v1".into()],
            connected: true,
            blocked: false,
            score: 0,
            faults: Vec::new(),
            last_sync: Some("2026-03-01T14:05:09Z".into()),
            equal: Some(true),
        };
        let mut noisy = peer("12D3KooWB", None);
        (noisy.blocked, noisy.score, noisy.equal, noisy.last_sync) = (true, -120, None, None);
        noisy.faults = vec![("wrong signature".into(), 3), ("oversized".into(), 1)];
        let mut away = peer("12D3KooWC", Some("PRT"));
        (away.connected, away.equal) = (false, Some(false));
        let reply = PeerListReply {
            own: "12D3KooWO".into(),
            addresses: Vec::new(),
            peers: vec![peer("12D3KooWA", Some("MAR")), noisy, away],
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
    }

    #[test]
    fn a_peer_is_known_by_the_end_of_its_id() {
        let id = "12D3KooWJ1tDrRvRB9mHsW6vKUuTf3GaVJrXvoqyafYY9yFThV6J";
        let peer = PeerView {
            peer: id.into(),
            member: None,
            addresses: Vec::new(),
            connected: false,
            blocked: false,
            score: 0,
            faults: Vec::new(),
            last_sync: None,
            equal: None,
        };
        let known = PeerListReply { own: String::new(), addresses: Vec::new(), peers: vec![peer.clone()] };
        for text in [id, "9yFThV6J", "…9yFThV6J"] {
            assert_eq!(whole_id(&known, text).unwrap(), id);
        }
        assert_eq!(whole_id(&known, "hV6J").unwrap(), "hV6J");
        let twice = PeerListReply { peers: vec![peer.clone(), peer], ..known };
        assert_eq!(whole_id(&twice, "9yFThV6J").unwrap_err().kind, ErrorKind::Usage);
    }
}
