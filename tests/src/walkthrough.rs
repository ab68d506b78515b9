//! Walkthroughs in Markdown: which commands they show, and what they say comes of them.
//!
//! A fenced block counts if its info string is `console test`. A line `$ command` is a command for the shell, with what
//! follows up to the next as its standard output. In the output, `[..]` stands for anything within a line, a line `...`
//! for any number of lines, and a line `? 4` after the command for the exit code 4. A command that ends in ` &` goes on
//! beside the following ones.

/// A command and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Line in the file, from 1.
    pub line: usize,
    /// The command.
    pub command: String,
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub output: Vec<String>,
}

/// The info string of blocks that count.
const MARK: &str = "console test";

/// All commands of a file.
pub fn steps(markdown: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut fence: Option<(String, bool)> = None;
    for (at, line) in markdown.lines().enumerate() {
        let trimmed = line.trim_start();
        match &fence {
            None if trimmed.starts_with("```") => {
                let ticks: String = trimmed.chars().take_while(|c| *c == '`').collect();
                let info = trimmed.trim_start_matches('`').trim();
                fence = Some((ticks, info == MARK));
            }
            Some((ticks, _)) if trimmed.trim_end() == ticks => fence = None,
            Some((_, true)) => take(&mut steps, at + 1, line),
            _ => {}
        }
    }
    for step in &mut steps {
        while step.output.last().is_some_and(String::is_empty) {
            step.output.pop();
        }
    }
    steps
}

fn take(steps: &mut Vec<Step>, line: usize, text: &str) {
    if let Some(command) = text.strip_prefix("$ ") {
        let command = command.trim_end().to_owned();
        return steps.push(Step { line, command, code: 0, output: Vec::new() });
    }
    let Some(step) = steps.last_mut() else { return };
    let continues = step.command.ends_with('\\') && step.output.is_empty();
    if continues {
        let more = text.strip_prefix("> ").unwrap_or(text).trim();
        step.command = format!("{}{more}", step.command.trim_end_matches('\\'));
    } else if let Some(code) = text.strip_prefix("? ").and_then(|code| code.trim().parse().ok()) {
        step.code = code;
    } else {
        step.output.push(text.trim_end().to_owned());
    }
}

/// Is this what was expected?
pub fn matches(expected: &[String], found: &[String]) -> bool {
    let Some((line, rest)) = expected.split_first() else { return found.is_empty() };
    if line == "..." {
        return (0..=found.len()).any(|skipped| matches(rest, &found[skipped..]));
    }
    match found.split_first() {
        Some((first, others)) => line_matches(line, first) && matches(rest, others),
        None => false,
    }
}

fn line_matches(expected: &str, found: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == found,
        Some((before, after)) => found.strip_prefix(before).is_some_and(|rest| {
            let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts.any(|at| line_matches(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn only_marked_blocks_count() {
        let markdown = "```console\n$ rm -rf\n```\n````console test\n$ a \\\n> b\none\n\n$ c\n? 4\n```\n````\n$ d\n";
        let found = steps(markdown);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].command.as_str(), found[0].line), ("a b", 5));
        assert_eq!(found[0].output, ["one"]);
        assert_eq!((found[1].code, found[1].output.clone()), (4, lines("```")));
    }

    #[test]
    fn wildcards() {
        assert!(matches(&lines("a [..] c\n...\nlast"), &lines("a b c\n1\n2\nlast")));
        assert!(matches(&lines("...\nlast\n..."), &lines("last")));
        assert!(matches(&lines("[..]b[..]"), &lines("aébé")));
        assert!(!matches(&lines("a [..] c"), &lines("a b d")));
        assert!(!matches(&lines("a"), &lines("a\nb")));
        assert!(!matches(&lines("a\nb"), &lines("a")));
    }
}
