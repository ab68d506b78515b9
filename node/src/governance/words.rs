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
            Ok(line) => {
                let root = fingerprint(&line.root);
                let mut lines = vec![format!("admit {} ({}) as {}; root key {root}", line.id, line.name, line.role)];
                lines.extend(further_keys(&line));
                lines
            }
            Err(error) => vec![format!("admit somebody by a request that is not one: {error}")],
        },
        Change::Amend(amend) => amended(amend, roster),
        Change::Replace(Replace { ends, request }) => match request::open(request, &roster.network) {
            Ok(line) => replaced(&line, ends, roster),
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

/// The keys on a newcomer's line beside the root key.
fn further_keys(line: &Member) -> Vec<String> {
    let named = |what: &str, key: Option<PublicKey>| key.map(|key| format!("  with the {what} {}", fingerprint(&key)));
    [named("spare root key", line.spare), named("governance key", line.governance)].into_iter().flatten().collect()
}

fn replaced(line: &Member, ends: &[End], roster: &Roster) -> Vec<String> {
    let before = roster.member(&line.id);
    let new = fingerprint(&line.root);
    let mut lines = vec![match before.and_then(|before| before.spare) {
        Some(spare) if spare == line.root => {
            format!("replace the root key of {} by the spare that it has listed, {new}", line.id)
        }
        Some(spare) => format!(
            "replace the root key of {}; the new one is {new}, which is NOT the spare that it has listed, {}",
            line.id,
            fingerprint(&spare)
        ),
        None => format!("replace the root key of {}; the new one is {new}", line.id),
    }];
    if let Some(before) = before {
        lines.extend(line_changes(before, line));
    }
    lines.extend(ends_in_words(ends, before, "what is signed with this key later does not count"));
    lines
}

/// What is another on a line, but for the root key.
fn line_changes(before: &Member, line: &Member) -> Vec<String> {
    let id = &line.id;
    let mut lines = Vec::new();
    if before.role != line.role {
        lines.push(format!("{id} becomes a {} ({} before)", line.role, before.role));
    }
    if before.name != line.name {
        lines.push(format!("{id} is called {:?} ({:?} before)", line.name, before.name));
    }
    let keys = [("governance key", before.governance, line.governance), ("spare root key", before.spare, line.spare)];
    for (what, old, new) in keys {
        match (old, new) {
            // A spare that has become the root key is no loss.
            (Some(old), None) if old == line.root => {}
            (old, Some(new)) if old != Some(new) => lines.push(format!("{id} has the {what} {}", fingerprint(&new))),
            (Some(_), None) => lines.push(format!("{id} has no {what} any more")),
            _ => {}
        }
    }
    lines
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
    lines.extend(line_changes(before, line));
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
            Some(place) => format!("  {log}: entry {}, {}, is the last ({what})", place.seq, place.hash.short()),
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
