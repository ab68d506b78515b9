//! `nanduti member list`: the roster in force.

use nanduti_node::api::{MemberView, Members, MembersReply, NamedKey};

use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{
        View,
        table::{Column, Table, Tone},
    },
};

const AFTER_HELP: &str = "\
Example:
  nanduti member list

The fingerprint is that of the root key, which speaks for the institution: compare it by telephone.

A spare root key and a governance key that a member lists are shown in full by `nanduti key list --member ID`.

Next: `nanduti ballot propose` changes the list.";

/// List the members of the network
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(context: &Context, _: Args) -> Outcome {
    let reply = context.call("reading the members", Members {}).await?;
    context.terminal().reply(&reply, text)?;
    let MembersReply { version, quorum, voters, .. } = reply;
    context.terminal().note(&format!("roster {version}; {quorum} of {voters} voters change it"));
    Ok(outcome::DONE)
}

fn text(reply: &MembersReply, view: View) -> String {
    let mut table = Table::new([
        Column::text("member"),
        Column::elastic("institution"),
        Column::text("role"),
        Column::text("state"),
        Column::text("also lists"),
        Column::yielding("fingerprint of the root key"),
    ]);
    for member in &reply.members {
        let state = match (member.suspended, member.keyring, member.votes) {
            (true, ..) => ("suspended", Tone::Bad),
            (_, None, _) => ("has not begun", Tone::Careful),
            (_, _, true) => ("votes", Tone::Good),
            (_, _, false) => ("does not vote", Tone::Faint),
        };
        table.row([
            (member.id.clone(), Tone::Plain),
            (member.name.clone(), Tone::Plain),
            (member.role.clone(), Tone::Plain),
            (state.0.to_owned(), state.1),
            (also(member), Tone::Plain),
            (member.fingerprint.clone(), Tone::Plain),
        ]);
    }
    table.render(view.width)
}

/// The keys that a member lists beside its root key.
fn also(member: &MemberView) -> String {
    let named = |name: &'static str, key: &Option<NamedKey>| key.is_some().then_some(name);
    let keys = [named("spare", &member.spare), named("governance key", &member.governance)];
    keys.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::commands::samples;

    #[test]
    fn every_state() {
        let member = |id: &str, votes, suspended, keyring| MemberView {
            id: id.into(),
            name: format!("Institution of {id}"),
            role: "mechanism".into(),
            votes,
            suspended,
            fingerprint: "babab-dadad".into(),
            keyring,
            ..MemberView::default()
        };
        let key = || NamedKey { key: "3c".repeat(32), fingerprint: "babab-dadad".into() };
        let members = vec![
            member("KEN", true, false, Some(1)),
            member("MAR", false, true, Some(1)),
            member("NEW", true, false, None),
            MemberView { spare: Some(key()), governance: Some(key()), ..member("UNO", false, false, Some(2)) },
        ];
        let reply = MembersReply { members, ..MembersReply::default() };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
    }
}
