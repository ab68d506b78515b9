//! Changing the keys of this node's member: shown, asked, signed, handed in; or written into a file to be signed elsewhere.

use std::path::PathBuf;

use nanduti_node::{
    api::{
        ApiError, EffectView, EntryRow, ErrorKind, KeyChange, KeyPrepare, KeyRole, KeyStep, PreparedReply, RequestView,
        StepView, Submit, SubmitReply,
    },
    offline::{Request, SignedAt, SigningRoot},
};
use serde::{Deserialize, Serialize};

use super::{super::words, root_file};
use crate::{
    context::{Context, Session},
    outcome::{self, Outcome, Stop},
    terminal::{
        Consent, PassphraseSource, Purpose, View, sanitise, style,
        table::{Column, Pairs, Table, Tone},
        width,
    },
};

/// How a change is signed.
#[derive(Debug, clap::Args)]
pub(crate) struct How {
    /// Show what would follow; change nothing
    #[arg(long, conflicts_with_all = ["prepare", "yes"])]
    dry_run: bool,
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

/// A request in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Prepared {
    /// The file.
    path: String,
    #[serde(flatten)]
    reply: PreparedReply,
}

/// Runs a change.
pub(super) async fn run(context: &Context, change: KeyChange, how: &How) -> Outcome {
    let session = context.open().await?;
    let done = flow(context, &session, change, how).await;
    session.close(done).await
}

async fn flow(context: &Context, session: &Session<'_>, change: KeyChange, how: &How) -> Outcome {
    if let KeyChange::Revoke { key, last: None } = &change {
        offer_places(context, session, key).await?;
    }
    let prepared = session.call("preparing", KeyPrepare { change }).await?;
    let terminal = context.terminal();
    for warning in &prepared.warnings {
        terminal.warning(&sanitise::line(warning));
    }
    if how.dry_run {
        terminal.reply(&prepared, prepared_text)?;
        terminal.hint("nothing was signed; without --dry-run it is asked for and done");
        return Ok(outcome::DONE);
    }
    let request = decode(&prepared.file)?;
    if let Some(path) = &how.prepare {
        return hand_out(context, prepared, &request, path);
    }
    let root = root_file(context, how.root_key.as_deref())?;
    if !how.consent.is_given() {
        let clean = sanitise::reply(&prepared).unwrap_or_else(|_| prepared.clone());
        how.consent.ask(terminal, &[prepared_text(&clean, terminal.view())], "Sign this with the root key?")?;
    }
    let passphrase = how.passphrase.read(Purpose::UseKey)?;
    let signed = {
        let _progress = terminal.progress("signing with the root key");
        tokio::task::block_in_place(|| SigningRoot::open(&root, &passphrase)?.sign(&request, SignedAt::Here))?
    };
    let stops = prepared.effects.iter().map(|effect| effect.stops).sum();
    let call = Submit { file: encode(&signed), check: false, stops: Some(stops) };
    let reply = session.call("taking it in", call).await?;
    finish(context, &reply)
}

/// Without the last entry that counts nothing can be revoked: the last ones are shown, to choose from.
async fn offer_places(context: &Context, session: &Session<'_>, key: &str) -> Result<(), Stop> {
    let shown = session.call("reading the log", KeyPrepare { change: KeyChange::Retire { key: key.to_owned() } }).await;
    // A key that has ended, or a node key, has nothing to choose from: preparing says why.
    let Ok(shown) = shown else { return Ok(()) };
    if shown.around.is_empty() {
        return Ok(());
    }
    let clean = sanitise::reply(&shown.around).unwrap_or_else(|_| shown.around.clone());
    context
        .terminal()
        .note(&format!("the last entries of that key:\n\n{}", around_text(&clean, context.terminal().view())));
    Ok(())
}

fn hand_out(context: &Context, reply: PreparedReply, request: &Request, path: &std::path::Path) -> Outcome {
    request.write(path)?;
    let terminal = context.terminal();
    let prepared = Prepared { path: path.display().to_string(), reply };
    terminal.reply(&prepared, |prepared, view| {
        let mut pairs = Pairs::new();
        pairs.add("request", sanitise::line(&prepared.path));
        format!("{}\n{}", prepared_text(&prepared.reply, view), pairs.render())
    })?;
    terminal.hint("carry it to where the root key is, sign it there with `nanduti sign FILE`, and hand it in here with `nanduti submit FILE`");
    terminal.hint("until then make no other change with this root key: a root log has one entry at each place");
    Ok(outcome::DONE)
}

