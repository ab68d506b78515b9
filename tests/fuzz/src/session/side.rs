//! One honest side of a session: a node in memory that keeps the contract of [`Session`] to the letter.
//!
//! The wire is whole frames. What stands for a compressed run is the run itself: compression is the host's, and its decoder is
//! a target of its own.

use std::{
    collections::{BTreeSet, VecDeque},
    rc::Rc,
};

use nanduti_protocol::{
    ballot::Succession,
    entry::Entry,
    fork::ForkProof,
    frontier::Frontier,
    hash::Hash,
    key::PublicKey,
    ledger::History,
    limits,
    networks::Networks,
    run::{ReceivedRun, push_item},
    sync::{self, FrameHeader, FrameType, Input, Message, Outcome, Output, PeerFault, Serve, Session, SyncError, View},
    testing::Host,
};

/// A node as it was when the session began.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    host: Rc<Host>,
    frontier: Rc<Frontier>,
}

impl Snapshot {
    pub(super) fn new(host: &Host) -> Self {
        Self { frontier: Rc::new(host.frontier()), host: Rc::new(host.clone()) }
    }

    fn body(&self, log: &PublicKey, seq: u64) -> Option<&[u8]> {
        self.host.store.entries(log).nth(usize::try_from(seq).ok()?)?.1
    }

    /// A segment of some entries that ends at an anchor, and the place after it. Nothing if there is no such segment.
    fn segment(&self, log: &PublicKey, from: u64, to: u64) -> (Vec<u8>, u64) {
        let (mut bytes, mut next, mut anchored) = (Vec::new(), from, (Vec::new(), from));
        while let Some(entry) = self.host.store.entry_at(log, next) {
            push_item(&mut bytes, &entry, self.body(log, next));
            next += 1;
            if Entry::decode(&entry).is_ok_and(|entry| entry.verify(&self.network()).is_ok()) {
                anchored = (bytes.clone(), next);
                if next >= to || next >= from + 3 {
                    break;
                }
            }
        }
        anchored
    }
}

impl History for Snapshot {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.host.store.hash_at(log, seq)
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        self.host.store.entry_at(log, seq)
    }
}

impl View for Snapshot {
    fn network(&self) -> Hash {
        self.host.ledger.network()
    }

    fn networks(&self) -> Networks {
        self.host.ledger.networks().clone()
    }

    fn succession(&self) -> Option<&Succession> {
        self.host.ledger.succession()
    }

    fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    fn is_root(&self, log: &PublicKey) -> bool {
        self.host.ledger.authority().is_some_and(|authority| authority.member_by_root(log).is_some())
    }

    fn fork_proof(&self, log: &PublicKey) -> Option<Vec<u8>> {
        self.host.ledger.fork(log).map(ForkProof::encode)
    }

    fn wanted(&self) -> Vec<(PublicKey, u64)> {
        let missing = |log: &PublicKey| {
            let places = (0..).zip(self.host.store.entries(log));
            places.filter(|(_, (_, body))| body.is_none()).map(|(seq, _)| seq).collect::<Vec<u64>>()
        };
        self.host.ledger.logs().flat_map(|(log, _)| missing(log).into_iter().map(|seq| (*log, seq))).collect()
    }
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// In order.
    Finished(Outcome),
    /// The machine gave up.
    Broken(SyncError),
    /// The host gave up: what arrived cannot be what an honest peer sends.
    Refused,
}

/// An honest side.
pub(super) struct Side {
    pub(super) host: Host,
    session: Session<Snapshot>,
    view: Snapshot,
    wanted: BTreeSet<(PublicKey, u64)>,
    /// Frames for the peer.
    pub(super) out: VecDeque<Vec<u8>>,
    pub(super) end: Option<End>,
    served: usize,
    most_served: usize,
}

impl Side {
    /// A session of this node, begun in one of the three ways.
    pub(super) fn new(host: Host, begin: impl FnOnce(Snapshot) -> Session<Snapshot>) -> Self {
        let view = Snapshot::new(&host);
        let entries: u64 = host.ledger.logs().map(|(_, extent)| extent.next).sum();
        let logs = view.frontier.len();
        let papers = host.ledger.succession().map_or(0, |succession| succession.all_papers().len());
        let mut side = Self {
            wanted: view.wanted().into_iter().collect(),
            session: begin(view.clone()),
            view,
            host,
            out: VecDeque::new(),
            end: None,
            served: 0,
            // Papers; a segment has at least one entry; each log has a fork proof and a piece of evidence at most; then the bodies
            // that the peer asked for, and the end.
            most_served: usize::try_from(entries).unwrap_or(usize::MAX) + papers + 2 * logs + limits::SYNC_WANT_MAX + 1,
        };
        side.settle();
        side
    }

