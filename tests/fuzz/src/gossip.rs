//! Gossip as a node hears it: what members signed, what strangers say, changed and unchanged, in any order, at a node that holds any
//! part of what there is.
//!
//! What must hold: nobody is blamed for passing on what a member signed, whatever this node lacks; what is passed on was signed by
//! somebody who counts here; and what is rejected has somebody to blame.

use std::collections::BTreeSet;

use nanduti_node::fuzzing::{Judged, Listener};
use nanduti_protocol::{
    announce::{Announcement, NewEntry},
    key::PublicKey,
    node_record::NodeRecord,
    run::VerifiedRun,
    sync::segment_head,
    testing::{Actor, Founding},
};

use crate::{
    script::Script,
    session::{peer::change, world::World},
};

thread_local! {
    static WORLD: Heard = Heard::new();
}

/// All that can be heard.
struct Heard {
    world: World,
    /// What members signed, each by itself.
    honest: Vec<Vec<u8>>,
    /// What is well made, and said by nobody, or rests on an entry above it.
    idle: Vec<Vec<u8>>,
    /// The entries and statements among what members signed.
    signed: BTreeSet<Vec<u8>>,
}

impl Heard {
    fn new() -> Self {
        let world = World::new();
        let (mut honest, mut idle) = (Vec::new(), Vec::new());
        for branch in &world.branches {
            for seq in 0..branch.log.len() {
                let entry = Announcement::entry(branch.log.entry(seq).expect("written")).encode();
                let anchor = branch.log.is_anchor(seq);
                if anchor {
                    honest.push(entry)
                } else {
                    idle.push(entry)
                }
                let run = branch.log.segment(seq..seq + 1);
                let whole = anchor.then(|| with_body(&branch.log.run(seq..seq + 1))).flatten();
                // A body that is missing or for members is announced by nobody.
                match whole {
                    Some(whole) => honest.push(whole),
                    None => idle.push(as_segment(&run)),
                }
            }
        }
        for log in &world.strangers {
            idle.extend((0..log.len()).filter_map(|seq| Some(Announcement::entry(log.entry(seq)?).encode())));
        }
        let statements = world.papers.iter().flat_map(|papers| &papers.statements);
        honest.extend(statements.map(|statement| Announcement::ballot(statement).encode()));
        let signed = honest.iter().cloned().collect();
        honest.push(Announcement::fork(&world.proof.encode()).encode());
        for (actor, counter) in Founding::new(7, 3).actors.iter().zip([1, 2, u64::MAX]) {
            honest.push(record(&world, actor, counter));
        }
        idle.push(record(&world, &Actor::new(9, 2), 3));
        Self { world, honest, idle, signed }
    }
}

fn record(world: &World, actor: &Actor, counter: u64) -> Vec<u8> {
    let addresses = vec!["/ip4/192.0.2.7/udp/4001/quic-v1".into(), "/dns/example.org/tcp/4001".into()];
    let record = NodeRecord { key: PublicKey::from(&actor.node), counter, addresses };
    Announcement::node(&record.sign(&world.network, &actor.node)).encode()
}

/// An entry with its body as its author announces it, if it is announced so.
fn with_body(run: &VerifiedRun) -> Option<Vec<u8>> {
    let frame = zstd::bulk::compress(run.bytes(), 1).expect("memory");
    NewEntry::announced(run, &frame).map(|content| Announcement::segment(&content).encode())
}

/// A run as if it were announced.
fn as_segment(run: &[u8]) -> Vec<u8> {
    let frame = zstd::bulk::compress(run, 1).expect("memory");
    let head = segment_head(run.len()).expect("the logs of this world are short");
    Announcement::segment(&[&head[..], &frame].concat()).encode()
}

/// Does a changed message decompress to what a member signed? zstd has many spellings of the same bytes.
fn is_another_spelling(message: &[u8], signed: &BTreeSet<Vec<u8>>) -> bool {
    let run = |message: &[u8]| match Announcement::decode(message) {
        Ok(Announcement::Segment(content)) => {
            let (len, frame) = NewEntry::split(content).ok()?;
            zstd::bulk::decompress(frame, len).ok()
        }
        _ => None,
    };
    run(message).is_some_and(|found| signed.iter().any(|known| run(known).as_ref() == Some(&found)))
}

/// A node hears what a script says.
pub fn gossip(data: &[u8]) {
    WORLD.with(|heard| {
        let mut script = Script::new(data);
        let host = heard.world.host(&mut script);
        let mut listener = Listener::new(heard.world.network);
        for _ in 0..16 {
            if script.is_over() {
                break;
            }
            let what = script.below(8);
            let from = if what == 1 { &heard.idle } else { &heard.honest };
            let mut message = script.pick(from).expect("there are some").clone();
            match what {
                2 => change(&mut message, &mut script),
                3 => message = script.bytes(255).to_vec(),
                _ => {}
            }
            let (judged, fault) = listener.hear(&message, (&host.ledger, &host.store));
            assert_eq!(judged == Judged::Rejected, fault.is_some(), "{fault:?}");
            if heard.honest.contains(&message) {
                assert_eq!(fault, None, "blamed for what a member signed: {message:02x?}");
            }
            if judged == Judged::PassedOn
                && let Ok(Announcement::Entry(_) | Announcement::Segment(_) | Announcement::Ballot(_)) =
                    Announcement::decode(&message)
                && !is_another_spelling(&message, &heard.signed)
            {
                assert!(heard.signed.contains(&message), "passed on, and no member signed it: {message:02x?}");
            }
        }
    });
}
