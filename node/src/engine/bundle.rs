//! Bundles: the library on a stick.
//!
//! A bundle is the same CBOR Sequence as a segment file, of all logs one after another, root logs first, so that a node that
//! knows nothing but the network's id can take it in from front to back. It enters through the same doors as what peers send.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use nanduti_protocol::{
    entry::Entry,
    key::PublicKey,
    kind,
    ledger::Refusal,
    limits,
    networks::NetworkOf,
    run::{ReceivedRun, VerifiedRun, item_len, split_item},
};

use super::{
    Engine, Handle,
    failure::{failed, not_found, usage},
};
use crate::{
    api::{ApiError, Audience, BundleExport, BundleImport, BundleReply},
    core::{Core, CoreError, Recipient},
    sync_dir,
};

/// What can be read at once: one item can be a whole entry and body.
const ITEM_MAX: usize = limits::ENTRY_MAX + limits::BODY_MAX + 16;

impl Handle<BundleExport> for Engine {
    async fn handle(&self, call: BundleExport) -> Result<BundleReply, ApiError> {
        self.blocking(move |core| export(core, &call)).await
    }
}

impl Handle<BundleImport> for Engine {
    async fn handle(&self, call: BundleImport) -> Result<BundleReply, ApiError> {
        let path = PathBuf::from(&call.path);
        let file = File::open(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => not_found(format!("there is no file {}", path.display())),
            _ => failed(format!("cannot read {}", path.display())).because(&error),
        })?;
        let mut import = Import::new(self.core.clone(), file);
        let bytes = import.take_all().await?;
        let entries = import.entries;
        if entries == 0 {
            return Err(usage(format!("{} is not a bundle", path.display()))
                .hint("`nanduti bundle export FILE` writes one; a founding file is for `nanduti join`"));
        }
        let Import { logs, new, refused, for_members, filled, .. } = import;
        if refused.values().sum::<u64>() >= entries {
            let each: Vec<String> = refused.iter().map(|(name, count)| format!("{count} × {name}")).collect();
            let mut error = super::failure::refused(format!("nothing of {} could be taken in", path.display()))
                .hint("is it a bundle of this network? `nanduti status` names the network of this home");
            error.causes = vec![each.join(", ")];
            return Err(error);
        }
        Ok(BundleReply {
            path: call.path,
            logs: logs.len() as u64,
            entries,
            new,
            refused: refused.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
            bytes,
            for_members,
            left_out: 0,
            filled,
        })
    }
}

fn export(core: &Core, call: &BundleExport) -> Result<BundleReply, ApiError> {
    let to = match call.audience {
        Audience::Public => Recipient::Anybody,
        Audience::Members => Recipient::Member,
    };
    let (path, overwrite) = (Path::new(&call.path), call.overwrite);
    if !path.is_absolute() {
        return Err(usage("the path of a bundle has to be absolute"));
    }
    if path.exists() && !overwrite {
        return Err(failed(format!("{} is there already", path.display())).hint("pass `--overwrite` to replace it"));
    }
    let cannot = |error: std::io::Error| failed(format!("cannot write {}", path.display())).because(&error);
    let folder = path.parent().unwrap_or(Path::new("/"));
    let staged = tempfile::Builder::new().prefix(".nanduti-").tempfile_in(folder).map_err(cannot)?;
    let mut out = BufWriter::new(staged);
    let snapshot = core.snapshot();
    let is_root =
        |log: &PublicKey| snapshot.ledger.authority().is_some_and(|known| known.member_by_root(log).is_some());
    let mut positions: Vec<(PublicKey, u64)> =
        snapshot.frontier.iter().map(|(log, position)| (*log, position.next)).collect();
    positions.retain(|(log, _)| call.logs.is_empty() || call.logs.contains(&log.to_hex()));
    positions.sort_by_key(|(log, _)| (!is_root(log), *log));
    let (mut entries, mut bytes, mut for_members, mut left_out) = (0, 0, 0, 0);
    for (log, next) in &positions {
        let mut from = 0;
        while from < *next {
            let run = core.read_run(log, from, *next, limits::SEGMENT_TARGET)?;
            let leaving = to.segment(run);
            if leaving.entries == 0 {
                return Err(failed(format!("entry {from} of the log {log} cannot be read"))
                    .hint("`nanduti verify` says what is damaged"));
            }
            out.write_all(&leaving.bytes).map_err(cannot)?;
            from += leaving.entries;
            entries += leaving.entries;
            bytes += leaving.bytes.len() as u64;
            for_members += leaving.for_members;
            left_out += leaving.left_out;
        }
    }
    let staged = out.into_inner().map_err(|error| cannot(error.into_error()))?;
    staged.as_file().sync_all().map_err(cannot)?;
    if overwrite {
        staged.persist(path).map_err(|failure| cannot(failure.error))?;
    } else {
        staged.persist_noclobber(path).map_err(|failure| cannot(failure.error))?;
    }
    sync_dir(folder).map_err(cannot)?;
    let logs = positions.len() as u64;
    let path = path.display().to_string();
    Ok(BundleReply { path, logs, entries, new: 0, refused: Vec::new(), bytes, for_members, left_out, filled: 0 })
}

