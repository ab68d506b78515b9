//! Ballots: what any proposal makes of a roster, and what becomes of papers in whatever order they come.
//!
//! The roster is that of the vectors, so that what they sign is good here; a fuzzer's bytes are made to name it. Papers are put
//! together from a pool of statements that four founders and a newcomer signed, among them a voter who says far too much.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    ballot::{Amend, Change, Papers, PapersError, Proposal, Replace, Statement, Succession, request, rules::Step},
    cbor,
    charter::{Bounds, Charter, Member, Quorum, RULES},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Place,
    limits,
    roster::{End, Roster},
};

use crate::script::Script;

/// The founders of the vectors, and the bytes of their root keys.
const FOUNDERS: [(&str, u8); 4] = [("KEN", 0x21), ("MAR", 0x22), ("PRY", 0x23), ("URY", 0x24)];

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

fn id(text: &str) -> MemberId {
    MemberId::parse(text).expect("an id")
}

/// The founders' roster of `ballots.json`.
pub fn founders() -> Roster {
    let member = |(name, byte): (&str, u8)| Member {
        id: id(name),
        name: format!("Mechanism of {name}"),
        role: "mechanism".into(),
        root: PublicKey::from(&key(byte)),
        spare: None,
        governance: (name == "PRY").then(|| PublicKey::from(&key(0x33))),
    };
    Roster::founding(&Charter {
        name: "Red de ejemplo · Ñandutí".into(),
        salt: [0x5a; 16],
        roles: Charter::usual_roles(),
        rules: RULES,
        bounds: Bounds::default(),
        former: Vec::new(),
        quorum: Quorum(2, 3),
        members: FOUNDERS.into_iter().map(member).collect(),
        purpose: "To share practices.".into(),
    })
}

fn ends(byte: u8) -> Vec<End> {
    vec![End { log: PublicKey::from(&key(byte)), last: Some(Place { seq: 3, hash: Hash::of(b"the last") }) }]
}

fn suspension(line: &Member, byte: u8) -> Change {
    Change::Amend(Amend { ends: ends(byte), line: line.clone(), suspended: true })
}

/// The same roster after a suspension and a replaced root key.
fn turned(founders: &Roster) -> Roster {
    let rooted = Member { root: PublicKey::from(&key(0x61)), ..founders.members[0].clone() };
    let request = request::sign(&founders.network, &rooted, &key(0x61)).into();
    let changes = vec![suspension(&founders.members[1], 0x22), Change::Replace(Replace { ends: ends(0x21), request })];
    Proposal { roster: founders.hash(), changes }.apply(founders).expect("it makes sense")
}

/// A proposal: whatever it says, it makes a roster that makes sense, or none.
pub fn proposal(data: &[u8]) {
    let Ok(proposal) = Proposal::decode(data) else { return };
    assert_eq!(proposal.encode(), data);
    assert_eq!(proposal.hash(), Hash::of(data));
    assert!(data.len() <= limits::PROPOSAL_MAX);
    let founders = founders();
    for before in [turned(&founders), founders] {
        let proposal = Proposal { roster: before.hash(), ..proposal.clone() };
        if let Ok(next) = proposal.apply(&before) {
            makes_sense(&before, &next);
            if proposal.is_ordinary(&before) {
                is_ordinary(&before, &next);
            }
            assert!(proposal.apply(&next).is_err(), "a proposal is about one roster");
        }
    }
}

