//! Pieces: what is kept of the frames that others made, and what a file of them is to any zstd.

use std::io::Cursor;

use nanduti_protocol::{kind::Kind, run::VerifiedRun};
use zstd::zstd_safe::CParameter;

use super::chains::{Chain, World};
use crate::store::{PIECE_HEAD, Packer, Piece, sound_runs};

fn some() -> (World, Chain) {
    let world = World::new();
    let chain = world.log(0, 1).practices(20);
    (world, chain)
}

fn frame_of(run: &VerifiedRun, level: i32) -> Vec<u8> {
    zstd::bulk::compress(run.bytes(), level).unwrap()
}

#[test]
fn any_zstd_makes_the_segment_of_a_file() {
    let (_, chain) = some();
    let file = [chain.piece(0, 7), chain.pieces(7, 9), chain.piece(9, 21)].concat();
    assert_eq!(zstd::stream::decode_all(Cursor::new(file)).unwrap(), chain.bytes(0, 21));
}

#[test]
fn a_frame_that_came_well_made_is_kept_as_it_is() {
    let (_, chain) = some();
    let run = chain.all();
    for level in [1, 9] {
        let frame = frame_of(&run, level);
        assert!(Piece::of_frame(&run, &frame).unwrap().bytes().ends_with(&frame));
    }
}

#[test]
fn a_frame_that_holds_little_and_is_long_is_not_kept() {
    let (_, chain) = some();
    let run = chain.all();
    let frame = frame_of(&run, 1);
    // zstd makes the same of all of these, so nothing else would refuse them.
    let passed_over = [&[0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0][..], b"junk"].concat();
    let empty = zstd::bulk::compress(b"", 1).unwrap();
    for other in [
        [frame.clone(), passed_over.clone()].concat(),
        [passed_over, frame.clone()].concat(),
        [frame.clone(), empty].concat(),
        raw_blocks(run.bytes()),
    ] {
        assert_eq!(zstd::bulk::decompress(&other, run.bytes().len()).unwrap(), run.bytes());
        assert!(Piece::of_frame(&run, &other).is_none());
    }
    assert!(Piece::of_frame(&run, &frame[..frame.len() - 1]).is_none());
    assert!(Piece::of_frame(&run, b"").is_none());
}

#[test]
fn a_frame_that_others_would_refuse_for_its_window_is_not_kept() {
    let (_, chain) = some();
    let run = chain.all();
    let mut compressor = zstd::bulk::Compressor::new(1).unwrap();
    compressor.set_parameter(CParameter::ContentSizeFlag(false)).unwrap();
    let frame = compressor.compress(run.bytes()).unwrap();
    assert!(frame[4] & 0x20 == 0 && run.bytes().len() > 2048, "it names a window, which has to be more than the least");
    // By the upper five bits a power of two from 1 KiB on, by the lower three so many eighths of it more: 1 KiB, 1.9 KiB, 512 KiB, 8 MiB,
    // 9 MiB, 128 MiB, 144 MiB, 2 GiB.
    let windows = [0x00, 0x07, 0x48, 0x68, 0x69, 0x88, 0x89, 0xa8];
    let kept = windows.into_iter().filter(|window| {
        let mut frame = frame.clone();
        frame[5] = *window;
        if *window >= 0x48 {
            let at_once = zstd::bulk::decompress(&frame, run.bytes().len()).unwrap();
            assert_eq!(at_once, run.bytes(), "{window:02x}: who unpacks a run at once does not look at it");
        }
        let is_kept = Piece::of_frame(&run, &frame).is_some();
        let others = zstd::stream::decode_all(Cursor::new(&frame)).ok();
        assert!(!is_kept || others.as_deref() == Some(run.bytes()), "{window:02x}");
        is_kept
    });
    assert_eq!(kept.collect::<Vec<_>>(), [0x48, 0x68]);
    compressor.set_parameter(CParameter::WindowLog(10)).unwrap();
    let narrow = compressor.compress(run.bytes()).unwrap();
    assert!(Piece::of_frame(&run, &narrow).is_none(), "sound, and made anew rather than looked through");
}

#[test]
fn what_is_packed_here_is_kept_by_others() {
    let (_, mut chain) = some();
    // Longer than the window that zstd would choose, and of texts that refer far back.
    for number in 0..12 {
        let text: String = (0..12_000).map(|word| format!("{:x} ", word * number % 7919)).collect();
        chain.push(Kind::Practice, text.as_bytes());
    }
    let run = chain.all();
    assert!(run.bytes().len() > 1 << 19);
    let piece = Packer::new().unwrap().pack(&run).unwrap();
    let frame = &piece.bytes()[PIECE_HEAD..];
    assert_eq!(Piece::of_frame(&run, frame).unwrap().bytes(), piece.bytes());
}

/// A frame (RFC 8878, section 3.1.1) that compresses nothing, of blocks of one byte each.
fn raw_blocks(content: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0xA0];
    frame.extend_from_slice(&(content.len() as u32).to_le_bytes());
    for (at, byte) in content.iter().enumerate() {
        let is_last = u32::from(at + 1 == content.len());
        frame.extend_from_slice(&(1 << 3 | is_last).to_le_bytes()[..3]);
        frame.push(*byte);
    }
    frame
}

#[test]
fn what_is_sound_is_found_behind_any_damage() {
    let (world, chain) = some();
    let parts = [(0, 7), (7, 8), (8, 12), (12, 21)];
    let pieces: Vec<Vec<u8>> = parts.iter().map(|(from, to)| chain.piece(*from, *to)).collect();
    let file = pieces.concat();
    let mut begin = 0;
    for (number, piece) in pieces.iter().enumerate() {
        for at in (0..piece.len()).step_by(7) {
            let mut damaged = file.clone();
            damaged[begin + at] ^= 0x10;
            let found = sound_runs(&world.network, &chain.id(), &damaged);
            let places: Vec<_> = found.iter().map(|sound| (sound.first, sound.next)).collect();
            let others: Vec<_> =
                parts.iter().enumerate().filter(|(part, _)| *part != number).map(|(_, at)| *at).collect();
            // A bit of the head, or one that zstd does not look at, hides nothing.
            assert!(places == others || places == parts, "byte {at} of piece {number}: {places:?}");
            assert!(at >= crate::store::PIECE_HEAD || places == parts, "byte {at} of the head of piece {number}");
            for sound in &found {
                assert_eq!(sound.read(&world.network, &damaged).unwrap().bytes(), chain.bytes(sound.first, sound.next));
            }
        }
        begin += piece.len();
    }
}

#[test]
fn a_packer_makes_the_same_again() {
    let (_, chain) = some();
    let mut packer = Packer::new().unwrap();
    let first = packer.pack(&chain.all()).unwrap();
    packer.pack(&chain.run(3, 4)).unwrap();
    assert_eq!(packer.pack(&chain.all()).unwrap().bytes(), first.bytes());
}
