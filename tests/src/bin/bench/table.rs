//! What was measured, as a table for a terminal.

use std::fmt::Write;

use crate::{
    against::comparisons,
    figures::{self, Unit},
    goals,
    machine::Machine,
    report::Outcome,
};

/// Where it is measured.
pub(crate) fn machine(machine: &Machine) -> String {
    let mut text = format!(
        "{} · {} cores · {} MiB · {} · {}\n{} · {} · revision {}{}\n{} · load {:.2}",
        machine.cpu,
        machine.cores,
        machine.memory_mib,
        machine.kernel,
        machine.file_system,
        machine.program,
        machine.rustc,
        machine.revision.get(..12).unwrap_or(&machine.revision),
        if machine.dirty { " with changes" } else { "" },
        machine.at,
        machine.load,
    );
    if machine.debug {
        text.push_str("\nbuilt for debugging: these figures say nothing about the program");
    }
    text
}

/// One thing that was measured.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    let rows: Vec<[String; 4]> = outcome
        .figures
        .iter()
        .map(|measured| {
            let figure = figures::named(&measured.name);
            let (label, unit) = figure.map_or((measured.name.as_str(), Unit::Ratio), |found| (found.label, found.unit));
            let written = |value| figures::written(value, unit);
            let spread = measured.spread;
            let range = if spread.runs > 1 {
                format!("{} – {}", written(spread.min), written(spread.max))
            } else {
                String::new()
            };
            let goal = goals::judge(outcome, &measured.name).map_or_else(String::new, |judged| {
                format!("{} {}", judged.goal, if judged.met { "reached" } else { "NOT REACHED" })
            });
            [label.to_owned(), written(spread.median), range, goal]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (label_width, value_width, range_width) = (width(0), width(1), width(2));
    let mut text = heading(outcome);
    for [label, value, range, goal] in &rows {
        let line = format!("  {label:<label_width$}  {value:>value_width$}  {range:<range_width$}  {goal}");
        let _ = write!(text, "\n{}", line.trim_end());
    }
    text
}

/// What it was, in a line.
fn heading(outcome: &Outcome) -> String {
    let runs = outcome.figures.iter().map(|measured| measured.spread.runs).max().unwrap_or(0);
    let runs = if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") };
    let system = outcome.system.as_ref().map_or_else(String::new, |system| format!("{system}, "));
    format!("{system}{}: {} ({runs}, load {:.2})", outcome.what, case(outcome), outcome.load)
}

/// With how much it was measured, and how.
pub(crate) fn case(outcome: &Outcome) -> String {
    format!("{} {}", size(outcome), way(outcome)).trim().to_owned()
}

/// With how much it was measured.
pub(crate) fn size(outcome: &Outcome) -> String {
    let named = if outcome.what == "publish" { "publications" } else { "practices" };
    let count = |count: u64| format!("{} {named}", figures::written(count as f64, Unit::Count));
    outcome.practices.map_or_else(String::new, count)
}

/// How it was measured: in how many logs, over which transport.
pub(crate) fn way(outcome: &Outcome) -> String {
    let logs = outcome.logs.map(|logs| format!("in {} logs", figures::written(logs as f64, Unit::Count)));
    let transport = outcome.transport.as_ref().map(|transport| format!("over {transport}"));
    logs.into_iter().chain(transport).collect::<Vec<_>>().join(" ")
}

/// Ours beside others: a line for each figure and system.
pub(crate) fn beside(outcomes: &[Outcome]) -> String {
    let mut text = String::from("ours, theirs, ours over theirs (medians)");
    for one in comparisons(outcomes) {
        let Some(figure) = figures::named(one.figure) else { continue };
        let size = one.practices.map_or_else(String::new, |size| figures::written(size as f64, Unit::Count));
        let (ours, theirs) = (figures::written(one.ours, figure.unit), figures::written(one.theirs, figure.unit));
        let (system, label, ratio) = (&one.system, figure.label, one.ratio());
        let _ = write!(text, "\n  {system:<34} {size:>8}  {label:<46} {ours:>12} {theirs:>12} {ratio:>8.2}");
    }
    for (what, judged) in goals::judge_beside(outcomes) {
        let _ = write!(text, "\n  {what}: {} {}", judged.goal, if judged.met { "reached" } else { "NOT REACHED" });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::Runs, spread::Spread};

    #[test]
    fn a_table_reads_well() {
        let mut runs = Runs::default();
        for rate in [30_000.0, 31_500.0, 29_000.0] {
            runs.add(figures::RATE, rate);
            runs.add(figures::WIRE_KERNEL, rate / 60_000.0);
        }
        let mut outcome = runs.outcome("catch-up", Some(10_000), Some(200)).over("TCP");
        outcome.load = 1.5;
        insta::assert_snapshot!(super::outcome(&outcome));
        assert_eq!(outcome.figures[0].spread, Spread { median: 30_000.0, min: 29_000.0, max: 31_500.0, runs: 3 });
    }
}