/// A bundle while it is taken in. It holds a run and an item at most.
struct Import {
    core: Core,
    file: BufReader<File>,
    /// Read and not yet part of a run.
    buffer: Vec<u8>,
    /// The run that is being put together: its log, and its bytes.
    run: Option<(PublicKey, Vec<u8>)>,
    logs: std::collections::BTreeSet<PublicKey>,
    entries: u64,
    new: u64,
    /// Texts for members only that it brought.
    for_members: u64,
    /// Texts that had been missing here.
    filled: u64,
    refused: BTreeMap<&'static str, u64>,
}

impl Import {
    fn new(core: Core, file: File) -> Self {
        Self {
            core,
            file: BufReader::new(file),
            buffer: Vec::new(),
            run: None,
            logs: std::collections::BTreeSet::new(),
            entries: 0,
            new: 0,
            for_members: 0,
            filled: 0,
            refused: BTreeMap::new(),
        }
    }

    /// Takes the whole file in; returns its length.
    async fn take_all(&mut self) -> Result<u64, ApiError> {
        let mut bytes = 0;
        loop {
            let read = self.fill().map_err(|error| failed("the bundle cannot be read").because(&error))?;
            bytes += read as u64;
            let used = self.take_items().await?;
            self.buffer.drain(..used);
            if read == 0 {
                break;
            }
        }
        if !self.buffer.is_empty() {
            *self.refused.entry("unreadable-rest").or_default() += 1;
        }
        self.finish_run().await?;
        Ok(bytes)
    }

    fn fill(&mut self) -> std::io::Result<usize> {
        let room = (2 * ITEM_MAX).saturating_sub(self.buffer.len());
        (&mut self.file).take(room as u64).read_to_end(&mut self.buffer)
    }

    /// Takes the whole items at the front of the buffer; returns how many bytes they were.
    async fn take_items(&mut self) -> Result<usize, ApiError> {
        let mut used = 0;
        loop {
            let Some((entry, _, len)) = self.buffer.get(used..).and_then(split_item) else { return Ok(used) };
            let Ok(entry) = Entry::decode(entry) else { return Ok(used) };
            let log = entry.statement.log;
            let item = self.buffer.get(used..used + len).unwrap_or_default().to_vec();
            used += len;
            self.entries += 1;
            self.logs.insert(log);
            let full =
                self.run.as_ref().is_some_and(|(at, run)| *at != log || run.len() + len > limits::SEGMENT_TARGET);
            if full {
                self.finish_run().await?;
            }
            self.run.get_or_insert_with(|| (log, Vec::new())).1.extend_from_slice(&item);
        }
    }

    async fn finish_run(&mut self) -> Result<(), ApiError> {
        let Some((_, bytes)) = self.run.take() else { return Ok(()) };
        let networks = self.core.snapshot().ledger.networks().clone();
        let verified = tokio::task::spawn_blocking(move || verify(&bytes, &networks)).await;
        let (runs, not_verified) = verified.map_err(|error| failed("the bundle was not verified").because(&error))?;
        if not_verified > 0 {
            *self.refused.entry("not-verified").or_default() += not_verified;
        }
        for run in runs {
            let count = run.items().len() as u64;
            let brings = run.items().iter().filter(|item| item.held && item.audience == kind::Audience::Members);
            self.for_members += brings.count() as u64;
            self.fill_missing(&run).await?;
            match self.core.admit(run).await {
                Ok(admitted) => self.new += admitted.appended,
                Err(CoreError::Refused(refusal)) => self.refuse(&refusal, count),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Puts bodies that the run brings where they are missing: it may have come before without them.
    async fn fill_missing(&mut self, run: &VerifiedRun) -> Result<(), ApiError> {
        let log = run.log();
        for seq in self.core.missing(&log, run.first_seq(), run.next_seq())? {
            let body = run.item_at(seq).and_then(|item| run.body_bytes(item));
            // The body is that of the run's entry; whether it is that of the entry held here is checked where it is put.
            if let Some(body) = body
                && self.core.fill_body(log, seq, body.to_vec()).await?
            {
                self.filled += 1;
            }
        }
        Ok(())
    }

    fn refuse(&mut self, refusal: &Refusal, count: u64) {
        *self.refused.entry(refusal.name()).or_default() += count;
    }
}

/// The run, verified. If it does not hold as a whole, each item that holds by itself, and how many do not: so a file in
/// which one place is damaged, such as one that was set aside, still gives back the rest.
pub(super) fn verify(bytes: &[u8], networks: &impl NetworkOf) -> (Vec<VerifiedRun>, u64) {
    let one = |bytes: &[u8]| ReceivedRun::receive(bytes.to_vec()).and_then(|run| run.verify(networks)).ok();
    if let Some(run) = one(bytes) {
        return (vec![run], 0);
    }
    let (mut runs, mut refused, mut rest) = (Vec::new(), 0, bytes);
    while let Some((item, after)) = item_len(rest).and_then(|len| rest.split_at_checked(len)) {
        match one(item) {
            Some(run) => runs.push(run),
            None => refused += 1,
        }
        rest = after;
    }
    (runs, refused)
}
