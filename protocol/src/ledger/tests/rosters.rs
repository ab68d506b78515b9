//! Order independence where rosters change: nodes that hold the same entries and statements, and follow the same roster, agree in
//! everything, whatever came first; what they follow goes forward only; and where rivals came into force all show who did it.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use proptest::prelude::*;

use super::order::config;
use crate::{
    ballot::{Obstacle, Poll},
    hash::Hash,
    key::{MemberId, PublicKey},
    testing::{Dice, History, Host, no_roster},
    ticket::RosterRef,
};

type Checked = Result<(), TestCaseError>;

/// A node, and the roster that the ticket names by which it joined.
#[derive(Clone)]
struct Joined {
    host: Host,
    pinned: Option<RosterRef>,
}

impl Joined {
    fn new(history: &History, pinned: Option<RosterRef>) -> Self {
        let mut host = Host::new(history.founding.network);
        host.ledger.pin(pinned);
        Self { host, pinned }
    }

    fn version(&self) -> u64 {
        self.host.ballots().map_or(0, |(version, _)| version)
    }

    /// The rosters that it has followed.
    fn rosters(&self) -> Vec<Hash> {
        self.host.ledger.succession().into_iter().flat_map(|it| it.polls().map(|(poll, _)| poll.hash())).collect()
    }
}

/// What a node believes at the end, without what it merely holds.
fn beliefs(host: &Host, history: &History) -> Vec<String> {
    let Some(authority) = host.ledger.authority() else { return vec!["no charter".to_string()] };
    let mut beliefs: Vec<String> = Vec::new();
    for member in &authority.roster().members {
        beliefs.push(format!("{:?} {:?}", member.id, authority.keyring(&member.id)));
    }
    let nodes = history.founding.actors.iter().map(|actor| PublicKey::from(&actor.node));
    beliefs.extend(nodes.map(|node| format!("{node:?} {:?}", authority.member_of_node(&node))));
    beliefs.extend(host.frontier().iter().map(|(log, position)| format!("{log:?} {position:?}")));
    beliefs.extend(host.counted().iter().map(|counted| format!("{counted:?}")));
    beliefs
}

fn same(what: &str, one: &Host, other: &Host, history: &History) -> Checked {
    let (mine, theirs) = (beliefs(one, history), beliefs(other, history));
    let mut differing =
        mine.iter().filter(|it| !theirs.contains(it)).chain(theirs.iter().filter(|it| !mine.contains(it)));
    let differs = differing.next();
    prop_assert!(differs.is_none(), "{what}: only one believes {}", differs.cloned().unwrap_or_default());
    prop_assert_eq!(one.frontier().digest(), other.frontier().digest(), "{}", what);
    Ok(())
}

/// Delivers a history to nodes in ways of their own, until none learns anything more.
fn deliver(history: &History, joined: &mut [Joined], dice: &mut Dice) {
    for node in joined.iter_mut() {
        history.deliver_to(&mut node.host, dice);
    }
    let mut hosts: Vec<Host> = joined.iter().map(|node| node.host.clone()).collect();
    history.spread(&mut hosts, dice);
    for (node, host) in joined.iter_mut().zip(hosts) {
        node.host = host;
    }
}

/// Those that follow the same rosters agree; those that do not have a reason.
fn agree(what: &str, history: &History, joined: &[Joined]) -> Checked {
    let mut by_roster: BTreeMap<Vec<Hash>, Vec<&Joined>> = BTreeMap::new();
    for node in joined {
        by_roster.entry(node.rosters()).or_default().push(node);
    }
    for alike in by_roster.values() {
        let [first, others @ ..] = alike.as_slice() else { continue };
        for other in others {
            same(what, &first.host, &other.host, history)?;
            let polls = |node: &Joined| node.host.ballots();
            prop_assert_eq!(polls(first), polls(other), "{}", what);
        }
    }
    for one in joined {
        for other in joined.iter().filter(|other| other.pinned == one.pinned && history.rivals.is_none()) {
            prop_assert_eq!(one.rosters(), other.rosters(), "{}: two rosters of one ticket", what);
        }
        let again = one.host.reopened(&history.founding.charter.encode(), one.pinned);
        let again = again.map_err(|refusal| TestCaseError::fail(format!("{what}: not admitted again: {refusal}")))?;
        same(&format!("{what}, after a start"), &one.host, &again, history)?;
        prop_assert_eq!(one.host.ballots(), again.ballots(), "{}, after a start", what);
    }
    Ok(())
}

/// With all that was said a node follows every roster up to the one that its ticket does not name.
fn follows_all(what: &str, history: &History, node: &Joined) -> Checked {
    let line = history.pins();
    let rosters = node.rosters();
    let other = node.pinned.filter(|pinned| !line.contains(pinned) && pinned.version < line.len() as u64);
    let last = line.len() as u64 - 1;
    if history.rivals.is_none() {
        let expected = other.map_or(last, |pinned| pinned.version.saturating_sub(1));
        prop_assert_eq!(
            node.version(),
            expected,
            "{}: {:?}",
            what,
            node.host.ledger.succession().map(|it| it.obstacle())
        );
    }
    if let Some(pinned) = node.pinned {
        let followed = rosters.get(usize::try_from(pinned.version).unwrap_or(usize::MAX));
        prop_assert!(
            followed.is_none_or(|hash| pinned.version == 0 || *hash == pinned.hash),
            "{what}: against its ticket"
        );
    }
    Ok(())
}

