//! Watching the steps of one home in a test: counting them, ending the process or failing at one, keeping them.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    panic::Location,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// A step that is about to be taken.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    Create {
        path: &'a Path,
    },
    MakeDir {
        path: &'a Path,
    },
    Write {
        path: &'a Path,
        file: &'a File,
        bytes: &'a [u8],
    },
    SetLen {
        path: &'a Path,
        len: u64,
    },
    Sync {
        path: &'a Path,
    },
    SyncDir {
        path: &'a Path,
    },
    Rename {
        from: &'a Path,
        to: &'a Path,
    },
    Remove {
        path: &'a Path,
    },
    /// sled flushes what it holds in this folder.
    Flush {
        path: &'a Path,
    },
    /// The index in this folder takes in what is in a segment file already.
    Index {
        path: &'a Path,
    },
}

/// A step that was taken. Paths are relative to the home.
#[derive(Debug, Clone)]
pub(crate) enum Taken {
    Create(PathBuf),
    MakeDir(PathBuf),
    Write(PathBuf, Vec<u8>),
    SetLen(PathBuf, u64),
    Sync(PathBuf),
    SyncDir(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    Flush(PathBuf),
    Index,
    /// The test took note of something, such as an answer that it got.
    Note(usize),
}

/// The files of a folder that sled writes, as they are at a moment.
pub(crate) type Folder = Arc<BTreeMap<PathBuf, Vec<u8>>>;

/// A step with what stood in sled's folders just before it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) taken: Taken,
    /// Where in the source it was asked for, if it is a flush.
    pub(crate) site: &'static Location<'static>,
    pub(crate) sled: BTreeMap<&'static str, Folder>,
}

/// What is done at each step.
#[derive(Debug)]
pub(crate) enum Plan {
    /// The process ends at once at the step with this number, a write after half of its bytes.
    AbortAt(usize),
    /// The step with this number fails, once, for want of room; a write after half of its bytes.
    FailAt(usize),
    /// This step has failed.
    Failed(Taken),
    /// Every step is kept.
    Keep(Vec<Kept>),
}

/// A home that is watched, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    home: PathBuf,
}

#[derive(Debug)]
struct Watched {
    home: PathBuf,
    plan: Plan,
    count: usize,
    file_max: Option<u64>,
}

static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());
/// Folders in a home that sled writes.
pub(crate) const SLED: [&str; 2] = ["index", "local"];

fn with<T>(path: &Path, act: impl FnOnce(&mut Watched) -> T) -> Option<T> {
    let mut all = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter_mut().find(|watched| path.starts_with(&watched.home)).map(act)
}

impl Watch {
    /// Watches a home. Its segment files take at most `file_max` bytes, if that is said.
    pub(crate) fn new(home: &Path, plan: Plan, file_max: Option<u64>) -> Self {
        let watched = Watched { home: home.to_path_buf(), plan, count: 0, file_max };
        WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push(watched);
        Self { home: home.to_path_buf() }
    }

    /// Takes note of something between two steps.
    pub(crate) fn note(&self, number: usize) {
        with(&self.home, |watched| watched.keep(Taken::Note(number), Location::caller()));
    }

    /// The steps that were kept.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let take = |watched: &mut Watched| match &mut watched.plan {
            Plan::Keep(kept) => std::mem::take(kept),
            _ => Vec::new(),
        };
        with(&self.home, take).unwrap()
    }

    /// The step that failed, if one has.
    pub(crate) fn failed(&self) -> Option<Taken> {
        let failed = |watched: &mut Watched| match &watched.plan {
            Plan::Failed(taken) => Some(taken.clone()),
            _ => None,
        };
        with(&self.home, failed).flatten()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|watched| watched.home != self.home);
    }
}

/// How long a segment file may become in this home, if a test says so.
pub(crate) fn file_max(home: &Path) -> Option<u64> {
    with(home, |watched| watched.file_max).flatten()
}

/// Shows a step to whoever watches.
#[track_caller]
pub(crate) fn step(step: &Step<'_>) -> io::Result<()> {
    let site = Location::caller();
    with(step.path(), |watched| watched.see(step, site)).unwrap_or(Ok(()))
}

impl Watched {
    fn see(&mut self, step: &Step<'_>, site: &'static Location<'static>) -> io::Result<()> {
        self.count += 1;
        match self.plan {
            Plan::AbortAt(at) if at == self.count => {
                step.half();
                std::process::abort();
            }
            Plan::FailAt(at) if at == self.count => {
                step.half();
                self.plan = Plan::Failed(step.taken(&self.home));
                Err(io::ErrorKind::StorageFull.into())
            }
            Plan::AbortAt(_) | Plan::FailAt(_) | Plan::Failed(_) => Ok(()),
            Plan::Keep(_) => {
                self.keep(step.taken(&self.home), site);
                Ok(())
            }
        }
    }

    fn keep(&mut self, taken: Taken, site: &'static Location<'static>) {
        let Plan::Keep(kept) = &mut self.plan else { return };
        let before = kept.last().map(|last| &last.sled);
        let read = |name: &'static str| {
            let found = read_folder(&self.home.join(name));
            let same = before.and_then(|before| before.get(name)).filter(|before| ***before == found);
            (name, same.map_or_else(|| Arc::new(found), Arc::clone))
        };
        let sled = SLED.into_iter().map(read).collect();
        kept.push(Kept { taken, site, sled });
    }
}

/// All files below a folder, by their paths in it.
pub(crate) fn read_folder(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                files.insert(path.strip_prefix(folder).unwrap().to_path_buf(), bytes);
            }
        }
    }
    files
}

impl Step<'_> {
    fn path(&self) -> &Path {
        match self {
            Self::Create { path }
            | Self::MakeDir { path }
            | Self::Write { path, .. }
            | Self::SetLen { path, .. }
            | Self::Sync { path }
            | Self::SyncDir { path }
            | Self::Remove { path }
            | Self::Flush { path }
            | Self::Index { path } => path,
            Self::Rename { to, .. } => to,
        }
    }

    /// Takes a write half way.
    fn half(&self) {
        if let Self::Write { file, bytes, .. } = self {
            let mut file: &File = file;
            file.write_all(&bytes[..bytes.len() / 2]).unwrap();
        }
    }

    fn taken(&self, home: &Path) -> Taken {
        let within = |path: &Path| path.strip_prefix(home).unwrap().to_path_buf();
        match self {
            Self::Create { path } => Taken::Create(within(path)),
            Self::MakeDir { path } => Taken::MakeDir(within(path)),
            Self::Write { path, bytes, .. } => Taken::Write(within(path), bytes.to_vec()),
            Self::SetLen { path, len } => Taken::SetLen(within(path), *len),
            Self::Sync { path } => Taken::Sync(within(path)),
            Self::SyncDir { path } => Taken::SyncDir(within(path)),
            Self::Rename { from, to } => Taken::Rename(within(from), within(to)),
            Self::Remove { path } => Taken::Remove(within(path)),
            Self::Flush { path } => Taken::Flush(within(path)),
            Self::Index { .. } => Taken::Index,
        }
    }
}
