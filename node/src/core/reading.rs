//! Reading one log at start.
//!
//! - A log whose files are exactly as its watermark says is taken as it is, without being read.
//! - If its files have grown beyond the watermark, it is read from there on: a crash came before the watermark was moved.
//! - Anything else is read from the beginning, after all that the index had of it is forgotten.
//!
//! Root logs are always read in full, since authority is made of what they say; they are short. All logs were admitted before
//! they were written: they are carried whatever authority says of them now, and authority decides what counts. A log that ends earlier than it once did has lost something that was acknowledged; that is remembered, so that
//! nobody signs there again, and peers are asked for what is missing.

use std::fs;

use nanduti_protocol::{
    key::PublicKey,
    keyring::Opening,
    ledger::Extent,
    run::{Item, VerifiedRun},
};

use super::{CoreError, facts::Facts, open::OpeningHome, repair::note_reached, warning::Warning};
use crate::{
    disk::DiskFile,
    store::{Head, Repair, Scanned, StoreError, Tail, Watermark},
    sync_dir,
};

/// How the files of a log fit its watermark.
#[derive(Clone, Copy)]
enum Fit {
    /// Exactly.
    Whole(Head),
    /// They go on behind it.
    Grown(Head),
    /// Not, or there is none.
    Not,
}

impl OpeningHome<'_> {
    /// Reads a root log in full and takes it in again. What the index has of it already is not put in again.
    pub(super) fn read_root_log(&mut self, log: &PublicKey) -> Result<(), CoreError> {
        let fit = self.fit(log)?;
        let indexed = match fit {
            Fit::Whole(head) | Fit::Grown(head) => head.next,
            Fit::Not => {
                self.forget(log)?;
                0
            }
        };
        let mut runs = Vec::new();
        let index = self.index;
        let scanned = self.scan(*log).read(self.beginning(log), &mut |run, placement| {
            if run.next_seq() > indexed {
                index.insert_run(&run, &placement, Facts::of(&run).encoded())?;
            }
            runs.push(run);
            Ok(())
        })?;
        self.note_repairs(log, &scanned)?;
        self.flush(log, fit)?;
        for run in runs {
            if let Err(refusal) = self.opened.ledger.restore_root(&run, &self.opened.disk) {
                self.warn(format!("the log {log} on the disk is not taken in: {refusal}"));
                self.index.forget(log)?;
                return Ok(());
            }
        }
        if let (Some(tail), Some(extent)) = (scanned.tail, self.opened.ledger.extent(log)) {
            self.hold(log, extent, tail);
        }
        Ok(())
    }

    /// Takes a publishing log as its watermark says, or reads what is new, or all of it.
    pub(super) fn read_publishing_log(&mut self, log: &PublicKey) -> Result<(), CoreError> {
        let mut opening = self.opened.disk.opening_of(log);
        let fit = if opening.is_some() { self.fit(log)? } else { Fit::Not };
        let (from, mut bytes, known_tail) = match fit {
            Fit::Whole(head) | Fit::Grown(head) => {
                let file = Some((head.file, head.file_len));
                (Watermark { next: head.next, head: head.head, file }, head.bytes, Some(tail_of(&head)))
            }
            Fit::Not => {
                opening = None;
                self.forget(log)?;
                (self.beginning(log), 0, None)
            }
        };
        let scanned = if matches!(fit, Fit::Whole(_)) {
            Scanned { next: from.next, head: from.head, tail: known_tail, repairs: Vec::new() }
        } else {
            let index = self.index;
            self.scan(*log).read(from, &mut |run, placement| {
                bytes += run.items().iter().map(Item::whole_len).sum::<u64>();
                opening = opening.take().or_else(|| opening_in(&run));
                index.insert_run(&run, &placement, Facts::of(&run).encoded())
            })?
        };
        self.note_repairs(log, &scanned)?;
        self.flush(log, fit)?;
        let Some(tail) = scanned.tail.or(known_tail) else { return Ok(()) };
        let Some(opening) = opening else {
            self.warn(format!("the log {log} on the disk does not say for whom it speaks"));
            return Ok(self.index.forget(log)?);
        };
        let extent = Extent { next: scanned.next, head: scanned.head, bytes };
        self.opened.ledger.restore(*log, extent, opening);
        self.hold(log, extent, tail);
        Ok(())
    }

    /// Flushes what no watermark stands behind: it may be there only since nobody has cut the power, and it is shown from now on.
    fn flush(&self, log: &PublicKey, fit: Fit) -> Result<(), CoreError> {
        let from = match fit {
            Fit::Whole(_) => return Ok(()),
            Fit::Grown(head) => head.file,
            Fit::Not => 0,
        };
        for file in self.scan(*log).files()?.into_iter().filter(|file| *file >= from) {
            let path = self.home.segment_file(log.as_bytes(), file);
            DiskFile::existing(&path).and_then(|open| open.sync()).map_err(StoreError::io("flush", &path))?;
        }
        let folders = [self.home.log_dir(log.as_bytes()), self.home.logs_dir()];
        Ok(folders.iter().try_for_each(|folder| sync_dir(folder).map_err(StoreError::io("flush", folder)))?)
    }

    fn hold(&mut self, log: &PublicKey, extent: Extent, tail: Tail) {
        let Extent { next, head, bytes } = extent;
        self.opened.segments.set_tail(*log, tail);
        let head = Head { next, head, bytes, file: tail.file, file_len: tail.len, files: tail.files };
        self.opened.heads.insert(*log, head);
    }

    fn beginning(&self, log: &PublicKey) -> Watermark {
        Watermark { next: 0, head: self.network_of(log), file: None }
    }

    /// How the files of a log fit its watermark, by their names and lengths.
    fn fit(&self, log: &PublicKey) -> Result<Fit, CoreError> {
        let Some(head) = self.known.get(log).copied() else { return Ok(Fit::Not) };
        let files = self.scan(*log).files()?;
        let below = files.partition_point(|file| *file <= head.file);
        let len_of =
            |file: u64| fs::metadata(self.home.segment_file(log.as_bytes(), file)).ok().map(|found| found.len());
        let len_below = |file: u64| match len_of(file) {
            Some(len) if file == head.file && len > head.file_len => Some(head.file_len),
            len => len,
        };
        if !self.index.fits_files(log, head.next, files.get(..below).unwrap_or_default(), len_below)? {
            return Ok(Fit::Not);
        }
        let whole =
            below == files.len() && len_of(head.file) == Some(head.file_len) && files.len() as u64 == head.files;
        Ok(if whole { Fit::Whole(head) } else { Fit::Grown(head) })
    }

    /// Takes everything of a log out of the index; what is sound is put in again as it is read.
    pub(super) fn forget(&mut self, log: &PublicKey) -> Result<(), CoreError> {
        Ok(self.index.forget(log)?)
    }

    fn note_repairs(&mut self, log: &PublicKey, scanned: &Scanned) -> Result<(), CoreError> {
        let mut set_aside = false;
        for repair in &scanned.repairs {
            match repair {
                Repair::Cut { file, len, bytes } => {
                    let file = file.display();
                    self.warn(format!("an unfinished write of {bytes} bytes was cut off {file} at byte {len}"));
                }
                Repair::SetAside { damage, reached } => {
                    set_aside = true;
                    let (log, reached, damage) = (*log, *reached, damage.clone());
                    self.warn_of_log(Warning::Aside { log, reached, damage }, scanned.next);
                    note_reached(self.home, self.local, &log, reached)?;
                }
            }
        }
        self.note_lost(log, scanned.next, set_aside)
    }

    /// Remembers if a log reached further once than it does now.
    pub(super) fn note_lost(&mut self, log: &PublicKey, next: u64, told: bool) -> Result<(), CoreError> {
        let known = self.known.get(log).map_or(0, |head| head.next);
        let arrived = super::read::last_arrival(self.local, log)?.map_or(0, |seq| seq + 1);
        let reached = known.max(arrived);
        if next >= reached {
            return Ok(());
        }
        note_reached(self.home, self.local, log, reached)?;
        if !told {
            self.warn_of_log(Warning::Short { log: *log, reached }, next);
        }
        Ok(())
    }
}

fn tail_of(head: &Head) -> Tail {
    Tail { file: head.file, len: head.file_len, files: head.files }
}

fn opening_in(run: &VerifiedRun) -> Option<Opening> {
    Opening::decode(run.body_bytes(run.item_at(0)?)?).ok()
}
