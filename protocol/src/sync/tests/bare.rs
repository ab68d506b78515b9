//! Views without entries behind them: for libraries as large as a charter allows, and for the examples of the specification.

use alloc::{collections::VecDeque, format, string::String, vec::Vec};
use core::cell::Cell;

use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use crate::{
    ballot::Succession,
    entry::{BodyRef, Entry, Statement},
    frontier::{Frontier, Position},
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    ledger::History,
    limits,
    networks::Networks,
    roster::Roster,
    sync::{Compare, Input, Message, Output, Serve, Session, View, message_frame},
    testing::Founding,
};

/// Every log holds the entries that everybody would write there, unless it is on another branch from a place on; and some
/// places cannot be read.
#[derive(Clone)]
struct Bare {
    frontier: Frontier,
    branch: u64,
    holes: Vec<u64>,
    leaves: Option<Leaves>,
    looked: Cell<usize>,
    succession: Succession,
}

/// In the middle of the session the node leaves its branch.
#[derive(Debug, Clone, Copy)]
struct Leaves {
    /// After so many looks at what it holds.
    after: usize,
    /// For that which parts from here.
    branch: u64,
    /// What stands from here on has not come yet.
    cut: u64,
}

fn hash_of(log: &PublicKey, seq: u64) -> Hash {
    Hash::of(&[log.as_bytes().as_slice(), &seq.to_be_bytes()].concat())
}

/// Who signs the entries that are shown: the log of this key can be searched for a contradiction.
fn signer() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

impl Bare {
    fn new(logs: impl IntoIterator<Item = (PublicKey, u64)>) -> Self {
        Self::on_branch(logs, u64::MAX, Vec::new())
    }

    fn on_branch(logs: impl IntoIterator<Item = (PublicKey, u64)>, branch: u64, holes: Vec<u64>) -> Self {
        let succession = Succession::new(Roster::founding(&Founding::new(1, 1).charter));
        let mut bare =
            Self { frontier: Frontier::default(), branch, holes, leaves: None, looked: Cell::new(0), succession };
        for (log, next) in logs.into_iter().filter(|(_, next)| *next > 0) {
            bare.frontier.set(log, Position { next, head: bare.hash(&log, next - 1), fork: None });
        }
        bare
    }

    fn hash(&self, log: &PublicKey, seq: u64) -> Hash {
        let hash = hash_of(log, seq);
        if seq < self.branch { hash } else { Hash::of(hash.as_bytes()) }
    }
}

impl History for Bare {
    fn hash_at(&self, log: &PublicKey, seq: u64) -> Option<Hash> {
        let held = self.frontier.position(log).is_some_and(|position| seq < position.next);
        self.looked.set(self.looked.get() + 1);
        match self.leaves.filter(|leaves| leaves.after < self.looked.get()) {
            Some(Leaves { branch, cut, .. }) => {
                let left = Self { branch, ..self.clone() };
                (held && seq < cut).then(|| left.hash(log, seq))
            }
            None => (held && !self.holes.contains(&seq)).then(|| self.hash(log, seq)),
        }
    }

    fn entry_at(&self, log: &PublicKey, seq: u64) -> Option<Vec<u8>> {
        let prev = self.hash_at(log, seq)?;
        let (body, kind, audience) = (BodyRef::to(b""), Kind::Practice, Audience::Public);
        let key = signer();
        Some(Statement { log: *log, seq, body, kind, prev, time: 0, audience }.sign(&self.network(), &key))
    }
}

impl View for Bare {
    fn network(&self) -> Hash {
        Hash::of(b"nanduti example network")
    }

