//! A sync session as a whole. The bytes are a script: what a node holds, and what the other side or the wire does to it.
//!
//! What must hold: no script makes a session panic, go on for ever or say what it would not take itself; the host is never
//! told that it broke the contract, since it did not; whatever is held afterwards was signed by a key that may write it; and
//! one honest session later, or a few where a log is forked, both sides are equal.

pub(crate) mod peer;
mod side;
pub(crate) mod world;

use std::collections::BTreeSet;

use nanduti_protocol::{ballot::Succession, hash::Hash, sync::Session, testing::Host};
use side::{End, Side};
use world::World;

use crate::script::Script;

/// Honest sessions that it takes at most until two nodes are equal.
const SESSIONS_MAX: usize = 6;

thread_local! {
    static WORLD: World = World::new();
}

/// An honest node against a peer that says whatever the script says.
pub fn session(data: &[u8]) {
    WORLD.with(|world| {
        let mut script = Script::new(data);
        let host = world.host(&mut script);
        let ours = host.frontier().digest();
        let mut side = begin(world, host, &mut script);
        let mut heard = Vec::new();
        let mut moves = 0;
        while !script.is_over() && side.end.is_none() && moves < 64 {
            moves += 1;
            heard = side.out.pop_back().unwrap_or(heard);
            side.out.clear();
            side.hear(&peer::frame(world, ours, &heard, &mut script));
        }
        world.check(&side.host);
        heal(world, side.host, world.full());
    });
}

/// Two honest nodes over a wire that loses, repeats, swaps, cuts and changes frames.
pub fn wire(data: &[u8]) {
    WORLD.with(|world| {
        let mut script = Script::new(data);
        let hosts = [world.host(&mut script), world.host(&mut script)];
        let [one, two] = hosts;
        let mut sides = [begin_first(world, one, &mut script), Side::new(two, Session::responder)];
        let mut disturbed = false;
        let mut last = Vec::new();
        for step in 0.. {
            assert!(step < 4_000, "two honest nodes talk without end");
            let first = usize::from(script.below(2) == 1);
            let Some(from) = [first, 1 - first].into_iter().find(|side| !sides[*side].out.is_empty()) else { break };
            let Some(mut frame) = sides[from].out.pop_front() else { break };
            let what = script.below(24);
            disturbed |= (1..=6).contains(&what);
            match what {
                1 => continue,
                2 => sides[1 - from].hear(&frame),
                3 => peer::change(&mut frame, &mut script),
                4 => frame.truncate(script.below(frame.len())),
                5 => {
                    if let Some(next) = sides[from].out.pop_front() {
                        sides[1 - from].hear(&next);
                    }
                }
                6 if !last.is_empty() => frame.clone_from(&last),
                _ => {}
            }
            sides[1 - from].hear(&frame);
            last = frame;
        }
        let [one, two] = sides;
        if !disturbed {
            for side in [&one, &two] {
                assert!(matches!(side.end, Some(End::Finished(_))), "undisturbed, and yet {:?}", side.end);
            }
        }
        world.check(&one.host);
        world.check(&two.host);
        heal(world, one.host, two.host);
    });
}

fn begin(world: &World, host: Host, script: &mut Script<'_>) -> Side {
    match script.below(3) {
        0 => Side::new(host, Session::responder),
        _ => begin_first(world, host, script),
    }
}

fn begin_first(world: &World, host: Host, script: &mut Script<'_>) -> Side {
    let mut logs = BTreeSet::new();
    if script.below(3) == 1 {
        logs.extend((0..1 + script.below(4)).map(|_| world.position(script).0));
    }
    Side::new(host, |view| Session::pulling(view, &logs))
}

/// Two nodes become equal, whatever was before.
fn heal(world: &World, mut one: Host, mut two: Host) {
    for _ in 0..SESSIONS_MAX {
        if one.frontier().digest() == two.frontier().digest() && ballots(&one) == ballots(&two) {
            return;
        }
        let mut sides = [Side::new(one, Session::initiator), Side::new(two, Session::responder)];
        while let Some(from) = (0..2).find(|side| !sides[*side].out.is_empty()) {
            let frame = sides[from].out.pop_front().unwrap_or_default();
            sides[1 - from].hear(&frame);
        }
        for side in &sides {
            assert!(matches!(side.end, Some(End::Finished(_))), "honest, and yet {:?}", side.end);
            world.check(&side.host);
        }
        let [first, second] = sides;
        (one, two) = (first.host, second.host);
    }
    assert_eq!(one.frontier(), two.frontier(), "two honest nodes do not become equal");
    assert_eq!(ballots(&one), ballots(&two), "two honest nodes know different ballots");
}

/// What a node holds of ballots.
fn ballots(host: &Host) -> Option<Hash> {
    host.ledger.succession().map(Succession::digest)
}