/// What was taken in, and what comes next.
pub(in crate::commands) fn finish(context: &Context, reply: &SubmitReply) -> Outcome {
    let terminal = context.terminal();
    terminal.reply(reply, submitted_text)?;
    terminal.hint("a running node announces it; without one, `nanduti sync` carries it to the peers");
    Ok(outcome::DONE)
}

/// The request in the base64 of a reply.
fn decode(file: &str) -> Result<Request, ApiError> {
    let wrong = || ApiError::new(ErrorKind::Failed, "the node prepared something that cannot be read");
    let bytes = data_encoding::BASE64.decode(file.as_bytes()).map_err(|error| wrong().because(&error))?;
    Request::decode(&bytes).map_err(|error| wrong().because(&error))
}

/// A request in base64, for a call.
pub(in crate::commands) fn encode(request: &Request) -> String {
    data_encoding::BASE64.encode(&request.encode())
}

fn prepared_text(prepared: &PreparedReply, view: View) -> String {
    let mut text = request_text(&prepared.request, view);
    text.push_str(&effects_text(&prepared.effects));
    if !prepared.around.is_empty() {
        text.push('\n');
        text.push_str(&around_text(&prepared.around, view));
    }
    text
}

fn submitted_text(reply: &SubmitReply, view: View) -> String {
    let done = match (reply.known, reply.checked_only) {
        (true, _) => style::faint("held already"),
        (false, true) => style::good("can be taken in"),
        (false, false) => style::good("taken in"),
    };
    let mut text = format!("{done}\n{}", request_text(&reply.request, view));
    text.push_str(&effects_text(&reply.effects));
    if let Some(key) = &reply.signs_with {
        text.push_str(&format!("\nthis node signs with {} from now on\n", sanitise::line(words::glance(key))));
    }
    text
}

/// A request in plain words.
pub(in crate::commands) fn request_text(request: &RequestView, view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add(
        "network",
        format!("{} ({})", style::strong(&sanitise::line(&request.network_name)), sanitise::line(&request.network)),
    );
    let name = request.member_name.as_deref().map(|name| format!(", {}", sanitise::line(name))).unwrap_or_default();
    pairs.add("member", format!("{}{name}", sanitise::line(&request.member)));
    pairs.add("root key", sanitise::line(&request.root_fingerprint));
    pairs.add("statement", format!("entry {} of its root log, made {}", request.entry, words::minute(&request.time)));
    let mut text = pairs.render();
    for step in &request.steps {
        text.push('\n');
        text.push_str(&step_text(step, view));
    }
    if request.unchanged > 0 {
        text.push_str(&format!(
            "\n{}\n",
            words::count(request.unchanged, "key stays as it is", "keys stay as they are")
        ));
    }
    if !request.signed && !request.unchecked.is_empty() {
        text.push_str("\nThe file alone does not show\n");
        for what in &request.unchecked {
            text.push_str(&indented(what, view, "- "));
        }
    }
    text
}

fn step_text(step: &StepView, view: View) -> String {
    let use_of = match step.key_use {
        KeyRole::Publish => "publishing key",
        KeyRole::Node => "node key",
    };
    let what = match step.step {
        KeyStep::Added => style::good("new"),
        KeyStep::AddedEnded => style::careful("new, and ended"),
        KeyStep::MovesOn => style::faint("goes on"),
        KeyStep::Ends => style::bad("ends"),
        KeyStep::CutEarlier => style::bad("is cut earlier"),
    };
    let mut text = format!("{} {}  {what}\n", use_of, style::strong(&sanitise::line(words::glance(&step.key))));
    text.push_str(&format!("  {}\n", sanitise::line(&step.fingerprint)));
    text.push_str(&indented(&step.meaning, view, "  "));
    if let Some(place) = step.to.as_ref().filter(|_| step.step != KeyStep::Added) {
        text.push_str(&style::faint(&format!(
            "  entry {} is {}\n",
            place.seq,
            sanitise::line(words::glance(&place.hash))
        )));
    }
    text
}

