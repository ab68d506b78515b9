//! A block: what the index knows of a run of entries that was appended in one piece.
//!
//! A block ends at an anchor, so that serving whole blocks needs no signature check. It carries the hash of its bytes, so
//! that nothing damaged is ever served, and the hash and length of each item, so that any place of the log can be found.
//!
//! On the disk it is one piece or several in a row (see [`super::piece`]), compressed; its items are numbered by their places in the run.
//!
//! It also says whether an entry in it is for members only, so that what is for everybody leaves without being unpacked.
//!
//! Layout, all integers big-endian: file u64, offset u64, bytes on the disk u32, digest of these 32 bytes, then for each item hash
//! 32 bytes and a u32: its length, and in the highest bit whether it is for members only.

use nanduti_protocol::{hash::Hash, kind::Audience, run::VerifiedRun};

use super::{Placement, StoreError};

const HEAD: usize = 8 + 8 + 4 + 32;
const ITEM: usize = 32 + 4;
/// Set in the length of an item that is for members only. No item is half as long.
const FOR_MEMBERS: u32 = 1 << 31;

/// A block as it stands in the index.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    first_seq: u64,
    bytes: sled::IVec,
}

impl Block {
    /// The index's form of a run that stands at a place.
    pub(crate) fn encode(run: &VerifiedRun, placement: &Placement) -> Vec<u8> {
        let items = run.items();
        let mut out = Vec::with_capacity(HEAD + ITEM * items.len());
        out.extend_from_slice(&placement.file.to_be_bytes());
        out.extend_from_slice(&placement.offset.to_be_bytes());
        out.extend_from_slice(&placement.len.to_be_bytes());
        out.extend_from_slice(placement.digest.as_bytes());
        let ends = items.iter().skip(1).map(|item| item.offset).chain([run.bytes().len() as u32]);
        for (item, end) in items.iter().zip(ends) {
            out.extend_from_slice(item.hash.as_bytes());
            let readers = if item.audience == Audience::Members { FOR_MEMBERS } else { 0 };
            out.extend_from_slice(&((end - item.offset) | readers).to_be_bytes());
        }
        out
    }

    /// Reads the index's form.
    pub(crate) fn decode(first_seq: u64, bytes: sled::IVec) -> Result<Self, StoreError> {
        let items = bytes.len().checked_sub(HEAD).filter(|rest| *rest > 0 && rest.is_multiple_of(ITEM));
        items.ok_or(StoreError::IndexContent("a block of another length"))?;
        Ok(Self { first_seq, bytes })
    }

    /// Place of the first entry in the log.
    pub(crate) fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// Place after the last entry.
    pub(crate) fn next_seq(&self) -> u64 {
        self.first_seq + ((self.bytes.len() - HEAD) / ITEM) as u64
    }

    /// First place of the segment file that holds it.
    pub(crate) fn file(&self) -> u64 {
        u64::from_be_bytes(self.part(0))
    }

    /// Where it begins in the file.
    pub(crate) fn offset(&self) -> u64 {
        u64::from_be_bytes(self.part(8))
    }

    /// How many bytes it takes in the file.
    pub(crate) fn stored_len(&self) -> u32 {
        u32::from_be_bytes(self.part(16))
    }

    /// Hash of its bytes in the file.
    pub(crate) fn digest(&self) -> Hash {
        Hash::from_bytes(self.part(20))
    }

    /// Bytes of all its items.
    pub(crate) fn run_len(&self) -> u64 {
        (self.first_seq..self.next_seq()).map(|seq| u64::from(self.item_len(seq))).sum()
    }

    /// Is an entry in it for members only, whether its body is here or not?
    pub(crate) fn is_for_members(&self) -> bool {
        (self.first_seq..self.next_seq()).any(|seq| self.item_field(seq) & FOR_MEMBERS != 0)
    }

    /// Hash of the entry at a place of the log.
    pub(crate) fn hash_at(&self, seq: u64) -> Option<Hash> {
        self.contains(seq).then(|| Hash::from_bytes(self.part(self.item(seq))))
    }

    /// Where the item at a place of the log begins in the run, and its length.
    pub(crate) fn span(&self, seq: u64) -> Option<(u64, u32)> {
        self.contains(seq).then(|| {
            let before = (self.first_seq..seq).map(|seq| u64::from(self.item_len(seq))).sum();
            (before, self.item_len(seq))
        })
    }

    fn contains(&self, seq: u64) -> bool {
        (self.first_seq..self.next_seq()).contains(&seq)
    }

    fn item(&self, seq: u64) -> usize {
        HEAD + ITEM * (seq - self.first_seq) as usize
    }

    fn item_len(&self, seq: u64) -> u32 {
        self.item_field(seq) & !FOR_MEMBERS
    }

    fn item_field(&self, seq: u64) -> u32 {
        u32::from_be_bytes(self.part(self.item(seq) + 32))
    }

    fn part<const N: usize>(&self, at: usize) -> [u8; N] {
        self.bytes
            .get(at..at + N)
            .and_then(|part| part.try_into().ok())
            .expect("the length was checked when it was read")
    }
}
