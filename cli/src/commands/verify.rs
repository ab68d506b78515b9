//! `nanduti verify`: is what the store holds what was signed? Without the network.

use nanduti_node::api::{Verify, VerifyReply};

use super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{
        View, sanitise, style,
        table::{Column, Pairs, Table, Tone},
    },
};

const AFTER_HELP: &str = "\
Examples:
  nanduti verify                 the whole store: every hash, one signature a segment
  nanduti verify --deep          the whole store: every signature
  nanduti verify pry4567abc      one practice

Exit code 6 if anything is damaged, or was and has not come back: opening a home sets damage aside.

Next: what is damaged is set aside and fetched again from peers by `nanduti sync` or a running
node; `nanduti reindex` rebuilds what is derived.";

/// Check all that is held against its hashes and signatures, offline
///
/// Every entry commits to the bytes of the one before it, so one signature vouches for all that lies below. --deep checks
/// each signature all the same, and counts those that stand by the chain alone.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Id or short id of one practice [default: the whole store]
    id: Option<String>,
    /// Check every signature
    #[arg(long)]
    deep: bool,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let reply = context.call("verifying", Verify { id: args.id, deep: args.deep }).await?;
    context.terminal().reply(&reply, text)?;
    if words::is_whole(&reply) {
        return Ok(outcome::DONE);
    }
    context.terminal().hint("`nanduti sync` fetches from peers what is missing; keep a copy of the damaged files");
    Ok(outcome::DAMAGED)
}

fn text(reply: &VerifyReply, view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("logs", words::grouped(reply.logs));
    pairs.add("entries", words::grouped(reply.entries));
    pairs.add("bodies", words::grouped(reply.bodies));
    pairs.add("signatures", words::grouped(reply.signatures));
    if reply.by_chain_alone > 0 {
        pairs.add("by chain alone", format!("{} (vouched for by later entries)", words::grouped(reply.by_chain_alone)));
    }
    pairs.add("read", words::bytes(reply.bytes));
    for proof in &reply.signed {
        let listed = match &proof.former {
            None => format!("keyring {}", proof.keyring_seq),
            Some(former) => former.words(),
        };
        let key = format!("{} of {}, {listed}", words::glance(&proof.key), proof.member);
        let counts = if proof.counts { String::new() } else { style::bad(", does not count") };
        pairs.add("signed by", format!("{}: entry {}{counts}", sanitise::line(&key), proof.seq));
    }
    if reply.damage.is_empty() {
        pairs.add("result", style::good("all is as it was signed"));
        return pairs.render();
    }
    let places = words::count(reply.damage.len() as u64, "damaged place", "damaged places");
    pairs.add("result", style::bad(&places));
    let mut table = Table::new([Column::text("file"), Column::number("offset"), Column::text("damage")]);
    for damage in &reply.damage {
        table.row([
            (damage.file.clone(), Tone::Plain),
            (damage.offset.to_string(), Tone::Plain),
            (damage.what.clone(), Tone::Bad),
        ]);
    }
    format!("{}\n{}", pairs.render(), table.render(view.width))
}

#[cfg(test)]
mod tests {
    use nanduti_node::api::DamageView;

    use super::*;
    use crate::commands::samples;

    #[test]
    fn a_whole_store() {
        let reply = VerifyReply {
            logs: 12,
            entries: 1_840,
            bodies: 1_822,
            signatures: 12,
            bytes: 4_812_000,
            ..VerifyReply::default()
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })), @r"
        logs        12
        entries     1 840
        bodies      1 822
        signatures  12
        read        4.8 MB
        result      all is as it was signed
        ");
    }

    #[test]
    fn one_document() {
        let proof = |seq, counts| nanduti_node::api::Proof { counts, ..samples::proof("PRY", seq) };
        let reply = VerifyReply {
            logs: 1,
            entries: 2,
            bodies: 2,
            signatures: 2,
            signed: vec![proof(4, true), proof(9, false)],
            ..VerifyReply::default()
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })), @r"
        logs        1
        entries     2
        bodies      2
        signatures  2
        read        0 B
        signed by   5c5c5c5c5c5c5c5c of PRY, keyring 1: entry 4
        signed by   5c5c5c5c5c5c5c5c of PRY, keyring 1: entry 9, does not count
        result      all is as it was signed
        ");
    }

    #[test]
    fn a_damaged_store() {
        let reply = VerifyReply {
            logs: 1,
            entries: 7,
            by_chain_alone: 2,
            damage: vec![DamageView {
                file: "logs/5c5c/0.seg".into(),
                offset: 1_201,
                what: "the body does not have the hash that the entry commits to".into(),
            }],
            ..VerifyReply::default()
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })), @r"
        logs            1
        entries         7
        bodies          0
        signatures      0
        by chain alone  2 (vouched for by later entries)
        read            0 B
        result          1 damaged place

        file             offset  damage
        logs/5c5c/0.seg    1201  the body does not have the hash that the entry commits to
        ");
    }
}
