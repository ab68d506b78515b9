//! Choosing a branch of a forked publishing log.
//!
//! A choice ends the key at the last entry of the branch that is known here, and this node goes on with a fresh one if the key was
//! its own. The key cannot go on along the branch: whatever made it say two things can make it do so again, and places that the
//! other branch has taken are taken, so that what it says there next would be another contradiction, above the one that was settled.

use nanduti_protocol::{
    key::PublicKey,
    keyring::{KeyState, KeyUse, Place},
};

use super::{
    places,
    ring::{Fresh, Ring, short},
};
use crate::{
    api::ApiError,
    engine::{
        failure::{refused, usage},
        forks::{Side, sides},
        status,
    },
};

impl Ring<'_> {
    /// Names the branch of a forked log that counts, by one of its entries.
    pub(super) fn choose(
        &mut self,
        at: usize,
        entry: &str,
        own: Option<PublicKey>,
        fresh: Option<Fresh>,
    ) -> Result<(), ApiError> {
        let Some(line) = self.lines.get(at).cloned() else { return Ok(()) };
        if line.key_use == KeyUse::Node {
            return Err(usage("a node key signs no entries: it has no branches"));
        }
        let ledger = &self.snapshot.ledger;
        let awaited = || ledger.fork(&line.key).filter(|_| status::awaited(self.snapshot, &line.key).is_some());
        let Some(proof) = ledger.open_fork(&line.key, self.snapshot).or_else(awaited) else {
            return Err(refused(format!("the log {} is not forked, as far as this node knows", short(&line.key))));
        };
        let fork = proof.mark().seq;
        let (KeyState::Live(named) | KeyState::Ended(named)) = line.state;
        if let Some(named) = named.filter(|named| named.seq >= fork) {
            return Err(refused(format!(
                "the keyring names a branch already, by entry {} ({})",
                named.seq,
                named.hash.short()
            ))
            .hint("its entries are asked of every peer; `nanduti fork show` says whether they are here"));
        }
        let sides = sides(self.snapshot, proof);
        let (last, held) = self.named(&line.key, &sides, entry)?;
        if !held {
            self.warn_of_unheld(fork, last);
        }
        self.end(at, Some(last));
        if !held {
            // What stands around it here is the other branch.
            self.cut = None;
        }
        if own == Some(line.key)
            && let Some(fresh) = fresh
        {
            self.lines.push(fresh.line);
            self.openings.push(fresh.opening);
        } else {
            self.warnings.push(format!(
                "the node that signs with {} publishes nothing any more until it has a fresh key: `nanduti key replace` there",
                short(&line.key)
            ));
        }
        Ok(())
    }

    /// The last entry of the branch that an entry names, and whether that branch is held.
    fn named(&self, key: &PublicKey, sides: &[Side], text: &str) -> Result<(Place, bool), ApiError> {
        let wanted = text.trim().to_ascii_lowercase();
        let by_id = "name the entry by its id, as `nanduti fork show` shows it";
        if wanted.len() < 4 || wanted.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(usage(format!("`{wanted}` does not tell one branch from the other")).hint(by_id));
        }
        let names = |side: &&Side| {
            [side.hash.to_cid(), side.hash.short(), side.hash.to_hex()].iter().any(|id| id.starts_with(&wanted))
        };
        let found: Vec<&Side> = sides.iter().filter(names).collect();
        match found.as_slice() {
            [side] => Ok((side.last, side.held)),
            // A later entry of the branch that is held: what stands above it is left out.
            [] => match places::named(self.core, key, text)? {
                Some(place) => Ok((place, true)),
                None => Err(usage("a branch has to be named").hint(by_id)),
            },
            _ => Err(usage(format!("`{wanted}` is the beginning of both")).hint("type more of it")),
        }
    }

    fn warn_of_unheld(&mut self, fork: u64, last: Place) {
        let known = last.seq.saturating_sub(fork).saturating_add(1);
        let warning = format!(
            "this node does not hold that branch: it knows {known} of its entries, up to entry {}, and later ones that others may hold \
             would not count. Choose on the node that holds it, if there are more; else this node leaves the branch that it holds, and asks \
             its peers for the other",
            last.seq
        );
        self.warnings.push(warning);
    }
}