/// Is this the roster that may follow?
fn makes_sense(before: &Roster, next: &Roster) {
    assert_eq!(cbor::decode_exact(&cbor::encode(next)).as_ref(), Ok(next));
    assert_eq!((next.version, next.network, &next.roles), (before.version + 1, before.network, &before.roles));
    assert!(next.members.is_sorted_by(|a, b| a.id < b.id) && next.members.len() <= limits::MEMBERS_MAX);
    assert!(before.members.iter().all(|member| next.member(&member.id).is_some()), "nobody is ever gone");
    assert!(next.suspended.is_sorted_by(|a, b| a < b));
    assert!(next.suspended.iter().all(|id| next.member(id).is_some()));
    let (voters, quorum) = (next.voters().count(), next.quorum());
    assert!(voters > 0 && quorum * 3 > voters * 2 && quorum <= voters, "{quorum} of {voters}");
    assert!(next.rules >= before.rules);
    let (old, new) = next.turns.split_at(before.turns.len());
    assert!(old == before.turns && new.iter().all(|turn| turn.version == next.version));
    assert!(new.is_sorted_by(|a, b| a.member < b.member));
    let mut keys = BTreeSet::new();
    let replaced = next.turns.iter().filter_map(|turn| turn.root);
    let held = next.members.iter().flat_map(Member::keys);
    held.chain(replaced).for_each(|key| assert!(keys.insert(key), "{key} twice"));
    for member in &next.members {
        let turned = new.iter().any(|turn| turn.member == member.id);
        let logs = next.turns.iter().flat_map(|turn| &turn.ends).map(|end| end.log).chain([member.root]);
        for log in logs {
            let rights = next.rights(member, &log);
            for seq in [0, 3, 4, u64::MAX] {
                assert!(rights.at(seq).is_none_or(|role| next.roles.contains_key(role)));
                assert!(rights.end().is_none_or(|end| seq < end || rights.at(seq).is_none()));
            }
            let line = before.member(&member.id);
            if let Some(line) = line.filter(|_| !turned) {
                assert_eq!(rights, before.rights(line, &log), "{} did not turn", member.id);
            }
        }
    }
}

/// Did nothing change of which only root keys may speak?
fn is_ordinary(before: &Roster, next: &Roster) {
    assert_eq!((next.quorum, next.bounds, next.rules), (before.quorum, before.bounds, before.rules));
    assert_eq!(next.suspended, before.suspended);
    for line in &before.members {
        let after = next.member(&line.id).expect("still there");
        assert_eq!((after.root, after.spare, after.governance), (line.root, line.spare, line.governance));
        let turned = next.turns.iter().any(|turn| turn.version == next.version && turn.member == line.id);
        assert_eq!(turned, after.role != line.role, "the logs of {} turn with its role alone", line.id);
    }
}

/// A proposal with statements about it, all signed.
struct Pool {
    roster: Hash,
    proposal: Vec<u8>,
    statements: Vec<Vec<u8>>,
}

struct World {
    founders: Arc<Roster>,
    pools: Vec<Pool>,
}

thread_local! {
    static WORLD: World = World::new();
}

impl World {
    fn new() -> Self {
        let founders = founders();
        let newcomer = |number: u8| {
            let line = Member {
                id: id(&format!("NEW-{number}")),
                root: PublicKey::from(&key(0x80 + number)),
                spare: None,
                governance: None,
                ..founders.members[0].clone()
            };
            Change::Admit(request::sign(&founders.network, &line, &key(0x80 + number)).into())
        };
        let about = |roster: &Roster, change| Proposal { roster: roster.hash(), changes: vec![change] };
        let admission = about(&founders, newcomer(1));
        let second = admission.apply(&founders).expect("it makes sense");
        let suspended = about(&second, suspension(&founders.members[3], 0x24));
        let third = suspended.apply(&second).expect("it makes sense");
        let voters: Vec<(&str, u8)> = FOUNDERS.into_iter().chain([("NEW-1", 0x81)]).collect();
        let mut pools = vec![
            Pool::new(&founders, &admission, &voters[..4]),
            Pool::new(&founders, &about(&founders, newcomer(2)), &voters[..4]),
            Pool::new(&founders, &about(&founders, Change::Rules(2)), &voters[..4]),
            Pool::new(&second, &suspended, &voters),
            Pool::new(&second, &about(&second, newcomer(2)), &voters),
            Pool::new(&third, &about(&third, newcomer(3)), &[voters[0], voters[1], voters[2], voters[4]]),
        ];
        // What one voter says who says too much.
        let many = (10..10 + limits::PROPOSALS_OF_VOTER_MAX as u8).map(|number| about(&founders, newcomer(number)));
        pools.extend(many.map(|proposal| Pool::of(&founders, &proposal, &voters[..1], 1..=1)));
        Self { founders: Arc::new(founders), pools }
    }
}