fn indented(text: &str, view: View, lead: &str) -> String {
    let lines = width::wrap(&sanitise::line(text), view.prose().saturating_sub(2));
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        out.push_str(if number == 0 { lead } else { "  " });
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// What stops counting, if anything does.
pub(in crate::commands) fn effects_text(effects: &[EffectView]) -> String {
    let mut text = String::new();
    for effect in effects {
        let entries = words::count(effect.stops, "entry", "entries");
        let what = format!("{entries} of {} that this node holds will count no more", words::glance(&effect.key));
        text.push_str(&format!("\n{}\n", style::bad(&sanitise::line(&what))));
    }
    text
}

fn around_text(rows: &[EntryRow], view: View) -> String {
    let mut table = Table::new([
        Column::number("entry"),
        Column::text("id"),
        Column::text("kind"),
        Column::elastic("title"),
        Column::text("written"),
        Column::text("arrived"),
        Column::text("counts"),
    ]);
    for row in rows {
        let counts = if row.counts { ("yes".into(), Tone::Good) } else { ("no".into(), Tone::Bad) };
        table.row([
            (row.seq.to_string(), Tone::Plain),
            (row.short.clone(), Tone::Plain),
            (row.kind.clone(), Tone::Plain),
            (row.title.clone().unwrap_or_default(), Tone::Plain),
            (words::minute(&row.time), Tone::Plain),
            (row.arrived.as_deref().map(words::minute).unwrap_or_default(), Tone::Plain),
            counts,
        ]);
    }
    table.render(view.width)
}

#[cfg(test)]
mod tests {
    use nanduti_node::api::PlaceView;

    use super::*;
    use crate::commands::samples;

    fn place(seq: u64) -> Option<PlaceView> {
        Some(PlaceView { seq, hash: "ab".repeat(32) })
    }

    fn step(key: &str, key_use: KeyRole, step: KeyStep, to: Option<PlaceView>, meaning: &str) -> StepView {
        StepView {
            key: key.repeat(32),
            key_use,
            fingerprint: "lusab-babad-gutih-tugad-himug-bazor-nabop".into(),
            step,
            from: None,
            to,
            meaning: meaning.into(),
        }
    }

    fn prepared() -> PreparedReply {
        let row = |seq, title: &str, counts| EntryRow {
            seq,
            short: "pry4567abc".into(),
            kind: "practice".into(),
            title: Some(title.into()),
            time: "2026-03-01T14:05:09Z".into(),
            arrived: Some("2026-03-01T14:06:00Z".into()),
            counts,
        };
        PreparedReply {
            file: String::new(),
            request: RequestView {
                network: "4f".repeat(32),
                network_name: "International Network of NMIRFs".into(),
                member: "PRY".into(),
                member_name: Some("Ministry of Foreign Affairs".into()),
                root_key: "7e".repeat(32),
                root_fingerprint: "lusab-babad-gutih-tugad-himug-bazor-nabop".into(),
                entry: 2,
                time: "2026-03-02T09:00:00Z".into(),
                signed: false,
                steps: vec![
                    step(
                        "5c",
                        KeyRole::Publish,
                        KeyStep::Ends,
                        place(4),
                        "its entries up to and with 4 count; every later one counts for nothing, on every node",
                    ),
                    step(
                        "8d",
                        KeyRole::Publish,
                        KeyStep::Added,
                        place(0),
                        "may publish in the name of the member from now on",
                    ),
                    step("9e", KeyRole::Node, KeyStep::Ends, None, "a node with this key is not the member's any more"),
                    step(
                        "6a",
                        KeyRole::Publish,
                        KeyStep::MovesOn,
                        place(9),
                        "goes on; entry 9 of its log is fixed for good",
                    ),
                ],
                unchanged: 1,
                unchecked: vec!["whether the last entry that is to count is the right one".into()],
            },
            effects: vec![EffectView { key: "5c".repeat(32), stops: 2 }],
            around: vec![row(4, "SIMORE Plus", true), row(5, "Not ours \u{1b}[2J", false)],
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_request_in_words() {
        insta::assert_snapshot!(samples::plain(&prepared_text(&prepared(), View { width: Some(100) })));
    }

    #[test]
    fn what_was_taken_in() {
        let request = RequestView { signed: true, ..prepared().request };
        let reply = SubmitReply {
            checked_only: false,
            known: false,
            request,
            effects: prepared().effects,
            signs_with: Some("8d".repeat(32)),
            warnings: Vec::new(),
        };
        insta::assert_snapshot!(samples::plain(&submitted_text(&reply, View { width: None })));
    }
}
