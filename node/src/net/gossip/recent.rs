//! What was said or heard lately, so that nothing is said twice.

use std::collections::{HashSet, VecDeque};

use nanduti_protocol::hash::Hash;

use super::super::limits;

/// The last things said or heard, by their hash.
#[derive(Debug, Default)]
pub(super) struct Recent {
    order: VecDeque<Hash>,
    held: HashSet<Hash>,
}

impl Recent {
    /// Adds one; false if it is there.
    pub(super) fn insert(&mut self, hash: Hash) -> bool {
        if !self.held.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > limits::RECENT_MESSAGES
            && let Some(oldest) = self.order.pop_front()
        {
            self.held.remove(&oldest);
        }
        true
    }
}
