//! What the way between two hosts does to a frame: pure, so that it can be tested without a network.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How long a frame may wait for a slow line, as in the buffer of a modem. What would wait longer is dropped.
const BUFFER: Duration = Duration::from_secs(2);

/// The line between a host and the exchange. It is the same in both directions, and a frame from one host to another passes
/// two of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// How long a frame is under way.
    pub delay: Duration,
    /// By how much more or less, at the most. Frames may overtake each other by it.
    pub jitter: Duration,
    /// The part of the frames that is lost, from 0 to 1.
    pub loss: f64,
    /// How much it carries, in bits a second.
    pub rate: Option<u64>,
}

impl Line {
    /// Takes no time and loses nothing.
    pub const GOOD: Self = Self { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 0.0, rate: None };
}

/// A host at the exchange, by its number.
pub(super) type Port = u32;

#[derive(Debug)]
struct End {
    line: Line,
    /// In which part of the internet the host is. Frames stay in their part.
    part: usize,
    /// Until when the line is taken, from the host and to it.
    busy: [Option<Instant>; 2],
}

#[derive(Debug, Clone, Copy)]
enum Way {
    FromHost,
    ToHost,
}

/// All lines, and what was lost on them.
#[derive(Debug)]
pub(super) struct Lines {
    ends: BTreeMap<Port, End>,
    random: u64,
}

impl Lines {
    /// No hosts yet. What happens by chance comes from the seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { ends: BTreeMap::new(), random: seed }
    }

    /// A host with a good line.
    pub(super) fn add(&mut self, port: Port) {
        self.ends.insert(port, End { line: Line::GOOD, part: 0, busy: [None; 2] });
    }

    /// Changes a line from now on.
    pub(super) fn set(&mut self, port: Port, line: Line) {
        if let Some(end) = self.ends.get_mut(&port) {
            end.line = line;
        }
    }

    /// Puts a host into a part.
    pub(super) fn put(&mut self, port: Port, part: usize) {
        if let Some(end) = self.ends.get_mut(&port) {
            end.part = part;
        }
    }

    /// All hosts but one.
    pub(super) fn others(&self, from: Port) -> Vec<Port> {
        self.ends.keys().copied().filter(|port| *port != from).collect()
    }

    /// When a frame of `bytes` that is sent now arrives; `None` if it does not.
    pub(super) fn pass(&mut self, from: Port, to: Port, bytes: usize, now: Instant) -> Option<Instant> {
        if self.ends.get(&from)?.part != self.ends.get(&to)?.part {
            return None;
        }
        let at_exchange = self.cross(from, Way::FromHost, bytes, now)?;
        self.cross(to, Way::ToHost, bytes, at_exchange)
    }

    fn cross(&mut self, port: Port, way: Way, bytes: usize, now: Instant) -> Option<Instant> {
        let (loss, shift) = (self.chance(), self.chance());
        let end = self.ends.get_mut(&port)?;
        if loss < end.line.loss {
            return None;
        }
        let mut at = now;
        if let Some(rate) = end.line.rate {
            let busy = &mut end.busy[way as usize];
            at = busy.map_or(now, |busy| busy.max(now));
            if at.saturating_duration_since(now) > BUFFER {
                return None;
            }
            at += Duration::from_secs_f64(bytes as f64 * 8.0 / rate as f64);
            *busy = Some(at);
        }
        let late = end.line.delay + end.line.jitter.mul_f64(2.0 * shift);
        Some(at + late.saturating_sub(end.line.jitter))
    }

    /// From 0 to 1 (splitmix64).
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn lines() -> (Lines, Instant) {
        let mut lines = Lines::new(7);
        lines.add(1);
        lines.add(2);
        (lines, Instant::now())
    }

    #[test]
    fn a_good_line_takes_no_time_and_loses_nothing() {
        let (mut lines, now) = lines();
        assert!((0..1000).all(|_| lines.pass(1, 2, 1500, now) == Some(now)));
        assert_eq!(lines.pass(1, 3, 1500, now), None, "nobody is there");
        assert_eq!(lines.others(1), [2]);
    }

    #[test]
    fn delay_and_loss_add_up_over_both_lines() {
        let (mut lines, now) = lines();
        let bad = Line { delay: 150 * MS, jitter: 50 * MS, loss: 0.1, rate: None };
        lines.set(1, bad);
        lines.set(2, bad);
        let arrivals: Vec<_> = (0..10_000).filter_map(|_| lines.pass(1, 2, 100, now)).collect();
        assert!((7900..8300).contains(&arrivals.len()), "{}", arrivals.len());
        let earliest = *arrivals.iter().min().expect("some arrive") - now;
        let latest = *arrivals.iter().max().expect("some arrive") - now;
        assert!((200 * MS..215 * MS).contains(&earliest), "{earliest:?}");
        assert!((385 * MS..=400 * MS).contains(&latest), "{latest:?}");
    }

    #[test]
    fn a_thin_line_carries_one_frame_after_the_other_and_its_buffer_is_bounded() {
        let (mut lines, now) = lines();
        lines.set(2, Line { rate: Some(16_000), ..Line::GOOD });
        assert_eq!(lines.pass(1, 2, 200, now), Some(now + 100 * MS));
        assert_eq!(lines.pass(1, 2, 200, now), Some(now + 200 * MS));
        assert_eq!(lines.pass(2, 1, 200, now), Some(now + 100 * MS), "the other way is free");
        let waiting = (0..100).filter_map(|_| lines.pass(1, 2, 200, now)).count();
        assert_eq!(waiting, 19, "and what waits for more than two seconds is lost");
        assert_eq!(lines.pass(1, 2, 200, now + 3 * BUFFER), Some(now + 3 * BUFFER + 100 * MS));
    }

    #[test]
    fn frames_stay_in_their_part() {
        let (mut lines, now) = lines();
        lines.put(2, 1);
        assert_eq!(lines.pass(1, 2, 100, now), None);
        lines.put(1, 1);
        assert_eq!(lines.pass(1, 2, 100, now), Some(now));
    }
}
