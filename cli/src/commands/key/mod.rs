//! `nanduti key`: the keys of members, and how those of one's own change.
//!
//! Whatever changes is signed by the root key, in one way: the node makes what is to be signed, it is shown in plain words, signed by
//! the file of the root key (here, or by `nanduti sign` elsewhere), and handed in.

mod change;
mod list;
mod offer;
mod sealed;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use nanduti_node::{api::KeyChange, founding::SealedKey};

use super::signing::KeyringSigning;
use crate::{context::Context, outcome::Outcome};

const AFTER_HELP: &str = "\
Examples:
  nanduti key list                              how each key of this node's member stands
  nanduti key replace                           a fresh publishing key for this node
  nanduti key revoke 5c5c --last 12             a stolen key: entry 12 is the last that counts
  nanduti key retire 5c5c --prepare end.request what the root key is to sign, into a file

A key has one use: a publishing key signs content, a node key identifies a node, the root key says which keys
speak for the institution. All of this is said in the keyring, which the root key signs.

Next: where the root key is kept off this machine, `--prepare FILE` here, `nanduti sign FILE` there,
`nanduti submit FILE` here.";

const AFTER_LIST: &str = "\
Examples:
  nanduti key list
  nanduti key list --member KEN

`place` is the entry that the keyring fixes: the checkpoint of a live publishing key, or the last entry that
counts of one that ended. `since` is the entry of the root log that first listed the key. A key that a former root
key listed was ended by the roster that replaced that root key, and is shown so.

Next: `nanduti key replace` after a theft, `nanduti key retire` for a key out of use.";

const AFTER_REPLACE: &str = "\
Examples:
  nanduti key replace                  ends the present key at its last entry
  nanduti key replace --last 12        after a theft: entry 12 is the last of the present key that counts
  nanduti key replace --prepare FILE   where the root key is kept elsewhere

The node makes a fresh publishing key with a log of its own; one keyring ends the present key and lists the fresh
one. What the present key signed stays, up to the last entry that counts. Also for a node that was restored
from a backup and cannot learn where its own log stands.

Next: `nanduti key list`; a running node signs with the fresh key at once.";

const AFTER_ADD: &str = "\
Example:
  nanduti key add PRY-5c5c5c5c.keys

For a second node of the member. There:
  nanduti init --member PRY --further-node
  nanduti join TICKET
  nanduti key offer                    writes the file

Compare the fingerprints of both machines before you sign.

Next: the other node publishes as soon as the keyring has reached it.";

const AFTER_RETIRE: &str = "\
Example:
  nanduti key retire 5c5c

The key ends at the last entry that this node holds of it: all that it signed stays, and it signs nothing more
that counts. An ended key never comes back.

Next: `nanduti key list`.";

const AFTER_REVOKE: &str = "\
Examples:
  nanduti key revoke 5c5c                      lists the last entries, so that you can choose
  nanduti key revoke 5c5c --last 12 --dry-run  shows what would follow
  nanduti key revoke 5c5c --last 12
  nanduti key revoke 5c5c --last none          nothing that it ever signed counts

What stands above the last entry that counts vanishes from the library of every node, whether it arrives before the
keyring or after. This cannot be taken back: what is cut off never counts again, and has to be published anew.

Next: if it is the key that this node signs with, `nanduti key replace --last 12` does the same and gives the
node a fresh one.";

const AFTER_OFFER: &str = "\
Examples:
  nanduti key offer
  nanduti key offer --member PRY       from an observer's home: its node key alone

Nothing is secret in the file. Each key signs that it speaks for the member.

Next: on the member's first node, `nanduti key add FILE`.";

const AFTER_GOVERNANCE: &str = "\
Examples:
  nanduti key governance                     into keys/governance.pem of this home
  nanduti key governance --out officer.pem   for an officer who keeps it elsewhere

