//! `nanduti fork`: a key that said two things at one place of its log: both side by side, and the choice of one.

use clap::Subcommand;
use nanduti_node::api::{
    ApiError, ErrorKind, ForkList, ForkListReply, ForkProposal, ForkReport, ForkSettle, ForkShow, ForkSide, ForkState,
    ForkView, ForkedLog, KeyChange,
};

use super::{
    key,
    signing::{KeyringSigning, finish},
    words,
};
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{
        View, sanitise, style,
        table::{Column, Table, Tone},
        width,
    },
};

const AFTER_HELP: &str = "\
Examples:
  nanduti fork list
  nanduti fork show PRY                    both sides, and what follows from each
  nanduti fork choose 5c5c5c5c kq4wabcdef

A fork is one key that signed two different entries for one place of its log: a home that was copied and ran twice, an
old backup, or a thief. What stands below counts, nothing above does, and the rest of the network goes on, until the
member's keyring names a branch. For a root log the members decide, in a ballot, and each of them chooses in the same way.

Next: `nanduti status` names the forks that are not settled.";

const AFTER_LIST: &str = "\
Example:
  nanduti fork list

Next: `nanduti fork show LOG` puts both sides next to each other.";

const AFTER_SHOW: &str = "\
Examples:
  nanduti fork show PRY
  nanduti fork show 5c5c5c5c --json

Of the side that this node does not hold it knows the entries that prove the fork, and not what they say.

Next: `nanduti fork choose LOG ENTRY` on a node of the member whose log it is; of a root log, on a node of any member.";

const AFTER_CHOOSE: &str = "\
Examples:
  nanduti fork choose 5c5c5c5c kq4wabcdef              what follows is shown, and asked for
  nanduti fork choose 5c5c5c5c kq4wabcdef --dry-run
  nanduti fork choose 5c5c5c5c kq4wabcdef --prepare branch.request

ENTRY is the id that `nanduti fork show` shows at the head of a side: all of that branch that is known here counts.
A later entry of the branch that this node holds can be named too: it is then the last to count.

A publishing log is for its member to choose, by a keyring. The key ends there, since whatever made it sign twice can do
so again, and this node goes on with a fresh key. Every other node of the member that signed with it needs
`nanduti key replace`.

A root log is for all members to choose, by a ballot. Your root key endorses the proposal that chooses that side
already, or begins one. Nothing counts above the fork before a quorum has ratified it.

Choose on a node that holds the branch which is to stand: what it does not know of it would not count.

Next: `nanduti status`; other nodes follow as soon as the keyring reaches them. After a ballot: `nanduti ballot show`.";

/// See and heal a fork of a log
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Args {
    /// List the forks that are not settled
    #[command(after_help = AFTER_LIST)]
    List,
    /// Show both sides of a fork, and what follows from each
    #[command(after_help = AFTER_SHOW)]
    Show {
        /// The log: the beginning of its key, or the id of the member
        log: String,
    },
    /// Choose the side that counts: of a log of your own, or of a root log with your vote
    #[command(after_help = AFTER_CHOOSE)]
    Choose {
        /// The log: the beginning of its key, or the id of the member
        log: String,
        /// An entry of the side that is to count, by its id
        entry: String,
        #[command(flatten)]
        how: KeyringSigning,
    },
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    match args {
        Args::List => {
            let reply = context.call("reading the forks", ForkList {}).await?;
            context.terminal().reply(&reply, list_text)?;
            context.terminal().hint(if reply.forks.is_empty() {
                "no fork waits to be settled"
            } else {
                "`nanduti fork show LOG` puts both sides next to each other"
            });
            Ok(outcome::DONE)
        }
        Args::Show { log } => {
            let report = context.call("reading the fork", ForkShow { log }).await?;
            context.terminal().reply(&report, text)?;
            Ok(outcome::DONE)
        }
        Args::Choose { log, entry, how } => {
            let report = context.call("reading the fork", ForkShow { log }).await?;
            may_choose(&report)?;
            let clean = sanitise::reply(&report).unwrap_or_else(|_| report.clone());
            context.terminal().note(&text(&clean, context.terminal().view()));
            if report.log == ForkedLog::Root {
                return settle(context, ForkSettle { log: report.key, entry }, &how).await;
            }
            let change = KeyChange::Choose { key: report.key, entry };
            key::change_keys(context, change, &how).await
        }
    }
}

