//! A session: the whole course of the protocol over one stream, as seen by one side.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use serde_bytes::ByteBuf;

use super::{
    Hello, HostMisuse, Input, Message, Outcome, Output, PeerFault, Pull, Serve, SyncError, View,
    narrowing::Narrowing,
    plan::{Plan, agrees},
};
use crate::{
    ballot::Succession,
    chain::{Chain, ChainError},
    fork::{ForkError, ForkProof},
    key::PublicKey,
    limits,
};

/// Where a session stands.
#[derive(Debug, Clone)]
enum Phase {
    /// The peer's hello has not come.
    Greeting,
    /// Comparing. Whenever the host has taken the outputs, it is the peer's turn.
    Narrowing(Narrowing),
    /// Both sides send what the other lacks.
    Streaming,
    /// Nothing more will come.
    Over,
}

/// One side of a session.
///
/// The host feeds it with [`Session::handle`] and takes its outputs; it fetches what is to be sent in bulk with
/// [`Session::next_to_serve`]. The contract of polling stands in the module's description.
#[derive(Debug, Clone)]
pub struct Session<V> {
    view: V,
    phase: Phase,
    initiator: bool,
    hello: Hello,
    peer: Option<Hello>,
    plan: Plan,
    outputs: VecDeque<Output>,
    /// Messages of comparison so far, both sides together.
    turns: u32,
    /// Did our last turn promise more?
    more: bool,
    equal: bool,
    /// The peer's list of wanted bodies has come, or none will.
    heard_want: bool,
    /// The peer has said what it holds of ballots, or need not.
    heard_ballots: bool,
    /// Papers received.
    papers: usize,
    heard_end: bool,
    sent_end: bool,
    /// Fork proofs received, by log: one each.
    forks: BTreeSet<PublicKey>,
    /// Fork proofs received that could not be checked yet.
    forks_unread: usize,
    /// Places from which the peer is to show its chain.
    evidence: BTreeMap<PublicKey, u64>,
    /// Bodies that we asked for and that have not come.
    wanting: BTreeSet<(PublicKey, u64)>,
}

impl<V: View> Session<V> {
    /// The side that opened the stream.
    pub fn initiator(view: V) -> Self {
        Self::begin(view, true, Vec::new())
    }

    /// The side that opened the stream because it heard of something new in these logs: it asks for just that, in one round
    /// trip. No more than [`limits::SYNC_PULL_MAX`] logs are asked for; without any it is a session like others.
    pub fn pulling(view: V, logs: &BTreeSet<PublicKey>) -> Self {
        let pull = logs
            .iter()
            .take(limits::SYNC_PULL_MAX)
            .map(|log| match view.frontier().position(log) {
                Some(position) => Pull(*log, position.next, position.head),
                None => Pull(*log, 0, view.network()),
            })
            .collect();
        Self::begin(view, true, pull)
    }

    /// The side that accepted the stream.
    pub fn responder(view: V) -> Self {
        Self::begin(view, false, Vec::new())
    }

    fn begin(view: V, initiator: bool, pull: Vec<Pull>) -> Self {
        let mut wanting: BTreeSet<_> = BTreeSet::new();
        if pull.is_empty() {
            wanting.extend(view.wanted().into_iter().take(limits::SYNC_WANT_MAX));
        }
        let hello = Hello {
            network: view.network(),
            digest: view.frontier().digest(),
            ballots: view.succession().map(|succession| (succession.roster().version, succession.digest())),
            wants: wanting.len() as u64,
            pull,
        };
        let mut outputs = VecDeque::new();
        if initiator {
            outputs.push_back(Output::Send(Message::Hello(hello.clone())));
        }
        Self {
            view,
            phase: Phase::Greeting,
            initiator,
            hello,
            peer: None,
            plan: Plan::default(),
            outputs,
            turns: 0,
            more: false,
            equal: false,
            heard_want: false,
            heard_ballots: true,
            papers: 0,
            heard_end: false,
            sent_end: false,
            forks: BTreeSet::new(),
            forks_unread: 0,
            evidence: BTreeMap::new(),
            wanting,
        }
    }

    /// What the peer said of itself, once it has.
    pub fn peer(&self) -> Option<&Hello> {
        self.peer.as_ref()
    }

    /// Is the session over, in order or not?
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Takes one input in. All outputs have to be taken before.
    ///
    /// # Errors
    /// If the peer broke the protocol or belongs to another network, or the host broke the contract. The session is over then.
    pub fn handle(&mut self, input: Input) -> Result<(), SyncError> {
        let result = if self.is_over() {
            Err(HostMisuse::Over.into())
        } else if !self.outputs.is_empty() {
            Err(HostMisuse::Undrained.into())
        } else {
            self.dispatch(input)
        };
        if result.is_err() {
            self.phase = Phase::Over;
            self.outputs.clear();
        }
        result
    }

