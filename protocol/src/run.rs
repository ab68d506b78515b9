//! A run: consecutive entries of one log with their bodies, in the one form that is used on disk, on the wire, in a bundle
//! and in a mirror: a CBOR Sequence (RFC 8742) of `[entry, body]`, where a withheld or erased body is null.
//!
//! A run passes two doors here, each a type that only the door before can make:
//!
//! ```text
//! bytes → ReceivedRun   bounded, every item decoded, canonical
//!       → VerifiedRun   linked by hashes, bodies match, the last entry's signature verifies, and that of each that has to
//! ```
//!
//! One signature vouches for a run, since each entry commits to all the bytes of the one before. Besides, the entry at every
//! place before a multiple of [`limits::ANCHOR_SPACING`] has to carry its own: so whoever holds any place of a branch can show
//! by a short [`Chain`] that the key wrote it, which is what fork proofs are made of. Nothing here knows who may speak: that
//! is authority's.

use alloc::vec::Vec;

use crate::{
    chain::Chain,
    entry::{BodyRef, Entry, EntryError},
    envelope::{EnvelopeError, byte_string_head_len, push_byte_string, split_byte_string},
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    limits,
    networks::NetworkOf,
};

/// The head of an item: an array of two.
const ITEM_HEAD: u8 = 0x82;
/// A body that is not here.
const NULL: u8 = 0xf6;

/// Why a run was refused. Every one of these is the sender's fault: it could have checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// No items.
    #[error("an empty segment")]
    Empty,
    /// More bytes than a segment may have.
    #[error("a segment of {0} bytes, more than one may have")]
    Oversized(usize),
    /// Not `[entry, body]`, or cut off.
    #[error("not a sequence of items at byte {offset}")]
    Form {
        /// Where the item begins.
        offset: usize,
    },
    /// An entry is at fault.
    #[error("entry at byte {offset}: {error}")]
    Entry {
        /// Where the item begins.
        offset: usize,
        /// What is wrong.
        error: EntryError,
    },
    /// Entries of two logs, or places that do not follow one another.
    #[error("the entry at byte {offset} is not the next of its log")]
    Sequence {
        /// Where the item begins.
        offset: usize,
    },
    /// An entry does not commit to the one before.
    #[error("the entry at byte {offset} does not link to the one before")]
    Link {
        /// Where the item begins.
        offset: usize,
    },
    /// A body is not the one that its entry commits to.
    #[error("the body at byte {offset} is not the one that its entry commits to")]
    Body {
        /// Where the item begins.
        offset: usize,
    },
    /// A body is missing that must not be.
    #[error("the entry at byte {offset} has to come with its body")]
    BodyMissing {
        /// Where the item begins.
        offset: usize,
    },
    /// The signature of an entry at a place where each has to carry its own does not verify.
    #[error("the entry at byte {offset}, at a place where each has to be signed: {error}")]
    Spacing {
        /// Where the item begins.
        offset: usize,
        /// What is wrong.
        error: EnvelopeError,
    },
    /// The last entry's signature does not verify.
    #[error("the last entry: {0}")]
    Anchor(EnvelopeError),
}

/// One item of a run: what is known of an entry without looking at its bytes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Hash of the entry.
    pub hash: Hash,
    /// What the entry says.
    pub kind: Kind,
    /// Who may read its body.
    pub audience: Audience,
    /// The author's claim of when.
    pub time: u64,
    /// The body it commits to.
    pub body: BodyRef,
    /// Is the body here?
    pub held: bool,
    /// Where the item begins in the run.
    pub offset: u32,
    /// Where the bytes of the entry begin in the run, and their number.
    entry: (u32, u32),
    /// Where the bytes of the body begin in the run.
    body_offset: u32,
}

impl Item {
    /// The bytes of the item when its body is there, whether it is here or not: what bounds are measured by, so that a
    /// withheld body does not show in them.
    pub fn whole_len(&self) -> u64 {
        whole_len(self.entry.1 as usize, &self.body)
    }
}

