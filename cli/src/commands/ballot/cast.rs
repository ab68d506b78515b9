//! From a draft to a statement that is handed in: shown, agreed to, signed, taken in.

use nanduti_node::{
    api::{BallotReply, BallotStep, StatementDraft},
    governance,
};

use crate::{
    context::Session,
    outcome::Stop,
    terminal::{Consent, PassphraseSource, Purpose, Terminal, sanitise, style},
};

/// How a statement is signed.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Signing {
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// Shows a draft, asks, signs with the root key of this home, and hands in.
pub(super) async fn cast(
    (terminal, session): (&Terminal, &Session<'_>),
    home: &nanduti_node::Home,
    draft: StatementDraft,
    signing: &Signing,
) -> Result<BallotReply, Stop> {
    let verb = if draft.step == BallotStep::Endorse { "endorse" } else { "ratify" };
    let question = format!("{verb} this for {}?", sanitise::line(&draft.member));
    signing.consent.ask(terminal, &words(&draft), &question)?;
    let passphrase = signing.passphrase.read(Purpose::UseKey)?;
    let cast = {
        let _progress = terminal.progress("signing the statement");
        governance::sign(home, &draft, &passphrase)?
    };
    session.call("handing the statement in", cast).await
}

/// What would be signed, and what follows.
fn words(draft: &StatementDraft) -> Vec<String> {
    let verb = if draft.step == BallotStep::Endorse { "endorses" } else { "ratifies" };
    let mut lines = vec![format!(
        "{} {verb} {} in round {} ({}):",
        sanitise::line(&draft.member),
        style::strong(&sanitise::line(&draft.short)),
        draft.round,
        sanitise::line(&draft.network_name)
    )];
    lines.extend(draft.changes.iter().map(|change| format!("  {}", sanitise::text(change))));
    lines.extend(draft.follows.iter().map(|follows| sanitise::line(follows)));
    lines
}
