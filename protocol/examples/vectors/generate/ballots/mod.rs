//! Ballots: requests, proposals, statements, polls, and the rosters that follow one another.

mod made;
mod polls;
mod proposals;
mod rights;
mod statements;
mod succession;

use nanduti_protocol::{cbor, roster::Roster};
use serde_json::{Value, json};

use super::hex;

pub(super) fn vectors() -> Value {
    json!({
        "about": "Ballots (docs/spec/ballots.md). Other vectors name rosters as they are named here. Secrets are 32 times a byte.",
        "network": made::network().to_hex(),
        "rosters": rosters(),
        "requests": statements::requests(),
        "refused_requests": statements::refused_requests(),
        "proposals": proposals::valid(),
        "refused_proposals": proposals::refused(),
        "statements": statements::valid(),
        "refused_statements": statements::refused_statements(),
        "refused_papers": statements::refused_papers(),
        "polls": polls::all(),
        "successions": succession::all(),
        "rights": rights::all(),
    })
}

/// Rosters that other vectors name.
fn rosters() -> Vec<Value> {
    let named = [("founders", made::roster()), ("suspended", made::with_suspended()), ("turned", rights::turned())];
    named.iter().map(|(name, roster)| shown(name, roster)).collect()
}

/// A roster as the vectors show it.
fn shown(name: &str, roster: &Roster) -> Value {
    let voters: Vec<&str> = roster.voters().map(|member| member.id.as_str()).collect();
    json!({"name": name, "bytes": hex(cbor::encode(roster)), "hash": roster.hash().to_hex(),
           "version": roster.version, "voters": voters, "quorum": roster.quorum()})
}
