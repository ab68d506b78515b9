//! Choosing a branch of a forked publishing log.
//!
//! A choice ends the key at the last entry of the branch that is known here, and this node goes on with a fresh one if the key was
//! its own. The key cannot go on along the branch: whatever made it say two things can make it do so again, and places that the
//! other branch has taken are taken, so that what it says there next would be another contradiction, above the one that was settled.

use nanduti_protocol::{
    key::PublicKey,
    keyring::{KeyState, KeyUse},
};

use super::ring::{Fresh, Ring, short};
use crate::{
    api::ApiError,
    engine::{
        failure::{refused, usage},
        sides::{Named, branch_of, sides, unheld},
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
        let Named { last, side } = branch_of(self.core, &line.key, &sides, entry)?;
        let held = side.held;
        if !held {
            self.warnings.push(unheld(fork, last));
        }
        if last.seq < fork {
            self.warnings.push(format!(
                "entry {} stands below the fork at entry {fork}: neither side counts then, and nothing of the log above entry {0}; the entry of a \
                 side, as `nanduti fork show` shows it, keeps that side",
                last.seq
            ));
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
}