/// The bytes of an item whose entry has so many, when its body is there.
pub(crate) fn whole_len(entry: usize, body: &BodyRef) -> u64 {
    let body_head = byte_string_head_len(usize::try_from(body.size).unwrap_or(usize::MAX));
    (1 + byte_string_head_len(entry) + entry + body_head) as u64 + body.size
}

/// A run that is bounded, decoded and canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedRun {
    log: PublicKey,
    first_seq: u64,
    /// What the first entry commits to: the entry before, or the network.
    prev: Hash,
    items: Vec<Item>,
    bytes: Vec<u8>,
}

/// A run that is linked, whose bodies match, whose last entry is an anchor, and in which an anchor stands wherever one has to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRun(ReceivedRun);

impl ReceivedRun {
    /// Takes the bytes of a segment apart.
    ///
    /// # Errors
    /// If they are not a run within the bounds, of one log, without gaps, linked, each body the one committed to.
    pub fn receive(bytes: Vec<u8>) -> Result<Self, RunError> {
        if bytes.len() > limits::SEGMENT_MAX {
            return Err(RunError::Oversized(bytes.len()));
        }
        let mut run = Reading::default();
        let mut offset = 0;
        while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            offset += run.read_item(offset, rest)?;
        }
        let Reading { log, first_seq, prev, items, .. } = run;
        let log = log.ok_or(RunError::Empty)?;
        Ok(Self { log, first_seq, prev, items, bytes })
    }

    /// Checks the signature of the last entry, which vouches for all before it, and those of the entries that have to carry
    /// their own wherever they stand.
    ///
    /// # Errors
    /// If one of them does not verify for the network of the log.
    pub fn verify(self, networks: &(impl NetworkOf + ?Sized)) -> Result<VerifiedRun, RunError> {
        let network = &networks.network_of(&self.log);
        let (last, before) = self.items.split_last().ok_or(RunError::Empty)?;
        for item in self.spaced().filter_map(|index| before.get(index)) {
            let offset = item.offset as usize;
            self.entry(item)?.verify(network).map_err(|error| RunError::Spacing { offset, error })?;
        }
        self.entry(last)?.verify(network).map_err(RunError::Anchor)?;
        Ok(VerifiedRun(self))
    }

    /// The log.
    pub fn log(&self) -> PublicKey {
        self.log
    }

    /// The items in their order.
    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// How many items at the front of the run would pass [`ReceivedRun::verify`]: everything after the last entry whose own
    /// signature verifies is cut off. For a file that was torn while it was written.
    pub fn anchored_len(&self, networks: &(impl NetworkOf + ?Sized)) -> usize {
        let network = &networks.network_of(&self.log);
        let bad = self.spaced().find(|index| !self.items.get(*index).is_some_and(|item| self.is_anchor(item, network)));
        self.last_anchor(bad.unwrap_or(self.items.len()), network)
    }

    /// The number of items up to the last anchor among the first `most`.
    fn last_anchor(&self, most: usize, network: &Hash) -> usize {
        let among = self.items.get(..most).unwrap_or(&self.items);
        among.iter().rposition(|item| self.is_anchor(item, network)).map_or(0, |last| last + 1)
    }

    fn is_anchor(&self, item: &Item, network: &Hash) -> bool {
        self.entry(item).is_ok_and(|entry| entry.verify(network).is_ok())
    }

    /// The items that have to carry their own signature: those at places before a multiple of the spacing.
    fn spaced(&self) -> impl Iterator<Item = usize> + use<> {
        let spacing = limits::ANCHOR_SPACING;
        let first = usize::try_from(spacing - 1 - self.first_seq % spacing).unwrap_or(usize::MAX);
        (first..self.items.len()).step_by(usize::try_from(spacing).unwrap_or(usize::MAX))
    }

    /// The entry of an item.
    pub(crate) fn entry(&self, item: &Item) -> Result<Entry<'_>, RunError> {
        let offset = item.offset as usize;
        let (start, len) = (item.entry.0 as usize, item.entry.1 as usize);
        let bytes = self.bytes.get(start..start + len).ok_or(RunError::Form { offset })?;
        Entry::decode(bytes).map_err(|error| RunError::Entry { offset, error })
    }
}

