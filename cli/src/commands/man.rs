//! `nanduti man`: the manual, made from the same texts as `--help`.

use std::path::{Path, PathBuf};

use clap_mangen::Man;
use nanduti_node::api::{ApiError, ErrorKind};

use crate::{
    args,
    context::Context,
    outcome::{self, Outcome},
};

const AFTER_HELP: &str = "\
Examples:
  nanduti man | man -l -                       the page of nanduti
  nanduti man bundle export | man -l -         the page of one command
  nanduti man --dir ~/.local/share/man/man1    write all pages

Next: `man nanduti-publish`, once the folder is one that man looks in.";

/// Print a page of the manual, or write all of them
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The command whose page to print [default: nanduti itself]
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    command: Vec<String>,
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Outcome {
    let terminal = context.terminal();
    match &args.dir {
        Some(dir) => {
            let names = write_all(dir)?;
            if terminal.is_json() {
                terminal.document(&names)?;
            } else {
                terminal.note(&format!("{} pages in {}", names.len(), dir.display()));
            }
        }
        None => terminal.text("page", &page(&find(&args.command)?)?)?,
    }
    Ok(outcome::DONE)
}

/// Every command with its full name, such as `nanduti-bundle-export`, parents first.
fn all() -> Vec<clap::Command> {
    let mut found = Vec::new();
    let mut root = args::command().disable_help_flag(true);
    root.build();
    visit(root, "", &mut found);
    found
}

fn visit(command: clap::Command, above: &str, found: &mut Vec<clap::Command>) {
    let name = if above.is_empty() { command.get_name().to_owned() } else { format!("{above}-{}", command.get_name()) };
    let subs: Vec<clap::Command> = command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned().collect();
    found.push(command.display_name(&name));
    for sub in subs {
        visit(sub, &name, found);
    }
}

fn find(words: &[String]) -> Result<clap::Command, ApiError> {
    let mut name = "nanduti".to_owned();
    for word in words {
        name.push('-');
        name.push_str(word);
    }
    all().into_iter().find(|command| command.get_display_name() == Some(&name)).ok_or_else(|| {
        ApiError::new(ErrorKind::NotFound, format!("there is no command `nanduti {}`", words.join(" ")))
            .hint("`nanduti --help` lists the commands")
    })
}

fn page(command: &clap::Command) -> Result<String, ApiError> {
    let name = command.get_display_name().unwrap_or("nanduti").to_owned();
    let source = concat!("nanduti ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).title(name.to_uppercase()).source(source).manual("Ñandutí");
    let mut roff = Vec::new();
    let written = man
        .render_title(&mut roff)
        .and_then(|()| man.render_name_section(&mut roff))
        .and_then(|()| man.render_synopsis_section(&mut roff))
        .and_then(|()| man.render_description_section(&mut roff))
        .and_then(|()| man.render_options_section(&mut roff))
        .and_then(|()| if command.has_subcommands() { man.render_subcommands_section(&mut roff) } else { Ok(()) });
    written.map_err(|error| unwritten(&name, &error))?;
    let mut page = String::from_utf8_lossy(&roff).into_owned();
    if let Some(examples) = command.get_after_help() {
        page.push_str(".SH EXAMPLES\n.nf\n");
        for line in examples.to_string().lines() {
            page.push_str(&verbatim(line));
            page.push('\n');
        }
        page.push_str(".fi\n");
    }
    Ok(page)
}

/// A line that roff prints as it is.
fn verbatim(line: &str) -> String {
    let escaped = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    if escaped.starts_with('.') { format!("\\&{escaped}") } else { escaped }
}

fn write_all(dir: &Path) -> Result<Vec<String>, ApiError> {
    std::fs::create_dir_all(dir).map_err(|error| unwritten(&dir.display().to_string(), &error))?;
    let mut names = Vec::new();
    for command in all() {
        let name = format!("{}.1", command.get_display_name().unwrap_or("nanduti"));
        std::fs::write(dir.join(&name), page(&command)?).map_err(|error| unwritten(&name, &error))?;
        names.push(name);
    }
    Ok(names)
}

fn unwritten(what: &str, error: &std::io::Error) -> ApiError {
    ApiError::new(ErrorKind::Failed, format!("{what} cannot be written")).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let names = write_all(folder.path()).unwrap();
        assert!(names.contains(&"nanduti.1".to_owned()));
        assert!(names.contains(&"nanduti-bundle-export.1".to_owned()));
        for name in names {
            let page = std::fs::read_to_string(folder.path().join(&name)).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{name}");
            assert!(page.contains("Next:") || page.contains("Start here"), "{name}");
        }
    }

    #[test]
    fn a_page_is_found_by_the_words_of_its_command() {
        assert!(find(&["bundle".into(), "export".into()]).is_ok());
        assert_eq!(find(&["bandle".into()]).unwrap_err().kind, ErrorKind::NotFound);
    }
}
