//! The pictures of the page: how the figures grow from the smallest size to the largest.

use std::{collections::BTreeMap, io::Result, path::Path};

use crate::{
    figures::{self as f, Figure},
    plot::{Line, Plot},
    report::Outcome,
};

/// A picture: its file, its title, what was measured, which figures (with a name that tells them apart, where there are several), and the
/// goal.
struct Wanted {
    file: &'static str,
    title: &'static str,
    what: &'static str,
    figures: &'static [(Figure, &'static str)],
    goal: Option<(f64, &'static str)>,
}

const WANTED: [Wanted; 8] = [
    Wanted {
        file: "catch-up-rate",
        title: "Catching up: practices per second, by practices in the library",
        what: "catch-up",
        figures: &[(f::RATE, "")],
        goal: None,
    },
    Wanted {
        file: "catch-up-cpu",
        title: "Catching up: CPU seconds for 10,000 practices, both sides",
        what: "catch-up",
        figures: &[(f::CPU_BOTH, "")],
        goal: Some((0.6, "at most 0.6 from 10k on")),
    },
    Wanted {
        file: "catch-up-memory",
        title: "Catching up: peak memory of the receiver, MiB",
        what: "catch-up",
        figures: &[(f::PEAK_RECEIVER, "")],
        goal: Some((190.7, "at most 200 MB")),
    },
    Wanted {
        file: "catch-up-disk",
        title: "Catching up: bytes of disk over bytes of text, whole homes",
        what: "catch-up",
        figures: &[(f::DISK_HOME, "")],
        goal: Some((1.15, "at most 1.15")),
    },
    Wanted {
        file: "catch-up-wire",
        title: "Catching up: bytes on the wire over bytes of text",
        what: "catch-up",
        figures: &[(f::WIRE_KERNEL, "")],
        goal: Some((0.55, "at most 0.55")),
    },
    Wanted {
        file: "no-op",
        title: "Nothing to do: milliseconds",
        what: "no-op",
        figures: &[(f::NO_OP_SESSION_MS, "session, "), (f::NO_OP_COMMAND_MS, "command, ")],
        goal: None,
    },
    Wanted {
        file: "start",
        title: "Start until ready, milliseconds",
        what: "start",
        figures: &[(f::START_COLD_MS, "from disk, "), (f::START_WARM_MS, "from memory, ")],
        goal: Some((500.0, "at most 500")),
    },
    Wanted {
        file: "peers",
        title: "Catching up beside others: practices per second",
        what: "catch-up",
        figures: &[(f::RATE, "")],
        goal: None,
    },
];

/// Draws all pictures for which there are figures; returns their names and titles.
pub(crate) fn draw(outcomes: &[Outcome], folder: &Path) -> Result<Vec<(&'static str, &'static str)>> {
    std::fs::create_dir_all(folder)?;
    let mut drawn = Vec::new();
    for wanted in &WANTED {
        if let Some(svg) = wanted.plot(outcomes).svg() {
            std::fs::write(folder.join(format!("{}.svg", wanted.file)), svg)?;
            drawn.push((wanted.file, wanted.title));
        }
    }
    Ok(drawn)
}

impl Wanted {
    fn plot(&self, outcomes: &[Outcome]) -> Plot {
        let beside_others = self.file == "peers";
        let mut lines: BTreeMap<(usize, String), Vec<(f64, f64)>> = BTreeMap::new();
        for outcome in outcomes.iter().filter(|outcome| outcome.what == self.what) {
            let name = match (&outcome.system, beside_others) {
                (None, false) => own_name(outcome),
                (None, true) if outcome.logs == Some(200) => "nanduti".to_owned(),
                (Some(system), true) if !system.contains('-') || system == "git-one" => system.clone(),
                _ => continue,
            };
            for (order, (figure, prefix)) in self.figures.iter().enumerate() {
                if let Some((size, value)) = outcome.practices.zip(outcome.median(*figure)) {
                    let name = format!("{prefix}{name}").trim_end_matches(", ").to_owned();
                    lines.entry((order, name)).or_default().push((size as f64, value));
                }
            }
        }
        let lines = lines.into_iter().map(|((_, name), mut points)| {
            points.sort_by(|one, other| one.0.total_cmp(&other.0));
            points.dedup_by(|one, other| one.0 == other.0);
            Line { name, points }
        });
        // A picture of several systems that has only one in it says nothing.
        let lines: Vec<Line> = lines.collect();
        let lines = if beside_others && lines.len() < 2 { Vec::new() } else { lines };
        let goal = self.goal.map(|(value, name)| (value, name.to_owned()));
        Plot { title: self.title.to_owned(), goal: goal.filter(|_| !lines.is_empty()), lines }
    }
}

/// The number of logs, and the transport.
fn own_name(outcome: &Outcome) -> String {
    let logs = outcome.logs.map(|logs| format!("{logs} logs"));
    let parts = logs.into_iter().chain(outcome.transport.clone());
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Runs;

    #[test]
    fn lines_are_made_of_what_was_measured() {
        let mut outcomes = Vec::new();
        for (practices, rate) in [(10_000, 20.0), (1000, 10.0)] {
            for (system, logs) in
                [(None, Some(200)), (None, Some(5)), (Some("git-one"), None), (Some("git-many"), None)]
            {
                let mut runs = Runs::default();
                runs.add(f::RATE, rate);
                let outcome = runs.outcome("catch-up", Some(practices), logs);
                outcomes.push(Outcome { system: system.map(Into::into), ..outcome });
            }
        }
        let names = |file: &str| {
            let wanted = WANTED.iter().find(|wanted| wanted.file == file).unwrap();
            let lines = wanted.plot(&outcomes).lines;
            assert!(lines.iter().all(|line| line.points == [(1000.0, 10.0), (10_000.0, 20.0)]), "{lines:?}");
            lines.into_iter().map(|line| line.name).collect::<Vec<_>>()
        };
        assert_eq!(names("catch-up-rate"), ["200 logs", "5 logs"]);
        assert_eq!(names("peers"), ["git-one", "nanduti"]);
        let folder = tempfile::tempdir().unwrap();
        let drawn = draw(&outcomes, folder.path()).unwrap();
        assert_eq!(drawn.iter().map(|(file, _)| *file).collect::<Vec<_>>(), ["catch-up-rate", "peers"]);
        assert!(folder.path().join("peers.svg").exists());
    }
}