impl VerifiedRun {
    /// The log.
    pub fn log(&self) -> PublicKey {
        self.0.log
    }

    /// Place of the first entry.
    pub fn first_seq(&self) -> u64 {
        self.0.first_seq
    }

    /// Place after the last entry.
    pub fn next_seq(&self) -> u64 {
        self.0.first_seq + self.0.items.len() as u64
    }

    /// What the first entry commits to: the hash of the entry before, or the network id.
    pub fn prev(&self) -> Hash {
        self.0.prev
    }

    /// Hash of the last entry.
    pub fn head(&self) -> Hash {
        self.0.items.last().map_or(self.0.prev, |item| item.hash)
    }

    /// The items in their order.
    pub fn items(&self) -> &[Item] {
        &self.0.items
    }

    /// The item at a place of the log.
    pub fn item_at(&self, seq: u64) -> Option<&Item> {
        let index = seq.checked_sub(self.0.first_seq)?;
        self.0.items.get(usize::try_from(index).ok()?)
    }

    /// The hash that the run shows at a place: of an entry in it, or of the one before, to which its first entry commits.
    pub fn hash_at(&self, seq: u64) -> Option<Hash> {
        match self.item_at(seq) {
            Some(item) => Some(item.hash),
            None => (seq.checked_add(1) == Some(self.0.first_seq)).then_some(self.0.prev),
        }
    }

    /// All bytes, as they stand in a segment.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The bytes of an entry.
    pub fn entry_bytes(&self, item: &Item) -> &[u8] {
        let (start, len) = (item.entry.0 as usize, item.entry.1 as usize);
        self.0.bytes.get(start..start + len).unwrap_or_default()
    }

    /// The bytes of a body, if it is here.
    pub fn body_bytes(&self, item: &Item) -> Option<&[u8]> {
        let start = item.body_offset as usize;
        let end = start + usize::try_from(item.body.size).ok()?;
        if item.held { self.0.bytes.get(start..end) } else { None }
    }

    /// The chain that begins at a place of the run.
    pub fn chain_from(&self, seq: u64, networks: &(impl NetworkOf + ?Sized)) -> Option<Chain> {
        Chain::read(&networks.network_of(&self.log()), seq, |seq| {
            self.item_at(seq).map(|item| self.entry_bytes(item).to_vec())
        })
    }

    /// The longest front of the run that lies below `seq` and ends at an entry whose own signature verifies.
    #[must_use]
    pub fn ending_before(mut self, seq: u64, networks: &(impl NetworkOf + ?Sized)) -> Option<Self> {
        let network = &networks.network_of(&self.log());
        let most = usize::try_from(seq.checked_sub(self.0.first_seq)?).unwrap_or(usize::MAX);
        if most < self.0.items.len() {
            let cut = self.0.items.get(most)?.offset;
            self.0.items.truncate(most);
            self.0.bytes.truncate(cut as usize);
        }
        // Those that have to be signed have been checked: the last one that is has only to be found.
        let keep = self.0.last_anchor(self.0.items.len(), network);
        if let Some(first_cut) = self.0.items.get(keep) {
            self.0.bytes.truncate(first_cut.offset as usize);
            self.0.items.truncate(keep);
        }
        if self.0.items.is_empty() { None } else { Some(self) }
    }

    /// The shortest front of the run that holds `seq` and ends at an entry whose own signature verifies.
    #[must_use]
    pub fn ending_above(mut self, seq: u64, networks: &(impl NetworkOf + ?Sized)) -> Option<Self> {
        let network = &networks.network_of(&self.log());
        let first = usize::try_from(seq.checked_sub(self.0.first_seq)?).ok()?;
        let above = self.0.items.get(first..)?;
        let keep = first + above.iter().position(|item| self.0.is_anchor(item, network))? + 1;
        if let Some(first_cut) = self.0.items.get(keep) {
            self.0.bytes.truncate(first_cut.offset as usize);
            self.0.items.truncate(keep);
        }
        Some(self)
    }

