//! What the program has to reach, and whether it does.

use crate::{
    against::comparisons,
    figures::{self as f, Figure},
    report::Outcome,
};

/// From this size on, the goals for catching up hold; below, starting the processes takes most of the time.
const LARGE: u64 = 10_000;
/// How many times hypercore's rate ours has to be.
const TIMES_HYPERCORE: f64 = 5.0;

/// A bound on a figure.
#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// Megabytes as mebibytes.
const fn megabytes(count: f64) -> f64 {
    count * 1e6 / (1024.0 * 1024.0)
}

/// Work, figure, the smallest size for which it holds, and the bound.
const GOALS: [(&str, Figure, u64, Bound); 14] = [
    ("catch-up", f::FLOOR_PART, LARGE, Bound::AtLeast(40.0)),
    ("catch-up", f::CPU_BOTH, LARGE, Bound::AtMost(0.6)),
    ("catch-up", f::WIRE_KERNEL, LARGE, Bound::AtMost(0.55)),
    ("catch-up", f::DISK_HOME, LARGE, Bound::AtMost(1.15)),
    ("catch-up", f::PEAK_RECEIVER, 100_000, Bound::AtMost(megabytes(200.0))),
    ("no-op", f::NO_OP_SESSION_MS, 0, Bound::AtMost(20.0)),
    ("no-op", f::NO_OP_SESSION_OURS, 0, Bound::AtMost(256.0)),
    ("no-op", f::NO_OP_ROUND_TRIPS, 0, Bound::AtMost(1.2)),
    ("difference", f::DIFFERENCE_OURS, 0, Bound::AtMost(8192.0)),
    ("publish", f::PUBLISH_P99, 0, Bound::AtMost(5.0)),
    ("start", f::START_COLD_MS, 100_000, Bound::AtMost(500.0)),
    ("start", f::START_WARM_MS, 100_000, Bound::AtMost(500.0)),
    ("idle", f::IDLE_MEMORY_RECEIVER, 100_000, Bound::AtMost(megabytes(100.0))),
    ("idle", f::IDLE_BYTES_A_DAY, 0, Bound::AtMost(1e7)),
];

/// A goal, and whether it was reached.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    /// The bound, as a person reads it.
    pub(crate) goal: String,
    /// Was it reached?
    pub(crate) met: bool,
}

/// The goal for a figure of an outcome of ours, if there is one.
pub(crate) fn judge(outcome: &Outcome, name: &str) -> Option<Judged> {
    let goal = GOALS.iter().find(|(what, figure, from, _)| {
        outcome.system.is_none()
            && outcome.what == *what
            && figure.name == name
            && outcome.practices.unwrap_or(u64::MAX) >= *from
    });
    let (_, figure, _, bound) = goal?;
    let value = outcome.median(*figure)?;
    Some(match bound {
        Bound::AtLeast(least) => {
            Judged { goal: format!("≥ {}", f::written(*least, figure.unit)), met: value >= *least }
        }
        Bound::AtMost(most) => Judged { goal: format!("≤ {}", f::written(*most, figure.unit)), met: value <= *most },
    })
}

/// Goals that compare with other systems of the same run: what, and whether it was reached.
pub(crate) fn judge_beside(outcomes: &[Outcome]) -> Vec<(String, Judged)> {
    let found = comparisons(outcomes);
    let mut judged = Vec::new();
    for one in found.iter().filter(|one| one.system == "hypercore" && one.figure == f::RATE.name) {
        let size = one.practices.unwrap_or(0);
        if size >= LARGE {
            let goal = format!("≥ {TIMES_HYPERCORE:.0} times");
            let what = format!(
                "catch-up of {} practices, {:.1} times hypercore's",
                f::written(size as f64, f::Unit::Count),
                one.ratio()
            );
            judged.push((what, Judged { goal, met: one.ratio() >= TIMES_HYPERCORE }));
        }
    }
    let published = found.iter().filter(|one| one.figure == f::PUBLISH_MEDIAN.name);
    if let Some(best) = published.min_by(|one, other| one.theirs.total_cmp(&other.theirs)) {
        let unit = f::PUBLISH_MEDIAN.unit;
        let goal = format!("< {}, {}'s", f::written(best.theirs, unit), best.system);
        let what = format!("publish to readable, median {}", f::written(best.ours, unit));
        judged.push((what, Judged { goal, met: best.ours < best.theirs }));
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Runs;

    fn outcome(what: &str, practices: u64, system: Option<&str>, figures: &[(Figure, f64)]) -> Outcome {
        let mut runs = Runs::default();
        figures.iter().for_each(|(figure, value)| runs.add(*figure, *value));
        Outcome { system: system.map(Into::into), ..runs.outcome(what, Some(practices), None) }
    }

    #[test]
    fn a_goal_holds_from_its_size_on() {
        let figures = [(f::CPU_BOTH, 0.7), (f::FLOOR_PART, 41.0)];
        let large = outcome("catch-up", 10_000, None, &figures);
        assert_eq!(judge(&large, f::CPU_BOTH.name), Some(Judged { goal: "≤ 0.60".into(), met: false }));
        assert_eq!(judge(&large, f::FLOOR_PART.name), Some(Judged { goal: "≥ 40 %".into(), met: true }));
        assert_eq!(judge(&large, f::RATE.name), None);
        assert_eq!(judge(&outcome("catch-up", 1000, None, &figures), f::CPU_BOTH.name), None);
        assert_eq!(judge(&outcome("catch-up", 10_000, Some("git"), &figures), f::CPU_BOTH.name), None);
    }

    #[test]
    fn others_set_goals_too() {
        let outcomes = [
            outcome("catch-up", 10_000, None, &[(f::RATE, 30_000.0)]),
            outcome("publish", 500, None, &[(f::PUBLISH_MEDIAN, 3.0)]),
            outcome("catch-up", 10_000, Some("hypercore"), &[(f::RATE, 5000.0)]),
            outcome("publish", 0, Some("hypercore"), &[(f::PUBLISH_MEDIAN, 4.0)]),
            outcome("publish", 0, Some("other"), &[(f::PUBLISH_MEDIAN, 2.0)]),
        ];
        let judged = judge_beside(&outcomes);
        let met: Vec<bool> = judged.iter().map(|(_, judged)| judged.met).collect();
        assert_eq!(met, [true, false], "{judged:?}");
    }
}