/// The branch of a root log: a vote, of the proposal that stands already or of a new one.
async fn settle(context: &Context, call: ForkSettle, how: &KeyringSigning) -> Outcome {
    if how.unheard {
        return Err(ApiError::new(ErrorKind::Usage, "--unheard is for keyrings, and this is a vote")
            .hint("a restored node votes only once other members have told it where its own log stands")
            .into());
    }
    let session = context.open().await?;
    let reply = async {
        let prepared = session.call("drafting the vote", call).await?;
        how.root.run((context, &session), prepared, false).await
    };
    let reply = reply.await;
    let Some(reply) = session.close(reply).await? else { return Ok(outcome::DONE) };
    finish(context, &reply)?;
    context.terminal().hint("the other members see it as soon as they synchronise, and choose in the same way");
    Ok(outcome::DONE)
}

/// Is it for this node's member to choose? If not, whose it is.
fn may_choose(report: &ForkReport) -> Result<(), ApiError> {
    let refuse = |message: String, hint: String| Err(ApiError::new(ErrorKind::Refused, message).hint(hint));
    let member = report.member.as_deref().unwrap_or("nobody");
    match (report.log, report.own, report.state) {
        (ForkedLog::Unlisted, ..) => refuse(
            "no member's keyring lists that key: it counts for nothing, whichever side".into(),
            "there is nothing to choose".into(),
        ),
        (ForkedLog::Publishing, false, _) => refuse(
            format!("that log is {}'s, and only its root key can choose", named(report)),
            format!("call {member}: `nanduti fork choose` on one of its nodes settles it for everybody"),
        ),
        (_, _, ForkState::Settled) => refuse(
            "that fork is settled: the branch that was named is here".into(),
            "there is nothing to choose".into(),
        ),
        (_, _, ForkState::Open | ForkState::Awaited) => Ok(()),
    }
}

fn named(report: &ForkReport) -> String {
    match (&report.member, &report.member_name) {
        (Some(member), Some(name)) => format!("{member} ({name})"),
        (Some(member), None) => member.clone(),
        (None, _) => "a key of no member".to_owned(),
    }
}

fn list_text(reply: &ForkListReply, view: View) -> String {
    if reply.forks.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        Column::text("log"),
        Column::text("member"),
        Column::number("place"),
        Column::elastic("the two entries"),
    ]);
    for ForkView { key, member, seq, hashes } in &reply.forks {
        let hashes: Vec<&str> = hashes.iter().map(|hash| words::glance(hash)).collect();
        table.row([
            (words::glance(key).to_owned(), Tone::Plain),
            (member.clone().unwrap_or_else(|| "not known".into()), Tone::Plain),
            (seq.to_string(), Tone::Plain),
            (hashes.join(", "), Tone::Faint),
        ]);
    }
    table.render(view.width)
}

fn text(report: &ForkReport, view: View) -> String {
    let log = match report.log {
        ForkedLog::Publishing => "publishing log",
        ForkedLog::Root => "root log",
        ForkedLog::Unlisted => "log",
    };
    let title = format!("Two entries {} in the {log} {} of {}", report.seq, words::glance(&report.key), named(report));
    let mut text = format!("{}\n\n{}", style::strong(&sanitise::line(&title)), sides(report, view));
    for (side, letter) in report.sides.iter().zip('A'..) {
        if !side.rows.is_empty() {
            let head = format!("What stands on side {letter}");
            text.push_str(&format!("\n{}\n{}", style::strong(&head), entries(side, view)));
        }
    }
    text.push_str(&format!("\n{}\n", style::strong("What follows")));
    for line in follows(report) {
        for (number, part) in width::wrap(&sanitise::line(&line), view.prose().saturating_sub(2)).iter().enumerate() {
            text.push_str(&format!("{}{part}\n", if number == 0 { "- " } else { "  " }));
        }
    }
    text
}

/// The sides, a column each. There are two, or three where this node holds neither of those that the proof shows.
fn sides(report: &ForkReport, view: View) -> String {
    match report.sides.len() {
        0..=2 => columns(report, view, ["", "side A", "side B"]),
        _ => columns(report, view, ["", "side A", "side B", "side C"]),
    }
}

