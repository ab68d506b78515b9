//! A fixed run of a node that writes everything that it can write, and what must be there after each of its steps.

use std::{collections::BTreeMap, fs, path::Path};

use nanduti_protocol::{
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    run::ReceivedRun,
};

use super::super::bench::{RUNTIME, Seen, open, options, seen};
use crate::{
    Home, PRIVATE_FILE,
    core::{Author, Core, CoreError, CoreOptions, verify::verify_store},
    store::tests::chains::{Chain, World, ended, live, member, practice},
    write_file_durably,
};

/// Segment files are this small, so that short logs have several.
pub(super) const FILE_MAX: u64 = 4096;

const ROOT: usize = 0;
const LARGE: usize = 1;
const OWN: usize = 2;
const OTHER_ROOT: usize = 3;
const HELD: usize = 4;
const NAMED: usize = 5;
const CUT_OFF: usize = 6;
const DAMAGED: usize = 7;
const INSTEAD: usize = 8;

/// Where the two branches part: in the middle of what was appended at once.
const FORK: u64 = 3;
/// Where those of `CUT_OFF` and `INSTEAD` part: between what was appended one after the other.
const FORK_BETWEEN: u64 = 2;
/// The entries of `LARGE` whose bodies come late: the one in a file with others behind it, the other in the last.
const BARE: [u64; 2] = [4, 10];
/// The first of the entries of `DAMAGED` that are damaged, and the place behind the last: they were appended at once.
const BROKEN: [u64; 2] = [4, 7];

/// One step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Admit(usize, u64, u64),
    /// The node signs what stands at this place of its log.
    Author(u64),
    FillBody(u64),
    /// A bit flips on the disk.
    Damage,
    Repair,
    Reindex,
    Restart,
}

/// The logs, and what is done with them.
pub(super) struct Workload {
    pub(super) world: World,
    chains: Vec<Chain>,
    late: Vec<u8>,
    own: Vec<Vec<u8>>,
    pub(super) acts: Vec<Act>,
}

/// Of a log: which chain it is a part of, and how far it reaches at least and at most.
type Held = BTreeMap<PublicKey, (usize, u64, u64)>;

impl Workload {
    pub(super) fn new() -> Self {
        let world = World::new();
        let late = practice("late", 300);
        let mut large = world.log(0, 1).practices(3);
        large.push_bare(Kind::Practice, &late);
        let mut large = large.practices(5);
        large.push_bare(Kind::Practice, &late);
        let large = large.practices(8);
        let own: Vec<_> = (1..12).map(|number| practice(&format!("own {number}"), 300)).collect();
        let mut signed = world.log(0, 2);
        for body in &own {
            signed.push(Kind::Practice, body);
        }
        let damaged = world.log(0, 3).practices(14);
        let shared = world.log(1, 4).practices(2);
        let (mut held, mut named) = (shared.clone().practices(12), shared);
        named.practice("another branch");
        named.practice("goes on");
        held.practice("the end");
        let shared = world.log(1, 5).practices(1);
        let (cut_off, mut instead) = (shared.clone().practices(4), shared);
        instead.practice("instead");
        let mut root = world.root(0);
        root.keyring(&[live(&large, 0), live(&signed, 0), live(&damaged, 0)]);
        let mut other_root = world.root(1);
        other_root.keyring(&[live(&held, 0), live(&cut_off, 0)]);
        other_root.keyring(&[live(&named, 4), ended(&instead, Some(FORK_BETWEEN))]);
        let chains = vec![root, large, signed, other_root, held, named, cut_off, damaged, instead];
        Self { world, chains, late, own, acts: acts() }
    }

    pub(super) fn options(&self) -> CoreOptions {
        CoreOptions { author: Some(Author::new(self.chains[OWN].key(), member(0))), ..options(&self.world) }
    }

    /// Does everything from a step on, in a home; `done` is told of every step that was answered.
    pub(super) fn run(&self, home: &Home, from: usize, done: impl FnMut(usize)) -> Result<(), CoreError> {
        self.run_trying(1, home, from, done)
    }

