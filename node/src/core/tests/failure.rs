//! A step fails while something is written: who asked is told what is so.

use nanduti_protocol::{
    key::PublicKey,
    kind::{Audience, Kind},
};
use tokio::sync::broadcast;

use super::bench::{Bench, RUNTIME, assert_served};
use crate::{
    core::{CoreError, CoreEvent},
    disk::watch::{Kept, Plan, Taken, Watch},
    store::tests::chains::{Chain, World, member, practice},
};

/// A node that has signed a little, and the log of somebody else that it takes in.
struct Scene {
    bench: Bench,
    own: Chain,
    other: Chain,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let ((root, own), (other_root, other)) = (world.voice(0, 1), world.voice(1, 2));
        let other = other.practices(5);
        let bench = Bench::with_author(&world, &own, member(0));
        bench.admit_all([&root, &own, &other_root]);
        bench.admit(other.run(0, 3)).unwrap();
        Self { bench, own, other }
    }

    fn next(&self, log: &Chain) -> u64 {
        self.bench.core().snapshot().ledger.extent(&log.id()).unwrap().next
    }

    /// An entry is signed and two of another log are taken in, both at once.
    fn write(&self) -> [Result<(), CoreError>; 2] {
        let core = self.bench.core();
        let signing = core.author(Kind::Practice, Audience::Public, 1, practice("mine", 100));
        let taking = core.admit(self.other.run(3, 5));
        let (signed, taken) = RUNTIME.block_on(async { tokio::join!(signing, taking) });
        [signed.map(|signed| assert_eq!(signed.seq, 1)), taken.map(|taken| assert_eq!(taken.appended, 2))]
    }
}

/// The logs of which it was said that they grew.
fn told(events: &mut broadcast::Receiver<CoreEvent>) -> Vec<PublicKey> {
    let event = std::iter::from_fn(|| events.try_recv().ok());
    event.filter_map(|event| if let CoreEvent::Appended { log, .. } = event { Some(log) } else { None }).collect()
}

/// The steps that it takes, and a few more, since one batch may become two.
fn steps() -> usize {
    let scene = Scene::new();
    let watch = Watch::new(scene.bench.home.path(), Plan::Keep(Vec::new()), None);
    assert!(scene.write().iter().all(Result::is_ok));
    let is_indexing = |kept: &Kept| matches!(kept.taken, Taken::Index);
    let kept = watch.kept();
    assert_eq!(kept.iter().filter(|kept| is_indexing(kept)).count(), 2, "{kept:?}");
    kept.len() + 4
}

#[test]
fn whoever_is_told_of_a_failure_finds_nothing_written_and_whoever_is_not_finds_all() {
    // How the two fall into batches differs from time to time, and with it which step is indexing: all steps are gone through again until
    // indexing has failed both ways.
    let (mut indexing, steps) = (0, steps());
    for at in (1..=steps).cycle().take(6 * steps) {
        if at == 1 && indexing >= 2 {
            break;
        }
        let mut scene = Scene::new();
        let before = [scene.next(&scene.own), scene.next(&scene.other)];
        let mut events = scene.bench.core().subscribe();
        let watch = Watch::new(scene.bench.home.path(), Plan::FailAt(at), None);
        let answers = scene.write();
        let failed = watch.failed();
        drop(watch);
        let what = format!("step {at}, {failed:?}: {answers:?}");
        let told = told(&mut events);
        let logs = [(&scene.own, 1), (&scene.other, 2)];
        for (((log, entries), before), answer) in logs.iter().zip(before).zip(&answers) {
            let grown = scene.next(log) - before;
            assert_eq!(grown, if answer.is_ok() { *entries } else { 0 }, "{what}");
            assert_eq!(told.contains(&log.id()), answer.is_ok(), "{what}");
        }
        if let Some(Taken::Index) = failed {
            indexing += 1;
            // Both are durable by then, or are written after it.
            assert!(answers.iter().all(Result::is_ok), "{what}");
        }
        // It goes on, and nothing is signed twice.
        let signed = scene.bench.publish(&practice("more", 100)).unwrap();
        assert_eq!(signed.seq, 1 + u64::from(answers[0].is_ok()), "{what}");
        assert_eq!(scene.bench.core().snapshot().blocked, None, "{what}");
        scene.bench.admit_all([&scene.other]);
        let seen = scene.bench.seen();
        assert_served(scene.bench.core(), &scene.other, scene.other.len());
        scene.bench.restart();
        assert_eq!(scene.bench.seen(), seen, "{what}");
    }
    assert!(indexing >= 2, "indexing never failed");
}
