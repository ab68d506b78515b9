//! `nanduti demo --story`: what members do together, and what happens when something goes wrong, told step by step.
//!
//! Every line with a `$` is a command that was run just then, on the home of the member whose turn it is, as its operator would
//! type it; what it answers is shown below. Nothing is staged: the nodes of the demonstration carry it to each other.

mod ballots;
mod mishaps;
mod teller;

use nanduti_node::api::ApiError;

pub(super) use teller::Teller;

use super::{practices::Practice, process::Node};

/// Tells everything, one episode after the other.
pub(super) async fn tell(
    teller: &mut Teller<'_>,
    nodes: &mut Vec<Node>,
    practices: &[Practice],
) -> Result<(), ApiError> {
    ballots::split_vote(teller).await?;
    ballots::admission(teller).await?;
    mishaps::stolen_key(teller, practices).await?;
    mishaps::lost_disk(teller, nodes, practices).await?;
    teller.say("That was it. `nanduti ballot show --passed` on any home says what was decided, and by whom.");
    Ok(())
}
