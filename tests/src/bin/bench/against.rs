//! Ours beside others, from one run: the figures, and how many times as much or as little ours are.

use crate::{
    figures::{self as f, Figure},
    report::Outcome,
};

/// What is compared, and in which kind of work it was measured.
const COMPARED: [(&str, Figure); 9] = [
    ("catch-up", f::RATE),
    ("catch-up", f::CPU_BOTH),
    ("catch-up", f::PEAK_RECEIVER),
    ("catch-up", f::WIRE_KERNEL),
    ("catch-up", f::DISK_HOME),
    ("no-op", f::NO_OP_COMMAND_MS),
    ("no-op", f::NO_OP_COMMAND_KERNEL),
    ("publish", f::PUBLISH_MEDIAN),
    ("publish", f::PUBLISH_P99),
];

/// A comparison of one figure with one system.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    /// The other system.
    pub(crate) system: String,
    /// The size, where the figure depends on one.
    pub(crate) practices: Option<u64>,
    /// The figure.
    pub(crate) figure: &'static str,
    /// Ours, the median.
    pub(crate) ours: f64,
    /// Theirs, the median.
    pub(crate) theirs: f64,
}

impl Comparison {
    /// Ours as a multiple of theirs.
    pub(crate) fn ratio(&self) -> f64 {
        self.ours / self.theirs
    }
}

/// Everything that can be compared in these outcomes. The others run over TCP, so ours over QUIC stays out; of ours in several
/// numbers of logs, the slower catch-up counts.
pub(crate) fn comparisons(outcomes: &[Outcome]) -> Vec<Comparison> {
    let mut found = Vec::new();
    for theirs in outcomes {
        let Some(system) = &theirs.system else { continue };
        for (what, figure) in COMPARED.iter().filter(|(what, _)| *what == theirs.what) {
            let same = |ours: &&Outcome| {
                let size = *what == "publish" || ours.practices == theirs.practices;
                let comparable = ours.transport.as_deref() != Some("QUIC");
                ours.system.is_none() && ours.what == *what && size && comparable
            };
            let slowest = |one: &&Outcome, other: &&Outcome| {
                let rate = |outcome: &Outcome| outcome.median(f::RATE).unwrap_or(0.0);
                rate(one).total_cmp(&rate(other))
            };
            let ours = outcomes.iter().filter(same).min_by(slowest).and_then(|ours| ours.median(*figure));
            if let Some((ours, theirs_value)) = ours.zip(theirs.median(*figure)) {
                found.push(Comparison {
                    system: system.clone(),
                    practices: theirs.practices,
                    figure: figure.name,
                    ours,
                    theirs: theirs_value,
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Runs;

    fn outcome(system: Option<&str>, logs: Option<usize>, rate: f64) -> Outcome {
        let mut runs = Runs::default();
        runs.add(f::RATE, rate);
        Outcome { system: system.map(Into::into), ..runs.outcome("catch-up", Some(1000), logs) }
    }

    #[test]
    fn the_slower_of_ours_is_compared() {
        let outcomes = [
            outcome(None, Some(5), 9000.0),
            outcome(None, Some(200), 8000.0),
            outcome(Some("hypercore"), None, 2000.0),
        ];
        let found = comparisons(&outcomes);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].ours, found[0].theirs, found[0].ratio()), (8000.0, 2000.0, 4.0));
        assert!(comparisons(&outcomes[..2]).is_empty());
    }
}