    /// Takes a frame of the peer in, if the session is not over.
    pub(super) fn hear(&mut self, frame: &[u8]) {
        if self.end.is_some() {
            return;
        }
        match read_frame(frame) {
            Ok(input) => match self.session.handle(input) {
                Ok(()) => self.settle(),
                Err(error) => {
                    assert!(!matches!(error, SyncError::Host(_)), "the host kept the contract, and yet it {error}");
                    assert!(self.session.is_over());
                    assert_eq!(self.session.poll_output(), None, "a broken session says nothing more");
                    self.end = Some(End::Broken(error));
                }
            },
            Err(fault) => self.end = Some(End::Broken(fault.into())),
        }
    }

    /// Takes all outputs, and serves all that there is to serve.
    fn settle(&mut self) {
        self.drain();
        while self.end.is_none()
            && let Some(serve) = self.session.next_to_serve()
        {
            self.served += 1;
            assert!(self.served <= self.most_served, "served without end");
            match serve {
                Serve::Send(message) => self.send(&message),
                Serve::Run { log, from, to } => self.serve_run(&log, from, to),
                Serve::Body { log, seq } => {
                    let frame = self.view.body(&log, seq).and_then(|body| sync::body_frame(&log, seq, body));
                    self.out.extend(frame);
                }
            }
            self.drain();
        }
    }

    fn serve_run(&mut self, log: &PublicKey, from: u64, to: u64) {
        assert!(from < to, "an empty run");
        let held = self.view.host.ledger.extent(log).map_or(0, |extent| extent.next);
        assert!(to <= held, "asked to serve what is not held");
        let (bytes, next) = self.view.segment(log, from, to);
        if let Some(head) = sync::segment_head(bytes.len()) {
            let content = [&head[..], &bytes].concat();
            let header = FrameHeader::new(FrameType::Segment, content.len()).expect("small");
            self.out.push_back([&header.encode()[..], &content].concat());
        }
        self.session.handle(Input::Served { next }).expect("the host did as it was asked");
    }

    fn drain(&mut self) {
        let mut count = 0;
        while let Some(output) = self.session.poll_output() {
            count += 1;
            assert!(count <= 3, "more outputs at once than one input can bring about");
            match output {
                Output::Send(message) => self.send(&message),
                Output::Segment(bytes) => self.take_segment(bytes),
                Output::Body { log, seq, bytes } => {
                    assert!(self.wanted.remove(&(log, seq)), "a body that nobody asked for");
                    let entry = self.view.entry_at(&log, seq).expect("asked for, so held");
                    if !Entry::decode(&entry).expect("held").statement.body.is_of(&bytes) {
                        self.end = Some(End::Refused);
                    }
                }
                Output::Papers(papers) => {
                    if self.host.ledger.take_papers(&papers, &self.host.store).is_err_and(|error| error.blames_peer()) {
                        self.end = Some(End::Refused);
                    }
                }
                Output::Fork(proof) => {
                    self.host.ledger.learn_fork(&proof);
                }
                Output::Evidence(chain) => {
                    if let Some(proof) = self.host.ledger.contradicts(&chain, &self.host.store) {
                        self.host.ledger.learn_fork(&proof);
                    }
                }
                Output::Finished(outcome) => {
                    assert!(self.session.is_over());
                    self.end = Some(End::Finished(outcome));
                }
            }
        }
    }

    fn send(&mut self, message: &Message) {
        let frame = sync::message_frame(message);
        assert!(frame.len() <= sync::FRAME_HEADER_LEN + limits::SYNC_MESSAGE_MAX);
        assert_eq!(
            Message::decode(&frame[sync::FRAME_HEADER_LEN..]).as_ref(),
            Ok(message),
            "we would take what we send"
        );
        self.out.push_back(frame);
    }

    /// A segment goes through the doors. A peer that could have known better is left alone from then on.
    fn take_segment(&mut self, bytes: Vec<u8>) {
        let verified = ReceivedRun::receive(bytes).and_then(|run| run.verify(&self.view.network()));
        let refused = match verified {
            Ok(run) => self.host.deliver(&run).is_err_and(|refusal| refusal.blames_peer()),
            Err(_) => true,
        };
        if refused {
            self.end = Some(End::Refused);
        }
    }
}

fn read_frame(frame: &[u8]) -> Result<Input, PeerFault> {
    let (header, content) = frame.split_first_chunk().ok_or(PeerFault::FrameLength { len: frame.len() })?;
    let header = FrameHeader::decode(*header)?;
    if header.len != content.len() {
        // The stream ended within the frame.
        return Err(PeerFault::FrameLength { len: content.len() });
    }
    match header.frame_type {
        FrameType::Message => Message::decode(content).map(Input::Message),
        FrameType::Segment => {
            let (len, run) = sync::split_segment(content)?;
            if run.len() == len { Ok(Input::Segment(run.to_vec())) } else { Err(PeerFault::Malformed("a short run")) }
        }
        FrameType::Body => {
            let (log, seq, bytes) = sync::split_body(content)?;
            Ok(Input::Body { log, seq, bytes: bytes.to_vec() })
        }
    }
}