impl Pool {
    fn new(before: &Roster, proposal: &Proposal, voters: &[(&str, u8)]) -> Self {
        let mut pool = Self::of(before, proposal, voters, 1..=2);
        if before.version == 0 {
            let governed = Self::of(before, proposal, &[("PRY", 0x33)], 1..=1);
            pool.statements.extend(governed.statements);
        }
        pool
    }

    fn of(before: &Roster, proposal: &Proposal, voters: &[(&str, u8)], rounds: std::ops::RangeInclusive<u32>) -> Self {
        let mut statements = Vec::new();
        for round in rounds {
            for (voter, byte) in voters {
                for (step, cites) in [(Step::Endorse, None), (Step::Endorse, Some(1)), (Step::Ratify, None)] {
                    if cites.is_some_and(|cited| cited >= round) {
                        continue;
                    }
                    let (roster, proposal) = (proposal.roster, proposal.hash());
                    let statement = Statement { step, cites, round, member: id(voter), roster, proposal };
                    statements.push(statement.sign(&before.network, &key(*byte)));
                }
            }
        }
        Self { roster: proposal.roster, proposal: proposal.encode(), statements }
    }
}

/// Papers as the script puts them together: most of them sound.
fn some_papers(world: &World, script: &mut Script<'_>) -> Papers {
    // Most is about the first proposals, of which rosters are made.
    let from = if script.below(3) == 0 { world.pools.len() } else { 6 };
    let pool = &world.pools[script.below(from)];
    let first = script.below(pool.statements.len());
    let number = 1 + script.below(pool.statements.len());
    let step = 1 + script.below(4);
    let places = (first..).step_by(step).take(number).map(|place| place % pool.statements.len());
    let statements = places.map(|place| pool.statements[place].clone()).collect();
    let mut papers = Papers { roster: pool.roster, proposal: pool.proposal.clone(), statements };
    match script.below(24) {
        1 => papers.roster = Hash::of(b"another"),
        2 => papers.statements.clear(),
        3 => papers.statements.extend(world.pools[script.below(6)].statements.first().cloned()),
        4 => {
            let (at, value) = (script.below(papers.proposal.len()), script.byte());
            papers.proposal[at] ^= value;
        }
        5 => {
            let (at, value) = (script.below(240), script.byte());
            papers.statements.iter_mut().take(1).flat_map(|bytes| bytes.get_mut(at)).for_each(|byte| *byte ^= value);
        }
        6 => papers.statements = vec![papers.statements[0].clone(); limits::PAPERS_STATEMENTS_MAX + 1],
        7 => papers.statements.push(script.bytes(9).to_vec()),
        _ => {}
    }
    papers
}

/// Takes everything in, again and again until nothing is new: papers about a roster can come before it is known.
fn take_all<'a>(founders: &Roster, all: impl Iterator<Item = &'a Papers> + Clone) -> Succession {
    let mut succession = Succession::new(founders.clone());
    for _ in 0..=all.clone().count() {
        let mut changed = false;
        for papers in all.clone() {
            let before = succession.clone();
            match succession.take(papers) {
                Ok(taken) => {
                    assert_eq!(taken.roster, succession.roster().version > before.roster().version);
                    assert_eq!(taken.changed, succession.digest() != before.digest());
                    assert!(taken.changed || succession == before);
                    changed |= taken.changed;
                }
                Err(error) => {
                    assert_eq!(succession, before, "refused, and yet something is new");
                    assert_eq!(error.blames_peer(), error != PapersError::UnknownRoster);
                }
            }
        }
        if !changed {
            break;
        }
    }
    succession
}

