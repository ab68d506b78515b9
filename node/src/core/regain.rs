//! Taking back what is sound in files that were set aside.
//!
//! Damage sets aside everything that follows it in its log, since a log is a chain. When the damaged place comes back, from a
//! peer or from a bundle, what lay behind it is taken from where it was set aside, by the same door as anything else. So
//! what only this node had comes back by itself.
//!
//! A file from which nothing more can come is named `.taken`, and stays: nothing is thrown away.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use nanduti_protocol::{key::PublicKey, networks::NetworkOf};
use tokio::sync::oneshot;

use super::{Admitted, Core, CoreError, facts::Facts, repair::all_reached_before, writer::Writer};
use crate::{
    Home, disk,
    store::{Damage, Sound, free_name, set_aside_dir, sound_runs},
};

/// Sound runs that lie in files that were set aside, beyond where their logs end.
#[derive(Debug, Default)]
pub(super) struct Aside(BTreeMap<PublicKey, Vec<(PathBuf, Sound)>>);

impl Core {
    /// What was damaged, was set aside before anybody looked, and has not come back: the logs that reached further once. A log that
    /// says two things at one place is not among them: which of its branches is as long as it was is not for the disk to say.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn lost(&self, home: &Home) -> Result<Vec<Damage>, CoreError> {
        let snapshot = self.snapshot();
        let aside: BTreeMap<PublicKey, PathBuf> = files_aside(&set_aside_dir(home)).into_iter().collect();
        let mut lost = Vec::new();
        for (log, reached) in all_reached_before(self.local())? {
            let held = snapshot.ledger.extent(&log).map_or(0, |extent| extent.next);
            if held >= reached || snapshot.ledger.forks_of(&log).next().is_some() {
                continue;
            }
            let path = aside.get(&log).cloned().unwrap_or_else(|| home.log_dir(log.as_bytes()));
            let file = path.strip_prefix(home.path()).unwrap_or(&path).to_path_buf();
            lost.push(Damage {
                file,
                offset: 0,
                what: format!(
                    "a part of the log {log} was damaged and set aside: it reached {reached} entries and has {held} now"
                ),
            });
        }
        Ok(lost)
    }
}

impl Writer {
    /// Takes back what follows the ends of logs, as long as there is something.
    pub(super) fn take_back(&mut self) {
        if self.blocked.is_some() || self.unsound {
            return;
        }
        let mut aside = match self.aside.take() {
            Some(aside) => aside,
            None => self.look_aside(),
        };
        while let Some((path, sound)) = self.next_to_take(&mut aside) {
            // After a failure everything is looked for again, once something can be written.
            if self.take_back_run(&path, &sound).is_err() || self.unsound {
                return;
            }
        }
        self.aside = Some(aside);
    }

    /// Looks through all that was set aside.
    fn look_aside(&self) -> Aside {
        let mut aside = Aside::default();
        for (log, path) in files_aside(&set_aside_dir(&self.home)) {
            let Ok(bytes) = fs::read(&path) else { continue };
            let end = self.ledger.extent(&log).map_or(0, |extent| extent.next);
            let beyond: Vec<_> = sound_runs(&self.ledger.networks().network_of(&log), &log, &bytes)
                .into_iter()
                .filter(|sound| sound.next > end)
                .collect();
            if beyond.is_empty() && end > 0 {
                let mut taken = path.clone().into_os_string();
                taken.push(".taken");
                let taken = free_name(path.parent().unwrap_or(&path), Path::new(&taken));
                // If it keeps its name it is only looked at again.
                let _ = disk::rename(&path, &taken);
            }
            aside.0.entry(log).or_default().extend(beyond.into_iter().map(|sound| (path.clone(), sound)));
        }
        aside.0.retain(|_, runs| !runs.is_empty());
        aside
    }

    /// A run that goes on where its log ends. It is tried once.
    fn next_to_take(&self, aside: &mut Aside) -> Option<(PathBuf, Sound)> {
        for (log, runs) in &mut aside.0 {
            let Some(end) = self.ledger.extent(log).map(|extent| extent.next) else { continue };
            if let Some(at) = runs.iter().position(|(_, sound)| (sound.first..sound.next).contains(&end)) {
                return Some(runs.swap_remove(at));
            }
        }
        None
    }

    fn take_back_run(&mut self, path: &Path, sound: &Sound) -> Result<(), CoreError> {
        let networks = self.ledger.networks();
        let run = fs::read(path).ok().and_then(|bytes| sound.read(networks, &bytes));
        let Some(run) = run else { return Ok(()) };
        let (reply, mut answer) = oneshot::channel();
        let mut pending = Vec::new();
        let facts = Facts::of(&run);
        self.admit(run, (facts, None), reply, &mut pending);
        self.persist(pending)?;
        // What is refused has been refused to anybody who brought it.
        if let Ok(Ok(Admitted { appended: 1.., .. })) = answer.try_recv() {
            tracing::info!(file = %path.display(), first = sound.first, next = sound.next, "taken back");
        }
        Ok(())
    }
}

/// The files that were set aside, with their logs, but for those from which nothing more can come.
fn files_aside(folder: &Path) -> Vec<(PublicKey, PathBuf)> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let log_of = |path: &Path| path.file_name()?.to_str().and_then(PublicKey::from_hex);
    let mut files = Vec::new();
    for folder in entries(folder) {
        let Some(log) = log_of(&folder) else { continue };
        let is_taken = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".taken"));
        let usable = |path: &PathBuf| path.is_file() && !is_taken(path);
        files.extend(entries(&folder).filter(usable).map(|path| (log, path)));
    }
    files.sort();
    files
}
