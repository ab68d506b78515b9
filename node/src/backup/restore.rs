//! The way back: a backup becomes a home.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    error::{FormError, RestoreError},
    form::{FormReader, Item, unpacked},
    local,
    manifest::{Manifest, Seen},
    place::{MANIFEST, Place},
    seal::check_seal,
    target::Target,
    write::{own_log, time_text},
};
use crate::{
    Home, PRIVATE_FILE,
    api::{ApiError, RestoreReply},
    core::log_end,
    create_private_dir,
    disk::{self, DiskFile},
    founding::{author_of, network_of, networks_of},
    keys::KeyStore,
    restored::Marker,
    sync_dir,
};

/// Is told how much of how much is done.
type Progress<'a> = dyn FnMut(u64, u64) + 'a;

/// Makes a home of a backup. The home must be empty or not there; it is there whole afterwards, or nothing is.
///
/// # Errors
/// If there is no such file, it is no whole backup or does not hold together, the home holds something, or the disk is full or
/// fails.
pub fn restore(home: &Home, file: &Path, progress: &mut Progress<'_>) -> Result<RestoreReply, ApiError> {
    let target = Target::of(home)?;
    let mut backup = open(file)?;
    let (sealed, manifest, total) = check(&mut backup, progress).map_err(|source| form(file, source))?;
    check_room(target.folder(), total)?;
    let staging = target.stage()?;
    let staged = Home::at(staging.path());
    fill(&staged, (file, &mut backup, sealed), &manifest, progress)?;
    let speaks = check_content(&staged, &manifest, file)?;
    if speaks {
        let marker = Marker::new(manifest.made_ms, now_ms(), manifest.own_logs.clone());
        marker.write(&staged).map_err(RestoreError::disk("cannot write", staged.restored_file()))?;
    }
    target.settle(staging)?;
    Ok(RestoreReply {
        path: file.display().to_string(),
        made: time_text(manifest.made_ms),
        home: home.path().display().to_string(),
        network: manifest.network.to_hex(),
        member: manifest.member.as_ref().map(ToString::to_string),
        peer_id: manifest.peer_id.clone(),
        own_logs: manifest.own_logs.iter().map(own_log).collect(),
        logs: manifest.logs,
        entries: manifest.entries,
        waits: speaks,
    })
}

/// Reads all of a backup and checks it; returns the length of what is sealed, the manifest, and the bytes of all files.
pub(super) fn check<R: Read + Seek>(
    backup: &mut R,
    progress: &mut Progress<'_>,
) -> Result<(u64, Manifest, u64), FormError> {
    let sealed = check_seal(backup, progress)?;
    let mut reader = FormReader::new(unpacked(backup.take(sealed))?)?;
    let mut seen = Seen::default();
    let mut network = None;
    while let Some(item) = reader.next()? {
        if item.path == MANIFEST {
            if reader.next()?.is_some() {
                return Err(FormError::Shape("its end"));
            }
            let total = seen.total();
            let manifest = seen.check(&item.bytes)?;
            if network != Some(manifest.network.to_hex()) {
                return Err(FormError::Manifest("its manifest names another network than its files".into()));
            }
            return Ok((sealed, manifest, total));
        }
        if seen.note(&item)? == Place::Local {
            local::check(&item)?;
        }
        if item.path == "network/network" {
            network = std::str::from_utf8(&item.bytes).ok().map(|text| text.trim().to_owned());
        }
    }
    Err(FormError::Manifest("it has no manifest".into()))
}

/// Writes everything into a new home. What is read is compared with the manifest once more: the file may have changed.
fn fill(
    home: &Home,
    (file, backup, sealed): (&Path, &mut File, u64),
    manifest: &Manifest,
    progress: &mut Progress<'_>,
) -> Result<(), RestoreError> {
    let made = home.create().map_err(std::io::Error::other);
    made.map_err(RestoreError::disk("cannot make the folders of", home.path()))?;
    backup.seek(SeekFrom::Start(0)).map_err(RestoreError::disk("cannot read", file))?;
    let unpacked = unpacked(backup.take(sealed)).map_err(|source| form(file, source))?;
    let mut reader = FormReader::new(unpacked).map_err(|source| form(file, source))?;
    let mut folders = BTreeSet::from([home.path().to_path_buf()]);
    let local = open_local(home)?;
    let of = manifest.files.iter().map(|line| line.len).sum();
    let mut done = 0;
    for line in &manifest.files {
        let item = reader.next().map_err(|source| form(file, source))?;
        let item = item.filter(|item| line.is_of(item)).ok_or_else(|| form(file, FormError::Seal))?;
        match Place::of(&item.path) {
            Some(Place::Local) => local::import(&local, &item).map_err(|source| form(file, source))?,
            Some(Place::Plain | Place::Log) => put(home, &item, &mut folders)?,
            None => return Err(form(file, FormError::Path(item.path))),
        }
        done += line.len;
        progress(done, of);
    }
    let failed = |error| RestoreError::disk("cannot write", home.local_dir())(std::io::Error::other(error));
    disk::flush(&local, &home.local_dir()).map_err(failed)?;
    drop(local);
    let flush = |folder: &PathBuf| sync_dir(folder).map_err(RestoreError::disk("cannot flush", folder));
    folders.iter().try_for_each(flush)
}

