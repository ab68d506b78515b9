//! Reading what is durable: runs to serve, bodies, places, arrival times. All of it blocks on the disk.

use std::collections::BTreeMap;

use nanduti_protocol::{
    entry::{Entry, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    library::{Series, Withdrawal},
    run::{ReceivedRun, item_len, split_item},
};

use super::{Core, CoreError, command::Command, library::SeriesKey};
use crate::store::{Block, Damage, Index, Located, OpenSegment, Reader, StoreError};

/// An entry with its body, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct BodyAt {
    /// Hash of the entry.
    pub(crate) hash: Hash,
    /// What the entry states.
    pub(crate) statement: Statement,
    /// The body, if it is held.
    pub(crate) body: Option<Vec<u8>>,
    /// Segment file, relative to the home.
    pub(crate) segment: String,
    /// Where the block begins in the file in which the item is.
    pub(crate) offset: u64,
}

/// A run as it is on the disk.
#[derive(Debug)]
pub(crate) struct Framed {
    /// One zstd frame.
    pub(crate) frame: Vec<u8>,
    /// Entries in it.
    pub(crate) count: u64,
    /// Bytes of the run.
    pub(crate) len: usize,
    /// Is an entry in it for members only?
    pub(crate) for_members: bool,
}

/// In `local/`: when what begins at a place of a log became durable here.
pub(super) const ARRIVALS: &str = "arrivals";

/// Notes when entries arrived, from a place on.
pub(super) fn note_arrival(tree: &sled::Tree, log: &PublicKey, seq: u64, now_ms: u64) -> Result<(), StoreError> {
    let key = [log.as_bytes().as_slice(), &seq.to_be_bytes()].concat();
    tree.insert(key, &now_ms.to_be_bytes())?;
    Ok(())
}

/// The last place of a log at which an arrival was noted.
pub(super) fn last_arrival(local: &sled::Db, log: &PublicKey) -> Result<Option<u64>, CoreError> {
    let last = local.open_tree(ARRIVALS)?.scan_prefix(log.as_bytes()).keys().next_back().transpose()?;
    Ok(last.and_then(|key| key.get(32..40)?.try_into().ok()).map(u64::from_be_bytes))
}

/// Forgets the arrivals from a place on, where a log has been cut.
pub(super) fn forget_arrivals(local: &sled::Db, log: &PublicKey, from: u64) -> Result<(), CoreError> {
    let tree = local.open_tree(ARRIVALS)?;
    let key = |seq: u64| [log.as_bytes().as_slice(), &seq.to_be_bytes()].concat();
    for cut in tree.range(key(from)..=key(u64::MAX)).keys() {
        tree.remove(cut?)?;
    }
    Ok(())
}

impl Core {
    /// Reads entries to serve: they begin at `from` and take about `target` bytes. They end at an anchor: the last one at or below
    /// `to`, or, where there is none, the first known one above it.
    ///
    /// # Errors
    /// If the disk fails or is damaged there.
    pub fn read_run(&self, log: &PublicKey, from: u64, to: u64, target: usize) -> Result<Vec<u8>, CoreError> {
        self.mending(log, || {
            let mut out = Vec::new();
            let mut next = from;
            let mut open: Option<OpenSegment> = None;
            for block in self.index().blocks_from(log, from) {
                let block = block?;
                if block.first_seq() > next || next >= to {
                    break;
                }
                let (Some((skip, _)), last) = (block.span(next), block.next_seq().min(to)) else { continue };
                let Some((before, len)) = block.span(last - 1) else { continue };
                let keep = before + u64::from(len);
                if !out.is_empty() && out.len() as u64 + (keep - skip) > target as u64 {
                    break;
                }
                let segment = match open.take().filter(|open| open.file() == block.file()) {
                    Some(open) => open,
                    None => self.reader().open(log, block.file())?,
                };
                next = last;
                if skip == 0 && last == block.next_seq() {
                    // A block ends at an anchor, so that all of it can be served as it is.
                    segment.append_block(&block, &mut out)?;
                    open = Some(segment);
                } else if !self.append_part(&segment, &block, (skip, keep), &mut out)? {
                    break;
                }
            }
            Ok(out)
        })
    }

    /// The frame of the entries from `from` on as it is on the disk, and how many entries and bytes are in it; `None` if they do not
    /// stand there as a piece that ends at or below `to`, and takes either `least` bytes or all there is to take.
    ///
    /// # Errors
    /// If the disk fails or is damaged there.
    pub(crate) fn read_frame(
        &self,
        log: &PublicKey,
        from: u64,
        to: u64,
        least: u64,
    ) -> Result<Option<Framed>, CoreError> {
        self.mending(log, || {
            let Some(block) = self.index().block_at(log, from)? else { return Ok(None) };
            let (next, len) = (block.next_seq(), block.run_len());
            let is_all = next == to || self.index().block_at(log, next)?.is_none();
            if block.first_seq() != from || next > to || !(is_all || len >= least) {
                return Ok(None);
            }
            let frame = self.reader().open(log, block.file())?.frame(&block)?;
            let for_members = block.is_for_members();
            Ok(frame.map(|frame| Framed { frame, count: next - from, len: len as usize, for_members }))
        })
    }