/// Papers in any order, some twice, some wrong: all who get the same hold the same, and follow the same rosters.
pub fn papers(data: &[u8]) {
    WORLD.with(|world| {
        let mut script = Script::new(data);
        let mut all = Vec::new();
        while !script.is_over() && all.len() < 24 {
            all.push(some_papers(world, &mut script));
        }
        let (one, other) = (take_all(&world.founders, all.iter()), take_all(&world.founders, all.iter().rev()));
        let polls = |of: &Succession| -> BTreeMap<Hash, Hash> {
            of.polls().map(|(poll, _)| (poll.hash(), poll.digest())).collect()
        };
        let (ours, theirs) = (polls(&one), polls(&other));
        for (roster, digest) in &ours {
            assert!(theirs.get(roster).is_none_or(|their| their == digest), "the order makes a difference");
        }
        // Where rivals are in force, each keeps the roster that came first.
        if one.conflicts().is_empty() {
            assert_eq!(one, other);
            assert_eq!((one.digest(), one.obstacle()), (other.digest(), other.obstacle()));
            let kept = one.all_papers();
            assert_eq!(take_all(&world.founders, kept.iter()), one, "what is kept makes the same again");
            assert_eq!(take_all(&world.founders, kept.iter().rev()), one);
        }
        assert!(one.lacking(&one.held()).is_empty());
        check_polls(&one);
    });
}

fn check_polls(succession: &Succession) {
    let polls: Vec<_> = succession.polls().collect();
    for (index, (poll, passed)) in polls.iter().enumerate() {
        assert_eq!(poll.roster().version, index as u64);
        let tally = poll.tally();
        assert!(tally.count.open_round() <= limits::ROUNDS_MAX);
        let in_force = poll.in_force();
        assert!(in_force.keys().all(|proposal| poll.motions().contains_key(proposal)));
        if let Some(passed) = passed {
            assert!(in_force.contains_key(*passed), "a roster was followed that nothing puts into force");
            assert_eq!(poll.motions()[*passed].roster.hash(), polls[index + 1].0.hash());
        }
        if in_force.len() > 1 {
            let (voters, quorum) = (tally.voters.len(), poll.roster().quorum());
            let named: BTreeSet<_> = tally.count.contradictions().iter().map(|found| found.one.voter).collect();
            let named: BTreeSet<_> = named.into_iter().chain(tally.count.boundless().iter()).collect();
            assert!(named.len() >= 2 * quorum - voters, "rivals are in force, and only {named:?} are named");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_seeds_of_proposals_make_a_roster_and_some_papers_make_three() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        let files = |target: &str| -> Vec<Vec<u8>> {
            let entries = std::fs::read_dir(corpus.join(target)).expect("the folder");
            entries.map(|entry| std::fs::read(entry.expect("an entry").path()).expect("a file")).collect()
        };
        let founders = founders();
        let applies = |bytes: &Vec<u8>| Proposal::decode(bytes).is_ok_and(|proposal| proposal.apply(&founders).is_ok());
        assert!(files("proposal").iter().filter(|bytes| applies(bytes)).count() >= 8);
        let versions = WORLD.with(|world| {
            let of = |bytes: &Vec<u8>| {
                let mut script = Script::new(bytes);
                let mut all = Vec::new();
                while !script.is_over() && all.len() < 24 {
                    all.push(some_papers(world, &mut script));
                }
                take_all(&world.founders, all.iter()).roster().version
            };
            files("papers").iter().map(of).collect::<BTreeSet<_>>()
        });
        assert!(versions.is_superset(&BTreeSet::from([0, 1, 2, 3])), "{versions:?}");
    }
}
