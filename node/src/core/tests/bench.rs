//! A core in a temporary folder, driven step by step.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::LazyLock,
    time::{Duration, Instant},
};

use nanduti_protocol::{
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::{Audience, Kind},
    library::{Series, Standing},
    run::VerifiedRun,
};
use tokio::runtime::Runtime;

use crate::{
    Home,
    core::{Admitted, Author, Authored, Core, CoreError, CoreOptions},
    store::tests::chains::{Chain, World},
};

/// One for all tests.
pub(super) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// A home and the core that runs in it.
pub(super) struct Bench {
    pub(super) dir: tempfile::TempDir,
    pub(super) home: Home,
    pub(super) options: CoreOptions,
    core: Option<Core>,
}

/// All that can be seen of a core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) digest: Hash,
    pub(super) heads: BTreeMap<PublicKey, (u64, Hash)>,
    pub(super) series: BTreeMap<(Hash, MemberId), Series>,
    pub(super) practices: BTreeMap<MemberId, u64>,
    pub(super) wanted: u64,
}

pub(super) fn options(world: &World) -> CoreOptions {
    CoreOptions {
        network: world.network,
        pinned: None,
        author: None,
        index_cache: 4 << 20,
        min_free: 0,
        now_ms: || 1_800_000_000_000,
    }
}

/// Opens a core. Another test may be starting a process this very moment, and that has a copy of every open file, locks
/// included, until it runs its own program: such a lock goes away by itself.
pub(super) fn open(home: &Home, options: &CoreOptions) -> Core {
    let begun = Instant::now();
    loop {
        match Core::open(home.clone(), options.clone(), RUNTIME.handle()) {
            Ok(core) => return core,
            Err(error) if begun.elapsed() > Duration::from_secs(10) => panic!("{error:?}"),
            Err(error) if format!("{error:?}").contains("could not acquire lock") => std::thread::yield_now(),
            Err(error) => panic!("{error:?}"),
        }
    }
}

impl Bench {
    pub(super) fn new(world: &World) -> Self {
        Self::in_dir(tempfile::tempdir().unwrap(), options(world))
    }

    pub(super) fn with_author(world: &World, log: &Chain, member: MemberId) -> Self {
        let author = Some(Author::new(log.key(), member));
        Self::in_dir(tempfile::tempdir().unwrap(), CoreOptions { author, ..options(world) })
    }

    fn in_dir(dir: tempfile::TempDir, options: CoreOptions) -> Self {
        let mut bench = Self::unopened(dir, options);
        bench.reopen();
        bench
    }

    /// A home in which nothing runs yet.
    pub(super) fn unopened(dir: tempfile::TempDir, options: CoreOptions) -> Self {
        let home = Home::at(dir.path());
        home.create().unwrap();
        Self { dir, home, options, core: None }
    }

    pub(super) fn core(&self) -> &Core {
        self.core.as_ref().unwrap()
    }

    pub(super) fn admit(&self, run: VerifiedRun) -> Result<Admitted, CoreError> {
        RUNTIME.block_on(self.core().admit(run))
    }

    /// Takes whole logs in.
    pub(super) fn admit_all<'a>(&self, chains: impl IntoIterator<Item = &'a Chain>) {
        for run in chains.into_iter().flat_map(Chain::runs) {
            self.admit(run).unwrap();
        }
    }

    pub(super) fn publish(&self, body: &[u8]) -> Result<Authored, CoreError> {
        RUNTIME.block_on(self.core().author(Kind::Practice, Audience::Public, 1, body.to_vec()))
    }

    pub(super) fn close(&mut self) {
        if let Some(core) = self.core.take() {
            RUNTIME.block_on(core.close());
        }
    }

    pub(super) fn reopen(&mut self) {
        self.core = Some(open(&self.home, &self.options));
    }

    pub(super) fn restart(&mut self) {
        self.close();
        self.reopen();
    }

    /// Another home with the same files as this one has at the moment: what a crash leaves behind.
    pub(super) fn crashed(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(self.dir.path(), dir.path());
        Self::in_dir(dir, self.options.clone())
    }

    pub(super) fn segment(&self, chain: &Chain, first: u64) -> std::path::PathBuf {
        self.home.segment_file(chain.id().as_bytes(), first)
    }

    pub(super) fn seen(&self) -> Seen {
        seen(self.core())
    }

    /// How a series of a member stands, if there is one.
    pub(super) fn standing(&self, series: Hash, member: &MemberId) -> Option<Standing> {
        let seen = self.seen();
        seen.series.get(&(series, member.clone())).map(|found| found.standing(&series))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.close();
    }
}

pub(super) fn seen(core: &Core) -> Seen {
    let snapshot = core.snapshot();
    assert_eq!(snapshot.digest, snapshot.frontier.digest());
    assert_eq!(*snapshot.frontier, snapshot.ledger.frontier(&*snapshot));
    let series: BTreeMap<_, _> =
        core.pick_series(None, |key, series| Some((key, series))).unwrap().into_iter().collect();
    let mut practices: BTreeMap<MemberId, u64> = BTreeMap::new();
    for ((name, member), series) in &series {
        if matches!(series.standing(name), Standing::Current | Standing::Concurrent) {
            *practices.entry(member.clone()).or_default() += 1;
        }
    }
    let counted: BTreeMap<_, _> =
        snapshot.counts.practices.clone().into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, practices, "the counts are those of the library");
    Seen {
        digest: snapshot.digest,
        heads: snapshot.ledger.logs().map(|(log, extent)| (*log, (extent.next, extent.head))).collect(),
        series,
        practices,
        wanted: snapshot.counts.wanted,
    }
}

/// Everything of a log that can be read to be served is what its author signed.
pub(super) fn assert_served(core: &Core, chain: &Chain, len: u64) {
    let mut served = Vec::new();
    let mut next = 0;
    while next < len {
        let bytes = core.read_run(&chain.id(), next, len, 100_000).unwrap();
        let run = nanduti_protocol::run::ReceivedRun::receive(bytes).unwrap();
        let run = run.verify(&core.snapshot().ledger.network()).unwrap();
        assert_eq!(run.first_seq(), next);
        next = run.next_seq();
        served.extend_from_slice(run.bytes());
    }
    assert!(served == chain.bytes(0, len), "what is served is what was signed");
    for seq in 0..len {
        assert_eq!(core.read_at(&chain.id(), seq).unwrap().unwrap().hash, chain.hashes[seq as usize]);
        assert_eq!(core.index().find(chain.hashes[seq as usize].as_bytes(), 2).len(), 1);
    }
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { fs::copy(entry.path(), to).map(drop).unwrap() }
    }
}
