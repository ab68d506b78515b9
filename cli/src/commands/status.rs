//! `nanduti status`: how the node stands, once or every second.

use std::time::Duration;

use nanduti_node::api::{ApiError, ErrorKind, NodeRole, Status, StatusReply};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome, Stop},
    signals::Signals,
    terminal::{View, sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti status
  nanduti status --watch                 redrawn every second; q or Ctrl-C ends
  nanduti status --json | jq .digest

Two nodes with the same frontier digest hold the same library.

Next: `nanduti peer list` says why a node is not in sync, `nanduti verify` checks what it holds.";

/// How often `--watch` asks.
const EVERY: Duration = Duration::from_secs(1);

/// Show how the node stands
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Ask again every second, until q or Ctrl-C
    #[arg(long, short)]
    watch: bool,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &Args) -> Outcome {
    if args.watch && context.terminal().is_json() {
        let error = ApiError::new(ErrorKind::Usage, "--watch and --json do not go together");
        return Err(error.hint("--json prints one document; ask again as often as you like").into());
    }
    if args.watch && context.terminal().stdout_is_terminal() {
        return watch(context).await;
    }
    let reply = once(context).await?;
    context.terminal().reply(&reply, text)?;
    if !args.watch {
        return finish(context, &reply);
    }
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = tokio::signal::ctrl_c() => return Ok(outcome::DONE),
        }
        let reply = once(context).await?;
        context.terminal().data("\n")?;
        context.terminal().reply(&reply, text)?;
    }
}

async fn once(context: &Context) -> Result<StatusReply, Stop> {
    // The warnings are a part of what is shown.
    context.with_sign_of_life("reading the status", context.call_silently(Status {})).await
}

fn finish(context: &Context, reply: &StatusReply) -> Outcome {
    if let Some(restored) = &reply.restored {
        context.terminal().hint(if restored.possible {
            "keep `nanduti run` connected to other members until enough have said so, or, if none can be reached, begin a new \
             log with a fresh key: nanduti key replace --unheard"
        } else {
            "another member has to join this network first, or begin a new log with a fresh key: nanduti key replace"
        });
    }
    if let Some(fork) = reply.forks.first() {
        let log = words::glance(&fork.key);
        context.terminal().hint(&format!("`nanduti fork show {log}` puts both sides of the fork next to each other"));
    }
    if !reply.running {
        context.terminal().hint("no node is running here; `nanduti run` starts it");
    } else if reply.peers_connected == 0 {
        context
            .terminal()
            .hint("nobody is connected: `nanduti peer list` shows whom it tries, `nanduti peer add ADDRESS` adds one");
    }
    Ok(outcome::DONE)
}

/// Redraws in place. A call that fails (the node is being restarted) is shown, and tried again.
async fn watch(context: &Context) -> Outcome {
    let mut signals = Signals::new()?;
    let mut screen = context
        .terminal()
        .screen()
        .map_err(|error| ApiError::new(ErrorKind::Failed, "the terminal cannot be taken over").because(&error))?;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let frame = match context.call_silently(Status {}).await {
                    Ok(reply) => text(&sanitise::reply(&reply).unwrap_or(reply), View { width: None }),
                    Err(Stop::Error(error)) => format!("{}\n", style::bad(&sanitise::line(&error.message))),
                    Err(Stop::Interrupted) => return Ok(outcome::DONE),
                    Err(stop) => return Err(stop),
                };
                let footer = style::faint("q or Ctrl-C ends");
                if screen.draw(&format!("{frame}\n{footer}\n")).is_err() {
                    return Err(Stop::OutputClosed);
                }
            }
            key = screen.key() => if matches!(key, b'q' | b'Q') { return Ok(outcome::DONE) },
            () = signals.any() => return Ok(outcome::DONE),
        }
    }
}

fn text(status: &StatusReply, _view: View) -> String {
    let mut pairs = Pairs::new();
    identity(&mut pairs, status);
    holdings(&mut pairs, status);
    troubles(&mut pairs, status);
    pairs.render()
}

