//! Taking the bytes of a segment file apart into runs that each end at an anchor, and telling what a crash left unfinished
//! from what is damaged.
//!
//! Unfinished is only what can be the beginning of a piece that was being written when the power went. A whole piece that is not as
//! it was written, or that no signature vouches for, is damage: nothing of that kind is ever appended, and a flipped bit must not
//! make what was acknowledged look as if it had never been. In doubt it is damage, for damage is kept and asked for again.

use nanduti_protocol::{
    hash::Hash,
    limits,
    run::{ReceivedRun, RunError, VerifiedRun},
};

use super::piece::{Front, Head, Unpacker, front};

/// Why reading a file stopped early, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    /// In the file.
    pub(super) offset: usize,
    pub(super) what: String,
    /// A piece that begins here and would reach past the end of the file.
    pub(super) unfinished: bool,
}

/// A run, and how many bytes of the file it takes.
pub(super) type Walked = (VerifiedRun, usize);

/// The run at the front of `rest`, which begins at `offset` of its file: the pieces that make about a megabyte together, or one.
pub(super) fn next_run(network: &Hash, rest: &[u8], offset: usize) -> Result<Walked, Stop> {
    let stop = |what: String| Stop { offset, what, unfinished: false };
    let mut unpacker = Unpacker::new().map_err(|error| stop(error.to_string()))?;
    let (first, frame) = match front(rest) {
        Front::Whole(head, frame) => (head, frame),
        Front::Unfinished => return Err(Stop { unfinished: true, ..stop("an unfinished write".into()) }),
        Front::Damaged => return Err(stop("the bytes are not those that were written".into())),
    };
    let mut content = Vec::with_capacity(limits::SEGMENT_TARGET);
    if !unpacker.append(frame, first.content(), &mut content) {
        return Err(stop("what does not decompress".into()));
    }
    let (mut len, mut count) = (first.whole(), 1);
    while let Some(Front::Whole(head, frame)) = rest.get(len..).filter(|rest| !rest.is_empty()).map(front) {
        let fits = content.len() + head.content() <= limits::SEGMENT_TARGET;
        if !fits || !unpacker.append(frame, head.content(), &mut content) {
            break;
        }
        (len, count) = (len + head.whole(), count + 1);
    }
    let mut run = verified(network, content);
    if run.is_err() && count > 1 {
        // Together they are no run. What is wrong behind the first is found when its turn comes.
        let mut alone = Vec::new();
        unpacker.append(frame, first.content(), &mut alone);
        (run, len, count) = (verified(network, alone), first.whole(), 1);
    }
    match run {
        Ok(run) if count > 1 || fits(&first, &run) => Ok((run, len)),
        Ok(_) => Err(stop("a head that does not fit what follows it".into())),
        Err(error) => Err(stop(fault_of(&error))),
    }
}

fn verified(network: &Hash, content: Vec<u8>) -> Result<VerifiedRun, RunError> {
    ReceivedRun::receive(content)?.verify(network)
}

fn fits(head: &Head, run: &VerifiedRun) -> bool {
    (head.first, head.count as usize) == (run.first_seq(), run.items().len())
}

fn fault_of(error: &RunError) -> String {
    match error {
        RunError::Entry { error, .. } => error.to_string(),
        RunError::Form { .. } => "not an entry".into(),
        RunError::Sequence { .. } | RunError::Link { .. } => "an entry that does not follow the one before".into(),
        RunError::Body { .. } => "a body that is not the one that its entry commits to".into(),
        RunError::BodyMissing { .. } => "an entry without its body".into(),
        RunError::Anchor(_) | RunError::Spacing { .. } => "an entry that no signature vouches for".into(),
        other => other.to_string(),
    }
}
