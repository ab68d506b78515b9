//! Ballots: votes that split, and an institution that joins.

use nanduti_node::{Home, api::ApiError};
use serde_json::Value;

use super::Teller;
use crate::commands::demo::members::Member;

/// Those who take part in the ballots; the fifth stays silent, which a quorum of four allows for.
const VOTERS: [&str; 4] = ["PRY", "MAR", "PRT", "KEN"];
const NEWCOMER: &str = "URY";

/// Two proposals, two votes each: neither can pass in the first round.
pub(super) async fn split_vote(teller: &Teller<'_>) -> Result<(), ApiError> {
    teller.episode("Votes split, and the next round settles it");
    teller
        .say("Five members; four of them have to agree. Paraguay proposes one rule, Kenya another, at the same time.");
    let one = propose(teller, "PRY", &["--quorum", "3/4"]).await?;
    let other = propose(teller, "KEN", &["--quorum", "4/5"]).await?;
    heard(teller, "MAR", "endorsed", &one, 1).await?;
    teller.run_briefly("MAR", &["ballot", "endorse", &one, "--yes"]).await?;
    heard(teller, "PRT", "endorsed", &other, 1).await?;
    teller.run_briefly("PRT", &["ballot", "endorse", &other, "--round", "1", "--yes"]).await?;
    heard(teller, "WSM", "endorsed", &one, 2).await?;
    heard(teller, "WSM", "endorsed", &other, 2).await?;
    teller.say("Two and two: not even the fifth vote would help one of them. A second round is open, since more than a third have spoken.");
    teller.run("WSM", &["ballot", "show"]).await?;
    teller.say("They telephone, and agree on the first. Nobody is bound by an endorsement of an earlier round.");
    carry(teller, &one, 2).await?;
    teller.say("Four have ratified: the rule is in force on every node, also on that of Samoa, which said nothing.");
    for member in VOTERS.into_iter().chain(["WSM"]) {
        in_force(teller, member, 1).await?;
    }
    teller.run("WSM", &["ballot", "show", "--passed"]).await.map(|_| ())
}

/// A newcomer asks, is admitted, and begins by itself.
pub(super) async fn admission(teller: &mut Teller<'_>) -> Result<(), ApiError> {
    teller.episode("An institution joins");
    teller.say("Uruguay makes its keys and enters the network as a reader. Nobody has admitted it yet.");
    let name = "Uruguay (demonstration)";
    teller.run(NEWCOMER, &["init", "--member", NEWCOMER, "--name", name]).await?;
    teller.run(NEWCOMER, &["join", "founding/founding.nanduti"]).await?;
    let member = Member { id: NEWCOMER.into(), name: name.into() };
    let home = Home::at(teller.folder().join(NEWCOMER));
    let node = teller.launcher().clone().start(member, home).await?;
    teller.joined.push(node);
    teller.say("It asks. The root key signs the request, and what the node says first; then the key can be put away.");
    teller.run(NEWCOMER, &["member", "request", "--out", "URY.request"]).await?;
    teller.say("Paraguay compares the fingerprint with Uruguay by telephone, and proposes it.");
    let proposal = propose(teller, "PRY", &["--admit", "URY.request"]).await?;
    carry(teller, &proposal, 1).await?;
    teller.say("Uruguay's node has noticed its admission, and speaks.");
    let member = |status: &Value| status["role"] == "member";
    teller.until("it is admitted", NEWCOMER, &["status"], member).await?;
    let begun = |members: &Value| {
        let members = members["members"].as_array().into_iter().flatten();
        members.filter(|member| member["id"] == NEWCOMER).any(|member| member["keyring"].is_u64())
    };
    teller.until("the newcomer has begun", "WSM", &["member", "list"], begun).await?;
    teller.run("WSM", &["member", "list"]).await.map(|_| ())
}

/// Proposes something, and returns its short id.
async fn propose(teller: &Teller<'_>, member: &str, what: &[&str]) -> Result<String, ApiError> {
    let mut args = vec!["ballot", "propose"];
    args.extend(what);
    args.push("--yes");
    teller.run(member, &args).await?;
    let shown = teller.ask(member, &["ballot", "show"]).await?;
    let own = |proposal: &&Value| {
        let rounds = proposal["rounds"].as_array().into_iter().flatten();
        rounds.flat_map(|round| round["endorsed"].as_array().into_iter().flatten()).any(|name| name == member)
    };
    let found = shown["proposals"].as_array().into_iter().flatten().find(own);
    Ok(found.and_then(|proposal| proposal["short"].as_str()).unwrap_or_default().to_owned())
}

/// The voters endorse and ratify a proposal in a round.
async fn carry(teller: &Teller<'_>, proposal: &str, round: u32) -> Result<(), ApiError> {
    let number = round.to_string();
    for voter in VOTERS {
        heard(teller, voter, "endorsed", proposal, 1).await?;
        let open = |shown: &Value| shown["open_round"].as_u64() >= Some(round.into());
        let shown = teller.until("the round is open", voter, &["ballot", "show"], open).await?;
        if !names(&shown, proposal, "endorsed", Some(round)).contains(&voter.to_owned()) {
            teller.run_briefly(voter, &["ballot", "endorse", proposal, "--round", &number, "--yes"]).await?;
        }
    }
    for voter in VOTERS {
        heard(teller, voter, "endorsed", proposal, VOTERS.len()).await?;
        teller.run_briefly(voter, &["ballot", "ratify", proposal, "--yes"]).await?;
    }
    Ok(())
}

/// Waits until a member's node knows that so many have said it in one round.
async fn heard(teller: &Teller<'_>, member: &str, what: &str, proposal: &str, number: usize) -> Result<(), ApiError> {
    let enough = |shown: &Value| {
        let rounds = 1..=shown["open_round"].as_u64().unwrap_or(1);
        rounds
            .filter_map(|round| u32::try_from(round).ok())
            .any(|round| names(shown, proposal, what, Some(round)).len() >= number)
    };
    teller.until("the others have spoken", member, &["ballot", "show"], enough).await.map(|_| ())
}

/// Who has endorsed or ratified a proposal, in one round or in any.
fn names(shown: &Value, proposal: &str, what: &str, round: Option<u32>) -> Vec<String> {
    let found = shown["proposals"].as_array().into_iter().flatten().filter(|found| found["short"] == proposal);
    let rounds = found.flat_map(|found| found["rounds"].as_array().into_iter().flatten());
    let asked = rounds.filter(|found| round.is_none_or(|round| found["round"] == round));
    let names = asked.flat_map(|round| round[what].as_array().into_iter().flatten());
    names.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

async fn in_force(teller: &Teller<'_>, member: &str, version: u64) -> Result<(), ApiError> {
    let reached = |members: &Value| members["version"] == version;
    teller.until("the roster is in force", member, &["member", "list"], reached).await.map(|_| ())
}
