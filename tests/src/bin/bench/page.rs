//! The page of the book: its tables are made anew between marks, and the words around them are left alone.
//!
//! ```text
//! <!-- bench NAME -->
//! …
//! <!-- /bench -->
//! ```

use std::{
    fmt::Write,
    io::{Error, Result},
    path::Path,
};

use crate::{
    against::comparisons,
    figures::{self as f, Unit},
    goals, plots,
    report::{Outcome, Report},
    table,
};

const OPEN: &str = "<!-- bench ";
const CLOSE: &str = "<!-- /bench -->";

/// Makes the tables of a page and its pictures from these figures. The first of them says on which machine.
pub(crate) fn renew(reports: &[Report], page: &Path, pictures: &Path) -> Result<()> {
    let machine = &reports.first().ok_or_else(|| Error::other("no figures"))?.machine;
    let outcomes: Vec<Outcome> = reports.iter().flat_map(|report| report.outcomes.clone()).collect();
    let drawn = plots::draw(&outcomes, pictures)?;
    let folder = page.parent().unwrap_or(Path::new("."));
    let place = pictures.strip_prefix(folder).unwrap_or(pictures).display().to_string();
    let old = std::fs::read_to_string(page)?;
    let new = replaced(&old, |name| match name {
        "machine" => Some(format!("```text\n{}\n```", table::machine(machine))),
        "goals" => Some(goals_table(&outcomes)),
        "beside" => Some(beside(&outcomes)),
        "plots" => {
            let lines = drawn.iter().map(|(file, title)| format!("![{title}]({place}/{file}.svg)"));
            Some(lines.collect::<Vec<_>>().join("\n\n"))
        }
        what => Some(section(&outcomes, what)),
    })?;
    std::fs::write(page, new)
}

/// The page with other content between its marks.
fn replaced(page: &str, content: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut new = String::new();
    let mut rest = page;
    while let Some(at) = rest.find(OPEN) {
        let (before, marked) = rest.split_at(at);
        let name = marked[OPEN.len()..].split(" -->").next().unwrap_or_default();
        let end = marked.find(CLOSE).ok_or_else(|| Error::other(format!("`{OPEN}{name}` is not closed")))?;
        let content = content(name).ok_or_else(|| Error::other(format!("`{name}` is nothing that is measured")))?;
        let _ = write!(new, "{before}{OPEN}{name} -->\n{content}\n");
        rest = &marked[end..];
    }
    new.push_str(rest);
    Ok(new)
}

/// The figures of one kind of work of ours: a table for each way in which it was measured, a column for each size.
fn section(outcomes: &[Outcome], what: &str) -> String {
    let mut ways: Vec<(String, Vec<&Outcome>)> = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.system.is_none() && outcome.what == what) {
        let way = table::way(outcome);
        match ways.iter_mut().find(|(known, _)| *known == way) {
            Some((_, found)) => found.push(outcome),
            None => ways.push((way, vec![outcome])),
        }
    }
    if ways.is_empty() {
        return "Not measured yet.".into();
    }
    let tables = ways.into_iter().map(|(way, found)| columns(&way, found));
    tables.collect::<Vec<_>>().join("\n\n")
}