    /// The next output. To be called until there is none, after the session was made and after every other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What to send next, to be called whenever there is room in the stream. After [`Serve::Run`] nothing more comes before
    /// [`Input::Served`]. `None` means nothing for now: after the next input there may be something.
    pub fn next_to_serve(&mut self) -> Option<Serve> {
        let streaming = matches!(self.phase, Phase::Streaming) || (self.initiator && self.is_pull() && !self.is_over());
        if !streaming || !self.heard_ballots || self.sent_end {
            return None;
        }
        if let Some(serve) = self.plan.next(&self.view) {
            return Some(serve);
        }
        if !self.plan.is_done() || !(self.heard_want || self.is_pull()) {
            return None;
        }
        self.sent_end = true;
        self.finish_if_ended();
        Some(Serve::Send(Message::End))
    }

    fn dispatch(&mut self, input: Input) -> Result<(), SyncError> {
        match input {
            Input::Message(message) => {
                message.check()?;
                self.hear(message)
            }
            Input::Segment(bytes) => {
                self.expect_content("a segment")?;
                if self.is_pull() && !self.initiator {
                    return Err(PeerFault::Unexpected("a segment").into());
                }
                if bytes.is_empty() || bytes.len() > limits::SEGMENT_MAX {
                    return Err(PeerFault::Malformed("a segment of a length that none may have").into());
                }
                self.outputs.push_back(Output::Segment(bytes));
                Ok(())
            }
            Input::Body { log, seq, bytes } => {
                self.expect_content("a body")?;
                if bytes.len() > limits::BODY_MAX {
                    return Err(PeerFault::Malformed("a body that is too large").into());
                }
                if !self.wanting.remove(&(log, seq)) {
                    return Err(PeerFault::Unexpected("a body").into());
                }
                self.outputs.push_back(Output::Body { log, seq, bytes });
                Ok(())
            }
            Input::Served { next } => Ok(self.plan.served(next)?),
        }
    }

    fn hear(&mut self, message: Message) -> Result<(), SyncError> {
        let name = message.name();
        let (pull, may_bring, heard_want) = (self.is_pull(), self.may_bring_content(), self.heard_want);
        let may_bring_papers = may_bring && self.ballots_differ();
        match (message, &mut self.phase) {
            (Message::Hello(hello), Phase::Greeting) => self.hear_hello(hello),
            (Message::Compare(compare), Phase::Narrowing(narrowing)) => {
                let (is_empty, more) = (compare.parts.is_empty(), compare.more);
                narrowing.hear(compare, &self.view, &mut self.plan)?;
                self.count_turn()?;
                if is_empty && !self.more {
                    self.stream()
                } else {
                    self.take_turn(!more)?
                }
                Ok(())
            }
            (Message::Want(bodies), Phase::Streaming) if !heard_want && !pull => {
                self.heard_want = true;
                self.plan.bodies(bodies);
                Ok(())
            }
            (Message::Ballots(held), Phase::Streaming) if heard_want && !self.heard_ballots => {
                self.heard_ballots = true;
                self.plan.ballots(held.into_iter().map(Into::into).collect(), &self.view);
                Ok(())
            }
            (Message::Papers(papers), Phase::Streaming) if may_bring_papers => {
                self.papers += 1;
                if self.papers > limits::SYNC_PAPERS_MAX {
                    return Err(PeerFault::TooMany { what: "papers" }.into());
                }
                self.outputs.push_back(Output::Papers(papers.into()));
                Ok(())
            }
            (Message::Fork(proof), Phase::Streaming) if may_bring => self.hear_fork(&proof),
            (Message::Evidence(entries), Phase::Streaming) if may_bring => self.hear_evidence(entries),
            (Message::End, Phase::Streaming) if (heard_want && self.heard_ballots) || pull => {
                if self.heard_end {
                    return Err(PeerFault::Unexpected("a second end").into());
                }
                self.heard_end = true;
                self.finish_if_ended();
                Ok(())
            }
            _ => Err(PeerFault::Unexpected(name).into()),
        }
    }

    fn hear_hello(&mut self, peer: Hello) -> Result<(), SyncError> {
        if peer.network != self.hello.network {
            return Err(SyncError::OtherNetwork);
        }
        if self.initiator && !peer.pull.is_empty() {
            return Err(PeerFault::Unexpected("a pull").into());
        }
        self.equal = peer.digest == self.hello.digest;
        if !self.initiator {
            self.outputs.push_back(Output::Send(Message::Hello(self.hello.clone())));
        }
        let ours = self.hello.ballots;
        let ballots = ours.is_some() && peer.ballots.is_some() && ours != peer.ballots;
        let more = peer.wants > 0 || self.hello.wants > 0 || ballots;
        let pull = if self.initiator { Vec::new() } else { peer.pull.clone() };
        self.peer = Some(peer);
        if self.is_pull() {
            self.plan_pull(&pull)?;
            self.phase = Phase::Streaming;
            self.finish_if_ended();
        } else if self.equal && !more {
            self.finish();
        } else if self.equal {
            self.stream();
        } else if self.initiator {
            self.phase = Phase::Narrowing(Narrowing::listener());
        } else {
            self.phase = Phase::Narrowing(Narrowing::speaker());
            self.take_turn(false)?;
        }
        Ok(())
    }

