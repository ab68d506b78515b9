//! `nanduti ballot show`: where each ballot stands.

use nanduti_node::api::{BallotReply, Ballots, PassedView, ProposalView, RoundView};

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti ballot show
  nanduti ballot show kq4w…                one proposal
  nanduti ballot show --passed             what has passed, too

A round can no longer succeed when too many members have endorsed something else in it: then the next
round, which opens when more than a third have spoken, decides.

Next: `nanduti ballot endorse ID`, and once a quorum has endorsed it, `nanduti ballot ratify ID`.";

/// Show where the ballots stand, and what you may do
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The id of a proposal, or its beginning
    proposal: Option<String>,
    /// Show what has passed, too
    #[arg(long)]
    passed: bool,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let reply = context.call("reading the ballots", Ballots { proposal: args.proposal }).await?;
    let with_passed = args.passed;
    context.terminal().reply(&reply, |reply, _: View| text(reply, with_passed))?;
    for you in &reply.you {
        context.terminal().hint(&format!("`{you}`"));
    }
    Ok(outcome::DONE)
}

/// All that a reply says.
pub(crate) fn text(reply: &BallotReply, with_passed: bool) -> String {
    let mut lines = Vec::new();
    if with_passed {
        lines.extend(reply.passed.iter().flat_map(passed));
    }
    let BallotReply { version, quorum, voters, open_round, .. } = reply;
    lines.push(format!("roster {version} in force; {quorum} of {voters} voters change it; round {open_round} is open"));
    if let Some(obstacle) = &reply.obstacle {
        lines.push(style::bad(&sanitise::line(obstacle)));
    }
    if reply.proposals.is_empty() {
        lines.push("nobody proposes anything".into());
    }
    for view in &reply.proposals {
        lines.push(String::new());
        lines.extend(proposal(view, *quorum));
    }
    let list = |lines: &mut Vec<String>, title: &str, items: &[String]| {
        if !items.is_empty() {
            lines.push(String::new());
            lines.push(title.to_owned());
            lines.extend(items.iter().map(|item| format!("  {}", sanitise::line(item))));
        }
    };
    list(&mut lines, "Bound", &reply.bound);
    list(&mut lines, "Contradict themselves", &reply.contradictions);
    if !reply.proposals.is_empty() && !reply.silent.is_empty() {
        list(&mut lines, "Have said nothing yet", &[reply.silent.join(", ")]);
    }
    lines.join("\n") + "\n"
}

fn proposal(view: &ProposalView, quorum: u64) -> Vec<String> {
    let mut lines = vec![style::strong(&sanitise::line(&view.short))];
    // Each is one line, so that no name with a line feed in it looks like something else that is decided.
    lines.extend(view.changes.iter().map(|change| format!("  {}", sanitise::item(change))));
    if view.ordinary && view.in_force.is_none() {
        lines.push(format!("  {}", style::faint("may be signed with a governance key")));
    }
    lines.extend(view.rounds.iter().flat_map(|one| round(one, quorum)));
    if let Some(round) = view.in_force {
        lines.push(format!("  {}", style::good(&format!("in force since round {round}"))));
    }
    lines
}

fn round(round: &RoundView, quorum: u64) -> Vec<String> {
    let mut lines = vec![
        format!(
            "  round {}  endorsed by {}, {quorum} needed: {}",
            round.round,
            round.endorsed.len(),
            who(&round.endorsed, &round.endorsed_by_governance)
        ),
        format!(
            "           ratified by {}, {quorum} needed: {}",
            round.ratified.len(),
            who(&round.ratified, &round.ratified_by_governance)
        ),
    ];
    if !round.can_succeed {
        lines.push("           this round can no longer succeed: votes are split".into());
    }
    lines
}

/// Names, with which key they spoke if it was not the root key.
fn who(names: &[String], by_governance: &[String]) -> String {
    let name = |name: &String| match by_governance.contains(name) {
        true => format!("{name} (governance key)"),
        false => name.clone(),
    };
    let names: Vec<String> = names.iter().map(name).collect();
    if names.is_empty() { "nobody".to_owned() } else { sanitise::line(&names.join(", ")) }
}

fn passed(view: &PassedView) -> Vec<String> {
    let mut lines = vec![format!("roster {}  {}", view.version, style::faint(&sanitise::line(&view.proposal)))];
    lines.extend(view.changes.iter().map(|change| format!("  {}", sanitise::item(change))));
    lines.push(format!("  ratified by {}", who(&view.ratified, &view.ratified_by_governance)));
    lines.push(String::new());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_split_vote_and_what_passed() {
        let view = |short: &str, what: &str, endorsed: &[&str], ratified: &[&str], can_succeed| ProposalView {
            id: format!("b{short}"),
            short: short.into(),
            changes: vec![what.into()],
            in_force: None,
            ordinary: what.starts_with("admit"),
            rounds: vec![RoundView {
                round: 1,
                endorsed: names(endorsed),
                ratified: names(ratified),
                endorsed_by_governance: names(&["KEN"]),
                ratified_by_governance: Vec::new(),
                can_succeed,
            }],
        };
        let reply = BallotReply {
            version: 1,
            quorum: 3,
            voters: 4,
            open_round: 2,
            proposals: vec![
                view(
                    "kq4w2abcde",
                    "admit NEW (Ministry) as mechanism; root key babab-dadad",
                    &["KEN", "MAR"],
                    &[],
                    false,
                ),
                view("zz4w2abcde", "suspend WSM: it does not vote", &["PRY", "WSM"], &[], false),
            ],
            bound: names(&["KEN ratified kq4w2abcde in round 1"]),
            contradictions: Vec::new(),
            obstacle: None,
            silent: names(&["XKX"]),
            you: Vec::new(),
            passed: vec![PassedView {
                version: 1,
                roster: "4f".repeat(32),
                proposal: "bafyr".into(),
                changes: names(&["admit WSM (Ministry) as mechanism; root key babab-dadad"]),
                ratified: names(&["KEN", "MAR", "PRY"]),
                ratified_by_governance: names(&["MAR"]),
            }],
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, true)));
        insta::assert_snapshot!(samples::plain(&text(&BallotReply::default(), false)));
    }
}