    /// Does the next few steps, and leaves the home open as a process that goes on does.
    pub(super) fn run_some(
        &self,
        acts: usize,
        home: &Home,
        from: usize,
        mut done: impl FnMut(usize),
    ) -> Result<(), CoreError> {
        home.create().unwrap();
        let core = open(home, &self.options());
        for (number, act) in self.acts.iter().enumerate().skip(from).take(acts) {
            if matches!(act, Act::Restart) {
                break;
            }
            self.act(&core, home, *act)?;
            done(number + 1);
        }
        RUNTIME.block_on(core.close());
        Ok(())
    }

    /// The same as `run`, where each step is tried so often.
    pub(super) fn run_trying(
        &self,
        tries: usize,
        home: &Home,
        from: usize,
        mut done: impl FnMut(usize),
    ) -> Result<(), CoreError> {
        home.create().unwrap();
        let mut core = open(home, &self.options());
        for (number, act) in self.acts.iter().enumerate().skip(from) {
            if matches!(act, Act::Restart) {
                RUNTIME.block_on(core.close());
                drop(core);
                core = open(home, &self.options());
            } else {
                let mut outcome = self.act(&core, home, *act);
                for _ in 1..tries {
                    outcome = outcome.or_else(|_| self.act(&core, home, *act));
                }
                if let Err(error) = outcome {
                    RUNTIME.block_on(core.close());
                    return Err(error);
                }
            }
            done(number + 1);
        }
        RUNTIME.block_on(core.close());
        Ok(())
    }

    fn act(&self, core: &Core, home: &Home, act: Act) -> Result<(), CoreError> {
        match act {
            Act::Admit(chain, from, to) => {
                RUNTIME.block_on(core.admit(self.chains[chain].run(from, to)))?;
            }
            Act::Author(seq) => {
                let log = &self.chains[OWN];
                if core.snapshot().ledger.extent(&log.id()).is_some_and(|extent| extent.next > seq) {
                    return Ok(());
                }
                let (body, time) = (self.own[seq as usize - 1].clone(), 1_700_000_000_000 + seq);
                let signed = RUNTIME.block_on(core.author(Kind::Practice, Audience::Public, time, body))?;
                assert_eq!((signed.seq, signed.hash), (seq, log.hashes[seq as usize]), "never another entry there");
            }
            Act::FillBody(seq) => {
                RUNTIME.block_on(core.fill_body(self.chains[LARGE].id(), seq, self.late.clone()))?;
            }
            Act::Damage => {
                let log = &self.chains[DAMAGED];
                let file = home.segment_file(log.id().as_bytes(), 0);
                let mut bytes = fs::read(&file).unwrap();
                if let Some(byte) =
                    bytes.get_mut(log.piece(0, BROKEN[0]).len() + log.piece(BROKEN[0], BROKEN[1]).len() - 50)
                {
                    *byte ^= 4;
                }
                write_file_durably(&file, &bytes, PRIVATE_FILE)
                    .map_err(crate::store::StoreError::io("damage", file))?;
            }
            Act::Repair => RUNTIME.block_on(core.repair(self.chains[DAMAGED].id()))?,
            Act::Reindex => RUNTIME.block_on(core.reindex())?,
            Act::Restart => {}
        }
        Ok(())
    }

