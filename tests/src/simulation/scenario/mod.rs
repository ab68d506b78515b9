//! Scenarios: one sentence each of what the network promises, an attacker who wants it to fail, and a network with faults around both.
//!
//! A scenario is played like every other run: members publish, nodes crash, messages are lost, the network parts and meets again, and all
//! that always has to hold is checked. Beside it a [`Plot`] lets the attacker act and the others defend themselves, and gives the verdict at
//! the end. Each plot can leave its defence out; then its verdict has to be that the sentence does not hold, which shows that the
//! attack is one and that the verdict sees it.

mod claims;
mod refounding;
mod restored;
mod root_thief;
mod spoilers;
mod suspended;
mod thief;
mod tools;
mod two_faced;
mod votes;

use nanduti_protocol::{charter::Charter, testing::Dice};

use super::{
    clock::{MINUTE, Time},
    world::World,
};

/// A scenario by its name.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// The name for the command.
    pub name: &'static str,
    /// What holds.
    pub sentence: &'static str,
    /// What is left out to show that the sentence rests on it.
    pub undefended: &'static str,
    /// Words of the failure then.
    pub failure: &'static str,
    plot: fn(bool) -> Box<dyn Plot>,
}

/// All of them.
pub const SCENARIOS: [Scenario; 12] = [
    Scenario {
        name: "publishing-thief",
        sentence: "a thief with a publishing key can do nothing lasting, neither hide nor libel",
        undefended: "the owner does not end the key",
        failure: "the thief",
        plot: thief::plot,
    },
    Scenario {
        name: "root-thief",
        sentence: "a thief with a root key cannot outlast a ballot",
        undefended: "nobody votes",
        failure: "the calm did not make all equal",
        plot: root_thief::plot,
    },
    Scenario {
        name: "restored-backup",
        sentence: "a restored backup does not fork its log, and signs again, whoever lies among those that it asks",
        undefended: "it signs at once",
        failure: "lacks the entry",
        plot: restored::plot,
    },
    Scenario {
        name: "minority",
        sentence: "a minority below the quorum cannot change the roster, whatever it says to whom",
        undefended: "it is a quorum",
        failure: "changed the roster",
        plot: votes::minority,
    },
    Scenario {
        name: "split-vote",
        sentence: "a split vote does not block the network for ever",
        undefended: "nobody speaks in another round than the first",
        failure: "no roster came into force",
        plot: votes::split,
    },
    Scenario {
        name: "suspended-member",
        sentence: "a suspended member's earlier documents stay, its later ones do not appear before it is back",
        undefended: "the ballot names no last entry of its logs",
        failure: "earlier document",
        plot: suspended::plot,
    },
    Scenario {
        name: "stripped-bodies",
        sentence: "nobody can strip bodies from what others said",
        undefended: "what is missing is asked of nobody",
        failure: "the calm did not make all equal",
        plot: spoilers::stripped,
    },
    Scenario {
        name: "claimed-keys",
        sentence: "nobody can claim another's key",
        undefended: "the owner lists its key after the thief has",
        failure: "lacks the entry",
        plot: claims::claimed,
    },
    Scenario {
        name: "erased-records",
        sentence: "nobody can erase or change another's record",
        undefended: "the owner's own key signs it",
        failure: "is withdrawn",
        plot: claims::erased,
    },
    Scenario {
        name: "full-disk",
        sentence: "nobody can fill a disk beyond the bounds",
        undefended: "the charter's bounds are higher than those that are looked at",
        failure: "more than",
        plot: spoilers::full,
    },
    Scenario {
        name: "two-faced",
        sentence: "one hostile node cannot make honest nodes disagree for longer than the network is cut in two",
        undefended: "proofs of forks are not taken in",
        failure: "fork",
        plot: two_faced::plot,
    },
    Scenario {
        name: "refounding",
        sentence: "a network that is founded anew holds the library that it carries over, and nothing that is written in the old one later",
        undefended: "the ends are drawn up from the liar's copy of it",
        failure: "past its end",
        plot: refounding::plot,
    },
];

impl Scenario {
    /// The scenario of a name.
    pub fn named(name: &str) -> Option<Self> {
        SCENARIOS.into_iter().find(|scenario| scenario.name == name)
    }

    pub(super) fn begin(&self, defended: bool) -> Box<dyn Plot> {
        (self.plot)(defended)
    }
}

/// Who takes part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cast {
    pub(super) members: usize,
    /// Of the members, the first ones, who lie.
    pub(super) bad_members: usize,
    pub(super) observers: usize,
    /// Nodes of nobody that lie.
    pub(super) strangers: usize,
    pub(super) log_entries: u64,
    /// Lines of a keyring.
    pub(super) keys: u64,
}

impl Cast {
    pub(super) fn of(members: usize, bad_members: usize) -> Self {
        Self { members, bad_members, observers: 2, strangers: 1, log_entries: 400, keys: 64 }
    }
}

pub(super) use tools::TICK;

/// What happens in a scenario.
pub(super) trait Plot {
    /// Who takes part.
    fn cast(&mut self, dice: &mut Dice) -> Cast;

    /// What the founders sign.
    fn draft(&mut self, _charter: &mut Charter, _dice: &mut Dice) {}

    /// Before anything happens.
    fn begin(&mut self, _world: &mut World) {}

    /// Every few seconds.
    fn tick(&mut self, world: &mut World);

    /// Once all honest nodes are equal: does the sentence hold? If not yet, why not.
    fn verdict(&self, world: &World) -> Result<(), String>;

    /// How long the calm may last before all are equal and the sentence holds.
    fn patience(&self) -> Time {
        120 * MINUTE
    }
}
