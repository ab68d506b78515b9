//! A library of practices, signed: five members, each with its share of the logs.
//!
//! Everything follows from the number of practices and of logs, so that the same library can be made again. The keys can be
//! guessed by anybody: it is for measuring only.

use std::io::{Error, Result};

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    hash::Hash,
    kind::Kind,
    limits,
    record::{Record, RecordBody},
    roster::Roster,
    run::VerifiedRun,
    testing::{Founding, LogWriter, live, ring},
    ticket::{RosterRef, Ticket},
};

use crate::text;

/// Raised when the same numbers give another library: filled homes that are kept go stale then.
pub(crate) const VERSION: u32 = 1;

/// The members of the network.
const MEMBERS: usize = 5;

/// Items of a run that is handed in: what a synchronisation sends in one segment.
const RUN: u64 = (limits::SEGMENT_TARGET / (text::TEXT_BYTES + 512)) as u64;

/// A library that is not signed yet.
pub(crate) struct Library {
    practices: u64,
    founding: Founding,
    /// Logs with nothing but their opening, in turn of member after member.
    logs: Vec<LogWriter>,
    record: Record,
}

impl Library {
    /// The library of so many practices in so many logs.
    pub(crate) fn new(practices: u64, logs: usize) -> Result<Self> {
        let most = limits::KEYRING_LINES_MAX * MEMBERS;
        if logs == 0 || logs > most || practices < logs as u64 {
            return Err(Error::other(format!("from 1 to {most} logs, and a practice in each at least")));
        }
        let founding = Founding::with(3, MEMBERS.min(logs), |charter| {
            charter.bounds.keys = limits::KEYRING_LINES_MAX as u64;
        });
        let logs = (0..logs).zip(founding.actors.iter().cycle());
        let logs = logs.map(|(number, actor)| {
            let name = format!("nanduti bench log {number}");
            founding.publish_log(&actor.id, &SigningKey::from_bytes(Hash::of(name.as_bytes()).as_bytes()))
        });
        let logs = logs.collect();
        let draft = nanduti_node::authoring::parse(&text::practice(0, "A practice made for measuring."));
        let record = draft.map_err(|_| Error::other("the practice of the texts is not whole"))?.record;
        Ok(Self { practices, founding, logs, record })
    }

    /// The network.
    pub(crate) fn network(&self) -> Hash {
        self.founding.network
    }

    /// Entries in all: charters, keyrings, openings, practices.
    pub(crate) fn entries(&self) -> u64 {
        2 * self.founding.actors.len() as u64 + self.logs.len() as u64 + self.practices
    }

    /// A ticket to the network.
    pub(crate) fn ticket(&self) -> String {
        let roster = RosterRef { hash: Roster::founding(&self.founding.charter).hash(), version: 0 };
        Ticket { roster, network: self.network(), addresses: Vec::new() }.to_text()
    }

    /// The root logs: who may speak.
    pub(crate) fn roots(&self) -> Vec<VerifiedRun> {
        let members = self.founding.actors.len();
        let roots = self.founding.actors.iter().enumerate().map(|(place, actor)| {
            let own = self.logs.iter().skip(place).step_by(members);
            let lines: Vec<_> = own.filter_map(|log| Some(live(log, log.place(0)?))).collect();
            let mut root = self.founding.root_log(actor);
            root.push(Kind::Keyring, &ring(&lines));
            root.whole()
        });
        roots.collect()
    }

    /// The whole log of this place, signed.
    pub(crate) fn log(&self, place: usize) -> Result<LogWriter> {
        let mut log = self.logs.get(place).ok_or_else(|| Error::other("no such log"))?.clone();
        for number in (place as u64..self.practices).step_by(self.logs.len()) {
            log.push(Kind::Practice, &self.body(number)?);
        }
        Ok(log)
    }

    /// The number of logs that practices are in.
    pub(crate) fn logs(&self) -> usize {
        self.logs.len()
    }

    /// The body of a practice.
    pub(crate) fn body(&self, number: u64) -> Result<Vec<u8>> {
        let mut record = self.record.clone();
        record.set("title", format!("Practice number {number}").into());
        record.set("description", text::text(number).into());
        let mut salt = [0; 16];
        salt.copy_from_slice(&Hash::of(&number.to_be_bytes()).as_bytes()[..16]);
        RecordBody::first(salt, record).encode().map_err(Error::other)
    }
}

/// A log in runs of the size that travels.
pub(crate) fn runs(log: &LogWriter) -> impl Iterator<Item = VerifiedRun> {
    (0..log.len()).step_by(RUN as usize).map(|from| log.run(from..log.len().min(from + RUN)))
}

#[cfg(test)]
mod tests {
    use nanduti_protocol::testing::Host;

    use super::*;

    #[test]
    fn every_entry_of_a_library_is_admitted_and_counts() {
        for (practices, logs) in [(20, 1), (23, 5), (30, 12)] {
            let library = Library::new(practices, logs).unwrap();
            let mut host = Host::new(library.network());
            for run in library.roots() {
                host.deliver(&run).unwrap();
            }
            for place in 0..library.logs() {
                for run in runs(&library.log(place).unwrap()) {
                    host.deliver(&run).unwrap();
                }
            }
            assert_eq!(host.counted().len() as u64, library.entries(), "{practices} in {logs}");
        }
        assert!(Library::new(4, 5).is_err());
        assert!(Library::new(10_000, 1281).is_err());
    }
}