    /// What must be held after so many steps, and at most is.
    fn held(&self, steps: usize) -> Held {
        let mut held = Held::new();
        let (mut taking_back, mut taken_aside) = (None, false);
        for act in &self.acts[..steps] {
            let mut put = |chain: usize, low: u64, high: u64| {
                held.insert(self.chains[chain].id(), (chain, low, high));
            };
            if let Some(taking) = taking_back.take() {
                put(DAMAGED, taking, taking);
            }
            match *act {
                // It proves a fork, and later the branch that is held goes.
                Act::Admit(NAMED, 0, 4) => {}
                Act::Admit(NAMED, 0, 5) => put(NAMED, FORK, FORK),
                Act::Admit(INSTEAD, 0, 3) => put(INSTEAD, FORK_BETWEEN, FORK_BETWEEN),
                // What lies behind the damage comes back with it: once this has been answered, and before anything else is done.
                Act::Admit(DAMAGED, from, to) if taken_aside && from == BROKEN[0] => {
                    put(DAMAGED, to, 15);
                    taking_back = Some(15);
                }
                Act::Admit(chain, _, to) => put(chain, to, to),
                Act::Author(seq) => put(OWN, seq + 1, seq + 1),
                // Whether it has been found yet is open.
                Act::Damage => put(DAMAGED, BROKEN[0], 15),
                Act::Repair => {
                    taken_aside = true;
                    put(DAMAGED, BROKEN[0], BROKEN[0]);
                }
                Act::FillBody(_) | Act::Reindex | Act::Restart => {}
            }
        }
        held
    }

    fn reached(&self, steps: usize, act: impl Fn(&Act) -> bool) -> bool {
        self.acts[..steps.min(self.acts.len())].iter().any(act)
    }

    /// Has anything been damaged by then?
    pub(super) fn damaged(&self, steps: usize) -> bool {
        self.reached(steps, |act| matches!(act, Act::Damage))
    }

    /// Opens what a crash left in a folder after so many steps had been answered, and looks at all of it. `harsh` allows damage
    /// to be found.
    pub(super) fn check(&self, folder: &Path, steps: usize, harsh: bool, what: &str) {
        let home = Home::at(folder);
        let core = open(&home, &self.options());
        let shown = seen(&core);
        let (before, after) = (self.held(steps), self.held((steps + 1).min(self.acts.len())));
        for (log, (next, head)) in &shown.heads {
            let known = [before.get(log), after.get(log)];
            let low = known.iter().map(|known| known.map_or(0, |(_, low, _)| *low)).min().unwrap();
            let high = known.iter().map(|known| known.map_or(0, |(.., high)| *high)).max().unwrap();
            assert!((low..=high).contains(next), "{what}: {next} entries, not {low} to {high}\n{:?}", core.warnings());
            let fits = |chain: &usize| self.chains[*chain].hashes.get(*next as usize - 1) == Some(head);
            let chain = known.iter().flatten().map(|(chain, ..)| chain).find(|chain| fits(chain));
            let chain = &self.chains[*chain.unwrap_or_else(|| panic!("{what}: another log"))];
            self.check_served(&core, chain, *next, self.damaged(steps + 1), what);
        }
        for (log, (_, low, _)) in before.iter().filter(|(log, _)| !shown.heads.contains_key(*log)) {
            let low = after.get(log).map_or(*low, |(_, after, _)| *low.min(after));
            assert_eq!(low, 0, "{what}: a log is gone\n{:?}", core.warnings());
        }
        if self.reached(steps, |act| matches!(act, Act::Admit(NAMED, ..))) {
            assert!(core.snapshot().ledger.fork(&self.chains[HELD].id()).is_some(), "{what}: the fork is forgotten");
        }
        for seq in
            BARE.into_iter().filter(|seq| self.reached(steps, |act| matches!(act, Act::FillBody(it) if it == seq)))
        {
            assert!(core.body(&self.chains[LARGE].id(), seq).unwrap().is_some(), "{what}: the body {seq} is gone");
        }
        if !harsh && !self.damaged(steps + 1) {
            let aside: Vec<_> = fs::read_dir(home.path().join("set-aside")).into_iter().flatten().flatten().collect();
            // sled does not promise to survive a torn write; nothing acknowledged is in there.
            let logs = aside.iter().filter(|entry| !entry.file_name().to_string_lossy().starts_with("local"));
            assert_eq!(logs.count(), 0, "{what}: {:?}", core.warnings());
            let report = verify_store(&home, &self.world.network.into(), true, &mut |_| {}).unwrap();
            assert!(report.damage.is_empty(), "{what}: {:?}", report.damage);
        }
        RUNTIME.block_on(core.close());
    }

