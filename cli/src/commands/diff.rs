//! `nanduti diff`: what changed between two revisions, field by field.
//!
//! Short fields are shown before and after, with the words that differ marked; long ones line by line with a little of
//! what surrounds the change. Without colour, marks are `-` and `+` before a line and `[-…-]` and `{+…+}` around words.

use std::time::Duration;

use nanduti_node::api::{Diff, DiffReply, FieldChange};
use similar::{ChangeTag, TextDiff};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti diff pry4567abc                      what the newest revision changed
  nanduti diff rev2222222 --from rev1111111    what changed between two revisions

Next: `nanduti history ID` lists the revisions with their ids.";

/// How long to look for the smallest difference before taking a good one.
const PATIENCE: Duration = Duration::from_millis(500);
/// Unchanged lines shown around a change.
const AROUND: usize = 2;

/// Show what changed between two revisions, field by field
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Id or short id of the practice, or of the later revision
    id: String,
    /// Id or short id of the earlier revision [default: the one that was replaced]
    #[arg(long, value_name = "REVISION")]
    from: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let reply = context.call("comparing the revisions", Diff { id: args.id, from: args.from }).await?;
    context.terminal().reply(&reply, text)?;
    let fields = words::count(reply.changes.len() as u64, "field differs", "fields differ");
    context.terminal().note(&fields);
    Ok(outcome::DONE)
}

fn text(diff: &DiffReply, _view: View) -> String {
    let mut text = String::new();
    if let Some(from) = &diff.from {
        let line = format!("--- {}  {}  {}", words::short(&from.id), words::minute(&from.time), from.title);
        text.push_str(&format!("{}\n", style::bad(&sanitise::line(&line))));
    }
    let to = &diff.to;
    let line = format!("+++ {}  {}  {}", words::short(&to.id), words::minute(&to.time), to.title);
    text.push_str(&format!("{}\n", style::good(&sanitise::line(&line))));
    for change in &diff.changes {
        text.push_str(&format!("\n{}\n", style::strong(&sanitise::line(&change.label))));
        text.push_str(&field(change));
    }
    text
}

fn field(change: &FieldChange) -> String {
    match (change.before.as_str(), change.after.as_str()) {
        ("", after) => marked(ChangeTag::Insert, after),
        (before, "") => marked(ChangeTag::Delete, before),
        (before, after) if before.contains('\n') || after.contains('\n') => lines(before, after),
        (before, after) => format!("  {}\n", in_words(before, after)),
    }
}

fn marked(tag: ChangeTag, text: &str) -> String {
    text.lines().map(|line| marked_line(tag, line)).collect()
}

fn marked_line(tag: ChangeTag, line: &str) -> String {
    match tag {
        ChangeTag::Equal => format!("    {line}\n"),
        ChangeTag::Delete => format!("{}\n", style::bad(&format!("  - {line}"))),
        ChangeTag::Insert => format!("{}\n", style::good(&format!("  + {line}"))),
    }
}

/// Line by line; a line that was replaced by one other is shown once, with the words that differ marked.
fn lines(before: &str, after: &str) -> String {
    let (before, after) = (with_end(before), with_end(after));
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before.as_str(), after.as_str());
    let mut text = String::new();
    for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if at > 0 {
            text.push_str(&format!("{}\n", style::faint("    …")));
        }
        for op in group {
            let changes: Vec<_> = diff.iter_changes(op).collect();
            if let [old, new] = changes.as_slice()
                && old.tag() == ChangeTag::Delete
                && new.tag() == ChangeTag::Insert
            {
                text.push_str(&format!("  ~ {}\n", in_words(end_off(old.value()), end_off(new.value()))));
                continue;
            }
            for change in changes {
                text.push_str(&marked_line(change.tag(), end_off(change.value())));
            }
        }
    }
    text
}

/// One line with the words that differ marked.
fn in_words(before: &str, after: &str) -> String {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_unicode_words(before, after);
    let mut runs: Vec<(ChangeTag, String)> = Vec::new();
    for change in diff.iter_all_changes() {
        match runs.last_mut() {
            Some((tag, run)) if *tag == change.tag() => run.push_str(change.value()),
            _ => runs.push((change.tag(), change.value().to_owned())),
        }
    }
    let mut text = String::new();
    for (tag, run) in &runs {
        match tag {
            ChangeTag::Equal => text.push_str(run),
            ChangeTag::Delete => text.push_str(&style::bad(&format!("[-{run}-]"))),
            ChangeTag::Insert => text.push_str(&style::good(&format!("{{+{run}+}}"))),
        }
    }
    text
}

fn with_end(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn end_off(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    fn change(name: &str, before: &str, after: &str) -> FieldChange {
        FieldChange { name: name.into(), label: name.into(), before: before.into(), after: after.into() }
    }

    #[test]
    fn every_form_of_change() {
        let reply = DiffReply {
            from: Some(samples::revision("rev1111111", "SIMORE", 2)),
            to: samples::revision("rev2222222", "SIMORE Plus", 4),
            changes: vec![
                change("Title", "SIMORE", "SIMORE Plus"),
                change("Summary", "A system of 3 ministries.", "A public system of 12 ministries."),
                change("Capacities", "coordination\nengagement\n", "coordination\nconsultation\nengagement"),
                change(
                    "Description",
                    "one\ntwo\nthree\nfour\nfive\nsix\nseven",
                    "one\ntwo\n3\nfour\nfive\nsix\nseven\neight",
                ),
                change("Results", "", "Used by 12 ministries."),
                change("Funding", "None.", ""),
                change("العنوان", "خطة العمل", "خطة العمل الوطنية"),
                change("标题", "人权计划", "人权行动计划"),
            ],
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
    }

    #[test]
    fn a_first_revision_is_all_new() {
        let reply = DiffReply {
            from: None,
            to: samples::revision("rev1111111", "SIMORE", 2),
            changes: vec![change("Title", "", "SIMORE")],
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })), @r"
        +++ rev1111111  2026-03-01 14:05 UTC  SIMORE

        Title
          + SIMORE
        ");
    }
}