    fn networks(&self) -> Networks {
        self.network().into()
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

/// What passed between two sessions.
#[derive(Default)]
struct Course {
    /// Lines of the form `> 00000004 63656e64`: who, header and content of each message.
    lines: Vec<String>,
    largest: usize,
    promises: usize,
    evidence: Vec<u64>,
    served: [Vec<(PublicKey, u64, u64)>; 2],
}

/// Drives two sessions in turns, both taking all that is served at once.
fn course(initiator: Bare, responder: Bare) -> Course {
    let mut sides = [Session::initiator(initiator), Session::responder(responder)];
    let mut wires: [VecDeque<Message>; 2] = [VecDeque::new(), VecDeque::new()];
    let mut course = Course::default();
    let mut turn = 0;
    loop {
        let sign = if turn == 0 { '>' } else { '<' };
        let (session, wire) = (&mut sides[turn], &mut wires[turn]);
        let drain = |session: &mut Session<Bare>, wire: &mut VecDeque<Message>| {
            while let Some(output) = session.poll_output() {
                if let Output::Send(message) = output {
                    wire.push_back(message);
                }
            }
        };
        drain(session, wire);
        let mut runs = Vec::new();
        while let Some(serve) = session.next_to_serve() {
            match serve {
                Serve::Send(message) => wire.push_back(message),
                Serve::Run { log, from, to } => {
                    session.handle(Input::Served { next: to }).expect("in order");
                    runs.push((log, from, to));
                }
                Serve::Body { .. } => {}
            }
            drain(session, wire);
        }
        let messages: Vec<Message> = wire.drain(..).collect();
        if messages.is_empty() && sides.iter().all(Session::is_over) {
            return course;
        }
        for message in messages {
            let frame = message_frame(&message);
            let (header, content) = frame.split_at(4);
            let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
            course.lines.push(format!("{sign} {} {}", hex(header), hex(content)));
            if let Message::Compare(Compare { more, .. }) = &message {
                course.largest = course.largest.max(content.len());
                course.promises += usize::from(*more);
            }
            let message = Message::decode(content).expect("honest");
            if let Message::Evidence(chain) = &message {
                course.evidence.push(Entry::decode(&chain[0]).expect("an entry").statement.seq);
            }
            sides[1 - turn].handle(Input::Message(message)).expect("honest");
            let other = &mut sides[1 - turn];
            drain(other, &mut wires[1 - turn]);
        }
        course.served[turn].extend(runs);
        turn = 1 - turn;
    }
}

#[test]
fn the_largest_library_that_a_charter_allows_fits_into_the_turns() {
    let keys = (0..limits::MEMBERS_MAX * limits::KEYRING_LINES_MAX).map(|index| {
        let hash = Hash::of(&index.to_be_bytes());
        (index as u64, PublicKey::from_bytes(*hash.as_bytes()))
    });
    // Every log differs, in either direction.
    let keys: Vec<_> = keys.collect();
    let one = Bare::new(keys.iter().map(|(index, key)| (*key, 1 + index % 2)));
    let other = Bare::new(keys.iter().map(|(index, key)| (*key, 2 - index % 2)));
    let course = course(one, other);
    assert_eq!(course.served.iter().map(Vec::len).sum::<usize>(), keys.len());
    let turns = course.lines.iter().filter(|line| line.contains(" a167636f6d70617265")).count();
    assert!(turns < limits::SYNC_TURNS_MAX as usize / 2, "{turns} turns");
    assert!(course.promises > 0, "the turns were full");
    assert!(course.largest <= limits::SYNC_MESSAGE_MAX);
}

proptest! {
    #[test]
    fn a_search_ends_at_the_lowest_difference_or_rests_and_blames_nobody(
        one in 1_u64..80,
        other in 1_u64..80,
        branch in 0_u64..80,
        holes in proptest::collection::vec(0_u64..80, 0..4),
        others_holes in proptest::collection::vec(0_u64..80, 0..4),
    ) {
        let key = PublicKey::from(&signer());
        let readable = holes.is_empty() && others_holes.is_empty();
        let a = Bare::on_branch([(key, one)], u64::MAX, holes);
        let b = Bare::on_branch([(key, other)], branch, others_holes);
        let course = course(a, b);
        let contradict = branch < one.min(other);
        if readable && contradict {
            prop_assert_eq!(course.evidence, [branch, branch]);
        } else {
            prop_assert!(course.evidence.is_empty() || contradict);
        }
    }

    #[test]
    fn who_leaves_a_branch_in_the_middle_of_a_search_is_not_to_blame(
        one in 1_u64..80,
        other in 1_u64..80,
        branch in 0_u64..80,
        leaves in proptest::array::uniform2(proptest::option::of((0_usize..16, 0_u64..80, 0_u64..80))),
    ) {
        let key = PublicKey::from(&signer());
        let [left, right] = leaves.map(|leaves| leaves.map(|(after, branch, cut)| Leaves { after, branch, cut }));
        let a = Bare { leaves: left, ..Bare::on_branch([(key, one)], u64::MAX, Vec::new()) };
        let b = Bare { leaves: right, ..Bare::on_branch([(key, other)], branch, Vec::new()) };
        course(a, b);
    }
}

#[test]
fn the_examples_of_the_specification_are_what_happens() {
    let keys = [PublicKey::from_bytes([0x11; 32]), PublicKey::from_bytes([0x2a; 32])];
    let behind = Bare::new([(keys[0], 4), (keys[1], 2)]);
    let ahead = Bare::new([(keys[0], 4), (keys[1], 3)]);
    let specification = include_str!("../../../../docs/spec/sync.md");
    let written: String = specification.split_whitespace().collect::<Vec<_>>().join(" ");
    for (one, other) in [(ahead.clone(), ahead.clone()), (behind, ahead)] {
        for line in course(one, other).lines {
            assert!(written.contains(&line), "not in the specification: {line}");
        }
    }
}