    /// The same run without its first items: those below `seq`.
    #[must_use]
    pub fn starting_at(mut self, seq: u64) -> Option<Self> {
        let skip = usize::try_from(seq.checked_sub(self.0.first_seq)?).ok()?;
        if skip == 0 {
            return Some(self);
        }
        let cut = self.0.items.get(skip)?.offset;
        self.0.prev = self.0.items.get(skip - 1)?.hash;
        self.0.items.drain(..skip);
        self.0.bytes.drain(..cut as usize);
        for item in &mut self.0.items {
            item.offset -= cut;
            item.entry.0 -= cut;
            item.body_offset -= cut;
        }
        self.0.first_seq = seq;
        Some(self)
    }
}

/// Appends one item to a segment.
pub fn push_item(out: &mut Vec<u8>, entry: &[u8], body: Option<&[u8]>) {
    out.push(ITEM_HEAD);
    push_byte_string(out, entry);
    match body {
        Some(body) => push_byte_string(out, body),
        None => out.push(NULL),
    }
}

/// The length of the item at the front, if it is whole; for finding where a torn file ends.
pub fn item_len(bytes: &[u8]) -> Option<usize> {
    split_item(bytes).map(|(_, _, len)| len)
}

/// The bytes of an entry, those of its body unless they are withheld, and the length of the item that holds both.
pub type RawItem<'a> = (&'a [u8], Option<&'a [u8]>, usize);

/// Takes the item at the front apart.
pub fn split_item(bytes: &[u8]) -> Option<RawItem<'_>> {
    let (&ITEM_HEAD, rest) = bytes.split_first()? else { return None };
    let (entry, rest) = split_byte_string(rest)?;
    let (body, rest) = match rest.split_first()? {
        (&NULL, rest) => (None, rest),
        _ => split_byte_string(rest).map(|(body, rest)| (Some(body), rest))?,
    };
    Some((entry, body, bytes.len() - rest.len()))
}

/// A run while it is being read.
#[derive(Default)]
struct Reading {
    log: Option<PublicKey>,
    first_seq: u64,
    prev: Hash,
    head: Hash,
    items: Vec<Item>,
}

impl Reading {
    /// Reads the item at the front of `rest`, which begins at `offset`; returns its length.
    fn read_item(&mut self, offset: usize, rest: &[u8]) -> Result<usize, RunError> {
        let (entry_bytes, body, len) = split_item(rest).ok_or(RunError::Form { offset })?;
        let entry = Entry::decode(entry_bytes).map_err(|error| RunError::Entry { offset, error })?;
        let statement = entry.statement;
        match self.log {
            None => {
                self.log = Some(statement.log);
                self.first_seq = statement.seq;
                self.prev = statement.prev;
            }
            Some(log) => {
                let expected = self.first_seq.checked_add(self.items.len() as u64);
                if log != statement.log || expected != Some(statement.seq) {
                    return Err(RunError::Sequence { offset });
                }
                if statement.prev != self.head {
                    return Err(RunError::Link { offset });
                }
            }
        }
        match body {
            Some(body) if !statement.body.is_of(body) => return Err(RunError::Body { offset }),
            None if statement.kind.needs_body() => return Err(RunError::BodyMissing { offset }),
            _ => {}
        }
        let entry_offset = offset + 1 + byte_string_head_len(entry_bytes.len());
        let body_offset = offset + len - body.map_or(0, <[u8]>::len);
        let narrow = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        self.head = entry.hash;
        self.items.push(Item {
            hash: entry.hash,
            kind: statement.kind,
            audience: statement.audience,
            time: statement.time,
            body: statement.body,
            held: body.is_some(),
            offset: narrow(offset),
            entry: (narrow(entry_offset), narrow(entry_bytes.len())),
            body_offset: narrow(body_offset),
        });
        Ok(len)
    }
}

#[cfg(test)]
mod tests;
