//! Carving items that follow one another into runs that each end at an anchor, and are no longer than needs be.

use nanduti_protocol::{
    limits,
    networks::NetworkOf,
    run::{ReceivedRun, VerifiedRun, item_len},
};

/// The runs in these items, of about a megabyte or as long as it takes to reach an anchor; `None` if they are not sound, or one
/// would be longer than a segment may be.
pub(crate) fn carve(networks: &impl NetworkOf, mut items: &[u8]) -> Option<Vec<VerifiedRun>> {
    let mut runs = Vec::new();
    while !items.is_empty() {
        let run =
            [limits::SEGMENT_TARGET, limits::SEGMENT_MAX].iter().find_map(|bound| front(networks, items, *bound))?;
        items = items.get(run.bytes().len()..)?;
        runs.push(run);
    }
    Some(runs)
}

/// The longest run at the front that ends at an anchor and takes at most about `bound` bytes.
fn front(networks: &impl NetworkOf, items: &[u8], bound: usize) -> Option<VerifiedRun> {
    let receive = |len: usize| ReceivedRun::receive(items.get(..len)?.to_vec()).ok();
    let anchored = receive(whole_items(items, bound))?.anchored_len(networks);
    let len = (0..anchored).try_fold(0, |len, _| Some(len + items.get(len..).and_then(item_len)?))?;
    receive(len)?.verify(networks).ok()
}

/// How many bytes the whole items at the front take, at most about `bound`; at least one item.
fn whole_items(items: &[u8], bound: usize) -> usize {
    let mut len = 0;
    while let Some(item) = items.get(len..).and_then(item_len) {
        if len > 0 && len + item > bound {
            break;
        }
        len += item;
    }
    len
}
