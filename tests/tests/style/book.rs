//! The documents hold together: every link between files leads to a file, every chapter stands in the book's contents, the
//! decisions are numbered and complete, and a message that is explained is one that the program says.

use super::{
    Breach, none,
    source::{Source, file, files, root, rust_files},
};

const PAGES: [&str; 5] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
const DECISION_PARTS: [&str; 4] = ["## Context", "## Decision", "## Consequences", "## Alternatives"];

fn documents() -> Vec<Source> {
    let pages = PAGES.iter().map(|page| file(page));
    pages.chain(files("docs", ".md").into_iter().filter(|chapter| !chapter.path.ends_with("/template.md"))).collect()
}

/// The targets of the links in a Markdown text that lead to files.
fn targets(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let links = line.match_indices("](").filter_map(|(at, _)| line[at + 2..].split([')', ' ']).next());
        let files =
            links.filter(|link| !link.contains("://") && !link.starts_with(['#', '<']) && !link.starts_with("mailto:"));
        found.extend(files.filter_map(|link| link.split('#').next()));
    }
    found
}

fn link_breaches(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Breach> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let missing = targets(text).into_iter().filter(|target| !exists(&resolve(folder, target)));
    missing.map(|target| format!("{path}: links to {target}, which is not there")).collect()
}

fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_link_leads_to_a_file() {
    let documents = documents();
    let found =
        documents.iter().flat_map(|page| link_breaches(&page.path, &page.text, |path| root().join(path).exists()));
    none(&found.collect::<Vec<_>>());
}

#[test]
fn every_chapter_is_in_the_contents() {
    let summary = file("docs/SUMMARY.md");
    let listed: Vec<String> = targets(&summary.text).into_iter().map(|target| resolve("docs", target)).collect();
    let chapters = files("docs", ".md").into_iter().map(|chapter| chapter.path);
    let missing = chapters
        .filter(|path| !path.ends_with("/SUMMARY.md") && !path.ends_with("/template.md"))
        .filter(|path| !path.starts_with("docs/examples/") && !listed.contains(path));
    none(&missing.map(|path| format!("{path}: not in docs/SUMMARY.md")).collect::<Vec<_>>());
}

#[test]
fn decisions_are_numbered_and_complete() {
    let decisions = files("docs/decisions", ".md");
    let numbered = decisions.iter().filter(|decision| decision.path.contains("/decisions/0"));
    for (index, decision) in numbered.enumerate() {
        let name = decision.path.rsplit('/').next().unwrap_or_default();
        assert!(name.starts_with(&format!("{:04}-", index + 1)), "{name}: the next number is {:04}", index + 1);
        for part in DECISION_PARTS {
            assert!(decision.text.contains(&format!("\n{part}\n")), "{name} has no part `{part}`");
        }
    }
}

/// The fixed parts of the messages that stand as headings.
fn quoted_messages(text: &str) -> Vec<&str> {
    let headings = text.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'));
    headings
        .flat_map(|heading| heading.split('…'))
        .map(|part| part.trim_matches([' ', ':', '(', ')']))
        .filter(|part| part.len() > 3)
        .collect()
}

#[test]
fn every_message_that_is_explained_is_one_that_the_program_says() {
    let page = file("docs/guide/troubleshooting.md");
    let quoted = quoted_messages(&page.text);
    assert!(quoted.len() > 10, "the headings were not understood");
    let said: String = rust_files().into_iter().map(|source| source.text).collect();
    let missing = quoted.into_iter().filter(|message| !said.contains(message));
    none(&missing.map(|message| format!("{}: nothing says `{message}`", page.path)).collect::<Vec<_>>());
}

#[test]
fn a_deliberate_breach_is_found() {
    assert_eq!(
        quoted_messages("## `there is no node in …`\n## `… has (mode …)`\n## Words"),
        ["there is no node in", "has (mode"]
    );
    let text = "[a](guide/a.md#x) [b](https://example.org) [c](#d)\n```\n[e](e.md)\n```\n[f](../README.md)";
    assert_eq!(targets(text), ["guide/a.md", "../README.md"]);
    let breaches = link_breaches("docs/x.md", text, |path| path == "README.md");
    assert_eq!(breaches, ["docs/x.md: links to guide/a.md, which is not there"]);
}
