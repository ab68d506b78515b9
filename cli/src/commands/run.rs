//! `nanduti run`: the node itself, until it is told to stop.
//!
//! The first Ctrl-C (or SIGTERM) stops it in order, the second at once: what was acknowledged is durable at any moment,
//! so that nothing is lost either way.

use nanduti_node::{
    Config, Home, Node,
    api::{NodeRole, StatusReply},
};
use serde::Serialize;
use tokio::sync::oneshot;

use crate::{
    context::Context,
    memory,
    outcome::{self, Outcome},
    signals::Signals,
    terminal::{sanitise, style, table::Pairs},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti run
  nanduti run --set web.listen=127.0.0.1:8080
  nanduti run --set log.format=json --set log.level=debug

With --json, one line on stdout says that the node is ready:
  {\"peer_id\":…,\"addresses\":[…],\"web\":…,\"member\":…}

While it runs, every other command works beside it. The first Ctrl-C stops it in order, the second
at once; nothing that was acknowledged is lost either way.

Next: open the web address in a browser, or `nanduti status --watch` in another terminal.";

/// Run the node: serve the library, exchange with peers, until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Stop when standard input ends: for programs that start a node and may be killed
    #[arg(long, hide = true)]
    stop_with_stdin: bool,
}

/// What `--json` prints when the node is ready.
#[derive(Debug, Serialize)]
struct Ready {
    peer_id: Option<String>,
    addresses: Vec<String>,
    web: Option<String>,
    member: Option<String>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let home = context.home()?;
    let config = context.config(&home)?;
    context.start_log(config.log)?;
    context.block_on_workers(config.runtime.workers(), serve(context, args, home, config))
}

async fn serve(context: &Context, args: &Args, home: Home, config: Config) -> Outcome {
    let mut signals = Signals::new()?;
    let mut starter = Starter::watch(args.stop_with_stdin);
    let node = tokio::select! {
        node = Node::start(home, config) => node?,
        () = signals.any() => return Ok(outcome::INTERRUPTED),
        () = starter.gone() => return Ok(outcome::INTERRUPTED),
    };
    if let Err(stop) = announce(context, &node).await {
        node.stop().await?;
        return Err(stop);
    }
    tokio::select! {
        () = signals.any() => {}
        () = starter.gone() => {}
        () = memory::give_back() => {}
    }
    context.terminal().note("stopping; once more stops at once");
    tokio::select! {
        stopped = node.stop() => stopped?,
        () = signals.any() => return Ok(outcome::INTERRUPTED),
    }
    Ok(outcome::DONE)
}

/// Whoever started this node and holds the other end of its standard input.
struct Starter(Option<oneshot::Receiver<()>>);

impl Starter {
    /// Watches from now on, or never notices anything.
    fn watch(wanted: bool) -> Self {
        Self(wanted.then(|| {
            let (sender, ended) = oneshot::channel();
            // The thread ends with the process: a read cannot be called off.
            std::thread::spawn(move || {
                let read = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                // An error is an end as well, and nobody listening means that the node is stopping already.
                drop((read, sender.send(())));
            });
            ended
        }))
    }

    /// Waits until the standard input has ended.
    async fn gone(&mut self) {
        match &mut self.0 {
            Some(ended) => drop(ended.await),
            None => std::future::pending().await,
        }
    }
}

/// Says that the node is ready, and how it can be reached.
async fn announce(context: &Context, node: &Node) -> Result<(), outcome::Stop> {
    let status = node.status().await?;
    let terminal = context.terminal();
    let (addresses, web) = (node.addresses(), node.web());
    if terminal.is_json() {
        let ready = Ready { peer_id: status.peer_id, addresses, web, member: status.member };
        return terminal.document_line(&ready);
    }
    let status = sanitise::reply(&status).unwrap_or(status);
    terminal.note(text(&status, &addresses, web.as_deref()).trim_end());
    if status.role == NodeRole::NotAdmitted {
        terminal
            .hint("this node's keys are in no keyring yet, so it publishes nothing; it reads and carries everything");
    }
    if let Some(unable) = status.unable.as_deref().filter(|_| status.role == NodeRole::Silent) {
        terminal.warning(&format!(
            "this node does not speak for its member: {unable}; `nanduti status` says what there is to do"
        ));
    }
    if let Some(restored) = &status.restored {
        terminal.warning(&format!("this node was restored from a backup and does not sign yet: {}", restored.message));
    }
    terminal.hint("`nanduti status --watch` in another terminal shows how it stands; Ctrl-C stops it");
    Ok(())
}

fn text(status: &StatusReply, addresses: &[String], web: Option<&str>) -> String {
    let mut pairs = Pairs::new();
    let name = status.network_name.as_deref().map_or_else(|| "name not known yet".to_owned(), sanitise::line);
    pairs.add("network", style::strong(&name));
    pairs.add("this node", super::network::role(status.role, status.member.as_deref()));
    pairs.maybe("peer id", status.peer_id.as_deref());
    if !addresses.is_empty() {
        let addresses: Vec<String> = addresses.iter().map(|address| sanitise::line(address)).collect();
        pairs.add("addresses", addresses.join("\n"));
    }
    pairs.add("web", web.map_or_else(|| "off".to_owned(), sanitise::line));
    pairs.render()
}
