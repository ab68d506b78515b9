//! Proving: what is held, and what contradicts it, become the two sides of a fork proof.
//!
//! The side of a run or of evidence brings its own chain; the other is read from what is held. Both always exist: what is held
//! ends at an anchor and has one at least every [`ANCHOR_SPACING`] entries, since every run that came in had. Only what cannot
//! be read proves nothing.

use super::{History, Ledger, Refusal};
use crate::{
    chain::Chain, entry::Entry, fork::ForkProof, key::PublicKey, limits::ANCHOR_SPACING, networks::NetworkOf,
    run::VerifiedRun,
};

impl Ledger {
    /// A chain that a peer showed, without bodies: does it prove a fork?
    pub fn contradicts(&self, chain: &Chain, history: &impl History) -> Option<ForkProof> {
        let log = chain.log();
        let seq = chain.first_seq();
        let extent = self.extent(&log)?;
        let differs = |place: &u64| {
            *place < extent.next && history.hash_at(&log, *place).is_some_and(|held| Some(held) != chain.shows(*place))
        };
        let place = [seq.checked_sub(1), Some(seq)].into_iter().flatten().find(differs)?;
        self.proof_against(place, chain, history)
    }

    /// Makes a proof of a run that contradicts what is held at a place, and takes note of it.
    pub(super) fn prove_fork(
        &mut self,
        run: &VerifiedRun,
        seq: u64,
        history: &impl History,
    ) -> Result<ForkProof, Refusal> {
        let log = run.log();
        let fixed = self.authority.as_ref().and_then(|authority| authority.standing(&log)).and_then(|s| s.fixed);
        if fixed.is_some_and(|place| place.seq >= seq && history.hash_at(&log, place.seq) == Some(place.hash)) {
            return Err(Refusal::FixedBranch);
        }
        // A run that begins just above shows the hash by what its first entry commits to.
        let offered = run.chain_from(seq.max(run.first_seq()), &self.networks);
        let proof = offered.and_then(|chain| self.proof_against(seq, &chain, history)).ok_or(Refusal::Unproven)?;
        self.learn_fork(&proof);
        Ok(proof)
    }

    /// A proof that a chain contradicts what is held at a place: against the chain held from there, or from the next place.
    fn proof_against(&self, seq: u64, offered: &Chain, history: &impl History) -> Option<ForkProof> {
        [seq, seq + 1]
            .iter()
            .filter_map(|from| chain_held(&self.networks, &offered.log(), *from, history))
            .find_map(|held| ForkProof::new(seq, held, offered.clone()).ok())
    }
}

/// The chain from a place of a log that is held; `None` if it is not held or cannot be read.
pub fn chain_held(
    networks: &(impl NetworkOf + ?Sized),
    log: &PublicKey,
    from: u64,
    history: &(impl History + ?Sized),
) -> Option<Chain> {
    Chain::read(&networks.network_of(log), from, |seq| history.entry_at(log, seq))
}

/// The place after the highest anchor held below `seq`: where a log may be cut so that it ends at one.
pub(super) fn anchored_before(networks: &impl NetworkOf, log: &PublicKey, seq: u64, history: &impl History) -> u64 {
    let network = networks.network_of(log);
    let is_anchor = |seq: &u64| {
        let entry = history.entry_at(log, *seq);
        entry.is_some_and(|bytes| Entry::decode(&bytes).is_ok_and(|entry| entry.verify(&network).is_ok()))
    };
    let lowest = seq.saturating_sub(ANCHOR_SPACING);
    (lowest..seq).rev().find(is_anchor).map_or(lowest, |anchor| anchor + 1)
}