A governance key signs endorsements and ratifications of admissions and of changes of name or role, so that the root
key can stay in its safe. It signs nothing else, and not before it is listed: on the card at a founding
(`nanduti init --governance KEY`), in a request to join (`nanduti member request --governance KEY`), or by a ballot of
root keys (`nanduti ballot propose --governance PRY=KEY`). So it is also replaced, or taken away with `PRY=none`.

Next: list it; then `nanduti ballot endorse ID` uses keys/governance.pem by itself, or `--governance-key FILE`.";

const AFTER_SPARE: &str = "\
Example:
  nanduti key spare --out /media/stick/spare.pem

A spare root key lies in another safe than the root key, with a passphrase of its own. Its public half is listed
beforehand: on the card (`nanduti init --spare KEY`), in a request (`nanduti member request --spare KEY`), or by a ballot
(`nanduti ballot propose --spare PRY=KEY`). When the root key is lost or stolen, everybody can then see that it is
your own spare which asks to take its place; whoever stole the root key can change nothing about that.

By itself it speaks for nobody: it takes a ballot to put it in the root key's place.

Next: list it, and put it away. When it is needed: `nanduti init --member PRY --name NAME --from-spare FILE`.";

/// List the keys of a member, and replace, add, retire or revoke those of one's own
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Args {
    /// List the keys of a member, with how each stands
    #[command(after_help = AFTER_LIST)]
    List {
        /// The member [default: this node's own]
        #[arg(long, value_name = "ID")]
        member: Option<String>,
    },
    /// Give this node a fresh publishing key, and end the present one
    #[command(after_help = AFTER_REPLACE)]
    Replace {
        /// The last entry of the present key that counts: its number, its id, or `none` [default: the last one held]
        #[arg(long, value_name = "ENTRY")]
        last: Option<String>,
        #[command(flatten)]
        how: KeyringSigning,
    },
    /// List the keys of another node of the member
    #[command(after_help = AFTER_ADD)]
    Add {
        /// The file that `nanduti key offer` wrote there, or its text
        #[arg(value_name = "FILE")]
        offer: String,
        #[command(flatten)]
        how: KeyringSigning,
    },
    /// End a key that is not used any more
    #[command(after_help = AFTER_RETIRE)]
    Retire {
        /// The key, the beginning of it, or its fingerprint
        key: String,
        #[command(flatten)]
        how: KeyringSigning,
    },
    /// Cut off a stolen key
    #[command(after_help = AFTER_REVOKE)]
    Revoke {
        /// The key, the beginning of it, or its fingerprint
        key: String,
        /// The last entry that counts: its number, its id, or `none`
        #[arg(long, value_name = "ENTRY")]
        last: Option<String>,
        #[command(flatten)]
        how: KeyringSigning,
    },
    /// Make a governance key, which an officer keeps and which may sign ordinary ballots
    #[command(after_help = AFTER_GOVERNANCE)]
    Governance(sealed::Args),
    /// Make a spare root key, to be sealed and laid by
    #[command(after_help = AFTER_SPARE)]
    Spare(sealed::Args),
    /// Write the public keys of this node into a file, for the member's first node
    #[command(after_help = AFTER_OFFER)]
    Offer {
        /// The member that is to list them [default: the one for whom this home was made]
        #[arg(long, value_name = "ID")]
        member: Option<String>,
        /// The file to write [default: MEMBER-KEY.keys]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    match args {
        Args::List { member } => list::run(context, member).await,
        Args::Replace { last, how } => change::run(context, KeyChange::Replace { last }, &how).await,
        Args::Add { offer, how } => {
            change::run(context, KeyChange::Add { offer: offer::read(Path::new(&offer))? }, &how).await
        }
        Args::Retire { key, how } => change::run(context, KeyChange::Retire { key }, &how).await,
        Args::Revoke { key, last, how } => change::run(context, KeyChange::Revoke { key, last }, &how).await,
        Args::Governance(args) => sealed::run(context, SealedKey::Governance, args),
        Args::Spare(args) => sealed::run(context, SealedKey::Spare, args),
        Args::Offer { member, out } => offer::run(context, member, out).await,
    }
}

pub(super) use change::run as change_keys;