    /// What is served of a log is what its author signed.
    fn check_served(&self, core: &Core, chain: &Chain, len: u64, maybe_damaged: bool, what: &str) {
        let mut next = 0;
        while next < len {
            let bytes = match core.read_run(&chain.id(), next, len, 100_000) {
                Err(CoreError::Store(_)) if maybe_damaged && chain.id() == self.chains[DAMAGED].id() => return,
                read => read.unwrap_or_else(|error| panic!("{what}: {error}")),
            };
            let run = ReceivedRun::receive(bytes).unwrap().verify(&self.world.network).unwrap();
            let hashes: Vec<Hash> = run.items().iter().map(|item| item.hash).collect();
            assert_eq!(run.first_seq(), next, "{what}");
            assert_eq!(hashes, chain.hashes[next as usize..run.next_seq() as usize], "{what}");
            next = run.next_seq();
        }
    }

    /// Does what was not answered, and compares the end with what it is without a crash.
    pub(super) fn finish(&self, folder: &Path, steps: usize, end: &Seen, what: &str) {
        let home = Home::at(folder);
        self.run(&home, steps, |_| {}).unwrap_or_else(|error| panic!("{what}: {error}"));
        let core = open(&home, &self.options());
        assert_eq!(&seen(&core), end, "{what}: {:?}", core.warnings());
        RUNTIME.block_on(core.close());
        let report = verify_store(&home, &self.world.network.into(), true, &mut |_| {}).unwrap();
        assert!(report.damage.is_empty(), "{what}: {:?}", report.damage);
    }

    /// What is seen at the end if nothing goes wrong.
    pub(super) fn end(&self) -> Seen {
        let scratch = scratch();
        let home = Home::at(scratch.path());
        self.run(&home, 0, |_| {}).unwrap();
        let core = open(&home, &self.options());
        let end = seen(&core);
        RUNTIME.block_on(core.close());
        assert_eq!(end.wanted, 0);
        let held = self.held(self.acts.len());
        assert_eq!(end.heads.len(), held.len());
        for (log, (_, low, high)) in held {
            assert!(low == high && end.heads[&log].0 == low);
        }
        end
    }
}

fn acts() -> Vec<Act> {
    use Act::{Admit, Author};
    let mut acts = vec![Admit(ROOT, 0, 2), Admit(OTHER_ROOT, 0, 2)];
    acts.extend([Admit(LARGE, 0, 3), Admit(LARGE, 3, 9), Admit(LARGE, 9, 12), Act::Restart, Act::FillBody(BARE[1])]);
    acts.extend([Admit(LARGE, 12, 19), Admit(OWN, 0, 1), Author(1), Author(2), Author(3), Act::FillBody(BARE[0])]);
    acts.extend([Admit(HELD, 0, 2), Admit(HELD, 2, 5), Admit(HELD, 5, 10), Admit(HELD, 10, 16), Admit(NAMED, 0, 4)]);
    acts.extend([Admit(CUT_OFF, 0, 2), Admit(CUT_OFF, 2, 6), Act::Restart, Author(4), Admit(OTHER_ROOT, 2, 3)]);
    acts.extend([Admit(NAMED, 0, 5), Admit(NAMED, FORK, 5), Admit(INSTEAD, 0, 3), Admit(INSTEAD, FORK_BETWEEN, 3)]);
    let [broken, behind] = BROKEN;
    acts.extend([Admit(DAMAGED, 0, broken), Admit(DAMAGED, broken, behind), Admit(DAMAGED, behind, 15)]);
    acts.extend([Act::Damage, Act::Repair, Author(5), Author(6), Admit(DAMAGED, broken, behind)]);
    acts.extend((7..11).map(Author));
    acts.extend([Act::Reindex, Author(11)]);
    acts
}

/// A folder in memory where there is one: nothing here needs a disk that keeps its word.
pub(super) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