    /// Says what there is to say. `last` is whether the peer has said all: if we have nothing to say either, that was it.
    fn take_turn(&mut self, last: bool) -> Result<(), SyncError> {
        let Phase::Narrowing(narrowing) = &mut self.phase else { return Ok(()) };
        let compare = narrowing.speak(&self.view);
        self.more = compare.more;
        let over = last && compare.parts.is_empty();
        self.outputs.push_back(Output::Send(Message::Compare(compare)));
        self.count_turn()?;
        if over {
            self.stream();
        }
        Ok(())
    }

    fn count_turn(&mut self) -> Result<(), PeerFault> {
        self.turns += 1;
        if self.turns > limits::SYNC_TURNS_MAX { Err(PeerFault::Turns) } else { Ok(()) }
    }

    /// The comparison is over, or there was nothing to compare.
    fn stream(&mut self) {
        if let Phase::Narrowing(narrowing) = core::mem::replace(&mut self.phase, Phase::Streaming) {
            self.evidence = narrowing.into_found();
            for (log, seq) in &self.evidence {
                self.plan.evidence(*log, *seq);
            }
        }
        self.outputs.push_back(Output::Send(Message::Want(self.wanting.iter().copied().collect())));
        if self.ballots_differ() {
            self.heard_ballots = false;
            let held = self.view.succession().map(Succession::held).unwrap_or_default();
            self.outputs.push_back(Output::Send(Message::Ballots(held.iter().map(Into::into).collect())));
        }
    }

    /// Do the two hold different ballots? They exchange them only if both know the charter.
    fn ballots_differ(&self) -> bool {
        let theirs = self.peer.as_ref().and_then(|peer| peer.ballots);
        theirs.is_some() && self.hello.ballots.is_some() && theirs != self.hello.ballots && !self.is_pull()
    }

    fn plan_pull(&mut self, pull: &[Pull]) -> Result<(), SyncError> {
        for Pull(log, next, head) in pull {
            if *next == 0 && *head != self.hello.network {
                return Err(PeerFault::Malformed("a head of nothing that is not the network id").into());
            }
            let Some(ours) = self.view.frontier().position(log) else { continue };
            if ours.fork.is_some() {
                self.plan.fork(*log);
            }
            if *next < ours.next && agrees(&self.view, log, *next, head) == Some(true) {
                self.plan.run(*log, *next, ours.next, self.view.is_root(log));
            }
        }
        Ok(())
    }

    fn hear_fork(&mut self, bytes: &[u8]) -> Result<(), SyncError> {
        if self.forks.len() + self.forks_unread >= limits::SYNC_FORKS_MAX {
            return Err(PeerFault::TooMany { what: "fork proofs" }.into());
        }
        let proof = match ForkProof::decode(&self.view.networks(), bytes) {
            // Without the charter nobody knows which logs it carries over from another network.
            Err(ForkError::Chain(ChainError::Signature(_))) if self.view.succession().is_none() => {
                self.forks_unread += 1;
                return Ok(());
            }
            read => read.map_err(PeerFault::from)?,
        };
        if !self.forks.insert(proof.log()) {
            return Err(PeerFault::Unexpected("a second proof of one fork").into());
        }
        self.outputs.push_back(Output::Fork(proof));
        Ok(())
    }

    fn hear_evidence(&mut self, entries: Vec<ByteBuf>) -> Result<(), SyncError> {
        let entries = entries.into_iter().map(ByteBuf::into_vec).collect();
        let chain = Chain::new(&self.view.networks(), entries).map_err(PeerFault::from)?;
        if self.evidence.remove(&chain.log()) != Some(chain.first_seq()) {
            return Err(PeerFault::Unexpected("evidence").into());
        }
        self.outputs.push_back(Output::Evidence(chain));
        Ok(())
    }

    fn expect_content(&self, what: &'static str) -> Result<(), PeerFault> {
        let streaming = matches!(self.phase, Phase::Streaming);
        if streaming && self.may_bring_content() { Ok(()) } else { Err(PeerFault::Unexpected(what)) }
    }

    /// May the peer send something other than its list of wants and its end?
    fn may_bring_content(&self) -> bool {
        let allowed = if self.is_pull() { self.initiator } else { self.heard_want && self.heard_ballots };
        allowed && !self.heard_end
    }

    fn is_pull(&self) -> bool {
        let asked = if self.initiator { Some(&self.hello) } else { self.peer.as_ref() };
        asked.is_some_and(|hello| !hello.pull.is_empty())
    }

    fn finish_if_ended(&mut self) {
        if self.sent_end && self.heard_end && !self.is_over() {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.phase = Phase::Over;
        let missing = self.wanting.len();
        self.outputs.push_back(Output::Finished(Outcome { equal: self.equal, turns: self.turns, missing }));
    }
}
