//! `nanduti network`: found a network together.
//!
//! One institution drafts the charter from the cards of all founders; each founder reads it and signs the same bytes with
//! its root key; anyone puts the signatures together into the founding bundle, which every founder joins with.

mod consent;
mod new;
mod refound;
mod seal;
mod show;
mod sign;

pub(crate) use sign::signed;

use clap::Subcommand;
use nanduti_node::api::NodeRole;

use crate::{
    context::Context,
    outcome::Outcome,
    terminal::{sanitise, style},
};

const AFTER_HELP: &str = "\
The founding, step by step:
  each founder        nanduti init --member PRY --name NAME
                      makes keys and a card, on its own machine
  one of them         nanduti network new --name NAME --purpose TEXT *.card
                      drafts the charter from all cards
  each founder        nanduti network show draft.nanduti
                      nanduti network sign draft.nanduti
                      reads it, and signs it with the root key
  one of them         nanduti network seal draft.nanduti *.signed
                      puts the signatures together
  each founder        nanduti join founding.nanduti
                      enters the network

Where so many root keys are lost that the network can decide nothing any more, `nanduti network refound`
drafts one that carries its library over.

Next: `nanduti run`.";

/// Found a network: draft, sign and seal its charter
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Args {
    New(new::Args),
    Consent(consent::Args),
    Refound(refound::Args),
    Sign(sign::Args),
    Seal(seal::Args),
    Show(show::Args),
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: Args) -> Outcome {
    match args {
        Args::New(args) => new::run(context, args),
        Args::Consent(args) => consent::run(context, &args),
        Args::Refound(args) => refound::run(context, args),
        Args::Sign(args) => sign::run(context, &args),
        Args::Seal(args) => seal::run(context, &args),
        Args::Show(args) => show::run(context, &args),
    }
}

/// What a node is in the network, in words.
pub(super) fn role(role: NodeRole, member: Option<&str>) -> String {
    let member = member.map(sanitise::line).unwrap_or_default();
    match role {
        NodeRole::Member => format!("speaks for {member}"),
        NodeRole::Silent => style::bad(&format!("has a key of {member}, and does not speak for it")),
        NodeRole::NotAdmitted if member.is_empty() => style::careful("has keys, but no member's keyring lists them"),
        NodeRole::NotAdmitted => style::careful(&format!("has keys for {member}, but no keyring lists them")),
        NodeRole::Observer => "observer: reads and verifies, signs nothing".to_owned(),
    }
}
