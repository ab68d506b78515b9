//! `nanduti history`: all revisions of a practice.

use nanduti_node::api::{History, RevisionView};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{
        View, sanitise,
        table::{Column, Table, Tone},
    },
};

const AFTER_HELP: &str = "\
Example:
  nanduti history pry4567abc

Times are the author's claim; the order is that of what revises what.

Next: `nanduti show REVISION` reads one of them, `nanduti diff REVISION --from REVISION`
compares two.";

/// List the revisions of a practice, oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Id or short id of the practice, or of one revision of it
    id: String,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let reply = context.call("reading the revisions", History { id: args.id }).await?;
    context.terminal().reply(&reply, text)?;
    context.terminal().note(&words::count(reply.len() as u64, "revision", "revisions"));
    if let Some(former) = reply.iter().find_map(|revision| revision.proof.former.as_ref()) {
        context.terminal().note(&sanitise::line(&format!("carried over: {}", former.words())));
    }
    Ok(outcome::DONE)
}

fn text(revisions: &Vec<RevisionView>, view: View) -> String {
    let mut table = Table::new([
        Column::text("revision"),
        Column::text("revises"),
        Column::text("signed by"),
        Column::number("place"),
        Column::text("written"),
        Column::elastic("title"),
        Column::text(""),
    ]);
    for revision in revisions {
        let revises: Vec<&str> = revision.revises.iter().map(|id| words::short(id)).collect();
        table.row([
            (words::short(&revision.id).to_owned(), Tone::Plain),
            (revises.join(", "), Tone::Faint),
            (revision.proof.member.clone(), Tone::Plain),
            (revision.proof.seq.to_string(), Tone::Plain),
            (words::minute(&revision.time), Tone::Plain),
            (revision.title.clone(), Tone::Plain),
            mark(revision),
        ]);
    }
    table.render(view.width)
}

fn mark(revision: &RevisionView) -> (String, Tone) {
    match (revision.proof.counts, revision.newest, &revision.proof.former) {
        (false, ..) => ("does not count".into(), Tone::Bad),
        (true, true, Some(_)) => ("newest, carried over".into(), Tone::Careful),
        (true, false, Some(_)) => ("carried over".into(), Tone::Careful),
        (true, true, None) => ("newest".into(), Tone::Good),
        (true, false, None) => (String::new(), Tone::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    #[test]
    fn two_revisions() {
        let mut first = samples::revision("rev1111111", "SIMORE", 2);
        first.newest = false;
        let mut second = samples::revision("rev2222222", "SIMORE Plus", 4);
        second.revises = vec![first.id.clone()];
        insta::assert_snapshot!(samples::plain(&text(&vec![first, second], View { width: Some(100) })));
    }
}