/// A row for each figure, a column for each size. Of several outcomes of one size, the last counts.
fn columns(way: &str, mut found: Vec<&Outcome>) -> String {
    found.reverse();
    found.sort_by_key(|outcome| outcome.practices);
    found.dedup_by_key(|outcome| outcome.practices);
    let mut names: Vec<&str> = Vec::new();
    for measured in found.iter().flat_map(|outcome| &outcome.figures) {
        if !names.contains(&measured.name.as_str()) {
            names.push(&measured.name);
        }
    }
    let heads: Vec<String> = found.iter().map(|outcome| table::size(outcome)).collect();
    let mut text = format!("| {way} | {} |\n| --- |{}", heads.join(" | "), " ---: |".repeat(found.len()));
    for name in names {
        let (label, unit) = f::named(name).map_or((name, Unit::Ratio), |figure| (figure.label, figure.unit));
        let cells = found.iter().map(|outcome| {
            let found = outcome.figures.iter().find(|measured| measured.name == name);
            found.map_or_else(String::new, |measured| f::written(measured.spread.median, unit))
        });
        let _ = write!(text, "\n| {label} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    text
}

/// Goals, and whether they are reached.
fn goals_table(outcomes: &[Outcome]) -> String {
    let mut text = String::from("| goal | measured | |\n| --- | --- | --- |");
    let yes_or_no = |met: bool| if met { "reached" } else { "**not reached**" };
    for outcome in outcomes {
        for measured in &outcome.figures {
            let Some(judged) = goals::judge(outcome, &measured.name) else { continue };
            let Some(figure) = f::named(&measured.name) else { continue };
            let value = f::written(measured.spread.median, figure.unit);
            let (what, case) = (&outcome.what, table::case(outcome));
            let _ = write!(
                text,
                "\n| {what}, {}: {} | {value} ({case}) | {} |",
                figure.label,
                judged.goal,
                yes_or_no(judged.met)
            );
        }
    }
    for (what, judged) in goals::judge_beside(outcomes) {
        let _ = write!(text, "\n| {} | {what} | {} |", judged.goal, yes_or_no(judged.met));
    }
    text
}

/// Ours beside others.
fn beside(outcomes: &[Outcome]) -> String {
    let found = comparisons(outcomes);
    if found.is_empty() {
        return "Not measured yet.".into();
    }
    let mut text = String::from(
        "| | practices | other | ours | theirs | ours over theirs |\n| --- | ---: | --- | ---: | ---: | ---: |",
    );
    for one in &found {
        let Some(figure) = f::named(one.figure) else { continue };
        let size = one.practices.map_or_else(String::new, |size| f::written(size as f64, Unit::Count));
        let written = |value| f::written(value, figure.unit);
        let _ = write!(
            text,
            "\n| {} | {size} | {} | {} | {} | {:.2} |",
            figure.label,
            one.system,
            written(one.ours),
            written(one.theirs),
            one.ratio()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{machine::Machine, report::Runs};

    fn report() -> Report {
        let machine = Machine {
            at: "2026-01-02T03:04:05Z".into(),
            cpu: "A processor".into(),
            cores: 2,
            memory_mib: 1024,
            kernel: "Linux 1".into(),
            file_system: "ext4".into(),
            namespace: true,
            program: "nanduti 0".into(),
            rustc: "rustc 1".into(),
            revision: "0123456789abcdef".into(),
            dirty: false,
            debug: false,
            load: 0.5,
        };
        let mut report = Report::new(machine);
        for (logs, rate) in [(Some(5), 30_000.0), (Some(200), 25_000.0), (None, 5_000.0)] {
            let mut runs = Runs::default();
            runs.add(f::RATE, rate);
            runs.add(f::CPU_BOTH, 12_000.0 / rate);
            let outcome = runs.outcome("catch-up", Some(10_000), logs);
            let (system, transport) = match logs {
                Some(_) => (None, Some("TCP".into())),
                None => (Some("hypercore".into()), None),
            };
            report.outcomes.push(Outcome { system, transport, load: 0.5, ..outcome });
        }
        report
    }

    #[test]
    fn only_what_is_marked_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (page, pictures) = (folder.path().join("page.md"), folder.path().join("images/performance"));
        let parts = ["machine", "goals", "catch-up", "no-op", "beside", "plots"];
        let marked = parts.map(|part| format!("## {part}\n\n{OPEN}{part} -->\nold\n{CLOSE}\n\nWords.\n")).concat();
        std::fs::write(&page, &marked).unwrap();
        renew(&[report()], &page, &pictures).unwrap();
        let once = std::fs::read_to_string(&page).unwrap();
        insta::assert_snapshot!(once);
        renew(&[report()], &page, &pictures).unwrap();
        assert_eq!(std::fs::read_to_string(&page).unwrap(), once, "it can be made anew again and again");
        assert!(pictures.join("catch-up-rate.svg").exists());
    }

    #[test]
    fn a_mark_that_is_not_closed_is_found() {
        assert!(replaced("<!-- bench x -->\n", |_| Some(String::new())).is_err());
        assert!(replaced("<!-- bench x -->\n<!-- /bench -->", |_| None).is_err());
        assert_eq!(replaced("words", |_| None).unwrap(), "words");
    }
}
