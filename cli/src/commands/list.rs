//! `nanduti list`: the library, a line a practice.

use clap::ValueEnum;
use nanduti_node::api::{Audience, List, ListFilter, ListReply, PracticeRow, SeriesState};
use nanduti_protocol::vocabulary::{self, Vocabulary};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{
        View, sanitise, style,
        table::{Column, Table, Tone},
    },
};

const AFTER_HELP: &str = "\
Examples:
  nanduti list
  nanduti list --member PRY,MAR --strand information-systems
  nanduti list --state withdrawn
  nanduti list --json | jq -r '.practices[].title'

What is for members only is marked so. A node that is no member's lists apart that it is there, from
whom and when, and whether it was withdrawn; of the filters only --member and --state apply to that.

A practice is `concurrent` while it has several newest revisions that do not know of each other.
Several values of one filter mean \"any of these\"; several filters mean \"all of them\".
The codes are those of `nanduti practice fields`.

Next: `nanduti show ID` reads a practice, with the id of the first column.";

/// List the library
///
/// One line a practice, ordered by member and then title. Withdrawn practices are left out unless asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Only practices of these members
    #[arg(long, short, value_name = "MEMBER", value_delimiter = ',')]
    member: Vec<String>,
    /// Only these strands
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    strand: Vec<String>,
    /// Only these capacities
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    capacity: Vec<String>,
    /// Only these themes
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    theme: Vec<String>,
    /// Only these source languages (BCP 47, such as fr or pt-BR)
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    language: Vec<String>,
    /// Only these states: current, concurrent, withdrawn [default: all but withdrawn]
    #[arg(long, value_enum, value_delimiter = ',', hide_possible_values = true)]
    state: Vec<State>,
    /// Withdrawn practices too
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// At most so many lines
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    limit: u64,
    /// Pass over so many lines
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    offset: u64,
}

/// How a series stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// In force, with one newest revision
    Current,
    /// In force, with newest revisions that do not know of each other
    Concurrent,
    /// Withdrawn by its member
    Withdrawn,
}

impl From<State> for SeriesState {
    fn from(state: State) -> Self {
        match state {
            State::Current => Self::Current,
            State::Concurrent => Self::Concurrent,
            State::Withdrawn => Self::Withdrawn,
        }
    }
}

impl Args {
    fn filter(self) -> ListFilter {
        let state = if self.all {
            vec![SeriesState::Current, SeriesState::Concurrent, SeriesState::Withdrawn]
        } else {
            self.state.into_iter().map(SeriesState::from).collect()
        };
        ListFilter {
            member: self.member.into_iter().map(|id| member_id(&id)).collect(),
            strand: self.strand,
            capacity: self.capacity,
            theme: self.theme,
            language: self.language,
            state,
            offset: self.offset,
            limit: self.limit,
        }
    }
}

/// An id as members write it: the code of the State in capitals.
fn member_id(text: &str) -> String {
    text.split_at_checked(3).map_or_else(|| text.to_owned(), |(state, rest)| state.to_ascii_uppercase() + rest)
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let filter = args.filter();
    for (codes, vocabulary) in [
        (&filter.strand, Vocabulary::Strand),
        (&filter.capacity, Vocabulary::Capacity),
        (&filter.theme, Vocabulary::Themes),
    ] {
        codes.iter().filter_map(|code| unknown(vocabulary, code)).for_each(|text| context.terminal().warning(&text));
    }
    let (offset, filtered) = (filter.offset, is_filtered(&filter));
    let reply = context.call("reading the library", List { filter }).await?;
    let terminal = context.terminal();
    terminal.reply(&reply, text)?;
    if let Some(notice) = &reply.notice {
        terminal.warning(&sanitise::line(notice));
    }
    terminal.note(&footer(&reply, offset));
    if let Some(hint) = hint(&reply, offset, filtered) {
        terminal.hint(&hint);
    }
    Ok(outcome::DONE)
}