/// Who has the statements by which rivals came into force shows both, and those who said both; who has not has no conflict.
fn shows_rivals(what: &str, history: &History, node: &Joined) -> Checked {
    let Some(succession) = node.host.ledger.succession() else { return Ok(()) };
    let conflicts = succession.conflicts();
    let poll = |version: u64| {
        let mut polls = succession.polls().map(|(poll, _)| poll);
        polls.find(|poll: &&Poll| poll.roster().version == version)
    };
    match history.rivals.and_then(|(version, rivals)| poll(version).map(|poll| (version, rivals, poll))) {
        Some((version, mut rivals, poll)) => {
            rivals.sort();
            let shown = conflicts.iter().any(|conflict| {
                let Obstacle::Rivals { version: at, proposals } = conflict else { return false };
                *at == version && proposals.iter().map(|(hash, _)| *hash).eq(rivals)
            });
            prop_assert!(shown, "{what}: rivals about {version} are not shown: {conflicts:?}");
            let tally = poll.tally();
            let named: Vec<&MemberId> =
                tally.count.contradictions().iter().filter_map(|found| tally.voter(found.one.voter)).collect();
            let shared = 2 * poll.roster().quorum() - poll.roster().voters().count();
            let distinct: alloc::collections::BTreeSet<_> = named.into_iter().collect();
            prop_assert!(distinct.len() >= shared, "{what}: {distinct:?} are fewer than {shared}");
        }
        None => prop_assert!(conflicts.is_empty(), "{what}: {conflicts:?}"),
    }
    Ok(())
}

fn check(seed: u64) -> Checked {
    let history = History::with_rosters(seed);
    let mut dice = Dice::new(seed.wrapping_mul(31) ^ 7);
    let mut pins = history.pins();
    pins.extend(history.rival_rosters.iter().map(|roster| RosterRef { version: roster.version, hash: roster.hash() }));
    pins.push(no_roster(1 + dice.below(4) as u64));
    let pinned = dice.pick(&pins).copied();

    // First some of it, to two nodes.
    let part = history.part(&mut dice);
    let mut partial = vec![Joined::new(&history, None), Joined::new(&history, None)];
    deliver(&part, &mut partial, &mut dice);
    let what = format!("seed {seed}, a part");
    agree(&what, &part, &partial)?;

    // Then all of it to them and to others.
    let before: Vec<Vec<Hash>> = partial.iter().map(Joined::rosters).collect();
    let mut joined = partial;
    joined.extend([None, pinned, pinned].map(|pinned| Joined::new(&history, pinned)));
    deliver(&history, &mut joined, &mut dice);
    let what = format!("seed {seed}, all of it");
    for (node, before) in joined.iter().zip(before) {
        prop_assert!(node.rosters().starts_with(&before), "{what}: a roster was followed, and is not any more");
    }
    agree(&what, &history, &joined)?;
    for node in &joined {
        follows_all(&what, &history, node)?;
        shows_rivals(&what, &history, node)?;
    }
    Ok(())
}

/// Seeds whose history once ended differently on two nodes.
const FOUND: [u64; 4] =
    [3_356_030_058_566_181_296, 6_478_537_443_419_968_291, 7_383_421_209_919_882_342, 286_592_072_682_189_160];

#[test]
fn seeds_that_failed_once_do_not_fail_again() {
    for seed in FOUND {
        check(seed).expect("what was mended stays so");
    }
}

/// Does a newcomer speak with the key by which another publishes?
fn takes_a_publishing_key(history: &History) -> bool {
    let publish = history.founding.actors.iter().flat_map(|actor| &actor.publish).map(PublicKey::from);
    let published: Vec<PublicKey> = publish.collect();
    history.rosters.last().is_some_and(|last| last.members.iter().any(|member| published.contains(&member.root)))
}

#[test]
fn histories_hold_what_they_are_to_show() {
    let histories: Vec<History> = (0..60).map(History::with_rosters).collect();
    let turns = |test: &dyn Fn(&crate::roster::Turn) -> bool| {
        histories.iter().filter(|it| it.rosters.last().is_some_and(|last| last.turns.iter().any(test))).count()
    };
    let found = [
        ("rosters", histories.iter().filter(|it| it.rosters.len() > 2).count()),
        (
            "newcomers",
            histories
                .iter()
                .filter(|it| it.rosters.last().is_some_and(|last| last.members.len() > it.founding.actors.len()))
                .count(),
        ),
        ("replaced roots", turns(&|turn| turn.root.is_some())),
        ("ends of suspensions", turns(&|turn| turn.role.is_none())),
        ("root keys taken from publishing keys", histories.iter().filter(|it| takes_a_publishing_key(it)).count()),
        ("rivals", histories.iter().filter(|it| it.rivals.is_some()).count()),
    ];
    for (what, times) in found {
        assert!(times >= 4, "{what}: {times} of {}", histories.len());
    }
}

proptest! {
    #![proptest_config(config(10))]

    #[test]
    fn the_order_of_arrival_does_not_show(seed: u64) {
        check(seed)?;
    }
}
