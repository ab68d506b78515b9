//! Whole sessions: two machines, and every byte that passes between them.

use std::collections::BTreeSet;

use nanduti_protocol::{
    ballot::{Change, Papers, Proposal, Statement, Succession, request, rules::Step},
    charter::Member,
    frontier::{Frontier, Position},
    hash::Hash,
    key::PublicKey,
    ledger::History,
    networks::Networks,
    roster::Roster,
    run::ReceivedRun,
    sync::{
        FrameHeader, FrameType, Input, Message, Output, Serve, Session, View, message_frame, segment_head,
        split_segment,
    },
};
use serde_json::{Value, json};

use super::{hex, made};

/// A library with one log: entries and their items.
#[derive(Clone)]
struct Held {
    log: Vec<(Vec<u8>, Vec<u8>)>,
    frontier: Frontier,
    succession: Succession,
    papers: Vec<Papers>,
}

impl Held {
    fn new(bodies: &[&[u8]]) -> Self {
        let log = made::log(bodies);
        let mut frontier = Frontier::default();
        if let Some((last, _)) = log.last() {
            let position = Position { next: log.len() as u64, head: Hash::of(last), fork: None };
            frontier.set(made::public(1), position);
        }
        let succession = Succession::new(Roster::founding(&made::charter()));
        Self { log, frontier, succession, papers: Vec::new() }
    }

    /// With what was said of a ballot.
    fn knowing(mut self, papers: &[Papers]) -> Self {
        for papers in papers {
            self.succession.take(papers).expect("sound");
        }
        self.papers = papers.to_vec();
        self
    }

    fn run(&self, from: u64, to: u64) -> Vec<u8> {
        let items = &self.log[usize::try_from(from).expect("small")..usize::try_from(to).expect("small")];
        items.iter().flat_map(|(_, item)| item.clone()).collect()
    }
}

impl History for Held {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        self.entry_at(log, seq).map(|entry| Hash::of(&entry))
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        let held = self.log.get(usize::try_from(seq).ok()?).filter(|_| *log == made::public(1))?;
        Some(held.0.clone())
    }
}

impl View for Held {
    fn network(&self) -> Hash {
        made::network()
    }

    fn networks(&self) -> Networks {
        made::network().into()
    }

    fn succession(&self) -> Option<&Succession> {
        Some(&self.succession)
    }

    fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    fn is_root(&self, _: &PublicKey) -> bool {
        false
    }

    fn fork_proof(&self, _: &PublicKey) -> Option<Vec<u8>> {
        None
    }

    fn wanted(&self) -> Vec<(PublicKey, u64)> {
        Vec::new()
    }
}

/// One side with its frames that the other has not read.
struct Side {
    name: &'static str,
    session: Session<Held>,
    held: Held,
    frames: Vec<Vec<u8>>,
    received: Vec<Value>,
}

impl Side {
    fn new(name: &'static str, held: &Held, session: Session<Held>) -> Self {
        Self { name, session, held: held.clone(), frames: Vec::new(), received: Vec::new() }
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Send(message) => self.frames.push(message_frame(&message)),
                Output::Segment(run) => self.received.push(json!({"segment": hex(run)})),
                Output::Evidence(chain) => {
                    let entries: Vec<String> = chain.entries().iter().map(hex).collect();
                    self.received.push(json!({"evidence": entries}));
                }
                Output::Papers(papers) => self.received.push(json!({"papers": shown(&papers)})),
                Output::Finished(_) => {}
                other => panic!("no such thing in these sessions: {other:?}"),
            }
        }
    }

    fn speak(&mut self) {
        self.drain();
        while let Some(serve) = self.session.next_to_serve() {
            match serve {
                Serve::Send(message) => self.frames.push(message_frame(&message)),
                Serve::Run { from, to, .. } => {
                    self.session.handle(Input::Served { next: to }).expect("as asked");
                    self.frames.push(segment_frame(&self.held.run(from, to)));
                }
                Serve::Body { .. } => panic!("nobody wants a body here"),
            }
            self.drain();
        }
    }

    /// Reads a frame and says what it is.
    fn hear(&mut self, frame: &[u8]) -> &'static str {
        let (header, content) = frame.split_first_chunk().expect("a header");
        let header = FrameHeader::decode(*header).expect("in bounds");
        assert_eq!(header.len, content.len());
        if header.frame_type == FrameType::Message {
            let message = Message::decode(content).expect("honest");
            let name = message.name();
            self.session.handle(Input::Message(message)).expect("honest");
            return name;
        }
        let (len, stored) = split_segment(content).expect("a segment");
        let run = stored[stored.len() - len..].to_vec();
        ReceivedRun::receive(run.clone()).and_then(|run| run.verify(&made::network())).expect("verifies");
        self.session.handle(Input::Segment(run)).expect("honest");
        "segment"
    }
}

