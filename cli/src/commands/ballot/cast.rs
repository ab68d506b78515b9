//! From a draft to a statement that is handed in: shown, agreed to, signed, taken in.

use std::path::{Path, PathBuf};

use nanduti_node::{
    api::{ApiError, BallotReply, BallotStep, ErrorKind, StatementDraft},
    governance::StatementFile,
};

use crate::{
    commands::key::root_file,
    context::{Context, Session},
    outcome::{self, Outcome, Stop},
    terminal::{Consent, PassphraseSource, Purpose, View, sanitise, style},
};

/// How a statement is signed.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Signing {
    #[command(flatten)]
    consent: Consent,
    /// Write what the root key is to sign into FILE, for `nanduti sign` elsewhere
    #[arg(long, value_name = "FILE", conflicts_with = "root_key")]
    prepare: Option<PathBuf>,
    /// The file of the root key [default: keys/root.pem in the home]
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// Shows a draft, asks, signs with the root key, and hands in. Nothing is handed in if it is only prepared.
pub(super) async fn cast(
    (context, session): (&Context, &Session<'_>),
    draft: StatementDraft,
    signing: &Signing,
) -> Result<Option<BallotReply>, Stop> {
    let terminal = context.terminal();
    if let Some(path) = &signing.prepare {
        words(&draft).iter().for_each(|line| terminal.note(line));
        StatementFile::of(draft).write(path)?;
        terminal.note(&format!("written to {}", sanitise::line(&path.display().to_string())));
        terminal.hint("carry it to the root key: `nanduti sign FILE`; then `nanduti submit FILE` here");
        return Ok(None);
    }
    let root = root_file(context, signing.root_key.as_deref())?;
    let verb = if draft.step == BallotStep::Endorse { "endorse" } else { "ratify" };
    let question = format!("{verb} this for {}?", sanitise::line(&draft.member));
    signing.consent.ask(terminal, &words(&draft), &question)?;
    let passphrase = signing.passphrase.read(Purpose::UseKey)?;
    let signed = {
        let _progress = terminal.progress("signing the statement");
        tokio::task::block_in_place(|| StatementFile::of(draft).sign(&root, &passphrase))?
    };
    Ok(Some(session.call("handing the statement in", signed.cast()?).await?))
}

/// Signs a statement that was prepared elsewhere.
pub(crate) fn sign_away(
    context: &Context,
    file: &StatementFile,
    (key, out): (&Path, &Path),
    (consent, passphrase): (&Consent, &PassphraseSource),
) -> Outcome {
    let terminal = context.terminal();
    if file.is_signed() {
        return Err(ApiError::new(ErrorKind::Usage, "this statement has been signed already")
            .hint("`nanduti submit FILE` hands it in, on the node")
            .into());
    }
    let words: Vec<String> = file.words()?.iter().map(|line| sanitise::text(line).into_owned()).collect();
    consent.ask(terminal, &words, &format!("Sign this with the root key of {}?", sanitise::line(file.member())))?;
    let passphrase = passphrase.read(Purpose::UseKey)?;
    let signed = {
        let _progress = terminal.progress("signing the statement");
        file.sign(key, &passphrase)?
    };
    signed.write(out)?;
    terminal.text("file", &format!("{}\n", out.display()))?;
    terminal.hint("carry it back, and hand it in on the node with `nanduti submit FILE`");
    Ok(outcome::DONE)
}

/// Shows what a statement says.
pub(crate) fn show_away(context: &Context, file: &StatementFile) -> Outcome {
    context.terminal().text("statement", &(file.words()?.join("\n") + "\n"))?;
    Ok(outcome::DONE)
}

/// Hands in a statement that was signed elsewhere.
pub(crate) async fn hand_in(context: &Context, file: &StatementFile, consent: &Consent) -> Outcome {
    let cast = file.cast()?;
    let words: Vec<String> = file.words()?.iter().map(|line| sanitise::text(line).into_owned()).collect();
    consent.ask(context.terminal(), &words, "Hand this in?")?;
    let reply = context.call("handing the statement in", cast).await?;
    context.terminal().reply(&reply, |reply, _: View| super::show::text(reply, false))?;
    Ok(outcome::DONE)
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
