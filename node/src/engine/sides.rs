//! The sides of a fork, and the one that somebody names.
//!
//! The side that is held was taken in before the other was known, so its entries are here. Of the other the proof carries the entry,
//! and those up to the next signature: what stands above them on that side this node does not know.

use nanduti_protocol::{chain::Chain, fork::ForkProof, hash::Hash, key::PublicKey, keyring::Place, ledger::History};

use super::{
    failure::{not_found, usage},
    places, status,
};
use crate::{
    api::ApiError,
    core::{Core, Snapshot},
};

/// Fewer characters of a key or of an id than this are not looked up.
const SHORTEST: usize = 4;

/// A side of a fork, as far as this node knows it.
pub(super) struct Side {
    /// Hash of its entry at the place of the fork.
    pub(super) hash: Hash,
    /// The last entry of it that is known here.
    pub(super) last: Place,
    /// Is it held?
    pub(super) held: bool,
}

/// The sides of a fork: the one that is held first.
pub(super) fn sides(snapshot: &Snapshot, proof: &ForkProof) -> Vec<Side> {
    let (log, seq) = (proof.log(), proof.mark().seq);
    let held = snapshot.hash_at(&log, seq);
    let mut sides = Vec::new();
    if let (Some(hash), Some(extent)) = (held, snapshot.ledger.extent(&log)) {
        let last = Place { seq: extent.next.saturating_sub(1), hash: extent.head };
        sides.push(Side { hash, last, held: true });
    }
    for (hash, chain) in proof.sides() {
        if Some(hash) != held {
            sides.push(Side { hash, last: end_of(chain, seq, hash), held: false });
        }
    }
    sides
}

/// The last entry that a chain shows.
fn end_of(chain: &Chain, seq: u64, hash: Hash) -> Place {
    let above = (chain.entries().len() as u64).saturating_sub(1);
    match chain.entries().last() {
        Some(entry) => Place { seq: chain.first_seq().saturating_add(above), hash: Hash::of(entry) },
        None => Place { seq, hash },
    }
}

/// The last entry of a branch that somebody names by one of its entries.
pub(super) struct Named<'a> {
    pub(super) last: Place,
    pub(super) side: &'a Side,
}

/// The branch that an entry names: the head of a side, or a later entry of the one that is held.
pub(super) fn branch_of<'a>(
    core: &Core,
    log: &PublicKey,
    sides: &'a [Side],
    text: &str,
) -> Result<Named<'a>, ApiError> {
    let wanted = text.trim().to_ascii_lowercase();
    let by_id = "name the entry by its id, as `nanduti fork show` shows it";
    if wanted.len() < SHORTEST || wanted.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(usage(format!("`{wanted}` does not tell one branch from the other")).hint(by_id));
    }
    let names = |side: &&Side| {
        [side.hash.to_cid(), side.hash.short(), side.hash.to_hex()].iter().any(|id| id.starts_with(&wanted))
    };
    let found: Vec<&Side> = sides.iter().filter(names).collect();
    match found.as_slice() {
        [side] => Ok(Named { last: side.last, side }),
        // What stands above it on its branch is left out.
        [] => {
            let held = sides.iter().find(|side| side.held);
            let place = places::named(core, log, text)?;
            let later = place.zip(held).map(|(last, side)| Named { last, side });
            later.ok_or_else(|| usage("a branch has to be named").hint(by_id))
        }
        _ => Err(usage(format!("`{wanted}` is the beginning of both")).hint("type more of it")),
    }
}

/// What whoever chooses a branch that this node does not hold should know.
pub(super) fn unheld(fork: u64, last: Place) -> String {
    let known = last.seq.saturating_sub(fork).saturating_add(1);
    format!(
        "this node does not hold that branch: it knows {known} of its entries, up to entry {}, and later ones that others may hold \
         would not count. Choose on the node that holds it, if there are more; else this node leaves the branch that it holds, and asks \
         its peers for the other",
        last.seq
    )
}

/// The forked log that somebody names.
pub(super) fn forked_log(snapshot: &Snapshot, text: &str) -> Result<PublicKey, ApiError> {
    let wanted = text.trim().to_ascii_lowercase();
    let authority = snapshot.ledger.authority();
    let of_member = |log: &PublicKey| {
        let member = authority.and_then(|authority| authority.claimed_member(log));
        member.is_some_and(|member| member.as_str().eq_ignore_ascii_case(&wanted))
    };
    let by_key = |log: &PublicKey| wanted.len() >= SHORTEST && log.to_hex().starts_with(&wanted);
    let is_open = |log: &PublicKey| status::is_unsettled(snapshot, log);
    let mut logs: Vec<PublicKey> = snapshot.ledger.forks().map(|(log, _)| *log).collect();
    logs.dedup();
    let mut found: Vec<PublicKey> = logs.iter().filter(|log| of_member(log) && is_open(log)).copied().collect();
    if found.is_empty() {
        found = logs.into_iter().filter(by_key).collect();
    }
    match found.as_slice() {
        [log] => Ok(*log),
        [] => Err(not_found(format!("no forked log `{}` is known here", text.chars().take(80).collect::<String>()))
            .hint("`nanduti fork list` lists the forks that are not settled")),
        several => {
            let keys: Vec<String> = several.iter().map(|log| log.to_hex().chars().take(16).collect()).collect();
            Err(usage(format!("`{text}` is several forked logs"))
                .hint(format!("name one by its key: {}", keys.join(", "))))
        }
    }
}
