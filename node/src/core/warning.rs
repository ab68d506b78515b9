//! What needs the operator's eye.
//!
//! A warning says how things are, so one that speaks of a log which is not whole looks at the log each time that it is asked for: what
//! peers have given back is not missed any more. That a disk damaged a file stays true, and stays said until the next start.

use nanduti_protocol::{key::PublicKey, ledger::Ledger};

use crate::store::Damage;

/// What needs the operator's eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Warning {
    /// As it is said.
    Said(String),
    /// A log reached further once than it did when it was read.
    Short {
        /// The log.
        log: PublicKey,
        /// How many entries it had.
        reached: u64,
    },
    /// A part of a log was damaged, and set aside.
    Aside {
        /// The log.
        log: PublicKey,
        /// How many entries it had, at the least.
        reached: u64,
        /// What and where.
        damage: Damage,
    },
}

impl Warning {
    /// In words, as things stand now. `None` if there is nothing to warn of any more.
    pub(super) fn now(&self, ledger: &Ledger) -> Option<String> {
        let held = match self {
            Self::Said(_) => 0,
            Self::Short { log, .. } | Self::Aside { log, .. } => ledger.extent(log).map_or(0, |extent| extent.next),
        };
        self.words(held)
    }

    /// In words, where so many entries of its log are held.
    pub(super) fn words(&self, held: u64) -> Option<String> {
        match self {
            Self::Said(text) => Some(text.clone()),
            Self::Short { reached, .. } if held >= *reached => None,
            Self::Short { log, reached } => Some(format!(
                "the log {log} reached {reached} entries and has {held} now; peers are asked for the others"
            )),
            Self::Aside { reached, damage, .. } if held >= *reached => {
                Some(format!("{damage}; it was set aside under set-aside/, and its log is whole"))
            }
            Self::Aside { damage, .. } => {
                Some(format!("{damage}; it was set aside under set-aside/ and is asked of peers again"))
            }
        }
    }
}

impl From<String> for Warning {
    fn from(text: String) -> Self {
        Self::Said(text)
    }
}
