//! `nanduti publish`: check practices and sign them.
//!
//! Checking needs no node and no home. Several files are all checked before the first is signed, so that a mistake in
//! the last one does not leave half of them published. With `--json` one file gives its reply, several give a list of replies in the order of the files.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use nanduti_node::{
    api::{ApiError, Audience, ErrorKind, Problem, Publish, PublishOutcome, PublishReply},
    authoring,
};

use super::words;
use crate::{
    context::{Context, Session},
    outcome::{self, Outcome, Stop},
    terminal::{View, sanitise, style},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti practice template > practice.md    a file to fill in, with comments
  nanduti publish --check practice.md        name all that is wrong
  nanduti publish practice.md
  nanduti publish practice.md --revises pry4567abc
  cat practice.md | nanduti publish -

Several files are all checked before the first is signed. If a file is not right, every problem is
listed as FILE:LINE FIELD: MESSAGE, and the exit code is 1. If the newest revision says the same
already, nothing is signed.

Everybody can read what is published. With `audience: members` in the front matter, the nodes of members
can, and others see only that something is there. A practice keeps its readers: a revision is for
the same ones as the practice.

Next: `nanduti show ID` reads it back with its proof. A running node announces it to its peers;
without one, `nanduti sync` carries it.";

/// Bytes that are read of a file. A practice has far fewer; this only keeps a wrong file from being read whole.
const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// What is said before a person signs something that everybody can read.
const FOR_EVERYBODY: &str = "this is signed for everybody: it is carried to every node, and cannot be called back";
/// How standard input is called in messages.
const STDIN: &str = "(standard input)";

/// Check practices and sign them for the library
///
/// A practice is a Markdown file with YAML front matter. Publishing signs it with this node's key, for its member; what
/// is signed is carried to every node and cannot be called back, only revised or withdrawn.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Files to publish; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only check; sign nothing
    #[arg(long)]
    check: bool,
    /// Revise the practice with this id or short id
    #[arg(long, value_name = "ID", conflicts_with = "new")]
    revises: Option<String>,
    /// Begin a new practice although the member has one with this title
    #[arg(long)]
    new: bool,
}

