//! The source tree, and a lexer that leaves only what the compiler acts on.
//!
//! Blanking keeps every line where it is, so that a place found in blanked text is a place in the file.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file of the repository.
pub(crate) struct Source {
    /// Path from the root of the repository, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in a folder of the repository")
}

/// Every file with this ending in a folder of the repository, in the order of paths.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join(folder), ending, &mut paths);
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

/// Every Rust file that is written by hand.
pub(crate) fn rust_files() -> Vec<Source> {
    let folders = ["protocol", "node", "cli", "tests"];
    let found: Vec<Source> = folders.iter().flat_map(|folder| files(folder, ".rs")).collect();
    assert!(found.len() > 100, "the source tree was not found");
    found
}

/// One file of the repository.
pub(crate) fn file(path: &str) -> Source {
    read(&root().join(path))
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let path = path.strip_prefix(root()).expect("it was found below the root");
    Source { path: path.to_string_lossy().replace('\\', "/"), text }
}

fn collect(folder: &Path, ending: &str, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("the folder is being read").path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("book") {
            collect(&path, ending, paths);
        } else if path.to_string_lossy().ends_with(ending) {
            paths.push(path);
        }
    }
}

/// The text with comments and the content of literals turned into spaces.
pub(crate) fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = end_of_blank(bytes, at);
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out.iter().map(|byte| if byte.is_ascii() { *byte } else { b' ' }).collect())
        .expect("only ASCII is left")
}

/// Where the comment or literal that begins here ends; `at` itself if none does.
fn end_of_blank(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let in_word = at > 0 && is_word(bytes[at - 1]);
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return at + end_of_block_comment(rest);
    }
    if rest[0] == b'"' {
        return at + end_of_string(rest);
    }
    if !in_word && (rest[0] == b'r' || rest.starts_with(b"br")) {
        return at + end_of_raw_string(rest);
    }
    if rest[0] == b'\'' {
        return at + end_of_char(rest);
    }
    at
}

fn end_of_block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn end_of_string(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn end_of_raw_string(rest: &[u8]) -> usize {
    let prefix = if rest[0] == b'b' { 2 } else { 1 };
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(prefix + hashes) != Some(&b'"') {
        return 0;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let body = prefix + hashes + 1;
    let found = rest[body..].windows(close.len()).position(|window| window == close);
    found.map_or(rest.len(), |found| body + found + close.len())
}

/// A character literal, unless it is a lifetime.
fn end_of_char(rest: &[u8]) -> usize {
    match rest {
        [_, b'\\', ..] => rest.iter().skip(3).position(|byte| *byte == b'\'').map_or(0, |found| found + 4),
        [_, first, ..] => {
            let width = if first.is_ascii() { 1 } else { first.leading_ones() as usize };
            if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 0 }
        }
        _ => 0,
    }
}

/// Is this a byte of a name?
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where a word begins, wherever it stands alone in blanked text.
pub(crate) fn words<'a>(blanked: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = blanked.as_bytes();
    blanked.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let end = at + word.len();
        (*at == 0 || !is_word(bytes[at - 1])) && bytes.get(end).is_none_or(|byte| !is_word(*byte))
    })
}

/// The line of a place, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The place after the brace that closes the one at `open`.
pub(crate) fn closing(blanked: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in blanked.as_bytes()[open..].iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + offset + 1;
        }
    }
    blanked.len()
}

/// Blanks the test modules that stand in the file itself.
pub(crate) fn without_tests(blanked: &str) -> String {
    let mut out = blanked.to_owned();
    for (at, _) in blanked.match_indices("#[cfg(test)]") {
        let rest = &blanked[at..];
        let Some(brace) = rest.find(['{', ';']) else { continue };
        if rest[..brace].contains("mod ") && rest[brace..].starts_with('{') {
            let end = closing(blanked, at + brace);
            let lines = blanked[at..end].replace(|character| character != '\n', " ");
            out.replace_range(at..end, &lines);
        }
    }
    out
}

/// The modules that a file declares for tests only.
pub(crate) fn test_modules(blanked: &str) -> Vec<&str> {
    let after = blanked.match_indices("#[cfg(test)]").map(|(at, _)| &blanked[at..]);
    after
        .filter_map(|rest| {
            let head = &rest["#[cfg(test)]".len()..rest.find(['{', ';'])?];
            let is_file = rest[rest.find(['{', ';'])?..].starts_with(';');
            head.trim().trim_start_matches("pub(crate) ").strip_prefix("mod ").filter(|_| is_file)
        })
        .collect()
}

#[test]
fn comments_and_literals_are_blanked_and_nothing_else() {
    let text = "let a = \"crate::x // \\\" \"; /* crate::y /* z */ */ b('{', '\\'', '\\u{7b}', 'é'); fn c<'a>() {} // d\nr#\"}\"#";
    let blanked = blank(text);
    assert_eq!(blanked.len(), text.len());
    assert_eq!(blanked.matches('\n').count(), 1);
    let kept: Vec<&str> = blanked.split_whitespace().collect();
    assert_eq!(kept, ["let", "a", "=", ";", "b(", ",", ",", ",", ");", "fn", "c<'a>()", "{}"]);
}

#[test]
fn test_modules_are_told_from_the_rest() {
    let text = "use crate::a;\n#[cfg(test)]\nmod tests {\n use crate::b; fn x() {}\n}\n#[cfg(test)]\nmod pem_tests;\nfn y() {}\n";
    let rest = without_tests(&blank(text));
    assert!(rest.contains("crate::a") && rest.contains("fn y") && !rest.contains("crate::b"));
    assert_eq!(rest.matches('\n').count(), text.matches('\n').count());
    assert_eq!(test_modules(text), ["pem_tests"]);
}