/// What to say of a code that this version does not have. It is no error: a newer node may have used it.
fn unknown(vocabulary: Vocabulary, code: &str) -> Option<String> {
    if vocabulary::lookup(vocabulary, code).is_some() {
        return None;
    }
    let name = vocabulary.name();
    let what = vocabulary::suggest(vocabulary, code).map_or_else(
        || format!("`nanduti practice fields --vocabulary {name}` lists the codes"),
        |meant| format!("did you mean `{meant}`?"),
    );
    Some(format!("`{}` is not a code of {name}; {what}", sanitise::line(code)))
}

fn is_filtered(filter: &ListFilter) -> bool {
    let plain = ListFilter { offset: filter.offset, limit: filter.limit, ..ListFilter::default() };
    *filter != plain
}

fn text(reply: &ListReply, view: View) -> String {
    let practices = if reply.practices.is_empty() { String::new() } else { practices(reply, view) };
    if reply.closed.entries.is_empty() {
        return practices;
    }
    let between = if practices.is_empty() { "" } else { "\n" };
    format!("{practices}{between}{}\n{}", style::strong("For members only, not readable here"), closed(reply, view))
}

/// What is known of documents that this node may not read.
fn closed(reply: &ListReply, view: View) -> String {
    let mut table = Table::new([
        Column::text("id"),
        Column::text("member"),
        Column::text("kind"),
        Column::text("state"),
        Column::text("written"),
        Column::text("log"),
        Column::number("place"),
    ]);
    for entry in &reply.closed.entries {
        table.row([
            (entry.short.clone(), Tone::Plain),
            (entry.member.clone(), Tone::Plain),
            (entry.kind.clone(), Tone::Plain),
            match &entry.withdrawal {
                Some(withdrawal) => (format!("withdrawn: {}", withdrawal.reason), Tone::Bad),
                None => (String::new(), Tone::Plain),
            },
            (words::minute(&entry.time), Tone::Plain),
            (words::glance(&entry.key).to_owned(), Tone::Faint),
            (entry.seq.to_string(), Tone::Plain),
        ]);
    }
    table.render(view.width)
}

fn practices(reply: &ListReply, view: View) -> String {
    let mut table = Table::new([
        Column::text("id"),
        Column::text("member"),
        Column::elastic("title"),
        Column::yielding("strands"),
        Column::text("lang"),
        Column::text("state"),
    ]);
    for row in &reply.practices {
        table.row([
            (row.short.clone(), Tone::Plain),
            (row.member.clone(), Tone::Plain),
            (row.title.clone(), Tone::Plain),
            (row.strands.join(", "), Tone::Faint),
            (row.language.clone(), Tone::Faint),
            state(row),
        ]);
    }
    table.render(view.width)
}

fn state(row: &PracticeRow) -> (String, Tone) {
    let tone = match row.state {
        SeriesState::Current => Tone::Good,
        SeriesState::Concurrent => Tone::Careful,
        SeriesState::Withdrawn => Tone::Faint,
    };
    match row.audience {
        Audience::Public => (words::state(row.state).to_owned(), tone),
        Audience::Members => (format!("{}, {}", words::state(row.state), words::FOR_MEMBERS), Tone::Careful),
    }
}

fn footer(reply: &ListReply, offset: u64) -> String {
    let shown = reply.practices.len() as u64;
    let closed = match reply.closed.total {
        0 => String::new(),
        count => format!("; {} for members only not readable here", words::grouped(count)),
    };
    let total = words::count(reply.total, "practice", "practices") + &closed;
    if offset > 0 && shown > 0 {
        format!("{} to {} of {total}", words::grouped(offset + 1), words::grouped(offset + shown))
    } else {
        format!("{} of {total}", words::grouped(shown))
    }
}

