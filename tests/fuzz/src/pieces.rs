//! Segment files: frames that peers made are kept as they came, so what lies in a file is partly a stranger's.
//!
//! Two things are put together from a script: a frame, in any way in which the format allows it, around a run that a member
//! signed; and a file of pieces, honest ones and others, with some damage. What comes out of a file is what was signed, what is
//! undamaged is found, and damage is told from a write that was cut short.

use std::io::{Cursor, Read};

use nanduti_node::fuzzing;
use nanduti_protocol::{
    hash::Hash,
    kind::Kind,
    limits,
    run::{ReceivedRun, VerifiedRun},
    sync,
    testing::{Founding, LogWriter},
};
use zstd::{bulk::Compressor, zstd_safe::CParameter};

use crate::script::Script;

/// Bytes of the head of a piece.
const HEAD: usize = 44;

struct World {
    network: Hash,
    /// The log that is read, and the log of another key.
    logs: [LogWriter; 2],
    /// Where a run may end: behind each entry that is signed.
    ends: Vec<u64>,
}

thread_local! {
    static WORLD: World = World::new();
}

impl World {
    fn new() -> Self {
        let founding = Founding::new(3, 2);
        let logs = [0, 1].map(|number| {
            let mut log = founding.publish_log(&founding.actors[0].id, &founding.actors[0].publish[number]);
            for count in 0..8 {
                let body = vec![b'a' + count; 90 * usize::from(count)];
                if count == 4 {
                    log.push_unsigned(&log.next_statement(Kind::Practice, &body), Some(&body));
                } else {
                    log.push(Kind::Practice, &body);
                }
            }
            log
        });
        let ends = (0..logs[0].len()).filter(|seq| logs[0].is_anchor(*seq)).map(|seq| seq + 1).collect();
        Self { network: founding.network, logs, ends }
    }

    /// A place behind `from` where a run may end.
    fn end(&self, from: u64, script: &mut Script<'_>) -> Option<u64> {
        let ends: Vec<u64> = self.ends.iter().copied().filter(|end| *end > from).collect();
        script.pick(&ends).copied()
    }

    fn check(&self, run: &VerifiedRun) {
        let log = self.logs.iter().find(|log| log.log() == run.log()).expect("a log that is written here");
        assert_eq!(run.bytes(), log.segment(run.first_seq()..run.next_seq()), "it was never signed");
    }
}

/// A frame in which a run came: any bytes, and one that a script puts together.
pub fn frame(data: &[u8]) {
    WORLD.with(|world| {
        kept_well(&world.network, data);
        let mut script = Script::new(data);
        let from = script.below(world.ends.len()) as u64;
        let Some(to) = world.end(from, &mut script) else { return };
        let content = world.logs[0].segment(from..to);
        kept_well(&world.network, &some_frame(&content, &mut script));
    });
}

/// What is kept of a frame is read again as the run that came in it: by the store, by what looks through damaged files, by a
/// peer, and by any other zstd.
fn kept_well(network: &Hash, frame: &[u8]) {
    let run = fuzzing::unpacked(frame).and_then(|bytes| ReceivedRun::receive(bytes).ok()?.verify(network).ok());
    let Some(run) = run else { return };
    let Some(piece) = fuzzing::kept(&run, frame) else { return };
    assert!(piece.ends_with(frame) && piece.len() < HEAD + run.bytes().len());
    let places = (run.first_seq(), run.next_seq());
    assert_eq!(fuzzing::segment_file(network, &piece), (vec![run.clone()], None));
    assert_eq!(fuzzing::set_aside(network, &run.log(), &piece), (vec![places], places.1));
    let head = sync::segment_head(run.bytes().len()).expect("a run is within the bounds");
    assert_eq!(fuzzing::segment(&[&head, frame].concat()), Some((run.bytes().len(), run.bytes().to_vec())));
    assert_eq!(by_any_zstd(&piece).as_deref(), Some(run.bytes()), "any zstd makes the segment of it");
}

/// What a program makes of it that knows nothing but zstd, and goes through it with little memory.
fn by_any_zstd(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(Cursor::new(bytes)).ok()?;
    decoder.take(limits::SEGMENT_MAX as u64 + 1).read_to_end(&mut out).ok()?;
    Some(out)
}

/// A frame of this content as zstd can be told to make it, and then a little otherwise.
fn some_frame(content: &[u8], script: &mut Script<'_>) -> Vec<u8> {
    let mut compressor = Compressor::new([1, 3, 9, 19][script.below(4)]).expect("memory is there");
    let choices = script.byte();
    let window = 10 + u32::from(choices >> 3) % 17;
    for parameter in [
        CParameter::ChecksumFlag(choices & 1 == 1),
        CParameter::ContentSizeFlag(choices & 2 == 0),
        CParameter::WindowLog(if choices & 4 == 4 { window } else { 0 }),
    ] {
        compressor.set_parameter(parameter).expect("within what zstd allows");
    }
    let mut frame = compressor.compress(content).expect("memory is there");
    let describes = frame[4];
    let (single, size) = (describes & 0x20 != 0, describes >> 6);
    let head = 5 + usize::from(!single) + [usize::from(single), 2, 4, 8][usize::from(size)];
    match script.below(6) {
        // The window is only a claim.
        1 if !single => frame[5] = script.byte(),
        2 => frame[4] ^= script.byte(),
        // Blocks without content.
        3 => (0..script.byte()).for_each(|_| drop(frame.splice(head..head, [0, 0, 0]))),
        4 => {
            let at = script.below(frame.len());
            frame[at] ^= script.byte();
        }
        5 => frame.extend_from_slice(script.bytes(40)),
        _ => {}
    }
    frame
}

