//! Checking what is on the disk, without trusting the index and without changing anything.
//!
//! Every byte of every segment file is read, one file at a time: the form of each entry, the chain of hashes, each body that
//! is held, and the signature that vouches for each run; with `deep` the signature of every entry. An entry whose own
//! signature is void stands by the chain alone if a later one vouches for it: that is counted and no damage.
//!
//! It may run beside a node that writes: files only grow at their end, and what is unfinished there is no damage.

use std::{collections::BTreeSet, fs, io::ErrorKind, path::Path};

use nanduti_protocol::{
    entry::Entry,
    hash::Hash,
    key::PublicKey,
    networks::{NetworkOf, Networks},
    run::VerifiedRun,
};

use super::CoreError;
use crate::{
    Home,
    store::{Damage, LogScan, Repair, StoreError, Watermark},
};

/// What was checked, and what is damaged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Logs read.
    pub logs: u64,
    /// Entries whose form and chain were checked.
    pub entries: u64,
    /// Bodies checked against their hash.
    pub bodies: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// Entries that stand by the chain alone. Counted only by a deep check.
    pub by_chain_alone: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What is damaged. Empty means that all is well.
    pub damage: Vec<Damage>,
}

/// What was found of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEntry {
    /// Its hash.
    pub hash: Hash,
    /// Its log.
    pub log: PublicKey,
    /// Its place.
    pub seq: u64,
    /// Is its body held? Then it is the one that the entry commits to.
    pub held: bool,
    /// Does its own signature verify? Else it stands by the chain alone.
    pub signed: bool,
    /// The entry whose signature vouches for it: itself, or a later one.
    pub anchor: u64,
}

/// Checks the whole store; `progress` is called after every run.
///
/// # Errors
/// If the disk cannot be read. Damage is no error.
pub fn verify_store(
    home: &Home,
    networks: &Networks,
    deep: bool,
    progress: &mut dyn FnMut(&VerifyReport),
) -> Result<VerifyReport, CoreError> {
    let mut report = VerifyReport::default();
    check_charter(home, &networks.own(), &mut report)?;
    for log in logs(home)? {
        report.logs += 1;
        let network = networks.network_of(&log);
        let repairs = read(home, &network, log, None, &mut |run| {
            report.add(&network, run, deep);
            progress(&report);
        })?;
        report.damage.extend(repairs.into_iter().filter_map(|repair| match repair {
            Repair::SetAside { damage, .. } => Some(damage),
            // What a crash cut short, or what a running node is writing this moment.
            Repair::Cut { .. } => None,
        }));
    }
    Ok(report)
}

/// Where a log on the disk ends: the next place, and the hash of its last entry. Every entry is checked; damage is the inner error.
///
/// # Errors
/// If the disk cannot be read.
pub(crate) fn log_end(
    home: &Home,
    networks: &Networks,
    log: &PublicKey,
) -> Result<Result<(u64, Hash), Damage>, CoreError> {
    let network = networks.network_of(log);
    let scan = LogScan::new(home.clone(), network, *log).read_only();
    let scanned = scan.read(Watermark { next: 0, head: network, file: None }, &mut |_, _| Ok(()))?;
    let damage = scanned.repairs.into_iter().next().map(|repair| match repair {
        Repair::SetAside { damage, .. } => damage,
        Repair::Cut { file, len, .. } => Damage { file, offset: len, what: "its end is missing".into() },
    });
    Ok(damage.map_or(Ok((scanned.next, scanned.head)), Err))
}

/// Checks one entry and the chain of its file up to the entry that vouches for it; `None` if it is not there.
///
/// # Errors
/// If the disk cannot be read, or the file is damaged so that the entry cannot be found.
pub fn verify_entry(
    home: &Home,
    networks: &Networks,
    log: &PublicKey,
    seq: u64,
) -> Result<Option<VerifiedEntry>, CoreError> {
    let network = &networks.network_of(log);
    let files = LogScan::new(home.clone(), *network, *log).read_only().files()?;
    let Some(&file) = files.iter().rfind(|file| **file <= seq) else { return Ok(None) };
    let mut found = None;
    let repairs = read(home, network, *log, Some(file), &mut |run| {
        let Some(item) = run.item_at(seq) else { return };
        let signed = Entry::decode(run.entry_bytes(item)).is_ok_and(|entry| entry.verify(network).is_ok());
        let anchor = if signed { seq } else { run.next_seq() - 1 };
        found = Some(VerifiedEntry { hash: item.hash, log: *log, seq, held: item.held, signed, anchor });
    })?;
    let damage = repairs.into_iter().find_map(|repair| match repair {
        Repair::SetAside { damage, .. } => Some(damage),
        Repair::Cut { .. } => None,
    });
    match (found, damage) {
        (None, Some(damage)) => Err(StoreError::from(damage).into()),
        (found, _) => Ok(found),
    }
}

impl VerifyReport {
    fn add(&mut self, network: &Hash, run: &VerifiedRun, deep: bool) {
        self.entries += run.items().len() as u64;
        self.bodies += run.items().iter().filter(|item| item.held).count() as u64;
        self.bytes += run.bytes().len() as u64;
        if !deep {
            self.signatures += 1;
            return;
        }
        for item in run.items() {
            self.signatures += 1;
            let signed = Entry::decode(run.entry_bytes(item)).is_ok_and(|entry| entry.verify(network).is_ok());
            self.by_chain_alone += u64::from(!signed);
        }
    }
}

/// Reads a log, or one file of it, and says what is wrong with it.
fn read(
    home: &Home,
    network: &Hash,
    log: PublicKey,
    only: Option<u64>,
    take: &mut dyn FnMut(&VerifiedRun),
) -> Result<Vec<Repair>, CoreError> {
    let scan = LogScan::new(home.clone(), *network, log).read_only();
    let take = &mut |run: VerifiedRun, _| {
        take(&run);
        Ok(())
    };
    let scanned = match only {
        Some(file) => scan.read_file_alone(file, take)?,
        None => scan.read(Watermark { next: 0, head: *network, file: None }, take)?,
    };
    Ok(scanned.repairs)
}

fn check_charter(home: &Home, network: &Hash, report: &mut VerifyReport) -> Result<(), CoreError> {
    let path = super::open::charter_file(home);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("read", path)(error).into()),
    };
    report.bytes += bytes.len() as u64;
    if Hash::of(&bytes) != *network {
        let file = path.strip_prefix(home.path()).unwrap_or(&path).to_path_buf();
        report.damage.push(Damage { file, offset: 0, what: "not the charter of this network".into() });
    }
    Ok(())
}

/// The logs on the disk: folders whose names are keys.
pub(super) fn logs(home: &Home) -> Result<BTreeSet<PublicKey>, CoreError> {
    let folder = home.logs_dir();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(StoreError::io("read", folder)(error).into()),
    };
    let is_log = |log: &PublicKey, path: &Path| home.log_dir(log.as_bytes()) == path && path.is_dir();
    let mut logs = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(StoreError::io("read", &folder))?;
        let log = entry.file_name().to_str().and_then(PublicKey::from_hex);
        logs.extend(log.filter(|log| is_log(log, &entry.path())));
    }
    Ok(logs)
}
