//! One session against anything: no order of inputs makes it panic, pile up memory or go on for ever.

use alloc::{vec, vec::Vec};

use proptest::{prelude::*, sample};
use serde_bytes::ByteBuf;

use super::{node::Snapshot, world::World};
use crate::{
    frontier::{ForkMark, Position, Prefix},
    hash::Hash,
    key::PublicKey,
    sync::{Compare, Hello, Input, Message, Output, Part, Pull, Serve, Session},
};

/// What the generator draws from: real names, places and hashes, so that much of what it makes passes the first checks.
#[derive(Debug, Clone)]
struct Palette {
    network: Hash,
    logs: Vec<PublicKey>,
    hashes: Vec<Hash>,
    entries: Vec<Vec<u8>>,
}

fn world() -> World {
    let mut world = World::new(2, 12);
    for (_, chain) in &mut world.logs {
        chain.grow(4, "practice");
    }
    world
}

fn palette(world: &World) -> Palette {
    let chains = || world.roots.iter().chain(world.logs.iter().map(|(_, chain)| chain));
    let entries: Vec<Vec<u8>> = chains().flat_map(|chain| chain.items.iter().map(|held| held.entry.clone())).collect();
    let mut hashes: Vec<Hash> = entries.iter().map(|entry| Hash::of(entry)).collect();
    hashes.push(world.network);
    let mut logs: Vec<PublicKey> = chains().map(super::world::Chain::log).collect();
    logs.push(PublicKey::from_bytes([0; 32]));
    Palette { network: world.network, logs, hashes, entries }
}

impl Palette {
    fn log(&self) -> impl Strategy<Value = PublicKey> + use<> {
        sample::select(self.logs.clone())
    }

    fn hash(&self) -> impl Strategy<Value = Hash> + use<> {
        sample::select(self.hashes.clone())
    }

    fn prefix(&self) -> impl Strategy<Value = Prefix> + use<> {
        let nibbles = prop_oneof![Just(0_u8), Just(1), Just(1), Just(2), 0_u8..=64];
        (self.log(), nibbles).prop_map(|(log, nibbles)| Prefix::of(&log, nibbles))
    }

    fn positions(&self) -> impl Strategy<Value = Vec<(PublicKey, Position)>> + use<> {
        let fork = prop::option::weighted(0.1, (0_u64..5, self.hash(), self.hash()))
            .prop_map(|mark| mark.map(|(seq, low, high)| ForkMark { seq, low, high }));
        let position = (0_u64..7, self.hash(), fork).prop_map(|(next, head, fork)| Position { next, head, fork });
        prop::collection::vec((self.log(), position), 0..6).prop_map(|mut logs| {
            logs.sort_by_key(|(log, _)| *log);
            logs.dedup_by_key(|(log, _)| *log);
            logs
        })
    }

    fn part(&self) -> impl Strategy<Value = Part> + use<> {
        let heads = (self.positions(), self.prefix()).prop_map(|(mut logs, prefix)| {
            logs.retain(|(log, _)| Prefix::of(log, prefix.nibbles()) == prefix);
            Part::Heads { logs, prefix }
        });
        prop_oneof![
            (prop::collection::vec(self.hash(), 16), self.prefix())
                .prop_map(|(hashes, prefix)| Part::Digests { hashes, prefix }),
            heads,
            self.positions().prop_map(Part::Answer),
            (self.log(), 0_u64..6, self.hash(), prop_oneof![0_u64..8, Just(u64::MAX)])
                .prop_map(|(log, low, hash, high)| Part::Probe { log, low, hash, high }),
        ]
    }

    fn message(&self) -> impl Strategy<Value = Message> + use<> {
        let network = self.network;
        let pull = prop::collection::vec((self.log(), 0_u64..5, self.hash()), 0..2)
            .prop_map(|pulls| pulls.into_iter().map(|(log, next, head)| Pull(log, next, head)).collect());
        let hello = (self.hash(), 0_u64..2, pull).prop_map(move |(digest, wants, pull)| {
            Message::Hello(Hello { network, digest, ballots: None, wants, pull })
        });
        let compare = (any::<bool>(), prop::collection::vec(self.part(), 0..4))
            .prop_map(|(more, parts)| Message::Compare(Compare { more, parts }));
        let bytes = sample::select(self.entries.clone()).prop_map(ByteBuf::from);
        let nothing = (0_u8..16).prop_filter_map("a child", |nibble| {
            let prefix = Prefix::ROOT.child(nibble)?;
            Some(Message::Compare(Compare { more: true, parts: vec![Part::Heads { logs: vec![], prefix }] }))
        });
        prop_oneof![
            2 => hello,
            4 => compare,
            4 => nothing,
            2 => Just(Message::Compare(Compare { more: false, parts: vec![] })),
            2 => prop::collection::btree_set((self.log(), 0_u64..6), 0..4)
                .prop_map(|wants| Message::Want(wants.into_iter().collect())),
            1 => prop::collection::vec(bytes.clone(), 1..3).prop_map(Message::Evidence),
            1 => bytes.prop_map(Message::Fork),
            1 => Just(Message::End),
        ]
    }

