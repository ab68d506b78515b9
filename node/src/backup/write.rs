//! Making a backup, of a node that runs or of one that does not.

use std::{
    io::{self, Write},
    path::Path,
};

use nanduti_protocol::{
    hash::Hash,
    key::{MemberId, PublicKey},
    ledger::Ledger,
    limits::SEGMENT_MAX,
    networks::NetworkOf,
    run::{ReceivedRun, VerifiedRun},
};
use zstd::stream::write::Encoder;

use super::{
    FILE_MAX, TOTAL_MAX,
    contents::{self, BALLOTS, ContentsError},
    form::FormWriter,
    local,
    manifest::{FileLine, Manifest, VERSION},
    place::MANIFEST,
    seal::Sealing,
};
use crate::{
    Home, PRIVATE_FILE,
    api::{ApiError, BackupReply, ErrorKind, OwnLogView},
    core::{Core, FORK_FILES},
    disk::Staged,
    restored::OwnLog,
    store::Packer,
    sync_dir,
};

/// zstd's level: what is in a backup is written once and read seldom.
const LEVEL: i32 = 3;

/// What a backup is of.
#[derive(Debug)]
pub(crate) struct BackupOptions<'a> {
    /// The file to write.
    pub(crate) path: &'a Path,
    /// Replace a file that is there.
    pub(crate) overwrite: bool,
    /// The whole library too.
    pub(crate) all: bool,
    /// The member for whom the node speaks.
    pub(crate) member: Option<MemberId>,
    /// The log that the node writes.
    pub(crate) own_log: Option<PublicKey>,
    /// The node's libp2p id.
    pub(crate) peer_id: String,
    /// The clock: milliseconds since 1970.
    pub(crate) now_ms: u64,
}

/// Writes a backup of an open home. The file is there whole, or not at all.
///
/// # Errors
/// If the file is there already, something cannot be read, or the disk is full or fails.
pub(crate) fn backup(core: &Core, home: &Home, options: &BackupOptions<'_>) -> Result<BackupReply, ApiError> {
    let path = options.path;
    if !path.is_absolute() || path.file_name().is_none() {
        return Err(ApiError::new(ErrorKind::Usage, "the path of a backup has to be absolute"));
    }
    if path.exists() && !options.overwrite {
        return Err(failed(format!("{} is there already", path.display())).hint("pass `--overwrite` to replace it"));
    }
    let cannot = |error: io::Error| cannot_write(path, &error);
    let folder = path.parent().unwrap_or(Path::new("/"));
    let staged = Staged::within(folder, PRIVATE_FILE).map_err(cannot)?;
    let encoder = Encoder::new(Sealing::new(Unnamed(staged)), LEVEL).map_err(cannot)?;
    let mut out = Out { form: FormWriter::new(encoder).map_err(cannot)?, path, files: Vec::new(), total: 0 };

    let is_ballot = |name: &String| name.starts_with(BALLOTS);
    for name in contents::plain_files(home)?.iter().filter(|name| !is_ballot(name)) {
        out.add_file(home, name)?;
    }
    // Before the logs, which are then read up to a snapshot that shows all that `local/` knew: a log that ends earlier than `local/`
    // says is taken for damaged, and not signed.
    local::export(core.local(), &mut |name, bytes| Ok::<(), LocalError>(out.add(name, &bytes)?))
        .map_err(|error| error.told(path))?;
    core.settle()?;
    let (own_logs, logs, entries) = add_logs(core, home, options, &mut out)?;
    for name in contents::plain_files(home)?.iter().filter(|name| is_ballot(name)) {
        match out.add_file(home, name) {
            Err(error) if home.path().join(name).metadata().is_ok_and(|found| found.len() > FILE_MAX as u64) => {
                // Others have it, and so must the restored node: no member's word hangs on this file alone.
                tracing::warn!(name, %error, "left out of the backup");
            }
            added => added?,
        }
    }
    let manifest = Manifest {
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").into(),
        made_ms: options.now_ms,
        network: core.snapshot().ledger.network(),
        member: options.member.clone(),
        peer_id: options.peer_id.clone(),
        all: options.all,
        own_logs,
        logs,
        entries,
        files: std::mem::take(&mut out.files),
    };
    let bytes = finish(out, &manifest, options.overwrite).map_err(cannot)?;
    Ok(reply(&manifest, path, bytes))
}

