//! Drives two sessions against each other, over wires that carry real frames, in an order that a seed decides.

use alloc::{
    collections::{BTreeSet, VecDeque},
    vec::Vec,
};

use super::node::{Node, Snapshot};
use crate::{
    key::PublicKey,
    sync::{
        FRAME_HEADER_LEN, FrameHeader, FrameType, Input, Message, Outcome, Output, Serve, Session, SyncError,
        body_frame, message_frame, segment_head, split_body, split_segment,
    },
};

/// How a pair is driven.
#[derive(Clone, Copy)]
pub(super) struct Drive {
    /// Decides who goes on when both could.
    pub(super) seed: u64,
    /// Bytes of a segment.
    pub(super) target: usize,
    /// The connection breaks after this many frames.
    pub(super) cut: usize,
}

impl Default for Drive {
    fn default() -> Self {
        Self { seed: 1, target: 1024, cut: usize::MAX }
    }
}

/// What went over the wires.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    /// Names of the frames in the order of their arrival: `>` from the initiator, `<` from the responder.
    pub(super) trace: Vec<(char, &'static str)>,
    /// All bytes, both ways, with headers.
    pub(super) bytes: usize,
    /// Those of hellos and comparisons.
    pub(super) narrowing: usize,
    /// The logs of runs in the order in which they were served.
    pub(super) runs: Vec<(char, PublicKey)>,
    pub(super) outcomes: Vec<Outcome>,
}

/// Frames that one side may have under way.
const ROOM: usize = 3;

struct Side<'a> {
    node: &'a mut Node,
    snapshot: Snapshot,
    session: Session<Snapshot>,
    /// Frames on their way to the other side.
    wire: VecDeque<Vec<u8>>,
    sign: char,
}

/// One session between two nodes.
pub(super) fn sync(initiator: &mut Node, responder: &mut Node) -> Traffic {
    run(initiator, responder, None, Drive::default()).expect("both are honest")
}

/// One session, driven in a certain way; with logs, a quick pull.
pub(super) fn run(
    initiator: &mut Node,
    responder: &mut Node,
    pull: Option<&BTreeSet<PublicKey>>,
    drive: Drive,
) -> Result<Traffic, SyncError> {
    let (here, there) = (initiator.view(), responder.view());
    let first = match pull {
        Some(logs) => Session::pulling(here.clone(), logs),
        None => Session::initiator(here.clone()),
    };
    let mut sides = [
        Side { node: initiator, snapshot: here, session: first, wire: VecDeque::new(), sign: '>' },
        Side {
            node: responder,
            snapshot: there.clone(),
            session: Session::responder(there),
            wire: VecDeque::new(),
            sign: '<',
        },
    ];
    let mut traffic = Traffic::default();
    let mut random = drive.seed | 1;
    for _ in 0..drive.cut {
        for side in &mut sides {
            side.pump(drive.target, &mut traffic)?;
        }
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let turn = usize::from(random.is_multiple_of(2));
        let Some(from) = [turn, 1 - turn].into_iter().find(|&side| !sides[side].wire.is_empty()) else {
            assert!(sides.iter().all(|side| side.session.is_over()), "both wait: {:?}", traffic.trace);
            return Ok(traffic);
        };
        let frame = sides[from].wire.pop_front().expect("not empty");
        let input = read(&frame, sides[from].sign, &mut traffic);
        let to = &mut sides[1 - from];
        to.session.handle(input)?;
        to.drain(&mut traffic);
    }
    Ok(traffic)
}

/// Sessions until both are equal; how many it took, the last of which found nothing to do.
pub(super) fn until_equal(a: &mut Node, b: &mut Node) -> usize {
    for round in 1..=4 {
        let traffic = if round % 2 == 0 { sync(a, b) } else { sync(b, a) };
        if traffic.outcomes.iter().all(|outcome| outcome.equal) {
            assert_eq!(a.frontier(), b.frontier());
            return round;
        }
    }
    panic!("not equal after four sessions: {:?} {:?}", a.frontier(), b.frontier());
}

impl Side<'_> {
    /// Takes the outputs, then serves while there is room.
    fn pump(&mut self, target: usize, traffic: &mut Traffic) -> Result<(), SyncError> {
        self.drain(traffic);
        while self.wire.len() < ROOM
            && let Some(serve) = self.session.next_to_serve()
        {
            match serve {
                Serve::Send(message) => self.wire.push_back(message_frame(&message)),
                Serve::Run { log, from, to } => {
                    let (bytes, next) = self.snapshot.segment(&log, from, to, target);
                    self.session.handle(Input::Served { next })?;
                    let head = segment_head(bytes.len()).expect("within the bound");
                    let header =
                        FrameHeader::new(FrameType::Segment, head.len() + bytes.len()).expect("within the bound");
                    self.wire.push_back([header.encode().as_slice(), &head, &bytes].concat());
                    traffic.runs.push((self.sign, log));
                }
                Serve::Body { log, seq } => {
                    let frame = self.snapshot.body(&log, seq).and_then(|body| body_frame(&log, seq, &body));
                    self.wire.extend(frame);
                }
            }
            self.drain(traffic);
        }
        Ok(())
    }

    fn drain(&mut self, traffic: &mut Traffic) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Send(message) => self.wire.push_back(message_frame(&message)),
                Output::Segment(bytes) => self.node.receive(bytes),
                Output::Body { log, seq, bytes } => self.node.body(&log, seq, bytes),
                Output::Papers(papers) => self.node.papers(&papers),
                Output::Fork(proof) => self.node.fork(&proof),
                Output::Evidence(chain) => self.node.evidence(&chain),
                Output::Finished(outcome) => traffic.outcomes.push(outcome),
            }
        }
    }
}

/// Takes a frame apart as a host would.
fn read(frame: &[u8], sign: char, traffic: &mut Traffic) -> Input {
    let (header, content) = frame.split_first_chunk::<FRAME_HEADER_LEN>().expect("a header");
    let header = FrameHeader::decode(*header).expect("an honest frame");
    assert_eq!(header.len, content.len());
    traffic.bytes += frame.len();
    let (name, input) = match header.frame_type {
        FrameType::Message => {
            let message = Message::decode(content).expect("an honest message");
            if matches!(message, Message::Hello(_) | Message::Compare(_)) {
                traffic.narrowing += frame.len();
            }
            (message.name(), Input::Message(message))
        }
        FrameType::Segment => {
            let (len, run) = split_segment(content).expect("an honest segment");
            assert_eq!(len, run.len(), "nothing is compressed here");
            ("segment", Input::Segment(run.to_vec()))
        }
        FrameType::Body => {
            let (log, seq, bytes) = split_body(content).expect("an honest body");
            ("body", Input::Body { log, seq, bytes: bytes.to_vec() })
        }
    };
    traffic.trace.push((sign, name));
    input
}
