//! Opening a home: the ledger, the index and the segment files are brought to one state.
//!
//! The charter comes first, since without it nothing can be judged; then the root logs, since authority is made of what they
//! say; then everything else. How one log is read is told in [`super::reading`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, RwLock},
};

use nanduti_protocol::{
    fork::ForkProof, hash::Hash, key::PublicKey, kind::Kind, ledger::Ledger, networks::NetworkOf, ticket::RosterRef,
};
use tokio::sync::{broadcast, mpsc};

use super::{
    Author, Core, CoreError, EVENTS, QUEUE, Shared,
    library::SharedLibrary,
    local::open_local,
    snapshot::{Counts, DiskHistory, Snapshot},
    warning::Warning,
    writer::Writer,
};
use crate::{
    Home, PRIVATE_FILE, create_private_dir,
    restored::{Marker, Restored},
    store::{Head, Index, LogScan, Reader, Segments, StoreError, first_item},
    write_file_durably,
};

/// Names of the files beside a log's segments that hold the proofs that it is forked: of the lowest fork, and of the lowest above
/// what the member's keyring has fixed.
pub(crate) const FORK_FILES: [&str; 2] = ["fork", "fork-above"];

/// How a home is opened.
#[derive(Debug, Clone)]
pub struct CoreOptions {
    /// The network.
    pub network: Hash,
    /// The roster that the ticket names, if there is a ticket.
    pub pinned: Option<RosterRef>,
    /// The key by which this node speaks for its member, if it does.
    pub author: Option<Author>,
    /// The cache of the index, in bytes.
    pub index_cache: u64,
    /// Writing stops when fewer bytes than this are left on the disk.
    pub min_free: u64,
    /// The clock: milliseconds since 1970. For arrival times only.
    pub now_ms: fn() -> u64,
}

/// The state of a home.
pub(crate) struct Opened {
    pub(super) ledger: Ledger,
    pub(super) segments: Segments,
    pub(super) heads: BTreeMap<PublicKey, Head>,
    pub(super) disk: DiskHistory,
}

impl Core {
    /// Opens a home and starts its writer. The caller holds the home's lock.
    ///
    /// # Errors
    /// If the disk fails. Damage is no error: it is set aside and reported as a warning.
    pub fn open(home: Home, options: CoreOptions, runtime: &tokio::runtime::Handle) -> Result<Self, CoreError> {
        let mut warnings = Vec::new();
        let local = open_local(&home, &mut warnings)?;
        let marker = Marker::read(&home).map_err(StoreError::io("read", home.restored_file()))?;
        let restored = marker.map(|marker| Arc::new(Restored::new(marker)));
        let (index, fresh) = Index::open(&home.index_dir(), options.index_cache)?;
        let reader = Reader::new(home.clone());
        let opened = open(&home, &options, &index, &local, fresh, &mut warnings)?;
        let (queue, commands) = mpsc::channel(QUEUE);
        let (events, _) = broadcast::channel(EVENTS);
        let first = Snapshot {
            ledger: opened.ledger.clone(),
            frontier: Arc::default(),
            digest: Hash::default(),
            counts: Counts::default(),
            blocked: None,
            restored: restored.clone(),
            history: opened.disk.clone(),
        };
        let shared = Arc::new(Shared {
            snapshot: RwLock::new(Arc::new(first)),
            events,
            index,
            reader,
            library: SharedLibrary::default(),
            local,
            warnings: Mutex::new(warnings),
            writer: Mutex::new(None),
        });
        let core = Self { shared: Arc::clone(&shared), queue, turn: Arc::default() };
        let mut writer = Writer::new(home, options, Arc::clone(&shared), opened, restored);
        writer.refresh(&BTreeSet::new(), true);
        writer.mend_damaged();
        writer.take_back();
        let runtime = runtime.clone();
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer.run(commands, &runtime))
            .map_err(StoreError::io("start the writer of", PathBuf::new()))?;
        if let Ok(mut slot) = shared.writer.lock() {
            *slot = Some(thread);
        }
        Ok(core)
    }
}

/// Brings ledger, index and segment files to one state.
pub(super) fn open(
    home: &Home,
    options: &CoreOptions,
    index: &Index,
    local: &sled::Db,
    fresh: bool,
    warnings: &mut Vec<Warning>,
) -> Result<Opened, CoreError> {
    let disk = DiskHistory { index: index.clone(), reader: Reader::new(home.clone()) };
    let mut opening = OpeningHome {
        home,
        options,
        index,
        local,
        warnings,
        known: index.heads()?,
        opened: Opened {
            ledger: Ledger::new(options.network),
            segments: Segments::new(home.clone(), options.min_free),
            heads: BTreeMap::new(),
            disk,
        },
    };
    if fresh {
        tracing::info!("the index is made from the segment files");
    }
    let logs = super::verify::logs(home)?;
    opening.adopt_charter(&logs)?;
    opening.read_ballots()?;
    // A publishing key that a roster has for a root key opened its log as what it is.
    let is_root = |log: &PublicKey, opened: &Opened| {
        let is_root = opened.ledger.authority().is_some_and(|authority| authority.member_by_root(log).is_some());
        is_root && opened.disk.opening_of(log).is_none()
    };
    let (roots, others): (Vec<_>, Vec<_>) = logs.iter().partition(|log| is_root(log, &opening.opened));
    for log in roots {
        opening.read_root_log(log)?;
    }
    for log in others {
        opening.read_publishing_log(log)?;
    }
    opening.forget_vanished(&logs)?;
    let mut forks = Vec::new();
    for log in &logs {
        opening.read_forks(log, &mut forks)?;
    }
    opening.opened.ledger.restore_forks(&forks);
    Ok(opening.opened)
}