/// Adds the logs, and says of its own member's how far they reach, and how many logs and entries there are.
fn add_logs<W: Write>(
    core: &Core,
    home: &Home,
    options: &BackupOptions<'_>,
    out: &mut Out<'_, W>,
) -> Result<(Vec<OwnLog>, u64, u64), ApiError> {
    let snapshot = core.snapshot();
    let ledger = &snapshot.ledger;
    let is_root = |log: &PublicKey| ledger.authority().is_some_and(|known| known.member_by_root(log).is_some());
    let is_own = |log: &PublicKey| options.own_log == Some(*log) || is_of(ledger, log, options.member.as_ref());
    let mut chosen: Vec<(PublicKey, u64)> = ledger.logs().map(|(log, extent)| (*log, extent.next)).collect();
    chosen.retain(|(log, _)| options.all || is_root(log) || is_own(log));
    chosen.sort_by_key(|(log, _)| (!is_root(log), *log));
    let (mut own_logs, mut entries) = (Vec::new(), 0);
    for (log, next) in &chosen {
        let end = add_log(core, home, (log, *next), out)?;
        entries += end.0;
        if is_own(log) {
            own_logs.push(OwnLog { key: *log, root: is_root(log), next: end.0, head: end.1 });
        }
    }
    // A key that has signed nothing that is known here may have signed something that is known elsewhere.
    if let Some(own) = options.own_log.filter(|own| own_logs.iter().all(|log| log.key != *own)) {
        own_logs.push(OwnLog { key: own, root: false, next: 0, head: ledger.network() });
    }
    Ok((own_logs, chosen.len() as u64, entries))
}

/// Adds one log, each of its parts verified: what cannot be restored is no backup. Returns where it ends.
fn add_log<W: Write>(
    core: &Core,
    home: &Home,
    (log, next): (&PublicKey, u64),
    out: &mut Out<'_, W>,
) -> Result<(u64, Hash), ApiError> {
    let network = core.snapshot().ledger.networks().network_of(log);
    let folder = format!("logs/{}", log.to_hex());
    let (mut from, mut head) = (0, network);
    let mut packer = Packer::new().map_err(|error| failed("cannot compress a log").because(&error))?;
    while from < next {
        let run = verified(core.read_run(log, from, next, SEGMENT_MAX)?, &network);
        let Some(run) = run.filter(|run| run.log() == *log && run.first_seq() == from && run.prev() == head) else {
            return Err(failed(format!("entry {from} of the log {log} cannot be read"))
                .hint("`nanduti verify` says what is damaged; if nothing is, the log was changing: try again"));
        };
        let piece = packer.pack(&run).map_err(|error| failed("cannot compress a log").because(&error))?;
        out.add(&format!("{folder}/{from:020}.seg.zst"), piece.bytes())?;
        (from, head) = (run.next_seq(), run.head());
    }
    for name in FORK_FILES {
        if let Some(proof) = contents::read(&home.log_dir(log.as_bytes()).join(name))? {
            out.add(&format!("{folder}/{name}"), &proof)?;
        }
    }
    Ok((from, head))
}

fn verified(bytes: Vec<u8>, network: &Hash) -> Option<VerifiedRun> {
    ReceivedRun::receive(bytes).and_then(|run| run.verify(network)).ok()
}

/// Does a log speak for this member?
fn is_of(ledger: &Ledger, log: &PublicKey, member: Option<&MemberId>) -> bool {
    let claimed = ledger.authority().and_then(|authority| authority.claimed_member(log));
    member.is_some() && claimed == member
}

type Written<'a> = Out<'a, Encoder<'static, Sealing<Unnamed>>>;