/// Papers as the vectors show them.
pub(super) fn shown(papers: &Papers) -> Value {
    let statements: Vec<String> = papers.statements.iter().map(hex).collect();
    json!({"roster": papers.roster.to_hex(), "proposal": hex(&papers.proposal), "statements": statements})
}

/// A zstd frame (RFC 8878) of one raw block: its bytes depend on no compressor.
pub(super) fn stored(run: &[u8]) -> Vec<u8> {
    let size = u16::try_from(run.len() - 256).expect("between 256 bytes and 64 KiB").to_le_bytes();
    let block = (u32::try_from(run.len()).expect("small") << 3 | 1).to_le_bytes();
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x60], &size[..], &block[..3], run].concat()
}

fn segment_frame(run: &[u8]) -> Vec<u8> {
    let content = [&segment_head(run.len()).expect("in bounds")[..], &stored(run)].concat();
    let header = FrameHeader::new(FrameType::Segment, content.len()).expect("in bounds");
    [&header.encode()[..], &content].concat()
}

/// What the two founders of the charter say of the admission of a newcomer: one endorses it, and both.
fn ballots() -> [Vec<Papers>; 2] {
    let (charter, founders) = (made::charter(), [("MAR", 0x11), ("PRY", 0x12)]);
    let network = charter.network();
    let line =
        Member { id: made::member("WSM"), root: made::public(0x14), governance: None, ..charter.members[0].clone() };
    let admission = Change::Admit(request::sign(&network, &line, &made::key(0x14)).into());
    let proposal = Proposal { roster: Roster::founding(&charter).hash(), changes: vec![admission] };
    let papers = |step, founders: &[(&str, u8)]| {
        let say = |(member, key): &(&str, u8)| {
            let (member, roster) = (made::member(member), proposal.roster);
            let statement = Statement { step, cites: None, round: 1, member, roster, proposal: proposal.hash() };
            statement.sign(&network, &made::key(*key))
        };
        Papers { roster: proposal.roster, proposal: proposal.encode(), statements: founders.iter().map(say).collect() }
    };
    let whole = vec![papers(Step::Endorse, &founders), papers(Step::Ratify, &founders)];
    [vec![papers(Step::Endorse, &founders[..1])], whole]
}

/// Lets the two sides speak in turns until both are over.
fn course(name: &str, initiator: Side, responder: Side) -> Value {
    let log = |side: &Side| side.held.log.iter().map(|(_, item)| hex(item)).collect::<Vec<_>>();
    let hold = json!({"initiator": log(&initiator), "responder": log(&responder)});
    let known = |side: &Side| side.held.papers.iter().map(shown).collect::<Vec<_>>();
    let papers = json!({"initiator": known(&initiator), "responder": known(&responder)});
    let mut sides = [initiator, responder];
    let mut frames = Vec::new();
    let mut turn = 0;
    loop {
        sides[turn].speak();
        let said = std::mem::take(&mut sides[turn].frames);
        if said.is_empty() && sides.iter().all(|side| side.session.is_over()) {
            break;
        }
        let from = sides[turn].name;
        turn = 1 - turn;
        for frame in said {
            let what = sides[turn].hear(&frame);
            frames.push(json!({"from": from, "what": what, "bytes": hex(frame)}));
            sides[turn].drain();
        }
    }
    let [initiator, responder] = sides.map(|side| side.received);
    json!({"name": name, "items": hold, "papers": papers, "frames": frames,
           "received": {"initiator": initiator, "responder": responder}})
}

/// The sessions. While both sides stream, the order between the two directions is one of several.
pub(super) fn all() -> Vec<Value> {
    let (two, three) = (Held::new(&[b"one", b"two"]), Held::new(&[b"one", b"two", b"three"]));
    let branch = Held::new(&[b"one", b"zwei", b"three"]);
    let logs = BTreeSet::from([made::public(1)]);
    let pair = |name, one: &Held, other: &Held| {
        let initiator = Side::new("initiator", one, Session::initiator(one.clone()));
        course(name, initiator, Side::new("responder", other, Session::responder(other.clone())))
    };
    let pulling = Side::new("initiator", &two, Session::pulling(two.clone(), &logs));
    let asked = Side::new("responder", &three, Session::responder(three.clone()));
    let [some, all] = ballots();
    let (lagging, voting) = (two.clone().knowing(&some), three.clone().knowing(&all));
    vec![
        pair("nothing to do", &three, &three),
        pair("one entry, which the responder has", &two, &three),
        pair("one entry, which the initiator has", &three, &two),
        pair("everything, since the initiator has nothing", &Held::new(&[]), &three),
        pair("two branches from place 1 on", &three, &branch),
        course("one entry, by a quick pull", pulling, asked),
        pair("a ballot and an entry, which the responder has", &lagging, &voting),
        pair("a ballot and nothing else, which the initiator has", &three.clone().knowing(&all), &three),
    ]
}