    fn input(&self) -> impl Strategy<Value = Input> + use<> {
        prop_oneof![
            8 => self.message().prop_map(Input::Message),
            1 => Just(Input::Segment(vec![1, 2, 3])),
            1 => (self.log(), 0_u64..5).prop_map(|(log, seq)| Input::Body { log, seq, bytes: vec![] }),
        ]
    }
}

/// Feeds a session and serves whatever it asks, one entry a segment. Returns how much it served.
fn feed(mut session: Session<Snapshot>, inputs: Vec<Input>, logs: usize) -> usize {
    let mut served = 0;
    let take = |session: &mut Session<Snapshot>| {
        let outputs: Vec<Output> = core::iter::from_fn(|| session.poll_output()).collect();
        assert!(outputs.len() <= 3, "{} outputs at once", outputs.len());
        for output in outputs {
            if let Output::Send(message) = output {
                let bytes = message.encode();
                assert_eq!(Message::decode(&bytes), Ok(message), "what we send is what we would take");
            }
        }
    };
    take(&mut session);
    for input in inputs {
        if session.handle(input).is_err() || session.is_over() {
            assert!(session.is_over());
            break;
        }
        take(&mut session);
        while let Some(serve) = session.next_to_serve() {
            served += 1;
            // Each log once in runs of a few entries, a fork, an entry of evidence, the bodies, and the end.
            assert!(served <= logs * 6 + 1024 + 1, "served without end");
            if let Serve::Run { from, to, .. } = serve {
                assert!(from < to);
                session.handle(Input::Served { next: from + 1 }).expect("in order");
            }
            take(&mut session);
        }
    }
    served
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, source_file: Some(file!()), ..ProptestConfig::default() }
}

#[test]
fn anything_ends() {
    let world = world();
    let palette = palette(&world);
    let node = world.full();
    let view = node.view();
    let seed_of_hello = Message::Hello(Hello {
        network: world.network,
        digest: Hash::of(b"another"),
        ballots: None,
        wants: 0,
        pull: vec![],
    });
    let mut runner = proptest::test_runner::TestRunner::new(config(600));
    let strategy = (any::<bool>(), any::<bool>(), prop::collection::vec(palette.input(), 1..14));
    let most = core::cell::Cell::new(0);
    let result = runner.run(&strategy, |(initiator, polite, mut inputs)| {
        let session = if initiator { Session::initiator(view.clone()) } else { Session::responder(view.clone()) };
        if polite {
            inputs.insert(0, Input::Message(seed_of_hello.clone()));
        }
        most.set(most.get().max(feed(session, inputs, palette.logs.len())));
        Ok(())
    });
    result.expect("no input breaks a session");
    assert!(most.get() > 1, "some of the garbage got as far as streaming: {}", most.get());
}

#[test]
fn an_honest_course_with_one_message_changed_ends() {
    let world = world();
    let palette = palette(&world);
    let (full, part) = (world.full(), world.part(&[true, true], &[2; 24]));
    let mut runner = proptest::test_runner::TestRunner::new(config(300));
    let strategy = (0_usize..8, palette.message());
    let result = runner.run(&strategy, |(place, message)| {
        let mut sides = [Session::initiator(full.view()), Session::responder(part.view())];
        let mut turn = 0;
        let mut wires: [Vec<Message>; 2] = [Vec::new(), Vec::new()];
        for step in 0..40 {
            for (side, wire) in sides.iter_mut().zip(&mut wires) {
                wire.extend(core::iter::from_fn(|| side.poll_output()).filter_map(|output| match output {
                    Output::Send(message) => Some(message),
                    _ => None,
                }));
            }
            turn = if wires[turn].is_empty() { 1 - turn } else { turn };
            if wires[turn].is_empty() {
                break;
            }
            let mut next = wires[turn].remove(0);
            if step == place {
                next = message.clone();
            }
            if sides[1 - turn].is_over() || sides[1 - turn].handle(Input::Message(next)).is_err() {
                break;
            }
        }
        Ok(())
    });
    result.expect("no message breaks a session");
}