/// One file, read.
struct Source {
    name: String,
    markdown: String,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Outcome {
    if args.files.len() > 1 && args.revises.is_some() {
        let error = ApiError::new(ErrorKind::Usage, "--revises goes with one file")
            .hint("write `id:` into the front matter of each file, or publish them one by one");
        return Err(error.into());
    }
    let sources = read_all(context, &args.files)?;
    let several = sources.len() > 1;
    let mut replies = Vec::new();
    if args.check || several {
        replies = check_all(context, &sources)?;
    }
    if !args.check {
        if context.terminal().is_attended() && sources.iter().any(|source| is_public(&source.markdown)) {
            context.terminal().note(FOR_EVERYBODY);
        }
        replies = sign_all(context, &args, &sources).await?;
    }
    let terminal = context.terminal();
    if several && terminal.is_json() {
        terminal.document(&replies)?;
    } else {
        for (source, reply) in sources.iter().zip(&replies) {
            terminal.file_warnings(&source.name, &reply.warnings);
            terminal.reply(reply, text)?;
        }
    }
    readers(&replies).into_iter().for_each(|note| terminal.note(note));
    if let Some(hint) = hint(&replies) {
        terminal.hint(&hint);
    }
    Ok(outcome::DONE)
}

/// Reads every file. If one cannot be read, what is wrong with the others is reported all the same.
fn read_all(context: &Context, files: &[PathBuf]) -> Result<Vec<Source>, Stop> {
    let mut sources = Vec::new();
    let mut last: Option<Stop> = None;
    for file in files {
        match read(file) {
            Ok(source) => sources.push(source),
            Err(stop) => {
                if let Some(earlier) = last.replace(stop) {
                    report(context, &earlier);
                }
            }
        }
    }
    let Some(stop) = last else { return Ok(sources) };
    if let Err(other) = check_all(context, &sources) {
        report(context, &other);
    }
    Err(stop)
}

fn report(context: &Context, stop: &Stop) {
    match stop {
        Stop::Error(error) => context.terminal().error(None, error),
        Stop::File(name, error) => context.terminal().error(Some(name), error),
        Stop::OutputClosed | Stop::Interrupted => {}
    }
}

/// Checks every file, reports all that is wrong with any, and stops if something was.
fn check_all(context: &Context, sources: &[Source]) -> Result<Vec<PublishReply>, Stop> {
    let mut replies = Vec::new();
    let mut last: Option<(String, ApiError)> = None;
    for source in sources {
        match check(&source.markdown) {
            Ok(reply) => replies.push(reply),
            Err(error) => {
                if let Some((name, error)) = last.replace((source.name.clone(), error)) {
                    context.terminal().error(Some(&name), &error);
                }
            }
        }
    }
    match last {
        Some((name, error)) => Err(Stop::File(name, Box::new(error))),
        None => Ok(replies),
    }
}

fn check(markdown: &str) -> Result<PublishReply, ApiError> {
    let draft = authoring::parse(markdown).map_err(invalid)?;
    Ok(PublishReply {
        outcome: PublishOutcome::Valid,
        title: draft.record.title().to_owned(),
        audience: draft.audience.map(Into::into).unwrap_or_default(),
        id: None,
        short: None,
        revision: None,
        seq: None,
        warnings: draft.warnings,
    })
}

/// Would everybody be able to read it, as far as the file says?
fn is_public(markdown: &str) -> bool {
    check(markdown).is_ok_and(|reply| reply.audience == Audience::Public)
}

fn invalid(problems: Vec<Problem>) -> ApiError {
    let message = match problems.len() {
        1 => "the file has one problem".to_owned(),
        count => format!("the file has {count} problems"),
    };
    ApiError { problems, ..ApiError::new(ErrorKind::Failed, message) }
        .hint("nothing was signed. `nanduti practice fields` says what belongs in each field")
}

async fn sign_all(context: &Context, args: &Args, sources: &[Source]) -> Result<Vec<PublishReply>, Stop> {
    let session = context.open().await?;
    let signed = sign_each(context, &session, args, sources).await;
    session.close(signed).await
}

async fn sign_each(
    context: &Context,
    session: &Session<'_>,
    args: &Args,
    sources: &[Source],
) -> Result<Vec<PublishReply>, Stop> {
    let mut replies = Vec::new();
    for source in sources {
        match session.call("signing", call(args, source)).await {
            Ok(reply) => replies.push(reply),
            Err(Stop::Error(error)) => {
                if !replies.is_empty() {
                    let done = words::count(replies.len() as u64, "file before it was", "files before it were");
                    context.terminal().warning(&format!("{done} signed; publishing them again changes nothing"));
                }
                return Err(Stop::File(source.name.clone(), error));
            }
            Err(stop) => return Err(stop),
        }
    }
    Ok(replies)
}

fn call(args: &Args, source: &Source) -> Publish {
    let revises = args.revises.clone();
    Publish { markdown: source.markdown.clone(), revises, new_series: args.new, check: false }
}

fn read(path: &Path) -> Result<Source, Stop> {
    let (name, bytes) = if path == Path::new("-") {
        (STDIN.to_owned(), bounded(std::io::stdin().lock()))
    } else {
        (path.display().to_string(), std::fs::File::open(path).and_then(bounded))
    };
    let bytes = bytes.map_err(|error| {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { ErrorKind::NotFound } else { ErrorKind::Failed };
        ApiError::new(kind, format!("{name} cannot be read")).because(&error)
    })?;
    match authoring::decode(&bytes) {
        Ok(markdown) => Ok(Source { name, markdown }),
        Err(problem) => Err(Stop::File(name, Box::new(invalid(vec![problem])))),
    }
}

fn bounded(reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(reply: &PublishReply, _view: View) -> String {
    let what = match reply.outcome {
        PublishOutcome::Valid => style::good("valid"),
        PublishOutcome::Published => style::good("published"),
        PublishOutcome::Revised => style::good("revised"),
        PublishOutcome::Unchanged => style::faint("unchanged"),
    };
    let id = reply.short.as_deref().map(|id| format!("  {}", sanitise::line(id))).unwrap_or_default();
    let place = reply.seq.map(|seq| style::faint(&format!("  (entry {seq})"))).unwrap_or_default();
    let readers = match reply.audience {
        Audience::Public => String::new(),
        Audience::Members => style::careful(&format!("  {}", words::FOR_MEMBERS)),
    };
    format!("{what}{id}  {}{place}{readers}\n", sanitise::line(&reply.title))
}

/// Who can read what was signed, or would be.
fn readers(replies: &[PublishReply]) -> Vec<&'static str> {
    let signed = |reply: &&PublishReply| matches!(reply.outcome, PublishOutcome::Published | PublishOutcome::Revised);
    let any = |audience| replies.iter().filter(signed).any(|reply| reply.audience == audience);
    let checked =
        |audience| replies.iter().any(|reply| reply.outcome == PublishOutcome::Valid && reply.audience == audience);
    let mut notes = Vec::new();
    if any(Audience::Public) {
        notes.push("everybody can read it, and whoever has read it may keep a copy");
    }
    if any(Audience::Members) {
        notes.push(
            "for members only: nodes of members can read it, everybody else sees that it is there, from whom and when. \
             Whoever has read it may keep a copy, and pass it on",
        );
    }
    if checked(Audience::Public) {
        notes.push("for everybody: whoever reads it may keep a copy; `audience: members` in the front matter keeps it to members");
    }
    if checked(Audience::Members) {
        notes.push("for members only: nodes of members would read it, everybody else see that it is there");
    }
    notes
}

fn hint(replies: &[PublishReply]) -> Option<String> {
    let last = replies.last()?;
    match (last.outcome, &last.short) {
        (PublishOutcome::Valid, _) => Some("nothing was signed; without --check it is published".to_owned()),
        (PublishOutcome::Published | PublishOutcome::Revised, Some(short)) => {
            Some(format!("`nanduti show {}` reads it back with its proof", sanitise::line(short)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samples;

    fn reply(outcome: PublishOutcome) -> PublishReply {
        let signed = outcome != PublishOutcome::Valid;
        PublishReply {
            outcome,
            title: "SIMORE Plus".into(),
            audience: Audience::Public,
            id: signed.then(|| "bafyr4ipry4567abc".into()),
            short: signed.then(|| "pry4567abc".into()),
            revision: None,
            seq: (signed && outcome != PublishOutcome::Unchanged).then_some(4),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_line_each() {
        use PublishOutcome::{Published, Revised, Unchanged, Valid};
        let lines: String = [Valid, Published, Revised, Unchanged]
            .map(|outcome| samples::plain(&text(&reply(outcome), View { width: None })))
            .concat();
        insta::assert_snapshot!(lines, @r"
        valid  SIMORE Plus
        published  pry4567abc  SIMORE Plus  (entry 4)
        revised  pry4567abc  SIMORE Plus  (entry 4)
        unchanged  pry4567abc  SIMORE Plus
        ");
    }

    #[test]
    fn who_can_read_it_is_said() {
        let public = reply(PublishOutcome::Published);
        assert!(readers(std::slice::from_ref(&public))[0].starts_with("everybody can read it"));
        let members = PublishReply { audience: Audience::Members, ..public };
        assert!(samples::plain(&text(&members, View { width: None })).ends_with("(entry 4)  for members only\n"));
        assert!(readers(&[members])[0].starts_with("for members only"));
        assert!(readers(&[reply(PublishOutcome::Unchanged)]).is_empty());
        // Before anything is signed as well.
        let valid = reply(PublishOutcome::Valid);
        assert!(readers(std::slice::from_ref(&valid))[0].starts_with("for everybody"));
        let members = PublishReply { audience: Audience::Members, ..valid };
        assert!(readers(&[members])[0].starts_with("for members only"));
    }

    #[test]
    fn hints() {
        assert!(hint(&[reply(PublishOutcome::Valid)]).unwrap().contains("nothing was signed"));
        assert!(hint(&[reply(PublishOutcome::Published)]).unwrap().contains("show pry4567abc"));
        assert_eq!(hint(&[reply(PublishOutcome::Unchanged)]), None);
        assert_eq!(hint(&[]), None);
    }

    #[test]
    fn a_file_is_checked_without_a_node() {
        let error = check("---\ntitle: [1, 2\n---\n").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Failed);
        assert!(!error.problems.is_empty());
    }

    #[test]
    fn what_is_for_everybody_is_known_before_it_is_signed() {
        let file = include_str!("../../../docs/examples/practice.md");
        let with = |line: &str| file.replacen("---\n", &format!("---\n{line}\n"), 1);
        assert!(is_public(file) && is_public(&with("audience: public")));
        assert!(!is_public(&with("audience: members")) && !is_public(&with("audience:")) && !is_public("nothing"));
    }

    #[test]
    fn files_are_read_with_a_bound() {
        assert_eq!(bounded(std::io::repeat(b'x')).unwrap().len() as u64, MOST_BYTES);
        let Err(Stop::Error(error)) = read(Path::new("/nowhere/practice.md")) else { panic!("it is not there") };
        assert_eq!(error.kind, ErrorKind::NotFound);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin1.md");
        std::fs::write(&path, b"---\ntitle: Pa\xeds").unwrap();
        let Err(Stop::File(_, error)) = read(&path) else { panic!("it is not UTF-8") };
        assert_eq!(error.problems[0].line, Some(2));
    }
}
