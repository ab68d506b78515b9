//! `nanduti ballot propose`: begin a ballot by endorsing what you propose.

use std::path::Path;

use nanduti_node::api::{ApiError, ErrorKind, LastEntry, Propose, WantedChange};

use super::super::signing::{VoteSigning, finish};
use crate::{
    context::Context,
    outcome::{self, Outcome},
};

/// A request has some hundreds of characters.
const REQUEST_FILE_MAX: u64 = 16 * 1024;

const AFTER_HELP: &str = "\
Examples:
  nanduti ballot propose --admit NEW.request --admit OTHER.request
  nanduti ballot propose --suspend KEN
  nanduti ballot propose --suspend KEN --last 7e21ab=41
  nanduti ballot propose --replace-root PRY.request
  nanduti ballot propose --role UNO=partner --quorum 3/4

One proposal may change many things. Where the rights of a member turn, each of its logs is named with the last entry
that still stands as before: the last that this node holds and that counts, unless --last says otherwise. So what
was said in good time stays, and what a thief signed falls away. Of a member that is reinstated it is the last that this
node holds: what the suspension left out stays out.

To propose is to endorse: your root key signs it (or a governance key, if the proposal is only about admissions, names
and roles), and the other members see it as soon as they synchronise.

Next: `nanduti ballot show`.";

/// Propose a change of the list of members
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP, arg_required_else_help = true)]
pub(crate) struct Args {
    /// Admit the institution that made this request: a file, or the line itself
    #[arg(long, value_name = "REQUEST")]
    admit: Vec<String>,
    /// Suspend a member
    #[arg(long, value_name = "MEMBER")]
    suspend: Vec<String>,
    /// End the suspension of a member
    #[arg(long, value_name = "MEMBER")]
    reinstate: Vec<String>,
    /// Replace a member's root key by that of this request
    #[arg(long, value_name = "REQUEST")]
    replace_root: Vec<String>,
    /// Give a member another role
    #[arg(long, value_name = "MEMBER=ROLE", value_parser = pair)]
    role: Vec<(String, String)>,
    /// Give a member another name
    #[arg(long, value_name = "MEMBER=NAME", value_parser = pair)]
    name: Vec<(String, String)>,
    /// Give a member a governance key, in hexadecimal; `MEMBER=none` takes it away
    #[arg(long, value_name = "MEMBER=KEY", value_parser = pair)]
    governance: Vec<(String, String)>,
    /// List the spare root key of a member, in hexadecimal; `MEMBER=none` takes it away
    #[arg(long, value_name = "MEMBER=KEY", value_parser = pair)]
    spare: Vec<(String, String)>,
    /// Choose the branch of a member's logs that counts, where they are forked: the one with the entries that stand as before
    #[arg(long, value_name = "MEMBER")]
    settle: Vec<String>,
    /// More than A of B voters change the list from then on
    #[arg(long, value_name = "A/B", value_parser = fraction)]
    quorum: Option<(u64, u64)>,
    /// Most lines of a keyring
    #[arg(long, value_name = "N")]
    keys: Option<u64>,
    /// Most bytes of one log
    #[arg(long, value_name = "BYTES")]
    log_bytes: Option<u64>,
    /// Most entries of one log
    #[arg(long, value_name = "N")]
    log_entries: Option<u64>,
    /// Go over to these rules
    #[arg(long, value_name = "NUMBER")]
    rules: Option<u64>,
    /// The last entry of a log that stands as before: the beginning of its key and the entry's number, or `none`
    #[arg(long, value_name = "LOG=ENTRY", value_parser = last)]
    last: Vec<LastEntry>,
    #[command(flatten)]
    signing: VoteSigning,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    let call = Propose { changes: changes(&args)?, last: args.last.clone() };
    let session = context.open().await?;
    let reply = async {
        let prepared = session.call("drafting the proposal", call).await?;
        args.signing.run((context, &session), prepared).await
    };
    let reply = reply.await;
    let Some(reply) = session.close(reply).await? else { return Ok(outcome::DONE) };
    finish(context, &reply)?;
    context.terminal().hint("the other members see it as soon as they synchronise: `nanduti ballot show`");
    Ok(outcome::DONE)
}