/// Writes the manifest and the seal, and gives the file its name. Returns its length.
fn finish(mut out: Written<'_>, manifest: &Manifest, overwrite: bool) -> io::Result<u64> {
    out.form.add(MANIFEST, &manifest.encode()?)?;
    let (Unnamed(staged), len) = out.form.finish()?.finish()?.seal()?;
    staged.sync()?;
    if overwrite {
        staged.replace(out.path)?
    } else {
        staged.take_name(out.path)?
    }
    sync_dir(out.path.parent().unwrap_or(Path::new("/")))?;
    Ok(len)
}

/// The backup while it is written.
struct Out<'a, W> {
    form: FormWriter<W>,
    path: &'a Path,
    files: Vec<FileLine>,
    total: u64,
}

impl<W: Write> Out<'_, W> {
    /// Adds a file of the home. It may have gone between looking and reading.
    fn add_file(&mut self, home: &Home, name: &str) -> Result<(), ApiError> {
        match contents::read(&home.path().join(name))? {
            Some(bytes) => self.add(name, &bytes),
            None => Ok(()),
        }
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), ApiError> {
        self.total += bytes.len() as u64;
        if self.total > TOTAL_MAX {
            return Err(failed("there is more than one backup can hold")
                .hint("leave out `--all`: the library is on every other node, and in bundles"));
        }
        self.form.add(name, bytes).map_err(|error| cannot_write(self.path, &error))?;
        self.files.push(FileLine::of(name, bytes));
        Ok(())
    }
}

/// A file that has no name yet, as something to write into.
struct Unnamed(Staged);

impl Write for Unnamed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why `local/` was not written down.
enum LocalError {
    Told(ApiError),
    Sled(sled::Error),
    Io(io::Error),
}

impl LocalError {
    fn told(self, path: &Path) -> ApiError {
        match self {
            Self::Told(error) => error,
            Self::Sled(error) => failed("local/ cannot be read").because(&error),
            Self::Io(error) => cannot_write(path, &error),
        }
    }
}

impl From<ApiError> for LocalError {
    fn from(error: ApiError) -> Self {
        Self::Told(error)
    }
}

impl From<sled::Error> for LocalError {
    fn from(error: sled::Error) -> Self {
        Self::Sled(error)
    }
}

impl From<io::Error> for LocalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ContentsError> for ApiError {
    fn from(error: ContentsError) -> Self {
        let told = failed(error.to_string()).hint("nothing was written");
        match std::error::Error::source(&error) {
            Some(source) => told.because(source),
            None => told,
        }
    }
}

fn reply(manifest: &Manifest, path: &Path, bytes: u64) -> BackupReply {
    let keys = manifest.files.iter().map(|file| file.path.clone());
    BackupReply {
        path: path.display().to_string(),
        bytes,
        made: time_text(manifest.made_ms),
        network: manifest.network.to_hex(),
        member: manifest.member.as_ref().map(ToString::to_string),
        peer_id: manifest.peer_id.clone(),
        keys: keys.filter(|path| path.starts_with("keys/") && path.ends_with(".pem")).collect(),
        own_logs: manifest.own_logs.iter().map(own_log).collect(),
        logs: manifest.logs,
        entries: manifest.entries,
        all: manifest.all,
    }
}

/// One of the member's own logs, as people read it.
pub(super) fn own_log(log: &OwnLog) -> OwnLogView {
    let head = (log.next > 0).then(|| log.head.to_hex());
    OwnLogView { key: log.key.to_hex(), root: log.root, entries: log.next, head }
}

/// Milliseconds since 1970 as RFC 3339 in UTC, without fractions of a second.
pub(super) fn time_text(time_ms: u64) -> String {
    let time = i64::try_from(time_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map(|time| format!("{time:.0}")).unwrap_or_default()
}

fn failed(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Failed, message)
}

fn cannot_write(path: &Path, error: &io::Error) -> ApiError {
    failed(format!("cannot write {}", path.display())).because(error)
}
