//! What is to be signed, in words.

use nanduti_node::api::{
    EffectView, EntryRow, KeyRole, KeyStep, PreparedReply, RequestAct, RequestView, StepView, SubmitReply,
};

use super::super::words;
use crate::terminal::{
    View, sanitise, style,
    table::{Column, Pairs, Table, Tone},
    width,
};

/// What would be signed, and what follows here.
pub(in crate::commands) fn prepared_text(prepared: &PreparedReply, view: View) -> String {
    with_follows(prepared, view, said_text(&prepared.request, view, "This node alone cannot know"))
}

/// The same of what went into a file.
pub(super) fn handed_out_text(prepared: &PreparedReply, view: View) -> String {
    with_follows(prepared, view, request_text(&prepared.request, view))
}

fn with_follows(prepared: &PreparedReply, view: View, mut text: String) -> String {
    text.push_str(&effects_text(&prepared.effects));
    if !prepared.follows.is_empty() {
        text.push_str("\nWhat follows\n");
        prepared.follows.iter().for_each(|follows| text.push_str(&indented(follows, view, "- ")));
    }
    if !prepared.around.is_empty() {
        text.push('\n');
        text.push_str(&around_text(&prepared.around, view));
    }
    text
}

/// What was taken in, or could be.
pub(in crate::commands) fn submitted_text(reply: &SubmitReply, view: View) -> String {
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

/// A request in a file, in plain words.
pub(in crate::commands) fn request_text(request: &RequestView, view: View) -> String {
    said_text(request, view, "The file alone does not show")
}

/// The same of what lies elsewhere. `unchecked` says who does not know what follows it.
pub(in crate::commands) fn said_text(request: &RequestView, view: View, unchecked: &str) -> String {
    let mut pairs = Pairs::new();
    pairs.add(
        "network",
        format!("{} ({})", style::strong(&sanitise::line(&request.network_name)), sanitise::line(&request.network)),
    );
    let name = request.member_name.as_deref().map(|name| format!(", {}", sanitise::line(name))).unwrap_or_default();
    pairs.add("member", format!("{}{name}", sanitise::line(&request.member)));
    pairs.add("root key", sanitise::line(&request.root_fingerprint));
    if let Some(fingerprint) = &request.governance_fingerprint {
        pairs.add("or governance key", sanitise::line(fingerprint));
    }
    let made = request.time.as_deref().map(|time| format!(", made {}", words::minute(time))).unwrap_or_default();
    pairs.add(
        "statement",
        match (request.act, request.entry) {
            (RequestAct::Charter, _) => format!("entries 0 and 1 of its root log: it adopts the charter{made}"),
            (RequestAct::Admission, _) => {
                format!("a request to be admitted, and entries 0 and 1 of its root log{made}")
            }
            (RequestAct::Vote, _) | (RequestAct::Keyring, None) => "a statement of a ballot".to_owned(),
            (RequestAct::Keyring, Some(entry)) => format!("entry {entry} of its root log{made}"),
        },
    );
    let mut text = pairs.render();
    if !request.says.is_empty() {
        text.push('\n');
        // Each is one line, so that no name with a line feed in it looks like something else that is decided.
        request.says.iter().for_each(|line| text.push_str(&format!("{}\n", sanitise::item(line))));
    }
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
        text.push_str(&format!("\n{unchecked}\n"));
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

/// The entries around a place.
pub(in crate::commands) fn around_text(rows: &[EntryRow], view: View) -> String {
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
                entry: Some(2),
                time: Some("2026-03-02T09:00:00Z".into()),
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
                ..RequestView::default()
            },
            effects: vec![EffectView { key: "5c".repeat(32), stops: 2 }],
            follows: Vec::new(),
            around: vec![row(4, "SIMORE Plus", true), row(5, "Not ours \u{1b}[2J", false)],
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_request_in_words() {
        insta::assert_snapshot!(samples::plain(&prepared_text(&prepared(), View { width: Some(100) })));
    }

    #[test]
    fn a_vote_in_words() {
        let request = RequestView {
            act: RequestAct::Vote,
            governance_fingerprint: Some("babab-dadad-gutih-tugad-himug-bazor-nabop".into()),
            entry: None,
            time: None,
            steps: Vec::new(),
            unchanged: 0,
            says: vec![
                "PRY endorses kq4w2abcde in round 1, about roster 0 with 4 voters; it takes 3:".into(),
                "  admit NEW (Ministry)\nsuspend KEN: it does not vote".into(),
            ],
            ..prepared().request
        };
        let follows = vec!["1 of 4 will have endorsed it in round 1; it takes 3".into()];
        let prepared = PreparedReply { request, follows, ..PreparedReply::default() };
        insta::assert_snapshot!(samples::plain(&prepared_text(&prepared, View { width: Some(100) })));
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
            ballots: None,
            warnings: Vec::new(),
        };
        insta::assert_snapshot!(samples::plain(&submitted_text(&reply, View { width: None })));
    }
}