fn open_local(home: &Home) -> Result<sled::Db, RestoreError> {
    let failed = |error| RestoreError::disk("cannot write", home.local_dir())(std::io::Error::other(error));
    sled::Config::new().path(home.local_dir()).cache_capacity(1 << 20).flush_every_ms(None).open().map_err(failed)
}

/// Puts a file where it belongs, and takes note of the folders that are to be flushed.
fn put(home: &Home, item: &Item, folders: &mut BTreeSet<PathBuf>) -> Result<(), RestoreError> {
    let path = home.path().join(&item.path);
    let mut folder = path.parent().unwrap_or(home.path());
    create_private_dir(folder).map_err(RestoreError::disk("cannot make", folder))?;
    while folder.starts_with(home.path()) && folders.insert(folder.to_path_buf()) {
        folder = folder.parent().unwrap_or(home.path());
    }
    let written = DiskFile::append_to(&path, PRIVATE_FILE).and_then(|mut file| {
        file.write_all(&item.bytes)?;
        file.sync()
    });
    written.map_err(RestoreError::disk("cannot write", path))
}

/// Checks that what was restored is a home: its network, its keys, every log, and that the member's own logs reach as far as
/// the manifest says. Returns whether the node speaks for a member.
fn check_content(home: &Home, manifest: &Manifest, file: &Path) -> Result<bool, RestoreError> {
    let odd = |what: &str, error: &ApiError| {
        let causes: Vec<&str> =
            std::iter::once(error.message.as_str()).chain(error.causes.iter().map(String::as_str)).collect();
        content(file, format!("{what}: {}", causes.join(": ").replace(&format!("{}/", home.path().display()), "")))
    };
    let network = network_of(home).map_err(|error| odd("its network", &error))?;
    if network.is_none_or(|network| network.network != manifest.network) {
        return Err(content(file, "its network is not that of the manifest".into()));
    }
    let node = KeyStore::of(home).open_node().map_err(|error| content(file, format!("its node key: {error}")))?;
    if node.peer_id().to_string() != manifest.peer_id {
        return Err(content(file, "its node key is not that of the manifest".into()));
    }
    let author = author_of(home).map_err(|error| odd("its keys", &error))?;
    if author.as_ref().map(crate::Author::member) != manifest.member.as_ref() {
        return Err(content(file, "its member is not that of the manifest".into()));
    }
    if author.as_ref().is_some_and(|author| manifest.own_logs.iter().all(|log| log.key != author.log())) {
        return Err(content(file, "the manifest does not name the log that its publishing key writes".into()));
    }
    let networks = networks_of(home, manifest.network).map_err(|error| odd("its charter", &error))?;
    for log in log_folders(manifest) {
        let end = log_end(home, &networks, &log).map_err(|error| content(file, error.to_string()))?;
        let (next, head) = end.map_err(|damage| content(file, damage.to_string()))?;
        if manifest.own_logs.iter().any(|own| own.key == log && (own.next, own.head) != (next, head)) {
            return Err(content(file, format!("the log {log} does not reach as far as the manifest says")));
        }
    }
    let missing = |own: &&crate::restored::OwnLog| own.next > 0 && !log_folders(manifest).contains(&own.key);
    match manifest.own_logs.iter().find(missing) {
        Some(own) => Err(content(file, format!("the log {} is missing", own.key))),
        None => Ok(author.is_some()),
    }
}

/// The logs of which something is in the backup.
fn log_folders(manifest: &Manifest) -> BTreeSet<nanduti_protocol::key::PublicKey> {
    let logs = manifest.files.iter().filter_map(|line| line.path.strip_prefix("logs/")?.split('/').next());
    logs.filter_map(nanduti_protocol::key::PublicKey::from_hex).collect()
}

fn open(path: &Path) -> Result<File, RestoreError> {
    // Opened without waiting: a pipe with that name would otherwise hold us up for ever.
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let file =
        OpenOptions::new().read(true).custom_flags(flags as i32).open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => RestoreError::Missing { path: path.to_path_buf() },
            _ => RestoreError::disk("cannot read", path)(error),
        })?;
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(file),
        Ok(_) => Err(form(path, FormError::Foreign)),
        Err(error) => Err(RestoreError::disk("cannot read", path)(error)),
    }
}

fn check_room(folder: &Path, needed: u64) -> Result<(), RestoreError> {
    // The folder may be one that is still to be made.
    let there = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let stat = rustix::fs::statvfs(there).map_err(|error| RestoreError::disk("cannot look at", there)(error.into()))?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    if free > needed { Ok(()) } else { Err(RestoreError::Room { folder: folder.to_path_buf(), needed }) }
}

fn form(path: &Path, source: FormError) -> RestoreError {
    RestoreError::Form { path: path.to_path_buf(), source }
}

fn content(path: &Path, why: String) -> RestoreError {
    RestoreError::Content { path: path.to_path_buf(), why }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