/// A part of a file, as it was appended at once.
struct Part {
    bytes: std::ops::Range<usize>,
    /// The places that it holds of the log that is read.
    places: Option<(u64, u64)>,
}

/// A file of pieces, honest ones and others, with some damage.
pub fn pieces(data: &[u8]) {
    WORLD.with(|world| {
        let mut script = Script::new(data);
        let mut file = Vec::new();
        let (mut parts, mut honest, mut at) = (Vec::new(), true, 0);
        while !script.is_over() && parts.len() < 8 && script.byte() != 0xff {
            let begin = file.len();
            let (bytes, places) = part(world, &mut at, &mut script);
            honest &= bytes.is_some();
            file.extend(bytes.unwrap_or_else(|| lying(world, &mut script)));
            parts.push(Part { bytes: begin..file.len(), places });
        }
        let whole = file.clone();
        let what = damage(&mut file, &mut script);
        let touched =
            whole.iter().zip(&file).position(|(one, other)| one != other).unwrap_or(whole.len().min(file.len()));
        let (runs, stop) = fuzzing::segment_file(&world.network, &file);
        runs.iter().for_each(|run| world.check(run));
        let read = stop.map_or(file.len(), |(offset, _)| offset);
        if honest {
            let sound = parts.iter().map(|part| part.bytes.end).filter(|end| *end <= touched).max().unwrap_or(0);
            assert!(read >= sound, "what is undamaged at the front is read");
            match what {
                Damage::None => assert_eq!(stop, None),
                Damage::Cut => assert!(stop.is_none_or(|(offset, unfinished)| unfinished && offset == sound)),
                Damage::Flipped if whole != file => assert_eq!(stop, Some((sound, false)), "a flipped bit is damage"),
                _ => {}
            }
            search(world, &parts, (&whole, &file));
        }
        let (found, claimed) = fuzzing::set_aside(&world.network, &world.logs[0].log(), &file);
        // A head that lies of sound content hides how far that reaches; no damage makes one, for its check would not fit.
        let most = if honest { claimed.min(world.logs[0].len()) } else { world.logs[0].len() };
        assert!(found.iter().all(|(first, next)| first < next && *next <= most), "{found:?}, {most}");
    });
}

/// Of what was set aside, each piece that is as it was is found, and what there was above all is known.
fn search(world: &World, parts: &[Part], (whole, file): (&[u8], &[u8])) {
    if whole.len() != file.len() {
        return;
    }
    let (found, claimed) = fuzzing::set_aside(&world.network, &world.logs[0].log(), file);
    for Part { bytes, places } in parts {
        let untouched = whole[bytes.clone()] == file[bytes.clone()];
        if let Some(places) = places.filter(|_| untouched) {
            assert!(found.contains(&places) && claimed >= places.1, "{places:?} is whole and not among {found:?}");
        }
    }
}

/// What is appended next: nothing if it is not an honest piece; and what it holds of the log that is read.
fn part(world: &World, at: &mut u64, script: &mut Script<'_>) -> (Option<Vec<u8>>, Option<(u64, u64)>) {
    let number = match script.below(8) {
        0 => return (None, None),
        1 => 1,
        _ => 0,
    };
    let from = if script.below(6) == 1 { script.below(9) as u64 } else { *at };
    let from = if from >= world.logs[0].len() { 0 } else { from };
    let Some(to) = world.end(from, script) else { return (None, None) };
    let log = &world.logs[number];
    if number == 0 {
        *at = to;
    }
    let count = usize::try_from(to - from).expect("a few");
    let piece = fuzzing::piece(from, count, &log.segment(from..to));
    (Some(piece), (number == 0).then_some((from, to)))
}

/// A piece that says of itself what is not so, or bytes that are none.
fn lying(world: &World, script: &mut Script<'_>) -> Vec<u8> {
    let (from, len) = (script.below(9) as u64, 1 + script.below(4) as u64);
    let content = world.logs[script.below(2)].segment(from..from + len);
    match script.below(4) {
        0 => fuzzing::piece(script.number().unwrap_or(from), script.below(9), &content),
        1 => fuzzing::piece(from, 1, script.bytes(80)),
        2 => content,
        _ => script.bytes(80).to_vec(),
    }
}

enum Damage {
    None,
    Cut,
    Flipped,
    Other,
}

fn damage(file: &mut Vec<u8>, script: &mut Script<'_>) -> Damage {
    let at = script.below(file.len());
    match script.below(7) {
        0 => return Damage::None,
        1 => {
            file.truncate(at);
            return Damage::Cut;
        }
        2 => {
            if let Some(byte) = file.get_mut(at) {
                *byte ^= 1 << script.below(8);
            }
            return Damage::Flipped;
        }
        3 => file.extend(std::iter::repeat_n(0, script.below(700))),
        4 => {
            let end = (at + script.below(600)).min(file.len());
            file[at..end].fill(0);
        }
        5 => drop(file.splice(at..at, script.bytes(60).iter().copied())),
        _ => {
            let end = (at + script.below(300)).min(file.len());
            file.drain(at..end);
        }
    }
    Damage::Other
}
