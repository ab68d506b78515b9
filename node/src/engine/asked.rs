//! What the pages were asked for lately. A list costs a look at the whole library, and most readers ask for the same few; so an
//! answer is kept for as long as the library stays as it is.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::{
    api::{ListFilter, ListReply},
    core::Snapshot,
    web::Choices,
};

/// Lists kept, each of the rows of a page.
const LISTS: usize = 64;

/// Answers that hold for one snapshot.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    of: Weak<Snapshot>,
    choices: Option<Choices>,
    /// The one asked for first goes first.
    lists: VecDeque<(ListFilter, ListReply)>,
}

impl Asked {
    /// The list that was made with this filter when the library was as it is in this snapshot.
    pub(super) fn list(&self, snapshot: &Arc<Snapshot>, filter: &ListFilter) -> Option<ListReply> {
        self.look(snapshot, |kept| kept.lists.iter().find(|(known, _)| known == filter).map(|(_, reply)| reply.clone()))
    }

    /// Keeps a list. The snapshot was taken before the library was looked at: what changed since makes another one.
    pub(super) fn keep_list(&self, snapshot: &Arc<Snapshot>, filter: &ListFilter, reply: &ListReply) {
        self.change(snapshot, |kept| {
            if kept.lists.iter().all(|(known, _)| known != filter) {
                kept.lists.truncate(LISTS - 1);
                kept.lists.push_front((filter.clone(), reply.clone()));
            }
        });
    }

    /// The same of what the filters offer.
    pub(super) fn choices(&self, snapshot: &Arc<Snapshot>) -> Option<Choices> {
        self.look(snapshot, |kept| kept.choices.clone())
    }

    /// Keeps what the filters offer.
    pub(super) fn keep_choices(&self, snapshot: &Arc<Snapshot>, choices: &Choices) {
        self.change(snapshot, |kept| kept.choices = Some(choices.clone()));
    }

    fn look<T>(&self, snapshot: &Arc<Snapshot>, look: impl FnOnce(&Kept) -> Option<T>) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_of(&kept, snapshot) { look(&kept) } else { None }
    }

    fn change(&self, snapshot: &Arc<Snapshot>, change: impl FnOnce(&mut Kept)) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_of(&kept, snapshot) {
            *kept = Kept { of: Arc::downgrade(snapshot), ..Kept::default() };
        }
        change(&mut kept);
    }
}

fn is_of(kept: &Kept, snapshot: &Arc<Snapshot>) -> bool {
    std::ptr::eq(kept.of.as_ptr(), Arc::as_ptr(snapshot))
}
