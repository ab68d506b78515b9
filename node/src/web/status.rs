//! How the node stands, as far as everybody may know.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};

use crate::api::{ForkView, FormerView, NodeRole};

use super::{
    display::{LongCode, calm, grouped},
    failure::PageFailure,
    layout::{Layout, Section, render},
    public_status::PublicStatus,
    source::Library,
    text::TEXT,
};

/// `GET /status`.
pub(crate) async fn page<L: Library>(State(library): State<Arc<L>>) -> Result<Response, PageFailure> {
    let status = PublicStatus::from(library.status().await?);
    let layout = Layout::new(Section::Status, library.place().await, TEXT.status_heading);
    render(&Page::new(layout.json("/api/status".to_owned()), &status))
}

#[derive(Template)]
#[template(path = "status.html")]
struct Page {
    layout: Layout,
    network_name: Option<String>,
    network: LongCode,
    digest: LongCode,
    node: Vec<Line>,
    former: Vec<FormerBlock>,
    held: Vec<Line>,
    peers: Vec<Line>,
    forks: Vec<Fork>,
}

/// A label and its value.
struct Line {
    label: &'static str,
    value: String,
}

/// A former network, and what is claimed of it.
struct FormerBlock {
    name: String,
    network: LongCode,
    reason: String,
    claim: String,
    carried: String,
}

struct Fork {
    href: String,
    key: LongCode,
    member: String,
    seq: String,
    hashes: Vec<LongCode>,
}

impl Page {
    fn new(layout: Layout, status: &PublicStatus) -> Self {
        let text = |label, value: &str| Line { label, value: calm(value) };
        let number = |label, value| Line { label, value: grouped(value) };
        let mut node = vec![text(TEXT.role, role(status.role))];
        let whose = if status.role == NodeRole::Silent { TEXT.key_of } else { TEXT.speaks_for };
        node.extend(status.member.as_deref().map(|member| text(whose, member)));
        node.extend(status.roster_version.map(|version| number(TEXT.roster, version)));
        node.push(number(TEXT.members, status.members));
        node.push(text(TEXT.version, &status.version));
        node.extend(status.uptime_s.map(|seconds| text(TEXT.uptime, &TEXT.duration(seconds))));
        Self {
            layout,
            network_name: status.network_name.as_deref().map(calm),
            network: LongCode::new(&status.network),
            digest: LongCode::new(&status.digest),
            node,
            former: status.former.iter().map(FormerBlock::new).collect(),
            held: vec![
                number(TEXT.practices, status.practices),
                number(TEXT.own_practices, status.own_practices),
                number(TEXT.for_members, status.for_members),
                number(TEXT.logs, status.logs),
                number(TEXT.entries, status.entries),
                number(TEXT.counted, status.counted),
                number(TEXT.wanted, status.wanted_bodies),
            ],
            peers: vec![
                number(TEXT.peers_connected, status.peers_connected),
                number(TEXT.peers_equal, status.peers_equal),
            ],
            forks: status.forks.iter().map(Fork::new).collect(),
        }
    }
}

impl FormerBlock {
    fn new(former: &FormerView) -> Self {
        Self {
            name: calm(&former.name),
            network: LongCode::new(&former.network),
            reason: calm(&former.reason),
            claim: former.claim(),
            carried: TEXT.carried(&grouped(former.entries), &grouped(former.carried)),
        }
    }
}

impl Fork {
    fn new(fork: &ForkView) -> Self {
        Self {
            href: format!("/forks/{}", calm(&fork.key)),
            key: LongCode::new(&fork.key),
            member: calm(fork.member.as_deref().unwrap_or(TEXT.not_known)),
            seq: grouped(fork.seq),
            hashes: fork.hashes.iter().map(|hash| LongCode::new(hash)).collect(),
        }
    }
}

fn role(role: NodeRole) -> &'static str {
    match role {
        NodeRole::Member => TEXT.role_member,
        NodeRole::Silent => TEXT.role_silent,
        NodeRole::NotAdmitted => TEXT.role_not_admitted,
        NodeRole::Observer => TEXT.role_observer,
    }
}