fn identity(pairs: &mut Pairs, status: &StatusReply) {
    let name = status.network_name.as_deref().map_or_else(|| "name not known yet".to_owned(), sanitise::line);
    pairs.add("network", format!("{} ({})", style::strong(&name), sanitise::line(words::glance(&status.network))));
    for former in &status.former {
        let words = format!("{} ({})", sanitise::line(&former.name), sanitise::line(words::glance(&former.network)));
        pairs.add("founded anew", style::careful(&format!("takes the place of {words}\n{}", former.claim())));
    }
    let roster = status.roster_version.map(|version| format!(", roster {version}")).unwrap_or_default();
    pairs.add("members", format!("{}{roster}", words::grouped(status.members)));
    pairs.add("this node", super::network::role(status.role, status.member.as_deref()));
    pairs.add(
        "state",
        match (status.running, status.uptime_s) {
            (true, Some(seconds)) => style::good(&format!("running for {}", words::uptime(seconds))),
            (true, None) => style::good("running"),
            (false, _) => "not running; the store was read directly".to_owned(),
        },
    );
    pairs.add("home", sanitise::line(&status.home));
    if let (Some(key), Some(seq)) = (&status.publish_key, status.keyring_seq) {
        pairs.add("signs with", sanitise::line(&format!("{} (keyring {seq})", words::glance(key))));
    }
    pairs.maybe("peer id", status.peer_id.as_deref());
    if !status.addresses.is_empty() {
        let addresses: Vec<String> = status.addresses.iter().map(|address| sanitise::line(address)).collect();
        pairs.add("addresses", addresses.join("\n"));
    }
    pairs.maybe("web", status.web.as_deref());
}

fn holdings(pairs: &mut Pairs, status: &StatusReply) {
    let practices = words::count(status.practices, "practice", "practices");
    let closed = match (status.for_members.practices, status.for_members.readable) {
        (0, _) => String::new(),
        (count, _) => format!(", {} {}", words::grouped(count), words::FOR_MEMBERS),
    };
    pairs.add("library", format!("{practices}, {} of its own{closed}", words::grouped(status.own_practices)));
    let entries = words::count(status.entries, "entry", "entries");
    let logs = words::count(status.logs, "log", "logs");
    let uncounted = status.entries.saturating_sub(status.counted);
    let aside = if uncounted > 0 { format!(", {} do not count", words::grouped(uncounted)) } else { String::new() };
    pairs.add("store", format!("{entries} in {logs}, {}{aside}", words::bytes(status.bytes)));
    let missing = status.for_members.missing;
    let wanted = status.wanted_bodies + if status.for_members.readable { missing } else { 0 };
    if wanted > 0 {
        pairs.add("wanted", style::careful(&words::count(wanted, "body still to come", "bodies still to come")));
    }
    if missing > 0 && !status.for_members.readable {
        let documents = words::count(missing, "document", "documents");
        pairs.add("not for here", format!("{documents} {}, which this node may not read", words::FOR_MEMBERS));
    }
    pairs.add("digest", sanitise::line(&status.digest));
    if status.running {
        let connected = words::count(status.peers_connected, "peer connected", "peers connected");
        let equal = format!("{connected}, {} equal to this node", words::grouped(status.peers_equal));
        let all = status.peers_connected > 0 && status.peers_connected == status.peers_equal;
        pairs.add("peers", if all { style::good(&equal) } else { equal });
    }
}

fn troubles(pairs: &mut Pairs, status: &StatusReply) {
    if let Some(restored) = &status.restored {
        let made = restored.made.as_deref().map_or_else(String::new, |made| format!(" of {}", words::minute(made)));
        let mut lines = vec![format!("from a backup{made}; does not sign yet"), restored.message.clone()];
        if !restored.told.is_empty() {
            lines.push(format!("heard: {}", restored.told.join(", ")));
        }
        let lines: Vec<String> = lines.iter().map(|line| style::careful(&sanitise::line(line))).collect();
        pairs.add("restored", lines.join("\n"));
    } else if !status.writable && matches!(status.role, NodeRole::Member | NodeRole::Silent) {
        let why = status.unable.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        pairs.add("writing", style::bad(&sanitise::line(&format!("stopped{why}"))));
    }
    for fork in &status.forks {
        let member = fork.member.as_deref().unwrap_or("a key of no member");
        let text = format!("two entries at place {} in log {} of {member}", fork.seq, words::glance(&fork.key));
        pairs.add("fork", style::bad(&sanitise::line(&text)));
    }
    if !status.refused.is_empty() {
        pairs.add("refused", sanitise::line(&words::tally(&status.refused)));
    }
    for warning in &status.warnings {
        pairs.add("warning", style::careful(&sanitise::line(warning)));
    }
}

