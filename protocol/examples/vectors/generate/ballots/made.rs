//! What the vectors of ballots share: four founders, newcomers, and what they sign.

use nanduti_protocol::{
    ballot::{Amend, Change, Papers, Proposal, Statement, request, rules::Step},
    charter::{Charter, Member},
    hash::Hash,
    key::PublicKey,
    keyring::Place,
    roster::{End, Roster},
};

use super::super::made;

/// The founders, by id; their root keys are 32 times 0x21, 0x22 and so on.
pub(super) const FOUNDERS: [&str; 4] = ["KEN", "MAR", "PRY", "URY"];
/// The founder who keeps a governance key, and that key's byte.
pub(super) const GOVERNED: (usize, u8) = (2, 0x33);

/// The byte of a founder's root key.
pub(super) fn root(founder: usize) -> u8 {
    [0x21, 0x22, 0x23, 0x24][founder]
}

/// A charter of four members.
pub(super) fn charter() -> Charter {
    let member = |founder: usize| Member {
        id: made::member(FOUNDERS[founder]),
        name: format!("Mechanism of {}", FOUNDERS[founder]),
        role: "mechanism".into(),
        root: made::public(root(founder)),
        spare: None,
        governance: (founder == GOVERNED.0).then(|| made::public(GOVERNED.1)),
    };
    Charter { members: (0..FOUNDERS.len()).map(member).collect(), ..made::charter() }
}

/// The network that they found.
pub(super) fn network() -> Hash {
    charter().network()
}

/// The founders' roster.
pub(super) fn roster() -> Roster {
    Roster::founding(&charter())
}

/// The line of a founder.
pub(super) fn line(founder: usize) -> Member {
    charter().members[founder].clone()
}

/// The line of a newcomer; its root key is 32 times 0x80 and this number.
pub(super) fn newcomer(number: u8) -> Member {
    Member {
        id: made::member(&format!("NEW-{number}")),
        name: format!("Newcomer {number}"),
        role: "mechanism".into(),
        root: made::public(0x80 + number),
        spare: None,
        governance: None,
    }
}

/// The change by which a newcomer is admitted.
pub(super) fn admission(number: u8) -> Change {
    Change::Admit(request::sign(&network(), &newcomer(number), &made::key(0x80 + number)).into())
}

/// The change of a line.
pub(super) fn amend(line: Member, suspended: bool, ends: Vec<End>) -> Change {
    Change::Amend(Amend { ends, line, suspended })
}

/// A proposal about a roster.
pub(super) fn proposal(roster: &Roster, changes: Vec<Change>) -> Proposal {
    Proposal { roster: roster.hash(), changes }
}

/// A place in a log, of an entry with any hash.
pub(super) fn place(seq: u64) -> Place {
    Place { seq, hash: Hash::of(&seq.to_be_bytes()) }
}

/// The ends of these logs, sorted.
pub(super) fn ends(of: &[(PublicKey, Option<u64>)]) -> Vec<End> {
    let mut ends: Vec<End> = of.iter().map(|(log, last)| End { log: *log, last: last.map(place) }).collect();
    ends.sort_by_key(|end| end.log);
    ends
}

/// The founders' roster with a member suspended.
pub(super) fn with_suspended() -> Roster {
    let ends = ends(&[(made::public(root(1)), Some(3)), (made::public(0x42), Some(9))]);
    proposal(&roster(), vec![amend(line(1), true, ends)]).apply(&roster()).expect("it makes sense")
}

/// What a founder says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Says {
    pub(super) founder: usize,
    pub(super) step: Step,
    pub(super) round: u32,
    pub(super) cites: Option<u32>,
    /// With which key: the root key, or another.
    pub(super) key: u8,
}

/// A founder endorses.
pub(super) fn endorses(founder: usize, round: u32) -> Says {
    Says { founder, step: Step::Endorse, round, cites: None, key: root(founder) }
}

/// A founder ratifies.
pub(super) fn ratifies(founder: usize, round: u32) -> Says {
    Says { step: Step::Ratify, ..endorses(founder, round) }
}

impl Says {
    /// The same with a citation.
    pub(super) fn citing(self, round: u32) -> Self {
        Self { cites: Some(round), ..self }
    }

    /// What it states of a proposal.
    pub(super) fn of(&self, proposal: &Proposal) -> Statement {
        Statement {
            step: self.step,
            cites: self.cites,
            round: self.round,
            member: made::member(FOUNDERS[self.founder]),
            roster: proposal.roster,
            proposal: proposal.hash(),
        }
    }

    /// The statement, signed.
    pub(super) fn signed(&self, proposal: &Proposal) -> Vec<u8> {
        self.of(proposal).sign(&network(), &made::key(self.key))
    }
}

/// Papers about a proposal.
pub(super) fn papers(proposal: &Proposal, says: &[Says]) -> Papers {
    let statements = says.iter().map(|says| says.signed(proposal)).collect();
    Papers { roster: proposal.roster, proposal: proposal.encode(), statements }
}

/// Endorsements and ratifications by these founders in one round.
pub(super) fn passing(founders: &[usize], round: u32) -> Vec<Says> {
    let endorsed = founders.iter().map(|founder| endorses(*founder, round));
    endorsed.chain(founders.iter().map(|founder| ratifies(*founder, round))).collect()
}