fn changes(args: &Args) -> Result<Vec<WantedChange>, ApiError> {
    let mut changes = Vec::new();
    for text in &args.admit {
        changes.push(WantedChange::Admit { request: request(text)? });
    }
    for text in &args.replace_root {
        changes.push(WantedChange::ReplaceRoot { request: request(text)? });
    }
    let each = |members: &[String], change: &dyn Fn(String) -> WantedChange| -> Vec<WantedChange> {
        members.iter().cloned().map(change).collect()
    };
    changes.extend(each(&args.suspend, &|member| WantedChange::Suspend { member }));
    changes.extend(each(&args.reinstate, &|member| WantedChange::Reinstate { member }));
    changes.extend(each(&args.settle, &|member| WantedChange::Settle { member }));
    let roles = args.role.iter().cloned();
    changes.extend(roles.map(|(member, role)| WantedChange::Role { member, role }));
    let names = args.name.iter().cloned();
    changes.extend(names.map(|(member, name)| WantedChange::Name { member, name }));
    let keys = args.governance.iter().cloned();
    changes.extend(keys.map(|(member, key)| {
        let key = (key != "none").then_some(key);
        WantedChange::Governance { member, key }
    }));
    let spares = args.spare.iter().cloned();
    changes.extend(spares.map(|(member, key)| {
        let key = (key != "none").then_some(key);
        WantedChange::Spare { member, key }
    }));
    changes.extend(args.quorum.map(|(over, of)| WantedChange::Quorum { over, of }));
    let (keys, log_bytes, log_entries) = (args.keys, args.log_bytes, args.log_entries);
    if keys.or(log_bytes).or(log_entries).is_some() {
        changes.push(WantedChange::Bounds { keys, log_bytes, log_entries });
    }
    changes.extend(args.rules.map(|number| WantedChange::Rules { number }));
    if changes.is_empty() {
        return Err(ApiError::new(ErrorKind::Usage, "nothing is proposed")
            .hint("`nanduti ballot propose --help` lists what can be"));
    }
    Ok(changes)
}

/// A request: the line itself, or a file that has it.
fn request(text: &str) -> Result<String, ApiError> {
    if text.trim_start().get(..16).is_some_and(|start| start.eq_ignore_ascii_case("nanduti-request:")) {
        return Ok(text.to_owned());
    }
    let path = Path::new(text);
    let failed = |error: &std::io::Error| {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { ErrorKind::NotFound } else { ErrorKind::Failed };
        ApiError::new(kind, format!("{} cannot be read", path.display()))
            .because(error)
            .hint("a request begins with `nanduti-request:`; anything else is taken for a file")
    };
    let len = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
    if len > REQUEST_FILE_MAX {
        return Err(ApiError::new(ErrorKind::Usage, format!("{} is too large for a request", path.display())));
    }
    std::fs::read_to_string(path).map_err(|error| failed(&error))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((member, value)) if !member.is_empty() && !value.is_empty() => Ok((member.to_owned(), value.to_owned())),
        _ => Err("expected MEMBER=VALUE, such as UNO=partner".to_owned()),
    }
}

fn fraction(text: &str) -> Result<(u64, u64), String> {
    let (over, of) = text.split_once('/').ok_or("expected A/B, such as 2/3")?;
    match (over.trim().parse(), of.trim().parse()) {
        (Ok(over), Ok(of)) => Ok((over, of)),
        _ => Err("expected A/B, such as 2/3".to_owned()),
    }
}

fn last(text: &str) -> Result<LastEntry, String> {
    let expected = || "expected LOG=ENTRY, such as 7e21ab=41 or 7e21ab=none".to_owned();
    let (log, seq) = text.split_once('=').ok_or_else(expected)?;
    let seq = if seq == "none" { None } else { Some(seq.parse().map_err(|_| expected())?) };
    if log.len() < 4 {
        Err("name at least four digits of the key".to_owned())
    } else {
        Ok(LastEntry { log: log.to_owned(), seq, hash: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_or_refused_with_an_example() {
        assert_eq!(pair("UNO=partner"), Ok(("UNO".into(), "partner".into())));
        assert_eq!(fraction("3/4"), Ok((3, 4)));
        assert_eq!(last("7e21ab=41"), Ok(LastEntry { log: "7e21ab".into(), seq: Some(41), hash: None }));
        assert_eq!(last("7e21ab=none"), Ok(LastEntry { log: "7e21ab".into(), seq: None, hash: None }));
        for wrong in ["UNO", "=partner", "UNO="] {
            assert!(pair(wrong).is_err(), "{wrong}");
        }
        for wrong in ["3", "3/", "a/b"] {
            assert!(fraction(wrong).is_err(), "{wrong}");
        }
        for wrong in ["41", "7e2=41", "7e21ab=x"] {
            assert!(last(wrong).is_err(), "{wrong}");
        }
    }
}
