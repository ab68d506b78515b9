//! A line as thin as a telephone's.

use std::time::Duration;

use nanduti_tests::{hosts::Line, practice, until_within};

use crate::scene::{Scene, publish_text};

/// 2,000 bytes a second, and six tenths of a second there and back.
const THIN: Line = Line { delay: Duration::from_millis(300), jitter: Duration::ZERO, loss: 0.0, rate: Some(16_000) };
const PRACTICES: u64 = 20;
/// Bytes of text in each.
const TEXT: usize = 5_000;
/// Words of the language in which they are written.
const WORDS: u64 = 3_000;

/// Text that is as repetitive as any language: some words are frequent.
fn text(seed: u64) -> String {
    let mut random = seed;
    let mut chance = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random >> 33
    };
    let mut text = String::new();
    while text.len() < TEXT {
        let most = chance() % WORDS + 1;
        let word = (chance() % most).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (0..2 + word % 3).for_each(|at| {
            let syllable = (word >> (8 + 8 * at)) as usize;
            text.extend([b"bdfgklmnprstvz"[syllable % 14] as char, b"aeiou"[syllable / 14 % 5] as char]);
        });
        text.push(' ');
    }
    text
}

#[test]
fn a_library_comes_over_a_line_of_two_kilobytes_a_second_without_being_broken_off() {
    let Some(mut scene) = Scene::found(&["PRY", "MAR"]) else { return };
    scene.start(&[]);
    let mut payload = 0;
    for n in 0..PRACTICES {
        let text = text(n);
        payload += text.len() as u64;
        publish_text(
            &scene.nodes[0],
            practice(&format!("Practice {n}"), 1).replace("\n## Results", &format!("\n{text}\n\n## Results")),
        );
    }
    scene.internet.set_line(&scene.hosts[1], THIN);
    let peer = scene.peer(0);
    scene.start(&[&peer]);
    let took = until_within(Duration::from_secs(150), "all has come", || scene.all_hold(PRACTICES));
    let wire = scene.hosts[1].traffic();
    println!("{payload} bytes of text in {took:?}: {wire:?}");
    for member in ["PRY", "MAR"] {
        let log = std::fs::read_to_string(scene.world.path(&format!("{member}.log"))).unwrap();
        assert!(!log.contains("nothing moved") && !log.contains("did not say hello"), "{log}");
    }
    assert!(wire.received < payload * 7 / 10, "{wire:?} for {payload} bytes of text");
}
