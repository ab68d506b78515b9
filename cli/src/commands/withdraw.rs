//! `nanduti withdraw`: take a practice back, leaving an honest tombstone.

use nanduti_node::api::{PracticeView, RevisionView, Show, Withdraw};

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{Consent, View, sanitise, style},
};

const AFTER_HELP: &str = "\
Example:
  nanduti withdraw pry4567abc --reason superseded --note \"Replaced by the system of 2026.\"

Reasons are the codes of `nanduti practice fields --vocabulary withdraw_reason`.

At a terminal it says what will be read, and asks; --yes leaves that out.

A withdrawn practice leaves the list; who asks for it by its id reads the reason first, and
still finds what it said. A withdrawal is public, with its reason and its note, also that of a practice
for members only: write nothing into the note that others must not read. This is signed and cannot be taken back, but the practice can be published anew.

Next: a running node announces it; without one, `nanduti sync` carries it to the peers.";

/// Withdraw a practice of your own member, with a reason
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Id or short id of the practice
    id: String,
    /// Why, as a code
    #[arg(long, value_name = "CODE")]
    reason: String,
    /// A note for everybody, 500 characters at most
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    consent: Consent,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let session = context.open().await?;
    let done = async {
        let terminal = context.terminal();
        if terminal.is_attended() {
            let practice = session.call("reading the practice", Show { id: args.id.clone() }).await?;
            args.consent.ask_a_person(terminal, &about(&practice, &args), "Withdraw it?")?;
        }
        let call = Withdraw { id: args.id, reason: args.reason, note: args.note };
        session.call("signing the withdrawal", call).await
    };
    let done = done.await;
    let reply = session.close(done).await?;
    context.terminal().reply(&reply, text)?;
    context.terminal().hint("a running node announces it; without one, `nanduti sync` carries it to the peers");
    Ok(outcome::DONE)
}

/// What cannot be taken back.
fn about(practice: &PracticeView, args: &Args) -> Vec<String> {
    let title = sanitise::line(&practice.revision.title);
    let note = args.note.as_deref().map(|note| format!(", and the note: {}", sanitise::line(note))).unwrap_or_default();
    vec![
        format!("withdraws {title} ({})", sanitise::line(&practice.row.short)),
        format!("everybody will read that it was withdrawn, with the reason {}{note}", sanitise::line(&args.reason)),
        "this is signed and cannot be taken back; the practice can be published anew".to_owned(),
    ]
}

fn text(reply: &RevisionView, _view: View) -> String {
    let title = crate::terminal::sanitise::line(&reply.title);
    let place = style::faint(&format!("  (entry {})", reply.proof.seq));
    format!("{}  {title}{place}\n", style::good("withdrawn"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    #[test]
    fn one_line() {
        let reply = samples::revision("wdr2222222", "SIMORE", 5);
        assert_eq!(samples::plain(&text(&reply, View { width: None })), "withdrawn  SIMORE  (entry 5)\n");
    }
}
