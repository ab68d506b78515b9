//! What a proposal changes, in words: what is shown before anybody signs, and computed from the very bytes that are signed.

use nanduti_protocol::{
    ballot::{Amend, Change, Proposal, Replace, request},
    charter::Member,
    key::PublicKey,
    roster::{End, Roster},
};

use crate::keys::Fingerprint;

/// What a proposal changes of the roster that it names, one line a change, in the order in which they are made.
pub fn changes(proposal: &Proposal, roster: &Roster) -> Vec<String> {
    proposal.changes.iter().flat_map(|change| words(change, roster)).collect()
}

fn words(change: &Change, roster: &Roster) -> Vec<String> {
    match change {
        Change::Admit(bytes) => match request::open(bytes, &roster.network) {
            Ok(line) => vec![format!(
                "admit {} ({}) as {}; root key {}",
                line.id,
                line.name,
                line.role,
                fingerprint(&line.root)
            )],
            Err(error) => vec![format!("admit somebody by a request that is not one: {error}")],
        },
        Change::Amend(amend) => amended(amend, roster),
        Change::Replace(Replace { ends, request }) => match request::open(request, &roster.network) {
            Ok(line) => {
                let mut lines =
                    vec![format!("replace the root key of {}; the new one is {}", line.id, fingerprint(&line.root))];
                lines.extend(ends_in_words(
                    ends,
                    roster.member(&line.id),
                    "what is signed with this key later does not count",
                ));
                lines
            }
            Err(error) => vec![format!("replace a root key by a request that is not one: {error}")],
        },
        Change::Quorum(quorum) => {
            let voters = roster.voters().count() as u64;
            vec![format!(
                "more than {} of {} voters change the roster from then on; of {voters} voters that is {}",
                quorum.0,
                quorum.1,
                quorum.of(voters)
            )]
        }
        Change::Bounds(bounds) => vec![format!(
            "a keyring has at most {} lines, a log at most {} bytes and {} entries from then on",
            bounds.keys, bounds.log_bytes, bounds.log_entries
        )],
        Change::Rules(rules) => {
            vec![format!("the network goes over to rules number {rules}; older programs ask to be upgraded then")]
        }
    }
}

fn amended(amend: &Amend, roster: &Roster) -> Vec<String> {
    let Amend { ends, line, suspended } = amend;
    let Some(before) = roster.member(&line.id) else {
        return vec![format!("amend {}, who is no member", line.id)];
    };
    let id = &line.id;
    let mut lines = Vec::new();
    match (roster.is_suspended(id), *suspended) {
        (false, true) => {
            lines.push(format!("suspend {id}: it does not vote, and what it says from then on does not count"))
        }
        (true, false) => {
            lines.push(format!("end the suspension of {id}: it votes again, and what it says counts again"))
        }
        _ => {}
    }
    if before.role != line.role {
        lines.push(format!("{id} becomes a {} ({} before)", line.role, before.role));
    }
    if before.name != line.name {
        lines.push(format!("{id} is called {:?} ({:?} before)", line.name, before.name));
    }
    match (before.governance, line.governance) {
        (old, Some(new)) if old != Some(new) => {
            lines.push(format!("{id} has the governance key {}", fingerprint(&new)));
        }
        (Some(_), None) => lines.push(format!("{id} has no governance key any more")),
        _ => {}
    }
    if lines.is_empty() {
        lines.push(format!("choose the branch of {id}'s logs that counts"));
    }
    lines.extend(ends_in_words(ends, Some(before), "the last entry that stands as before"));
    lines
}

fn ends_in_words(ends: &[End], member: Option<&Member>, what: &str) -> Vec<String> {
    let line = |end: &End| {
        let of_root = member.is_some_and(|member| member.root == end.log);
        let log = format!("{}log {}", if of_root { "root " } else { "" }, short_key(&end.log));
        match end.last {
            Some(place) => format!("  {log}: entry {} is the last ({what})", place.seq),
            None => format!("  {log}: no entry ({what})"),
        }
    };
    ends.iter().map(line).collect()
}

/// The beginning of a key.
pub(super) fn short_key(key: &PublicKey) -> String {
    key.to_hex().chars().take(12).collect()
}

/// The fingerprint of a key.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    Fingerprint::of(key.as_bytes()).to_string()
}
