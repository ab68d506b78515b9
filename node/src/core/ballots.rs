//! Ballots on the disk: what is held about each roster, in a small file of its own.
//!
//! ```text
//! HOME/network/ballots/<version, 20 digits>     array of the papers about that roster: those that passed first
//! ```
//!
//! A file is written anew, whole, whenever something is added to it: they are small, and statements are few. What passed stands
//! first, so that a node which reads its files follows the same rosters again, whatever it has heard since.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use nanduti_protocol::{
    ballot::{Papers, Taken},
    cbor,
    ledger::Ledger,
    sync::PapersForm,
};

use super::{CoreError, CoreEvent, library::Library, snapshot::DiskHistory, writer::Writer};
use crate::{Home, PRIVATE_FILE, create_private_dir, store::StoreError, write_file_durably};

/// The largest file of ballots: no poll that the limits allow is larger.
const FILE_MAX: u64 = 1 << 30;

impl Writer {
    /// Takes papers of a ballot in; returns once they are durable and, if another roster came into force, it is followed.
    pub(super) fn take_papers(&mut self, papers: &Papers) -> Result<Taken, CoreError> {
        let taken = self.ledger.take_papers(papers, &self.disk)?;
        if !taken.changed {
            return Ok(taken);
        }
        // What could not be written down is forgotten again with all the rest that is not on the disk.
        self.keep_ballots(papers).inspect_err(|_| self.unsound = true)?;
        if taken.roster {
            // Kinds that counted may count no more in the middle of a log: all is folded anew.
            self.folded.clear();
            self.shared.library.change(|library| *library = Library::default());
        }
        self.refresh(&BTreeSet::new(), taken.roster);
        self.send(CoreEvent::Balloted(Arc::new(papers.clone())));
        if taken.roster {
            let version = self.ledger.authority().map(|authority| authority.roster().version);
            tracing::info!(version, "another roster is in force");
            self.send(CoreEvent::RosterChanged);
        }
        Ok(taken)
    }

    fn keep_ballots(&self, papers: &Papers) -> Result<(), StoreError> {
        let Some(succession) = self.ledger.succession() else { return Ok(()) };
        let Some((version, papers)) = succession.papers_of(&papers.roster) else { return Ok(()) };
        let bytes = cbor::encode(&papers.into_iter().map(PapersForm::from).collect::<Vec<_>>());
        let folder = folder(&self.home);
        create_private_dir(&folder).map_err(StoreError::io("make", &folder))?;
        let path = file(&self.home, version);
        write_file_durably(&path, &bytes, PRIVATE_FILE).map_err(StoreError::io("write", &path))
    }
}

/// Reads what the disk holds of ballots into a ledger that knows the charter. Returns what is damaged, in words.
pub(super) fn read(home: &Home, ledger: &mut Ledger, history: &DiskHistory) -> Result<Vec<String>, StoreError> {
    let mut warnings = Vec::new();
    for version in 0.. {
        let path = file(home, version);
        let len = match fs::metadata(&path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
            Err(error) => return Err(StoreError::io("read", path)(error)),
        };
        let bytes = if len > FILE_MAX { Vec::new() } else { fs::read(&path).map_err(StoreError::io("read", &path))? };
        if !read_file(&bytes, ledger, history) {
            let aside = path.with_extension("damaged");
            fs::rename(&path, &aside).map_err(StoreError::io("set aside", &path))?;
            let (path, aside) = (path.display(), aside.display());
            warnings.push(format!("{path} is damaged and lies in {aside} now; peers are asked for what was in it"));
            break;
        }
    }
    Ok(warnings)
}

/// Takes in a file of papers, and says whether all of it made sense.
fn read_file(bytes: &[u8], ledger: &mut Ledger, history: &DiskHistory) -> bool {
    let Ok(papers) = cbor::decode_exact::<Vec<PapersForm>>(bytes) else { return false };
    papers.into_iter().all(|form| ledger.take_papers(&form.into(), history).is_ok())
}

fn folder(home: &Home) -> PathBuf {
    home.network_dir().join("ballots")
}

fn file(home: &Home, version: u64) -> PathBuf {
    folder(home).join(format!("{version:020}"))
}
