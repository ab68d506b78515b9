//! Homes that hold a library, made by bringing signed runs in through the core, as a synchronisation does.

use std::{
    io::{Error, Result},
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
    time::{Instant, SystemTime},
};

use nanduti_node::{Core, CoreOptions, Home, PreparedRun, founding, keys::KeyStore};
use nanduti_protocol::run::VerifiedRun;

use crate::{
    homes::{self, Bench},
    library::{self, Library},
};

/// Prepared runs that wait for the core: enough that neither side waits for the other.
const AHEAD: usize = 8;

/// A home of an observer that holds this library: from the cache, if there is one.
pub(crate) fn home(bench: &Bench, library: &Library, practices: u64) -> Result<PathBuf> {
    let Some(cache) = &bench.cache else {
        let path = bench.fresh("full");
        fill(&path, library)?;
        return Ok(path);
    };
    std::fs::create_dir_all(cache)?;
    let kept = cache.join(format!("{practices}-{}-v{}", library.logs(), library::VERSION));
    if !kept.exists() {
        let unfinished = tempfile::Builder::new().prefix("unfinished-").tempdir_in(cache)?;
        let path = unfinished.path().join("home");
        fill(&path, library)?;
        std::fs::rename(&path, &kept)?;
    }
    let path = bench.fresh("full");
    homes::copy(&kept, &path)?;
    Ok(path)
}

/// Another observer's home that holds the same as this one, in which no node has run yet.
pub(crate) fn twin(bench: &Bench, library: &Library, full: &Path) -> Result<PathBuf> {
    let path = bench.fresh("twin");
    homes::copy(full, &path)?;
    let home = Home::at(&path);
    std::fs::remove_file(KeyStore::of(&home).node_file())?;
    // To join again makes a key.
    founding::join(&home, &library.ticket()).map_err(Error::other)?;
    Ok(path)
}

/// Makes a home and fills it.
fn fill(path: &Path, library: &Library) -> Result<()> {
    let began = Instant::now();
    let home = Home::at(path);
    founding::join(&home, &library.ticket()).map_err(Error::other)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let core = open(&home, library, runtime.handle())?;
    let (sender, runs) = sync_channel::<PreparedRun>(AHEAD);
    let entries = std::thread::scope(|scope| {
        let signing = scope.spawn(move || {
            let send = |run: VerifiedRun| {
                let gone = |_| Error::other("the core ended before it was full");
                sender.send(PreparedRun::new(run)).map_err(gone)
            };
            library.roots().into_iter().try_for_each(send)?;
            for place in 0..library.logs() {
                library::runs(&library.log(place)?).try_for_each(send)?;
            }
            Ok::<_, Error>(())
        });
        let mut entries = 0;
        for run in runs {
            entries += runtime.block_on(core.admit_prepared(run)).map_err(Error::other)?.appended;
        }
        signing.join().map_err(|_| Error::other("signing ended in a panic"))??;
        Ok::<_, Error>(entries)
    })?;
    runtime.block_on(core.close());
    if entries != library.entries() {
        return Err(Error::other(format!("{entries} entries were taken in, not {}", library.entries())));
    }
    eprintln!("filled a home with {entries} entries in {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Opens the core of a home that is not running.
pub(crate) fn open(home: &Home, library: &Library, runtime: &tokio::runtime::Handle) -> Result<Core> {
    let options = CoreOptions {
        pinned: None,
        network: library.network(),
        author: None,
        index_cache: 16 << 20,
        min_free: 0,
        now_ms: || SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as u64),
    };
    Core::open(home.clone(), options, runtime).map_err(Error::other)
}
