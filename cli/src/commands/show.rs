//! `nanduti show`: one practice, with its proof.

use nanduti_node::api::{Audience, FieldForm, FieldView, PracticeView, Proof, SeriesState, Show, ValueView};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style, table::Pairs, width},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti show pry4567abc
  nanduti show pry4567abc --markdown > practice.md    the file that would publish it again

The id is that of the practice or of one of its revisions, whole or short.

Next: `nanduti history ID` lists its revisions, `nanduti diff ID` shows what changed last,
`nanduti verify ID` checks its signature. To revise a practice of your own, edit the file of
--markdown and publish it with --revises ID.";

/// Read a practice, with the proof of who signed it
///
/// A signature proves who said it, not that it is true.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Id or short id of the practice, or of one revision of it
    id: String,
    /// Print the Markdown file that would publish it again
    #[arg(long)]
    markdown: bool,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let reply = context.call("reading the practice", Show { id: args.id }).await?;
    if args.markdown {
        context.terminal().text("markdown", &reply.markdown)?;
    } else {
        context.terminal().reply(&reply, text)?;
    }
    Ok(outcome::DONE)
}

fn text(practice: &PracticeView, view: View) -> String {
    let mut text = head(practice, view);
    for field in practice.fields.iter().filter(|field| field.name != "title") {
        text.push('\n');
        text.push_str(&field_text(field, view));
    }
    text.push('\n');
    text.push_str(&style::strong("Proof"));
    text.push('\n');
    text.push_str(&proof(&practice.revision.proof, &practice.revision.id));
    text
}

fn head(practice: &PracticeView, view: View) -> String {
    let row = &practice.row;
    let mut text = String::new();
    for line in width::wrap(&sanitise::line(&practice.revision.title), view.prose()) {
        text.push_str(&style::strong(&line));
        text.push('\n');
    }
    let mut pairs = Pairs::new();
    let member = format!("{}, {}", row.member, practice.revision.proof.member_name);
    pairs.add("member", sanitise::line(&member));
    if let Some(former) = &practice.revision.proof.former {
        let words = width::wrap(&sanitise::line(&former.words()), view.prose().saturating_sub(14)).join("\n");
        pairs.add("carried over", style::careful(&words));
    }
    pairs.add("practice", sanitise::line(&format!("{} ({})", row.short, row.language)));
    let revision = words::short(&practice.revision.id);
    let revisions = words::count(row.revisions, "revision", "revisions");
    let newest = if practice.revision.newest { "newest" } else { "not the newest" };
    pairs.add("revision", format!("{revision}, {newest} of {revisions}"));
    pairs.add("written", format!("{} (the author's claim)", words::minute(&practice.revision.time)));
    if let Some(arrived) = &practice.revision.arrived {
        pairs.add("arrived", words::minute(arrived));
    }
    pairs.add("state", state(practice));
    if row.audience == Audience::Members {
        pairs.add("readers", style::careful(words::FOR_MEMBERS));
    }
    text.push_str(&pairs.render());
    text
}

fn state(practice: &PracticeView) -> String {
    match (&practice.withdrawal, practice.row.state) {
        (Some(withdrawal), _) => {
            let why = format!("withdrawn on {}: {}", words::minute(&withdrawal.time), withdrawal.reason);
            let note = withdrawal.note.as_deref().map(|note| format!(". {}", sanitise::line(note))).unwrap_or_default();
            style::bad(&format!("{why}{note}"))
        }
        (None, SeriesState::Concurrent) => {
            let others: Vec<&str> = practice.concurrent.iter().map(|other| words::short(&other.id)).collect();
            style::careful(&format!("several newest revisions; see also {}", others.join(", ")))
        }
        (None, state) => style::good(words::state(state)),
    }
}

fn field_text(field: &FieldView, view: View) -> String {
    let mut text = style::strong(&sanitise::line(&field.label));
    if field.form == FieldForm::Unknown {
        text.push_str(&style::faint(" (a field that this version does not know)"));
    }
    text.push('\n');
    let prose = view.prose().saturating_sub(2);
    for value in &field.values {
        for line in width::wrap(&value_text(field.form, value), prose) {
            if !line.is_empty() {
                text.push_str("  ");
            }
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

fn value_text(form: FieldForm, value: &ValueView) -> String {
    let shown = match (form, &value.label) {
        (FieldForm::Code, Some(label)) => format!("{label} [{}]", value.text),
        (FieldForm::Code, None) => format!("[{}]", value.text),
        (_, Some(label)) => format!("{label}: {}", value.text),
        (_, None) => value.text.clone(),
    };
    match &value.href {
        Some(href) if !shown.contains(href.as_str()) => format!("{shown} <{href}>"),
        _ => shown,
    }
}

/// A proof, name by name.
pub(super) fn proof(proof: &Proof, id: &str) -> String {
    let mut pairs = Pairs::new();
    let counts =
        if proof.counts { style::good("counts") } else { style::bad("does not count (cut off, or above a fork)") };
    pairs.add("entry", sanitise::line(id));
    pairs.add("signed by", sanitise::line(&format!("{} ({})", proof.member, proof.member_name)));
    pairs.add("with key", sanitise::line(&proof.key));
    match &proof.former {
        None => {
            pairs.add("listed in", format!("keyring {}, signed by root key", proof.keyring_seq));
            pairs.add("", sanitise::line(&proof.root_key));
        }
        Some(former) => {
            pairs.add("listed in", "a keyring of the former network, by root key");
            pairs.add("", sanitise::line(&proof.root_key));
            pairs.add("former network", sanitise::line(&former.network));
            pairs.add("carried over", style::careful(&sanitise::line(&former.words())));
        }
    }
    pairs.add("place", format!("{} in the log of that key; {counts}", proof.seq));
    pairs.add("hash", sanitise::line(&proof.hash));
    pairs.add("body", format!("{} ({})", sanitise::line(&proof.body_hash), words::bytes(proof.body_size)));
    pairs.add("kept in", sanitise::line(&format!("{} at {}", proof.segment, proof.offset)));
    pairs.render()
}

#[cfg(test)]
mod tests {
    use nanduti_node::api::WithdrawalView;

    use super::*;
    use crate::commands::samples;

    #[test]
    fn a_practice() {
        insta::assert_snapshot!(samples::plain(&text(&samples::practice(), View { width: Some(80) })));
    }

    #[test]
    fn a_practice_for_members() {
        let mut practice = samples::practice();
        practice.row.audience = Audience::Members;
        assert!(samples::plain(&head(&practice, View { width: None })).contains("readers   for members only\n"));
    }

    #[test]
    fn a_withdrawn_practice() {
        let mut practice = samples::practice();
        practice.withdrawal = Some(WithdrawalView {
            id: "bafyr4iwdr".into(),
            reason: "superseded".into(),
            note: Some("See the new system.".into()),
            time: "2026-04-01T00:00:00Z".into(),
        });
        insta::assert_snapshot!(
            samples::plain(&state(&practice)),
            @"withdrawn on 2026-04-01 00:00 UTC: superseded. See the new system."
        );
    }

    #[test]
    fn concurrent_revisions_are_named() {
        let mut practice = samples::practice();
        practice.row.state = SeriesState::Concurrent;
        practice.concurrent = vec![samples::revision("other22222", "SIMORE", 3)];
        assert_eq!(samples::plain(&state(&practice)), "several newest revisions; see also other22222");
    }
}