#[cfg(test)]
mod tests {
    use nanduti_node::api::{ForMembersView, ForkView, RestoredView};

    use super::*;
    use crate::commands::samples;

    fn sample() -> StatusReply {
        StatusReply {
            version: "0.1.0".into(),
            running: true,
            home: "/srv/nanduti".into(),
            network: "4f".repeat(32),
            network_name: Some("International Network of NMIRFs".into()),
            former: Vec::new(),
            roster_version: Some(1),
            members: 5,
            role: NodeRole::Member,
            unable: None,
            member: Some("PRY".into()),
            publish_key: Some("5c".repeat(32)),
            keyring_seq: Some(1),
            peer_id: Some("12D3KooWO".into()),
            addresses: vec![
                "/ip4/192.0.2.1/udp/4001/quic-v1/p2p/12D3KooWO".into(),
                "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWO".into(),
            ],
            web: Some("http://127.0.0.1:8080".into()),
            logs: 15,
            entries: 62,
            counted: 62,
            practices: 41,
            own_practices: 7,
            wanted_bodies: 0,
            for_members: ForMembersView::default(),
            bytes: 412_000,
            digest: "9a".repeat(32),
            peers_connected: 4,
            peers_equal: 4,
            forks: Vec::new(),
            refused: Vec::new(),
            warnings: Vec::new(),
            writable: true,
            restored: None,
            uptime_s: Some(3_725),
        }
    }

    #[test]
    fn all_is_well() {
        insta::assert_snapshot!(samples::plain(&text(&sample(), View { width: None })));
    }

    #[test]
    fn a_restored_node_waits() {
        let restored = RestoredView {
            made: Some("2026-11-23T02:00:00Z".into()),
            restored: Some("2026-11-25T09:30:00Z".into()),
            entries: Some(21),
            members: 7,
            told: vec!["KEN".into(), "MAR".into()],
            needed: 3,
            missing: 1,
            possible: true,
            message: "2 of 7 members have said where this log stands; 1 more is needed".into(),
        };
        let status = StatusReply { restored: Some(restored), writable: false, ..sample() };
        insta::assert_snapshot!(samples::plain(&text(&status, View { width: None })));
    }

    #[test]
    fn a_suspended_member_does_not_speak() {
        let status = StatusReply {
            role: NodeRole::Silent,
            unable: Some("its member is suspended".into()),
            warnings: vec!["the member of this node is suspended, and nothing that the node signs counts".into()],
            writable: false,
            ..sample()
        };
        insta::assert_snapshot!(samples::plain(&text(&status, View { width: None })));
    }

    #[test]
    fn all_is_not_well() {
        let status = StatusReply {
            running: false,
            role: NodeRole::NotAdmitted,
            network_name: None,
            roster_version: None,
            counted: 60,
            wanted_bodies: 2,
            for_members: ForMembersView { practices: 2, missing: 3, ..ForMembersView::default() },
            forks: vec![ForkView { key: "5c".repeat(32), member: Some("MAR".into()), seq: 9, hashes: Vec::new() }],
            refused: vec![("wrong signature".into(), 3), ("oversized".into(), 1)],
            warnings: vec!["logs/5c5c/0.seg was cut at 4,120: its tail was torn".into()],
            writable: false,
            uptime_s: None,
            ..sample()
        };
        insta::assert_snapshot!(samples::plain(&text(&status, View { width: None })));
    }
}
