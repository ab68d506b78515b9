//! Only the terminal module of the program prints: elsewhere a stray line would land in somebody's data.

use super::{
    Breach, none,
    source::{blank, files, line_of, without_tests, words},
};

const PRINTERS: [&str; 7] = ["println", "print", "eprintln", "eprint", "dbg", "stdout", "stderr"];

/// Who else may name a stream, and why.
const EXCEPTIONS: [(&str, &str); 1] = [("node/src/logging.rs", "logs go to stderr; everything else goes to the log")];

fn breaches(path: &str, text: &str) -> Vec<Breach> {
    if path.starts_with("cli/src/terminal/") || EXCEPTIONS.iter().any(|(exempt, _)| *exempt == path) {
        return Vec::new();
    }
    let blanked = without_tests(&blank(text));
    let acts = |at: usize, word: &str| {
        let (before, after) = (&blanked[..at], &blanked[at + word.len()..]);
        match word {
            "stdout" | "stderr" => after.starts_with("()") && !before.ends_with("fn ") || before.ends_with("io::"),
            _ => after.starts_with('!'),
        }
    };
    let found = PRINTERS.iter().flat_map(|word| words(&blanked, word).filter(|at| acts(*at, word)).collect::<Vec<_>>());
    found.map(|at| format!("{path}:{}: prints", line_of(text, at))).collect()
}

#[test]
fn only_the_terminal_prints() {
    let sources = ["protocol/src", "node/src", "cli/src"].into_iter().flat_map(|folder| files(folder, ".rs"));
    let sources = sources.filter(|source| !source.path.ends_with("tests.rs") && !source.path.contains("/tests/"));
    none(&sources.flat_map(|source| breaches(&source.path, &source.text)).collect::<Vec<_>>());
}

#[test]
fn a_deliberate_breach_is_found() {
    let text = "fn f() {\n println!(\"a\");\n let s = std::io::stderr();\n dbg!(s); io::stdout().lock();\n}";
    assert_eq!(breaches("cli/src/commands/list.rs", text).len(), 4);
    assert_eq!(breaches("cli/src/terminal/mod.rs", text).len(), 0);
    assert_eq!(
        breaches("node/src/core/mod.rs", "// println!()\nfn stdout() {} error.use_stderr(); error.print()").len(),
        0
    );
}
