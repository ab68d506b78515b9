//! Which entry has which hash: the beginnings of all hashes held, in memory, sixteen bytes each.
//!
//! People name an entry by the first characters of its hash, and a page by all of them. A tree on the disk would be written to
//! at a random place for every entry, which costs more than all else that is done for it; so this one is made at start
//! from the blocks of the index, which hold every hash. It finds candidates: whoever asks compares the whole hash.

use std::collections::{BTreeMap, BTreeSet};

use nanduti_protocol::{hash::Hash, key::PublicKey};

use super::Located;

/// How much of a hash is remembered.
const START_LEN: usize = 8;

/// The beginnings of all hashes, with the places of their entries.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Logs by their number; numbers are never given twice.
    logs: Vec<PublicKey>,
    numbers: BTreeMap<PublicKey, u32>,
    /// Beginning of the hash, number of the log, place in it. A log has fewer than 2^32 places (`limits::LOG_ENTRIES_MAX`).
    starts: BTreeSet<(u64, u32, u32)>,
}

impl Ids {
    /// Remembers an entry.
    pub(super) fn insert(&mut self, log: &PublicKey, seq: u64, hash: &Hash) {
        let number = self.number_of(log);
        self.starts.insert((start_of(hash), number, narrow(seq)));
    }

    /// Forgets an entry.
    pub(super) fn remove(&mut self, log: &PublicKey, seq: u64, hash: &Hash) {
        if let Some(number) = self.numbers.get(log) {
            self.starts.remove(&(start_of(hash), *number, narrow(seq)));
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Where entries stand whose hashes begin with these bytes, of which eight are looked at; at most `most`.
    pub(super) fn find(&self, hash_start: &[u8], most: usize) -> Vec<Located> {
        let (mut low, mut high) = ([0; START_LEN], [0xff; START_LEN]);
        for (at, byte) in hash_start.iter().take(START_LEN).enumerate() {
            (low[at], high[at]) = (*byte, *byte);
        }
        let range = (u64::from_be_bytes(low), 0, 0)..=(u64::from_be_bytes(high), u32::MAX, u32::MAX);
        let place = |(_, number, seq): &(u64, u32, u32)| {
            Some(Located { log: *self.logs.get(*number as usize)?, seq: u64::from(*seq) })
        };
        self.starts.range(range).filter_map(place).take(most).collect()
    }

    fn number_of(&mut self, log: &PublicKey) -> u32 {
        if let Some(number) = self.numbers.get(log) {
            return *number;
        }
        let number = narrow(self.logs.len() as u64);
        self.logs.push(*log);
        self.numbers.insert(*log, number);
        number
    }
}

fn start_of(hash: &Hash) -> u64 {
    hash.as_bytes().first_chunk().map_or(0, |start| u64::from_be_bytes(*start))
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_any_beginning_of_their_hash() {
        let log = PublicKey::from_bytes([7; 32]);
        let mut ids = Ids::default();
        let hashes: Vec<Hash> = (0..200_u64).map(|seq| Hash::of(&seq.to_be_bytes())).collect();
        for (seq, hash) in (0..).zip(&hashes) {
            ids.insert(&log, seq, hash);
            ids.insert(&log, seq, hash);
        }
        for (seq, hash) in (0..).zip(&hashes) {
            for len in [4, 8, 32] {
                assert_eq!(ids.find(&hash.as_bytes()[..len], 9), [Located { log, seq }], "{len} bytes");
            }
        }
        assert_eq!(ids.find(&[], 1000).len(), 200);
        assert_eq!(ids.find(&[], 3).len(), 3);
        ids.remove(&log, 5, &hashes[5]);
        assert_eq!(ids.find(hashes[5].as_bytes(), 9), []);
    }
}
