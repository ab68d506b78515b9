//! `nanduti ballot endorse` and `ratify`.

use nanduti_node::api::{BallotStep, Speak};

use super::super::signing::{VoteSigning, finish};
use crate::{
    context::Context,
    outcome::{self, Outcome},
};

const AFTER_ENDORSE: &str = "\
Examples:
  nanduti ballot endorse kq4w2abcde
  nanduti ballot endorse kq4w2abcde --governance-key officer.pem
  nanduti ballot endorse kq4w2abcde --prepare vote.request

An endorsement says that you are for it in this round. In each round you can endorse one proposal.

It is signed with the root key, or with a governance key where `ballot show` says that one may.

Next: once a quorum has endorsed it, `nanduti ballot ratify ID`.";

const AFTER_RATIFY: &str = "\
Example:
  nanduti ballot ratify kq4w2abcde

A ratification binds: from then on you may endorse another proposal only after a quorum has endorsed that one in a
later round. When a quorum has ratified, the change is in force, and only another ballot undoes it.

Next: `nanduti ballot show`.";

/// Say that your member is for a proposal
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_ENDORSE)]
pub(crate) struct EndorseArgs {
    #[command(flatten)]
    what: What,
}

/// Bind your member to a proposal that a quorum has endorsed
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_RATIFY)]
pub(crate) struct RatifyArgs {
    #[command(flatten)]
    what: What,
}

#[derive(Debug, clap::Args)]
struct What {
    /// The id of the proposal, or its beginning
    proposal: String,
    /// The round [default: the first in which it can succeed]
    #[arg(long, value_name = "N")]
    round: Option<u32>,
    #[command(flatten)]
    signing: VoteSigning,
}

/// Runs `endorse`.
pub(crate) async fn endorse(context: &Context, args: EndorseArgs) -> Outcome {
    speak(context, args.what, BallotStep::Endorse).await
}

/// Runs `ratify`.
pub(crate) async fn ratify(context: &Context, args: RatifyArgs) -> Outcome {
    speak(context, args.what, BallotStep::Ratify).await
}

async fn speak(context: &Context, what: What, step: BallotStep) -> Outcome {
    let session = context.open().await?;
    let reply = async {
        let call = Speak { step, proposal: what.proposal, round: what.round };
        let prepared = session.call("drafting the statement", call).await?;
        what.signing.run((context, &session), prepared).await
    };
    let reply = reply.await;
    match session.close(reply).await? {
        Some(reply) => finish(context, &reply),
        None => Ok(outcome::DONE),
    }
}
