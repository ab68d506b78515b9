//! How help is set: commands in groups, a longer description above the usage, one line an option where it fits.

use std::ffi::OsString;

use crate::terminal::{style, width};

/// How `nanduti --help` groups the commands. A command that no group names is listed at the end.
const GROUPS: [(&str, &[&str]); 7] = [
    ("Begin", &["demo", "init", "network", "join", "run"]),
    ("Write", &["practice", "publish", "withdraw"]),
    ("Read", &["list", "show", "history", "diff", "verify"]),
    ("Decide", &["member", "ballot"]),
    ("Trust", &["key", "fork", "sign", "submit"]),
    ("Operate", &["status", "sync", "peer", "bundle", "backup", "restore", "reindex", "config"]),
    ("Shell", &["completions", "man"]),
];

/// What follows the options of `nanduti --help`.
pub(crate) const AFTER_HELP: &str = "\
Start here:
  nanduti init --member PRY --name NAME    make the keys of a member's node
  nanduti init --observer                  or begin a node that only reads
  nanduti join TICKET                      enter a network
  nanduti run                              keep the node running
  nanduti list                             read the library

Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 refused by authority, 5 peer or network,
6 store damaged.

`nanduti COMMAND --help` says more about each command; `nanduti man` prints the manual.";

/// The command line with its help set for `columns`.
pub(crate) fn set(command: clap::Command, columns: usize) -> clap::Command {
    let heading = *style::help().get_header();
    let arguments = format!("{}{heading}Options of every command:{heading:#}\n{{options}}", grouped(&command));
    let command = command.styles(style::help()).color(color_of(std::env::args_os()));
    laid_out(command.mut_subcommands(|sub| set_subcommand(sub, columns)), columns, &arguments)
}

fn set_subcommand(command: clap::Command, columns: usize) -> clap::Command {
    laid_out(command.mut_subcommands(|sub| set_subcommand(sub, columns)), columns, "{all-args}")
}

/// Puts the longer description into the template: where a command has one, clap spreads every option over many lines.
fn laid_out(command: clap::Command, columns: usize, arguments: &str) -> clap::Command {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let rest = long.strip_prefix(&about).unwrap_or(&long).trim();
    let rest = if rest.is_empty() { String::new() } else { width::wrap(rest, columns).join("\n") + "\n\n" };
    let template = format!("{{about-with-newline}}\n{rest}{{usage-heading}} {{usage}}\n\n{arguments}{{after-help}}");
    let after = command.get_after_help().map(|after| reflowed(&after.to_string(), columns));
    command.long_about(None).after_help(after.unwrap_or_default()).max_term_width(columns).help_template(template)
}

/// Prose set for `columns`; indented lines, which are examples, stay as they are.
fn reflowed(text: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut prose = String::new();
    for line in text.lines().chain([""]) {
        let is_prose = !line.is_empty() && !line.starts_with(' ');
        if is_prose {
            prose = if prose.is_empty() { line.to_owned() } else { format!("{prose} {line}") };
            continue;
        }
        if !prose.is_empty() {
            lines.extend(width::wrap(&std::mem::take(&mut prose), columns));
        }
        lines.push(line.to_owned());
    }
    lines.join("\n").trim_end().to_owned()
}

fn grouped(command: &clap::Command) -> String {
    let style = style::help();
    let (heading, literal) = (*style.get_header(), *style.get_literal());
    let mut rest: Vec<&clap::Command> = command.get_subcommands().filter(|sub| !sub.is_hide_set()).collect();
    let widest = rest.iter().map(|sub| sub.get_name().len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut section = |title: &str, subs: &[&clap::Command]| {
        if subs.is_empty() {
            return;
        }
        text.push_str(&format!("{heading}{title}:{heading:#}\n"));
        for sub in subs {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("  {literal}{:widest$}{literal:#}  {about}\n", sub.get_name()));
        }
        text.push('\n');
    };
    for (title, names) in GROUPS {
        let (here, others) = rest.into_iter().partition(|sub| names.contains(&sub.get_name()));
        rest = others;
        section(title, &here);
    }
    section("More", &rest);
    text
}

/// clap writes help before the arguments are parsed, so `--color` is looked for beforehand.
fn color_of(args: impl Iterator<Item = OsString>) -> clap::ColorChoice {
    let mut choice = clap::ColorChoice::Auto;
    let mut previous_is_flag = false;
    for arg in args.skip(1) {
        let Some(arg) = arg.to_str() else { continue };
        let value = if previous_is_flag { Some(arg) } else { arg.strip_prefix("--color=") };
        choice = match value {
            Some("always") => clap::ColorChoice::Always,
            Some("never") => clap::ColorChoice::Never,
            _ => choice,
        };
        previous_is_flag = arg == "--color";
    }
    choice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    fn command() -> clap::Command {
        set(args::command(), 80)
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_is_in_a_group() {
        let named: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        for sub in command().get_subcommands() {
            assert!(named.contains(&sub.get_name()), "{} is in no group", sub.get_name());
        }
    }

    #[test]
    fn prose_is_set_and_examples_stay() {
        let text = "Examples:\n  nanduti list --member PRY\n\nOne two\nthree four.\n\nNext: five.";
        let set = reflowed(text, 14);
        assert_eq!(set, "Examples:\n  nanduti list --member PRY\n\nOne two three\nfour.\n\nNext: five.");
    }

    #[test]
    fn the_colour_of_help_is_found_before_parsing() {
        let choice = |args: &[&str]| color_of(args.iter().map(OsString::from));
        assert_eq!(choice(&["nanduti", "--color", "never", "--help"]), clap::ColorChoice::Never);
        assert_eq!(choice(&["nanduti", "--help", "--color=always"]), clap::ColorChoice::Always);
        assert_eq!(choice(&["nanduti", "--help"]), clap::ColorChoice::Auto);
    }

    /// One snapshot a command, at a fixed width, so that a change of any help text is seen.
    #[test]
    fn help_of_every_command() {
        fn visit(command: &clap::Command, path: &str) {
            let mut command = command.clone().term_width(80);
            insta::assert_snapshot!(format!("help_{path}"), command.render_long_help().to_string());
            for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
                visit(sub, &format!("{path}_{}", sub.get_name()));
            }
        }
        let mut command = command();
        command.build();
        visit(&command, "nanduti");
    }

    #[test]
    fn every_help_teaches() {
        fn visit(command: &clap::Command, path: &str) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("nanduti"), "`{path}` has no example");
            for sub in command.get_subcommands() {
                visit(sub, &format!("{path} {}", sub.get_name()));
            }
        }
        visit(&command(), "nanduti");
    }
}
