//! From what a person types to an entry: a whole CID, or the beginning of what follows its common part.

use data_encoding::BASE32_NOPAD;
use nanduti_protocol::{
    hash::{CID_COMMON_PREFIX, Hash},
    key::{MemberId, PublicKey},
    kind::Kind,
    ledger::History,
    library::{Series, Standing},
    record::{RecordBody, WithdrawalBody},
};

use super::{
    closed::{self, Asker},
    failure::{not_found, usage},
};
use crate::{
    api::ApiError,
    core::{BodyAt, Core},
};

/// Fewer characters than this are not looked up.
const SHORTEST: usize = 4;
/// How many entries with the same beginning are looked at.
const CANDIDATES: usize = 64;

/// An entry of a series that somebody named.
pub(super) struct Found {
    /// The series.
    pub(super) name: Hash,
    /// The member whose series it is.
    pub(super) member: MemberId,
    /// What is known of it.
    pub(super) series: Series,
    /// The revision that was named, if it was not the series.
    pub(super) revision: Option<Hash>,
}

/// What somebody named.
pub(super) enum Named {
    /// A series.
    Series(Found),
    /// A document for members only that cannot be shown.
    Closed(Box<BodyAt>),
}

/// Finds the series that an id is about, if whoever asks may see it.
pub(super) fn find(core: &Core, asker: Asker, id: &str) -> Result<Found, ApiError> {
    match find_any(core, asker, id)? {
        Named::Series(found) => Ok(found),
        Named::Closed(entry) => Err(closed::told(core, &entry)),
    }
}

/// Finds what an id is about.
pub(super) fn find_any(core: &Core, asker: Asker, id: &str) -> Result<Named, ApiError> {
    let found = entries_like(core, id)?;
    let snapshot = core.snapshot();
    let (mut series, mut kept) = (Vec::new(), Vec::new());
    for (hash, log, seq) in found {
        let Some(mut entry) = core.read_at(&log, seq)? else { continue };
        // Who names a withdrawal means what it withdraws, also where that cannot be read.
        if let Some(closed) = closed_of(core, asker, &entry)? {
            entry = closed;
        }
        if asker.is_kept_from(&entry) {
            if closed::counts(&snapshot, &entry) {
                // An entry and its withdrawal may begin alike.
                kept.retain(|other: &BodyAt| other.hash != entry.hash);
                kept.push(entry);
            }
        } else if let Some(member) = snapshot.ledger.authority().and_then(|authority| authority.claimed_member(&log))
            && let Some(name) = series_of(&entry)
            && let Some(known) = core.series(&name, member)?
            && known.standing(&name) != Standing::Unrooted
            && asker.sees(&known)
        {
            let revision = known.revision(&hash).map(|_| hash).filter(|hash| *hash != name);
            series.push(Found { name, member: member.clone(), series: known, revision });
        }
    }
    let mut names: Vec<Hash> = series.iter().map(|found| found.name).collect();
    names.sort_unstable();
    names.dedup();
    match (names.as_slice(), kept.len()) {
        ([], 0) => Err(not_found(format!("there is no practice with the id `{id}` here"))
            .hint("`nanduti list --all` shows the ids of all that this node holds")),
        ([_], 0) => {
            // Of several entries of one series the one that was named most exactly is the first of the series.
            let index = series.iter().position(|found| found.revision.is_none()).unwrap_or(0);
            Ok(Named::Series(series.swap_remove(index)))
        }
        ([], 1) => Ok(Named::Closed(Box::new(kept.swap_remove(0)))),
        (several, _) => {
            let shorts = closed::shorts(several.iter().chain(kept.iter().map(|entry| &entry.hash)));
            Err(usage(format!("the id `{id}` is the beginning of several")).hint(format!("type more of it: {shorts}")))
        }
    }
}

