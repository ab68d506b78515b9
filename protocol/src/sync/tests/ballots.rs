//! Ballots travel with everything else: two nodes that know different ones end with the same roster, in one session.

use alloc::{format, vec, vec::Vec};

use proptest::prelude::*;
use serde_bytes::ByteBuf;

use super::{
    node::Node,
    pair::{Drive, run},
    world::{Chain, World, key, member_id},
};
use crate::{
    ballot::{Change, Papers, Proposal, Statement, request, rules::Step},
    charter::Member,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Opening},
    kind::Kind,
    roster::Roster,
};

const MEMBERS: usize = 4;

fn newcomer() -> Member {
    Member {
        id: MemberId::parse("ZZZ").expect("an id"),
        name: "Newcomer".into(),
        role: "mechanism".into(),
        root: PublicKey::from(&key("newcomer")),
        spare: None,
        governance: None,
    }
}

/// Papers by which some founders endorse and ratify the admission of a newcomer.
fn admission(world: &World, roster: &Roster, founders: &[usize]) -> Vec<Papers> {
    let request = request::sign(&world.network, &newcomer(), &key("newcomer"));
    let proposal = Proposal { roster: roster.hash(), changes: vec![Change::Admit(ByteBuf::from(request))] };
    let statement = |step, founder: usize| {
        let (member, roster, proposal) = (member_id(founder), proposal.roster, proposal.hash());
        let key = key(&format!("root {founder}"));
        Statement { step, cites: None, round: 1, member, roster, proposal }.sign(&world.network, &key)
    };
    let papers = |step| Papers {
        roster: proposal.roster,
        proposal: proposal.encode(),
        statements: founders.iter().map(|founder| statement(step, *founder)).collect(),
    };
    [Step::Endorse, Step::Ratify].map(papers).into()
}

/// The newcomer's root log and its publishing log.
fn logs(world: &World) -> (Chain, Chain) {
    let mut log = Chain::new("newcomer publishes", world.network);
    let opening = Opening { key_use: KeyUse::Publish, salt: [2; 16], member: newcomer().id };
    log.push(Kind::Log, opening.encode());
    log.grow(5, "practice");
    let mut root = Chain::new("newcomer", world.network);
    root.push(Kind::Charter, world.charter.encode());
    let state = KeyState::Live(Some(log.place(0)));
    let key = key("newcomer publishes");
    let line = KeyLine::sign(KeyUse::Publish, &world.network, &newcomer().id, &key, state);
    root.push(Kind::Keyring, Keyring { keys: vec![line], salt: [3; 16] }.encode());
    (root, log)
}

fn sync(one: &mut Node, other: &mut Node, seed: u64) {
    run(one, other, None, Drive { seed, ..Drive::default() }).expect("both are honest");
}

#[test]
fn an_admission_and_what_the_newcomer_says_come_in_one_session() {
    let world = World::new(MEMBERS, 1);
    let (mut one, mut other) = (world.full(), world.full());
    let founding = one.ledger.authority().expect("known").roster().clone();
    admission(&world, &founding, &[0, 1, 2]).iter().for_each(|papers| one.papers(papers));
    let (root, log) = logs(&world);
    one.take(&root.items);
    one.take(&log.items);
    assert_eq!(one.frontier().len(), other.frontier().len() + 2);
    sync(&mut other, &mut one, 7);
    assert_eq!(other.ledger.succession(), one.ledger.succession());
    assert_eq!(other.frontier(), one.frontier());
    assert!(other.refusals.is_empty(), "{:?}", other.refusals);
    let before = one.ledger.succession().map(|succession| succession.digest());
    sync(&mut one, &mut other, 8);
    assert_eq!(one.ledger.succession().map(|succession| succession.digest()), before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_nodes_know_of_a_ballot_they_end_with_both(
        parts in prop::collection::vec((any::<bool>(), 0..MEMBERS, any::<bool>()), 0..16),
        seed: u64,
    ) {
        let world = World::new(MEMBERS, 1);
        let (mut one, mut other, mut both) = (world.full(), world.full(), world.full());
        let founding = one.ledger.authority().expect("known").roster().clone();
        for (first, founder, ratifies) in parts {
            let papers = admission(&world, &founding, &[founder]);
            let papers = &papers[usize::from(ratifies)];
            if first { one.papers(papers) } else { other.papers(papers) }
            both.papers(papers);
        }
        sync(&mut one, &mut other, seed);
        prop_assert_eq!(one.ledger.succession(), both.ledger.succession());
        prop_assert_eq!(other.ledger.succession(), both.ledger.succession());
    }
}

#[test]
fn two_hellos_still_take_256_bytes() {
    let world = World::new(MEMBERS, 1);
    let (mut one, mut other) = (world.full(), world.full());
    let traffic = run(&mut one, &mut other, None, Drive::default()).expect("both are honest");
    assert!(traffic.bytes <= 256, "{}", traffic.bytes);
}
