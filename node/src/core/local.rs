//! `local/`: what this node alone knows, in sled: when entries arrived, peers that the operator named, how far damaged logs
//! reached once.
//!
//! Nothing that was acknowledged about the network is in it, so that damage there must not keep a node from starting: a folder
//! that sled cannot read is set aside whole, said so, and a new one begun. A disk that fails or is full is another matter:
//! that is an error, and the folder stays.

use std::{
    io::ErrorKind,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use super::{CoreError, warning::Warning};
use crate::{
    Home, create_private_dir, disk,
    store::{StoreError, free_name, set_aside_dir},
    sync_dir,
};

/// sled's cache for `local/`, which is small.
const CACHE: u64 = 1024 * 1024;

/// Opens `local/`. One that is damaged is set aside, with a warning.
pub(super) fn open_local(home: &Home, warnings: &mut Vec<Warning>) -> Result<sled::Db, CoreError> {
    let folder = home.local_dir();
    // sled panics on some damage.
    let what = match catch_unwind(AssertUnwindSafe(|| open_sound(&folder))) {
        Ok(Ok(local)) => return Ok(local),
        Ok(Err(error)) if !is_damage(&error) => return Err(error.into()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it cannot be read".to_owned(),
    };
    let aside = set_aside_dir(home);
    create_private_dir(&aside).map_err(StoreError::io("make", &aside))?;
    let to = free_name(&aside, &folder);
    disk::rename(&folder, &to).map_err(StoreError::io("set aside", &folder))?;
    sync_dir(&aside).and_then(|()| sync_dir(home.path())).map_err(StoreError::io("flush", &aside))?;
    create_private_dir(&folder).map_err(StoreError::io("make", &folder))?;
    let warning = format!(
        "local/ was damaged ({what}) and was set aside as {}; it held when entries arrived here and which peers were added or \
         blocked: look at `nanduti peer list` and name them again. No entry is lost by this",
        to.strip_prefix(home.path()).unwrap_or(&to).display()
    );
    tracing::warn!("{warning}");
    warnings.push(warning.into());
    Ok(open_sound(&folder)?)
}

/// Makes sure that what was put in is on the disk.
#[cfg_attr(test, track_caller)]
pub(super) fn flush_local(home: &Home, local: &sled::Db) -> Result<(), StoreError> {
    Ok(disk::flush(local, &home.local_dir())?)
}

/// sled finds damage only when it reads a page, so everything is read.
fn open_sound(folder: &Path) -> sled::Result<sled::Db> {
    let local = sled::Config::new().path(folder).cache_capacity(CACHE).flush_every_ms(None).open()?;
    for name in local.tree_names() {
        for pair in &local.open_tree(name)? {
            pair?;
        }
    }
    Ok(local)
}

/// Is the folder damaged, or does the machine fail?
fn is_damage(error: &sled::Error) -> bool {
    match error {
        sled::Error::Io(error) => matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof),
        _ => true,
    }
}