    /// Appends a part of a block, cut back to its last anchor; to all that follows, if it has none and nothing came before it.
    /// Returns whether the part itself ends at one.
    fn append_part(
        &self,
        segment: &OpenSegment,
        block: &Block,
        (skip, keep): (u64, u64),
        out: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        let mut bytes = Vec::new();
        segment.append_block(block, &mut bytes)?;
        let whole = bytes.get(skip as usize..).unwrap_or_default();
        let wanted = bytes.get(skip as usize..keep as usize).unwrap_or_default();
        let anchored = if keep == bytes.len() as u64 { wanted } else { self.anchored(wanted) };
        let anchored = if anchored.is_empty() && out.is_empty() { whole } else { anchored };
        out.extend_from_slice(anchored);
        Ok(anchored.len() == wanted.len())
    }

    /// The part of some items that ends at an anchor.
    fn anchored<'a>(&self, items: &'a [u8]) -> &'a [u8] {
        let Ok(run) = ReceivedRun::receive(items.to_vec()) else { return &[] };
        let count = run.anchored_len(self.snapshot().ledger.networks());
        let len = (0..count).fold(0, |len, _| len + items.get(len..).and_then(item_len).unwrap_or(0));
        items.get(..len).unwrap_or_default()
    }

    /// Reads; what turns out to be damaged is handed to the writer, which sets it aside.
    fn mending<T>(&self, log: &PublicKey, read: impl Fn() -> Result<T, StoreError>) -> Result<T, CoreError> {
        read().map_err(|error| {
            if let StoreError::Damaged(damage) = &error {
                tracing::error!(%damage, "a segment file is damaged");
                // If the queue is full the next reader asks again; nobody waits for the answer.
                let (reply, _) = tokio::sync::oneshot::channel();
                let _ = self.queue.try_send(Command::Repair { log: *log, reply });
            }
            error.into()
        })
    }

    /// The body of an entry, if it is held.
    ///
    /// # Errors
    /// If the disk fails or is damaged there.
    pub fn body(&self, log: &PublicKey, seq: u64) -> Result<Option<Vec<u8>>, CoreError> {
        Ok(self.read_at(log, seq)?.and_then(|found| found.body))
    }

    /// Places of bodies that are wanted. Those for members only are asked for where they may be read.
    pub fn wants(&self, limit: usize, for_members: bool) -> Vec<(PublicKey, u64)> {
        let wanted = self.index().wants(limit, for_members).unwrap_or_default();
        wanted.into_iter().map(|Located { log, seq }| (log, seq)).collect()
    }

    /// Which entries of a log are held without their body, from a place to before another.
    pub(crate) fn missing(&self, log: &PublicKey, from: u64, to: u64) -> Result<Vec<u64>, CoreError> {
        Ok(self.index().wants_in(log, from, to)?)
    }

    /// An entry with its body.
    pub(crate) fn read_at(&self, log: &PublicKey, seq: u64) -> Result<Option<BodyAt>, CoreError> {
        self.mending(log, || {
            let Some(block) = self.index().block_at(log, seq)? else { return Ok(None) };
            let offset = block.offset();
            let file = self.reader().relative(log, block.file());
            let Some(bytes) = self.reader().read_item(log, &block, seq)? else { return Ok(None) };
            let damaged = |what: &str| Damage { file: file.clone(), offset, what: what.into() };
            let (entry, body, _) = split_item(&bytes).ok_or_else(|| damaged("not an entry"))?;
            let entry = Entry::decode(entry).map_err(|error| damaged(&error.to_string()))?;
            if Some(entry.hash) != block.hash_at(seq) || body.is_some_and(|body| !entry.statement.body.is_of(body)) {
                return Err(damaged("the bytes are not those that were written").into());
            }
            let (hash, segment) = (entry.hash, file.display().to_string());
            Ok(Some(BodyAt { hash, statement: entry.statement, body: body.map(<[u8]>::to_vec), segment, offset }))
        })
    }

    /// A series of a member.
    pub(crate) fn series(&self, name: &Hash, member: &MemberId) -> Result<Option<Series>, StoreError> {
        self.shared.library.series(&self.snapshot().history, name, member)
    }

    /// What was withdrawn: each series and each revision that a withdrawal of its member names, with that withdrawal.
    pub(crate) fn withdrawn(&self) -> BTreeMap<(MemberId, Hash), (Hash, Withdrawal)> {
        self.shared.library.withdrawn()
    }

    /// Every series that has its first entry, of one member or of all: what `pick` makes of them, in no particular order.
    pub(crate) fn pick_series<T>(
        &self,
        member: Option<&MemberId>,
        pick: impl FnMut(SeriesKey, Series) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.shared.library.pick(&self.snapshot().history, member, pick)
    }

    /// When the entry at a place became durable here, in milliseconds since 1970.
    pub(crate) fn arrival(&self, log: &PublicKey, seq: u64) -> Option<u64> {
        let tree = self.local().open_tree(ARRIVALS).ok()?;
        let key = |seq: u64| [log.as_bytes().as_slice(), &seq.to_be_bytes()].concat();
        let (_, value) = tree.range(key(0)..=key(seq)).next_back()?.ok()?;
        Some(u64::from_be_bytes(value.as_ref().try_into().ok()?))
    }

    /// Waits until the snapshot shows all that the writer has noted in `local/` so far: it notes when entries arrived a moment before
    /// it shows them. Blocks, and must not be called where tasks run.
    ///
    /// # Errors
    /// If the node is stopping.
    pub(crate) fn settle(&self) -> Result<(), CoreError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.queue.blocking_send(Command::Settle { reply }).map_err(|_| CoreError::Closed)?;
        match answer.blocking_recv() {
            Err(_) | Ok(Err(CoreError::Closed)) => Err(CoreError::Closed),
            // A writer that cannot write has nothing on its way.
            Ok(_) => Ok(()),
        }
    }

    pub(crate) fn index(&self) -> &Index {
        &self.shared.index
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.shared.reader
    }
}
