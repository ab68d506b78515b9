//! Whatever is done to a core, in whatever order: it shows what a map of logs would.

use std::{collections::BTreeMap, fs, sync::LazyLock};

use nanduti_protocol::{hash::Hash, key::PublicKey, kind::Kind};
use proptest::prelude::*;

use super::bench::{Bench, RUNTIME, assert_served};
use crate::{
    core::CoreError,
    store::tests::chains::{Chain, World, member, revision, withdrawal},
};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A part of a log arrives: from, length in eighths of the log.
    Admit {
        chain: usize,
        from: u8,
        len: u8,
    },
    Restart,
    /// The process is killed: what is on the disk at the moment goes on elsewhere.
    Crash,
    LoseIndex,
    Reindex,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..4_usize, 0..8_u8, 1..9_u8).prop_map(|(chain, from, len)| Step::Admit { chain, from, len }),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
        1 => Just(Step::LoseIndex),
        1 => Just(Step::Reindex),
    ]
}

/// Two members, each with a root log and a log of revisions and withdrawals.
static CHAINS: LazyLock<Vec<Chain>> = LazyLock::new(|| {
    let world = World::new();
    let mut chains = Vec::new();
    for (index, number) in [(0, 1), (1, 2)] {
        let (root, mut log) = world.voice(index, number);
        for round in 0..5 {
            let first = log.practice(&format!("practice {round}"));
            let second = log.push(Kind::Practice, &revision(first, &[first], "again"));
            if round % 2 == 0 {
                log.push(Kind::Withdrawal, &withdrawal(first, &[second]));
            }
        }
        chains.extend([root, log]);
    }
    chains
});

fn assert_like(bench: &Bench, held: &BTreeMap<PublicKey, u64>) {
    let seen = bench.seen();
    let expected: BTreeMap<PublicKey, (u64, Hash)> = CHAINS
        .iter()
        .filter_map(|chain| held.get(&chain.id()).map(|next| (chain.id(), (*next, chain.hashes[*next as usize - 1]))))
        .collect();
    assert_eq!(seen.heads, expected);
    for (index, log) in [(0, &CHAINS[1]), (1, &CHAINS[3])] {
        let next = held.get(&log.id()).copied().unwrap_or(0);
        // Five rounds: practice, revision, and a withdrawal in every other.
        let (mut shown, mut seq) = (0, 1);
        for round in 0..5 {
            let len = if round % 2 == 0 { 3 } else { 2 };
            shown += u64::from(seq < next && !(round % 2 == 0 && seq + 2 < next));
            seq += len;
        }
        assert_eq!(seen.practices.get(&member(index)).copied().unwrap_or(0), shown, "{next} of {index}");
    }
    for chain in CHAINS.iter() {
        if let Some(next) = held.get(&chain.id()) {
            assert_served(bench.core(), chain, *next);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_core_is_a_map_of_logs(steps in proptest::collection::vec(step(), 1..40)) {
        let mut bench = Bench::new(&World::new());
        let mut held: BTreeMap<PublicKey, u64> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Admit { chain, from, len } => {
                    let log = &CHAINS[chain];
                    let from = u64::from(from) * log.len() / 8;
                    let to = (from + (u64::from(len) * log.len()).div_ceil(8)).min(log.len());
                    let next = held.get(&log.id()).copied().unwrap_or(0);
                    let known = chain % 2 == 0 || held.get(&CHAINS[chain - 1].id()).is_some_and(|next| *next == 2);
                    match bench.admit(log.run(from, to)) {
                        Ok(admitted) => {
                            prop_assert!(known && from <= next);
                            prop_assert_eq!(admitted.appended, to.saturating_sub(next));
                            prop_assert_eq!(admitted.known, to <= next);
                            held.insert(log.id(), to.max(next));
                        }
                        Err(CoreError::Refused(refusal)) => prop_assert!(!known || from > next || held.is_empty(), "{refusal}"),
                        Err(error) => return Err(TestCaseError::fail(error.to_string())),
                    }
                }
                Step::Restart => bench.restart(),
                Step::Crash => bench = bench.crashed(),
                Step::LoseIndex => {
                    bench.close();
                    fs::remove_dir_all(bench.home.index_dir()).unwrap();
                    bench.reopen();
                }
                Step::Reindex => RUNTIME.block_on(bench.core().reindex()).unwrap(),
            }
        }
        assert_like(&bench, &held);
        bench.restart();
        assert_like(&bench, &held);
        prop_assert!(bench.core().warnings().is_empty());
    }
}