/// What a withdrawal is about, if that is kept from whoever asks.
fn closed_of(core: &Core, asker: Asker, entry: &BodyAt) -> Result<Option<BodyAt>, ApiError> {
    let Some(name) = series_of(entry).filter(|_| entry.statement.kind == Kind::Withdrawal) else { return Ok(None) };
    for place in core.index().find(name.as_bytes(), CANDIDATES) {
        let first = core.read_at(&place.log, place.seq)?;
        if let Some(first) = first.filter(|first| first.hash == name && asker.is_kept_from(first)) {
            return Ok(Some(first));
        }
    }
    Ok(None)
}

/// Entries whose id begins like this, with their logs and places.
pub(super) fn entries_like(core: &Core, id: &str) -> Result<Vec<(Hash, PublicKey, u64)>, ApiError> {
    let wanted = normalise(id)?;
    let snapshot = core.snapshot();
    let mut found: Vec<(Hash, PublicKey, u64)> = Vec::new();
    for place in core.index().find(&hash_start(&wanted), CANDIDATES) {
        let hash = snapshot.hash_at(&place.log, place.seq);
        found.extend(hash.filter(|hash| hash.to_cid().starts_with(&wanted)).map(|hash| (hash, place.log, place.seq)));
    }
    Ok(found)
}

/// The whole beginning of a CID, in lower case.
fn normalise(id: &str) -> Result<String, ApiError> {
    let text = id.trim().to_ascii_lowercase();
    let rest = text.strip_prefix(CID_COMMON_PREFIX).unwrap_or(&text);
    let spelt = rest.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    if !spelt || rest.len() < SHORTEST || rest.len() > 52 {
        return Err(usage(format!("`{}` is not an id", id.chars().take(80).collect::<String>())).hint(format!(
            "an id has at least {SHORTEST} of the letters a-z and the digits 2-7, as `nanduti list` shows them"
        )));
    }
    Ok(format!("{CID_COMMON_PREFIX}{rest}"))
}

/// The whole bytes of the hash that the beginning of a CID fixes.
fn hash_start(cid_start: &str) -> Vec<u8> {
    // After the letter of the base, five bits a character; the first four bytes are version, codec and hash function.
    let text = cid_start.get(1..).unwrap_or_default().to_ascii_uppercase();
    let whole = text.len() * 5 / 8;
    let padded = format!("{text}{}", "A".repeat(7 * 8));
    let decodable = padded.get(..padded.len() / 8 * 8).unwrap_or_default();
    let bytes = BASE32_NOPAD.decode(decodable.as_bytes()).unwrap_or_default();
    bytes.get(4..whole.max(4)).unwrap_or_default().to_vec()
}

/// The series that an entry belongs to.
fn series_of(entry: &BodyAt) -> Option<Hash> {
    let body = entry.body.as_deref()?;
    match entry.statement.kind {
        Kind::Practice => RecordBody::decode(body).ok().map(|body| body.series.unwrap_or(entry.hash)),
        Kind::Withdrawal => WithdrawalBody::decode(body).ok().map(|body| body.series),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_id_fixes_the_beginning_of_the_hash() {
        for byte in 0..=255_u8 {
            let hash = Hash::of(&[byte]);
            let cid = hash.to_cid();
            for len in SHORTEST..=52 {
                let text = &cid[CID_COMMON_PREFIX.len()..][..len];
                let start = hash_start(&normalise(text).expect("an id"));
                assert!(hash.as_bytes().starts_with(&start), "{text}");
                assert!(
                    start.len() * 8 + 10 > len * 5 - 2 || start.len() == 32,
                    "{len} characters give {} bytes",
                    start.len()
                );
            }
            assert_eq!(normalise(&cid.to_uppercase()).expect("an id"), cid);
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for bad in ["", "abc", "abc1", "ab cd", "../x", "bafyr4i", &"a".repeat(53), "ñandutí"] {
            assert!(normalise(bad).is_err(), "{bad}");
        }
    }
}