fn columns<const N: usize>(report: &ForkReport, view: View, heads: [&'static str; N]) -> String {
    let mut table =
        Table::new(heads.map(|head| if head.is_empty() { Column::text(head) } else { Column::elastic(head) }));
    let mut row = |name: &str, value: &dyn Fn(&ForkSide) -> String| {
        table.row(std::array::from_fn(|at| match at.checked_sub(1) {
            None => (name.to_owned(), Tone::Faint),
            Some(at) => (report.sides.get(at).map(value).unwrap_or_default(), Tone::Plain),
        }));
    };
    row("entry", &|side| side.short.clone());
    row("hash", &|side| words::glance(&side.hash).to_owned());
    row("kind", &|side| side.kind.clone().unwrap_or_else(|| "not known here".into()));
    row("title", &|side| side.rows.first().and_then(|row| row.title.clone()).unwrap_or_else(|| "-".into()));
    row("written", &|side| side.time.as_deref().map_or_else(|| "not known here".into(), words::minute));
    row("entries known", &|side| format!("{} (to {})", side.entries, side.last.seq));
    row("on this node", &|side| if side.held { "held" } else { "only as a proof" }.to_owned());
    table.render(view.width)
}

fn entries(side: &ForkSide, view: View) -> String {
    let mut table = Table::new([
        Column::number("place"),
        Column::text("id"),
        Column::text("kind"),
        Column::elastic("title"),
        Column::text("written"),
    ]);
    for row in &side.rows {
        table.row([
            (row.seq.to_string(), Tone::Plain),
            (row.short.clone(), Tone::Plain),
            (row.kind.clone(), Tone::Plain),
            (row.title.clone().unwrap_or_else(|| "-".into()), Tone::Plain),
            (words::minute(&row.time), Tone::Plain),
        ]);
    }
    table.render(view.width)
}

/// What follows, in plain words.
fn follows(report: &ForkReport) -> Vec<String> {
    let mut lines = Vec::new();
    let below = match report.seq {
        0 => "nothing of the log counts".to_owned(),
        1 => "the entry below the fork counts".to_owned(),
        seq => format!("the {} below the fork count", words::count(seq, "entry", "entries")),
    };
    lines.push(match report.state {
        ForkState::Open => format!("Now: {below}, and nothing above it, on every node that knows both sides."),
        ForkState::Awaited => format!(
            "Now: {below}. A branch has been named{}, and its entries have not arrived here: every peer is asked for them.",
            report.named.as_ref().map(|place| format!(", by entry {} ({})", place.seq, words::glance(&place.hash))).unwrap_or_default()
        ),
        ForkState::Settled => "Settled: the branch that was named is here, and counts.".to_owned(),
    });
    if report.state == ForkState::Settled || report.log == ForkedLog::Unlisted {
        return lines;
    }
    for (side, letter) in report.sides.iter().zip('A'..) {
        let count = words::count(side.entries, "entry", "entries");
        lines.push(match side.held {
            true if side.entries == 1 => {
                format!("With side {letter}: its entry counts, and every other side falls away on every node, with what it says.")
            }
            true => format!("With side {letter}: its {count} count, and every other side falls away on every node, with what it says."),
            false => format!(
                "With side {letter}: it counts, and every other side falls away on every node. This node knows {count} of it and would leave what it \
                 holds and fetch the rest; better choose on a node that holds it."
            ),
        });
    }
    lines.extend(report.proposals.iter().map(|proposal| standing(report, proposal)));
    lines.push(match (report.log, report.own) {
        (ForkedLog::Publishing, true) => format!(
            "It is for your root key to choose: `nanduti fork choose {} ENTRY`.",
            report.key.get(..16).unwrap_or(&report.key)
        ),
        (ForkedLog::Publishing, false) => {
            format!("Only the root key of {} can choose, with `nanduti fork choose` on one of its nodes: call them.", named(report))
        }
        (ForkedLog::Root, _) => format!(
            "It is a root log, so the members choose, in a ballot: `nanduti fork choose {} ENTRY` on nodes of members. Until a quorum has \
             ratified one side no keyring above the fork counts.",
            report.key.get(..16).unwrap_or(&report.key)
        ),
        (ForkedLog::Unlisted, _) => "Nobody's keyring lists the key: it counts for nothing either way.".to_owned(),
    });
    lines
}

/// A proposal that chooses a side, in words.
fn standing(report: &ForkReport, proposal: &ForkProposal) -> String {
    let at = report.sides.iter().position(|side| Some(&side.short) == proposal.side.as_ref());
    let which = at.and_then(|at| ('A'..='Z').nth(at));
    let which =
        which.map_or_else(|| "a side that this node does not know".to_owned(), |letter| format!("side {letter}"));
    let more = if proposal.alone { "" } else { ", and changes more" };
    let (short, last) = (&proposal.short, proposal.last.seq);
    format!("Proposal {short} chooses {which}, up to entry {last} at least{more}: `nanduti ballot show {short}`.")
}

#[cfg(test)]
mod tests {
    use nanduti_node::api::{EntryRow, PlaceView};

    use super::*;
    use crate::commands::samples;

    fn side(short: &str, title: Option<&str>, held: bool) -> ForkSide {
        let row = |seq, title: Option<&str>| EntryRow {
            seq,
            short: format!("{short}{seq}"),
            kind: "practice".into(),
            title: title.map(Into::into),
            time: "2026-03-01T14:05:09Z".into(),
            arrived: None,
            counts: false,
        };
        ForkSide {
            id: format!("bafyr4i{short}"),
            short: short.into(),
            hash: "ab".repeat(32),
            kind: Some("practice".into()),
            time: Some("2026-03-01T14:05:09Z".into()),
            held,
            entries: if held { 2 } else { 1 },
            last: PlaceView { seq: if held { 3 } else { 2 }, hash: "cd".repeat(32) },
            rows: if held { vec![row(2, title), row(3, Some("Later"))] } else { vec![row(2, title)] },
        }
    }

    fn report() -> ForkReport {
        ForkReport {
            key: "5c".repeat(32),
            member: Some("PRY".into()),
            member_name: Some("Paraguay".into()),
            log: ForkedLog::Publishing,
            state: ForkState::Open,
            seq: 2,
            named: None,
            own: true,
            sides: vec![side("held222222", Some("Mine"), true), side("other22222", None, false)],
            proposals: Vec::new(),
        }
    }

    #[test]
    fn both_sides_side_by_side() {
        insta::assert_snapshot!(samples::plain(&text(&report(), View { width: Some(90) })));
        let fork =
            ForkView { key: "5c".repeat(32), member: None, seq: 2, hashes: vec!["ab".repeat(32), "cd".repeat(32)] };
        let list = list_text(&ForkListReply { forks: vec![fork] }, View { width: None });
        insta::assert_snapshot!("list", samples::plain(&list));
    }

    #[test]
    fn one_entry_is_one() {
        let mut one = report();
        (one.seq, one.sides[0].entries) = (1, 1);
        let told = follows(&one).join(" ");
        assert!(told.contains("the entry below the fork counts") && told.contains("its entry counts"), "{told}");
    }

    #[test]
    fn who_is_not_the_one_to_choose_is_told_who_is() {
        assert!(may_choose(&report()).is_ok());
        let other = may_choose(&ForkReport { own: false, ..report() }).unwrap_err();
        assert!(other.message.contains("PRY (Paraguay)'s") && other.hint.unwrap().starts_with("call PRY"));
        assert!(may_choose(&ForkReport { log: ForkedLog::Root, own: false, ..report() }).is_ok());
        for (log, state) in [(ForkedLog::Unlisted, ForkState::Open), (ForkedLog::Publishing, ForkState::Settled)] {
            assert!(may_choose(&ForkReport { log, state, ..report() }).is_err());
        }
        for (log, words) in [(ForkedLog::Root, "fork choose 5c5c5c5c5c5c5c5c"), (ForkedLog::Publishing, "call them")] {
            let told = follows(&ForkReport { log, own: false, ..report() });
            assert!(told.last().unwrap().contains(words), "{told:?}");
        }
        let awaited = ForkReport {
            state: ForkState::Awaited,
            named: Some(PlaceView { seq: 4, hash: "ef".repeat(32) }),
            ..report()
        };
        assert!(follows(&awaited)[0].contains("by entry 4"));
    }
}
