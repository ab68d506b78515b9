//! The door to the writer: many callers at once, closing while busy, bodies that arrive late.

use nanduti_protocol::{
    announce::NewEntry,
    hash::Hash,
    kind::{Audience, Kind},
    library::Standing,
    limits::GOSSIP_RUN_MAX,
};

use super::bench::{Bench, RUNTIME, assert_served, open, options};
use crate::{
    core::{CoreError, CoreEvent, PreparedRun},
    store::tests::chains::{World, live, member, practice},
};

#[test]
fn many_logs_by_many_callers_at_once() {
    let world = World::new();
    let mut root = world.root(0);
    let chains: Vec<_> = (1..40).map(|number| world.log(0, number).practices(12)).collect();
    root.keyring(&chains.iter().map(|chain| live(chain, 0)).collect::<Vec<_>>());
    let mut bench = Bench::new(&world);
    bench.admit_all([&root]);
    RUNTIME.block_on(async {
        let mut tasks = Vec::new();
        for chain in &chains {
            // Each log comes from two callers, who overlap.
            for step in [5, 3] {
                let (core, chain) = (bench.core().clone(), chain.clone());
                tasks.push(tokio::spawn(async move {
                    for seq in (0..chain.len()).step_by(step) {
                        let to = (seq + step as u64 + 2).min(chain.len());
                        let admitted = core.admit(chain.run(seq, to)).await.unwrap();
                        assert!(admitted.known || admitted.appended > 0);
                        // Whatever was answered, it is there, and durable.
                        let found = core.read_at(&chain.id(), to - 1).unwrap().unwrap();
                        assert_eq!(found.hash, chain.hashes[to as usize - 1]);
                    }
                }));
            }
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    let seen = bench.seen();
    assert_eq!(seen.practices[&member(0)], 39 * 12);
    bench.restart();
    assert_eq!(bench.seen(), seen);
    for chain in &chains {
        assert_served(bench.core(), chain, chain.len());
    }
}

#[test]
fn what_was_acknowledged_before_closing_is_there() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let log = log.practices(200);
    let mut bench = Bench::new(&world);
    bench.admit_all([&root]);
    let acknowledged = RUNTIME.block_on(async {
        let (core, chain) = (bench.core().clone(), log.clone());
        let (sender, mut half) = tokio::sync::mpsc::channel(1);
        let caller = tokio::spawn(async move {
            for seq in 0..chain.len() {
                match core.admit(chain.run(seq, seq + 1)).await {
                    Ok(_) if seq == 50 => sender.send(()).await.unwrap(),
                    Ok(_) => {}
                    Err(CoreError::Closed) => return seq,
                    Err(error) => panic!("{error}"),
                }
            }
            chain.len()
        });
        half.recv().await.unwrap();
        bench.core().close().await;
        bench.core().close().await;
        caller.await.unwrap()
    });
    assert!(matches!(bench.admit(log.run(0, 1)), Err(CoreError::Closed)));
    bench.restart();
    let held = bench.core().snapshot().ledger.extent(&log.id()).unwrap().next;
    assert!(held >= acknowledged && acknowledged > 50, "{held} held, {acknowledged} acknowledged");
    assert_served(bench.core(), &log, held);
}

#[test]
fn the_writer_ends_when_the_last_handle_goes() {
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let home = crate::Home::at(dir.path());
    home.create().unwrap();
    let core = open(&home, &options(&world));
    let mut events = core.subscribe();
    drop(core);
    // The sender of events goes with the writer.
    let ended = RUNTIME.block_on(async { events.recv().await });
    assert!(matches!(ended, Err(tokio::sync::broadcast::error::RecvError::Closed)));
}

#[test]
fn a_body_that_arrives_late_is_filled_in() {
    let world = World::new();
    let (root, mut log) = world.voice(0, 1);
    let mut whole = log.clone();
    let bodies: Vec<Vec<u8>> = (0..6).map(|number| practice(&format!("late {number}"), 700_000)).collect();
    for (number, body) in bodies.iter().enumerate() {
        whole.push(Kind::Practice, body);
        if number % 2 == 0 {
            log.push_bare(Kind::Practice, body)
        } else {
            log.push(Kind::Practice, body)
        };
    }
    let mut bench = Bench::new(&world);
    bench.admit_all([&root, &log]);
    assert_eq!((bench.seen().wanted, bench.core().wants(9, false).len()), (3, 3));
    assert_eq!(bench.seen().practices[&member(0)], 3);
    bench.restart();
    assert_eq!(bench.seen().wanted, 3);
    let counted = |bench: &Bench| bench.core().snapshot().ledger.extent(&log.id()).unwrap().bytes;
    let bytes = counted(&bench);
    let fill = |bench: &Bench, seq: u64, body: &[u8]| {
        RUNTIME.block_on(bench.core().fill_body(log.id(), seq, body.to_vec())).unwrap()
    };
    assert!(!fill(&bench, 1, b"another body"));
    assert!(!fill(&bench, 2, &bodies[1]), "it is there");
    assert!(!fill(&bench, 99, &bodies[1]), "no such place");
    for (left, seq) in [(2, 3), (1, 1), (0, 5)] {
        assert!(fill(&bench, seq, &bodies[seq as usize - 1]));
        assert_eq!(bench.seen().wanted, left);
        assert_eq!(counted(&bench), bytes, "bounds count what is withheld as if it were here");
        assert_eq!(bench.core().body(&log.id(), seq).unwrap().unwrap(), bodies[seq as usize - 1]);
        assert_eq!(bench.standing(whole.hashes[seq as usize], &member(0)), Some(Standing::Current));
        assert_eq!(bench.crashed().seen(), bench.seen());
    }
    let seen = bench.seen();
    assert_served(bench.core(), &whole, whole.len());
    bench.restart();
    assert_eq!(bench.seen(), seen);
    assert!(bench.core().warnings().is_empty(), "{:?}", bench.core().warnings());
    RUNTIME.block_on(bench.core().reindex()).unwrap();
    assert_eq!((bench.seen(), counted(&bench)), (seen, bytes));
    assert_served(bench.core(), &whole, whole.len());
    whole.practice("and on");
    bench.admit(whole.run(7, 8)).unwrap();
    assert_served(bench.core(), &whole, whole.len());
}

#[test]
fn runs_stand_in_the_queue_in_the_order_in_which_they_are_handed_in() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let log = log.practices(200);
    let bench = Bench::new(&world);
    bench.admit_all([&root]);
    // More than the queue holds, each resting on the one before: one that overtakes another would leave a gap.
    let runs = (0..201).map(|seq| PreparedRun::new(log.run(seq, seq + 1)));
    let admitted = futures::future::join_all(runs.map(|run| bench.core().admit_prepared(run)));
    for (seq, admitted) in RUNTIME.block_on(admitted).into_iter().enumerate() {
        assert_eq!(admitted.unwrap().appended, 1, "entry {seq}");
    }
}

#[test]
fn what_is_served_ends_at_an_anchor() {
    let world = World::new();
    let (root, mut log) = world.voice(0, 1);
    log.practice("signed");
    log.push_unsigned(Kind::Practice, b"by its chain alone");
    log.push_unsigned(Kind::Practice, b"this too");
    log.practice("signed");
    let bench = Bench::new(&world);
    bench.admit_all([&root, &log]);
    for (from, to, expected) in [(0, 5, 5), (0, 4, 2), (0, 3, 2), (1, 2, 2), (2, 4, 5), (4, 5, 5), (5, 9, 5)] {
        let served = bench.core().read_run(&log.id(), from, to, 1 << 20).unwrap();
        assert_eq!(served, log.bytes(from, expected), "{from} to {to}");
    }
}

#[test]
fn a_run_of_which_a_part_is_known_is_not_kept_in_the_frame_in_which_it_came() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let log = log.practices(6);
    let mut bench = Bench::new(&world);
    bench.admit_all([&root]);
    let compressed = |from: u64, to: u64| {
        let run = log.run(from, to);
        let frame = zstd::bulk::compress(run.bytes(), 1).unwrap();
        PreparedRun::compressed(run, &frame)
    };
    for (from, to, new) in [(0, 3, 3), (1, 7, 4)] {
        let admitted = RUNTIME.block_on(bench.core().admit_prepared(compressed(from, to))).unwrap();
        assert_eq!(admitted.appended, new);
    }
    assert!(bench.core().read_frame(&log.id(), 0, 3, 0).unwrap().is_some());
    assert_served(bench.core(), &log, 7);
    bench.restart();
    assert_served(bench.core(), &log, 7);
}