/// A home while it is being opened.
pub(super) struct OpeningHome<'a> {
    pub(super) home: &'a Home,
    pub(super) options: &'a CoreOptions,
    pub(super) index: &'a Index,
    pub(super) local: &'a sled::Db,
    warnings: &'a mut Vec<Warning>,
    /// The watermarks that the index had.
    pub(super) known: BTreeMap<PublicKey, Head>,
    pub(super) opened: Opened,
}

impl OpeningHome<'_> {
    /// The charter is read from its file; if that is gone or damaged, a founder's root log has it too.
    fn adopt_charter(&mut self, logs: &BTreeSet<PublicKey>) -> Result<(), CoreError> {
        let path = charter_file(self.home);
        match fs::read(&path) {
            Ok(bytes) => match self.opened.ledger.adopt_charter(&bytes) {
                Ok(()) => return Ok(()),
                Err(error) => self.warn(format!("{}: {error}; it is looked for in the logs", path.display())),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("read", path)(error).into()),
        }
        for log in logs {
            let first = self.home.segment_file(log.as_bytes(), 0);
            let Some((Kind::Charter, charter)) = first_item(&first)? else { continue };
            if self.opened.ledger.adopt_charter(&charter).is_ok() {
                create_private_dir(&self.home.network_dir()).map_err(StoreError::io("make the folder of", &path))?;
                write_file_durably(&path, &charter, PRIVATE_FILE).map_err(StoreError::io("write", &path))?;
                break;
            }
        }
        Ok(())
    }

    /// Who may speak at all is known before the logs are read.
    fn read_ballots(&mut self) -> Result<(), CoreError> {
        self.opened.ledger.pin(self.options.pinned);
        let disk = self.opened.disk.clone();
        let warnings = super::ballots::read(self.home, &mut self.opened.ledger, &disk)?;
        warnings.into_iter().for_each(|warning| self.warn(warning));
        Ok(())
    }

    /// A log that the index knows and the disk does not have any more is forgotten.
    fn forget_vanished(&mut self, logs: &BTreeSet<PublicKey>) -> Result<(), CoreError> {
        let vanished: Vec<PublicKey> = self.known.keys().filter(|log| !logs.contains(log)).copied().collect();
        for log in vanished {
            self.forget(&log)?;
            self.note_lost(&log, 0, false)?;
        }
        Ok(())
    }

    fn read_forks(&mut self, log: &PublicKey, forks: &mut Vec<ForkProof>) -> Result<(), CoreError> {
        for name in FORK_FILES {
            let path = self.home.log_dir(log.as_bytes()).join(name);
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(StoreError::io("read", path)(error).into()),
            };
            match ForkProof::decode(self.opened.ledger.networks(), &bytes).ok().filter(|proof| proof.log() == *log) {
                Some(proof) => forks.push(proof),
                None => self.warn(format!("{} proves nothing; peers are asked for it again", path.display())),
            }
        }
        Ok(())
    }

    pub(super) fn scan(&self, log: PublicKey) -> LogScan {
        LogScan::new(self.home.clone(), self.network_of(&log), log)
    }

    /// To which network a log is bound. The charter is known before any log is read.
    pub(super) fn network_of(&self, log: &PublicKey) -> Hash {
        self.opened.ledger.networks().network_of(log)
    }

    pub(super) fn warn(&mut self, warning: impl Into<Warning>) {
        self.warn_of_log(warning.into(), 0);
    }

    /// The same about a log of which so many entries are held.
    pub(super) fn warn_of_log(&mut self, warning: Warning, held: u64) {
        if let Some(words) = warning.words(held) {
            tracing::warn!("{words}");
        }
        self.warnings.push(warning);
    }
}

/// Where the charter is kept: it is needed before any log can be judged.
pub(super) fn charter_file(home: &Home) -> PathBuf {
    home.network_dir().join("charter")
}

/// Writes the proofs that a log is forked beside its segments. A file that none of them takes keeps what it had, which is true
/// still.
pub(super) fn write_forks<'a>(
    home: &Home,
    log: &PublicKey,
    proofs: impl Iterator<Item = &'a ForkProof>,
) -> Result<(), StoreError> {
    let folder = home.log_dir(log.as_bytes());
    create_private_dir(&folder).map_err(StoreError::io("make", &folder))?;
    for (name, proof) in FORK_FILES.iter().zip(proofs) {
        let path = folder.join(name);
        write_file_durably(&path, &proof.encode(), PRIVATE_FILE).map_err(StoreError::io("write", &path))?;
    }
    Ok(())
}
