//! Opening a home: the ledger, the index and the segment files are brought to one state.
//!
//! Root logs are read in full and admitted again, since authority is made of what they say; they are short. A publishing log
//! whose last file ends where its watermark says is taken as it is, without being read. Everything else is read from its
//! watermark on, or, if that does not fit what is on the disk, from the beginning.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, RwLock},
};

use nanduti_protocol::{
    fork::ForkProof,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Opening,
    ledger::{Admission, Extent, Ledger},
    run::{VerifiedRun, split_item},
};
use tokio::sync::{broadcast, mpsc};

use super::{
    Author, Core, CoreError, EVENTS, QUEUE, Shared,
    fold::{count_practices, forget_log},
    snapshot::{Counts, DiskHistory, Snapshot},
    writer::Writer,
};
use crate::{
    Home, PRIVATE_FILE, create_private_dir,
    store::{Head, Index, LogScan, Placement, Reader, Repair, Segments, StoreError, Tail, Watermark},
    write_file_durably,
};

/// Name of the file beside a log's segments that holds the proof that it is forked.
const FORK_FILE: &str = "fork";
/// sled's cache for `local/`, which is small.
const LOCAL_CACHE: u64 = 1024 * 1024;

/// How a home is opened.
#[derive(Debug, Clone)]
pub struct CoreOptions {
    /// The network.
    pub network: Hash,
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
    pub(super) practices: BTreeMap<MemberId, u64>,
}

impl Core {
    /// Opens a home and starts its writer. The caller holds the home's lock.
    ///
    /// # Errors
    /// If the disk fails. Damage is no error: it is set aside and reported as a warning.
    pub fn open(home: Home, options: CoreOptions, runtime: &tokio::runtime::Handle) -> Result<Self, CoreError> {
        let local_dir = home.local_dir();
        let local = sled::Config::new().path(local_dir).cache_capacity(LOCAL_CACHE).flush_every_ms(None).open()?;
        let (index, fresh) = Index::open(&home.index_dir(), options.index_cache)?;
        let reader = Reader::new(home.clone());
        let mut warnings = Vec::new();
        let opened = open(&home, &options, &index, &local, fresh, &mut warnings)?;
        let (queue, commands) = mpsc::channel(QUEUE);
        let (events, _) = broadcast::channel(EVENTS);
        let first = Snapshot {
            ledger: opened.ledger.clone(),
            frontier: Arc::default(),
            digest: Hash::default(),
            counts: Counts::default(),
            blocked: None,
            history: opened.disk.clone(),
        };
        let shared = Arc::new(Shared {
            queue,
            snapshot: RwLock::new(Arc::new(first)),
            events,
            index,
            reader,
            local,
            warnings: Mutex::new(warnings),
            writer: Mutex::new(None),
        });
        let core = Self { shared: Arc::clone(&shared) };
        let mut writer = Writer::new(home, options, Arc::clone(&shared), opened);
        writer.refresh(&std::collections::BTreeSet::new(), true);
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
    warnings: &mut Vec<String>,
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
            practices: count_practices(index.series())?,
        },
    };
    if fresh {
        tracing::info!("the index is made from the segment files");
    }
    opening.adopt_charter()?;
    let (roots, others) = opening.logs()?;
    for log in roots {
        opening.read_log(log, true)?;
    }
    for log in others {
        if !opening.take_as_it_is(log)? {
            opening.read_log(log, false)?;
        }
    }
    opening.read_forks()?;
    Ok(opening.opened)
}

struct OpeningHome<'a> {
    home: &'a Home,
    options: &'a CoreOptions,
    index: &'a Index,
    local: &'a sled::Db,
    warnings: &'a mut Vec<String>,
    known: BTreeMap<PublicKey, Head>,
    opened: Opened,
}

