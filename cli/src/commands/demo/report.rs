//! What a demonstration shows at the end: a table and what to try, or one document.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{play, play::Reached, process::Node};
use crate::{
    commands::words,
    terminal::{
        View, sanitise, style,
        table::{Column, Table, Tone},
    },
};

/// Everything about a demonstration that has come to one library.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    /// Id of the network.
    pub(super) network: String,
    /// Ticket with which more nodes can join.
    pub(super) ticket: String,
    /// The folder in which all of it lives.
    pub(super) folder: PathBuf,
    /// Practices in the library.
    pub(super) practices: u64,
    /// From the first publication until every node held everything.
    pub(super) converged_ms: u64,
    /// The nodes.
    pub(super) nodes: Vec<NodeReport>,
}

/// One node.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NodeReport {
    /// Its member.
    pub(super) member: String,
    /// What the charter calls the member.
    pub(super) name: String,
    /// Practices of its own member.
    pub(super) own_practices: u64,
    /// Practices that it holds.
    pub(super) practices: u64,
    /// Frontier digest.
    pub(super) digest: String,
    /// Address of its pages.
    pub(super) web: Option<String>,
    /// Where it lives.
    pub(super) home: PathBuf,
    /// Id of its process.
    pub(super) pid: u32,
}

impl Report {
    /// What has been reached by these nodes.
    pub(super) fn new(folder: &Path, ticket: String, nodes: &[Node], reached: &Reached) -> Self {
        let node = |(node, status): (&Node, &nanduti_node::api::StatusReply)| NodeReport {
            member: node.member.id.clone(),
            name: node.member.name.clone(),
            own_practices: status.own_practices,
            practices: status.practices,
            digest: status.digest.clone(),
            web: node.web.clone(),
            home: node.home.path().to_path_buf(),
            pid: node.pid,
        };
        let first = reached.statuses.first();
        Self {
            network: first.map(|status| status.network.clone()).unwrap_or_default(),
            ticket,
            folder: folder.to_path_buf(),
            practices: first.map_or(0, |status| status.practices),
            converged_ms: u64::try_from(reached.elapsed.as_millis()).unwrap_or(u64::MAX),
            nodes: nodes.iter().zip(&reached.statuses).map(node).collect(),
        }
    }
}

/// The table of the nodes.
pub(super) fn table(report: &Report, view: View) -> String {
    let mut table = Table::new([
        Column::text("node"),
        Column::elastic("member"),
        Column::number("own"),
        Column::number("library"),
        Column::text("digest"),
        Column::text("web"),
    ]);
    for node in &report.nodes {
        let web = node.web.clone().map_or_else(|| ("off".to_owned(), Tone::Faint), |web| (web, Tone::Plain));
        table.row([
            (node.member.clone(), Tone::Plain),
            (node.name.clone(), Tone::Plain),
            (words::grouped(node.own_practices), Tone::Plain),
            (words::grouped(node.practices), Tone::Plain),
            (play::short(&node.digest).to_owned(), Tone::Good),
            web,
        ]);
    }
    let practices = words::count(report.practices, "practice", "practices");
    let time = words::duration(report.converged_ms);
    let summary =
        format!("{practices} on {} nodes, one library, {time} after the first was published", report.nodes.len());
    format!("{}\n{}\n", table.render(view.width), style::strong(&summary))
}

/// A few commands to try next, with the name by which the program can be called from here.
pub(super) fn to_try(report: &Report, program: &str, bundle: &Path) -> String {
    let home =
        |at: usize| report.nodes.get(at).or(report.nodes.first()).map(|node| quoted(&node.home)).unwrap_or_default();
    let observer = quoted(&report.folder.join("observer"));
    let lines = [
        format!("{program} list --home {}", home(3)),
        format!("{program} status --watch --home {}", home(1)),
        format!("{program} peer list --home {}", home(0)),
        format!("{program} verify --deep --home {}", home(4)),
        format!("{program} init --observer --home {observer}"),
        format!("{program} join {} --home {observer}", quoted(bundle)),
        format!("{program} sync --home {observer}"),
    ];
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

fn quoted(path: &Path) -> String {
    let text = sanitise::line(&path.display().to_string());
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    fn sample() -> Report {
        let node = |member: &str, name: &str, own_practices, port: u16| NodeReport {
            member: member.into(),
            name: name.into(),
            own_practices,
            practices: 7,
            digest: "9a3f".repeat(16),
            web: (port > 0).then(|| format!("http://127.0.0.1:{port}/")),
            home: format!("/tmp/a demo/{member}").into(),
            pid: 4711,
        };
        Report {
            network: "4f".repeat(32),
            ticket: "nanduti1abc".into(),
            folder: "/tmp/a demo".into(),
            practices: 7,
            converged_ms: 412,
            nodes: vec![
                node("PRY", "Paraguay (demonstration)", 3, 41_233),
                node("MAR", "Morocco (demonstration)", 1, 0),
            ],
        }
    }

    #[test]
    fn two_nodes() {
        insta::assert_snapshot!(samples::plain(&table(&sample(), View { width: None })));
    }

    #[test]
    fn what_to_try() {
        let bundle = Path::new("/tmp/a demo/founding/founding.nanduti");
        insta::assert_snapshot!(to_try(&sample(), "nanduti", bundle));
    }
}