fn hint(reply: &ListReply, offset: u64, filtered: bool) -> Option<String> {
    let end = offset + reply.practices.len() as u64;
    if reply.total == 0 && reply.closed.total > 0 {
        None
    } else if reply.total == 0 && filtered {
        Some("no practice fits these filters; `nanduti list --all` shows everything".to_owned())
    } else if reply.total == 0 {
        Some(
            "`nanduti sync` fetches what others published; `nanduti practice template` begins one of your own"
                .to_owned(),
        )
    } else if end < reply.total && !reply.practices.is_empty() {
        Some(format!("`--offset {end}` goes on from here"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use nanduti_node::api::{ClosedReply, ClosedView, WithdrawalView};

    use super::*;
    use crate::{commands::samples, terminal::width};

    fn reply() -> ListReply {
        ListReply { practices: samples::rows(), total: 4, closed: ClosedReply::default(), notice: None }
    }

    #[test]
    fn wide() {
        insta::assert_snapshot!(samples::plain(&text(&reply(), View { width: None })));
    }

    #[test]
    fn narrow() {
        let text = samples::plain(&text(&reply(), View { width: Some(80) }));
        insta::assert_snapshot!(text);
        assert!(text.lines().all(|line| width::columns(line) <= 80));
    }

    #[test]
    fn what_is_for_members_is_marked_and_what_cannot_be_read_is_named_apart() {
        let mut reply = reply();
        reply.practices.truncate(1);
        reply.practices[0].audience = Audience::Members;
        reply.closed.entries.push(ClosedView {
            id: "bafyr4iclosed2222".into(),
            short: "closed2222".into(),
            member: "MAR".into(),
            member_name: "Morocco".into(),
            kind: "practice".into(),
            key: "5c".repeat(32),
            seq: 7,
            time: "2026-03-01T14:05:09Z".into(),
            withdrawal: None,
        });
        let withdrawn = ClosedView {
            short: "closed3333".into(),
            seq: 6,
            withdrawal: Some(WithdrawalView {
                id: "bafyr4iwithdrawal".into(),
                reason: "superseded".into(),
                note: None,
                time: "2026-03-02T14:05:09Z".into(),
            }),
            ..reply.closed.entries[0].clone()
        };
        reply.closed.entries.push(withdrawn);
        reply.closed.total = 2;
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
        assert_eq!(footer(&reply, 0), "1 of 4 practices; 2 for members only not readable here");
    }

    #[test]
    fn footers_and_hints() {
        let mut reply = reply();
        assert_eq!(footer(&reply, 0), "4 of 4 practices");
        assert_eq!(hint(&reply, 0, false), None);
        reply.total = 12;
        assert_eq!(footer(&reply, 4), "5 to 8 of 12 practices");
        assert_eq!(hint(&reply, 4, false).unwrap(), "`--offset 8` goes on from here");
        let empty = ListReply { practices: Vec::new(), total: 0, closed: ClosedReply::default(), notice: None };
        assert_eq!(footer(&empty, 0), "0 of 0 practices");
        assert!(hint(&empty, 0, false).unwrap().contains("sync"));
        assert!(hint(&empty, 0, true).unwrap().contains("filters"));
        assert_eq!(text(&empty, View { width: None }), "");
    }

    #[test]
    fn a_slip_in_a_filter_is_named() {
        assert_eq!(unknown(Vocabulary::Strand, "judiciary"), None);
        assert!(unknown(Vocabulary::Strand, "judicary").unwrap().contains("`judiciary`?"));
        assert!(unknown(Vocabulary::Capacity, "zzzz").unwrap().contains("--vocabulary capacity"));
        assert_eq!([member_id("pry"), member_id("ken-NHRI"), member_id("x")], ["PRY", "KEN-NHRI", "x"]);
    }

    #[test]
    fn a_hostile_title_stays_in_its_cell() {
        let mut reply = reply();
        reply.practices[0].title = "Plan\u{1b}[2J\u{202e}\nPRY current".into();
        let clean = crate::terminal::sanitise::reply(&reply).unwrap();
        let text = samples::plain(&text(&clean, View { width: None }));
        assert_eq!(text.lines().count(), 5);
        assert!(text.contains("Plan\\u{1b}[2J\\u{202e} PRY current"));
    }
}