impl OpeningHome<'_> {
    fn adopt_charter(&mut self) -> Result<(), CoreError> {
        let path = charter_file(self.home);
        match fs::read(&path) {
            Ok(bytes) => self.opened.ledger.adopt_charter(&bytes).map_err(|error| CoreError::Refused(error.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(StoreError::io("read", path)(error).into()),
        }
    }

    /// The logs on the disk: root logs, and the others.
    fn logs(&mut self) -> Result<(Vec<PublicKey>, Vec<PublicKey>), CoreError> {
        let folder = self.home.logs_dir();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
            Err(error) => return Err(StoreError::io("read", folder)(error).into()),
        };
        let mut logs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StoreError::io("read", &folder))?;
            logs.extend(entry.file_name().to_str().and_then(PublicKey::from_hex));
        }
        logs.sort_unstable();
        let authority = self.opened.ledger.authority();
        let is_root = |log: &PublicKey| authority.is_none_or(|authority| authority.member_by_root(log).is_some());
        // Without a charter every log is tried first as a root log: one of them brings the charter.
        Ok(logs.into_iter().partition(is_root))
    }

    /// Takes a publishing log as its watermark says, if the files fit it and nothing has to be read.
    fn take_as_it_is(&mut self, log: PublicKey) -> Result<bool, CoreError> {
        let Some(head) = self.known.get(&log).copied() else { return Ok(false) };
        let scan = self.scan(log);
        let files = scan.files()?;
        let last = self.home.segment_file(log.as_bytes(), head.file);
        let len = fs::metadata(&last).map(|found| found.len()).unwrap_or(0);
        if files.last() != Some(&head.file) || files.len() as u64 != head.files || len != head.file_len {
            return Ok(false);
        }
        let Some(opening) = self.opening_of(&log) else { return Ok(false) };
        let extent = Extent { next: head.next, head: head.head, bytes: head.bytes };
        self.opened.ledger.restore(log, extent, opening);
        self.opened.segments.set_tail(log, Tail { file: head.file, len: head.file_len, files: head.files });
        self.opened.heads.insert(log, head);
        Ok(true)
    }

    fn opening_of(&self, log: &PublicKey) -> Option<Opening> {
        let disk = &self.opened.disk;
        let block = disk.index.block_at(log, 0).ok().flatten()?;
        let (before, len) = block.span(0)?;
        let item = disk.reader.read_span(log, block.file(), block.offset() + before, u64::from(len)).ok()?;
        let (_, body, _) = split_item(&item)?;
        Opening::decode(body?).ok()
    }

    /// Reads a log: from its watermark on if the files still reach that far, else from the beginning.
    fn read_log(&mut self, log: PublicKey, is_root: bool) -> Result<(), CoreError> {
        let scan = self.scan(log);
        let known = self.known.get(&log).copied();
        let fits = known.filter(|head| {
            let path = self.home.segment_file(log.as_bytes(), head.file);
            fs::metadata(path).is_ok_and(|found| found.len() >= head.file_len)
        });
        let opening = if is_root { None } else { self.opening_of(&log) };
        let (from, watermark) = match (fits, opening) {
            (Some(head), Some(opening)) => {
                let extent = Extent { next: head.next, head: head.head, bytes: head.bytes };
                self.opened.ledger.restore(log, extent, opening);
                self.opened.heads.insert(log, head);
                (Watermark { next: head.next, head: head.head, file: Some((head.file, head.file_len)) }, head.next)
            }
            // A root log is always read in full; what the index has of it already is not put in again.
            (Some(head), None) if is_root => {
                (Watermark { next: 0, head: self.options.network, file: None }, head.next)
            }
            _ => {
                self.forget(&log)?;
                (Watermark { next: 0, head: self.options.network, file: None }, 0)
            }
        };
        self.read_from(&scan, from, watermark, known)
    }

    /// Takes everything of a log out of the index and the library; what is sound is put in again as it is read.
    fn forget(&mut self, log: &PublicKey) -> Result<(), CoreError> {
        if self.known.contains_key(log) {
            forget_log(self.index.series(), log, &mut self.opened.practices)?;
        }
        Ok(self.index.forget_from(log, 0)?)
    }

    fn read_from(
        &mut self,
        scan: &LogScan,
        from: Watermark,
        watermark: u64,
        known: Option<Head>,
    ) -> Result<(), CoreError> {
        let log = scan.log;
        let mut refused = None;
        let scanned = {
            let opened = &mut self.opened;
            let index = self.index;
            scan.read(from, &mut |run, placement| {
                match admit_stored(opened, index, run, &placement, watermark) {
                    Ok(()) => Ok(()),
                    Err(CoreError::Refused(refusal)) => {
                        refused = Some(refusal);
                        Ok(())
                    }
                    Err(CoreError::Store(error)) => Err(Arc::into_inner(error)
                        .unwrap_or(StoreError::IndexContent("something that was reported elsewhere"))),
                    Err(_) => Err(StoreError::IndexContent("something that cannot be admitted")),
                }
            })?
        };
        if let Some(refusal) = refused {
            self.warn(format!("the log {log} on the disk is not admitted: {refusal}"));
        }
        for repair in &scanned.repairs {
            self.note_repair(&log, repair)?;
        }
        let from_watermark = known.filter(|_| from.file.is_some());
        let tail = scanned.tail.or(from_watermark.map(|head| Tail { file: head.file, len: head.file_len, files: head.files }));
        let Some(extent) = self.opened.ledger.extent(&log) else { return Ok(()) };
        let Some(tail) = tail else { return Ok(()) };
        self.opened.segments.set_tail(log, tail);
        let folded = known.filter(|_| watermark > 0).map_or(0, |head| head.folded);
        if watermark > extent.next {
            // A root log ends earlier than the index knew: its places are put in anew.
            self.forget(&log)?;
            let index = self.index;
            scan.read(from, &mut |run, placement| index.insert_run(&run, &placement))?;
        }
        let Extent { next, head, bytes } = extent;
        let head = Head { next, head, bytes, file: tail.file, file_len: tail.len, files: tail.files, folded };
        self.opened.heads.insert(log, head);
        Ok(())
    }

    fn note_repair(&mut self, log: &PublicKey, repair: &Repair) -> Result<(), CoreError> {
        match repair {
            Repair::Cut { file, len, bytes } => {
                let file = file.display();
                self.warn(format!("an unfinished write of {bytes} bytes was cut off {file} at byte {len}; nothing that was acknowledged is lost"));
            }
            Repair::SetAside { damage, reached } => {
                self.warn(format!("{damage}; it was set aside under set-aside/ and is asked of peers again"));
                super::repair::note_reached(self.local, log, *reached)?;
            }
        }
        Ok(())
    }

    fn read_forks(&mut self) -> Result<(), CoreError> {
        let logs: Vec<PublicKey> = self.opened.ledger.logs().map(|(log, _)| *log).collect();
        for log in logs {
            let path = self.home.log_dir(log.as_bytes()).join(FORK_FILE);
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(StoreError::io("read", path)(error).into()),
            };
            match ForkProof::decode(&self.options.network, &bytes) {
                Ok(proof) => {
                    self.opened.ledger.learn_fork(&proof);
                }
                Err(error) => self.warn(format!("{} proves nothing any more: {error}", path.display())),
            }
        }
        Ok(())
    }

    fn scan(&self, log: PublicKey) -> LogScan {
        LogScan::new(self.home.clone(), self.options.network, log)
    }

    fn warn(&mut self, warning: String) {
        tracing::warn!("{warning}");
        self.warnings.push(warning);
    }
}

/// Admits a run that stands on the disk already, and indexes what the index does not have yet.
fn admit_stored(
    opened: &mut Opened,
    index: &Index,
    run: VerifiedRun,
    placement: &Placement,
    watermark: u64,
) -> Result<(), CoreError> {
    let next = run.next_seq();
    if next > watermark {
        index.insert_run(&run, placement)?;
    }
    match opened.ledger.admit(run, &opened.disk)? {
        Admission::Appended(_) | Admission::Known | Admission::Forked(_) => Ok(()),
    }
}

/// Where the charter is kept: it is needed before any log can be judged.
pub(super) fn charter_file(home: &Home) -> PathBuf {
    home.network_dir().join("charter")
}

/// Writes the proof that a log is forked beside its segments.
pub(super) fn write_fork(home: &Home, proof: &ForkProof) -> Result<(), StoreError> {
    let folder = home.log_dir(proof.log().as_bytes());
    create_private_dir(&folder).map_err(StoreError::io("make", &folder))?;
    let path = folder.join(FORK_FILE);
    write_file_durably(&path, &proof.encode(), PRIVATE_FILE).map_err(StoreError::io("write", &path))
}