#[test]
fn bodies_that_nobody_sends_keep_no_others_from_being_asked_for() {
    let world = World::new();
    let (root, mut log) = world.voice(0, 1);
    for number in 0..5 {
        log.push_bare(Kind::Practice, &practice(&format!("bare {number}"), 100));
    }
    let bench = Bench::new(&world);
    bench.admit_all([&root, &log]);
    let ask = |most| bench.core().wants(most, true).into_iter().map(|(_, seq)| seq).collect::<Vec<_>>();
    assert_eq!([ask(2), ask(2), ask(2), ask(2)], [vec![1, 2], vec![3, 4], vec![1, 5], vec![2, 3]]);
    assert_eq!(ask(9), [1, 2, 3, 4, 5]);
}

#[test]
fn what_this_node_wrote_is_announced_with_its_body_if_that_is_small_and_for_everybody() {
    let world = World::new();
    let (root, log) = world.voice(0, 1);
    let bench = Bench::with_author(&world, &log, member(0));
    let mut events = bench.core().subscribe();
    bench.admit_all([&root, &log]);
    let mut announced = || {
        let events = std::iter::from_fn(|| events.try_recv().ok());
        let segments = events.filter_map(|event| match event {
            CoreEvent::Appended { entry, segment, .. } => Some((entry, segment)),
            _ => None,
        });
        segments.collect::<Vec<_>>()
    };
    assert!(announced().iter().all(|(_, segment)| segment.is_none()), "what came from elsewhere has no body");
    let write = |audience, body| RUNTIME.block_on(bench.core().author(Kind::Practice, audience, 1, body)).unwrap();
    write(Audience::Public, practice("small", 2000));
    let [(entry, Some(segment))] = &announced()[..] else { panic!("with its body") };
    let (len, frame) = NewEntry::split(segment).unwrap();
    let new = NewEntry::read(zstd::bulk::decompress(frame, len).unwrap()).unwrap();
    assert_eq!(new.entry().unwrap().hash, Hash::of(entry));
    write(Audience::Members, practice("for members", 2000));
    write(Audience::Public, practice("large", GOSSIP_RUN_MAX));
    // What cannot be compressed is larger than a message long before that.
    let noise: Vec<u8> = (0u16..300).flat_map(|number| *Hash::of(&number.to_be_bytes()).as_bytes()).collect();
    write(Audience::Public, noise);
    let bare = announced();
    assert!(bare.len() == 3 && bare.iter().all(|(_, segment)| segment.is_none()));
}
